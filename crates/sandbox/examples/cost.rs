//! What each step of the sandbox costs, beside floors measured in the same run.
//!
//! `cargo run --release -p mycelium-sandbox --example cost`
#![allow(
    unsafe_code,
    clippy::print_stdout,
    reason = "a measuring program: its floor is a bare fork, its result a table"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::PathGrant;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::CpuTimers;
use mycelium_sandbox::LAUNCHER_ARGUMENT;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::Seat;
use mycelium_types::FileAccess;
use mycelium_types::Limits;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 300;

fn main() -> ExitCode {
    let launcher = std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == LAUNCHER_ARGUMENT);
    if launcher {
        return ExitCode::from(mycelium_sandbox::launcher::run(worker_main));
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Restricts itself on the first message, echoes every other byte.
fn worker_main(mut seat: Seat) -> u8 {
    let policy = read_policy(seat.socket()).unwrap_or_else(|error| panic!("{error}"));
    if let Err(error) = seat.restrict(&policy) {
        panic!("{error}");
    }
    let mut socket = seat.into_socket();
    let _ = socket.write_all(b"!");
    echo(socket);
    0
}

fn read_policy(mut socket: &UnixStream) -> Outcome<SandboxPolicy> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn echo(mut socket: UnixStream) {
    let mut byte = [0];
    while socket.read_exact(&mut byte).is_ok() {
        if socket.write_all(&byte).is_err() {
            return;
        }
    }
}

fn round_trip(socket: &mut UnixStream) -> Outcome<()> {
    socket.write_all(b"x")?;
    Ok(socket.read_exact(&mut [0])?)
}

fn measure() -> Outcome<()> {
    println!("{:<44}{:>10}{:>10}{:>10}", "", "p50 µs", "p95 µs", "p99 µs");
    floors()?;
    let site = tempfile::tempdir()?;
    let policy = policy(&site.path().canonicalize()?)?;
    let options = LauncherOptions::new(std::env::current_exe()?);
    let mut start = Samples::new("launcher: start");
    for _ in 0..20 {
        drop(start.time(|| Ok(Launcher::start(&options)?))?);
    }
    start.print();

    let launcher = Launcher::start(&options)?;
    let timers = CpuTimers::start(|_| {})?;
    let mut spawn = Samples::new("worker: spawn, until locked in");
    let mut assign = Samples::new("worker: assign, 4 paths and limits");
    let mut restrict = Samples::new("worker: told its policy, Landlock holds");
    let mut warm = Samples::new("sandbox set-up, warm worker");
    let mut cold = Samples::new("sandbox set-up, new worker");
    let mut trip = Samples::new("worker: echo");
    let mut arm = Samples::new("worker: arm the processor timer");
    let mut usage = Samples::new("worker: read its usage");
    for _ in 0..RUNS {
        let begin = Instant::now();
        let mut worker = spawn.time(|| Ok(launcher.spawn()?))?;
        let spawned = Instant::now();
        let mut socket = worker.take_socket().ok_or("no socket")?;
        let text = serde_json::to_vec(&policy)?;
        assign.time(|| Ok(launcher.assign(&worker, &policy)?))?;
        restrict.time(|| {
            socket.write_all(&(text.len() as u32).to_le_bytes())?;
            socket.write_all(&text)?;
            Ok(socket.read_exact(&mut [0])?)
        })?;
        warm.add(spawned);
        cold.add(begin);
        for _ in 0..20 {
            trip.time(|| round_trip(&mut socket))?;
        }
        let timer = timers.timer(&worker)?;
        for token in 0..5 {
            arm.time(|| Ok(timer.arm(Duration::from_secs(30), token)?))?;
            usage.time(|| Ok(worker.usage()?))?;
        }
        worker.kill();
        worker
            .wait_exit(Duration::from_secs(5))
            .ok_or("still there")?;
    }
    for samples in [spawn, assign, restrict, warm, cold, trip, arm, usage] {
        samples.print();
    }
    Ok(())
}

/// What the kernel takes for the least that could do the same.
fn floors() -> Outcome<()> {
    let mut fork = Samples::new("floor: fork, exit, wait");
    let mut trip = Samples::new("floor: socketpair echo, other process");
    for _ in 0..RUNS {
        fork.time(|| {
            // SAFETY: no thread has been started yet; the child ends at once.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                // SAFETY: ends the child without running anything of the parent's.
                unsafe { libc::_exit(0) };
            }
            wait(pid);
            Ok(())
        })?;
    }
    let (mut ours, theirs) = UnixStream::pair()?;
    // SAFETY: no thread has been started yet; the child only echoes.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(ours);
        echo(theirs);
        // SAFETY: ends the child without running anything of the parent's.
        unsafe { libc::_exit(0) };
    }
    drop(theirs);
    for _ in 0..RUNS * 20 {
        trip.time(|| round_trip(&mut ours))?;
    }
    drop(ours);
    wait(pid);
    fork.print();
    trip.print();
    Ok(())
}

fn wait(pid: libc::pid_t) {
    // SAFETY: waitpid(2) accepts no place for the status.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}

fn policy(base: &std::path::Path) -> Outcome<SandboxPolicy> {
    for folder in ["ws/skill", "ws/docs", "ws/out", "data"] {
        fs_err::create_dir_all(base.join(folder))?;
    }
    let grant = |path: &str, access| PathGrant {
        declared: path.to_owned(),
        path: base.join(path),
        access,
    };
    Ok(SandboxPolicy {
        skill: mycelium_types::SkillId {
            name: "cost".parse()?,
            version: "1.0.0".parse()?,
        },
        skill_root: base.join("ws/skill"),
        workspace: base.join("ws"),
        paths: vec![
            grant("ws/docs", FileAccess::Read),
            grant("ws/out", FileAccess::Write),
        ],
        sealed: Vec::new(),
        program: None,
        dependency_layer: None,
        bytecode: None,
        certificates: None,
        data: Some(base.join("data")),
        network: mycelium_policy::NetworkPolicy::default(),
        environment: BTreeMap::new(),
        limits: Limits::default(),
        required_rung: Rung::Full,
        absent: Vec::new(),
        denials: Vec::new(),
        observed: false,
    })
}

struct Samples {
    title: &'static str,
    micros: Vec<f64>,
}

impl Samples {
    fn new(title: &'static str) -> Self {
        Self {
            title,
            micros: Vec::new(),
        }
    }

    fn time<T>(&mut self, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let begin = Instant::now();
        let result = work();
        self.add(begin);
        result
    }

    fn add(&mut self, begin: Instant) {
        self.micros.push(begin.elapsed().as_secs_f64() * 1e6);
    }

    fn print(mut self) {
        self.micros.sort_by(f64::total_cmp);
        let last = self.micros.len() - 1;
        let [p50, p95, p99] =
            [50, 95, 99].map(|percent| self.micros[(last * percent).div_ceil(100)]);
        println!("{:<44}{p50:>10.1}{p95:>10.1}{p99:>10.1}", self.title);
    }
}
