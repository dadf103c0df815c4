//! The head of a response, from a host that may be hostile.

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;

use super::exchange::Broken;

/// The most bytes of a head, and of trailers.
pub(super) const MAX_HEAD: usize = 64 << 10;
/// The most headers.
pub(super) const MAX_HEADERS: usize = 256;
/// Bytes read at once.
const READ_SIZE: usize = 16 << 10;

/// The head of a response. The characters of its texts are the bytes that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The minor version of HTTP/1.
    pub minor_version: u8,
    /// The status.
    pub status: u16,
    /// What follows the status in its line.
    pub reason: String,
    /// Names and values, as they came.
    pub headers: Vec<(String, String)>,
}

/// How a response's body ends (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// What has been read of a connection and not been used.
#[derive(Debug)]
pub(super) struct Incoming<R> {
    reader: R,
    buffer: Vec<u8>,
    used: usize,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Uses the first `length` bytes of what is there.
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let start = self.used;
        self.used += length.min(self.buffer.len() - start);
        &self.buffer[start..self.used]
    }

    /// Reads more; the number of bytes, 0 at the end of the connection.
    pub(super) async fn read(&mut self) -> Result<usize, Broken> {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.reserve(READ_SIZE);
        let mut limited = (&mut self.reader).take(READ_SIZE as u64);
        limited
            .read_buf(&mut self.buffer)
            .await
            .map_err(Broken::Read)
    }

    /// The next head; `None` when the connection ends before its first byte.
    pub(super) async fn head(&mut self) -> Result<Option<ResponseHead>, Broken> {
        loop {
            let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut response = httparse::Response::new(&mut storage);
            match response.parse(self.rest()) {
                Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => {
                    let head = head(&response);
                    self.take(length);
                    return head.map(Some);
                }
                Ok(httparse::Status::Partial) if self.rest().len() < MAX_HEAD => {}
                Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Broken::HeadTooLarge),
                Err(error) => return Err(Broken::Invalid(error.to_string())),
            }
            if self.read().await? == 0 {
                return if self.rest().is_empty() {
                    Ok(None)
                } else {
                    Err(Broken::Truncated)
                };
            }
        }
    }
}

fn head(response: &httparse::Response<'_, '_>) -> Result<ResponseHead, Broken> {
    let (Some(minor_version), Some(status)) = (response.version, response.code) else {
        return Err(Broken::Invalid(
            "the status line is not complete".to_owned(),
        ));
    };
    if !(100..=599).contains(&status) {
        return Err(Broken::Invalid(format!("the status is {status}")));
    }
    Ok(ResponseHead {
        minor_version,
        status,
        reason: response.reason.unwrap_or_default().to_owned(),
        headers: pairs(response.headers),
    })
}

/// Headers as text, a character for each byte.
pub(super) fn pairs(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|header| {
            let value = header.value.iter().map(|b| char::from(*b)).collect();
            (header.name.to_owned(), value)
        })
        .collect()
}

impl ResponseHead {
    /// How the body ends that follows an answer to `method`. What could be read in two ways is no response: somebody
    /// between here and the host may have read it the other way.
    pub(super) fn framing(&self, method: &str) -> Result<Framing, Broken> {
        let values = |wanted: &str| {
            self.headers
                .iter()
                .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.trim())
                .collect::<Vec<_>>()
        };
        let invalid = |detail: &str| Broken::Invalid(detail.to_owned());
        let lengths = values("content-length");
        let encodings = values("transfer-encoding");
        if method == "HEAD" || matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        match (encodings.as_slice(), lengths.as_slice()) {
            ([], []) => Ok(Framing::Close),
            ([], [length]) => {
                let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                match length.parse() {
                    Ok(length) if digits => Ok(Framing::Length(length)),
                    _ => Err(invalid("the content length is no number")),
                }
            }
            ([], _) => Err(invalid("there is more than one content length")),
            ([encoding], []) if encoding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            (_, []) => Err(invalid("the transfer encoding is not known")),
            _ => Err(invalid(
                "there is a content length beside a transfer encoding",
            )),
        }
    }
}
