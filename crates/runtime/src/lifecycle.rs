//! Starting instances, waking them and putting them to sleep.

use std::sync::Arc;
use std::time::Instant;

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
use mycelium_types::FileAccess;
use mycelium_types::Hook;
use mycelium_types::InstanceScope;
use mycelium_types::SkillSource;
use mycelium_types::SkillState;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use crate::EventSink;
use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::audit::stage_subject;
use crate::hook::Stage;
use crate::hook::StageOutcome;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::instance::Instance;
use crate::instance::InstanceKey;
use crate::instance::Running;
use crate::instance::WatchedSkill;
use crate::last_use;
use crate::launch::Purpose;
use crate::skill_calls::CallOrigin;
use crate::workspace::Workspace;

/// Who asks, for one operation on one skill.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) workspace: &'a Arc<Workspace>,
    pub(crate) session: &'a str,
    pub(crate) events: &'a EventSink,
    pub(crate) correlation_id: &'a str,
    /// How the skill may use the workspace while what it does is observed, if it is.
    pub(crate) observed: Option<FileAccess>,
    /// Where the call comes from, if it is one.
    pub(crate) origin: &'a CallOrigin,
}

impl Caller<'_> {
    pub(crate) fn asker(&self) -> Asker<'_> {
        Asker {
            workspace: &self.workspace.path,
            session: Some(self.session),
            correlation_id: self.correlation_id,
            scope: None,
        }
    }
}

/// An instance's own: whoever holds it drives the instance.
pub(crate) type Slot = OwnedMutexGuard<Option<Running>>;

impl Inner {
    /// What makes this caller's requests share an instance of the skill.
    pub(crate) fn instance_key(&self, caller: &Caller<'_>, record: &SkillRecord) -> InstanceKey {
        let manifest = &record.manifest;
        InstanceKey {
            workspace: caller.workspace.path.clone(),
            session: (manifest.instance != InstanceScope::Workspace)
                .then(|| caller.session.to_owned()),
            skill: manifest.id(),
            source: record.source.clone(),
            call: (manifest.instance == InstanceScope::Call || caller.observed.is_some())
                .then(|| self.next_number()),
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
        self.restarts.wait(&instance.key.restart_key()).await;
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
            if slot.as_ref().is_some_and(|run| !run.worker.is_usable()) {
                self.restarts.ended(instance.key.restart_key());
            }
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
            let purpose = caller.observed.map_or(Purpose::Work, Purpose::Observation);
            blocking(move || {
                inner
                    .launches
                    .prepare(&workspace, &source, &events, purpose)
            })
            .await?
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
            let session = instance.key.session.clone();
            blocking(move || {
                let authority = launch.authority.as_deref();
                supervisor.start(&launch.policy, launch.members(), session, authority)
            })
            .await?
        };
        if self.restarts.keep_ending(&instance.key.restart_key()) {
            worker.begin_behind();
        }
        self.note_uses(
            launch.skill.root(),
            &last_use::of_variables(&launch.policy, launch.skill.manifest()),
        );
        let engine = launch.skill.engine();
        let gauges = worker.gauges(&launch.policy.limits);
        instance.set_gauges(Some((gauges, engine)));
        let is_folder = matches!(record.source, SkillSource::Folder { .. });
        let is_watched = is_folder && caller.workspace.configuration.watch;
        instance.set_watched(is_watched.then(|| WatchedSkill {
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
        let asker = caller.asker();
        if let Some(params) = launch.start_params() {
            let request = Request::Start(params);
            let started: Started = self
                .ask_for(&mut running, request, wall, asker, events, violations)
                .await?;
            add_layers(&mut layers, started.layers);
        }
        let request = Request::Load(launch.load_params());
        let loaded: Loaded = self
            .ask_for(&mut running, request, wall, asker, events, violations)
            .await?;
        match engine {
            Engine::Quickjs => add_layers(&mut layers, loaded.layers),
            // It is the skill that speaks, and it knows nothing of layers.
            Engine::Native => {}
        }
        (events)(Event::SandboxCreated {
            skill: skill.name.clone(),
            limits: launch.policy.limits,
            layers,
            notes: notes(&report),
        });
        running.hooks = loaded.hooks.into_iter().collect();
        let on_load = HookParams {
            hook: Hook::Load,
            argument: Value::Null,
            context: None,
        };
        let wall = WallLimit::from_now(wall.seconds);
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

    /// Runs the skill's hook of a stage, and the middleware around it.
    pub(crate) async fn run_stage(
        self: &Arc<Self>,
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
                    context: None,
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

/// What is less or different than usual around the worker, in words.
fn notes(report: &SandboxReport) -> Vec<String> {
    report.notes.iter().map(ToString::to_string).collect()
}

/// Adds those that the worker put on itself.
fn add_layers(layers: &mut Vec<String>, own: Vec<String>) {
    for layer in own {
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
}
