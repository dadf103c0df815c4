//! `mcp serve --http` that runs.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;

use serde_json::Value;

use super::TestEnvironment;

/// The skills at an address, for as long as this is kept.
pub(crate) struct Endpoint {
    child: Child,
    report: Value,
}

impl Endpoint {
    /// Starts it at a free port of this machine, with more arguments.
    pub(crate) fn start(test: &TestEnvironment, more: &[&str]) -> Self {
        let mut arguments = vec!["--json", "mcp", "serve", "--http", "127.0.0.1:0"];
        arguments.extend(more);
        let mut child = test.command(&arguments).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let report = serde_json::from_str(&line).unwrap();
        Self { child, report }
    }

    pub(crate) fn url(&self) -> String {
        let url = self.report["url"].as_str();
        url.unwrap_or_else(|| panic!("{}", self.report)).to_owned()
    }

    /// What requests have to carry.
    pub(crate) fn token(&self) -> String {
        let file = self.report["token_file"].as_str().unwrap();
        fs_err::read_to_string(file).unwrap().trim().to_owned()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
