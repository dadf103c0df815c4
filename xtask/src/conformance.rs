//! `cargo xtask conformance`: the suite that the authors of MCP test implementations with, against our server.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::Deserialize;

use crate::error::ChoreError;
use crate::program::Program;
use crate::tools::Suite;
use crate::workspace::Workspace;

/// The revisions that are tested: the one without sessions, and the newest with them.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];
/// What is known to fail and why, of each revision.
const EXPECTED: &str = "conformance/expected";
/// The skill that has the tools the suite calls.
const SKILL: &str = "conformance/skill";

/// What `mcp serve --http --json` says.
#[derive(Deserialize)]
struct Endpoint {
    url: String,
}

/// Runs all scenarios that apply; a failure that is not expected, or an expected one that no longer is one, is an error.
pub(crate) fn run(workspace: &Workspace, suite: &Suite) -> Result<(), ChoreError> {
    let Suite { node, script } = suite;
    let build = ["build", "--locked", "--package", "mycelium"];
    workspace.cargo().args(build).run()?;
    let world = World::new(workspace)?;
    let serve = [
        "--json",
        "mcp",
        "serve",
        "--http",
        "127.0.0.1:0",
        "--no-auth",
    ];
    let (server, said) = world.mycelium(&serve).start()?;
    let endpoint: Endpoint = serde_json::from_str(&said).map_err(|source| ChoreError::Answer {
        program: "mycelium mcp serve".to_owned(),
        source,
    })?;
    let mut outcome = Ok(());
    for revision in REVISIONS {
        println!("\nMCP {revision}:");
        let expected = workspace.root.join(format!("{EXPECTED}-{revision}.yml"));
        let mut is_summary = false;
        let ran = Program::new(&node.path, &world.folder)
            .args([script])
            .args(["server", "--suite", "all", "--url", &endpoint.url])
            .args(["--spec-version", revision, "--expected-failures"])
            .args([&expected])
            .each_line(|line| {
                is_summary |= line.contains("SUMMARY");
                if is_summary {
                    println!("{line}");
                }
            });
        outcome = outcome.and(ran);
    }
    drop(server);
    world.mycelium(&["daemon", "stop"]).run()?;
    outcome
}

/// A person's folders, and a workspace with one skill.
struct World {
    folder: std::path::PathBuf,
    program: std::path::PathBuf,
}

impl World {
    fn new(workspace: &Workspace) -> Result<Self, ChoreError> {
        let folder = workspace.target.join("conformance");
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        let skill = folder.join("project/.claude/skills/test");
        for made in [&folder.join("home"), &folder.join("run"), &skill] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(made)?;
        }
        for name in ["skill.json", "index.js"] {
            fs_err::copy(workspace.root.join(SKILL).join(name), skill.join(name))?;
        }
        Ok(Self {
            folder,
            program: workspace.target.join("debug/mycelium"),
        })
    }

    fn mycelium(&self, args: &[&str]) -> Program {
        let place = |name: &str| self.folder.join(name);
        self.without_variables(Program::new(&self.program, &place("project")))
            .env("HOME", place("home"))
            .env("XDG_RUNTIME_DIR", place("run"))
            .args(args)
    }

    /// Where the person who runs this keeps things is nothing to the test.
    fn without_variables(&self, program: Program) -> Program {
        ["XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"]
            .iter()
            .fold(program, |program, name| {
                program.env(name, Path::new(&self.folder).join("home").join(name))
            })
    }
}
