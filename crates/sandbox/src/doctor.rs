//! Finding out what holds here, by making a worker that attacks its own sandbox.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_types::Limits;
use mycelium_types::SkillId;
use rustix::fs::Mode;
use rustix::fs::mkdir;
use rustix::io::Errno;
use serde::Deserialize;
use serde::Serialize;

use crate::Attack;
use crate::CgroupVersion;
use crate::Launcher;
use crate::LauncherOptions;
use crate::Note;
use crate::Outcome;
use crate::Privilege;
use crate::SandboxError;
use crate::SandboxReport;
use crate::attack::Findings;
use crate::attack::Targets;
use crate::kernel_file;
use crate::wire::Job;

/// How long the attacks may take, and the most that is read of what came of them, in bytes.
const ATTACK_LIMIT: Duration = Duration::from_secs(60);
const MAX_ANSWER: u64 = 1 << 16;

/// What holds on this machine, for this person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DoctorReport {
    /// How much of the sandbox holds, by trial.
    pub rung: Rung,
    /// The kernel's version.
    pub kernel: String,
    /// Whose rights the launcher has, if it starts.
    pub privilege: Option<Privilege>,
    /// The kernel's version of Landlock's interface, if it has it.
    pub landlock_abi: Option<i32>,
    /// The kind of control groups that limit memory, if they can be used.
    pub cgroup: Option<CgroupVersion>,
    /// What the worker's sandbox consists of, if one could be made.
    pub sandbox: Option<SandboxReport>,
    /// Each attack and how it ended.
    pub attacks: Vec<AttackReport>,
    /// Why there are no namespaces, if that is what lacks.
    pub obstacle: Option<SandboxError>,
    /// Why there is no sandbox, if there is none.
    pub failure: Option<SandboxError>,
    /// What would make more of it hold.
    pub remedies: Vec<Remedy>,
}

/// How one attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackReport {
    /// What was tried.
    pub attack: Attack,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a person can do to make more of the sandbox hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// The kernel's limit of user namespaces is zero.
    RaiseUserNamespaceLimit,
    /// The distribution keeps user namespaces for root.
    AllowUserNamespaces,
    /// AppArmor takes the rights away that a user namespace gives.
    AllowUserNamespacesInAppArmor,
    /// The kernel has no Landlock, or it is not in the list of security modules.
    EnableLandlock,
    /// No control group may be made for workers.
    DelegateMemory,
    /// The kernel does not tell of what it refuses: somebody around us listens already, or it cannot.
    StopInterception,
    /// Parts of the surroundings' `/proc` are hidden, so workers can have none.
    UncoverProc,
}

impl Remedy {
    /// The remedy's key in the message catalogue.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::RaiseUserNamespaceLimit => "remedy-raise-user-namespace-limit",
            Self::AllowUserNamespaces => "remedy-allow-user-namespaces",
            Self::AllowUserNamespacesInAppArmor => "remedy-allow-user-namespaces-in-apparmor",
            Self::EnableLandlock => "remedy-enable-landlock",
            Self::DelegateMemory => "remedy-delegate-memory",
            Self::StopInterception => "remedy-stop-interception",
            Self::UncoverProc => "remedy-uncover-proc",
        }
    }

    /// The command or setting.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::RaiseUserNamespaceLimit => "sysctl -w user.max_user_namespaces=15000",
            Self::AllowUserNamespaces => "sysctl -w kernel.unprivileged_userns_clone=1",
            Self::AllowUserNamespacesInAppArmor => {
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
            }
            Self::EnableLandlock => "lsm=landlock,…",
            Self::DelegateMemory => "systemd-run --user --scope -p Delegate=memory mycelium daemon",
            Self::StopInterception => "security.syscalls.intercept.…=false",
            Self::UncoverProc => "docker run --security-opt systempaths=unconfined …",
        }
    }
}

/// Starts `program` as a launcher, makes a worker that attacks, and reports. Takes some 20 ms.
///
/// In the existing folder `scratch` a folder with something to steal is made, and removed again. There
/// is always a report: what cannot be had is in it.
#[must_use]
pub fn probe(program: &Path, scratch: &Path) -> DoctorReport {
    let mut report = DoctorReport {
        rung: Rung::None,
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        privilege: None,
        landlock_abi: crate::syscall::landlock_abi().ok(),
        cgroup: None,
        sandbox: None,
        attacks: Vec::new(),
        obstacle: None,
        failure: None,
        remedies: Vec::new(),
    };
    if let Err(error) = attempt(program, scratch, &mut report) {
        report.failure = Some(error);
    }
    report.remedies = remedies(&report, |path| kernel_file::read(path).ok());
    report
}

fn attempt(program: &Path, scratch: &Path, report: &mut DoctorReport) -> Result<(), SandboxError> {
    let launcher = Launcher::start(&LauncherOptions::new(program))?;
    report.privilege = Some(launcher.privilege());
    report.cgroup = launcher.cgroup();
    report.obstacle = launcher.obstacle().cloned();
    let range = Range::set_up(scratch)?;
    let mut worker = launcher.spawn_for(Job::Probe)?;
    let before = launcher.assign(&worker, &range.targets.policy)?;
    let findings = worker
        .take_socket()
        .ok_or(SandboxError::WorkerLost)
        .and_then(|socket| converse(&socket, &range.targets))?;
    report.attacks = findings
        .outcomes
        .iter()
        .map(|(attack, outcome)| AttackReport {
            attack: *attack,
            outcome: *outcome,
        })
        .collect();
    let mut sandbox = before.join(&findings.report);
    if findings.succeeded() {
        sandbox.rung = Rung::None;
    }
    report.rung = sandbox.rung;
    report.sandbox = Some(sandbox);
    Ok(())
}

impl Findings {
    fn succeeded(&self) -> bool {
        self.outcomes
            .iter()
            .any(|(_, outcome)| *outcome == Outcome::Succeeded)
    }
}

fn converse(mut socket: &UnixStream, targets: &Targets) -> Result<Findings, SandboxError> {
    let mut text = serde_json::to_vec(targets).map_err(|error| broken(&error))?;
    text.push(b'\n');
    let mut answer = String::new();
    socket
        .set_read_timeout(Some(ATTACK_LIMIT))
        .and_then(|()| socket.write_all(&text))
        .and_then(|()| BufReader::new(socket.take(MAX_ANSWER)).read_line(&mut answer))
        .map_err(|error| broken(&error))?;
    if answer.is_empty() {
        return Err(SandboxError::WorkerLost);
    }
    serde_json::from_str::<Result<Findings, SandboxError>>(&answer)
        .map_err(|error| broken(&error))?
}

fn broken(reason: &dyn std::fmt::Display) -> SandboxError {
    SandboxError::Protocol {
        reason: reason.to_string(),
    }
}

/// Something to aim at, taken away again when dropped.
struct Range {
    targets: Targets,
    folder: PathBuf,
    _servers: (TcpListener, UnixListener),
}

impl Range {
    fn set_up(scratch: &Path) -> Result<Self, SandboxError> {
        let (folder, name) = make_folder(scratch)?;
        let skill_root = folder.join("skill");
        let targets = || -> Result<_, Box<dyn std::error::Error>> {
            fs_err::create_dir(&skill_root)?;
            fs_err::write(folder.join("secret"), "treasure")?;
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let port = listener.local_addr()?.port();
            let local = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
            let targets = Targets {
                policy: policy(&skill_root)?,
                file: folder.join("secret"),
                process: std::process::id(),
                port,
                name,
            };
            Ok((targets, (listener, local)))
        };
        match targets() {
            Ok((targets, servers)) => Ok(Self {
                targets,
                folder,
                _servers: servers,
            }),
            Err(error) => {
                remove(&folder);
                Err(broken(&error))
            }
        }
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    // What cannot be removed is empty but for a word that was never a secret.
    let _ = fs_err::remove_dir_all(folder);
}

/// A new folder, for this person only, and its name.
fn make_folder(scratch: &Path) -> Result<(PathBuf, String), SandboxError> {
    let cannot = |errno: Errno| SandboxError::CreateFolder {
        path: scratch.to_owned(),
        source: errno.into(),
    };
    let base = scratch.canonicalize().map_err(|_| cannot(Errno::NOENT))?;
    for attempt in 0..100 {
        let name = format!("mycelium-doctor-{}-{attempt}", std::process::id());
        match mkdir(base.join(&name), Mode::RWXU) {
            Ok(()) => return Ok((base.join(&name), name)),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(cannot(errno)),
        }
    }
    Err(cannot(Errno::EXIST))
}

fn policy(skill_root: &Path) -> Result<SandboxPolicy, Box<dyn std::error::Error>> {
    Ok(SandboxPolicy {
        skill: SkillId {
            name: "doctor".parse()?,
            version: "1.0.0".parse()?,
        },
        skill_root: skill_root.to_owned(),
        workspace: skill_root.to_owned(),
        paths: Vec::new(),
        sealed: Vec::new(),
        program: None,
        dependency_layer: None,
        bytecode: None,
        certificates: None,
        data: None,
        network: mycelium_policy::NetworkPolicy::default(),
        environment: BTreeMap::new(),
        limits: Limits::default(),
        required_rung: Rung::None,
        absent: Vec::new(),
        denials: Vec::new(),
        observed: false,
    })
}

/// What would help, by what is missing and what the kernel's settings, read by `setting`, say.
fn remedies(report: &DoctorReport, setting: impl Fn(&str) -> Option<String>) -> Vec<Remedy> {
    let is = |path: &str, value: &str| setting(path).is_some_and(|text| text.trim() == value);
    let mut remedies = Vec::new();
    if report.landlock_abi.is_none() {
        remedies.push(Remedy::EnableLandlock);
    }
    if report.failure.is_some() || report.obstacle.is_some() {
        if is("/proc/sys/user/max_user_namespaces", "0") {
            remedies.push(Remedy::RaiseUserNamespaceLimit);
        }
        if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
            remedies.push(Remedy::AllowUserNamespaces);
        }
        if is(
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
        ) {
            remedies.push(Remedy::AllowUserNamespacesInAppArmor);
        }
    } else if report.cgroup.is_none() {
        remedies.push(Remedy::DelegateMemory);
    }
    let sandbox = report.sandbox.as_ref();
    let notes: &[Note] = sandbox.map_or(&[], |sandbox| &sandbox.notes);
    // Without namespaces the launcher listens itself: whatever brings them brings this, too.
    if notes.contains(&Note::Coarse) && !notes.contains(&Note::NoNamespaces) {
        remedies.push(Remedy::StopInterception);
    }
    if notes.contains(&Note::NoProc) {
        remedies.push(Remedy::UncoverProc);
    }
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(failure: Option<SandboxError>) -> DoctorReport {
        DoctorReport {
            rung: Rung::None,
            kernel: "6.18".to_owned(),
            privilege: None,
            landlock_abi: Some(7),
            cgroup: None,
            sandbox: None,
            attacks: Vec::new(),
            obstacle: None,
            failure,
            remedies: Vec::new(),
        }
    }

    #[test]
    fn each_setting_that_stands_in_the_way_has_its_remedy() {
        let failed = report(Some(SandboxError::LauncherLost));
        for (path, value, remedy) in [
            (
                "/proc/sys/user/max_user_namespaces",
                "0\n",
                Remedy::RaiseUserNamespaceLimit,
            ),
            (
                "/proc/sys/kernel/unprivileged_userns_clone",
                "0\n",
                Remedy::AllowUserNamespaces,
            ),
            (
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1\n",
                Remedy::AllowUserNamespacesInAppArmor,
            ),
        ] {
            let found = remedies(&failed, |asked| (asked == path).then(|| value.to_owned()));
            assert_eq!(found, [remedy]);
        }
    }

    #[test]
    fn a_sandbox_without_control_groups_can_be_improved_and_a_complete_one_cannot() {
        let mut report = report(None);
        assert_eq!(remedies(&report, |_| None), [Remedy::DelegateMemory]);
        report.cgroup = Some(CgroupVersion::V2);
        assert_eq!(remedies(&report, |_| None), []);
        report.landlock_abi = None;
        assert_eq!(remedies(&report, |_| None), [Remedy::EnableLandlock]);
    }

    #[test]
    fn what_a_container_hides_has_its_remedy() {
        let noted = |notes: &[Note]| {
            let mut report = report(None);
            report.cgroup = Some(CgroupVersion::V2);
            report.sandbox = Some(SandboxReport {
                notes: notes.to_vec(),
                ..SandboxReport::default()
            });
            remedies(&report, |_| None)
        };
        assert_eq!(noted(&[Note::Coarse]), [Remedy::StopInterception]);
        assert_eq!(noted(&[Note::NoProc]), [Remedy::UncoverProc]);
        assert_eq!(noted(&[Note::NoNamespaces, Note::Coarse]), []);
    }

    #[test]
    fn every_attack_and_remedy_has_its_text() {
        use mycelium_types::Locale;
        use mycelium_types::Message;
        let remedies = [
            Remedy::RaiseUserNamespaceLimit,
            Remedy::AllowUserNamespaces,
            Remedy::AllowUserNamespacesInAppArmor,
            Remedy::EnableLandlock,
            Remedy::DelegateMemory,
            Remedy::StopInterception,
            Remedy::UncoverProc,
        ];
        let keys = Attack::ALL.iter().map(|attack| attack.key());
        for key in keys.chain(remedies.map(Remedy::key)) {
            let text = Message::new(key).with("command", "x").render(Locale::EnUs);
            assert_ne!(text, key, "no text");
        }
    }
}
