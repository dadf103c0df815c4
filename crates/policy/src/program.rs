//! What a worker may run when its engine is a program of its own.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// Folders of the host that a program of its own sees read-only: the system's programs and libraries,
/// which hold nothing of a person's.
pub const RUNTIME_FOLDERS: [&str; 7] = [
    "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr",
];

/// What it sees of the host's `/etc`: what libraries look for and everybody may know.
pub const RUNTIME_SETTINGS: [&str; 9] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// The sandbox's own folders, which no host path may cover.
pub const SANDBOX_FOLDERS: [&str; 4] = ["/dev", "/mycelium", "/proc", "/sys"];

/// Files of a worker's own `/etc`, which are the same in every worker.
pub const SANDBOX_SETTINGS: [&str; 5] = [
    "/etc/group",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/resolv.conf",
];

/// Where programs are looked for by name, in this order; the `PATH` of every program.
pub const PROGRAM_FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// What a worker may run when its engine is a program of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramPolicy {
    /// The files that running the skill itself takes: its entrypoint and what interprets that.
    pub own: Vec<PathBuf>,
    /// Where its code is besides the skill's own folder: folders and files that are shown read-only, and from which
    /// machine code may be mapped. Absolute, without links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub installation: Vec<PathBuf>,
    /// The programs it may start besides. Without any it may not start processes at all.
    pub commands: Vec<CommandGrant>,
}

/// One program of the host that a worker may start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandGrant {
    /// The name, as the manifest wrote it.
    pub declared: String,
    /// The program and what interprets it: absolute, without links.
    pub files: Vec<PathBuf>,
}

/// Whether a worker may start further processes. Threads it may always have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildProcesses {
    /// None at all.
    Refused,
    /// As many as its limit says.
    Allowed,
}

impl ProgramPolicy {
    /// Every file that may be executed.
    pub fn executables(&self) -> impl Iterator<Item = &Path> {
        let commands = self.commands.iter().flat_map(|command| &command.files);
        self.own.iter().chain(commands).map(PathBuf::as_path)
    }

    /// Whether what is at `path` is the installed code of the skill.
    #[must_use]
    pub fn is_installed(&self, path: &Path) -> bool {
        self.installation.iter().any(|own| path.starts_with(own))
    }

    /// Whether further processes may be started.
    #[must_use]
    pub fn child_processes(&self) -> ChildProcesses {
        if self.commands.is_empty() {
            ChildProcesses::Refused
        } else {
            ChildProcesses::Allowed
        }
    }
}
