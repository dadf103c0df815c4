//! The library's front door.

mod servers;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

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
use mycelium_protocol::control::TraceReport;
use mycelium_protocol::control::TraceRequest;
use mycelium_protocol::control::TrustReport;
use mycelium_protocol::control::TrustRequest;
use mycelium_protocol::control::TrustTarget;
use mycelium_protocol::control::UnloadReport;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use tokio::sync::watch;

use crate::AgentCatalog;
use crate::CatalogAgent;
use crate::EventSink;
use crate::ExportedSkill;
use crate::Exports;
use crate::Folders;
use crate::LifecycleHook;
use crate::ServerClient;
use crate::Validation;
use crate::WatchedSkill;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::skill_calls::FROM_OUTSIDE;

/// What a runtime needs to know. It reads neither the environment nor the home folder by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// An executable with the launcher's personality: the `mycelium` program.
    pub program: PathBuf,
    /// Where the runtime keeps its files.
    pub folders: Folders,
    /// The system's configuration file; it need not exist.
    pub system_config: PathBuf,
}

/// Finds skills, runs them, and looks after them. Handles are cheap to clone and share everything.
///
/// Every operation names its workspace and session in a [`RequestContext`]. Operations on one instance
/// follow one another; everything else runs side by side. When a future is dropped in the middle of a
/// call, the skill is told that nobody waits for it; it has a second to end by itself, then its worker is ended.
#[derive(Clone)]
pub struct SkillRuntime {
    pub(crate) inner: Arc<Inner>,
}

impl SkillRuntime {
    /// A runtime that has done nothing yet. Workers start with the first call.
    ///
    /// # Errors
    /// When the program's version cannot be understood, which is a defect.
    pub fn new(options: RuntimeOptions) -> Result<Self, ErrorReport> {
        Ok(Self {
            inner: Arc::new(Inner::new(options)?),
        })
    }

    /// Adds middleware, asked after the one before it.
    pub fn add_hook(&self, hook: Arc<dyn LifecycleHook>) {
        self.inner.add_hook(hook);
    }

    /// Adds somebody who hears of everything that happens.
    pub fn add_listener(&self, listener: EventSink) {
        self.inner.add_listener(listener);
    }

    /// Lets `client` speak with the MCP servers that the person has configured, for the person and for skills that are
    /// granted it, unless somebody does already.
    pub fn use_servers(&self, client: Arc<dyn ServerClient>) {
        self.inner.servers.employ(client);
    }

    /// Runs any command of the control API but `agent`, `status` and `shutdown`, which are the daemon's own.
    ///
    /// # Errors
    /// What went wrong. A failed call is no error here: its report says so.
    pub async fn handle(
        &self,
        context: &RequestContext,
        command: Command,
        events: &EventSink,
    ) -> Result<Reply, ErrorReport> {
        Ok(match command {
            Command::Exec(request) => Reply::Exec(self.execute(context, request, events).await),
            Command::Trace(request) => {
                Reply::Trace(Box::new(self.trace(context, request, events).await?))
            }
            Command::Discover { paths } => Reply::Discovery(self.discover(context, paths).await?),
            Command::List => Reply::Skills(self.list(context).await?),
            Command::Search(request) => Reply::Skills(self.search(context, request).await?),
            Command::Info(skill) => Reply::Info(Box::new(self.info(context, &skill).await?)),
            Command::Activate(skill) => {
                Reply::Changed(self.activate(context, &skill, events).await?)
            }
            Command::Deactivate(skill) => {
                Reply::Changed(self.deactivate(context, &skill, events).await?)
            }
            Command::Reload(skill) => Reply::Changed(self.reload(context, &skill, events).await?),
            Command::Unload(skill) => Reply::Changed(self.unload(context, &skill, events).await?),
            Command::UnloadAll => Reply::Unloaded(self.unload_all(context, events).await?),
            Command::Reset(skill) => Reply::Changed(self.reset(context, &skill, events).await?),
            Command::Metrics => Reply::Metrics(self.metrics(context).await?),
            Command::Processes => Reply::Processes(self.processes().await?),
            Command::Trust(request) => Reply::Trust(self.trust(context, request).await?),
            Command::Revoke(target) => Reply::Trust(self.revoke(context, target).await?),
            Command::Servers => Reply::Servers(self.servers(context).await?),
            Command::Server { server } => {
                Reply::Server(Box::new(self.server(context, &server).await?))
            }
            Command::Tool(request) => Reply::Tool(self.call_tool(context, request).await?),
            Command::Resource { server, uri } => {
                Reply::Resource(self.read_resource(context, &server, uri).await?)
            }
            Command::Offers { server } => Reply::Offers(self.offers(context, &server).await?),
            Command::Offer { server, skill } => {
                Reply::Offer(Box::new(self.offer(context, &server, &skill).await?))
            }
            Command::TakeOffer(request) => {
                Reply::OfferTaken(self.take_offer(context, request).await?)
            }
            Command::Wrap(request) => {
                Reply::Wrapped(Box::new(self.wrap(context, *request, events).await?))
            }
            Command::Unwrap { name } => Reply::Unwrapped(self.unwrap(context, name, events).await?),
            Command::Agent { .. } | Command::Endpoint(_) | Command::Status | Command::Shutdown => {
                return Err(ErrorReport::new(ErrorCode::Usage).with(
                    "reason",
                    "there is no daemon: the command runs in this process",
                ));
            }
        })
    }

    /// Runs a function of a skill, loading the skill first where that is needed.
    pub async fn execute(
        &self,
        context: &RequestContext,
        request: ExecRequest,
        events: &EventSink,
    ) -> ExecReport {
        let events = self.inner.heard(events);
        let origin = FROM_OUTSIDE.clone();
        self.inner
            .execute(context, request, &events, (None, origin))
            .await
    }

    /// Runs a function of a skill under observation, to find out which permissions it needs.
    ///
    /// # Errors
    /// When the workspace is not trusted, or there is no such skill. That the call fails is part of the report.
    pub async fn trace(
        &self,
        context: &RequestContext,
        request: TraceRequest,
        events: &EventSink,
    ) -> Result<TraceReport, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.trace(context, request, &events).await
    }

    /// Looks for skills in the configured folders, or in `paths` instead.
    ///
    /// # Errors
    /// When the configuration is invalid. A broken skill is part of the outcome.
    pub async fn discover(
        &self,
        context: &RequestContext,
        paths: Vec<PathBuf>,
    ) -> Result<Discovery, ErrorReport> {
        self.inner.discover(context, paths).await
    }

    /// What an agent sees of the Agent Skills by itself: their descriptions, fitted into its part of a context of
    /// `context_tokens`.
    ///
    /// # Errors
    /// When the configuration is invalid. A broken skill is left out.
    pub async fn catalog(
        &self,
        context: &RequestContext,
        agent: CatalogAgent,
        context_tokens: usize,
    ) -> Result<AgentCatalog, ErrorReport> {
        self.inner.catalog(context, agent, context_tokens).await
    }

    /// All known skills.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn list(&self, context: &RequestContext) -> Result<Vec<SkillSummary>, ErrorReport> {
        self.inner.list(context).await
    }

    /// The known skills that fit, best first.
    ///
    /// # Errors
    /// When the configuration or one of the conditions is invalid.
    pub async fn search(
        &self,
        context: &RequestContext,
        request: SearchRequest,
    ) -> Result<Vec<SkillSummary>, ErrorReport> {
        self.inner.search(context, request).await
    }

    /// The known skills that fit, best first, without those that the settings of Claude Code keep from agents.
    ///
    /// # Errors
    /// As [`SkillRuntime::search`].
    pub async fn search_for_agent(
        &self,
        context: &RequestContext,
        request: SearchRequest,
    ) -> Result<Vec<SkillSummary>, ErrorReport> {
        self.inner.search_for_agent(context, request).await
    }

    /// What the known skills offer to agents, by name: for each the version that its name alone means.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn exports(&self, context: &RequestContext) -> Result<Exports, ErrorReport> {
        self.inner.exports(context).await
    }

    /// What one skill offers to agents. Runs nothing of it.
    ///
    /// # Errors
    /// When the skill is unknown or kept from agents, or the configuration is invalid.
    pub async fn exports_of(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<ExportedSkill, ErrorReport> {
        self.inner.exports_of(context, skill).await
    }

    /// All about one skill. Verifies its files, runs nothing of it.
    ///
    /// # Errors
    /// When there is no such skill, or it is broken.
    pub async fn info(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<SkillInfo, ErrorReport> {
        self.inner.info(context, skill).await
    }

    /// Makes a skill ready for calls, loading it first where that is needed.
    ///
    /// # Errors
    /// When the skill is unknown, broken, or one of its hooks fails.
    pub async fn activate(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.activate(context, skill, &events).await
    }

    /// Keeps a skill in memory and refuses its calls until it is activated again.
    ///
    /// # Errors
    /// When the skill is unknown, broken, or one of its hooks fails.
    pub async fn deactivate(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.deactivate(context, skill, &events).await
    }

    /// Reads a skill again and starts it anew.
    ///
    /// # Errors
    /// When the skill is unknown or the new code is broken; the old instance has ended then.
    pub async fn reload(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.reload(context, skill, &events).await
    }

    /// Ends this session's instance of a skill.
    ///
    /// # Errors
    /// When the skill is unknown or its `onUnload` fails; the instance has ended then all the same.
    pub async fn unload(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.unload(context, skill, &events).await
    }

    /// Ends all instances of the workspace, whatever session they belong to.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn unload_all(
        &self,
        context: &RequestContext,
        events: &EventSink,
    ) -> Result<UnloadReport, ErrorReport> {
        let events = self.inner.heard(events);
        self.inner.unload_all(context, &events).await
    }

    /// Closes a skill's breaker.
    ///
    /// # Errors
    /// When the skill is unknown.
    pub async fn reset(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
        events: &EventSink,
    ) -> Result<SkillChange, ErrorReport> {
        self.inner.reset(context, skill, events).await
    }

    /// What was measured in the workspace.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn metrics(&self, context: &RequestContext) -> Result<MetricsReport, ErrorReport> {
        self.inner.metrics_report(context).await
    }

    /// What runs, in all workspaces.
    ///
    /// # Errors
    /// When the work could not be given to a thread, which is a defect.
    pub async fn processes(&self) -> Result<ProcessReport, ErrorReport> {
        let inner = Arc::clone(&self.inner);
        blocking(move || Ok(inner.processes())).await
    }

    /// Trusts the workspace, or grants one skill what it asks for. Instances that run start anew with
    /// their next call.
    ///
    /// # Errors
    /// When the skill is unknown, broken, or another one than the person was shown, or the answer cannot
    /// be kept.
    pub async fn trust(
        &self,
        context: &RequestContext,
        request: TrustRequest,
    ) -> Result<TrustReport, ErrorReport> {
        self.inner.trust(context, request).await
    }

    /// Takes trust back. What runs with it ends: at once, or when its call is done.
    ///
    /// # Errors
    /// When the skill is unknown, or the change cannot be kept.
    pub async fn revoke(
        &self,
        context: &RequestContext,
        target: TrustTarget,
    ) -> Result<TrustReport, ErrorReport> {
        self.inner.revoke(context, target).await
    }

    /// Checks the skill in `folder`, which may be a package. Its code is loaded in a sandbox in which it is granted nothing.
    ///
    /// # Errors
    /// When the manifest cannot be read or the configuration is invalid; everything else is part of
    /// the outcome.
    pub async fn validate(
        &self,
        context: &RequestContext,
        folder: &Path,
    ) -> Result<Validation, ErrorReport> {
        self.inner.validate(context, folder).await
    }

    /// Ends the instances of a session whose client has gone.
    pub async fn end_session(&self, session: &str) {
        let owned = self
            .inner
            .instances
            .select(|key| key.session.as_deref() == Some(session));
        let events = self.inner.silent();
        let report = self.inner.retire_all(owned, &events).await;
        for error in report.failures {
            tracing::info!(session, %error, "an instance ended badly");
        }
        // Agents come and go by the dozen, and the daemon stays.
        if let Err(error) = tokio::task::spawn_blocking(mycelium_sandbox::release_heap).await {
            tracing::info!(session, %error, "memory was not given back");
        }
    }

    /// Ends everything: instances with their hooks, workers, the launcher.
    pub async fn shutdown(&self) {
        let events = self.inner.silent();
        let all = self.inner.instances.select(|_| true);
        self.inner.retire_all(all, &events).await;
        if let Ok(client) = self.inner.servers.client() {
            client.close().await;
        }
        let supervisor = Arc::clone(&self.inner.supervisor);
        let inner = Arc::clone(&self.inner);
        let stopped = tokio::task::spawn_blocking(move || {
            supervisor.stop();
            inner.audit.close();
            inner.uses.save();
            inner.breakers.save();
        })
        .await;
        if let Err(error) = stopped {
            tracing::warn!(%error, "the launcher could not be stopped");
        }
    }

    /// The metrics of some workspaces, in the OpenMetrics text format.
    #[must_use]
    pub fn prometheus(&self, workspaces: &BTreeSet<PathBuf>) -> String {
        let instances = &self.inner.instances;
        let usage = workspaces
            .iter()
            .map(|path| (path.clone(), instances.usage(path)))
            .collect();
        self.inner.metrics.prometheus(usage)
    }

    /// The ports that workspaces want their metrics on, as that changes.
    #[must_use]
    pub fn metrics_ports(&self) -> watch::Receiver<BTreeMap<u16, BTreeSet<PathBuf>>> {
        self.inner.ports.subscribe()
    }

    /// Changes whenever a discovery finds other skills than the one before, in any workspace.
    #[must_use]
    pub fn catalogue_changes(&self) -> watch::Receiver<u64> {
        self.inner.catalogue_changes.subscribe()
    }

    /// The running skills whose workspace wants them reloaded when their files change, as that changes.
    #[must_use]
    pub fn watched(&self) -> watch::Receiver<Vec<WatchedSkill>> {
        self.inner.instances.watched()
    }

    /// How many instances have a worker, as that changes.
    #[must_use]
    pub fn live_instances(&self) -> watch::Receiver<usize> {
        self.inner.instances.live()
    }
}
