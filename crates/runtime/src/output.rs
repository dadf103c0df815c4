//! What a program of its own prints on its standard output and error, made into console lines.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::OwnedFd;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Printed;
use tokio::net::unix::pipe::Receiver;

/// Bytes read at once; as much as the kernel keeps for a pipe.
const READ_SIZE: usize = 64 << 10;
/// A line that is longer is passed on in pieces.
const MAX_LINE: usize = 64 << 10;

/// One end of a worker's output pipe.
#[derive(Debug)]
pub(crate) struct Output {
    pipe: Receiver,
    /// The same pipe, read without asking the executor whether it has heard of something to read.
    direct: File,
    unfinished: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closed,
}

impl Output {
    pub(crate) fn new(pipe: OwnedFd) -> io::Result<Self> {
        let direct = File::from(pipe.try_clone()?);
        Ok(Self {
            direct,
            pipe: Receiver::from_owned_fd(pipe)?,
            unfinished: Vec::new(),
            state: State::Open,
        })
    }

    /// Waits until something was printed; says how many bytes it was, and which lines are whole now. Waits for
    /// ever where nothing can be printed.
    pub(crate) async fn take_some(output: &mut Option<Self>) -> (usize, Vec<Notification>) {
        let mut lines = Vec::new();
        if let Some(output) = output {
            while output.state == State::Open {
                if output.pipe.readable().await.is_err() {
                    output.state = State::Closed;
                }
                let mut chunk = vec![0; READ_SIZE];
                let read = output.pipe.try_read(&mut chunk);
                let length = output.take(read, &chunk, &mut lines);
                if length > 0 {
                    return (length, lines);
                }
            }
        }
        std::future::pending().await
    }

    /// Everything that was printed so far, the last line even if it has no end; `None` if it is more than
    /// `most` bytes.
    pub(crate) fn take_rest(&mut self, most: usize) -> Option<Vec<Notification>> {
        let mut lines = Vec::new();
        let mut left = most;
        while self.state == State::Open {
            let mut chunk = vec![0; READ_SIZE];
            let read = self.direct.read(&mut chunk);
            match self.take(read, &chunk, &mut lines) {
                0 => break,
                length => left = left.checked_sub(length)?,
            }
        }
        if !self.unfinished.is_empty() {
            lines.push(self.end_line());
        }
        Some(lines)
    }

    /// Takes what was read into `chunk`.
    fn take(
        &mut self,
        read: io::Result<usize>,
        chunk: &[u8],
        lines: &mut Vec<Notification>,
    ) -> usize {
        let length = match read {
            Ok(0) => {
                self.state = State::Closed;
                0
            }
            Ok(length) => length,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                0
            }
            Err(_) => {
                self.state = State::Closed;
                0
            }
        };
        for piece in chunk[..length].split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.unfinished.len() >= MAX_LINE {
                lines.push(self.end_line());
            }
        }
        length
    }

    fn end_line(&mut self) -> Notification {
        let line = std::mem::take(&mut self.unfinished);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Notification::Console(Printed {
            level: ConsoleLevel::Info,
            text: String::from_utf8_lossy(line).into_owned(),
        })
    }
}
