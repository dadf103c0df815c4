//! What must be done in any case: a message to another process and back, and a process.

use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use crate::Outcome;
use crate::report;
use crate::scene::command;

/// Makes this program the other end of the socketpair.
pub(crate) const ECHO_ARGUMENT: &str = "__echo";

/// Bytes of one message, about what a call is.
const MESSAGE: usize = 160;

/// Measures both floors.
pub(crate) fn measure() -> Outcome<()> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut other = command(&std::env::current_exe()?)
        .arg(ECHO_ARGUMENT)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    let mut message = [b'x'; MESSAGE];
    let times = report::measure(5_000, || {
        ours.write_all(&message)?;
        Ok(ours.read_exact(&mut message)?)
    })?;
    drop(ours);
    other.wait()?;
    report::times("socketpair", &times)?;

    let times = report::measure(100, || {
        let status = command(Path::new("true")).status()?;
        status.success().then_some(()).ok_or("`true` failed".into())
    })?;
    report::times("process", &times)
}

/// Sends back what comes on standard input, which is a socket.
pub(crate) fn echo() -> Outcome<()> {
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut message = [0; MESSAGE];
    while socket.read_exact(&mut message).is_ok() {
        socket.write_all(&message)?;
    }
    Ok(())
}
