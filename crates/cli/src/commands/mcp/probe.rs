//! Starts what an agent would start, as it would, and shakes hands with it.

use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use mycelium_config::SERVER_NAME;
use mycelium_config::ServerEntry;
use mycelium_types::Locale;
use mycelium_types::Message;
use serde_json::Value;
use serde_json::json;

use super::install::WORKSPACE;
use crate::client::ClientError;
use crate::client::Wait;
use crate::error::Error;
use crate::session::Session;

/// How long an answer is waited for: the least that clients are known to give a server.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// The only variables that clients give to the servers they start, as the SDKs of MCP do.
const PASSED: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

/// Greets what `entry` says. The inner error is what is wrong with it.
pub(super) fn greet(
    entry: &ServerEntry,
    session: &Session<'_>,
) -> Result<Result<(), String>, Error> {
    let workspace = &session.surroundings.workspace;
    let mut server = match start(entry, workspace, session) {
        Ok(child) => Server(child),
        Err(error) => {
            return Ok(Err(say(
                "mcp-not-started",
                &[("command", &entry.command), ("reason", &error)],
            )));
        }
    };
    let hello = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "mycelium-status", "version": env!("CARGO_PKG_VERSION")},
        },
    });
    if let Some(stdin) = &mut server.0.stdin {
        // One that has ended already is known by its silence.
        let _ = stdin.write_all(format!("{hello}\n").as_bytes());
    }
    let answer = match hear(&mut server.0, session)? {
        Ok(answer) => answer,
        Err(reason) => return Ok(Err(say("mcp-silent", &[("reason", &reason)]))),
    };
    let name = &answer["result"]["serverInfo"]["name"];
    Ok(match name.as_str() {
        Some(SERVER_NAME) => Ok(()),
        Some(other) => Err(say("mcp-stranger", &[("name", &other)])),
        None => Err(say("mcp-no-server", &[])),
    })
}

fn start(entry: &ServerEntry, workspace: &Path, session: &Session<'_>) -> std::io::Result<Child> {
    let given = &session.surroundings.environment;
    let passed = PASSED
        .into_iter()
        .filter_map(|name| Some((name, given.get(name)?)));
    let folder = workspace.display().to_string();
    let filled = |text: &String| text.replace(WORKSPACE, &folder);
    #[expect(
        clippy::disallowed_methods,
        reason = "the person asks whether what is in their own configuration starts"
    )]
    let mut command = Command::new(filled(&entry.command));
    command
        .args(entry.args.iter().map(filled))
        .env_clear()
        .envs(passed)
        .envs(&entry.env)
        .current_dir(workspace)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// The first line that it says.
fn hear(server: &mut Child, session: &Session<'_>) -> Result<Result<Value, String>, Error> {
    let Some(stdout) = &mut server.stdout else {
        return Ok(Err(String::new()));
    };
    let deadline = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    while !line.contains(&b'\n') {
        let left = deadline.saturating_duration_since(Instant::now());
        let interrupt = session.transport.interrupt();
        match interrupt
            .wait(&*stdout, Some(left))
            .map_err(ClientError::Wait)?
        {
            Wait::Interrupted => return Err(ClientError::Interrupted.into()),
            Wait::Elapsed => {
                let seconds = PATIENCE.as_secs();
                return Ok(Err(say("mcp-too-slow", &[("seconds", &seconds)])));
            }
            Wait::Ready => {}
        }
        match stdout.read(&mut buffer) {
            Ok(0) => return Ok(Err(say("mcp-ended", &[]))),
            Ok(count) => line.extend_from_slice(&buffer[..count]),
            Err(error) => return Ok(Err(error.to_string())),
        }
        if line.len() > MAX_ANSWER {
            return Ok(Err(say("mcp-no-server", &[])));
        }
    }
    let first = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(serde_json::from_slice(first).map_err(|error| error.to_string()))
}

fn say(key: &'static str, values: &[(&'static str, &dyn std::fmt::Display)]) -> String {
    let message = Message::new(key);
    let message = (values.iter()).fold(message, |message, (name, value)| message.with(name, value));
    message.render(Locale::default())
}

/// A server that is ended whatever came of it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be ended, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
