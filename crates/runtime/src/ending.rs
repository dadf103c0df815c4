//! Ending instances: because somebody asks for it, because they are idle, or because their worker is gone.

use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::LifecycleStep;
use mycelium_sandbox::Worker;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::SkillState;

use crate::EventSink;
use crate::audit::Asker;
use crate::audit::about_skill;
use crate::connection::Heard;
use crate::hook::Stage;
use crate::inner::Inner;
use crate::instance::Instance;
use crate::instance::Running;
use crate::launch::LaunchSpec;
use crate::lifecycle::Slot;
use crate::lifecycle::stage;
use crate::listener::Listener;
use crate::live_worker::attempts;
use crate::live_worker::ended;
use crate::network::Memory;
use crate::network::Records;
use crate::workspace::Workspace;

/// What the record calls the time after the last call.
const AFTERWARDS: &str = "end";
/// How long a skill may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

impl Inner {
    /// Ends an instance: `onDeactivate`, `onUnload`, then its worker. What fails on the way is returned;
    /// the instance ends all the same.
    pub(crate) async fn retire(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        let skill = &instance.key.skill.name;
        let state = instance.machine.state();
        if state == SkillState::Unloaded {
            return Ok(());
        }
        (events)(Event::Lifecycle {
            skill: skill.clone(),
            step: LifecycleStep::Unloading,
        });
        let outcome = self.farewells(instance, slot, events).await;
        self.bury(instance, slot)?;
        (events)(Event::StateChanged {
            skill: skill.clone(),
            states: vec![state, SkillState::Cleanup, SkillState::Unloaded],
        });
        outcome
    }

    /// Lets an instance say goodbye. The first hook that fails is told.
    pub(crate) async fn farewells(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        let hooks = match instance.machine.state() {
            SkillState::Active => &[Hook::Deactivate, Hook::Unload][..],
            _ => &[Hook::Unload][..],
        };
        let mut outcome = Ok(());
        if let Some(running) = slot.as_mut().filter(|run| run.worker.is_usable()) {
            for hook in hooks {
                let correlation_id = self.new_correlation_id();
                let stage = stage(*hook, instance, &correlation_id);
                let asked = self.farewell(&stage, running, events).await;
                outcome = outcome.and(asked);
            }
        }
        outcome
    }

    /// Ends an instance's worker and forgets the instance.
    pub(crate) fn bury(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        self.instances.remove(instance);
        self.end_worker(instance, slot)
    }

    /// Ends an instance's worker. The instance stays and can start anew.
    pub(crate) fn end_worker(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        if let Some(running) = slot.take() {
            let Running { worker, launch, .. } = running;
            let process = Arc::clone(worker.process());
            let memory = worker.memory();
            let records = worker.end();
            // What it did after its last call is told to whoever listens.
            let inner = Arc::clone(self);
            let key = instance.key.clone();
            tokio::spawn(async move {
                let events = inner.silent();
                let asker = Asker {
                    workspace: &key.workspace,
                    session: key.session.as_deref(),
                    correlation_id: &inner.new_correlation_id(),
                    scope: None,
                };
                inner
                    .hear_out(&process, (records, memory), &launch, asker, &events)
                    .await;
                inner
                    .look_for_planted(&launch, AFTERWARDS, asker, &events)
                    .await;
            });
        }
        instance.set_gauges(None);
        instance.set_watched(None);
        let machine = &instance.machine;
        loop {
            match machine.state() {
                SkillState::Unloaded => break,
                SkillState::Cleanup => machine.advance(SkillState::Unloaded)?,
                SkillState::Initializing | SkillState::Executing => {
                    machine.advance(SkillState::Failed)?
                }
                SkillState::Loaded
                | SkillState::Ready
                | SkillState::Active
                | SkillState::Deactivated
                | SkillState::Failed => machine.advance(SkillState::Cleanup)?,
            };
        }
        self.instances.recount();
        Ok(())
    }

    /// Tells what a worker that has ended was refused, and what its connections have to tell as they end.
    async fn hear_out(
        self: &Arc<Self>,
        worker: &Arc<Worker>,
        (mut records, memory): (Records, Memory),
        launch: &Arc<LaunchSpec>,
        asker: Asker<'_>,
        events: &EventSink,
    ) {
        let subject = asker.subject(&launch.policy.skill, launch.skill.digest());
        let mut listener = Listener::new(launch, AFTERWARDS, events, &self.audit, subject, memory);
        listener.seen(attempts(worker).await);
        while let Some(record) = records.next_of_ended().await {
            listener.hear(Heard::Requested(Box::new(record)));
        }
        self.note_uses(launch.skill.root(), &listener.take_uses());
        let (_, on_record) = listener.settle().await;
        if let Err(failure) = on_record {
            tracing::error!(%failure, "a refusal is not on record yet");
        }
    }

    async fn farewell(
        self: &Arc<Self>,
        stage: &Stage<'_>,
        running: &mut Running,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        tokio::time::timeout(FAREWELL, self.run_stage(stage, running, events))
            .await
            .unwrap_or_else(|_| {
                Err(ErrorReport::new(ErrorCode::SkillTimeout)
                    .with("skill", &stage.skill.name)
                    .with("method", stage.hook)
                    .with("limit", FAREWELL.as_secs()))
            })
    }

    /// Follows a new instance: forgets it when its worker ends by itself, retires it when it is idle.
    pub(crate) fn watch(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        instance: &Arc<Instance>,
        slot: &Slot,
    ) {
        let Some(worker) = slot.as_ref().map(|run| Arc::clone(run.worker.process())) else {
            return;
        };
        let patience = Duration::from_secs(workspace.configuration.instances.idle_seconds);
        let inner: Weak<Self> = Arc::downgrade(self);
        let instance = Arc::downgrade(instance);
        tokio::spawn(async move {
            loop {
                let Some(wake) = instance.upgrade().map(|it| it.idle_since() + patience) else {
                    return;
                };
                let gone = tokio::select! {
                    ended = ended(&worker) => {
                        if let Err(error) = ended {
                            tracing::warn!(%error, "a worker cannot be watched");
                        }
                        true
                    }
                    () = tokio::time::sleep_until(wake.into()) => false,
                };
                let (Some(inner), Some(instance)) = (inner.upgrade(), instance.upgrade()) else {
                    return;
                };
                if !gone && instance.idle_since().elapsed() < patience {
                    continue;
                }
                let mut slot = Arc::clone(&instance.running).lock_owned().await;
                // A call may have come and gone while this waited.
                if !gone && instance.idle_since().elapsed() < patience {
                    continue;
                }
                let current = slot
                    .as_ref()
                    .is_some_and(|run| Arc::ptr_eq(run.worker.process(), &worker));
                if !current {
                    return;
                }
                let reached = slot.as_ref().and_then(|run| {
                    let policy = &run.launch.policy;
                    let reached = run.worker.reached()?;
                    Some((policy.skill.name.clone(), reached.limit, policy.limits))
                });
                if let Some((skill, limit, limits)) = reached {
                    let key = &instance.key;
                    let subject = about_skill(&key.workspace, key.session.as_deref(), &key.skill);
                    let value = limits.get(limit);
                    let events = inner.silent();
                    inner
                        .tell_limit(skill, limit, value, subject, &events)
                        .await;
                }
                let ended = if gone {
                    inner.bury(&instance, &mut slot)
                } else {
                    let events = inner.silent();
                    inner.retire(&instance, &mut slot, &events).await
                };
                if let Err(error) = ended {
                    tracing::warn!(skill = %instance.key.skill, %error, "an instance ended badly");
                }
                return;
            }
        });
    }
}
