//! Measures how long a worker takes until it is locked in with its skill, beside a bare `fork`, and what it costs
//! that the supervisor is told of each file that a program opens, beside a worker of which it is not.
//!
//! Prints one line of JSON for each thing measured; `cargo xtask bench` makes a table of them.

use std::error::Error;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::ProgramPolicy;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::LAUNCHER_ARGUMENT;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::Seat;
use mycelium_sandbox::Worker;
use mycelium_types::Limits;
use mycelium_types::SkillId;

/// How often each thing is measured.
const RUNS: usize = 200;
/// The skill's one file.
const CODE: &str = "index.js";

// As the program itself does: a launcher must not have done anything before.
fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == LAUNCHER_ARGUMENT)
    {
        return ExitCode::from(mycelium_sandbox::launcher::run(worker_main));
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The output may be gone; the status still tells.
            let _ = writeln!(std::io::stderr(), "setup: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Restricts itself to the policy that comes on the socket and says that it did.
fn worker_main(mut seat: Seat) -> u8 {
    let mut line = String::new();
    if BufReader::new(seat.socket()).read_line(&mut line).is_err() {
        return 1;
    }
    let Ok(policy) = serde_json::from_str::<SandboxPolicy>(&line) else {
        return 2;
    };
    if seat.restrict(&policy).is_err() {
        return 3;
    }
    let mut socket = seat.into_socket();
    if socket.write_all(b".").is_err() {
        return 4;
    }
    // Until the supervisor closes the socket.
    while socket.read(&mut [0]).is_ok_and(|read| read > 0) {
        if open_often(&policy, &mut socket).is_err() {
            return 5;
        }
    }
    0
}

/// Opens a file of the skill again and again, and tells how many nanoseconds each time took.
fn open_often(policy: &SandboxPolicy, socket: &mut UnixStream) -> Result<(), Box<dyn Error>> {
    let file = policy.skill_root.join(CODE);
    let open = || {
        let start = Instant::now();
        let opened = fs_err::File::open(&file)?;
        let time = start.elapsed();
        drop(opened);
        Ok(time.as_nanos())
    };
    let times: Vec<_> = (0..RUNS).map(|_| open()).collect::<io::Result<_>>()?;
    let mut line = serde_json::to_vec(&times)?;
    line.push(b'\n');
    Ok(socket.write_all(&line)?)
}

fn measure() -> Result<(), Box<dyn Error>> {
    report("fork", &times(fork_and_wait)?)?;
    let launcher = Launcher::start(&LauncherOptions::new(std::env::current_exe()?))?;
    let folder = tempfile::tempdir()?;
    let policy = policy(folder.path())?;

    let cold = times(|| {
        let start = Instant::now();
        let worker = launcher.spawn()?;
        lock_in(&launcher, worker, &policy)?;
        Ok(start.elapsed())
    })?;
    report("sandbox-cold", &cold)?;
    let warm = times(|| {
        let worker = launcher.spawn()?;
        let start = Instant::now();
        lock_in(&launcher, worker, &policy)?;
        Ok(start.elapsed())
    })?;
    report("sandbox-warm", &warm)?;

    report("open", &opens(&launcher, launcher.spawn()?, &policy)?)?;
    let policy = SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        ..policy
    };
    let told = opens(&launcher, launcher.spawn_program()?, &policy)?;
    report("open-told", &told)
}

/// How long a worker takes to open a file.
fn opens(
    launcher: &Launcher,
    worker: Worker,
    policy: &SandboxPolicy,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let (_worker, mut socket) = lock_in(launcher, worker, policy)?;
    let mut lines = BufReader::new(socket.try_clone()?);
    let mut once = || {
        let mut line = String::new();
        socket.write_all(b"!")?;
        lines.read_line(&mut line)?;
        let times: Vec<u64> = serde_json::from_str(&line)?;
        Ok(times.into_iter().map(Duration::from_nanos).collect())
    };
    // The first round is slower.
    let _: Result<Vec<_>, Box<dyn Error>> = once();
    once()
}

/// From a warm worker to one that is restricted to its skill and says so.
fn lock_in(
    launcher: &Launcher,
    mut worker: Worker,
    policy: &SandboxPolicy,
) -> Result<(Worker, UnixStream), Box<dyn Error>> {
    launcher.assign(&worker, policy)?;
    let mut socket = worker.take_socket().ok_or("the worker has no socket")?;
    let mut line = serde_json::to_vec(policy)?;
    line.push(b'\n');
    socket.write_all(&line)?;
    let mut answer = [0];
    socket.read_exact(&mut answer)?;
    Ok((worker, socket))
}

/// The policy of a skill that asks for nothing.
fn policy(folder: &std::path::Path) -> Result<SandboxPolicy, Box<dyn Error>> {
    // Root's workers are nobody: they must be able to reach the folder.
    let root = fs_err::canonicalize(folder)?;
    fs_err::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let skill_root = root.join("skill");
    fs_err::create_dir_all(&skill_root)?;
    fs_err::write(skill_root.join(CODE), "module.exports = {};\n")?;
    Ok(SandboxPolicy {
        skill: SkillId {
            name: "empty".parse()?,
            version: "1.0.0".parse()?,
        },
        skill_root,
        workspace: root,
        paths: Vec::new(),
        sealed: Vec::new(),
        program: None,
        dependency_layer: None,
        bytecode: None,
        certificates: None,
        data: None,
        network: mycelium_policy::NetworkPolicy::default(),
        environment: std::collections::BTreeMap::new(),
        limits: Limits::default(),
        required_rung: Rung::Full,
        absent: Vec::new(),
        denials: Vec::new(),
        observed: false,
    })
}

#[expect(
    unsafe_code,
    reason = "the floor is what the kernel itself takes to make a process"
)]
fn fork_and_wait() -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    // SAFETY: this process has one thread here, and the child does nothing but end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child at once; nothing of the parent's is flushed or dropped twice.
        unsafe { libc::_exit(0) }
    }
    let mut status = 0;
    // SAFETY: `status` is valid for writing while the call lasts.
    if child < 0 || unsafe { libc::waitpid(child, &raw mut status, 0) } != child {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(start.elapsed())
}

fn times(
    mut work: impl FnMut() -> Result<Duration, Box<dyn Error>>,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    // The first few are slower: pages are touched and files read for the first time.
    for _ in 0..RUNS / 20 {
        work()?;
    }
    (0..RUNS).map(|_| work()).collect()
}

fn report(what: &str, times: &[Duration]) -> Result<(), Box<dyn Error>> {
    let milliseconds: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let line = serde_json::json!({ "measured": what, "milliseconds": milliseconds });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
