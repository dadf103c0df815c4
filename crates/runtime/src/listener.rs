//! What a worker tells while it works, made into events.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use mycelium_audit::AuditEvent;
use mycelium_audit::Receipt;
use mycelium_audit::Recorded;
use mycelium_audit::Subject;
use mycelium_network::Host;
use mycelium_network::HostPattern;
use mycelium_network::Refusal;
use mycelium_network::RequestRecord;
use mycelium_network::Verdict;
use mycelium_protocol::Audited;
use mycelium_protocol::Event;
use mycelium_protocol::NetworkRequest;
use mycelium_protocol::Operation;
use mycelium_protocol::RequestVerdict;
use mycelium_protocol::Violation;
use mycelium_protocol::ViolationLayer;
use mycelium_protocol::worker::Denied;
use mycelium_protocol::worker::Looked;
use mycelium_protocol::worker::Notification;
use mycelium_sandbox::AttemptKind;
use mycelium_sandbox::AttemptVerdict;
use mycelium_sandbox::SeenAttempts;
use mycelium_sandbox::TakenGrant;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::Permission;

use crate::EventSink;
use crate::audit::AuditTrail;
use crate::connection::Heard;
use crate::last_use::Part;
use crate::launch::LaunchSpec;
use crate::network::Memory;
use crate::suggestion::permission_for;

/// Refusals kept for one call or stage; a skill that goes on trying says nothing new, and is counted.
const MAX_VIOLATIONS: usize = 100;

/// Passes a worker's notifications on as events, and keeps what was refused.
pub(crate) struct Listener {
    launch: Arc<LaunchSpec>,
    events: EventSink,
    audit: AuditTrail,
    subject: Subject,
    memory: Memory,
    call: String,
    violations: Vec<(Violation, Receipt)>,
    /// Refusals that are not kept.
    omitted: u64,
    /// Attempts that nobody looked at.
    unjudged: u64,
    uses: BTreeMap<Part, u64>,
    /// Secrets that could not be put into TLS of the skill's own.
    unreadable: BTreeSet<String>,
}

impl Listener {
    /// A listener to what happens during `call`.
    pub(crate) fn new(
        launch: &Arc<LaunchSpec>,
        call: &str,
        events: &EventSink,
        audit: &AuditTrail,
        subject: Subject,
        memory: Memory,
    ) -> Self {
        Self {
            launch: Arc::clone(launch),
            events: Arc::clone(events),
            audit: audit.clone(),
            subject,
            memory,
            call: call.to_owned(),
            violations: Vec::new(),
            omitted: 0,
            unjudged: 0,
            uses: BTreeMap::new(),
            unreadable: BTreeSet::new(),
        }
    }

    pub(crate) fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Told(Notification::Console(printed)) => (self.events)(Event::Console {
                skill: self.launch.policy.skill.name.clone(),
                level: printed.level,
                text: self.memory.given.conceal(&printed.text).into_owned(),
            }),
            Heard::Told(Notification::Progress(progress)) => (self.events)(Event::Progress {
                skill: self.launch.policy.skill.name.clone(),
                done: progress.done,
                total: progress.total,
                message: progress
                    .message
                    .map(|message| self.memory.given.conceal(&message).into_owned()),
            }),
            Heard::HostUsed(part) => {
                self.uses.insert(part, now());
            }
            Heard::Told(Notification::Denied(denied)) => {
                let permission = permission_for(&self.launch.policy, &denied);
                self.keep(
                    (ViolationLayer::Engine, SystemTime::now()),
                    denied,
                    permission,
                );
            }
            // A program of its own may tell any number.
            Heard::Told(Notification::Omitted(omitted)) => {
                self.omitted = self.omitted.saturating_add(omitted.refused);
            }
            Heard::Told(Notification::Used(used)) => {
                let access = match used.operation {
                    Operation::Read => FileAccess::Read,
                    Operation::Write
                    | Operation::Connect
                    | Operation::Exec
                    | Operation::Privilege
                    | Operation::Call => FileAccess::Write,
                };
                // What the worker says is worth no more than the policy.
                if let Some(grant) = self.launch.policy.grant_of(&used.resolved, access) {
                    let part = Part::path(&grant.declared, grant.access);
                    self.used(part, now(), (used.operation, used.resolved));
                }
            }
            Heard::Told(Notification::Looked(looked)) => self.note_look(looked),
            // The desk counts them.
            Heard::Told(Notification::Assets(_)) => {}
            Heard::Refused(refusal) => self.keep_refusal(&refusal),
            Heard::HostRefused(refusal) => {
                let denied = Denied {
                    operation: Operation::Call,
                    attempted: refusal.attempted,
                    resolved: PathBuf::from(refusal.target),
                };
                self.keep(
                    (ViolationLayer::Runtime, SystemTime::now()),
                    denied,
                    Some(refusal.permission),
                );
            }
            Heard::Requested(record) => {
                self.note_request(&record);
                self.unreadable.extend(record.unreadable.iter().cloned());
                (self.events)(Event::NetworkRequest(self.request(&record)));
                // An engine whose requests the runtime makes is told of each refusal, and so was this.
                if let Verdict::Refused(refusal) = &record.verdict
                    && self.launch.policy.has_own_network()
                {
                    self.keep_refusal(refusal);
                }
            }
        }
    }

    /// The secrets that hosts were to get and did not, because the TLS was the skill's own.
    pub(crate) fn take_unreadable(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.unreadable)
    }

    fn used(&mut self, part: Part, time: u64, (operation, path): (Operation, PathBuf)) {
        self.uses.insert(part, time);
        if !self.launch.policy.observed {
            return;
        }
        (self.events)(Event::Used {
            skill: self.launch.policy.skill.name.clone(),
            operation,
            path,
        });
    }

    /// Tells what an observed skill looked for in its surroundings, whether it may have it or not.
    fn note_look(&self, looked: Looked) {
        let (what, permission) = match looked {
            Looked::Variable(name) => (
                format!("environment {name}"),
                Permission::Environment {
                    variables: vec![name],
                },
            ),
            Looked::Context(field) => (
                format!("context {field}"),
                Permission::Context {
                    fields: vec![field],
                },
            ),
        };
        if self.launch.policy.observed && !self.shows_secret(&permission) {
            (self.events)(Event::Needed {
                skill: self.launch.policy.skill.name.clone(),
                operation: Operation::Read,
                what,
                permission,
            });
        }
    }

    fn keep_refusal(&mut self, refusal: &Refusal) {
        self.keep(
            (ViolationLayer::Broker, SystemTime::now()),
            denied_by(refusal),
            refusal.allowing(),
        );
    }

    /// Takes note of the grants that a request took: of the host, and of the secrets it was given.
    fn note_request(&mut self, record: &RequestRecord) {
        if record.verdict != Verdict::Allowed {
            return;
        }
        let host = record.host.parse::<Host>().ok();
        let covers = |pattern: &&String| {
            let (Ok(pattern), Some(host)) = (pattern.parse::<HostPattern>(), &host) else {
                return false;
            };
            match record.port {
                Some(port) => pattern.covers(host, port),
                None => pattern.covers_host(host),
            }
        };
        let granted = &self.launch.policy.network.allow;
        let taken = granted.iter().flat_map(|grant| &grant.hosts).filter(covers);
        let secrets = record.given.iter().map(|name| Part::secret(name));
        let parts = taken.map(|pattern| Part::host(pattern)).chain(secrets);
        let time = now();
        self.uses.extend(parts.map(|part| (part, time)));
    }

    fn request(&self, record: &RequestRecord) -> NetworkRequest {
        let id = &self.launch.policy.skill;
        let (verdict, reason) = match &record.verdict {
            Verdict::Allowed => (RequestVerdict::Allowed, None),
            Verdict::Refused(refusal) => {
                (RequestVerdict::Refused, Some(refusal.reason.to_string()))
            }
            Verdict::Failed { reason } => (RequestVerdict::Failed, Some(reason.clone())),
        };
        NetworkRequest {
            skill: id.name.clone(),
            version: id.version.clone(),
            protocol: record.protocol.as_str().to_owned(),
            method: record.method.as_ref().map(ToString::to_string),
            host: record.host.clone(),
            port: record.port,
            path: record.path.clone(),
            address: record.address,
            bytes_sent: record.bytes_sent,
            bytes_received: record.bytes_received,
            milliseconds: record.duration.as_secs_f64() * 1000.0,
            verdict,
            reason,
            given: record.given.clone(),
            withheld: record.withheld.clone(),
            unreadable: record.unreadable.clone(),
            omitted: record.omitted,
        }
    }

    /// Takes note of what the kernel was asked for.
    pub(crate) fn seen(&mut self, attempts: SeenAttempts) {
        self.omitted = self.omitted.saturating_add(attempts.omitted);
        self.unjudged += attempts.unjudged;
        for attempt in attempts.kept {
            let operation = match attempt.kind {
                AttemptKind::Read => Operation::Read,
                AttemptKind::Write => Operation::Write,
                AttemptKind::Connect | AttemptKind::Send => Operation::Connect,
                AttemptKind::Execute => Operation::Exec,
                AttemptKind::Privilege => Operation::Privilege,
            };
            match attempt.verdict {
                AttemptVerdict::Allowed(grant) => {
                    let part = match grant {
                        TakenGrant::Path { declared, access } => Part::path(&declared, access),
                        TakenGrant::Command { declared } => Part::command(&declared),
                    };
                    let time = milliseconds(attempt.time);
                    self.used(part, time, (operation, attempt.resolved));
                }
                AttemptVerdict::Refused => {
                    let resolved = attempt.resolved.to_str();
                    let address: Option<SocketAddr> = resolved.and_then(|text| text.parse().ok());
                    let noticed = (ViolationLayer::Kernel, attempt.time);
                    match address {
                        Some(address)
                            if attempt.kind == AttemptKind::Connect
                                && self.launch.policy.has_own_network() =>
                        {
                            self.keep_unreached(noticed, address);
                        }
                        Some(_) | None => {
                            let denied = Denied {
                                operation,
                                attempted: attempt.attempted,
                                resolved: attempt.resolved,
                            };
                            // What the network passes on is connections.
                            let permission = (attempt.kind != AttemptKind::Send)
                                .then(|| permission_for(&self.launch.policy, &denied))
                                .flatten();
                            self.keep(noticed, denied, permission);
                        }
                    }
                }
            }
        }
    }

    /// Keeps a connection that did not even reach the broker, unless it is granted: then it has to be made by
    /// way of the proxy.
    fn keep_unreached(&mut self, noticed: (ViolationLayer, SystemTime), address: SocketAddr) {
        if let Some(refusal) = self.memory.refusal(&self.launch.policy, address) {
            self.keep(noticed, denied_by(&refusal), refusal.allowing());
        }
    }

    fn keep(
        &mut self,
        (layer, time): (ViolationLayer, SystemTime),
        denied: Denied,
        permission: Option<Permission>,
    ) {
        if self.violations.len() >= MAX_VIOLATIONS {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        let id = &self.launch.policy.skill;
        let violation = Violation {
            skill: id.name.clone(),
            version: id.version.clone(),
            call: self.call.clone(),
            layer,
            allowed: self.allowed(denied.operation),
            operation: denied.operation,
            attempted: self.memory.given.conceal(&denied.attempted).into_owned(),
            resolved: self.concealed(denied.resolved),
            // One that names a secret would not be the skill's to have in any case.
            permission: permission.filter(|permission| !self.shows_secret(permission)),
            timestamp_milliseconds: milliseconds(time),
        };
        let receipt = self.audit.violation(self.subject.clone(), &violation);
        (self.events)(Event::Violation(violation.clone()));
        self.violations.push((violation, receipt));
    }

    fn shows_secret(&self, permission: &Permission) -> bool {
        // In this form nothing is escaped.
        let text = permission.to_string();
        matches!(self.memory.given.conceal(&text), Cow::Owned(_))
    }

    /// The path without values of secrets.
    fn concealed(&self, path: PathBuf) -> PathBuf {
        match path.to_str().map(|text| self.memory.given.conceal(text)) {
            Some(Cow::Owned(text)) => PathBuf::from(text),
            Some(Cow::Borrowed(_)) | None => path,
        }
    }

    /// What was used of the grants since this was asked, and when.
    pub(crate) fn take_uses(&mut self) -> BTreeMap<Part, u64> {
        std::mem::take(&mut self.uses)
    }

    /// What was refused, once all of it is on record.
    ///
    /// The second value is an error when some of it cannot be put on record.
    pub(crate) async fn settle(mut self) -> (Vec<Violation>, Result<(), ErrorReport>) {
        let mut kept = Ok(());
        let omitted = self.tell_omitted();
        let mut violations = Vec::with_capacity(self.violations.len());
        for (violation, receipt) in std::mem::take(&mut self.violations) {
            match receipt.await {
                Ok(recorded) => (self.events)(audited(&violation, recorded)),
                Err(error) => kept = Err(error.into()),
            }
            violations.push(violation);
        }
        if let Some(receipt) = omitted
            && let Err(error) = receipt.await
        {
            kept = Err(error.into());
        }
        (violations, kept)
    }

    /// Puts on record, and tells, how much was left out since this was last done.
    fn tell_omitted(&mut self) -> Option<Receipt> {
        let refused = std::mem::take(&mut self.omitted);
        let unjudged = std::mem::take(&mut self.unjudged);
        if refused == 0 && unjudged == 0 {
            return None;
        }
        let event = AuditEvent::ViolationsOmitted {
            call: self.call.clone(),
            refused,
            unjudged,
        };
        let receipt = self.audit.record(self.subject.clone(), event);
        (self.events)(Event::ViolationsOmitted {
            skill: self.launch.policy.skill.name.clone(),
            call: self.call.clone(),
            refused,
            unjudged,
        });
        Some(receipt)
    }

    fn allowed(&self, operation: Operation) -> Vec<String> {
        let policy = &self.launch.policy;
        let paths = |wanted: fn(FileAccess) -> bool| {
            policy
                .paths
                .iter()
                .filter(move |grant| wanted(grant.access))
                .map(|grant| grant.declared.clone())
                .collect()
        };
        match operation {
            Operation::Read => paths(|_| true),
            Operation::Write => paths(|access| access == FileAccess::Write),
            Operation::Connect => policy
                .network
                .allow
                .iter()
                .flat_map(|grant| grant.hosts.iter().cloned())
                .collect(),
            Operation::Exec => (policy.program.iter())
                .flat_map(|program| &program.commands)
                .map(|command| command.declared.clone())
                .collect(),
            Operation::Privilege => Vec::new(),
            Operation::Call => {
                let host = &self.launch.evaluation.host;
                let servers = host.mcp.iter().flat_map(|grant| &grant.servers);
                servers.chain(&host.skills).cloned().collect()
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Of a call whose caller went away; nobody waits for it.
        drop(self.tell_omitted());
    }
}

/// The connection that was refused.
fn denied_by(refusal: &Refusal) -> Denied {
    Denied {
        operation: Operation::Connect,
        attempted: place(refusal),
        resolved: PathBuf::from(refusal.place()),
    }
}

/// What was to be reached: `GET host:port`.
fn place(refusal: &Refusal) -> String {
    match &refusal.method {
        Some(method) => format!("{method} {}", refusal.place()),
        None => refusal.place(),
    }
}

/// What is told of a refusal's entry.
pub(crate) fn audited(violation: &Violation, recorded: Recorded) -> Event {
    Event::Audited(Audited {
        sequence: recorded.sequence,
        timestamp_milliseconds: recorded.time.milliseconds(),
        skill: violation.skill.clone(),
        operation: violation.operation,
        path: violation.resolved.clone(),
    })
}

/// The time in milliseconds since 1970 UTC.
pub(crate) fn now() -> u64 {
    milliseconds(SystemTime::now())
}

fn milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
