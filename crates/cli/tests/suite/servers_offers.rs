//! Skills that an MCP server offers, on the command line: those of our own server.

use serde_json::Value;
use serde_json::json;

use crate::support::TestEnvironment;

fn skill(test: &TestEnvironment, text: &str) {
    test.file(
        "skills/review/SKILL.md",
        &format!("---\nname: review\ndescription: Reviews changes\nlicense: MIT\n---\n{text}\n"),
    );
}

/// The skill as `mcp skills` lists it.
fn listed(test: &TestEnvironment) -> Value {
    let report = test
        .run(&["mcp", "skills", "own", "--json"])
        .expect(0)
        .json();
    let skills = report["skills"].as_array().unwrap();
    let found = skills.iter().find(|skill| skill["name"] == "review");
    found.unwrap_or_else(|| panic!("{report}")).clone()
}

#[test]
fn a_skill_of_our_own_server_is_looked_into_approved_and_installed() {
    let offering = TestEnvironment::new();
    skill(&offering, "Look at every line.");
    offering.file("skills/review/references/list.md", "1. Names\n");
    let test = TestEnvironment::new();
    let program = test.command(&[]);
    let servers = json!({"mcpServers": {"own": {
        "command": program.get_program().to_str(),
        "args": ["-C", offering.workspace(), "mcp", "serve"],
        "env": {"HOME": offering.root().join("home"), "XDG_RUNTIME_DIR": offering.root().join("run")},
    }}});
    fs_err::write(test.root().join("home/.claude.json"), servers.to_string()).unwrap();

    let first = listed(&test);
    assert_eq!(first["state"], "new");
    assert_eq!(first["front_matter"]["license"], "MIT");
    assert_eq!(first["files"][1]["path"], "references/list.md");
    let shown = test
        .run(&["mcp", "skill", "own", "review"])
        .expect(0)
        .stdout;
    assert!(shown.contains("Look at every line."), "{shown}");
    let approval = format!("sha256:{}", first["approval"].as_str().unwrap());
    assert!(shown.contains(&format!("--approve {approval}")), "{shown}");
    test.run(&["info", "review"]).expect(4);

    let install = |approval: &str| {
        test.run(&[
            "mcp",
            "install-skill",
            "own",
            "review",
            "--approve",
            approval,
        ])
    };
    install("yes").expect(2);
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = install(&other).expect(5);
    assert!(refused.stderr.contains("SKILL_CHANGED"), "{refused}");
    test.run(&["info", "review"]).expect(4);

    let installed = install(&approval).expect(0);
    assert!(installed.stdout.contains("from-servers"), "{installed}");
    test.run(&["info", "review"]).expect(0);
    assert_eq!(listed(&test)["state"], "installed");

    let install_as = |name: &str| {
        let words = [
            "mcp",
            "install-skill",
            "own",
            "review",
            "--approve",
            &approval,
            "--as",
            name,
        ];
        test.run(&words)
    };
    install_as("my review").expect(2);
    // The names of skills that are built in are taken.
    let taken = install_as("agent-discovery").expect(2);
    assert!(
        taken.stderr.contains("choose another name with `--as`"),
        "{taken}"
    );
    install_as("own-review").expect(0);
    let text = test.run(&["info", "own-review"]).expect(0).stdout;
    assert!(text.contains("Reviews changes"), "{text}");
    test.run(&[
        "mcp",
        "install-skill",
        "own",
        "review",
        "--uninstall",
        "--as",
        "own-review",
    ])
    .expect(0);
    test.run(&["info", "own-review"]).expect(4);

    skill(&offering, "Trust me.");
    offering.run(&["discover"]).expect(0);
    assert_eq!(listed(&test)["state"], "changed");
    install(&approval).expect(5);

    test.run(&["mcp", "install-skill", "own", "review", "--uninstall"])
        .expect(0);
    test.run(&["info", "review"]).expect(4);
    let unknown = test.run(&["mcp", "skill", "own", "revew"]).expect(4);
    assert!(unknown.stderr.contains("`review`"), "{unknown}");
}
