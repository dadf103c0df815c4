//! Hostile JavaScript in real workers: each file of `attacks/engine` must meet what the matrix says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use mycelium_protocol::control::TrustRequest;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::native::compile;
use super::world::SCRATCH;
use super::world::World;
use super::world::scratch;

const MATRIX: &str = include_str!("../../../../attacks/engine/expected.tsv");
const FOLDER: &str = "../../attacks/engine";

/// A program that starts another one on a machine without Landlock.
const WITHOUT_LANDLOCK: &str = "tests/programs/without_landlock.c";

/// Attacks made at the same time: some take a whole processor, or all the memory they may have.
const AT_ONCE: usize = 4;

/// Somebody who owns nothing.
const ORDINARY: u32 = 61_000;

/// What the machine of a test lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Full,
    NoNamespaces,
    NoLandlock,
}

impl Machine {
    /// What the matrix calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoNamespaces => "no-namespaces",
            Self::NoLandlock => "no-landlock",
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_skill_meets_what_it_must() {
    make_all(Machine::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_skill_meets_what_it_must_without_namespaces() {
    make_all(Machine::NoNamespaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_skill_meets_what_it_must_without_landlock() {
    make_all(Machine::NoLandlock).await;
}

/// The same, by somebody who is not root; where the tests are not root's, the tests above are it.
#[test]
fn every_hostile_skill_of_an_ordinary_user_meets_what_it_must() {
    pass_as_ordinary(
        "attacks::every_hostile_skill_meets_what_it_must",
        3,
        |folder| {
            for (name, _) in programs() {
                let file = format!("{name}.js");
                let to = folder.join("attacks").join(&file);
                copy(&Path::new(FOLDER).join(file), &to);
            }
            compile(WITHOUT_LANDLOCK, &folder.join("without-landlock"));
        },
    );
}

/// Makes those tests of the suite that begin so, which are so many, pass once more in a process of somebody who is not
/// root, unless this one is. `furnish` puts into their folder what they need.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests start themselves again as another user"
)]
pub(super) fn pass_as_ordinary(tests: &str, count: usize, furnish: impl FnOnce(&Path)) {
    if !is_root() {
        return;
    }
    // Target folders are often in somebody's home, and a workspace below `/tmp` is a special one.
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let folder = folder.path();
    std::os::unix::fs::chown(folder, Some(ORDINARY), Some(ORDINARY)).unwrap();
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).unwrap();
    copy(
        &built.join("examples/embed"),
        &folder.join("examples/embed"),
    );
    let again = folder.join("deps/test");
    copy(&test, &again);
    furnish(folder);
    let output = Command::new(again)
        .arg(format!("suite::{tests}"))
        .env(SCRATCH, folder)
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .uid(ORDINARY)
        .gid(ORDINARY)
        .current_dir("/")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&format!("{count} passed")), "{told}");
}

/// Copies a file into a folder that need not be there.
fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to.parent().unwrap()).unwrap();
    fs_err::copy(from, to).unwrap();
}

/// Makes every attack, and compares what they met.
async fn make_all(machine: Machine) {
    let range = Arc::new(Range::new(machine).await);
    let turn = Arc::new(Semaphore::new(AT_ONCE));
    let mut attacks = JoinSet::new();
    for (name, code) in programs() {
        let (range, turn) = (Arc::clone(&range), Arc::clone(&turn));
        attacks.spawn(async move {
            let _turn = turn.acquire_owned().await.unwrap();
            let met = range.attack(&name, &code).await;
            (name, met)
        });
    }
    let met: BTreeMap<_, _> = attacks.join_all().await.into_iter().collect();
    range.check().await;
    compare(MATRIX, machine.name(), &met);
}

/// Fails unless `met`, attack by attack, is what the matrix says of this process on `machine`. Where that depends on the
/// machine, a cell says `one or other`.
pub(super) fn compare(matrix: &str, machine: &str, met: &BTreeMap<String, String>) {
    let who = if is_root() { "root" } else { "user" };
    let column = format!("{machine}/{who}");
    let expected = expected(matrix, &column);
    let names: BTreeSet<_> = expected.keys().chain(met.keys()).collect();
    let wrong: Vec<_> = names
        .into_iter()
        .filter(|name| match (expected.get(*name), met.get(*name)) {
            (Some(cell), Some(met)) => !cell.split(" or ").any(|one| one == met),
            (None, _) | (_, None) => true,
        })
        .map(|name| {
            let expected = expected
                .get(name)
                .map_or("not in the matrix", String::as_str);
            let met = met.get(name).map_or("not made", String::as_str);
            format!("{name}: {met}, expected {expected}")
        })
        .collect();
    assert!(wrong.is_empty(), "{column}: {wrong:#?}");
}

/// The hostile programs, by name.
fn programs() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // An ordinary user need not be able to read the repository.
    let folder = scratch().map_or_else(|| FOLDER.into(), |folder| folder.join("attacks"));
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "js") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            found.insert(name.to_owned(), fs_err::read_to_string(&path).unwrap());
        }
    }
    found
}

/// What each attack must meet.
fn expected(matrix: &str, column: &str) -> BTreeMap<String, String> {
    let mut lines = matrix.lines().filter(|line| !line.starts_with('#'));
    let mut names = lines.next().unwrap().split('\t');
    let place = names.position(|name| name == column).unwrap();
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').collect();
        (cells[0].to_owned(), cells[place].to_owned())
    };
    lines.map(row).collect()
}

fn is_root() -> bool {
    let ours = fs_err::metadata("/proc/self").unwrap();
    std::os::unix::fs::MetadataExt::uid(&ours) == 0
}

/// What [`WITHOUT_LANDLOCK`] is compiled to. An ordinary user need not be able to compile.
fn without_landlock() -> PathBuf {
    scratch().map_or_else(
        || {
            let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without-landlock");
            compile(WITHOUT_LANDLOCK, &built);
            built
        },
        |folder| folder.join("without-landlock"),
    )
}

/// A trusted workspace with things to steal and things to change.
struct Range {
    world: World,
}

impl Range {
    async fn new(machine: Machine) -> Self {
        let world = match machine {
            Machine::Full => World::new(),
            Machine::NoNamespaces => World::without_namespaces(),
            Machine::NoLandlock => World::without_landlock(&without_landlock()),
        };
        let workspace = world.workspace();
        fs_err::create_dir_all(workspace.join("docs")).unwrap();
        fs_err::create_dir_all(workspace.join("out")).unwrap();
        fs_err::write(workspace.join("docs/readme"), "documentation").unwrap();
        fs_err::write(workspace.join("secret"), "treasure").unwrap();
        fs_err::os::unix::fs::symlink(workspace.join("secret"), workspace.join("out/planted"))
            .unwrap();
        world.configure(&json!({
            "breaker": {"failureThreshold": 1000},
            "security": {"trustedRequiredRung": "reduced"},
        }));
        world.skill(
            "victim",
            json!({"exports": ["look"]}),
            "exports.look = () => [{}.mark0, [].mark1, globalThis.mark0, Object.keys(process.env).includes('mark0'), 42]",
        );
        let context = world.context("shell");
        let trusted = world.runtime.trust(&context, TrustRequest::Workspace).await;
        trusted.unwrap();
        Self { world }
    }

    /// Makes one attack, in two instances at the same time, and says what they met.
    async fn attack(&self, name: &str, code: &str) -> String {
        let skill = name.replace('_', "-");
        // The one that sleeps is to be woken soon; the others may have to wait for a processor.
        let wall_seconds = if name == "wait_for_ever" { 1 } else { 120 };
        let manifest = json!({
            "exports": ["attack"],
            "permissions": [
                {"type": "filesystem", "paths": ["./docs"], "access": "read"},
                {"type": "filesystem", "paths": ["./out"], "access": "write"},
            ],
            "limits": {
                "cpuSeconds": 2, "wallSeconds": wall_seconds, "memoryMB": 64, "outputMB": 1, "openFiles": 16,
                "dataMB": 8, "pathsMB": 8,
            }
        });
        self.world.skill(&skill, manifest, code);
        let (one, other) = tokio::join!(self.part(&skill, 0), self.part(&skill, 1));
        if one == other {
            one
        } else {
            format!("{one}, {other}")
        }
    }

    async fn part(&self, skill: &str, part: u32) -> String {
        let workspace = self.world.workspace();
        let targets = json!([{
            "secret": workspace.join("secret"),
            "readable": workspace.join("docs/readme"),
            "writable": workspace.join("out"),
            "planted": workspace.join("out/planted"),
            "store": self.world.root().join("mycelium"),
            "part": part,
        }]);
        let session = format!("{skill}-{part}");
        let report = self.world.exec(&session, skill, "attack", targets).await;
        self.world.runtime.end_session(&session).await;
        match report.outcome {
            Ok(Value::Null | Value::Bool(false)) => "nothing".to_owned(),
            Ok(value) => match value.get("held").and_then(Value::as_str) {
                Some(held) => held.to_owned(),
                None => "OPEN".to_owned(),
            },
            Err(error) => error.code.as_str().to_owned(),
        }
    }

    /// Nothing was changed, and whoever is not hostile works as before.
    async fn check(&self) {
        let workspace = self.world.workspace();
        let text = |path: &str| fs_err::read_to_string(workspace.join(path)).unwrap();
        assert_eq!(text("secret"), "treasure");
        assert_eq!(text("docs/readme"), "documentation");
        for (name, code) in programs() {
            let skill = name.replace('_', "-");
            assert_eq!(text(&format!("skills/{skill}/index.js")), code);
        }
        assert!(!workspace.join(".git").exists());
        assert!(!self.world.root().join("mycelium/planted").exists());
        let settings = fs_err::read_dir(workspace.join(".claude")).unwrap();
        assert_eq!(settings.count(), 1);
        let seen = self.world.value("victim", "look", json!([])).await;
        assert_eq!(seen, json!([null, null, null, false, 42]));
        self.world.runtime.shutdown().await;
    }
}
