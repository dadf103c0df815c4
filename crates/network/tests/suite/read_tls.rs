//! TLS of a worker's programs, read because somebody chose so, and left alone otherwise.

use std::io;
use std::net::TcpListener as StdListener;
use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_network::Authority;
use mycelium_network::Broker;
use mycelium_network::Certificates;
use mycelium_network::Gate;
use mycelium_network::Host;
use mycelium_network::Protocol;
use mycelium_network::RefusalReason;
use mycelium_network::RequestRecord;
use mycelium_network::SecretSource;
use mycelium_network::Tls;
use mycelium_network::Verdict;
use mycelium_network::WorkerSockets;
use mycelium_policy::SecretGrant;
use mycelium_types::SecretValue;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::world::Records;
use super::world::Table;
use super::world::broker;
use super::world::limits;
use super::world::policy;

const PLACEHOLDER: &str = "placeholder-of-token";
const VALUE: &str = "v4lu3-0f-t0k3n";

struct Token;

impl SecretSource for Token {
    fn reveal(&self, name: &str) -> io::Result<Option<SecretValue>> {
        let value = (name == "TOKEN").then(|| VALUE.to_owned().into());
        Ok(value.and_then(SecretValue::new))
    }
}

/// A server with a certificate of its own authority, that notes requests and answers them.
struct Server {
    port: u16,
    authority: Vec<u8>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let names = ["api.test", "other.test", "127.0.0.1"].map(str::to_owned);
        let certificate = CertificateParams::new(names).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !text.ends_with("\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(length @ 1..) => text += &String::from_utf8_lossy(&buffer[..length]),
                        Ok(0) | Err(_) => break,
                    }
                }
                log.lock().unwrap().push(text);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            port,
            authority,
            heard,
        }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn trusted(&self) -> Certificates {
        Certificates::These(vec![self.authority.clone()])
    }
}

struct World {
    _broker: Broker,
    records: Records,
    proxy: std::net::SocketAddr,
    /// What a program finds in its file of certificates, if there is one.
    shown: Option<Certificates>,
}

/// Whether a worker's TLS may be read, and whom the broker trusts then.
enum Reading {
    No,
    Trusting(Certificates),
}

impl World {
    /// `api.test` with methods and perhaps a secret, and `other.test` with neither.
    fn new(port: u16, methods: &str, secret_host: &str, reading: Reading) -> Self {
        let mut policy = policy(
            &[
                (&format!("api.test:{port} 127.0.0.1:{port}"), methods),
                (&format!("other.test:{port} 127.0.0.1:{port}"), ""),
            ],
            "",
        );
        policy.secrets.push(SecretGrant {
            name: "TOKEN".to_owned(),
            placeholder: PLACEHOLDER.to_owned(),
            hosts: vec![secret_host.to_owned()],
        });
        let gate = Gate::compile(&policy).unwrap();
        let here: &[&str] = &["127.0.0.1"];
        let table = Table::new(&[("api.test", here), ("other.test", here)]);
        let authority = Authority::new(&gate).unwrap();
        let (broker, records) = broker(gate, limits(), table);
        broker.take_secrets_from(Arc::new(Token));
        let shown = match reading {
            Reading::No => None,
            Reading::Trusting(certificates) => {
                let tls = Arc::new(Tls::new(certificates));
                let bundle = authority.bundle(&tls);
                broker.read_tls(Arc::new(authority), tls);
                let all = CertificateDer::pem_slice_iter(bundle.as_bytes());
                Some(Certificates::These(
                    all.map(|one| one.unwrap().to_vec()).collect(),
                ))
            }
        };
        let proxy = StdListener::bind("127.0.0.1:0").unwrap();
        let address = proxy.local_addr().unwrap();
        let sockets = WorkerSockets {
            lookups: StdSocket::bind("127.0.0.1:0").unwrap(),
            proxy,
            direct: Vec::new(),
        };
        broker.serve(sockets).unwrap();
        Self {
            _broker: broker,
            records,
            proxy: address,
            shown,
        }
    }

    /// The same, where TLS is read and the server trusted.
    fn reading(server: &Server, methods: &str, secret_host: &str) -> Self {
        let reading = Reading::Trusting(server.trusted());
        Self::new(server.port, methods, secret_host, reading)
    }

    /// Sends a request for `place` as a program that greets `host` and trusts `certificates`.
    async fn ask(
        &self,
        place: &str,
        host: &str,
        certificates: Certificates,
        request: String,
    ) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.proxy).await?;
        let connect = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n");
        stream.write_all(connect.as_bytes()).await?;
        stream.read_exact(&mut [0; 39]).await?;
        let host: Host = host.parse().unwrap();
        let mut stream = Tls::new(certificates).connect(&host, stream).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8(answer).unwrap())
    }

    fn shown(&self) -> Certificates {
        self.shown.clone().unwrap()
    }

    /// The only record, once there is one.
    async fn record(&self) -> RequestRecord {
        for _ in 0..60_000 {
            if let [record] = self.records.lock().unwrap().as_slice() {
                return record.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("{:?}", self.records.lock().unwrap())
    }
}

fn request(method: &str, place: &str) -> String {
    format!(
        "{method} /v1?key={PLACEHOLDER} HTTP/1.1\r\nHost: {place}\r\n\
         Authorization: Bearer {PLACEHOLDER}\r\nX-Two: 2\r\n\r\n"
    )
}

#[tokio::test]
async fn a_secret_is_put_in_and_the_request_is_told() {
    let server = Server::start().await;
    let world = World::reading(&server, "", "api.test");
    let place = format!("api.test:{}", server.port);
    let asked = world.ask(&place, "api.test", world.shown(), request("GET", &place));
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    let heard = server.heard().concat();
    assert!(
        heard.starts_with(&format!("GET /v1?key={VALUE} HTTP/1.1\r\n")),
        "{heard}"
    );
    assert!(heard.contains(&format!("Host: {place}\r\n")), "{heard}");
    assert!(
        heard.contains(&format!("Authorization: Bearer {VALUE}\r\n")),
        "{heard}"
    );
    let record = world.record().await;
    assert_eq!(record.protocol, Protocol::Http);
    assert_eq!(record.path.as_deref(), Some("/v1"));
    assert_eq!(
        (record.given, record.verdict),
        (vec!["TOKEN".to_owned()], Verdict::Allowed)
    );
}

#[tokio::test]
async fn a_limit_of_methods_holds_inside() {
    let server = Server::start().await;
    let world = World::reading(&server, "GET", "else.test");
    let place = format!("api.test:{}", server.port);
    let asked = world.ask(&place, "api.test", world.shown(), request("POST", &place));
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(
        answer.contains("the permission is for GET only"),
        "{answer}"
    );
    assert!(server.heard().is_empty());
    let asked = world.ask(&place, "api.test", world.shown(), request("GET", &place));
    assert!(asked.await.unwrap().ends_with("hello"));
    let heard = server.heard().concat();
    // The secret is for another host.
    assert!(
        heard.contains(PLACEHOLDER) && !heard.contains(VALUE),
        "{heard}"
    );
    let records = world.records.lock().unwrap().clone();
    assert_eq!(records.last().unwrap().withheld, ["TOKEN"]);
}

#[tokio::test]
async fn what_nothing_depends_on_stays_between_program_and_host() {
    let server = Server::start().await;
    let world = World::reading(&server, "GET", "api.test");
    let place = format!("other.test:{}", server.port);
    // It trusts the host's authority alone: another certificate would not do.
    let asked = world.ask(
        &place,
        "other.test",
        server.trusted(),
        request("GET", &place),
    );
    assert!(asked.await.unwrap().ends_with("hello"));
    assert_eq!(world.record().await.protocol, Protocol::Tls);
}

#[tokio::test]
async fn without_the_choice_a_placeholder_stays_one_and_that_is_told() {
    let server = Server::start().await;
    let world = World::new(server.port, "", "api.test", Reading::No);
    let place = format!("api.test:{}", server.port);
    let asked = world.ask(&place, "api.test", server.trusted(), request("GET", &place));
    assert!(asked.await.unwrap().ends_with("hello"));
    let heard = server.heard().concat();
    assert!(
        heard.contains(PLACEHOLDER) && !heard.contains(VALUE),
        "{heard}"
    );
    let record = world.record().await;
    assert_eq!(
        (record.protocol, record.unreadable),
        (Protocol::Tls, vec!["TOKEN".to_owned()])
    );

    let world = World::new(server.port, "GET", "else.test", Reading::No);
    let asked = world.ask(&place, "api.test", server.trusted(), request("GET", &place));
    asked.await.unwrap_err();
    let Verdict::Refused(refusal) = world.record().await.verdict else {
        panic!("it is opaque")
    };
    assert!(refusal.to_string().contains("network.readTls"), "{refusal}");
}

#[tokio::test]
async fn a_program_that_trusts_others_only_gets_nowhere_and_that_is_told() {
    let server = Server::start().await;
    let world = World::reading(&server, "", "api.test");
    let place = format!("api.test:{}", server.port);
    let asked = world.ask(&place, "api.test", server.trusted(), request("GET", &place));
    asked.await.unwrap_err();
    assert!(server.heard().is_empty());
    let Verdict::Failed { reason } = world.record().await.verdict else {
        panic!("it went through")
    };
    assert!(
        reason.contains("does not trust the certificate"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_host_that_is_not_to_be_trusted_gets_nothing() {
    let (server, other) = (Server::start().await, Server::start().await);
    let world = World::new(
        server.port,
        "",
        "api.test",
        Reading::Trusting(other.trusted()),
    );
    let place = format!("api.test:{}", server.port);
    let asked = world.ask(&place, "api.test", world.shown(), request("GET", &place));
    let answer = asked.await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{answer}"
    );
    assert!(answer.contains("is not to be trusted"), "{answer}");
    assert!(
        !answer.contains(VALUE) && server.heard().is_empty(),
        "{answer}"
    );
}

#[tokio::test]
async fn a_greeting_or_a_request_for_another_host_is_refused() {
    let server = Server::start().await;
    let place = format!("api.test:{}", server.port);
    let world = World::reading(&server, "", "api.test");
    let asked = world.ask(&place, "other.test", world.shown(), request("GET", &place));
    asked.await.unwrap_err();
    let world = World::reading(&server, "", "api.test");
    // An address is greeted without a name.
    let asked = world.ask(&place, "127.0.0.1", world.shown(), request("GET", &place));
    asked.await.unwrap_err();
    let Verdict::Refused(refusal) = world.record().await.verdict else {
        panic!("no name is a name")
    };
    assert_eq!(refusal.reason, RefusalReason::NoServerName);
    let world = World::reading(&server, "", "api.test");
    let elsewhere = request("GET", &format!("other.test:{}", server.port));
    let answer = world
        .ask(&place, "api.test", world.shown(), elsewhere)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(server.heard().is_empty());
}
