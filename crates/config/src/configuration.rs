//! Every setting there is, with its unit and default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use mycelium_policy::GRANT_PATTERN;
use mycelium_policy::GrantBounds;
use mycelium_policy::Rung;
use mycelium_types::Ceilings;
use mycelium_types::LimitOverrides;
use mycelium_types::Limits;
use mycelium_types::SkillName;
use mycelium_types::document_schema;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::key::KeyKind;
use crate::key::keys;
use crate::layer::Layer;
use crate::layer::Origin;
use crate::tree::Tree;

/// The settings of one workspace, all layers taken together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Configuration {
    /// More folders to look for skills in, relative to the workspace; `~` is the home folder. In a
    /// variable they are separated by colons. Default: none.
    #[schemars(inner(regex(pattern = r"\S")))]
    pub skill_paths: Vec<String>,
    /// Whether skills are looked for without being asked to; `discover` always looks. Default: true.
    pub auto_discovery: bool,
    /// What skills may do at most.
    pub security: Security,
    /// How skills reach hosts.
    pub network: Network,
    /// What is measured and said.
    pub monitoring: Monitoring,
    /// How packages are got.
    pub dependencies: Dependencies,
    /// How calls are made.
    pub execution: Execution,
    /// When a failing skill is left alone.
    pub breaker: Breaker,
    /// How long running copies of skills are kept.
    pub instances: Instances,
    /// The background process.
    pub daemon: Daemon,
    /// Whether a skill is reloaded when one of its files changes. Default: false.
    pub watch: bool,
    /// What agents see over MCP.
    pub mcp: Mcp,
    /// Settings of single skills, by name.
    #[schemars(schema_with = "skills_schema")]
    pub skills: BTreeMap<SkillName, SkillSettings>,
    #[serde(skip)]
    pub(crate) tree: Tree,
    /// `security.grants` of each layer that has it, the nearest first.
    #[serde(skip)]
    pub(crate) bounds: Vec<Setting>,
    /// What holds for skills that are not the workspace's own, where that differs.
    #[serde(skip)]
    pub(crate) others: Option<BTreeMap<SkillName, SkillSettings>>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            skill_paths: Vec::new(),
            auto_discovery: true,
            security: Security::default(),
            network: Network::default(),
            monitoring: Monitoring::default(),
            dependencies: Dependencies::default(),
            execution: Execution::default(),
            breaker: Breaker::default(),
            instances: Instances::default(),
            daemon: Daemon::default(),
            watch: false,
            mcp: Mcp::default(),
            skills: BTreeMap::new(),
            tree: Tree::default(),
            bounds: Vec::new(),
            others: None,
        }
    }
}

/// What agents see over MCP, and which other servers there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Mcp {
    /// The most skills whose functions are tools of their own; if there are more, agents search for them and run them with three tools. Default: 40.
    #[schemars(range(max = 10_000))]
    pub max_listed_skills: usize,
    /// Other MCP servers for skills and `mycelium mcp call`, by name, in the form of agents: `command`, `args` and `env`, or `url` and `headers`; `timeoutSeconds` for its calls. Not in a workspace's file. Default: none.
    #[serde(skip_serializing_if = "ServerEntries::is_empty")]
    #[schemars(schema_with = "servers_schema")]
    pub servers: ServerEntries,
    /// Whether an agent that can ask its person does so when a skill needs a permission, in a workspace that is trusted. Default: true.
    pub ask_permissions: bool,
    /// How long an agent's session over HTTP lasts that nobody uses, in seconds. Default: 300.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub session_idle_seconds: u64,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            max_listed_skills: 40,
            servers: ServerEntries::default(),
            ask_permissions: true,
            session_idle_seconds: 300,
        }
    }
}

/// Entries of MCP servers, by name, as they are written.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerEntries(BTreeMap<String, Value>);

impl ServerEntries {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
}

/// What servers are given can be secret, so only their names are shown.
impl fmt::Debug for ServerEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What skills may do at most. A workspace nobody trusts can only make these stricter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// Whether a skill from elsewhere runs only with a valid signature. Default: false.
    pub require_signatures: bool,
    /// The least the kernel must enforce for a skill to run. Default: full.
    #[schemars(schema_with = "rung_schema")]
    pub required_rung: Rung,
    /// The least the kernel must enforce for the program's own skills and those of a trusted workspace, if that is less than `requiredRung`. Default: full.
    #[schemars(schema_with = "rung_schema")]
    pub trusted_required_rung: Rung,
    /// The most memory of an instance, in MiB. Default: what the skill asks for, which is 500 unless it says otherwise.
    #[serde(rename = "maxMemoryMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 1_048_576))]
    pub max_memory_mb: Option<u64>,
    /// The most processor time of a call, in seconds. Default: what the skill asks for, which is 30 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub max_cpu_time_seconds: Option<u64>,
    /// The most elapsed time of a call, in seconds. Default: what the skill asks for, which is 30 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub max_wall_time_seconds: Option<u64>,
    /// The most open files and sockets. Default: what the skill asks for, which is 64 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 65_536))]
    pub max_open_files: Option<u64>,
    /// The most child processes. Default: what the skill asks for, which is 0 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4_096))]
    pub max_processes: Option<u64>,
    /// The largest file a skill writes, in MiB. Default: what the skill asks for, which is 64 unless it says otherwise.
    #[serde(rename = "maxFileSizeMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_file_size_mb: Option<u64>,
    /// The largest private data folder of a skill, in MiB. Default: what the skill asks for, which is 256 unless it says otherwise.
    #[serde(rename = "maxDataMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_data_mb: Option<u64>,
    /// The largest `/tmp` of an instance, in MiB. Default: what the skill asks for, which is 64 unless it says otherwise.
    #[serde(rename = "maxTmpMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub max_tmp_mb: Option<u64>,
    /// The most an instance adds to the paths it was granted, in MiB. Default: what the skill asks for, which is 1024 unless it says otherwise.
    #[serde(rename = "maxPathsMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_paths_mb: Option<u64>,
    /// The largest result and console output of a call, in MiB. Default: what the skill asks for, which is 64 unless it says otherwise.
    #[serde(rename = "maxOutputMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_024))]
    pub max_output_mb: Option<u64>,
    /// The largest message to or from a worker, in MiB. Default: what the skill asks for, which is 64 unless it says otherwise.
    #[serde(rename = "maxFrameMB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub max_frame_mb: Option<u64>,
    /// The most console lines of an instance in a second. Default: what the skill asks for, which is 10000 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 1_000_000))]
    pub max_log_lines_per_second: Option<u64>,
    /// The most network traffic of an instance, in KiB a second. Default: what the skill asks for, which is 10240 unless it says otherwise.
    #[serde(rename = "maxBandwidthKBps", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_bandwidth_kbps: Option<u64>,
    /// Hosts that no skill may talk to, whoever granted them: `host`, `host:port`,
    /// `*.domain`. In a variable they are separated by commas. Default: none.
    #[schemars(inner(regex(pattern = r"\S")))]
    pub denied_hosts: Vec<String>,
    /// What anybody may grant: kinds of permission, alone or with what they are about after a colon. Where
    /// several layers have a list, only what all of them have. In a variable separated by
    /// commas. Default: everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "grants_schema")]
    pub grants: Option<Vec<String>>,
}

impl Security {
    /// The `max…` settings, which cut down what a manifest asks for.
    #[must_use]
    pub fn ceilings(&self) -> Ceilings {
        Ceilings(LimitOverrides {
            memory_mb: self.max_memory_mb,
            cpu_seconds: self.max_cpu_time_seconds,
            wall_seconds: self.max_wall_time_seconds,
            open_files: self.max_open_files,
            processes: self.max_processes,
            file_size_mb: self.max_file_size_mb,
            data_mb: self.max_data_mb,
            tmp_mb: self.max_tmp_mb,
            paths_mb: self.max_paths_mb,
            output_mb: self.max_output_mb,
            frame_mb: self.max_frame_mb,
            log_lines_per_second: self.max_log_lines_per_second,
            bandwidth_kbps: self.max_bandwidth_kbps,
        })
    }
}

/// How skills reach hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Network {
    /// Names of skills whose programs' own TLS the broker reads where a secret or a limit of methods depends on
    /// it, with a certificate authority made for that one worker; `*` means all. In a variable
    /// they are separated by commas. Default: none.
    #[schemars(inner(regex(pattern = r"\S")))]
    pub read_tls: Vec<String>,
}

impl Network {
    /// Whether the TLS of a skill's programs may be read.
    #[must_use]
    pub fn reads_tls_of(&self, skill: &SkillName) -> bool {
        let mut names = self.read_tls.iter();
        names.any(|name| name == "*" || name == skill.as_str())
    }
}

/// What is measured and said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Whether calls are measured and the port is served. Default: true.
    pub enabled: bool,
    /// The loopback port that serves `/metrics`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub metrics_port: Option<u16>,
    /// The least serious line of the log that is kept. Default: info.
    pub log_level: LogLevel,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enabled: true,
            metrics_port: None,
            log_level: LogLevel::default(),
        }
    }
}

/// How serious a line of the log is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// And what may become one.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level as the configuration writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How packages are got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Dependencies {
    /// How long a package's list of versions is used without asking again, in seconds. Default: 600.
    #[schemars(range(max = 31_536_000))]
    pub metadata_ttl: u64,
    /// Whether only packages that are already stored are used. Default: false.
    pub offline: bool,
}

impl Default for Dependencies {
    fn default() -> Self {
        Self {
            metadata_ttl: 600,
            offline: false,
        }
    }
}

/// How calls are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Execution {
    /// How often a call that failed for a passing reason is made again. Default: 2.
    #[schemars(range(max = 10))]
    pub max_retries: u32,
    /// The pause before the first repetition, in milliseconds; it doubles each time. Default: 100.
    #[schemars(range(min = 1, max = 60_000))]
    pub retry_base_ms: u64,
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            max_retries: 2,
            retry_base_ms: 100,
        }
    }
}

/// When a failing skill is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Breaker {
    /// How many failures in a row open the breaker. Default: 2.
    #[schemars(range(min = 1, max = 1_000))]
    pub failure_threshold: u32,
    /// How long an open breaker refuses calls, in seconds. Default: 60.
    #[schemars(range(min = 1, max = 86_400))]
    pub reset_seconds: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_threshold: 2,
            reset_seconds: 60,
        }
    }
}

/// How long running copies of skills are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Instances {
    /// How long an instance nobody calls is kept, in seconds. Default: 600.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub idle_seconds: u64,
}

impl Default for Instances {
    fn default() -> Self {
        Self { idle_seconds: 600 }
    }
}

/// The background process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Daemon {
    /// How long the daemon stays when nobody needs it, in seconds. Default: 1800.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub idle_seconds: u64,
}

impl Default for Daemon {
    fn default() -> Self {
        Self { idle_seconds: 1800 }
    }
}

/// Whose skill it is, as far as settings go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkillOwner {
    /// It lies in the workspace.
    Workspace,
    /// It is the person's, the machine's, or built in.
    Other,
}

/// Settings of one skill.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SkillSettings {
    /// Limits that differ from what its manifest says.
    pub limits: LimitOverrides,
    /// The skill's own settings, which its manifest describes in `config`.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// The skill's own settings can be secret, so only their names are shown.
impl fmt::Debug for SkillSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SkillSettings")
            .field("limits", &self.limits)
            .field("settings", &self.settings.keys())
            .finish()
    }
}

/// One value of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key, such as `security.maxMemoryMB`.
    pub key: String,
    /// The value; null where a setting has no default.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl Configuration {
    /// Every setting with the place it comes from: all known keys, then those of single skills. A key of
    /// which every layer counts is there once for each, the nearest first.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let known = keys().iter().flat_map(|key| {
            if key.kind == KeyKind::Grants && !self.bounds.is_empty() {
                return self.bounds.clone();
            }
            let found = self.tree.leaf(&key.path);
            let (value, origin) = found.map_or_else(
                || (key.default.clone(), Origin::of_layer(Layer::Default)),
                |leaf| (leaf.value.clone(), leaf.origin.clone()),
            );
            vec![Setting {
                key: key.name(),
                value,
                origin,
            }]
        });
        let skills = self.tree.leaves_below("skills").into_iter();
        known
            .chain(skills.map(|(key, leaf)| Setting {
                key,
                value: leaf.value.clone(),
                origin: leaf.origin.clone(),
            }))
            .collect()
    }

    /// What anybody may grant, by all layers.
    #[must_use]
    pub fn grant_bounds(&self) -> GrantBounds {
        let lists = self.bounds.iter().map(|setting| {
            let items = setting.value.as_array().into_iter().flatten();
            items.filter_map(Value::as_str).collect()
        });
        GrantBounds::new(lists)
    }

    /// Where the value of `key` comes from; nothing if no layer sets it.
    #[must_use]
    pub fn origin_of(&self, key: &str) -> Option<&Origin> {
        let path: Vec<_> = key.split('.').map(str::to_owned).collect();
        self.tree.leaf(&path).map(|leaf| &leaf.origin)
    }

    /// The file that says what is at `path`; nowhere if no file does.
    pub(crate) fn file_of(&self, path: &[&str]) -> PathBuf {
        let path: Vec<_> = path.iter().map(|name| (*name).to_owned()).collect();
        let leaf = self.tree.leaf_around(&path);
        leaf.and_then(|leaf| leaf.origin.file.clone())
            .unwrap_or_default()
    }

    /// The settings of the skill `name`; the defaults if there are none.
    ///
    /// A workspace nobody trusts can set what it likes for its own skills, which it could write into
    /// their manifests as well; of others it can only lower the limits.
    #[must_use]
    pub fn skill(&self, name: &SkillName, owner: SkillOwner) -> SkillSettings {
        let all = self.skills.get(name);
        match (owner, &self.others) {
            (SkillOwner::Workspace, _) | (SkillOwner::Other, None) => {
                all.cloned().unwrap_or_default()
            }
            (SkillOwner::Other, Some(others)) => others.get(name).cloned().unwrap_or_default(),
        }
    }

    /// The limits of the skill `name`, whose manifest asks for `asked`.
    #[must_use]
    pub fn limits(&self, name: &SkillName, owner: SkillOwner, asked: &LimitOverrides) -> Limits {
        let configured = self.skill(name, owner).limits;
        let wanted = Limits::settle(&configured.or(asked), &self.security.ceilings());
        // A no-op unless the workspace may only lower them: they are among the wanted ones then.
        match self.skills.get(name) {
            Some(all) => wanted.lowered(&Ceilings(all.limits)),
            None => wanted,
        }
    }
}

/// The JSON Schema (draft 2020-12) of a configuration file.
///
/// It describes values as they are once variables are put in: a number written as `"${PORT}"` is
/// read, but is no number to the schema.
#[must_use]
pub fn configuration_schema() -> Value {
    document_schema::<Configuration>("skills.json")
}

/// From the loosest to the strictest, as `tighten` needs them.
fn rung_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [Rung::None, Rung::Reduced, Rung::Full] })
}

fn grants_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "pattern": GRANT_PATTERN } })
}

fn servers_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": "object" } })
}

fn skills_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<SkillName>(),
        "additionalProperties": generator.subschema_for::<SkillSettings>()
    })
}
