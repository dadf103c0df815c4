//! What was typed. The texts people see of it are in the catalogue, under `help-…`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap_complete::Shell;
use mycelium_audit::Anchor;
use mycelium_audit::PublicKey;
use mycelium_config::AgentClient;
use mycelium_config::AgentScope;
use mycelium_protocol::control::ToolPrefix;
use mycelium_runtime::CatalogAgent;
use mycelium_types::SkillName;
use mycelium_types::Timestamp;

use super::agent;
use super::moment;
use super::session::SessionName;
use super::settings::ColorChoice;

/// A whole command line.
#[derive(Debug, Parser)]
#[command(name = "mycelium", version, disable_help_subcommand = false)]
pub(crate) struct Typed {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Option<TypedCommand>,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GlobalOptions {
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    #[arg(long, global = true)]
    pub(crate) no_daemon: bool,
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    #[arg(long, global = true)]
    pub(crate) skill_debug: bool,
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true,
        global = true
    )]
    pub(crate) color: Option<ColorChoice>,
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), global = true)]
    pub(crate) timeout: Option<u64>,
    #[arg(long = "config", value_name = "KEY=VALUE", global = true)]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TypedCommand {
    Discover(DiscoverOptions),
    List,
    Search(SearchOptions),
    Catalog(CatalogOptions),
    Info(SkillArgument),
    Exec(ExecOptions),
    Trace(TraceOptions),
    Activate(SkillArgument),
    Deactivate(SkillArgument),
    Reload(SkillArgument),
    Unload(UnloadOptions),
    Reset(SkillArgument),
    Metrics,
    Ps,
    Trust(TrustOptions),
    Revoke {
        #[arg(value_name = "SKILL")]
        skill: Option<String>,
    },
    Validate(ValidateOptions),
    Pack(PackOptions),
    #[command(arg_required_else_help = false)]
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    Doctor,
    Explain {
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
    Demo(DemoOptions),
    #[command(arg_required_else_help = false)]
    Daemon {
        #[command(subcommand)]
        action: DaemonAction,
    },
    #[command(arg_required_else_help = false)]
    Mcp {
        #[command(subcommand)]
        action: McpAction,
    },
    #[command(arg_required_else_help = false)]
    Session {
        #[command(subcommand)]
        action: SessionAction,
    },
    Log(AuditOptions),
    Completions {
        #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
        shell: Shell,
    },
    Types,
}

#[derive(Debug, Args)]
pub(crate) struct SkillArgument {
    #[arg(value_name = "SKILL")]
    pub(crate) skill: String,
}

#[derive(Debug, Args)]
pub(crate) struct DiscoverOptions {
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    #[arg(long, value_name = "TEXT")]
    pub(crate) author: Option<String>,
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: Option<String>,
    #[arg(long, value_name = "VERSION")]
    pub(crate) min_version: Option<String>,
    #[arg(long, value_name = "VERSION")]
    pub(crate) max_version: Option<String>,
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct ExecOptions {
    #[arg(value_name = "SKILL")]
    pub(crate) skill: String,
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    pub(crate) words: Vec<String>,
    #[arg(
        long = "args",
        value_name = "JSON",
        allow_hyphen_values = true,
        conflicts_with = "words"
    )]
    pub(crate) args_json: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TraceOptions {
    #[command(flatten)]
    pub(crate) call: ExecOptions,
    #[arg(long)]
    pub(crate) write: bool,
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UnloadOptions {
    #[arg(
        value_name = "SKILL",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) skill: Option<String>,
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TrustOptions {
    #[arg(value_name = "SKILL")]
    pub(crate) skill: Option<String>,
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[arg(long, requires = "skill", conflicts_with = "yes")]
    pub(crate) once: bool,
    #[arg(long, requires = "skill", conflicts_with_all = ["yes", "once"])]
    pub(crate) never: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CatalogOptions {
    #[arg(long, value_name = "AGENT", value_enum, default_value_t)]
    pub(crate) agent: ListedFor,
    #[arg(long, value_name = "TOKENS", default_value_t = 200_000)]
    pub(crate) context: usize,
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: CatalogFormat,
}

/// The agent that a catalog is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListedFor {
    #[default]
    ClaudeCode,
    Codex,
}

impl ListedFor {
    /// Its rules.
    pub(crate) fn agent(self) -> CatalogAgent {
        match self {
            Self::ClaudeCode => CatalogAgent::ClaudeCode,
            Self::Codex => CatalogAgent::Codex,
        }
    }

    /// As it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }
}

/// How a catalog is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CatalogFormat {
    #[default]
    Markdown,
    Xml,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateOptions {
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PackOptions {
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    List {
        #[arg(long)]
        show_origin: bool,
        #[arg(long, conflicts_with = "show_origin")]
        secrets: bool,
    },
    Get {
        #[arg(value_name = "KEY")]
        key: String,
    },
    Set {
        #[arg(value_name = "KEY", required_unless_present = "secret")]
        key: Option<String>,
        #[arg(
            value_name = "VALUE",
            allow_negative_numbers = true,
            required_unless_present = "secret"
        )]
        value: Option<String>,
        #[arg(long, value_name = "NAME", conflicts_with_all = ["key", "value", "layer"])]
        secret: Option<String>,
        #[arg(long, value_name = "LAYER", value_enum, hide_possible_values = true, default_value_t = ConfigLayer::Project)]
        layer: ConfigLayer,
    },
    Unset {
        #[arg(value_name = "KEY", required_unless_present = "secret")]
        key: Option<String>,
        #[arg(long, value_name = "NAME", conflicts_with_all = ["key", "layer"])]
        secret: Option<String>,
        #[arg(long, value_name = "LAYER", value_enum, hide_possible_values = true, default_value_t = ConfigLayer::Project)]
        layer: ConfigLayer,
    },
    Path,
}

/// Whose configuration file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfigLayer {
    User,
    Project,
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    #[arg(long)]
    pub(crate) keep: bool,
    #[arg(long)]
    pub(crate) fast: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DaemonAction {
    Status,
    Start,
    Stop,
    Logs(LogOptions),
}

#[derive(Debug, Subcommand)]
pub(crate) enum McpAction {
    Serve(ServeOptions),
    Install(InstallOptions),
    Status,
    Servers,
    Tools {
        #[arg(value_name = "SERVER")]
        server: String,
    },
    Wrap(WrapOptions),
    Unwrap {
        #[arg(value_name = "NAME")]
        name: SkillName,
    },
    Call(ToolOptions),
    Read {
        #[arg(value_name = "SERVER")]
        server: String,
        #[arg(value_name = "URI")]
        uri: String,
    },
    Skills {
        #[arg(value_name = "SERVER")]
        server: String,
    },
    Skill {
        #[arg(value_name = "SERVER")]
        server: String,
        #[arg(value_name = "SKILL")]
        skill: String,
    },
    InstallSkill(OfferOptions),
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("wish").required(true).args(["approve", "uninstall"])))]
pub(crate) struct OfferOptions {
    #[arg(value_name = "SERVER")]
    pub(crate) server: String,
    #[arg(value_name = "SKILL")]
    pub(crate) skill: String,
    #[arg(long, value_name = "DIGEST")]
    pub(crate) approve: Option<String>,
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: Option<SkillName>,
    #[arg(long)]
    pub(crate) uninstall: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WrapOptions {
    #[arg(value_name = "NAME")]
    pub(crate) name: SkillName,
    #[arg(long, value_name = "PATH")]
    pub(crate) read: Vec<String>,
    #[arg(long, value_name = "PATH")]
    pub(crate) write: Vec<String>,
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) net: Vec<String>,
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) process: Vec<String>,
    #[arg(long, value_name = "PATH")]
    pub(crate) code: Vec<PathBuf>,
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[arg(long, value_name = "SERVER", conflicts_with = "command")]
    pub(crate) from: Option<String>,
    #[arg(last = true, value_name = "COMMAND", required_unless_present = "from")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ToolOptions {
    #[arg(value_name = "SERVER")]
    pub(crate) server: String,
    #[arg(value_name = "TOOL")]
    pub(crate) tool: String,
    #[arg(value_name = "ARG")]
    pub(crate) words: Vec<String>,
    #[arg(
        long = "args",
        value_name = "JSON",
        allow_hyphen_values = true,
        conflicts_with = "words"
    )]
    pub(crate) args_json: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    #[arg(long, requires = "http")]
    pub(crate) no_auth: bool,
    #[arg(long, value_name = "HOST", requires = "http")]
    pub(crate) allow_host: Vec<String>,
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    pub(crate) allow_origin: Vec<String>,
    #[arg(long, value_name = "PREFIX")]
    pub(crate) tool_prefix: Option<ToolPrefix>,
}

#[derive(Debug, Args)]
pub(crate) struct InstallOptions {
    #[arg(long, value_name = "CLIENT", value_parser = agent::client(), hide_possible_values = true)]
    pub(crate) client: AgentClient,
    #[arg(long, value_name = "SCOPE", value_parser = agent::scope(), default_value = "user", hide_possible_values = true)]
    pub(crate) scope: AgentScope,
    #[arg(long, conflicts_with = "uninstall")]
    pub(crate) print: bool,
    #[arg(long)]
    pub(crate) uninstall: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionAction {
    Open(SessionOptions),
    Close(SessionOptions),
}

#[derive(Debug, Args)]
pub(crate) struct SessionOptions {
    #[arg(value_name = "NAME", required_unless_present = "hook")]
    pub(crate) name: Option<SessionName>,
    #[arg(long, conflicts_with = "name")]
    pub(crate) hook: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AuditOptions {
    #[command(subcommand)]
    pub(crate) action: Option<AuditAction>,
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) filter: AuditFilter,
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) lines: Option<usize>,
}

/// Which entries of the audit log are meant.
#[derive(Debug, Args)]
pub(crate) struct AuditFilter {
    #[arg(long, value_name = "SKILL")]
    pub(crate) skill: Option<SkillName>,
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    pub(crate) since: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditAction {
    Verify {
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
        #[arg(long = "key", value_name = "KEY")]
        keys: Vec<PublicKey>,
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Option<Anchor>,
    },
    Export {
        #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true, default_value_t = ExportFormat::Json)]
        format: ExportFormat,
        #[command(flatten)]
        filter: AuditFilter,
    },
}

/// What an exported log is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) lines: usize,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Typed::command().debug_assert();
    }

    #[test]
    fn no_commands_argument_hides_a_global_one() {
        let definition = Typed::command();
        for argument in definition
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
        {
            let hidden = definition
                .get_arguments()
                .any(|global| global.get_id() == argument.get_id());
            assert!(!hidden, "{}", argument.get_id());
        }
    }
}
