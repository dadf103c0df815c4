//! Packages as real programs make them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mycelium_package::Package;

use super::archive::Entry;
use super::archive::SKILL;
use super::archive::archive;
use super::archive::opened;
use super::archive::skill_with;

/// Whether `program` runs here. If it must, and does not, the test fails.
fn runs(program: &str) -> bool {
    let outcome = command(program).arg("--version").output();
    let runs = outcome.is_ok_and(|output| output.status.success());
    if !runs {
        #[expect(
            clippy::disallowed_methods,
            reason = "a setting of the test run itself"
        )]
        let required = std::env::var("MYCELIUM_TEST_REQUIRE").is_ok_and(|value| value == "all");
        assert!(!required, "there is no {program} here");
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!("skipped: there is no {program} here");
        }
    }
    runs
}

#[expect(clippy::disallowed_methods, reason = "the program is what is tested")]
fn command(program: &str) -> std::process::Command {
    std::process::Command::new(program)
}

/// Writes a skill's folder, has a program make `tool.skill` of it, and unpacks that.
fn unpacked_from(program: &str, arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool");
    fs_err::create_dir_all(tool.join("scripts")).unwrap();
    fs_err::write(tool.join("SKILL.md"), SKILL).unwrap();
    let run = tool.join("scripts/run.sh");
    fs_err::write(&run, "#!/bin/sh\necho done\n".repeat(100)).unwrap();
    fs_err::set_permissions(&run, PermissionsExt::from_mode(0o755)).unwrap();
    let output = command(program)
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let package = Package::open(&folder.path().join("tool.skill")).unwrap();
    assert_eq!(package.folder(), "tool");
    package.unpack(&folder.path().join("unpacked")).unwrap();
    let unpacked = fs_err::read(folder.path().join("unpacked/SKILL.md")).unwrap();
    assert_eq!(unpacked, SKILL);
    folder
}

#[test]
fn pythons_zipfile_makes_packages() {
    if !runs("python3") {
        return;
    }
    // As the packaging script of Anthropic's skill creator does it, with entries for folders too.
    let script = "import zipfile, pathlib
with zipfile.ZipFile('tool.skill', 'w', zipfile.ZIP_DEFLATED) as z:
    for f in sorted(pathlib.Path('tool').rglob('*')):
        z.write(f, f)";
    let folder = unpacked_from("python3", &["-c", script]);
    let run = folder.path().join("unpacked/scripts/run.sh");
    let mode = fs_err::metadata(run).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o555);
}

#[test]
fn a_stream_makes_packages() {
    if !runs("python3") {
        return;
    }
    // Sizes follow the content where the output cannot be gone back in.
    let script = "import zipfile, pathlib
class Pipe:
    def __init__(self, f): self.f = f
    def write(self, b): return self.f.write(b)
    def flush(self): pass
with open('tool.skill', 'wb') as f, zipfile.ZipFile(Pipe(f), 'w', zipfile.ZIP_DEFLATED) as z:
    for p in sorted(pathlib.Path('tool').rglob('*.*')):
        z.write(p, p)";
    unpacked_from("python3", &["-c", script]);
}

#[test]
fn info_zip_makes_packages() {
    if runs("zip") {
        unpacked_from("zip", &["-9", "-r", "tool.skill", "tool"]);
    }
}

#[test]
fn the_folder_is_the_archives_or_the_packages_own() {
    let inside = opened(skill_with(&[])).unwrap();
    assert_eq!(inside.folder(), "tool");
    let flat = opened(archive(&[Entry::file("SKILL.md", SKILL)])).unwrap();
    assert_eq!(flat.folder(), "tool", "the package is called tool.skill");
    let reading = flat.skill().unwrap();
    assert_eq!(reading.conforms, Some(true));
    assert_eq!(reading.manifest.unwrap().name.as_str(), "tool");
}

#[test]
fn what_macos_adds_is_left_out() {
    let package = skill_with(&[
        Entry::folder("tool/"),
        Entry::folder("__MACOSX/"),
        Entry::file("__MACOSX/tool/._SKILL.md", b"fork"),
    ]);
    let paths: Vec<_> = opened(package)
        .unwrap()
        .digests()
        .unwrap()
        .into_iter()
        .map(|file| file.path)
        .collect();
    assert_eq!(paths, ["SKILL.md"]);
}

#[test]
fn scripts_are_methods_and_keep_their_mark() {
    let package = skill_with(&[
        Entry {
            mode: 0o100_755,
            ..Entry::file("tool/scripts/program", b"#!/bin/sh\n")
        },
        Entry::file("tool/scripts/data", b"no program"),
        Entry {
            mode: 0,
            ..Entry::file("tool/scripts/run.py", b"print()")
        },
        Entry::file("tool/scripts/streamed.sh", b"echo").with_descriptor(),
    ]);
    let package = opened(package).unwrap();
    let manifest = package.skill().unwrap().manifest.unwrap();
    let exports: Vec<_> = manifest.exports.iter().map(|it| it.name.clone()).collect();
    assert_eq!(exports, ["program", "run", "streamed"]);
}

#[test]
fn a_file_that_is_none_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Package::is_named(Path::new("/a/b.skill")));
    assert!(!Package::is_named(Path::new("/a/b.zip")));
    for path in [folder.path().to_owned(), folder.path().join("missing")] {
        let error = Package::open(&path).unwrap_err();
        assert_eq!(error.path(), path);
    }
}
