//! Agents that come over MCP: how soon the first one is served, what a call costs beside the same call over the socket,
//! long lists, and many sessions at once.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::ExecRequest;
use serde_json::Value;
use serde_json::json;

use crate::Outcome;
use crate::agent::Agent;
use crate::daemon::proportional_megabytes;
use crate::report;
use crate::scene::Scene;
use crate::scene::command;
use crate::socket::Socket;

/// Skills in the workspace.
const SKILLS: usize = 500;
const STARTS: usize = 40;
const CALLS: usize = 2_000;
const LISTS: usize = 50;
/// Sessions at once, and how often each calls.
const SESSIONS: usize = 50;
const PERIOD: Duration = Duration::from_millis(100);
/// For a minute.
const ROUNDS: usize = 600;

/// The tool of one of them.
const TOOL: &str = "many-0_greet";
const SKILL: &str = "many-0";
const CODE: &str = "module.exports = { greet({ name }) { return `Hello, ${name}!`; } };\n";

/// Starts a daemon, measures it and ends it.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let world = World::new(scene)?;
    let outcome = world.measure();
    let stopped = world.mycelium(&["daemon", "stop"]).status()?;
    outcome?;
    stopped
        .success()
        .then_some(())
        .ok_or("the daemon did not stop".into())
}

/// A workspace with many skills.
struct World<'s> {
    scene: &'s Scene,
    workspace: PathBuf,
}

impl<'s> World<'s> {
    fn new(scene: &'s Scene) -> Outcome<Self> {
        let workspace = fs_err::canonicalize(scene.workspace())?.join("many");
        // A folder that is not there is not used, and the socket is to be where it is looked for.
        fs_err::create_dir_all(&scene.environment()["XDG_RUNTIME_DIR"])?;
        for number in 0..SKILLS {
            let name = format!("many-{number}");
            let manifest = json!({
                "name": name,
                "version": "1.0.0",
                "description": "One of many skills, which greets whoever it is told to greet.",
                "entrypoint": "index.js",
                "exports": [{
                    "name": "greet",
                    "description": "Greets somebody.",
                    "parameters": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}},
                        "required": ["name"],
                    },
                }],
            });
            let folder = workspace.join(".claude/skills").join(&name);
            fs_err::create_dir_all(&folder)?;
            fs_err::write(folder.join("skill.json"), manifest.to_string())?;
            fs_err::write(folder.join("index.js"), CODE)?;
        }
        Ok(Self { scene, workspace })
    }

    fn mycelium(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(&self.scene.program);
        command
            .args(args)
            .envs(self.scene.environment())
            .env("MYCELIUM_MCP_MAX_LISTED_SKILLS", "10000")
            .current_dir(&self.workspace)
            .stdout(Stdio::piped());
        command
    }

    fn bridge(&self) -> std::process::Command {
        self.mycelium(&["mcp", "serve"])
    }

    fn measure(&self) -> Outcome<()> {
        // The first starts the daemon and makes it know the skills.
        let mut agent = Agent::start(self.bridge())?;
        agent.greet(TOOL)?;

        let times = report::measure(STARTS, || {
            let mut agent = Agent::start(self.bridge())?;
            agent.greet(TOOL)?;
            agent.leave()
        })?;
        report::times("mcp-start", &times)?;

        let times = report::measure(LISTS, || match agent.list()? {
            count if count >= SKILLS => Ok(()),
            count => Err(format!("only {count} tools are listed").into()),
        })?;
        report::times("mcp-list", &times)?;

        let mut socket = Socket::open(self.scene, &self.workspace)?;
        let named = json!({"name": "bench"});
        let call = Command::Exec(ExecRequest {
            skill: SKILL.parse()?,
            method: "greet".to_owned(),
            args: Arguments::Named(named.as_object().cloned().unwrap_or_default()),
            timeout_seconds: None,
            correlation_id: None,
            agent: None,
        });
        socket.ask(call.clone())?;
        let direct = report::measure(CALLS, || socket.ask(call.clone()))?;
        report::times("socket-call", &direct)?;
        let times = report::measure(CALLS, || agent.greet(TOOL))?;
        report::times("mcp-call", &times)?;
        report::added("mcp-added", &times, &direct)?;
        report::amount("mcp-bridge", agent.server_megabytes()?)?;
        agent.leave()?;
        self.many()
    }

    /// Sessions that call at once, at a pace.
    fn many(&self) -> Outcome<()> {
        let daemon = self.daemon()?;
        let before = proportional_megabytes(daemon)?;
        // What the shell's session has stays.
        let others = self.instances()?;
        let mut agents = (0..SESSIONS)
            .map(|_| Agent::start(self.bridge()))
            .collect::<Outcome<Vec<_>>>()?;
        for agent in &mut agents {
            agent.greet(TOOL)?;
        }
        let threads: Vec<_> = agents
            .into_iter()
            .map(|mut agent| {
                std::thread::spawn(move || -> Result<Vec<Duration>, String> {
                    let mut times = Vec::with_capacity(ROUNDS);
                    for _ in 0..ROUNDS {
                        let start = Instant::now();
                        agent.greet(TOOL).map_err(|error| error.to_string())?;
                        times.push(start.elapsed());
                        std::thread::sleep(PERIOD.saturating_sub(start.elapsed()));
                    }
                    agent.leave().map_err(|error| error.to_string())?;
                    Ok(times)
                })
            })
            .collect();
        let mut times = Vec::new();
        for thread in threads {
            times.extend(thread.join().map_err(|_| "an agent panicked")??);
        }
        report::times("mcp-sessions", &times)?;
        // Instances end when their sessions have.
        for _ in 0..100 {
            if self.instances()? <= others {
                break;
            }
            std::thread::sleep(PERIOD);
        }
        let left = self.instances()?.saturating_sub(others);
        if left > 0 {
            return Err(format!("{left} instances are left").into());
        }
        report::amount(
            "mcp-sessions-memory",
            proportional_megabytes(daemon)? / before,
        )
    }

    fn processes(&self) -> Outcome<Value> {
        let output = self.mycelium(&["ps", "--json"]).output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn daemon(&self) -> Outcome<u32> {
        let pid = self.processes()?["daemon"]["pid"].as_u64();
        Ok(u32::try_from(pid.ok_or("there is no daemon")?)?)
    }

    fn instances(&self) -> Outcome<usize> {
        let processes = self.processes()?;
        Ok(processes["instances"].as_array().map_or(0, Vec::len))
    }
}
