//! Starting, waking, putting to sleep and ending instances.

use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;
use std::time::Instant;

use mycelium_audit::AuditEvent;
use mycelium_protocol::Event;
use mycelium_protocol::LifecycleStep;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::Started;
use mycelium_registry::SkillRecord;
use mycelium_sandbox::SandboxReport;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::InstanceScope;
use mycelium_types::Manifest;
use mycelium_types::SkillState;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use crate::EventSink;
use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::audit::about_skill;
use crate::audit::stage_subject;
use crate::failure;
use crate::failure::Asked;
use crate::hook::Stage;
use crate::hook::StageOutcome;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::instance::Instance;
use crate::instance::InstanceKey;
use crate::instance::Running;
use crate::instance::WatchedSkill;
use crate::supervisor::ended;
use crate::workspace::Workspace;

/// How long a skill may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

/// Who asks, for one operation on one skill.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) workspace: &'a Arc<Workspace>,
    pub(crate) session: &'a str,
    pub(crate) events: &'a EventSink,
    pub(crate) correlation_id: &'a str,
}

impl Caller<'_> {
    pub(crate) fn asker(&self) -> Asker<'_> {
        Asker {
            workspace: &self.workspace.path,
            session: Some(self.session),
            correlation_id: self.correlation_id,
        }
    }
}

/// An instance's own: whoever holds it drives the instance.
pub(crate) type Slot = OwnedMutexGuard<Option<Running>>;

impl Inner {
    /// What makes this caller's requests share an instance of the skill.
    pub(crate) fn instance_key(&self, caller: &Caller<'_>, manifest: &Manifest) -> InstanceKey {
        InstanceKey {
            workspace: caller.workspace.path.clone(),
            session: (manifest.instance != InstanceScope::Workspace)
                .then(|| caller.session.to_owned()),
            skill: manifest.id(),
            call: (manifest.instance == InstanceScope::Call).then(|| self.next_number()),
        }
    }

    /// Makes sure that the instance runs and takes calls.
    pub(crate) async fn ensure_active(
        self: &Arc<Self>,
        caller: Caller<'_>,
        record: &SkillRecord,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        let alive = slot.as_ref().is_some_and(|run| run.worker.is_usable());
        if alive && instance.machine.state() == SkillState::Active {
            self.renew(caller.workspace, instance, slot, caller.events)
                .await?;
        }
        match instance.machine.state() {
            SkillState::Active if alive => return Ok(()),
            SkillState::Deactivated if alive => {
                return Err(ErrorReport::new(ErrorCode::SkillDeactivated)
                    .with("skill", &instance.key.skill.name));
            }
            SkillState::Unloaded => {}
            // Its worker ended, or was ended, between two calls.
            SkillState::Loaded
            | SkillState::Initializing
            | SkillState::Ready
            | SkillState::Active
            | SkillState::Executing
            | SkillState::Deactivated
            | SkillState::Failed
            | SkillState::Cleanup => self.end_worker(instance, slot)?,
        }
        self.start(caller, record, instance, slot).await
    }

    /// Load → init → activate.
    async fn start(
        self: &Arc<Self>,
        caller: Caller<'_>,
        record: &SkillRecord,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        let started = Instant::now();
        let unfinished = Unfinished {
            inner: self,
            instance,
        };
        let mut violations = Vec::new();
        let loaded = self
            .load(caller, record, instance, slot, &mut violations)
            .await;
        let evaluation = slot.as_ref().map(|run| run.launch.evaluation.clone());
        let stage = Stage {
            evaluation: evaluation.as_ref(),
            digest: slot.as_ref().map(|run| run.launch.skill.digest()),
            ..stage(Hook::Load, instance, caller.correlation_id)
        };
        self.after(
            &stage,
            &StageOutcome {
                error: loaded.as_ref().err(),
                duration: started.elapsed(),
                cpu: None,
                violations: &violations,
            },
        );
        let loaded = self.audit.denied(stage_subject(&stage), loaded).await;
        let outcome = match loaded {
            Ok(()) => self.activate_running(caller, instance, slot).await,
            Err(error) => Err(error),
        };
        unfinished.finish();
        if let Err(error) = &outcome {
            (caller.events)(Event::Failed {
                skill: instance.key.skill.name.clone(),
                version: instance.key.skill.version.clone(),
                method: None,
                hook: None,
                message: error.message(mycelium_types::Locale::EnUs),
                stack: error.stack.clone(),
            });
            self.bury(instance, slot)?;
        }
        outcome
    }

    async fn load(
        self: &Arc<Self>,
        caller: Caller<'_>,
        record: &SkillRecord,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        violations: &mut Vec<Violation>,
    ) -> Result<(), ErrorReport> {
        let skill = &instance.key.skill;
        let events = caller.events;
        (events)(Event::Lifecycle {
            skill: skill.name.clone(),
            step: LifecycleStep::Initializing,
        });
        let launch = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(caller.workspace);
            let source = record.source.clone();
            let events = Arc::clone(events);
            blocking(move || inner.launches.prepare(&workspace, &source, &events)).await?
        };
        let launch = Arc::new(launch);
        let resolution = launch.resolution;
        if resolution.declared > 0 {
            let misses = resolution.packages - resolution.cached;
            self.metrics.resolved(
                &caller.workspace.path,
                resolution.duration,
                resolution.cached as u64,
                misses as u64,
            );
            (events)(Event::DependenciesResolved {
                skill: skill.name.clone(),
                declared: resolution.declared,
                packages: resolution.packages,
                cached: resolution.cached,
                milliseconds: resolution.duration.as_secs_f64() * 1000.0,
            });
        }
        self.before(&Stage {
            evaluation: Some(&launch.evaluation),
            ..stage(Hook::Load, instance, caller.correlation_id)
        })?;
        instance.machine.advance(SkillState::Loaded)?;
        instance.machine.advance(SkillState::Initializing)?;
        let (worker, report) = {
            let supervisor = Arc::clone(&self.supervisor);
            let launch = Arc::clone(&launch);
            blocking(move || supervisor.start(&launch.policy)).await?
        };
        let engine = launch.skill.engine();
        let gauges = worker.gauges(&launch.policy.limits);
        instance.set_gauges(Some((gauges, engine)));
        instance.set_watched(caller.workspace.configuration.watch.then(|| WatchedSkill {
            root: launch.skill.root().to_owned(),
            context: caller.workspace.context(caller.session),
            skill: instance.key.skill.name.clone().into(),
        }));
        self.instances.recount();
        let mut running = Running {
            worker,
            launch: Arc::clone(&launch),
            workspace: Arc::clone(caller.workspace),
            hooks: Default::default(),
        };
        let wall = WallLimit::from_now(launch.policy.limits.wall_seconds);
        let mut layers = layers(&report);
        if let Some(params) = launch.start_params() {
            let request = Request::Start(params);
            let answer = self
                .ask(
                    &mut running,
                    request,
                    wall,
                    caller.asker(),
                    events,
                    violations,
                )
                .await?;
            let started: Started = serde_json::from_str(answer.get())
                .map_err(|error| failure::unintelligible(&error, &Asked::Start, &launch.policy))?;
            add_layers(&mut layers, started.layers);
        }
        let request = Request::Load(launch.load_params());
        let answer = self
            .ask(
                &mut running,
                request,
                wall,
                caller.asker(),
                events,
                violations,
            )
            .await?;
        let loaded: Loaded = serde_json::from_str(answer.get())
            .map_err(|error| failure::unintelligible(&error, &Asked::Load, &launch.policy))?;
        match engine {
            Engine::Quickjs => add_layers(&mut layers, loaded.layers),
            // It is the skill that speaks, and it knows nothing of layers.
            Engine::Native => {}
        }
        (events)(Event::SandboxCreated {
            skill: skill.name.clone(),
            limits: launch.policy.limits,
            layers,
        });
        running.hooks = loaded.hooks.into_iter().collect();
        let on_load = HookParams {
            hook: Hook::Load,
            argument: Value::Null,
        };
        let wall = WallLimit::from_now(wall.seconds);
        let asker = caller.asker();
        self.run_hook(&mut running, on_load, wall, asker, events, violations)
            .await?;
        let init = stage(Hook::Init, instance, caller.correlation_id);
        self.run_stage(&init, &mut running, events).await?;
        instance.machine.advance(SkillState::Ready)?;
        (events)(Event::StateChanged {
            skill: skill.name.clone(),
            states: vec![
                SkillState::Loaded,
                SkillState::Initializing,
                SkillState::Ready,
            ],
        });
        **slot = Some(running);
        instance.touch();
        self.watch(caller.workspace, instance, slot);
        if engine == Engine::Quickjs && launch.policy.bytecode.is_none() {
            self.compile_in_background(launch);
        }
        Ok(())
    }

    /// Runs `onActivate` of an instance that is ready or deactivated.
    pub(crate) async fn activate_running(
        self: &Arc<Self>,
        caller: Caller<'_>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        self.change_activity(caller, instance, slot, Hook::Activate, SkillState::Active)
            .await
    }

    /// Runs `onDeactivate` of an active instance.
    pub(crate) async fn deactivate_running(
        self: &Arc<Self>,
        caller: Caller<'_>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
    ) -> Result<(), ErrorReport> {
        self.change_activity(
            caller,
            instance,
            slot,
            Hook::Deactivate,
            SkillState::Deactivated,
        )
        .await
    }

    async fn change_activity(
        self: &Arc<Self>,
        caller: Caller<'_>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        hook: Hook,
        to: SkillState,
    ) -> Result<(), ErrorReport> {
        let from = instance.machine.advance(to)?;
        let Some(running) = slot.as_mut() else {
            return Err(ErrorReport::internal(
                "an instance without a worker is ready",
            ));
        };
        let stage = stage(hook, instance, caller.correlation_id);
        let outcome = self.run_stage(&stage, running, caller.events).await;
        match outcome {
            Ok(()) => (caller.events)(Event::StateChanged {
                skill: instance.key.skill.name.clone(),
                states: vec![from, to],
            }),
            Err(_) => self.bury(instance, slot)?,
        }
        outcome
    }

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
            running.worker.process().kill();
            // What it did after its last call is told to whoever listens.
            let inner = Arc::clone(self);
            let key = instance.key.clone();
            tokio::spawn(async move {
                let events = inner.silent();
                let asker = Asker {
                    workspace: &key.workspace,
                    session: key.session.as_deref(),
                    correlation_id: &inner.new_correlation_id(),
                };
                inner
                    .look_for_planted(&running.launch, asker, &events)
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

    /// Runs the skill's hook of a stage, and the middleware around it.
    async fn run_stage(
        &self,
        stage: &Stage<'_>,
        running: &mut Running,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        let started = Instant::now();
        let mut violations = Vec::new();
        let outcome = match self.before(stage) {
            Ok(()) => {
                let wall = WallLimit::from_now(running.launch.policy.limits.wall_seconds);
                let hook = HookParams {
                    hook: stage.hook,
                    argument: Value::Null,
                };
                let asker = Asker::from(stage);
                self.run_hook(running, hook, wall, asker, events, &mut violations)
                    .await
            }
            Err(refused) => Err(refused),
        };
        self.after(
            stage,
            &StageOutcome {
                error: outcome.as_ref().err(),
                duration: started.elapsed(),
                cpu: None,
                violations: &violations,
            },
        );
        outcome
    }

    async fn farewell(
        &self,
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
    fn watch(self: &Arc<Self>, workspace: &Arc<Workspace>, instance: &Arc<Instance>, slot: &Slot) {
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
                    let event = AuditEvent::LimitReached {
                        limit: limit.to_string(),
                        value: limits.get(limit),
                    };
                    let subject = about_skill(&key.workspace, key.session.as_deref(), &key.skill);
                    if let Err(failure) = inner.audit.keep(subject, event).await {
                        tracing::error!(%failure, "a limit that was reached is not on record yet");
                    }
                    (inner.silent())(Event::LimitReached {
                        skill,
                        limit,
                        value: limits.get(limit),
                    });
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

/// Forgets an instance whose start was abandoned, because its caller went away.
struct Unfinished<'a> {
    inner: &'a Inner,
    instance: &'a Arc<Instance>,
}

impl Unfinished<'_> {
    fn finish(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.instance.set_gauges(None);
        self.instance.set_watched(None);
        self.inner.instances.remove(self.instance);
        self.inner.instances.recount();
    }
}

pub(crate) fn stage<'a>(hook: Hook, instance: &'a Instance, correlation_id: &'a str) -> Stage<'a> {
    Stage {
        hook,
        skill: &instance.key.skill,
        workspace: &instance.key.workspace,
        session: instance.key.session.as_deref(),
        method: None,
        evaluation: None,
        digest: None,
        correlation_id,
    }
}

/// The layers that were put around the worker, in words.
fn layers(report: &SandboxReport) -> Vec<String> {
    report.layers.iter().map(ToString::to_string).collect()
}

/// Adds those that the worker put on itself.
fn add_layers(layers: &mut Vec<String>, own: Vec<String>) {
    for layer in own {
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
}
