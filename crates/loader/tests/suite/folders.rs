//! What may and what may not be in a skill's folder, and what its digest is about.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mycelium_loader::Bound;
use mycelium_loader::EntrypointProblem;
use mycelium_loader::LinkProblem;
use mycelium_loader::LoadError;
use mycelium_loader::Origin;
use mycelium_loader::SignatureDecision;
use mycelium_loader::SignatureRule;
use mycelium_types::Digest;
use mycelium_types::Engine;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;

use super::support::Fixture;
use super::support::MANIFEST;
use super::support::request;

#[test]
fn a_plain_skill_loads() {
    let fixture = Fixture::hello();
    let skill = fixture.load().unwrap();
    let root = fs_err::canonicalize(fixture.root()).unwrap();
    assert_eq!(skill.id().to_string(), "hello-world@1.0.0");
    assert_eq!(skill.root(), root);
    assert_eq!(skill.entrypoint(), root.join("index.js"));
    assert_eq!(skill.engine(), Engine::Quickjs);
    assert_eq!(skill.signature(), SignatureDecision::Unsigned);
    assert_eq!(skill.manifest_digest(), Digest::of(MANIFEST.as_bytes()));
    assert_eq!(skill.remarks(), []);
}

#[test]
fn the_digest_is_about_paths_contents_links_and_the_executable_bit() {
    let fixture = Fixture::hello();
    let mut seen = vec![fixture.load().unwrap().digest()];
    let mut changed = |what: &str| {
        let digest = fixture.load().unwrap().digest();
        assert!(!seen.contains(&digest), "{what}");
        seen.push(digest);
    };
    fixture.write("lib/a.js", "1");
    changed("a new file");
    fixture.write("lib/a.js", "2");
    changed("another content");
    fixture.set_mode("lib/a.js", 0o755);
    changed("the executable bit");
    fs_err::rename(
        fixture.root().join("lib/a.js"),
        fixture.root().join("lib/b.js"),
    )
    .unwrap();
    changed("another name");
    fixture.link("b.js", "lib/c.js");
    changed("a link");
    fixture.write("node_modules/x/index.js", "");
    changed("a package");

    let before = fixture.load().unwrap().digest();
    fixture.write(".git/HEAD", "ref: refs/heads/main");
    fs_err::create_dir(fixture.root().join("empty")).unwrap();
    fixture.set_mode("lib/b.js", 0o700);
    let after = fixture.load().unwrap().digest();
    assert_eq!(before, after, ".git, empty folders and other mode bits");
}

#[test]
fn the_digest_is_the_documented_one() {
    let fixture = Fixture::empty();
    fixture.write("skill.json", MANIFEST);
    fixture.write("index.js", "");
    fixture.write("bin/run", "#!/bin/sh\n");
    fixture.set_mode("bin/run", 0o755);
    fixture.link("../index.js", "bin/link");
    let sha = |content: &str| Digest::of(content.as_bytes()).as_bytes().to_vec();
    let parts: Vec<Vec<u8>> = vec![
        b"mycelium-skill-content-1".to_vec(),
        b"link".to_vec(),
        b"bin/link".to_vec(),
        b"../index.js".to_vec(),
        b"executable".to_vec(),
        b"bin/run".to_vec(),
        sha("#!/bin/sh\n"),
        b"file".to_vec(),
        b"index.js".to_vec(),
        sha(""),
        b"file".to_vec(),
        b"skill.json".to_vec(),
        sha(MANIFEST),
    ];
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    assert_eq!(fixture.load().unwrap().digest(), Digest::of(&bytes));
}

#[test]
fn a_change_is_seen_with_and_without_the_memory() {
    let fixture = Fixture::hello();
    let first = fixture.load().unwrap();
    fixture.write("index.js", "module.exports = { greet() { return 1; } };");
    let second = fixture.load().unwrap();
    assert_ne!(first.digest(), second.digest());

    Fixture::settle();
    let remembered = fixture.load().unwrap();
    assert_eq!(remembered.digest(), second.digest());
    // The same size and the same modification time: only the change time tells.
    let path = fixture.root().join("index.js");
    let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
    fixture.write("index.js", "module.exports = { greet() { return 2; } };");
    fs_err::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert_ne!(fixture.load().unwrap().digest(), second.digest());
    // The old value still is what it was.
    assert_eq!(remembered.digest(), second.digest());
}

#[test]
fn a_linked_skill_folder_is_the_folder_it_leads_to() {
    let fixture = Fixture::hello();
    let link = fixture.folder.path().join("link");
    fs_err::os::unix::fs::symlink("skill", &link).unwrap();
    let linked = fixture.load_folder(&link).unwrap();
    let plain = fixture.load().unwrap();
    assert_eq!(linked.root(), plain.root());
    assert_eq!(linked.digest(), plain.digest());
}

#[test]
fn links_that_stay_are_fine() {
    let fixture = Fixture::hello();
    fixture.write("src/deep/main.js", "module.exports = {};");
    fs_err::remove_file(fixture.root().join("index.js")).unwrap();
    fixture.link("src/../src", "lib");
    fixture.link("lib/deep/main.js", "index.js");
    fixture.link("nothing-here-yet", "dangling");
    let root = fs_err::canonicalize(fixture.root()).unwrap();
    fixture.link(root.join("src"), "absolute");
    let skill = fixture.load().unwrap();
    assert_eq!(skill.entrypoint(), root.join("src/deep/main.js"));
}

#[test]
fn links_that_leave_are_refused() {
    for target in [
        "..",
        "../elsewhere",
        "/etc/passwd",
        "/nowhere/at/all",
        "src/../../x",
        "up/../../x",
        ".git/config",
        "./.git",
    ] {
        let fixture = Fixture::hello();
        fixture.write("src/deep/main.js", "");
        fixture.link("src/deep", "up");
        fixture.link(target, "way-out");
        let stays = target == "up/../../x";
        match fixture.load() {
            // `up/..` is `src`, so this is `x` beside it, whatever the letters suggest.
            Ok(_) => assert!(stays, "{target}"),
            Err(LoadError::Link {
                link,
                target: shown,
                problem,
                ..
            }) => {
                assert!(!stays, "{target}");
                assert_eq!(link, Path::new("way-out"));
                assert_eq!(shown, Path::new(target));
                assert_eq!(problem, LinkProblem::Leaves);
            }
            Err(other) => panic!("{target}: {other}"),
        }
    }
}

#[test]
fn a_loop_of_links_is_refused() {
    let fixture = Fixture::hello();
    fixture.link("b", "a");
    fixture.link("a", "b");
    let error = fixture.load().unwrap_err();
    assert!(
        matches!(
            &error,
            LoadError::Link {
                problem: LinkProblem::Loop,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn special_files_are_refused() {
    let fixture = Fixture::hello();
    let _socket = std::os::unix::net::UnixListener::bind(fixture.root().join("s")).unwrap();
    let error = fixture.load().unwrap_err();
    assert!(
        matches!(&error, LoadError::SpecialFile { path, .. } if path == Path::new("s")),
        "{error}"
    );
    assert_eq!(
        error.message().render(Locale::EnUs),
        "s is neither a file nor a folder"
    );
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let fixture = Fixture::hello();
    let file = fs_err::File::create(fixture.root().join("sparse")).unwrap();
    file.set_len(600 << 20).unwrap();
    let bound = |error| match error {
        LoadError::TooLarge { bound, .. } => bound,
        other => panic!("{other}"),
    };
    assert_eq!(bound(fixture.load().unwrap_err()), Bound::Bytes);

    let fixture = Fixture::hello();
    let deep = "d/".repeat(70);
    fs_err::create_dir_all(fixture.root().join(deep)).unwrap();
    assert_eq!(bound(fixture.load().unwrap_err()), Bound::Depth);

    let fixture = Fixture::hello();
    fixture.write("skill.json", " ".repeat((1 << 20) + 1));
    assert_eq!(bound(fixture.load().unwrap_err()), Bound::Manifest);

    let fixture = Fixture::hello();
    for folder in 0..21 {
        let folder = fixture.root().join(folder.to_string());
        fs_err::create_dir(&folder).unwrap();
        for file in 0..1_000 {
            // A link costs no inode of its own.
            fs_err::hard_link(
                fixture.root().join("index.js"),
                folder.join(file.to_string()),
            )
            .unwrap();
        }
    }
    assert_eq!(bound(fixture.load().unwrap_err()), Bound::Entries);
}

#[test]
fn names_may_be_anything() {
    let fixture = Fixture::hello();
    let name = std::ffi::OsStr::from_bytes(b"line\nbreak\xff\x1b[2J");
    fixture.write(name, "");
    let skill = fixture.load().unwrap();
    fs_err::remove_file(fixture.root().join(name)).unwrap();
    assert_ne!(fixture.load().unwrap().digest(), skill.digest());

    let strange = fixture.folder.path().join(name);
    fs_err::rename(fixture.root(), &strange).unwrap();
    let error = fixture.load_folder(&strange).unwrap_err();
    assert!(matches!(error, LoadError::NotUtf8 { .. }), "{error}");
}

#[test]
fn what_is_no_skill_says_why() {
    let fixture = Fixture::empty();
    let missing = fixture.folder.path().join("nowhere\u{1b}[2J");
    let error = fixture.load_folder(&missing).unwrap_err();
    assert!(matches!(error, LoadError::NoFolder { .. }), "{error}");
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::ManifestInvalid);
    assert!(!report.to_string().contains('\u{1b}'), "{report}");

    let error = fixture.load().unwrap_err();
    assert!(matches!(error, LoadError::NoManifest { .. }), "{error}");
    fixture.write("skill.json/nested", "");
    let error = fixture.load().unwrap_err();
    assert!(matches!(error, LoadError::NoManifest { .. }), "{error}");
    let file = fixture.root().join("skill.json/nested");
    let error = fixture.load_folder(&file).unwrap_err();
    assert!(matches!(error, LoadError::NoFolder { .. }), "{error}");
}

#[test]
fn a_bad_manifest_is_reported_with_all_its_problems() {
    let fixture = Fixture::empty();
    fixture.write(
        "skill.json",
        r#"{"name": "../x", "version": "latest", "exports": []}"#,
    );
    let report = ErrorReport::from(fixture.load().unwrap_err());
    assert_eq!(report.code, ErrorCode::ManifestInvalid);
    assert!(report.diagnostics.len() >= 4, "{:?}", report.diagnostics);
    let file = fixture.root().join("skill.json");
    assert_eq!(report.diagnostics[0].file, file.to_str().unwrap());
}

#[test]
fn an_entrypoint_is_a_file_of_the_skill() {
    for (entrypoint, expected) in [
        ("missing.js", EntrypointProblem::Missing),
        ("folder.js", EntrypointProblem::NotAFile),
        (".git/hook.js", EntrypointProblem::Leaves),
        ("dangling.js", EntrypointProblem::Missing),
    ] {
        let fixture = Fixture::hello();
        fixture.write("folder.js/x", "");
        fixture.write(".git/hook.js", "");
        fixture.link("gone.js", "dangling.js");
        fixture.write("skill.json", MANIFEST.replace("index.js", entrypoint));
        match fixture.load().unwrap_err() {
            LoadError::Entrypoint { problem, .. } => assert_eq!(problem, expected, "{entrypoint}"),
            other => panic!("{entrypoint}: {other}"),
        }
    }
}

#[test]
fn signatures_are_required_only_from_elsewhere() {
    let fixture = Fixture::hello();
    let load = |origin, rule| fixture.loader.load(&request(&fixture.root(), origin, rule));
    for origin in [Origin::BuiltIn, Origin::Local] {
        let skill = load(origin, SignatureRule::RequiredFromElsewhere).unwrap();
        assert_eq!(skill.origin(), origin);
    }
    assert!(load(Origin::External, SignatureRule::Optional).is_ok());
    let error = load(Origin::External, SignatureRule::RequiredFromElsewhere).unwrap_err();
    assert!(
        matches!(error, LoadError::SignatureMissing { .. }),
        "{error}"
    );
    assert_eq!(ErrorReport::from(error).code, ErrorCode::SignatureMissing);
}
