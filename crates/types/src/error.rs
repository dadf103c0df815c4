//! What went wrong, as one value that every surface renders.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::Diagnostic;
use crate::message::Locale;
use crate::message::lookup;

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal),+ $(,)?) => {
        /// What kind of thing went wrong. Stable: programs may match on the text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant),+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code's text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

error_codes! {
    /// The command line cannot be understood.
    Usage = "USAGE",
    /// No skill of that name or version.
    SkillNotFound = "SKILL_NOT_FOUND",
    /// The skill has no such export.
    MethodNotFound = "METHOD_NOT_FOUND",
    /// `skill.json` or the code it names is not valid.
    ManifestInvalid = "MANIFEST_INVALID",
    /// A configuration file or value is not valid.
    ConfigInvalid = "CONFIG_INVALID",
    /// The arguments do not fit the method.
    ArgumentsInvalid = "ARGUMENTS_INVALID",
    /// The skill does not work on this machine or with this program.
    Incompatible = "INCOMPATIBLE",
    /// The skill's code could not be loaded or a hook failed.
    SkillLoadError = "SKILL_LOAD_ERROR",
    /// The skill's function failed.
    SkillExecutionError = "SKILL_EXECUTION_ERROR",
    /// The skill's result cannot be represented.
    ResultInvalid = "RESULT_INVALID",
    /// The call took too long.
    SkillTimeout = "SKILL_TIMEOUT",
    /// The call used too much processor time.
    CpuLimit = "CPU_LIMIT",
    /// The skill used too much memory.
    MemoryLimit = "MEMORY_LIMIT",
    /// The skill opened too many files.
    FileLimit = "FILE_LIMIT",
    /// The skill has too many processes.
    ProcessLimit = "PROCESS_LIMIT",
    /// The skill wrote a file that is too large.
    FileSizeLimit = "FILE_SIZE_LIMIT",
    /// The skill's files take too much space.
    DiskLimit = "DISK_LIMIT",
    /// The result or console output is too large.
    OutputLimit = "OUTPUT_LIMIT",
    /// A message to or from the worker is too large.
    FrameLimit = "FRAME_LIMIT",
    /// The skill printed too many lines in a second.
    LogLimit = "LOG_LIMIT",
    /// Too many calls wait.
    Overloaded = "OVERLOADED",
    /// What the skill asked of its runtime does not fit.
    HostCallInvalid = "HOST_CALL_INVALID",
    /// The skill asked its runtime for something after its call had ended.
    CallEnded = "CALL_ENDED",
    /// Others kept changing what a transaction of the skill had read.
    KvConflict = "KV_CONFLICT",
    /// Skills call each other in a circle.
    CallCycle = "CALL_CYCLE",
    /// Too many skills call one another in a row.
    CallDepth = "CALL_DEPTH",
    /// The breaker refuses calls for a while.
    CircuitBreakerOpen = "CIRCUIT_BREAKER_OPEN",
    /// The skill tried what it may not do.
    SecurityViolation = "SECURITY_VIOLATION",
    /// The kernel cannot enforce the sandbox that is required.
    SandboxUnavailable = "SANDBOX_UNAVAILABLE",
    /// The skill comes from elsewhere, must be signed, and is not.
    SignatureMissing = "SIGNATURE_MISSING",
    /// The skill asks for something nobody has granted.
    PermissionRequired = "PERMISSION_REQUIRED",
    /// The skill asks for something the person has refused for good.
    PermissionDenied = "PERMISSION_DENIED",
    /// A secret that the skill was granted is not stored.
    SecretMissing = "SECRET_MISSING",
    /// The skill is another one than the person was asked about.
    SkillChanged = "SKILL_CHANGED",
    /// The skill is deactivated.
    SkillDeactivated = "SKILL_DEACTIVATED",
    /// The operation makes no sense in the skill's state.
    IllegalTransition = "ILLEGAL_TRANSITION",
    /// No set of versions satisfies all ranges.
    DependencyConflict = "DEPENDENCY_CONFLICT",
    /// Dependencies need each other.
    DependencyCycle = "DEPENDENCY_CYCLE",
    /// A dependency cannot be got.
    DependencyUnavailable = "DEPENDENCY_UNAVAILABLE",
    /// A dependency is not what the lock says.
    DependencyIntegrity = "DEPENDENCY_INTEGRITY",
    /// There is no MCP server of that name.
    ServerNotFound = "MCP_SERVER_NOT_FOUND",
    /// The MCP server may not be started.
    ServerDenied = "MCP_SERVER_DENIED",
    /// The MCP server wants to know who asks.
    ServerUnauthorized = "MCP_SERVER_UNAUTHORIZED",
    /// The MCP server cannot be reached.
    ServerUnavailable = "MCP_SERVER_UNAVAILABLE",
    /// The MCP server took too long.
    ServerTimeout = "MCP_SERVER_TIMEOUT",
    /// The MCP server does not keep to the protocol.
    ServerInvalid = "MCP_SERVER_INVALID",
    /// The MCP server's answer is too large.
    ServerOutputLimit = "MCP_OUTPUT_LIMIT",
    /// The MCP server has no such tool or resource.
    ToolNotFound = "MCP_TOOL_NOT_FOUND",
    /// The arguments do not fit the tool of an MCP server.
    ToolArgumentsInvalid = "MCP_ARGUMENTS_INVALID",
    /// The tool of an MCP server failed.
    ToolFailed = "MCP_TOOL_FAILED",
    /// The worker ended in the middle of its work.
    WorkerCrashed = "WORKER_CRASHED",
    /// The daemon cannot be reached or started.
    DaemonUnavailable = "DAEMON_UNAVAILABLE",
    /// Files of the program cannot be read or written.
    StateUnavailable = "STATE_UNAVAILABLE",
    /// The audit log cannot be written.
    AuditUnavailable = "AUDIT_UNAVAILABLE",
    /// The person interrupted.
    Interrupted = "INTERRUPTED",
    /// A defect of this program.
    Internal = "INTERNAL",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// Done.
    Success = 0,
    /// The skill failed.
    Skill = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// Invalid manifest, configuration or arguments; incompatible.
    Invalid = 3,
    /// Not found.
    NotFound = 4,
    /// Denied.
    Denied = 5,
    /// Dependencies.
    Dependency = 6,
    /// A limit was reached.
    Limit = 7,
    /// The breaker is open.
    Breaker = 8,
    /// A defect of this program or its surroundings.
    Internal = 70,
    /// Interrupted by the person.
    Interrupted = 130,
}

impl ErrorCode {
    /// The exit status of a command that ends with this code.
    #[must_use]
    pub fn exit_status(self) -> ExitStatus {
        match self {
            Self::SkillExecutionError
            | Self::SkillLoadError
            | Self::ResultInvalid
            | Self::ServerInvalid
            | Self::ToolFailed
            | Self::WorkerCrashed => ExitStatus::Skill,
            Self::Usage => ExitStatus::Usage,
            Self::ManifestInvalid
            | Self::ConfigInvalid
            | Self::ArgumentsInvalid
            | Self::Incompatible
            | Self::SkillDeactivated
            | Self::ToolArgumentsInvalid
            | Self::IllegalTransition
            | Self::HostCallInvalid
            | Self::CallEnded
            | Self::CallCycle
            | Self::CallDepth
            | Self::KvConflict => ExitStatus::Invalid,
            Self::SkillNotFound
            | Self::MethodNotFound
            | Self::ServerNotFound
            | Self::ToolNotFound => ExitStatus::NotFound,
            Self::SecurityViolation
            | Self::SandboxUnavailable
            | Self::SignatureMissing
            | Self::PermissionRequired
            | Self::PermissionDenied
            | Self::SecretMissing
            | Self::ServerDenied
            | Self::ServerUnauthorized
            | Self::SkillChanged => ExitStatus::Denied,
            Self::DependencyConflict
            | Self::DependencyCycle
            | Self::DependencyUnavailable
            | Self::DependencyIntegrity
            | Self::ServerUnavailable => ExitStatus::Dependency,
            Self::SkillTimeout
            | Self::CpuLimit
            | Self::MemoryLimit
            | Self::FileLimit
            | Self::ProcessLimit
            | Self::FileSizeLimit
            | Self::DiskLimit
            | Self::OutputLimit
            | Self::FrameLimit
            | Self::LogLimit
            | Self::ServerTimeout
            | Self::ServerOutputLimit
            | Self::Overloaded => ExitStatus::Limit,
            Self::CircuitBreakerOpen => ExitStatus::Breaker,
            Self::DaemonUnavailable
            | Self::StateUnavailable
            | Self::AuditUnavailable
            | Self::Internal => ExitStatus::Internal,
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }

    /// Whether trying again later, unchanged, may succeed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::Overloaded
            | Self::KvConflict
            | Self::CircuitBreakerOpen
            | Self::WorkerCrashed
            | Self::DaemonUnavailable
            | Self::DependencyUnavailable
            | Self::ServerUnavailable => true,
            Self::Usage
            | Self::SkillNotFound
            | Self::MethodNotFound
            | Self::ManifestInvalid
            | Self::ConfigInvalid
            | Self::ArgumentsInvalid
            | Self::Incompatible
            | Self::SkillLoadError
            | Self::SkillExecutionError
            | Self::ResultInvalid
            | Self::SkillTimeout
            | Self::CpuLimit
            | Self::MemoryLimit
            | Self::FileLimit
            | Self::ProcessLimit
            | Self::FileSizeLimit
            | Self::DiskLimit
            | Self::OutputLimit
            | Self::FrameLimit
            | Self::LogLimit
            | Self::HostCallInvalid
            | Self::CallEnded
            | Self::CallCycle
            | Self::CallDepth
            | Self::SecurityViolation
            | Self::SandboxUnavailable
            | Self::SignatureMissing
            | Self::PermissionRequired
            | Self::PermissionDenied
            | Self::SecretMissing
            | Self::SkillChanged
            | Self::SkillDeactivated
            | Self::IllegalTransition
            | Self::DependencyConflict
            | Self::DependencyCycle
            | Self::DependencyIntegrity
            | Self::ServerNotFound
            | Self::ServerDenied
            | Self::ServerUnauthorized
            | Self::ServerTimeout
            | Self::ServerInvalid
            | Self::ServerOutputLimit
            | Self::ToolNotFound
            | Self::ToolArgumentsInvalid
            | Self::ToolFailed
            | Self::StateUnavailable
            | Self::AuditUnavailable
            | Self::Interrupted
            | Self::Internal => false,
        }
    }

    /// Whether the breaker counts it: the skill itself failed, rather than its caller or the policy.
    #[must_use]
    pub fn counts_as_failure(self) -> bool {
        match self.exit_status() {
            ExitStatus::Skill => true,
            ExitStatus::Limit => !matches!(self, Self::Overloaded),
            ExitStatus::Success
            | ExitStatus::Usage
            | ExitStatus::Invalid
            | ExitStatus::NotFound
            | ExitStatus::Denied
            | ExitStatus::Dependency
            | ExitStatus::Breaker
            | ExitStatus::Internal
            | ExitStatus::Interrupted => false,
        }
    }
}

/// One failure: its code, the facts, and where to look. The texts come from the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// What kind of thing went wrong.
    pub code: ErrorCode,
    /// The facts: values the texts name (`skill`, `method`, `path`, `reason`, …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// The skill's own stack, where its code failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// The call's correlation id, the same in logs and traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Remarks about places in files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

impl ErrorReport {
    /// A failure with no facts yet.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            context: BTreeMap::new(),
            stack: None,
            retryable: code.is_transient(),
            correlation_id: None,
            diagnostics: Vec::new(),
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.context.insert(name.to_owned(), value.to_string());
        self
    }

    /// A defect of this program, or a fault of its surroundings that it has no better word for.
    #[must_use]
    pub fn internal(reason: impl fmt::Display) -> Self {
        Self::new(ErrorCode::Internal).with("reason", reason)
    }

    /// What happened, in `locale`.
    #[must_use]
    pub fn message(&self, locale: Locale) -> String {
        lookup(locale, self.code.as_str(), None, &self.context)
            .unwrap_or_else(|| self.code.to_string())
    }

    /// What to do, in `locale`.
    #[must_use]
    pub fn remediation(&self, locale: Locale) -> String {
        lookup(locale, self.code.as_str(), Some("help"), &self.context).unwrap_or_default()
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message(Locale::EnUs))
    }
}

impl std::error::Error for ErrorReport {}

/// What an error says, and its causes, in one line.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
