//! Measures how long a worker takes until it is locked in with its skill, beside a bare `fork`; how long it takes to
//! be rid of a whole tree of processes, beside as many bare children; and what it costs that the supervisor is told of
//! each file that a program opens, beside a worker of which it is not, and nothing for calls that it is not told of; and
//! what a file costs that the supervisor makes, beside one that the worker makes itself.
//!
//! Prints one line of JSON for each thing measured; `cargo xtask bench` makes a table of them.

use std::error::Error;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeWriter;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::DATA_PATH;
use mycelium_policy::PathGrant;
use mycelium_policy::ProgramPolicy;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::LAUNCHER_ARGUMENT;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::Note;
use mycelium_sandbox::Seat;
use mycelium_sandbox::Worker;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::SkillId;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitOptions;

/// How often each thing is measured.
const RUNS: usize = 200;
/// The skill's one file.
const CODE: &str = "index.js";
/// The processes of a tree, the worker itself not included, and those of them that the worker starts itself.
const TREE: usize = 30;
const BRANCHES: usize = 5;
/// A folder of the workspace that may be written.
const GRANTED: &str = "out";
/// How many calls that nobody is told of are measured together: one takes less than the clock can tell.
const CALLS: usize = 1_000;
/// How long a tree may take to grow, or to vanish, before that is an error.
const PATIENCE: Duration = Duration::from_secs(10);

// What a worker is told to do.
const OPEN: u8 = b'o';
const MAKE: u8 = b'm';
const MAKE_OWN: u8 = b'p';
const CALL: u8 = b'c';
const GROW: u8 = b'g';

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
    let mut order = [0];
    while socket.read(&mut order).is_ok_and(|read| read > 0) {
        let done = match order {
            [OPEN] => open_often(&policy, &mut socket),
            [MAKE] => make_often(&policy.workspace.join(GRANTED), &mut socket),
            [MAKE_OWN] => make_often(Path::new(DATA_PATH), &mut socket),
            [CALL] => call_often(&mut socket),
            [GROW] => grow_tree(&mut socket),
            [_] => return 6,
        };
        if done.is_err() {
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
    tell_times(&times, socket)
}

/// Makes a file in a folder again and again, and tells how many nanoseconds each time took.
fn make_often(folder: &Path, socket: &mut UnixStream) -> Result<(), Box<dyn Error>> {
    let file = folder.join("new");
    let make = || {
        let start = Instant::now();
        let made = fs_err::File::create_new(&file)?;
        let time = start.elapsed();
        drop(made);
        fs_err::remove_file(&file)?;
        Ok(time.as_nanos())
    };
    let times: Vec<_> = (0..RUNS).map(|_| make()).collect::<io::Result<_>>()?;
    tell_times(&times, socket)
}

/// Makes a call that nobody is told of again and again, and tells how many nanoseconds that took.
fn call_often(socket: &mut UnixStream) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(rustix::process::getppid());
    }
    tell_times(&[start.elapsed().as_nanos()], socket)
}

fn tell_times(nanoseconds: &[u128], socket: &mut UnixStream) -> Result<(), Box<dyn Error>> {
    let mut line = serde_json::to_vec(nanoseconds)?;
    line.push(b'\n');
    Ok(socket.write_all(&line)?)
}

/// Starts a tree of processes and tells when all of them are there.
fn grow_tree(socket: &mut UnixStream) -> Result<(), Box<dyn Error>> {
    let (mut ready, tell) = io::pipe()?;
    let twigs = || {
        for _ in 1..TREE / BRANCHES {
            // One that is missing is noticed by who waits for all.
            let _ = start_process(&tell, || {});
        }
    };
    for _ in 0..BRANCHES {
        start_process(&tell, twigs)?;
    }
    ready.read_exact(&mut [0; TREE])?;
    Ok(socket.write_all(b".")?)
}

fn measure() -> Result<(), Box<dyn Error>> {
    report("fork", &times(fork_and_wait)?)?;
    report("kill-bare", &times(kill_children)?)?;
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

    report("open", &often(&launcher, launcher.spawn()?, &policy, OPEN)?)?;
    let mut policy = SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        ..policy
    };
    policy.limits.processes = TREE as u64;
    let opens = often(&launcher, launcher.spawn_program()?, &policy, OPEN)?;
    report("open-told", &opens)?;
    let own = often(&launcher, launcher.spawn_program()?, &policy, MAKE_OWN)?;
    report("create", &own)?;
    let granted = SandboxPolicy {
        paths: vec![PathGrant {
            declared: GRANTED.to_owned(),
            path: policy.workspace.join(GRANTED),
            access: FileAccess::Write,
        }],
        ..policy.clone()
    };
    let made = often(&launcher, launcher.spawn_program()?, &granted, MAKE)?;
    report("create-told", &made)?;
    report("kill-tree", &times(|| kill_tree(&launcher, &policy))?)?;
    // The last, because what it needs is for good.
    untold(&launcher, &policy)
}

/// How long a worker takes to do what it is told.
fn often(
    launcher: &Launcher,
    worker: Worker,
    policy: &SandboxPolicy,
    order: u8,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let (_worker, mut socket) = lock_in(launcher, worker, policy)?;
    // The first round is slower.
    told_times(&mut socket, order)?;
    told_times(&mut socket, order)
}

/// Lets a worker do what it is told, and returns the times that it tells.
fn told_times(socket: &mut UnixStream, order: u8) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut line = String::new();
    socket.write_all(&[order])?;
    BufReader::new(socket).read_line(&mut line)?;
    let times: Vec<u64> = serde_json::from_str(&line)?;
    Ok(times.into_iter().map(Duration::from_nanos).collect())
}

/// How long calls take of which a program's filter tells nobody, where it tells of others and where it cannot.
fn untold(launcher: &Launcher, policy: &SandboxPolicy) -> Result<(), Box<dyn Error>> {
    let (_told, mut told) = lock_in(launcher, launcher.spawn_program()?, policy)?;
    refuse_listeners()?;
    let unheard = Launcher::start(&LauncherOptions::new(std::env::current_exe()?))?;
    let worker = unheard.spawn_program()?;
    if !worker.report().notes.contains(&Note::Coarse) {
        return Err("the filter that is compared with tells as well".into());
    }
    let (_silent, mut silent) = lock_in(&unheard, worker, policy)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // In turn, so that what else the machine does falls on both.
    for _ in 0..RUNS {
        with.extend(told_times(&mut told, CALL)?);
        without.extend(told_times(&mut silent, CALL)?);
    }
    report("calls-untold", &with)?;
    report("calls-silent", &without)?;
    let ratio = median(&with).as_secs_f64() / median(&without).as_secs_f64();
    let line = serde_json::json!({ "measured": "untold", "amount": ratio });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How long it takes from the kill of a worker until neither it nor anything that it started is left, not even
/// as an entry in the kernel's table.
fn kill_tree(launcher: &Launcher, policy: &SandboxPolicy) -> Result<Duration, Box<dyn Error>> {
    let (worker, mut socket) = lock_in(launcher, launcher.spawn_program()?, policy)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(&[GROW])?;
    socket.read_exact(&mut [0])?;
    let tree = descendants(worker.pid())?;
    if tree.len() != TREE + 1 {
        return Err(format!("there are {} processes", tree.len()).into());
    }
    let start = Instant::now();
    worker.kill();
    while tree.iter().any(|process| process.exists()) {
        if start.elapsed() > PATIENCE {
            return Err("a killed tree is still there".into());
        }
        // The kernel needs the processors for what is measured.
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(start.elapsed())
}

/// A process and everything that it started, as their folders in `/proc`.
fn descendants(process: u32) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = vec![process];
    let mut seen = 0;
    while let Some(pid) = found.get(seen) {
        let children = fs_err::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        for child in children.split_ascii_whitespace() {
            found.push(child.parse()?);
        }
        seen += 1;
    }
    let folder = |pid: u32| Path::new("/proc").join(pid.to_string());
    Ok(found.into_iter().map(folder).collect())
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
fn policy(folder: &Path) -> Result<SandboxPolicy, Box<dyn Error>> {
    // Root's workers are nobody: they must be able to reach the folder.
    let root = fs_err::canonicalize(folder)?;
    fs_err::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let skill_root = root.join("skill");
    fs_err::create_dir_all(&skill_root)?;
    for folder in [GRANTED, "data"] {
        fs_err::create_dir_all(root.join(folder))?;
    }
    fs_err::write(skill_root.join(CODE), "module.exports = {};\n")?;
    Ok(SandboxPolicy {
        skill: SkillId {
            name: "empty".parse()?,
            version: "1.0.0".parse()?,
        },
        skill_root,
        data: Some(root.join("data")),
        workspace: root,
        paths: Vec::new(),
        sealed: Vec::new(),
        program: None,
        dependency_layer: None,
        bytecode: None,
        certificates: None,
        network: mycelium_policy::NetworkPolicy::default(),
        environment: std::collections::BTreeMap::new(),
        limits: Limits::default(),
        required_rung: Rung::Full,
        absent: Vec::new(),
        denials: Vec::new(),
        observed: false,
    })
}

/// Lets no filter that this thread, or a process that it starts, loads from here on tell anybody of anything, as on
/// kernels that do not know how.
#[expect(
    unsafe_code,
    reason = "a filter is loaded by a raw system call, as the launcher's own are"
)]
fn refuse_listeners() -> io::Result<()> {
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const IF_ANY: u16 = 0x45;
    const RETURN: u16 = 0x06;
    let instruction = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let mut program = [
        instruction(LOAD, 0, 0),
        instruction(IF_EQUAL, 3, libc::SYS_seccomp as u32),
        // The lower half of the second argument.
        instruction(LOAD, 0, 24),
        instruction(IF_ANY, 1, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32),
        instruction(RETURN, 0, libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32),
        instruction(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    rustix::thread::set_no_new_privs(true)?;
    // SAFETY: seccomp(2) reads the program, which outlives the call.
    let loaded = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const filter,
        )
    };
    match loaded {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
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

/// How long it takes to kill as many children as a tree has processes, and to wait for them.
fn kill_children() -> Result<Duration, Box<dyn Error>> {
    let (mut ready, tell) = io::pipe()?;
    let end_with_parent = || {
        // Without consequence if it fails.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    };
    let children = (0..TREE).map(|_| start_process(&tell, end_with_parent));
    let children: Vec<_> = children.collect::<io::Result<_>>()?;
    ready.read_exact(&mut [0; TREE])?;
    let start = Instant::now();
    for child in &children {
        rustix::process::kill_process(*child, Signal::KILL)?;
    }
    for child in &children {
        rustix::process::waitpid(Some(*child), WaitOptions::empty())?;
    }
    Ok(start.elapsed())
}

/// Starts a copy of this process that does something, tells that it is there, and waits for its end.
#[expect(
    unsafe_code,
    reason = "what is killed are processes with nothing of their own"
)]
fn start_process(mut tell: &PipeWriter, work: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: this process has one thread here, so that its copy may do what it may do itself.
    match unsafe { libc::fork() } {
        0 => {
            work();
            // Whoever waits for it notices if it fails.
            let _ = tell.write_all(b".");
            loop {
                // SAFETY: it takes nothing.
                unsafe { libc::pause() };
            }
        }
        child if child < 0 => Err(io::Error::last_os_error()),
        child => Pid::from_raw(child).ok_or_else(io::Error::last_os_error),
    }
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
