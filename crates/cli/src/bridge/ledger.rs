//! What the agent has asked and nobody has answered yet.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Requests without an answer that are remembered; a client asks fewer at once.
const MAX_OPEN: usize = 1 << 16;
/// JSON-RPC leaves this code to servers (JSON-RPC 2.0, section 5.1).
const LOST: i32 = -32000;

/// What the agent has asked and nobody has answered yet, and how the conversation began.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The ids, as they were written; whether the agent has its answer already.
    open: BTreeMap<String, Answer>,
    /// The request `initialize` with its id, and the notification that follows it.
    initialize: Option<(String, Vec<u8>)>,
    initialized: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    /// It ends a subscription, which lasts for as long as the agent does.
    Farewell,
    /// The agent heard it of an earlier daemon.
    Heard,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// What an agent takes back.
#[derive(Deserialize)]
struct Cancelled<'a> {
    #[serde(borrow, rename = "requestId")]
    request: &'a RawValue,
}

impl Ledger {
    /// Notes a line of the agent.
    pub(super) fn ask(&mut self, line: &[u8]) {
        // What is no message is the daemon's to refuse.
        let Ok(header) = serde_json::from_slice::<Header<'_>>(line) else {
            return;
        };
        match (header.method.as_deref(), header.id) {
            (Some(method), Some(id)) => {
                let id = id.get().to_owned();
                if method == "initialize" {
                    self.initialize = Some((id.clone(), line.to_vec()));
                }
                let answer = match method {
                    "subscriptions/listen" => Answer::Farewell,
                    _ => Answer::Awaited,
                };
                if self.open.len() < MAX_OPEN {
                    self.open.insert(id, answer);
                }
            }
            (Some("notifications/cancelled"), None) => self.forget(header.params),
            (Some("notifications/initialized"), None) => self.initialized = Some(line.to_vec()),
            (Some(_) | None, _) => {}
        }
    }

    /// What was taken back is not answered any more.
    fn forget(&mut self, params: Option<&RawValue>) {
        let cancelled = params.and_then(|it| serde_json::from_str::<Cancelled<'_>>(it.get()).ok());
        let Some(id) = cancelled.map(|cancelled| cancelled.request.get()) else {
            return;
        };
        // The handshake cannot be taken back.
        if (self.initialize.as_ref()).is_none_or(|(handshake, _)| handshake != id) {
            self.open.remove(id);
        }
    }

    /// Notes a line of the daemon. Whether the agent is to hear it.
    pub(super) fn answer(&mut self, line: &[u8]) -> bool {
        let Ok(header) = serde_json::from_slice::<Header<'_>>(line) else {
            return true;
        };
        match (header.method, header.id) {
            (None, Some(id)) => self.open.remove(id.get()) != Some(Answer::Heard),
            (Some(_) | None, _) => true,
        }
    }

    /// Whether an agent that leaves has answers to come.
    pub(super) fn is_open(&self) -> bool {
        (self.open.values()).any(|answer| *answer != Answer::Farewell)
    }

    /// The daemon is gone: answers to everything it was asked, but the handshake, which the next one gets.
    pub(super) fn lose(&mut self) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        let handshake = self.initialize.as_ref().map(|(id, _)| id.clone());
        let awaited_handshake = handshake
            .as_ref()
            .and_then(|id| self.open.get(id))
            .is_some_and(|answer| *answer == Answer::Awaited);
        for (id, answer) in std::mem::take(&mut self.open) {
            if Some(&id) == handshake.as_ref() || answer == Answer::Heard {
                continue;
            }
            let Ok(id) = serde_json::from_str::<&RawValue>(&id) else {
                continue;
            };
            let message = json!({
                "jsonrpc": "2.0",
                "id": id,
                "error": {
                    "code": LOST,
                    "message": "DAEMON_UNAVAILABLE: the daemon went away during the request. Ask again: another one serves now.",
                },
            });
            answers.push(format!("{message}\n").into_bytes());
        }
        if let Some(id) = handshake {
            let answer = match awaited_handshake {
                true => Answer::Awaited,
                false => Answer::Heard,
            };
            self.open.insert(id, answer);
        }
        answers
    }

    /// What the next daemon has to hear before anything else.
    pub(super) fn handshake(&self) -> impl Iterator<Item = &[u8]> {
        let initialize = self.initialize.iter().map(|(_, line)| line.as_slice());
        initialize.chain(self.initialized.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

    #[test]
    fn what_was_asked_is_answered_when_the_daemon_goes() {
        let mut ledger = Ledger::default();
        ledger.ask(br#"{"jsonrpc":"2.0","id":"a\"b","method":"tools/call"}"#);
        ledger.ask(br#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#);
        assert!(ledger.answer(br#"{"jsonrpc":"2.0","id":7,"result":{}}"#));
        let answers = ledger.lose();
        assert_eq!(answers.len(), 1);
        let answer: serde_json::Value = serde_json::from_slice(&answers[0]).unwrap();
        assert_eq!(answer["id"], "a\"b");
        assert_eq!(answer["error"]["code"], LOST);
        assert!(!ledger.is_open());
    }

    #[test]
    fn the_next_daemon_hears_the_handshake_and_the_agent_hears_one_answer() {
        let mut ledger = Ledger::default();
        ledger.ask(INITIALIZE);
        assert!(ledger.answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
        ledger.ask(INITIALIZED);
        assert_eq!(ledger.lose(), Vec::<Vec<u8>>::new());
        let lines: Vec<_> = ledger.handshake().collect();
        assert_eq!(lines, [INITIALIZE, INITIALIZED]);
        assert!(!ledger.answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
        assert!(!ledger.is_open());
    }

    #[test]
    fn a_handshake_that_was_not_answered_is_answered_by_the_next_daemon() {
        let mut ledger = Ledger::default();
        ledger.ask(INITIALIZE);
        assert!(ledger.lose().is_empty());
        assert!(ledger.answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
    }

    #[test]
    fn what_was_taken_back_and_what_never_ends_is_not_waited_for() {
        let mut ledger = Ledger::default();
        ledger.ask(INITIALIZE);
        ledger.ask(br#"{"jsonrpc":"2.0","id":2,"method":"tools/call"}"#);
        ledger.ask(br#"{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen"}"#);
        for id in [1, 2] {
            let line = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
            );
            ledger.ask(line.as_bytes());
        }
        ledger.ask(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[2]}"#);
        assert!(ledger.is_open(), "the handshake is to be answered");
        assert!(ledger.answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
        assert!(!ledger.is_open());
        assert_eq!(
            ledger.lose().len(),
            1,
            "a subscription ends with its daemon"
        );
    }

    #[test]
    fn what_is_no_message_passes() {
        let mut ledger = Ledger::default();
        ledger.ask(b"nonsense");
        assert!(ledger.answer(b"nonsense"));
        assert!(!ledger.is_open());
    }
}
