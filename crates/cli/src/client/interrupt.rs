//! Ctrl-C, as something that can be waited for together with other things.

use std::io;
use std::io::Read as _;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// There is something to read.
    Ready,
    /// The person interrupted.
    Interrupted,
    /// The time is over.
    Elapsed,
}

/// From its making on, Ctrl-C no longer ends the process but a wait.
#[derive(Debug)]
pub(crate) struct Interrupt {
    raised: UnixStream,
    raise: UnixStream,
}

impl Interrupt {
    /// Takes over the signal.
    ///
    /// # Errors
    /// When the system refuses a socket pair or the signal's handler.
    pub(crate) fn listen() -> io::Result<Self> {
        let (raised, raise) = UnixStream::pair()?;
        raised.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(signal_hook::consts::SIGINT, raise.try_clone()?)?;
        Ok(Self { raised, raise })
    }

    /// Takes over SIGTERM as well: what is told to terminate ends in order.
    ///
    /// # Errors
    /// When the system refuses the signal's handler.
    pub(crate) fn also_on_terminate(&self) -> io::Result<()> {
        let raise = self.raise.try_clone()?;
        signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, raise)?;
        Ok(())
    }

    /// One that a test raises, by writing to the stream, without a signal for the whole process.
    #[cfg(test)]
    pub(super) fn scripted() -> (Self, UnixStream) {
        let (raised, raise) = UnixStream::pair().unwrap();
        raised.set_nonblocking(true).unwrap();
        let own = raise.try_clone().unwrap();
        (Self { raised, raise: own }, raise)
    }

    /// Waits until `source` can be read, at most `limit`.
    ///
    /// # Errors
    /// When the system cannot wait.
    pub(crate) fn wait(&self, source: impl AsFd, limit: Option<Duration>) -> io::Result<Wait> {
        let timeout = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        });
        let mut both = [
            PollFd::new(&source, PollFlags::IN),
            PollFd::new(&self.raised, PollFlags::IN),
        ];
        loop {
            match poll(&mut both, timeout.as_ref()) {
                // The handler ran: the pipe is readable now.
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(0) => return Ok(Wait::Elapsed),
                Ok(_) if !both[1].revents().is_empty() => {
                    self.forget();
                    return Ok(Wait::Interrupted);
                }
                Ok(_) => return Ok(Wait::Ready),
            }
        }
    }

    /// Forgets interrupts that were raised until now.
    pub(crate) fn forget(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.raised).read(&mut bytes), Ok(count) if count > 0) {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_wait_ends_with_what_comes_first() {
        let interrupt = Interrupt::listen().unwrap();
        let (mut near, far) = UnixStream::pair().unwrap();
        assert_eq!(
            interrupt.wait(&far, Some(Duration::ZERO)).unwrap(),
            Wait::Elapsed
        );
        near.write_all(b"x").unwrap();
        assert_eq!(interrupt.wait(&far, None).unwrap(), Wait::Ready);
        signal_hook::low_level::raise(signal_hook::consts::SIGINT).unwrap();
        assert_eq!(interrupt.wait(&far, None).unwrap(), Wait::Interrupted);
        assert_eq!(interrupt.wait(&far, None).unwrap(), Wait::Ready);
    }
}
