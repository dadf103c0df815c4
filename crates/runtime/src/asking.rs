//! Asking a worker: with the skill's limits, hearing what it tells, and knowing why it failed.

use std::sync::Arc;
use std::time::Duration;

use mycelium_audit::AuditEvent;
use mycelium_audit::Subject;
use mycelium_protocol::Event;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorReport;
use mycelium_types::Limit;
use mycelium_types::Limits;
use mycelium_types::SkillName;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::EventSink;
use crate::audit::Asker;
use crate::connection::megabytes;
use crate::desk;
use crate::desk::Desk;
use crate::desk::Tally;
use crate::desk::handed_over;
use crate::failure;
use crate::failure::Asked;
use crate::host_calls::Host;
use crate::inner::Inner;
use crate::instance::Running;
use crate::listener::Listener;
use crate::live_worker::Budget;
use crate::live_worker::attempts;

/// How long something may take by the clock on the wall, from a moment on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallLimit {
    pub(crate) seconds: u64,
    deadline: tokio::time::Instant,
}

impl WallLimit {
    pub(crate) fn from_now(seconds: u64) -> Self {
        Self {
            seconds,
            deadline: tokio::time::Instant::now() + Duration::from_secs(seconds),
        }
    }

    /// The same limit, but no later than another one.
    pub(crate) fn within(self, other: Option<tokio::time::Instant>) -> Self {
        let Some(deadline) = other.filter(|other| *other < self.deadline) else {
            return self;
        };
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        Self {
            seconds: left.as_secs_f64().ceil() as u64,
            deadline,
        }
    }

    /// The value of a limit of this request: the skill's, but for the time, which may be shorter.
    pub(crate) fn value_of(self, limit: Limit, limits: &Limits) -> u64 {
        match limit {
            Limit::WallTime => self.seconds,
            limit => limits.get(limit),
        }
    }
}

fn budget(limits: &Limits, wall: WallLimit) -> Budget {
    Budget {
        deadline: wall.deadline,
        cpu: Duration::from_secs(limits.cpu_seconds),
        output_bytes: megabytes(limits.output_mb),
    }
}

impl Inner {
    /// Asks a worker, with the skill's limits. What the sandbox refuses meanwhile joins `violations`; an
    /// answer that is a failure is blamed on them.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        running: &mut Running,
        request: Request,
        wall: WallLimit,
        asker: Asker<'_>,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<Box<RawValue>, ErrorReport> {
        let launch = Arc::clone(&running.launch);
        let asked = Asked::of(&request);
        let subject = asker.subject(&launch.policy.skill, launch.skill.digest());
        let memory = running.worker.memory();
        let given = Arc::clone(&memory.given);
        let mut listener = Listener::new(
            &launch,
            asked.name(),
            events,
            &self.audit,
            subject.clone(),
            memory,
        );
        let desk = Arc::new(Desk {
            inner: Arc::downgrade(self),
            launch: Arc::clone(&launch),
            workspace: Arc::clone(&running.workspace),
            scope: asker.scope.cloned(),
            skill_calls: desk::places(),
            server_requests: desk::places(),
            cancelled: watch::Sender::default(),
            trace: asker.correlation_id.to_owned(),
            deadline: wall.deadline,
            events: Arc::clone(events),
            given: Arc::clone(&given),
            used: Tally::new(
                &self.audit,
                subject.clone(),
                asked.name(),
                handed_over(&request),
            ),
        });
        let host: Arc<dyn Host> = Arc::<Desk>::clone(&desk);
        let budget = budget(&launch.policy.limits, wall);
        let answer = running
            .worker
            .request(request, budget, Some(host), &mut |told| listener.hear(told))
            .await;
        desk.used.record();
        listener.seen(attempts(running.worker.process()).await);
        self.note_uses(launch.skill.root(), &listener.take_uses());
        let unreadable = listener.take_unreadable();
        let (refused, on_record) = listener.settle().await;
        violations.extend(refused);
        let answer = answer
            .map_err(|failure| failure::report(failure, &asked, &launch.policy, wall, violations))
            .map_err(|report| failure::with_unreadable(report, &launch.policy, &unreadable))
            .map_err(|report| failure::without_secrets(report, &given))
            // What a skill tried and nobody can read about later, it did not get away with.
            .and_then(|value| on_record.map(|()| value));
        if let Some(limit) = answer.as_ref().err().and_then(ErrorReport::limit) {
            let value = wall.value_of(limit, &launch.policy.limits);
            let skill = launch.policy.skill.name.clone();
            self.tell_limit(skill, limit, value, subject, events).await;
        }
        answer
    }

    /// Asks a worker for something that the worker protocol has one form for.
    pub(crate) async fn ask_for<T: DeserializeOwned>(
        self: &Arc<Self>,
        running: &mut Running,
        request: Request,
        wall: WallLimit,
        asker: Asker<'_>,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<T, ErrorReport> {
        let asked = Asked::of(&request);
        let answer = self
            .ask(running, request, wall, asker, events, violations)
            .await?;
        let policy = &running.launch.policy;
        serde_json::from_str(answer.get())
            .map_err(|error| failure::unintelligible(&error, &asked, policy))
    }

    /// Puts a limit that a skill reached on record, and tells whoever listens.
    pub(crate) async fn tell_limit(
        &self,
        skill: SkillName,
        limit: Limit,
        value: u64,
        subject: Subject,
        events: &EventSink,
    ) {
        let reached = AuditEvent::LimitReached {
            limit: limit.to_string(),
            value,
        };
        if let Err(failure) = self.audit.keep(subject, reached).await {
            tracing::error!(%failure, "a limit that was reached is not on record yet");
        }
        (events)(Event::LimitReached {
            skill,
            limit,
            value,
        });
    }

    /// Runs one of the skill's hooks, if it has it.
    pub(crate) async fn run_hook(
        self: &Arc<Self>,
        running: &mut Running,
        params: HookParams,
        wall: WallLimit,
        asker: Asker<'_>,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<(), ErrorReport> {
        if !running.hooks.contains(&params.hook) {
            return Ok(());
        }
        let context = params.context.or_else(|| {
            let call = self.new_call_id(asker.correlation_id);
            Some(Box::new(asker.context(call)))
        });
        let request = Request::Hook(HookParams { context, ..params });
        self.ask(running, request, wall, asker, events, violations)
            .await
            .map(|_| ())
    }
}
