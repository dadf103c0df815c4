//! Servers over HTTP that do as they should, and servers that do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mycelium_mcp::ServerPool;
use mycelium_protocol::control::ServerState;
use mycelium_runtime::RemoteServer;
use mycelium_runtime::ServerClient as _;
use mycelium_runtime::ServerPlace;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ServerUrl;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::servers::call;
use super::servers::go;
use super::servers::text;
use super::web::Asked;
use super::web::Reply;
use super::web::Web;

pub(crate) fn target(web: &Web) -> ServerTarget {
    at(&format!("http://{}/mcp", web.address))
}

fn at(url: &str) -> ServerTarget {
    ServerTarget {
        name: "fake".to_owned(),
        place: ServerPlace::Remote(RemoteServer {
            url: ServerUrl::parse(url).unwrap(),
            headers: BTreeMap::from([("X-Key".to_owned(), "secret".to_owned())]),
        }),
        idle: Duration::from_secs(600),
    }
}

pub(crate) fn json_body(status: u16, body: &Value) -> Reply {
    let kind = ("content-type", "application/json".to_owned());
    Reply::Whole(status, vec![kind], body.to_string())
}

fn events(events: &[String]) -> Reply {
    let kind = ("content-type", "text/event-stream".to_owned());
    Reply::Whole(200, vec![kind], events.concat())
}

fn empty(status: u16) -> Reply {
    Reply::Whole(status, Vec::new(), String::new())
}

pub(crate) fn result(asked: &Asked, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": result})
}

fn said(asked: &Asked, text: &str) -> Value {
    result(asked, &json!({"content": [{"type": "text", "text": text}]}))
}

/// What a server of 2025-11-25 answers to everything but calls.
pub(crate) fn usual(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.body["method"].as_str()) {
        ("POST", Some("initialize")) => {
            let greeting = json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "fake", "version": "1.2"},
            });
            let headers = vec![
                ("content-type", "application/json".to_owned()),
                ("mcp-session-id", "session-1".to_owned()),
            ];
            Reply::Whole(200, headers, result(asked, &greeting).to_string())
        }
        ("POST", Some("server/discover")) => empty(400),
        ("POST", Some("tools/list")) => {
            let tools = json!({"tools": [{"name": "go", "inputSchema": {"type": "object"}}]});
            json_body(200, &result(asked, &tools))
        }
        ("POST", _) => empty(202),
        ("DELETE", _) => empty(200),
        _ => empty(405),
    }
}

/// A server whose calls are answered by `call`.
async fn server(call: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Web {
    Web::start(answering(call)).await
}

fn answering(
    call: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    move |asked| match asked.body["method"] == "tools/call" {
        true => call(asked),
        false => usual(asked),
    }
}

async fn fails(pool: &ServerPool, target: &ServerTarget) -> ErrorReport {
    go(pool, target).await.unwrap_err()
}

#[tokio::test]
async fn it_is_greeted_called_and_left_with_the_person_s_headers_and_its_session() {
    let pool = ServerPool::new();
    let web = server(|asked| json_body(200, &said(asked, "hello"))).await;
    let target = target(&web);
    let told = pool.describe(target.clone()).await.unwrap();
    assert_eq!(told.protocol, "2025-11-25");
    for _ in 0..3 {
        assert_eq!(text(&go(&pool, &target).await), "hello");
    }
    assert_eq!(pool.state(&target), ServerState::Connected);
    pool.close().await;
    let asked = web.asked();
    assert!(
        asked
            .iter()
            .all(|one| one.headers["x-key"] == "secret" && one.path == "/mcp")
    );
    let calls = asked
        .iter()
        .filter(|one| one.body["method"] == "tools/call");
    let sessions: Vec<_> = calls
        .map(|one| one.headers["mcp-session-id"].as_str())
        .collect();
    assert_eq!(sessions, ["session-1"; 3]);
    let last = asked.last().unwrap();
    assert_eq!(
        (
            last.method.as_str(),
            last.headers["mcp-session-id"].as_str()
        ),
        ("DELETE", "session-1")
    );
}

#[tokio::test]
async fn the_newest_revision_is_spoken_without_a_session() {
    let pool = ServerPool::new();
    let web = Web::start(|asked| match asked.body["method"].as_str() {
        Some("server/discover") => {
            let found = json!({
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "fake", "version": "2"},
            });
            json_body(200, &result(asked, &found))
        }
        Some("tools/call") => events(&[format!("data: {}\n\n", said(asked, "hello"))]),
        _ => usual(asked),
    })
    .await;
    let target = target(&web);
    assert_eq!(text(&go(&pool, &target).await), "hello");
    assert_eq!(pool.describe(target).await.unwrap().protocol, "2026-07-28");
    pool.close().await;
    let asked = web.asked();
    let asked = asked
        .iter()
        .find(|one| one.body["method"] == "tools/call")
        .unwrap();
    assert_eq!(asked.headers["mcp-method"], "tools/call");
    assert_eq!(asked.headers["mcp-name"], "go");
    assert_eq!(asked.headers["mcp-protocol-version"], "2026-07-28");
    assert!(!asked.headers.contains_key("mcp-session-id"));
}

#[tokio::test]
async fn changes_of_resources_come_on_a_stream() {
    let pool = ServerPool::new();
    let web = Web::start(|asked| match asked.body["method"].as_str() {
        Some("server/discover") => {
            let found = json!({
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"resources": {"subscribe": true}},
                "serverInfo": {"name": "fake", "version": "2"},
            });
            json_body(200, &result(asked, &found))
        }
        Some("subscriptions/listen") => {
            let meta = json!({"io.modelcontextprotocol/subscriptionId": asked.body["id"]});
            let wanted = asked.body["params"]["notifications"].clone();
            let granted = match wanted["resourceSubscriptions"][0] == "x://a" {
                true => wanted,
                false => json!({}),
            };
            let tell = |method: &str, mut params: Value| {
                params["_meta"] = meta.clone();
                let told = json!({"jsonrpc": "2.0", "method": method, "params": params});
                format!("data: {told}\n\n")
            };
            let accepted = json!({"notifications": granted});
            events(&[
                tell("notifications/subscriptions/acknowledged", accepted),
                tell("notifications/resources/updated", json!({"uri": "x://a"})),
            ])
        }
        _ => usual(asked),
    })
    .await;
    let wait = Duration::from_secs(60);
    let changed = |uri: &str| pool.changed(target(&web), uri.to_owned(), wait);
    assert_eq!(changed("x://a").await, Ok(true));
    let error = changed("x://b").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::HostCallInvalid, "{error}");
    pool.close().await;
}

#[tokio::test]
async fn a_server_that_does_not_know_the_newest_greeting_is_greeted_as_before() {
    let pool = ServerPool::new();
    let unknown = json!({"code": -32601, "message": "unknown method"});
    let answers: [fn(&Asked, &Value) -> Reply; 4] = [
        |asked, _| json_body(200, &result(asked, &json!({}))),
        |asked, error| {
            json_body(
                200,
                &json!({"jsonrpc": "2.0", "id": asked.body["id"], "error": error}),
            )
        },
        |_, error| json_body(404, &json!({"jsonrpc": "2.0", "id": null, "error": error})),
        |_, _| empty(405),
    ];
    for answer in answers {
        let unknown = unknown.clone();
        let web = Web::start(move |asked| match asked.body["method"].as_str() {
            Some("server/discover") => answer(asked, &unknown),
            _ => usual(asked),
        })
        .await;
        let told = pool.describe(target(&web)).await.unwrap();
        assert_eq!(told.protocol, "2025-11-25");
    }
    pool.close().await;
}

#[tokio::test]
async fn another_path_is_followed_and_another_server_hears_nothing() {
    let pool = ServerPool::new();
    let moved = |status, to: String| {
        move |_: &Asked| Reply::Whole(status, vec![("location", to.clone())], String::new())
    };
    let same = Web::start(|asked| match asked.path.as_str() {
        "/mcp" => Reply::Whole(307, vec![("location", "/mcp/".to_owned())], String::new()),
        _ if asked.body["method"] == "tools/call" => json_body(200, &said(asked, "hello")),
        _ => usual(asked),
    })
    .await;
    assert_eq!(text(&go(&pool, &target(&same)).await), "hello");
    let other = server(|asked| json_body(200, &said(asked, "stolen"))).await;
    for (status, to) in [
        (307, format!("http://{}/mcp", other.address)),
        (302, "/mcp/".to_owned()),
        (308, "/mcp".to_owned()),
    ] {
        let web = Web::start(moved(status, to.clone())).await;
        let error = fails(&pool, &target(&web)).await;
        assert_eq!(error.code, ErrorCode::ServerUnavailable);
        let reason = &error.context["reason"];
        assert!(reason.contains(&to), "{reason}");
    }
    assert!(other.asked().is_empty());
    pool.close().await;
}

#[tokio::test]
async fn silence_is_a_coded_error_and_leaves_nothing_behind() {
    let pool = ServerPool::new();
    let web = server(|_| Reply::Silence).await;
    let mut silent = call("go", json!({}));
    silent.timeout = Duration::from_millis(200);
    let error = pool.call(target(&web), silent).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerTimeout);
    pool.close().await;
}

#[tokio::test]
async fn answers_of_100_megabytes_are_not_kept() {
    let pool = ServerPool::new();
    for kind in ["application/json", "text/event-stream"] {
        let calls = AtomicUsize::new(0);
        let web = server(move |asked| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::Flood(kind, 100_000_000),
            _ => json_body(200, &said(asked, "less")),
        })
        .await;
        let target = target(&web);
        let error = fails(&pool, &target).await;
        assert_eq!(error.code, ErrorCode::ServerOutputLimit, "{kind}: {error}");
        assert_eq!(text(&go(&pool, &target).await), "less");
    }
    pool.close().await;
}

#[tokio::test]
async fn a_server_that_dies_comes_back_and_sessions_are_opened_anew() {
    let pool = ServerPool::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let number = Arc::clone(&calls);
    // It forgets its sessions: once it says so as it should, once as many do.
    let web = server(move |asked| match number.fetch_add(1, Ordering::Relaxed) {
        1 => empty(404),
        3 => json_body(
            400,
            &json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": "no session"}}),
        ),
        _ => json_body(200, &said(asked, "hello")),
    })
    .await;
    let (target, address) = (target(&web), web.address);
    for _ in 0..3 {
        assert_eq!(text(&go(&pool, &target).await), "hello");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5, "each is asked once more");
    drop(web);
    let error = fails(&pool, &target).await;
    assert_eq!(error.code, ErrorCode::ServerUnavailable, "{error}");
    assert!(error.retryable);
    let _web = Web::start_at(
        address,
        answering(|asked| json_body(200, &said(asked, "again"))),
    )
    .await;
    assert_eq!(text(&go(&pool, &target).await), "again");
    pool.close().await;
}

#[tokio::test]
async fn only_the_first_of_two_answers_counts() {
    let pool = ServerPool::new();
    let web = server(|asked| {
        let event = |text| format!("data: {}\n\n", said(asked, text));
        events(&[
            event("first"),
            event("second"),
            "data: garbage\n\n".to_owned(),
        ])
    })
    .await;
    for _ in 0..3 {
        assert_eq!(text(&go(&pool, &target(&web)).await), "first");
    }
    pool.close().await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_taken_up_where_it_was() {
    let pool = ServerPool::new();
    let kind = || vec![("content-type", "text/event-stream".to_owned())];
    let id = Arc::new(std::sync::Mutex::new(Value::Null));
    let web = Web::start(move |asked| match asked.body["method"].as_str() {
        Some("tools/call") => {
            *id.lock().unwrap() = asked.body["id"].clone();
            Reply::Broken(kind(), "retry: 1\nid: event-7\ndata:\n\n".to_owned())
        }
        None if asked.headers.get("last-event-id").is_some_and(|id| id == "event-7") => {
            let answer = json!({"jsonrpc": "2.0", "id": *id.lock().unwrap(), "result": {"content": [{"type": "text", "text": "late"}]}});
            events(&[format!("data: {answer}\n\n")])
        }
        _ => usual(asked),
    })
    .await;
    assert_eq!(text(&go(&pool, &target(&web)).await), "late");
    pool.close().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_what_to_do_and_others_what_is_wrong() {
    let pool = ServerPool::new();
    for status in [401, 403] {
        let web = Web::start(move |_| empty(status)).await;
        for _ in 0..4 {
            let error = fails(&pool, &target(&web)).await;
            assert_eq!(error.code, ErrorCode::ServerUnauthorized, "{error}");
            assert_eq!(error.context["status"], status.to_string());
        }
    }
    for (reply, expected, reason) in [
        (
            (500, "text/plain", "no disk"),
            ErrorCode::ServerUnavailable,
            "500: no disk",
        ),
        (
            (404, "text/html", "<p>nothing"),
            ErrorCode::ServerUnavailable,
            "does not know",
        ),
        (
            (200, "text/html", "<p>hello"),
            ErrorCode::ServerInvalid,
            "text/html",
        ),
        (
            (200, "application/json", "{"),
            ErrorCode::ServerInvalid,
            "EOF",
        ),
    ] {
        let (status, kind, body) = reply;
        let web = server(move |_| {
            Reply::Whole(
                status,
                vec![("content-type", kind.to_owned())],
                body.to_owned(),
            )
        })
        .await;
        let error = fails(&pool, &target(&web)).await;
        assert_eq!(error.code, expected, "{error}");
        assert!(error.context["reason"].contains(reason), "{error}");
    }
    pool.close().await;
}

#[tokio::test]
async fn what_is_not_secure_or_not_to_be_sent_is_told() {
    let pool = ServerPool::new();
    let web = server(|asked| json_body(200, &said(asked, "hello"))).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = at(&format!("https://{}/mcp", listener.local_addr().unwrap()));
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    });
    let error = fails(&pool, &plain).await;
    answering.await.unwrap();
    assert_eq!(error.code, ErrorCode::ServerUnavailable);
    assert!(error.context["reason"].contains("not secure"), "{error}");
    for header in ["Host", "Mcp-Session-Id", "no header"] {
        let mut target = target(&web);
        let ServerPlace::Remote(server) = &mut target.place else {
            unreachable!()
        };
        server.headers.insert(header.to_owned(), "x".to_owned());
        let error = fails(&pool, &target).await;
        assert_eq!(error.code, ErrorCode::ServerUnavailable);
        assert!(error.context["reason"].contains(header), "{error}");
    }
    assert!(web.asked().is_empty());
    pool.close().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_its_session_ended() {
    let pool = ServerPool::new();
    let web = server(|asked| json_body(200, &said(asked, "hello"))).await;
    let mut target = target(&web);
    target.idle = Duration::from_millis(1);
    assert_eq!(text(&go(&pool, &target).await), "hello");
    while pool.state(&target) == ServerState::Connected {
        tokio::task::yield_now().await;
    }
    pool.close().await;
    assert_eq!(web.asked().last().unwrap().method, "DELETE");
}
