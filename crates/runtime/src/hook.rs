//! Middleware: code of the host that sees every stage of every skill's life and may refuse it.

use std::path::Path;
use std::time::Duration;

use mycelium_policy::Evaluation;
use mycelium_protocol::Violation;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::SkillId;

/// Sees every stage of every skill's life.
///
/// Hooks run in the order they were added, on the thread that drives the stage: they must be quick and
/// must not block. Logging, metrics and the permission check of this library are such hooks.
pub trait LifecycleHook: Send + Sync {
    /// Before the stage.
    ///
    /// # Errors
    /// An error ends the stage before it begins; later hooks are not asked.
    fn before(&self, stage: &Stage<'_>) -> Result<(), ErrorReport> {
        let _ = stage;
        Ok(())
    }

    /// After the stage, however it ended.
    fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        let _ = (stage, outcome);
    }
}

/// One stage of one skill's life.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// Which stage, named after the skill's own hook for it.
    pub hook: Hook,
    /// The skill.
    pub skill: &'a SkillId,
    /// The workspace.
    pub workspace: &'a Path,
    /// The session, unless the workspace shares the instance.
    pub session: Option<&'a str>,
    /// The function, when it is a call.
    pub method: Option<&'a str>,
    /// The permission decision, once it is made.
    pub evaluation: Option<&'a Evaluation>,
    /// The digest of the skill's content, once it is verified.
    pub digest: Option<Digest>,
    /// The request's correlation id.
    pub correlation_id: &'a str,
}

/// How a stage ended.
#[derive(Clone, Copy, Debug)]
pub struct StageOutcome<'a> {
    /// What went wrong, if something did.
    pub error: Option<&'a ErrorReport>,
    /// How long it took.
    pub duration: Duration,
    /// Processor time of the skill, where it is known.
    pub cpu: Option<Duration>,
    /// What the sandbox refused meanwhile.
    pub violations: &'a [Violation],
}

/// Writes every stage to the log.
pub(crate) struct Logging;

impl LifecycleHook for Logging {
    fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        let skill = stage.skill.to_string();
        let milliseconds = outcome.duration.as_secs_f64() * 1000.0;
        let method = stage.method.unwrap_or_default();
        for violation in outcome.violations {
            tracing::warn!(
                skill,
                method,
                correlation_id = stage.correlation_id,
                operation = violation.operation.as_str(),
                path = %violation.resolved.display(),
                "the sandbox refused an access"
            );
        }
        match outcome.error {
            Some(error) => tracing::warn!(
                stage = stage.hook.as_str(),
                skill,
                method,
                correlation_id = stage.correlation_id,
                milliseconds,
                code = error.code.as_str(),
                "stage failed"
            ),
            None => tracing::debug!(
                stage = stage.hook.as_str(),
                skill,
                method,
                correlation_id = stage.correlation_id,
                milliseconds,
                "stage done"
            ),
        }
    }
}

/// Refuses a skill that asks for something nobody has answered, or somebody has refused.
pub(crate) struct PermissionCheck;

impl LifecycleHook for PermissionCheck {
    fn before(&self, stage: &Stage<'_>) -> Result<(), ErrorReport> {
        let Some(evaluation) = stage.evaluation.filter(|_| stage.hook == Hook::Load) else {
            return Ok(());
        };
        for (code, permissions) in [
            (ErrorCode::PermissionDenied, &evaluation.refused),
            (ErrorCode::PermissionRequired, &evaluation.unanswered),
        ] {
            if !permissions.is_empty() {
                let words: Vec<String> = permissions.iter().map(ToString::to_string).collect();
                return Err(ErrorReport::new(code)
                    .with("skill", &stage.skill.name)
                    .with("permissions", words.join("; ")));
            }
        }
        Ok(())
    }
}
