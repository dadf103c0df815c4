//! A stream of lines, none of which is longer than it may be.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::ReadBuf;

/// Reads from `R` until a line is too long; then there is nothing more.
///
/// Whoever skips the line and goes on would wait for an answer that was in it.
pub(super) struct BoundedLines<R> {
    from: R,
    most: usize,
    /// Bytes of the line so far.
    line: usize,
    exceeded: Arc<AtomicBool>,
}

impl<R> BoundedLines<R> {
    /// Lines of at most `most` bytes; sets `exceeded` when there was a longer one.
    pub(super) fn new(from: R, most: usize, exceeded: Arc<AtomicBool>) -> Self {
        Self {
            from,
            most,
            line: 0,
            exceeded,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for BoundedLines<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.exceeded.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.from).poll_read(context, buffer))?;
        for piece in buffer.filled()[before..].split_inclusive(|byte| *byte == b'\n') {
            self.line += piece.len();
            if self.line > self.most {
                self.exceeded.store(true, Ordering::Release);
                buffer.set_filled(before);
                return Poll::Ready(Ok(()));
            }
            if piece.ends_with(b"\n") {
                self.line = 0;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn read(text: &str) -> (String, bool) {
        let exceeded = Arc::new(AtomicBool::new(false));
        let mut lines = BoundedLines::new(text.as_bytes(), 5, Arc::clone(&exceeded));
        let mut read = String::new();
        lines.read_to_string(&mut read).await.unwrap();
        (read, exceeded.load(Ordering::Acquire))
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_the_end() {
        assert_eq!(
            read("four\nfour\n").await,
            ("four\nfour\n".to_owned(), false)
        );
        assert_eq!(read("sevens\n").await, (String::new(), true));
    }
}
