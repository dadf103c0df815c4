//! What the first bytes of a connection are.

use crate::HostName;
use crate::greeting;
use crate::greeting::Greeting;
use crate::http::BadHead;
use crate::http::RequestHead;
use crate::http::request;

/// What a connection begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It cannot be said yet.
    Unknown,
    /// It will be TLS or HTTP; more has to come.
    Begun,
    /// A TLS greeting, for the server it names.
    Tls(Option<HostName>),
    /// A request, whose head has so many bytes.
    Http(Box<RequestHead>, usize),
    /// A TLS greeting that could be read in two ways.
    BadTls,
    /// A request that is not passed on.
    BadHttp(BadHead),
    /// Neither.
    Other,
}

/// The longest word that a request line may begin with.
const MAX_WORD: usize = 64;

impl Opening {
    /// Reads the first bytes of a connection, which may be cut anywhere.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Unknown,
            [greeting::HANDSHAKE] => Self::Begun,
            [greeting::HANDSHAKE, 3, ..] => match greeting::read(bytes) {
                Greeting::Incomplete => Self::Begun,
                Greeting::For(name) => Self::Tls(name),
                Greeting::Malformed => Self::BadTls,
            },
            // Servers skip empty lines before a request.
            [b'\r' | b'\n', ..] => {
                Self::BadHttp(BadHead::Ambiguous("it begins with an empty line"))
            }
            _ => Self::of_text(bytes),
        }
    }

    fn of_text(bytes: &[u8]) -> Self {
        let word = bytes.iter().take_while(|b| b.is_ascii_graphic()).count();
        match bytes.get(word) {
            None if word <= MAX_WORD => return Self::Unknown,
            Some(b' ') if (1..=MAX_WORD).contains(&word) => {}
            None | Some(_) => return Self::Other,
        }
        if let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let line = &bytes[..end];
            if !line.windows(6).any(|part| part == b" HTTP/") {
                return Self::Other;
            }
        } else if !bytes[word..].iter().all(|b| is_text(*b)) {
            return Self::Other;
        }
        match request(bytes) {
            Ok(Some((head, length))) => Self::Http(Box::new(head), length),
            Ok(None) => Self::Begun,
            Err(bad) => Self::BadHttp(bad),
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\r' || (0x20..0x7f).contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_is_known_from_its_first_line_on() {
        let request = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\nrest";
        for end in 0..request.len() - 4 {
            let opening = Opening::of(&request[..end]);
            let expected = if end <= 3 {
                Opening::Unknown
            } else {
                Opening::Begun
            };
            assert_eq!(opening, expected, "{end}");
        }
        let Opening::Http(head, length) = Opening::of(request) else {
            panic!("no request")
        };
        assert_eq!((head.method.as_str(), length), ("GET", request.len() - 4));
    }

    #[test]
    fn other_protocols_are_neither() {
        for bytes in [
            &b"SSH-2.0-x\r\n"[..],
            b"EHLO mail.test\r\n",
            b"PING\r\n",
            b"GET key\r\n",
            b"\0\x01\x02",
            b"\x16\x02",
            b"A \0",
            &[b'A'; 65],
        ] {
            assert_eq!(Opening::of(bytes), Opening::Other, "{bytes:?}");
        }
    }

    #[test]
    fn what_a_server_might_still_take_for_a_request_is_a_bad_one() {
        for text in [
            "\r\nGET / HTTP/1.1\r\n\r\n",
            "get / HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\nHost: a.test\n\n",
        ] {
            let opening = Opening::of(text.as_bytes());
            assert!(
                matches!(opening, Opening::BadHttp(_)),
                "{text:?} {opening:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Opening::of(&bytes);
        }
    }
}
