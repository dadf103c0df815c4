//! One worker's end of the worker protocol: a request at a time, everything in between passed on.
//!
//! The worker's own requests to the network go on meanwhile. Between two requests nobody listens to it, and they rest.

mod unsent;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use mycelium_network::Broker;
use mycelium_network::Refusal;
use mycelium_network::RequestRecord;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::FrameError;
use mycelium_protocol::worker::Cancel;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HostCall;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::RpcError;
use mycelium_sandbox::WorkerKind;
use mycelium_types::Limits;
use serde_json::value::RawValue;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::connection::unsent::Unsent;
use crate::exchanges::Exchanges;
use crate::exchanges::Told;
use crate::host_calls::Host;
use crate::host_calls::HostCalls;
use crate::host_calls::HostRefusal;
use crate::last_use::Part;
use crate::meter::LineRate;
use crate::meter::Meter;
use crate::network::Records;
use crate::output::Output;

/// Bytes read at once.
const READ_SIZE: usize = 64 << 10;
/// Frames taken in a row before others have their turn on the same thread. One takes some microseconds.
const FRAMES_AT_ONCE: usize = 64;
/// What is read of the last words of a program that has ended, in bytes.
const MAX_LAST_WORDS: usize = 1 << 20;
/// What a frame may have beside a result, and a request beside its console output.
const SLACK: usize = 1 << 20;
/// Bytes that wait for the worker to read them, beyond which its exchanges wait too.
const MAX_UNSENT: usize = 256 << 10;

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

/// What is heard of a worker while it works.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It told something.
    Told(Notification),
    /// It was refused something by the network, and is told so next.
    Refused(Refusal),
    /// A request of it to the network is over.
    Requested(Box<RequestRecord>),
    /// It was refused something by the runtime, and is told so next.
    HostRefused(HostRefusal),
    /// The runtime did something for it that takes this permission.
    HostUsed(Part),
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
    /// What the worker is; only an engine of ours has something to tell of its guard.
    kind: WorkerKind,
    unsent: Unsent,
    /// Where in what is sent the last request ends.
    asked: u64,
    exchanges: Exchanges,
    host_calls: HostCalls,
    /// What a program of its own prints.
    output: Option<Output>,
    /// What its broker tells.
    records: Records,
}

impl Connection {
    pub(crate) fn new(
        stream: UnixStream,
        kind: WorkerKind,
        limits: &Limits,
        exchanges: Exchanges,
        records: Records,
    ) -> Self {
        let max_frame = megabytes(limits.frame_mb) + SLACK;
        Self {
            stream,
            decoder: FrameDecoder::new(max_frame),
            next_id: 0,
            buffer: Vec::with_capacity(READ_SIZE),
            max_frame,
            lines: LineRate::new(limits.log_lines_per_second),
            meter: Arc::default(),
            kind,
            unsent: Unsent::default(),
            asked: 0,
            exchanges,
            host_calls: HostCalls::default(),
            output: None,
            records,
        }
    }

    /// What came from the worker so far.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// What makes the worker's connections to the network.
    pub(crate) fn broker(&self) -> &Arc<Broker> {
        self.exchanges.broker()
    }

    /// The same connection, that also listens to what the worker's program prints.
    pub(crate) fn with_output(mut self, output: Option<Output>) -> Self {
        self.output = output;
        self
    }

    /// What its broker is going to tell, and the end of every exchange.
    pub(crate) fn into_records(self) -> Records {
        self.records
    }

    /// Sends a request and waits for its answer. `notify` gets what the worker tells meanwhile, at most
    /// `max_notified` bytes of it; `host` does what it asks for, if it may ask.
    pub(crate) async fn request(
        &mut self,
        request: Request,
        max_notified: usize,
        host: Option<Arc<dyn Host>>,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<Result<Box<RawValue>, RpcError>, ConnectionError> {
        self.next_id += 1;
        let id = self.next_id;
        let frame = request.into_frame(id).map_err(FrameError::Encode)?;
        let length = self.unsent.add(&frame)?;
        if length > self.max_frame {
            self.unsent.take_back(length);
            return Err(ConnectionError::Request(length));
        }
        self.asked = self.unsent.end();
        self.meter.begin_request();
        match host {
            Some(host) => self.host_calls.begin(id, host, self.max_frame),
            None => self.host_calls.end(),
        }
        self.answer(id, max_notified, notify).await
    }

    /// Tells the worker that nobody waits for the request that it was asked last, and waits for its answer. What the
    /// worker asks for goes on meanwhile.
    pub(crate) async fn cancel(
        &mut self,
        max_notified: usize,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<Result<Box<RawValue>, RpcError>, ConnectionError> {
        let id = self.next_id;
        let frame = Cancel { call: id }.to_frame().map_err(FrameError::Encode)?;
        self.unsent.add(&frame)?;
        self.host_calls.cancel();
        self.answer(id, max_notified, notify).await
    }

    /// Waits for the answer to a request that was sent.
    async fn answer(
        &mut self,
        id: u64,
        max_notified: usize,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<Result<Box<RawValue>, RpcError>, ConnectionError> {
        let mut budget = max_notified + SLACK;
        let mut frames = 0_usize;
        loop {
            while let Some(bytes) = {
                // Before a frame is taken: whoever drops this future here would lose it.
                if frames == FRAMES_AT_ONCE {
                    frames = 0;
                    tokio::task::yield_now().await;
                }
                self.decoder.next_frame()?
            } {
                frames += 1;
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
                        if !self.unsent.has_sent(self.asked) {
                            return Err(ConnectionError::Protocol("an answer before its request"));
                        }
                        // What it printed before it answered belongs to this request.
                        let printed = self.output.as_mut().map(|output| output.take_rest(budget));
                        if let Some(printed) = printed {
                            self.pass_on(printed.ok_or(ConnectionError::Flood)?, notify)?;
                        }
                        self.take_records(notify);
                        self.host_calls.end();
                        return match (result, error) {
                            (Some(result), None) => Ok(Ok(result)),
                            (None, Some(error)) => Ok(Err(error)),
                            _ => Err(ConnectionError::Protocol("an answer is neither or both")),
                        };
                    }
                    frame => {
                        if let Some((id, call)) = HostCall::from_frame(&frame) {
                            self.host_calls
                                .take(id, bytes.len(), call)
                                .map_err(ConnectionError::Protocol)?;
                            continue;
                        }
                        let call = ExchangeCall::from_frame(&frame)
                            .map_err(|_| ConnectionError::Protocol("a malformed exchange"))?;
                        if let Some(call) = call {
                            self.exchanges
                                .take(call)
                                .map_err(ConnectionError::Protocol)?;
                            continue;
                        }
                        budget = budget
                            .checked_sub(bytes.len())
                            .ok_or(ConnectionError::Flood)?;
                        self.meter.count_output(bytes.len());
                        match Notification::from_frame(&frame) {
                            Ok(Some(notification)) if may_tell(self.kind, &notification) => {
                                self.host_calls.note(&notification);
                                self.pass_on([notification], notify)?;
                            }
                            Ok(_) | Err(_) => {
                                return Err(ConnectionError::Protocol("an unexpected frame"));
                            }
                        }
                    }
                }
            }
            let length = self.turn(notify).await?;
            budget = budget.checked_sub(length).ok_or(ConnectionError::Flood)?;
        }
    }

    /// Reads something, writes something, or takes what an exchange or the program's output has to tell: whatever
    /// comes first. Says how many bytes were printed.
    async fn turn(
        &mut self,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<usize, ConnectionError> {
        self.buffer.clear();
        self.buffer.reserve(READ_SIZE);
        let (mut reader, mut writer) = self.stream.split();
        let unsent = self.unsent.waiting();
        let mut printed = (0, Vec::new());
        let mut closed = false;
        let next_read = self.lines.next_read();
        let may_read = next_read <= Instant::now();
        tokio::select! {
            () = tokio::time::sleep_until(next_read.into()), if !may_read => {}
            read = reader.read_buf(&mut self.buffer), if may_read => {
                closed = read? == 0;
                self.decoder.push(&self.buffer);
            }
            written = writer.write(unsent), if !unsent.is_empty() => {
                self.unsent.sent(written?);
            }
            told = self.exchanges.next(), if unsent.len() < MAX_UNSENT => match told {
                Told::Refused(refusal) => notify(Heard::Refused(refusal)),
                Told::Reply(reply) => {
                    let frame = reply.to_frame().map_err(FrameError::Encode)?;
                    self.unsent.add(&frame)?;
                }
            },
            answered = self.host_calls.next(), if unsent.len() < MAX_UNSENT => {
                if let Some(refusal) = answered.refused {
                    notify(Heard::HostRefused(refusal));
                }
                if let Some(part) = answered.used {
                    notify(Heard::HostUsed(part));
                }
                self.unsent.add(&answered.answer.into_frame())?;
            }
            some = Output::take_some(&mut self.output), if may_read => printed = some,
            record = self.records.next() => notify(Heard::Requested(Box::new(record))),
        }
        if closed {
            if let Some(rest) = self
                .output
                .as_mut()
                .and_then(|it| it.take_rest(MAX_LAST_WORDS))
            {
                self.pass_on(rest, notify)?;
            }
            self.take_records(notify);
            return Err(ConnectionError::Closed);
        }
        let (length, lines) = printed;
        self.meter.count_output(length);
        self.pass_on(lines, notify)?;
        Ok(length)
    }
}

impl Connection {
    /// Passes on what the broker has told so far.
    fn take_records(&mut self, notify: &mut (dyn FnMut(Heard) + Send)) {
        while let Some(record) = self.records.try_next() {
            notify(Heard::Requested(Box::new(record)));
        }
    }

    /// Passes on what the worker tells, as long as it is not too many lines.
    fn pass_on(
        &mut self,
        told: impl IntoIterator<Item = Notification>,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<(), ConnectionError> {
        for notification in told {
            let text = match &notification {
                Notification::Console(printed) => Some(printed.text.as_str()),
                Notification::Progress(progress) => {
                    Some(progress.message.as_deref().unwrap_or_default())
                }
                Notification::Denied(_)
                | Notification::Used(_)
                | Notification::Looked(_)
                | Notification::Omitted(_)
                | Notification::Assets(_) => None,
            };
            if let Some(text) = text
                && !self.lines.admit(text, Instant::now(), &self.meter)
            {
                return Err(ConnectionError::LineFlood);
            }
            notify(Heard::Told(notification));
        }
        Ok(())
    }
}

/// Whether such a worker has this to tell. A program has no guard, and must not say of itself what was refused to it: that would be
/// on record as what we have seen.
fn may_tell(kind: WorkerKind, notification: &Notification) -> bool {
    match notification {
        Notification::Console(_) | Notification::Progress(_) => true,
        Notification::Denied(_)
        | Notification::Used(_)
        | Notification::Omitted(_)
        | Notification::Looked(_)
        | Notification::Assets(_) => kind == WorkerKind::Embedded,
    }
}

/// Mebibytes in bytes.
pub(crate) fn megabytes(count: u64) -> usize {
    usize::try_from(count.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests;
