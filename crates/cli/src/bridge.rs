//! Between an agent's standard streams and the daemon, where MCP is spoken: lines one way and the other.
//!
//! The bridge understands no more of a line than whether it asks or answers, so that nobody waits for ever
//! when the daemon goes: what was asked is answered with an error, and the next daemon hears the handshake
//! of the one before.

mod ledger;
mod line;

use std::io;
use std::io::Write as _;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::process::PidfdFlags;

use self::ledger::Ledger;
use self::line::Lines;
use crate::client::Interrupt;
use crate::error::Error;

/// How long answers are waited for after the agent has closed its side.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// How many daemons may be lost one after another without an answer from any.
const MAX_LOSSES: usize = 4;

/// Relays until the agent closes its side, ends, or the person interrupts. `connect` reaches a daemon.
///
/// # Errors
/// When no daemon can be reached, or keeps going away.
pub(crate) fn run<C>(connect: C, interrupt: &Interrupt) -> Result<(), Error>
where
    C: Fn() -> Result<UnixStream, Error> + Send + 'static,
{
    // First of all: a daemon may have to be started, and whoever started this one may be gone by then.
    let parent = parent();
    let stream = connect()?;
    let (ended, end) = UnixStream::pair().map_err(Error::File)?;
    if let Some(parent) = parent {
        end_with(parent, end.try_clone().map_err(Error::File)?);
    }
    // An agent keeps its bridge for hours; reading the command line and reaching the daemon is over.
    mycelium_runtime::release_code();
    let relay = thread::spawn(move || {
        let outcome = relay(stream, &connect);
        // Nobody waits for it if it is gone.
        let _ = end.shutdown(Shutdown::Both);
        outcome
    });
    interrupt.wait(&ended, None).map_err(Error::File)?;
    match relay.is_finished() {
        true => relay.join().unwrap_or(Ok(())),
        // The parent ended or the person interrupted: there is nobody to relay for.
        false => Ok(()),
    }
}

/// The process that started this one.
fn parent() -> Option<OwnedFd> {
    let parent = rustix::process::getppid()?;
    rustix::process::pidfd_open(parent, PidfdFlags::empty()).ok()
}

/// Ends the wait when a process is gone: somebody else may hold the agent's pipe open.
fn end_with(parent: OwnedFd, end: UnixStream) {
    thread::spawn(move || {
        let mut watched = [PollFd::new(&parent, PollFlags::IN)];
        while rustix::event::poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
        let _ = end.shutdown(Shutdown::Both);
    });
}

/// What both directions share.
struct Relay {
    link: Mutex<Link>,
    /// Woken when an answer has passed.
    answered: Condvar,
}

struct Link {
    /// Where the agent's lines go.
    daemon: Arc<UnixStream>,
    ledger: Ledger,
    /// The agent has closed its side.
    closing: bool,
}

impl Relay {
    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn relay(stream: UnixStream, connect: &dyn Fn() -> Result<UnixStream, Error>) -> Result<(), Error> {
    let relay = Arc::new(Relay {
        link: Mutex::new(Link {
            daemon: Arc::new(stream.try_clone().map_err(Error::File)?),
            ledger: Ledger::default(),
            closing: false,
        }),
        answered: Condvar::new(),
    });
    let agent = Arc::clone(&relay);
    thread::spawn(move || from_agent(&agent));
    let mut stream = stream;
    let mut losses = 0;
    loop {
        if from_daemon(&relay, stream)? {
            losses = 0;
        }
        let mut link = relay.link();
        if link.closing {
            return Ok(());
        }
        losses += 1;
        for answer in link.ledger.lose() {
            say(&answer)?;
        }
        if losses > MAX_LOSSES {
            return Err(crate::client::ClientError::Lost.into());
        }
        stream = connect()?;
        link.daemon = Arc::new(stream.try_clone().map_err(Error::File)?);
        for line in link.ledger.handshake() {
            // If it fails, the next read says so.
            let _ = (&*link.daemon).write_all(line);
        }
    }
}

/// Carries the agent's lines to the daemon until there are no more.
fn from_agent(relay: &Relay) {
    let mut lines = Lines::of(io::stdin());
    while let Ok(Some(line)) = lines.next() {
        let daemon = {
            let mut link = relay.link();
            link.ledger.ask(line);
            Arc::clone(&link.daemon)
        };
        // A daemon that is busy answering is not kept from it. If it is gone, the other direction notices
        // and answers what was asked.
        let _ = (&*daemon).write_all(line);
    }
    let link = relay.link();
    let waited = relay
        .answered
        .wait_timeout_while(link, LAST_ANSWERS, |link| link.ledger.is_open());
    let (mut link, _) = waited.unwrap_or_else(PoisonError::into_inner);
    link.closing = true;
    let _ = link.daemon.shutdown(Shutdown::Both);
}

/// Carries the daemon's lines to the agent until there are no more. Whether there were any.
fn from_daemon(relay: &Relay, stream: UnixStream) -> Result<bool, Error> {
    let mut lines = Lines::of(stream);
    let mut any = false;
    while let Ok(Some(line)) = lines.next() {
        any = true;
        let is_wanted = relay.link().ledger.answer(line);
        if is_wanted {
            say(line)?;
        }
        relay.answered.notify_all();
    }
    Ok(any)
}

fn say(line: &[u8]) -> Result<(), Error> {
    let mut output = io::stdout().lock();
    output
        .write_all(line)
        .and_then(|()| output.flush())
        .map_err(Error::output)
}
