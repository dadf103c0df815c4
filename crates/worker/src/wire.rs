//! The way to the runtime: answers at once, notifications in batches.

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;

use mycelium_protocol::FrameError;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::RpcError;
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::Listener;
use crate::WorkerError;

/// Notifications are passed on when there are this many bytes of them.
const BATCH: usize = 16 << 10;
/// Notifications wait for others at most this long, as long as the program runs.
const DELAY: Duration = Duration::from_millis(2);

/// The socket and what is not written yet.
pub(crate) struct Wire {
    socket: UnixStream,
    unwritten: Vec<u8>,
    written: Instant,
    failed: Option<WorkerError>,
}

impl Wire {
    pub(crate) fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            unwritten: Vec::new(),
            written: Instant::now(),
            failed: None,
        }
    }

    /// Writes everything that waits.
    pub(crate) fn flush(&mut self) -> Result<(), WorkerError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        if !self.unwritten.is_empty() {
            let result = self.socket.write_all(&self.unwritten);
            self.unwritten.clear();
            self.unwritten.shrink_to(BATCH * 4);
            self.written = Instant::now();
            result?;
        }
        Ok(())
    }

    /// Answers a request.
    pub(crate) fn succeeded(
        &mut self,
        id: u64,
        result: &impl Serialize,
    ) -> Result<(), WorkerError> {
        self.send(&Frame {
            id: Some(id),
            result: Some(to_raw_value(result)?),
            ..Frame::default()
        })
    }

    /// Answers a call with its value, which is JSON already and may be large.
    pub(crate) fn returned(
        &mut self,
        id: u64,
        value: &str,
        processor_time: Duration,
        memory: u64,
    ) -> Result<(), WorkerError> {
        let start = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"value\":");
        let end = format!(
            ",\"cpu_microseconds\":{},\"memory_bytes\":{memory}}}}}",
            processor_time.as_micros()
        );
        let length = start.len() + value.len() + end.len();
        let length = u32::try_from(length).map_err(|_| {
            WorkerError::Frame(FrameError::TooLarge {
                length,
                limit: u32::MAX as usize,
            })
        })?;
        self.unwritten.extend_from_slice(&length.to_le_bytes());
        self.unwritten.extend_from_slice(start.as_bytes());
        if value.len() > BATCH {
            self.flush()?;
            self.socket.write_all(value.as_bytes())?;
        } else {
            self.unwritten.extend_from_slice(value.as_bytes());
        }
        self.unwritten.extend_from_slice(end.as_bytes());
        self.flush()
    }

    /// Answers a request that failed.
    pub(crate) fn failed(&mut self, id: u64, failure: &Failure) -> Result<(), WorkerError> {
        self.send(&Frame {
            id: Some(id),
            error: Some(RpcError {
                code: -32000,
                message: failure.message.clone(),
                data: Some(failure.clone()),
            }),
            ..Frame::default()
        })
    }

    /// Answers a request for something there is not.
    pub(crate) fn unknown(&mut self, id: u64, method: &str) -> Result<(), WorkerError> {
        self.refuse(id, -32601, format!("there is no method '{method}'"))
    }

    /// Answers a request whose parameters cannot be understood.
    pub(crate) fn invalid(&mut self, id: u64, reason: &str) -> Result<(), WorkerError> {
        self.refuse(id, -32602, reason.to_owned())
    }

    fn refuse(&mut self, id: u64, code: i64, message: String) -> Result<(), WorkerError> {
        self.send(&Frame {
            id: Some(id),
            error: Some(RpcError {
                code,
                message,
                data: None,
            }),
            ..Frame::default()
        })
    }

    fn send(&mut self, frame: &Frame) -> Result<(), WorkerError> {
        encode_frame(frame, &mut self.unwritten)?;
        self.flush()
    }

    /// Passes a notification on, at once.
    pub(crate) fn pass_on(&mut self, notification: &Notification) -> Result<(), WorkerError> {
        encode_frame(&notification.to_frame()?, &mut self.unwritten)?;
        self.flush()
    }

    fn add(&mut self, frame: serde_json::Result<Frame>) -> Result<(), WorkerError> {
        encode_frame(&frame?, &mut self.unwritten)?;
        if self.unwritten.len() >= BATCH || self.written.elapsed() >= DELAY {
            self.flush()?;
        }
        Ok(())
    }
}

impl Listener for Rc<RefCell<Wire>> {
    fn notify(&mut self, notification: Notification) {
        let mut wire = self.borrow_mut();
        if wire.failed.is_none()
            && let Err(error) = wire.add(notification.to_frame())
        {
            wire.failed = Some(error);
        }
    }

    fn exchange(&mut self, call: ExchangeCall) -> bool {
        let mut wire = self.borrow_mut();
        if wire.failed.is_none()
            && let Err(error) = wire.add(call.to_frame())
        {
            wire.failed = Some(error);
        }
        true
    }

    fn call(&mut self, call: Frame) -> bool {
        let mut wire = self.borrow_mut();
        if wire.failed.is_none()
            && let Err(error) = wire.add(Ok(call))
        {
            wire.failed = Some(error);
        }
        true
    }

    fn pause(&mut self) {
        let mut wire = self.borrow_mut();
        if wire.failed.is_none()
            && let Err(error) = wire.flush()
        {
            wire.failed = Some(error);
        }
    }
}
