//! What the daemon answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mycelium_policy::Answer;
use mycelium_policy::Denial;
use mycelium_types::AgentSkill;
use mycelium_types::Author;
use mycelium_types::Deprecation;
use mycelium_types::Diagnostic;
use mycelium_types::Digest;
use mycelium_types::ErrorReport;
use mycelium_types::Hook;
use mycelium_types::Limit;
use mycelium_types::Limits;
use mycelium_types::Permission;
use mycelium_types::Risk;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::SkillState;
use mycelium_types::Version;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::Operation;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecReport {
    /// The skill that ran; the selector's name alone if none was found.
    pub skill: SkillName,
    /// Its version, once it was found.
    pub version: Option<Version>,
    /// The function.
    pub method: String,
    /// The result, or what went wrong.
    pub outcome: Result<Value, ErrorReport>,
    /// The result as a server of MCP gave it, if the skill is one: with its images, links and notes, of which the
    /// outcome has what programs and people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_result: Option<Value>,
    /// The call's correlation id.
    pub correlation_id: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// Time from request to outcome, in milliseconds.
    pub milliseconds: f64,
    /// Processor time the function took, in microseconds, as far as it is known.
    pub cpu_microseconds: Option<u64>,
    /// Memory of the worker afterwards, in bytes, as far as it is known.
    pub memory_bytes: Option<u64>,
}

/// What a skill did in one call, and what it has to ask for to do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceReport {
    /// The call itself.
    pub exec: ExecReport,
    /// What it used or tried and takes a permission, in order.
    pub observed: Vec<ObservedUse>,
    /// The least that allows all of it, and what it asks for that cannot be seen in use.
    pub permissions: Vec<Permission>,
    /// What its manifest asks for and it did not use.
    pub unused: Vec<Permission>,
    /// What it needs and its manifest does not ask for.
    pub missing: Vec<Permission>,
    /// What its manifest asks for and nobody can see in use, at least not in this run. It is among the permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Permission>,
    /// Whether it did more than is kept of one call: then something may be missing in all of this, and among what is unused
    /// there may be something that was used.
    #[serde(default)]
    pub incomplete: bool,
}

/// Something a skill did, or tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedUse {
    /// What it did.
    pub operation: Operation,
    /// The path, address, system call, tool, skill, variable, secret or part of the context.
    pub what: String,
    /// Whether it was allowed.
    pub allowed: bool,
}

/// A known skill, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillSummary {
    /// Name and version.
    #[serde(flatten)]
    pub id: SkillId,
    /// What it does.
    pub description: String,
    /// Where it comes from.
    pub source: SkillSource,
    /// The MCP server that offered it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_by: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its category.
    pub category: Option<String>,
    /// Set when it should no longer be used.
    pub deprecated: Option<Deprecation>,
    /// The state of this session's instance.
    pub state: SkillState,
}

/// What a search for skills found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discovery {
    /// The skills, by name and version.
    pub skills: Vec<SkillSummary>,
    /// Names of skills that were not known before.
    pub new: Vec<SkillId>,
    /// What is wrong with the folders that are no good skills.
    pub problems: Vec<Diagnostic>,
    /// Skills that hide one another.
    pub collisions: Vec<Collision>,
    /// Every folder looked at, and what became of it.
    pub candidates: Vec<Candidate>,
    /// The folders searched.
    pub roots: Vec<PathBuf>,
    /// Time it took, in milliseconds.
    pub milliseconds: f64,
}

/// Two skills of which one hides the other: they have the same name and version, or belong to
/// different owners and the other is meant where no version is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collision {
    /// The hidden skill.
    pub id: SkillId,
    /// The version of the one that counts.
    pub winner_version: Version,
    /// The one that counts.
    pub winner: SkillSource,
    /// The one that does not.
    pub loser: SkillSource,
}

/// A folder that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The folder.
    pub path: PathBuf,
    /// Whether it was taken as a skill.
    pub taken: bool,
    /// Why, or why not.
    pub reason: String,
    /// The installed plugin it belongs to, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The skill that it is, also where another folder is used instead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillId>,
}

/// All about one skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillInfo {
    /// In short.
    #[serde(flatten)]
    pub summary: SkillSummary,
    /// All versions known.
    pub versions: Vec<Version>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// Its licence.
    pub license: Option<String>,
    /// A page about it.
    pub homepage: Option<String>,
    /// Its folder.
    pub root: PathBuf,
    /// The digest of its content.
    pub digest: Digest,
    /// The engine that runs it.
    pub engine: String,
    /// What it needs from elsewhere.
    pub dependencies: Vec<DependencyInfo>,
    /// What it asks for, and whether it gets it.
    pub permissions: Vec<PermissionInfo>,
    /// What the person said about exactly this content.
    #[serde(default)]
    pub answer: Option<AnswerInfo>,
    /// What other content of this skill was granted last, in words, if something was.
    #[serde(default)]
    pub granted_before: Option<Vec<String>>,
    /// What its `SKILL.md` says, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentSkill>,
    /// The instructions of its `SKILL.md`, with the places they name filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The server of MCP that it is, if it was made of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<WrappedInfo>,
    /// Its functions.
    pub methods: Vec<MethodInfo>,
    /// The hooks it has.
    pub hooks: Vec<Hook>,
    /// The limits it runs under.
    pub limits: Limits,
    /// How much this session's instance uses of each; empty if there is none.
    #[serde(default)]
    pub usage: Vec<LimitUsage>,
    /// The breaker of this session: closed, open or half-open.
    pub breaker: String,
    /// Remarks about it.
    pub diagnostics: Vec<Diagnostic>,
}

/// The server of MCP that a skill was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedInfo {
    /// What is run.
    pub command: String,
    /// Where its code is, which it can read.
    pub installation: Vec<PathBuf>,
    /// The names of the variables that it gets with values of their own.
    pub variables: Vec<String>,
}

/// One declared dependency and what it became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencyInfo {
    /// The package.
    pub name: String,
    /// The range asked for.
    pub range: String,
    /// The registry's kind.
    pub kind: String,
    /// The version chosen, if it was.
    pub resolved: Option<String>,
    /// Whether it is in the store.
    pub cached: bool,
}

/// An answer of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerInfo {
    /// What they said.
    pub answer: Answer,
    /// Who: the name of the account, as far as it is known.
    pub by: String,
    /// When, in milliseconds since 1970 UTC.
    pub at_milliseconds: u64,
}

/// One permission asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionInfo {
    /// In words.
    pub permission: String,
    /// The same as data.
    pub asked: Permission,
    /// How much it puts at stake.
    pub risk: Risk,
    /// What it is for, in the words of the skill's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When any part of it was last used, in milliseconds since 1970 UTC; `None` if it was not, or nobody saw
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_milliseconds: Option<u64>,
    /// Whether the broker reads the program's own TLS for it, as the configuration says.
    #[serde(default)]
    pub reads_tls: bool,
    /// Whether it is granted in this workspace, wholly.
    pub granted: bool,
    /// The parts that are not, with the reason.
    pub denials: Vec<Denial>,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// Its parameters, as far as they are known.
    pub parameters: Vec<ParameterInfo>,
    /// The type it returns, if it is known.
    pub returns: Option<String>,
    /// JSON Schema of the arguments, if the manifest gives one.
    pub schema: Option<Value>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// Its type, if it is known.
    pub type_name: Option<String>,
}

/// The states a skill went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The states, the old one first.
    pub states: Vec<SkillState>,
}

/// What became of a lifecycle command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillChange {
    /// The skill.
    pub skill: SkillId,
    /// The state it has now.
    pub state: SkillState,
    /// Whether anything changed.
    pub changed: bool,
    /// Time it took, in milliseconds.
    pub milliseconds: f64,
}

/// What became of `unload --all`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnloadReport {
    /// The skills whose instances ended.
    pub skills: Vec<SkillId>,
    /// What went wrong on the way; the instances ended all the same.
    pub failures: Vec<ErrorReport>,
    /// Time it took, in milliseconds.
    pub milliseconds: f64,
}

/// What was measured in one workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsReport {
    /// How long the window of the averages is, in seconds.
    pub window_seconds: u64,
    /// Loading.
    pub loads: LoadTotals,
    /// Calls.
    pub calls: CallTotals,
    /// What is used now.
    pub resources: ResourceTotals,
}

/// Loads in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadTotals {
    /// How many.
    pub count: u64,
    /// Average time, in milliseconds.
    pub average_milliseconds: f64,
    /// 95th percentile, in milliseconds.
    pub p95_milliseconds: f64,
    /// Share of packages found in the store, 0 to 1.
    pub cache_hit_rate: Option<f64>,
}

/// Calls in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallTotals {
    /// How many.
    pub count: u64,
    /// Average time, in milliseconds.
    pub average_milliseconds: f64,
    /// 95th percentile, in milliseconds.
    pub p95_milliseconds: f64,
    /// How many failed.
    pub errors: u64,
    /// Average processor time, in milliseconds.
    pub average_cpu_milliseconds: f64,
}

/// What is used now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceTotals {
    /// Instances that live.
    pub active_skills: u64,
    /// Memory of their workers, in bytes.
    pub memory_bytes: u64,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessReport {
    /// The daemon, or the program itself without one.
    pub daemon: ProcessId,
    /// The launcher, once there is one.
    pub launcher: Option<ProcessId>,
    /// Warm workers that wait for a skill.
    pub warm: Vec<ProcessId>,
    /// Instances of all workspaces.
    pub instances: Vec<Instance>,
}

/// A process of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its id, as the host sees it.
    pub pid: u32,
}

/// A running skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The skill.
    pub skill: SkillName,
    /// Its version.
    pub version: Version,
    /// The session it belongs to; absent for an instance the whole workspace shares.
    pub session: Option<String>,
    /// The workspace it belongs to.
    pub workspace: PathBuf,
    /// Its state.
    pub state: SkillState,
    /// The worker's process id, as the host sees it.
    pub pid: u32,
    /// The engine.
    pub engine: String,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Processor time so far, in milliseconds.
    pub cpu_milliseconds: u64,
    /// Calls so far.
    pub calls: u64,
    /// How much it uses of each limit.
    pub usage: Vec<LimitUsage>,
}

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitUsage {
    /// The limit.
    pub limit: Limit,
    /// What is used, in the limit's unit: now, or at most so far where that is about one call, one file,
    /// one message or one second. Absent for what is not known.
    pub used: Option<f64>,
    /// The most that may be used.
    pub value: u64,
}

/// What was trusted or taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustReport {
    /// The workspace.
    pub workspace: PathBuf,
    /// The skill, if it was about one.
    pub skill: Option<SkillId>,
    /// What was said, if it was about a skill and not taken back.
    pub answer: Option<Answer>,
    /// What is allowed now, in words.
    pub permissions: Vec<String>,
    /// Whether anything changed.
    pub changed: bool,
}

/// How the daemon does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Time since it started, in seconds.
    pub uptime_seconds: u64,
    /// Connected clients, this one included.
    pub clients: usize,
    /// Instances that live.
    pub instances: usize,
    /// Addresses that serve metrics.
    pub metrics: Vec<String>,
    /// Requests served, by command.
    pub requests: BTreeMap<String, u64>,
}
