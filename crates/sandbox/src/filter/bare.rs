//! The filter of workers that have no mount namespace: what Landlock does not cover is refused, or asked about.
//!
//! Without mounts of its own a worker can name every file of the host. Landlock decides about their
//! content; it knows nothing of their metadata. So whatever changes metadata is refused, and whatever reads
//! it by name is answered by the launcher, which looks below the policy's paths only.

use super::Answer::Allow;
use super::Answer::Ask;
use super::Answer::Refuse;
use super::Filter;
use super::Rule;
use super::embedded::ABSENT;
use super::embedded::CALLS;
use super::embedded::FCHMODAT2;
use super::embedded::OLD_CALLS;
use super::embedded::PROT_EXEC;
#[cfg(target_arch = "aarch64")]
use super::embedded::RENAMEAT;
use super::embedded::SHARED_MEMORY;
use super::embedded::Table;
use super::embedded::bits;
use super::embedded::but;
use super::embedded::case;
use super::embedded::int;
use super::embedded::only;

/// The filter of workers whose engine is linked into this program, where there are no namespaces.
pub(crate) const BARE: Filter = Filter {
    tables: &[CALLS, OLD_CALLS, ABSENT, CHANGES, OLD_CHANGES],
    unlisted: Refuse(libc::EPERM),
    last: libc::SYS_mseal,
    newer: Refuse(libc::ENOSYS),
};

const YES: Rule = Rule::Always(Allow);
const ASK: Rule = Rule::Always(Ask);
const NEVER: Rule = Rule::Always(Refuse(libc::EPERM));

const NAME_ONLY: u64 = libc::O_PATH as u64;

/// What is answered in another way than where there are namespaces.
const CHANGES: Table = &[
    // A descriptor of a name needs no right that Landlock knows, and tells the file's metadata.
    (
        libc::SYS_openat,
        but(&[case(&[bits(2, NAME_ONLY)], Refuse(libc::EPERM))]),
    ),
    (libc::SYS_openat2, Rule::Always(Refuse(libc::ENOSYS))), // its flags are behind a pointer
    // Landlock lets it make things where it may write.
    (libc::SYS_mkdirat, YES),
    (libc::SYS_linkat, YES),
    (libc::SYS_symlinkat, YES),
    (libc::SYS_renameat2, YES),
    (libc::SYS_newfstatat, ASK),
    (libc::SYS_statx, ASK),
    (libc::SYS_statfs, ASK),
    (libc::SYS_faccessat, ASK),
    (libc::SYS_faccessat2, ASK),
    (libc::SYS_readlinkat, ASK),
    (libc::SYS_chdir, ASK),
    (libc::SYS_fchmod, NEVER),
    (libc::SYS_fchmodat, NEVER),
    (FCHMODAT2, NEVER),
    (libc::SYS_fchown, NEVER),
    (libc::SYS_fchownat, NEVER),
    (libc::SYS_utimensat, NEVER),
    // Memory that a file shows changes with the file, perhaps between the launcher's look and the kernel's.
    (
        libc::SYS_mmap,
        only(&[
            case(&[bits(3, SHARED_MEMORY)], Refuse(libc::ENOMEM)),
            case(&[bits(2, PROT_EXEC)], Refuse(libc::EPERM)),
            case(&[bits(3, libc::MAP_ANONYMOUS as u64)], Allow),
        ]),
    ),
    // There are other processes.
    (libc::SYS_tgkill, NEVER),
    (
        libc::SYS_sched_getaffinity,
        only(&[case(&[int(0, 0)], Allow)]),
    ),
    (libc::SYS_getpriority, only(&[case(&[int(1, 0)], Allow)])),
];

#[cfg(target_arch = "x86_64")]
const OLD_CHANGES: Table = &[
    (
        libc::SYS_open,
        but(&[case(&[bits(1, NAME_ONLY)], Refuse(libc::EPERM))]),
    ),
    (libc::SYS_mkdir, YES),
    (libc::SYS_link, YES),
    (libc::SYS_symlink, YES),
    (libc::SYS_rename, YES),
    (libc::SYS_renameat, YES),
    (libc::SYS_stat, ASK),
    (libc::SYS_lstat, ASK),
    (libc::SYS_access, ASK),
    (libc::SYS_readlink, ASK),
    (libc::SYS_chmod, NEVER),
    (libc::SYS_chown, NEVER),
    (libc::SYS_lchown, NEVER),
    (libc::SYS_futimesat, NEVER),
    (libc::SYS_utime, NEVER),
    (libc::SYS_utimes, NEVER),
];
#[cfg(target_arch = "aarch64")]
const OLD_CHANGES: Table = &[(RENAMEAT, YES)];
