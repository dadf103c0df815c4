//! Where a body ends (RFC 9112, section 6).

use httparse::Header;

use crate::Method;
use crate::http::head::BadHead;
use crate::http::head::is;

/// The longest line that says how long a chunk is, in bytes, extensions included.
const MAX_CHUNK_LINE: usize = 256;

/// The most bytes of fields after the last chunk.
const MAX_TRAILER: usize = 8 << 10;

/// How a body is delimited, and how much of it has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// All until the connection ends; only of an answer.
    UntilEnd,
}

/// Where in a chunked body the reading is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line before a chunk, of which this much has passed.
    Line(Vec<u8>),
    /// In a chunk that has so many bytes more.
    Data(u64),
    /// In the line break after a chunk, before or after its carriage return.
    Break { returned: bool },
    /// After the last chunk: bytes passed in all, and in this line.
    Trailer { passed: usize, line: Vec<u8> },
    /// At the end.
    Done,
}

impl Body {
    pub(crate) fn of_request(fields: &[Header<'_>]) -> Result<Self, BadHead> {
        match (transfer_encoding(fields)?, content_length(fields)?) {
            // Which of the two counts is what request smuggling is about.
            (Some(_), Some(_)) => Err(BadHead::Ambiguous(
                "both `Content-Length` and `Transfer-Encoding`",
            )),
            (Some(()), None) => Ok(Self::Chunked(Chunks::start())),
            (None, length) => Ok(Self::Length(length.unwrap_or(0))),
        }
    }

    pub(crate) fn of_answer(
        fields: &[Header<'_>],
        status: u16,
        method: &Method,
    ) -> Result<Self, BadHead> {
        if method.as_str() == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        match (transfer_encoding(fields)?, content_length(fields)?) {
            (Some(()), None) => Ok(Self::Chunked(Chunks::start())),
            (None, Some(length)) => Ok(Self::Length(length)),
            (None, None) => Ok(Self::UntilEnd),
            (Some(()), Some(_)) => Err(BadHead::Ambiguous(
                "both `Content-Length` and `Transfer-Encoding` in the answer",
            )),
        }
    }

    /// Whether all of it has passed.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => *chunks == Chunks::Done,
            Self::UntilEnd => false,
        }
    }

    /// Whether it is complete when the connection ends now.
    pub(crate) fn may_end(&self) -> bool {
        self.is_done() || *self == Self::UntilEnd
    }

    /// How many of `bytes` belong to the body; notes that they have passed.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadHead> {
        match self {
            Self::UntilEnd => Ok(bytes.len()),
            Self::Length(left) => {
                let passed = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= passed as u64;
                Ok(passed)
            }
            Self::Chunked(chunks) => chunks.advance(bytes),
        }
    }
}

impl Chunks {
    fn start() -> Self {
        Self::Line(Vec::new())
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<usize, BadHead> {
        let bad = |what| Err(BadHead::Ambiguous(what));
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match self {
                Self::Done => break,
                Self::Data(left) => {
                    let room = bytes.len() - at;
                    let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(room);
                    *left -= passed as u64;
                    at += passed;
                    if *left == 0 {
                        *self = Self::Break { returned: false };
                    }
                    continue;
                }
                Self::Break { returned } => match (byte, *returned) {
                    (b'\r', false) => *returned = true,
                    (b'\n', true) => *self = Self::start(),
                    _ => return bad("how a chunk ends"),
                },
                Self::Line(line) => {
                    line.push(*byte);
                    if line.len() > MAX_CHUNK_LINE {
                        return bad("how long a chunk is");
                    }
                    if line.ends_with(b"\n") {
                        *self = match chunk_size(line) {
                            Some(0) => Self::Trailer {
                                passed: 0,
                                line: Vec::new(),
                            },
                            Some(size) => Self::Data(size),
                            None => return bad("how long a chunk is"),
                        };
                    }
                }
                Self::Trailer { passed, line } => {
                    line.push(*byte);
                    *passed += 1;
                    if *passed > MAX_TRAILER {
                        return bad("how much follows the last chunk");
                    }
                    if line.ends_with(b"\n") {
                        if !line.ends_with(b"\r\n") {
                            return bad("how its lines end");
                        }
                        if line.len() == 2 {
                            *self = Self::Done;
                        } else {
                            line.clear();
                        }
                    }
                }
            }
            at += 1;
        }
        Ok(at)
    }
}

/// The number at the start of a chunk's line. What may follow is an extension, which nobody uses but to
/// make two programs disagree; the line has no carriage return but the one at its end.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r\n")?;
    if line.contains(&b'\r') {
        return None;
    }
    let digits = line.split(|b| *b == b';').next()?;
    let digits = digits.trim_ascii_end();
    if !(1..=15).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether the body is chunked. Any other encoding is unknown to us and so is where it ends.
fn transfer_encoding(fields: &[Header<'_>]) -> Result<Option<()>, BadHead> {
    let mut found = fields.iter().filter(|field| is(field, "transfer-encoding"));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(one), None) if one.value.eq_ignore_ascii_case(b"chunked") => Ok(Some(())),
        (Some(_), _) => Err(BadHead::Ambiguous("its transfer encoding")),
    }
}

fn content_length(fields: &[Header<'_>]) -> Result<Option<u64>, BadHead> {
    let mut found = fields.iter().filter(|field| is(field, "content-length"));
    let Some(one) = found.next() else {
        return Ok(None);
    };
    let digits = (1..=18).contains(&one.value.len()) && one.value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(one.value).unwrap_or_default();
    match text.parse() {
        Ok(length) if digits && found.next().is_none() => Ok(Some(length)),
        _ => Err(BadHead::Ambiguous("its `Content-Length`")),
    }
}
