//! A request as a worker asks for it, checked, and as it goes out.

use std::fmt;

use crate::Host;
use crate::Method;
use crate::RefusalReason;
use crate::secrets::Revealed;
use zeroize::Zeroizing;

/// The most bytes of target and headers.
const MAX_HEAD: usize = 64 << 10;
/// The most headers.
const MAX_HEADERS: usize = 256;

/// The most bytes of a head that are written here: the method, the host and its port, the length.
const OWN_LINES: usize = 512;

/// Headers that are about the connection and the body's length: they are this crate's to write (RFC 9110, 7.6.1).
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none, and nothing is said about it.
    None,
    /// So many bytes.
    Bytes(u64),
    /// Not known before its end.
    Unknown,
}

/// A request that can be sent. Nothing in it ends a line or begins another header.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub(crate) secure: bool,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) length: BodyLength,
}

/// Why a request cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// The target is neither a path nor `*`.
    #[error("the request's target is not a path of printable characters")]
    Target,
    /// The name of a header is not one.
    #[error("a header's name is not a token")]
    HeaderName,
    /// The value of a header has characters that it cannot have.
    #[error("the value of the header `{name}` has characters that a header cannot have")]
    HeaderValue {
        /// The header.
        name: String,
    },
    /// There is more than fits.
    #[error("the request's target and headers are more than {limit} {what}")]
    TooLarge {
        /// How much fits.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}

impl HttpRequest {
    /// Checks a request. The characters of `target` and of the values of `headers` are bytes.
    ///
    /// # Errors
    /// When it could be read as anything else than one request.
    pub fn new(
        (secure, host, port): (bool, Host, u16),
        method: Method,
        target: String,
        headers: Vec<(String, String)>,
        length: BodyLength,
    ) -> Result<Self, InvalidRequest> {
        let visible = |b: u8| (0x21..=0x7e).contains(&b);
        if !(target.starts_with('/') || target == "*") || !target.bytes().all(visible) {
            return Err(InvalidRequest::Target);
        }
        if headers.len() > MAX_HEADERS {
            return Err(InvalidRequest::TooLarge {
                limit: MAX_HEADERS,
                what: "headers",
            });
        }
        let mut size = target.len();
        let mut checked = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            if !is_token(&name) {
                return Err(InvalidRequest::HeaderName);
            }
            let Some(value) = as_bytes(&value).filter(|bytes| is_value(bytes)) else {
                return Err(InvalidRequest::HeaderValue { name });
            };
            size += name.len() + value.len();
            if !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
                checked.push((name, value));
            }
        }
        if size > MAX_HEAD {
            return Err(InvalidRequest::TooLarge {
                limit: MAX_HEAD,
                what: "bytes",
            });
        }
        Ok(Self {
            secure,
            host,
            port,
            method,
            target,
            headers: checked,
            length,
        })
    }

    /// Whether the request says that it is for another host than the connection: names that share an address could be
    /// reached through one that is granted.
    pub(crate) fn judge_host(&self) -> Result<(), RefusalReason> {
        let mut named = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let fits = match (named.next(), named.next()) {
            (None, _) => true,
            (Some((_, value)), None) => self.is_for(value),
            (Some(_), Some(_)) => false,
        };
        if fits {
            Ok(())
        } else {
            Err(RefusalReason::OtherHost {
                connected: self.host.to_string(),
            })
        }
    }

    fn is_for(&self, header: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(header) else {
            return false;
        };
        let (host, port) = match text.rsplit_once(':') {
            // The last colon of a bare IPv6 address in brackets is inside of them.
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (text, Some(self.default_port())),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        port == Some(self.port) && bare.parse() == Ok(self.host.clone())
    }

    fn default_port(&self) -> u16 {
        if self.secure { 443 } else { 80 }
    }

    /// Everything that could name a secret.
    pub(crate) fn texts(&self) -> Vec<&[u8]> {
        let values = self.headers.iter().map(|(_, value)| value.as_slice());
        let query = self
            .target
            .find('?')
            .map(|at| &self.target.as_bytes()[at..]);
        query.into_iter().chain(values).collect()
    }

    /// The request's head, as bytes, with the values of its secrets.
    pub(crate) fn head(&self, revealed: &Revealed) -> Zeroizing<Vec<u8>> {
        let target = revealed.target(&self.target);
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name, revealed.header(value)))
            .collect();
        // Room for everything: what grows leaves copies behind.
        let lines = headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4);
        let size = target.len() + lines.sum::<usize>() + OWN_LINES;
        let mut head = Zeroizing::new(Vec::with_capacity(size));
        head.extend_from_slice(self.method.as_str().as_bytes());
        head.push(b' ');
        head.extend_from_slice(&target);
        head.extend_from_slice(b" HTTP/1.1\r\n");
        let mut line = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        let is_host = |(name, _): &(String, Vec<u8>)| name.eq_ignore_ascii_case("host");
        if !self.headers.iter().any(is_host) {
            line("Host", self.authority().as_bytes());
        }
        for (name, value) in &headers {
            line(name, value);
        }
        match self.length {
            BodyLength::None => {}
            BodyLength::Bytes(length) => line("Content-Length", length.to_string().as_bytes()),
            BodyLength::Unknown => line("Transfer-Encoding", b"chunked"),
        }
        line("Connection", b"close");
        head.extend_from_slice(b"\r\n");
        head
    }

    fn authority(&self) -> String {
        let host = match &self.host {
            Host::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
            other => other.to_string(),
        };
        if self.port == self.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// Without the query and the headers, where secrets are.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("secure", &self.secure)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("method", &self.method)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Whether `text` is a token (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let symbol = |b: u8| b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || symbol(b))
}

/// Whether `bytes` can be the value of a header (RFC 9110, 5.5).
fn is_value(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|b| matches!(b, b'\t' | b' '..=b'~' | 0x80..=0xff))
}

/// The bytes that the characters of `text` are.
fn as_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, headers: &[(&str, &str)]) -> Result<HttpRequest, InvalidRequest> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let place = (false, "a.test".parse().unwrap(), 8080);
        let method = "POST".parse().unwrap();
        HttpRequest::new(
            place,
            method,
            target.to_owned(),
            headers,
            BodyLength::Unknown,
        )
    }

    #[test]
    fn what_would_end_a_line_or_begin_another_request_is_refused() {
        for target in [
            "",
            "x",
            "http://b.test/",
            "/a b",
            "/a\r\nX: y",
            "/\u{e9}",
            "/\0",
            "//a\n",
        ] {
            let allowed = target.starts_with("//a") && !target.contains('\n');
            assert_eq!(request(target, &[]).is_ok(), allowed, "{target:?}");
        }
        for (name, value) in [
            ("a b", "x"),
            ("", "x"),
            ("a:", "x"),
            ("a\r\nb", "x"),
            ("a", "x\r\nb: c"),
            ("a", "x\n"),
            ("a", "x\0"),
            ("a", "\u{100}"),
            ("a", "\u{7f}"),
        ] {
            assert!(
                request("/", &[(name, value)]).is_err(),
                "{name:?}: {value:?}"
            );
        }
        let large = "x".repeat(MAX_HEAD);
        assert!(matches!(
            request("/", &[("a", &large)]),
            Err(InvalidRequest::TooLarge { what: "bytes", .. })
        ));
        let many: Vec<_> = (0..=MAX_HEADERS).map(|_| ("a", "b")).collect();
        assert!(request("/", &many).is_err());
    }

    #[test]
    fn what_is_about_the_connection_is_written_here() {
        let request = request(
            "/p?q",
            &[
                ("X-A", "\u{e9}"),
                ("Content-Length", "5"),
                ("Transfer-Encoding", "gzip"),
                ("CONNECTION", "upgrade"),
                ("upgrade", "websocket"),
            ],
        )
        .unwrap();
        assert_eq!(
            &**request.head(&Revealed::default()),
            b"POST /p?q HTTP/1.1\r\nHost: a.test:8080\r\nX-A: \xe9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        );
        assert!(!format!("{request:?}").contains("X-A"));
    }

    #[test]
    fn a_request_for_another_host_than_the_connection_is_refused() {
        for (hosts, fits) in [
            (vec![], true),
            (vec!["a.test:8080"], true),
            (vec!["A.Test:8080"], true),
            (vec!["a.test"], false),
            (vec!["a.test:80"], false),
            (vec!["b.test:8080"], false),
            (vec!["a.test:8080", "b.test:8080"], false),
            (vec!["a.test:8080", "a.test:8080"], false),
            (vec!["a.test:8080, b.test"], false),
            (vec!["\u{e9}"], false),
            (vec![""], false),
        ] {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let request = request("/", &headers).unwrap();
            assert_eq!(request.judge_host().is_ok(), fits, "{hosts:?}");
        }
    }
}
