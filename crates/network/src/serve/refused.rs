//! Saying no, to the worker and to the observer.

use crate::Attempt;
use crate::Connection;
use crate::Gate;
use crate::NetworkError;
use crate::Protocol;
use crate::Refusal;
use crate::RefusalReason;
use crate::RequestRecord;
use crate::Verdict;
use crate::http::BadHead;
use crate::http::RequestHead;
use crate::serve::Door;
use crate::serve::Place;
use crate::serve::client::Client;
use crate::serve::client::Stream;

/// A fatal TLS alert: access denied (RFC 8446, 6.2).
pub(super) const TLS_ACCESS_DENIED: &[u8] = &[21, 3, 3, 0, 2, 2, 49];

impl From<BadHead> for RefusalReason {
    fn from(bad: BadHead) -> Self {
        match bad {
            BadHead::Ambiguous(detail) => Self::Ambiguous {
                detail: detail.to_owned(),
            },
            BadHead::Upgrade(protocol) => Self::Upgrade { protocol },
        }
    }
}

impl Door {
    /// Tells the observer that something was refused.
    pub(super) fn tell_refused(
        &self,
        protocol: Protocol,
        place: &Place,
        head: Option<&RequestHead>,
        reason: RefusalReason,
    ) -> Refusal {
        let attempt = Attempt {
            protocol,
            host: place.host.clone(),
            port: place.port,
            method: head.map(|head| head.method.clone()),
            path: head.and_then(RequestHead::path).map(str::to_owned),
        };
        let refusal = Gate::refusal(&place.host, place.port, attempt.method.as_ref(), reason);
        let verdict = Verdict::Refused(refusal.clone());
        self.shared.log.add(RequestRecord::of(&attempt, verdict));
        refusal
    }

    /// Refuses a client that speaks TLS.
    pub(super) async fn refuse_tls(&self, client: Client, place: &Place, reason: RefusalReason) {
        self.tell_refused(Protocol::Tls, place, None, reason);
        client.dismiss(TLS_ACCESS_DENIED).await;
    }

    /// Refuses a client that speaks HTTP.
    pub(super) async fn refuse_http(
        &self,
        client: Client<impl Stream>,
        place: &Place,
        head: Option<&RequestHead>,
        reason: RefusalReason,
    ) {
        let refusal = self.tell_refused(Protocol::Http, place, head, reason);
        client.dismiss(&refusal_answer(&refusal)).await;
    }

    /// Tells the observer that TLS with the worker's program failed.
    pub(super) fn tell_failed(&self, place: &Place, early: Option<Connection>, reason: &str) {
        let attempt = Attempt {
            protocol: Protocol::Tls,
            host: place.host.clone(),
            port: place.port,
            method: None,
            path: None,
        };
        if let Some(mut early) = early {
            early.describe(&attempt);
            early.fail(reason);
        } else {
            let reason = crate::record::shown(reason);
            let verdict = Verdict::Failed { reason };
            self.shared.log.add(RequestRecord::of(&attempt, verdict));
        }
    }

    /// Opens a connection; `None` if it cannot be had, which the observer has heard then.
    pub(super) async fn open(&self, attempt: Attempt) -> Option<Connection> {
        self.shared.open(attempt).await.ok()
    }

    /// Opens a connection, or takes the one that was made while the client was silent.
    pub(super) async fn open_or_use(
        &self,
        attempt: Attempt,
        early: Option<Connection>,
    ) -> Result<Connection, ()> {
        match early {
            Some(mut connection) => {
                connection.describe(&attempt);
                Ok(connection)
            }
            None => self.open(attempt).await.ok_or(()),
        }
    }
}

/// The answer to a request that is refused.
pub(super) fn refusal_answer(refusal: &Refusal) -> Vec<u8> {
    let allowing = refusal
        .allowing()
        .and_then(|permission| serde_json::to_value(permission).ok());
    let body = serde_json::json!({
        "error": "SECURITY_VIOLATION",
        "message": format!("The sandbox refused this request: {refusal}."),
        "permission": allowing,
    });
    answer("403 Forbidden", &body)
}

/// The answer to a request that was allowed and could not be passed on.
pub(super) fn failure_answer(error: &NetworkError) -> Vec<u8> {
    if let NetworkError::Refused(refusal) = error {
        return refusal_answer(refusal);
    }
    let body = serde_json::json!({
        "error": "NETWORK_ERROR",
        "message": format!("The host could not be reached: {}.", error.reason()),
    });
    answer("502 Bad Gateway", &body)
}

/// The answer to a request that makes no sense where it was sent.
pub(super) fn misdirected_answer() -> Vec<u8> {
    let body = serde_json::json!({
        "error": "NOT_FOR_A_PROXY",
        "message": "This is a proxy: ask it for `http://host/path` or `CONNECT host:port`.",
    });
    answer("400 Bad Request", &body)
}

fn answer(status: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = format!("{body}\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
