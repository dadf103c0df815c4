//! An agent that speaks MCP with a program on its standard streams.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::Outcome;
use crate::daemon::proportional_megabytes;

/// An agent, connected to a server that it started.
pub(crate) struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last_id: u64,
}

impl Agent {
    /// Starts the server, and shakes hands.
    pub(crate) fn start(mut server: Command) -> Outcome<Self> {
        server.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = server.spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut agent = Self {
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
            last_id: 0,
        };
        agent.ask(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "bench", "version": "1"},
            }),
        )?;
        agent.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(agent)
    }

    fn say(&mut self, message: &Value) -> Outcome<()> {
        let input = self.input.as_mut().ok_or("the server has no input")?;
        Ok(input.write_all(format!("{message}\n").as_bytes())?)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Outcome<Value> {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err("the server has ended".into());
            }
            let mut message: Value = serde_json::from_str(&line)?;
            if message["id"] == id {
                return Ok(message["result"].take());
            }
        }
    }

    /// Calls the tool that greets.
    pub(crate) fn greet(&mut self, tool: &str) -> Outcome<()> {
        let call = json!({"name": tool, "arguments": {"name": "bench"}});
        let result = self.ask("tools/call", &call)?;
        match result["content"][0]["text"].as_str() {
            Some("Hello, bench!") => Ok(()),
            _ => Err(format!("a call gave {result}").into()),
        }
    }

    /// Lists the tools, all pages of them, and says how many there are.
    pub(crate) fn list(&mut self) -> Outcome<usize> {
        let mut params = json!({});
        let mut count = 0;
        loop {
            let page = self.ask("tools/list", &params)?;
            count += page["tools"].as_array().map_or(0, Vec::len);
            match &page["nextCursor"] {
                Value::Null => return Ok(count),
                cursor => params = json!({ "cursor": cursor }),
            }
        }
    }

    /// The memory of the server's process, in megabytes, what it shares divided among those that do.
    pub(crate) fn server_megabytes(&self) -> Outcome<f64> {
        proportional_megabytes(self.child.id())
    }

    /// Ends with its input.
    pub(crate) fn leave(mut self) -> Outcome<()> {
        drop(self.input.take());
        self.child.wait()?;
        Ok(())
    }
}
