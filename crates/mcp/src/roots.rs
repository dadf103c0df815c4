//! The folders that an agent says it works on.
//!
//! Revisions before 2026-07-28 let a server ask for them. What an agent says is told to skills and changes nothing else:
//! the workspace is the folder that the bridge was started in.

#![expect(
    deprecated,
    reason = "the revision that agents speak today has no other way to tell"
)]

use std::sync::Mutex;
use std::time::Duration;

use rmcp::Peer;
use rmcp::RoleServer;
use tokio::sync::Notify;
use tokio::sync::watch;

use crate::view::lock;

/// The most folders that skills are told of.
const MAX_ROOTS: usize = 32;
/// The longest address of one, in bytes.
const MAX_LENGTH: usize = 4096;
/// How long an agent may take to answer, which keeps nobody waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an agent said last.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    told: Mutex<Vec<String>>,
    changed: Notify,
}

impl Roots {
    /// The addresses, as the agent writes them.
    pub(crate) fn known(&self) -> Vec<String> {
        lock(&self.told).clone()
    }

    /// The agent says that there are others now.
    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }

    /// Asks an agent that can tell, now and after each change, one question at a time, until its session is over. No call
    /// waits for it: until it has answered, there are none.
    pub(crate) async fn follow(&self, peer: &Peer<RoleServer>, mut alive: watch::Receiver<()>) {
        let can_tell = peer
            .peer_info()
            .is_some_and(|info| info.capabilities.roots.is_some());
        if !can_tell {
            return;
        }
        let asking = async {
            loop {
                self.ask(peer).await;
                self.changed.notified().await;
            }
        };
        tokio::select! {
            () = asking => {}
            // Only the end of the session does that.
            _ = alive.changed() => {}
        }
    }

    async fn ask(&self, peer: &Peer<RoleServer>) {
        match tokio::time::timeout(PATIENCE, peer.list_roots()).await {
            Ok(Ok(told)) => self.learn(told.roots.into_iter().map(|root| root.uri)),
            Ok(Err(error)) => tracing::info!(%error, "an agent did not tell its folders"),
            Err(_) => tracing::info!("an agent did not tell its folders in time"),
        }
    }

    fn learn(&self, told: impl Iterator<Item = String>) {
        let fits = told.filter(|root| root.len() <= MAX_LENGTH);
        *lock(&self.told) = fits.take(MAX_ROOTS).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_bounded_and_replaces_what_was() {
        let roots = Roots::default();
        let many = (0..1_000).map(|number| format!("file:///{number}"));
        roots.learn(many);
        assert_eq!(roots.known().len(), MAX_ROOTS);
        roots.learn(["x".repeat(MAX_LENGTH + 1), "file:///one".to_owned()].into_iter());
        assert_eq!(roots.known(), ["file:///one"]);
    }
}
