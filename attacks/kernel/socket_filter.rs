//! Loads a program into the kernel as a filter of its socket.

use std::io;
use std::net::UdpSocket;
use std::os::fd::IntoRawFd;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    // Where it can make none it has one.
    let socket = UdpSocket::bind(("127.0.0.1", 0)).map_or(3, IntoRawFd::into_raw_fd);
    let mut accept = libc::sock_filter {
        code: 6,
        jt: 0,
        jf: 0,
        k: u32::MAX,
    };
    let program = libc::sock_fprog {
        len: 1,
        filter: &raw mut accept,
    };
    // SAFETY: setsockopt(2) reads the program, whose size is given, and its one instruction.
    match unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of_val(&program) as u32,
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
