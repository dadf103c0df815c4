//! The end of a daemon.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::RequestContext;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use rustix::process::pidfd_open;
use rustix::process::pidfd_send_signal;

use super::ClientError;
use super::Connection;
use super::Interrupt;
use super::Wait;

/// Asks a daemon to stop after the calls that run. It takes no other ones from then on.
///
/// # Errors
/// When the person interrupts before the daemon has agreed.
pub(crate) fn ask_to_stop(
    mut connection: Connection,
    context: RequestContext,
    interrupt: &Interrupt,
) -> Result<(), ClientError> {
    match connection.request(context, Command::Shutdown, interrupt, &mut |_| {}) {
        // One that is gone before it could answer has stopped too.
        Ok(_) | Err(ClientError::Lost | ClientError::NotTaken) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Tells a daemon to stop whose words we do not know: the signal means the same in all versions.
pub(super) fn tell_to_stop(daemon: Pid) -> Result<(), ClientError> {
    let told = match pidfd_open(daemon, PidfdFlags::empty()) {
        Ok(process) => pidfd_send_signal(&process, Signal::TERM),
        Err(errno) => Err(errno),
    };
    match told {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(ClientError::Wait(errno.into())),
    }
}

/// Waits until the process is gone.
///
/// # Errors
/// When the person interrupts; the daemon stops all the same.
pub(crate) fn await_end(daemon: Pid, interrupt: &Interrupt) -> Result<(), ClientError> {
    let process = match pidfd_open(daemon, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(()),
        Err(errno) => return Err(ClientError::Wait(errno.into())),
    };
    match interrupt.wait(&process, None).map_err(ClientError::Wait)? {
        Wait::Ready | Wait::Elapsed => Ok(()),
        Wait::Interrupted => Err(ClientError::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_and_its_end_is_seen() {
        #[expect(clippy::disallowed_methods, reason = "a process to end")]
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let (interrupt, _raise) = Interrupt::scripted();
        tell_to_stop(pid).unwrap();
        await_end(pid, &interrupt).unwrap();
        child.wait().unwrap();
        tell_to_stop(pid).unwrap();
        await_end(pid, &interrupt).unwrap();
    }
}
