//! One connection to a host: limited, counted, and ended when its worker is.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use rustix::net::Shutdown;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio::time::Sleep;

use crate::Attempt;
use crate::RequestRecord;
use crate::Verdict;
use crate::broker::Shared;
use crate::secrets::Revealed;

/// A connection to a host that was allowed.
///
/// Both directions take from the worker's bandwidth. When the broker closes, reading and writing fail.
/// Dropping it ends it and tells the observer what it was.
#[derive(Debug)]
pub struct Connection {
    stream: Arc<TcpStream>,
    shared: Arc<Shared>,
    number: u64,
    record: Option<RequestRecord>,
    started: Instant,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    pub(crate) fn new(
        stream: Arc<TcpStream>,
        shared: Arc<Shared>,
        number: u64,
        record: RequestRecord,
        started: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            stream,
            shared,
            number,
            record: Some(record),
            started,
            reading: None,
            writing: None,
            _permit: permit,
        }
    }

    /// The address that was connected to.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.record.as_ref().and_then(|record| record.address)
    }

    /// Bytes to the host and from it, so far.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        self.record
            .as_ref()
            .map_or((0, 0), |record| (record.bytes_sent, record.bytes_received))
    }

    /// Notes that the connection did not end as it should; the first reason counts.
    pub fn fail(&mut self, reason: impl std::fmt::Display) {
        self.conclude(Verdict::Failed {
            reason: crate::record::shown(&reason.to_string()),
        });
    }

    /// Notes what the connection turned out to be for.
    pub(crate) fn describe(&mut self, attempt: &Attempt) {
        if let Some(record) = &mut self.record {
            let known = RequestRecord::of(attempt, record.verdict.clone());
            record.protocol = known.protocol;
            record.method = known.method;
            record.path = known.path;
        }
    }

    /// Notes which secrets a request named.
    pub(crate) fn note(&mut self, revealed: &Revealed) {
        if let Some(record) = &mut self.record {
            record.given.clone_from(&revealed.given);
            record.withheld.clone_from(&revealed.withheld);
        }
    }

    /// Notes which secrets are for the host and cannot be put in.
    pub(crate) fn note_unreadable(&mut self, names: Vec<String>) {
        if let Some(record) = &mut self.record {
            record.unreadable = names;
        }
    }

    /// Notes how the connection ended, if nothing worse is noted already.
    pub(crate) fn conclude(&mut self, verdict: Verdict) {
        if let Some(record) = &mut self.record
            && record.verdict == Verdict::Allowed
        {
            record.verdict = verdict;
        }
    }

    fn closed(&self) -> io::Result<()> {
        if self.shared.is_closed() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            // Readiness first: a connection that waits must not hold back the bandwidth of others.
            ready!(this.stream.poll_read_ready(cx))?;
            this.closed()?;
            let bandwidth = &this.shared.bandwidth;
            let wanted = buffer.remaining() as u64;
            let allowed = ready!(bandwidth.poll_take(wanted, &mut this.reading, cx));
            let room = buffer.initialize_unfilled_to(allowed as usize);
            let outcome = this.stream.try_read(room);
            let read = *outcome.as_ref().unwrap_or(&0);
            bandwidth.put_back(allowed - read as u64);
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                // The end that the broker itself made is not the host's.
                Ok(0) => return Poll::Ready(this.closed()),
                Ok(read) => {
                    buffer.advance(read);
                    if let Some(record) = &mut this.record {
                        record.bytes_received += read as u64;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            ready!(this.stream.poll_write_ready(cx))?;
            this.closed()?;
            let bandwidth = &this.shared.bandwidth;
            let allowed = ready!(bandwidth.poll_take(bytes.len() as u64, &mut this.writing, cx));
            let outcome = this.stream.try_write(&bytes[..allowed as usize]);
            let written = *outcome.as_ref().unwrap_or(&0);
            bandwidth.put_back(allowed - written as u64);
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(written) => {
                    if let Some(record) = &mut this.record {
                        record.bytes_sent += written as u64;
                    }
                    return Poll::Ready(Ok(written));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match rustix::net::shutdown(&self.stream, Shutdown::Write) {
            // The host has ended it already.
            Ok(()) | Err(rustix::io::Errno::NOTCONN) => Poll::Ready(Ok(())),
            Err(errno) => Poll::Ready(Err(errno.into())),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.forget(self.number);
        if let Some(mut record) = self.record.take() {
            record.duration = self.started.elapsed();
            if self.shared.is_closed() && record.verdict == Verdict::Allowed {
                record.verdict = Verdict::Failed {
                    reason: crate::NetworkError::Closed.to_string(),
                };
            }
            self.shared.log.add(record);
        }
    }
}
