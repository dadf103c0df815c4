//! A world of its own for one test: home, project, folders, daemon.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use tempfile::TempDir;

use super::Outcome;

/// How long a daemon may take to end when it is told to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A world of its own. Its daemon ends with it.
pub(crate) struct TestEnvironment {
    root: PathBuf,
    program: PathBuf,
    _folder: TempDir,
}

impl TestEnvironment {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        for name in ["home", "run", "tmp", "project/.claude"] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(root.join(name))
                .unwrap();
        }
        Self {
            program: PathBuf::from(env!("CARGO_BIN_EXE_mycelium")),
            root,
            _folder: folder,
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.join("project")
    }

    pub(crate) fn state_folder(&self) -> PathBuf {
        self.root.join("home/.local/state/mycelium")
    }

    /// Writes a file of the project.
    pub(crate) fn file(&self, path: &str, content: &str) -> &Self {
        let path = self.workspace().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
        self
    }

    /// Writes a program. Another process does: a test beside this one that starts a program would pass on a
    /// descriptor that writes, and a file that somebody writes to cannot be started.
    pub(crate) fn executable(&self, path: &Path, text: &str) {
        let script = "mkdir -p \"$(dirname \"$0\")\" && cat >\"$0\" && chmod 755 \"$0\"";
        let path = path.to_str().unwrap();
        let mut writer = self
            .command_of(Path::new("/bin/sh"), &["-c", script, path])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        self.outcome(writer).expect(0);
    }

    /// Writes a skill of the project that exports `exports`.
    pub(crate) fn skill(&self, name: &str, exports: &[&str], code: &str) -> &Self {
        let manifest = serde_json::json!({
            "name": name,
            "version": "1.0.0",
            "description": format!("The skill {name} of a test"),
            "entrypoint": "index.js",
            "exports": exports,
        });
        self.skill_with(&manifest, code)
    }

    /// Writes the skill `slow` of the project, whose `wait` may take ten minutes.
    pub(crate) fn slow_skill(&self, code: &str) -> &Self {
        let manifest = serde_json::json!({
            "name": "slow",
            "version": "1.0.0",
            "description": "Takes its time",
            "entrypoint": "index.js",
            "exports": ["wait"],
            "limits": {"wallSeconds": 600},
        });
        self.skill_with(&manifest, code)
    }

    /// Writes a skill of the project with this manifest.
    pub(crate) fn skill_with(&self, manifest: &serde_json::Value, code: &str) -> &Self {
        let name = manifest["name"].as_str().unwrap();
        self.file(&format!("skills/{name}/skill.json"), &manifest.to_string())
            .file(&format!("skills/{name}/index.js"), code)
    }

    /// The program, not started yet, in the project and with nothing of this process's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.program, arguments)
    }

    pub(crate) fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the program under test")]
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.workspace())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.root.join("home"))
            .env("XDG_RUNTIME_DIR", self.root.join("run"))
            .env("TMPDIR", self.root.join("tmp"))
            // Longer than anything keeps a test between two commands.
            .env("MYCELIUM_DAEMON_IDLE_SECONDS", "600")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Another copy of the program, made later than the first one.
    #[expect(clippy::disallowed_methods, reason = "a test does as a person would")]
    pub(crate) fn newer_program(&self) -> PathBuf {
        let copy = self.root.join("newer-mycelium");
        // By other processes: a test beside this one that starts a program would pass on a descriptor
        // that writes, and a file that somebody writes to cannot be started.
        let run = |command: &mut Command| assert!(command.status().unwrap().success());
        run(Command::new("cp").arg(&self.program).arg(&copy));
        run(Command::new("touch")
            .args(["-d", "now + 5 seconds"])
            .arg(&copy));
        copy
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.outcome(self.command(arguments).spawn().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        self.outcome(child)
    }

    /// What became of a program that was started.
    pub(crate) fn outcome(&self, child: Child) -> Outcome {
        let output = child.wait_with_output().unwrap();
        Outcome::of(&output, &self.root)
    }

    /// The daemon's process, if it runs.
    pub(crate) fn daemon(&self) -> Option<Pid> {
        let status = self.run(&["daemon", "status", "--json"]);
        let number = status.json()["pid"].as_i64()?;
        Pid::from_raw(i32::try_from(number).ok()?)
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        // A bridge whose agent is about to notice its end would start another daemon, hence first.
        for process in self.processes("mcp") {
            end(&process);
        }
        // An agent that gives its servers few variables has a daemon of its own.
        for process in self.processes("__daemon") {
            end(&process);
        }
        // Those whose environment an ordinary person may not read.
        let other = self.root.join("home/.local/state/mycelium/run/daemon.sock");
        if other.exists() {
            let mut stop = self.command(&["daemon", "stop"]);
            let _ = stop.env_remove("XDG_RUNTIME_DIR").output();
        }
        if self.root.join("run/mycelium/daemon.sock").exists()
            && let Some(daemon) = self.daemon()
            && let Ok(daemon) = rustix::process::pidfd_open(daemon, PidfdFlags::empty())
        {
            end(&daemon);
        }
    }
}

impl TestEnvironment {
    /// The program's processes in this world that were started with this argument.
    fn processes(&self, argument: &str) -> Vec<OwnedFd> {
        let home = format!("HOME={}", self.root.join("home").display());
        let has = |process: &Path, file: &str, wanted: &str| {
            let text = fs_err::read(process.join(file)).unwrap_or_default();
            text.split(|byte| *byte == 0)
                .any(|part| part == wanted.as_bytes())
        };
        let entries = fs_err::read_dir("/proc").unwrap();
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter_map(|process| {
                let pid = Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?)?;
                // First, or it could be somebody else's by the time it is signalled.
                let held = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
                let is_ours = has(&process, "environ", &home) && has(&process, "cmdline", argument);
                is_ours.then_some(held)
            })
            .collect()
    }
}

/// Tells a process to end, and waits until it has.
fn end(process: &OwnedFd) {
    let mut end = [PollFd::new(process, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: PATIENCE.as_secs() as i64,
        tv_nsec: 0,
    };
    for signal in [Signal::TERM, Signal::KILL] {
        let _ = rustix::process::pidfd_send_signal(process, signal);
        if matches!(rustix::event::poll(&mut end, Some(&patience)), Ok(1)) {
            return;
        }
    }
}
