//! The packages that a skill needs: resolved and installed before it starts.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use mycelium_loader::VerifiedSkill;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::Event;
use mycelium_resolver::InstallEvent;
use mycelium_resolver::InstallObserver;
use mycelium_resolver::InstallRequest;
use mycelium_resolver::InstalledLayer;
use mycelium_resolver::Layer;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::PackageOrigin;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverSettings;
use mycelium_types::ErrorReport;
use mycelium_types::Message;
use mycelium_types::SkillName;

use super::Launches;
use crate::EventSink;
use crate::workspace::Workspace;

/// How the skill's packages came about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resolution {
    pub(crate) declared: usize,
    pub(crate) packages: usize,
    pub(crate) cached: usize,
    pub(crate) duration: Duration,
}

impl Launches {
    /// Resolves and installs what the skill depends on.
    pub(super) fn install(
        &self,
        workspace: &Workspace,
        skill: &VerifiedSkill,
        events: &EventSink,
    ) -> Result<(Option<Layer>, Resolution), ErrorReport> {
        let manifest = skill.manifest();
        if manifest.dependencies.is_empty() {
            return Ok((None, Resolution::default()));
        }
        let started = Instant::now();
        let progress = Progress::new(&manifest.name, events);
        let environment = npm_environment(workspace);
        let installed = self.resolver(workspace).install(
            InstallRequest {
                skill: &manifest.name,
                dependencies: &manifest.dependencies,
                lock: &workspace.lock_file(),
                network: network_use(workspace),
                npm: &environment,
            },
            &progress,
        )?;
        for note in &installed.notes {
            let message = Message::from(note);
            events(Event::Note {
                skill: Some(manifest.name.clone()),
                key: message.key().to_owned(),
                args: message.args().clone(),
            });
        }
        let resolution = Resolution {
            declared: manifest.dependencies.len(),
            packages: installed.packages.len(),
            cached: cached(&installed),
            duration: started.elapsed(),
        };
        Ok((installed.layer, resolution))
    }

    /// The resolver that keeps metadata as long as the workspace says.
    pub(crate) fn resolver(&self, workspace: &Workspace) -> Arc<Resolver> {
        let seconds = workspace.configuration.dependencies.metadata_ttl;
        let mut resolvers = self
            .resolvers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let resolver = resolvers.entry(seconds).or_insert_with(|| {
            let mut settings = ResolverSettings::new(&self.folders.cache);
            settings.metadata_ttl = Duration::from_secs(seconds);
            Arc::new(Resolver::new(settings))
        });
        Arc::clone(resolver)
    }
}

/// Where npm's configuration comes from. The workspace's own `.npmrc` counts once it is trusted.
pub(crate) fn npm_environment(workspace: &Workspace) -> NpmEnvironment {
    NpmEnvironment {
        workspace: (workspace.trust() == WorkspaceTrust::Trusted).then(|| workspace.path.clone()),
        home: Some(workspace.home.clone()),
        variables: workspace.environment.clone(),
    }
}

fn network_use(workspace: &Workspace) -> NetworkUse {
    if workspace.offline || workspace.configuration.dependencies.offline {
        NetworkUse::Offline
    } else {
        NetworkUse::Allowed
    }
}

fn cached(installed: &InstalledLayer) -> usize {
    installed
        .packages
        .iter()
        .filter(|package| package.origin == PackageOrigin::Cached)
        .count()
}

/// Turns what the resolver tells into events.
struct Progress<'a> {
    skill: &'a SkillName,
    events: &'a EventSink,
    counts: Mutex<(usize, usize)>,
}

impl<'a> Progress<'a> {
    fn new(skill: &'a SkillName, events: &'a EventSink) -> Self {
        Self {
            skill,
            events,
            counts: Mutex::default(),
        }
    }
}

impl InstallObserver for Progress<'_> {
    fn observe(&self, event: InstallEvent<'_>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            InstallEvent::Fetching { packages } => counts.1 = packages,
            InstallEvent::Finished { package } => {
                counts.0 += 1;
                (self.events)(Event::Download {
                    skill: self.skill.clone(),
                    package: package.to_string(),
                    done: counts.0,
                    total: counts.1,
                });
            }
            InstallEvent::Resolving { .. }
            | InstallEvent::Started { .. }
            | InstallEvent::Received { .. } => {}
        }
    }
}
