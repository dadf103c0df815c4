//! Turning a worker into a program of the skill's own, or letting it run one.
//!
//! The worker is restricted already when either happens. What is left is the seal: a second, short filter
//! that takes away what only the worker's own code needs, loaded when the last of that code runs.
#![allow(
    unsafe_code,
    reason = "a filter is put on between fork and exec, and descriptor 3 is a number by agreement"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ChildStderr;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use mycelium_policy::ChildProcesses;
use rustix::process::DumpableBehavior;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::pidfd_open;
use rustix::process::set_dumpable_behavior;
use rustix::process::setrlimit;

use crate::OsError;
use crate::filter::Instruction;
use crate::filter::Listening;
use crate::filter::SEALED;
use crate::filter::SEALED_ALONE;
use crate::filter::compile;
use crate::syscall;
use crate::syscall::Ending;
use crate::tree;

/// A program to run.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// The executable, absolute.
    pub path: &'a Path,
    /// What follows its name on its command line.
    pub arguments: &'a [OsString],
    /// Its whole environment.
    pub environment: &'a BTreeMap<String, String>,
    /// Whether it may start processes.
    pub child_processes: ChildProcesses,
}

/// For how long a worker starts a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// For one call: it reads nothing, and each of its processes has this much processor time, in seconds.
    Call {
        /// The processor time.
        cpu_seconds: u64,
    },
    /// For many calls, about which it is told on its standard input. Who starts it sees to its processor time.
    Calls,
}

impl Program<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox is what starts programs, here inside a worker"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new(self.path);
        command
            .args(self.arguments)
            .env_clear()
            .envs(self.environment)
            .stdin(Stdio::null());
        command
    }

    fn seal(&self) -> Vec<Instruction> {
        let filter = match self.child_processes {
            ChildProcesses::Refused => &SEALED_ALONE,
            ChildProcesses::Allowed => &SEALED,
        };
        // A process has one listener at most, and it has that from its birth.
        compile(filter, Listening::No)
    }

    /// Becomes the program, with `socket` as its descriptor 3. What it prints goes to the worker's pipe.
    ///
    /// Returns only when that failed; the process is sealed then and should end.
    pub(crate) fn replace(&self, socket: &impl AsFd) -> OsError {
        let mut command = self.command();
        match syscall::inherit_as(socket.as_fd(), SOCKET)
            .and_then(|()| syscall::load_filter(&self.seal()))
        {
            Ok(()) => command.exec().into(),
            Err(error) => error,
        }
    }

    /// Starts the program as a child of the calling process, with pipes for what it prints and, if it lives for many
    /// calls, for what it reads.
    ///
    /// # Errors
    /// When it cannot be started; most often its interpreter is missing or its arguments are too long.
    pub(crate) fn start(&self, lifetime: Lifetime) -> io::Result<Process> {
        // Whoever could look into this process could take its place.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        let seal = self.seal();
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let cpu = match lifetime {
            Lifetime::Call { cpu_seconds } => Some(Rlimit {
                current: Some(cpu_seconds),
                // Who does not heed the signal at the limit is ended a second later.
                maximum: Some(cpu_seconds.saturating_add(1)),
            }),
            Lifetime::Calls => {
                command.stdin(Stdio::piped());
                None
            }
        };
        // SAFETY: the worker has one thread, so its copy may do whatever it may do itself; what it does are
        // three system calls on memory that was made before.
        unsafe {
            command.pre_exec(move || {
                // Nobody else is in the sandbox yet, and the supervisor wants to see what is run.
                set_dumpable_behavior(DumpableBehavior::Dumpable)?;
                if let Some(cpu) = cpu {
                    setrlimit(Resource::Cpu, cpu)?;
                }
                syscall::load_filter(&seal)
                    .map_err(|error| io::Error::from_raw_os_error(error.raw()))
            });
        }
        let mut child = command.spawn()?;
        let missing = || io::Error::from_raw_os_error(libc::EBADF);
        let pid = Pid::from_raw(child.id() as i32).ok_or_else(missing)?;
        Ok(Process {
            pid,
            pidfd: pidfd_open(pid, PidfdFlags::empty())?,
            stdin: child.stdin.take(),
            stdout: child.stdout.take().ok_or_else(missing)?,
            stderr: child.stderr.take().ok_or_else(missing)?,
        })
    }
}

/// The descriptor on which a program of its own finds the worker protocol.
const SOCKET: i32 = 3;

/// A program that a worker runs.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    /// What it reads, if it is told of calls.
    pub stdin: Option<ChildStdin>,
    /// What it prints.
    pub stdout: ChildStdout,
    /// What it prints as errors.
    pub stderr: ChildStderr,
}

/// How a program that a worker ran has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessEnd {
    /// How it ended.
    pub status: ProcessStatus,
    /// The processor time of the program and everything it started.
    pub cpu_time: Duration,
    /// The most memory that one of these processes had at one time, in bytes.
    pub peak_memory: u64,
    /// How many processes it left behind, which were ended with it.
    pub left_behind: u64,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessStatus {
    /// It returned this.
    Returned(u8),
    /// This signal ended it.
    Signal(i32),
}

impl Process {
    /// A descriptor that becomes readable when the program has ended.
    #[must_use]
    pub fn pidfd(&self) -> impl AsFd + '_ {
        &self.pidfd
    }

    /// The processor time of the program so far, and of its children that have ended.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        tree::cpu_time(self.pid)
    }

    /// The memory that the program has now, in bytes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        tree::memory(self.pid)
    }

    /// Ends the program, if it has not ended, and every other process in the sandbox; waits until they are
    /// gone. Afterwards nobody has the other ends of its pipes.
    pub fn finish(&self) -> ProcessEnd {
        let mut end = ProcessEnd {
            status: ProcessStatus::Signal(libc::SIGKILL),
            cpu_time: Duration::ZERO,
            peak_memory: 0,
            left_behind: 0,
        };
        syscall::kill_all_others();
        while let Some(dead) = syscall::wait() {
            if dead.pid == self.pid {
                end.status = match dead.ending {
                    Ending::Status(status) => ProcessStatus::Returned(status),
                    Ending::Signal(signal) => ProcessStatus::Signal(signal),
                };
            } else {
                end.left_behind += 1;
            }
            end.cpu_time += dead.cpu_time;
            end.peak_memory = end.peak_memory.max(dead.peak_memory);
        }
        end
    }
}
