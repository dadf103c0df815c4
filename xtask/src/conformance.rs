//! `cargo xtask conformance`: the suite that the authors of MCP test implementations with, against our server and our
//! client.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::Deserialize;

use crate::error::ChoreError;
use crate::program::Program;
use crate::program::Started;
use crate::tools::Suite;
use crate::workspace::Workspace;

/// The revisions that are tested: the one without sessions, and the newest with them.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];
/// What is known to fail and why, of each revision.
const EXPECTED: &str = "conformance/expected";
/// What is tested of extensions, which belong to no revision: the Skills extension. Nothing of it may fail.
const EXTENSIONS: [&str; 3] = [
    "sep-2640-skills-directory",
    "sep-2640-skills-enumeration",
    "sep-2640-skills-manifest",
];
/// The same of a client.
const CLIENT_EXTENSIONS: [&str; 4] = [
    "sep-2640-client-no-prefetch",
    "sep-2640-client-verify-digest",
    "sep-2640-client-verify-size",
    "sep-2640-client-verify-frontmatter",
];
/// What is tested of a server of somebody else that is wrapped, in every revision: what its tools give reaches the agent. Nothing of it
/// may fail.
const WRAPPED: [&str; 4] = [
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
];
/// That server.
const WRAPPED_SERVER: &str = "conformance/content/server.mjs";
/// What makes a client of our command line.
const CLIENT: &str = "conformance/client.mjs";
/// How long a scenario of a client may take, in milliseconds: all of them run at the same time.
const CLIENT_PATIENCE: &str = "120000";
/// The skills, each with its folder and its files: one with the tools that the suite calls, and one with instructions.
const SKILLS: [(&str, &str, &[&str]); 2] = [
    ("skill", "test", &["skill.json", "index.js"]),
    ("review", "review", &["SKILL.md", "references/checklist.md"]),
];

/// What `mcp serve --http --json` says.
#[derive(Deserialize)]
struct Endpoint {
    url: String,
}

/// Runs all scenarios that apply; a failure that is not expected, or an expected one that no longer is one, is an error.
pub(crate) fn run(workspace: &Workspace, suite: &Suite) -> Result<(), ChoreError> {
    let build = ["build", "--locked", "--package", "mycelium"];
    workspace.cargo().args(build).run()?;
    let world = World::new(workspace)?;
    let (server, side) = world.serve(suite)?;
    let mut outcome = Ok(());
    for revision in REVISIONS {
        println!("\nMCP {revision}:");
        outcome = outcome.and(side.all(workspace, revision));
    }
    for scenario in EXTENSIONS {
        outcome = outcome.and(side.one(scenario, None));
    }
    drop(server);
    world.mycelium(&["daemon", "stop"]).run()?;
    outcome
        .and(wrapped(workspace, suite, &world))
        .and(clients(workspace, suite, &world))
}

/// What the tools of a wrapped server give, whose names are those that the suite calls.
fn wrapped(workspace: &Workspace, suite: &Suite, world: &World) -> Result<(), ChoreError> {
    fs_err::remove_dir_all(world.skills().join("test"))?;
    let (node, server) = (
        suite.node.path.display().to_string(),
        workspace.root.join(WRAPPED_SERVER).display().to_string(),
    );
    let words = ["mcp", "wrap", "test", "--", &node, &server];
    world.mycelium(&words).run()?;
    let (server, side) = world.serve(suite)?;
    let mut outcome = Ok(());
    for revision in REVISIONS {
        println!("\nMCP {revision}, of a wrapped server:");
        for scenario in WRAPPED {
            outcome = outcome.and(side.one(scenario, Some(revision)));
        }
    }
    drop(server);
    world.mycelium(&["daemon", "stop"]).run()?;
    outcome
}

/// The scenarios that the suite has for clients, each against a server of its own.
fn clients(workspace: &Workspace, suite: &Suite, world: &World) -> Result<(), ChoreError> {
    let driver = workspace.root.join(CLIENT);
    let words = [&suite.node.path, &driver, &world.program];
    let command = words.map(|word| format!("'{}'", word.display())).join(" ");
    let words = [
        "client",
        "--command",
        &command,
        "--timeout",
        CLIENT_PATIENCE,
    ];
    let side = Side {
        suite,
        folder: &world.folder,
        words: words.map(str::to_owned).into(),
    };
    let mut outcome = Ok(());
    for revision in REVISIONS {
        println!("\nMCP {revision}, as a client:");
        let tested = side.all(workspace, revision).or_else(|error| {
            // `sse-retry` measures when a client comes back, while all other scenarios run beside it.
            println!("{error}\n\nMCP {revision}, as a client, once more:");
            side.all(workspace, revision)
        });
        outcome = outcome.and(tested);
    }
    for scenario in CLIENT_EXTENSIONS {
        outcome = outcome.and(side.one(scenario, None));
    }
    outcome
}

/// What the suite tests: servers or clients.
struct Side<'a> {
    suite: &'a Suite,
    folder: &'a Path,
    /// Which of the two, and where it is.
    words: Vec<String>,
}

impl Side<'_> {
    /// Runs all scenarios of a revision and shows their summary.
    fn all(&self, workspace: &Workspace, revision: &str) -> Result<(), ChoreError> {
        let expected = workspace.root.join(format!("{EXPECTED}-{revision}.yml"));
        let mut is_summary = false;
        self.program()
            .args(["--suite", "all", "--spec-version", revision])
            .args(["--expected-failures"])
            .args([&expected])
            .each_line(|line| {
                is_summary |= line.contains("SUMMARY");
                if is_summary {
                    println!("{line}");
                }
            })
    }

    /// Runs one scenario in which nothing is expected to fail, of a revision or of an extension, which has none.
    fn one(&self, scenario: &str, revision: Option<&str>) -> Result<(), ChoreError> {
        println!("\n{scenario}:");
        let revision = revision.map(|revision| ["--spec-version", revision]);
        self.program()
            .args(["--scenario", scenario])
            .args(revision.into_iter().flatten())
            .each_line(|line| {
                if line.contains("FAILURE") || line.starts_with("Passed") {
                    println!("{line}");
                }
            })
    }

    fn program(&self) -> Program {
        let Suite { node, script } = self.suite;
        Program::new(&node.path, self.folder)
            .args([script])
            .args(&self.words)
    }
}

/// A person's folders, and a workspace with the skills.
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
        let skills = folder.join("project/.claude/skills");
        for made in [&folder.join("home"), &folder.join("run"), &skills] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(made)?;
        }
        for (from, name, files) in SKILLS {
            for file in files {
                let to = skills.join(name).join(file);
                fs_err::create_dir_all(to.parent().unwrap_or(&skills))?;
                fs_err::copy(workspace.root.join("conformance").join(from).join(file), to)?;
            }
        }
        Ok(Self {
            folder,
            program: workspace.target.join("debug/mycelium"),
        })
    }

    fn skills(&self) -> std::path::PathBuf {
        self.folder.join("project/.claude/skills")
    }

    /// Our server, for as long as it is kept, and what tests it.
    fn serve<'a>(&'a self, suite: &'a Suite) -> Result<(Started, Side<'a>), ChoreError> {
        let serve = [
            "--json",
            "mcp",
            "serve",
            "--http",
            "127.0.0.1:0",
            "--no-auth",
        ];
        let (server, said) = self.mycelium(&serve).start()?;
        let endpoint: Endpoint =
            serde_json::from_str(&said).map_err(|source| ChoreError::Answer {
                program: "mycelium mcp serve".to_owned(),
                source,
            })?;
        let side = Side {
            suite,
            folder: &self.folder,
            words: ["server", "--url", &endpoint.url].map(str::to_owned).into(),
        };
        Ok((server, side))
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
