//! One connected client: hello, then requests side by side until it goes.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

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
use mycelium_protocol::encode_frame;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::daemon::Daemon;

/// How long a client may take for its hello.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// The largest hello, in bytes.
const MAX_HELLO: usize = 64 << 10;
/// Requests of one client that run at once.
const MAX_REQUESTS: usize = 256;
/// Frames waiting to be written before events of a slow reader are dropped; replies always wait.
const WRITE_QUEUE: usize = 4096;
/// How long a stopping daemon still takes requests of the clients it has.
const LAST_CALL: Duration = Duration::from_millis(500);
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
    };
    let mut ended = requests(&daemon, &mut incoming, outgoing).await;
    // Replies that are queued are still written; a client that does not read them is let go.
    let abandon = writer.abort_handle();
    match (tokio::time::timeout(WRITE_PATIENCE, writer).await, ended) {
        (Ok(Ok(write)), Ok(Ended::Agent(context))) => {
            ended = agent(&daemon, &hello, *context, incoming, write).await;
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
    /// It speaks MCP from now on.
    Agent(Box<RequestContext>),
}

/// Serves an agent for as long as it is connected. The session is the connection's, whatever its request says.
async fn agent(
    daemon: &Arc<Daemon>,
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
    mycelium_mcp::serve(
        daemon.runtime.clone(),
        context,
        incoming.stream,
        write,
        stop,
    )
    .await?;
    Ok(Ended::Gone)
}

/// Runs requests until the client closes or the daemon stops. What still runs when the client closes is
/// dropped, which ends its call; a stopping daemon lets it finish.
async fn requests<R: AsyncReadExt + Unpin>(
    daemon: &Arc<Daemon>,
    incoming: &mut Incoming<R>,
    outgoing: mpsc::Sender<Vec<u8>>,
) -> Result<Ended, ClientError> {
    let mut running = JoinSet::new();
    let mut stopping = daemon.stopping();
    let mut last_call = None;
    loop {
        let stop = *stopping.borrow_and_update();
        if stop && running.is_empty() {
            // A request may be on its way from a client that was told it is welcome.
            let until = *last_call.get_or_insert_with(|| Instant::now() + LAST_CALL);
            if Instant::now() >= until {
                return Ok(Ended::Gone);
            }
        }
        let until = last_call.unwrap_or_else(|| Instant::now() + HELLO_PATIENCE);
        let request: Option<Request> = tokio::select! {
            request = incoming.next() => request?,
            Some(_) = running.join_next(), if !running.is_empty() => continue,
            Ok(()) = stopping.changed(), if !stop => continue,
            () = tokio::time::sleep_until(until), if last_call.is_some() && running.is_empty() => continue,
        };
        let Some(request) = request else {
            return Ok(Ended::Gone);
        };
        if let Command::Agent = request.command {
            // Calls that run would have nowhere to send what they say.
            if running.is_empty() {
                daemon.requests.count(&request.command);
                reply(&outgoing, request.id, Ok(Reply::Agent)).await;
                return Ok(Ended::Agent(Box::new(request.context)));
            }
            return Err(ClientError::NoSession);
        }
        if running.len() >= MAX_REQUESTS {
            let refused = ErrorReport::new(ErrorCode::Overloaded).with("skill", "mycelium");
            reply(&outgoing, request.id, Err(refused)).await;
            continue;
        }
        let daemon = Arc::clone(daemon);
        let outgoing = outgoing.clone();
        running.spawn(async move {
            let id = request.id;
            let result = answer(&daemon, request, &outgoing).await;
            reply(&outgoing, id, result).await;
        });
    }
}

async fn answer(
    daemon: &Arc<Daemon>,
    request: Request,
    outgoing: &mpsc::Sender<Vec<u8>>,
) -> Result<Reply, ErrorReport> {
    daemon.requests.count(&request.command);
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
}

impl<R: AsyncReadExt + Unpin> Incoming<R> {
    /// The next message; `None` when the client closed. Safe to drop and call again.
    async fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(bytes) = self.decoder.next_frame()? {
                return Ok(Some(serde_json::from_slice(bytes)?));
            }
            let mut buffer = Vec::with_capacity(READ_SIZE);
            if self.stream.read_buf(&mut buffer).await? == 0 {
                return Ok(None);
            }
            self.decoder.push(&buffer);
        }
    }
}

/// How many requests of each kind were served.
#[derive(Debug, Default)]
pub(crate) struct RequestCounts(Mutex<BTreeMap<&'static str, u64>>);

impl RequestCounts {
    fn count(&self, command: &Command) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(command.name()).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }
}
