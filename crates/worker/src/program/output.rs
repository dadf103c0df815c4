//! What a program prints, collected within bounds.

use std::io::ErrorKind;
use std::io::Read;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Printed;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// A line that is longer is passed on in pieces.
const MAX_LINE: usize = 64 << 10;

/// Whether there may be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pipe {
    Open,
    Closed,
}

/// It was more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Standard output: kept whole.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    limit: usize,
}

impl Kept {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            bytes: Vec::new(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Takes what the pipe has now.
    pub(super) fn take(&mut self, pipe: &mut impl Read) -> Result<Pipe, TooMuch> {
        let mut chunk = vec![0; CHUNK];
        let length = match read(pipe, &mut chunk) {
            Some(length) => length,
            None => return Ok(Pipe::Closed),
        };
        if self.bytes.len() + length > self.limit {
            return Err(TooMuch);
        }
        self.bytes.extend_from_slice(&chunk[..length]);
        Ok(Pipe::Open)
    }
}

/// Standard error: cut into lines, which are passed on as they come.
#[derive(Debug)]
pub(super) struct Lines {
    unfinished: Vec<u8>,
    last: String,
    left: usize,
}

impl Lines {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            unfinished: Vec::new(),
            last: String::new(),
            left: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Takes what the pipe has now; whole lines go to `tell`.
    pub(super) fn take(
        &mut self,
        pipe: &mut impl Read,
        tell: &mut impl FnMut(Notification),
    ) -> Result<Pipe, TooMuch> {
        let mut chunk = vec![0; CHUNK];
        let Some(length) = read(pipe, &mut chunk) else {
            return Ok(Pipe::Closed);
        };
        self.left = self.left.checked_sub(length).ok_or(TooMuch)?;
        for piece in chunk[..length].split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.unfinished.len() >= MAX_LINE {
                self.end_line(tell);
            }
        }
        Ok(Pipe::Open)
    }

    /// Passes on what has no line break at its end; returns the last line that says something.
    pub(super) fn finish(mut self, tell: &mut impl FnMut(Notification)) -> String {
        if !self.unfinished.is_empty() {
            self.end_line(tell);
        }
        self.last
    }

    fn end_line(&mut self, tell: &mut impl FnMut(Notification)) {
        let line = std::mem::take(&mut self.unfinished);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = String::from_utf8_lossy(line).into_owned();
        // Language runtimes end what they dump with a bracket.
        if text.contains(char::is_alphanumeric) {
            self.last.clone_from(&text);
        }
        tell(Notification::Console(Printed {
            level: ConsoleLevel::Error,
            text,
        }));
    }
}

/// Bytes read; none at the end, and when the pipe cannot be read any more.
fn read(pipe: &mut impl Read, chunk: &mut [u8]) -> Option<usize> {
    loop {
        match pipe.read(chunk) {
            Ok(0) => return None,
            Ok(length) => return Some(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, limit: u64) -> (Result<(), TooMuch>, Vec<String>, String) {
        let mut told = Vec::new();
        let mut tell = |notification| {
            if let Notification::Console(printed) = notification {
                told.push(printed.text);
            }
        };
        let mut lines = Lines::new(limit);
        let mut bytes = text.as_bytes();
        let taken = loop {
            match lines.take(&mut bytes, &mut tell) {
                Ok(Pipe::Open) => {}
                Ok(Pipe::Closed) => break Ok(()),
                Err(too_much) => break Err(too_much),
            }
        };
        let last = lines.finish(&mut tell);
        (taken, told, last)
    }

    #[test]
    fn lines_are_passed_on_and_the_last_one_remembered() {
        let (taken, told, last) = lines("one\n\ntwo\n \n", 100);
        assert_eq!(taken, Ok(()));
        assert_eq!(told, ["one", "", "two", " "]);
        assert_eq!(last, "two");
        assert_eq!(lines("no end", 6).1, ["no end"]);
        assert_eq!(lines("no end", 5).0, Err(TooMuch));
        let long = lines(&"x".repeat(MAX_LINE * 2 + 1), 1 << 20).1;
        assert_eq!(
            long.iter().map(String::len).sum::<usize>(),
            MAX_LINE * 2 + 1
        );
        assert!(long.len() > 1);
    }

    #[test]
    fn output_is_kept_up_to_its_limit() {
        let mut kept = Kept::new(3);
        let mut bytes = &b"abc"[..];
        assert_eq!(kept.take(&mut bytes), Ok(Pipe::Open));
        assert_eq!(kept.take(&mut bytes), Ok(Pipe::Closed));
        assert_eq!(kept.bytes, b"abc");
        assert_eq!(kept.take(&mut &b"d"[..]), Err(TooMuch));
    }
}
