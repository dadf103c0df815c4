//! A certificate authority for one worker: what its programs trust so that the broker can read their TLS.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::SystemTime;

use rcgen::BasicConstraints;
use rcgen::Certificate;
use rcgen::CertificateParams;
use rcgen::CidrSubnet;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::GeneralSubtree;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::NameConstraints;
use rcgen::date_time_ymd;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::NoServerSessionStorage;

use crate::Gate;
use crate::Host;
use crate::NetworkError;
use crate::Tls;

/// The most hosts whose certificates are kept. A worker that asks for more has them made again.
const MAX_KEPT: usize = 64;

/// How long before now certificates are valid: clocks of programs may be cut to minutes.
const BEFORE: Duration = Duration::from_secs(60 * 60);

/// A certificate authority of one worker. Its key is made with it, in memory, and is gone with it; what it
/// signs is of use to nobody but that worker, and only for the hosts that are granted.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    provider: Arc<CryptoProvider>,
    kept: Mutex<HashMap<Host, Arc<ServerConfig>>>,
}

impl Authority {
    /// How long its certificates are valid: longer than any worker lives.
    pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Makes one that can speak for the hosts that `gate` grants, and for no others.
    ///
    /// # Errors
    /// When there are no random numbers, or a granted host cannot be in a certificate.
    pub fn new(gate: &Gate) -> Result<Self, NetworkError> {
        Self::make(gate).map_err(broken)
    }

    fn make(gate: &Gate) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = params("Mycelium, for one skill", Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.name_constraints = Some(constraints(gate));
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
            provider: Arc::new(ring::default_provider()),
            kept: Mutex::default(),
        })
    }

    /// The file that the worker's programs read: the certificates that `tls` trusts, and this one. Reads
    /// files when first called for it.
    #[must_use]
    pub fn bundle(&self, tls: &Tls) -> String {
        format!("{}{}", tls.pem(), self.certificate.pem())
    }

    /// What answers a greeting for `host`. Only HTTP/1.1 is spoken.
    pub(crate) fn for_host(&self, host: &Host) -> Result<Arc<ServerConfig>, NetworkError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = kept.get(host) {
            return Ok(Arc::clone(made));
        }
        if kept.len() == MAX_KEPT {
            kept.clear();
        }
        let made = Arc::new(self.configure(host)?);
        kept.insert(host.clone(), Arc::clone(&made));
        Ok(made)
    }

    fn configure(&self, host: &Host) -> Result<ServerConfig, NetworkError> {
        let name = match host {
            Host::Name(name) => name.as_str().to_owned(),
            Host::Address(address) => address.to_string(),
        };
        let (certificate, key) = self.sign(name).map_err(broken)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut configuration = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .map_err(broken)?;
        configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
        // One request for each connection: nothing of one is taken to the next.
        configuration.session_storage = Arc::new(NoServerSessionStorage {});
        configuration.send_tls13_tickets = 0;
        Ok(configuration)
    }

    fn sign(&self, name: String) -> Result<(Certificate, KeyPair), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = params("Mycelium", vec![name])?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> NetworkError {
    NetworkError::Certificate {
        source: io::Error::other(error),
    }
}

/// What all certificates have in common.
fn params(name: &str, hosts: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BEFORE);
    params.not_after = epoch + now + Authority::LIFETIME;
    Ok(params)
}

/// The granted hosts, as a certificate names what it is for (RFC 5280, 4.2.1.10). What is of one kind, names or
/// addresses, is not limited by a list of the other: if none is granted, all of that kind are excluded.
fn constraints(gate: &Gate) -> NameConstraints {
    let mut names: Vec<_> = gate
        .granted_hosts()
        .filter_map(|pattern| Some(pattern.name()?.as_str().to_owned()))
        .collect();
    let mut addresses: Vec<_> = gate.addresses().collect();
    if addresses.iter().any(IpAddr::is_loopback) {
        names.push("localhost".to_owned());
    }
    names.sort_unstable();
    names.dedup();
    addresses.sort_unstable();
    addresses.dedup();

    let all_version_4 = || CidrSubnet::from_addr_prefix(Ipv4Addr::UNSPECIFIED.into(), 0);
    let all_version_6 = || CidrSubnet::from_addr_prefix(Ipv6Addr::UNSPECIFIED.into(), 0);
    let mut excluded_subtrees = Vec::new();
    if names.is_empty() {
        excluded_subtrees.push(GeneralSubtree::DnsName(String::new()));
    }
    if addresses.is_empty() {
        excluded_subtrees.push(GeneralSubtree::IpAddress(all_version_4()));
        excluded_subtrees.push(GeneralSubtree::IpAddress(all_version_6()));
    }
    let whole = |address: IpAddr| match address {
        IpAddr::V4(_) => CidrSubnet::from_addr_prefix(address, 32),
        IpAddr::V6(_) => CidrSubnet::from_addr_prefix(address, 128),
    };
    let addresses = addresses.into_iter().map(whole);
    NameConstraints {
        permitted_subtrees: names
            .into_iter()
            .map(GeneralSubtree::DnsName)
            .chain(addresses.map(GeneralSubtree::IpAddress))
            .collect(),
        excluded_subtrees,
    }
}

#[cfg(test)]
mod tests {
    use mycelium_policy::NetworkGrant;
    use mycelium_policy::NetworkPolicy;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::Certificates;

    fn authority(hosts: &[&str]) -> Authority {
        let policy = NetworkPolicy {
            allow: vec![NetworkGrant {
                hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
                methods: Vec::new(),
            }],
            ..NetworkPolicy::default()
        };
        Authority::new(&Gate::compile(&policy).unwrap()).unwrap()
    }

    /// Whether somebody who trusts the authority takes its word for a host.
    async fn is_believed(authority: &Authority, host: &str) -> bool {
        let host: Host = host.parse().unwrap();
        let certificate = authority.certificate.der().to_vec();
        let program = Tls::new(Certificates::These(vec![certificate]));
        let acceptor = TlsAcceptor::from(authority.for_host(&host).unwrap());
        let (here, there) = tokio::io::duplex(1 << 16);
        let (believed, _) = tokio::join!(program.connect(&host, here), acceptor.accept(there));
        believed.is_ok()
    }

    #[tokio::test]
    async fn an_authority_is_believed_about_what_is_granted_and_nothing_else() {
        for (granted, believed, not) in [
            (
                &["api.test:443", "*.wild.test"][..],
                &["api.test", "a.b.wild.test"][..],
                &["other.test", "localhost", "127.0.0.1", "2001:db8::1"][..],
            ),
            (
                &["127.0.0.1:8443", "[2001:db8::1]"],
                &["127.0.0.1", "2001:db8::1", "localhost"],
                &["127.0.0.2", "2001:db8::2", "api.test"],
            ),
            (
                &["192.0.2.1"],
                &["192.0.2.1"],
                &["192.0.2.2", "api.test", "localhost"],
            ),
        ] {
            let authority = authority(granted);
            for host in believed {
                assert!(is_believed(&authority, host).await, "{granted:?}: {host}");
            }
            for host in not {
                assert!(!is_believed(&authority, host).await, "{granted:?}: {host}");
            }
        }
    }

    #[tokio::test]
    async fn one_workers_authority_is_nobody_to_another() {
        let (mine, other) = (authority(&["api.test"]), authority(&["api.test"]));
        let host: Host = "api.test".parse().unwrap();
        let program = Tls::new(Certificates::These(vec![mine.certificate.der().to_vec()]));
        let acceptor = TlsAcceptor::from(other.for_host(&host).unwrap());
        let (here, there) = tokio::io::duplex(1 << 16);
        let (believed, _) = tokio::join!(program.connect(&host, here), acceptor.accept(there));
        assert!(believed.is_err());
        assert_eq!(format!("{mine:?}"), "Authority { .. }");
    }

    #[test]
    fn certificates_are_made_once_and_not_kept_without_bound() {
        let authority = authority(&["*.wild.test"]);
        let host = |number: usize| format!("h{number}.wild.test").parse().unwrap();
        let first = authority.for_host(&host(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &authority.for_host(&host(0)).unwrap()));
        for number in 0..=MAX_KEPT {
            authority.for_host(&host(number)).unwrap();
        }
        assert!(authority.kept.lock().unwrap().len() <= MAX_KEPT);
    }
}
