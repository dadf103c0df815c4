//! What all handles of one runtime share.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use mycelium_config::SecretStore;
use mycelium_loader::Host;
use mycelium_loader::Loader;
use mycelium_loader::NoEngines;
use mycelium_network::Certificates;
use mycelium_network::HttpClient;
use mycelium_protocol::Event;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_registry::Registry;
use mycelium_registry::SkillRecord;
use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Version;
use mycelium_types::VersionRange;
use tokio::sync::watch;

use crate::EventSink;
use crate::RuntimeOptions;
use crate::audit::AuditTrail;
use crate::breaker::Breakers;
use crate::catalogue::Found;
use crate::claude::ClaudeViews;
use crate::exports::Surfaces;
use crate::hook::LifecycleHook;
use crate::hook::Logging;
use crate::hook::PermissionCheck;
use crate::hook::Stage;
use crate::hook::StageOutcome;
use crate::instance::Instances;
use crate::last_use::LastUses;
use crate::launch::Launches;
use crate::metrics::Metrics;
use crate::packages::NamedPackages;
use crate::published::Publications;
use crate::restarts::Restarts;
use crate::servers::ServerDesk;
use crate::supervisor::Supervisor;
use crate::trust::TrustStore;
use crate::workspace::Workspace;
use crate::workspace::Workspaces;

/// The state behind every [`crate::SkillRuntime`] handle.
pub(crate) struct Inner {
    pub(crate) options: RuntimeOptions,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) instances: Instances,
    pub(crate) breakers: Breakers,
    pub(crate) restarts: Restarts,
    pub(crate) uses: LastUses,
    pub(crate) trust: TrustStore,
    pub(crate) audit: AuditTrail,
    pub(crate) metrics: Metrics,
    pub(crate) launches: Launches,
    pub(crate) surfaces: Surfaces,
    pub(crate) servers: ServerDesk,
    pub(crate) publications: Publications,
    pub(crate) claude_views: Arc<ClaudeViews>,
    pub(crate) named_packages: NamedPackages,
    /// Counts how often the known skills changed.
    pub(crate) catalogue_changes: watch::Sender<u64>,
    pub(crate) ports: watch::Sender<BTreeMap<u16, BTreeSet<PathBuf>>>,
    pub(crate) compiling: Mutex<BTreeSet<Digest>>,
    hooks: RwLock<Vec<Arc<dyn LifecycleHook>>>,
    listeners: RwLock<Vec<EventSink>>,
    workspaces: Workspaces,
    registries: Mutex<HashMap<PathBuf, Arc<Registry>>>,
    numbers: AtomicU64,
}

impl Inner {
    pub(crate) fn new(options: RuntimeOptions) -> Result<Self, ErrorReport> {
        let version: Version = env!("CARGO_PKG_VERSION")
            .parse()
            .map_err(ErrorReport::internal)?;
        let folders = options.folders.clone();
        let metrics = Metrics::default();
        let audit = AuditTrail::below(&folders.state);
        let client = Arc::new(HttpClient::new(Certificates::OfThisMachine));
        let claude_views = Arc::<ClaudeViews>::default();
        let loader = Loader::new(&folders.cache, Host::current(version), Box::new(NoEngines))
            .with_wrapped(folders.wrapped());
        Ok(Self {
            supervisor: Arc::new(Supervisor::new(
                options.program.clone(),
                Arc::clone(&client),
                audit.clone(),
                SecretStore::below(&folders.state),
            )),
            instances: Instances::default(),
            breakers: Breakers::new(folders.state.join("breakers.json")),
            restarts: Restarts::default(),
            uses: LastUses::below(&folders.state),
            trust: TrustStore::of(&folders),
            hooks: RwLock::new(vec![
                Arc::new(PermissionCheck),
                Arc::new(audit.clone()),
                Arc::new(metrics.clone()),
                Arc::new(Logging),
            ]),
            metrics,
            audit,
            launches: Launches::new(
                loader,
                folders,
                &options.program,
                Arc::clone(&claude_views),
                Arc::clone(client.tls()),
            ),
            surfaces: Surfaces::default(),
            servers: ServerDesk::default(),
            publications: Publications::default(),
            claude_views,
            named_packages: NamedPackages::default(),
            catalogue_changes: watch::Sender::default(),
            ports: watch::Sender::default(),
            compiling: Mutex::default(),
            listeners: RwLock::default(),
            workspaces: Workspaces::default(),
            registries: Mutex::default(),
            numbers: AtomicU64::new(0),
            options,
        })
    }

    pub(crate) fn add_hook(&self, hook: Arc<dyn LifecycleHook>) {
        let mut hooks = self.hooks.write().unwrap_or_else(PoisonError::into_inner);
        hooks.push(hook);
    }

    pub(crate) fn add_listener(&self, listener: EventSink) {
        let mut listeners = self
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
    }

    /// The caller's events, which everybody who listens to all events gets as well.
    pub(crate) fn heard(self: &Arc<Self>, events: &EventSink) -> EventSink {
        let inner = Arc::clone(self);
        let events = Arc::clone(events);
        Arc::new(move |event: Event| {
            inner.tell_listeners(&event);
            events(event);
        })
    }

    /// For events that no caller waits for.
    pub(crate) fn silent(self: &Arc<Self>) -> EventSink {
        let inner = Arc::clone(self);
        Arc::new(move |event| inner.tell_listeners(&event))
    }

    fn tell_listeners(&self, event: &Event) {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(event.clone());
        }
    }

    pub(crate) fn before(&self, stage: &Stage<'_>) -> Result<(), ErrorReport> {
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner);
        hooks.iter().try_for_each(|hook| hook.before(stage))
    }

    pub(crate) fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        let hooks = self.hooks.read().unwrap_or_else(PoisonError::into_inner);
        for hook in hooks.iter() {
            hook.after(stage, outcome);
        }
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Names a call within its trace.
    pub(crate) fn new_call_id(&self, trace: &str) -> String {
        format!("{trace}-{}", self.next_number())
    }

    /// A text that no other call of this or another daemon has.
    pub(crate) fn new_correlation_id(&self) -> String {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        DigestBuilder::new()
            .part(&now.to_le_bytes())
            .part(&std::process::id().to_le_bytes())
            .part(&self.next_number().to_le_bytes())
            .finish()
            .to_string()[..32]
            .to_owned()
    }

    /// The workspace of a request, with its configuration as it is now.
    pub(crate) async fn workspace(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<Arc<Workspace>, ErrorReport> {
        let system_config = &self.options.system_config;
        let known = self.workspaces.known(context, system_config, &self.trust);
        let workspace = match known {
            Some(workspace) => workspace,
            None => {
                let inner = Arc::clone(self);
                let context = context.clone();
                blocking(move || inner.read_workspace(&context)).await?
            }
        };
        self.want_metrics(&workspace);
        Ok(workspace)
    }

    /// Reads a workspace's configuration. Another one may be forgotten for it, with all that is only
    /// kept for its next request.
    fn read_workspace(&self, context: &RequestContext) -> Result<Arc<Workspace>, ErrorReport> {
        let is_busy = |path: &Path| {
            !self
                .instances
                .select(|key| key.workspace == path)
                .is_empty()
        };
        let system_config = &self.options.system_config;
        let read = self
            .workspaces
            .read(context, system_config, &self.trust, &is_busy)?;
        if let Some(forgotten) = read.forgotten {
            self.registries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&forgotten);
            self.claude_views.forget(&forgotten);
            self.servers.forget(&forgotten);
            self.metrics.forget(&forgotten);
            self.ports.send_if_modified(|ports| {
                let before = ports.clone();
                forget_port(ports, &forgotten);
                *ports != before
            });
        }
        Ok(read.workspace)
    }

    /// The breakers, read where blocking is allowed.
    pub(crate) async fn breakers(self: &Arc<Self>) -> Result<&Breakers, ErrorReport> {
        if !self.breakers.is_read() {
            let inner = Arc::clone(self);
            blocking(move || {
                inner.breakers.read();
                Ok(())
            })
            .await?;
        }
        Ok(&self.breakers)
    }

    /// Writes what has changed of the breakers, and waits for it.
    pub(crate) async fn keep_breakers(self: &Arc<Self>) -> Result<(), ErrorReport> {
        if !self.breakers.is_changed() {
            return Ok(());
        }
        let inner = Arc::clone(self);
        blocking(move || {
            inner.breakers.save();
            Ok(())
        })
        .await
    }

    fn want_metrics(&self, workspace: &Workspace) {
        let monitoring = &workspace.configuration.monitoring;
        let port = monitoring.metrics_port.filter(|_| monitoring.enabled);
        self.ports.send_if_modified(|ports| {
            let before = ports.clone();
            forget_port(ports, &workspace.path);
            if let Some(port) = port {
                ports
                    .entry(port)
                    .or_default()
                    .insert(workspace.path.clone());
            }
            *ports != before
        });
    }

    /// The workspace's registry, with what its skill folders had when it was first asked for.
    pub(crate) async fn registry(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
    ) -> Result<Arc<Registry>, ErrorReport> {
        if let Some(registry) = self.known_registry(workspace) {
            if workspace.configuration.auto_discovery {
                self.follow_plugins(workspace, &registry).await?;
            }
            return Ok(registry);
        }
        let inner = Arc::clone(self);
        let workspace = Arc::clone(workspace);
        blocking(move || {
            // Nobody else sees it before it knows its skills.
            let registry = Arc::new(crate::catalogue::open(&inner.options.folders));
            // Before the discovery, so that a change after it is noticed.
            inner.claude_views.look(&workspace);
            if workspace.configuration.auto_discovery {
                let folders = &inner.options.folders;
                crate::catalogue::discover(&workspace, &registry, folders, &[]);
            }
            Ok(inner.publish(&workspace, registry))
        })
        .await
    }

    fn known_registry(&self, workspace: &Workspace) -> Option<Arc<Registry>> {
        let registries = self
            .registries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        registries.get(&workspace.path).cloned()
    }

    /// Makes a registry the workspace's, unless another request was quicker.
    fn publish(&self, workspace: &Workspace, registry: Arc<Registry>) -> Arc<Registry> {
        let mut registries = self
            .registries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(registries.entry(workspace.path.clone()).or_insert(registry))
    }

    /// The workspace's registry for a discovery that is asked for: a new one still knows nothing, so that
    /// all it finds is new.
    pub(crate) fn registry_to_discover(&self, workspace: &Workspace) -> Arc<Registry> {
        self.known_registry(workspace).unwrap_or_else(|| {
            self.claude_views.look(workspace);
            let registry = Arc::new(crate::catalogue::open(&self.options.folders));
            self.publish(workspace, registry)
        })
    }

    /// Looks for skills and tells whoever waits for it if they are others than before.
    pub(crate) fn discover_again(
        &self,
        workspace: &Workspace,
        registry: &Registry,
        paths: &[PathBuf],
    ) -> Found {
        let before = registry.list();
        let found = crate::catalogue::discover(workspace, registry, &self.options.folders, paths);
        if registry.list() != before {
            self.catalogue_changes.send_modify(|count| *count += 1);
        }
        found
    }

    /// Looks for skills again in all workspaces that know theirs.
    pub(crate) fn discover_everywhere(&self) {
        for workspace in self.workspaces.all() {
            if workspace.configuration.auto_discovery
                && let Some(registry) = self.known_registry(&workspace)
            {
                self.discover_again(&workspace, &registry, &[]);
            }
        }
    }

    /// The skill that a selector means. Skills that appeared since the last discovery are found too.
    pub(crate) async fn find(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        selector: &SkillSelector,
    ) -> Result<Arc<SkillRecord>, ErrorReport> {
        if let Some(package) = workspace.package.clone() {
            let inner = Arc::clone(self);
            let found = blocking(move || inner.named_packages.record(&package)).await?;
            let is_in_range = |range: &VersionRange| range.contains(found.version());
            if *found.name() == selector.name && selector.range.as_ref().is_none_or(is_in_range) {
                return Ok(found);
            }
        }
        let registry = self.registry(workspace).await?;
        let get = |registry: &Registry| registry.get(&selector.name, selector.range.as_ref());
        if let Some(record) = get(&registry) {
            return Ok(record);
        }
        if workspace.configuration.auto_discovery {
            let registry = Arc::clone(&registry);
            let workspace = Arc::clone(workspace);
            let inner = Arc::clone(self);
            blocking(move || {
                inner.discover_again(&workspace, &registry, &[]);
                Ok(())
            })
            .await?;
        }
        get(&registry).ok_or_else(|| {
            let suggestion = registry.suggest(selector.name.as_str());
            ErrorReport::new(ErrorCode::SkillNotFound)
                .with("skill", selector)
                .with(
                    "suggestion",
                    suggestion.as_ref().map_or("none", |name| name.as_str()),
                )
        })
    }
}

fn forget_port(ports: &mut BTreeMap<u16, BTreeSet<PathBuf>>, workspace: &Path) {
    ports.retain(|_, workspaces| {
        workspaces.remove(workspace);
        !workspaces.is_empty()
    });
}

/// Runs something that blocks where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ErrorReport> + Send + 'static,
) -> Result<T, ErrorReport> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(ErrorReport::internal)?
}
