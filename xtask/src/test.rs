//! `cargo xtask test`: all tests, and what they need.

use std::path::Path;
use std::time::Instant;

use crate::conformance;
use crate::error::ChoreError;
use crate::program::Program;
use crate::program::environment;
use crate::tools;
use crate::workspace::Workspace;

/// Makes a test that cannot run here fail.
const REQUIRE: &str = "MYCELIUM_TEST_REQUIRE";

/// Tells the tests where the reference validator of Agent Skills is.
const AGENTSKILLS: &str = "MYCELIUM_TEST_AGENTSKILLS";

/// Tells the tests where Claude Code is.
const CLAUDE_CODE: &str = "MYCELIUM_TEST_CLAUDE_CODE";

/// Tells the tests which servers of MCP other people wrote are there.
const MCP_SERVERS: &str = "MYCELIUM_TEST_MCP_SERVERS";

/// Tells the tests where the compiler of TypeScript is.
const TYPESCRIPT: &str = "MYCELIUM_TEST_TYPESCRIPT";

/// Runs all tests of the repository; `args` go to `cargo test`.
pub(crate) fn run(workspace: &Workspace, args: &[&str]) -> Result<(), ChoreError> {
    println!("The tests need:");
    need("a C compiler", compiler(&workspace.root));
    need("user namespaces", user_namespaces());
    let node = tools::node(workspace);
    need(
        &format!(
            "Node.js {}, which the embedded engine is compared with",
            tools::NODE_MAJOR
        ),
        node.as_ref()
            .map(|node| node.version.clone())
            .map_err(ToString::to_string),
    );
    let agentskills = tools::agentskills(workspace);
    need(
        "agentskills, whose verdicts on Agent Skills are ours",
        agentskills
            .as_ref()
            .map(|agentskills| agentskills.version.clone())
            .map_err(ToString::to_string),
    );
    let claude_code = tools::claude_code(workspace);
    need(
        "Claude Code, which takes our plugin for what it is",
        claude_code
            .as_ref()
            .map(|claude_code| claude_code.version.clone())
            .map_err(ToString::to_string),
    );
    let servers = node.as_ref().map_err(ToString::to_string).and_then(|node| {
        tools::mcp_servers(workspace, node).map_err(|problem| problem.to_string())
    });
    need(
        "servers of MCP that other people wrote",
        servers
            .as_ref()
            .map(|list| list.display().to_string())
            .map_err(Clone::clone),
    );
    let typescript = tools::typescript(workspace);
    need(
        "TypeScript, whose compiler takes our declarations",
        typescript
            .as_ref()
            .map(|compiler| compiler.display().to_string())
            .map_err(ToString::to_string),
    );
    let clients = tools::clients(workspace);
    need(
        "clients of MCP that others wrote: the Inspector, and the SDKs of TypeScript and Python",
        clients
            .as_ref()
            .map(|clients| format!("on Node.js {}", clients.node.version))
            .map_err(ToString::to_string),
    );
    // Somebody who asks for some tests does not ask for this.
    let suite = args.is_empty().then(|| tools::conformance(workspace));
    if let Some(suite) = &suite {
        need(
            "the conformance suite of MCP",
            suite
                .as_ref()
                .map(|suite| format!("on Node.js {}", suite.node.version))
                .map_err(ToString::to_string),
        );
    }
    println!("  the npm registry that npm is configured for, and loopback");
    let is_required = environment(REQUIRE).is_some_and(|value| value == "all");
    println!(
        "A test that cannot run here says so{}.\n",
        if is_required {
            format!(" and fails ({REQUIRE}=all)")
        } else {
            format!("; with {REQUIRE}=all it fails")
        }
    );

    let start = Instant::now();
    let mut totals = Totals::default();
    let mut cargo = workspace
        .cargo()
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .args(args);
    if let Ok(node) = &node {
        cargo = cargo.env("PATH", node.search_path());
    }
    if let Ok(agentskills) = &agentskills {
        cargo = cargo.env(AGENTSKILLS, &agentskills.path);
    }
    if let Ok(claude_code) = &claude_code {
        cargo = cargo.env(CLAUDE_CODE, &claude_code.path);
    }
    if let Ok(list) = &servers {
        cargo = cargo.env(MCP_SERVERS, list);
    }
    if let Ok(typescript) = &typescript {
        cargo = cargo.env(TYPESCRIPT, typescript);
    }
    if let Ok(clients) = &clients {
        cargo = cargo
            .env("MYCELIUM_TEST_MCP_NODE", &clients.node.path)
            .env("MYCELIUM_TEST_MCP_INSPECTOR", &clients.inspector)
            .env("MYCELIUM_TEST_MCP_SDK", &clients.typescript)
            .env("MYCELIUM_TEST_MCP_PYTHON", &clients.python);
    }
    let outcome = cargo.each_line(|line| {
        println!("{line}");
        totals.hear(line);
    });
    println!(
        "\nxtask test: {} in {} s",
        totals.summary(),
        start.elapsed().as_secs()
    );
    let outcome = outcome.map_err(|error| match totals.panics.is_empty() {
        true => error,
        // Once more where whoever looks at the end of a long output sees it.
        false => ChoreError::finding(format!("{error}\n\n{}", totals.panics.join("\n"))),
    });
    outcome.and(match suite {
        None => Ok(()),
        Some(Ok(suite)) => conformance::run(workspace, &suite),
        Some(Err(reason)) if is_required => Err(reason),
        Some(Err(reason)) => {
            println!("the conformance suite of MCP was not run: {reason}");
            Ok(())
        }
    })
}

fn need(what: &str, found: Result<String, String>) {
    match found {
        Ok(version) => println!("  {what}: {version}"),
        Err(reason) => println!("  {what}: MISSING, {reason}"),
    }
}

fn compiler(folder: &Path) -> Result<String, String> {
    let version = Program::new("cc", folder)
        .args(["--version"])
        .try_output()
        .ok_or("install gcc or clang")?;
    Ok(version.lines().next().unwrap_or("found").to_owned())
}

/// Whether the kernel lets people make user namespaces, which every sandbox begins with.
fn user_namespaces() -> Result<String, String> {
    let limit = fs_err::read_to_string("/proc/sys/user/max_user_namespaces");
    match limit.map(|text| text.trim().to_owned()) {
        Ok(limit) if limit == "0" => Err("the kernel allows none".to_owned()),
        Ok(limit) => Ok(format!("{limit} allowed")),
        Err(error) => Err(error.to_string()),
    }
}

/// What all test programs together say at their ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    programs: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
    /// What the first tests that failed said.
    panics: Vec<String>,
    /// How many lines of the last one are still to come at most.
    awaited: usize,
}

/// Tests of which is said at the end why they failed.
const MAX_PANICS: usize = 10;
/// Lines of each of them. What was compared stands in the first ones.
const MAX_LINES: usize = 5;
/// Bytes of each of these lines.
const MAX_LINE: usize = 1000;

impl Totals {
    /// Adds a line like `test result: ok. 12 passed; 0 failed; 1 ignored; …`, or a part of what a test says that failed.
    fn hear(&mut self, line: &str) {
        self.listen_to_panic(line);
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        self.programs += 1;
        for part in counts.split("; ") {
            let Some((Ok(count), what)) = part
                .split_once(' ')
                .map(|(count, what)| (count.parse::<u64>(), what))
            else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }

    fn listen_to_panic(&mut self, line: &str) {
        if line.contains("' panicked at ") || line.contains(") panicked at ") {
            self.awaited = if self.panics.len() < MAX_PANICS {
                MAX_LINES
            } else {
                0
            };
        } else if line.starts_with("stack backtrace") || line.is_empty() {
            self.awaited = 0;
        }
        if self.awaited == 0 {
            return;
        }
        let end = line.floor_char_boundary(MAX_LINE);
        let line = line.get(..end).unwrap_or_default();
        match self.panics.last_mut() {
            Some(panic) if self.awaited < MAX_LINES => {
                panic.push('\n');
                panic.push_str(line);
            }
            _ => self.panics.push(line.to_owned()),
        }
        self.awaited -= 1;
    }

    fn summary(&self) -> String {
        let Self {
            programs,
            passed,
            failed,
            ignored,
            ..
        } = self;
        format!("{passed} passed, {failed} failed, {ignored} ignored, in {programs} test programs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_test_programs_are_added_up() {
        let mut totals = Totals::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 5 filtered out",
        ] {
            totals.hear(line);
        }
        let expected = "14 passed, 1 failed, 1 ignored, in 2 test programs";
        assert_eq!(totals.summary(), expected);
    }

    #[test]
    fn what_failed_is_said_again_with_its_reason() {
        let mut totals = Totals::default();
        for line in [
            "test a ... FAILED",
            "thread 'a' (17) panicked at src/lib.rs:1:2:",
            "assertion `left == right` failed",
            "  left: 1",
            " right: 2",
            "stack backtrace:",
            "   0: whatever",
            "thread 'b' panicked at src/lib.rs:3:4:",
            "no",
            "",
            "more",
        ] {
            totals.hear(line);
        }
        let expected = [
            "thread 'a' (17) panicked at src/lib.rs:1:2:\nassertion `left == right` failed\n  left: 1\n right: 2",
            "thread 'b' panicked at src/lib.rs:3:4:\nno",
        ];
        assert_eq!(totals.panics, expected);
    }
}
