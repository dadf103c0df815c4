//! The heads of requests and answers: read strictly, written anew.

use httparse::Header;
use httparse::Status;
use zeroize::Zeroizing;

use crate::Host;
use crate::Method;
use crate::http::body::Body;
use crate::secrets::Revealed;

/// The longest head, in bytes.
pub(crate) const MAX_HEAD: usize = 32 << 10;

/// The most fields in one.
const MAX_FIELDS: usize = 128;

/// Fields that are about one connection, not about the request (RFC 9110, 7.6.1). This connection's are
/// written anew, and others are none of the host's business.
const HOP_FIELDS: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "upgrade",
];

/// Why a head is not passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// It is none, or could be read in two ways.
    Ambiguous(&'static str),
    /// It asks for another protocol.
    Upgrade(String),
}

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHead {
    pub(crate) method: Method,
    /// What is asked for, as it was written.
    pub(crate) target: Target,
    /// The host that the `Host` field names, with its port.
    pub(crate) host: Option<(Host, Option<u16>)>,
    pub(crate) body: Body,
    /// The fields that are passed on, as they are written.
    fields: Vec<u8>,
}

/// What a request asks for (RFC 9112, 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path and a query.
    Path(String),
    /// A whole address, as a proxy is asked.
    Address { host: Host, port: u16, path: String },
    /// A connection, as a proxy is asked.
    Connect { host: Host, port: u16 },
    /// The server itself: `OPTIONS *`.
    Server,
}

/// An answer's head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AnswerHead {
    pub(crate) status: u16,
    pub(crate) body: Body,
    /// The head as it is passed on.
    pub(crate) bytes: Vec<u8>,
}

/// Reads a request's head at the start of `bytes`; `None` if it goes on. With the head comes its length.
pub(crate) fn request(bytes: &[u8]) -> Result<Option<(RequestHead, usize)>, BadHead> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let length = match parsed.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return unfinished(bytes),
        Err(_) => return Err(BadHead::Ambiguous("it is not HTTP/1")),
    };
    // Some servers take a lone line feed for the end of a line, and some a carriage return.
    strict_lines(&bytes[..length])?;
    let method: Method = parsed
        .method
        .unwrap_or_default()
        .parse()
        .map_err(|_| BadHead::Ambiguous("its method"))?;
    if parsed.version == Some(0) && has(parsed.headers, "transfer-encoding") {
        return Err(BadHead::Ambiguous("a transfer encoding in HTTP/1.0"));
    }
    let target = target(&method, parsed.path.unwrap_or_default())?;
    refuse_upgrade(parsed.headers)?;
    let body = Body::of_request(parsed.headers)?;
    let host = host_field(parsed.headers)?;
    Ok(Some((
        RequestHead {
            method,
            target,
            host,
            body,
            fields: passed_on(parsed.headers, &["host"]),
        },
        length,
    )))
}

impl RequestHead {
    /// The request as the host gets it: for this host, with its port unless it is the usual one, and this
    /// request only.
    pub(crate) fn to_bytes(
        &self,
        host: &Host,
        port: Option<u16>,
        revealed: &Revealed,
    ) -> Zeroizing<Vec<u8>> {
        let path = match &self.target {
            Target::Path(path) | Target::Address { path, .. } => path.as_str(),
            Target::Server | Target::Connect { .. } => "*",
        };
        let (target, fields) = (revealed.target(path), revealed.fields(&self.fields));
        let mut host = format!(" HTTP/1.1\r\nHost: {host}");
        if let Some(port) = port {
            host.push_str(&format!(":{port}"));
        }
        host.push_str("\r\nConnection: close\r\n");
        let method = format!("{} ", self.method);
        let size = method.len() + target.len() + host.len() + fields.len() + 2;
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.extend_from_slice(method.as_bytes());
        bytes.extend_from_slice(&target);
        bytes.extend_from_slice(host.as_bytes());
        bytes.extend_from_slice(&fields);
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Everything that could name a secret.
    pub(crate) fn texts(&self) -> Vec<&[u8]> {
        let query = self.path().and_then(|path| path.split_once('?'));
        let query = query.map(|(_, query)| query.as_bytes());
        query.into_iter().chain([self.fields.as_slice()]).collect()
    }

    /// The path and the query, if there is one.
    pub(crate) fn path(&self) -> Option<&str> {
        match &self.target {
            Target::Path(path) | Target::Address { path, .. } => Some(path),
            Target::Server => Some("*"),
            Target::Connect { .. } => None,
        }
    }
}

/// Reads the head of an answer to `method` at the start of `bytes`; `None` if it goes on.
pub(crate) fn answer(
    bytes: &[u8],
    method: &Method,
) -> Result<Option<(AnswerHead, usize)>, BadHead> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let length = match parsed.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return unfinished(bytes),
        Err(_) => return Err(BadHead::Ambiguous("the answer is not HTTP/1")),
    };
    let status = parsed.code.unwrap_or_default();
    if status == 101 {
        return Err(BadHead::Upgrade("the one in the answer".to_owned()));
    }
    let reason = parsed.reason.unwrap_or_default();
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
    let is_last = status >= 200;
    if is_last {
        head.extend_from_slice(b"Connection: close\r\n");
    }
    head.extend(passed_on(parsed.headers, &[]));
    head.extend_from_slice(b"\r\n");
    Ok(Some((
        AnswerHead {
            status,
            body: Body::of_answer(parsed.headers, status, method)?,
            bytes: head,
        },
        length,
    )))
}

fn unfinished<T>(bytes: &[u8]) -> Result<Option<T>, BadHead> {
    if bytes.len() < MAX_HEAD {
        Ok(None)
    } else {
        Err(BadHead::Ambiguous("its head is too long"))
    }
}

/// Every line ends in a carriage return and a line feed, and neither is anywhere else.
fn strict_lines(head: &[u8]) -> Result<(), BadHead> {
    let mut before = 0;
    for (index, byte) in head.iter().enumerate() {
        let fits = match byte {
            b'\n' => before == b'\r',
            b'\r' => head.get(index + 1) == Some(&b'\n'),
            _ => true,
        };
        if !fits {
            return Err(BadHead::Ambiguous("how its lines end"));
        }
        before = *byte;
    }
    Ok(())
}

fn target(method: &Method, text: &str) -> Result<Target, BadHead> {
    let bad = BadHead::Ambiguous("what it asks for");
    let printable = text.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if !printable {
        return Err(bad);
    }
    if method.as_str() == "CONNECT" {
        return match authority_of(text) {
            Some((host, Some(port))) => Ok(Target::Connect { host, port }),
            Some((_, None)) | None => Err(bad),
        };
    }
    if text.starts_with('/') {
        return Ok(Target::Path(text.to_owned()));
    }
    if text == "*" && method.as_str() == "OPTIONS" {
        return Ok(Target::Server);
    }
    let scheme = text
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("http://"))
        .ok_or(bad.clone())?;
    let rest = &text[scheme.len()..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = authority_of(authority).ok_or(bad)?;
    Ok(Target::Address {
        host,
        port: port.unwrap_or(80),
        path: match path.split('#').next().unwrap_or_default() {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        },
    })
}

/// `host` or `host:port`; no name or password before it.
fn authority_of(text: &str) -> Option<(Host, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(self::port(port)?)),
        _ => (text, None),
    };
    if host.contains(':') && !host.starts_with('[') {
        return None;
    }
    Some((host.parse().ok()?, port))
}

fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

fn host_field(fields: &[Header<'_>]) -> Result<Option<(Host, Option<u16>)>, BadHead> {
    let mut found = fields.iter().filter(|field| is(field, "host"));
    let Some(field) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(BadHead::Ambiguous("two `Host` fields"));
    }
    let text = std::str::from_utf8(field.value).unwrap_or_default().trim();
    match authority_of(text) {
        Some(host) => Ok(Some(host)),
        None => Err(BadHead::Ambiguous("its `Host` field")),
    }
}

/// `h2c` is an offer that a server may ignore, and is not passed on; anything else, the client waits for.
fn refuse_upgrade(fields: &[Header<'_>]) -> Result<(), BadHead> {
    for field in fields.iter().filter(|field| is(field, "upgrade")) {
        let text = String::from_utf8_lossy(field.value);
        if !text.trim().eq_ignore_ascii_case("h2c") {
            return Err(BadHead::Upgrade(crate::record::shown(text.trim())));
        }
    }
    Ok(())
}

/// The fields but those of one connection, those that `Connection` names, and `left_out`.
fn passed_on(fields: &[Header<'_>], left_out: &[&str]) -> Vec<u8> {
    let named: Vec<String> = fields
        .iter()
        .filter(|field| is(field, "connection"))
        .flat_map(|field| field.value.split(|b| *b == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        // A client must not make us leave out what says how long its request is.
        .filter(|name| !matches!(name.as_str(), "content-length" | "transfer-encoding"))
        .collect();
    let mut bytes = Vec::new();
    for field in fields {
        let name = field.name.to_ascii_lowercase();
        let hop = HOP_FIELDS.contains(&name.as_str()) || left_out.contains(&name.as_str());
        if hop || named.contains(&name) {
            continue;
        }
        bytes.extend_from_slice(field.name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(field.value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

pub(crate) fn is(field: &Header<'_>, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

fn has(fields: &[Header<'_>], name: &str) -> bool {
    fields.iter().any(|field| is(field, name))
}
