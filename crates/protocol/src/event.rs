//! What happened while something ran. Facts only: the texts people see are made at the edge.

use std::net::IpAddr;
use std::path::PathBuf;

use mycelium_types::Hook;
use mycelium_types::Limit;
use mycelium_types::Limits;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use mycelium_types::SkillState;
use mycelium_types::Version;
use serde::Deserialize;
use serde::Serialize;

/// Something that happened in the runtime.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A lifecycle operation on a skill begins.
    Lifecycle {
        /// The skill.
        skill: SkillName,
        /// What begins.
        step: LifecycleStep,
    },
    /// A skill went through these states, in order.
    StateChanged {
        /// The skill.
        skill: SkillName,
        /// The states, the old one first.
        states: Vec<SkillState>,
    },
    /// The skill's dependencies are there.
    DependenciesResolved {
        /// The skill.
        skill: SkillName,
        /// How many it declares.
        declared: usize,
        /// How many packages that makes.
        packages: usize,
        /// How many of them were in the store.
        cached: usize,
        /// Time it took, in milliseconds.
        milliseconds: f64,
    },
    /// A sandbox was made.
    SandboxCreated {
        /// The skill.
        skill: SkillName,
        /// Its limits.
        limits: Limits,
        /// The kernel layers that hold it.
        layers: Vec<String>,
        /// What is less or different than usual.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// A call begins.
    Executing {
        /// The skill.
        skill: SkillName,
        /// The method.
        method: String,
        /// The arguments, as a JSON array.
        args: serde_json::Value,
    },
    /// The skill printed something.
    Console {
        /// The skill.
        skill: SkillName,
        /// How it was printed.
        level: ConsoleLevel,
        /// The text, without its last line break.
        text: String,
    },
    /// The skill tells how far its call is.
    Progress {
        /// The skill.
        skill: SkillName,
        /// How much is done, in a unit of the skill's.
        done: f64,
        /// How much there is to do, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<f64>,
        /// What is being done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The skill failed.
    Failed {
        /// The skill.
        skill: SkillName,
        /// Its version.
        version: Version,
        /// The method, if a call failed.
        method: Option<String>,
        /// The hook, if one failed.
        hook: Option<Hook>,
        /// The error's message.
        message: String,
        /// The error's stack.
        stack: Option<String>,
    },
    /// A request of the skill to the network is over, or was refused.
    NetworkRequest(NetworkRequest),
    /// A skill that is observed used something of what it is granted.
    Used {
        /// The skill.
        skill: SkillName,
        /// What it did.
        operation: Operation,
        /// The path it means, absolute.
        path: PathBuf,
    },
    /// A skill that is observed did something that the sandbox does not judge, and that may take a permission: it called a
    /// tool or a skill, or looked for a variable or a part of its context.
    Needed {
        /// The skill.
        skill: SkillName,
        /// What it did.
        operation: Operation,
        /// The tool, the skill, the variable or the part.
        what: String,
        /// The permission that is for it, which the skill need not have.
        permission: Permission,
    },
    /// The sandbox refused something.
    Violation(Violation),
    /// More happened during a call or stage than is told as violations.
    ViolationsOmitted {
        /// The skill.
        skill: SkillName,
        /// What ran: a method, a hook, `load` or `start`.
        call: String,
        /// How many more refusals there were.
        refused: u64,
        /// How many attempts nobody looked at, because they came too fast. They may have been allowed.
        unjudged: u64,
    },
    /// What the sandbox refused is on record.
    Audited(Audited),
    /// A limit was reached and the worker is ended.
    LimitReached {
        /// The skill.
        skill: SkillName,
        /// Which limit.
        limit: Limit,
        /// Its value.
        value: u64,
    },
    /// The breaker opened.
    BreakerOpened {
        /// The skill.
        skill: SkillName,
        /// Failures in a row.
        failures: u32,
    },
    /// The breaker refused a call.
    BreakerRejected {
        /// The skill.
        skill: SkillName,
        /// Seconds until it lets a call through.
        seconds: u64,
    },
    /// A failed call is tried again.
    Retrying {
        /// The skill.
        skill: SkillName,
        /// Which attempt follows, from 2.
        attempt: u32,
        /// Time waited before it, in milliseconds.
        delay_milliseconds: u64,
    },
    /// A reload found changes.
    ReloadDetected {
        /// The skill.
        skill: SkillName,
    },
    /// A package is being got.
    Download {
        /// The skill it is for.
        skill: SkillName,
        /// `name@version`.
        package: String,
        /// Packages done so far.
        done: usize,
        /// Packages in all.
        total: usize,
    },
    /// Something worth knowing that stops nothing.
    Note {
        /// The skill, if it is about one.
        skill: Option<SkillName>,
        /// The text's key in the message catalogue.
        key: String,
        /// The text's values.
        args: std::collections::BTreeMap<String, String>,
    },
}

/// One request, connection or look-up of a skill. Nothing of what was sent or answered is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkRequest {
    /// The skill.
    pub skill: SkillName,
    /// Its version.
    pub version: Version,
    /// What was spoken: `http`, `tls`, `tcp`, or `name` for a look-up.
    pub protocol: String,
    /// The HTTP method, if it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The host.
    pub host: String,
    /// Its port; a look-up has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The path without its query, if it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The address that was connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Bytes to the host.
    pub bytes_sent: u64,
    /// Bytes from the host.
    pub bytes_received: u64,
    /// Time from the attempt to the end, in milliseconds.
    pub milliseconds: f64,
    /// How it went.
    pub verdict: RequestVerdict,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Secrets that went with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Secrets that it named and that are not for this host: their placeholders went with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// Secrets that are for this host and could not be put in, because the TLS is the program's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// Requests before this one that are not told because there were too many in a short time.
    #[serde(default)]
    pub omitted: u64,
}

/// How a request to the network went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestVerdict {
    /// Allowed, and connected.
    Allowed,
    /// Refused.
    Refused,
    /// Allowed, and not connected or broken off.
    Failed,
}

impl RequestVerdict {
    /// The verdict's word, as messages select on it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifecycleStep {
    /// Reading manifest and code.
    Loading,
    /// Starting a worker and running `onInit`.
    Initializing,
    /// Running `onActivate`.
    Activating,
    /// Running `onDeactivate`.
    Deactivating,
    /// Running `onUnload`.
    Unloading,
}

/// How something was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsoleLevel {
    /// `console.debug`, `console.trace`.
    Debug,
    /// `console.log`, `console.info`, standard output.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, standard error.
    Error,
}

/// What the skill tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Read a file, list a folder or look at either.
    Read,
    /// Create, change or remove.
    Write,
    /// Open a connection.
    Connect,
    /// Start a program.
    Exec,
    /// Make a system call that takes privileges.
    Privilege,
    /// Call another skill or an MCP server.
    Call,
}

impl Operation {
    /// The operation's word, as messages select on it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Connect => "connect",
            Self::Exec => "exec",
            Self::Privilege => "privilege",
            Self::Call => "call",
        }
    }
}

/// The audit log's entry of something the sandbox refused. It is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// The entry's number.
    pub sequence: u64,
    /// When it was recorded, in milliseconds since 1970 UTC.
    pub timestamp_milliseconds: u64,
    /// The skill.
    pub skill: SkillName,
    /// What it tried.
    pub operation: Operation,
    /// The path it means, absolute.
    pub path: PathBuf,
}

/// What noticed something that was refused. Who refuses files, programs and privileges is the kernel in any
/// case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationLayer {
    /// The engine's own guard, before it asked the kernel.
    Engine,
    /// The kernel, when it was asked.
    Kernel,
    /// The broker, which every request to the network goes through.
    Broker,
    /// A look at the granted folders after the call.
    Survey,
    /// The runtime, which was asked for it.
    Runtime,
}

impl ViolationLayer {
    /// The layer's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Kernel => "kernel",
            Self::Broker => "broker",
            Self::Survey => "survey",
            Self::Runtime => "runtime",
        }
    }
}

/// Something the sandbox refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The skill.
    pub skill: SkillName,
    /// Its version.
    pub version: Version,
    /// What ran: a method, a hook, `load` or `start`.
    pub call: String,
    /// What noticed it.
    pub layer: ViolationLayer,
    /// What it tried.
    pub operation: Operation,
    /// The path, address or system call as the skill gave it.
    pub attempted: String,
    /// The path it means, absolute and without links; or the host and the port; else the same.
    pub resolved: PathBuf,
    /// The paths, hosts or programs it may use that way, as its manifest declares them.
    pub allowed: Vec<String>,
    /// The permission that would allow it, where it is known that one would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// When, in milliseconds since 1970 UTC.
    pub timestamp_milliseconds: u64,
}
