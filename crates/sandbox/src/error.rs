//! Why a sandbox, or a part of one, could not be had.

use std::fmt;
use std::io;
use std::path::PathBuf;

use mycelium_policy::Rung;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde::Deserialize;
use serde::Serialize;

/// A kernel error number; unlike [`io::Error`] it can be sent from one process to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OsError(i32);

impl OsError {
    /// The number, as in `errno`.
    #[must_use]
    pub fn raw(self) -> i32 {
        self.0
    }

    /// The calling thread's last error.
    pub(crate) fn last() -> Self {
        io::Error::last_os_error().into()
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from_raw_os_error(self.0).fmt(f)
    }
}

impl fmt::Debug for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OsError({self})")
    }
}

impl std::error::Error for OsError {}

impl From<rustix::io::Errno> for OsError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self(errno.raw_os_error())
    }
}

impl From<io::Error> for OsError {
    fn from(error: io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

/// What a call to the launcher was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Starting the launcher itself.
    Start,
    /// Making a worker.
    Spawn,
    /// Giving a worker its skill.
    Assign,
    /// Giving a worker a network.
    OpenNetwork,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Start => "starting the launcher",
            Self::Spawn => "making a worker",
            Self::Assign => "giving a worker its skill",
            Self::OpenNetwork => "giving a worker a network",
        })
    }
}

/// One step of making a launcher or a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// The launcher's own user and mount namespace.
    OuterNamespaces,
    /// The control socket, the event queue, the signals.
    Plumbing,
    /// Giving up what the launcher does not need.
    LauncherCapabilities,
    /// `clone3` with all new namespaces.
    Namespaces,
    /// The user and group maps.
    IdentityMap,
    /// Becoming the mapped user.
    Identity,
    /// Dying with the launcher.
    DeathSignal,
    /// The private root and what is in it.
    PrivateRoot,
    /// Changing to the private root.
    PivotRoot,
    /// The host name.
    HostName,
    /// Closing every inherited descriptor.
    Descriptors,
    /// The own session.
    Session,
    /// Resource limits.
    ResourceLimits,
    /// Dropping all capabilities.
    Capabilities,
    /// Never gaining privileges by `exec`.
    NoNewPrivileges,
    /// The system call filter.
    Filter,
    /// The control group.
    ControlGroup,
    /// A worker's own network.
    Network,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OuterNamespaces => {
                "create the user and mount namespaces that the rung `full` needs"
            }
            Self::Plumbing => "set up the launcher's event queue",
            Self::LauncherCapabilities => "give up the launcher's unneeded capabilities",
            Self::Namespaces => "create a worker's namespaces",
            Self::IdentityMap => "map the worker's user",
            Self::Identity => "become the worker's user",
            Self::DeathSignal => "tie the worker to its launcher",
            Self::PrivateRoot => "build the private root",
            Self::PivotRoot => "change to the private root",
            Self::HostName => "set the host name",
            Self::Descriptors => "close inherited descriptors",
            Self::Session => "start a session",
            Self::ResourceLimits => "set resource limits",
            Self::Capabilities => "drop capabilities",
            Self::NoNewPrivileges => "give up gaining privileges",
            Self::Filter => "load the system call filter",
            Self::ControlGroup => "use the control group",
            Self::Network => "set up a worker's network",
        })
    }
}

/// Why a host path is not shown inside a sandbox, whoever granted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// It cannot be opened.
    Unreachable(OsError),
    /// It, or a folder above it, has become a symbolic link.
    Link,
    /// It is neither a folder nor a regular file.
    Special,
    /// It is on a file system of the kernel's own, such as `/proc`.
    KernelFileSystem,
    /// The place is taken by a part of the sandbox itself.
    Reserved,
    /// It is not absolute, not in normal form or not UTF-8.
    Form,
    /// Other file systems are mounted below it.
    NestedMounts,
    /// Its file system cannot show the person's files to the worker's user.
    NoIdMapping,
    /// It cannot be attached.
    Unattachable(OsError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "it cannot be opened: {error}"),
            Self::Link => f.write_str("it leads through a symbolic link"),
            Self::Special => f.write_str("it is neither a folder nor a regular file"),
            Self::KernelFileSystem => f.write_str("it is on a file system of the kernel's own"),
            Self::Reserved => f.write_str("the sandbox uses this place itself"),
            Self::Form => f.write_str("it is not an absolute path in normal form"),
            Self::NestedMounts => f.write_str("other file systems are mounted below it"),
            Self::NoIdMapping => f.write_str(
                "its file system has no id-mapped mounts, which a supervisor that is root needs",
            ),
            Self::Unattachable(error) => write!(f, "it cannot be attached: {error}"),
        }
    }
}

/// Why a sandbox, or a part of one, could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum SandboxError {
    /// The launcher program cannot be started.
    #[error("{} cannot be started as the launcher", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why.
        source: OsError,
    },
    /// The program ended before it said anything, as one does that has no launcher inside.
    #[error("{} does not work as a launcher", program.display())]
    NotALauncher {
        /// The program.
        program: PathBuf,
    },
    /// The launcher is gone, and all its workers with it.
    #[error("the launcher has ended")]
    LauncherLost,
    /// The launcher took too long.
    #[error("{operation} took longer than {limit_ms} ms")]
    TimedOut {
        /// What took too long.
        operation: Operation,
        /// How long it may take, in milliseconds.
        limit_ms: u64,
    },
    /// A message on the control socket is not one.
    #[error("the launcher and its supervisor do not understand each other: {reason}")]
    Protocol {
        /// What is wrong with it.
        reason: String,
    },
    /// A policy names more paths than are accepted.
    #[error("the policy names {count} paths, more than the {limit} accepted")]
    TooManyPaths {
        /// Paths named.
        count: usize,
        /// Paths accepted.
        limit: usize,
    },
    /// A worker's network is asked for at more ports than are accepted.
    #[error("the network names {count} ports, more than the {limit} accepted")]
    TooManyPorts {
        /// Ports named.
        count: usize,
        /// Ports accepted.
        limit: usize,
    },
    /// A policy is larger than the control socket carries.
    #[error("the policy's paths take {bytes} bytes, more than the {limit} accepted")]
    TooLarge {
        /// Bytes needed.
        bytes: usize,
        /// Bytes accepted.
        limit: usize,
    },
    /// The kernel has no Landlock that could hold without namespaces.
    #[error("the kernel has no Landlock from ABI 3 on, which would have to hold alone")]
    NoLandlock,
    /// Filters cannot ask, which worker without namespaces need.
    #[error(
        "the kernel lets no system call filter ask, which it must where there are no namespaces"
    )]
    NoQuestions,
    /// The machine provides less than is required.
    #[error(
        "the sandbox reaches the rung `{available}` here, and `{required}` is required: {reason}"
    )]
    RungTooLow {
        /// The least that is required.
        required: Rung,
        /// What there is.
        available: Rung,
        /// Why there is no more.
        reason: String,
    },
    /// A step of the set-up failed.
    #[error("cannot {step}{}", path.as_ref().map(|path| format!(" ({})", path.display())).unwrap_or_default())]
    Setup {
        /// The step.
        step: Step,
        /// The file or folder it was about, if any.
        path: Option<PathBuf>,
        /// Why.
        source: OsError,
    },
    /// A worker ended during its set-up, without a word.
    #[error("a worker ended during its set-up")]
    SetupDied,
    /// A granted folder does not exist and cannot be created.
    #[error("{} cannot be created", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: OsError,
    },
    /// A path cannot be shown inside.
    #[error("{} cannot be used in a sandbox: {reason}", path.display())]
    Refused {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: Refusal,
    },
    /// A limit cannot be set.
    #[error("the limit {resource} cannot be set")]
    Limit {
        /// The limit, in the kernel's words.
        resource: String,
        /// Why.
        source: OsError,
    },
    /// The worker has ended.
    #[error("the worker has ended")]
    WorkerLost,
    /// The worker already has a skill; workers are never used twice.
    #[error("the worker already has a skill")]
    AlreadyAssigned,
    /// The worker is already restricted; workers are never used twice.
    #[error("the worker is already restricted")]
    AlreadyRestricted,
    /// The policy is for another kind of worker.
    #[error("the policy is for another kind of worker")]
    WrongKind,
    /// Programs of skills' own need namespaces and Landlock.
    #[error(
        "a skill that is a program of its own runs only with namespaces and Landlock, which are not available here"
    )]
    NoPrograms,
    /// A Landlock rule cannot be made.
    #[error("no Landlock rule can be made for {}", path.display())]
    Rule {
        /// The path of the rule.
        path: PathBuf,
        /// Why.
        source: OsError,
    },
    /// Landlock does not hold.
    #[error("Landlock does not hold: {reason}")]
    NotEnforced {
        /// Why.
        reason: String,
    },
    /// The working directory cannot be entered.
    #[error("the working directory {} cannot be entered", path.display())]
    WorkingDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: OsError,
    },
    /// The processor clock of a worker cannot be used.
    #[error("the worker's processor clock cannot be used")]
    Clock {
        /// Why.
        source: OsError,
    },
}

impl SandboxError {
    /// A failed step that is not about a file.
    pub(crate) fn step(step: Step) -> impl FnOnce(rustix::io::Errno) -> Self {
        move |errno| Self::Setup {
            step,
            path: None,
            source: errno.into(),
        }
    }

    /// A failed step about `path`.
    pub(crate) fn step_at<E: Into<OsError>>(
        step: Step,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        move |error| Self::Setup {
            step,
            path: Some(path.into()),
            source: error.into(),
        }
    }

    /// The whole story, causes included, in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        mycelium_types::with_causes(self)
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::Program { .. }
            | Self::NotALauncher { .. }
            | Self::TooManyPaths { .. }
            | Self::TooLarge { .. }
            | Self::TooManyPorts { .. }
            | Self::NoLandlock
            | Self::NoQuestions
            | Self::RungTooLow { .. }
            | Self::NoPrograms
            | Self::Setup { .. }
            | Self::CreateFolder { .. }
            | Self::Refused { .. }
            | Self::Limit { .. }
            | Self::Rule { .. }
            | Self::NotEnforced { .. }
            | Self::WorkingDirectory { .. }
            | Self::Clock { .. } => ErrorCode::SandboxUnavailable,
            Self::LauncherLost | Self::SetupDied | Self::WorkerLost => ErrorCode::WorkerCrashed,
            Self::TimedOut { .. } => ErrorCode::Overloaded,
            Self::Protocol { .. }
            | Self::AlreadyAssigned
            | Self::AlreadyRestricted
            | Self::WrongKind => ErrorCode::Internal,
        }
    }
}

impl From<SandboxError> for ErrorReport {
    /// The facts are `reason` only: the caller knows the `skill`.
    fn from(error: SandboxError) -> Self {
        ErrorReport::new(error.code()).with("reason", error.reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_a_refused_path_names_it_and_the_reason() {
        let report = ErrorReport::from(SandboxError::Refused {
            path: "/srv/share".into(),
            reason: Refusal::NoIdMapping,
        });
        assert_eq!(report.code, ErrorCode::SandboxUnavailable);
        let text = report.to_string();
        assert!(
            text.contains("/srv/share") && text.contains("id-mapped"),
            "{text}"
        );
    }

    #[test]
    fn a_failed_step_tells_its_cause_and_survives_the_wire() {
        let error = SandboxError::step_at(Step::PrivateRoot, "/proc")(rustix::io::Errno::PERM);
        assert!(error.reason().contains("(/proc)") && error.reason().contains("os error 1"));
        let wire = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<SandboxError>(&wire).unwrap(), error);
    }
}
