//! The real Claude Code, with a home of its own and no network but this machine's.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use super::Outcome;
use super::TestEnvironment;
use super::missing;

/// An address where nobody listens: a conversation ends with its first request.
const NOBODY: &str = "http://127.0.0.1:9";

/// Claude Code, as one person on one machine has it.
pub(crate) struct ClaudeCode<'t> {
    program: PathBuf,
    test: &'t TestEnvironment,
}

impl<'t> ClaudeCode<'t> {
    /// The one that the test run has, if it has one.
    pub(crate) fn of(test: &'t TestEnvironment) -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a setting of the test run itself"
        )]
        let program = std::env::var_os("MYCELIUM_TEST_CLAUDE_CODE").map(PathBuf::from);
        if program.is_none() {
            missing("there is no Claude Code; `cargo xtask test` fetches it");
        }
        Some(Self {
            program: program?,
            test,
        })
    }

    /// Runs it in the project, with this program on the `PATH`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let own = Path::new(env!("CARGO_BIN_EXE_mycelium")).parent().unwrap();
        let mut command = self.test.command_of(&self.program, arguments);
        command
            .env("PATH", format!("{}:/usr/bin:/bin", own.display()))
            .env("DISABLE_AUTOUPDATER", "1")
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("CLAUDE_CODE_MAX_RETRIES", "0")
            .env("ANTHROPIC_BASE_URL", NOBODY)
            .env("ANTHROPIC_API_KEY", "none");
        self.test.outcome(command.spawn().unwrap())
    }

    /// Adds a marketplace and installs a plugin of it.
    pub(crate) fn install(&self, marketplace: &Path, plugin: &str) {
        let marketplace = marketplace.to_str().unwrap();
        self.run(&["plugin", "marketplace", "add", marketplace])
            .expect(0);
        self.run(&["plugin", "install", plugin]).expect(0);
    }

    /// What it says of the plugins it has.
    pub(crate) fn plugins(&self) -> Value {
        let list = self.run(&["plugin", "list", "--json"]).expect(0);
        serde_json::from_str(&list.stdout).unwrap()
    }
}
