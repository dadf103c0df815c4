//! One call, from request to report.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use backon::BackoffBuilder;
use backon::ExponentialBuilder;
use mycelium_policy::HostPolicy;
use mycelium_protocol::Event;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::read_value;
use mycelium_protocol::worker::CallContext;
use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::Returned;
use mycelium_registry::SkillRecord;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Export;
use mycelium_types::FileAccess;
use mycelium_types::Hook;
use mycelium_types::SkillState;
use mycelium_types::Version;
use serde_json::Value;
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::EventSink;
use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::audit::CallRecord;
use crate::audit::stage_subject;
use crate::breaker;
use crate::breaker::BreakerKey;
use crate::breaker::BreakerRules;
use crate::breaker::Recorded;
use crate::cancelling::Held;
use crate::failure;
use crate::failure::Asked;
use crate::hook::Stage;
use crate::hook::StageOutcome;
use crate::inner::Inner;
use crate::instance::Instance;
use crate::instance::InstanceKey;
use crate::instance::Place;
use crate::lifecycle::Caller;
use crate::lifecycle::Slot;
use crate::lifecycle::stage;
use crate::planted;
use crate::skill_calls::CallOrigin;
use crate::skill_calls::CallScope;
use crate::workspace::Workspace;
use crate::wrap;

/// What is known of a call on the way.
#[derive(Default)]
struct Trail {
    digest: Option<Digest>,
    version: Option<Version>,
    attempts: u32,
    cpu_microseconds: Option<u64>,
    memory_bytes: Option<u64>,
    tool_result: Option<Value>,
}

/// What is to be run.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    request: &'a ExecRequest,
    /// How the skill may use the workspace while what it does is observed, if it is.
    observed: Option<FileAccess>,
    /// Where the call comes from.
    origin: &'a CallOrigin,
}

impl Inner {
    /// Runs a function of a skill, with everything that may take: discovery, loading, retries. If it is
    /// `observed`, it may use the workspace so.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        context: &RequestContext,
        request: ExecRequest,
        events: &EventSink,
        (observed, origin): (Option<FileAccess>, CallOrigin),
    ) -> ExecReport {
        let started = Instant::now();
        let correlation_id = request
            .correlation_id
            .clone()
            .unwrap_or_else(|| self.new_correlation_id());
        let (skill, method) = (&request.skill.name, &request.method);
        let mut call = self
            .audit
            .begin_call(context, skill, method, &correlation_id);
        let mut trail = Trail::default();
        let mut outcome = self
            .try_execute(
                context,
                Wanted {
                    request: &request,
                    observed,
                    origin: &origin,
                },
                events,
                &correlation_id,
                &mut trail,
                &mut call,
            )
            .await;
        call.end(outcome.as_ref().err(), trail.attempts).await;
        if let Err(error) = &mut outcome {
            error.correlation_id = Some(correlation_id.clone());
        }
        ExecReport {
            skill: request.skill.name,
            version: trail.version,
            method: request.method,
            outcome,
            tool_result: trail.tool_result,
            correlation_id,
            attempts: trail.attempts,
            milliseconds: started.elapsed().as_secs_f64() * 1000.0,
            cpu_microseconds: trail.cpu_microseconds,
            memory_bytes: trail.memory_bytes,
        }
    }

    async fn try_execute(
        self: &Arc<Self>,
        context: &RequestContext,
        wanted: Wanted<'_>,
        events: &EventSink,
        correlation_id: &str,
        trail: &mut Trail,
        call: &mut CallRecord,
    ) -> Result<Value, ErrorReport> {
        let Wanted {
            request,
            observed,
            origin,
        } = wanted;
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, &request.skill).await?;
        trail.version = Some(record.version().clone());
        call.subject.version = Some(record.version().clone());
        let export = find_export(&record, &request.method)?;
        call.arguments(&request.args, &export);
        let caller = Caller {
            workspace: &workspace,
            session: &context.session,
            events,
            correlation_id,
            observed,
            origin,
        };
        let key = breaker_key(&caller, &record);
        let rules = breaker_rules(&workspace);
        let mut delays = retry_delays(&workspace);
        loop {
            trail.attempts += 1;
            let admitted = self.breakers().await?.admit(&key, rules);
            if let Err(refused) = &admitted {
                let seconds = refused.context.get("seconds");
                (events)(Event::BreakerRejected {
                    skill: record.name().clone(),
                    seconds: seconds.and_then(|text| text.parse().ok()).unwrap_or(0),
                });
            }
            let permit = admitted?;
            let outcome = self.call(caller, &record, &export, request, trail).await;
            call.subject.digest = trail.digest;
            let recorded = permit.record(outcome.as_ref().err());
            if self.breakers.is_changed() {
                self.write_soon(&breaker::FILE);
            }
            if let Recorded::Opened { failures } = recorded {
                // A restart does not give another chance.
                self.keep_breakers().await?;
                (events)(Event::BreakerOpened {
                    skill: record.name().clone(),
                    failures,
                });
                return outcome;
            }
            let error = match outcome {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let delay = may_repeat(&error, &record).then(|| delays.next()).flatten();
            let Some(delay) = delay else {
                return Err(error);
            };
            (events)(Event::Retrying {
                skill: record.name().clone(),
                attempt: trail.attempts + 1,
                delay_milliseconds: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            });
            tokio::time::sleep(delay).await;
        }
    }

    /// One attempt.
    async fn call(
        self: &Arc<Self>,
        caller: Caller<'_>,
        record: &SkillRecord,
        export: &Export,
        request: &ExecRequest,
        trail: &mut Trail,
    ) -> Result<Value, ErrorReport> {
        let key = self.instance_key(&caller, record);
        let for_one_call = key.call.is_some();
        let entered = self.enter(&key).await?;
        // Declared first, so that it is dropped after everything that works with the worker.
        let mut held = Held::new(self, entered, &export.name, caller.correlation_id);
        let (instance, slot) = held.parts()?;
        self.ensure_active(caller, record, instance, slot).await?;
        let outcome = self
            .invoke(caller, instance, slot, export, request, trail)
            .await;
        instance.touch();
        if for_one_call && let Err(error) = self.retire(instance, slot, caller.events).await {
            tracing::info!(skill = %instance.key.skill, %error, "an instance ended badly");
        }
        outcome
    }

    /// Waits for an instance's turn. While waiting it may have ended and been replaced; what is returned
    /// is the one that everybody else sees.
    pub(crate) async fn enter(
        &self,
        key: &InstanceKey,
    ) -> Result<(Arc<Instance>, Slot, Place), ErrorReport> {
        loop {
            let instance = self.instances.get_or_insert(key.clone());
            let place = instance.queue()?;
            let slot = Arc::clone(&instance.running).lock_owned().await;
            if self.instances.is_current(&instance) {
                return Ok((instance, slot, place));
            }
        }
    }

    /// Asks an active instance.
    async fn invoke(
        self: &Arc<Self>,
        caller: Caller<'_>,
        instance: &Arc<Instance>,
        slot: &mut Slot,
        export: &Export,
        request: &ExecRequest,
        trail: &mut Trail,
    ) -> Result<Value, ErrorReport> {
        let Some(running) = slot.as_mut() else {
            return Err(ErrorReport::internal("an active instance has no worker"));
        };
        let launch = Arc::clone(&running.launch);
        trail.digest = Some(launch.skill.digest());
        let manifest = launch.skill.manifest();
        launch.check_script(&export.name)?;
        let args = launch.schemas.check(manifest, export, &request.args)?;
        let stage = Stage {
            method: Some(&export.name),
            evaluation: Some(&launch.evaluation),
            digest: trail.digest,
            ..stage(Hook::Execute, instance, caller.correlation_id)
        };
        let admitted = self.before(&stage);
        self.audit.denied(stage_subject(&stage), admitted).await?;
        (caller.events)(Event::Executing {
            skill: instance.key.skill.name.clone(),
            method: export.name.clone(),
            args: shown(&request.args),
        });
        instance.machine.advance(SkillState::Executing)?;
        instance.count_call();
        let started = Instant::now();
        let limits = &launch.policy.limits;
        // The hook and the function share the time of the call.
        let wall = WallLimit::from_now(
            request
                .timeout_seconds
                .map_or(limits.wall_seconds, |own| own.min(limits.wall_seconds)),
        )
        .within(caller.origin.deadline);
        let scope = CallScope {
            session: caller.session.to_owned(),
            agent: request.agent.clone(),
            callers: caller.origin.callers.clone(),
            room: caller.origin.shared_room(),
        };
        let asker = Asker {
            scope: Some(&scope),
            ..Asker::from(&stage)
        };
        let mut violations = Vec::new();
        let context = Box::new(call_context(
            &caller,
            request,
            self.new_call_id(caller.correlation_id),
            &launch.evaluation.host,
        ));
        let hook = HookParams {
            hook: Hook::Execute,
            argument: json!({"method": export.name, "args": args}),
            context: Some(context.clone()),
        };
        let announced = self
            .run_hook(running, hook, wall, asker, caller.events, &mut violations)
            .await;
        let answer = match announced {
            Ok(()) => {
                let call = CallParams {
                    method: export.name.clone(),
                    args: to_raw_value(&args).map_err(ErrorReport::internal)?,
                    style: export.call,
                    max_result: limits.output_mb.min(limits.frame_mb) << 20,
                    max_output: limits.output_mb << 20,
                    context: Some(context),
                };
                let call = Request::Call(call);
                self.ask(running, call, wall, asker, caller.events, &mut violations)
                    .await
            }
            Err(error) => Err(error),
        };
        let planted = self
            .look_for_planted(&launch, &export.name, Asker::from(&stage), caller.events)
            .await;
        let answer = match planted.first() {
            Some(first) => {
                running.worker.process().kill();
                Err(planted::report(&launch, first))
            }
            None => answer,
        };
        let is_sound = planted.is_empty() && running.worker.is_usable();
        if !is_sound {
            self.restarts.ended(instance.key.restart_key());
        }
        violations.extend(planted);
        let outcome = answer.and_then(|raw| {
            let returned: Returned = serde_json::from_str(raw.get()).map_err(|error| {
                failure::unintelligible(&error, &Asked::Call(export.name.clone()), &launch.policy)
            })?;
            trail.cpu_microseconds = Some(returned.cpu_microseconds);
            trail.memory_bytes = Some(returned.memory_bytes);
            let value = read_value(returned.value.get()).map_err(|error| {
                ErrorReport::new(ErrorCode::ResultInvalid)
                    .with("skill", &instance.key.skill.name)
                    .with("method", &export.name)
                    .with("reason", error)
            })?;
            Ok(match launch.skill.server() {
                Some(_) => wrap::plain(trail.tool_result.insert(value)),
                None => value,
            })
        });
        self.after(
            &stage,
            &StageOutcome {
                error: outcome.as_ref().err(),
                duration: started.elapsed(),
                cpu: trail.cpu_microseconds.map(Duration::from_micros),
                violations: &violations,
            },
        );
        if let Err(error) = &outcome
            && error.code == ErrorCode::SkillExecutionError
        {
            (caller.events)(Event::Failed {
                skill: instance.key.skill.name.clone(),
                version: instance.key.skill.version.clone(),
                method: Some(export.name.clone()),
                hook: None,
                message: error.context.get("reason").cloned().unwrap_or_default(),
                stack: error.stack.clone(),
            });
        }
        if is_sound {
            instance.machine.advance(SkillState::Active)?;
        } else {
            self.bury(instance, slot)?;
        }
        outcome
    }
}

/// What a skill is told of a call.
fn call_context(
    caller: &Caller<'_>,
    request: &ExecRequest,
    call: String,
    policy: &HostPolicy,
) -> CallContext {
    let mut context = CallContext {
        export: Some(request.method.clone()),
        callers: caller.origin.callers.clone(),
        ..caller.asker().context(call)
    };
    if let Some(agent) = &request.agent {
        context.agent = Some(agent.identity.clone());
        context.conversation = agent.conversation.clone().filter(|_| policy.conversation);
        for root in &agent.roots {
            if !context.roots.contains(root) {
                context.roots.push(root.clone());
            }
        }
    }
    context
}

/// The method, or an error that names the nearest one.
fn find_export(record: &SkillRecord, method: &str) -> Result<Export, ErrorReport> {
    record.manifest.export(method).cloned().ok_or_else(|| {
        let names = record.manifest.exports.iter();
        let nearest = mycelium_types::nearest(method, names.map(|export| export.name.as_str()));
        ErrorReport::new(ErrorCode::MethodNotFound)
            .with("skill", record.name())
            .with("method", method)
            .with("suggestion", nearest.unwrap_or("none"))
    })
}

pub(crate) fn breaker_key(caller: &Caller<'_>, record: &SkillRecord) -> BreakerKey {
    BreakerKey {
        workspace: caller.workspace.path.clone(),
        session: caller.session.to_owned(),
        skill: record.name().clone(),
    }
}

pub(crate) fn breaker_rules(workspace: &Workspace) -> BreakerRules {
    let breaker = &workspace.configuration.breaker;
    BreakerRules {
        threshold: breaker.failure_threshold,
        reset: Duration::from_secs(breaker.reset_seconds),
    }
}

fn retry_delays(workspace: &Workspace) -> impl Iterator<Item = Duration> + use<> {
    let execution = &workspace.configuration.execution;
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(execution.retry_base_ms))
        .with_max_times(execution.max_retries as usize)
        .build()
}

/// Whether the same call may simply be made again: the skill says that its error passes, or its worker
/// was lost and the skill says that repeating does no harm.
fn may_repeat(error: &ErrorReport, record: &SkillRecord) -> bool {
    match error.code {
        ErrorCode::SkillExecutionError => error.retryable,
        ErrorCode::WorkerCrashed => record.manifest.idempotent,
        _ => false,
    }
}

fn shown(args: &Arguments) -> Value {
    match args {
        Arguments::Positional(list) => Value::Array(list.clone()),
        Arguments::Named(object) => Value::Array(vec![Value::Object(object.clone())]),
    }
}
