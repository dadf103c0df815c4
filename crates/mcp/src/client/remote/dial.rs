//! Connections to a server.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use mycelium_network::Certificates;
use mycelium_network::Host;
use mycelium_network::Resolve as _;
use mycelium_network::SystemResolver;
use mycelium_network::Tls;
use mycelium_runtime::ServerUrl;
use mycelium_runtime::UrlScheme;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::RemoteProblem;

/// How long it may take until there is a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one of several addresses is tried.
const PATIENCE_EACH: Duration = Duration::from_secs(4);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;
/// What the head of a response may have, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Makes connections.
pub(super) struct Dialer {
    tls: Tls,
}

impl Default for Dialer {
    fn default() -> Self {
        Self {
            tls: Tls::new(Certificates::OfThisMachine),
        }
    }
}

impl Dialer {
    /// A connection to where `url` is.
    pub(super) async fn connect(
        &self,
        url: &ServerUrl,
    ) -> Result<SendRequest<Full<Bytes>>, RemoteProblem> {
        let place = url.authority();
        let late = || RemoteProblem::Unreachable {
            place: place.clone(),
            source: io::ErrorKind::TimedOut.into(),
        };
        let connected = timeout(PATIENCE, self.connect_within(url, &place)).await;
        connected.unwrap_or_else(|_| Err(late()))
    }

    async fn connect_within(
        &self,
        url: &ServerUrl,
        place: &str,
    ) -> Result<SendRequest<Full<Bytes>>, RemoteProblem> {
        let unreachable = |source| RemoteProblem::Unreachable {
            place: place.to_owned(),
            source,
        };
        let stream = reach(url).await.map_err(unreachable)?;
        match url.scheme() {
            UrlScheme::Http => greet(stream).await,
            UrlScheme::Https => {
                let secure = self.tls.connect(url.host(), stream).await;
                let insecure = |source| RemoteProblem::Insecure {
                    place: place.to_owned(),
                    source,
                };
                greet(secure.map_err(insecure)?).await
            }
        }
    }
}

/// The first address that answers. What is spoken without TLS does not leave the machine, whatever a name leads to.
async fn reach(url: &ServerUrl) -> io::Result<TcpStream> {
    let addresses = match url.host() {
        Host::Address(address) => vec![*address],
        Host::Name(name) => SystemResolver.resolve(name).await?,
    };
    let is_allowed = |address: &IpAddr| match url.scheme() {
        UrlScheme::Http => address.is_loopback(),
        UrlScheme::Https => true,
    };
    let mut last = io::Error::other("it has no address that may be used");
    let allowed = addresses.into_iter().filter(is_allowed);
    for address in allowed.take(MAX_ADDRESSES) {
        let connecting = TcpStream::connect(SocketAddr::new(address, url.port()));
        match timeout(PATIENCE_EACH, connecting).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Begins to speak HTTP/1.1 on a stream.
async fn greet<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
) -> Result<SendRequest<Full<Bytes>>, RemoteProblem> {
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(RemoteProblem::Broken)?;
    // It ends when nobody can send anything on it or reads from it any more.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an MCP server broke off");
        }
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    use super::*;

    /// What a server shows whose certificate is made out to `secure.test` and `127.0.0.1`.
    fn identity() -> TlsAcceptor {
        let certificate = include_bytes!("../../../../network/src/client/tests/host.der");
        let key = include_bytes!("../../../../network/src/client/tests/host-key.der");
        let key = PrivateKeyDer::try_from(key.as_slice()).unwrap();
        let configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.as_slice())], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(configuration))
    }

    #[tokio::test]
    async fn only_a_trusted_certificate_of_the_host_itself_will_do() {
        let authority =
            include_bytes!("../../../../network/src/client/tests/authority.der").to_vec();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let acceptor = identity();
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever does not trust it goes away.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read_u8().await;
                }
            }
        });
        let dialer = Dialer {
            tls: Tls::new(Certificates::These(vec![authority])),
        };
        let url = |host: &str| ServerUrl::parse(&format!("https://{host}:{port}/")).unwrap();
        assert!(dialer.connect(&url("127.0.0.1")).await.is_ok());
        let another_name = dialer.connect(&url("localhost")).await;
        assert!(matches!(another_name, Err(RemoteProblem::Insecure { .. })));
        let stranger = Dialer::default().connect(&url("127.0.0.1")).await;
        assert!(matches!(stranger, Err(RemoteProblem::Insecure { .. })));
        serving.abort();
    }
}
