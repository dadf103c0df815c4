//! Several processes at once, and one that may not do everything.
//!
//! A process is this test program again, with one of the ignored tests below and a working folder that
//! says what it is about. As root it runs as nobody, which has no privileges.

use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use mycelium_registry::Registry;
use mycelium_registry::Root;
use mycelium_registry::RootKind;
use mycelium_registry::Verdict;

use super::support::Fixture;
use super::support::make_old;
use super::support::manifest_json;

/// The unprivileged user and group that every system has.
const NOBODY: u32 = 65_534;

/// Prepares the folder `path` for processes: it becomes nobody's if we are root.
fn prepare(path: &Path) {
    // The build's folder may be one that nobody else may look into.
    fs_err::copy(std::env::current_exe().unwrap(), path.join("test-program")).unwrap();
    let fixture = path.parent().unwrap();
    if fs_err::metadata(fixture).unwrap().uid() == 0 {
        set_mode(fixture, 0o711);
        give_away(path);
    }
}

/// Starts `test` in the folder `path`, as nobody if we are root.
#[expect(
    clippy::disallowed_methods,
    reason = "two processes are what the tests are about"
)]
fn start(test: &str, path: &Path) -> Child {
    let mut command = Command::new(path.join("test-program"));
    command
        .args(["--exact", "--ignored", "--nocapture", test])
        .current_dir(path)
        .stdout(Stdio::null());
    if fs_err::metadata(path.parent().unwrap()).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn().unwrap()
}

fn give_away(path: &Path) {
    std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    let is_folder = fs_err::symlink_metadata(path).unwrap().is_dir();
    for entry in is_folder
        .then(|| fs_err::read_dir(path).unwrap())
        .into_iter()
        .flatten()
    {
        give_away(&entry.unwrap().path());
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn processes_discover_at_once() {
    let fixture = Fixture::new();
    for number in 0..200 {
        fixture.skill(
            format!("here/skills/{number}"),
            &format!("skill-{number}"),
            "1.0.0",
        );
    }
    let here = fixture.path("here");
    prepare(&here);
    let children: Vec<_> = (0..3)
        .map(|_| {
            // The first of them makes the file, with luck all at once.
            start("suite::processes::one_of_several", &here)
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
#[ignore = "a process started by processes_discover_at_once"]
fn one_of_several() {
    if !Path::new("test-program").exists() {
        return;
    }
    let here = std::env::current_dir().unwrap();
    let registry = Registry::open(&here.join("state/registry.db"));
    let roots = [Root {
        path: here.join("skills"),
        kind: RootKind::Workspace,
    }];
    for _ in 0..5 {
        let file = here.join("skills/7/skill.json");
        let discovery = registry.discover(&roots, &[]);
        assert_eq!(discovery.skills.len() + discovery.problems.len(), 200);
        assert!(discovery.problems.len() <= 1, "only the one being written");
        assert_eq!(discovery.notes, []);
        fs_err::write(&file, manifest_json("skill-7", "1.0.1", "")).unwrap();
        make_old(&file);
    }
}

#[test]
fn what_may_not_be_read_or_written_is_said() {
    let fixture = Fixture::new();
    fixture.skill("here/skills/open", "open", "1.0.0");
    fixture.skill("here/skills/closed/inner", "inner", "1.0.0");
    fixture.skill("here/skills/unreadable", "unreadable", "1.0.0");
    fixture.skill("here/skills/unsearchable", "unsearchable", "1.0.0");
    fs_err::create_dir_all(fixture.path("here/state")).unwrap();
    prepare(&fixture.path("here"));
    set_mode(&fixture.path("here/skills/closed"), 0o000);
    set_mode(&fixture.path("here/skills/unreadable/skill.json"), 0o000);
    set_mode(&fixture.path("here/skills/unsearchable"), 0o600);
    set_mode(&fixture.path("here/state"), 0o500);
    let mut child = start("suite::processes::one_that_may_not", &fixture.path("here"));
    let status = child.wait().unwrap();
    set_mode(&fixture.path("here/skills/closed"), 0o700);
    set_mode(&fixture.path("here/skills/unsearchable"), 0o700);
    set_mode(&fixture.path("here/state"), 0o700);
    assert!(status.success());
}

#[test]
#[ignore = "a process started by what_may_not_be_read_or_written_is_said"]
fn one_that_may_not() {
    if !Path::new("test-program").exists() {
        return;
    }
    let here = std::env::current_dir().unwrap();
    let registry = Registry::open(&here.join("state/registry.db"));
    let roots = [Root {
        path: here.join("skills"),
        kind: RootKind::Workspace,
    }];
    let discovery = registry.discover(&roots, &[]);
    let names: Vec<_> = discovery
        .skills
        .iter()
        .map(|skill| skill.id().to_string())
        .collect();
    assert_eq!(names, ["open@1.0.0"]);
    assert_eq!(discovery.problems.len(), 1);
    assert!(discovery.problems[0].folder.ends_with("unreadable"));
    for name in ["closed", "unsearchable"] {
        let path = here.join("skills").join(name);
        let candidate = discovery
            .candidates
            .iter()
            .find(|c| c.path == path)
            .unwrap();
        assert!(
            matches!(candidate.verdict, Verdict::Unreadable { .. }),
            "{candidate:?}"
        );
    }
    // Two folders, and the registry's file.
    assert_eq!(discovery.notes.len(), 3, "{:?}", discovery.notes);
}
