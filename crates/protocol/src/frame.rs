//! Both wires carry frames: four bytes of length, little-endian, then that many bytes of JSON.

use serde::Serialize;

/// The largest frame either side accepts, in bytes.
pub const MAX_FRAME: usize = 96 << 20;

const HEADER: usize = 4;

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame says it is longer than the receiver accepts.
    #[error("a frame of {length} bytes is larger than the {limit} accepted")]
    TooLarge {
        /// Bytes announced.
        length: usize,
        /// Bytes accepted.
        limit: usize,
    },
    /// The content cannot be written as JSON.
    #[error("a message cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
}

/// Writes `message` as one frame at the end of `buffer`.
///
/// # Errors
/// When the message cannot be written as JSON or is larger than [`MAX_FRAME`]; the buffer is then as before.
pub fn encode_frame<T: Serialize + ?Sized>(
    message: &T,
    buffer: &mut Vec<u8>,
) -> Result<(), FrameError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEADER]);
    if let Err(error) = serde_json::to_writer(&mut *buffer, message) {
        buffer.truncate(start);
        return Err(FrameError::Encode(error));
    }
    let length = buffer.len() - start - HEADER;
    if length > MAX_FRAME {
        buffer.truncate(start);
        return Err(FrameError::TooLarge {
            length,
            limit: MAX_FRAME,
        });
    }
    buffer[start..start + HEADER].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(())
}

/// Cuts a stream of bytes into frames, whatever pieces it arrives in.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    read: usize,
    limit: usize,
}

impl FrameDecoder {
    /// A decoder that accepts frames up to `limit` bytes, at most [`MAX_FRAME`].
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            read: 0,
            limit: limit.min(MAX_FRAME),
        }
    }

    /// The same decoder, with what has arrived, under another limit.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit.min(MAX_FRAME);
        self
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 && self.read == self.buffer.len() {
            self.buffer.clear();
            self.read = 0;
        } else if self.read > (1 << 16) {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame's content, if it has arrived.
    ///
    /// # Errors
    /// When the next frame is larger than the limit. The stream cannot be continued then.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.next_length()? else {
            return Ok(None);
        };
        let start = self.read + HEADER;
        self.read = start + length;
        Ok(Some(&self.buffer[start..start + length]))
    }

    /// Whether the next frame has arrived as a whole.
    ///
    /// # Errors
    /// As [`Self::next_frame`].
    pub fn has_frame(&self) -> Result<bool, FrameError> {
        Ok(self.next_length()?.is_some())
    }

    /// The length of the next frame's content, if all of it has arrived.
    fn next_length(&self) -> Result<Option<usize>, FrameError> {
        let rest = &self.buffer[self.read..];
        let Some(header) = rest.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*header) as usize;
        if length > self.limit {
            return Err(FrameError::TooLarge {
                length,
                limit: self.limit,
            });
        }
        Ok((rest.len() >= HEADER + length).then_some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_a_frame_over_the_limit_before_it_arrives() {
        let mut decoder = FrameDecoder::new(10);
        decoder.push(&11u32.to_le_bytes());
        assert!(matches!(
            decoder.next_frame(),
            Err(FrameError::TooLarge {
                length: 11,
                limit: 10
            })
        ));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(messages in prop::collection::vec(".{0,40}", 0..8), step in 1usize..50) {
            let mut bytes = Vec::new();
            for message in &messages {
                encode_frame(message, &mut bytes).unwrap();
            }
            let mut decoder = FrameDecoder::new(MAX_FRAME);
            let mut seen = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    seen.push(serde_json::from_slice::<String>(frame).unwrap());
                }
            }
            prop_assert_eq!(seen, messages);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = FrameDecoder::new(64);
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }
}
