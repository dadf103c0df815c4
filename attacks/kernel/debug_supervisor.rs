//! Controls the supervisor as a debugger does.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(
        libc::SYS_ptrace,
        &[libc::PTRACE_SEIZE.into(), to.process.into()],
    )
}
