//! From what was seen to the lines of a manifest.

use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Operation;
use mycelium_types::Engine;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use serde_json::json;

use super::declared::Declared;
use super::declared::covers;
use super::needs::Needs;
use super::observation::Observation;

fn policy(workspace: &Path) -> SandboxPolicy {
    serde_json::from_value(serde_json::json!({
        "skill": {"name": "demo", "version": "1.0.0"}, "skill_root": workspace.join("skill"),
        "workspace": workspace, "paths": [], "dependency_layer": null, "bytecode": null,
        "data": null, "environment": {}, "limits": mycelium_types::Limits::default(),
        "required_rung": "full", "denials": []
    }))
    .unwrap()
}

fn manifest(permissions: &serde_json::Value) -> Manifest {
    let text = serde_json::json!({
        "name": "demo", "version": "1.0.0", "description": "A test.", "entrypoint": "index.js",
        "exports": ["run"], "permissions": permissions,
    });
    let reading = Manifest::read(text.to_string().as_bytes(), "skill.json");
    reading.into_result("skill.json").unwrap().0
}

fn used(operation: Operation, path: PathBuf) -> Observation {
    Observation::Used { operation, path }
}

fn text(permissions: &[Permission]) -> Vec<String> {
    let lines = permissions.iter();
    lines
        .map(|one| serde_json::to_string(one).unwrap())
        .collect()
}

/// A workspace with files, and what a skill needs that uses some of them.
fn scene() -> (tempfile::TempDir, SandboxPolicy, Needs) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().canonicalize().unwrap();
    for name in ["docs/deep", "one", "out", "unused"] {
        fs_err::create_dir_all(workspace.join(name)).unwrap();
    }
    for name in ["docs/a", "docs/b", "docs/deep/c", "one/a", "top", "out/new"] {
        fs_err::write(workspace.join(name), "x").unwrap();
    }
    let policy = policy(&workspace);
    let mut needs = Needs::default();
    for name in ["docs/a", "docs/b", "docs/deep/c", "one/a", "top", "absent"] {
        needs.note(&used(Operation::Read, workspace.join(name)), &policy);
    }
    needs.note(&used(Operation::Write, workspace.join("out/new")), &policy);
    needs.note(&used(Operation::Read, workspace.join("out/new")), &policy);
    (folder, policy, needs)
}

#[test]
fn several_files_become_their_folder_and_never_the_workspace() {
    let (_folder, policy, needs) = scene();
    assert_eq!(
        text(&needs.permissions(&policy)),
        [
            r#"{"type":"filesystem","paths":["./docs","./one/a","./top"],"access":"read"}"#,
            r#"{"type":"filesystem","paths":["./out"],"access":"write"}"#
        ]
    );
}

#[test]
fn a_manifest_is_told_what_it_asks_for_in_vain_and_what_it_lacks() {
    let (_folder, policy, needs) = scene();
    let manifest = manifest(&serde_json::json!([
        {"type": "filesystem", "paths": ["./docs", "./unused"], "access": "read"},
        {"type": "filesystem", "paths": ["./one"], "access": "write"},
        {"type": "network", "hosts": ["example.org"]},
        {"type": "environment", "variables": ["LANG"]},
    ]));
    let declared = Declared::new(&manifest, Engine::Native, &policy, Path::new("/home"));
    assert_eq!(
        text(&declared.unused(&needs)),
        [
            r#"{"type":"filesystem","paths":["./unused"],"access":"read"}"#,
            r#"{"type":"filesystem","paths":["./one"],"access":"write"}"#,
            r#"{"type":"network","hosts":["example.org"]}"#
        ]
    );
    let needed = needs.permissions(&policy);
    assert_eq!(
        text(&declared.missing(&needed)),
        [
            r#"{"type":"filesystem","paths":["./top"],"access":"read"}"#,
            r#"{"type":"filesystem","paths":["./out"],"access":"write"}"#
        ]
    );
    assert_eq!(
        text(&declared.unseen(&needs)),
        [r#"{"type":"environment","variables":["LANG"]}"#]
    );
}

#[test]
fn the_home_folder_is_asked_for_as_a_whole_or_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().canonicalize().unwrap();
    let policy = policy(&home.join("work"));
    let file = home.join("notes/today");
    fs_err::create_dir(home.join("notes")).unwrap();
    fs_err::write(&file, "x").unwrap();
    let mut needs = Needs::default();
    needs.note(&used(Operation::Read, file), &policy);
    let needed = needs.permissions(&policy);
    for (path, covers) in [("~", true), ("~/notes", true), ("~/other", false)] {
        let manifest = manifest(&json!([
            {"type": "filesystem", "paths": [path], "access": "read"},
        ]));
        let declared = Declared::new(&manifest, Engine::Quickjs, &policy, &home);
        assert_eq!(declared.unused(&needs).is_empty(), covers, "{path}");
        assert_eq!(declared.missing(&needed).is_empty(), covers, "{path}");
    }
}

#[test]
fn a_pattern_covers_the_hosts_it_is_about() {
    for (declared, needed, expected) in [
        ("api.example.org", "api.example.org:443", true),
        ("*.example.org:443", "api.example.org:443", true),
        ("*.example.org:80", "api.example.org:443", false),
        ("api.example.org:80", "api.example.org", true),
        ("other.test", "api.example.org:443", false),
    ] {
        assert_eq!(covers(declared, needed), expected, "{declared} {needed}");
    }
}

/// What a skill took that others than the sandbox decide about.
fn took(permission: serde_json::Value) -> Observation {
    Observation::Took {
        operation: Operation::Call,
        what: "something".to_owned(),
        permission: serde_json::from_value(permission).unwrap(),
        allowed: true,
    }
}

#[test]
fn what_was_seen_is_written_no_wider_than_the_manifest_has_it() {
    let policy = policy(Path::new("/w"));
    let manifest = manifest(&json!([
        {"type": "environment", "variables": ["LANG", "TERM"]},
        {"type": "mcp", "servers": ["time", "git"], "tools": ["now", "then"]},
        {"type": "skill", "skills": ["lint@^1", "sort"]},
        {"type": "secret", "names": ["TOKEN"], "hosts": ["*.example.org", "other.test"]},
        {"type": "secret", "names": ["KEY"], "hosts": ["other.test"]},
        {"type": "context", "fields": ["agent", "conversation"]},
    ]));
    let mut needs = Needs::default();
    for permission in [
        json!({"type": "environment", "variables": ["TERM"]}),
        json!({"type": "mcp", "servers": ["time"], "tools": ["now"]}),
        json!({"type": "mcp", "servers": ["git"]}),
        json!({"type": "skill", "skills": ["lint"]}),
        json!({"type": "secret", "names": ["TOKEN"], "hosts": ["api.example.org:443"]}),
        json!({"type": "secret", "names": ["KEY"]}),
    ] {
        needs.note(&took(permission), &policy);
    }
    let declared = Declared::new(&manifest, Engine::Quickjs, &policy, Path::new("/home"));
    let needed = declared.narrowed(needs.permissions(&policy));
    assert_eq!(
        text(&needed),
        [
            r#"{"type":"environment","variables":["TERM"]}"#,
            r#"{"type":"mcp","servers":["git"],"tools":["now","then"]}"#,
            r#"{"type":"mcp","servers":["time"],"tools":["now"]}"#,
            r#"{"type":"skill","skills":["lint@^1"]}"#,
            r#"{"type":"secret","names":["KEY"],"hosts":["other.test"]}"#,
            r#"{"type":"secret","names":["TOKEN"],"hosts":["api.example.org:443"]}"#,
        ]
    );
    assert_eq!(text(&declared.missing(&needed)), [""; 0]);
    assert_eq!(
        text(&declared.unused(&needs)),
        [
            r#"{"type":"environment","variables":["LANG"]}"#,
            r#"{"type":"mcp","servers":["time"],"tools":["then"]}"#,
            r#"{"type":"skill","skills":["sort"]}"#,
            r#"{"type":"secret","names":["TOKEN"],"hosts":["other.test"]}"#,
            r#"{"type":"context","fields":["conversation"]}"#,
        ]
    );
    assert_eq!(
        text(&declared.unseen(&needs)),
        [r#"{"type":"context","fields":["agent"]}"#]
    );
}

#[test]
fn what_goes_beyond_the_manifest_is_missing() {
    let policy = policy(Path::new("/w"));
    let manifest = manifest(&json!([
        {"type": "mcp", "servers": ["time"], "tools": ["now"]},
        {"type": "skill", "skills": ["lint@^1", "sort"]},
        {"type": "secret", "names": ["TOKEN"], "hosts": ["example.org"]},
    ]));
    let mut needs = Needs::default();
    for permission in [
        json!({"type": "mcp", "servers": ["time"], "tools": ["now", "then"]}),
        json!({"type": "mcp", "servers": ["git"]}),
        json!({"type": "skill", "skills": ["lint@^2", "sort@^2"]}),
        json!({"type": "secret", "names": ["TOKEN"], "hosts": ["example.org:443", "other.test:80"]}),
        json!({"type": "context", "fields": ["conversation"]}),
    ] {
        needs.note(&took(permission), &policy);
    }
    let declared = Declared::new(&manifest, Engine::Quickjs, &policy, Path::new("/home"));
    let needed = declared.narrowed(needs.permissions(&policy));
    assert_eq!(
        text(&declared.missing(&needed)),
        [
            r#"{"type":"mcp","servers":["git"]}"#,
            r#"{"type":"mcp","servers":["time"],"tools":["then"]}"#,
            r#"{"type":"skill","skills":["lint@^2"]}"#,
            r#"{"type":"secret","names":["TOKEN"],"hosts":["other.test:80"]}"#,
            r#"{"type":"context","fields":["conversation"]}"#,
        ]
    );
}

#[test]
fn a_secret_that_may_have_gone_unseen_is_neither_used_nor_unused() {
    let policy = policy(Path::new("/w"));
    let manifest = manifest(&json!([
        {"type": "secret", "names": ["TOKEN"], "hosts": ["example.org", "other.test"]},
    ]));
    let mut needs = Needs::default();
    let unreadable = Observation::Unreadable {
        secret: "TOKEN".to_owned(),
        place: "example.org:443".to_owned(),
    };
    needs.note(&unreadable, &policy);
    let declared = Declared::new(&manifest, Engine::Native, &policy, Path::new("/home"));
    assert_eq!(
        text(&declared.unseen(&needs)),
        [r#"{"type":"secret","names":["TOKEN"],"hosts":["example.org"]}"#]
    );
    assert_eq!(
        text(&declared.unused(&needs)),
        [r#"{"type":"secret","names":["TOKEN"],"hosts":["other.test"]}"#]
    );
}
