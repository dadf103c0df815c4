//! One worker's end of the worker protocol: a request at a time, everything in between passed on.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use mycelium_protocol::FrameDecoder;
use mycelium_protocol::FrameError;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::RpcError;
use mycelium_types::Limits;
use serde_json::value::RawValue;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::meter::LineRate;
use crate::meter::Meter;

/// Bytes read at once.
const READ_SIZE: usize = 64 << 10;
/// What a frame may have beside a result, and a request beside its console output.
const SLACK: usize = 1 << 20;

/// Why a request got no answer. The connection is of no use afterwards.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The worker is gone.
    #[error("the worker closed its connection")]
    Closed,
    /// The socket failed.
    #[error("the worker's connection failed")]
    Socket(#[from] io::Error),
    /// The worker sent something too large.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The request is too large. It was not sent, so that the connection goes on.
    #[error("the request has {0} bytes, more than one message may have")]
    Request(usize),
    /// The worker sent something that is not the protocol.
    #[error("the worker broke the protocol: {0}")]
    Protocol(&'static str),
    /// The worker sent more notifications than its limit.
    #[error("the worker printed too much")]
    Flood,
    /// The worker printed more lines in a second than its limit.
    #[error("the worker printed too fast")]
    LineFlood,
}

/// A connection to one worker. The worker is hostile: sizes and order are checked here.
pub(crate) struct Connection {
    stream: UnixStream,
    decoder: FrameDecoder,
    next_id: u64,
    buffer: Vec<u8>,
    max_frame: usize,
    lines: LineRate,
    meter: Arc<Meter>,
}

impl Connection {
    pub(crate) fn new(stream: UnixStream, limits: &Limits) -> Self {
        let max_frame = megabytes(limits.frame_mb) + SLACK;
        Self {
            stream,
            decoder: FrameDecoder::new(max_frame),
            next_id: 0,
            buffer: Vec::with_capacity(READ_SIZE),
            max_frame,
            lines: LineRate::new(limits.log_lines_per_second),
            meter: Arc::default(),
        }
    }

    /// What came from the worker so far.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Sends a request and waits for its answer. `notify` gets what the worker tells meanwhile, at most
    /// `max_notified` bytes of it.
    pub(crate) async fn request(
        &mut self,
        request: Request,
        max_notified: usize,
        notify: &mut (dyn FnMut(Notification) + Send),
    ) -> Result<Result<Box<RawValue>, RpcError>, ConnectionError> {
        self.next_id += 1;
        let id = self.next_id;
        let frame = request.into_frame(id).map_err(FrameError::Encode)?;
        self.buffer.clear();
        encode_frame(&frame, &mut self.buffer)?;
        if self.buffer.len() > self.max_frame {
            return Err(ConnectionError::Request(self.buffer.len()));
        }
        self.meter.begin_request();
        self.stream.write_all(&self.buffer).await?;
        let mut budget = max_notified + SLACK;
        loop {
            while let Some(bytes) = self.decoder.next_frame()? {
                self.meter.count_frame(bytes.len());
                let frame: Frame = serde_json::from_slice(bytes)
                    .map_err(|_| ConnectionError::Protocol("a frame is not JSON-RPC"))?;
                match frame {
                    Frame {
                        id: Some(answered),
                        method: None,
                        result,
                        error,
                        ..
                    } if answered == id => {
                        return match (result, error) {
                            (Some(result), None) => Ok(Ok(result)),
                            (None, Some(error)) => Ok(Err(error)),
                            _ => Err(ConnectionError::Protocol("an answer is neither or both")),
                        };
                    }
                    frame => {
                        budget = budget
                            .checked_sub(bytes.len())
                            .ok_or(ConnectionError::Flood)?;
                        self.meter.count_output(bytes.len());
                        match Notification::from_frame(&frame) {
                            Ok(Some(notification)) => {
                                if let Notification::Console(printed) = &notification
                                    && !self.lines.admit(&printed.text, Instant::now(), &self.meter)
                                {
                                    return Err(ConnectionError::LineFlood);
                                }
                                notify(notification);
                            }
                            Ok(None) | Err(_) => {
                                return Err(ConnectionError::Protocol("an unexpected frame"));
                            }
                        }
                    }
                }
            }
            self.buffer.clear();
            self.buffer.reserve(READ_SIZE);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ConnectionError::Closed);
            }
            self.decoder.push(&self.buffer);
        }
    }
}

/// Mebibytes in bytes.
pub(crate) fn megabytes(count: u64) -> usize {
    usize::try_from(count.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use mycelium_protocol::ConsoleLevel;
    use mycelium_protocol::worker::HookParams;
    use mycelium_protocol::worker::Printed;
    use mycelium_types::Hook;
    use serde_json::json;

    fn hook() -> Request {
        Request::Hook(HookParams {
            hook: Hook::Init,
            argument: serde_json::Value::Null,
        })
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
        let mut connection = Connection::new(ours, &limits);
        let answer = connection
            .request(hook(), 0, &mut |notification| seen.push(notification))
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
        let mut connection = Connection::new(ours, &limits);
        let large = Request::Hook(HookParams {
            hook: Hook::Init,
            argument: json!("x".repeat(2 << 20)),
        });
        let refused = connection.request(large, 0, &mut |_| {}).await;
        assert!(matches!(refused, Err(ConnectionError::Request(_))));
        let worker = tokio::spawn(async move {
            let mut request = [0; 4096];
            let length = theirs.read(&mut request).await.unwrap();
            let mut bytes = Vec::new();
            encode_frame(&json!({"jsonrpc": "2.0", "id": 2, "result": 1}), &mut bytes).unwrap();
            theirs.write_all(&bytes).await.unwrap();
            length
        });
        let answer = connection.request(hook(), 0, &mut |_| {}).await.unwrap();
        assert_eq!(answer.unwrap().get(), "1");
        assert!(worker.await.unwrap() < 200);
    }
}
