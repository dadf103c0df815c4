//! Frames of both wires and both directions, changed at random: refused or taken, and taken the same again.

use mycelium_protocol::FrameDecoder;
use mycelium_protocol::control;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::mutation::changed;
use crate::mutation::seeds;

/// The longest frame that is read, in bytes.
const LIMIT: usize = 1 << 16;

/// The seeds of a folder as they cross: each line a frame.
fn streams(folder: &str) -> Vec<Vec<u8>> {
    let stream = |text: Vec<u8>| {
        let mut bytes = Vec::new();
        for line in String::from_utf8(text).unwrap().lines() {
            let message: Value = serde_json::from_str(line).unwrap();
            encode_frame(&message, &mut bytes).unwrap();
        }
        bytes
    };
    seeds(folder).into_iter().map(stream).collect()
}

/// Hands every frame of a stream to `read`; how many there were.
fn frames(bytes: &[u8], mut read: impl FnMut(&[u8])) -> usize {
    let mut decoder = FrameDecoder::new(LIMIT);
    let mut count = 0;
    for piece in bytes.chunks(100) {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => read(frame),
                Ok(None) => break,
                Err(_) => return count,
            }
            count += 1;
        }
    }
    count
}

/// Whether it is a `T`; then what is written of it is read as the same.
fn reads<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> bool {
    let Ok(first) = serde_json::from_slice::<T>(bytes) else {
        return false;
    };
    let written = serde_json::to_value(&first).unwrap();
    let again: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
    true
}

/// Reads a frame as either side of a worker's socket does.
fn read_worker(bytes: &[u8]) -> bool {
    let Ok(frame) = serde_json::from_slice::<worker::Frame>(bytes) else {
        return false;
    };
    let request = worker::Request::from_frame(&frame);
    let notification = worker::Notification::from_frame(&frame);
    assert!(!matches!(
        (&request, &notification),
        (Ok(Some(_)), Ok(Some(_)))
    ));
    if let Ok(Some((id, request))) = request {
        assert_eq!(request.into_frame(id).unwrap().id, frame.id);
        return true;
    }
    if let Ok(Some(notification)) = notification {
        assert!(notification.to_frame().is_ok());
        return true;
    }
    if let Ok(Some(call)) = worker::ExchangeCall::from_frame(&frame) {
        assert!(call.to_frame().is_ok());
        return true;
    }
    if let Ok(Some(reply)) = worker::ExchangeReply::from_frame(&frame) {
        assert!(reply.to_frame().is_ok());
        return true;
    }
    if let Some((id, Ok(call))) = worker::HostCall::from_frame(&frame) {
        assert_eq!(call.to_frame(id).unwrap().id, frame.id);
        return true;
    }
    let result = frame
        .result
        .as_deref()
        .map(|result| result.get().as_bytes());
    frame.error.is_some()
        || result.is_some_and(|result| {
            reads::<worker::Loaded>(result)
                || reads::<worker::Returned>(result)
                || reads::<worker::Compiled>(result)
        })
}

/// Reads a frame as either side of the control socket does.
fn read_control(bytes: &[u8]) -> bool {
    reads::<control::Request>(bytes)
        || reads::<control::ServerHello>(bytes)
        || reads::<control::ClientHello>(bytes)
        || reads::<control::ServerMessage>(bytes)
}

#[test]
fn the_seeds_are_whole() {
    for (folder, read) in [
        ("worker", read_worker as fn(&[u8]) -> bool),
        ("control", read_control),
    ] {
        for stream in streams(folder) {
            let count = frames(&stream, |frame| {
                assert!(read(frame), "{}", String::from_utf8_lossy(frame));
            });
            assert!(count > 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_frames_of_a_worker_and_to_it(bytes in changed(streams("worker"))) {
        frames(&bytes, |frame| {
            read_worker(frame);
        });
    }

    #[test]
    fn fuzz_frames_of_a_client_and_to_it(bytes in changed(streams("control"))) {
        frames(&bytes, |frame| {
            read_control(frame);
        });
    }
}
