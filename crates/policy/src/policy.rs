//! The one description of what a worker may do.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::Permission;
use mycelium_types::SkillId;
use serde::Deserialize;
use serde::Serialize;

use crate::UNCOUNTED;
use crate::protected::has_protected_part;

use crate::NetworkPolicy;
use crate::ProgramPolicy;
use crate::RUNTIME_FOLDERS;
use crate::RUNTIME_SETTINGS;
use crate::SANDBOX_SETTINGS;

/// Where the dependency layer is inside a sandbox.
pub const DEPENDENCIES_PATH: &str = "/mycelium/deps";
/// Where the skill's private data is inside a sandbox.
pub const DATA_PATH: &str = "/mycelium/data";
/// Where compiled code is inside a sandbox.
pub const BYTECODE_PATH: &str = "/mycelium/bytecode";

/// Where the certificates are that programs trust, inside a sandbox whose TLS the broker reads.
pub const CERTIFICATES_PATH: &str = "/mycelium/certificates.pem";

/// As many uses are kept of one call of a skill that is observed, by everybody who keeps some: whoever has as many knows
/// that there may have been more.
pub const MAX_OBSERVED: usize = 4096;

/// How much of the sandbox the kernel enforces. Ordered: more is greater.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Nothing.
    None,
    /// Landlock, seccomp and resource limits, no namespaces.
    Reduced,
    /// Namespaces, Landlock, seccomp and resource limits.
    #[default]
    Full,
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Reduced => "reduced",
            Self::Full => "full",
        })
    }
}

/// What one worker may do. Everything not named here is refused by the kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SandboxPolicy {
    /// The skill it is for.
    pub skill: SkillId,
    /// The skill's own folder, readable at its host path.
    pub skill_root: PathBuf,
    /// The working directory; a host path. Visible itself only as far as `paths` says.
    pub workspace: PathBuf,
    /// Granted host paths, at the same place inside.
    pub paths: Vec<PathGrant>,
    /// Host paths that are granted to be read and were not there: looking for them is no violation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<PathBuf>,
    /// What exists below writable paths and stays as it is, because of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<PathBuf>,
    /// What it may run, if its engine is a program of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramPolicy>,
    /// The host folder shown read-only at [`DEPENDENCIES_PATH`].
    pub dependency_layer: Option<PathBuf>,
    /// The host file shown read-only at [`BYTECODE_PATH`].
    pub bytecode: Option<PathBuf>,
    /// The host file shown read-only at [`CERTIFICATES_PATH`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<PathBuf>,
    /// The host folder shown writable at [`DATA_PATH`].
    pub data: Option<PathBuf>,
    /// The hosts it may talk to.
    #[serde(default)]
    pub network: NetworkPolicy,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// How much it may use.
    pub limits: Limits,
    /// The least the kernel must enforce, or the skill does not run.
    pub required_rung: Rung,
    /// What it asked for and does not get.
    pub denials: Vec<Denial>,
    /// Whether what it uses of its grants is told, not only what it is refused.
    #[serde(default, skip_serializing_if = "is_not")]
    pub observed: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it asks about by reference"
)]
fn is_not(observed: &bool) -> bool {
    !observed
}

/// One host path a worker may use, and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathGrant {
    /// As the manifest wrote it, for messages.
    pub declared: String,
    /// The path, absolute and without links.
    pub path: PathBuf,
    /// Whether it may be changed.
    pub access: FileAccess,
}

/// A permission that is not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What was asked for; of several paths or names only the denied ones.
    pub permission: Permission,
    /// Why it is not granted.
    pub reason: DenialReason,
}

/// Why a permission is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenialReason {
    /// The person has not trusted the workspace.
    WorkspaceUntrusted,
    /// The person has not answered the question, or answered for other content.
    NotGranted,
    /// The person has refused it for good, for this content.
    Refused,
    /// The configuration does not let anybody grant it.
    OutsideBounds,
    /// The path is in one of the program's own folders, or above one.
    OwnFolder,
    /// The path is one that changes what programs outside the sandbox do.
    ProtectedPath,
    /// The write path is the workspace itself or a folder above it.
    CoversWorkspace,
    /// The path is written as one in the workspace, and a link leads elsewhere.
    LeavesWorkspace,
    /// The path to read does not exist.
    Missing,
    /// There is too much below the path to write to keep what is protected in it.
    TooLarge,
    /// No engine of this version can give it.
    Unsupported,
}

impl DenialReason {
    /// The reason's key in the message catalogue.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::WorkspaceUntrusted => "denial-workspace-untrusted",
            Self::NotGranted => "denial-not-granted",
            Self::Refused => "denial-refused",
            Self::OutsideBounds => "denial-outside-bounds",
            Self::OwnFolder => "denial-own-folder",
            Self::ProtectedPath => "denial-protected-path",
            Self::CoversWorkspace => "denial-covers-workspace",
            Self::LeavesWorkspace => "denial-leaves-workspace",
            Self::Missing => "denial-missing",
            Self::TooLarge => "denial-too-large",
            Self::Unsupported => "denial-unsupported",
        }
    }
}

impl SandboxPolicy {
    /// Whether the worker itself has a network, which leads to the broker only. An embedded engine has none:
    /// what it asks for, the runtime asks for.
    #[must_use]
    pub fn has_own_network(&self) -> bool {
        self.program.is_some() && !self.network.is_empty()
    }

    /// The same policy where nothing can be shown at another place than it has on the host: the private data, the
    /// dependency layer and the compiled code are granted there, and the environment says so. There is no private
    /// `/tmp` then, so temporary files belong to the data.
    #[must_use]
    pub fn at_host_paths(mut self) -> Self {
        let places = [
            (BYTECODE_PATH, &self.bytecode, FileAccess::Read),
            (DATA_PATH, &self.data, FileAccess::Write),
            (DEPENDENCIES_PATH, &self.dependency_layer, FileAccess::Read),
        ];
        let grants = places.map(|(inside, host, access)| {
            host.clone().map(|path| PathGrant {
                declared: inside.to_owned(),
                path,
                access,
            })
        });
        self.paths.extend(grants.into_iter().flatten());
        let data = self.place_of(DATA_PATH).display().to_string();
        for (name, value) in &mut self.environment {
            if value == DATA_PATH || name == "TMPDIR" {
                data.clone_into(value);
            }
        }
        self
    }

    /// Where what belongs at `inside` is: there, unless this is a policy [at host
    /// paths](Self::at_host_paths).
    #[must_use]
    pub fn place_of(&self, inside: &str) -> PathBuf {
        let moved = self.paths.iter().find(|grant| grant.declared == inside);
        moved.map_or_else(|| PathBuf::from(inside), |grant| grant.path.clone())
    }

    /// The grant that `path`, absolute and without links, takes to be used with `access`: the narrowest that
    /// gives so much. `None` if it takes none, because it is the skill's own or in one of the places that
    /// every sandbox has, and if there is none.
    #[must_use]
    pub fn grant_of(&self, path: &Path, access: FileAccess) -> Option<&PathGrant> {
        let gives = |grant: &&PathGrant| {
            let is_enough = access == FileAccess::Read || grant.access == FileAccess::Write;
            is_enough && path.starts_with(&grant.path)
        };
        if path.starts_with(&self.skill_root) {
            return None;
        }
        // Of two that give the same, the one that is only for reading is the narrower.
        let width = |grant: &&PathGrant| {
            let depth = grant.path.components().count();
            (std::cmp::Reverse(depth), grant.access == FileAccess::Write)
        };
        self.paths.iter().filter(gives).min_by_key(width)
    }

    /// Whether `path`, absolute and without links, may be used with `access`.
    ///
    /// This is the in-engine guard's view; the kernel decides by itself from the same data.
    #[must_use]
    pub fn allows(&self, path: &Path, access: FileAccess) -> bool {
        let below = |root: &Path| path.starts_with(root);
        // What is shown of the host's `/tmp` is a place of the host, not of the private `/tmp`.
        let temporary = below(Path::new("/tmp"))
            && !below(&self.workspace)
            && !below(&self.skill_root)
            && !self.paths.iter().any(|grant| below(&grant.path));
        let writable = temporary
            || below(Path::new("/dev"))
            || (self.data.is_some() && below(Path::new(DATA_PATH)))
            || self.paths.iter().any(|grant| {
                grant.access == FileAccess::Write
                    && path
                        .strip_prefix(&grant.path)
                        .is_ok_and(|rest| !has_protected_part(rest))
            });
        let runtime = || {
            let mut shown = RUNTIME_FOLDERS
                .iter()
                .chain(&RUNTIME_SETTINGS)
                .chain(&SANDBOX_SETTINGS);
            self.program.is_some()
                && (below(Path::new("/proc")) || shown.any(|shown| below(Path::new(shown))))
        };
        match access {
            FileAccess::Write => writable,
            FileAccess::Read => {
                writable
                    || runtime()
                    || (self.program.as_ref()).is_some_and(|program| program.is_installed(path))
                    || (below(&self.skill_root) && !below(&self.skill_root.join(UNCOUNTED)))
                    || below(Path::new("/mycelium"))
                    || self.paths.iter().any(|grant| below(&grant.path))
                    || self.absent.iter().any(|path| below(path))
            }
        }
    }
}
