//! The runtime in this process: `--no-daemon`.

use std::path::Path;
use std::sync::Arc;

use mycelium_config::ConfigurationFiles;
use mycelium_mcp::ServerPool;
use mycelium_protocol::Event;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::RequestContext;
use mycelium_runtime::AgentCatalog;
use mycelium_runtime::CatalogAgent;
use mycelium_runtime::EventSink;
use mycelium_runtime::RuntimeOptions;
use mycelium_runtime::SkillRuntime;
use mycelium_runtime::Validation;
use mycelium_types::ErrorReport;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use super::ClientError;
use super::Surroundings;
use crate::error::Error;

/// The library, and the threads it runs on.
pub(crate) struct InProcess {
    threads: tokio::runtime::Runtime,
    runtime: SkillRuntime,
}

impl InProcess {
    pub(crate) fn start(surroundings: &Surroundings) -> Result<Self, Error> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(ErrorReport::internal)?;
        let options = RuntimeOptions {
            program: surroundings.program.clone(),
            folders: surroundings.folders.clone(),
            system_config: ConfigurationFiles::standard(
                &surroundings.workspace,
                &surroundings.home,
            )
            .system,
        };
        let runtime = threads.block_on(async { SkillRuntime::new(options) })?;
        runtime.use_servers(ServerPool::new());
        Ok(Self { threads, runtime })
    }

    /// Checks a skill, which is always this process's own work.
    ///
    /// # Errors
    /// When its manifest cannot be read or the configuration is invalid.
    pub(crate) fn validate(
        &self,
        context: &RequestContext,
        folder: &Path,
    ) -> Result<Validation, Error> {
        let check = self.runtime.validate(context, folder);
        self.threads.block_on(check).map_err(Error::from)
    }

    /// What an agent sees of the Agent Skills.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub(crate) fn catalog(
        &self,
        context: &RequestContext,
        agent: CatalogAgent,
        budget: usize,
    ) -> Result<AgentCatalog, Error> {
        let catalog = self.runtime.catalog(context, agent, budget);
        self.threads.block_on(catalog).map_err(Error::from)
    }

    pub(super) fn request(
        &self,
        context: RequestContext,
        command: Command,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Reply, Error> {
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let sink: EventSink = Arc::new(move |event| {
            // After the answer nobody listens any more.
            let _ = sender.send(event);
        });
        self.threads.block_on(async {
            // Listens from here on: a signal that comes between two events must not be missed.
            let mut interrupts = signal(SignalKind::interrupt()).map_err(ClientError::Wait)?;
            let call = self.runtime.handle(&context, command, &sink);
            tokio::pin!(call);
            let outcome = loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => on_event(event),
                    outcome = &mut call => break outcome,
                    _ = interrupts.recv() => return Err(ClientError::Interrupted.into()),
                }
            };
            while let Ok(event) = events.try_recv() {
                on_event(event);
            }
            outcome.map_err(Error::from)
        })
    }

    /// Ends all instances and writes what has to be kept.
    pub(crate) fn shut_down(self) {
        self.threads.block_on(self.runtime.shutdown());
    }
}
