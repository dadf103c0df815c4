//! Calls whose caller goes away: the skill is told, and has a moment to end what it does.

use std::sync::Arc;
use std::time::Duration;

use mycelium_types::ErrorReport;
use mycelium_types::SkillState;
use tokio::runtime::Handle;

use crate::audit::Asker;
use crate::inner::Inner;
use crate::instance::Instance;
use crate::instance::Place;
use crate::lifecycle::Slot;
use crate::listener::Listener;
use crate::live_worker::attempts;

/// How long a skill has to end a call that nobody waits for.
const GRACE: Duration = Duration::from_secs(1);

/// A call's hold on its instance. Whoever drops it in the middle of the call cancels the call.
pub(crate) struct Held {
    pub(crate) instance: Arc<Instance>,
    inner: Arc<Inner>,
    slot: Option<Slot>,
    place: Option<Place>,
    method: String,
    trace: String,
}

impl Held {
    /// A hold on an instance whose turn has come.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        (instance, slot, place): (Arc<Instance>, Slot, Place),
        method: &str,
        trace: &str,
    ) -> Self {
        Self {
            instance,
            inner: Arc::clone(inner),
            slot: Some(slot),
            place: Some(place),
            method: method.to_owned(),
            trace: trace.to_owned(),
        }
    }

    /// The instance, and what runs of it.
    pub(crate) fn parts(&mut self) -> Result<(&Arc<Instance>, &mut Slot), ErrorReport> {
        match &mut self.slot {
            Some(slot) => Ok((&self.instance, slot)),
            None => Err(ErrorReport::internal("a call has let go of its instance")),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else {
            return;
        };
        let Some(running) = slot.as_ref().filter(|run| run.worker.is_unanswered()) else {
            return;
        };
        let Ok(executor) = Handle::try_current() else {
            running.worker.process().kill();
            return;
        };
        let (inner, instance) = (Arc::clone(&self.inner), Arc::clone(&self.instance));
        let (method, trace) = (self.method.clone(), self.trace.clone());
        let place = self.place.take();
        executor.spawn(async move {
            inner.cancel_call(&instance, slot, (&method, &trace)).await;
            // Until then the instance counts as used.
            drop(place);
        });
    }
}

impl Inner {
    /// Ends a call in the middle, as gently as the skill lets it be ended.
    async fn cancel_call(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        mut slot: Slot,
        (method, trace): (&str, &str),
    ) {
        let Some(running) = slot.as_mut() else {
            return;
        };
        let events = self.silent();
        let launch = Arc::clone(&running.launch);
        let asker = Asker {
            workspace: &instance.key.workspace,
            session: instance.key.session.as_deref(),
            correlation_id: trace,
            scope: None,
        };
        let subject = asker.subject(&launch.policy.skill, launch.skill.digest());
        let mut listener = Listener::new(
            &launch,
            method,
            &events,
            &self.audit,
            subject,
            running.worker.memory(),
        );
        let goes_on = running
            .worker
            .cancel_call(GRACE, &mut |told| listener.hear(told))
            .await;
        listener.seen(attempts(running.worker.process()).await);
        self.note_uses(launch.skill.root(), &listener.take_uses());
        let (_, on_record) = listener.settle().await;
        if let Err(failure) = on_record {
            tracing::error!(%failure, "a refusal is not on record yet");
        }
        let planted = self.look_for_planted(&launch, method, asker, &events).await;
        instance.touch();
        let ended = if !goes_on || !planted.is_empty() {
            running.worker.process().kill();
            self.bury(instance, &mut slot)
        } else {
            let active = instance.machine.advance(SkillState::Active);
            match active {
                Ok(_) if instance.key.call.is_some() => {
                    self.retire(instance, &mut slot, &events).await
                }
                Ok(_) => Ok(()),
                Err(error) => Err(error.into()),
            }
        };
        if let Err(error) = ended {
            tracing::info!(skill = %instance.key.skill, %error, "an instance ended badly");
        }
    }
}
