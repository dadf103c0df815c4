//! From a known skill to everything that starting it takes.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use mycelium_config::SecretStore;
use mycelium_config::SkillOwner;
use mycelium_loader::LoadRequest;
use mycelium_loader::Loader;
use mycelium_loader::ScriptProgram;
use mycelium_loader::SignatureRule;
use mycelium_loader::VerifiedSkill;
use mycelium_policy::Evaluation;
use mycelium_policy::HostPaths;
use mycelium_policy::PolicyRequest;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_policy::WorkspaceTrust;
use mycelium_policy::evaluate;
use mycelium_policy::observe;
use mycelium_protocol::Event;
use mycelium_protocol::worker::LoadParams;
use mycelium_protocol::worker::StartParams;
use mycelium_resolver::InstallEvent;
use mycelium_resolver::InstallObserver;
use mycelium_resolver::InstallRequest;
use mycelium_resolver::InstalledLayer;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::PackageOrigin;
use mycelium_resolver::Resolver;
use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::WorkerProtocol;
use serde_json::Value;

use crate::EventSink;
use crate::Folders;
use crate::arguments::ArgumentSchemas;
use crate::bytecode::BytecodeStore;
use crate::claude::ClaudeView;
use crate::host_paths::HostFiles;
use crate::key_value::KeyValueStore;
use crate::network;
use crate::planted::Grounds;
use crate::trace;
use crate::watch::Members;
use crate::workspace::Workspace;

/// The variables that tell a script where its skill and the workspace are, as Claude Code names them.
const SKILL_FOLDER: &str = "CLAUDE_SKILL_DIR";
const PROJECT_FOLDER: &str = "CLAUDE_PROJECT_DIR";
/// How many processes a skill that may start programs has if it asks for no number.
const PROCESSES: u64 = 16;

/// Everything that starting one skill in one workspace takes.
#[derive(Debug)]
pub(crate) struct LaunchSpec {
    pub(crate) skill: VerifiedSkill,
    pub(crate) evaluation: Evaluation,
    pub(crate) policy: SandboxPolicy,
    pub(crate) settings: Value,
    pub(crate) schemas: ArgumentSchemas,
    /// What the skill keeps by key, unless it is only checked.
    pub(crate) store: Option<Arc<KeyValueStore>>,
    pub(crate) resolution: Resolution,
    /// What names the compiled code of these sources.
    pub(crate) bytecode_key: Digest,
    /// The folders it may write to, as they were.
    pub(crate) grounds: Grounds,
    /// The methods that are scripts, and how they are run or why they cannot be.
    scripts: BTreeMap<String, Result<ScriptProgram, Message>>,
}

/// How the skill's packages came about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resolution {
    pub(crate) declared: usize,
    pub(crate) packages: usize,
    pub(crate) cached: usize,
    pub(crate) duration: Duration,
}

impl LaunchSpec {
    /// What a worker is told that is to become a program of its own, before it is told anything else.
    pub(crate) fn start_params(&self) -> Option<StartParams> {
        match self.skill.engine() {
            Engine::Quickjs => None,
            Engine::Native => Some(StartParams {
                policy: self.policy.clone(),
                entrypoint: self.skill.entrypoint().to_owned(),
                protocol: self.skill.manifest().protocol,
                scripts: self
                    .scripts
                    .iter()
                    .filter_map(|(method, program)| {
                        let program = program.as_ref().ok()?;
                        Some((method.clone(), program.command.clone()))
                    })
                    .collect(),
            }),
        }
    }

    /// Who belongs to its worker. One that starts a program for each call has a child then.
    pub(crate) fn members(&self) -> Members {
        let of_calls = match (self.skill.engine(), self.skill.manifest().protocol) {
            (Engine::Native, WorkerProtocol::Argv) => 1,
            (Engine::Native, WorkerProtocol::Worker) | (Engine::Quickjs, _) => 0,
        };
        let programs = match self.skill.engine() {
            Engine::Native => self.policy.limits.processes,
            Engine::Quickjs => 0,
        };
        match programs + of_calls {
            0 => Members::Alone,
            children => Members::Family { children },
        }
    }

    /// Refuses the method that is a script which cannot be run on this machine.
    pub(crate) fn check_script(&self, method: &str) -> Result<(), ErrorReport> {
        match self.scripts.get(method) {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(reason)) => Err(ErrorReport::new(ErrorCode::Incompatible)
                .with("skill", &self.skill.manifest().name)
                .with("reason", reason.render(Locale::default()))),
        }
    }

    /// Why some of its scripts cannot be run on this machine.
    pub(crate) fn broken_scripts(&self) -> impl Iterator<Item = &Message> {
        self.scripts
            .values()
            .filter_map(|script| script.as_ref().err())
    }

    /// What the worker is told.
    pub(crate) fn load_params(&self) -> LoadParams {
        let manifest = self.skill.manifest();
        LoadParams {
            policy: match self.skill.engine() {
                Engine::Quickjs => Some(Box::new(self.policy.clone())),
                Engine::Native => None,
            },
            entrypoint: self.skill.entrypoint().to_owned(),
            exports: manifest
                .exports
                .iter()
                .map(|export| export.name.clone())
                .collect(),
            settings: self.settings.clone(),
        }
    }
}

/// Prepares launches. All of it blocks.
pub(crate) struct Launches {
    pub(crate) loader: Loader,
    folders: Folders,
    bytecode: BytecodeStore,
    /// One resolver for each age of metadata that some workspace accepts.
    resolvers: Mutex<HashMap<u64, Arc<Resolver>>>,
}

impl Launches {
    pub(crate) fn new(loader: Loader, folders: Folders, program: &Path) -> Self {
        Self {
            bytecode: BytecodeStore::new(folders.cache.join("bytecode"), program),
            loader,
            folders,
            resolvers: Mutex::default(),
        }
    }

    pub(crate) fn bytecode(&self) -> &BytecodeStore {
        &self.bytecode
    }

    /// Verifies the skill's files, and decides what it may do.
    pub(crate) fn verify(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
    ) -> Result<(VerifiedSkill, Evaluation), ErrorReport> {
        let skill = self.read(workspace, source)?;
        let evaluation = self.evaluate(workspace, &skill, &HostFiles::default(), None)?;
        Ok((skill, evaluation))
    }

    /// Verifies the skill's files.
    pub(crate) fn read(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
    ) -> Result<VerifiedSkill, ErrorReport> {
        let skill = self.loader.load(&LoadRequest {
            source: source.clone(),
            origin: mycelium_loader::Origin::Local,
            signatures: if workspace.configuration.security.require_signatures {
                SignatureRule::RequiredFromElsewhere
            } else {
                SignatureRule::Optional
            },
        })?;
        Ok(skill)
    }

    fn evaluate(
        &self,
        workspace: &Workspace,
        skill: &VerifiedSkill,
        host: &HostFiles,
        observed: Option<FileAccess>,
    ) -> Result<Evaluation, ErrorReport> {
        let program = skill.program()?;
        let folders = skill_folders(workspace);
        let request = PolicyRequest {
            manifest: skill.manifest(),
            digest: skill.digest(),
            origin: origin(workspace, skill),
            own_program: program.as_deref(),
            skill_root: skill.root(),
            skill_folders: &folders,
            own_folders: &self.own_folders(host),
            workspace: &workspace.path,
            home: &workspace.home,
            trust: workspace.trust(),
            grants: &workspace.answers.grants,
            bounds: &workspace.configuration.grant_bounds(),
            environment: &workspace.environment,
            limits: limits(workspace, skill),
            denied_hosts: &workspace.configuration.security.denied_hosts,
            required_rung: required_rung(workspace, skill),
        };
        let mut evaluation = evaluate(&request, host);
        if let Some(access) = observed {
            let shown = trace::shown(&workspace.path, access);
            observe(&mut evaluation, &request, host, &shown);
        }
        Ok(evaluation)
    }

    /// The program's own folders, without links as far as they exist.
    fn own_folders(&self, host: &HostFiles) -> Vec<PathBuf> {
        let Folders {
            state, cache, data, ..
        } = &self.folders;
        let own = [state, cache, data].into_iter();
        own.map(|path| host.resolve(path).unwrap_or_else(|| path.clone()))
            .collect()
    }

    /// Gets everything ready for starting the skill. If it is `observed`, it may use the workspace so.
    pub(crate) fn prepare(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
        events: &EventSink,
        observed: Option<FileAccess>,
    ) -> Result<LaunchSpec, ErrorReport> {
        let skill = self.read(workspace, source)?;
        let host = HostFiles::default();
        let evaluation = self.evaluate(workspace, &skill, &host, observed)?;
        let manifest = skill.manifest();
        let options = ClaudeView::read(workspace).options(skill.root());
        let settings = workspace.settings_of(manifest, owner(workspace, &skill), &options)?;
        let schemas = ArgumentSchemas::new(manifest)?;
        let (layer, resolution) = self.install(workspace, &skill, events)?;
        let bytecode_key = DigestBuilder::new()
            .part(skill.digest().as_bytes())
            .part(skill.root().as_os_str().as_encoded_bytes())
            .part(
                layer
                    .as_ref()
                    .map_or(&[][..], |layer| layer.digest.as_bytes().as_slice()),
            )
            .finish();
        let mut policy = evaluation.policy.clone();
        policy.dependency_layer = layer.map(|layer| layer.path);
        policy.bytecode = match skill.engine() {
            Engine::Quickjs => self.bytecode.find(bytecode_key),
            Engine::Native => None,
        };
        let own = own_name(&manifest.name, skill.source());
        policy.data = Some(self.data_folder(&own)?);
        let store = KeyValueStore::new(
            self.folders.key_values().join(format!("{own}.sqlite3")),
            policy.limits.data_mb,
        );
        network::equip(&mut policy)?;
        if manifest.scripts().is_some() {
            let places = [
                (SKILL_FOLDER, skill.root()),
                (PROJECT_FOLDER, &workspace.path),
            ];
            let variables =
                places.map(|(name, path)| (name.to_owned(), path.display().to_string()));
            policy.environment.extend(variables);
        }
        network::require_secrets(&policy, &SecretStore::below(&self.folders.state))?;
        Ok(LaunchSpec {
            scripts: skill.scripts(),
            skill,
            evaluation,
            policy,
            settings,
            schemas,
            store: Some(Arc::new(store)),
            resolution,
            bytecode_key,
            grounds: Grounds::new(host.into_surveys()),
        })
    }

    fn install(
        &self,
        workspace: &Workspace,
        skill: &VerifiedSkill,
        events: &EventSink,
    ) -> Result<(Option<mycelium_resolver::Layer>, Resolution), ErrorReport> {
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
            let mut settings = mycelium_resolver::ResolverSettings::new(&self.folders.cache);
            settings.metadata_ttl = Duration::from_secs(seconds);
            Arc::new(Resolver::new(settings))
        });
        Arc::clone(resolver)
    }

    /// The private data folder of the skill that is called so.
    fn data_folder(&self, own: &str) -> Result<PathBuf, ErrorReport> {
        use std::os::unix::fs::DirBuilderExt;

        let folder = self.folders.data.join("skills").join(own);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&folder).map_err(|error| {
            unusable(std::io::Error::other(format!(
                "{}: {error}",
                folder.display()
            )))
        })?;
        Ok(folder)
    }
}

/// What a skill's private things are called. Skills of one name from different places have different ones.
fn own_name(name: &SkillName, source: &SkillSource) -> String {
    let place = Digest::of(source.to_string().as_bytes()).short();
    format!("{name}-{place}")
}

/// The folders that skills are found in, without links as far as they exist.
fn skill_folders(workspace: &Workspace) -> Vec<PathBuf> {
    let roots =
        mycelium_config::skill_roots(&workspace.path, &workspace.home, &workspace.configuration);
    let plugins = ClaudeView::read(workspace).plugins.roots;
    let roots = roots.into_iter().map(|root| root.path);
    roots
        .chain(plugins.into_iter().map(|root| root.path))
        .map(|path| HostFiles::default().resolve(&path).unwrap_or(path))
        .collect()
}

/// Where npm's configuration comes from. The workspace's own `.npmrc` counts once it is trusted.
pub(crate) fn npm_environment(workspace: &Workspace) -> NpmEnvironment {
    NpmEnvironment {
        workspace: (workspace.trust() == mycelium_policy::WorkspaceTrust::Trusted)
            .then(|| workspace.path.clone()),
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

/// The least the kernel must enforce: perhaps less for code that was trusted before it was looked at.
pub(crate) fn required_rung(workspace: &Workspace, skill: &VerifiedSkill) -> Rung {
    let security = &workspace.configuration.security;
    let is_trusted = match origin(workspace, skill) {
        mycelium_policy::Origin::Embedded => true,
        mycelium_policy::Origin::Workspace => workspace.trust() == WorkspaceTrust::Trusted,
        mycelium_policy::Origin::Elsewhere => false,
    };
    if is_trusted {
        security.required_rung.min(security.trusted_required_rung)
    } else {
        security.required_rung
    }
}

/// Whose skill it is to the permission decision: one below the workspace is the workspace's own.
fn origin(workspace: &Workspace, skill: &VerifiedSkill) -> mycelium_policy::Origin {
    // Somebody packed it somewhere; where it was unpacked says nothing.
    if matches!(skill.source(), SkillSource::Package { .. }) {
        return mycelium_policy::Origin::Elsewhere;
    }
    match skill.origin() {
        mycelium_loader::Origin::BuiltIn => mycelium_policy::Origin::Embedded,
        mycelium_loader::Origin::Local if skill.root().starts_with(&workspace.path) => {
            mycelium_policy::Origin::Workspace
        }
        mycelium_loader::Origin::Local | mycelium_loader::Origin::External => {
            mycelium_policy::Origin::Elsewhere
        }
    }
}

/// Whose skill it is to the configuration.
fn owner(workspace: &Workspace, skill: &VerifiedSkill) -> SkillOwner {
    match origin(workspace, skill) {
        mycelium_policy::Origin::Workspace => SkillOwner::Workspace,
        mycelium_policy::Origin::Embedded | mycelium_policy::Origin::Elsewhere => SkillOwner::Other,
    }
}

/// How much the skill may use: what it asks for, changed by what the configuration says.
pub(crate) fn limits(workspace: &Workspace, skill: &VerifiedSkill) -> Limits {
    let manifest = skill.manifest();
    let mut asked = manifest.limits;
    let starts_programs = || {
        let mut permissions = manifest.permissions.iter();
        permissions.any(|request| matches!(request.permission, Permission::Process { .. }))
    };
    if skill.engine() == Engine::Native && starts_programs() {
        asked.processes = asked.processes.or(Some(PROCESSES));
    }
    workspace
        .configuration
        .limits(&manifest.name, owner(workspace, skill), &asked)
}

fn unusable(error: std::io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
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
