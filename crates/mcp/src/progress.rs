//! What a call does meanwhile, for an agent that asked to be told.

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
            if let Some(message) = message(event) {
                // The queue of an agent that reads slowly is full.
                let _ = sender.try_send(Said::Message(message));
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
    let mut count = 0.0;
    while let Some(Said::Message(message)) = queue.recv().await {
        count += 1.0;
        let progress = ProgressNotificationParam::new(token.clone(), count).with_message(message);
        if peer.notify_progress(progress).await.is_err() {
            return;
        }
    }
}

/// What an event tells somebody who waits; many tell nothing.
fn message(event: Event) -> Option<String> {
    match event {
        Event::Console { text, .. } => Some(shortened(text)),
        Event::DependenciesResolved { packages, .. } => Some(format!("{packages} packages")),
        Event::StateChanged { states, .. } => states.last().map(ToString::to_string),
        Event::Lifecycle { .. }
        | Event::SandboxCreated { .. }
        | Event::Executing { .. }
        | Event::Failed { .. }
        | Event::NetworkRequest(_)
        | Event::Used { .. }
        | Event::Violation(_)
        | Event::Audited(_)
        | Event::LimitReached { .. }
        | Event::BreakerOpened { .. }
        | Event::BreakerRejected { .. }
        | Event::Retrying { .. }
        | Event::ReloadDetected { .. }
        | Event::Download { .. }
        | Event::Note { .. } => None,
    }
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
    fn long_lines_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        let long = shortened("é".repeat(MAX_MESSAGE));
        assert!(long.ends_with("é…") && long.len() <= MAX_MESSAGE + '…'.len_utf8());
    }
}
