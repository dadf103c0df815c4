//! Making packages.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mycelium_package::Package;
use mycelium_package::PackageError;
use mycelium_package::pack;
use mycelium_types::ArchiveProblem;

use super::archive::SKILL;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("SKILL.md", SKILL),
        ("scripts/run.sh", b"#!/bin/sh\necho\n"),
        ("references/long.md", "long ".repeat(10_000).as_bytes()),
        ("empty", b""),
        (".git/HEAD", b"not packed"),
        ("tool.skill", b"not packed"),
    ] {
        let path = folder.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
    set_mode(folder.path(), "scripts/run.sh", 0o700);
    folder
}

fn set_mode(folder: &Path, path: &str, mode: u32) {
    fs_err::set_permissions(folder.join(path), PermissionsExt::from_mode(mode)).unwrap();
}

fn packed(folder: &Path) -> Result<Package, PackageError> {
    pack(folder, "tool", Path::new("/packages/tool.skill"))
}

#[test]
fn what_is_packed_comes_out_again() {
    let folder = folder();
    let package = packed(folder.path()).unwrap();
    assert_eq!(package.folder(), "tool");
    assert!(package.bytes().len() < 2_000);
    let files: Vec<_> = package
        .digests()
        .unwrap()
        .into_iter()
        .map(|file| (file.path, file.executable))
        .collect();
    let expected = [
        ("SKILL.md", false),
        ("empty", false),
        ("references/long.md", false),
        ("scripts/run.sh", true),
    ];
    assert_eq!(files, expected.map(|(path, is)| (path.to_owned(), is)));
    let out = tempfile::tempdir().unwrap();
    package.unpack(out.path()).unwrap();
    for (path, _) in expected {
        let read = |root: &Path| fs_err::read(root.join(path)).unwrap();
        assert_eq!(read(folder.path()), read(out.path()));
    }
}

#[test]
fn the_same_files_make_the_same_bytes() {
    let (one, other) = (folder(), folder());
    // Neither times nor the modes of others, nor the order in which files were made, make a difference.
    set_mode(other.path(), "SKILL.md", 0o600);
    fs_err::rename(other.path().join("empty"), other.path().join("x")).unwrap();
    fs_err::rename(other.path().join("x"), other.path().join("empty")).unwrap();
    let file = fs_err::File::options()
        .write(true)
        .open(other.path().join("empty"))
        .unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let digest = packed(one.path()).unwrap().digest();
    assert_eq!(digest, packed(other.path()).unwrap().digest());
    fs_err::write(other.path().join("empty"), "x").unwrap();
    assert_ne!(digest, packed(other.path()).unwrap().digest());
}

#[test]
fn what_no_package_may_have_is_not_packed() {
    let folder = folder();
    fs_err::os::unix::fs::symlink("SKILL.md", folder.path().join("link")).unwrap();
    let error = packed(folder.path()).unwrap_err();
    let PackageError::Refused { entry, problem, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((entry.as_str(), problem), ("link", ArchiveProblem::Link));
    fs_err::remove_file(folder.path().join("link")).unwrap();
    fs_err::write(folder.path().join("skill.MD"), "").unwrap();
    assert!(packed(folder.path()).is_err());
}
