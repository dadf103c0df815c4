//! Hostile archives whose hashes are right: the whole way, not only the unpacking.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use mycelium_resolver::ResolverError;
use mycelium_types::ArchiveProblem;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use tar::EntryType;
use tar::Header;

use super::published::Published;
use super::published::archive_of;
use super::scene::Scene;
use super::scene::npm;

/// An archive of one entry, as nobody's tools would make it.
fn archive(kind: EntryType, path: &str, link: &str) -> Vec<u8> {
    let mut header = Header::new_gnu();
    let fields = header.as_old_mut();
    fields.name[..path.len()].copy_from_slice(path.as_bytes());
    fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_mode(0o644);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(header.as_bytes()).unwrap();
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    for (bytes, expected) in [
        (
            archive(EntryType::Regular, "/tmp/outside", ""),
            ArchiveProblem::AbsolutePath,
        ),
        (
            archive(EntryType::Regular, "package/../../../outside", ""),
            ArchiveProblem::ParentFolder,
        ),
        (
            archive(EntryType::Symlink, "package/link", "/etc"),
            ArchiveProblem::Link,
        ),
        (
            archive(EntryType::Link, "package/link", "/etc/passwd"),
            ArchiveProblem::Link,
        ),
        (
            archive(EntryType::Char, "package/device", ""),
            ArchiveProblem::SpecialFile,
        ),
        (
            archive_of([("a.js", ""), ("A.js", "")].into_iter()),
            ArchiveProblem::Collision,
        ),
        (b"not an archive".to_vec(), ArchiveProblem::Malformed),
    ] {
        let scene = Scene::new();
        scene
            .registry
            .publish(Published::new("a", "1.0.0").archive(bytes));
        match scene.fail(&npm(&[("a", "1")])) {
            ResolverError::HostileArchive { problem, .. } => assert_eq!(problem, expected),
            other => panic!("{other}"),
        }
        assert_eq!(scene.names_in_store("npm"), [""; 0]);
        assert_eq!(scene.names_in_store("layers"), [""; 0]);
        assert!(!scene.path("outside").exists());
        scene.assert_tidy();
    }
}

#[test]
fn the_message_names_the_entry() {
    let scene = Scene::new();
    let bytes = archive(EntryType::Symlink, "package/lib/link", "/etc/shadow");
    scene
        .registry
        .publish(Published::new("a", "1.0.0").archive(bytes));
    let error = scene.try_install(&npm(&[("a", "1")])).unwrap_err();
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::DependencyIntegrity);
    insta::assert_snapshot!(report.message(Locale::EnUs), @"A dependency of `skill` is not what was expected: The archive of `a@1.0.0` is refused: `package/lib/link` is a link.");
}
