//! Machines that lack something, made by refusing this process what they have not.
//!
//! A refusal by a system call filter is what a container or an old kernel answers, and it is inherited by the
//! launcher and its workers.
#![allow(unsafe_code, reason = "a filter is loaded by a raw system call")]

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
    /// Filters that ask, as before Linux 5.5.
    Questions,
    /// A whole `/proc`, as in containers that hide parts of it. Only root can make such a machine.
    Proc,
}

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
            Self::Proc => &[],
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
    program.push(instruction(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the first call takes numbers; the second reads the program, which outlives it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let loaded = libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const filter,
        );
        assert_eq!(loaded, 0);
    }
}

/// Mounts something over a folder in `/proc`, for this process and those it starts.
fn hide_part_of_proc() {
    super::hostile::leave_mount_namespace();
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).unwrap();
    mount("tmpfs", "/proc/irq", "tmpfs", MountFlags::empty(), None).unwrap();
}
