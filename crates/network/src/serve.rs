//! The worker's end: its look-ups and connections, as they arrive on sockets made inside its namespace.

mod client;
mod direct;
mod exchange;
mod lookups;
mod proxy;
mod read_tls;
mod refused;
mod tunnel;

use std::fmt;
use std::future::Future;
use std::net::TcpListener as StdListener;
use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::Broker;
use crate::Host;
use crate::NetworkError;
use crate::broker::Shared;

/// How long accepting pauses after it failed, which it does when this program has too many files open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The sockets that a launcher made inside a worker's network namespace.
#[derive(Debug)]
pub struct WorkerSockets {
    /// Where look-ups arrive.
    pub lookups: StdSocket,
    /// Where programs arrive that ask a proxy.
    pub proxy: StdListener,
    /// Where everything else arrives, one for each port.
    pub direct: Vec<StdListener>,
}

/// One worker's end.
struct Door {
    shared: Arc<Shared>,
    /// Connections of the worker that are served at one time.
    places: Arc<Semaphore>,
}

/// What a connection is for.
#[derive(Clone, Debug)]
struct Place {
    host: Host,
    port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How the connections of a listener begin.
#[derive(Clone, Copy)]
enum Entrance {
    Direct,
    Proxy,
}

impl Broker {
    /// Serves a worker by its sockets, until the broker closes.
    ///
    /// # Errors
    /// When the sockets cannot be used.
    pub fn serve(&self, sockets: WorkerSockets) -> Result<(), NetworkError> {
        let door = Arc::new(Door {
            shared: Arc::clone(&self.shared),
            places: Arc::new(Semaphore::new(self.shared.limits.connections)),
        });
        let broken = |source| NetworkError::Listeners { source };
        let listener = |listener: StdListener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        sockets.lookups.set_nonblocking(true).map_err(broken)?;
        let lookups = UdpSocket::from_std(sockets.lookups).map_err(broken)?;
        let proxy = listener(sockets.proxy).map_err(broken)?;
        let direct: Vec<_> = sockets
            .direct
            .into_iter()
            .map(listener)
            .collect::<Result<_, _>>()
            .map_err(broken)?;

        let own = Arc::clone(&door);
        door.spawn(async move { own.answer_lookups(lookups).await });
        let own = Arc::clone(&door);
        door.spawn(async move { own.accept(proxy, Entrance::Proxy).await });
        for one in direct {
            let own = Arc::clone(&door);
            door.spawn(async move { own.accept(one, Entrance::Direct).await });
        }
        Ok(())
    }
}

impl Door {
    /// Runs a task that ends with the broker.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut closed = self.shared.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = closed.wait_for(|closed| *closed) => {}
                () = task => {}
            }
        });
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, entrance: Entrance) {
        loop {
            // Before accepting: who does not fit waits in the kernel's queue, whose length is bounded.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let own = Arc::clone(&self);
            self.spawn(async move {
                own.welcome(stream, entrance).await;
                drop(place);
            });
        }
    }

    async fn welcome(&self, stream: TcpStream, entrance: Entrance) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match entrance {
            Entrance::Direct => self.serve_direct(stream).await,
            Entrance::Proxy => self.serve_proxy(stream).await,
        }
    }
}
