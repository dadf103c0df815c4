//! Lines of a stream, of bounded length.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read;

/// The longest line, in bytes: what the daemon takes, and more than it sends in one piece of a result.
const MAX_LINE: u64 = 80 << 20;

/// The lines of a stream.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(stream: R) -> Self {
        Self {
            reader: BufReader::new(stream),
            line: Vec::new(),
        }
    }

    /// The next line with its end; `None` where the stream ends, even in the middle of a line.
    ///
    /// # Errors
    /// When the stream fails or a line is too long.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // What a long line took is given back.
        self.line = Vec::new();
        let mut bounded = (&mut self.reader).take(MAX_LINE);
        bounded.read_until(b'\n', &mut self.line)?;
        match self.line.last() {
            Some(b'\n') => Ok(Some(&self.line)),
            Some(_) if self.line.len() as u64 == MAX_LINE => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_only() {
        let mut lines = Lines::of(&b"one\n\nhalf"[..]);
        assert_eq!(lines.next().unwrap(), Some(&b"one\n"[..]));
        assert_eq!(lines.next().unwrap(), Some(&b"\n"[..]));
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        assert!(Lines::of(io::repeat(b'x')).next().is_err());
    }
}
