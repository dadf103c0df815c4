//! Hostile archives, and harmless ones that look odd.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::Builder;
use tar::Header;

use super::*;

const LIMITS: ArchiveLimits = ArchiveLimits {
    entries: 20,
    bytes: 10_000,
};

/// One entry with a path that the `tar` crate would refuse to write.
fn raw_entry(kind: EntryType, path: &str, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    gzip(&bytes)
}

fn file(path: &str) -> Vec<u8> {
    raw_entry(EntryType::Regular, path, b"content")
}

fn unpacked(archive: &[u8]) -> (tempfile::TempDir, Result<Vec<PackageFile>, UnpackError>) {
    let folder = tempfile::tempdir().unwrap();
    let result = unpack(archive, &folder.path().join("package"), &LIMITS);
    (folder, result)
}

fn problem(entries: &[Vec<u8>]) -> ArchiveProblem {
    let (folder, result) = unpacked(&archive(entries));
    let outside: Vec<_> = fs_err::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "something is outside the package");
    match result {
        Err(UnpackError::Refused { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn paths(archive: &[u8]) -> Vec<String> {
    let files = unpacked(archive).1.unwrap();
    files.into_iter().map(|file| file.path).collect()
}

#[test]
fn files_keep_their_content_and_lose_their_mode() {
    let mut builder = Builder::new(Vec::new());
    for (path, mode, content) in [
        ("package/package.json", 0o664, "{}"),
        ("package/bin/run", 0o4755, "#!/bin/sh"),
        ("package/lib/deep/er.js", 0o000, ""),
    ] {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        builder
            .append_data(&mut header, path, content.as_bytes())
            .unwrap();
    }
    let (folder, files) = unpacked(&gzip(&builder.into_inner().unwrap()));
    let files = files.unwrap();
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.size, file.executable))
        .collect();
    assert_eq!(
        seen,
        [
            ("bin/run", 9, true),
            ("lib/deep/er.js", 0, false),
            ("package.json", 2, false)
        ]
    );
    assert_eq!(files[2].sha256, Digest::of(b"{}"));
    for (path, mode) in [
        ("bin/run", 0o100_555),
        ("package.json", 0o100_444),
        ("lib/deep", 0o40_755),
    ] {
        let metadata = fs_err::metadata(folder.path().join("package").join(path)).unwrap();
        assert_eq!(metadata.mode(), mode, "{path}");
    }
}

#[test]
fn paths_stay_inside() {
    for (path, expected) in [
        ("/etc/passwd", ArchiveProblem::AbsolutePath),
        ("../outside", ArchiveProblem::ParentFolder),
        ("package/../../outside", ArchiveProblem::ParentFolder),
        ("package/a\\b", ArchiveProblem::UnusableName),
    ] {
        assert_eq!(problem(&[file(path)]), expected, "{path}");
        let folder = raw_entry(EntryType::Directory, path, b"");
        assert_eq!(problem(&[folder]), expected, "{path}");
    }
}

#[test]
fn a_long_path_is_checked_like_a_short_one() {
    let harmless = file("package/harmless");
    let gnu = raw_entry(
        EntryType::GNULongName,
        "././@LongLink",
        b"package/../../outside\0",
    );
    assert_eq!(
        problem(&[gnu, harmless.clone()]),
        ArchiveProblem::ParentFolder
    );
    let pax = raw_entry(EntryType::XHeader, "x", b"30 path=package/../../outside\n");
    assert_eq!(
        problem(&[pax, harmless.clone()]),
        ArchiveProblem::ParentFolder
    );

    let long = format!("package/{}/x.js", "a".repeat(200));
    let record = format!("{} path={long}\n", long.len() + 10);
    assert_eq!(record.len(), long.len() + 10);
    let pax = raw_entry(EntryType::XHeader, "x", record.as_bytes());
    let global = raw_entry(EntryType::XGlobalHeader, "g", b"19 comment=whatever\n");
    let other = file("package/other");
    assert_eq!(
        paths(&archive(&[global, pax, harmless, other])),
        [format!("{}/x.js", "a".repeat(200)), "other".to_owned()],
        "a record is about the next entry only"
    );
}

#[test]
fn records_cannot_change_what_an_entry_is() {
    let harmless = file("package/x");
    for (record, expected) in [
        ("12 size=999\n", ArchiveProblem::Malformed),
        ("16 size=nothing\n", ArchiveProblem::Malformed),
        ("24 linkpath=/etc/passwd\n", ArchiveProblem::Link),
        ("22 GNU.sparse.major=1\n", ArchiveProblem::SpecialFile),
        ("99 path=x\n", ArchiveProblem::Malformed),
    ] {
        let record = raw_entry(EntryType::XHeader, "x", record.as_bytes());
        assert_eq!(problem(&[record, harmless.clone()]), expected);
    }
    let agreeing = raw_entry(EntryType::XHeader, "x", b"10 size=7\n");
    assert_eq!(paths(&archive(&[agreeing, harmless])), ["x"]);
}

#[test]
fn only_plain_files_and_folders() {
    for (kind, expected) in [
        (EntryType::Symlink, ArchiveProblem::Link),
        (EntryType::Link, ArchiveProblem::Link),
        (EntryType::Char, ArchiveProblem::SpecialFile),
        (EntryType::Block, ArchiveProblem::SpecialFile),
        (EntryType::Fifo, ArchiveProblem::SpecialFile),
        (EntryType::GNUSparse, ArchiveProblem::SpecialFile),
        (EntryType::new(b'?'), ArchiveProblem::SpecialFile),
    ] {
        let entry = raw_entry(kind, "package/x", b"");
        assert_eq!(problem(&[file("package/a"), entry]), expected, "{kind:?}");
    }
    // How folders were marked before there was a mark for them.
    let old = raw_entry(EntryType::Regular, "package/lib/", b"");
    assert_eq!(paths(&archive(&[old, file("package/lib/x")])), ["lib/x"]);
}

#[test]
fn names_that_are_one_elsewhere_collide() {
    let collide = |a: Vec<u8>, b: Vec<u8>| {
        assert_eq!(problem(&[a, b]), ArchiveProblem::Collision);
    };
    collide(file("package/Index.js"), file("package/index.js"));
    collide(file("package/LIB/a"), file("package/lib/b"));
    collide(file("package/a"), file("package/a/b"));
    collide(file("package/a/b"), file("package/a"));
    collide(file("package/STRASSE\u{c4}"), file("package/strasse\u{e4}"));
}

#[test]
fn the_last_of_two_equal_paths_counts() {
    let second = raw_entry(EntryType::Regular, "other/x", b"second");
    let (folder, files) = unpacked(&archive(&[file("package/x"), second]));
    assert_eq!(files.unwrap().len(), 1);
    let content = fs_err::read_to_string(folder.path().join("package/x")).unwrap();
    assert_eq!(content, "second");
}

#[test]
fn bounds_are_kept() {
    let many: Vec<_> = (0..30).map(|n| file(&format!("package/{n}"))).collect();
    assert_eq!(problem(&many), ArchiveProblem::TooMany { limit: 20 });
    let nested: String = (0..30).map(|n| format!("{n}/")).collect();
    let nested = file(&format!("package/{nested}x"));
    assert_eq!(problem(&[nested]), ArchiveProblem::TooMany { limit: 20 });
    let large = raw_entry(EntryType::Regular, "package/x", &[0; 6_000]);
    let other = raw_entry(EntryType::Regular, "package/y", &[0; 6_000]);
    assert_eq!(
        problem(&[large, other]),
        ArchiveProblem::TooLarge { limit: 10_000 }
    );
    let mut claims = raw_entry(EntryType::Regular, "package/x", b"");
    let mut header = Header::from_byte_slice(&claims[..512]).clone();
    header.set_size(u64::MAX / 2);
    header.set_cksum();
    claims[..512].copy_from_slice(header.as_bytes());
    assert_eq!(
        problem(&[claims]),
        ArchiveProblem::TooLarge { limit: 10_000 }
    );
    let name = raw_entry(EntryType::GNULongName, "x", &[b'a'; 70_000]);
    assert_eq!(
        problem(&[name, file("package/x")]),
        ArchiveProblem::Malformed
    );
}

#[test]
fn a_bomb_stays_small() {
    let zeros = raw_entry(EntryType::XGlobalHeader, "g", &vec![0; 50 << 20]);
    assert_eq!(
        problem(&[zeros, file("package/x")]),
        ArchiveProblem::Malformed
    );
}

#[test]
fn damage_is_noticed() {
    let good = archive(&[file("package/x")]);
    let cut = &good[..good.len() / 2];
    for bad in [&b""[..], b"not gzip", cut, &gzip(b"not tar"), &gzip(b"")] {
        let result = unpacked(bad).1;
        let Err(UnpackError::Refused { problem, .. }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(problem, ArchiveProblem::Malformed);
    }
    let short = gzip(&file("package/x")[..515]);
    assert!(matches!(
        unpacked(&short).1,
        Err(UnpackError::Refused {
            problem: ArchiveProblem::Malformed,
            ..
        })
    ));
}

#[test]
fn a_full_disk_is_not_the_archives_fault() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs_err::write(&blocked, "").unwrap();
    let result = unpack(
        archive(&[file("package/x")]).as_slice(),
        &blocked.join("package"),
        &LIMITS,
    );
    assert!(matches!(result, Err(UnpackError::Storage(_))), "{result:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_archive_is_read_without_panicking(
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
        position in 0_usize..512,
    ) {
        let _ = unpacked(&gzip(&bytes));
        let mut changed = file("package/x");
        changed[position] = bytes.first().copied().unwrap_or(7);
        let _ = unpacked(&archive(&[changed]));
    }
}

#[path = "../../../../fuzz/mutation.rs"]
mod mutation;

#[test]
fn the_seeds_are_whole() {
    for seed in mutation::seeds("archive") {
        let (_folder, result) = unpacked(&gzip(&seed));
        assert!(result.is_ok(), "{result:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn fuzz_archives(bytes in mutation::changed(mutation::seeds("archive"))) {
        let (folder, _) = unpacked(&gzip(&bytes));
        let outside = fs_err::read_dir(folder.path()).unwrap();
        prop_assert!(outside.count() <= 1, "something is outside the package");
    }

    #[test]
    fn fuzz_compressed_archives(
        bytes in mutation::changed(mutation::seeds("archive").iter().map(|seed| gzip(seed)).collect()),
    ) {
        let _ = unpacked(&bytes);
    }
}
