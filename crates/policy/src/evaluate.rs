//! The decision: which of the permissions a manifest asks for become part of the policy.

use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use mycelium_types::PermissionRequest;

use crate::Answer;
use crate::CommandGrant;
use crate::Denial;
use crate::DenialReason;
use crate::Grant;
use crate::GrantBounds;
use crate::HostPolicy;
use crate::McpGrant;
use crate::NetworkGrant;
use crate::NetworkPolicy;
use crate::PROGRAM_FOLDERS;
use crate::PathGrant;
use crate::ProgramPolicy;
use crate::Rung;
use crate::SandboxPolicy;
use crate::SecretGrant;
use crate::WorkspaceTrust;
use crate::answer_to;
use crate::protected::has_protected_part;

/// The most protected names kept as they are below the paths of one skill: each is a mount of its own.
const MAX_SEALED: usize = 64;

/// What every skill is told of its calls.
const FREE_CONTEXT: [&str; 4] = ["agent", "roots", "session", "workspace"];

/// Whose skill it is, which decides what needs no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Compiled into the program.
    Embedded,
    /// From a folder of the workspace.
    Workspace,
    /// From anywhere else.
    Elsewhere,
}

/// Looks paths up on the host. The decision itself touches nothing.
pub trait HostPaths {
    /// The path without links, where the missing rest of a path that does not exist yet is kept;
    /// `None` when a part of it cannot be looked at.
    fn resolve(&self, path: &Path) -> Option<PathBuf>;
    /// Whether something is there.
    fn exists(&self, path: &Path) -> bool;
    /// Everything below the folder `path` that has a protected name and can be kept read-only, without
    /// what is below that; `None` when there is too much to look through.
    fn protected_below(&self, path: &Path) -> Option<Vec<PathBuf>>;
    /// The program called `name` in [`PROGRAM_FOLDERS`](crate::PROGRAM_FOLDERS), and what interprets it,
    /// without links; `None` when there is none that workers can be shown.
    fn program(&self, name: &str) -> Option<Vec<PathBuf>>;
}

/// Everything the decision depends on.
pub struct PolicyRequest<'a> {
    /// What the skill says of itself.
    pub manifest: &'a Manifest,
    /// The digest of its content.
    pub digest: Digest,
    /// Whose skill it is.
    pub origin: Origin,
    /// The files that running it takes, if its engine is a program of its own: absolute, without links.
    pub own_program: Option<&'a [PathBuf]>,
    /// Where the code of such a program is besides its folder: absolute, without links.
    pub installation: &'a [PathBuf],
    /// Its folder, absolute and without links.
    pub skill_root: &'a Path,
    /// The folders that skills are found in: code that runs, so never writable by a skill.
    pub skill_folders: &'a [PathBuf],
    /// The program's own folders, without links: what is in them decides about all skills.
    pub own_folders: &'a [PathBuf],
    /// The workspace, absolute and without links.
    pub workspace: &'a Path,
    /// The person's home folder, which `~` in a path means.
    pub home: &'a Path,
    /// Where Claude Code keeps what is the person's, which `~/.claude` means in what is compiled in.
    pub claude_folder: &'a Path,
    /// Whether the workspace is trusted.
    pub trust: WorkspaceTrust,
    /// Answered questions.
    pub grants: &'a [Grant],
    /// What the configuration lets anybody grant.
    pub bounds: &'a GrantBounds,
    /// The client's environment, which `environment` permissions choose from.
    pub environment: &'a BTreeMap<String, String>,
    /// How much it may use, all settings considered.
    pub limits: Limits,
    /// Hosts that the configuration denies to every skill, as patterns.
    pub denied_hosts: &'a [String],
    /// The least the kernel must enforce.
    pub required_rung: Rung,
}

/// The decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What the skill may do; its dependency layer, bytecode and data folder are still empty.
    pub policy: SandboxPolicy,
    /// What the runtime does for it on request.
    pub host: HostPolicy,
    /// Permissions that need an answer before the skill runs at all.
    pub unanswered: Vec<Permission>,
    /// Permissions that were refused for good: the skill does not run, and nobody is asked.
    pub refused: Vec<Permission>,
}

/// Cuts what the manifest asks for down to what is granted.
///
/// * A skill with no permissions needs no question.
/// * In a trusted workspace, its own skills get the workspace paths they declare, and embedded skills
///   what they declare but for paths to write outside it. In an untrusted one they run with nothing.
/// * Everything else is granted by an answer about exactly this content and these permissions.
/// * What the configuration does not let anybody grant is neither asked for nor granted.
#[must_use]
pub fn evaluate(request: &PolicyRequest<'_>, host: &dyn HostPaths) -> Evaluation {
    let answer =
        answer_to(request.grants, request.manifest, request.digest).map(|grant| grant.answer);
    let mut decision = Decision {
        request,
        host,
        answered: answer.is_some_and(Answer::is_yes),
        paths: Vec::new(),
        sealed: Vec::new(),
        network: NetworkPolicy {
            allow: Vec::new(),
            deny: request.denied_hosts.to_vec(),
            secrets: Vec::new(),
        },
        environment: base_environment(match request.own_program {
            Some(_) => PROGRAM_FOLDERS.join(":"),
            None => "/usr/bin:/bin".to_owned(),
        }),
        program: request.own_program.map(|own| ProgramPolicy {
            own: own.to_vec(),
            installation: request.installation.to_vec(),
            commands: Vec::new(),
        }),
        absent: Vec::new(),
        host_policy: HostPolicy::default(),
        denials: Vec::new(),
        unanswered: Vec::new(),
        refused: Vec::new(),
    };
    for PermissionRequest { permission, .. } in &request.manifest.permissions {
        match answer {
            Some(Answer::Refused) => decision.deny(permission.clone(), DenialReason::Refused),
            Some(Answer::Granted | Answer::Once) | None => {
                let (inside, outside) = request.bounds.divide(permission);
                if let Some(inside) = inside {
                    decision.consider(&inside);
                }
                if let Some(outside) = outside {
                    decision.deny(outside, DenialReason::OutsideBounds);
                }
            }
        }
    }
    decision.unseal_what_is_named();
    Evaluation {
        policy: SandboxPolicy {
            skill: request.manifest.id(),
            skill_root: request.skill_root.to_owned(),
            workspace: request.workspace.to_owned(),
            paths: decision.paths,
            absent: decision.absent,
            sealed: decision.sealed,
            program: decision.program,
            dependency_layer: None,
            bytecode: None,
            certificates: None,
            data: None,
            network: decision.network,
            environment: decision.environment,
            limits: request.limits,
            required_rung: request.required_rung,
            denials: decision.denials,
            observed: false,
        },
        host: decision.host_policy,
        unanswered: decision.unanswered,
        refused: decision.refused,
    }
}

/// Lets a decision show the skill some of the workspace besides, and tell what it uses: to find out what it
/// needs. It is a person who asks for that, about a workspace that they trust; what they answered about the
/// skill is left as it is.
///
/// What no skill can be granted is not shown.
pub fn observe(
    evaluation: &mut Evaluation,
    request: &PolicyRequest<'_>,
    host: &dyn HostPaths,
    shown: &[Permission],
) {
    let manifest = Manifest {
        permissions: shown
            .iter()
            .map(|permission| PermissionRequest {
                permission: permission.clone(),
                reason: None,
            })
            .collect(),
        ..request.manifest.clone()
    };
    let seen = evaluate(
        &PolicyRequest {
            manifest: &manifest,
            origin: Origin::Workspace,
            grants: &[],
            ..*request
        },
        host,
    );
    let policy = &mut evaluation.policy;
    policy.paths.extend(seen.policy.paths);
    policy.sealed.extend(seen.policy.sealed);
    policy.observed = true;
}

/// What every worker sees: nothing of the person's own environment.
fn base_environment(path: String) -> BTreeMap<String, String> {
    [
        ("HOME", crate::DATA_PATH.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PATH", path),
        ("TMPDIR", "/tmp".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

struct Decision<'a> {
    request: &'a PolicyRequest<'a>,
    host: &'a dyn HostPaths,
    answered: bool,
    paths: Vec<PathGrant>,
    absent: Vec<PathBuf>,
    sealed: Vec<PathBuf>,
    network: NetworkPolicy,
    environment: BTreeMap<String, String>,
    program: Option<ProgramPolicy>,
    host_policy: HostPolicy,
    denials: Vec<Denial>,
    unanswered: Vec<Permission>,
    refused: Vec<Permission>,
}

impl Decision<'_> {
    fn consider(&mut self, permission: &Permission) {
        match permission {
            Permission::Filesystem { paths, access } => {
                for declared in paths {
                    let one = Permission::Filesystem {
                        paths: vec![declared.clone()],
                        access: *access,
                    };
                    let granted = self
                        .judge_path(declared, *access)
                        .and_then(|path| self.seal_below(&path, *access).map(|()| path));
                    match granted {
                        Ok(path) => self.paths.push(PathGrant {
                            declared: declared.clone(),
                            path,
                            access: *access,
                        }),
                        Err(reason) => {
                            // Nothing else was against it, or that would be the reason.
                            let is_absent =
                                (reason, *access) == (DenialReason::Missing, FileAccess::Read);
                            let path = self.host.resolve(&self.meant(declared));
                            self.absent.extend(path.filter(|_| is_absent));
                            self.deny(one, reason);
                        }
                    }
                }
            }
            Permission::Environment { variables } => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                let moved = self.moves_with_home(variables);
                for name in variables.iter().map(String::as_str).chain(moved) {
                    if let Some(value) = self.request.environment.get(name) {
                        self.environment.insert(name.to_owned(), value.clone());
                    }
                }
            }
            Permission::Process { commands } if self.program.is_some() => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                for command in commands {
                    self.consider_command(command);
                }
            }
            Permission::Network { hosts, methods } => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                self.network.allow.push(NetworkGrant {
                    hosts: hosts.clone(),
                    methods: methods.clone(),
                });
            }
            Permission::Secret { names, hosts } => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                for name in names {
                    let placeholder = placeholder(name, self.request.digest);
                    // What every worker sees is not for a manifest to name.
                    self.environment
                        .entry(name.clone())
                        .or_insert_with(|| placeholder.clone());
                    self.network.secrets.push(SecretGrant {
                        name: name.clone(),
                        placeholder,
                        hosts: hosts.clone(),
                    });
                }
            }
            Permission::Skill { skills } => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                self.host_policy.skills.extend(skills.iter().cloned());
            }
            Permission::Context { fields } => {
                for field in fields {
                    self.consider_context(field);
                }
            }
            Permission::Mcp { servers, tools } => {
                if let Err(reason) = self.judge_grant() {
                    return self.deny(permission.clone(), reason);
                }
                self.host_policy.mcp.push(McpGrant {
                    servers: servers.clone(),
                    tools: tools.clone(),
                });
            }
            Permission::Process { .. } | Permission::Git { .. } => {
                self.deny(permission.clone(), DenialReason::Unsupported);
            }
        }
    }

    fn consider_context(&mut self, field: &str) {
        let one = || Permission::Context {
            fields: vec![field.to_owned()],
        };
        match field {
            "conversation" => match self.judge_grant() {
                Ok(()) => self.host_policy.conversation = true,
                Err(reason) => self.deny(one(), reason),
            },
            // Every skill is told.
            _ if FREE_CONTEXT.contains(&field) => {}
            _ => self.deny(one(), DenialReason::Unsupported),
        }
    }

    fn consider_command(&mut self, command: &str) {
        let one = || Permission::Process {
            commands: vec![command.to_owned()],
        };
        // A name is looked up where the system's programs are; a path could be one the skill has made.
        let found = (!command.contains('/')).then(|| self.host.program(command));
        match (found.flatten(), &mut self.program) {
            (Some(files), Some(program)) => program.commands.push(CommandGrant {
                declared: command.to_owned(),
                files,
            }),
            (Some(_) | None, _) => self.deny(one(), DenialReason::Missing),
        }
    }

    fn deny(&mut self, permission: Permission, reason: DenialReason) {
        match reason {
            DenialReason::NotGranted => self.unanswered.push(permission.clone()),
            DenialReason::Refused => self.refused.push(permission.clone()),
            DenialReason::WorkspaceUntrusted
            | DenialReason::OutsideBounds
            | DenialReason::OwnFolder
            | DenialReason::ProtectedPath
            | DenialReason::CoversWorkspace
            | DenialReason::LeavesWorkspace
            | DenialReason::Missing
            | DenialReason::TooLarge
            | DenialReason::Unsupported => {}
        }
        self.denials.push(Denial { permission, reason });
    }

    /// Whether what has no place in the workspace is granted.
    fn judge_grant(&self) -> Result<(), DenialReason> {
        match (self.request.origin, self.request.trust) {
            _ if self.answered => Ok(()),
            (Origin::Embedded, WorkspaceTrust::Trusted) => Ok(()),
            (Origin::Embedded, WorkspaceTrust::Untrusted) => Err(DenialReason::WorkspaceUntrusted),
            (Origin::Workspace | Origin::Elsewhere, _) => Err(DenialReason::NotGranted),
        }
    }

    fn judge_path(&self, declared: &str, access: FileAccess) -> Result<PathBuf, DenialReason> {
        let asked = self.meant(declared);
        let path = self.host.resolve(&asked).ok_or(DenialReason::Missing)?;
        let inside = path.starts_with(self.request.workspace);
        // What was asked for and answered is a place in the workspace; a link in the repository must
        // not make it another one.
        if asked.starts_with(self.request.workspace) && !inside {
            return Err(DenialReason::LeavesWorkspace);
        }
        let holds = |folder: &PathBuf| folder.starts_with(&path) || path.starts_with(folder);
        if self.request.own_folders.iter().any(holds) {
            return Err(DenialReason::OwnFolder);
        }
        let bound = |text: &str| self.host.resolve(&self.absolute(text));
        if !self.request.bounds.cover_path(&path, access, bound) {
            return Err(DenialReason::OutsideBounds);
        }
        if !self.answered {
            // What is compiled in is as trustworthy as the program, which reads what it likes.
            let declared_is_enough = match self.request.origin {
                Origin::Workspace => inside,
                Origin::Embedded => inside || access == FileAccess::Read,
                Origin::Elsewhere => false,
            };
            match self.request.trust {
                _ if !declared_is_enough => return Err(DenialReason::NotGranted),
                WorkspaceTrust::Trusted => {}
                WorkspaceTrust::Untrusted => return Err(DenialReason::WorkspaceUntrusted),
            }
        }
        if access == FileAccess::Write {
            if self.request.workspace.starts_with(&path) {
                return Err(DenialReason::CoversWorkspace);
            }
            let touches = |folder: &Path| folder.starts_with(&path) || path.starts_with(folder);
            let code = self.request.skill_folders.iter();
            if touches(self.request.skill_root) || code.into_iter().any(|folder| touches(folder)) {
                return Err(DenialReason::ProtectedPath);
            }
            // Named one by one means: the protected path is what the manifest wrote, and the person
            // was shown it and said yes.
            let protected = self.protected(&path);
            if protected && !(self.answered && normalize(&asked) == path) {
                return Err(DenialReason::ProtectedPath);
            }
        } else if !self.host.exists(&path) {
            return Err(DenialReason::Missing);
        }
        Ok(path)
    }

    fn protected(&self, path: &Path) -> bool {
        path.strip_prefix(self.request.workspace)
            .is_ok_and(has_protected_part)
    }

    /// Keeps the protected names below a path to write as they are.
    fn seal_below(&mut self, path: &Path, access: FileAccess) -> Result<(), DenialReason> {
        if access == FileAccess::Read {
            return Ok(());
        }
        let found = self.host.protected_below(path);
        let found = found.filter(|found| self.sealed.len() + found.len() <= MAX_SEALED);
        self.sealed.extend(found.ok_or(DenialReason::TooLarge)?);
        Ok(())
    }

    /// What a manifest names one by one, and was granted, is no part of the folder above it.
    fn unseal_what_is_named(&mut self) {
        let paths = &self.paths;
        let named = |path: &PathBuf| {
            paths
                .iter()
                .any(|grant| grant.access == FileAccess::Write && grant.path == *path)
        };
        self.sealed.retain(|path| !named(path));
        self.sealed.sort();
        self.sealed.dedup();
    }

    /// What a built-in skill that knows the home folder has to know as well: whether a part of it is elsewhere. Its
    /// manifest does not say so, because those of the first format stay as they are.
    fn moves_with_home(&self, variables: &[String]) -> Option<&'static str> {
        let knows_home = variables.iter().any(|name| name == "HOME");
        (knows_home && self.request.origin == Origin::Embedded)
            .then_some(mycelium_types::CLAUDE_FOLDER_VARIABLE)
    }

    /// What a manifest's path means. A skill from elsewhere asks for the folder that it names and for no other.
    fn meant(&self, declared: &str) -> PathBuf {
        let of_claude_code = Path::new(declared).strip_prefix("~/.claude");
        match (self.request.origin, of_claude_code) {
            (Origin::Embedded, Ok(rest)) => normalize(&self.request.claude_folder.join(rest)),
            (Origin::Embedded | Origin::Workspace | Origin::Elsewhere, _) => {
                self.absolute(declared)
            }
        }
    }

    fn absolute(&self, declared: &str) -> PathBuf {
        if declared == "~" {
            return self.request.home.to_owned();
        }
        let path = match declared.strip_prefix("~/") {
            Some(rest) => self.request.home.join(rest),
            None => self.request.workspace.join(declared),
        };
        normalize(&path)
    }
}

/// What stands for a secret in a worker: characters that headers and queries leave as they are. Another
/// skill, or another content of it, has another one.
fn placeholder(name: &str, digest: Digest) -> String {
    let own = DigestBuilder::new()
        .part(digest.as_bytes())
        .part(name.as_bytes())
        .finish();
    format!("mycelium_secret_{name}_{}", own.short())
}

/// The path without `.` and `..`, by its text alone.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
