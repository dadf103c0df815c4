//! A skill's surroundings on disk, a launcher, and a line to hostile workers.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_policy::PathGrant;
use mycelium_policy::Rung;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::Exit;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::SandboxReport;
use mycelium_sandbox::Worker;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use tempfile::TempDir;

use super::hostile::Finding;
use super::hostile::Order;

/// Long enough for anything that will happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn start() -> Launcher {
    let program = std::env::current_exe().unwrap();
    Launcher::start(&LauncherOptions::new(program)).unwrap()
}

/// A workspace with a skill in it.
pub(crate) struct Site {
    base: PathBuf,
    _folder: Option<TempDir>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        Self {
            _folder: Some(folder),
            ..Self::furnish(base)
        }
    }

    /// One in the folder of a file, which somebody else removes.
    pub(crate) fn beside(file: &Path) -> Self {
        Self::furnish(file.parent().unwrap().canonicalize().unwrap())
    }

    fn furnish(base: PathBuf) -> Self {
        for path in ["ws/skills/sample", "ws/docs", "ws/out", "data", "deps/left"] {
            fs_err::create_dir_all(base.join(path)).unwrap();
        }
        for (path, text) in [
            ("ws/skills/sample/index.js", "code"),
            ("ws/docs/readme", "documentation"),
            ("ws/secret", "treasure"),
            ("deps/left/pad", "dependency"),
            ("bytecode", "compiled"),
        ] {
            fs_err::write(base.join(path), text).unwrap();
        }
        Self {
            base,
            _folder: None,
        }
    }

    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.base.join(relative)
    }

    /// Nothing but the skill's own folder.
    pub(crate) fn policy(&self) -> SandboxPolicy {
        SandboxPolicy {
            skill: mycelium_types::SkillId {
                name: "sample".parse().unwrap(),
                version: "1.0.0".parse().unwrap(),
            },
            skill_root: self.path("ws/skills/sample"),
            workspace: self.path("ws"),
            paths: Vec::new(),
            sealed: Vec::new(),
            program: None,
            dependency_layer: None,
            bytecode: None,
            certificates: None,
            data: None,
            network: mycelium_policy::NetworkPolicy::default(),
            environment: BTreeMap::new(),
            limits: Limits::default(),
            required_rung: Rung::Full,
            absent: Vec::new(),
            denials: Vec::new(),
            observed: false,
        }
    }

    pub(crate) fn grant(&self, relative: &str, access: FileAccess) -> PathGrant {
        PathGrant {
            declared: relative.to_owned(),
            path: self.path(relative),
            access,
        }
    }
}

/// A worker that does what it is told.
pub(crate) struct Puppet {
    pub(crate) worker: Worker,
    reader: BufReader<UnixStream>,
}

impl Puppet {
    /// A worker without a skill.
    pub(crate) fn warm(launcher: &Launcher) -> Self {
        Self::of(launcher.spawn().unwrap())
    }

    fn of(mut worker: Worker) -> Self {
        let socket = worker.take_socket().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            worker,
            reader: BufReader::new(socket),
        }
    }

    /// A worker for a program, under `policy`.
    pub(crate) fn program(launcher: &Launcher, policy: &SandboxPolicy) -> Self {
        let mut puppet = Self::of(launcher.spawn_program().unwrap());
        launcher.assign(&puppet.worker, policy).unwrap();
        puppet.restrict(policy);
        puppet
    }

    /// A worker under `policy`.
    pub(crate) fn with(launcher: &Launcher, policy: &SandboxPolicy) -> Self {
        let mut puppet = Self::warm(launcher);
        launcher.assign(&puppet.worker, policy).unwrap();
        puppet.restrict(policy);
        puppet
    }

    pub(crate) fn restrict(&mut self, policy: &SandboxPolicy) -> SandboxReport {
        let report = self.tell(&Order::Restrict(Box::new(policy.clone())));
        serde_json::from_str(&report.unwrap()).unwrap()
    }

    /// Gives an order without waiting for what comes of it.
    pub(crate) fn order(&mut self, order: &Order) {
        let mut line = serde_json::to_vec(order).unwrap();
        line.push(b'\n');
        self.reader.get_mut().write_all(&line).unwrap();
    }

    /// What the worker found when it did what it was told.
    pub(crate) fn tell(&mut self, order: &Order) -> Finding {
        self.order(order);
        self.finding()
            .unwrap_or_else(|| panic!("the worker ended: {:?}", self.exit()))
    }

    /// What came of an order; `None` if the worker ended of it.
    pub(crate) fn finding(&mut self) -> Option<Finding> {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    /// How the worker ended, which it must.
    pub(crate) fn exit(&self) -> Exit {
        self.worker.wait_exit(PATIENCE).unwrap()
    }
}
