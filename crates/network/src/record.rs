//! What is told about each request, and to whom.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_types::printable_path;
use serde::Deserialize;
use serde::Serialize;

use crate::Host;
use crate::Method;
use crate::Refusal;
use crate::bucket::SharedBucket;
use crate::given::GivenSecrets;

/// The longest text of a record that came from a worker, in characters.
const MAX_TEXT: usize = 512;

/// What the broker saw a worker speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// A look-up of a name.
    Name,
    /// Plain HTTP, or HTTP over TLS that the broker makes: each request is seen.
    Http,
    /// TLS between the worker and the host: the host's name is seen, nothing else.
    Tls,
    /// Anything else: nothing is seen.
    Tcp,
}

impl Protocol {
    /// The protocol's word, as it is in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
        }
    }
}

/// A connection that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What will be spoken.
    pub protocol: Protocol,
    /// The host.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// The method; `None` if the broker cannot see it, which a method limit refuses.
    pub method: Option<Method>,
    /// The path, if the broker sees it; what follows a `?` or `#` is not kept.
    pub path: Option<String>,
}

/// One request, connection or look-up. Nothing of what was sent or answered is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// What was spoken.
    pub protocol: Protocol,
    /// The host, as it is compared; what a worker gave that is no host is shortened and printable.
    pub host: String,
    /// The port; a look-up has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The method, if the broker saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The path without its query, shortened and printable, if the broker saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The address that was connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Bytes to the host.
    pub bytes_sent: u64,
    /// Bytes from the host.
    pub bytes_received: u64,
    /// From the attempt to the end.
    pub duration: Duration,
    /// How it went.
    pub verdict: Verdict,
    /// The secrets whose values were put in the place of their placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// The secrets whose placeholders went as they were, because they are not for this host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The secrets that are for this host and could not be put in, because the TLS is the program's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// Records before this one that were left out because there were too many in a short time.
    #[serde(default)]
    pub omitted: u64,
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Allowed, and connected.
    Allowed,
    /// Refused.
    Refused(Refusal),
    /// Allowed, and not connected or broken off.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Somebody who hears of each request when it is over. Called from any task; it must not block.
pub trait NetworkObserver: Send + Sync {
    /// Hears of one.
    fn observe(&self, record: RequestRecord);
}

impl<F: Fn(RequestRecord) + Send + Sync> NetworkObserver for F {
    fn observe(&self, record: RequestRecord) {
        self(record);
    }
}

impl RequestRecord {
    pub(crate) fn of(attempt: &Attempt, verdict: Verdict) -> Self {
        Self {
            protocol: attempt.protocol,
            host: attempt.host.to_string(),
            port: Some(attempt.port),
            method: attempt.method.clone(),
            path: attempt.path.as_deref().map(shown_path),
            address: None,
            bytes_sent: 0,
            bytes_received: 0,
            duration: Duration::ZERO,
            verdict,
            given: Vec::new(),
            withheld: Vec::new(),
            unreadable: Vec::new(),
            omitted: 0,
        }
    }
}

/// Hands records on, as many as are worth reading.
pub(crate) struct RequestLog {
    observer: Arc<dyn NetworkObserver>,
    bucket: SharedBucket,
    /// The last record, if it was left out.
    omitted: Mutex<Option<RequestRecord>>,
    /// What no record may show.
    pub(crate) given: Arc<GivenSecrets>,
}

impl RequestLog {
    pub(crate) fn new(observer: Arc<dyn NetworkObserver>, per_second: u64) -> Self {
        Self {
            observer,
            bucket: SharedBucket::new(per_second, per_second.saturating_mul(4)),
            omitted: Mutex::default(),
            given: Arc::default(),
        }
    }

    pub(crate) fn add(&self, mut record: RequestRecord) {
        let mut omitted = self.omitted.lock().unwrap_or_else(PoisonError::into_inner);
        record.omitted = omitted.take().map_or(0, |before| before.omitted + 1);
        if self.bucket.try_one() {
            drop(omitted);
            self.tell(record);
        } else {
            *omitted = Some(record);
        }
    }

    fn tell(&self, mut record: RequestRecord) {
        self.given.conceal_in(&mut record);
        self.observer.observe(record);
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let omitted = self.omitted.get_mut();
        let last = omitted.unwrap_or_else(PoisonError::into_inner).take();
        // No record comes after it that could say how many were left out.
        if let Some(record) = last {
            self.tell(record);
        }
    }
}

/// A text from a worker as it may be shown: short, and with nothing that a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    let start = match text.char_indices().nth(MAX_TEXT + 1) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let mut shown = printable_path(Path::new(start));
    if let Some((end, _)) = shown.char_indices().nth(MAX_TEXT) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// The path alone: queries are where secrets are.
fn shown_path(path: &str) -> String {
    shown(path.split(['?', '#']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(path: &str) -> Attempt {
        Attempt {
            protocol: Protocol::Http,
            host: "a.test".parse().unwrap(),
            port: 80,
            method: Some("GET".parse().unwrap()),
            path: Some(path.to_owned()),
        }
    }

    #[test]
    fn a_record_has_no_query_is_short_and_obeyed_by_no_terminal() {
        for (path, told) in [
            ("/a?token=secret", "/a".to_owned()),
            ("/a#secret", "/a".to_owned()),
            (
                &format!("/{}", "é".repeat(2000)),
                format!("/{}…", "é".repeat(511)),
            ),
        ] {
            let record = RequestRecord::of(&attempt(path), Verdict::Allowed);
            assert_eq!(record.path, Some(told));
        }
        let record = RequestRecord::of(&attempt("/\u{1b}[2J"), Verdict::Allowed);
        assert!(!record.path.unwrap().contains('\u{1b}'));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_records_is_counted_instead_of_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let observer = move |record: RequestRecord| sink.lock().unwrap().push(record.omitted);
        let log = RequestLog::new(Arc::new(observer), 10);
        for _ in 0..100 {
            log.add(RequestRecord::of(&attempt("/"), Verdict::Allowed));
        }
        assert_eq!(*told.lock().unwrap(), [0; 40]);
        tokio::time::advance(Duration::from_secs(1)).await;
        log.add(RequestRecord::of(&attempt("/"), Verdict::Allowed));
        assert_eq!(told.lock().unwrap().last(), Some(&60));
        for _ in 0..12 {
            log.add(RequestRecord::of(&attempt("/"), Verdict::Allowed));
        }
        assert_eq!(told.lock().unwrap().len(), 50);
        // The last one of all stands for those before it.
        drop(log);
        assert_eq!(told.lock().unwrap()[50..], [2]);
    }
}
