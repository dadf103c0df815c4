//! A worker's connection, and what of it has been read and not used.

use std::io;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio::time::timeout_at;

use crate::opening::Opening;

/// How long a client may take to say what it wants, in all.
pub(super) const OPENING_PATIENCE: Duration = Duration::from_secs(10);

/// How long a client that may speak anything is waited for before the host is let speak first.
const SILENCE: Duration = Duration::from_millis(250);

/// How much is read and thrown away so that a refusal is seen before the connection is gone.
const DRAIN: u64 = 64 << 10;
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

/// How much is read at a time.
const PIECE: usize = 16 << 10;

/// What carries a conversation.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// The worker's socket.
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

/// A worker's end of a connection.
pub(super) struct Client<S = TcpStream> {
    pub(super) stream: S,
    /// What was read and not used yet.
    pub(super) buffer: Vec<u8>,
}

/// How a client opens the conversation.
pub(super) enum Begins {
    /// With this.
    With(Opening),
    /// It waits, or says something that is neither TLS nor HTTP.
    Opaque,
    /// It went away, or took too long to say what it had begun.
    Gone,
}

/// What a client may speak.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// TLS or HTTP.
    Web,
    /// Anything.
    Any,
}

impl<S: Stream> Client<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Reads until it is clear what the client speaks.
    pub(super) async fn opening(&mut self, speech: Speech) -> Begins {
        let deadline = Instant::now() + OPENING_PATIENCE;
        loop {
            let waits = match (Opening::of(&self.buffer), speech) {
                (Opening::Other, Speech::Any) => return Begins::Opaque,
                (Opening::Unknown, Speech::Any) => Instant::now() + SILENCE,
                (Opening::Unknown | Opening::Begun, _) => deadline,
                (opening, _) => return Begins::With(opening),
            };
            match timeout_at(waits.min(deadline), self.fill()).await {
                Ok(Ok(0) | Err(_)) => return Begins::Gone,
                Ok(Ok(_)) => {}
                Err(_) if waits < deadline => return Begins::Opaque,
                Err(_) => return Begins::Gone,
            }
        }
    }

    /// Reads something; 0 at the end.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(PIECE);
        self.stream.read_buf(&mut self.buffer).await
    }

    /// Says `last` and ends the connection so that the client hears it: what it has sent meanwhile must
    /// not make the kernel throw the answer away.
    pub(super) async fn dismiss(mut self, last: &[u8]) {
        let farewell = async {
            self.stream.write_all(last).await?;
            self.stream.shutdown().await?;
            tokio::io::copy(&mut (&mut self.stream).take(DRAIN), &mut tokio::io::sink()).await
        };
        // Whether it listens is its own business.
        let _ = timeout(DRAIN_PATIENCE, farewell).await;
    }

    /// Ends the connection as one that was never accepted.
    pub(super) fn reset(self) {
        let _ = rustix::net::sockopt::set_socket_linger(self.stream.socket(), Some(Duration::ZERO));
    }
}
