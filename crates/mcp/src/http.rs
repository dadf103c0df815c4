//! Agents that come over HTTP, many at one address.
//!
//! A client of a revision with sessions has one from its handshake until it deletes it or does not use it for
//! a while ([`Visits`]). In the stateless revision each request stands alone, unless its `_meta` names a session
//! ([`SESSION_KEY`]): whoever knows the name has the same session again, for as long.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::Request;
use http::Response;
use http_body::Body;
use mycelium_protocol::control::RequestContext;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::consent::Questions;
use crate::server::SkillServer;
use crate::tools::AgentTools;
use crate::view::View;
use crate::visits::Visited;
use crate::visits::Visits;

/// The member of a request's `_meta` that names its session, in the revision that has none.
pub const SESSION_KEY: &str = "io.mycelium/session";

/// The largest request, in bytes.
const MAX_REQUEST: usize = 16 << 20;
/// Sessions that requests have named, at once.
const MAX_NAMED: usize = 256;
/// The longest name of a session, in bytes.
const MAX_NAME: usize = 256;

/// Who may send requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAccess {
    /// What a request's `Host` may be: a name or address, with or without a port. Another one is a name that a
    /// stranger has pointed at this machine.
    pub hosts: Vec<String>,
    /// The web pages that may send requests, by their origin. Programs have none.
    pub origins: Vec<String>,
    /// Whose programs may send requests.
    pub peers: HttpPeers,
}

/// Whose programs may send requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpPeers {
    /// The person's own, as a token proves. They can pass questions on to the person.
    Own,
    /// Anybody's on this machine. What they would answer, nobody knows who said.
    Anybody,
}

/// An address where agents find the skills. Dropping the last clone ends every session.
#[derive(Clone)]
pub struct HttpAgents {
    service: StreamableHttpService<SkillServer, LocalSessionManager>,
    visits: Arc<Visits>,
    stop: CancellationToken,
    _guard: Arc<DropGuard>,
}

impl HttpAgents {
    /// Agents work in `context`; the names of their sessions begin with its session. A session ends that nobody uses
    /// for `idle`.
    #[must_use]
    pub fn new(
        tools: AgentTools,
        context: RequestContext,
        access: HttpAccess,
        idle: Duration,
    ) -> Self {
        let stop = CancellationToken::new();
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(access.hosts)
            .with_allowed_origins(access.origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(MAX_REQUEST)
            .with_cancellation_token(stop.clone());
        let mut sessions = LocalSessionManager::default();
        // Its clock counts messages only.
        sessions.session_config.keep_alive = None;
        let sessions = Arc::new(sessions);
        let questions = match access.peers {
            HttpPeers::Own => Some(Arc::new(Questions::default())),
            HttpPeers::Anybody => None,
        };
        let named = Arc::new(NamedSessions {
            questions: questions.clone(),
            tools: tools.clone(),
            context: context.clone(),
            idle,
            count: AtomicU64::new(0),
            views: Mutex::default(),
        });
        let visits = Visits::new(Arc::clone(&sessions), idle);
        let count = AtomicU64::new(0);
        let service = StreamableHttpService::new(
            move || {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let context = within(&context, &number.to_string());
                let view = View::owning(tools.clone(), context, questions.clone());
                Ok(SkillServer::among(view, Arc::clone(&named)))
            },
            sessions,
            config,
        );
        Self {
            service,
            visits,
            _guard: Arc::new(stop.clone().drop_guard()),
            stop,
        }
    }

    /// Answers one request.
    pub async fn handle<B>(
        &self,
        mut request: Request<B>,
    ) -> Response<impl Body<Data = Bytes, Error = Infallible> + Send + use<B>>
    where
        B: Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let visit = self.visits.of(request.headers_mut());
        let given_up = (request.method() == Method::DELETE).then(|| request.headers().clone());
        let response = self.service.handle(request).await;
        if let Some(request) = given_up.filter(|_| response.status().is_success()) {
            self.visits.forget(&request);
        }
        let visit = visit.or_else(|| self.visits.begin(response.headers()));
        response.map(|body| Visited::new(body, visit))
    }

    /// Ends every session.
    pub fn close(&self) {
        self.stop.cancel();
    }
}

/// Sessions that requests name, each until nobody has used it for a while.
pub(crate) struct NamedSessions {
    questions: Option<Arc<Questions>>,
    tools: AgentTools,
    context: RequestContext,
    idle: Duration,
    /// Sessions until now.
    count: AtomicU64,
    views: Mutex<HashMap<String, Named>>,
}

struct Named {
    view: Arc<View>,
    used: Instant,
}

impl NamedSessions {
    /// The session of this name, which begins now if there is none.
    ///
    /// # Errors
    /// When the name is too long, or there are too many.
    pub(crate) fn get(self: &Arc<Self>, name: &str) -> Result<Arc<View>, &'static str> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Err("a session's name has 1 to 256 bytes");
        }
        let mut views = lock(&self.views);
        let now = Instant::now();
        if let Some(named) = views.get_mut(name) {
            named.used = now;
            return Ok(Arc::clone(&named.view));
        }
        if views.len() >= MAX_NAMED {
            return Err("there are too many sessions; let some rest until they end");
        }
        // The end of one that had this name may still be under way.
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let context = within(&self.context, &format!("named-{number}-{name}"));
        let view = View::owning(self.tools.clone(), context, self.questions.clone());
        let named = Named {
            view: Arc::clone(&view),
            used: now,
        };
        views.insert(name.to_owned(), named);
        tokio::spawn(expire(
            Arc::downgrade(self),
            name.to_owned(),
            now + self.idle,
        ));
        Ok(view)
    }

    /// Ends the session if nobody uses it. Else says when to look again.
    fn look(&self, name: &str) -> Option<Instant> {
        let mut views = lock(&self.views);
        let named = views.get_mut(name)?;
        let now = Instant::now();
        // A call that runs holds it.
        if Arc::strong_count(&named.view) > 1 {
            named.used = now;
        }
        if let Some(last) = *lock(&named.view.last_call) {
            named.used = named.used.max(last);
        }
        let end = named.used + self.idle;
        if now < end {
            return Some(end);
        }
        views.remove(name);
        None
    }
}

async fn expire(sessions: Weak<NamedSessions>, name: String, first: Instant) {
    let mut next = Some(first);
    while let Some(moment) = next {
        tokio::time::sleep_until(moment).await;
        let Some(sessions) = sessions.upgrade() else {
            return;
        };
        next = sessions.look(&name);
    }
}

fn within(context: &RequestContext, name: &str) -> RequestContext {
    RequestContext {
        session: format!("{}/{name}", context.session),
        ..context.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
