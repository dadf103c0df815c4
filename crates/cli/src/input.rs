//! Standard input, read so that Ctrl-C still works.

use std::io;
use std::io::Read as _;

use mycelium_types::Locale;
use mycelium_types::Message;

use crate::client::ClientError;
use crate::client::Interrupt;
use crate::client::Wait;
use crate::error::Error;

/// The longest text that is read, in bytes: what a request can carry.
const MAX_INPUT: usize = 64 << 20;

/// Reads standard input to its end.
///
/// # Errors
/// When it is too long or no text, or the person interrupts.
pub(crate) fn read_all(interrupt: &Interrupt) -> Result<String, Error> {
    read_until(interrupt, |_| false)
}

/// Reads a line from the terminal.
///
/// # Errors
/// As [`read_all`].
pub(crate) fn read_line(interrupt: &Interrupt) -> Result<String, Error> {
    read_until(interrupt, |bytes| bytes.contains(&b'\n'))
}

fn read_until(interrupt: &Interrupt, is_enough: impl Fn(&[u8]) -> bool) -> Result<String, Error> {
    let mut stdin = io::stdin().lock();
    let mut bytes = Vec::new();
    let mut buffer = [0; 1 << 14];
    while !is_enough(&bytes) {
        match interrupt.wait(&stdin, None).map_err(ClientError::Wait)? {
            Wait::Interrupted => return Err(ClientError::Interrupted.into()),
            Wait::Ready | Wait::Elapsed => {}
        }
        match stdin
            .read(&mut buffer)
            .map_err(|error| unreadable(&error))?
        {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
        if bytes.len() > MAX_INPUT {
            return Err(unreadable(&"it is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|error| unreadable(&error))
}

fn unreadable(reason: &dyn std::fmt::Display) -> Error {
    let message = Message::new("usage-input").with("reason", reason);
    Error::usage(message.render(Locale::default()))
}
