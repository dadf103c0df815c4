//! One connected client: hello, then requests side by side until it goes.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_mcp::AgentTools;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::FrameError;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::control::CONTROL_PROTOCOL;
use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::Request;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerMessage;
use mycelium_protocol::control::ToolPrefix;
use mycelium_protocol::encode_frame;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::daemon::Daemon;
use crate::endpoint::Endpoint;

/// How long a client may take for its hello.
const HELLO_PATIENCE: Duration = Duration::from_secs(30);
/// The largest hello, in bytes.
const MAX_HELLO: usize = 64 << 10;
/// Requests of one client that run at once.
const MAX_REQUESTS: usize = 256;
/// Addresses that one client has served at once.
const MAX_ENDPOINTS: usize = 4;
/// Frames waiting to be written before events of a slow reader are dropped; replies always wait.
const WRITE_QUEUE: usize = 4096;
/// How long a client may take for its last replies.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 16 << 10;

/// Why a client's connection ended, other than by the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// It sent or would get something too large.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It sent something that is not the protocol.
    #[error("not a message of this protocol")]
    Message(#[from] serde_json::Error),
    /// It sent no hello.
    #[error("no hello in time")]
    Hello,
    /// It wants to be an agent on a connection that has no session of its own or still runs requests.
    #[error("an agent needs a connection and a session of its own")]
    NoSession,
    /// Its hello is of another protocol.
    #[error("the client speaks protocol {0}")]
    Protocol(u32),
}

/// Serves one client until it goes away, then ends what it began.
pub(crate) async fn serve(daemon: Arc<Daemon>, stream: UnixStream) -> Result<(), ClientError> {
    let mut incoming = Incoming {
        stream,
        decoder: FrameDecoder::new(MAX_HELLO),
        is_open: true,
    };
    let hello: ClientHello = tokio::time::timeout(HELLO_PATIENCE, incoming.next())
        .await
        .map_err(|_| ClientError::Hello)??
        .ok_or(ClientError::Hello)?;
    let mut frame = Vec::new();
    encode_frame(&daemon.hello(), &mut frame)?;
    incoming.stream.write_all(&frame).await?;
    if hello.protocol != CONTROL_PROTOCOL {
        return Err(ClientError::Protocol(hello.protocol));
    }
    incoming.decoder = incoming.decoder.with_limit(MAX_FRAME);
    let (read, write) = incoming.stream.into_split();
    let (outgoing, queue) = mpsc::channel(WRITE_QUEUE);
    let writer = tokio::spawn(write_all(write, queue));
    let mut incoming = Incoming {
        stream: read,
        decoder: incoming.decoder,
        is_open: true,
    };
    // Served for as long as the client is connected and the daemon stays.
    let mut endpoints = Vec::new();
    let mut ended = requests(&daemon, &mut incoming, &outgoing, &mut endpoints).await;
    close(&mut endpoints).await;
    drop(outgoing);
    // Replies that are queued are still written; a client that does not read them is let go.
    let abandon = writer.abort_handle();
    match (tokio::time::timeout(WRITE_PATIENCE, writer).await, ended) {
        (Ok(Ok(write)), Ok(Ended::Agent(context, tool_prefix))) => {
            let tools = daemon.tools.behind(tool_prefix);
            // Boxed, because an agent's conversation is large and most clients have none.
            ended = Box::pin(agent(&daemon, tools, &hello, *context, incoming, write)).await;
        }
        (Ok(_), before) => ended = before,
        (Err(_), before) => {
            abandon.abort();
            ended = before;
        }
    }
    if let Some(session) = &hello.owned_session {
        daemon.runtime.end_session(session).await;
    }
    ended.map(drop)
}

/// How the requests of a client ended.
enum Ended {
    /// It went away, or the daemon stops.
    Gone,
    /// It speaks MCP from now on, and puts this before the names of tools.
    Agent(Box<RequestContext>, ToolPrefix),
}

/// Serves an agent for as long as it is connected. The session is the connection's, whatever its request says.
async fn agent(
    daemon: &Arc<Daemon>,
    tools: AgentTools,
    hello: &ClientHello,
    context: RequestContext,
    incoming: Incoming<OwnedReadHalf>,
    write: OwnedWriteHalf,
) -> Result<Ended, ClientError> {
    let Some(session) = hello.owned_session.clone() else {
        return Err(ClientError::NoSession);
    };
    let context = RequestContext { session, ..context };
    let mut stopping = daemon.stopping();
    let stop = async move {
        // A daemon that is gone has stopped.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    mycelium_mcp::serve(tools, context, incoming.stream, write, stop).await?;
    Ok(Ended::Gone)
}

/// Runs requests until the client closes or the daemon stops. What still runs when the client closes is
/// dropped, which ends its call.
///
/// A stopping daemon closes its reading end first. A request that was written until then is here and is
/// answered; one that comes later cannot be written, which tells the client to ask the next daemon.
async fn requests(
    daemon: &Arc<Daemon>,
    incoming: &mut Incoming<OwnedReadHalf>,
    outgoing: &mpsc::Sender<Vec<u8>>,
    endpoints: &mut Vec<Endpoint>,
) -> Result<Ended, ClientError> {
    let mut running = Running::default();
    let mut stopping = daemon.stopping();
    loop {
        let request: Option<Request> = tokio::select! {
            request = incoming.request(outgoing) => request?,
            Some(failed) = running.next(), if !running.tasks.is_empty() => {
                if let Some((id, failure)) = failed {
                    reply(outgoing, id, Err(failure)).await;
                }
                continue;
            }
            () = is_set(&mut stopping), if incoming.is_open => {
                close(endpoints).await;
                incoming.close()?;
                continue;
            }
        };
        let Some(request) = request else {
            if incoming.is_open {
                return Ok(Ended::Gone);
            }
            break;
        };
        if let Command::Agent { tool_prefix } = request.command {
            // Calls that run would have nowhere to send what they say.
            if running.tasks.is_empty() {
                daemon.requests.count("agent");
                reply(outgoing, request.id, Ok(Reply::Agent)).await;
                return Ok(Ended::Agent(Box::new(request.context), tool_prefix));
            }
            return Err(ClientError::NoSession);
        }
        if let Command::Endpoint(wanted) = request.command {
            daemon.requests.count("endpoint");
            let opened = match endpoints.len() < MAX_ENDPOINTS {
                true => Endpoint::open(daemon, request.context, wanted).await,
                false => Err(overloaded()),
            };
            let opened = opened.map(|endpoint| {
                let report = endpoint.report.clone();
                endpoints.push(endpoint);
                Reply::Endpoint(report)
            });
            reply(outgoing, request.id, opened).await;
            continue;
        }
        if running.tasks.len() >= MAX_REQUESTS {
            reply(outgoing, request.id, Err(overloaded())).await;
            continue;
        }
        let id = request.id;
        let daemon = Arc::clone(daemon);
        let outgoing = outgoing.clone();
        running.spawn(id, async move {
            let result = answer(&daemon, request, &outgoing).await;
            reply(&outgoing, id, result).await;
        });
    }
    loop {
        tokio::select! {
            failed = running.next() => match failed {
                Some(Some((id, failure))) => reply(outgoing, id, Err(failure)).await,
                Some(None) => {}
                None => return Ok(Ended::Gone),
            },
            // Nobody is left to be answered.
            () = outgoing.closed() => return Ok(Ended::Gone),
        }
    }
}

/// Serves these addresses no more.
async fn close(endpoints: &mut Vec<Endpoint>) {
    for endpoint in endpoints.drain(..) {
        endpoint.close().await;
    }
}

fn overloaded() -> ErrorReport {
    ErrorReport::new(ErrorCode::Overloaded).with("skill", "mycelium")
}

/// Waits until the flag is set, or nobody is left to set it.
async fn is_set(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|set| *set).await;
}

/// The requests that run, with their numbers: one that panics must be answered all the same.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    numbers: HashMap<tokio::task::Id, u64>,
}

impl Running {
    fn spawn(&mut self, number: u64, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(work);
        self.numbers.insert(task.id(), number);
    }

    /// Waits for the next one to end. Gives its number and what to answer if it could not do so itself;
    /// nothing when none runs.
    async fn next(&mut self) -> Option<Option<(u64, ErrorReport)>> {
        match self.tasks.join_next_with_id().await? {
            Ok((task, ())) => {
                self.numbers.remove(&task);
                Some(None)
            }
            Err(error) => {
                tracing::error!(%error, "a request ended in a defect");
                let number = self.numbers.remove(&error.id());
                Some(number.map(|number| (number, ErrorReport::internal(error))))
            }
        }
    }
}

async fn answer(
    daemon: &Arc<Daemon>,
    request: Request,
    outgoing: &mpsc::Sender<Vec<u8>>,
) -> Result<Reply, ErrorReport> {
    daemon.requests.count(request.command.name());
    match request.command {
        Command::Status => Ok(Reply::Status(daemon.status())),
        Command::Shutdown => {
            daemon.stop();
            Ok(Reply::Stopping)
        }
        command => {
            let id = request.id;
            let outgoing = outgoing.clone();
            let events: mycelium_runtime::EventSink = Arc::new(move |event| {
                let mut frame = Vec::new();
                if encode_frame(&ServerMessage::Event { id, event }, &mut frame).is_ok() {
                    // A client that does not read loses events, never its reply.
                    let _ = outgoing.try_send(frame);
                }
            });
            daemon
                .runtime
                .handle(&request.context, command, &events)
                .await
        }
    }
}

async fn reply(outgoing: &mpsc::Sender<Vec<u8>>, id: u64, result: Result<Reply, ErrorReport>) {
    let mut frame = Vec::new();
    if let Err(error) = encode_frame(&ServerMessage::Reply { id, result }, &mut frame) {
        let result = Err(ErrorReport::internal(error));
        if encode_frame(&ServerMessage::Reply { id, result }, &mut frame).is_err() {
            return;
        }
    }
    // A closed queue means that the client is gone.
    let _ = outgoing.send(frame).await;
}

/// Writes what is queued until nothing can come any more or nobody reads it. Returns the stream.
async fn write_all<W: AsyncWriteExt + Unpin>(
    mut stream: W,
    mut queue: mpsc::Receiver<Vec<u8>>,
) -> W {
    while let Some(frame) = queue.recv().await {
        if stream.write_all(&frame).await.is_err() {
            break;
        }
    }
    stream
}

struct Incoming<R> {
    stream: R,
    decoder: FrameDecoder,
    /// Whether the client can still send.
    is_open: bool,
}

impl Incoming<OwnedReadHalf> {
    /// Lets the client send no more. What it has sent can still be read.
    fn close(&mut self) -> Result<(), ClientError> {
        self.is_open = false;
        match rustix::net::shutdown(self.stream.as_ref(), rustix::net::Shutdown::Read) {
            // It has closed its end already.
            Ok(()) | Err(rustix::io::Errno::NOTCONN) => Ok(()),
            Err(errno) => Err(ClientError::Socket(errno.into())),
        }
    }

    /// The next request; `None` when there will be none. One that cannot be understood is answered if at
    /// least its number can be read. Safe to drop and call again.
    async fn request(
        &mut self,
        outgoing: &mpsc::Sender<Vec<u8>>,
    ) -> Result<Option<Request>, ClientError> {
        loop {
            let Some(bytes) = self.frame().await? else {
                return Ok(None);
            };
            let error = match serde_json::from_slice(bytes) {
                Ok(request) => return Ok(Some(request)),
                Err(error) => error,
            };
            let Ok(Numbered { id }) = serde_json::from_slice(bytes) else {
                return Err(ClientError::Message(error));
            };
            let reason = format!("the request cannot be understood: {error}");
            let refused = ErrorReport::new(ErrorCode::Usage).with("reason", reason);
            reply(outgoing, id, Err(refused)).await;
        }
    }
}

/// As much of a request as an answer takes.
#[derive(serde::Deserialize)]
struct Numbered {
    id: u64,
}

impl<R: AsyncReadExt + Unpin> Incoming<R> {
    /// The next message; `None` when the client closed. Safe to drop and call again.
    async fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, ClientError> {
        match self.frame().await? {
            Some(bytes) => Ok(Some(serde_json::from_slice(bytes)?)),
            None => Ok(None),
        }
    }

    /// The next frame; `None` when the client closed. Safe to drop and call again.
    async fn frame(&mut self) -> Result<Option<&[u8]>, ClientError> {
        while !self.decoder.has_frame()? {
            let mut buffer = Vec::with_capacity(READ_SIZE);
            if self.stream.read_buf(&mut buffer).await? == 0 {
                return Ok(None);
            }
            self.decoder.push(&buffer);
        }
        Ok(self.decoder.next_frame()?)
    }
}

/// How many requests of each kind were served.
#[derive(Debug, Default)]
pub(crate) struct RequestCounts(Mutex<BTreeMap<&'static str, u64>>);

impl RequestCounts {
    fn count(&self, command: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(command).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
