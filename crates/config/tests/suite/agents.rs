//! This program's entry in the files of agents, beside what people and agents have there.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mycelium_config::AgentClient;
use mycelium_config::AgentFile;
use mycelium_config::AgentScope;
use mycelium_config::ConfigError;
use mycelium_config::EntryOutcome;
use mycelium_config::ServerEntry;
use mycelium_types::ErrorReport;
use tempfile::TempDir;

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, client: AgentClient, scope: AgentScope) -> AgentFile {
        let root = self.folder.path();
        let none = BTreeMap::new();
        AgentFile::of(client, scope, &root.join("work"), &root.join("home"), &none)
    }

    /// The file of a client that says this.
    fn with(&self, client: AgentClient, text: &str) -> AgentFile {
        let file = self.file(client, AgentScope::User);
        fs_err::create_dir_all(file.path.parent().unwrap()).unwrap();
        fs_err::write(&file.path, text).unwrap();
        file
    }

    fn backups(&self) -> std::path::PathBuf {
        self.folder.path().join("backups")
    }

    fn install(&self, file: &AgentFile) -> EntryOutcome {
        file.install(&entry(), &self.backups()).unwrap().outcome
    }
}

fn entry() -> ServerEntry {
    ServerEntry {
        command: "/opt/mycelium".to_owned(),
        args: vec!["mcp".to_owned(), "serve".to_owned()],
        env: BTreeMap::new(),
    }
}

fn text(path: &Path) -> String {
    fs_err::read_to_string(path).unwrap()
}

#[test]
fn each_client_has_its_files() {
    let files: Vec<_> = AgentClient::ALL
        .into_iter()
        .flat_map(|client| AgentScope::ALL.map(|scope| (client, scope)))
        .map(|(client, scope)| {
            let moved = BTreeMap::from([("CODEX_HOME".to_owned(), "/codex".to_owned())]);
            let file = AgentFile::of(client, scope, Path::new("/w"), Path::new("/h"), &moved);
            file.path.display().to_string()
        })
        .collect();
    assert_eq!(
        files,
        [
            "/h/.claude.json",
            "/w/.mcp.json",
            "/codex/config.toml",
            "/w/.codex/config.toml",
            "/h/.cursor/mcp.json",
            "/w/.cursor/mcp.json",
            "/h/.config/Code/User/mcp.json",
            "/w/.vscode/mcp.json",
        ]
    );
}

#[test]
fn an_entry_comes_and_goes_in_every_file() {
    let home = Home::new();
    for client in AgentClient::ALL {
        for scope in AgentScope::ALL {
            let file = home.file(client, scope);
            assert_eq!(file.entry().unwrap(), None);
            assert_eq!(home.install(&file), EntryOutcome::Changed);
            assert_eq!(text(&file.path), file.snippet(&entry()).unwrap());
            assert_eq!(file.entry().unwrap(), Some(entry()));
            assert_eq!(home.install(&file), EntryOutcome::Unchanged);
            let removed = file.uninstall(&home.backups()).unwrap();
            assert_eq!(removed.outcome, EntryOutcome::Changed);
            assert_eq!(file.entry().unwrap(), None);
            let again = file.uninstall(&home.backups()).unwrap();
            assert_eq!(
                (again.outcome, again.backup),
                (EntryOutcome::Unchanged, None)
            );
        }
    }
}

#[test]
fn json_keeps_comments_order_and_what_nobody_here_knows() {
    let home = Home::new();
    let before = r#"{
  // Mine.
  "zebra": [1,   2],
  "servers": {
    "other": { "url": "https://other.test" }, // far away
  },
  "inputs": [],
}
"#;
    let file = home.with(AgentClient::Vscode, before);
    assert_eq!(home.install(&file), EntryOutcome::Changed);
    assert_eq!(
        text(&file.path),
        r#"{
  // Mine.
  "zebra": [1,   2],
  "servers": {
    "other": { "url": "https://other.test" }, // far away
    "mycelium": {
      "type": "stdio",
      "command": "/opt/mycelium",
      "args": ["mcp", "serve"]
    },
  },
  "inputs": [],
}
"#
    );
    file.uninstall(&home.backups()).unwrap();
    assert_eq!(text(&file.path), before);
}

#[test]
fn toml_keeps_comments_order_and_what_nobody_here_knows() {
    let home = Home::new();
    let before =
        "# Mine.\nmodel = \"m\"   # the best\n\n[mcp_servers.other]\nurl = 'https://other.test'\n";
    let file = home.with(AgentClient::Codex, before);
    assert_eq!(home.install(&file), EntryOutcome::Changed);
    assert_eq!(
        text(&file.path),
        format!(
            "{before}\n[mcp_servers.mycelium]\ncommand = \"/opt/mycelium\"\nargs = [\"mcp\", \"serve\"]\n"
        )
    );
    file.uninstall(&home.backups()).unwrap();
    assert_eq!(text(&file.path), before);
}

#[test]
fn an_entry_that_is_there_is_brought_up_to_date_and_keeps_the_rest() {
    let home = Home::new();
    let json = r#"{"mcpServers":{"mycelium":{"command":"/old","timeout":5,"url":"http://x"}}}"#;
    let file = home.with(AgentClient::Claude, json);
    assert_eq!(home.install(&file), EntryOutcome::Changed);
    assert_eq!(file.entry().unwrap(), Some(entry()));
    let after: serde_json::Value = serde_json::from_str(&text(&file.path)).unwrap();
    let server = &after["mcpServers"]["mycelium"];
    assert_eq!(server["timeout"], 5);
    assert_eq!(server.get("url"), None);

    let toml = "[mcp_servers.mycelium]\ncommand = \"/old\" # here\ntool_timeout_sec = 5\n";
    let file = home.with(AgentClient::Codex, toml);
    let with_variable = ServerEntry {
        env: BTreeMap::from([("XDG_STATE_HOME".to_owned(), "/state".to_owned())]),
        ..entry()
    };
    file.install(&with_variable, &home.backups()).unwrap();
    assert_eq!(file.entry().unwrap(), Some(with_variable));
    let after = text(&file.path);
    assert!(after.contains("\"/opt/mycelium\" # here"), "{after}");
    assert!(after.contains("tool_timeout_sec = 5"), "{after}");
}

#[test]
fn a_file_with_a_mistake_is_told_with_its_place_and_stays() {
    let home = Home::new();
    for (client, broken, line) in [
        (AgentClient::Claude, "{\n  \"mcpServers\": {]\n}", 2),
        (AgentClient::Codex, "a = 1\n[mcp_servers\n", 2),
        (AgentClient::Cursor, &"[".repeat(100_000), 1),
        (
            AgentClient::Codex,
            &format!("a = {}", "[".repeat(100_000)),
            1,
        ),
    ] {
        let file = home.with(client, broken);
        for outcome in [
            file.install(&entry(), &home.backups()).map(|_| ()),
            file.uninstall(&home.backups()).map(|_| ()),
            file.entry().map(|_| ()),
        ] {
            let error = outcome.unwrap_err();
            let ConfigError::Invalid { diagnostics } = &error else {
                panic!("{error}")
            };
            assert_eq!(
                diagnostics[0].position.unwrap().line,
                line,
                "{diagnostics:?}"
            );
            let report = ErrorReport::from(error);
            assert!(report.context["reason"].contains("home/"), "{report}");
        }
        assert_eq!(text(&file.path), broken);
    }
}

#[test]
fn something_else_in_the_place_of_the_servers_stays() {
    let home = Home::new();
    for (client, odd) in [
        (AgentClient::Claude, "[]"),
        (AgentClient::Claude, r#"{"mcpServers": [1]}"#),
        (AgentClient::Cursor, r#"{"mcpServers": {"mycelium": "x"}}"#),
        (AgentClient::Codex, "mcp_servers = 1\n"),
        (AgentClient::Codex, "[mcp_servers]\nmycelium = true\n"),
    ] {
        let file = home.with(client, odd);
        let error = file.install(&entry(), &home.backups()).unwrap_err();
        assert!(matches!(error, ConfigError::InTheWay { .. }), "{error}");
        assert_eq!(text(&file.path), odd);
    }
}

#[test]
fn what_a_file_had_is_kept_for_its_owner_alone() {
    let home = Home::new();
    for round in 0..15 {
        let file = home.with(AgentClient::Claude, &format!("{{\"round\": {round}}}"));
        let change = file.install(&entry(), &home.backups()).unwrap();
        let backup = change.backup.unwrap();
        assert_eq!(text(&backup), format!("{{\"round\": {round}}}"));
        let mode = fs_err::metadata(&backup).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let kept = fs_err::read_dir(home.backups()).unwrap();
    let names = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        names
            .filter(|name| name.starts_with("claude-user-"))
            .count(),
        10
    );
}

#[test]
fn a_link_stays_a_link_and_rights_stay() {
    let home = Home::new();
    let file = home.with(AgentClient::Claude, "{}");
    let real = home.folder.path().join("dotfiles.json");
    fs_err::rename(&file.path, &real).unwrap();
    fs_err::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&real, &file.path).unwrap();
    home.install(&file);
    assert!(fs_err::symlink_metadata(&file.path).unwrap().is_symlink());
    assert!(text(&real).contains("/opt/mycelium"));
    let mode = fs_err::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn several_at_once_leave_one_whole_file() {
    let home = Home::new();
    let file = home.with(AgentClient::Claude, "{\"other\": 1}");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (file, home) = (&file, &home);
            scope.spawn(move || {
                let entry = ServerEntry {
                    command: format!("/opt/{number}"),
                    ..entry()
                };
                file.install(&entry, &home.backups()).unwrap();
            });
        }
    });
    let after: serde_json::Value = serde_json::from_str(&text(&file.path)).unwrap();
    assert_eq!(after["other"], 1);
    let command = file.entry().unwrap().unwrap().command;
    assert!(command.starts_with("/opt/"), "{command}");
}
