//! A worker's way to the network: what decides, what leads there, and what the runtime hears of it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use mycelium_audit::AuditEvent;
use mycelium_audit::Subject;
use mycelium_config::SecretStore;
use mycelium_loader::VerifiedSkill;
use mycelium_network::Authority;
use mycelium_network::Broker;
use mycelium_network::BrokerLimits;
use mycelium_network::Gate;
use mycelium_network::GivenSecrets;
use mycelium_network::Host;
use mycelium_network::HostPattern;
use mycelium_network::Names;
use mycelium_network::NetworkError;
use mycelium_network::Refusal;
use mycelium_network::RefusalReason;
use mycelium_network::RequestRecord;
use mycelium_network::SecretSource;
use mycelium_network::SystemResolver;
use mycelium_network::Tls;
use mycelium_network::Verdict;
use mycelium_network::WorkerSockets;
use mycelium_network::certificate_environment;
use mycelium_network::proxy_environment;
use mycelium_policy::PROXY_PORT;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::NetworkPorts;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::Worker;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SecretValue;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::audit::AuditTrail;
use crate::audit::about_skill;
use crate::audit::milliseconds;
use crate::workspace::Workspace;

/// Records that wait to be heard. More are heard by nobody; they are on record all the same.
const QUEUE: usize = 256;

/// The ports of the web, which programs reach whether a grant names them or not.
const WEB_PORTS: [u16; 2] = [80, 443];

/// The most ports that connections arrive at directly. Others are reached by asking the proxy.
const MAX_DIRECT: usize = 60;

/// The most files that are looked at for being left behind.
const MAX_LEFT_BEHIND: usize = 1_000;

/// What a worker's broker tells whoever is there to listen.
#[derive(Debug)]
pub(crate) struct Records(mpsc::Receiver<RequestRecord>);

impl Records {
    /// Where nothing is told.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self(mpsc::channel(1).1)
    }

    /// Waits for a record. Waits for ever where the broker is gone.
    pub(crate) async fn next(&mut self) -> RequestRecord {
        match self.0.recv().await {
            Some(record) => record,
            None => std::future::pending().await,
        }
    }

    /// A record that is there now.
    pub(crate) fn try_next(&mut self) -> Option<RequestRecord> {
        self.0.try_recv().ok()
    }

    /// Waits for a record until every connection is over.
    pub(crate) async fn next_of_ended(&mut self) -> Option<RequestRecord> {
        self.0.recv().await
    }
}

/// What is remembered of a worker's network, also when its broker is gone.
pub(crate) struct Memory {
    /// The values of secrets that hosts were given: nothing that is told may show them.
    pub(crate) given: Arc<GivenSecrets>,
    names: Arc<Names>,
}

impl Memory {
    pub(crate) fn of(broker: &Broker) -> Self {
        Self {
            given: broker.given(),
            names: broker.names(),
        }
    }

    /// The refusal of a connection to `address` that arrived nowhere; `None` if `policy` allows it.
    pub(crate) fn refusal(&self, policy: &SandboxPolicy, address: SocketAddr) -> Option<Refusal> {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let Some(host) = self.names.host_at(ip) else {
            let host = Host::from(ip);
            let reason = RefusalReason::NeverLookedUp;
            return Some(Gate::refusal(&host, port, None, reason));
        };
        let reason = gate(policy).ok()?.judge_place(&host, port).err()?;
        Some(Gate::refusal(&host, port, None, reason))
    }
}

/// Puts what a worker asks of the network on record, whether anybody listens or not.
#[derive(Clone)]
pub(crate) struct RequestAudit {
    trail: AuditTrail,
    subject: Subject,
}

impl RequestAudit {
    pub(crate) fn new(trail: &AuditTrail, policy: &SandboxPolicy, session: Option<&str>) -> Self {
        Self {
            trail: trail.clone(),
            subject: about_skill(&policy.workspace, session, &policy.skill),
        }
    }

    fn put(&self, record: &RequestRecord) {
        let (verdict, reason) = match &record.verdict {
            Verdict::Allowed => (mycelium_audit::Verdict::Allowed, None),
            Verdict::Refused(refusal) => (
                mycelium_audit::Verdict::Refused,
                Some(refusal.reason.to_string()),
            ),
            Verdict::Failed { reason } => (mycelium_audit::Verdict::Failed, Some(reason.clone())),
        };
        let event = AuditEvent::Request {
            protocol: record.protocol.as_str().to_owned(),
            host: record.host.clone(),
            port: record.port,
            method: record.method.as_ref().map(ToString::to_string),
            path: record.path.clone(),
            verdict,
            reason,
            given: record.given.clone(),
            withheld: record.withheld.clone(),
            omitted: NonZeroU64::new(record.omitted),
            sent: record.bytes_sent,
            received: record.bytes_received,
            milliseconds: milliseconds(record.duration),
        };
        // Nobody waits for it: a log that cannot be written is told by the next operation.
        drop(self.trail.record(self.subject.clone(), event));
    }
}

/// Adds to a policy what programs need to know to find the broker.
///
/// # Errors
/// When a host of the policy is none.
pub(crate) fn equip(policy: &mut SandboxPolicy) -> Result<(), ErrorReport> {
    if policy.has_own_network() {
        let gate = gate(policy)?;
        for (name, value) in proxy_environment(&gate) {
            policy.environment.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Whether the TLS of the skill's own programs may be read.
pub(crate) fn reads_tls(workspace: &Workspace, skill: &VerifiedSkill) -> bool {
    let network = &workspace.configuration.network;
    skill.engine() == Engine::Native && network.reads_tls_of(&skill.manifest().name)
}

/// What one worker's programs trust so that their TLS can be read. It is made for that worker, and its file is
/// gone with it.
#[derive(Debug)]
pub(crate) struct WorkerAuthority {
    authority: Arc<Authority>,
    tls: Arc<Tls>,
    _file: NamedTempFile,
}

impl WorkerAuthority {
    /// Makes one for a worker with this policy and adds it there, if anything of its TLS is to be read. Its file
    /// is in `folder`; the key is in no file.
    ///
    /// # Errors
    /// When a host of the policy is none, or the file cannot be written.
    pub(crate) fn equip(
        policy: &mut SandboxPolicy,
        tls: &Arc<Tls>,
        folder: &Path,
    ) -> Result<Option<Self>, ErrorReport> {
        let gate = gate(policy)?;
        if !policy.has_own_network() || !gate.may_want_to_read() {
            return Ok(None);
        }
        let authority = Authority::new(&gate)
            .map_err(|error| ErrorReport::from(error).with("skill", &policy.skill.name))?;
        let file = write_certificates(folder, &authority.bundle(tls)).map_err(|error| {
            let reason = format!("{}: {error}", folder.display());
            ErrorReport::new(ErrorCode::StateUnavailable).with("reason", reason)
        })?;
        policy.certificates = Some(file.path().to_owned());
        for (name, value) in certificate_environment() {
            policy.environment.insert(name.to_owned(), value.to_owned());
        }
        Ok(Some(Self {
            authority: Arc::new(authority),
            tls: Arc::clone(tls),
            _file: file,
        }))
    }

    /// Lets the worker's broker read.
    pub(crate) fn serve(&self, broker: &Broker) {
        broker.read_tls(Arc::clone(&self.authority), Arc::clone(&self.tls));
    }
}

/// Writes what only the worker reads, and removes what a daemon that was killed left behind, once nobody can
/// use it any more.
fn write_certificates(folder: &Path, bundle: &str) -> std::io::Result<NamedTempFile> {
    fs_err::create_dir_all(folder)?;
    for entry in fs_err::read_dir(folder)?.flatten().take(MAX_LEFT_BEHIND) {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        let age = written.map(|time| time.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > Authority::LIFETIME) {
            // Another daemon may have been faster.
            let _ = fs_err::remove_file(entry.path());
        }
    }
    let mut file = tempfile::Builder::new()
        .suffix(".pem")
        .tempfile_in(folder)?;
    file.write_all(bundle.as_bytes())?;
    Ok(file)
}

/// The broker of a worker with this policy, and what it tells.
pub(crate) fn broker(
    gate: Gate,
    policy: &SandboxPolicy,
    audit: RequestAudit,
    secrets: &SecretStore,
) -> (Arc<Broker>, Records) {
    let (sender, records) = mpsc::channel(QUEUE);
    let broker = Broker::new(
        gate,
        BrokerLimits::with_bandwidth(policy.limits.bandwidth_kbps),
        Arc::new(SystemResolver),
        Arc::new(move |record: RequestRecord| {
            audit.put(&record);
            // It is on record.
            let _ = sender.try_send(record);
        }),
    );
    broker.take_secrets_from(Arc::new(StoredSecrets(secrets.clone())));
    (Arc::new(broker), Records(records))
}

/// The person's secrets, as a broker asks for them.
struct StoredSecrets(SecretStore);

impl SecretSource for StoredSecrets {
    fn reveal(&self, name: &str) -> std::io::Result<Option<SecretValue>> {
        // From here on there is something in this process that nobody else should read.
        mycelium_sandbox::hide_memory();
        self.0.reveal(name).map_err(std::io::Error::other)
    }
}

/// Checks that all secrets a policy names are stored.
///
/// # Errors
/// [`ErrorCode::SecretMissing`], or that nobody can tell.
pub(crate) fn require_secrets(
    policy: &SandboxPolicy,
    secrets: &SecretStore,
) -> Result<(), ErrorReport> {
    if policy.network.secrets.is_empty() {
        return Ok(());
    }
    let stored = secrets.names()?;
    let mut named = policy.network.secrets.iter();
    match named.find(|secret| !stored.contains(&secret.name)) {
        Some(secret) => Err(ErrorReport::new(ErrorCode::SecretMissing)
            .with("skill", &policy.skill.name)
            .with("name", &secret.name)),
        None => Ok(()),
    }
}

/// Gives a worker that has a skill its own network, which leads to `broker`.
pub(crate) fn open(
    launcher: &Launcher,
    worker: &Worker,
    broker: &Broker,
) -> Result<(), SandboxError> {
    let gate = broker.gate();
    let mut direct = gate.ports();
    direct.truncate(MAX_DIRECT);
    direct.extend(WEB_PORTS);
    let network = launcher.open_network(
        worker,
        NetworkPorts {
            direct,
            with_version_6: gate.addresses().any(|address| address.is_ipv6()),
            proxy: PROXY_PORT,
        },
    )?;
    broker
        .serve(WorkerSockets {
            lookups: UdpSocket::from(network.lookups),
            proxy: TcpListener::from(network.proxy),
            direct: network.direct.into_iter().map(TcpListener::from).collect(),
        })
        .map_err(|error| SandboxError::Protocol {
            reason: error.reason(),
        })
}

/// What decides about a policy's network.
///
/// # Errors
/// When a host of the policy is none.
pub(crate) fn gate(policy: &SandboxPolicy) -> Result<Gate, ErrorReport> {
    let network = &policy.network;
    Gate::compile(network).map_err(|error| {
        // Which of the two wrote it decides who has to correct it.
        let invalid = |host: &String| host.parse::<HostPattern>().is_err();
        if network.deny.iter().any(invalid) {
            return ErrorReport::new(ErrorCode::ConfigInvalid)
                .with("reason", format!("`security.deniedHosts`: {error}"));
        }
        ErrorReport::from(NetworkError::from(error))
            .with("skill", &policy.skill.name)
            .with("path", policy.skill_root.display())
    })
}
