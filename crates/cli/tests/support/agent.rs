//! An agent that speaks MCP with the program, a line at a time.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::ExitStatus;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use super::TestEnvironment;

/// The revision with a handshake that agents in the field speak.
pub(crate) const REVISION: &str = "2025-11-25";

/// An agent with its connection.
pub(crate) struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Somebody who writes while this reads.
    writing: Option<std::thread::JoinHandle<ChildStdin>>,
    stdout: BufReader<ChildStdout>,
    last_id: u64,
}

impl Agent {
    /// Starts the program and shakes hands.
    pub(crate) fn greeted(test: &TestEnvironment) -> Self {
        Self::able(test, &json!({}))
    }

    /// Starts the program and shakes hands as an agent with these capabilities.
    pub(crate) fn able(test: &TestEnvironment, capabilities: &Value) -> Self {
        let mut agent = Self::started(test);
        let welcome = agent.ask(
            "initialize",
            json!({
                "protocolVersion": REVISION,
                "capabilities": capabilities,
                "clientInfo": {"name": "test", "version": "1"},
            }),
        );
        assert_eq!(welcome["result"]["protocolVersion"], REVISION, "{welcome}");
        agent.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        agent
    }

    /// Starts the program.
    pub(crate) fn started(test: &TestEnvironment) -> Self {
        Self::of(&mut test.command(&["mcp", "serve"]))
    }

    /// Starts a program that speaks MCP.
    pub(crate) fn of(command: &mut std::process::Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            writing: None,
            last_id: 0,
        }
    }

    /// Writes a line.
    pub(crate) fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.stdin().write_all(line.as_bytes()).unwrap();
    }

    /// Writes what is no whole line.
    pub(crate) fn say_part(&mut self, text: &str) {
        self.stdin().write_all(text.as_bytes()).unwrap();
    }

    /// Sends a request many times while nothing need be read, and returns the numbers.
    pub(crate) fn begin_many(
        &mut self,
        count: usize,
        method: &str,
        params: &Value,
    ) -> std::ops::RangeInclusive<u64> {
        let first = self.last_id + 1;
        self.last_id += count as u64;
        let lines: String = (first..=self.last_id)
            .map(|id| {
                let message =
                    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
                format!("{message}\n")
            })
            .collect();
        let mut stdin = self.stdin.take().unwrap();
        // Answers come meanwhile, and nobody reads them before this function is left.
        self.writing = Some(std::thread::spawn(move || {
            stdin.write_all(lines.as_bytes()).unwrap();
            stdin
        }));
        first..=self.last_id
    }

    /// Where lines are written to, once everything before is.
    fn stdin(&mut self) -> &mut ChildStdin {
        if let Some(writing) = self.writing.take() {
            self.stdin = Some(writing.join().unwrap());
        }
        self.stdin.as_mut().unwrap()
    }

    /// Reads a line.
    pub(crate) fn hear(&mut self) -> Value {
        let mut line = String::new();
        assert!(
            self.stdout.read_line(&mut line).unwrap() > 0,
            "it said nothing more"
        );
        serde_json::from_str(&line).unwrap()
    }

    /// Sends a request and returns its number.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let request =
            json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        self.say(&request.to_string());
        self.last_id
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        loop {
            let message = self.hear();
            // What the program asks has numbers of its own.
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Calls a tool and returns its result.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))["result"].clone()
    }

    /// The names of the tools.
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let list = self.ask("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().unwrap();
        tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Goes away as agents do, and returns how the program ended.
    pub(crate) fn leave(mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Without its input it ends by itself; a failing test does not wait for that.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
