//! Which folders are taken as skills.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use mycelium_registry::Registry;
use mycelium_registry::RootKind;
use mycelium_registry::Verdict;
use mycelium_types::Locale;
use mycelium_types::Severity;
use mycelium_types::SkillSource;

use super::support::Fixture;
use super::support::ids;
use super::support::manifest_json;

#[test]
fn skills_are_found_below_roots_and_not_below_one_another() {
    let fixture = Fixture::new();
    fixture.skill("skills/hello", "hello", "1.0.0");
    fixture.skill("skills/group/deep/bye", "bye", "0.1.0");
    fixture.skill("skills/hello/examples/inner", "inner", "1.0.0");
    fs_err::write(fixture.path("skills/README.md"), "").unwrap();
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["bye@0.1.0", "hello@1.0.0"]);
    assert_eq!(discovery.new.len(), 2);
    assert_eq!((discovery.read, discovery.reused), (2, 0));
    assert_eq!(discovery.notes, []);
    assert_eq!(discovery.problems, []);
    let looked: Vec<_> = discovery
        .candidates
        .iter()
        .map(|c| c.path.clone())
        .collect();
    let expected = [
        "skills",
        "skills/group",
        "skills/hello",
        "skills/group/deep",
        "skills/group/deep/bye",
    ];
    assert_eq!(looked, expected.map(|path| fixture.path(path)));
    assert!(fixture.discover("skills").new.is_empty());
}

#[test]
fn a_root_may_itself_be_a_skill_or_not_exist() {
    let fixture = Fixture::new();
    fixture.skill("hello", "hello", "1.0.0");
    fs_err::write(fixture.path("file"), "").unwrap();
    let discovery = fixture.discover_in(&[
        ("hello", RootKind::Workspace),
        ("nowhere", RootKind::User),
        ("file", RootKind::User),
    ]);
    assert_eq!(ids(&discovery), ["hello@1.0.0"]);
    assert_eq!(fixture.verdict(&discovery, "nowhere"), Verdict::Missing);
    assert_eq!(fixture.verdict(&discovery, "file"), Verdict::NotAFolder);
    let missing: Vec<_> = discovery
        .missing_roots()
        .map(|root| root.path.clone())
        .collect();
    assert_eq!(missing, [fixture.path("nowhere")]);
    assert_eq!(
        discovery.notes.len(),
        1,
        "a file is no root: {:?}",
        discovery.notes
    );
}

#[test]
fn broken_skills_are_reported_beside_good_ones() {
    let fixture = Fixture::new();
    fixture.skill("skills/good", "good", "1.0.0");
    fixture.manifest("skills/not-json", "{nope");
    fixture.manifest("skills/not-utf8", b"\xff\xfe{}");
    fixture.manifest("skills/empty", "");
    fixture.manifest("skills/huge", " ".repeat((1 << 20) + 1));
    fixture.manifest("skills/deep", "[".repeat(10_000));
    fixture.manifest(
        "skills/missing-fields",
        r#"{"name": "../x", "version": "latest"}"#,
    );
    fs_err::create_dir_all(fixture.path("skills/folder/skill.json")).unwrap();
    fs_err::create_dir_all(fixture.path("skills/socket")).unwrap();
    let _socket = UnixListener::bind(fixture.path("skills/socket/skill.json")).unwrap();
    fs_err::create_dir_all(fixture.path("skills/dangling")).unwrap();
    fixture.link("gone.json", "skills/dangling/skill.json");
    fs_err::create_dir_all(fixture.path("skills/loop")).unwrap();
    fixture.link("skill.json", "skills/loop/skill.json");
    fs_err::create_dir_all(fixture.path("skills/leaves")).unwrap();
    fixture.link("../good/skill.json", "skills/leaves/skill.json");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["good@1.0.0"]);
    assert_eq!(discovery.problems.len(), 11);
    for problem in &discovery.problems {
        let first = problem.first().unwrap();
        assert_eq!(first.severity, Severity::Error);
        assert!(!first.message.is_empty());
        assert!(
            Path::new(&first.file).starts_with(&problem.folder),
            "{}",
            first.file
        );
        let path = problem.folder.strip_prefix(fixture.folder.path()).unwrap();
        let verdict = fixture.verdict(&discovery, path.to_str().unwrap());
        assert!(
            matches!(verdict, Verdict::Broken { errors } if errors > 0),
            "{path:?}"
        );
    }
    let missing = fixture.verdict(&discovery, "skills/missing-fields");
    assert_eq!(
        missing.message().render(Locale::EnUs),
        "what it says of itself has 5 errors"
    );
}

#[test]
fn links_to_folders_are_followed_and_loops_end() {
    let fixture = Fixture::new();
    fixture.skill("elsewhere/real", "real", "1.0.0");
    fixture.skill("skills/hello", "hello", "1.0.0");
    fixture.link("../elsewhere/real", "skills/linked");
    fixture.link("..", "skills/up");
    fixture.link(".", "skills/self");
    fixture.link("nowhere", "skills/dangling");
    fixture.link("b", "skills/a");
    fixture.link("a", "skills/b");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["hello@1.0.0", "real@1.0.0"]);
    let first = fixture.path("skills");
    assert_eq!(
        fixture.verdict(&discovery, "skills/self"),
        Verdict::Seen { first }
    );
    let linked = discovery.skills[1].source.to_string();
    assert_eq!(Path::new(&linked), fixture.path("skills/linked"));
}

#[test]
fn several_roots_may_lead_to_one_skill() {
    let fixture = Fixture::new();
    fixture.skill("skills/group/hello", "hello", "1.0.0");
    fixture.link("skills/group", "alias");
    let discovery = fixture.discover_in(&[
        ("alias", RootKind::Workspace),
        ("skills", RootKind::User),
        ("skills", RootKind::User),
    ]);
    assert_eq!(ids(&discovery), ["hello@1.0.0"]);
    assert_eq!(discovery.collisions, []);
    let seen = discovery
        .candidates
        .iter()
        .filter(|c| matches!(c.verdict, Verdict::Seen { .. }));
    assert_eq!(seen.count(), 2);
}

#[test]
fn what_is_hidden_is_still_told() {
    let fixture = Fixture::new();
    fixture.skill("skills/hello", "hello", "1.0.0");
    fixture.skill("user/hello", "hello", "1.0.0");
    let discovery =
        fixture.discover_in(&[("skills", RootKind::Workspace), ("user", RootKind::User)]);
    assert_eq!(ids(&discovery), ["hello@1.0.0"]);
    let sources: Vec<_> = discovery.found.iter().map(|it| it.source.clone()).collect();
    let folder = |path| SkillSource::Folder {
        path: fixture.path(path),
    };
    assert_eq!(sources, [folder("skills/hello"), folder("user/hello")]);
}

#[test]
fn ignore_files_have_gitignore_s_syntax() {
    let fixture = Fixture::new();
    for name in ["one", "two", "legacy-a", "legacy-b", "three"] {
        fixture.skill(format!("skills/{name}"), name, "1.0.0");
        fixture.skill(format!("user/{name}"), name, "2.0.0");
    }
    fixture.skill("whole/x", "x", "1.0.0");
    fs_err::create_dir_all(fixture.path(".claude")).unwrap();
    let write = |text: &str| fs_err::write(fixture.path(".claude/skills-ignore"), text).unwrap();
    write("# comment\n\nlegacy-*\n!legacy-b\n/skills/one/\nskills/t*o\n/whole\n[z-a]\n");
    let discovery = fixture.discover_in(&[
        ("skills", RootKind::Workspace),
        ("user", RootKind::User),
        ("whole", RootKind::Workspace),
    ]);
    assert_eq!(
        ids(&discovery),
        [
            "legacy-b@2.0.0",
            "legacy-b@1.0.0",
            "one@2.0.0",
            "three@2.0.0",
            "three@1.0.0",
            "two@2.0.0"
        ]
    );
    assert_eq!(
        fixture.verdict(&discovery, "skills/legacy-a"),
        Verdict::Ignored {
            pattern: "legacy-*".to_owned(),
            file: fixture.path(".claude/skills-ignore"),
        }
    );
    assert!(matches!(
        fixture.verdict(&discovery, "whole"),
        Verdict::Ignored { .. }
    ));
    assert_eq!(discovery.notes.len(), 1, "{:?}", discovery.notes);
    assert_eq!(discovery.notes[0].position.unwrap().line, 8);

    // Outside the file's folder, patterns are about the root.
    let elsewhere = Fixture::new();
    elsewhere.skill("root/a/one", "one", "1.0.0");
    elsewhere.skill("root/two", "two", "1.0.0");
    write("/a/one\n");
    let roots = [elsewhere.root("root", RootKind::User)];
    let ignore = [mycelium_registry::IgnoreFile {
        path: fixture.path(".claude/skills-ignore"),
        base: fixture.folder.path().to_owned(),
    }];
    assert_eq!(
        ids(&elsewhere.registry.discover(&roots, &ignore)),
        ["two@1.0.0"]
    );

    write(&"x\n".repeat(200_000));
    assert_eq!(fixture.discover("skills").notes.len(), 1, "too large");
    write(&"x\n".repeat(3_000));
    assert_eq!(fixture.discover("skills").notes.len(), 1, "too many");
    write("\u{fffd}\0\n\\\n{a,\n***/**/**/[!\n");
    assert_eq!(fixture.discover("skills").skills.len(), 5);
}

#[test]
fn names_may_be_anything() {
    let fixture = Fixture::new();
    fixture.skill("skills/line\nbreak", "breaks", "1.0.0");
    fixture.skill("skills/\u{1b}[2J", "clears", "1.0.0");
    fixture.skill("skills/-rf ; $(x) 'q' \"d\"", "shell", "1.0.0");
    fixture.skill(
        Path::new("skills").join(OsStr::from_bytes(b"not-\xff-utf8")),
        "strange",
        "1.0.0",
    );
    let discovery = fixture.discover("skills");
    assert_eq!(
        ids(&discovery),
        ["breaks@1.0.0", "clears@1.0.0", "shell@1.0.0"]
    );
    assert_eq!(discovery.problems.len(), 1);
    let folder = discovery.problems[0].folder.to_str();
    assert!(
        folder.is_some_and(|folder| folder.ends_with("not-\u{fffd}-utf8")),
        "{folder:?}"
    );
    for candidate in &discovery.candidates {
        assert!(candidate.path.to_str().is_some());
        let reason = candidate.verdict.message().render(Locale::EnUs);
        assert!(!reason.contains(['\u{1b}', '\n']), "{reason}");
    }
}

#[test]
fn depth_and_number_of_folders_are_bounded() {
    let fixture = Fixture::new();
    fixture.skill("skills/1/2/3/4/5/6", "six", "1.0.0");
    fixture.skill("skills/a/2/3/4/5/6/7", "seven", "1.0.0");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["six@1.0.0"]);
    assert_eq!(
        fixture.verdict(&discovery, "skills/a/2/3/4/5/6/7"),
        Verdict::TooDeep
    );

    for number in 0..2_010 {
        fs_err::create_dir_all(fixture.path(format!("many/{number:04}"))).unwrap();
    }
    fixture.skill("many/0001", "early", "1.0.0");
    fixture.skill("many/2005", "late", "1.0.0");
    let discovery = fixture.discover("many");
    assert_eq!(ids(&discovery), ["early@1.0.0"]);
    assert_eq!(discovery.candidates.len(), 2_001);
    let last = &discovery.candidates[2_000];
    assert_eq!(last.path, fixture.path("many/1999"));
    assert_eq!(last.verdict, Verdict::TooMany { most: 2_000 });
    assert_eq!(discovery.notes.len(), 1);
}

#[test]
fn some_folders_are_never_searched() {
    let fixture = Fixture::new();
    fixture.skill("skills/node_modules/x", "x", "1.0.0");
    fixture.skill("skills/.git/y", "y", "1.0.0");
    fixture.skill("skills/.hidden/z", "z", "1.0.0");
    let discovery = fixture.discover("skills");
    assert_eq!(ids(&discovery), ["z@1.0.0"]);
    assert_eq!(
        fixture.verdict(&discovery, "skills/node_modules"),
        Verdict::Skipped
    );
    assert_eq!(fixture.verdict(&discovery, "skills/.git"), Verdict::Skipped);
    assert_eq!(fixture.verdict(&discovery, "skills"), Verdict::NoManifest);
}

#[test]
fn remarks_of_good_skills_are_kept() {
    let fixture = Fixture::new();
    fixture.manifest(
        "skills/a",
        manifest_json("a", "1.0.0", r#""colour": "red","#),
    );
    for _ in 0..2 {
        let discovery = fixture.discover("skills");
        assert_eq!(discovery.skills[0].remarks.len(), 1);
        assert_eq!(discovery.skills[0].remarks[0].severity, Severity::Warning);
    }
    let registry = Registry::open(&fixture.database());
    let discovery = registry.discover(&[fixture.root("skills", RootKind::User)], &[]);
    assert_eq!(discovery.reused, 1);
    assert_eq!(discovery.skills[0].remarks.len(), 1);
}
