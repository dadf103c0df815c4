//! What a call does meanwhile, for an agent that asked to be told.

use std::cmp::Ordering;
use std::sync::Arc;

use mycelium_protocol::Event;
use mycelium_runtime::EventSink;
use rmcp::Peer;
use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::model::ProgressToken;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Messages that wait for a slow agent; more are left out, because the next one says more.
const QUEUE: usize = 64;
/// The longest message, in bytes. What is printed in full is in the daemon's log.
const MAX_MESSAGE: usize = 1000;

/// Tells an agent of a call's progress until the call ends.
pub(crate) struct Progress {
    pub(crate) events: EventSink,
    telling: Option<Telling>,
}

/// The task that tells. Its queue stays open as long as anybody holds the events; nothing ends it but the end.
struct Telling {
    messages: mpsc::Sender<Said>,
    task: JoinHandle<()>,
}

enum Said {
    Message(String),
    /// How far the skill itself says that it is.
    Progress {
        done: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    End,
}

impl Progress {
    /// For an agent that gave `token`; for any other nothing is told.
    pub(crate) fn new(token: Option<ProgressToken>, peer: &Peer<RoleServer>) -> Self {
        let Some(token) = token else {
            return Self {
                events: Arc::new(|_| {}),
                telling: None,
            };
        };
        let (messages, queue) = mpsc::channel(QUEUE);
        let sender = messages.clone();
        let events: EventSink = Arc::new(move |event| {
            if let Some(said) = said(event) {
                // The queue of an agent that reads slowly is full.
                let _ = sender.try_send(said);
            }
        });
        let task = tokio::spawn(tell(token, peer.clone(), queue));
        Self {
            events,
            telling: Some(Telling { messages, task }),
        }
    }

    /// Waits until everything is told: nothing may come after the answer.
    pub(crate) async fn end(self) {
        if let Some(Telling { messages, task }) = self.telling {
            // It ends by itself when the agent is gone; and a defect in it is not the call's.
            let _ = messages.send(Said::End).await;
            let _ = task.await;
        }
    }
}

async fn tell(token: ProgressToken, peer: Peer<RoleServer>, mut queue: mpsc::Receiver<Said>) {
    let mut course = Course::default();
    while let Some(step) = queue.recv().await.and_then(|said| course.step(said)) {
        let Some((done, total, message)) = step else {
            continue;
        };
        let mut progress = ProgressNotificationParam::new(token.clone(), done);
        progress.total = total;
        progress.message = message;
        if peer.notify_progress(progress).await.is_err() {
            return;
        }
    }
}

/// How much, of how much, and what.
type Step = (f64, Option<f64>, Option<String>);

/// What was told so far: the protocol wants each number to be greater than the one before.
#[derive(Debug, Default)]
struct Course {
    /// The last number that was told.
    last: f64,
    /// Where the skill's own count begins, once it counts.
    base: Option<f64>,
}

impl Course {
    /// What is told of something that was said, perhaps nothing; `None` at the end.
    fn step(&mut self, said: Said) -> Option<Option<Step>> {
        match said {
            Said::End => None,
            // The skill's own numbers are not mixed with a count of lines.
            Said::Message(_) if self.base.is_some() => Some(None),
            Said::Message(message) => {
                self.last += 1.0;
                Some(Some((self.last, None, Some(message))))
            }
            Said::Progress {
                done,
                total,
                message,
            } => {
                let base = *self.base.get_or_insert(self.last);
                let done = base + done;
                // A number that is none is no greater one either.
                if done.partial_cmp(&self.last) != Some(Ordering::Greater) {
                    return Some(None);
                }
                self.last = done;
                Some(Some((done, total.map(|total| base + total), message)))
            }
        }
    }
}

/// What an event tells somebody who waits; many tell nothing.
fn said(event: Event) -> Option<Said> {
    Some(match event {
        Event::Progress {
            done,
            total,
            message,
            ..
        } => Said::Progress {
            done,
            total,
            message: message.map(shortened),
        },
        Event::Console { text, .. } => Said::Message(shortened(text)),
        Event::DependenciesResolved { packages, .. } => {
            Said::Message(format!("{packages} packages"))
        }
        Event::StateChanged { states, .. } => Said::Message(states.last()?.to_string()),
        Event::Lifecycle { .. }
        | Event::SandboxCreated { .. }
        | Event::Executing { .. }
        | Event::Failed { .. }
        | Event::NetworkRequest(_)
        | Event::Used { .. }
        | Event::Needed { .. }
        | Event::Violation(_)
        | Event::ViolationsOmitted { .. }
        | Event::Audited(_)
        | Event::LimitReached { .. }
        | Event::BreakerOpened { .. }
        | Event::BreakerRejected { .. }
        | Event::Retrying { .. }
        | Event::ReloadDetected { .. }
        | Event::Download { .. }
        | Event::Note { .. } => return None,
    })
}

fn shortened(mut text: String) -> String {
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_only_grow_and_are_the_skills_own_once_it_counts() {
        let mut course = Course::default();
        let mut told = |said| course.step(said).unwrap();
        let message = |text: &str| Said::Message(text.to_owned());
        let progress = |done, total| Said::Progress {
            done,
            total,
            message: None,
        };
        assert_eq!(told(message("a")), Some((1.0, None, Some("a".to_owned()))));
        assert_eq!(told(progress(1.0, Some(4.0))), Some((2.0, Some(5.0), None)));
        assert_eq!(told(progress(1.0, Some(4.0))), None);
        assert_eq!(told(message("b")), None);
        assert_eq!(told(progress(0.5, None)), None);
        assert_eq!(told(progress(f64::NAN, None)), None);
        assert_eq!(told(progress(4.0, Some(4.0))), Some((5.0, Some(5.0), None)));
        assert_eq!(course.step(Said::End), None);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        let long = shortened("é".repeat(MAX_MESSAGE));
        assert!(long.ends_with("é…") && long.len() <= MAX_MESSAGE + '…'.len_utf8());
    }
}
