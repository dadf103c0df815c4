//! A worker as its supervisor sees it.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mycelium_policy::SandboxPolicy;
use mycelium_types::Limits;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::pidfd_send_signal;

use crate::Exit;
use crate::NetworkPorts;
use crate::OsError;
use crate::Precedence;
use crate::SandboxError;
use crate::SandboxReport;
use crate::SeenAttempts;
use crate::attempt::Attempts;
use crate::attempt::Entrances;
use crate::cgroup;
use crate::syscall::CpuClock;
use crate::tree;
use crate::turns;

/// One worker. Dropping it kills it.
#[derive(Debug)]
pub struct Worker {
    number: u64,
    pid: Pid,
    pidfd: OwnedFd,
    socket: Option<UnixStream>,
    output: Option<OwnedFd>,
    attempts: Option<Arc<Attempts>>,
    report: SandboxReport,
    /// The file that counts the processor time of the worker and everything that it starts.
    times: Option<PathBuf>,
    fate: Arc<Fate>,
}

/// A worker with everything that it started, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Processor time so far.
    pub cpu_time: Duration,
    /// Processes, the worker itself not included.
    pub processes: u64,
    /// Resident memory that no file is behind, in bytes. What two processes share counts twice.
    pub memory: u64,
}

/// How a worker is heard.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) socket: OwnedFd,
    /// What it prints.
    pub(crate) output: Option<OwnedFd>,
    /// What its filter tells.
    pub(crate) attempts: Option<Arc<Attempts>>,
}

/// What a worker, with everything that it started, uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Processor time so far.
    pub cpu_time: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// Processes, the worker itself not included.
    pub processes: u64,
    /// Files that one process has open, the most of all.
    pub open_files: u64,
    /// What the files in `/tmp` take, in bytes.
    pub temporary: u64,
}

/// What a worker's handle and the launcher's listener both know of it.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    killed: AtomicBool,
    limits: OnceLock<Limits>,
    exit: Mutex<Option<Exit>>,
    ended: Condvar,
}

impl Fate {
    pub(crate) fn killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }

    pub(crate) fn limits(&self) -> Option<Limits> {
        self.limits.get().copied()
    }

    /// The worker has ended; what is known first stays.
    pub(crate) fn settle(&self, exit: Exit) {
        self.exit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(exit);
        self.ended.notify_all();
    }
}

impl Worker {
    pub(crate) fn new(
        number: u64,
        pid: Pid,
        pidfd: OwnedFd,
        lines: Lines,
        report: SandboxReport,
        times: Option<PathBuf>,
    ) -> Self {
        Self {
            number,
            pid,
            pidfd,
            socket: Some(UnixStream::from(lines.socket)),
            output: lines.output,
            attempts: lines.attempts,
            report,
            times,
            fate: Arc::default(),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }

    pub(crate) fn clock(&self) -> Result<CpuClock, SandboxError> {
        CpuClock::of(self.pid).map_err(clock_error)
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        // Set once: a worker is assigned once.
        let _ = self.fate.limits.set(limits);
    }

    /// The worker's process id, as the supervisor's own process namespace numbers it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// A descriptor that becomes readable when the worker has ended.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The socket to the worker, the first time it is asked for. It is in blocking mode.
    #[must_use]
    pub fn take_socket(&mut self) -> Option<UnixStream> {
        self.socket.take()
    }

    /// The pipe with what the worker's program prints, the first time it is asked for. Only a worker that
    /// was made for a program has one.
    #[must_use]
    pub fn take_output(&mut self) -> Option<OwnedFd> {
        self.output.take()
    }

    /// What the worker tried since this was last asked and was refused, and if it is observed also what it used
    /// of its grants. Waits for what is known already to
    /// be judged, at most `limit`; usually that is done.
    #[must_use]
    pub fn take_attempts(&self, limit: Duration) -> SeenAttempts {
        let attempts = self.attempts.as_ref();
        attempts.map_or_else(SeenAttempts::default, |attempts| attempts.take(limit))
    }

    /// Whether it tried something that is not judged yet, so that [`Worker::take_attempts`] may wait.
    #[must_use]
    pub fn has_unjudged(&self) -> bool {
        let attempts = self.attempts.as_ref();
        attempts.is_some_and(|attempts| attempts.is_unsettled())
    }

    /// From here on what it tries is judged by `policy`.
    pub(crate) fn judge_by(&self, policy: &SandboxPolicy) {
        if let Some(attempts) = &self.attempts {
            attempts.begin(policy);
        }
    }

    /// From here on its connections arrive at `ports` of its own network, and nowhere else.
    pub(crate) fn lead_to(&self, ports: NetworkPorts) {
        if let Some(attempts) = &self.attempts {
            attempts.lead_to(Entrances::new(self.pid(), ports));
        }
    }

    /// What the kernel enforces before the worker has a skill.
    #[must_use]
    pub fn report(&self) -> &SandboxReport {
        &self.report
    }

    /// Kills the worker. It is dead within about a millisecond; a large one takes longer to vanish.
    pub fn kill(&self) {
        self.fate.killed.store(true, Ordering::Release);
        // Fails only for a worker that has ended already.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// How the worker ended, if that is known already.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        *self
            .fate
            .exit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How the worker ended; waits for it, and for the word of it, at most `limit`.
    #[must_use]
    pub fn wait_exit(&self, limit: Duration) -> Option<Exit> {
        let exit = self
            .fate
            .exit
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *self
            .fate
            .ended
            .wait_timeout_while(exit, limit, |exit| exit.is_none())
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// What the worker and everything that it started use. About 50 µs, and 30 more for each process.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn usage(&self) -> Result<Usage, SandboxError> {
        let members = tree::members(self.pid);
        let each = members.iter().copied();
        let usage = Usage {
            cpu_time: self.time_of(&members),
            memory: each.clone().map(tree::memory).sum(),
            processes: members.len() as u64 - 1,
            open_files: each.filter_map(tree::open_files).max().unwrap_or(0),
            temporary: tree::temporary(self.pid).unwrap_or(0),
        };
        self.if_alive(usage)
    }

    /// The worker with everything that it started. About 30 µs, and 15 more for each process.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn family(&self) -> Result<Family, SandboxError> {
        let members = tree::members(self.pid);
        let family = Family {
            cpu_time: self.time_of(&members),
            processes: members.len() as u64 - 1,
            memory: members.iter().copied().map(tree::own_memory).sum(),
        };
        self.if_alive(family)
    }

    /// The processor time so far of the worker and everything that it started. Exact where a control group
    /// counts it; elsewhere, what a process used that nobody waited for is lost with it.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn family_cpu_time(&self) -> Result<Duration, SandboxError> {
        let time = match self.counted_time() {
            Some(time) => time,
            None => self.time_of(&tree::members(self.pid)),
        };
        self.if_alive(time)
    }

    /// The memory of the worker and everything that it started, in bytes, with what processes share divided
    /// among them. The kernel looks at every page for it: milliseconds.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn family_memory(&self) -> Result<u64, SandboxError> {
        let members = tree::members(self.pid).into_iter();
        self.if_alive(members.map(tree::proportional_memory).sum())
    }

    fn time_of(&self, members: &[Pid]) -> Duration {
        self.counted_time()
            .unwrap_or_else(|| members.iter().copied().map(tree::cpu_time).sum())
    }

    /// What a control group counted. A group that cannot be read is none: its processes still have times of their own.
    fn counted_time(&self) -> Option<Duration> {
        cgroup::time_used(self.times.as_ref()?).ok()
    }

    /// The worker's own processor time so far. About 2 µs.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn cpu_time(&self) -> Result<Duration, SandboxError> {
        let time = self.clock()?.now().map_err(clock_error)?;
        self.if_alive(time)
    }

    /// The bytes that the worker and everything that it started made file systems store so far, files in
    /// memory not included; nothing where the kernel does not count them. Those of processes that have
    /// ended are left out. About 10 µs for each process.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn written(&self) -> Result<Option<u64>, SandboxError> {
        let members = tree::members(self.pid).into_iter();
        let written = members
            .map(tree::written)
            .try_fold(0, |sum: u64, one| Some(sum.saturating_add(one?)));
        self.if_alive(written)
    }

    /// Lets the worker, and everything that it started, have the processor before others or only when
    /// they leave enough of it.
    ///
    /// # Errors
    /// When the worker has ended, or is to come before others again and the supervisor is an ordinary
    /// person, who may not do that.
    pub fn set_precedence(&self, precedence: Precedence) -> Result<(), SandboxError> {
        let members = self.if_alive(tree::members(self.pid))?;
        turns::set(&members, precedence).map_err(clock_error)?;
        if let Some(attempts) = &self.attempts {
            attempts.place(precedence);
        }
        Ok(())
    }

    /// What was learnt by the worker's process id. While the worker is there, that is nobody else's.
    fn if_alive<T>(&self, learnt: T) -> Result<T, SandboxError> {
        let mut ended = [PollFd::new(&self.pidfd, PollFlags::IN)];
        match poll(&mut ended, Some(&Timespec::default())) {
            Ok(0) | Err(Errno::INTR) => Ok(learnt),
            Ok(_) | Err(_) => Err(SandboxError::WorkerLost),
        }
    }
}

/// What a failed call about a worker's clock means.
pub(crate) fn clock_error(source: OsError) -> SandboxError {
    match source.raw() {
        libc::ESRCH => SandboxError::WorkerLost,
        _ => SandboxError::Clock { source },
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
