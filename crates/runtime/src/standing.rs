//! Whether what an instance was granted still stands.

use std::sync::Arc;

use mycelium_loader::VerifiedSkill;
use mycelium_policy::Answer;
use mycelium_policy::GrantBounds;
use mycelium_policy::Rung;
use mycelium_policy::WorkspaceTrust;
use mycelium_policy::answer_to;
use mycelium_protocol::Event;
use mycelium_protocol::LifecycleStep;
use mycelium_types::ErrorReport;
use mycelium_types::Limits;
use mycelium_types::SkillState;

use crate::EventSink;
use crate::inner::Inner;
use crate::instance::Instance;
use crate::instance::Running;
use crate::launch;
use crate::lifecycle::Slot;
use crate::network;
use crate::workspace::Workspace;

/// What the decision about a skill rests on and the person can change while it runs.
///
/// Neither the client's environment nor what lies in the workspace is part of it: those are looked at
/// when an instance starts, and two shells may well differ in them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    trust: WorkspaceTrust,
    answer: Option<Answer>,
    limits: Limits,
    denied_hosts: Vec<String>,
    bounds: GrantBounds,
    required_rung: Rung,
    reads_tls: bool,
}

/// What became of a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    /// Something was taken back.
    Narrowed,
    /// Something else.
    Other,
}

impl Standing {
    pub(crate) fn of(workspace: &Workspace, skill: &VerifiedSkill) -> Self {
        let manifest = skill.manifest();
        Self {
            trust: workspace.trust(),
            answer: answer_to(&workspace.answers.grants, manifest, skill.digest())
                .map(|grant| grant.answer),
            limits: launch::limits(workspace, skill),
            bounds: workspace.configuration.grant_bounds(),
            denied_hosts: workspace.configuration.security.denied_hosts.clone(),
            required_rung: launch::required_rung(workspace, skill),
            reads_tls: network::reads_tls(workspace, skill),
        }
    }

    fn change(&self, now: &Self) -> Change {
        let lost_trust =
            self.trust == WorkspaceTrust::Trusted && now.trust == WorkspaceTrust::Untrusted;
        let is_granted = |standing: &Self| standing.answer.is_some_and(Answer::is_yes);
        let newly_refused = self.answer != now.answer && now.answer == Some(Answer::Refused);
        let lost_grant = newly_refused || (is_granted(self) && !is_granted(now));
        let newly_denied = |host: &String| !self.denied_hosts.contains(host);
        let lost_hosts = now.denied_hosts.iter().any(newly_denied);
        // Whether it is less is not looked into.
        let other_bounds = self.bounds != now.bounds;
        if lost_trust || lost_grant || lost_hosts || other_bounds {
            Change::Narrowed
        } else if self == now {
            Change::None
        } else {
            Change::Other
        }
    }
}

impl Running {
    /// Compares with what holds in `workspace`, which is the same as before for most calls.
    fn change(&mut self, workspace: &Arc<Workspace>) -> Change {
        if Arc::ptr_eq(&self.workspace, workspace) {
            return Change::None;
        }
        let before = Standing::of(&self.workspace, &self.launch.skill);
        let change = before.change(&Standing::of(workspace, &self.launch.skill));
        if change == Change::None {
            self.workspace = Arc::clone(workspace);
        }
        change
    }
}

impl Inner {
    /// Ends an instance's worker if something of what it was granted has changed since it started. The
    /// instance stays and starts anew with the next call.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        let Some(running) = slot.as_mut() else {
            return Ok(());
        };
        let change = running.change(workspace);
        if change == Change::None {
            return Ok(());
        }
        let state = instance.machine.state();
        (events)(Event::Lifecycle {
            skill: instance.key.skill.name.clone(),
            step: LifecycleStep::Unloading,
        });
        // Who has lost something gets no chance to use it once more.
        if change == Change::Other
            && let Err(error) = self.farewells(instance, slot, events).await
        {
            tracing::info!(skill = %instance.key.skill, %error, "an instance ended badly");
        }
        self.end_worker(instance, slot)?;
        (events)(Event::StateChanged {
            skill: instance.key.skill.name.clone(),
            states: vec![state, SkillState::Cleanup, SkillState::Unloaded],
        });
        Ok(())
    }

    /// Ends the workers of instances that have lost something: idle ones at once, busy ones when their
    /// call is done.
    pub(crate) async fn renew_all(self: &Arc<Self>, instances: Vec<Arc<Instance>>) {
        for instance in instances {
            match Arc::clone(&instance.running).try_lock_owned() {
                Ok(slot) => self.renew_or_tell(&instance, slot).await,
                Err(_) => {
                    let inner = Arc::clone(self);
                    tokio::spawn(async move {
                        let slot = Arc::clone(&instance.running).lock_owned().await;
                        inner.renew_or_tell(&instance, slot).await;
                    });
                }
            }
        }
    }

    async fn renew_or_tell(self: &Arc<Self>, instance: &Arc<Instance>, mut slot: Slot) {
        let Some(running) = slot.as_ref() else {
            return;
        };
        let session = instance.key.session.as_deref().unwrap_or_default();
        let context = running.workspace.context(session);
        let events = self.silent();
        let renewed = match self.workspace(&context).await {
            Ok(workspace) => self.renew(&workspace, instance, &mut slot, &events).await,
            // Nothing says that it may go on.
            Err(error) => self.bury(instance, &mut slot).and(Err(error)),
        };
        if let Err(error) = renewed {
            tracing::warn!(skill = %instance.key.skill, %error, "an instance ended badly");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_the_same_narrower_or_different() {
        let full = Standing {
            trust: WorkspaceTrust::Trusted,
            answer: Some(Answer::Granted),
            limits: Limits::default(),
            bounds: GrantBounds::default(),
            denied_hosts: vec!["a.test".to_owned()],
            required_rung: Rung::Full,
            reads_tls: false,
        };
        let untrusted = Standing {
            trust: WorkspaceTrust::Untrusted,
            ..full.clone()
        };
        let unanswered = Standing {
            answer: None,
            ..full.clone()
        };
        let refused = Standing {
            answer: Some(Answer::Refused),
            ..full.clone()
        };
        let denying = |hosts: &[&str]| Standing {
            denied_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..full.clone()
        };
        let mut limited = full.clone();
        limited.limits.memory_mb = 1;
        assert_eq!(full.change(&full), Change::None);
        assert_eq!(full.change(&untrusted), Change::Narrowed);
        assert_eq!(full.change(&unanswered), Change::Narrowed);
        assert_eq!(unanswered.change(&refused), Change::Narrowed);
        let once = Standing {
            answer: Some(Answer::Once),
            ..full.clone()
        };
        assert_eq!(once.change(&unanswered), Change::Narrowed);
        assert_eq!(once.change(&full), Change::Other);
        assert_eq!(full.change(&once), Change::Other);
        let bounded = Standing {
            bounds: GrantBounds::new([vec!["network"]]),
            ..full.clone()
        };
        assert_eq!(full.change(&bounded), Change::Narrowed);
        assert_eq!(unanswered.change(&full), Change::Other);
        assert_eq!(untrusted.change(&full), Change::Other);
        assert_eq!(full.change(&limited), Change::Other);
        assert_eq!(
            full.change(&denying(&["b.test", "a.test"])),
            Change::Narrowed
        );
        assert_eq!(full.change(&denying(&[])), Change::Other);
    }
}
