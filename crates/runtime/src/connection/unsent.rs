//! What a worker has not read yet.

use mycelium_protocol::FrameError;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::Frame;

/// Bytes that are kept for the next frames; and what the worker has read is let go of at the latest when it is so much.
const KEPT: usize = 256 << 10;

/// Frames on their way to a worker.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    bytes: Vec<u8>,
    /// How many of them the worker has read, and how many it has read before.
    sent: usize,
    sent_before: u64,
}

impl Unsent {
    /// Adds a frame, and says how many bytes it has.
    pub(super) fn add(&mut self, frame: &Frame) -> Result<usize, FrameError> {
        let before = self.bytes.len();
        encode_frame(frame, &mut self.bytes)?;
        Ok(self.bytes.len() - before)
    }

    /// Takes back the last so many bytes, which nobody has read.
    pub(super) fn take_back(&mut self, length: usize) {
        self.bytes.truncate(self.bytes.len() - length);
    }

    /// What is to be sent next.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Where what was added last ends, counted from the first byte ever.
    pub(super) fn end(&self) -> u64 {
        self.sent_before + self.bytes.len() as u64
    }

    /// Whether the worker has everything until there.
    pub(super) fn has_sent(&self, end: u64) -> bool {
        self.sent_before + self.sent as u64 >= end
    }

    /// So many bytes are sent. A worker that always leaves some unread must not make the rest stay.
    pub(super) fn sent(&mut self, length: usize) {
        self.sent += length;
        let is_empty = self.sent == self.bytes.len();
        if is_empty || self.sent >= KEPT && self.sent >= self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent_before += self.sent as u64;
            self.sent = 0;
            self.bytes.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Frame {
        Frame {
            method: Some("x".repeat(length)),
            ..Frame::default()
        }
    }

    #[test]
    fn what_is_read_does_not_stay_if_something_is_always_left() {
        let mut unsent = Unsent::default();
        unsent.add(&frame(1000)).unwrap();
        for _ in 0..10_000 {
            let length = unsent.add(&frame(1000)).unwrap();
            unsent.sent(length);
        }
        assert!(unsent.waiting().len() < 2_000);
        assert!(
            unsent.bytes.capacity() <= 4 * KEPT,
            "{}",
            unsent.bytes.capacity()
        );
    }

    #[test]
    fn places_are_counted_from_the_beginning() {
        let mut unsent = Unsent::default();
        let first = unsent.add(&frame(KEPT)).unwrap();
        let end = unsent.end();
        unsent.add(&frame(1)).unwrap();
        unsent.sent(first - 1);
        assert!(!unsent.has_sent(end));
        unsent.sent(1);
        assert!(unsent.has_sent(end) && !unsent.has_sent(unsent.end()));
        let taken_back = unsent.add(&frame(7)).unwrap();
        unsent.take_back(taken_back);
        unsent.sent(unsent.waiting().len());
        assert!(unsent.has_sent(unsent.end()));
        assert!(unsent.waiting().is_empty());
    }
}
