//! The daemon's life: become the only one, serve, stop without losing a call.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use mycelium_mcp::AgentTools;
use mycelium_mcp::ServerPool;
use mycelium_protocol::control::CONTROL_PROTOCOL;
use mycelium_protocol::control::DaemonStatus;
use mycelium_protocol::control::ServerHello;
use mycelium_runtime::Folders;
use mycelium_runtime::RuntimeOptions;
use mycelium_runtime::SkillRuntime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::client;
use crate::client::RequestCounts;
use crate::identity::build_stamp;
use crate::listener::ControlSocket;
use crate::listener::Seized;
use crate::metrics::MetricsPorts;

/// The hidden first argument that makes the program the daemon.
pub const DAEMON_ARGUMENT: &str = "__daemon";
/// What a started daemon writes to its standard output once a client may connect, whether it is the
/// daemon itself or found one running.
pub const READY: &str = "ready\n";

/// Clients connected at once.
const MAX_CLIENTS: usize = 1024;
/// How long running requests may take when the daemon stops.
const DRAIN_PATIENCE: Duration = Duration::from_secs(300);
/// Threads that drive requests. The work is waiting; blocking work has threads of its own.
const THREADS: usize = 2;

/// What a daemon needs to know.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    /// The program itself, which also is the launcher.
    pub program: PathBuf,
    /// Where its files are.
    pub folders: Folders,
    /// The system's configuration file.
    pub system_config: PathBuf,
    /// How long it stays without clients and instances.
    pub idle: Duration,
}

pub(crate) struct Daemon {
    pub(crate) runtime: SkillRuntime,
    /// What agents are offered of it.
    pub(crate) tools: AgentTools,
    pub(crate) requests: RequestCounts,
    /// The folder for what must survive.
    pub(crate) state: PathBuf,
    build: String,
    started: Instant,
    clients: AtomicUsize,
    /// Changes whenever a client comes or goes.
    activity: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    metrics: MetricsPorts,
}

/// What the log has. The library of MCP would write four lines for each agent that comes and goes, with all that it says of
/// itself.
const LOGGED: &str = "info,rmcp=warn";

/// Runs the daemon until it is told to stop or has been idle for long enough.
///
/// Returns at once if another daemon serves the same person.
#[must_use]
pub fn run(options: DaemonOptions) -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(LOGGED))
        .with_ansi(false)
        .with_writer(io::stderr)
        // Where the log is on a full disk, saying so on the same disk would be a panic.
        .log_internal_errors(false)
        .init();
    raise_file_limit();
    // Before there are other threads, which inherit it.
    if let Err(error) = mycelium_runtime::take_short_turns() {
        tracing::warn!(%error, "whoever computes much may keep others waiting for some milliseconds");
    }
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    let served = executor.and_then(|executor| {
        let served = executor.block_on(serve(options));
        // Whatever still blocks a thread then has been told to end.
        executor.shutdown_timeout(Duration::from_secs(5));
        served
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the daemon cannot run");
            ExitCode::from(mycelium_types::ExitStatus::Internal as u8)
        }
    }
}

/// Every worker and client takes descriptors; the usual limit is for programs that have few.
fn raise_file_limit() {
    use rustix::process::Resource;

    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = rustix::process::setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn serve(options: DaemonOptions) -> io::Result<()> {
    let socket = match ControlSocket::seize(&options.folders)? {
        Seized::Listening(socket) => socket,
        Seized::Taken => return announce_ready(),
    };
    let state = options.folders.state.clone();
    let runtime = SkillRuntime::new(RuntimeOptions {
        program: options.program.clone(),
        folders: options.folders,
        system_config: options.system_config,
    })
    .map_err(io::Error::other)?;
    runtime.use_servers(ServerPool::new());
    let daemon = Arc::new(Daemon::new(runtime, &options.program, state));
    announce_ready()?;
    tracing::info!(pid = std::process::id(), "the daemon serves");
    let follower = Arc::clone(&daemon);
    let metrics =
        tokio::spawn(async move { follower.metrics.follow(follower.runtime.clone()).await });
    let watching = tokio::spawn(crate::watch::follow(daemon.runtime.clone()));
    let mut clients = JoinSet::new();
    tokio::select! {
        () = accept(&daemon, &socket, &mut clients) => {}
        () = daemon.idle(options.idle) => tracing::info!("idle for long enough"),
        () = daemon.told_to_stop() => {}
    }
    daemon.stop();
    // From here on a new client starts a new daemon; this one ends what it has begun.
    drop(socket);
    let drained = tokio::time::timeout(DRAIN_PATIENCE, async {
        while clients.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!("requests still ran when the daemon stopped");
    }
    metrics.abort();
    watching.abort();
    daemon.runtime.shutdown().await;
    tracing::info!("the daemon stopped");
    Ok(())
}

fn announce_ready() -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output
        .write_all(READY.as_bytes())
        .and_then(|()| output.flush())
    {
        // Nobody waits for it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

async fn accept(daemon: &Arc<Daemon>, socket: &ControlSocket, clients: &mut JoinSet<()>) {
    loop {
        let stream = tokio::select! {
            accepted = socket.listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: taking a breath lets some go.
                    tracing::warn!(%error, "a client could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            Some(_) = clients.join_next(), if !clients.is_empty() => continue,
        };
        let stranger = stream.peer_cred().map_or(true, |peer| {
            peer.uid() != rustix::process::geteuid().as_raw()
        });
        if stranger {
            tracing::warn!("a client of another user was turned away");
            continue;
        }
        if clients.len() >= MAX_CLIENTS {
            tracing::warn!("a client was turned away: too many are connected");
            continue;
        }
        let daemon = Arc::clone(daemon);
        clients.spawn(async move {
            let _present = Presence::of(&daemon);
            if let Err(error) = client::serve(Arc::clone(&daemon), stream).await {
                tracing::info!(%error, "a client's connection ended");
            }
        });
    }
}

/// Counts a client for as long as it is connected.
struct Presence<'a>(&'a Daemon);

impl<'a> Presence<'a> {
    fn of(daemon: &'a Daemon) -> Self {
        daemon.clients.fetch_add(1, Ordering::SeqCst);
        daemon.activity.send_modify(|count| *count += 1);
        Self(daemon)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::SeqCst);
        self.0.activity.send_modify(|count| *count += 1);
    }
}

impl Daemon {
    pub(crate) fn new(runtime: SkillRuntime, program: &Path, state: PathBuf) -> Self {
        Self {
            tools: AgentTools::new(runtime.clone()),
            runtime,
            state,
            requests: RequestCounts::default(),
            build: build_stamp(program),
            started: Instant::now(),
            clients: AtomicUsize::new(0),
            activity: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
            metrics: MetricsPorts::default(),
        }
    }

    pub(crate) fn hello(&self) -> ServerHello {
        ServerHello {
            protocol: CONTROL_PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: self.build.clone(),
            pid: std::process::id(),
            accepting: !*self.stopping.borrow(),
        }
    }

    pub(crate) fn status(&self) -> DaemonStatus {
        DaemonStatus {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.started.elapsed().as_secs(),
            clients: self.clients.load(Ordering::Relaxed),
            instances: *self.runtime.live_instances().borrow(),
            metrics: self.metrics.addresses(),
            requests: self.requests.snapshot(),
        }
    }

    /// Takes no new clients; the ones that are there finish.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Turns true when the daemon stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    async fn told_to_stop(&self) {
        let mut stopping = self.stopping.subscribe();
        let told = async {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        match (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) {
            (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
                () = told => {}
                _ = terminate.recv() => tracing::info!("told to terminate"),
                _ = interrupt.recv() => tracing::info!("interrupted"),
            },
            _ => told.await,
        }
    }

    /// Returns when there has been neither a client nor an instance for `patience`.
    async fn idle(&self, patience: Duration) {
        let mut activity = self.activity.subscribe();
        let mut instances = self.runtime.live_instances();
        loop {
            // Marked first: a client that comes between the two looks wakes this up again.
            activity.mark_unchanged();
            let live = *instances.borrow_and_update();
            let quiet = self.clients.load(Ordering::SeqCst) == 0 && live == 0;
            tokio::select! {
                () = tokio::time::sleep(patience), if quiet => return,
                changed = activity.changed() => if changed.is_err() { return },
                changed = instances.changed() => if changed.is_err() { return },
            }
        }
    }
}
