//! Unmodified programs on the network: what is granted they reach, what is not they don't, and each is told.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::IpAddr;
use std::net::TcpListener;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_audit::Level;
use mycelium_protocol::Event;
use mycelium_protocol::NetworkRequest;
use mycelium_protocol::Operation;
use mycelium_protocol::RequestVerdict;
use mycelium_protocol::Violation;
use mycelium_protocol::ViolationLayer;
use mycelium_types::ErrorCode;
use mycelium_types::Limit;
use mycelium_types::Permission;
use serde_json::Value;
use serde_json::json;

use super::native::compile;
use super::world::World;

/// A server on this machine that answers every request on a connection, and notes their first lines.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, log) = (stream.unwrap(), Arc::clone(&log));
                std::thread::spawn(move || {
                    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let mut first = None;
                    for line in lines.map_while(Result::ok) {
                        if !line.is_empty() {
                            first.get_or_insert(line);
                            continue;
                        }
                        log.lock().unwrap().extend(first.take());
                        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// A name of this machine that leads to 127.0.0.1 and that a worker has to look up.
fn own_name() -> Option<String> {
    let name = fs_err::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_ascii_lowercase();
    let mut found = (name.as_str(), 0).to_socket_addrs().ok()?;
    let here = IpAddr::from([127, 0, 0, 1]);
    found.any(|address| address.ip() == here).then_some(name)
}

/// Says that a test cannot run here, which is a failure where every test must.
#[expect(clippy::print_stderr, reason = "a test that cannot run says why")]
pub(super) fn skip(reason: &str) {
    eprintln!("not run: {reason}");
    #[expect(clippy::disallowed_methods, reason = "it says how tests are to be run")]
    let required = std::env::var_os("MYCELIUM_TEST_REQUIRE");
    assert!(required.is_none_or(|value| value != "all"), "{reason}");
}

/// One kind of program, as a skill whose only method gets a URL's parts.
struct Client {
    name: &'static str,
    needs: &'static str,
    file: Vec<u8>,
    permissions: Vec<Value>,
}

fn clients() -> Vec<Client> {
    let script = |name, needs, text: &str, permissions| Client {
        name,
        needs,
        file: text.as_bytes().to_vec(),
        permissions,
    };
    let curl = vec![json!({"type": "process", "commands": ["curl"]})];
    vec![
        script(
            "curl",
            "/usr/bin/curl",
            "#!/bin/sh\nexec curl -sSf \"http://$2:$3$4\"\n",
            curl.clone(),
        ),
        script(
            "curl-without-proxy",
            "/usr/bin/curl",
            "#!/bin/sh\nexec curl -sSf --noproxy '*' \"http://$2:$3$4\"\n",
            curl,
        ),
        script(
            "python",
            "/usr/bin/python3",
            "#!/usr/bin/python3 -IS\nimport sys, urllib.request\n\
             url = 'http://%s:%s%s' % tuple(sys.argv[2:])\n\
             print(urllib.request.urlopen(url).read().decode(), end='')\n",
            Vec::new(),
        ),
        script(
            "node",
            "/usr/bin/node",
            "#!/usr/bin/node\nconst [host, port, path] = process.argv.slice(3);\n\
             const answer = await fetch(`http://${host}:${port}${path}`);\n\
             if (!answer.ok) throw new Error(String(answer.status));\n\
             process.stdout.write(await answer.text());\n",
            Vec::new(),
        ),
        Client {
            name: "static",
            needs: "/usr/bin/cc",
            file: reach(),
            permissions: Vec::new(),
        },
    ]
}

fn reach() -> Vec<u8> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join("reach");
    compile("tests/programs/reach.c", &program);
    fs_err::read(program).unwrap()
}

/// Installs a client that may reach `hosts`.
async fn install(world: &World, client: &Client, hosts: &[String], methods: &[&str]) {
    let mut permissions = client.permissions.clone();
    if !hosts.is_empty() {
        permissions.push(json!({"type": "network", "hosts": hosts, "methods": methods}));
    }
    let manifest = json!({
        "engine": "native", "protocol": "argv", "exports": ["get"], "permissions": permissions,
        "limits": {"wallSeconds": 120, "cpuSeconds": 60},
    });
    // An ES module, for Node's sake.
    let file = if client.name == "node" {
        "run.mjs"
    } else {
        "run"
    };
    world.program(client.name, manifest, file, &client.file);
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    world.trust(client.name).await;
}

/// The requests among events.
fn requests(events: &[Event]) -> Vec<NetworkRequest> {
    let only = |event: &Event| match event {
        Event::NetworkRequest(request) => Some(request.clone()),
        _ => None,
    };
    events.iter().filter_map(only).collect()
}

/// The connections among events that were refused.
fn refused_connections(events: &[Event]) -> Vec<Violation> {
    let only = |event: &Event| match event {
        Event::Violation(violation) => Some(violation.clone()),
        _ => None,
    };
    let violations = events.iter().filter_map(only);
    violations
        .filter(|violation| violation.operation == Operation::Connect)
        .collect()
}

/// What the skill called `name` does with a granted place and then with others.
async fn try_client(name: &str) {
    let client = clients().into_iter().find(|one| one.name == name).unwrap();
    if !Path::new(client.needs).exists() {
        return skip(&format!("there is no {}", client.needs));
    }
    let host = own_name().unwrap_or_else(|| "127.0.0.1".to_owned());
    let server = Server::start();
    let port = server.port;
    let world = World::new();
    let hosts = [format!("{host}:{port}"), format!("127.0.0.1:{port}")];
    install(&world, &client, &hosts, &["GET"]).await;

    let args = json!([host, port.to_string(), "/x?secret=1"]);
    assert_eq!(world.value(name, "get", args).await, json!("hello"));
    assert_eq!(server.heard(), ["GET /x?secret=1 HTTP/1.1"]);
    let events = world.heard();
    assert_eq!(refused_connections(&events), []);
    let told = requests(&events);
    let request = told
        .iter()
        .find(|request| request.verdict == RequestVerdict::Allowed)
        .unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(
        (request.host.as_str(), request.port),
        (host.as_str(), Some(port))
    );
    assert_eq!(request.method.as_deref(), Some("GET"));
    assert_eq!(request.path.as_deref(), Some("/x"));
    assert_eq!(request.address, Some([127, 0, 0, 1].into()));
    assert!(request.bytes_sent > 0 && request.bytes_received > 5);

    let processes = world.runtime.processes().await.unwrap();
    let usage = &processes.instances[0].usage;
    let bandwidth = usage.iter().find(|one| one.limit == Limit::Bandwidth);
    let carried = bandwidth.and_then(|one| one.used).unwrap();
    assert!(carried > 0.0 && carried < 10.0, "{carried}");

    let denied = Server::start();
    for host in ["denied.test", "127.0.0.1", host.as_str()] {
        let args = json!([host, denied.port.to_string(), "/y"]);
        let code = world.code(name, "get", args).await;
        assert_eq!(code, ErrorCode::SecurityViolation, "{host}");
        let events = world.heard();
        let (told, violations) = (requests(&events), refused_connections(&events));
        let violation = violations.last().unwrap();
        // At a port that no grant names nobody listens. The kernel refuses it, and the broker hears nothing.
        if host != "denied.test" && !matches!(name, "curl" | "python") {
            let is_about = |request: &NetworkRequest| request.port == Some(denied.port);
            assert!(!told.iter().any(is_about), "{told:?}");
            let place = format!("{host}:{}", denied.port);
            let about = violations.iter().filter(|one| one.attempted == place);
            assert_eq!(about.count(), 1, "{violations:?}");
            assert_eq!(violation.attempted, place);
            assert_eq!(violation.layer, ViolationLayer::Kernel);
        } else {
            let request = told.last().unwrap();
            assert_eq!(request.verdict, RequestVerdict::Refused, "{told:?}");
            assert_eq!(request.host, host);
            assert_eq!(violation.layer, ViolationLayer::Broker);
        }
        assert_eq!(violation.allowed, hosts);
        let Some(Permission::Network { hosts, .. }) = &violation.permission else {
            panic!("{violation:?}")
        };
        assert!(hosts[0].starts_with(host), "{hosts:?}");
    }
    assert!(denied.heard().is_empty());
    world.runtime.shutdown().await;
    // What was told is on record too, and nothing of what was sent.
    let requests = world.entries("request");
    let with = |verdict: &str| {
        let found = requests.iter().find(|it| it.detail["verdict"] == verdict);
        found.unwrap_or_else(|| panic!("no {verdict}: {requests:?}"))
    };
    let allowed = with("allowed");
    assert_eq!(allowed.detail["host"], host.as_str());
    assert_eq!(allowed.detail["path"], "/x");
    assert_eq!(allowed.level, Level::Ordinary);
    let refused = with("refused");
    assert_eq!(refused.detail["host"], "denied.test");
    assert_eq!(refused.level, Level::Security);
    assert!(!format!("{requests:?}").contains("secret=1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reaches_what_is_granted() {
    try_client("curl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_reaches_it_without_a_proxy() {
    try_client("curl-without-proxy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_reaches_what_is_granted() {
    try_client("python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_reaches_what_is_granted() {
    try_client("node").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_program_reaches_what_is_granted() {
    try_client("static").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_there_is_no_network() {
    let server = Server::start();
    let world = World::new();
    let client = clients()
        .into_iter()
        .find(|one| one.name == "static")
        .unwrap();
    install(&world, &client, &[], &[]).await;
    for host in ["example.test", "127.0.0.1", "198.18.0.1"] {
        world.heard();
        let args = json!([host, server.port.to_string(), "/"]);
        let report = world.exec("shell", "static", "get", args).await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SecurityViolation, "{host}");
        assert_eq!(error.context["operation"], "connect");
        let reason = &error.context["reason"];
        assert!(
            reason.contains("look-up") || reason.contains("connect"),
            "{reason}"
        );
    }
    assert!(server.heard().is_empty() && requests(&world.heard()).is_empty());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_granted_and_a_denied_host_are_refused() {
    let server = Server::start();
    let world = World::new();
    let client = clients()
        .into_iter()
        .find(|one| one.name == "static")
        .unwrap();
    let hosts = [format!("127.0.0.1:{}", server.port)];
    install(&world, &client, &hosts, &["POST"]).await;
    let args = || json!(["127.0.0.1", server.port.to_string(), "/"]);
    let code = world.code("static", "get", args()).await;
    assert_eq!(code, ErrorCode::SecurityViolation);

    let world = World::new();
    install(&world, &client, &hosts, &[]).await;
    assert_eq!(world.value("static", "get", args()).await, json!("hello"));
    world.configure(&json!({"security": {"deniedHosts": ["127.0.0.1"]}}));
    let code = world.code("static", "get", args()).await;
    assert_eq!(code, ErrorCode::SecurityViolation);
    assert_eq!(server.heard().len(), 1);
    world.runtime.shutdown().await;
}
