//! Other servers: connections that everybody shares, closed when nobody uses them.
//!
//! A server is a program that somebody else wrote, and everything it says is bounded: how long it may take, how long a
//! message may be, how many tools it may have. One that fails several times in a row is left alone for a while.

mod bounded;
mod breaker;
mod connection;
mod failure;
mod host;
mod link;
mod listing;
mod process;
mod remote;
mod skills;
mod updates;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_protocol::control::OfferedFile;
use mycelium_protocol::control::OfferedSkill;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServerState;
use mycelium_runtime::ServerClient;
use mycelium_runtime::ServerFuture;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ToolCall;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use crate::client::breaker::Breaker;
use crate::client::connection::Connection;
use crate::client::connection::Use;

/// Calls of one server that run at once.
const MAX_CALLS: usize = 64;
/// Servers that are remembered, connected or not.
const MAX_SERVERS: usize = 256;
/// How long a server may take to start and to say what it has.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections to servers, shared by everybody who asks for the same one.
#[derive(Default)]
pub struct ServerPool {
    servers: Mutex<BTreeMap<ServerTarget, Arc<Server>>>,
}

/// One server: connected or not, and how it did.
struct Server {
    target: ServerTarget,
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
    breaker: Mutex<Breaker>,
    places: Semaphore,
}

/// A connection, kept for one question.
struct Open<'a> {
    connection: Arc<Connection>,
    _use: Use,
    _place: SemaphorePermit<'a>,
}

impl ServerPool {
    /// A pool that has started nothing yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn server(&self, target: ServerTarget) -> Arc<Server> {
        let mut servers = lock(&self.servers);
        if servers.len() >= MAX_SERVERS && !servers.contains_key(&target) {
            servers.retain(|_, server| server.state() != ServerState::Idle);
        }
        let server = servers.entry(target).or_insert_with_key(|target| {
            Arc::new(Server {
                target: target.clone(),
                connection: tokio::sync::Mutex::default(),
                breaker: Mutex::default(),
                places: Semaphore::new(MAX_CALLS),
            })
        });
        Arc::clone(server)
    }
}

impl ServerClient for ServerPool {
    fn state(&self, target: &ServerTarget) -> ServerState {
        let server = lock(&self.servers).get(target).cloned();
        server.map_or(ServerState::Idle, |server| server.state())
    }

    fn describe(&self, target: ServerTarget) -> ServerFuture<'_, ServerDescription> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let outcome = server.within(PATIENCE, open.connection.describe()).await;
            server.settle(outcome).await
        })
    }

    fn call(&self, target: ServerTarget, call: ToolCall) -> ServerFuture<'_, Value> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let outcome = server
                .within(call.timeout, open.connection.call(&call))
                .await;
            server.settle(outcome).await
        })
    }

    fn read(&self, target: ServerTarget, uri: String) -> ServerFuture<'_, Vec<Value>> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let outcome = server.within(PATIENCE, open.connection.read(&uri)).await;
            server.settle(outcome).await
        })
    }

    fn templates(&self, target: ServerTarget) -> ServerFuture<'_, Vec<Value>> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let outcome = server.within(PATIENCE, open.connection.templates()).await;
            server.settle(outcome).await
        })
    }

    fn changed(&self, target: ServerTarget, uri: String, wait: Duration) -> ServerFuture<'_, bool> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            // That nothing changes is nobody's failure.
            let outcome = match timeout(wait, open.connection.changed(&uri)).await {
                Ok(outcome) => outcome.map(|()| true),
                Err(_) => Ok(false),
            };
            server.settle(outcome).await
        })
    }

    fn skills(&self, target: ServerTarget) -> ServerFuture<'_, Vec<OfferedSkill>> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let outcome = server.within(PATIENCE, open.connection.skills()).await;
            server.settle(outcome).await
        })
    }

    fn skill_file(&self, target: ServerTarget, file: OfferedFile) -> ServerFuture<'_, Vec<u8>> {
        let server = self.server(target);
        Box::pin(async move {
            let open = server.open().await?;
            let read = open.connection.skill_file(&file);
            let outcome = server.within(PATIENCE, read).await;
            server.settle(outcome).await
        })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let servers = std::mem::take(&mut *lock(&self.servers));
        Box::pin(async move {
            for server in servers.into_values() {
                if let Some(connection) = server.connection.lock().await.take() {
                    connection.close().await;
                }
            }
        })
    }
}

impl Server {
    fn state(&self) -> ServerState {
        if lock(&self.breaker).is_open() {
            return ServerState::Refused;
        }
        match self.connection.try_lock().as_deref() {
            Ok(Some(connection)) if connection.is_open() => ServerState::Connected,
            Ok(_) => ServerState::Idle,
            // Somebody connects right now.
            Err(_) => ServerState::Connected,
        }
    }

    /// A place among those who ask, and the connection.
    async fn open(&self) -> Result<Open<'_>, ErrorReport> {
        let place = self.place()?;
        let admitted = lock(&self.breaker).admit();
        admitted.map_err(|refusal| refusal.report(&self.target.name))?;
        match self.connected().await {
            Ok(connection) => Ok(Open {
                _use: Connection::used(&connection),
                connection,
                _place: place,
            }),
            Err(error) => self.settle(Err(error)).await,
        }
    }

    /// What is asked, with a limit.
    async fn within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<T, ErrorReport>>,
    ) -> Result<T, ErrorReport> {
        match timeout(limit, asked).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.too_slow(limit)),
        }
    }

    /// Counts what came of asking. A server that is left alone from now on is ended: what it is tried with next is
    /// another one.
    async fn settle<T>(&self, outcome: Result<T, ErrorReport>) -> Result<T, ErrorReport> {
        let opened = lock(&self.breaker).record(outcome.as_ref().err());
        if opened && let Some(connection) = self.connection.lock().await.take() {
            connection.close().await;
        }
        outcome
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, ErrorReport> {
        self.places
            .try_acquire()
            .map_err(|_| ErrorReport::new(ErrorCode::Overloaded).with("skill", &self.target.name))
    }

    /// The connection there is, or a new one.
    async fn connected(&self) -> Result<Arc<Connection>, ErrorReport> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| connection.is_open()) {
            return Ok(Arc::clone(connection));
        }
        let opened = self
            .within(PATIENCE, Connection::open(&self.target))
            .await?;
        *slot = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn too_slow(&self, limit: Duration) -> ErrorReport {
        ErrorReport::new(ErrorCode::ServerTimeout)
            .with("server", &self.target.name)
            .with("limit", limit.as_secs())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
