//! Hostile programs as skills: each file of `attacks/native` must meet what the matrix says.

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_types::ErrorReport;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::attacks::compare;
use super::attacks::pass_as_ordinary;
use super::native::compile;
use super::world::World;
use super::world::scratch;

const MATRIX: &str = include_str!("../../../../attacks/native/expected.tsv");
const FOLDER: &str = "../../attacks/native";

/// Attacks made at the same time: some take a whole processor.
const AT_ONCE: usize = 2;

/// What a program is granted beside a folder to write and a host that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Program,
    Parent,
}

impl Kind {
    /// What the matrix calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Parent => "parent",
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_program_meets_what_it_must() {
    make_all(Kind::Program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_program_meets_what_it_must_if_it_may_start_others() {
    make_all(Kind::Parent).await;
}

/// The same, by somebody who is not root; where the tests are not root's, the tests above are it.
#[test]
fn every_hostile_program_of_an_ordinary_user_meets_what_it_must() {
    let tests = "native_attacks::every_hostile_program_meets_what_it_must";
    pass_as_ordinary(tests, 2, |folder| {
        let folder = folder.join("attacks");
        fs_err::create_dir(&folder).unwrap();
        for (name, source) in sources() {
            compile(source, &folder.join(name));
        }
    });
}

/// Makes every attack, and compares what they met.
async fn make_all(kind: Kind) {
    let mut ground = Ground::new().await;
    for (name, program) in programs() {
        ground.install(kind, &name, &program).await;
    }
    let ground = Arc::new(ground);
    let turn = Arc::new(Semaphore::new(AT_ONCE));
    let mut attacks = JoinSet::new();
    for name in ground.attacks.clone() {
        let (ground, turn) = (Arc::clone(&ground), Arc::clone(&turn));
        attacks.spawn(async move {
            let _turn = turn.acquire_owned().await.unwrap();
            let met = ground.attack(&name).await;
            (name, met)
        });
    }
    let met: BTreeMap<_, _> = attacks.join_all().await.into_iter().collect();
    ground.check().await;
    compare(MATRIX, kind.name(), &met);
}

/// The hostile programs' sources, by name.
fn sources() -> BTreeMap<String, PathBuf> {
    let entries = fs_err::read_dir(FOLDER).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .map(|path| (name_of(&path), path))
        .collect()
}

/// The hostile programs, by name. An ordinary user need not be able to compile them.
fn programs() -> BTreeMap<String, Vec<u8>> {
    if let Some(folder) = scratch() {
        let entries = fs_err::read_dir(folder.join("attacks")).unwrap();
        let built = entries.map(|entry| entry.unwrap().path());
        return built
            .map(|path| (name_of(&path), fs_err::read(&path).unwrap()))
            .collect();
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let build = |(name, source): (String, PathBuf)| {
        let program = folder.path().join(&name);
        compile(source, &program);
        (name, fs_err::read(program).unwrap())
    };
    sources().into_iter().map(build).collect()
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// A trusted workspace with things to change, on a machine with servers.
struct Ground {
    world: World,
    attacks: Vec<String>,
    port: u16,
    closed_port: u16,
}

impl Ground {
    async fn new() -> Self {
        let world = World::new();
        fs_err::write(world.workspace().join("secret"), "treasure").unwrap();
        world.configure(&json!({"breaker": {"failureThreshold": 1000}}));
        world.trust_workspace().await;
        Self {
            world,
            attacks: Vec::new(),
            port: serve(),
            closed_port: serve(),
        }
    }

    /// The folder that the skill of this attack may change.
    fn folder(&self, name: &str) -> PathBuf {
        self.world.workspace().join("ground").join(name)
    }

    /// Makes a skill of an attack, with a folder of its own: what one has planted is not another's.
    async fn install(&mut self, kind: Kind, name: &str, program: &[u8]) {
        let folder = self.folder(name);
        for path in ["empty", "kept/.git/hooks", "kept/.claude"] {
            fs_err::create_dir_all(folder.join(path)).unwrap();
        }
        for path in ["kept/.claude/settings.json", "kept/.mcp.json"] {
            fs_err::write(folder.join(path), "{}").unwrap();
        }
        let mut permissions = vec![
            json!({"type": "filesystem", "paths": [format!("./ground/{name}")], "access": "write"}),
            json!({"type": "network", "hosts": [format!("granted.test:{}", self.port)]}),
        ];
        let mut limits = json!({
            "cpuSeconds": 3, "wallSeconds": 180, "memoryMB": 64, "dataMB": 8, "outputMB": 1,
        });
        match kind {
            Kind::Program => {}
            Kind::Parent => {
                permissions.push(json!({"type": "process", "commands": ["true"]}));
                limits["processes"] = json!(8);
            }
        }
        let manifest = json!({
            "engine": "native", "exports": ["attack"], "permissions": permissions, "limits": limits,
        });
        let skill = name.replace('_', "-");
        self.world.program(&skill, manifest, "program", program);
        self.world.trust(&skill).await;
        self.attacks.push(name.to_owned());
    }

    /// Makes one attack, and says what it met.
    async fn attack(&self, name: &str) -> String {
        let targets = json!([{
            "secret": self.world.workspace().join("secret"),
            "writable": self.folder(name),
            "port": self.port,
            "closedPort": self.closed_port,
        }]);
        let skill = name.replace('_', "-");
        let report = self.world.exec(name, &skill, "attack", targets).await;
        self.world.runtime.end_session(name).await;
        match report.outcome {
            Ok(value) => match value.get("held").and_then(Value::as_str) {
                Some(held) => held.to_owned(),
                None => "OPEN".to_owned(),
            },
            Err(error) if is_found(&error) => "found".to_owned(),
            Err(error) => error.code.as_str().to_owned(),
        }
    }

    /// What was there is as it was.
    async fn check(&self) {
        let workspace = self.world.workspace();
        let secret = fs_err::read_to_string(workspace.join("secret")).unwrap();
        assert_eq!(secret, "treasure");
        for name in &self.attacks {
            let folder = self.folder(name);
            // One moves the folder around.
            let moved = folder.join("moved");
            let kept = if moved.exists() {
                moved
            } else {
                folder.join("kept")
            };
            for path in [".claude/settings.json", ".mcp.json"] {
                let text = fs_err::read_to_string(kept.join(path)).unwrap();
                assert_eq!(text, "{}", "{name}");
            }
            let hooks = fs_err::read_dir(kept.join(".git/hooks")).unwrap();
            assert_eq!(hooks.count(), 0, "{name}");
        }
        self.world.runtime.shutdown().await;
    }
}

/// Whether a call failed because of what it made, which is still there.
fn is_found(error: &ErrorReport) -> bool {
    let told = |fact: &str| error.context.get(fact).map(String::as_str);
    told("operation") == Some("plant")
        && told("path").is_some_and(|path| Path::new(path).symlink_metadata().is_ok())
}

/// Serves something that is not granted, to whoever asks, and says at which port of this machine.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ntreasure";
            if let Ok(1..) = stream.read(&mut [0; 1024]) {
                // Whoever asked may be gone.
                let _ = stream.write_all(answer);
            }
        }
    });
    port
}
