//! The client against hosts that behave, and hosts that do not.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use mycelium_policy::NetworkGrant;
use mycelium_policy::NetworkPolicy;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;
use crate::Broker;
use crate::BrokerLimits;
use crate::Certificates;
use crate::Gate;
use crate::HostName;
use crate::NetworkError;
use crate::RequestRecord;
use crate::Resolve;
use crate::ResolveFuture;
use crate::Verdict;

/// A body of these chunks.
struct Chunks(Vec<Vec<u8>>);

impl RequestSource for Chunks {
    async fn next(&mut self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

/// Everything that came.
#[derive(Default)]
struct Kept {
    heads: Vec<ResponseHead>,
    body: Vec<u8>,
    trailers: Option<Vec<(String, String)>>,
}

impl ResponseSink for Kept {
    async fn take(&mut self, part: ResponsePart) {
        match part {
            ResponsePart::Connected => {}
            ResponsePart::Head(head) => self.heads.push(head),
            ResponsePart::Body(bytes) => self.body.extend(bytes),
            ResponsePart::End(trailers) => self.trailers = Some(trailers),
        }
    }
}

/// Every name leads to this machine.
struct Here;

impl Resolve for Here {
    fn resolve<'a>(&'a self, _name: &'a HostName) -> ResolveFuture<'a> {
        Box::pin(async { io::Result::Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

struct World {
    broker: Broker,
    client: HttpClient,
    port: u16,
    records: Arc<Mutex<Vec<RequestRecord>>>,
    server: JoinHandle<Vec<u8>>,
}

impl World {
    /// A host that reads one request's head, writes `answer` and closes. It gives what it read.
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, answer).await
        });
        Self::new(
            port,
            &["127.0.0.1", "*.test"],
            &["GET", "POST", "HEAD"],
            server,
        )
    }

    fn new(port: u16, hosts: &[&str], methods: &[&str], server: JoinHandle<Vec<u8>>) -> Self {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let gate = Gate::compile(&NetworkPolicy {
            allow: vec![NetworkGrant {
                hosts: owned(hosts),
                methods: owned(methods),
            }],
            deny: Vec::new(),
            secrets: Vec::new(),
        })
        .unwrap();
        let records = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&records);
        let observer = move |record| sink.lock().unwrap().push(record);
        let limits = BrokerLimits::with_bandwidth(1 << 20);
        let authority = include_bytes!("tests/authority.der").to_vec();
        Self {
            broker: Broker::new(gate, limits, Arc::new(Here), Arc::new(observer)),
            client: HttpClient::new(Certificates::These(vec![authority])),
            port,
            records,
            server,
        }
    }

    fn request(&self, host: &str, method: &str, length: BodyLength) -> HttpRequest {
        let headers = vec![("X-Case".to_owned(), "1".to_owned())];
        let place = (host.starts_with("secure"), host.parse().unwrap(), self.port);
        let method = method.parse().unwrap();
        HttpRequest::new(place, method, "/p?q=secret".to_owned(), headers, length).unwrap()
    }

    async fn perform(
        &self,
        request: &HttpRequest,
        chunks: Vec<Vec<u8>>,
    ) -> (Result<(), NetworkError>, Kept) {
        let mut kept = Kept::default();
        let outcome = self
            .client
            .perform(&self.broker, request, &mut Chunks(chunks), &mut kept)
            .await;
        (outcome, kept)
    }

    async fn get(&self) -> (Result<(), NetworkError>, Kept) {
        let request = self.request("127.0.0.1", "GET", BodyLength::None);
        self.perform(&request, Vec::new()).await
    }
}

/// Reads a head, and as much as is there of a body, writes `answer` and closes.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: Vec<u8>) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return read;
        }
    }
    let chunked = read.windows(7).any(|seven| seven == b"chunked");
    while chunked && !read.ends_with(b"0\r\n\r\n") {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return read;
        }
    }
    // The client may have seen enough.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    read
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_asked_for_and_the_answer_comes_back() {
    let world = World::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nX-A: 1\r\nx-a: \u{e9}\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nT: end\r\n\r\n",
    )
    .await;
    let request = world.request("127.0.0.1", "POST", BodyLength::Unknown);
    let chunks = vec![b"one".to_vec(), Vec::new(), b"two".to_vec()];
    let (outcome, kept) = world.perform(&request, chunks).await;
    outcome.unwrap();
    let statuses: Vec<_> = kept.heads.iter().map(|head| head.status).collect();
    assert_eq!(statuses, [100, 200]);
    assert_eq!(kept.heads[1].reason, "Fine");
    assert_eq!(
        kept.heads[1].headers[1],
        ("x-a".to_owned(), "\u{c3}\u{a9}".to_owned())
    );
    assert_eq!(kept.body, b"abcde");
    assert_eq!(
        kept.trailers,
        Some(vec![("T".to_owned(), "end".to_owned())])
    );
    let sent = String::from_utf8(world.server.await.unwrap()).unwrap();
    assert_eq!(
        sent,
        format!(
            "POST /p?q=secret HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Case: 1\r\nTransfer-Encoding: chunked\r\n\
             Connection: close\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
            world.port
        )
    );
    let records = world.records.lock().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].verdict, Verdict::Allowed);
    assert_eq!(records[0].path.as_deref(), Some("/p"));
    assert!(records[0].bytes_sent > 100 && records[0].bytes_received > 100);
}

#[tokio::test]
async fn hosts_that_lie_are_found_out() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(300));
    let large = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(70_000));
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(70_000));
    let informative = "HTTP/1.1 103 Early\r\n\r\n".repeat(20);
    let extended = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        format!("1;{}\r\na\r\n", "x".repeat(200)).repeat(100)
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (answer, part) in [
        (String::new(), "without an answer"),
        (
            "HTTP/1.1 200 OK\r\n".to_owned(),
            "before the response was complete",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc".to_owned(),
            "complete",
        ),
        (format!("{chunked}5\r\nabc"), "complete"),
        (format!("{chunked}3\r\nabc\r\n"), "complete"),
        (
            format!("{chunked}3\r\nabcd\r\n0\r\n\r\n"),
            "chunk does not end",
        ),
        (format!("{chunked}zz\r\n"), "no number"),
        (format!("{chunked}\r\n\r\n"), "no number"),
        (format!("{chunked}-1\r\n"), "no number"),
        (format!("{chunked}fffffffffffffffff\r\n"), "no number"),
        (format!("{chunked}{}", "0".repeat(400)), "too long"),
        (extended, "too long"),
        (many, "are read"),
        (large, "are read"),
        (endless, "are read"),
        (informative, "interim"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "no HTTP/1 response"),
        ("HTTP/1.1 999 Odd\r\n\r\n".to_owned(), "the status is 999"),
        (
            "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n".to_owned(),
            "another protocol",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(),
            "more than one",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na".to_owned(),
            "no number",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            "beside",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "not known",
        ),
        (
            "HTTP/1.1 200 OK\nA\0: b\r\n\r\n".to_owned(),
            "no HTTP/1 response",
        ),
    ] {
        let start: String = answer.chars().take(80).collect();
        let world = World::answering(answer).await;
        let (outcome, kept) = world.get().await;
        let reason = outcome.expect_err(&start).reason();
        assert!(reason.contains(part), "{start:?}: {reason}");
        assert_eq!(kept.trailers, None, "{start:?}");
        let records = world.records.lock().unwrap();
        assert!(
            matches!(records[0].verdict, Verdict::Failed { .. }),
            "{start:?}"
        );
    }
}

#[tokio::test]
async fn bodies_end_where_they_say() {
    for (answer, method, body) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcREST",
            "GET",
            "abc",
        ),
        (
            "HTTP/1.0 200 OK\r\n\r\nuntil the end",
            "GET",
            "until the end",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", ""),
        ("HTTP/1.1 204 None\r\n\r\nnothing", "GET", ""),
        ("HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", "GET", ""),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA ;x\r\n0123456789\r\n00\r\n\r\n",
            "GET",
            "0123456789",
        ),
    ] {
        let world = World::answering(answer).await;
        let request = world.request("127.0.0.1", method, BodyLength::None);
        let (outcome, kept) = world.perform(&request, Vec::new()).await;
        outcome.unwrap();
        assert_eq!(kept.body, body.as_bytes(), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_never_connected() {
    let world = World::answering("").await;
    for (host, method, part) in [
        ("b.example", "GET", "no permission names this host"),
        ("127.0.0.1", "DELETE", "the permission is for GET"),
    ] {
        let request = world.request(host, method, BodyLength::None);
        let (outcome, _) = world.perform(&request, Vec::new()).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, NetworkError::Refused(_)), "{error}");
        assert!(error.reason().contains(part), "{}", error.reason());
    }
    let place = (false, "127.0.0.1".parse().unwrap(), world.port);
    let headers = vec![("host".to_owned(), "a.test".to_owned())];
    let other = HttpRequest::new(
        place,
        "GET".parse().unwrap(),
        "/".to_owned(),
        headers,
        BodyLength::None,
    )
    .unwrap();
    let (outcome, _) = world.perform(&other, Vec::new()).await;
    assert!(outcome.unwrap_err().reason().contains("made for 127.0.0.1"));
    assert_eq!(world.records.lock().unwrap().len(), 3);
    assert!(!world.server.is_finished());
    world.server.abort();
}

#[tokio::test]
async fn a_body_is_as_long_as_it_says_or_nothing() {
    for chunks in [vec![b"abc".to_vec()], vec![b"abcdef".to_vec()]] {
        let world = World::answering("").await;
        let request = world.request("127.0.0.1", "POST", BodyLength::Bytes(5));
        let (outcome, _) = world.perform(&request, chunks).await;
        assert!(
            matches!(outcome, Err(NetworkError::BodyLength)),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_host_may_answer_before_it_has_read_everything() {
    let world = World::answering("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n").await;
    let request = world.request("127.0.0.1", "POST", BodyLength::Bytes(64 << 20));
    let (outcome, kept) = world.perform(&request, vec![vec![0; 1 << 20]; 64]).await;
    // The answer may be lost when the host closes with a body unread; then that is said.
    match outcome {
        Ok(()) => assert_eq!(kept.heads[0].status, 413),
        Err(error) => assert!(matches!(error, NetworkError::Reset { .. }), "{error}"),
    }
}

#[tokio::test]
async fn a_host_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (_stream, _) = listener.accept().await.unwrap();
        std::future::pending().await
    });
    let mut world = World::new(port, &["127.0.0.1"], &[], server);
    world.client = world.client.with_patience(Duration::from_millis(50));
    let (outcome, _) = world.get().await;
    assert!(
        matches!(outcome, Err(NetworkError::Silent { .. })),
        "{outcome:?}"
    );
    world.server.abort();
}

#[tokio::test]
async fn closing_the_broker_ends_what_is_on_the_way() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (reached, arrived) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 16];
        stream.read_exact(&mut read).await.unwrap();
        reached.send(()).unwrap();
        // Until the other side closes.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        rest
    });
    let world = World::new(port, &["127.0.0.1"], &[], server);
    let (done, ()) = tokio::join!(world.get(), async {
        arrived.await.unwrap();
        world.broker.close();
    });
    assert!(done.0.is_err());
    world.server.await.unwrap();
}

async fn secure_world(hosts: &[&str]) -> World {
    let key = PrivateKeyDer::try_from(include_bytes!("tests/host-key.der").to_vec()).unwrap();
    let certificate = CertificateDer::from(include_bytes!("tests/host.der").to_vec());
    let configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(configuration));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match acceptor.accept(stream).await {
            Ok(stream) => {
                serve(
                    stream,
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
                )
                .await
            }
            Err(_) => Vec::new(),
        }
    });
    let mut granted = vec!["127.0.0.1"];
    granted.extend(hosts);
    World::new(port, &granted, &["GET"], server)
}

#[tokio::test]
async fn methods_are_limited_inside_of_tls_too() {
    let world = secure_world(&["secure.test"]).await;
    let refused = world.request("secure.test", "POST", BodyLength::None);
    let (outcome, _) = world.perform(&refused, Vec::new()).await;
    assert!(
        matches!(outcome, Err(NetworkError::Refused(_))),
        "{outcome:?}"
    );
    let allowed = world.request("secure.test", "GET", BodyLength::None);
    let (outcome, kept) = world.perform(&allowed, Vec::new()).await;
    outcome.unwrap();
    assert_eq!(kept.body, b"ok");
    assert!(
        world
            .server
            .await
            .unwrap()
            .starts_with(b"GET /p?q=secret HTTP/1.1\r\n")
    );
}

#[tokio::test]
async fn a_certificate_of_another_name_or_authority_is_not_trusted() {
    let world = secure_world(&["secure-not.test"]).await;
    let request = world.request("secure-not.test", "GET", BodyLength::None);
    let (outcome, _) = world.perform(&request, Vec::new()).await;
    assert!(
        matches!(outcome, Err(NetworkError::Untrusted { .. })),
        "{outcome:?}"
    );

    let mut world = secure_world(&["secure.test"]).await;
    world.client = HttpClient::new(Certificates::These(Vec::new()));
    let request = world.request("secure.test", "GET", BodyLength::None);
    let (outcome, _) = world.perform(&request, Vec::new()).await;
    let reason = outcome.unwrap_err().reason();
    assert!(reason.contains("trusts no certificates"), "{reason}");
}
