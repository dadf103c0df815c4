//! What belongs to one agent's session.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;

use mycelium_protocol::control::RequestContext;
use mycelium_runtime::SkillRuntime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::catalogue::Catalogue;
use crate::consent::Questions;
use crate::results::Results;
use crate::roots::Roots;
use crate::tools::AgentTools;

/// What belongs to one session.
pub(crate) struct View {
    pub(crate) runtime: SkillRuntime,
    pub(crate) tools: AgentTools,
    pub(crate) context: RequestContext,
    /// Gone when this is.
    pub(crate) alive: watch::Sender<()>,
    /// The session, if it ends with this.
    _session: Option<OwnedSession>,
    /// What the names of tools meant when they were last listed.
    pub(crate) catalogue: Mutex<Arc<Catalogue>>,
    pub(crate) results: Mutex<Results>,
    /// The folders that the agent says it works on.
    pub(crate) roots: Arc<Roots>,
    /// Whether its agent is told of changes and asked for its folders: once, however often it says that it is ready.
    pub(crate) is_followed: AtomicBool,
    /// How many calls run.
    pub(crate) running: watch::Sender<usize>,
    /// When one last ended.
    pub(crate) last_call: Mutex<Option<Instant>>,
    /// What the person is asked through the agent; absent where anybody may be the agent.
    pub(crate) questions: Option<Arc<Questions>>,
    /// One question at a time: people lose track of several.
    pub(crate) asking: tokio::sync::Mutex<()>,
}

/// A session that ends when this is dropped.
struct OwnedSession {
    runtime: SkillRuntime,
    name: String,
}

impl Drop for OwnedSession {
    fn drop(&mut self) {
        let runtime = self.runtime.clone();
        let name = std::mem::take(&mut self.name);
        // Without an executor everything has ended already.
        if let Ok(executor) = tokio::runtime::Handle::try_current() {
            executor.spawn(async move { runtime.end_session(&name).await });
        }
    }
}

impl View {
    /// A view in a session that somebody else ends.
    pub(crate) fn new(
        tools: AgentTools,
        context: RequestContext,
        questions: Option<Arc<Questions>>,
    ) -> Self {
        Self {
            runtime: tools.runtime.clone(),
            tools,
            context,
            alive: watch::Sender::default(),
            _session: None,
            catalogue: Mutex::default(),
            results: Mutex::default(),
            roots: Arc::default(),
            is_followed: AtomicBool::default(),
            running: watch::Sender::default(),
            last_call: Mutex::default(),
            questions,
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// A view with which its session ends.
    pub(crate) fn owning(
        tools: AgentTools,
        context: RequestContext,
        questions: Option<Arc<Questions>>,
    ) -> Arc<Self> {
        let session = OwnedSession {
            runtime: tools.runtime.clone(),
            name: context.session.clone(),
        };
        Arc::new(Self {
            _session: Some(session),
            ..Self::new(tools, context, questions)
        })
    }
}

/// A call that runs.
pub(crate) struct Running<'a>(&'a View);

impl<'a> Running<'a> {
    pub(crate) fn on(view: &'a View) -> Self {
        view.running.send_modify(|count| *count += 1);
        Self(view)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *lock(&self.0.last_call) = Some(Instant::now());
        self.0.running.send_modify(|count| *count -= 1);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
