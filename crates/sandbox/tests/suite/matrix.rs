//! The attacks that `doctor` does not make, each with the exact answer it must get.
#![allow(
    unsafe_code,
    reason = "attacks are raw system calls, most of which no library offers"
)]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// What the attacks aim at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Targets {
    /// A file that is not granted.
    pub(crate) file: PathBuf,
    /// A file that may be read and not changed.
    pub(crate) readable: PathBuf,
    /// A folder that may be changed.
    pub(crate) writable: PathBuf,
    /// The supervisor.
    pub(crate) process: u32,
}

type Attack = (&'static str, fn(&Targets) -> io::Result<()>, i32);

/// Name, attack, answer. A path that is not granted does not exist; a call that is not on the filter's
/// list is not permitted; what would change something readable meets a read-only mount.
pub(crate) const ATTACKS: &[Attack] = &[
    // Files that are not granted.
    ("read", |to| open(&to.file), libc::ENOENT),
    (
        "read by ..",
        |to| open(&to.writable.join("../../ws/secret")),
        libc::ENOENT,
    ),
    (
        "read by hard link",
        |to| link(&to.file, &to.writable.join("l")),
        libc::ENOENT,
    ),
    ("change mode", |to| change_mode(&to.file), libc::ENOENT),
    ("change times", |to| change_times(&to.file), libc::ENOENT),
    ("truncate", |to| truncate(&to.file), libc::ENOENT),
    (
        "rename",
        |to| rename(&to.file, &to.file.with_extension("r")),
        libc::ENOENT,
    ),
    (
        "change attributes",
        |to| set_attribute(&to.file),
        libc::EPERM,
    ),
    ("watch", |to| watch(&to.file), libc::EPERM),
    (
        "read another skill",
        |to| open(&to.file.with_file_name("skills/other/index.js")),
        libc::ENOENT,
    ),
    (
        "list the root",
        |_| std::fs::read_dir("/").map(drop),
        libc::EACCES,
    ),
    (
        "read a home folder",
        |_| open(Path::new("/root/.bashrc")),
        libc::ENOENT,
    ),
    (
        "open by handle",
        |_| call(libc::SYS_open_by_handle_at, &[]),
        libc::EPERM,
    ),
    // Files that may only be read.
    ("write readable", |to| write(&to.readable), libc::EROFS),
    (
        "truncate readable",
        |to| truncate(&to.readable),
        libc::EROFS,
    ),
    (
        "change mode of readable",
        |to| change_mode(&to.readable),
        libc::EROFS,
    ),
    (
        "change times of readable",
        |to| change_times(&to.readable),
        libc::EROFS,
    ),
    (
        "remove readable",
        |to| std::fs::remove_file(&to.readable),
        libc::EROFS,
    ),
    (
        "rename readable",
        |to| rename(&to.readable, &to.writable.join("r")),
        libc::EXDEV,
    ),
    (
        "link readable",
        |to| link(&to.readable, &to.writable.join("l")),
        libc::EXDEV,
    ),
    // The private root.
    (
        "write into the root",
        |_| write(Path::new("/new")),
        libc::EROFS,
    ),
    (
        "make a folder in the root",
        |_| std::fs::create_dir("/new"),
        libc::EROFS,
    ),
    (
        "change a device's mode",
        |_| change_mode(Path::new("/dev/null")),
        libc::EROFS,
    ),
    (
        "shared memory folder",
        |_| write(Path::new("/dev/shm/x")),
        libc::ENOENT,
    ),
    (
        "read kernel memory",
        |_| open(Path::new("/dev/mem")),
        libc::ENOENT,
    ),
    (
        "read the disk",
        |_| open(Path::new("/dev/vda")),
        libc::ENOENT,
    ),
    (
        "make a device",
        |to| make_device(&to.writable.join("d")),
        libc::EPERM,
    ),
    // The kernel's files.
    (
        "read own environment",
        |_| open(Path::new("/proc/self/environ")),
        libc::EACCES,
    ),
    (
        "write own memory",
        |_| write(Path::new("/proc/self/mem")),
        libc::EACCES,
    ),
    (
        "read another's environment",
        |to| open(&process(to, "environ")),
        libc::ENOENT,
    ),
    (
        "read another's memory",
        |to| open(&process(to, "mem")),
        libc::ENOENT,
    ),
    (
        "enter another's root",
        |to| open(&process(to, "root/etc/passwd")),
        libc::ENOENT,
    ),
    (
        "read a kernel setting",
        |_| open(Path::new("/proc/sys/kernel/hostname")),
        libc::ENOENT,
    ),
    (
        "press the kernel's keys",
        |_| write(Path::new("/proc/sysrq-trigger")),
        libc::ENOENT,
    ),
    (
        "join a control group",
        |_| write(Path::new("/sys/fs/cgroup/cgroup.procs")),
        libc::ENOENT,
    ),
    // Other processes, and more of one's own.
    (
        "copy another's memory",
        |to| call(libc::SYS_process_vm_readv, &[to.process.into()]),
        libc::EPERM,
    ),
    ("kill all", |_| call(libc::SYS_kill, &[-1, 0]), libc::EPERM),
    (
        "open a process",
        |to| call(libc::SYS_pidfd_open, &[to.process.into(), 0]),
        libc::EPERM,
    ),
    (
        "clone",
        |_| call(libc::SYS_clone, &[libc::SIGCHLD.into()]),
        libc::EPERM,
    ),
    (
        "clone in the new way",
        |_| call(libc::SYS_clone3, &[0, 0]),
        libc::ENOSYS,
    ),
    (
        "start a thread",
        |_| std::thread::Builder::new().spawn(|| ()).map(drop),
        libc::EPERM,
    ),
    ("run a file", |to| run(&to.readable), libc::EPERM),
    (
        "run a descriptor",
        |_| call(libc::SYS_execveat, &[0]),
        libc::EPERM,
    ),
    // Namespaces and mounts.
    (
        "enter a namespace",
        |_| call(libc::SYS_setns, &[0, 0]),
        libc::EPERM,
    ),
    (
        "leave a namespace",
        |_| call(libc::SYS_unshare, &[libc::CLONE_NEWNS.into()]),
        libc::EPERM,
    ),
    ("unmount", |_| call(libc::SYS_umount2, &[]), libc::EPERM),
    (
        "change the root",
        |_| call(libc::SYS_chroot, &[]),
        libc::EPERM,
    ),
    (
        "swap the root",
        |_| call(libc::SYS_pivot_root, &[]),
        libc::EPERM,
    ),
    (
        "copy a mount",
        |_| call(libc::SYS_open_tree, &[]),
        libc::EPERM,
    ),
    (
        "open a file system",
        |_| call(libc::SYS_fsopen, &[]),
        libc::EPERM,
    ),
    (
        "change a mount",
        |_| call(libc::SYS_mount_setattr, &[]),
        libc::EPERM,
    ),
    // Sockets of every kind.
    (
        "TCP socket",
        |_| socket(libc::AF_INET, libc::SOCK_STREAM),
        libc::EPERM,
    ),
    (
        "UDP socket",
        |_| socket(libc::AF_INET, libc::SOCK_DGRAM),
        libc::EPERM,
    ),
    (
        "raw socket",
        |_| socket(libc::AF_INET, libc::SOCK_RAW),
        libc::EPERM,
    ),
    (
        "local socket",
        |_| socket(libc::AF_UNIX, libc::SOCK_STREAM),
        libc::EPERM,
    ),
    (
        "local pair",
        |_| call(libc::SYS_socketpair, &[1, 1, 0, 0]),
        libc::EPERM,
    ),
    (
        "netlink socket",
        |_| socket(libc::AF_NETLINK, libc::SOCK_RAW),
        libc::EPERM,
    ),
    (
        "machine socket",
        |_| socket(libc::AF_VSOCK, libc::SOCK_STREAM),
        libc::EPERM,
    ),
    (
        "cipher socket",
        |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET),
        libc::EPERM,
    ),
    (
        "filter of its socket",
        |_| call(libc::SYS_setsockopt, &[3, 1, 26, 0, 0]),
        libc::EPERM,
    ),
    // Memory and code.
    (
        "System V memory",
        |_| call(libc::SYS_shmget, &[0, 4096, 0o1600]),
        libc::ENOSYS,
    ),
    (
        "System V messages",
        |_| call(libc::SYS_msgget, &[0, 0o1600]),
        libc::ENOSYS,
    ),
    (
        "message queue",
        |_| call(libc::SYS_mq_open, &[]),
        libc::ENOSYS,
    ),
    (
        "secret memory",
        |_| call(libc::SYS_memfd_secret, &[0]),
        libc::ENOSYS,
    ),
    (
        "lock memory",
        |_| call(libc::SYS_mlockall, &[1]),
        libc::EPERM,
    ),
    (
        "page faults",
        |_| call(libc::SYS_userfaultfd, &[0]),
        libc::EPERM,
    ),
    ("make pages executable", |_| make_executable(), libc::EPERM),
    (
        "protection keys",
        |_| call(libc::SYS_pkey_mprotect, &[0, 4096, 4, 0]),
        libc::EPERM,
    ),
    // The kernel and the machine.
    ("add a key", |_| call(libc::SYS_add_key, &[]), libc::EPERM),
    (
        "performance events",
        |_| call(libc::SYS_perf_event_open, &[]),
        libc::EPERM,
    ),
    (
        "kernel module",
        |_| call(libc::SYS_init_module, &[]),
        libc::EPERM,
    ),
    ("kernel log", |_| call(libc::SYS_syslog, &[10]), libc::EPERM),
    (
        "set the clock",
        |_| call(libc::SYS_clock_settime, &[0, 0]),
        libc::EPERM,
    ),
    (
        "set the host name",
        |_| call(libc::SYS_sethostname, &[0, 0]),
        libc::EPERM,
    ),
    ("reboot", |_| call(libc::SYS_reboot, &[]), libc::EPERM),
    (
        "become another user",
        |_| call(libc::SYS_setuid, &[0]),
        libc::EPERM,
    ),
    (
        "become another group",
        |_| call(libc::SYS_setgroups, &[0, 0]),
        libc::EPERM,
    ),
    (
        "set capabilities",
        |_| call(libc::SYS_capset, &[]),
        libc::EPERM,
    ),
    (
        "change the personality",
        |_| call(libc::SYS_personality, &[0x0400_0000]),
        libc::EPERM,
    ),
    (
        "run first",
        |_| call(libc::SYS_setpriority, &[0, 0, -20]),
        libc::EPERM,
    ),
    (
        "run in real time",
        |_| call(libc::SYS_sched_setscheduler, &[]),
        libc::EPERM,
    ),
    (
        "raise a limit",
        |_| call(libc::SYS_prlimit64, &[0, 7, 1, 0]),
        libc::EPERM,
    ),
    (
        "look at another's limits",
        |_| call(libc::SYS_prlimit64, &[1, 7, 0, 0]),
        libc::EPERM,
    ),
    (
        "type into a terminal",
        |_| call(libc::SYS_ioctl, &[0, 0x5412, 0]),
        libc::EPERM,
    ),
    (
        "paste into a terminal",
        |_| call(libc::SYS_ioctl, &[0, 0x541c, 0]),
        libc::EPERM,
    ),
    (
        "own another's signals",
        |_| call(libc::SYS_fcntl, &[0, 8, 1]),
        libc::EPERM,
    ),
    ("be debugged", |_| call(libc::SYS_ptrace, &[0]), libc::EPERM),
    (
        "another filter",
        |_| call(libc::SYS_seccomp, &[1, 0, 0]),
        libc::EPERM,
    ),
    ("a call of the future", |_| call(999, &[]), libc::ENOSYS),
];

/// Makes the attack called `name`.
pub(crate) fn attack(name: &str, targets: &Targets) -> io::Result<()> {
    let found = ATTACKS.iter().find(|(listed, ..)| *listed == name);
    let (_, make, _) = found.unwrap();
    make(targets)
}

/// A system call; arguments that are not given are zero.
fn call(number: libc::c_long, arguments: &[libc::c_long]) -> io::Result<()> {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    let [a, b, c, d, e, f] = all;
    // SAFETY: no argument points into memory: they are small numbers, or zero where the kernel expects
    // an address, which it refuses.
    match unsafe { libc::syscall(number, a, b, c, d, e, f) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// A system call on one file by name, with a further argument.
fn file_call(number: libc::c_long, path: &Path, argument: libc::c_long) -> io::Result<()> {
    let path = text(path);
    // SAFETY: the calls made with it read one text and take numbers, or zero for what is left out.
    match unsafe { libc::syscall(number, libc::AT_FDCWD, path.as_ptr(), argument, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<()> {
    File::open(path)?.read_exact(&mut [0])
}

fn write(path: &Path) -> io::Result<()> {
    File::create(path).map(drop)
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    rustix::fs::rename(from, to).map_err(io::Error::from)
}

fn truncate(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: truncate(2) reads one text.
    match unsafe { libc::truncate(path.as_ptr(), 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn change_mode(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_fchmodat, path, 0o777)
}

fn change_times(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_utimensat, path, 0)
}

fn make_device(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_mknodat, path, i64::from(libc::S_IFCHR | 0o666))
}

fn set_attribute(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: setxattr(2) reads two texts and one byte.
    match unsafe {
        libc::setxattr(
            path.as_ptr(),
            c"user.x".as_ptr(),
            c"1".as_ptr().cast(),
            1,
            0,
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn watch(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: the calls take numbers and read one text.
    match unsafe { libc::inotify_add_watch(libc::inotify_init1(0), path.as_ptr(), 2) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn process(targets: &Targets, file: &str) -> PathBuf {
    Path::new("/proc")
        .join(targets.process.to_string())
        .join(file)
}

fn socket(family: i32, kind: i32) -> io::Result<()> {
    call(libc::SYS_socket, &[family.into(), kind.into(), 0])
}

fn run(path: &Path) -> io::Result<()> {
    let path = text(path);
    let none = [std::ptr::null()];
    // SAFETY: execve(2) reads a text and two lists that end with null.
    unsafe { libc::execve(path.as_ptr(), none.as_ptr(), none.as_ptr()) };
    Err(io::Error::last_os_error())
}

fn make_executable() -> io::Result<()> {
    // SAFETY: a new mapping at a place of the kernel's choice, of which only the protection is changed.
    unsafe {
        let page = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        match libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}
