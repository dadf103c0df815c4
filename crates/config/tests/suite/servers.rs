//! The MCP servers a person has, from all the files that name some.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::ConfigurationSources;
use mycelium_config::ServerSources;
use mycelium_config::ServerTransport;
use mycelium_config::Servers;
use mycelium_policy::WorkspaceTrust;
use serde_json::Value;
use serde_json::json;

struct Person {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    trust: WorkspaceTrust,
}

impl Person {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]),
            trust: WorkspaceTrust::Trusted,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(&self, path: &str, content: impl ToString) -> &Self {
        let path = self.path(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content.to_string()).unwrap();
        self
    }

    fn servers(&self) -> Servers {
        let (workspace, home) = (self.path("work"), self.path("home"));
        let files = ConfigurationFiles {
            system: self.path("etc/skills.json"),
            ..ConfigurationFiles::standard(&workspace, &home)
        };
        let reading = Configuration::load(&ConfigurationSources {
            files: &files,
            trust: self.trust,
            environment: &self.environment,
            overrides: &[],
        });
        Servers::read(&ServerSources {
            workspace: &workspace,
            home: &home,
            trust: self.trust,
            environment: &self.environment,
            configuration: &reading.configuration,
        })
    }

    /// Each server as `name: origin: what is run`.
    fn shown(&self) -> Vec<String> {
        let servers = self.servers().definitions;
        let shown = servers.iter().map(|server| {
            let what = match &server.transport {
                ServerTransport::Stdio(command) => {
                    let words = std::iter::once(&command.program).chain(&command.args);
                    words.cloned().collect::<Vec<_>>().join(" ")
                }
                ServerTransport::Http { url, .. } | ServerTransport::Sse { url } => url.clone(),
            };
            format!("{}: {}: {what}", server.name, server.origin)
        });
        shown.collect()
    }
}

fn runs(command: &str) -> Value {
    json!({"command": command})
}

#[test]
fn all_files_count_and_the_person_s_own_go_first() {
    let person = Person::new();
    let plugin = person.path("plugin");
    person
        .file(
            "home/.claude/skills.config",
            json!({"mcp": {"servers": {"a": runs("own")}}}),
        )
        .file(
            "home/.claude.json",
            json!({
                "numStartups": 3,
                "mcpServers": {"a": runs("user"), "b": runs("user"), "c": runs("user"), "mycelium": runs("self")},
                "projects": {
                    person.path("work").to_str().unwrap(): {"mcpServers": {"b": runs("local")}},
                    "/elsewhere": {"mcpServers": {"z": runs("elsewhere")}},
                },
            }),
        )
        .file(
            "work/.mcp.json",
            json!({"mcpServers": {
                "c": runs("project"),
                "d": {"command": "./run", "args": ["${TOKEN:-none}", "${MISSING:-default}"]},
                "off": {"command": "off", "disabled": true},
            }}),
        )
        .file(
            "home/.claude/plugins/installed_plugins.json",
            json!({"version": 2, "plugins": {"p@m": [{"scope": "user", "installPath": plugin}]}}),
        )
        .file(
            "home/.claude/settings.json",
            json!({"enabledPlugins": {"p@m": true}}),
        )
        .file(
            "plugin/.claude-plugin/plugin.json",
            json!({"name": "p", "mcpServers": {"e": runs("${CLAUDE_PLUGIN_ROOT}/serve ${CLAUDE_PLUGIN_DATA}")}}),
        )
        .file("plugin/.mcp.json", json!({"f": {"type": "http", "url": "https://example.com/mcp"}}));
    let plugin = plugin.display();
    let data = person.path("home/.claude/plugins/data/p-m");
    let data = data.display();
    assert_eq!(
        person.shown(),
        [
            "a: configuration: own".to_owned(),
            "b: agent-project: local".to_owned(),
            "c: agent: user".to_owned(),
            "d: project: ./run s3cret default".to_owned(),
            format!("e: plugin: {plugin}/serve {data}"),
            "f: plugin: https://example.com/mcp".to_owned(),
        ]
    );
    let hidden: Vec<_> = person.servers().diagnostics;
    assert_eq!(hidden.len(), 3, "{hidden:?}");
    assert!(hidden[2].message.contains("`c`") && hidden[2].file.ends_with(".mcp.json"));
}

#[test]
fn a_moved_folder_of_claude_code_counts_and_no_project_moves_it() {
    let mut person = Person::new();
    let servers = |server: &str| json!({"mcpServers": {server: runs(server)}});
    let installed = json!([{"scope": "user", "installPath": person.path("plugin")}]);
    person
        .file("home/.claude.json", servers("usual"))
        .file("moved/.claude.json", servers("moved"))
        .file(
            "moved/plugins/installed_plugins.json",
            json!({"version": 2, "plugins": {"p@m": installed}}),
        )
        .file(
            "moved/settings.json",
            json!({"enabledPlugins": {"p@m": true}}),
        )
        .file("plugin/.mcp.json", servers("of-plugin"))
        .file(
            "work/.claude/settings.json",
            json!({"env": {"CLAUDE_CONFIG_DIR": person.path("moved")}}),
        );
    assert_eq!(person.shown(), ["usual: agent: usual"]);
    let moved = person.path("moved").display().to_string();
    person
        .environment
        .insert("CLAUDE_CONFIG_DIR".to_owned(), moved);
    assert_eq!(
        person.shown(),
        ["moved: agent: moved", "of-plugin: plugin: of-plugin"]
    );
}

#[test]
fn a_project_nobody_trusts_learns_nothing_and_sets_nothing() {
    let mut person = Person::new();
    person.trust = WorkspaceTrust::Untrusted;
    person
        .file(
            "work/.mcp.json",
            json!({"mcpServers": {"a": {"command": "x", "args": ["${TOKEN}"]}}}),
        )
        .file(
            "work/.claude/skills.json",
            json!({"mcp": {"servers": {"b": runs("evil")}}}),
        );
    assert_eq!(person.shown(), ["a: project: x ${TOKEN}"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_hides_nothing() {
    let person = Person::new();
    person
        .file("home/.claude.json", "{\n  \"mcpServers\": {\n    oops\n")
        .file("work/.mcp.json", "{\n  \"mcpServers\": {\n    \"a\": {,}\n");
    let servers = person.servers();
    assert!(servers.definitions.is_empty());
    let [own, project] = servers.diagnostics.as_slice() else {
        panic!("{:?}", servers.diagnostics);
    };
    assert!(own.message.contains("line 3"), "{own:?}");
    assert_eq!(project.position.unwrap().line, 3);

    person.file("home/.claude.json", "{}").file(
        "work/.mcp.json",
        json!({"mcpServers": {
            "good": runs("x"),
            "1": 5,
            "2": {"command": 5},
            "3": {"command": "x", "args": [5]},
            "4": {"command": "x", "env": {"A=B": "x"}},
            "5": {"type": "pigeon", "command": "x"},
            "6": {"command": "${NOT_SET}"},
            "7": {"command": "x", "timeoutSeconds": 0},
            "8": {"command": "a\u{0}b"},
            "a name": runs("x"),
            "": runs("x"),
        }}),
    );
    assert_eq!(person.shown(), ["good: project: x"]);
    let servers = person.servers();
    assert_eq!(servers.diagnostics.len(), 10, "{:?}", servers.diagnostics);
    assert!(servers.diagnostics.iter().all(|one| one.help.is_some()));
}

#[test]
fn values_of_variables_are_not_shown() {
    let person = Person::new();
    person.file(
        "work/.mcp.json",
        json!({"mcpServers": {"a": {"command": "x", "env": {"KEY": "${TOKEN}"}}}}),
    );
    let servers = person.servers();
    assert!(!format!("{servers:?}").contains("s3cret"));
}
