//! Connections: which are made, what is told of them, and how they end.

use std::sync::Arc;
use std::time::Duration;

use mycelium_network::NetworkError;
use mycelium_network::RefusalReason;
use mycelium_network::Verdict;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::world::Table;
use super::world::broker;
use super::world::gate;
use super::world::limits;
use super::world::opaque;

async fn server() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn what_is_granted_by_name_and_address_is_connected_and_counted() {
    let (listener, port) = server().await;
    let table = Table::new(&[("api.test", &["127.0.0.1"])]);
    let grants = format!("api.test 127.0.0.1:{port}");
    let (broker, records) = broker(gate(&[(&grants, "")], ""), limits(), Arc::clone(&table));
    let mut connection = broker.open(opaque("API.test.", port)).await.unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    connection.write_all(b"question").await.unwrap();
    connection.shutdown().await.unwrap();
    let mut question = Vec::new();
    accepted.read_to_end(&mut question).await.unwrap();
    assert_eq!(question, b"question");
    accepted.write_all(b"answer").await.unwrap();
    drop(accepted);
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer");
    assert_eq!(connection.bytes(), (8, 6));
    assert!(records.lock().unwrap().is_empty());
    drop(connection);

    let records = records.lock().unwrap();
    let [record] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(
        (record.host.as_str(), record.port),
        ("api.test", Some(port))
    );
    assert_eq!((record.bytes_sent, record.bytes_received), (8, 6));
    assert_eq!(record.address, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(record.verdict, Verdict::Allowed);
    assert_eq!(table.asked(), 1);
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_needs_the_address_granted_too() {
    let (_listener, port) = server().await;
    let table = Table::new(&[("evil.test", &["127.0.0.1 ::1 10.0.0.1"])]);
    let (broker, records) = broker(gate(&[("evil.test", "")], ""), limits(), table);
    let error = broker.open(opaque("evil.test", port)).await.unwrap_err();
    let NetworkError::Refused(refusal) = error else {
        panic!("{error}")
    };
    assert!(matches!(
        refusal.reason,
        RefusalReason::AddressNotGranted { .. }
    ));
    assert_eq!(
        serde_json::to_value(refusal.allowing()).unwrap(),
        serde_json::json!({
            "type": "network",
            "hosts": [format!("evil.test:{port}"), format!("127.0.0.1:{port}")],
        })
    );
    let records = records.lock().unwrap();
    assert!(
        matches!(records[0].verdict, Verdict::Refused(_)),
        "{records:?}"
    );
}

#[tokio::test]
async fn each_address_is_judged_alone_and_the_first_allowed_is_used() {
    let (listener, port) = server().await;
    let table = Table::new(&[("api.test", &["10.0.0.1 ::1 127.0.0.1"])]);
    let grants = format!("api.test 127.0.0.1:{port}");
    let (broker, _) = broker(gate(&[(&grants, "")], ""), limits(), table);
    let connection = broker.open(opaque("api.test", port)).await.unwrap();
    assert_eq!(connection.address(), Some("127.0.0.1".parse().unwrap()));
    listener.accept().await.unwrap();
}

#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let (listener, port) = server().await;
    let table = Table::new(&[("rebind.test", &["127.0.0.1", "127.0.0.2"])]);
    let grants = format!("rebind.test 127.0.0.1:{port}");
    let (broker, _) = broker(gate(&[(&grants, "")], ""), limits(), Arc::clone(&table));
    let first = broker.open(opaque("rebind.test", port)).await.unwrap();
    assert_eq!(
        (first.address(), table.asked()),
        (Some("127.0.0.1".parse().unwrap()), 1)
    );
    listener.accept().await.unwrap();
    let error = broker.open(opaque("rebind.test", port)).await.unwrap_err();
    assert!(matches!(error, NetworkError::Refused(_)), "{error}");
}

#[tokio::test]
async fn what_cannot_be_had_says_why() {
    let (listener, port) = server().await;
    drop(listener);
    let table = Table::new(&[("none.test", &["127.0.0.1"])]);
    let grants = format!("none.test unknown.test 127.0.0.1:{port}");
    let (broker, records) = broker(gate(&[(&grants, "")], ""), limits(), table);
    let error = broker.open(opaque("none.test", port)).await.unwrap_err();
    assert!(matches!(error, NetworkError::Unreachable { .. }), "{error}");
    let error = broker.open(opaque("unknown.test", port)).await.unwrap_err();
    assert!(matches!(error, NetworkError::Unresolved { .. }), "{error}");
    assert_eq!(records.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn closing_ends_open_connections_and_refuses_new_ones() {
    let (listener, port) = server().await;
    let grants = format!("127.0.0.1:{port}");
    let (broker, records) = broker(gate(&[(&grants, "")], ""), limits(), Table::new(&[]));
    let mut connection = broker.open(opaque("127.0.0.1", port)).await.unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    let reader = tokio::spawn(async move {
        let error = connection.read_u8().await.unwrap_err();
        (
            error.kind(),
            connection.write_u8(1).await.unwrap_err().kind(),
        )
    });
    broker.close();
    let aborted = std::io::ErrorKind::ConnectionAborted;
    assert_eq!(reader.await.unwrap(), (aborted, aborted));
    assert_eq!(accepted.read(&mut [0]).await.unwrap(), 0);
    let error = broker.open(opaque("127.0.0.1", port)).await.unwrap_err();
    assert!(matches!(error, NetworkError::Closed), "{error}");
    let records = records.lock().unwrap();
    assert!(
        records
            .iter()
            .all(|record| matches!(record.verdict, Verdict::Failed { .. })),
        "{records:?}"
    );
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_the_others() {
    let (listener, port) = server().await;
    let grants = format!("127.0.0.1:{port}");
    let mut limits = limits();
    limits.connections = 2;
    let (broker, _) = broker(gate(&[(&grants, "")], ""), limits, Table::new(&[]));
    let first = broker.open(opaque("127.0.0.1", port)).await.unwrap();
    let second = broker.open(opaque("127.0.0.1", port)).await.unwrap();
    let mut third = std::pin::pin!(broker.open(opaque("127.0.0.1", port)));
    assert!(futures_pending(third.as_mut()).await);
    drop(first);
    third.await.unwrap();
    drop(second);
    listener.accept().await.unwrap();
}

async fn futures_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    let mut future = future;
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// The clock stands still but for the waits that the broker itself asks for, so that the time that passes
/// on it is the time that the limit makes.
#[tokio::test(start_paused = true)]
async fn bandwidth_is_the_limits_whoever_hurries() {
    const SENT: u64 = 64 << 10;
    let (listener, port) = server().await;
    let grants = format!("127.0.0.1:{port}");
    let mut limits = limits();
    limits.bytes_per_second = 16 << 10;
    limits.connect_patience = Duration::from_secs(3600);
    let (broker, _) = broker(gate(&[(&grants, "")], ""), limits, Table::new(&[]));
    let (opened, accepted) =
        tokio::join!(broker.open(opaque("127.0.0.1", port)), listener.accept());
    let (mut connection, (mut accepted, _)) = (opened.unwrap(), accepted.unwrap());
    let started = tokio::time::Instant::now();
    let sink = tokio::spawn(async move {
        let mut all = Vec::new();
        accepted.read_to_end(&mut all).await.unwrap();
        all.len()
    });
    connection.write_all(&vec![7; SENT as usize]).await.unwrap();
    // What was saved up is free, the rest flows at the limit's rate.
    assert!(
        started.elapsed() >= Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(connection.bytes(), (SENT, 0));
    drop(connection);
    assert_eq!(sink.await.unwrap() as u64, SENT);
}
