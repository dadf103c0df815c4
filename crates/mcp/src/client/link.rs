//! How a server is reached: it is started, or greeted where it is.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mycelium_runtime::RemoteServer;
use mycelium_runtime::ServerPlace;
use mycelium_runtime::ServerProgram;
use mycelium_runtime::ServerTarget;
use mycelium_types::ErrorReport;
use mycelium_types::printable;
use mycelium_types::with_causes;
use rmcp::RoleClient;
use rmcp::model::ProtocolVersion;
use rmcp::service::ClientLifecycleMode;
use rmcp::service::ClientServiceExt as _;
use rmcp::service::RunningService;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::bounded::BoundedLines;
use super::connection::MAX_MESSAGE;
use super::failure;
use super::host::Host;
use super::process;
use super::process::ServerProcess;
use super::process::Tail;
use super::remote::Remote;

/// A server that was greeted.
pub(super) struct Link {
    pub(super) service: RunningService<RoleClient, Host>,
    /// Turns true when it sends a message that is too long.
    pub(super) exceeded: Arc<AtomicBool>,
    pub(super) end: LinkEnd,
    /// What it says beside the protocol.
    pub(super) tail: Option<Tail>,
}

/// What is left when nothing is spoken any more.
pub(super) enum LinkEnd {
    /// A process, which ends.
    Process(ServerProcess),
    /// Connections, which end with this.
    Remote { _open: DropGuard },
}

impl LinkEnd {
    /// Ends it, and returns when it has ended.
    pub(super) async fn end(self) {
        match self {
            Self::Process(process) => process.end().await,
            Self::Remote { .. } => {}
        }
    }
}

impl Link {
    /// Shakes hands with a server, in the newest way that it understands.
    pub(super) async fn open(target: &ServerTarget, host: Host) -> Result<Self, ErrorReport> {
        match &target.place {
            ServerPlace::Program(program) => Self::start(&target.name, program, host).await,
            ServerPlace::Remote(server) => Self::reach(&target.name, server, host).await,
        }
    }

    async fn start(name: &str, program: &ServerProgram, host: Host) -> Result<Self, ErrorReport> {
        let started = process::start(program).map_err(|error| {
            let program = printable(&program.program);
            failure::ended(name, &format!("`{program}` cannot be started: {error}"))
        })?;
        let exceeded = Arc::new(AtomicBool::new(false));
        let lines = BoundedLines::new(started.output, MAX_MESSAGE << 20, Arc::clone(&exceeded));
        let transport =
            AsyncRwTransport::new_client(lines, started.input).with_max_line_length(usize::MAX);
        match host.serve_with_lifecycle(transport, newest_first()).await {
            Ok(service) => Ok(Self {
                service,
                exceeded,
                end: LinkEnd::Process(started.process),
                tail: Some(started.tail),
            }),
            Err(error) => {
                started.process.end().await;
                let reason = failure::text(&with_causes(&error));
                Err(failure::ended(name, &started.tail.after(&reason).await))
            }
        }
    }

    async fn reach(name: &str, server: &RemoteServer, host: Host) -> Result<Self, ErrorReport> {
        let exceeded = Arc::new(AtomicBool::new(false));
        let closed = CancellationToken::new();
        let open = closed.clone().drop_guard();
        let remote = Remote::new(server.clone(), Arc::clone(&exceeded), closed)
            .map_err(|problem| failure::of_remote(name, &problem.into()))?;
        let transport = remote.transport();
        match host.serve_with_lifecycle(transport, newest_first()).await {
            Ok(service) => Ok(Self {
                service,
                exceeded,
                end: LinkEnd::Remote { _open: open },
                tail: None,
            }),
            Err(error) => Err(failure::of_greeting(name, &error)),
        }
    }
}

fn newest_first() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    }
}
