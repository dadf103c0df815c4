//! TLS to hosts, with the certificates that this machine trusts.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::OnceLock;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
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

/// Makes TLS connections.
#[derive(Debug)]
pub struct Tls {
    certificates: Certificates,
    configuration: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// TLS to whoever has a certificate of one of `certificates`.
    #[must_use]
    pub fn new(certificates: Certificates) -> Self {
        Self {
            certificates,
            configuration: OnceLock::new(),
        }
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
    match certificates {
        Certificates::OfThisMachine => {
            // What cannot be read is not trusted; the others are.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Certificates::These(list) => {
            roots.add_parsable_certificates(list.iter().cloned().map(CertificateDer::from));
        }
    }
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
