//! Servers that do as they should, and servers that do not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_mcp::ServerPool;
use mycelium_protocol::control::ServerState;
use mycelium_runtime::ServerClient as _;
use mycelium_runtime::ServerPlace;
use mycelium_runtime::ServerProgram;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ToolCall;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Value;
use serde_json::json;

/// A server in a few lines of shell: what `CALL` says answers calls; `answer` takes the rest of the answer.
const SERVER: &str = r#"
answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
said() { answer '"result":{"content":[{"type":"text","text":"'"$1"'"}]}'; }
tools='{"name":"go","inputSchema":{"type":"object","properties":{"n":{"type":"number"}}}}'
calls=0
while read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  case "$line" in
    *'"method":"server/discover"'*) answer '"error":{"code":-32601,"message":"unknown method"}' ;;
    *'"method":"initialize"'*) answer '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"resources":{}},"serverInfo":{"name":"fake","version":"1.2"}}' ;;
    *'"method":"tools/list"'*) answer '"result":{"tools":['"$tools"']}' ;;
    *'"method":"resources/list"'*) answer '"result":{"resources":[{"uri":"x://a","name":"a"}]}' ;;
    *'"method":"resources/read"'*) answer '"result":{"contents":[{"uri":"x://a","text":"content"}]}' ;;
    *'"method":"tools/call"'*) calls=$((calls + 1)); CALL ;;
  esac
done
"#;

/// The server whose calls are answered by `call`.
fn server(call: &str) -> ServerTarget {
    shell(&SERVER.replace("CALL", call))
}

fn shell(script: &str) -> ServerTarget {
    program("/bin/sh", &["-c", script])
}

fn program(program: &str, args: &[&str]) -> ServerTarget {
    ServerTarget {
        name: "fake".to_owned(),
        place: ServerPlace::Program(ServerProgram {
            program: program.to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            folder: PathBuf::from("/"),
        }),
        idle: Duration::from_secs(600),
    }
}

pub(crate) fn call(tool: &str, arguments: Value) -> ToolCall {
    ToolCall {
        tool: tool.to_owned(),
        arguments: arguments.as_object().unwrap().clone(),
        timeout: Duration::from_secs(60),
    }
}

pub(crate) async fn go(pool: &ServerPool, target: &ServerTarget) -> Result<Value, ErrorReport> {
    pool.call(target.clone(), call("go", json!({}))).await
}

pub(crate) fn text(result: &Result<Value, ErrorReport>) -> &str {
    result.as_ref().unwrap()["content"][0]["text"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn a_server_is_described_called_and_read() {
    let pool = ServerPool::new();
    let target = server("said hello");
    assert_eq!(pool.state(&target), ServerState::Idle);
    let told = pool.describe(target.clone()).await.unwrap();
    assert_eq!(
        (told.title.as_deref(), told.protocol.as_str()),
        (Some("fake"), "2025-11-25")
    );
    assert_eq!(told.tools[0].name, "go");
    assert_eq!(told.resources[0]["uri"], "x://a");
    assert_eq!(pool.state(&target), ServerState::Connected);
    let result = go(&pool, &target).await;
    assert_eq!(
        result,
        Ok(json!({"content": [{"type": "text", "text": "hello"}]}))
    );
    let read = pool.read(target.clone(), "x://a".to_owned()).await;
    assert_eq!(read.unwrap()[0]["text"], "content");
    pool.close().await;
    assert_eq!(pool.state(&target), ServerState::Idle);
}

#[tokio::test]
async fn one_connection_serves_everybody_and_idle_ones_are_closed() {
    let pool = ServerPool::new();
    let mut target = server("said \"$$ $calls\"");
    target.idle = Duration::from_millis(1);
    let (first, second) = tokio::join!(go(&pool, &target), go(&pool, &target));
    let process = |result: &Result<Value, ErrorReport>| {
        let words = text(result).split_once(' ').unwrap();
        words.0.to_owned()
    };
    assert_eq!(process(&first), process(&second));
    while pool.state(&target) == ServerState::Connected {
        tokio::task::yield_now().await;
    }
    assert_ne!(process(&go(&pool, &target).await), process(&first));
    pool.close().await;
}

#[tokio::test]
async fn arguments_and_promises_are_checked() {
    let pool = ServerPool::new();
    let target = server("said \"$calls\"");
    let refused = pool
        .call(target.clone(), call("go", json!({"n": "one"})))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ToolArgumentsInvalid);
    assert!(refused.context["reason"].starts_with("/n: "));
    assert_eq!(
        text(&go(&pool, &target).await),
        "1",
        "it was not asked before"
    );
    let unknown = pool.call(target.clone(), call("goo", json!({}))).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ToolNotFound);
    assert_eq!(unknown.context["suggestion"], "go");
    pool.close().await;

    let promising = SERVER.replace(
        r#""inputSchema":{"#,
        r#""outputSchema":{"type":"object","required":["a"]},"inputSchema":{"#,
    );
    for (answer, is_kept) in [
        (
            r#"answer '"result":{"content":[],"structuredContent":{"a":1}}'"#,
            true,
        ),
        (
            r#"answer '"result":{"content":[],"structuredContent":{}}'"#,
            false,
        ),
        ("said nothing", false),
    ] {
        let target = shell(&promising.replace("CALL", answer));
        match go(&pool, &target).await {
            Ok(result) => assert_eq!(result["structuredContent"]["a"], 1, "{answer}"),
            Err(error) => assert!(
                !is_kept && error.code == ErrorCode::ServerInvalid,
                "{answer}: {error}"
            ),
        }
    }
    pool.close().await;
}

#[tokio::test]
async fn failures_are_in_the_server_s_words() {
    let pool = ServerPool::new();
    for answer in [
        r#"answer '"result":{"isError":true,"content":[{"type":"text","text":"no disk"}]}'"#,
        r#"answer '"error":{"code":-32000,"message":"no disk"}'"#,
    ] {
        let error = go(&pool, &server(answer)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ToolFailed);
        assert_eq!(error.context["reason"], "no disk");
    }
    pool.close().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_started_says_why_and_is_left_alone() {
    let pool = ServerPool::new();
    let target = program("/nowhere/server", &[]);
    let reason = |error: ErrorReport| {
        assert_eq!(error.code, ErrorCode::ServerUnavailable);
        (
            error.context["cause"].clone(),
            error.context["reason"].clone(),
        )
    };
    for _ in 0..3 {
        let (cause, why) = reason(go(&pool, &target).await.unwrap_err());
        assert!(
            cause == "failed" && why.contains("/nowhere/server"),
            "{why}"
        );
    }
    let (cause, why) = reason(go(&pool, &target).await.unwrap_err());
    assert!(cause == "breaker" && why.contains("3 times"), "{why}");
    assert_eq!(pool.state(&target), ServerState::Refused);
    let ends = shell("echo 'no licence' >&2; exit 3");
    let (_, why) = reason(go(&pool, &ends).await.unwrap_err());
    assert!(why.contains("no licence"), "{why}");
}

#[tokio::test]
async fn one_that_is_silent_lies_or_floods_is_left_alone_too() {
    let pool = ServerPool::new();
    let promising = SERVER.replace(
        r#""inputSchema":{"#,
        r#""outputSchema":{"type":"object","required":["a"]},"inputSchema":{"#,
    );
    let other = server("said well");
    for (target, code) in [
        (server(":"), ErrorCode::ServerTimeout),
        (
            shell(&promising.replace("CALL", "said nothing")),
            ErrorCode::ServerInvalid,
        ),
        (
            server("head -c 100000000 /dev/zero | tr '\\0' x"),
            ErrorCode::ServerOutputLimit,
        ),
    ] {
        let mut asked = call("go", json!({}));
        if code == ErrorCode::ServerTimeout {
            asked.timeout = Duration::from_millis(200);
        }
        for _ in 0..3 {
            let error = pool.call(target.clone(), asked.clone()).await.unwrap_err();
            assert_eq!(error.code, code, "{error}");
        }
        let refused = pool.call(target.clone(), asked).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::ServerUnavailable, "{code}");
        assert_eq!(refused.context["cause"], "breaker", "{code}");
        assert_eq!(pool.state(&target), ServerState::Refused, "{code}");
        assert_eq!(text(&go(&pool, &other).await), "well", "{code}");
    }
    pool.close().await;
}

#[tokio::test]
async fn silence_is_a_coded_error_and_the_request_is_taken_back() {
    let pool = ServerPool::new();
    // The first call is never answered; what the second one is told is whether it was cancelled.
    let script = SERVER
        .replace("CALL", "[ $calls = 1 ] || said \"$cancelled\"")
        .replace(
            "esac",
            "*'notifications/cancelled'*) cancelled=cancelled ;; esac",
        );
    let target = shell(&script);
    // Its tools are known then, and the time is that of the call alone.
    pool.call(target.clone(), call("none", json!({})))
        .await
        .unwrap_err();
    let mut silent = call("go", json!({}));
    silent.timeout = Duration::from_millis(200);
    let error = pool.call(target.clone(), silent).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerTimeout);
    assert_eq!(text(&go(&pool, &target).await), "cancelled");
    pool.close().await;
}

#[tokio::test]
async fn answers_nobody_asked_for_change_nothing() {
    let pool = ServerPool::new();
    let target = server("said first; said second; id=4711; said nobody; echo garbage; echo '{'");
    for _ in 0..3 {
        assert_eq!(text(&go(&pool, &target).await), "first");
    }
    pool.close().await;
}

#[tokio::test]
async fn an_answer_of_100_megabytes_ends_the_connection_and_nothing_is_kept() {
    let pool = ServerPool::new();
    let flood = "head -c 100000000 /dev/zero | tr '\\0' x";
    let target = server(flood);
    let error = go(&pool, &target).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerOutputLimit, "{error}");
    assert_eq!(pool.state(&target), ServerState::Idle);
    pool.close().await;
}

#[tokio::test]
async fn a_server_that_dies_comes_back() {
    let pool = ServerPool::new();
    let target = server("[ $calls = 1 ] || { echo 'going down' >&2; exit 1; }; said \"$calls\"");
    assert_eq!(text(&go(&pool, &target).await), "1");
    let error = go(&pool, &target).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerUnavailable);
    assert!(error.retryable);
    assert_eq!(text(&go(&pool, &target).await), "1", "it is another one");
    pool.close().await;
}

#[tokio::test]
async fn tools_that_change_are_listed_again() {
    let pool = ServerPool::new();
    let change = r#"tools='{"name":"went","inputSchema":{"type":"object"}}';
        echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'; said changed"#;
    let target = server(change);
    assert_eq!(text(&go(&pool, &target).await), "changed");
    let went = pool.call(target.clone(), call("went", json!({}))).await;
    assert_eq!(text(&went), "changed");
    let told = pool.describe(target.clone()).await.unwrap();
    assert_eq!(told.tools[0].name, "went");
    let gone = go(&pool, &target).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::ToolNotFound);
    pool.close().await;
}

#[tokio::test]
async fn who_waits_for_a_resource_hears_of_its_change() {
    let pool = ServerPool::new();
    let silent = server("said hello");
    let uri = || "x://a".to_owned();
    let error = pool.changed(silent, uri(), Duration::from_secs(60)).await;
    assert_eq!(error.unwrap_err().code, ErrorCode::HostCallInvalid);

    // It tells of another one first. Only one subscription is made.
    let told = r#"told() { echo '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"'"$1"'"}}'; }"#;
    let script = SERVER
        .replace("CALL", "told x://a; told x://b; said \"$subscriptions\"")
        .replace(r#""resources":{}"#, r#""resources":{"subscribe":true}"#)
        .replace(
            "esac",
            "*'resources/subscribe'*) subscriptions=$((subscriptions + 1)); answer '\"result\":{}' ;; esac",
        );
    let target = shell(&format!("{told}\nsubscriptions=0\n{script}"));
    pool.describe(target.clone()).await.unwrap();
    for attempt in ["first", "second"] {
        let waits = pool.changed(target.clone(), uri(), Duration::from_secs(60));
        let (changed, called) = tokio::join!(waits, go(&pool, &target));
        assert_eq!(changed, Ok(true), "{attempt}");
        assert_eq!(text(&called), "1", "{attempt}");
        // It is subscribed to by now, so that this waits for a change only.
        let not_yet = pool
            .changed(target.clone(), uri(), Duration::from_millis(300))
            .await;
        assert_eq!(not_yet, Ok(false), "{attempt}");
    }
    pool.close().await;
}

#[tokio::test]
async fn more_tools_than_anybody_reads_are_refused() {
    let pool = ServerPool::new();
    let endless = SERVER.replace(
        r#"'"result":{"tools":['"$tools"']}'"#,
        r#"'"result":{"nextCursor":"more","tools":['"$tools"']}'"#,
    );
    let error = pool.describe(shell(&endless)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerInvalid, "{error}");
    pool.close().await;
}
