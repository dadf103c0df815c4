//! The last layer: Landlock with exactly the policy's paths, put on by the worker itself.

use std::ffi::CString;
use std::path::Path;

use landlock::ABI;
use landlock::Access;
use landlock::AccessFs;
use landlock::AccessNet;
use landlock::BitFlags;
use landlock::LandlockStatus;
use landlock::PathBeneath;
use landlock::Ruleset;
use landlock::RulesetAttr;
use landlock::RulesetCreatedAttr;
use landlock::RulesetError;
use landlock::RulesetStatus;
use landlock::Scope;
use landlock::make_bitflags;
use mycelium_policy::BYTECODE_PATH;
use mycelium_policy::CERTIFICATES_PATH;
use mycelium_policy::DATA_PATH;
use mycelium_policy::DEPENDENCIES_PATH;
use mycelium_policy::PathGrant;
use mycelium_policy::RUNTIME_FOLDERS;
use mycelium_policy::RUNTIME_SETTINGS;
use mycelium_policy::SANDBOX_SETTINGS;
use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::fstat;
use rustix::fs::openat;

use crate::Footing;
use crate::SandboxError;
use crate::syscall;

/// The newest interface the rules below were written for; older kernels get the part they know.
const KNOWN: ABI = ABI::V9;

/// Enters the workspace and restricts the calling thread, which is the process's only one. Returns the version of
/// Landlock's interface; none where there is no Landlock and namespaces hold.
pub(crate) fn apply(
    policy: &SandboxPolicy,
    footing: Footing,
    making: Making,
) -> Result<Option<i32>, SandboxError> {
    name_process(policy);
    rustix::process::chdir(&policy.workspace).map_err(|errno| SandboxError::WorkingDirectory {
        path: policy.workspace.clone(),
        source: errno.into(),
    })?;

    if footing == Footing::Namespaces && syscall::landlock_abi().is_err() {
        return Ok(None);
    }
    // Everything Landlock knows is handled, so that whatever no rule below gives is refused:
    // executing, sockets, device ioctls, TCP, abstract sockets, signals.
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))
        .and_then(|rules| match policy.has_own_network() {
            // It leads to the broker whatever address and port the program chooses.
            true => Ok(rules),
            false => rules.handle_access(AccessNet::from_all(KNOWN)),
        })
        .and_then(|rules| rules.scope(Scope::from_all(KNOWN)))
        .and_then(Ruleset::create)
        .map_err(not_enforced)?;
    // Where there are no namespaces the filter refuses descriptors of mere names.
    let name = match footing {
        Footing::Namespaces => OFlags::PATH,
        Footing::Bare => OFlags::RDONLY | OFlags::NONBLOCK,
    };
    for (path, how) in allowed(policy, footing, making) {
        let place = openat(CWD, path, name | OFlags::CLOEXEC, Mode::empty()).map_err(|errno| {
            SandboxError::Rule {
                path: path.to_owned(),
                source: errno.into(),
            }
        })?;
        let kind = fstat(&place).map_err(|errno| SandboxError::Rule {
            path: path.to_owned(),
            source: errno.into(),
        })?;
        let mut rights = how.rights();
        if FileType::from_raw_mode(kind.st_mode) != FileType::Directory {
            rights &= AccessFs::from_file(KNOWN);
        }
        rules = rules
            .add_rule(PathBeneath::new(place, rights))
            .map_err(not_enforced)?;
    }
    let status = rules.restrict_self().map_err(not_enforced)?;
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available {
                effective_abi,
                kernel_abi,
            },
        ) => Ok(Some(kernel_abi.unwrap_or(effective_abi as i32))),
        (
            RulesetStatus::NotEnforced
            | RulesetStatus::FullyEnforced
            | RulesetStatus::PartiallyEnforced,
            LandlockStatus::NotEnabled
            | LandlockStatus::NotImplemented
            | LandlockStatus::Available { .. },
        ) => Err(SandboxError::NoLandlock),
    }
}

fn not_enforced(error: RulesetError) -> SandboxError {
    SandboxError::NotEnforced {
        reason: error.to_string(),
    }
}

/// Who makes new files below the folders that a worker was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// The worker itself.
    Own,
    /// Its supervisor, which its filter tells of each.
    Supervisors,
}

/// What may be done below a path.
#[derive(Clone, Copy)]
enum Use {
    Read,
    /// Reading and writing what is there, such as `/dev/null`.
    Device,
    Write,
    /// The same, but for what is not there yet.
    Change,
    /// Reading and executing one file.
    Execute,
}

impl Use {
    fn rights(self) -> BitFlags<AccessFs> {
        let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
        match self {
            Self::Read => read,
            Self::Execute => read | AccessFs::Execute,
            Self::Device => read | AccessFs::WriteFile,
            // Making devices, sockets or pipes is not among them, and neither is executing.
            Self::Write => {
                read | make_bitflags!(AccessFs::{
                    WriteFile | Truncate | Refer | MakeReg | MakeDir | MakeSym | RemoveFile
                    | RemoveDir
                })
            }
            Self::Change => {
                read | make_bitflags!(AccessFs::{
                    WriteFile | Truncate | RemoveFile | RemoveDir
                })
            }
        }
    }
}

/// Every path the policy gives, as it is called inside.
fn allowed(policy: &SandboxPolicy, footing: Footing, making: Making) -> Vec<(&Path, Use)> {
    let mut allowed = match footing {
        Footing::Namespaces => inside(policy, making),
        Footing::Bare => outside(policy),
    };
    allowed.extend(policy.paths.iter().map(|grant| {
        let how = match (grant.access, making) {
            (FileAccess::Read, _) => Use::Read,
            (FileAccess::Write, Making::Own) => Use::Write,
            (FileAccess::Write, Making::Supervisors) => Use::Change,
        };
        (grant.path.as_path(), how)
    }));
    allowed
}

/// Whether something of the host that may be written is shown in the worker's own `/tmp`. Landlock's rule for a folder
/// holds for whatever is mounted below it, too.
pub(crate) fn shares_temporary(policy: &SandboxPolicy) -> bool {
    let shared =
        |grant: &PathGrant| grant.access == FileAccess::Write && grant.path.starts_with("/tmp");
    policy.paths.iter().any(shared)
}

/// What is not granted by a path, as a private root has it.
fn inside(policy: &SandboxPolicy, making: Making) -> Vec<(&Path, Use)> {
    let temporary = match making {
        Making::Supervisors if shares_temporary(policy) => Use::Change,
        Making::Supervisors | Making::Own => Use::Write,
    };
    let own = [
        Some((policy.skill_root.as_path(), Use::Read)),
        Some((Path::new("/dev"), Use::Device)),
        Some((Path::new("/tmp"), temporary)),
        (policy.dependency_layer.as_ref()).map(|_| (Path::new(DEPENDENCIES_PATH), Use::Read)),
        (policy.bytecode.as_ref()).map(|_| (Path::new(BYTECODE_PATH), Use::Read)),
        (policy.certificates.as_ref()).map(|_| (Path::new(CERTIFICATES_PATH), Use::Read)),
        (policy.data.as_ref()).map(|_| (Path::new(DATA_PATH), Use::Write)),
    ];
    let program = policy.program.iter().flat_map(|program| {
        let shown = RUNTIME_FOLDERS.iter().chain(&RUNTIME_SETTINGS);
        // And what the kernel says about the program's own processes.
        let system = shown.chain(&SANDBOX_SETTINGS).chain(&["/proc"]);
        let executables = program.executables().map(|file| (file, Use::Execute));
        let installation = (program.installation.iter()).map(|path| (path.as_path(), Use::Read));
        system
            .map(|path| (Path::new(path), Use::Read))
            .filter(|(path, _)| path.exists())
            .chain(installation)
            .chain(executables)
    });
    own.into_iter().flatten().chain(program).collect()
}

/// The devices that programs cannot do without, none of which holds or leaks anything.
const DEVICES: [&str; 5] = [
    "/dev/full",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
];

/// The same, where the host has it.
fn outside(policy: &SandboxPolicy) -> Vec<(&Path, Use)> {
    let mut own = vec![(policy.skill_root.as_path(), Use::Read)];
    own.extend(DEVICES.map(|device| (Path::new(device), Use::Device)));
    let read = [&policy.dependency_layer, &policy.bytecode];
    own.extend(
        read.into_iter()
            .flatten()
            .map(|path| (path.as_path(), Use::Read)),
    );
    own.extend(policy.data.iter().map(|path| (path.as_path(), Use::Write)));
    own
}

/// Shows the skill's name in `ps`; of no consequence if it fails.
fn name_process(policy: &SandboxPolicy) {
    if let Ok(name) = CString::new(policy.skill.name.to_string()) {
        let _ = rustix::thread::set_name(&name);
    }
}
