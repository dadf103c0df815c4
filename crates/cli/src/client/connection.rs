//! One connection to the daemon.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::Request;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerHello;
use mycelium_protocol::control::ServerMessage;
use mycelium_protocol::encode_frame;
use mycelium_server::SocketAddress;
use mycelium_types::ErrorReport;
use rustix::process::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ClientError;
use super::Interrupt;
use super::Wait;

/// How long a daemon may take to say hello. Hellos wait for nothing, so that one takes this long only on a machine that
/// stands still.
const HELLO_LIMIT: Duration = Duration::from_secs(30);

/// A connection to the daemon.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    decoder: FrameDecoder,
    next_id: u64,
    peer: Pid,
}

impl Connection {
    /// Connects to the daemon, if one listens there.
    ///
    /// # Errors
    /// When the socket is there and cannot be used, or somebody else's process listens on it.
    pub(crate) fn open(socket: &Path) -> Result<Option<Self>, ClientError> {
        let failed = |source| ClientError::Connect {
            socket: socket.to_owned(),
            source,
        };
        let stream = match connect(socket) {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        let peer =
            rustix::net::sockopt::socket_peercred(&stream).map_err(|errno| failed(errno.into()))?;
        if peer.uid != rustix::process::geteuid() {
            return Err(ClientError::ForeignPeer {
                socket: socket.to_owned(),
                uid: peer.uid.as_raw(),
            });
        }
        Ok(Some(Self {
            stream,
            decoder: FrameDecoder::new(MAX_FRAME),
            next_id: 1,
            peer: peer.pid,
        }))
    }

    /// The process that listens.
    pub(crate) fn peer(&self) -> Pid {
        self.peer
    }

    /// Says hello and hears the answer.
    ///
    /// # Errors
    /// When the daemon closes the connection, is silent or answers nonsense.
    pub(crate) fn hello(
        &mut self,
        ours: &ClientHello,
        interrupt: &Interrupt,
    ) -> Result<ServerHello, ClientError> {
        self.send(ours)?;
        self.receive(interrupt, Some(HELLO_LIMIT))
    }

    /// Asks one thing and hands on what happens until the answer.
    ///
    /// # Errors
    /// [`ClientError::NotTaken`] when the daemon cannot have read the request; when the connection ends
    /// before the answer, or the person interrupts: the daemon gives the request up when the connection
    /// is closed.
    pub(crate) fn request(
        &mut self,
        context: RequestContext,
        command: Command,
        interrupt: &Interrupt,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Result<Reply, ErrorReport>, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let sent = self.send(&Request {
            id,
            context,
            command,
        });
        sent.map_err(|error| match error {
            // A frame of which the end is missing is no request.
            ClientError::Lost => ClientError::NotTaken,
            error => error,
        })?;
        loop {
            match self.receive(interrupt, None)? {
                ServerMessage::Event { id: about, event } if about == id => on_event(event),
                ServerMessage::Reply { id: about, result } if about == id => return Ok(result),
                // Of a request that was given up.
                ServerMessage::Event { .. } | ServerMessage::Reply { .. } => {}
            }
        }
    }

    /// The stream alone, for another protocol. Nothing has come that was not asked for.
    pub(crate) fn into_stream(self) -> UnixStream {
        self.stream
    }

    fn send(&mut self, message: &impl Serialize) -> Result<(), ClientError> {
        let mut bytes = Vec::with_capacity(1 << 13);
        encode_frame(message, &mut bytes)?;
        // Whatever the reason, there is nobody at the other end any more.
        self.stream.write_all(&bytes).map_err(|_| ClientError::Lost)
    }

    fn receive<T: DeserializeOwned>(
        &mut self,
        interrupt: &Interrupt,
        limit: Option<Duration>,
    ) -> Result<T, ClientError> {
        let nonsense = |error: &dyn std::fmt::Display| ClientError::Nonsense {
            reason: error.to_string(),
        };
        let mut buffer = [0; 1 << 14];
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return serde_json::from_slice(frame).map_err(|error| nonsense(&error));
            }
            match interrupt
                .wait(&self.stream, limit)
                .map_err(ClientError::Wait)?
            {
                Wait::Interrupted => return Err(ClientError::Interrupted),
                Wait::Elapsed => {
                    return Err(ClientError::Silent {
                        pid: self.peer.as_raw_nonzero().get(),
                    });
                }
                Wait::Ready => match self.stream.read(&mut buffer) {
                    Ok(0) => return Err(ClientError::Lost),
                    Ok(count) => self.decoder.push(&buffer[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return Err(ClientError::Lost),
                },
            }
        }
    }
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(SocketAddress::of(socket)?.path())
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
