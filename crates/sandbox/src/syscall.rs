//! The few kernel calls that no safe wrapper exists for.
#![allow(
    unsafe_code,
    reason = "this module is the crate's one place for system calls without a safe wrapper"
)]

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::Pid;
use rustix::thread::UnshareFlags;

use crate::OsError;
use crate::filter::Instruction;

type Result<T> = std::result::Result<T, OsError>;

fn check(returned: libc::c_long) -> Result<libc::c_long> {
    if returned < 0 {
        Err(OsError::last())
    } else {
        Ok(returned)
    }
}

/// The flag of clone3(2); the C library's constant is too narrow for it.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// Which side of a [`clone_process`] the caller is on.
pub(crate) enum Cloned {
    /// The new process.
    Child,
    /// The old one, with the new one's id and descriptor.
    Parent { pid: Pid, pidfd: OwnedFd },
}

/// Makes a copy of the calling process in the new namespaces `namespaces`, as `fork` would; in the
/// control group of version 2 whose folder `cgroup` is, if given.
///
/// # Safety
/// The calling process must have exactly one thread: the copy has only the calling one, and a lock
/// that another held would stay locked for ever. The child must not return into code that drops
/// what belongs to the parent, and ends with [`terminate`].
pub(crate) unsafe fn clone_process(
    namespaces: UnshareFlags,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Cloned> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: all fields are integers, for which zero is a value and here means "not used".
    let mut arguments: libc::clone_args = unsafe { MaybeUninit::zeroed().assume_init() };
    arguments.flags = u64::from(namespaces.bits()) | libc::CLONE_PIDFD as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: clone3(2) reads `arguments`, whose size is given, and writes one int to `pidfd`; both
    // outlive the call. Without CLONE_VM and with no stack the child runs on its own copy of this
    // stack. That it may go on running Rust code is this function's contract.
    let pid = check(unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<libc::clone_args>(),
        )
    })?;
    Ok(match Pid::from_raw(pid as i32) {
        None => Cloned::Child,
        Some(pid) => Cloned::Parent {
            pid,
            // SAFETY: CLONE_PIDFD has put a new descriptor there, which nothing else owns.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        },
    })
}

/// Makes a copy of the calling process, as `fork` does, where clone3(2) is not to be had.
///
/// # Safety
/// As [`clone_process`] says.
pub(crate) unsafe fn copy_process() -> Result<Cloned> {
    let mut pidfd: libc::c_int = -1;
    let flags = libc::CLONE_PIDFD | libc::SIGCHLD;
    // SAFETY: with this flag clone(2) writes one int to the third argument on every machine we know, and with
    // no stack the child runs on its own copy of this one. The rest is this function's contract.
    let pid = check(unsafe {
        libc::syscall(
            libc::SYS_clone,
            flags,
            0usize,
            &raw mut pidfd,
            0usize,
            0usize,
        )
    })?;
    Ok(match Pid::from_raw(pid as i32) {
        None => Cloned::Child,
        Some(pid) => Cloned::Parent {
            pid,
            // SAFETY: CLONE_PIDFD has put a new descriptor there, which nothing else owns.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        },
    })
}

/// Ends the process at once, running nothing that was registered by the process it was cloned from.
pub(crate) fn terminate(status: u8) -> ! {
    // SAFETY: _exit(2) has no preconditions and does not return.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Enters new namespaces.
pub(crate) fn unshare(namespaces: UnshareFlags) -> Result<()> {
    debug_assert!(!namespaces.contains(UnshareFlags::FILES));
    // SAFETY: only unsharing the descriptor table is unsafe, and no caller does.
    Ok(unsafe { rustix::thread::unshare_unsafe(namespaces) }?)
}

/// Changes a mount's attributes. `path` is relative to `at`; empty means the mount `at` is in.
pub(crate) fn set_mount_attributes(
    at: BorrowedFd<'_>,
    path: &std::ffi::CStr,
    change: &MountChange<'_>,
) -> Result<()> {
    /// `struct mount_attr` of mount_setattr(2).
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let below = match change.below {
        MountsBelow::Excluded => 0,
        MountsBelow::Included => libc::AT_RECURSIVE,
    };
    let mut attributes = Attributes {
        set: change.set,
        clear: change.clear,
        propagation: 0,
        user_namespace: 0,
    };
    if let Some(namespace) = change.id_map {
        attributes.set |= libc::MOUNT_ATTR_IDMAP;
        attributes.user_namespace = namespace.as_raw_fd() as u64;
    }
    // SAFETY: mount_setattr(2) reads the text and the structure, whose size is given.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            at.as_raw_fd(),
            path.as_ptr(),
            libc::AT_EMPTY_PATH | below,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    })
    .map(drop)
}

/// What [`set_mount_attributes`] does; bits are those of `MOUNT_ATTR_*`.
#[derive(Default)]
pub(crate) struct MountChange<'a> {
    pub(crate) set: u64,
    pub(crate) clear: u64,
    /// A user namespace whose map translates the owners of files.
    pub(crate) id_map: Option<BorrowedFd<'a>>,
    pub(crate) below: MountsBelow,
}

/// Whether a change is also about the mounts below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MountsBelow {
    #[default]
    Excluded,
    Included,
}

/// Sets the user and group that the calling thread's file operations are done as.
pub(crate) fn set_file_identity(user: u32, group: u32) {
    // SAFETY: setfsuid(2) and setfsgid(2) take a number and change the calling thread only.
    unsafe {
        libc::setfsgid(group);
        libc::setfsuid(user);
    }
}

/// Puts a system call filter on the calling thread, for good.
pub(crate) fn load_filter(program: &[Instruction]) -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or(u16::MAX),
        // The kernel only reads the program; the type has no const pointer.
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: seccomp(2) reads `len` instructions from the slice, which outlives the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    })
    .map(drop)
}

/// The version of Landlock's interface, at least 1, or the reason why there is none.
pub(crate) fn landlock_abi() -> Result<i32> {
    const VERSION: libc::c_long = 1;
    // SAFETY: with the flag VERSION landlock_create_ruleset(2) reads nothing.
    check(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0,
            VERSION,
        )
    })
    .map(|version| version as i32)
}

/// Makes `signals` wait for the calling thread in the returned descriptor instead of interrupting it.
pub(crate) fn signal_descriptor(signals: &[i32]) -> Result<OwnedFd> {
    let set = signal_set(signals);
    // SAFETY: `set` is initialised and only read; signalfd(2) returns a descriptor that is ours.
    unsafe {
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()).into())?;
        let descriptor = check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC).into())?;
        Ok(OwnedFd::from_raw_fd(descriptor as i32))
    }
}

/// The signals that wait in the descriptor; waits for one if none does.
pub(crate) fn read_signals(descriptor: &OwnedFd) -> Result<Vec<i32>> {
    const SIZE: usize = size_of::<libc::signalfd_siginfo>();
    let mut buffer = [0; SIZE * 8];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(descriptor, &mut buffer))?;
    // The number is the structure's first field (signalfd(2)).
    Ok(buffer[..length]
        .chunks_exact(SIZE)
        .filter_map(|one| one.first_chunk())
        .map(|number| i32::from_ne_bytes(*number))
        .collect())
}

/// Undoes [`signal_descriptor`] in a child.
pub(crate) fn unblock_signals() -> Result<()> {
    let set = signal_set(&[]);
    // SAFETY: `set` is initialised and only read.
    check(unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()).into()
    })
    .map(drop)
}

fn signal_set(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset(3) initialises the set, sigaddset(3) changes it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}

/// Closes every descriptor above standard error but those in `kept`.
pub(crate) fn close_all_but(kept: &[u32]) -> Result<()> {
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let mut first = 3;
    for descriptor in kept.into_iter().chain([u32::MAX]) {
        if descriptor > first {
            // SAFETY: close_range(2) takes numbers. The caller is a fresh child, or a program at its
            // start, that never uses, and never drops, what it inherited under them.
            check(unsafe { libc::syscall(libc::SYS_close_range, first, descriptor - 1, 0) })?;
        }
        first = descriptor.saturating_add(1).max(first);
    }
    Ok(())
}

/// Closes every descriptor above standard error that the program was started with. It must be the first
/// thing a program does: nothing may be open by then that it uses itself.
///
/// # Errors
/// When the kernel is older than Linux 5.9.
pub fn close_inherited() -> std::result::Result<(), OsError> {
    close_all_but(&[])
}

/// Keeps the memory of this process from core dumps, and from other processes of the same person.
pub fn hide_memory() {
    // Fails only for words that the kernel does not know; this is one of the first it knew.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// A process that has ended, as [`reap`] finds it.
pub(crate) struct Reaped {
    pub(crate) pid: Pid,
    pub(crate) ending: Ending,
    pub(crate) cpu_time: Duration,
    /// In bytes.
    pub(crate) peak_memory: u64,
}

/// How a process ended, in the kernel's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Ending {
    Status(u8),
    Signal(i32),
}

/// Takes note of one child that has ended, if there is one.
pub(crate) fn reap() -> Option<Reaped> {
    wait_for_any(libc::WNOHANG)
}

/// Waits for a child to end and takes note of it; `None` when there is none.
pub(crate) fn wait() -> Option<Reaped> {
    loop {
        let dead = wait_for_any(0);
        if dead.is_some() || OsError::last().raw() != libc::EINTR {
            return dead;
        }
    }
}

/// Ends every process that the caller may send signals to, but itself. In a namespace of its own the first
/// process reaches all others this way, and none can be made meanwhile.
pub(crate) fn kill_all_others() {
    // SAFETY: kill(2) takes numbers. It fails when there is nobody else.
    unsafe {
        libc::kill(-1, libc::SIGKILL);
    }
}

/// Makes `descriptor` the descriptor `number` too, and lets programs inherit that one.
pub(crate) fn inherit_as(descriptor: BorrowedFd<'_>, number: i32) -> Result<()> {
    if descriptor.as_raw_fd() == number {
        // SAFETY: fcntl(2) changes a flag of a descriptor that is open.
        return check(unsafe { libc::fcntl(number, libc::F_SETFD, 0) }.into()).map(drop);
    }
    // SAFETY: dup2(2) takes numbers. The caller is about to become another program: what it had under that
    // number it no longer uses.
    check(unsafe { libc::dup2(descriptor.as_raw_fd(), number) }.into()).map(drop)
}

fn wait_for_any(options: libc::c_int) -> Option<Reaped> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: wait4(2) writes an int and an rusage, which live here.
    let pid = unsafe { libc::wait4(-1, &raw mut status, options, usage.as_mut_ptr()) };
    let pid = if pid > 0 {
        Pid::from_raw(pid)?
    } else {
        return None;
    };
    // SAFETY: all fields are integers; zeroed or written by the kernel, they are initialised.
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.unsigned_abs())
            + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    Some(Reaped {
        pid,
        ending: if libc::WIFSIGNALED(status) {
            Ending::Signal(libc::WTERMSIG(status))
        } else {
            Ending::Status(libc::WEXITSTATUS(status) as u8)
        },
        cpu_time: time(usage.ru_utime) + time(usage.ru_stime),
        peak_memory: usage.ru_maxrss.unsigned_abs() * 1024,
    })
}

/// Not in the C library's headers yet: `include/uapi/linux/sched.h`.
const SCHED_FLAG_KEEP_POLICY: u64 = 0x08;

/// Gives a thread, or the calling one, this priority, and turns of so many nanoseconds; with 0, of as many as the kernel thinks
/// right. Its policy stays. A kernel that knows no turns of different length sets the priority alone.
pub(crate) fn set_scheduling(thread: Option<Pid>, nice: i32, turn: u64) -> Result<()> {
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: 0,
        sched_flags: SCHED_FLAG_KEEP_POLICY,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: turn,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: sched_setattr(2) reads the structure that it is given, which lives until it returns.
    check(unsafe {
        libc::syscall(
            libc::SYS_sched_setattr,
            Pid::as_raw(thread),
            &raw const attributes,
            0,
        )
    })
    .map(drop)
}

/// The clock of a process's processor time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(libc::clockid_t);

impl CpuClock {
    pub(crate) fn of(pid: Pid) -> Result<Self> {
        let mut clock = 0;
        // SAFETY: clock_getcpuclockid(3) writes one clockid_t.
        match unsafe { libc::clock_getcpuclockid(pid.as_raw_pid(), &raw mut clock) } {
            0 => Ok(Self(clock)),
            errno => Err(std::io::Error::from_raw_os_error(errno).into()),
        }
    }

    pub(crate) fn id(self) -> libc::clockid_t {
        self.0
    }

    /// The processor time used so far.
    pub(crate) fn now(self) -> Result<Duration> {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: clock_gettime(2) writes a timespec, and has when it returns 0.
        let time = unsafe {
            check(libc::clock_gettime(self.0, time.as_mut_ptr()).into())?;
            time.assume_init()
        };
        Ok(Duration::new(
            time.tv_sec.unsigned_abs(),
            time.tv_nsec as u32,
        ))
    }
}

/// The most memory that the calling process has had at one time, in bytes; 0 if the kernel does not say.
#[must_use]
pub fn peak_memory() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: getrusage(2) writes one such structure to where it is told, if it succeeds.
    let told = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if told != 0 {
        return 0;
    }
    // SAFETY: it succeeded, so the structure is filled.
    let usage = unsafe { usage.assume_init() };
    // Linux counts in kibibytes.
    u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10
}
