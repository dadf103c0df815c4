//! Workers for programs of their own: what they see, what they may run, what the filter still refuses.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_policy::CommandGrant;
use mycelium_policy::ProgramPolicy;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::AttemptKind;
use mycelium_sandbox::AttemptVerdict;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::Note;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::SeenAttempt;
use mycelium_sandbox::TakenGrant;
use mycelium_sandbox::Worker;
use mycelium_sandbox::WorkerKind;
use mycelium_types::FileAccess;

use super::fixture::PATIENCE;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;
use crate::kernel::Targets;

pub(crate) const TESTS: &[Test] = &[
    ("a_program_sees_the_system_read_only", system),
    ("a_program_runs_only_what_is_named", executes),
    ("nothing_that_was_granted_or_written_can_be_run", written),
    (
        "installed_code_is_read_and_only_what_is_named_runs",
        installed,
    ),
    ("a_worker_takes_only_its_own_kind_of_policy", kinds),
    ("nothing_is_left_of_a_tree_of_thirty", tree),
    ("the_time_of_a_whole_tree_counts", time_of_tree),
    ("what_a_program_is_refused_is_told", told),
    ("what_a_program_changes_or_sends_is_told", changes),
    ("what_takes_privileges_is_told", privileges),
    ("an_engine_that_is_got_past_is_told", escaped),
];

fn program(site: &Site) -> SandboxPolicy {
    SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        data: Some(site.path("data")),
        ..site.policy()
    }
}

fn real(path: &str) -> PathBuf {
    Path::new(path).canonicalize().unwrap()
}

fn system() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::program(&launcher, &program(&site));
    for (path, expected) in [
        ("/usr/bin/ldd", None),
        ("/proc/self/status", None),
        ("/etc/passwd", None),
        ("/dev/null", None),
        ("/etc/shadow", Some(libc::ENOENT)),
        ("/dev/zero", Some(libc::ENOENT)),
        ("/sys/kernel", Some(libc::ENOENT)),
        ("/root/.bashrc", Some(libc::ENOENT)),
    ] {
        let found = puppet.tell(&Order::Read(path.into()));
        assert_eq!(found.err(), expected, "{path}");
    }
    let passwd = puppet.tell(&Order::Read("/etc/passwd".into())).unwrap();
    assert!(
        passwd.starts_with("skill:") && passwd.lines().count() == 1,
        "{passwd}"
    );
    for path in [
        "/usr/bin/new",
        "/bin/new",
        "/etc/new",
        "/etc/passwd",
        "/etc/ssl/certs/new",
    ] {
        let wrote = puppet.tell(&Order::Write(path.into(), "x".to_owned()));
        assert!(
            matches!(wrote, Err(libc::EROFS | libc::EACCES | libc::ENOENT)),
            "{path}: {wrote:?}"
        );
    }
}

fn executes() {
    let launcher = start();
    let site = Site::new();
    let mut policy = program(&site);
    let mut files = vec![real("/bin/true")];
    files.extend(linker());
    policy.program = Some(ProgramPolicy {
        own: Vec::new(),
        installation: Vec::new(),
        commands: vec![CommandGrant {
            declared: "true".to_owned(),
            files,
        }],
    });
    policy.limits.processes = 4;
    let mut puppet = Puppet::program(&launcher, &policy);
    assert_eq!(
        puppet.tell(&Order::Run("/bin/true".into())),
        Ok("0".to_owned())
    );
    for path in ["/bin/sh", "/usr/bin/id"] {
        assert_eq!(
            puppet.tell(&Order::Run(path.into())),
            Err(libc::EACCES),
            "{path}"
        );
    }
}

/// What links the system's programs.
pub(crate) fn linker() -> Option<PathBuf> {
    let known = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    known
        .into_iter()
        .map(Path::new)
        .find_map(|path| path.canonicalize().ok())
}

fn written() {
    let launcher = start();
    let site = Site::new();
    let copy = site.path("ws/out/true");
    fs_err::copy("/bin/true", &copy).unwrap();
    let mut policy = program(&site);
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    // Even if a rule named it, the mount would refuse.
    policy.program = Some(ProgramPolicy {
        own: vec![copy.clone()],
        installation: Vec::new(),
        commands: Vec::new(),
    });
    let mut puppet = Puppet::program(&launcher, &policy);
    assert_eq!(puppet.tell(&Order::Run(copy)), Err(libc::EACCES));
}

fn installed() {
    let launcher = start();
    let site = Site::new();
    let folder = site.path("installed");
    fs_err::create_dir_all(&folder).unwrap();
    for name in ["named", "other"] {
        fs_err::copy("/bin/true", folder.join(name)).unwrap();
    }
    fs_err::write(folder.join("code"), "code").unwrap();
    let mut policy = program(&site);
    let own = [folder.join("named")].into_iter().chain(linker());
    policy.program = Some(ProgramPolicy {
        own: own.collect(),
        installation: vec![folder.clone()],
        commands: Vec::new(),
    });
    let mut puppet = Puppet::program(&launcher, &policy);
    let read = puppet.tell(&Order::Read(folder.join("code")));
    assert_eq!(read, Ok("code".to_owned()));
    let wrote = puppet.tell(&Order::Write(folder.join("code"), "x".to_owned()));
    assert!(
        matches!(wrote, Err(libc::EROFS | libc::EACCES)),
        "{wrote:?}"
    );
    let run = puppet.tell(&Order::Run(folder.join("named")));
    assert_eq!(run, Ok("0".to_owned()));
    let run = puppet.tell(&Order::Run(folder.join("other")));
    assert_eq!(run, Err(libc::EACCES));
}

/// A program's worker that may start this many processes.
fn parent(launcher: &Launcher, site: &Site, processes: u64) -> Puppet {
    let mut policy = program(site);
    policy.limits.processes = processes;
    Puppet::program(launcher, &policy)
}

fn tree() {
    let launcher = start();
    let mut puppet = parent(&launcher, &Site::new(), 40);
    puppet.tell(&Order::GrowTree(30)).unwrap();
    assert_eq!(puppet.worker.family().unwrap().processes, 30);
    puppet.worker.kill();
    // Each has a copy of the worker's socket: it ends with the last of them.
    assert_eq!(puppet.finding(), None);
    assert_eq!(puppet.exit().cause, ExitCause::Killed);
    assert_eq!(
        puppet.worker.family().unwrap_err(),
        SandboxError::WorkerLost
    );
}

fn time_of_tree() {
    let launcher = start();
    let mut puppet = parent(&launcher, &Site::new(), 8);
    puppet.tell(&Order::BurnInChildren(200)).unwrap();
    let whole = puppet.worker.family_cpu_time().unwrap();
    let own = puppet.worker.cpu_time().unwrap();
    assert!(
        whole >= own + Duration::from_millis(380),
        "{whole:?}, itself {own:?}"
    );
}

fn kinds() {
    let launcher = start();
    let site = Site::new();
    let embedded = launcher.spawn().unwrap();
    let own = launcher.spawn_program().unwrap();
    assert_eq!(WorkerKind::of(&program(&site)), WorkerKind::Program);
    assert_eq!(
        launcher.assign(&embedded, &program(&site)).unwrap_err(),
        SandboxError::WrongKind
    );
    assert_eq!(
        launcher.assign(&own, &site.policy()).unwrap_err(),
        SandboxError::WrongKind
    );
}

/// What a worker was refused since this was last asked: what it tried, and what that means.
fn refused(worker: &Worker) -> Vec<(AttemptKind, PathBuf)> {
    let attempts = worker.take_attempts(PATIENCE).kept.into_iter();
    attempts
        .map(|attempt| (attempt.kind, attempt.resolved))
        .collect()
}

fn told() {
    let launcher = start();
    let site = Site::new();
    let mut policy = program(&site);
    policy.paths = vec![site.grant("ws/out", FileAccess::Write)];
    let mut puppet = Puppet::program(&launcher, &policy);
    assert!(!puppet.worker.report().notes.contains(&Note::Coarse));
    assert_eq!(
        refused(&puppet.worker),
        [],
        "restricting itself is no attempt"
    );
    for path in ["/usr/bin/ldd", "/nowhere", "/etc/passwd", "/etc/gai.conf"] {
        let _ = puppet.tell(&Order::Read(path.into()));
    }
    let out = site.path("ws/out");
    let new = out.join("new");
    puppet
        .tell(&Order::Write(new.clone(), "x".to_owned()))
        .unwrap();
    // That a grant is taken is told, and not again so soon.
    let taken = puppet.worker.take_attempts(PATIENCE).kept;
    let grant = TakenGrant::Path {
        declared: "ws/out".to_owned(),
        access: FileAccess::Write,
    };
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0].verdict, AttemptVerdict::Allowed(grant));

    let secret = site.path("ws/secret");
    fs_err::os::unix::fs::symlink("../secret", out.join("link")).unwrap();
    let _ = puppet.tell(&Order::Read(out.join("link")));
    // The same once more says nothing new.
    let _ = puppet.tell(&Order::Read(out.join("link")));
    let _ = puppet.tell(&Order::Read("../ws/secret".into()));
    let _ = puppet.tell(&Order::Rename(new, site.path("ws/moved")));
    let _ = puppet.tell(&Order::MakeFolder(site.path("ws/made")));
    let _ = puppet.tell(&Order::Run("/bin/true".into()));
    let attempts = puppet.worker.take_attempts(PATIENCE).kept;
    let attempted: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.attempted.clone())
        .collect();
    assert_eq!(attempted[0], out.join("link").display().to_string());
    assert_eq!(attempted[1], "../ws/secret");
    let meant: Vec<_> = attempts
        .into_iter()
        .map(|attempt| (attempt.kind, attempt.resolved))
        .collect();
    assert_eq!(
        meant,
        [
            (AttemptKind::Read, secret.clone()),
            (AttemptKind::Read, secret),
            (AttemptKind::Write, site.path("ws/moved")),
            (AttemptKind::Write, site.path("ws/made")),
            (AttemptKind::Execute, real("/bin/true")),
        ]
    );
    assert_eq!(refused(&puppet.worker), []);
}

fn targets(site: &Site) -> Targets {
    Targets {
        file: site.path("ws/secret"),
        readable: site.path("ws/docs/readme"),
        writable: site.path("ws/out"),
        process: std::process::id(),
        port: 0,
        name: Vec::new(),
    }
}

fn changes() {
    let launcher = start();
    let site = Site::new();
    let mut policy = program(&site);
    policy.paths = vec![site.grant("ws/docs", FileAccess::Read)];
    let mut puppet = Puppet::program(&launcher, &policy);
    let targets = targets(&site);
    for (attack, means) in [
        ("change_mode", &targets.file),
        ("change_times", &targets.file),
        ("change_owner", &targets.file),
        ("change_attributes", &targets.file),
        ("change_mode_of_readable", &targets.readable),
        ("change_times_of_readable", &targets.readable),
    ] {
        let met = puppet.tell(&Order::Attack(attack.to_owned(), targets.clone()));
        assert!(
            matches!(met, Err(libc::ENOENT | libc::EROFS)),
            "{attack}: {met:?}"
        );
        let seen = refused(&puppet.worker);
        assert_eq!(seen, [(AttemptKind::Write, means.clone())], "{attack}");
    }
    // What is not there has no mode, and a descriptor is one of a file that was opened.
    fs_err::remove_file(&targets.file).unwrap();
    for attack in ["change_mode", "change_times_by_descriptor"] {
        let met = puppet.tell(&Order::Attack(attack.to_owned(), targets.clone()));
        assert!(met.is_err(), "{attack}");
    }
    let attempts = puppet.worker.take_attempts(PATIENCE).kept;
    let is_allowed = |attempt: &SeenAttempt| attempt.verdict != AttemptVerdict::Refused;
    assert!(attempts.iter().all(is_allowed), "{attempts:?}");

    let address = "192.0.2.7:9";
    assert!(puppet.tell(&Order::Send(address.parse().unwrap())).is_err());
    let seen = refused(&puppet.worker);
    assert_eq!(seen, [(AttemptKind::Send, PathBuf::from(address))]);
}

fn privileges() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::program(&launcher, &program(&site));
    let targets = targets(&site);
    for (attack, means) in [
        ("mount", "mount"),
        ("change_mount", "mount_setattr"),
        ("set_clock", "clock_settime"),
        ("set_host_name", "sethostname"),
        ("kernel_log", "syslog"),
        ("send_by_local_pair", "socketpair"),
        ("socket_filter", "setsockopt"),
        ("type_into_terminal", "ioctl"),
    ] {
        let met = puppet.tell(&Order::Attack(attack.to_owned(), targets.clone()));
        assert_eq!(met, Err(libc::EPERM), "{attack}");
        let seen = refused(&puppet.worker);
        assert_eq!(
            seen,
            [(AttemptKind::Privilege, PathBuf::from(means))],
            "{attack}"
        );
    }
    // Programs do this by the way.
    for attack in ["change_personality", "take_terminal"] {
        let met = puppet.tell(&Order::Attack(attack.to_owned(), targets.clone()));
        assert_eq!(met, Err(libc::EPERM), "{attack}");
        assert_eq!(refused(&puppet.worker), [], "{attack}");
    }
}

fn escaped() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    let targets = targets(&site);
    let readable = targets.readable.clone();
    for (attack, kind, means) in [
        ("be_debugged", AttemptKind::Privilege, "ptrace".into()),
        ("enter_namespace", AttemptKind::Privilege, "setns".into()),
        ("tcp_socket", AttemptKind::Privilege, "socket".into()),
        ("run_file", AttemptKind::Execute, readable),
    ] {
        let met = puppet.tell(&Order::Attack(attack.to_owned(), targets.clone()));
        assert_eq!(met, Err(libc::EPERM), "{attack}");
        let seen = refused(&puppet.worker);
        assert_eq!(seen, [(kind, means)]);
    }
}
