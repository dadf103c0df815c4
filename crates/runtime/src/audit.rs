//! What goes on record: every operation in brief, everything about security in full.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use mycelium_audit::AuditEvent;
use mycelium_audit::AuditFolder;
use mycelium_audit::AuditLog;
use mycelium_audit::AuditSettings;
use mycelium_audit::GrantScope;
use mycelium_audit::Outcome;
use mycelium_audit::Receipt;
use mycelium_audit::Record;
use mycelium_audit::Recorded;
use mycelium_audit::Subject;
use mycelium_audit::without_secrets;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::Violation;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::worker::CallContext;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Export;
use mycelium_types::Hook;
use mycelium_types::Permission;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use serde_json::Value;

use crate::hook::LifecycleHook;
use crate::hook::Stage;
use crate::hook::StageOutcome;
use crate::skill_calls::CallScope;
use crate::suggestion;

/// The runtime's hold on the audit log. Itself a [`LifecycleHook`]: nothing begins while a security event
/// waits for a log that cannot be written, and every stage of a skill's life is recorded.
#[derive(Clone)]
pub(crate) struct AuditTrail(Arc<AuditLog>);

/// The subject of what happens to a skill in a session.
pub(crate) fn about_skill(workspace: &Path, session: Option<&str>, skill: &SkillId) -> Subject {
    Subject {
        skill: Some(skill.name.clone()),
        version: Some(skill.version.clone()),
        ..about_workspace(workspace, session)
    }
}

/// The subject of what happens in a workspace.
pub(crate) fn about_workspace(workspace: &Path, session: Option<&str>) -> Subject {
    Subject {
        workspace: Some(workspace.display().to_string()),
        session: session.map(str::to_owned),
        ..Subject::default()
    }
}

impl AuditTrail {
    /// The log in this state folder. Nothing is made before there is something to record.
    pub(crate) fn below(state: &Path) -> Self {
        let settings = AuditSettings::new(AuditFolder::below(state));
        Self(Arc::new(AuditLog::new(settings)))
    }

    /// Puts an event on record, without waiting.
    pub(crate) fn record(&self, subject: Subject, event: AuditEvent) -> Receipt {
        self.0.record(&Record { subject, event })
    }

    /// Puts a security event on record, and waits until it is on disk.
    pub(crate) async fn keep(
        &self,
        subject: Subject,
        event: AuditEvent,
    ) -> Result<Recorded, ErrorReport> {
        Ok(self.record(subject, event).await?)
    }

    /// Puts on record what the sandbox refused.
    pub(crate) fn violation(&self, subject: Subject, violation: &Violation) -> Receipt {
        let event = AuditEvent::Violation {
            call: violation.call.clone(),
            layer: violation.layer.as_str().to_owned(),
            operation: violation.operation.as_str().to_owned(),
            attempted: violation.attempted.clone(),
            resolved: violation.resolved.display().to_string(),
            allowed: violation.allowed.clone(),
            permission: suggestion::text(violation),
        };
        self.record(subject, event)
    }

    /// Puts on record that an operation was refused, if that is what the error says.
    ///
    /// # Errors
    /// The same error: it stays what the caller is told, even where the log cannot be written.
    pub(crate) async fn denied<T>(
        &self,
        subject: Subject,
        outcome: Result<T, ErrorReport>,
    ) -> Result<T, ErrorReport> {
        if let Err(error) = &outcome
            && error.code.exit_status() == ExitStatus::Denied
            // That has its entries already.
            && error.code != ErrorCode::SecurityViolation
        {
            let event = AuditEvent::Denied {
                code: error.code,
                reason: error.context.clone(),
            };
            if let Err(failure) = self.keep(subject, event).await {
                tracing::error!(%failure, "a refusal is not on record yet");
            }
        }
        outcome
    }

    /// Puts on record an answer about a workspace or a skill, before it takes effect.
    pub(crate) async fn answer(
        &self,
        subject: &Subject,
        scope: GrantScope,
        trust: WorkspaceTrust,
        permissions: &[Permission],
    ) -> Result<(), ErrorReport> {
        let event = match trust {
            WorkspaceTrust::Trusted => AuditEvent::GrantGiven {
                scope,
                permissions: permissions.iter().map(ToString::to_string).collect(),
            },
            WorkspaceTrust::Untrusted => AuditEvent::GrantRevoked { scope },
        };
        self.keep(subject.clone(), event).await.map(|_| ())
    }

    /// Puts on record that an answer which is on record could not be stored.
    pub(crate) async fn answered<T>(
        &self,
        subject: Subject,
        outcome: Result<T, ErrorReport>,
    ) -> Result<T, ErrorReport> {
        if let Err(error) = &outcome {
            let event = AuditEvent::GrantFailed {
                scope: scope(&subject),
                reason: error.to_string(),
            };
            self.keep(subject, event).await?;
        }
        outcome
    }

    /// Begins the record of a call.
    pub(crate) fn begin_call(
        &self,
        context: &RequestContext,
        skill: &SkillName,
        method: &str,
        correlation_id: &str,
    ) -> CallRecord {
        CallRecord {
            trail: self.clone(),
            subject: Subject {
                skill: Some(skill.clone()),
                correlation_id: Some(correlation_id.to_owned()),
                ..about_workspace(&context.workspace, Some(&context.session))
            },
            method: method.to_owned(),
            arguments: Value::Null,
            started: Instant::now(),
            is_recorded: false,
        }
    }

    /// Writes what waits, and puts everything on disk. Blocks.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

fn scope(subject: &Subject) -> GrantScope {
    match subject.skill {
        Some(_) => GrantScope::Skill,
        None => GrantScope::Workspace,
    }
}

/// A call that runs. It goes on record when it ends, however that is: one whose caller went away was
/// interrupted.
pub(crate) struct CallRecord {
    trail: AuditTrail,
    pub(crate) subject: Subject,
    method: String,
    arguments: Value,
    started: Instant,
    is_recorded: bool,
}

impl CallRecord {
    /// Remembers the arguments, but for the ones the function's schema marks as secret.
    pub(crate) fn arguments(&mut self, arguments: &Arguments, export: &Export) {
        self.arguments = match arguments {
            Arguments::Positional(list) => without_secrets(&Value::Array(list.clone()), export),
            Arguments::Named(object) => without_secrets(&Value::Object(object.clone()), export),
        };
    }

    /// Puts the call on record. Ready at once, as a rule.
    pub(crate) async fn end(mut self, error: Option<&ErrorReport>, attempts: u32) {
        let receipt = self.record(Outcome::of(error), attempts);
        if let Err(error) = receipt.await {
            tracing::warn!(%error, "a call is not on record yet");
        }
    }

    fn record(&mut self, outcome: Outcome, attempts: u32) -> Receipt {
        self.is_recorded = true;
        let event = AuditEvent::Call {
            method: std::mem::take(&mut self.method),
            arguments: self.arguments.take(),
            outcome,
            attempts,
            milliseconds: milliseconds(self.started.elapsed()),
        };
        self.trail.record(std::mem::take(&mut self.subject), event)
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        if !self.is_recorded {
            // The caller is gone: nobody waits for it.
            drop(self.record(Outcome::Failed(ErrorCode::Interrupted), 1));
        }
    }
}

impl LifecycleHook for AuditTrail {
    fn before(&self, stage: &Stage<'_>) -> Result<(), ErrorReport> {
        match stage.hook {
            Hook::Load | Hook::Execute => Ok(self.0.admit()?),
            // What runs may end.
            Hook::Init | Hook::Activate | Hook::Deactivate | Hook::Unload => Ok(()),
        }
    }

    fn after(&self, stage: &Stage<'_>, outcome: &StageOutcome<'_>) {
        match stage.hook {
            Hook::Load | Hook::Activate | Hook::Deactivate | Hook::Unload => {}
            // A part of loading; and a call is recorded with all its attempts.
            Hook::Init | Hook::Execute => return,
        }
        let event = AuditEvent::Stage {
            stage: stage.hook.as_str().to_owned(),
            outcome: Outcome::of(outcome.error),
            milliseconds: milliseconds(outcome.duration),
        };
        // An ordinary entry: it is written by now, or will be before the end of the operation that it is
        // part of is, because entries keep their order.
        drop(self.record(stage_subject(stage), event));
    }
}

/// The subject of one stage.
pub(crate) fn stage_subject(stage: &Stage<'_>) -> Subject {
    Subject {
        digest: stage.digest,
        correlation_id: Some(stage.correlation_id.to_owned()),
        ..about_skill(stage.workspace, stage.session, stage.skill)
    }
}

/// Whoever asks a worker something: what goes on record meanwhile is about them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) workspace: &'a Path,
    pub(crate) session: Option<&'a str>,
    pub(crate) correlation_id: &'a str,
    /// What the skill's own calls inherit, if it works at a call.
    pub(crate) scope: Option<&'a CallScope>,
}

impl Asker<'_> {
    /// What a skill is told of the call or the hook `call` that it works at for this one.
    pub(crate) fn context(&self, call: String) -> CallContext {
        CallContext {
            call,
            trace: self.correlation_id.to_owned(),
            export: None,
            session: self.session.map(str::to_owned),
            agent: None,
            roots: vec![self.workspace.display().to_string()],
            callers: Vec::new(),
            conversation: None,
        }
    }

    /// What this one's doing with a skill is about.
    pub(crate) fn subject(&self, skill: &SkillId, digest: Digest) -> Subject {
        Subject {
            digest: Some(digest),
            correlation_id: Some(self.correlation_id.to_owned()),
            ..about_skill(self.workspace, self.session, skill)
        }
    }
}

impl<'a> From<&Stage<'a>> for Asker<'a> {
    fn from(stage: &Stage<'a>) -> Self {
        Self {
            workspace: stage.workspace,
            session: stage.session,
            correlation_id: stage.correlation_id,
            scope: None,
        }
    }
}

/// In milliseconds, to the microsecond: further digits are noise to whoever reads the log.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
