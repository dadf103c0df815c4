//! A worker's look-ups.

use std::time::Duration;

use tokio::net::UdpSocket;

use crate::Host;
use crate::Protocol;
use crate::Refusal;
use crate::RefusalReason;
use crate::RequestRecord;
use crate::Verdict;
use crate::lookup::Answer;
use crate::lookup::Question;
use crate::serve::Door;

/// The longest question that is read; without extensions none is longer.
const MAX_QUESTION: usize = 1232;

impl Door {
    /// Answers look-ups. No name leaves this machine by it: what is granted has an address of ours.
    pub(super) async fn answer_lookups(&self, socket: UdpSocket) {
        let mut buffer = [0; MAX_QUESTION];
        loop {
            let Ok((length, asker)) = socket.recv_from(&mut buffer).await else {
                // The error is of an answer that nobody waited for.
                tokio::task::yield_now().await;
                continue;
            };
            self.shared.attempts.one().await;
            if let Some(question) = Question::read(&buffer[..length]) {
                let answer = self.look_up(&question);
                // Who does not take the answer asks again.
                let _ = socket.send_to(&question.answer(answer), asker).await;
            }
        }
    }

    fn look_up(&self, question: &Question) -> Answer {
        let refused = match question.host() {
            None => RefusalReason::NotAHost,
            Some(name) => match self.shared.gate.judge_name(&Host::Name(name.clone())) {
                Err(reason) => reason,
                Ok(()) if !question.asks_address => return Answer::Nothing,
                Ok(()) => {
                    return match self.shared.names.address_of(&name) {
                        Some(address) => Answer::Address(address),
                        None => Answer::Failure,
                    };
                }
            },
        };
        let host = match question.host() {
            Some(name) => name.to_string(),
            None => crate::record::shown(&question.name),
        };
        let refusal = Refusal {
            host: host.clone(),
            port: None,
            method: None,
            reason: refused,
        };
        self.shared.log.add(RequestRecord {
            protocol: Protocol::Name,
            host,
            port: None,
            method: None,
            path: None,
            address: None,
            bytes_sent: 0,
            bytes_received: 0,
            duration: Duration::ZERO,
            verdict: Verdict::Refused(refusal),
            given: Vec::new(),
            withheld: Vec::new(),
            unreadable: Vec::new(),
            omitted: 0,
        });
        Answer::NoSuchName
    }
}
