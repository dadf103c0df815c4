//! Requests that the runtime makes for a worker: the worker has no sockets.
//!
//! An exchange is one HTTP request and its response, under a number that the worker counts up. Exchanges run side by
//! side. Bodies go in chunks under credit: each side starts with [`EXCHANGE_WINDOW`] bytes that it may send, and gets
//! more as the other side uses what it has, so what either side has to keep is bounded.

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::Frame;

/// The most exchanges that a worker may have open at one time.
pub const MAX_EXCHANGES: usize = 64;
/// The bytes of a body that may be on the way without having been asked for.
pub const EXCHANGE_WINDOW: u64 = 256 << 10;
/// The most bytes of a body in one message.
pub const MAX_EXCHANGE_CHUNK: usize = 64 << 10;
/// The most bytes that a request's target and headers have together, and the head of a response.
pub const MAX_EXCHANGE_HEAD: usize = 64 << 10;
/// The most headers that a request or a response has.
pub const MAX_EXCHANGE_HEADERS: usize = 256;

/// What a worker asks of the runtime. Nothing is answered by itself: what follows are [`ExchangeReply`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeCall {
    /// Begin a request.
    Open(OpenExchange),
    /// A part of the request's body.
    Body(ExchangeBody),
    /// The worker has used this much of the response's body.
    Credit(ExchangeCredit),
    /// The worker wants no more of it.
    Abort(ExchangeNumber),
}

/// What the runtime tells a worker of its exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeReply {
    /// The connection is there, and the request is on its way.
    Connected(ExchangeNumber),
    /// The head of a response; those with a status below 200 come before the response itself.
    Head(ExchangeHead),
    /// A part of the response's body.
    Body(ExchangeBody),
    /// The runtime has passed on this much of the request's body.
    Credit(ExchangeCredit),
    /// The response is complete.
    End(ExchangeEnd),
    /// The exchange is over, and the response is not complete.
    Failed(ExchangeFailed),
}

/// A request. Its texts are bytes: each character is one, up to U+00FF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenExchange {
    /// The exchange's number, greater than those before.
    pub exchange: u32,
    /// Whether the connection is TLS.
    pub secure: bool,
    /// The host to connect to: a name or an address; an IPv6 address may be in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The method.
    pub method: String,
    /// The path and the query, as the request's first line has them.
    pub target: String,
    /// Names and values, in their order. Those that are about the connection and the body's length are the runtime's.
    pub headers: Vec<(String, String)>,
    /// The length of the body.
    pub length: BodyLength,
}

/// How long a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyLength {
    /// There is none.
    None,
    /// So many bytes.
    Bytes(u64),
    /// Not known before its end.
    Unknown,
}

/// Which exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeNumber {
    /// Its number.
    pub exchange: u32,
}

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeBody {
    /// The exchange's number.
    pub exchange: u32,
    /// The bytes, in base64; at most [`MAX_EXCHANGE_CHUNK`] of them.
    pub data: String,
    /// Whether the body is complete with this. The runtime tells that with [`ExchangeReply::End`] instead.
    #[serde(default)]
    pub last: bool,
}

/// How much more of a body may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeCredit {
    /// The exchange's number.
    pub exchange: u32,
    /// How many bytes more.
    pub bytes: u64,
}

/// The head of a response. Its texts are bytes: each character is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeHead {
    /// The exchange's number.
    pub exchange: u32,
    /// The minor version of HTTP/1: 0 or 1.
    pub minor_version: u8,
    /// The status.
    pub status: u16,
    /// What the status line says after the status.
    pub reason: String,
    /// Names and values, as they came.
    pub headers: Vec<(String, String)>,
}

/// The end of a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeEnd {
    /// The exchange's number.
    pub exchange: u32,
    /// Headers that came after the body.
    pub trailers: Vec<(String, String)>,
}

/// A failed exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeFailed {
    /// The exchange's number.
    pub exchange: u32,
    /// How it failed.
    pub code: ExchangeFailure,
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// The host that was to be reached.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// How an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeFailure {
    /// The policy refuses it.
    SecurityViolation,
    /// The request cannot be sent as it is.
    RequestInvalid,
    /// The name has no address.
    NameNotFound,
    /// Nobody listens there.
    ConnectionRefused,
    /// The host cannot be reached.
    Unreachable,
    /// Connecting took too long.
    ConnectTimeout,
    /// The certificate is not to be trusted.
    Certificate,
    /// TLS failed for another reason.
    Tls,
    /// The host broke the connection.
    ConnectionReset,
    /// The host closed the connection before it answered.
    HungUp,
    /// The head of the response is too large.
    HeadTooLarge,
    /// The response is not HTTP.
    ResponseInvalid,
    /// The host closed the connection in the middle of the response.
    ResponseTruncated,
    /// The host said nothing for too long.
    ResponseTimeout,
}

impl ExchangeCall {
    /// The number of the exchange.
    #[must_use]
    pub fn exchange(&self) -> u32 {
        match self {
            Self::Open(open) => open.exchange,
            Self::Body(body) => body.exchange,
            Self::Credit(credit) => credit.exchange,
            Self::Abort(number) => number.exchange,
        }
    }

    /// The call as a frame.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_frame(&self) -> serde_json::Result<Frame> {
        let (method, params) = match self {
            Self::Open(open) => ("exchange/open", to_raw_value(open)?),
            Self::Body(body) => ("exchange/body", to_raw_value(body)?),
            Self::Credit(credit) => ("exchange/credit", to_raw_value(credit)?),
            Self::Abort(number) => ("exchange/abort", to_raw_value(number)?),
        };
        Ok(Frame::notification(method, params))
    }

    /// The call in a frame; `None` for a frame that is none.
    ///
    /// # Errors
    /// When the parameters are not the method's.
    pub fn from_frame(frame: &Frame) -> serde_json::Result<Option<Self>> {
        let Some((method, params)) = frame.as_notification() else {
            return Ok(None);
        };
        Ok(Some(match method {
            "exchange/open" => Self::Open(serde_json::from_str(params)?),
            "exchange/body" => Self::Body(serde_json::from_str(params)?),
            "exchange/credit" => Self::Credit(serde_json::from_str(params)?),
            "exchange/abort" => Self::Abort(serde_json::from_str(params)?),
            _ => return Ok(None),
        }))
    }
}

impl ExchangeReply {
    /// The reply as a frame.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_frame(&self) -> serde_json::Result<Frame> {
        let (method, params) = match self {
            Self::Connected(number) => ("exchange/connected", to_raw_value(number)?),
            Self::Head(head) => ("exchange/head", to_raw_value(head)?),
            Self::Body(body) => ("exchange/body", to_raw_value(body)?),
            Self::Credit(credit) => ("exchange/credit", to_raw_value(credit)?),
            Self::End(end) => ("exchange/end", to_raw_value(end)?),
            Self::Failed(failed) => ("exchange/failed", to_raw_value(failed)?),
        };
        Ok(Frame::notification(method, params))
    }

    /// The reply in a frame; `None` for a frame that is none.
    ///
    /// # Errors
    /// When the parameters are not the method's.
    pub fn from_frame(frame: &Frame) -> serde_json::Result<Option<Self>> {
        let Some((method, params)) = frame.as_notification() else {
            return Ok(None);
        };
        Ok(Some(match method {
            "exchange/connected" => Self::Connected(serde_json::from_str(params)?),
            "exchange/head" => Self::Head(serde_json::from_str(params)?),
            "exchange/body" => Self::Body(serde_json::from_str(params)?),
            "exchange/credit" => Self::Credit(serde_json::from_str(params)?),
            "exchange/end" => Self::End(serde_json::from_str(params)?),
            "exchange/failed" => Self::Failed(serde_json::from_str(params)?),
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_replies_survive_the_wire() {
        let call = ExchangeCall::Open(OpenExchange {
            exchange: 3,
            secure: true,
            host: "a.test".to_owned(),
            port: 443,
            method: "PUT".to_owned(),
            target: "/x?y".to_owned(),
            headers: vec![("A".to_owned(), "\u{e9}".to_owned())],
            length: BodyLength::Bytes(5),
        });
        let text = serde_json::to_string(&call.to_frame().unwrap()).unwrap();
        let frame: Frame = serde_json::from_str(&text).unwrap();
        assert_eq!(ExchangeCall::from_frame(&frame).unwrap(), Some(call));
        assert_eq!(ExchangeReply::from_frame(&frame).unwrap(), None);

        let reply = ExchangeReply::Failed(ExchangeFailed {
            exchange: 3,
            code: ExchangeFailure::HeadTooLarge,
            message: "m".to_owned(),
            host: "a.test".to_owned(),
            port: 443,
        });
        let text = serde_json::to_string(&reply.to_frame().unwrap()).unwrap();
        assert!(text.contains("\"head-too-large\""), "{text}");
        let frame: Frame = serde_json::from_str(&text).unwrap();
        assert_eq!(ExchangeReply::from_frame(&frame).unwrap(), Some(reply));
    }

    #[test]
    fn a_call_with_other_fields_is_refused() {
        let frame: Frame = serde_json::from_str(
            r#"{"jsonrpc":"2.0","method":"exchange/abort","params":{"exchange":1,"more":1}}"#,
        )
        .unwrap();
        assert!(ExchangeCall::from_frame(&frame).is_err());
    }
}
