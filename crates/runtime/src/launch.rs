//! From a known skill to everything that starting it takes.

mod decision;
mod packages;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_config::SecretStore;
use mycelium_loader::LoadRequest;
use mycelium_loader::Loader;
use mycelium_loader::ScriptProgram;
use mycelium_loader::SignatureRule;
use mycelium_loader::VerifiedSkill;
use mycelium_network::Tls;
use mycelium_policy::Evaluation;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::worker::LoadParams;
use mycelium_protocol::worker::ServerStart;
use mycelium_protocol::worker::StartParams;
use mycelium_resolver::Resolver;
use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::WorkerProtocol;
use serde_json::Value;

use crate::EventSink;
use crate::Folders;
use crate::arguments::ArgumentSchemas;
use crate::bytecode::BytecodeStore;
use crate::claude::ClaudeViews;
use crate::host_paths::HostFiles;
use crate::key_value::KeyValueStore;
use crate::network;
use crate::network::WorkerAuthority;
use crate::planted::Grounds;
use crate::servers::check_approved;
use crate::watch::Members;
use crate::workspace::Workspace;

pub(crate) use self::decision::Purpose;
pub(crate) use self::decision::limits;
pub(crate) use self::decision::required_rung;
pub(crate) use self::packages::Resolution;

/// The variables that tell a script where its skill and the workspace are, as Claude Code names them.
const SKILL_FOLDER: &str = "CLAUDE_SKILL_DIR";
const PROJECT_FOLDER: &str = "CLAUDE_PROJECT_DIR";
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
    /// What its programs trust, if their TLS is read.
    pub(crate) authority: Option<Arc<WorkerAuthority>>,
    /// The folders it may write to, as they were.
    pub(crate) grounds: Grounds,
    /// The methods that are scripts, and how they are run or why they cannot be.
    scripts: BTreeMap<String, Result<ScriptProgram, Message>>,
}

impl LaunchSpec {
    /// What a worker is told that is to become a program of its own, before it is told anything else.
    pub(crate) fn start_params(&self) -> Option<StartParams> {
        match self.skill.engine() {
            Engine::Quickjs => None,
            Engine::Native => Some(StartParams {
                policy: self.policy.clone(),
                entrypoint: match self.skill.server() {
                    Some(server) => server.program.clone(),
                    None => self.skill.entrypoint().to_owned(),
                },
                server: self.skill.server().map(|server| {
                    let limits = &self.policy.limits;
                    ServerStart {
                        arguments: server.arguments.clone(),
                        renamed: server.renamed.clone(),
                        offers: server.offers.clone(),
                        max_message: limits.output_mb.min(limits.frame_mb) << 20,
                        max_output: limits.output_mb << 20,
                    }
                }),
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

    /// Who belongs to its worker. One that starts a program, for each call or as a server, has a child then.
    pub(crate) fn members(&self) -> Members {
        let of_calls = match (self.skill.engine(), self.skill.manifest().protocol) {
            (Engine::Native, WorkerProtocol::Argv) => 1,
            (Engine::Native, _) if self.skill.server().is_some() => 1,
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

    /// Whether its code can ask the runtime for something: not that of scripts and servers, which know of none.
    pub(crate) fn has_host_api(&self) -> bool {
        match (self.skill.engine(), self.skill.manifest().protocol) {
            (Engine::Quickjs, _) => true,
            (Engine::Native, WorkerProtocol::Worker) => self.skill.server().is_none(),
            (Engine::Native, WorkerProtocol::Argv) => false,
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
    claude_views: Arc<ClaudeViews>,
    /// What judges hosts for programs whose TLS is read.
    tls: Arc<Tls>,
}

impl Launches {
    pub(crate) fn new(
        loader: Loader,
        folders: Folders,
        program: &Path,
        claude_views: Arc<ClaudeViews>,
        tls: Arc<Tls>,
    ) -> Self {
        Self {
            bytecode: BytecodeStore::new(folders.cache.join("bytecode"), program),
            loader,
            folders,
            resolvers: Mutex::default(),
            claude_views,
            tls,
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
        let evaluation = self.evaluate(workspace, &skill, &HostFiles::default(), Purpose::Work)?;
        Ok((skill, evaluation))
    }

    /// Verifies the skill's files.
    pub(crate) fn read(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
    ) -> Result<VerifiedSkill, ErrorReport> {
        let skill = self.load(workspace, source)?;
        check_approved(&self.folders, &skill)?;
        Ok(skill)
    }

    /// Reads the skill in a folder, whatever signature it has.
    pub(crate) fn folder(&self, path: &Path) -> Result<VerifiedSkill, ErrorReport> {
        let skill = self.loader.load(&LoadRequest {
            source: SkillSource::Folder {
                path: path.to_owned(),
            },
            origin: mycelium_loader::Origin::Local,
            signatures: SignatureRule::Optional,
        })?;
        Ok(skill)
    }

    fn load(
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

    /// Gets everything ready for starting the skill. One that is only checked keeps nothing.
    pub(crate) fn prepare(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
        events: &EventSink,
        purpose: Purpose,
    ) -> Result<LaunchSpec, ErrorReport> {
        let skill = self.read(workspace, source)?;
        let host = HostFiles::default();
        let evaluation = self.evaluate(workspace, &skill, &host, purpose)?;
        let manifest = skill.manifest();
        let options = self.claude_views.now(workspace).options(skill.root());
        let owner = decision::owner(workspace, &skill);
        let settings = workspace.settings_of(manifest, owner, &options)?;
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
        let store = match purpose {
            Purpose::Work | Purpose::Observation(_) => {
                policy.data = Some(self.data_folder(&own)?);
                let file = self.folders.key_values().join(format!("{own}.sqlite3"));
                Some(Arc::new(KeyValueStore::new(file, policy.limits.data_mb)))
            }
            Purpose::Check => None,
        };
        network::equip(&mut policy)?;
        let authority = match network::reads_tls(workspace, &skill) {
            true => WorkerAuthority::equip(&mut policy, &self.tls, &self.folders.certificates())?,
            false => None,
        };
        if manifest.scripts().is_some() {
            let places = [
                (SKILL_FOLDER, skill.root()),
                (PROJECT_FOLDER, &workspace.path),
            ];
            let variables =
                places.map(|(name, path)| (name.to_owned(), path.display().to_string()));
            policy.environment.extend(variables);
        }
        if let Some(server) = skill.server() {
            policy.environment.extend(server.environment.clone());
        }
        network::require_secrets(&policy, &SecretStore::below(&self.folders.state))?;
        Ok(LaunchSpec {
            scripts: skill.scripts(),
            skill,
            evaluation,
            policy,
            settings,
            schemas,
            store,
            resolution,
            bytecode_key,
            authority: authority.map(Arc::new),
            grounds: Grounds::new(host.into_surveys()),
        })
    }

    /// Where the private data of a skill is, if it has run.
    pub(crate) fn place_of_data(&self, name: &SkillName, source: &SkillSource) -> PathBuf {
        self.folders.skill_data(&own_name(name, source))
    }

    /// The private data folder of the skill that is called so.
    fn data_folder(&self, own: &str) -> Result<PathBuf, ErrorReport> {
        use std::os::unix::fs::DirBuilderExt;

        let folder = self.folders.skill_data(own);
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

fn unusable(error: std::io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
}
