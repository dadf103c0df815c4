//! What one worker asks of the runtime while it works at a request: numbers, order, answers.
//!
//! The worker is hostile. At most [`MAX_HOST_CALLS`] of its calls are under way or wait to be read by it, and together they
//! are no larger than one message may be; whatever breaks the protocol ends it. What is under way when the request ends is given up.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mycelium_protocol::Operation;
use mycelium_protocol::worker::HostAnswer;
use mycelium_protocol::worker::HostCall;
use mycelium_protocol::worker::InvalidHostCall;
use mycelium_protocol::worker::MAX_HOST_CALLS;
use mycelium_protocol::worker::Notification;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Permission;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::last_use::Part;

/// Answers that wait for the worker's connection. Whoever has more to say waits.
const QUEUE: usize = 8;

/// Performs a worker's calls during one request.
pub(crate) trait Host: Send + Sync {
    /// Performs a call. Calls for which [`is_ordered`] is true come one after the other.
    fn perform(self: Arc<Self>, call: HostCall) -> Pin<Box<dyn Future<Output = Performed> + Send>>;

    /// Ends what others do for the worker: nobody waits for its request any more.
    fn cancel(&self) {}

    /// Takes note of what the worker tells: some of it is a function of the runtime's that takes no answer.
    fn note(&self, told: &Notification) {
        let _ = told;
    }

    /// The error of a call that cannot be understood, or comes too late.
    fn refuse(&self, reason: Unusable) -> ErrorReport;
}

/// Why a call is not performed.
#[derive(Clone, Debug)]
pub(crate) enum Unusable {
    /// It cannot be understood.
    Invalid(InvalidHostCall),
    /// The request that it belongs to has ended.
    TooLate,
    /// With what is under way it is larger than one message may be.
    TooMuch,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Performed {
    pub(crate) outcome: Result<Box<RawValue>, ErrorReport>,
    /// What the skill may not do.
    pub(crate) refused: Option<HostRefusal>,
    /// The permission that it took.
    pub(crate) used: Option<Part>,
    /// Its place among those that are performed side by side, until the worker's connection has the answer.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Performed {
    /// Something that took no permission.
    pub(crate) fn freely(outcome: Result<Box<RawValue>, ErrorReport>) -> Self {
        Self {
            outcome,
            refused: None,
            used: None,
            place: None,
        }
    }

    /// What was not done because the skill may not do it.
    pub(crate) fn refused(refusal: HostRefusal) -> Self {
        let error = ErrorReport::new(ErrorCode::SecurityViolation)
            .with("operation", Operation::Call.as_str())
            .with("path", &refusal.target);
        Self {
            refused: Some(refusal),
            ..Self::from(error)
        }
    }
}

/// Something that the runtime does not do for a skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostRefusal {
    /// What was asked for, in the skill's words.
    pub(crate) attempted: String,
    /// What it means: a server, a skill.
    pub(crate) target: String,
    /// What would allow it.
    pub(crate) permission: Permission,
}

impl From<ErrorReport> for Performed {
    fn from(error: ErrorReport) -> Self {
        Self::freely(Err(error))
    }
}

/// What a call has to tell.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) answer: HostAnswer,
    /// Told before the answer.
    pub(crate) refused: Option<HostRefusal>,
    /// The permission that it took.
    pub(crate) used: Option<Part>,
    /// As in [`Performed`].
    _place: Option<OwnedSemaphorePermit>,
}

/// The calls of one worker.
#[derive(Default)]
pub(crate) struct HostCalls {
    last: u64,
    round: Option<Round>,
}

/// The calls during one request. Dropping it gives them up.
struct Round {
    /// The number of the request.
    request: u64,
    host: Arc<dyn Host>,
    /// The size of each call that is not answered yet, in bytes.
    open: HashMap<u64, usize>,
    /// How many bytes more may be open.
    left: usize,
    tasks: JoinSet<()>,
    /// Takes those that follow one another.
    lane: Option<mpsc::UnboundedSender<(u64, HostCall)>>,
    /// Answers that took no work.
    ready: VecDeque<Answered>,
    sender: mpsc::Sender<Answered>,
    answers: mpsc::Receiver<Answered>,
}

/// Whether a call has to wait for the one before it.
fn is_ordered(call: &HostCall) -> bool {
    match call {
        HostCall::KvGet(_) | HostCall::KvList(_) | HostCall::KvCommit(_) => true,
        HostCall::Skill(_) | HostCall::Mcp(_) => false,
    }
}

impl HostCalls {
    /// Lets the worker call while it works at the request with this number. Calls that are not answered yet have no more
    /// than `max_open_bytes` together.
    pub(crate) fn begin(&mut self, request: u64, host: Arc<dyn Host>, max_open_bytes: usize) {
        let (sender, answers) = mpsc::channel(QUEUE);
        self.round = Some(Round {
            request,
            host,
            open: HashMap::new(),
            left: max_open_bytes,
            tasks: JoinSet::new(),
            lane: None,
            ready: VecDeque::new(),
            sender,
            answers,
        });
    }

    /// Gives up what is under way: the request has ended.
    pub(crate) fn end(&mut self) {
        self.round = None;
    }

    /// Ends what others do for the worker; what the runtime does itself goes on.
    pub(crate) fn cancel(&self) {
        if let Some(round) = &self.round {
            round.host.cancel();
        }
    }

    /// Takes note of what the worker tells.
    pub(crate) fn note(&self, told: &Notification) {
        if let Some(round) = &self.round {
            round.host.note(told);
        }
    }

    /// Takes a call that came in a message of so many bytes.
    ///
    /// # Errors
    /// What is wrong with it, if it breaks the protocol.
    pub(crate) fn take(
        &mut self,
        id: u64,
        bytes: usize,
        call: Result<HostCall, InvalidHostCall>,
    ) -> Result<(), &'static str> {
        let Some(round) = &mut self.round else {
            return Err("a call while nothing runs");
        };
        if id <= self.last {
            return Err("a call has the number of another one");
        }
        if round.open.len() >= MAX_HOST_CALLS {
            return Err("more calls wait than may");
        }
        self.last = id;
        let Some(left) = round.left.checked_sub(bytes) else {
            round.open.insert(id, 0);
            round.refuse(id, Unusable::TooMuch);
            return Ok(());
        };
        round.left = left;
        round.open.insert(id, bytes);
        match call {
            Ok(call) if call.call() > round.request => {
                Err("a call for a request that was never made")
            }
            Ok(call) if call.call() < round.request => {
                round.refuse(id, Unusable::TooLate);
                Ok(())
            }
            Ok(call) if is_ordered(&call) => round.queue(id, call),
            Ok(call) => {
                round.spawn(id, call);
                Ok(())
            }
            Err(invalid) => {
                round.refuse(id, Unusable::Invalid(invalid));
                Ok(())
            }
        }
    }

    /// The next answer. Waits for ever if there is none.
    pub(crate) async fn next(&mut self) -> Answered {
        let Some(round) = &mut self.round else {
            return std::future::pending().await;
        };
        let answered = match round.ready.pop_front() {
            Some(ready) => ready,
            // The round keeps a sender itself: the channel does not close.
            None => match round.answers.recv().await {
                Some(answered) => answered,
                None => return std::future::pending().await,
            },
        };
        round.left += round.open.remove(&answered.answer.id).unwrap_or(0);
        answered
    }
}

impl Round {
    fn refuse(&mut self, id: u64, reason: Unusable) {
        let error = self.host.refuse(reason);
        self.ready.push_back(answered(id, error.into()));
    }

    fn spawn(&mut self, id: u64, call: HostCall) {
        // Those that are over.
        while self.tasks.try_join_next().is_some() {}
        let (host, sender) = (Arc::clone(&self.host), self.sender.clone());
        self.tasks.spawn(async move {
            let performed = host.perform(call).await;
            let _ = sender.send(answered(id, performed)).await;
        });
    }

    /// Adds a call to those that follow one another. There are never more than [`MAX_HOST_CALLS`].
    fn queue(&mut self, id: u64, call: HostCall) -> Result<(), &'static str> {
        let lane = self.lane.get_or_insert_with(|| {
            let (lane, mut calls) = mpsc::unbounded_channel();
            let (host, sender) = (Arc::clone(&self.host), self.sender.clone());
            self.tasks.spawn(async move {
                while let Some((id, call)) = calls.recv().await {
                    let performed = Arc::clone(&host).perform(call).await;
                    if sender.send(answered(id, performed)).await.is_err() {
                        return;
                    }
                }
            });
            lane
        });
        lane.send((id, call))
            .map_err(|_| "a call after the calls have ended")
    }
}

fn answered(id: u64, performed: Performed) -> Answered {
    Answered {
        answer: HostAnswer {
            id,
            outcome: performed.outcome.map_err(|error| (&error).into()),
        },
        refused: performed.refused,
        used: performed.used,
        _place: performed.place,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use mycelium_protocol::worker::KvGet;
    use mycelium_protocol::worker::McpCall;
    use mycelium_protocol::worker::McpOperation;

    /// A host that answers with the key, and never about servers.
    pub(crate) struct Echo;

    impl Host for Echo {
        fn perform(
            self: Arc<Self>,
            call: HostCall,
        ) -> Pin<Box<dyn Future<Output = Performed> + Send>> {
            Box::pin(async move {
                match call {
                    HostCall::KvGet(get) => {
                        Performed::freely(Ok(serde_json::value::to_raw_value(&get.key).unwrap()))
                    }
                    HostCall::KvList(_)
                    | HostCall::KvCommit(_)
                    | HostCall::Skill(_)
                    | HostCall::Mcp(_) => std::future::pending().await,
                }
            })
        }

        fn refuse(&self, reason: Unusable) -> ErrorReport {
            ErrorReport::new(ErrorCode::HostCallInvalid).with("reason", format!("{reason:?}"))
        }
    }

    fn get(call: u64, key: &str) -> Result<HostCall, InvalidHostCall> {
        let key = key.to_owned();
        Ok(HostCall::KvGet(KvGet { call, key }))
    }

    fn servers(call: u64) -> Result<HostCall, InvalidHostCall> {
        Ok(HostCall::Mcp(McpCall {
            call,
            server: None,
            operation: McpOperation::Servers,
            params: None,
        }))
    }

    fn calls() -> HostCalls {
        let mut calls = HostCalls::default();
        calls.begin(5, Arc::new(Echo), 1000);
        calls
    }

    #[tokio::test]
    async fn what_has_an_order_is_answered_in_it_whatever_else_waits() {
        let mut calls = calls();
        calls.take(1, 10, servers(5)).unwrap();
        for id in 2..=50 {
            calls.take(id, 10, get(5, &id.to_string())).unwrap();
        }
        for id in 2..=50 {
            let answered = calls.next().await.answer;
            assert_eq!(answered.id, id);
            assert_eq!(answered.outcome.unwrap().get(), format!("\"{id}\""));
        }
    }

    /// A host with a single place.
    struct Narrow(Arc<tokio::sync::Semaphore>);

    impl Host for Narrow {
        fn perform(
            self: Arc<Self>,
            _: HostCall,
        ) -> Pin<Box<dyn Future<Output = Performed> + Send>> {
            Box::pin(async move {
                let place = Arc::clone(&self.0).acquire_owned().await.unwrap();
                Performed {
                    place: Some(place),
                    ..Performed::freely(Ok(serde_json::value::to_raw_value(&0).unwrap()))
                }
            })
        }

        fn refuse(&self, reason: Unusable) -> ErrorReport {
            Echo.refuse(reason)
        }
    }

    #[tokio::test]
    async fn an_answer_keeps_its_place_until_somebody_has_it() {
        let mut calls = HostCalls::default();
        let places = Arc::new(tokio::sync::Semaphore::new(1));
        calls.begin(5, Arc::new(Narrow(Arc::clone(&places))), 1000);
        for id in 1..=3 {
            calls.take(id, 10, servers(5)).unwrap();
        }
        for left in [2, 1, 0] {
            let answered = calls.next().await;
            tokio::select! {
                biased;
                another = calls.next() => panic!("{another:?} of {left}"),
                () = tokio::task::yield_now() => {}
            }
            assert_eq!(places.available_permits(), 0);
            drop(answered);
        }
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_not_served() {
        let mut nothing_runs = HostCalls::default();
        assert!(nothing_runs.take(1, 10, get(5, "a")).is_err());
        for (id, call, reason) in [
            (3, get(5, "a"), "number of another"),
            (2, get(5, "a"), "number of another"),
            (4, get(6, "a"), "never made"),
        ] {
            let mut calls = calls();
            calls.take(3, 10, get(5, "a")).unwrap();
            assert!(calls.take(id, 10, call).unwrap_err().contains(reason));
        }
        let mut many = calls();
        for id in 0..MAX_HOST_CALLS as u64 {
            many.take(id + 1, 10, servers(5)).unwrap();
        }
        let error = many.take(1000, 10, servers(5)).unwrap_err();
        assert!(error.contains("more calls wait"), "{error}");
    }

    #[tokio::test]
    async fn what_comes_late_or_cannot_be_understood_is_answered_with_an_error() {
        let mut calls = calls();
        calls.take(1, 10, get(4, "a")).unwrap();
        let invalid = InvalidHostCall::Method {
            method: "kv/burn".to_owned(),
        };
        calls.take(2, 10, Err(invalid)).unwrap();
        for (id, part) in [(1, "TooLate"), (2, "kv/burn")] {
            let answer = calls.next().await.answer;
            let failure = answer.outcome.unwrap_err();
            assert_eq!(answer.id, id);
            assert!(failure.message.contains(part), "{failure:?}");
        }
    }

    #[tokio::test]
    async fn a_new_request_hears_nothing_of_the_one_before() {
        let mut calls = calls();
        calls.take(1, 10, get(5, "old")).unwrap();
        calls.end();
        calls.begin(6, Arc::new(Echo), 1000);
        assert!(calls.take(1, 10, get(6, "again")).is_err());
        calls.take(2, 10, get(6, "new")).unwrap();
        assert_eq!(calls.next().await.answer.id, 2);
    }

    #[tokio::test]
    async fn what_is_open_is_no_larger_than_a_message() {
        let mut calls = calls();
        calls.take(1, 900, get(5, "a")).unwrap();
        calls.take(2, 200, get(5, "b")).unwrap();
        let refused = calls.next().await.answer;
        assert_eq!(refused.id, 2);
        assert!(refused.outcome.unwrap_err().message.contains("TooMuch"));
        assert_eq!(calls.next().await.answer.id, 1);
        calls.take(3, 1000, get(5, "c")).unwrap();
        assert!(calls.next().await.answer.outcome.is_ok());
    }
}
