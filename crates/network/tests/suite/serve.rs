//! A worker's end, played by a test: what it may say and what it gets.

use std::net::TcpListener as StdListener;
use std::net::UdpSocket as StdSocket;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_network::Broker;
use mycelium_network::Gate;
use mycelium_network::Protocol;
use mycelium_network::RefusalReason;
use mycelium_network::RequestRecord;
use mycelium_network::Verdict;
use mycelium_network::WorkerSockets;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;

use super::world::Records;
use super::world::Table;
use super::world::broker;
use super::world::gate;
use super::world::limits;

/// A broker that serves, and a worker that can ask.
struct World {
    broker: Broker,
    records: Records,
    proxy: std::net::SocketAddr,
    lookups: std::net::SocketAddr,
}

impl World {
    fn new(gate: Gate) -> Self {
        let names = ["api.test", "other.test", "a.wild.test"];
        let answers: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (*name, &["127.0.0.1"][..]))
            .collect();
        let (broker, records) = broker(gate, limits(), Table::new(&answers));
        let proxy = StdListener::bind("127.0.0.1:0").unwrap();
        let lookups = StdSocket::bind("127.0.0.1:0").unwrap();
        let world = Self {
            broker,
            records,
            proxy: proxy.local_addr().unwrap(),
            lookups: lookups.local_addr().unwrap(),
        };
        world
            .broker
            .serve(WorkerSockets {
                lookups,
                proxy,
                direct: Vec::new(),
            })
            .unwrap();
        world
    }

    /// One with `api.test` at the port of `server`, and methods if there are any.
    fn for_server(server: &Server, methods: &str) -> Self {
        let grants = format!("api.test:{0} 127.0.0.1:{0}", server.port);
        Self::new(gate(&[(&grants, methods)], ""))
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy).await.unwrap()
    }

    /// A connection that the proxy has made for `place`.
    async fn tunnel(&self, place: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let ask = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = [0; 39];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 Connection established\r\n\r\n");
        stream
    }

    /// The only record, once there is one.
    async fn record(&self) -> RequestRecord {
        for _ in 0..60_000 {
            if let [record] = self.records.lock().unwrap().as_slice() {
                return record.clone();
            }
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("{:?}", self.records.lock().unwrap())
    }

    async fn refusal(&self) -> RefusalReason {
        match self.record().await.verdict {
            Verdict::Refused(refusal) => refusal.reason,
            other => panic!("{other:?}"),
        }
    }
}

/// What a server was sent, a connection each.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server that answers every request on a connection, as long as it is left open.
struct Server {
    port: u16,
    heard: Heard,
}

impl Server {
    /// One that says `greeting` first.
    async fn greeting(greeting: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Heard::default();
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let index = {
                    let mut log = log.lock().unwrap();
                    log.push(String::new());
                    log.len() - 1
                };
                tokio::spawn(Self::serve(stream, greeting, Arc::clone(&log), index));
            }
        });
        Self { port, heard }
    }

    async fn new() -> Self {
        Self::greeting("").await
    }

    async fn serve(mut stream: TcpStream, greeting: &str, log: Heard, index: usize) {
        let _ = stream.write_all(greeting.as_bytes()).await;
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let ends = text.ends_with("\r\n\r\n");
            log.lock().unwrap()[index].push_str(&text);
            if ends {
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Everything until the end, as text.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn ask(world: &World, text: &str) -> String {
    let mut stream = world.connect().await;
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

#[tokio::test]
async fn an_allowed_request_is_passed_on_answered_and_told() {
    let server = Server::new().await;
    let world = World::for_server(&server, "GET");
    let port = server.port;
    let answer = ask(
        &world,
        &format!(
            "GET http://API.test:{port}/a?token=1 HTTP/1.1\r\nHost: evil.test\r\nX: y\r\n\
             Proxy-Connection: keep-alive\r\n\r\n"
        ),
    )
    .await;
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    );
    let passed = format!(
        "GET /a?token=1 HTTP/1.1\r\nHost: api.test:{port}\r\nConnection: close\r\nX: y\r\n\r\n"
    );
    assert_eq!(server.heard(), std::slice::from_ref(&passed));
    let record = world.record().await;
    assert_eq!(record.protocol, Protocol::Http);
    assert_eq!(
        (record.host.as_str(), record.port),
        ("api.test", Some(port))
    );
    assert_eq!(record.method, Some("GET".parse().unwrap()));
    assert_eq!(record.path.as_deref(), Some("/a"));
    assert_eq!(record.bytes_sent, passed.len() as u64);
    assert_eq!(record.bytes_received, 43);
    assert_eq!(record.verdict, Verdict::Allowed);
}

#[tokio::test]
async fn a_denied_request_is_answered_with_the_permission_it_would_take() {
    let server = Server::new().await;
    let world = World::for_server(&server, "GET");
    let answer = ask(
        &world,
        "GET http://evil.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(
        answer.contains(r#""permission":{"type":"network","hosts":["evil.test:80"]}"#),
        "{answer}"
    );
    assert_eq!(world.refusal().await, RefusalReason::HostNotGranted);
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_method_that_is_not_granted_is_refused() {
    let server = Server::new().await;
    let world = World::for_server(&server, "GET");
    let port = server.port;
    let answer = ask(
        &world,
        &format!("POST http://api.test:{port}/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    )
    .await;
    assert!(answer.contains(r#""methods":["GET","POST"]"#), "{answer}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn what_follows_the_one_request_goes_nowhere() {
    let server = Server::new().await;
    let world = World::for_server(&server, "");
    let port = server.port;
    for second in [
        format!("GET http://api.test:{port}/second HTTP/1.1\r\nHost: api.test\r\n\r\n"),
        "GET http://evil.test/second HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_owned(),
    ] {
        let first = format!("GET http://api.test:{port}/first HTTP/1.1\r\nHost: api.test\r\n\r\n");
        // In one piece, and after the first answer.
        let answer = ask(&world, &format!("{first}{second}")).await;
        assert_eq!(answer.matches("hello").count(), 1, "{answer}");
        let mut stream = world.connect().await;
        stream.write_all(first.as_bytes()).await.unwrap();
        let mut piece = [0; 10];
        stream.read_exact(&mut piece).await.unwrap();
        let _ = stream.write_all(second.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert_eq!(answer.matches("hello").count(), 1, "{answer}");
    }
    let heard = server.heard();
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|one| !one.contains("second")), "{heard:?}");
}

#[tokio::test]
async fn a_connection_is_for_the_host_it_was_made_for() {
    let server = Server::new().await;
    let grants = format!("api.test:{0} other.test:{0} 127.0.0.1:{0}", server.port);
    let place = format!("api.test:{}", server.port);
    for request in [
        "GET / HTTP/1.1\r\nHost: other.test\r\n\r\n".to_owned(),
        format!(
            "GET / HTTP/1.1\r\nHost: api.test:{}\r\n\r\n",
            server.port ^ 1
        ),
        format!(
            "GET http://other.test:{}/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
            server.port
        ),
        format!("CONNECT other.test:{} HTTP/1.1\r\n\r\n", server.port),
    ] {
        let world = World::new(gate(&[(&grants, "")], ""));
        let mut stream = world.tunnel(&place).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{request} {answer}");
        assert!(
            matches!(world.refusal().await, RefusalReason::OtherHost { .. }),
            "{request}"
        );
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn smuggled_requests_go_nowhere() {
    let server = Server::new().await;
    for (request, status) in [
        (
            "POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
            "403",
        ),
        (
            "GET / HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\n\r\n",
            "403",
        ),
        ("GET / HTTP/1.1\nHost: api.test\n\n", "403"),
    ] {
        let world = World::for_server(&server, "");
        let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{request} {answer}"
        );
    }
    assert!(server.heard().is_empty());

    let world = World::for_server(&server, "");
    let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
    let request = "POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabcGET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await;
    assert!(matches!(
        world.refusal().await,
        RefusalReason::Ambiguous { .. }
    ));
    assert!(server.heard().iter().all(|one| !one.contains("smuggled")));
}

/// A TLS greeting for `name`.
fn greeting(name: &str) -> Vec<u8> {
    let sized = |bytes: &[u8]| {
        let mut all = (bytes.len() as u16).to_be_bytes().to_vec();
        all.extend_from_slice(bytes);
        all
    };
    let mut entry = vec![0];
    entry.extend(sized(name.as_bytes()));
    let mut extension = vec![0, 0];
    extension.extend(sized(&sized(&entry)));
    let mut body = vec![3, 3];
    body.extend([1; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend(sized(&extension));
    let mut message = vec![1, 0];
    message.extend(sized(&body));
    let mut record = vec![22, 3, 1];
    record.extend(sized(&message));
    record
}

#[tokio::test]
async fn tls_is_passed_on_for_the_name_that_was_granted_only() {
    let server = Server::new().await;
    let place = format!("api.test:{}", server.port);
    let world = World::for_server(&server, "");
    let mut stream = world.tunnel(&place).await;
    stream.write_all(&greeting("api.test")).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
    let record = world.record().await;
    assert_eq!(
        (record.protocol, record.verdict),
        (Protocol::Tls, Verdict::Allowed)
    );
    assert_eq!(record.bytes_sent, greeting("api.test").len() as u64 + 4);

    let connections = server.heard().len();
    for name in ["other.test", "evil.test", "127.0.0.1"] {
        let world = World::for_server(&server, "");
        let mut stream = world.tunnel(&place).await;
        stream.write_all(&greeting(name)).await.unwrap();
        let mut alert = Vec::new();
        stream.read_to_end(&mut alert).await.unwrap();
        assert_eq!(alert, [21, 3, 3, 0, 2, 2, 49], "{name}");
        assert!(
            matches!(
                world.refusal().await,
                RefusalReason::OtherHost { .. } | RefusalReason::Ambiguous { .. }
            ),
            "{name}"
        );
    }
    assert_eq!(server.heard().len(), connections);
}

#[tokio::test]
async fn a_method_limit_refuses_what_it_cannot_see() {
    let server = Server::new().await;
    for bytes in [greeting("api.test"), b"\0\0binary".to_vec()] {
        let world = World::for_server(&server, "GET");
        let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
        stream.write_all(&bytes).await.unwrap();
        rest(&mut stream).await;
        assert!(
            matches!(
                world.refusal().await,
                RefusalReason::MethodUnseen { .. } | RefusalReason::NotUnderstood
            ),
            "{bytes:?}"
        );
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn other_protocols_are_passed_on_to_the_granted_place_and_a_host_may_speak_first() {
    let server = Server::greeting("220 ready\r\n").await;
    let world = World::for_server(&server, "");
    let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
    let mut said = [0; 11];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"220 ready\r\n");
    stream.write_all(b"QUIT\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
    let record = world.record().await;
    assert_eq!(
        (record.protocol, record.verdict),
        (Protocol::Tcp, Verdict::Allowed)
    );
    assert_eq!(server.heard(), ["QUIT\r\n\r\n"]);
}

#[tokio::test]
async fn who_is_silent_first_is_looked_at_all_the_same() {
    let server = Server::new().await;
    let world = World::for_server(&server, "");
    let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
    // The server does not speak first either; its connection is there before ours says a word.
    while server.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    stream.write_all(&greeting("evil.test")).await.unwrap();
    rest(&mut stream).await;
    assert_eq!(server.heard(), [""]);
}

/// The clock of these runs on when nothing else does, so a wait that is over is over at once.
#[tokio::test(start_paused = true)]
async fn who_never_comes_to_the_point_is_given_up() {
    let server = Server::new().await;
    let world = World::for_server(&server, "GET");
    for start in ["", "GET http://api", "GET http://api.test/ HTTP/1.1\r\nX: "] {
        let mut stream = world.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut stream).await, "", "{start}");
    }
    let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
    stream.write_all(&greeting("api.test")[..20]).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn the_proxy_is_a_proxy_only() {
    let server = Server::new().await;
    let world = World::for_server(&server, "");
    let path = ask(&world, "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    assert!(
        path.starts_with("HTTP/1.1 400") && path.contains("This is a proxy"),
        "{path}"
    );
    let denied = ask(&world, "CONNECT evil.test:443 HTTP/1.1\r\n\r\n").await;
    assert!(denied.starts_with("HTTP/1.1 403"), "{denied}");
    let port = ask(&world, "CONNECT api.test:22 HTTP/1.1\r\n\r\n").await;
    assert!(port.starts_with("HTTP/1.1 403"), "{port}");
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_said_to_be_so() {
    let closed = {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let grants = format!("api.test 127.0.0.1:{closed}");
    let world = World::new(gate(&[(&grants, "")], ""));
    let answer = ask(
        &world,
        &format!("GET http://api.test:{closed}/ HTTP/1.1\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    let private = ask(&world, "GET http://api.test:1/ HTTP/1.1\r\n\r\n").await;
    assert!(private.contains("not on the internet"), "{private}");
}

#[tokio::test]
async fn closing_ends_what_the_worker_has_open() {
    let server = Server::greeting("x").await;
    let world = World::for_server(&server, "");
    let mut stream = world.tunnel(&format!("api.test:{}", server.port)).await;
    stream.read_u8().await.unwrap();
    world.broker.close();
    assert_eq!(rest(&mut stream).await, "");
    // The listener is gone with the broker's tasks.
    while let Ok(mut stream) = TcpStream::connect(world.proxy).await {
        assert_eq!(rest(&mut stream).await, "");
    }
}

fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut message = vec![1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, kind, 0, 1]);
    message
}

#[tokio::test]
async fn look_ups_of_granted_names_get_an_address_and_others_none() {
    let world = World::new(gate(&[("api.test *.wild.test", "")], ""));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(world.lookups).await.unwrap();
    let look_up = async |name: &str, kind| {
        socket.send(&question(name, kind)).await.unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await.unwrap();
        (answer[3] & 15, answer[..length].to_vec())
    };
    let (code, first) = look_up("api.test", 1).await;
    assert_eq!((code, &first[first.len() - 4..]), (0, &[198, 18, 0, 1][..]));
    let (_, second) = look_up("A.wild.test", 1).await;
    assert_eq!(second[second.len() - 4..], [198, 18, 0, 2]);
    assert_eq!(look_up("api.test", 1).await.1[..], first[..]);
    let (code, none) = look_up("api.test", 28).await;
    assert_eq!((code, none[7]), (0, 0));
    assert!(world.records.lock().unwrap().is_empty());
    let (code, _) = look_up("secret-data.evil.test", 1).await;
    assert_eq!(code, 3);
    let record = world.record().await;
    assert_eq!(record.protocol, Protocol::Name);
    assert_eq!(record.host, "secret-data.evil.test");
    // What is no question is not answered, and the next one is.
    socket.send(b"nonsense").await.unwrap();
    assert_eq!(look_up("wild.test", 1).await.0, 3);
}
