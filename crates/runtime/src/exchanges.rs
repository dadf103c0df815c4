//! The requests that the runtime makes for one worker: their numbers, their credit, their end.
//!
//! The worker is hostile. What it can make the runtime keep is bounded by [`MAX_EXCHANGES`] and [`EXCHANGE_WINDOW`];
//! whatever breaks the protocol ends it.

mod flow;
mod perform;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_network::Broker;
use mycelium_network::HttpClient;
use mycelium_network::Refusal;
use mycelium_protocol::worker::EXCHANGE_WINDOW;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::MAX_EXCHANGES;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::task::JoinSet;

use self::flow::Download;
use self::flow::Upload;
use self::perform::perform;

/// Replies that wait for the worker's connection, of all exchanges. Whoever has more to say waits.
const QUEUE: usize = 16;

/// What an exchange has to tell.
#[derive(Debug)]
pub(crate) enum Told {
    /// Something for the worker.
    Reply(ExchangeReply),
    /// Something was refused, which the worker is told next.
    Refused(Refusal),
}

/// The exchanges of one worker. Dropping them ends every one.
pub(crate) struct Exchanges {
    client: Arc<HttpClient>,
    broker: Arc<Broker>,
    open: HashMap<u32, Open>,
    last: u32,
    tasks: JoinSet<()>,
    sender: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
}

/// An exchange that is not over.
struct Open {
    upload: Arc<Upload>,
    download: Arc<Download>,
    task: AbortHandle,
}

impl Exchanges {
    /// What makes the connections.
    pub(crate) fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    pub(crate) fn new(client: Arc<HttpClient>, broker: Arc<Broker>) -> Self {
        let (sender, told) = mpsc::channel(QUEUE);
        Self {
            client,
            broker,
            open: HashMap::new(),
            last: 0,
            tasks: JoinSet::new(),
            sender,
            told,
        }
    }

    /// Exchanges that are all refused.
    #[cfg(test)]
    pub(crate) fn without_network() -> Self {
        let broker = Broker::new(
            mycelium_network::Gate::default(),
            mycelium_network::BrokerLimits::with_bandwidth(1024),
            Arc::new(mycelium_network::SystemResolver),
            Arc::new(|_: mycelium_network::RequestRecord| {}),
        );
        let client = HttpClient::new(mycelium_network::Certificates::These(Vec::new()));
        Self::new(Arc::new(client), Arc::new(broker))
    }

    /// Takes a call of the worker.
    ///
    /// # Errors
    /// What is wrong with it, if it breaks the protocol.
    pub(crate) fn take(&mut self, call: ExchangeCall) -> Result<(), &'static str> {
        let number = call.exchange();
        match call {
            ExchangeCall::Open(request) => {
                if number <= self.last {
                    return Err("an exchange has the number of another one");
                }
                if self.open.len() >= MAX_EXCHANGES {
                    return Err("more exchanges are open than may be");
                }
                self.last = number;
                // Those that are over.
                while self.tasks.try_join_next().is_some() {}
                let upload = Arc::new(Upload::new(EXCHANGE_WINDOW));
                let download = Arc::new(Download::new(EXCHANGE_WINDOW));
                let task = self.tasks.spawn(perform(
                    Arc::clone(&self.client),
                    Arc::clone(&self.broker),
                    request,
                    (Arc::clone(&upload), Arc::clone(&download)),
                    self.sender.clone(),
                ));
                self.open.insert(
                    number,
                    Open {
                        upload,
                        download,
                        task,
                    },
                );
                Ok(())
            }
            _ if number > self.last => Err("an exchange that was never opened"),
            // The worker may not know yet that the exchange is over.
            ExchangeCall::Body(body) => match self.open.get(&number) {
                Some(open) => {
                    let bytes = BASE64_STANDARD
                        .decode(body.data)
                        .map_err(|_| "a body is not base64")?;
                    open.upload.add(&bytes, body.last)
                }
                None => Ok(()),
            },
            ExchangeCall::Credit(credit) => match self.open.get(&number) {
                Some(open) => open.download.grant(credit.bytes),
                None => Ok(()),
            },
            ExchangeCall::Abort(_) => {
                if let Some(open) = self.open.remove(&number) {
                    open.task.abort();
                }
                Ok(())
            }
        }
    }

    /// The next thing to tell. Waits for ever if there is none.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            // This keeps a sender itself: the channel does not close.
            let Some(told) = self.told.recv().await else {
                return std::future::pending().await;
            };
            match &told {
                Told::Refused(_) => return told,
                Told::Reply(reply) => {
                    let number = number(reply);
                    // What an exchange said that was given up meanwhile is for nobody.
                    if !self.open.contains_key(&number) {
                        continue;
                    }
                    if matches!(reply, ExchangeReply::End(_) | ExchangeReply::Failed(_)) {
                        self.open.remove(&number);
                    }
                    return told;
                }
            }
        }
    }
}

fn number(reply: &ExchangeReply) -> u32 {
    match reply {
        ExchangeReply::Connected(number) => number.exchange,
        ExchangeReply::Head(head) => head.exchange,
        ExchangeReply::Body(body) => body.exchange,
        ExchangeReply::Credit(credit) => credit.exchange,
        ExchangeReply::End(end) => end.exchange,
        ExchangeReply::Failed(failed) => failed.exchange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mycelium_protocol::worker::BodyLength;
    use mycelium_protocol::worker::ExchangeBody;
    use mycelium_protocol::worker::ExchangeCredit;
    use mycelium_protocol::worker::ExchangeFailure;
    use mycelium_protocol::worker::ExchangeNumber;
    use mycelium_protocol::worker::MAX_EXCHANGE_CHUNK;
    use mycelium_protocol::worker::OpenExchange;

    fn open(exchange: u32) -> ExchangeCall {
        ExchangeCall::Open(OpenExchange {
            exchange,
            secure: false,
            host: "a.test".to_owned(),
            port: 80,
            method: "GET".to_owned(),
            target: "/".to_owned(),
            headers: Vec::new(),
            length: BodyLength::Unknown,
        })
    }

    fn body(exchange: u32, length: usize) -> ExchangeCall {
        ExchangeCall::Body(ExchangeBody {
            exchange,
            data: BASE64_STANDARD.encode(vec![0; length]),
            last: false,
        })
    }

    #[tokio::test]
    async fn without_a_grant_a_request_is_refused_before_the_worker_hears_of_it() {
        let mut exchanges = Exchanges::without_network();
        exchanges.take(open(1)).unwrap();
        let Told::Refused(refusal) = exchanges.next().await else {
            panic!("no refusal");
        };
        assert_eq!(refusal.place(), "a.test:80");
        let Told::Reply(ExchangeReply::Failed(failed)) = exchanges.next().await else {
            panic!("no failure");
        };
        assert_eq!(failed.code, ExchangeFailure::SecurityViolation);
        // It is over, and what the worker says of it before it knows is nobody's.
        exchanges.take(body(1, 10)).unwrap();
        assert!(exchanges.open.is_empty());
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_not_served() {
        for (calls, reason) in [
            (vec![open(2), open(2)], "number of another"),
            (vec![open(2), open(1)], "number of another"),
            (vec![body(1, 1)], "never opened"),
            (vec![open(1), body(1, MAX_EXCHANGE_CHUNK + 1)], "too large"),
            (
                (0..6)
                    .map(|n| {
                        if n == 0 {
                            open(1)
                        } else {
                            body(1, MAX_EXCHANGE_CHUNK)
                        }
                    })
                    .collect(),
                "credit",
            ),
            (
                vec![
                    open(1),
                    ExchangeCall::Credit(ExchangeCredit {
                        exchange: 1,
                        bytes: 1,
                    }),
                ],
                "credit",
            ),
            (
                (1..=u32::try_from(MAX_EXCHANGES).unwrap() + 1)
                    .map(open)
                    .collect(),
                "more exchanges",
            ),
        ] {
            let mut exchanges = Exchanges::without_network();
            let mut outcomes = calls.into_iter().map(|call| exchanges.take(call));
            let broken = outcomes.find_map(Result::err).unwrap_or_default();
            assert!(broken.contains(reason), "{broken:?}: {reason}");
        }
    }

    #[tokio::test]
    async fn an_aborted_exchange_says_nothing_more() {
        let mut exchanges = Exchanges::without_network();
        exchanges.take(open(1)).unwrap();
        exchanges
            .take(ExchangeCall::Abort(ExchangeNumber { exchange: 1 }))
            .unwrap();
        exchanges.take(open(2)).unwrap();
        loop {
            if let Told::Reply(reply) = exchanges.next().await {
                assert_eq!(number(&reply), 2);
                break;
            }
        }
    }
}
