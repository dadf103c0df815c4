//! Sudden deaths, after which nothing may be left: no process, no mount, no control group.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use mycelium_sandbox::ExitCause;
use mycelium_sandbox::LAUNCHER_ARGUMENT;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::SandboxError;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::socketpair;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use tempfile::TempDir;

use super::fixture::PATIENCE;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_killed_worker_leaves_nothing_and_its_launcher_works_on",
        worker_killed,
    ),
    ("a_killed_launcher_takes_its_workers_along", launcher_killed),
    (
        "a_killed_supervisor_takes_everything_along",
        supervisor_killed,
    ),
    (
        "killing_both_is_cleaned_up_by_the_next_launcher",
        both_killed,
    ),
    (
        "a_launcher_killed_at_any_moment_leaves_nothing",
        launcher_killed_any_time,
    ),
    (
        "a_supervisor_killed_at_any_moment_leaves_nothing",
        supervisor_killed_any_time,
    ),
    (
        "a_stopped_launcher_is_an_error_in_time_and_ends_with_its_supervisor",
        launcher_stopped,
    ),
    ("a_launcher_that_is_told_nonsense_ends", nonsense),
];

/// The first argument that makes this program a supervisor that makes workers until it ends.
pub(crate) const SUPERVISOR_ARGUMENT: &str = "__supervisor";

/// Starts `program` as a launcher, says its process id, and makes workers without end.
pub(crate) fn supervise(program: &Path) -> u8 {
    let launcher = Launcher::start(&LauncherOptions::new(program)).unwrap();
    println!("{}", launcher.pid());
    // Whoever kills this process removes the folder.
    let site = Site::beside(program);
    let mut puppets = Vec::new();
    loop {
        let Ok(worker) = launcher.spawn() else {
            return 3;
        };
        if launcher.assign(&worker, &site.policy()).is_err() {
            return 3;
        }
        puppets.push(worker);
        if puppets.len() > 5 {
            puppets.remove(0);
        }
    }
}

/// This program under a name of its own, so that its processes can be told from other tests'.
struct Program {
    path: PathBuf,
    _folder: TempDir,
}

impl Program {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        fs_err::os::unix::fs::symlink(std::env::current_exe().unwrap(), &path).unwrap();
        Self {
            path,
            _folder: folder,
        }
    }

    fn launcher(&self) -> Launcher {
        Launcher::start(&LauncherOptions::new(&self.path)).unwrap()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the tests start themselves again to be killed"
    )]
    fn supervisor(&self) -> (Child, BufReader<ChildStdout>, u32) {
        let mut supervisor = Command::new(std::env::current_exe().unwrap())
            .arg(SUPERVISOR_ARGUMENT)
            .arg(&self.path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(supervisor.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        (supervisor, output, line.trim().parse().unwrap())
    }

    /// The processes that run it, launchers and workers alike.
    fn processes(&self) -> Vec<PathBuf> {
        let mut name = self.path.as_os_str().as_encoded_bytes().to_vec();
        name.push(0);
        fs_err::read_dir("/proc")
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|process| {
                fs_err::read(process.join("cmdline")).is_ok_and(|line| line.starts_with(&name))
            })
            .collect()
    }

    fn assert_nothing_is_left(&self, launcher: u32) {
        wait_until("processes are left", || self.processes().is_empty());
        wait_until("control groups are left", || groups(launcher).is_empty());
        let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains("mycelium"), "{mounts}");
    }
}

/// The control groups of a launcher, wherever they are.
fn groups(launcher: u32) -> Vec<PathBuf> {
    let name = format!("mycelium-{launcher}-");
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        // A group may vanish while it is looked at.
        let Ok(entries) = fs_err::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
                if entry.file_name().to_string_lossy().starts_with(&name) {
                    found.push(entry.path());
                }
            }
        }
    }
    found
}

fn wait_until(problem: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{problem}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(process: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn worker_killed() {
    let program = Program::new();
    let launcher = program.launcher();
    let site = Site::new();
    let mut puppet = Puppet::with(&launcher, &site.policy());
    puppet.order(&Order::Spin);
    let pid = puppet.worker.pid();
    send(pid, Signal::KILL);
    assert_eq!(puppet.exit().cause, ExitCause::Signal(libc::SIGKILL));
    assert!(!Path::new("/proc").join(pid.to_string()).exists());
    let mut left = groups(launcher.pid());
    // That is the launcher's own, with nothing in it.
    left.retain(|group| !group.ends_with(format!("mycelium-{}-times", launcher.pid())));
    assert_eq!(left, [] as [PathBuf; 0]);
    let mut next = Puppet::with(&launcher, &site.policy());
    assert_eq!(next.tell(&Order::Echo("next".into())), Ok("next".into()));
    drop(next);
    let pid = launcher.pid();
    drop(launcher);
    program.assert_nothing_is_left(pid);
}

fn launcher_killed() {
    let program = Program::new();
    let launcher = program.launcher();
    let site = Site::new();
    let warm = Puppet::warm(&launcher);
    let mut busy = Puppet::with(&launcher, &site.policy());
    busy.order(&Order::Spin);
    let pid = launcher.pid();
    send(pid, Signal::KILL);
    for puppet in [&warm, &busy] {
        assert_eq!(puppet.exit().cause, ExitCause::LauncherLost);
    }
    assert!(!launcher.is_alive());
    assert_eq!(launcher.spawn().unwrap_err(), SandboxError::LauncherLost);
    assert_eq!(
        launcher.assign(&warm.worker, &site.policy()).unwrap_err(),
        SandboxError::LauncherLost
    );
    program.assert_nothing_is_left(pid);
    Puppet::with(&program.launcher(), &site.policy());
}

fn supervisor_killed() {
    let program = Program::new();
    let (mut supervisor, _output, launcher) = program.supervisor();
    wait_until("no worker was made", || program.processes().len() > 3);
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    program.assert_nothing_is_left(launcher);
}

fn both_killed() {
    let program = Program::new();
    let (mut supervisor, _output, launcher) = program.supervisor();
    wait_until("no worker was made", || program.processes().len() > 3);
    send(launcher, Signal::STOP);
    supervisor.kill().unwrap();
    send(launcher, Signal::KILL);
    supervisor.wait().unwrap();
    wait_until("processes are left", || program.processes().is_empty());
    drop(start());
    program.assert_nothing_is_left(launcher);
}

fn launcher_killed_any_time() {
    for round in 0..12 {
        let program = Program::new();
        let (mut supervisor, _output, launcher) = program.supervisor();
        std::thread::sleep(Duration::from_micros(round * 700));
        send(launcher, Signal::KILL);
        // The supervisor finds out by itself.
        assert_eq!(supervisor.wait().unwrap().code(), Some(3));
        program.assert_nothing_is_left(launcher);
    }
}

fn supervisor_killed_any_time() {
    for round in 0..12 {
        let program = Program::new();
        let (mut supervisor, _output, launcher) = program.supervisor();
        std::thread::sleep(Duration::from_micros(round * 700));
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        program.assert_nothing_is_left(launcher);
    }
}

fn launcher_stopped() {
    let program = Program::new();
    let mut options = LauncherOptions::new(&program.path);
    options.patience = Duration::from_millis(500);
    // A machine that has much else to do may take longer for what is no part of this.
    let started = std::iter::repeat_with(|| {
        let launcher = Launcher::start(&options)?;
        let worker = launcher.spawn()?;
        Ok::<_, SandboxError>((launcher, worker))
    });
    let (launcher, worker) = started.take(60).find_map(Result::ok).unwrap();
    let site = Site::new();
    send(launcher.pid(), Signal::STOP);
    assert!(matches!(
        launcher.assign(&worker, &site.policy()),
        Err(SandboxError::TimedOut { .. })
    ));
    let pid = launcher.pid();
    drop(launcher);
    program.assert_nothing_is_left(pid);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests start a launcher to tell it nonsense"
)]
fn nonsense() {
    for words in [
        &b"nonsense"[..],
        b"{\"Spawn\":{\"request\":1,\"job\":\"Serve\"}}",
    ] {
        let (ours, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let mut launcher = Command::new(std::env::current_exe().unwrap())
            .arg(LAUNCHER_ARGUMENT)
            .stdin(Stdio::from(theirs))
            .spawn()
            .unwrap();
        rustix::io::write(&ours, words).unwrap();
        assert_eq!(launcher.wait().unwrap().code(), Some(70));
    }
}
