//! Makes a socket of a protocol that hardly anybody uses, and whose part of the kernel is the less looked at.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let (family, kind) = (libc::AF_INET, libc::SOCK_STREAM);
    call(
        libc::SYS_socket,
        &[family.into(), kind.into(), libc::IPPROTO_MPTCP.into()],
    )
}
