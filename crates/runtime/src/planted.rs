//! Names that decide what programs outside the sandbox do, planted below a granted folder.
//!
//! The engine's guard refuses them, the kernel keeps those that exist, and where it tells the supervisor of its
//! workers' calls, only the supervisor makes new ones. Elsewhere code that has taken over its engine can, because no rule of the
//! kernel is about names. That does not pass unseen: it is looked for after each call, and whoever did it is ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_protocol::ViolationLayer;
use mycelium_sandbox::Survey;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use crate::EventSink;
use crate::audit::Asker;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::LaunchSpec;
use crate::listener::audited;
use crate::listener::now;

/// What lies below the folders a skill may write to, as it was when the skill started.
#[derive(Debug, Default)]
pub(crate) struct Grounds(Mutex<Vec<Survey>>);

impl Grounds {
    pub(crate) fn new(surveys: Vec<Survey>) -> Self {
        Self(Mutex::new(surveys))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Survey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been planted since the last look. A folder that has become too large to look through
    /// counts as planted itself.
    fn planted(&self) -> Vec<PathBuf> {
        let mut planted = Vec::new();
        for survey in self.lock().iter_mut() {
            match survey.appeared() {
                Ok(appeared) => planted.extend(appeared),
                Err(_) => planted.push(survey.root().to_owned()),
            }
        }
        planted
    }
}

impl Inner {
    /// Looks for what a skill has planted since the last look, puts it on record and tells it.
    pub(crate) async fn look_for_planted(
        self: &Arc<Self>,
        launch: &Arc<LaunchSpec>,
        call: &str,
        asker: Asker<'_>,
        events: &EventSink,
    ) -> Vec<Violation> {
        if launch.grounds.lock().is_empty() {
            return Vec::new();
        }
        let looking = {
            let launch = Arc::clone(launch);
            blocking(move || Ok(launch.grounds.planted())).await
        };
        let planted = looking.unwrap_or_else(|error| {
            tracing::error!(%error, "granted folders cannot be looked at");
            Vec::new()
        });
        let violations: Vec<_> = planted
            .into_iter()
            .map(|path| violation(launch, call, path))
            .collect();
        let subject = asker.subject(&launch.policy.skill, launch.skill.digest());
        for violation in &violations {
            (events)(Event::Violation(violation.clone()));
            match self.audit.violation(subject.clone(), violation).await {
                Ok(recorded) => (events)(audited(violation, recorded)),
                // The call fails in any case.
                Err(error) => tracing::error!(%error, "a planted name is not on record yet"),
            }
        }
        violations
    }
}

fn violation(launch: &LaunchSpec, call: &str, path: PathBuf) -> Violation {
    let skill = &launch.policy.skill;
    Violation {
        skill: skill.name.clone(),
        version: skill.version.clone(),
        call: call.to_owned(),
        layer: ViolationLayer::Survey,
        operation: Operation::Write,
        attempted: path.display().to_string(),
        resolved: path,
        allowed: Vec::new(),
        permission: None,
        timestamp_milliseconds: now(),
    }
}

/// The outcome of a call in which something was planted.
pub(crate) fn report(launch: &LaunchSpec, violation: &Violation) -> ErrorReport {
    ErrorReport::new(ErrorCode::SecurityViolation)
        .with("skill", &launch.policy.skill.name)
        .with("version", &launch.policy.skill.version)
        .with("operation", "plant")
        .with("path", violation.resolved.display())
}
