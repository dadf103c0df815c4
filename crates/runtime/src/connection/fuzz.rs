//! What a worker answers, changed at random: each request ends, with an answer or with a reason.

use std::sync::Arc;

use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Request;
use mycelium_sandbox::WorkerKind;
use mycelium_types::Hook;
use mycelium_types::Limits;
use proptest::prelude::*;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::exchanges::Exchanges;
use crate::host_calls::tests::Echo;
use crate::network::Records;

use super::Connection;

#[path = "../../../../fuzz/mutation.rs"]
mod mutation;

/// What a worker may send: each line of a seed a frame.
fn streams() -> Vec<Vec<u8>> {
    let stream = |text: Vec<u8>| {
        let mut bytes = Vec::new();
        for line in String::from_utf8(text).unwrap().lines() {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            encode_frame(&message, &mut bytes).unwrap();
        }
        bytes
    };
    mutation::seeds("worker").into_iter().map(stream).collect()
}

/// Asks a worker that sends these bytes, whatever it is asked, and ends.
async fn ask(bytes: Vec<u8>) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let worker = tokio::spawn(async move {
        let _ = theirs.read(&mut [0; 4096]).await;
        let _ = theirs.write_all(&bytes).await;
    });
    let mut connection = Connection::new(
        ours,
        WorkerKind::Embedded,
        &Limits::default(),
        Exchanges::without_network(),
        Records::none(),
    );
    let hook = Request::Hook(HookParams {
        hook: Hook::Init,
        argument: serde_json::Value::Null,
        context: None,
    });
    // Whatever it is: it is an answer.
    let _ = connection
        .request(hook, 1000, Some(Arc::new(Echo)), &mut |_| {})
        .await;
    drop(connection);
    worker.await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_answers_of_a_worker(bytes in mutation::changed(streams())) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(ask(bytes));
    }
}
