//! The worker's side: a program that does to its sandbox whatever it is told.
#![allow(
    unsafe_code,
    reason = "hostile programs make system calls that no library offers"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::ptr;
use std::time::Duration;

use mycelium_policy::ChildProcesses;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::Lifetime;
use mycelium_sandbox::OsError;
use mycelium_sandbox::Process;
use mycelium_sandbox::ProcessStatus;
use mycelium_sandbox::Program;
use mycelium_sandbox::Seat;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::poll;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::RenameFlags;
use rustix::fs::renameat_with;
use serde::Deserialize;
use serde::Serialize;

use super::file_operations;
use crate::kernel;

/// What came of an order: some text, or the kernel's error number.
pub(crate) type Finding = Result<String, i32>;

/// One thing to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Say the same.
    Echo(String),
    /// Put the policy on.
    Restrict(Box<SandboxPolicy>),
    /// Read a file.
    Read(PathBuf),
    /// Write a file, replacing what is there.
    Write(PathBuf, String),
    /// Make a folder.
    MakeFolder(PathBuf),
    /// Call a file or folder something else.
    Rename(PathBuf, PathBuf),
    /// Let two files or folders change places.
    Exchange(PathBuf, PathBuf),
    /// Give a file a further name.
    Link(PathBuf, PathBuf),
    /// Make a link that leads to a path.
    LinkTo(PathBuf, PathBuf),
    /// Do all that can be done with new files in an empty folder.
    MakeEverything(PathBuf),
    /// Make files in a folder that are not opened.
    MakeNodes(PathBuf),
    /// Make files in a folder and keep them open, until that is refused or this many; say how many, and the error.
    KeepFiles(PathBuf, usize),
    /// Remove a folder with everything in it.
    Remove(PathBuf),
    /// List a folder.
    List(PathBuf),
    /// Say how large a file is.
    Size(PathBuf),
    /// Say the working directory.
    WorkingDirectory,
    /// Make new files unreadable for everybody else.
    KeepFilesPrivate,
    /// Make an attack.
    Attack(String, kernel::Targets),
    /// Start this program, which makes an attack.
    AttackByProgram(PathBuf, ChildProcesses, String, kernel::Targets),
    /// Take memory, a MiB at a time, until there is no more or this many; say how many.
    TakeMemory(usize),
    /// Write a file, a MiB at a time, until there is no more room or this many.
    FillFile(PathBuf, usize),
    /// Make empty files in a folder, until there is no more room or this many.
    MakeFiles(PathBuf, usize),
    /// Open a file again and again, until that is refused or this often.
    OpenAgain(PathBuf, usize),
    /// Use this many MiB of stack, and of other memory, at the same time.
    UseStack(usize),
    /// Run a program and say the status it returned.
    Run(PathBuf),
    /// Connect to an address and say what is heard there.
    Hear(std::net::SocketAddr),
    /// Send a datagram to an address.
    Send(std::net::SocketAddr),
    /// Look up a name and say its addresses.
    LookUp(String),
    /// Start this many processes that belong to nobody, three in a session, and do not listen to signals.
    GrowTree(usize),
    /// Let a child, and a grandchild that nobody waits for, use so many milliseconds of processor time each.
    BurnInChildren(u64),
    /// Use processor time for ever.
    Spin,
    /// Abort.
    Abort,
    /// Return from the main function.
    Return(u8),
}

pub(crate) fn worker_main(mut seat: Seat) -> u8 {
    let socket = seat.socket().try_clone().unwrap();
    let mut lines = BufReader::new(socket).lines();
    while let Some(Ok(line)) = lines.next() {
        let finding = match serde_json::from_str(&line).unwrap() {
            Order::Restrict(policy) => match seat.restrict(&policy) {
                Ok(report) => Ok(serde_json::to_string(&report).unwrap()),
                Err(error) => Ok(format!("{error:?}")),
            },
            Order::Run(path) => run(&seat, &path).map_err(|error| OsError::from(error).raw()),
            Order::AttackByProgram(path, children, name, targets) => {
                attack_by(&seat, &path, children, (&name, &targets))
            }
            Order::Return(status) => return status,
            other => obey(other).map_err(|error| OsError::from(error).raw()),
        };
        let mut line = serde_json::to_vec(&finding).unwrap();
        line.push(b'\n');
        seat.socket().write_all(&line).unwrap();
    }
    0
}

fn run(seat: &Seat, path: &Path) -> io::Result<String> {
    let process = seat.start_program(
        &Program {
            path,
            arguments: &[],
            environment: &BTreeMap::new(),
            child_processes: ChildProcesses::Refused,
        },
        Lifetime::Call { cpu_seconds: 30 },
    )?;
    wait_for(&process)?;
    match process.finish().status {
        ProcessStatus::Returned(status) => Ok(status.to_string()),
        ProcessStatus::Signal(signal) => Ok(format!("signal {signal}")),
    }
}

/// The first argument that makes this program one that makes an attack.
pub(crate) const ATTACK_ARGUMENT: &str = "__attack";

/// What an attack meets that a program makes. One that ends the program ends the worker here.
fn attack_by(
    seat: &Seat,
    path: &Path,
    child_processes: ChildProcesses,
    (name, targets): (&str, &kernel::Targets),
) -> Finding {
    let arguments = [
        ATTACK_ARGUMENT,
        name,
        &serde_json::to_string(targets).unwrap(),
    ];
    let mut process = seat
        .start_program(
            &Program {
                path,
                arguments: &arguments.map(OsString::from),
                environment: &BTreeMap::new(),
                child_processes,
            },
            Lifetime::Call { cpu_seconds: 30 },
        )
        .unwrap();
    let mut told = String::new();
    // Children of its own may have the pipe too.
    wait_for(&process).unwrap();
    let end = process.finish();
    process.stdout.read_to_string(&mut told).unwrap();
    match end.status {
        ProcessStatus::Returned(0) => serde_json::from_str(&told).unwrap(),
        ProcessStatus::Returned(status) => panic!("{name} ended with {status}"),
        ProcessStatus::Signal(_) => std::process::abort(),
    }
}

/// In a program of its own: makes the attack, and tells what it met.
pub(crate) fn attack_as_program(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut next = || arguments.next().unwrap().into_string().unwrap();
    let (name, targets) = (next(), next());
    let targets = serde_json::from_str(&targets).unwrap();
    let itself = std::process::id();
    let met = obey(Order::Attack(name, targets)).map_err(|error| OsError::from(error).raw());
    // An attack may make a copy of this process, which comes here as well.
    if std::process::id() == itself {
        println!("{}", serde_json::to_string(&met).unwrap());
    }
    ExitCode::SUCCESS
}

fn wait_for(process: &Process) -> io::Result<()> {
    let pidfd = process.pidfd();
    let mut ended = [PollFd::new(&pidfd, PollFlags::IN)];
    poll(&mut ended, None)?;
    Ok(())
}

fn obey(order: Order) -> io::Result<String> {
    let nothing = |()| String::new();
    match order {
        Order::Echo(text) => Ok(text),
        Order::Read(path) => {
            let mut text = String::new();
            File::open(path)?.read_to_string(&mut text)?;
            Ok(text)
        }
        Order::Write(path, text) => File::create(path)?.write_all(text.as_bytes()).map(nothing),
        Order::MakeFolder(path) => {
            rustix::fs::mkdir(path, Mode::from_raw_mode(0o755))?;
            Ok(String::new())
        }
        Order::Rename(from, to) => {
            rustix::fs::rename(from, to)?;
            Ok(String::new())
        }
        Order::Exchange(one, other) => {
            renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?;
            Ok(String::new())
        }
        Order::Link(of, at) => {
            rustix::fs::link(of, at)?;
            Ok(String::new())
        }
        Order::LinkTo(target, at) => {
            rustix::fs::symlink(target, at)?;
            Ok(String::new())
        }
        Order::MakeEverything(folder) => Ok(file_operations::everything(&folder).join("\n")),
        Order::MakeNodes(folder) => Ok(file_operations::empty_files(&folder)?),
        Order::KeepFiles(folder, most) => {
            let mut kept = Vec::new();
            let error = loop {
                match File::create_new(folder.join(kept.len().to_string())) {
                    Ok(file) if kept.len() < most => kept.push(file),
                    Ok(_) => break 0,
                    Err(error) => break error.raw_os_error().unwrap_or(-1),
                }
            };
            Ok(format!("{} {error}", kept.len()))
        }
        Order::Remove(path) => fs_err::remove_dir_all(path).map(nothing),
        Order::List(path) => list(&path),
        Order::Size(path) => Ok(std::fs::metadata(path)?.len().to_string()),
        Order::WorkingDirectory => Ok(std::env::current_dir()?.display().to_string()),
        Order::KeepFilesPrivate => {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
            Ok(String::new())
        }
        Order::Attack(name, targets) => {
            let found = kernel::ATTACKS.iter().find(|(listed, _)| *listed == name);
            let (_, make) = found.unwrap();
            make(&targets).map(nothing)
        }
        Order::TakeMemory(most) => {
            let (count, error) = take_memory(most);
            error.map_or(Ok(count.to_string()), Err)
        }
        Order::FillFile(path, most) => {
            let mut file = File::create(path)?;
            for _ in 0..most {
                file.write_all(&[1; 1 << 20])?;
            }
            Ok(String::new())
        }
        Order::MakeFiles(folder, most) => {
            for number in 0..most {
                File::create(folder.join(number.to_string()))?;
            }
            Ok(String::new())
        }
        Order::OpenAgain(path, most) => {
            let mut open = Vec::new();
            for _ in 0..most {
                open.push(File::open(&path)?);
            }
            Ok(String::new())
        }
        Order::UseStack(mebibytes) => {
            take_memory(mebibytes);
            Ok(use_stack(mebibytes).to_string())
        }
        Order::Hear(address) => {
            let mut heard = String::new();
            std::net::TcpStream::connect(address)?.read_to_string(&mut heard)?;
            Ok(heard)
        }
        Order::Send(address) => {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
            socket.send_to(b"x", address).map(|_| String::new())
        }
        Order::LookUp(name) => {
            use std::net::ToSocketAddrs;
            let addresses: Vec<_> = (name.as_str(), 0)
                .to_socket_addrs()?
                .map(|address| address.ip().to_string())
                .collect();
            Ok(addresses.join(" "))
        }
        Order::GrowTree(members) => grow_tree(members).map(nothing),
        Order::BurnInChildren(milliseconds) => {
            burn_in_children(Duration::from_millis(milliseconds)).map(nothing)
        }
        Order::Spin => loop {
            std::hint::spin_loop();
        },
        Order::Abort => std::process::abort(),
        Order::Restrict(_) | Order::Run(_) | Order::AttackByProgram(..) | Order::Return(_) => {
            unreachable!("done by the caller")
        }
    }
}

fn list(path: &Path) -> io::Result<String> {
    let mut names: Vec<_> = std::fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    Ok(names.join(" "))
}

/// Keeps what it takes.
fn take_memory(most: usize) -> (usize, Option<io::Error>) {
    const MIB: usize = 1 << 20;
    for count in 0..most {
        // SAFETY: a new mapping at a place of the kernel's choice, written to within its size.
        unsafe {
            let memory = libc::mmap(
                ptr::null_mut(),
                MIB,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if memory == libc::MAP_FAILED {
                return (count, Some(io::Error::last_os_error()));
            }
            memory.cast::<u8>().write_bytes(1, MIB);
        }
    }
    (most, None)
}

#[inline(never)]
fn use_stack(mebibytes: usize) -> usize {
    let block = black_box([1u8; 1 << 20]);
    match mebibytes {
        0 => usize::from(block[0]),
        more => use_stack(more - 1) + usize::from(block[more % block.len()]),
    }
}

/// A copy of this process does this and ends.
fn fork(work: impl FnOnce()) -> io::Result<libc::pid_t> {
    // SAFETY: a worker has one thread, and its copy ends here.
    match unsafe { libc::fork() } {
        0 => {
            work();
            // SAFETY: it takes a number.
            unsafe { libc::_exit(0) }
        }
        child if child < 0 => Err(io::Error::last_os_error()),
        child => Ok(child),
    }
}

fn wait_for_child(child: libc::pid_t) {
    // SAFETY: waitpid(2) may be told nowhere to put the status.
    unsafe { libc::waitpid(child, ptr::null_mut(), 0) };
}

fn grow_tree(members: usize) -> io::Result<()> {
    let (ready, tell) = io::pipe()?;
    for first in (0..members).step_by(3) {
        let session = fork(|| {
            let _ = rustix::process::setsid();
            for _ in first..members.min(first + 3) {
                let member = || {
                    for signal in 1..32 {
                        // SAFETY: it takes numbers; those that cannot be ignored stay as they are.
                        unsafe { libc::signal(signal, libc::SIG_IGN) };
                    }
                    let _ = (&tell).write_all(b"x");
                    loop {
                        // SAFETY: it takes nothing.
                        unsafe { libc::pause() };
                    }
                };
                let _ = fork(member);
            }
        })?;
        wait_for_child(session);
    }
    (&ready).read_exact(&mut vec![0; members])
}

fn burn_in_children(time: Duration) -> io::Result<()> {
    let burn = || while processor_time() < time {};
    let child = fork(burn)?;
    let (ended, hold) = io::pipe()?;
    let parent = fork(|| {
        let _ = fork(burn);
    })?;
    drop(hold);
    wait_for_child(child);
    wait_for_child(parent);
    // Its end of the pipe is closed when the last one has ended.
    (&ended).read_to_end(&mut Vec::new()).map(drop)
}

fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// Gives the calling thread, and what it starts, a copy of all mounts.
pub(crate) fn leave_mount_namespace() {
    // SAFETY: the descriptor table stays shared.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }.unwrap();
}

/// Gives this process, which has one thread, a user namespace of its own.
pub(crate) fn enter_user_namespace() {
    // SAFETY: the descriptor table stays shared.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWUSER) }.unwrap();
}
