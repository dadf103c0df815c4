//! What whoever recorded something gets: the entry's place, once it is safe.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use mycelium_types::Timestamp;
use tokio::sync::oneshot;

use crate::AuditError;

/// The place of an entry in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub sequence: u64,
    /// When it was recorded.
    pub time: Timestamp,
}

/// A future that is ready once the entry is as safe as its level says: an ordinary one is with the kernel
/// and survives the death of every process, a security event is on disk. An ordinary entry's receipt is
/// ready at once, unless another process is writing at that moment.
#[derive(Debug)]
#[must_use = "a security event that nobody waits for may not be on disk"]
pub struct Receipt(State);

#[derive(Debug)]
enum State {
    Ready(Recorded),
    Waiting(oneshot::Receiver<Result<Recorded, AuditError>>),
}

pub(crate) type Waiter = oneshot::Sender<Result<Recorded, AuditError>>;

impl Receipt {
    pub(crate) fn ready(recorded: Recorded) -> Self {
        Self(State::Ready(recorded))
    }

    pub(crate) fn waiting() -> (Waiter, Self) {
        let (waiter, receipt) = oneshot::channel();
        (waiter, Self(State::Waiting(receipt)))
    }

    /// Waits where there is no executor.
    ///
    /// # Errors
    /// When the entry could not be made safe. It is tried again, but nobody may rely on it.
    pub fn wait(self) -> Result<Recorded, AuditError> {
        match self.0 {
            State::Ready(recorded) => Ok(recorded),
            State::Waiting(receipt) => receipt.blocking_recv().unwrap_or(Err(AuditError::Closed)),
        }
    }
}

impl Future for Receipt {
    type Output = Result<Recorded, AuditError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(recorded) => Poll::Ready(Ok(*recorded)),
            State::Waiting(receipt) => Pin::new(receipt)
                .poll(context)
                .map(|told| told.unwrap_or(Err(AuditError::Closed))),
        }
    }
}
