//! Starting a server once, locked in, to hear what it offers.

use std::sync::Arc;

use mycelium_policy::Answer;
use mycelium_policy::Denial;
use mycelium_policy::Grant;
use mycelium_protocol::Violation;
use mycelium_protocol::control::WrapRequest;
use mycelium_protocol::worker::DescribeParams;
use mycelium_protocol::worker::Described;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::Started;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillSource;

use super::unavailable;
use crate::EventSink;
use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::LaunchSpec;
use crate::launch::Purpose;
use crate::workspace::Workspace;

/// The most tools of one server.
const MAX_TOOLS: usize = 1_000;
/// Refusals that are told.
const MAX_REFUSALS: usize = 5;

impl Inner {
    /// Hears what the server in `source` offers; says besides what of its permissions nobody can grant. It runs with
    /// what the request asks for: whoever typed that has granted it, for this one start.
    pub(super) async fn interview(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        request: &WrapRequest,
        source: SkillSource,
        events: &EventSink,
    ) -> Result<(Described, Vec<Denial>), ErrorReport> {
        let prepared = {
            let inner = Arc::clone(self);
            let (workspace, events) = (Arc::clone(workspace), Arc::clone(events));
            blocking(move || inner.prepare_interview(&workspace, &source, &events)).await?
        };
        let launch = Arc::new(prepared);
        let mut violations = Vec::new();
        let described = self
            .hold_interview(workspace, &launch, events, &mut violations)
            .await;
        // It is another skill's from now on, which begins without.
        if let Some(data) = launch.policy.data.clone() {
            blocking(move || {
                let _ = fs_err::remove_dir_all(data);
                Ok(())
            })
            .await?;
        }
        let described = described.map_err(|error| told(error, request, &violations))?;
        Ok((described, launch.policy.denials.clone()))
    }

    fn prepare_interview(
        &self,
        workspace: &Workspace,
        source: &SkillSource,
        events: &EventSink,
    ) -> Result<LaunchSpec, ErrorReport> {
        let skill = self.launches.read(workspace, source)?;
        let granted = Grant {
            skill: skill.manifest().name.clone(),
            digest: skill.digest(),
            permissions: skill.manifest().asks(),
            answer: Answer::Once,
            by: String::new(),
            at_milliseconds: 0,
        };
        let mut launch =
            self.launches
                .prepare(&workspace.granting(granted), source, events, Purpose::Work)?;
        launch.store = None;
        Ok(launch)
    }

    async fn hold_interview(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        launch: &Arc<LaunchSpec>,
        events: &EventSink,
        violations: &mut Vec<Violation>,
    ) -> Result<Described, ErrorReport> {
        let mut running = self.start_apart(launch, workspace).await?;
        let correlation_id = self.new_correlation_id();
        let asker = Asker {
            workspace: &workspace.path,
            session: None,
            correlation_id: &correlation_id,
            scope: None,
        };
        let wall = WallLimit::from_now(launch.policy.limits.wall_seconds);
        let Some(start) = launch.start_params() else {
            return Err(ErrorReport::internal("a server is no program"));
        };
        let start = Request::Start(start);
        let running = &mut running;
        let _: Started = self
            .ask_for(running, start, wall, asker, events, violations)
            .await?;
        let load = Request::Load(launch.load_params());
        let _: Loaded = self
            .ask_for(running, load, wall, asker, events, violations)
            .await?;
        let describe = Request::Describe(DescribeParams {
            max_tools: MAX_TOOLS,
        });
        let described = self
            .ask_for(running, describe, wall, asker, events, violations)
            .await;
        running.worker.process().kill();
        described
    }
}

/// What a failed interview is to the person, who can grant more.
fn told(error: ErrorReport, request: &WrapRequest, violations: &[Violation]) -> ErrorReport {
    let is_its_own = matches!(
        error.code,
        ErrorCode::SkillLoadError
            | ErrorCode::SkillExecutionError
            | ErrorCode::SecurityViolation
            | ErrorCode::WorkerCrashed
    );
    if !is_its_own {
        return error;
    }
    let said = error.context.get("reason").cloned().unwrap_or_default();
    let refused: Vec<_> = (violations.iter().take(MAX_REFUSALS))
        .map(|violation| match &violation.permission {
            Some(permission) => permission.to_string(),
            None => violation.resolved.display().to_string(),
        })
        .collect();
    let reason = match refused.as_slice() {
        [] => said,
        refused => format!("{said} (it was refused: {})", refused.join("; ")),
    };
    unavailable(request.name.as_str(), "sandbox", &reason)
}
