//! Asking a worker: with the skill's limits, hearing what it tells, and knowing why it failed.

use std::sync::Arc;
use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Limits;
use serde_json::value::RawValue;

use crate::EventSink;
use crate::failure;
use crate::failure::Asked;
use crate::inner::Inner;
use crate::instance::Running;
use crate::launch::LaunchSpec;
use crate::listener::Listener;
use crate::supervisor::Budget;
use crate::supervisor::megabytes;

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
        &self,
        running: &mut Running,
        request: Request,
        wall: WallLimit,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<Box<RawValue>, ErrorReport> {
        let launch = Arc::clone(&running.launch);
        let asked = Asked::of(&request);
        let mut listener = Listener::new(&launch, events, violations);
        let answer = running
            .worker
            .request(request, budget(&launch.policy.limits, wall), &mut |told| {
                listener.hear(told);
            })
            .await;
        let answer = answer
            .map_err(|failure| failure::report(failure, &asked, &launch.policy, wall, violations));
        if let Err(error) = &answer {
            self.tell_limit(error, &launch, wall, events);
        }
        answer
    }

    /// Runs one of the skill's hooks, if it has it.
    pub(crate) async fn run_hook(
        &self,
        running: &mut Running,
        params: HookParams,
        wall: WallLimit,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<(), ErrorReport> {
        if !running.hooks.contains(&params.hook) {
            return Ok(());
        }
        self.ask(running, Request::Hook(params), wall, events, violations)
            .await
            .map(|_| ())
    }

    fn tell_limit(
        &self,
        error: &ErrorReport,
        launch: &LaunchSpec,
        wall: WallLimit,
        events: &EventSink,
    ) {
        let limits = &launch.policy.limits;
        let (limit, value) = match error.code {
            ErrorCode::SkillTimeout => ("wallSeconds", wall.seconds),
            ErrorCode::CpuLimit => ("cpuSeconds", limits.cpu_seconds),
            ErrorCode::MemoryLimit => ("memoryMB", limits.memory_mb),
            ErrorCode::OutputLimit => ("outputMB", limits.output_mb),
            _ => return,
        };
        (events)(Event::LimitReached {
            skill: launch.policy.skill.name.clone(),
            limit: limit.to_owned(),
            value,
        });
    }
}
