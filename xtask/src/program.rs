//! Other programs, started in the repository's folder.

use std::ffi::OsStr;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::error::ChoreError;

/// A program about to be started. It reads nothing from the terminal.
pub(crate) struct Program {
    command: Command,
}

impl Program {
    /// A program that will run in `folder`.
    #[expect(
        clippy::disallowed_methods,
        reason = "chores are programs started one after another; this is the one place that does it"
    )]
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Self { command }
    }

    /// The cargo that runs this chore.
    pub(crate) fn cargo(folder: &Path) -> Self {
        Self::new(
            environment("CARGO").unwrap_or_else(|| "cargo".into()),
            folder,
        )
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it; what it says goes where this program's words go.
    pub(crate) fn run(mut self) -> Result<(), ChoreError> {
        let status = self.command.status();
        let status = status.map_err(|source| self.cannot_start(source))?;
        self.ended(status)
    }

    /// Runs it and returns what it says on standard output.
    pub(crate) fn output(mut self) -> Result<String, ChoreError> {
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| self.cannot_start(source))?;
        self.ended(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it and returns what it says; nothing if it is not there or fails.
    pub(crate) fn try_output(mut self) -> Option<String> {
        let output = self.command.stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// Runs it and shows `hear` every line of its standard output as it comes.
    pub(crate) fn each_line(mut self, mut hear: impl FnMut(&str)) -> Result<(), ChoreError> {
        let child = self.command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|source| self.cannot_start(source))?;
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line)? > 0 {
                hear(String::from_utf8_lossy(&line).trim_end_matches('\n'));
                line.clear();
            }
        }
        let status = child.wait()?;
        self.ended(status)
    }

    /// Starts it and waits for the first line it says. It runs until what is returned is dropped.
    pub(crate) fn start(mut self) -> Result<(Started, String), ChoreError> {
        let child = self.command.stdout(Stdio::piped()).spawn();
        let mut started = Started(child.map_err(|source| self.cannot_start(source))?);
        let mut line = String::new();
        if let Some(stdout) = started.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        Ok((started, line))
    }

    /// The program and its arguments, as they would be typed.
    fn shown(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let words = std::iter::once(name).chain(self.command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn cannot_start(&self, source: std::io::Error) -> ChoreError {
        ChoreError::Start {
            program: self.shown(),
            source,
        }
    }

    fn ended(&self, status: std::process::ExitStatus) -> Result<(), ChoreError> {
        if status.success() {
            return Ok(());
        }
        Err(ChoreError::Program {
            program: self.shown(),
            status,
        })
    }
}

/// A program that runs.
pub(crate) struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // One that has ended cannot be ended, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A variable of this program's own environment.
#[expect(
    clippy::disallowed_methods,
    reason = "a chore runs in the environment of the person who started it"
)]
pub(crate) fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
