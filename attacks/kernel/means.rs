//! What attacks are made with.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use super::Targets;

const MIB: usize = 1 << 20;

/// A system call; arguments that are not given are zero.
pub(super) fn call(number: libc::c_long, arguments: &[libc::c_long]) -> io::Result<()> {
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
pub(super) fn file_call(
    number: libc::c_long,
    path: &Path,
    argument: libc::c_long,
) -> io::Result<()> {
    let path = text(path);
    // SAFETY: the calls made with it read one text and take numbers, or zero for what is left out.
    match unsafe { libc::syscall(number, libc::AT_FDCWD, path.as_ptr(), argument, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn open(path: &Path) -> io::Result<()> {
    File::open(path)?.read_exact(&mut [0])
}

pub(super) fn write(path: &Path) -> io::Result<()> {
    File::create(path).map(drop)
}

pub(super) fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    rustix::fs::rename(from, to).map_err(io::Error::from)
}

pub(super) fn truncate(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: truncate(2) reads one text.
    match unsafe { libc::truncate(path.as_ptr(), 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn change_mode(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_fchmodat, path, 0o777)
}

pub(super) fn change_times(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_utimensat, path, 0)
}

pub(super) fn make_device(path: &Path) -> io::Result<()> {
    file_call(libc::SYS_mknodat, path, i64::from(libc::S_IFCHR | 0o666))
}

pub(super) fn set_attribute(path: &Path) -> io::Result<()> {
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

pub(super) fn watch(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: the calls take numbers and read one text.
    match unsafe { libc::inotify_add_watch(libc::inotify_init1(0), path.as_ptr(), 2) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn process(targets: &Targets, file: &str) -> PathBuf {
    Path::new("/proc")
        .join(targets.process.to_string())
        .join(file)
}

pub(super) fn socket(family: i32, kind: i32) -> io::Result<()> {
    call(libc::SYS_socket, &[family.into(), kind.into(), 0])
}

pub(super) fn run(path: &Path) -> io::Result<()> {
    let path = text(path);
    let none = [std::ptr::null()];
    // SAFETY: execve(2) reads a text and two lists that end with null.
    unsafe { libc::execve(path.as_ptr(), none.as_ptr(), none.as_ptr()) };
    Err(io::Error::last_os_error())
}

pub(super) fn make_executable() -> io::Result<()> {
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

/// What a system call by its C function returned.
fn returned(value: i32) -> io::Result<()> {
    match value {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Opens a name, and asks what it names.
pub(super) fn open_name(path: &Path) -> io::Result<()> {
    let name = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(path)?;
    // SAFETY: a stat is integers, for which zero is a value; fstat(2) writes one.
    returned(unsafe { libc::fstat(name.as_raw_fd(), &mut std::mem::zeroed()) })
}

/// Opens by openat2(2), whose flags are behind a pointer.
pub(super) fn open_anew(path: &Path) -> io::Result<()> {
    let path = text(path);
    let how = [libc::O_PATH as u64, 0, 0];
    // SAFETY: openat2(2) reads a text and a structure of three numbers, whose size is given.
    match unsafe {
        libc::syscall(
            libc::SYS_openat2,
            libc::AT_FDCWD,
            path.as_ptr(),
            how.as_ptr(),
            size_of_val(&how),
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn measure_file_system(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: a statfs is integers, for which zero is a value; statfs(2) reads a text and writes one.
    returned(unsafe { libc::statfs(path.as_ptr(), &mut std::mem::zeroed()) })
}

pub(super) fn change_mode_by_descriptor(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // SAFETY: fchmod(2) takes numbers.
    returned(unsafe { libc::fchmod(file.as_raw_fd(), 0o777) })
}

pub(super) fn change_times_by_descriptor(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // SAFETY: without times futimens(3) sets the present one.
    returned(unsafe { libc::futimens(file.as_raw_fd(), std::ptr::null()) })
}

/// Opening for reading needs no right to write, and empties the file all the same.
pub(super) fn empty_by_opening(path: &Path) -> io::Result<()> {
    let path = text(path);
    // SAFETY: open(2) reads a text.
    returned(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_TRUNC) })
}

/// Takes so many MiB, and keeps them.
pub(super) fn take_memory(mebibytes: usize) -> io::Result<()> {
    for _ in 0..mebibytes {
        // SAFETY: a new mapping at a place of the kernel's choice, written to within its size.
        unsafe {
            let memory = libc::mmap(
                std::ptr::null_mut(),
                MIB,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if memory == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            memory.cast::<u8>().write_bytes(1, MIB);
        }
    }
    Ok(())
}

pub(super) fn open_again(path: &Path, times: usize) -> io::Result<()> {
    let mut open = Vec::new();
    for _ in 0..times {
        open.push(File::open(path)?);
    }
    Ok(())
}

/// Writes so many MiB into a new file, and removes it.
pub(super) fn fill(path: &Path, mebibytes: usize) -> io::Result<()> {
    let mut file = File::create(path)?;
    let outcome = (0..mebibytes).try_for_each(|_| file.write_all(&[1; MIB]));
    std::fs::remove_file(path)?;
    outcome
}

pub(super) fn write_mebibyte(path: &Path) -> io::Result<()> {
    File::create(path)?.write_all(&[1; MIB])
}

#[cfg(target_arch = "x86_64")]
pub(super) fn foreign_call() {
    // SAFETY: getpid(2) by the 32-bit entry, which changes one register.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("eax") 20 => _);
    }
}

/// There is no second instruction set to call from: the end that such a call has is met directly.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn foreign_call() {
    // SAFETY: raise(3) takes a number.
    unsafe { libc::raise(libc::SIGSYS) };
}
