//! Node.js doing the same jobs, without any sandbox.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::Outcome;
use crate::daemon::proportional_megabytes;
use crate::report;
use crate::scene::COPIES;
use crate::scene::Scene;
use crate::scene::command;
use crate::scene::packages_code;

const STARTS: usize = 30;
const CALLS: usize = 3_000;

const GREET: &str = "\
exports.greet = (name) => `Hello, ${name}!`;
";
const ONCE: &str = "\
console.log(require('./greet.js').greet('bench'));
";
const SERVE: &str = "\
const { greet } = require('./greet.js');
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, args } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id, result: greet(...args) }) + '\\n');
});
";

/// Measures a start with one call, calls of a running process, and ten processes' memory.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let place = scene.place("node");
    fs_err::create_dir_all(&place)?;
    for (name, code) in [("greet.js", GREET), ("once.js", ONCE), ("serve.js", SERVE)] {
        fs_err::write(place.join(name), code)?;
    }
    let times = report::measure(STARTS, || ended_well(node(&place).arg("once.js")))?;
    report::times("node-start", &times)?;

    let mut server = Server::start(&place)?;
    let times = report::measure(CALLS, || server.call())?;
    report::times("node-pipe", &times)?;
    server.stop()?;

    let mut servers = (0..COPIES)
        .map(|_| Server::start(&place))
        .collect::<Outcome<Vec<_>>>()?;
    let mut megabytes = 0.0;
    for server in &mut servers {
        server.call()?;
    }
    for server in &servers {
        megabytes += proportional_megabytes(server.child.id())?;
    }
    for server in servers {
        server.stop()?;
    }
    report::amount("node-memory", megabytes)
}

/// Measures a start that loads the same ten packages.
pub(crate) fn packages(scene: &Scene, layer: &Path) -> Outcome<()> {
    let place = scene.place("node-npm");
    fs_err::create_dir_all(&place)?;
    fs_err::write(place.join("packages.js"), packages_code())?;
    let modules = layer.join("node_modules");
    let times = report::measure(STARTS, || {
        ended_well(
            node(&place)
                .env("NODE_PATH", &modules)
                .args(["-p", "require('./packages.js').greet()"]),
        )
    })?;
    report::times("node-npm", &times)
}

fn node(place: &Path) -> Command {
    let mut node = command(Path::new("node"));
    node.current_dir(place).stdout(Stdio::null());
    node
}

fn ended_well(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("node: {status}").into())
}

/// A running Node.js that answers lines with lines.
struct Server {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(place: &Path) -> Outcome<Self> {
        let mut child = node(place)
            .arg("serve.js")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = child.stdout.take().ok_or("node has no output")?;
        Ok(Self {
            child,
            answers: BufReader::new(answers),
        })
    }

    fn call(&mut self) -> Outcome<()> {
        let input = self.child.stdin.as_mut().ok_or("node has no input")?;
        input.write_all(b"{\"id\":1,\"method\":\"greet\",\"args\":[\"bench\"]}\n")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer
            .contains("Hello, bench!")
            .then_some(())
            .ok_or("node gave no answer".into())
    }

    /// Ends with its input.
    fn stop(mut self) -> Outcome<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}
