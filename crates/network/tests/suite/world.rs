//! Brokers and servers to try them on.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use mycelium_network::Attempt;
use mycelium_network::Broker;
use mycelium_network::BrokerLimits;
use mycelium_network::Gate;
use mycelium_network::HostName;
use mycelium_network::Protocol;
use mycelium_network::RequestRecord;
use mycelium_network::Resolve;
use mycelium_network::ResolveFuture;
use mycelium_policy::NetworkGrant;
use mycelium_policy::NetworkPolicy;

/// A policy: each grant is hosts and methods, separated by spaces.
pub(super) fn policy(grants: &[(&str, &str)], deny: &str) -> NetworkPolicy {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    NetworkPolicy {
        allow: grants
            .iter()
            .map(|(hosts, methods)| NetworkGrant {
                hosts: words(hosts),
                methods: words(methods),
            })
            .collect(),
        deny: words(deny),
        secrets: Vec::new(),
    }
}

pub(super) fn gate(grants: &[(&str, &str)], deny: &str) -> Gate {
    Gate::compile(&policy(grants, deny)).unwrap()
}

/// Answers look-ups from a table; each look-up of a name gets the next of its answers, the last again.
#[derive(Default)]
pub(super) struct Table {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Table {
    pub(super) fn new(answers: &[(&str, &[&str])]) -> Arc<Self> {
        let addresses = |text: &str| text.split(' ').map(|one| one.parse().unwrap()).collect();
        Arc::new(Self {
            answers: answers
                .iter()
                .map(|(name, answers)| {
                    let answers = answers.iter().map(|text| addresses(text)).collect();
                    ((*name).to_owned(), answers)
                })
                .collect(),
            asked: AtomicUsize::new(0),
        })
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Table {
    fn resolve<'a>(&'a self, name: &'a HostName) -> ResolveFuture<'a> {
        Box::pin(async move {
            let nth = self.asked.fetch_add(1, Ordering::SeqCst);
            let answers = self
                .answers
                .get(name.as_str())
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Ok(answers[nth.min(answers.len() - 1)].clone())
        })
    }
}

/// What the observer heard.
pub(super) type Records = Arc<Mutex<Vec<RequestRecord>>>;

pub(super) fn limits() -> BrokerLimits {
    BrokerLimits::with_bandwidth(1 << 20)
}

pub(super) fn broker(gate: Gate, limits: BrokerLimits, table: Arc<Table>) -> (Broker, Records) {
    let records = Records::default();
    let sink = Arc::clone(&records);
    let observer = move |record: RequestRecord| sink.lock().unwrap().push(record);
    (
        Broker::new(gate, limits, table, Arc::new(observer)),
        records,
    )
}

/// An attempt to speak something opaque.
pub(super) fn opaque(host: &str, port: u16) -> Attempt {
    Attempt {
        protocol: Protocol::Tcp,
        host: host.parse().unwrap(),
        port,
        method: None,
        path: None,
    }
}
