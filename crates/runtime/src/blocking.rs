//! The same operations for programs that are not asynchronous.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_loader::VerifiedSkill;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Discovery;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::MetricsReport;
use mycelium_protocol::control::ProcessReport;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillChange;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::SkillSummary;
use mycelium_protocol::control::TrustReport;
use mycelium_protocol::control::TrustRequest;
use mycelium_protocol::control::TrustTarget;
use mycelium_protocol::control::UnloadReport;
use mycelium_registry::Registration;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::SkillState;
use mycelium_types::Version;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use crate::EventSink;
use crate::LifecycleHook;
use crate::RuntimeOptions;
use crate::Validation;

/// A [`crate::SkillRuntime`] with an executor of its own. Must not be used inside another executor.
///
/// Every operation is the asynchronous one of the same name, and blocks until it is done.
///
/// ```no_run
/// use mycelium_runtime::Folders;
/// use mycelium_runtime::RuntimeOptions;
/// use mycelium_runtime::blocking::SkillRuntime;
/// use mycelium_runtime::control::RequestContext;
///
/// # fn main() -> Result<(), mycelium_runtime::types::ErrorReport> {
/// let runtime = SkillRuntime::new(RuntimeOptions {
///     program: "/usr/bin/mycelium".into(),
///     folders: Folders::below("/var/lib/my-agent".as_ref()),
///     system_config: "/etc/claude/skills.json".into(),
/// })?;
/// let context = RequestContext {
///     workspace: "/home/me/project".into(),
///     home: "/home/me".into(),
///     session: "agent-7".to_owned(),
///     environment: Default::default(),
///     overrides: Default::default(),
///     offline: true,
///     package: None,
/// };
/// for skill in runtime.list(&context)? {
///     println!("{} is {}", skill.id, skill.state);
/// }
/// runtime.shutdown();
/// # Ok(())
/// # }
/// ```
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

    /// Adds somebody who hears of everything that happens.
    pub fn add_listener(&self, listener: EventSink) {
        self.runtime.add_listener(listener);
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
}

/// Operations that block until the asynchronous one of the same name is done.
macro_rules! operations {
    ($(fn $name:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $outcome:ty)?;)+) => {
        impl SkillRuntime {
            $(
                #[doc = concat!("As [`crate::SkillRuntime::", stringify!($name), "`].")]
                #[doc = ""]
                #[doc = "# Errors"]
                #[doc = "As there."]
                pub fn $name(&self $(, $argument: $kind)*) $(-> $outcome)? {
                    self.executor.block_on(self.runtime.$name($($argument),*))
                }
            )+
        }
    };
}

operations! {
    fn execute(&self, context: &RequestContext, request: ExecRequest, events: &EventSink) -> ExecReport;
    fn discover(&self, context: &RequestContext, paths: Vec<PathBuf>) -> Result<Discovery, ErrorReport>;
    fn list(&self, context: &RequestContext) -> Result<Vec<SkillSummary>, ErrorReport>;
    fn search(&self, context: &RequestContext, request: SearchRequest) -> Result<Vec<SkillSummary>, ErrorReport>;
    fn info(&self, context: &RequestContext, skill: &SkillSelector) -> Result<SkillInfo, ErrorReport>;
    fn register(&self, context: &RequestContext, skills: Vec<Registration>) -> Result<(), ErrorReport>;
    fn unregister(&self, context: &RequestContext, name: &SkillName, version: Option<&Version>) -> Result<usize, ErrorReport>;
    fn lookup(&self, context: &RequestContext, skill: &SkillSelector) -> Result<Arc<SkillRecord>, ErrorReport>;
    fn versions(&self, context: &RequestContext, name: &SkillName) -> Result<Vec<Version>, ErrorReport>;
    fn verify(&self, context: &RequestContext, skill: &SkillSelector) -> Result<VerifiedSkill, ErrorReport>;
    fn validate(&self, context: &RequestContext, folder: &Path) -> Result<Validation, ErrorReport>;
    fn state(&self, context: &RequestContext, skill: &SkillSelector) -> Result<SkillState, ErrorReport>;
    fn activate(&self, context: &RequestContext, skill: &SkillSelector, events: &EventSink) -> Result<SkillChange, ErrorReport>;
    fn deactivate(&self, context: &RequestContext, skill: &SkillSelector, events: &EventSink) -> Result<SkillChange, ErrorReport>;
    fn reload(&self, context: &RequestContext, skill: &SkillSelector, events: &EventSink) -> Result<SkillChange, ErrorReport>;
    fn unload(&self, context: &RequestContext, skill: &SkillSelector, events: &EventSink) -> Result<SkillChange, ErrorReport>;
    fn unload_all(&self, context: &RequestContext, events: &EventSink) -> Result<UnloadReport, ErrorReport>;
    fn reset(&self, context: &RequestContext, skill: &SkillSelector, events: &EventSink) -> Result<SkillChange, ErrorReport>;
    fn metrics(&self, context: &RequestContext) -> Result<MetricsReport, ErrorReport>;
    fn processes(&self) -> Result<ProcessReport, ErrorReport>;
    fn trust(&self, context: &RequestContext, request: TrustRequest) -> Result<TrustReport, ErrorReport>;
    fn revoke(&self, context: &RequestContext, target: TrustTarget) -> Result<TrustReport, ErrorReport>;
    fn end_session(&self, session: &str);
    fn shutdown(&self);
}
