//! Streams of events, none of which is longer than it may be.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use rmcp::transport::streamable_http_client::SseError;
use sse_stream::Sse;
use sse_stream::SseStream;

use super::Remote;
use super::RemoteProblem;
use super::exchange::ResponseBody;
use crate::client::connection::MAX_MESSAGE;

impl Remote {
    /// The events in a response.
    pub(super) fn events(&self, body: ResponseBody) -> BoxStream<'static, Result<Sse, SseError>> {
        let bounded = BoundedEvents {
            from: body,
            bound: EventBound::new(MAX_MESSAGE << 20),
            exceeded: Arc::clone(&self.0.exceeded),
        };
        Box::pin(SseStream::from_bytes_stream(bounded))
    }
}

/// Bytes until an event is too long; then there is nothing more.
struct BoundedEvents<S> {
    from: S,
    bound: EventBound,
    exceeded: Arc<AtomicBool>,
}

/// How long an event is so far.
struct EventBound {
    most: usize,
    event: usize,
    /// Whether the last line has nothing in it yet.
    is_at_start: bool,
}

impl EventBound {
    fn new(most: usize) -> Self {
        Self {
            most,
            event: 0,
            is_at_start: true,
        }
    }

    /// Whether an event is too long with these bytes. An empty line ends one.
    fn exceeds(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' if self.is_at_start => self.event = 0,
                b'\n' => self.is_at_start = true,
                _ => self.is_at_start = false,
            }
            self.event += 1;
            if self.event > self.most {
                return true;
            }
        }
        false
    }
}

impl<S: Stream<Item = Result<Bytes, hyper::Error>> + Unpin> Stream for BoundedEvents<S> {
    type Item = Result<Bytes, RemoteProblem>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exceeded.load(Ordering::Acquire) {
            return Poll::Ready(None);
        }
        let Some(bytes) = ready!(Pin::new(&mut self.from).poll_next(context)) else {
            return Poll::Ready(None);
        };
        let bytes = bytes.map_err(RemoteProblem::Broken);
        if let Ok(bytes) = &bytes
            && self.bound.exceeds(bytes)
        {
            self.exceeded.store(true, Ordering::Release);
            return Poll::Ready(Some(Err(RemoteProblem::TooLong)));
        }
        Poll::Ready(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_longest_length_and_a_stream_has_none() {
        let mut bound = EventBound::new(12);
        for _ in 0..100 {
            assert!(!bound.exceeds(b"data: 1\r\n\r\n"));
        }
        assert!(!bound.exceeds(b"data: 12\n"));
        assert!(!bound.exceeds(b"id"));
        assert!(bound.exceeds(b": 1\n\n"));
        assert!(EventBound::new(12).exceeds(&[b':'; 13]));
    }
}
