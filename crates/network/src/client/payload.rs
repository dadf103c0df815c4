//! The body of a response, piece by piece.

use tokio::io::AsyncRead;

use super::exchange::Broken;
use super::head::Framing;
use super::head::Incoming;
use super::head::MAX_HEAD;
use super::head::MAX_HEADERS;
use super::head::pairs;

/// The most bytes of one piece.
const MAX_PIECE: usize = 64 << 10;
/// The longest line that gives the size of a chunk, in bytes.
const MAX_SIZE_LINE: usize = 256;
/// The most bytes that the extensions of all chunks have together. They mean nothing here.
const MAX_EXTENSIONS: usize = 16 << 10;

/// Where in the body the reader is.
#[derive(Debug)]
enum Place {
    /// In bytes that are counted.
    Counted { left: u64, chunked: bool },
    /// Before the size of a chunk; the first one has no line break before it.
    Size { first: bool },
    /// In what ends with the connection.
    Open,
    /// In the trailers.
    Trailers,
    /// Behind the end.
    End(Vec<(String, String)>),
}

/// Reads one body.
#[derive(Debug)]
pub(super) struct Payload {
    place: Place,
    extensions: usize,
}

/// What comes next of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Some bytes.
    Bytes(Vec<u8>),
    /// Its end, with the trailers.
    End(Vec<(String, String)>),
}

impl Payload {
    pub(super) fn new(framing: Framing) -> Self {
        let place = match framing {
            Framing::Length(left) => Place::Counted {
                left,
                chunked: false,
            },
            Framing::Chunked => Place::Size { first: true },
            Framing::Close => Place::Open,
        };
        Self {
            place,
            extensions: 0,
        }
    }

    /// The next piece.
    pub(super) async fn next<R: AsyncRead + Unpin>(
        &mut self,
        incoming: &mut Incoming<R>,
    ) -> Result<Piece, Broken> {
        loop {
            if let Some(piece) = self.step(incoming)? {
                return Ok(piece);
            }
            let ends_with_connection = matches!(self.place, Place::Open);
            if incoming.read().await? == 0 {
                if !ends_with_connection {
                    return Err(Broken::Truncated);
                }
                self.place = Place::End(Vec::new());
            }
        }
    }

    /// A piece of what is there already, if that is enough for one.
    fn step<R: AsyncRead + Unpin>(
        &mut self,
        incoming: &mut Incoming<R>,
    ) -> Result<Option<Piece>, Broken> {
        loop {
            match &mut self.place {
                Place::Counted { left: 0, chunked } => {
                    self.place = if *chunked {
                        Place::Size { first: false }
                    } else {
                        Place::End(Vec::new())
                    };
                }
                Place::Counted { left, .. } => {
                    let there = incoming.rest().len().min(MAX_PIECE) as u64;
                    let length = there.min(*left);
                    *left -= length;
                    return Ok(bytes(incoming, length as usize));
                }
                Place::Open => {
                    let there = incoming.rest().len().min(MAX_PIECE);
                    return Ok(bytes(incoming, there));
                }
                Place::Size { first } => {
                    let first = *first;
                    let Some(left) = self.size(first, incoming)? else {
                        return Ok(None);
                    };
                    self.place = if left == 0 {
                        Place::Trailers
                    } else {
                        Place::Counted {
                            left,
                            chunked: true,
                        }
                    };
                }
                Place::Trailers => match trailers(incoming)? {
                    Some(trailers) => self.place = Place::End(trailers),
                    None => return Ok(None),
                },
                Place::End(trailers) => {
                    return Ok(Some(Piece::End(std::mem::take(trailers))));
                }
            }
        }
    }

    /// The size of the next chunk, if its line is there.
    fn size<R: AsyncRead + Unpin>(
        &mut self,
        first: bool,
        incoming: &mut Incoming<R>,
    ) -> Result<Option<u64>, Broken> {
        let rest = incoming.rest();
        let start = if first { 0 } else { 2 };
        let before = &rest[..start.min(rest.len())];
        if !b"\r\n".starts_with(before) && start > 0 {
            return Err(invalid("a chunk does not end where it should"));
        }
        let Some(line_end) = rest
            .get(start..)
            .and_then(|rest| rest.windows(2).position(|two| two == b"\r\n"))
        else {
            return if rest.len() > start + MAX_SIZE_LINE {
                Err(invalid("the size of a chunk is a line too long"))
            } else {
                Ok(None)
            };
        };
        let line = &rest[start..start + line_end];
        let digits = line
            .iter()
            .position(|b| !b.is_ascii_hexdigit())
            .unwrap_or(line.len());
        let extension = &line[digits..];
        self.extensions += extension.len();
        let begins = extension.trim_ascii_start().first();
        if line_end > MAX_SIZE_LINE || self.extensions > MAX_EXTENSIONS {
            return Err(invalid("the chunks have extensions that are too long"));
        }
        if begins.is_some_and(|b| *b != b';') || extension.contains(&b'\n') {
            return Err(invalid("the size of a chunk is no number"));
        }
        let size = std::str::from_utf8(&line[..digits])
            .ok()
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| invalid("the size of a chunk is no number"))?;
        incoming.take(start + line_end + 2);
        Ok(Some(size))
    }
}

fn bytes<R: AsyncRead + Unpin>(incoming: &mut Incoming<R>, length: usize) -> Option<Piece> {
    (length > 0).then(|| Piece::Bytes(incoming.take(length).to_vec()))
}

/// The headers behind the last chunk, if they are all there.
fn trailers<R: AsyncRead + Unpin>(
    incoming: &mut Incoming<R>,
) -> Result<Option<Vec<(String, String)>>, Broken> {
    let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(incoming.rest(), &mut storage) {
        Ok(httparse::Status::Complete((length, headers))) if length <= MAX_HEAD => {
            let trailers = pairs(headers);
            incoming.take(length);
            Ok(Some(trailers))
        }
        Ok(httparse::Status::Partial) if incoming.rest().len() < MAX_HEAD => Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Err(Broken::HeadTooLarge),
        Err(error) => Err(Broken::Invalid(error.to_string())),
    }
}

fn invalid(detail: &str) -> Broken {
    Broken::Invalid(detail.to_owned())
}
