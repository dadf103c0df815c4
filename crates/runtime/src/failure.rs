//! What a worker's failure is to the caller.

use std::collections::BTreeSet;

use mycelium_network::GivenSecrets;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::Limit;
use mycelium_types::Locale;
use mycelium_types::Message;

use crate::asking::WallLimit;
use crate::live_worker::WorkerFailure;
use crate::space::Reached;
use crate::suggestion;

/// What was asked of the worker.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Start,
    Load,
    Hook(Hook),
    Call(String),
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        match request {
            Request::Start(_) => Self::Start,
            Request::Load(_) | Request::Compile(_) | Request::Describe(_) => Self::Load,
            Request::Hook(params) => Self::Hook(params.hook),
            Request::Call(params) => Self::Call(params.method.clone()),
        }
    }

    /// The word that stands for it in texts.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Start => "start",
            Self::Load => "load",
            Self::Hook(hook) => hook.as_str(),
            Self::Call(method) => method,
        }
    }
}

/// The report of a failed request. What the sandbox refused meanwhile is the reason, if it was anything.
pub(crate) fn report(
    failure: WorkerFailure,
    asked: &Asked,
    policy: &SandboxPolicy,
    wall: WallLimit,
    violations: &[Violation],
) -> ErrorReport {
    let about = |report: ErrorReport| {
        report
            .with("skill", &policy.skill.name)
            .with("version", &policy.skill.version)
            .with("method", asked.name())
    };
    let report = match failure {
        WorkerFailure::Answered { failure, limit } => answered(failure, limit, asked, policy, wall),
        WorkerFailure::Over(reached) => about(over(reached, policy, wall)),
        WorkerFailure::TooLarge => about(over(Limit::Frame.into(), policy, wall)),
        WorkerFailure::Crashed(reason) => {
            about(ErrorReport::new(ErrorCode::WorkerCrashed)).with("reason", reason)
        }
    };
    // The last refusal is the one the skill did not get over. Not all are heard of when they happen.
    match violations
        .iter()
        .max_by_key(|violation| violation.timestamp_milliseconds)
    {
        Some(violation) => {
            let report = ErrorReport {
                code: ErrorCode::SecurityViolation,
                retryable: false,
                ..report
            }
            .with("operation", violation.operation.as_str())
            .with("path", violation.resolved.display());
            match suggestion::text(violation) {
                Some(permission) => report.with("permission", permission),
                None => report,
            }
        }
        None => report,
    }
}

/// The report of a failed request, with the secrets that the skill's hosts did not get, if there are any: that
/// may well be why it failed.
pub(crate) fn with_unreadable(
    report: ErrorReport,
    policy: &SandboxPolicy,
    secrets: &BTreeSet<String>,
) -> ErrorReport {
    if report.code != ErrorCode::SkillExecutionError || secrets.is_empty() {
        return report;
    }
    let names: Vec<_> = secrets.iter().map(String::as_str).collect();
    let text = Message::new("secret-unreadable")
        .with("names", names.join(", "))
        .with("skill", &policy.skill.name)
        .render(Locale::default());
    let reason = report.context.get("reason").cloned().unwrap_or_default();
    report.with("reason", format!("{reason}\n{text}"))
}

/// The report without the values of secrets that hosts were given, and may have repeated.
pub(crate) fn without_secrets(report: ErrorReport, given: &GivenSecrets) -> ErrorReport {
    let conceal = |text: String| given.conceal(&text).into_owned();
    let context = report.context.into_iter();
    ErrorReport {
        context: context.map(|(name, text)| (name, conceal(text))).collect(),
        stack: report.stack.map(conceal),
        ..report
    }
}

/// The report of an answer that is not in the form that the worker protocol has for it.
pub(crate) fn unintelligible(
    error: &serde_json::Error,
    asked: &Asked,
    policy: &SandboxPolicy,
) -> ErrorReport {
    ErrorReport::new(ErrorCode::WorkerCrashed)
        .with("skill", &policy.skill.name)
        .with("version", &policy.skill.version)
        .with("method", asked.name())
        .with(
            "reason",
            format!("its answer is not in the protocol's form: {error}"),
        )
}

/// The report of a limit that was reached.
pub(crate) fn over(
    Reached { limit, used }: Reached,
    policy: &SandboxPolicy,
    wall: WallLimit,
) -> ErrorReport {
    let mut report = ErrorReport::of_limit(limit, wall.value_of(limit, &policy.limits));
    if let Some(bytes) = used {
        report = report.with("used", format!("{:.1}", bytes as f64 / f64::from(1 << 20)));
    }
    match (&policy.data, limit) {
        (Some(folder), Limit::Data) => report.with("path", folder.display()),
        _ => report,
    }
}

fn answered(
    failure: Failure,
    limit: Option<Limit>,
    asked: &Asked,
    policy: &SandboxPolicy,
    wall: WallLimit,
) -> ErrorReport {
    let limits = &policy.limits;
    let limit = limit.or(match failure.kind {
        FailureKind::ResultTooLarge if limits.frame_mb < limits.output_mb => Some(Limit::Frame),
        FailureKind::ResultTooLarge | FailureKind::OutputTooLarge => Some(Limit::Output),
        FailureKind::OutOfMemory => Some(Limit::Memory),
        FailureKind::CpuTime => Some(Limit::CpuTime),
        FailureKind::FileSize => Some(Limit::FileSize),
        FailureKind::Processes => Some(Limit::Processes),
        FailureKind::Thrown
        | FailureKind::Exited
        | FailureKind::NeverSettles
        | FailureKind::Syntax
        | FailureKind::MissingExport
        | FailureKind::ResultInvalid
        | FailureKind::Sandbox
        | FailureKind::Host
        | FailureKind::Protocol => None,
    });
    let code = match failure.kind {
        FailureKind::Thrown
        | FailureKind::Exited
        | FailureKind::NeverSettles
        | FailureKind::Host => match asked {
            Asked::Call(_) => ErrorCode::SkillExecutionError,
            Asked::Start | Asked::Load | Asked::Hook(_) => ErrorCode::SkillLoadError,
        },
        FailureKind::Syntax | FailureKind::MissingExport => ErrorCode::SkillLoadError,
        FailureKind::ResultInvalid => ErrorCode::ResultInvalid,
        FailureKind::ResultTooLarge | FailureKind::OutputTooLarge => ErrorCode::OutputLimit,
        FailureKind::OutOfMemory => ErrorCode::MemoryLimit,
        FailureKind::CpuTime => ErrorCode::CpuLimit,
        FailureKind::FileSize => ErrorCode::FileSizeLimit,
        FailureKind::Processes => ErrorCode::ProcessLimit,
        FailureKind::Sandbox => ErrorCode::SandboxUnavailable,
        FailureKind::Protocol => ErrorCode::Internal,
    };
    let reason = match asked {
        Asked::Hook(hook) => format!("{hook} failed: {}", failure.message),
        Asked::Start | Asked::Load | Asked::Call(_) => failure.message,
    };
    let mut report = limit
        .map_or_else(
            || ErrorReport::new(code),
            |limit| over(limit.into(), policy, wall),
        )
        .with("skill", &policy.skill.name)
        .with("version", &policy.skill.version)
        .with("method", asked.name())
        .with("reason", reason);
    if let Some(name) = failure.name {
        report = report.with("error", name);
    }
    if let Some(error_code) = failure.code {
        report = report.with("error_code", error_code);
    }
    report.stack = failure.stack;
    report.retryable = failure.transient && report.code == ErrorCode::SkillExecutionError;
    report
}
