//! Machines that lack something, made by refusing this process what they have not.
//!
//! A refusal by a system call filter is what a container or an old kernel answers, and it is inherited by the
//! launcher and its workers.
#![allow(
    unsafe_code,
    reason = "a filter is loaded, and its questions are answered, by raw system calls"
)]

use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use libc::sock_filter;
use rustix::mount::MountFlags;
use rustix::mount::MountPropagationFlags;
use rustix::mount::mount;
use rustix::mount::mount_change;

/// What a machine can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Namespaces and mounts, as in most containers.
    Namespaces,
    /// Landlock, as before Linux 5.13 or where it is not enabled.
    Landlock,
    /// All of Landlock but its first interface, as in Linux 5.13. Nor are there filters that ask: the one that
    /// answers for the kernel here is the only one that there can be.
    NewerLandlock,
    /// Filters that ask, as before Linux 5.5.
    Questions,
    /// A whole `/proc`, as in containers that hide parts of it. Only root can make such a machine.
    Proc,
}

/// The version of Landlock's interface where newer ones are lacking.
pub(crate) const OLDEST_LANDLOCK: i64 = 1;

/// The flag by which landlock_create_ruleset(2) tells its version.
const VERSION: u32 = 1;

/// What is refused, with which error.
#[derive(Clone, Copy)]
enum Refusal {
    /// The call.
    Always(libc::c_long, i32),
    /// The call, if this argument has any of these bits, which are among the lower 32.
    If(libc::c_long, u32, u32, i32),
}

impl Lack {
    /// The lack called so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            Self::Namespaces,
            Self::Landlock,
            Self::NewerLandlock,
            Self::Questions,
            Self::Proc,
        ]
        .into_iter()
        .find(|lack| lack.name() == name)
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::NewerLandlock => "newer_landlock",
            Self::Questions => "questions",
            Self::Proc => "proc",
        }
    }

    fn refusals(self) -> &'static [Refusal] {
        const SPACES: u32 = (libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID) as u32;
        match self {
            Self::Namespaces => &[
                Refusal::Always(libc::SYS_unshare, libc::EPERM),
                Refusal::Always(libc::SYS_setns, libc::EPERM),
                Refusal::Always(libc::SYS_clone3, libc::ENOSYS),
                Refusal::If(libc::SYS_clone, 0, SPACES, libc::EPERM),
                Refusal::Always(libc::SYS_mount, libc::EPERM),
                Refusal::Always(libc::SYS_fsopen, libc::EPERM),
                Refusal::Always(libc::SYS_open_tree, libc::EPERM),
            ],
            Self::Landlock => &[
                Refusal::Always(libc::SYS_landlock_create_ruleset, libc::ENOSYS),
                Refusal::Always(libc::SYS_landlock_add_rule, libc::ENOSYS),
                Refusal::Always(libc::SYS_landlock_restrict_self, libc::ENOSYS),
            ],
            Self::Questions => &[
                Refusal::If(
                    libc::SYS_seccomp,
                    0,
                    libc::SECCOMP_GET_ACTION_AVAIL,
                    libc::EOPNOTSUPP,
                ),
                Refusal::If(
                    libc::SYS_seccomp,
                    1,
                    libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32,
                    libc::EINVAL,
                ),
            ],
            Self::NewerLandlock | Self::Proc => &[],
        }
    }
}

/// Lets this process, which has one thread, be on a machine without these for good.
pub(crate) fn lose(lacks: &[Lack]) {
    if lacks.contains(&Lack::Proc) {
        hide_part_of_proc();
    }
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const IF_ANY: u16 = 0x45;
    const RETURN: u16 = 0x06;
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let mut program = Vec::new();
    for refusal in lacks.iter().flat_map(|lack| lack.refusals()) {
        let (call, errno) = match refusal {
            Refusal::Always(call, errno) | Refusal::If(call, _, _, errno) => (*call, *errno),
        };
        let refuse = instruction(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32);
        program.push(instruction(LOAD, 0, 0, 0));
        match refusal {
            Refusal::Always(..) => {
                program.push(instruction(IF_EQUAL, 0, 1, call as u32));
            }
            Refusal::If(_, argument, bits, _) => {
                program.push(instruction(IF_EQUAL, 0, 3, call as u32));
                program.push(instruction(LOAD, 0, 0, 16 + argument * 8));
                program.push(instruction(IF_ANY, 0, 1, *bits));
            }
        }
        program.push(refuse);
    }
    let is_old = lacks.contains(&Lack::NewerLandlock);
    if is_old {
        program.push(instruction(LOAD, 0, 0, 0));
        let call = libc::SYS_landlock_create_ruleset as u32;
        program.push(instruction(IF_EQUAL, 0, 3, call));
        program.push(instruction(LOAD, 0, 0, 16 + 2 * 8));
        program.push(instruction(IF_EQUAL, 0, 1, VERSION));
        program.push(instruction(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF));
    }
    program.push(instruction(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    let flags = if is_old {
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
    } else {
        0
    };
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the first call takes numbers; the second reads the program, which outlives it, and returns a new
    // descriptor if it was asked for one.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let loaded = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const filter,
        );
        assert!(loaded >= 0);
        if is_old {
            let questions = OwnedFd::from_raw_fd(loaded as i32);
            std::thread::spawn(move || tell_oldest_version(&questions));
        }
    }
}

/// Answers every question for the version of Landlock's interface, as long as there is somebody who can ask.
fn tell_oldest_version(questions: &OwnedFd) {
    loop {
        // SAFETY: both are integers throughout, for which zero is a value; the calls read and fill no more than them.
        unsafe {
            let mut asked: libc::seccomp_notif = std::mem::zeroed();
            let descriptor = questions.as_raw_fd();
            if libc::ioctl(descriptor, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut asked) != 0 {
                continue;
            }
            let mut answer: libc::seccomp_notif_resp = std::mem::zeroed();
            answer.id = asked.id;
            answer.val = OLDEST_LANDLOCK;
            // Whoever asked may be gone.
            libc::ioctl(descriptor, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer);
        }
    }
}

/// Mounts something over a folder in `/proc`, for this process and those it starts.
fn hide_part_of_proc() {
    super::hostile::leave_mount_namespace();
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).unwrap();
    mount("tmpfs", "/proc/irq", "tmpfs", MountFlags::empty(), None).unwrap();
}
