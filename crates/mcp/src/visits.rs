//! Sessions with a handshake over HTTP: each lasts until nobody has used it for a while.
//!
//! A session is used by a request until that is answered in full, and by a stream until the client closes it. The library's
//! own clock counts messages only: it would end a session in the middle of a call that says nothing.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::SessionManager as _;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::view::lock;

/// Names a session, in requests and in the answer to a handshake.
const SESSION: &str = "mcp-session-id";

/// No session has this name: they have random ones.
const NOBODYS: HeaderValue = HeaderValue::from_static("over");

/// The sessions that clients were given.
pub(crate) struct Visits {
    sessions: Arc<LocalSessionManager>,
    idle: Duration,
    uses: Mutex<HashMap<SessionId, Use>>,
}

struct Use {
    /// How many use it now.
    visits: usize,
    /// When somebody last did.
    last: Instant,
    /// Ends it when nobody does any more.
    end: AbortHandle,
}

/// A session is used as long as this is there.
pub(crate) struct Visit {
    visits: Arc<Visits>,
    session: SessionId,
}

impl Visits {
    /// Ends the sessions of `sessions` that nobody uses for `idle`.
    pub(crate) fn new(sessions: Arc<LocalSessionManager>, idle: Duration) -> Arc<Self> {
        Arc::new(Self {
            sessions,
            idle,
            uses: Mutex::default(),
        })
    }

    /// The use of the session that a request names, if there is one. If there is none any more, the request names one from
    /// then on that there never was: who manages sessions may not have heard yet that this one is over, and would let the
    /// request begin what the end then cuts.
    pub(crate) fn of(self: &Arc<Self>, request: &mut HeaderMap) -> Option<Visit> {
        let session = named(request)?;
        match lock(&self.uses).get_mut(&session) {
            Some(used) => used.visits += 1,
            None => {
                request.insert(SESSION, NOBODYS);
                return None;
            }
        }
        Some(self.visit(session))
    }

    /// The first use of a session, if the answer to a handshake names one.
    pub(crate) fn begin(self: &Arc<Self>, answer: &HeaderMap) -> Option<Visit> {
        let session = named(answer)?;
        let now = Instant::now();
        let mut uses = lock(&self.uses);
        let end = expire(Arc::downgrade(self), Arc::clone(&session), now + self.idle);
        let first = Use {
            visits: 1,
            last: now,
            end: tokio::spawn(end).abort_handle(),
        };
        uses.insert(Arc::clone(&session), first);
        drop(uses);
        Some(self.visit(session))
    }

    /// The session that a request names has ended.
    pub(crate) fn forget(&self, request: &HeaderMap) {
        let used = named(request).and_then(|session| lock(&self.uses).remove(&session));
        if let Some(used) = used {
            used.end.abort();
        }
    }

    fn visit(self: &Arc<Self>, session: SessionId) -> Visit {
        Visit {
            visits: Arc::clone(self),
            session,
        }
    }

    /// Forgets the session if nobody uses it. Else says when to look again.
    fn look(&self, session: &SessionId) -> Option<Instant> {
        let mut uses = lock(&self.uses);
        let used = uses.get(session)?;
        let now = Instant::now();
        if used.visits > 0 {
            return Some(now + self.idle);
        }
        let end = used.last + self.idle;
        if now < end {
            return Some(end);
        }
        uses.remove(session);
        None
    }
}

impl Drop for Visits {
    fn drop(&mut self) {
        for used in lock(&self.uses).values() {
            used.end.abort();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(used) = lock(&self.visits.uses).get_mut(&self.session) {
            used.visits -= 1;
            used.last = Instant::now();
        }
    }
}

async fn expire(visits: Weak<Visits>, session: SessionId, first: Instant) {
    let mut next = Some(first);
    while let Some(moment) = next {
        tokio::time::sleep_until(moment).await;
        let Some(visits) = visits.upgrade() else {
            return;
        };
        next = visits.look(&session);
        if next.is_none()
            && let Err(error) = visits.sessions.close_session(&session).await
        {
            tracing::info!(%error, "a session ended badly");
        }
    }
}

fn named(headers: &HeaderMap) -> Option<SessionId> {
    let name = headers.get(SESSION)?.to_str().ok()?;
    Some(name.into())
}

/// An answer's body, with which a visit lasts.
pub(crate) struct Visited<B> {
    body: B,
    _visit: Option<Visit>,
}

impl<B> Visited<B> {
    pub(crate) fn new(body: B, visit: Option<Visit>) -> Self {
        Self {
            body,
            _visit: visit,
        }
    }
}

impl<B: Body + Unpin> Body for Visited<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(10);

    fn naming(session: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(SESSION),
            HeaderValue::from_static(session),
        )])
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_in_time_is_let_in_and_who_comes_too_late_names_nobodys_session() {
        let visits = Visits::new(Arc::default(), IDLE);
        drop(visits.begin(&naming("first")));
        tokio::time::sleep(IDLE / 2).await;
        let mut request = naming("first");
        let visit = visits.of(&mut request);
        assert!(visit.is_some());
        assert_eq!(request, naming("first"));
        tokio::time::sleep(IDLE * 2).await;
        // It is in use, however long that takes.
        assert!(visits.of(&mut request).is_some());
        drop(visit);
        tokio::time::sleep(IDLE * 2).await;
        assert!(visits.of(&mut request).is_none());
        assert_eq!(request.get(SESSION), Some(&NOBODYS));
        let mut unknown = HeaderMap::new();
        assert!(visits.of(&mut unknown).is_none());
        assert!(unknown.is_empty());
    }
}
