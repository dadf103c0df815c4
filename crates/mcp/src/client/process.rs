//! The process of a server.
//!
//! It runs as the person, with what the agents give to servers that they start: these are the servers that the person
//! has told an agent, or this program, to start.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use mycelium_runtime::ServerProgram;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process_group;
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;
use tokio::process::ChildStderr;
use tokio::process::ChildStdin;
use tokio::process::ChildStdout;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

use super::failure;
use super::lock;

/// How long a server may take to end once its input is closed, and once more when it is told to.
const LEAVE: Duration = Duration::from_secs(2);
/// How long its last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What is kept of what it says on its standard error, in bytes.
const MAX_TAIL: usize = 4096;

/// The process of a server, and those that it started, which end with it.
pub(super) struct ServerProcess {
    child: Child,
    group: Option<Pid>,
}

/// The end of what a server said on its standard error.
#[derive(Clone)]
pub(super) struct Tail {
    said: Arc<Mutex<Vec<u8>>>,
    /// Turns true when nothing more comes.
    is_whole: watch::Receiver<bool>,
}

/// A server that was started.
pub(super) struct Started {
    pub(super) process: ServerProcess,
    pub(super) input: ChildStdin,
    pub(super) output: ChildStdout,
    pub(super) tail: Tail,
}

/// Starts a server.
pub(super) fn start(program: &ServerProgram) -> io::Result<Started> {
    let mut child = Command::new(&program.program)
        .args(&program.args)
        .env_clear()
        .envs(&program.environment)
        .current_dir(&program.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What is typed at the terminal of `--no-daemon` is not for it, and what it starts ends with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let missing = || io::Error::other("it has no standard streams");
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let errors = child.stderr.take().ok_or_else(missing)?;
    let tail = Tail::follow(errors);
    Ok(Started {
        process: ServerProcess { child, group },
        input,
        output,
        tail,
    })
}

impl ServerProcess {
    /// Ends the process, whose input is closed by now: by its own will if it has one.
    pub(super) async fn end(mut self) {
        for signal in [None, Some(Signal::TERM)] {
            if let Some(signal) = signal {
                self.signal(signal);
            }
            if timeout(LEAVE, self.child.wait()).await.is_ok() {
                break;
            }
        }
        // Whatever it left behind, and itself if it is still there.
        self.signal(Signal::KILL);
        if let Err(error) = self.child.wait().await {
            tracing::warn!(%error, "a server's process could not be waited for");
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // A group that is empty cannot be told anything, which is as good.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Tail {
    fn follow(mut errors: ChildStderr) -> Self {
        let (whole, is_whole) = watch::channel(false);
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let tail = Arc::clone(&said);
        tokio::spawn(async move {
            let mut chunk = [0; MAX_TAIL];
            while let Ok(count @ 1..) = errors.read(&mut chunk).await {
                let mut tail = lock(&tail);
                tail.extend_from_slice(&chunk[..count]);
                let surplus = tail.len().saturating_sub(MAX_TAIL);
                tail.drain(..surplus);
            }
            whole.send_replace(true);
        });
        Self { said, is_whole }
    }

    /// What happened to a server that has ended or is about to, with the last line that it said.
    pub(super) async fn after(&self, reason: &str) -> String {
        match self.last_line().await {
            Some(line) => format!("{reason} ({line})"),
            None => reason.to_owned(),
        }
    }

    async fn last_line(&self) -> Option<String> {
        let mut is_whole = self.is_whole.clone();
        // One that closed its output and lives on is not waited for.
        let _ = timeout(LAST_WORDS, is_whole.wait_for(|whole| *whole)).await;
        let tail = lock(&self.said);
        let text = String::from_utf8_lossy(&tail);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(failure::text(line.trim()))
    }
}
