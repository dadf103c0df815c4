//! Agents over HTTP: who is let in, whose session it is, and when it ends.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::process::Stdio;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::free_port;
use crate::support::sandbox_holds;
use crate::support::until;

const CODE: &str = "
let count = 0;
module.exports = {
  next() { console.log('counting'); return ++count; },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("counter", &["next"], CODE);
    test
}

/// `mcp serve --http` that runs.
pub(crate) struct Server {
    child: Child,
    address: String,
    token: Option<PathBuf>,
}

impl Server {
    pub(crate) fn start(test: &TestEnvironment, more: &[&str]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut arguments = vec!["--json", "mcp", "serve", "--http", address.as_str()];
        arguments.extend(more);
        let mut child = test
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let report: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(report["url"], format!("http://{address}/mcp"), "{report}");
        Self {
            child,
            address,
            token: report["token_file"].as_str().map(PathBuf::from),
        }
    }

    pub(crate) fn bearer(&self) -> String {
        let token = fs_err::read_to_string(self.token.as_ref().unwrap()).unwrap();
        format!("Authorization: Bearer {}", token.trim())
    }

    /// Sends a request with these headers.
    fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut text = String::new();
        let mut stream = self.begin(method, path, headers, body);
        stream.read_to_string(&mut text).unwrap();
        Answer(text)
    }

    /// Sends a request, of whose answer nothing is read.
    pub(crate) fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let has_host = headers.iter().any(|header| header.starts_with("Host:"));
        let host = if has_host {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let headers: String = headers
            .iter()
            .map(|header| format!("{header}\r\n"))
            .collect();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\n{host}Connection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        stream
    }

    pub(crate) fn post(&self, headers: &[&str], message: &Value) -> Answer {
        self.send("POST", "/mcp", headers, &message.to_string())
    }

    pub(crate) fn stop(mut self) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        TcpStream::connect(&self.address).unwrap_err();
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer(String);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n").unwrap();
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The messages in it, of an event stream or alone.
    fn messages(&self) -> Vec<Value> {
        (self.0.lines())
            .map(|line| line.strip_prefix("data:").unwrap_or(line).trim())
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(Value::is_object)
            .collect()
    }

    pub(crate) fn result(&self) -> Value {
        let messages = self.messages();
        let answer = messages.iter().find(|message| message.get("id").is_some());
        answer.unwrap_or_else(|| panic!("{self:?}"))["result"].clone()
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }})
}

pub(crate) fn call(meta: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "counter_next", "arguments": {}, "_meta": meta,
    }})
}

/// One client's session of the revision that has them.
pub(crate) struct Client<'a> {
    server: &'a Server,
    headers: Vec<String>,
}

impl<'a> Client<'a> {
    pub(crate) fn greeted(server: &'a Server) -> Self {
        let client = Self::if_it_lasts(server);
        client.unwrap()
    }

    /// A session that has not ended before its client could say that it is ready.
    pub(crate) fn if_it_lasts(server: &'a Server) -> Option<Self> {
        let bearer = server.bearer();
        let answer = server.post(&[&bearer], &hello());
        assert_eq!(answer.status(), 200, "{answer:?}");
        let session = answer.header("mcp-session-id").unwrap();
        let client = Self {
            server,
            headers: vec![
                bearer,
                format!("Mcp-Session-Id: {session}"),
                "MCP-Protocol-Version: 2025-11-25".to_owned(),
            ],
        };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        (client.ask(&ready).status() == 202).then_some(client)
    }

    pub(crate) fn ask(&self, message: &Value) -> Answer {
        self.server.post(&self.headers(), message)
    }

    pub(crate) fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }

    pub(crate) fn next(&self) -> Value {
        self.ask(&call(json!({}))).result()["structuredContent"]["result"].clone()
    }
}

#[test]
fn a_session_is_a_clients_own_and_ends_when_it_says_so() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let (one, other) = (Client::greeted(&server), Client::greeted(&server));
    assert_eq!([one.next(), one.next(), other.next()], [1, 2, 1]);
    assert_eq!(
        server.send("DELETE", "/mcp", &one.headers(), "").status(),
        204
    );
    assert_eq!(one.ask(&call(json!({}))).status(), 404);
    assert_eq!(other.next(), 2);
    server.stop();
    // Nothing of any session is left, once their instances have said goodbye.
    let left = || test.run(&["ps", "--json"]).expect(0).json()["instances"].take();
    assert_eq!(until(left, |left| *left == json!([])), json!([]));
}

#[test]
fn the_trace_of_a_request_is_the_call_s_correlation_id() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let client = Client::greeted(&server);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for traceparent in [
        format!("00-{trace}-00f067aa0ba902b7-01"),
        "00-nonsense".to_owned(),
    ] {
        let answer = client.ask(&call(json!({"traceparent": traceparent})));
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
    let told = test.run(&["log", "--skill", "counter", "--json"]).expect(0);
    let entries: Vec<Value> = (told.stdout.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let calls: Vec<_> = (entries.iter().filter(|entry| entry["kind"] == "call"))
        .map(|call| call["correlation_id"] == trace)
        .collect();
    assert_eq!(calls, [true, false], "{}", told.stdout);
    server.stop();
}

#[test]
fn a_request_of_the_revision_without_sessions_may_name_one() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let bearer = server.bearer();
    let next = |session: Option<&str>| {
        let mut meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        if let Some(session) = session {
            meta["io.mycelium/session"] = session.into();
        }
        let headers = [
            bearer.as_str(),
            "MCP-Protocol-Version: 2026-07-28",
            "Mcp-Method: tools/call",
            "Mcp-Name: counter_next",
        ];
        let answer = server.post(&headers, &call(meta));
        answer.result()["structuredContent"]["result"].clone()
    };
    assert_eq!([next(None), next(None)], [1, 1]);
    assert_eq!(
        [next(Some("a")), next(Some("a")), next(Some("b"))],
        [1, 2, 1]
    );
    server.stop();
}

#[test]
fn whoever_has_no_token_or_comes_from_elsewhere_stays_outside() {
    let test = environment();
    let server = Server::start(&test, &["--allow-origin", "https://good.test:443"]);
    let bearer = server.bearer();
    let own_origin = format!("Origin: http://{}", server.address);
    for headers in [&[][..], &["Authorization: Bearer nonsense"]] {
        let answer = server.post(headers, &hello());
        assert_eq!(answer.status(), 401, "{answer:?}");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer")
        );
    }
    for (header, status) in [
        ("Host: evil.test", 403),
        ("Origin: https://evil.test", 403),
        ("Origin: null", 403),
        ("Origin: https://good.test", 200),
        (&own_origin, 200),
        ("Origin: http://localhost:1", 403),
    ] {
        let answer = server.post(&[&bearer, header], &hello());
        assert_eq!(answer.status(), status, "{header}: {answer:?}");
    }
    assert_eq!(
        server.send("GET", "/elsewhere", &[&bearer], "").status(),
        404
    );
    let garbage = server.send("POST", "/mcp", &[&bearer], "{\"half\":");
    assert!((400..500).contains(&garbage.status()), "{garbage:?}");
    assert_eq!(server.post(&[&bearer], &hello()).status(), 200);
    server.stop();
}

#[test]
fn everybody_is_let_in_on_this_machine_only() {
    let test = environment();
    let server = Server::start(&test, &["--no-auth"]);
    assert_eq!(server.token, None);
    assert_eq!(server.post(&[], &hello()).status(), 200);
    server.stop();
    let open = ["mcp", "serve", "--http", "0.0.0.0:0", "--no-auth"];
    let said = test.run(&open).expect(2).stderr;
    assert!(said.contains("loopback"), "{said}");
    let said = test
        .run(&["mcp", "serve", "--http", "nowhere"])
        .expect(2)
        .stderr;
    assert!(said.contains("nowhere"), "{said}");
    let said = test.run(&["mcp", "serve", "--no-auth"]).expect(2).stderr;
    assert!(said.contains("--http"), "{said}");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let test = environment();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = test
        .run(&["mcp", "serve", "--http", &address])
        .expect(70)
        .stderr;
    assert!(
        said.contains(&address) && said.contains("STATE_UNAVAILABLE"),
        "{said}"
    );
}

#[test]
fn another_daemon_takes_over_at_the_same_address() {
    let test = environment();
    let server = Server::start(&test, &[]);
    let before = test.daemon().unwrap();
    let process = rustix::process::pidfd_open(before, PidfdFlags::empty()).unwrap();
    rustix::process::kill_process(before, Signal::KILL).unwrap();
    let mut ended = [PollFd::new(&process, PollFlags::IN)];
    rustix::event::poll(&mut ended, None).unwrap();
    // The next one listens as soon as the loss is noticed; until then nobody answers.
    let bearer = server.bearer();
    until(|| TcpStream::connect(&server.address), Result::is_ok).unwrap();
    assert_eq!(server.post(&[&bearer], &hello()).status(), 200);
    assert_ne!(test.daemon().unwrap(), before);
    server.stop();
}

#[test]
fn a_client_that_asks_for_it_is_told_of_progress() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let client = Client::greeted(&server);
    let messages = client.ask(&call(json!({"progressToken": "p"}))).messages();
    let told: Vec<_> = (messages.iter())
        .filter(|message| message["method"] == "notifications/progress")
        .map(|message| &message["params"])
        .collect();
    assert!(
        told.iter().any(|told| told["message"] == "counting"),
        "{messages:?}"
    );
    let counts: Vec<_> = told
        .iter()
        .map(|told| told["progress"].as_f64().unwrap())
        .collect();
    assert!(counts.is_sorted_by(|one, next| one < next), "{counts:?}");
    assert!(told.iter().all(|told| told["progressToken"] == "p"));
    assert_eq!(messages.last().unwrap()["id"], 2);
    server.stop();
}
