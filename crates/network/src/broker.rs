//! One worker's network: everything it reaches, it reaches through here.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::Weak;
use std::time::Duration;

use rustix::net::Shutdown;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Attempt;
use crate::Authority;
use crate::Connection;
use crate::Gate;
use crate::GivenSecrets;
use crate::Names;
use crate::NetworkError;
use crate::NetworkObserver;
use crate::RefusalReason;
use crate::RequestRecord;
use crate::Resolve;
use crate::SecretSource;
use crate::Tls;
use crate::Verdict;
use crate::bucket::SharedBucket;
use crate::dial::dial;
use crate::record::RequestLog;

/// How much one worker may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerLimits {
    /// Bytes a second, both directions together. What one second allows may be saved up.
    pub bytes_per_second: u64,
    /// Connections at one time. More wait.
    pub connections: usize,
    /// Connections and look-ups begun in a second; four seconds' worth may be saved up. More wait.
    pub attempts_per_second: u64,
    /// Records told in a second; four seconds' worth may be saved up. More are counted.
    pub records_per_second: u64,
    /// From the attempt to an open connection, the look-up included.
    pub connect_patience: Duration,
}

impl BrokerLimits {
    /// The usual limits, with the bandwidth that a skill's `bandwidthKBps` gives it.
    #[must_use]
    pub fn with_bandwidth(kibibytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: kibibytes_per_second.saturating_mul(1024),
            connections: 32,
            attempts_per_second: 100,
            records_per_second: 50,
            connect_patience: Duration::from_secs(20),
        }
    }
}

/// The network of one worker. Closing it, or dropping the last handle, ends every connection of it.
///
/// Made and used in a tokio runtime.
pub struct Broker {
    pub(crate) shared: Arc<Shared>,
}

/// What a broker's connections hold on to. They do not keep the broker open.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    resolver: Arc<dyn Resolve>,
    pub(crate) secrets: OnceLock<Arc<dyn SecretSource>>,
    pub(crate) reading: OnceLock<TlsReading>,
    pub(crate) limits: BrokerLimits,
    pub(crate) log: RequestLog,
    pub(crate) names: Arc<Names>,
    pub(crate) bandwidth: SharedBucket,
    pub(crate) attempts: SharedBucket,
    places: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    open: Mutex<Open>,
}

/// What reading a worker's TLS takes.
pub(crate) struct TlsReading {
    /// What the programs are shown.
    pub(crate) authority: Arc<Authority>,
    /// What speaks with the hosts.
    pub(crate) outward: Arc<Tls>,
}

#[derive(Default)]
struct Open {
    next: u64,
    streams: HashMap<u64, Weak<TcpStream>>,
}

impl Broker {
    /// A broker that decides by `gate`.
    #[must_use]
    pub fn new(
        gate: Gate,
        limits: BrokerLimits,
        resolver: Arc<dyn Resolve>,
        observer: Arc<dyn NetworkObserver>,
    ) -> Self {
        let shared = Shared {
            gate,
            resolver,
            secrets: OnceLock::new(),
            reading: OnceLock::new(),
            limits,
            log: RequestLog::new(observer, limits.records_per_second),
            names: Arc::default(),
            bandwidth: SharedBucket::new(limits.bytes_per_second, limits.bytes_per_second),
            attempts: SharedBucket::new(
                limits.attempts_per_second,
                limits.attempts_per_second.saturating_mul(4),
            ),
            places: Arc::new(Semaphore::new(limits.connections)),
            closed: watch::Sender::new(false),
            open: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Tells where the values of secrets are, once. Until then there are none.
    pub fn take_secrets_from(&self, source: Arc<dyn SecretSource>) {
        // Whoever comes second changes nothing.
        let _ = self.shared.secrets.set(source);
    }

    /// Reads TLS of the worker's programs from now on, where a method or a secret depends on it: they are
    /// shown certificates of `authority`, which they have to trust, and `outward` judges the hosts'.
    /// Everything else stays between program and host.
    pub fn read_tls(&self, authority: Arc<Authority>, outward: Arc<Tls>) {
        // Whoever comes second changes nothing.
        let _ = self.shared.reading.set(TlsReading { authority, outward });
    }

    /// The values of secrets that hosts were given by it.
    #[must_use]
    pub fn given(&self) -> Arc<GivenSecrets> {
        Arc::clone(&self.shared.log.given)
    }

    /// The names that the worker looked up by it.
    #[must_use]
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.shared.names)
    }

    /// What it decides by.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// The most bytes, in both directions together, that its connections carried within a second.
    #[must_use]
    pub fn most_bytes_in_a_second(&self) -> u64 {
        self.shared.bandwidth.most_in_a_second()
    }

    /// Makes the connection, if the gate allows it; waits while too many are open or were just begun.
    ///
    /// Whatever comes of it is told to the observer: a refusal or a failure now, a connection when it is
    /// dropped.
    ///
    /// # Errors
    /// When it is refused, fails or takes too long, and when the broker closes.
    pub async fn open(&self, attempt: Attempt) -> Result<Connection, NetworkError> {
        self.shared.open(attempt).await
    }

    /// Takes note of something that is refused for what it says and not for where it goes.
    pub(crate) fn refuse(&self, attempt: &Attempt, reason: RefusalReason) -> NetworkError {
        let method = attempt.method.as_ref();
        let refusal = Gate::refusal(&attempt.host, attempt.port, method, reason);
        let verdict = Verdict::Refused(refusal.clone());
        self.shared.log.add(RequestRecord::of(attempt, verdict));
        NetworkError::Refused(refusal)
    }

    /// Ends every connection, and refuses new ones from now on.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("gate", &self.gate)
            .field("limits", &self.limits)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) async fn open(
        self: &Arc<Self>,
        attempt: Attempt,
    ) -> Result<Connection, NetworkError> {
        let started = Instant::now();
        let mut closed = self.closed.subscribe();
        let outcome = tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(NetworkError::Closed),
            outcome = self.connect(&attempt, started) => outcome,
        };
        outcome.inspect_err(|error| {
            let verdict = match error {
                NetworkError::Refused(refusal) => Verdict::Refused(refusal.clone()),
                other => Verdict::Failed {
                    reason: crate::record::shown(&other.reason()),
                },
            };
            let mut record = RequestRecord::of(&attempt, verdict);
            record.duration = started.elapsed();
            self.log.add(record);
        })
    }

    async fn connect(
        self: &Arc<Self>,
        attempt: &Attempt,
        started: Instant,
    ) -> Result<Connection, NetworkError> {
        let Attempt {
            host, port, method, ..
        } = attempt;
        let refuse =
            |reason| NetworkError::Refused(Gate::refusal(host, *port, method.as_ref(), reason));
        self.attempts.one().await;
        self.gate
            .judge(host, *port, method.as_ref())
            .map_err(refuse)?;
        let permit = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|_| NetworkError::Closed)?;
        let (stream, address) = dial(
            &self.gate,
            self.resolver.as_ref(),
            host,
            *port,
            self.limits.connect_patience,
        )
        .await?;
        let stream = Arc::new(stream);
        let number = self.remember(&stream)?;
        let mut record = RequestRecord::of(attempt, Verdict::Allowed);
        record.address = Some(address);
        Ok(Connection::new(
            stream,
            Arc::clone(self),
            number,
            record,
            started,
            permit,
        ))
    }

    /// Takes note of a connection that closing has to end.
    fn remember(&self, stream: &Arc<TcpStream>) -> Result<u64, NetworkError> {
        let mut open = self.streams();
        // Under the lock: closing either sees this connection or is seen here.
        if self.is_closed() {
            return Err(NetworkError::Closed);
        }
        let number = open.next;
        open.next += 1;
        open.streams.insert(number, Arc::downgrade(stream));
        Ok(number)
    }

    pub(crate) fn forget(&self, number: u64) {
        self.streams().streams.remove(&number);
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Tells when the broker closes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    fn close(&self) {
        let open = {
            let mut open = self.streams();
            self.closed.send_replace(true);
            std::mem::take(&mut open.streams)
        };
        for stream in open.into_values().filter_map(|stream| stream.upgrade()) {
            // Wakes whoever reads or writes; fails only if the host was faster.
            let _ = rustix::net::shutdown(&stream, Shutdown::Both);
        }
    }

    fn streams(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
