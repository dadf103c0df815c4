//! TLS to hosts, with the certificates that this machine trusts.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::AlertDescription;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Host;

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default)]
pub enum Certificates {
    /// Those of this machine, looked up when they are first needed.
    #[default]
    OfThisMachine,
    /// These alone, in DER.
    These(Vec<Vec<u8>>),
}

impl Certificates {
    fn list(&self) -> Vec<CertificateDer<'static>> {
        match self {
            // What cannot be read is not trusted; the others are.
            Self::OfThisMachine => rustls_native_certs::load_native_certs().certs,
            Self::These(list) => list.iter().cloned().map(CertificateDer::from).collect(),
        }
    }
}

/// Makes TLS connections.
#[derive(Debug)]
pub struct Tls {
    certificates: Certificates,
    configuration: OnceLock<Arc<ClientConfig>>,
    /// The certificates as a file has them.
    pem: OnceLock<String>,
}

impl Tls {
    /// TLS to whoever has a certificate of one of `certificates`.
    #[must_use]
    pub fn new(certificates: Certificates) -> Self {
        Self {
            certificates,
            configuration: OnceLock::new(),
            pem: OnceLock::new(),
        }
    }

    /// The certificates that are trusted, as programs read them from a file. Reads files when first called.
    pub(crate) fn pem(&self) -> &str {
        self.pem
            .get_or_init(|| self.certificates.list().iter().map(pem_of).collect())
    }

    /// Makes a TLS connection to `host` on `stream`. Only HTTP/1.1 is offered.
    ///
    /// # Errors
    /// When the stream breaks off, when `host` has no certificate that is trusted and its own, and when this machine
    /// trusts none.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &Host,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.as_str().to_owned())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
            Host::Address(IpAddr::V4(address)) => ServerName::from(IpAddr::V4(*address)),
            Host::Address(IpAddr::V6(address)) => ServerName::from(IpAddr::V6(*address)),
        };
        let connector = TlsConnector::from(self.configuration().await?);
        connector.connect(name, stream).await
    }

    async fn configuration(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(configuration) = self.configuration.get() {
            return Ok(Arc::clone(configuration));
        }
        let certificates = self.certificates.clone();
        let made = tokio::task::spawn_blocking(move || configure(&certificates))
            .await
            .map_err(io::Error::other)??;
        Ok(Arc::clone(self.configuration.get_or_init(|| made)))
    }
}

fn configure(certificates: &Certificates) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.list());
    if roots.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "this machine trusts no certificates: none were found",
        ));
    }
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

/// Whether TLS failed because of a certificate: the host's, or ours in the eyes of a program.
pub(crate) fn is_about_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => matches!(
            alert,
            AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
        ),
        inner => matches!(inner, Some(rustls::Error::InvalidCertificate(_))),
    }
}

/// A certificate as a file has it (RFC 7468, 5.1).
fn pem_of(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
