//! What a worker's failure is to the caller.

use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;

use crate::asking::WallLimit;
use crate::supervisor::WorkerFailure;

/// What was asked of the worker.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Load,
    Hook(Hook),
    Call(String),
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        match request {
            Request::Load(_) | Request::Compile(_) => Self::Load,
            Request::Hook(params) => Self::Hook(params.hook),
            Request::Call(params) => Self::Call(params.method.clone()),
        }
    }

    /// The word that stands for it in texts.
    fn name(&self) -> &str {
        match self {
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
    let limits = &policy.limits;
    let new = |code| {
        ErrorReport::new(code)
            .with("skill", &policy.skill.name)
            .with("version", &policy.skill.version)
            .with("method", asked.name())
    };
    let report = match failure {
        WorkerFailure::Answered(failure) => answered(failure, asked, policy),
        WorkerFailure::WallTime => new(ErrorCode::SkillTimeout).with("limit", wall.seconds),
        WorkerFailure::CpuTime => new(ErrorCode::CpuLimit).with("limit", limits.cpu_seconds),
        WorkerFailure::Memory => new(ErrorCode::MemoryLimit).with("limit", limits.memory_mb),
        WorkerFailure::Output => new(ErrorCode::OutputLimit).with("limit", limits.output_mb),
        WorkerFailure::FileSize => new(ErrorCode::WorkerCrashed).with(
            "reason",
            format!("it wrote a file larger than {} MB", limits.file_size_mb),
        ),
        WorkerFailure::Crashed(reason) => new(ErrorCode::WorkerCrashed).with("reason", reason),
    };
    // The last refusal is the one the skill did not get over.
    match violations.last() {
        Some(violation) => ErrorReport {
            code: ErrorCode::SecurityViolation,
            retryable: false,
            ..report
        }
        .with("operation", violation.operation.as_str())
        .with("path", violation.resolved.display()),
        None => report,
    }
}

fn answered(failure: Failure, asked: &Asked, policy: &SandboxPolicy) -> ErrorReport {
    let limits = &policy.limits;
    let code = match failure.kind {
        // The system's word for too many open files, wherever it comes out.
        _ if failure.code.as_deref() == Some("EMFILE") => ErrorCode::FileLimit,
        FailureKind::Thrown | FailureKind::Exited | FailureKind::NeverSettles => match asked {
            Asked::Call(_) => ErrorCode::SkillExecutionError,
            Asked::Load | Asked::Hook(_) => ErrorCode::SkillLoadError,
        },
        FailureKind::Syntax | FailureKind::MissingExport => ErrorCode::SkillLoadError,
        FailureKind::ResultInvalid => ErrorCode::ResultInvalid,
        FailureKind::ResultTooLarge | FailureKind::OutputTooLarge => ErrorCode::OutputLimit,
        FailureKind::OutOfMemory => ErrorCode::MemoryLimit,
        FailureKind::Sandbox => ErrorCode::SandboxUnavailable,
        FailureKind::Protocol => ErrorCode::Internal,
    };
    let limit = match code {
        ErrorCode::OutputLimit => Some(limits.output_mb),
        ErrorCode::MemoryLimit => Some(limits.memory_mb),
        ErrorCode::FileLimit => Some(limits.open_files),
        _ => None,
    };
    let reason = match asked {
        Asked::Hook(hook) => format!("{hook} failed: {}", failure.message),
        Asked::Load | Asked::Call(_) => failure.message,
    };
    let mut report = ErrorReport::new(code)
        .with("skill", &policy.skill.name)
        .with("version", &policy.skill.version)
        .with("method", asked.name())
        .with("reason", reason);
    if let Some(limit) = limit {
        report = report.with("limit", limit);
    }
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
