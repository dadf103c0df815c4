//! What of a hostile worker's frames is taken.

use super::*;
use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Printed;
use mycelium_sandbox::WorkerKind;
use mycelium_types::Hook;
use serde_json::json;

fn hook() -> Request {
    Request::Hook(HookParams {
        hook: Hook::Init,
        argument: serde_json::Value::Null,
        context: None,
    })
}

/// A connection to a worker without network.
fn connected(ours: UnixStream, kind: WorkerKind, limits: &Limits) -> Connection {
    let exchanges = Exchanges::without_network();
    Connection::new(ours, kind, limits, exchanges, Records::none())
}

/// A worker that answers the first request with these frames.
async fn against(frames: Vec<serde_json::Value>) -> Result<String, ConnectionError> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let worker = tokio::spawn(async move {
        let mut request = [0; 4096];
        let _ = theirs.read(&mut request).await;
        let mut bytes = Vec::new();
        for frame in frames {
            encode_frame(&frame, &mut bytes).unwrap();
        }
        let _ = theirs.write_all(&bytes).await;
    });
    let mut seen = Vec::new();
    let limits = Limits {
        frame_mb: 1,
        log_lines_per_second: 10,
        ..Limits::default()
    };
    let mut connection = connected(ours, WorkerKind::Embedded, &limits);
    let answer = connection
        .request(hook(), 0, None, &mut |heard| match heard {
            Heard::Told(notification) => seen.push(notification),
            Heard::Refused(refusal) => panic!("{refusal}"),
            Heard::Requested(record) => panic!("{record:?}"),
            Heard::HostRefused(refusal) => panic!("{refusal:?}"),
            Heard::HostUsed(part) => panic!("{part:?}"),
        })
        .await;
    // A worker that still writes must find the connection closed, not a reader that has stopped.
    drop(connection);
    worker.await.unwrap();
    answer.map(|answer| format!("{} {seen:?}", answer.unwrap().get()))
}

#[tokio::test]
async fn passes_notifications_on_and_returns_the_answer() {
    let told = Notification::Console(Printed {
        level: ConsoleLevel::Info,
        text: "hi".to_owned(),
    });
    let frames = vec![
        serde_json::to_value(told.to_frame().unwrap()).unwrap(),
        json!({"jsonrpc": "2.0", "id": 1, "result": 5}),
    ];
    assert_eq!(
        against(frames).await.unwrap(),
        format!("5 {:?}", vec![told])
    );
}

#[tokio::test]
async fn hostile_answers_end_the_connection() {
    for (frames, part) in [
        (vec![], "closed"),
        (
            vec![json!({"jsonrpc": "2.0", "id": 2, "result": 5})],
            "unexpected",
        ),
        (vec![json!({"jsonrpc": "2.0", "id": 1})], "neither"),
        (vec![json!([1, 2])], "not JSON-RPC"),
        (vec![json!("x".repeat(3 << 20))], "larger"),
    ] {
        let error = against(frames).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let flood = Notification::Console(Printed {
        level: ConsoleLevel::Info,
        text: "x".repeat(900_000),
    });
    let frame = serde_json::to_value(flood.to_frame().unwrap()).unwrap();
    assert!(matches!(
        against(vec![frame.clone(), frame]).await,
        Err(ConnectionError::Flood)
    ));
}

#[tokio::test]
async fn more_lines_than_the_limit_end_the_connection() {
    let told = Notification::Console(Printed {
        level: ConsoleLevel::Info,
        text: "\n".repeat(10),
    });
    let frame = serde_json::to_value(told.to_frame().unwrap()).unwrap();
    assert!(matches!(
        against(vec![frame]).await,
        Err(ConnectionError::LineFlood)
    ));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_sent_and_the_next_one_is() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let limits = Limits {
        frame_mb: 1,
        ..Limits::default()
    };
    let mut connection = connected(ours, WorkerKind::Embedded, &limits);
    let large = Request::Hook(HookParams {
        hook: Hook::Init,
        argument: json!("x".repeat(2 << 20)),
        context: None,
    });
    let refused = connection.request(large, 0, None, &mut |_| {}).await;
    assert!(matches!(refused, Err(ConnectionError::Request(_))));
    let worker = tokio::spawn(async move {
        let mut request = [0; 4096];
        let length = theirs.read(&mut request).await.unwrap();
        let mut bytes = Vec::new();
        encode_frame(&json!({"jsonrpc": "2.0", "id": 2, "result": 1}), &mut bytes).unwrap();
        theirs.write_all(&bytes).await.unwrap();
        length
    });
    let answer = connection
        .request(hook(), 0, None, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(answer.unwrap().get(), "1");
    assert!(worker.await.unwrap() < 200);
}

/// Ready when it has been polled so often.
async fn polled(times: usize) {
    let mut left = times;
    std::future::poll_fn(|context| {
        left = left.saturating_sub(1);
        context.waker().wake_by_ref();
        match left {
            0 => std::task::Poll::Ready(()),
            _ => std::task::Poll::Pending,
        }
    })
    .await;
}

#[tokio::test]
async fn no_frame_is_lost_when_a_request_is_given_up_anywhere() {
    const LINES: usize = 3 * FRAMES_AT_ONCE;
    let told = Notification::Console(Printed {
        level: ConsoleLevel::Info,
        text: "hi".to_owned(),
    });
    let mut bytes = Vec::new();
    for _ in 0..LINES {
        encode_frame(&told.to_frame().unwrap(), &mut bytes).unwrap();
    }
    let mut answer = Vec::new();
    encode_frame(
        &json!({"jsonrpc": "2.0", "id": 1, "result": 5}),
        &mut answer,
    )
    .unwrap();
    for polls in 1..12 {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(&bytes).await.unwrap();
        let answer = answer.clone();
        let worker = tokio::spawn(async move {
            let mut request = [0; 4096];
            assert_ne!(theirs.read(&mut request).await.unwrap(), 0);
            theirs.write_all(&answer).await.unwrap();
            theirs
        });
        let limits = Limits {
            log_lines_per_second: 10_000,
            ..Limits::default()
        };
        let exchanges = Exchanges::without_network();
        let mut connection = Connection::new(
            ours,
            WorkerKind::Embedded,
            &limits,
            exchanges,
            Records::none(),
        );
        let mut seen = 0;
        let mut count = |_| seen += 1;
        let answer = tokio::select! {
            biased;
            answer = connection.request(hook(), 0, None, &mut count) => Some(answer),
            () = polled(polls) => None,
        };
        let answer = match answer {
            Some(answer) => answer,
            None => connection.cancel(0, &mut count).await,
        };
        assert_eq!(answer.unwrap().unwrap().get(), "5", "after {polls} polls");
        assert_eq!(seen, LINES, "after {polls} polls");
        worker.await.unwrap();
    }
}

/// A connection to a worker that has said this before it is asked.
async fn after(kind: WorkerKind, frames: &[serde_json::Value]) -> (Connection, UnixStream) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut bytes = Vec::new();
    for frame in frames {
        encode_frame(frame, &mut bytes).unwrap();
    }
    theirs.write_all(&bytes).await.unwrap();
    (connected(ours, kind, &Limits::default()), theirs)
}

#[tokio::test]
async fn what_is_answered_before_it_is_asked_is_no_answer() {
    let too_early = |outcome: Result<_, ConnectionError>| {
        let reason = outcome.unwrap_err().to_string();
        assert!(reason.contains("before its request"), "{reason}");
    };
    let answers = [1, 2].map(|id| json!({"jsonrpc": "2.0", "id": id, "result": 5}));
    let (mut connection, _theirs) = after(WorkerKind::Program, &answers[..1]).await;
    let large = Request::Hook(HookParams {
        hook: Hook::Init,
        // More than a socket takes at once.
        argument: json!("x".repeat(4 << 20)),
        context: None,
    });
    too_early(connection.request(large, 0, None, &mut |_| {}).await);
    // The one to the next request, which came with that to the first.
    let (mut connection, mut theirs) = after(WorkerKind::Program, &[]).await;
    let worker = tokio::spawn(async move {
        let mut request = [0; 4096];
        assert_ne!(theirs.read(&mut request).await.unwrap(), 0);
        let mut bytes = Vec::new();
        for answer in &answers {
            encode_frame(answer, &mut bytes).unwrap();
        }
        theirs.write_all(&bytes).await.unwrap();
        theirs
    });
    let first = connection.request(hook(), 0, None, &mut |_| {}).await;
    assert_eq!(first.unwrap().unwrap().get(), "5");
    too_early(connection.request(hook(), 0, None, &mut |_| {}).await);
    worker.await.unwrap();
}

#[tokio::test]
async fn a_program_has_no_guard_that_could_have_refused_something() {
    for (method, params) in [
        (
            "denied",
            json!({"operation": "read", "attempted": "x", "resolved": "/x"}),
        ),
        ("used", json!({"operation": "read", "resolved": "/x"})),
        ("omitted", json!({"refused": 1})),
        ("looked", json!({"variable": "HOME"})),
        ("assets", json!({"times": 1, "failed": 0})),
    ] {
        let told = json!({"jsonrpc": "2.0", "method": method, "params": params});
        for kind in [WorkerKind::Program, WorkerKind::Embedded] {
            let (mut connection, _theirs) = after(kind, std::slice::from_ref(&told)).await;
            let mut seen = 0;
            let mut count = |_| seen += 1;
            let ended = tokio::select! {
                biased;
                outcome = connection.request(hook(), 0, None, &mut count) => {
                    Some(outcome.unwrap_err().to_string())
                }
                () = polled(100) => None,
            };
            match (kind, ended) {
                (WorkerKind::Program, Some(reason)) => {
                    assert!(reason.contains("an unexpected frame"), "{method}: {reason}");
                    assert_eq!(seen, 0, "{method}");
                }
                (WorkerKind::Embedded, None) => assert_eq!(seen, 1, "{method}"),
                other => panic!("{method}: {other:?}"),
            }
        }
    }
}
