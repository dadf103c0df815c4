//! The same operations for programs that are not asynchronous.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_protocol::control::Command;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::RequestContext;
use mycelium_types::ErrorReport;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use crate::EventSink;
use crate::LifecycleHook;
use crate::RuntimeOptions;
use crate::Validation;

/// A [`crate::SkillRuntime`] with an executor of its own. Must not be used inside another executor.
pub struct SkillRuntime {
    executor: Runtime,
    runtime: crate::SkillRuntime,
}

impl SkillRuntime {
    /// A runtime that has done nothing yet.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(options: RuntimeOptions) -> Result<Self, ErrorReport> {
        let executor = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(ErrorReport::internal)?;
        let runtime = crate::SkillRuntime::new(options)?;
        Ok(Self { executor, runtime })
    }

    /// The asynchronous handle of the same runtime.
    #[must_use]
    pub fn handle(&self) -> &crate::SkillRuntime {
        &self.runtime
    }

    /// Adds middleware, asked after the one before it.
    pub fn add_hook(&self, hook: Arc<dyn LifecycleHook>) {
        self.runtime.add_hook(hook);
    }

    /// Runs a function of a skill, loading the skill first where that is needed.
    pub fn execute(
        &self,
        context: &RequestContext,
        request: ExecRequest,
        events: &EventSink,
    ) -> ExecReport {
        self.executor
            .block_on(self.runtime.execute(context, request, events))
    }

    /// Looks for skills in the configured folders, or in `paths` instead.
    ///
    /// # Errors
    /// When the configuration is invalid. A broken skill is part of the outcome.
    pub fn discover(
        &self,
        context: &RequestContext,
        paths: Vec<PathBuf>,
    ) -> Result<mycelium_protocol::control::Discovery, ErrorReport> {
        self.executor
            .block_on(self.runtime.discover(context, paths))
    }

    /// Checks the skill in `folder`. Its code is loaded in a sandbox in which it is granted nothing.
    ///
    /// # Errors
    /// When the manifest cannot be read or the configuration is invalid; everything else is part of
    /// the outcome.
    pub fn validate(
        &self,
        context: &RequestContext,
        folder: &Path,
    ) -> Result<Validation, ErrorReport> {
        self.executor
            .block_on(self.runtime.validate(context, folder))
    }

    /// Runs any command of the control API but `status` and `shutdown`.
    ///
    /// # Errors
    /// What went wrong. A failed call is no error here: its report says so.
    pub fn run(
        &self,
        context: &RequestContext,
        command: Command,
        events: &EventSink,
    ) -> Result<Reply, ErrorReport> {
        self.executor
            .block_on(self.runtime.handle(context, command, events))
    }

    /// Ends everything: instances with their hooks, workers, the launcher.
    pub fn shutdown(&self) {
        self.executor.block_on(self.runtime.shutdown());
    }
}
