//! Every trick there is with a zip archive.

use std::path::Path;

use mycelium_package::Package;
use mycelium_package::PackageError;
use mycelium_types::ArchiveProblem;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use super::archive::Entry;
use super::archive::SKILL;
use super::archive::archive;
use super::archive::opened;
use super::archive::problem;
use super::archive::skill_with;

fn problem_with(entry: Entry) -> ArchiveProblem {
    problem(skill_with(&[entry]))
}

/// The archive of a good skill with the bytes at a distance from its end changed.
fn with_end(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = skill_with(&[]);
    let end = bytes.len() - 22;
    change(&mut bytes[end..]);
    bytes
}

#[test]
fn paths_stay_inside() {
    use ArchiveProblem::*;
    for (name, expected) in [
        ("/etc/passwd", AbsolutePath),
        ("../outside", ParentFolder),
        ("tool/../../outside", ParentFolder),
        ("tool/..", ParentFolder),
        ("tool/a\\..\\b", UnusableName),
        ("tool/a\u{1b}[2J", UnusableName),
        ("tool/a\0b", UnusableName),
        (&format!("tool/{}", "a".repeat(256)), UnusableName),
        (&format!("tool/{}x", "abc/".repeat(400)), UnusableName),
        (&format!("tool/{}x", "a/".repeat(70)), TooDeep),
    ] {
        assert_eq!(problem_with(Entry::file(name, b"x")), expected, "{name}");
        let folder = Entry::folder(&format!("{name}/"));
        assert_eq!(problem_with(folder), expected, "{name}/");
    }
    let mut not_text = Entry::file("tool/x", b"");
    not_text.name = b"tool/\xff".to_vec();
    assert_eq!(problem_with(not_text), UnusableName);
    assert_eq!(problem_with(Entry::file(".", b"x")), UnusableName);
}

#[test]
fn only_plain_files_and_folders() {
    use ArchiveProblem::*;
    for (mode, expected) in [
        (0o120_777, Link),
        (0o020_644, SpecialFile),
        (0o060_644, SpecialFile),
        (0o010_644, SpecialFile),
        (0o140_644, SpecialFile),
        (0o040_755, Contradiction),
    ] {
        let entry = Entry {
            mode,
            ..Entry::file("tool/x", b"/etc/passwd")
        };
        assert_eq!(problem_with(entry), expected, "{mode:o}");
    }
    let full = Entry {
        content: b"x".to_vec(),
        ..Entry::folder("tool/folder/")
    };
    assert_eq!(problem_with(full), Contradiction);
    let file = Entry {
        mode: 0o100_644,
        ..Entry::folder("tool/folder/")
    };
    assert_eq!(problem_with(file), Contradiction);
}

#[test]
fn no_two_have_one_name() {
    let two = |one: Entry, other: Entry| problem(skill_with(&[one, other]));
    let file = |name: &str| Entry::file(name, b"x");
    assert_eq!(
        two(file("tool/a"), file("tool/a")),
        ArchiveProblem::Duplicate
    );
    assert_eq!(
        two(file("tool/a"), file("tool/./a")),
        ArchiveProblem::Duplicate
    );
    for (one, other) in [
        ("tool/Run.py", "tool/run.py"),
        ("tool/LIB/a", "tool/lib/b"),
        ("tool/a", "tool/a/b"),
        ("tool/a/b", "tool/a"),
        ("tool/\u{c4}", "tool/\u{e4}"),
    ] {
        let found = two(file(one), file(other));
        assert_eq!(found, ArchiveProblem::Collision, "{one} {other}");
    }
    assert_eq!(
        problem_with(file("tool/skill.MD")),
        ArchiveProblem::Collision
    );
}

#[test]
fn bombs_stay_small() {
    let zeros = Entry::file("tool/zeros", &vec![0; 4 << 20]);
    assert_eq!(problem_with(zeros), ArchiveProblem::Bomb { limit: 200 });
    // What is told is believed before it is unpacked, and found out when it is.
    let claims = Entry {
        size: Some(0x7fff_0000),
        ..Entry::file("tool/claims", b"x")
    };
    assert_eq!(
        problem_with(claims),
        ArchiveProblem::TooLarge { limit: 512 << 20 }
    );
    let hides = Entry {
        size: Some(10),
        ..Entry::file("tool/hides", &vec![0; 4 << 20])
    };
    assert_eq!(problem_with(hides), ArchiveProblem::Contradiction);
    let many: Vec<_> = (0..20_001)
        .map(|number| Entry::file(&format!("tool/{number}"), b""))
        .collect();
    assert_eq!(
        problem(skill_with(&many)),
        ArchiveProblem::TooMany { limit: 20_000 }
    );
    // A few entries can be many folders.
    let nested: Vec<_> = (0..400)
        .map(|number| Entry::file(&format!("tool/{number}/{}x", "a/".repeat(55)), b""))
        .collect();
    assert_eq!(
        problem(skill_with(&nested)),
        ArchiveProblem::TooMany { limit: 20_000 }
    );
    let large = Package::of(Path::new("/x.skill"), vec![0; (64 << 20) + 1]);
    assert!(matches!(large, Err(PackageError::TooLarge { .. })));
}

#[test]
fn entries_that_overlap_are_refused() {
    // The second description leads to the first one's content, as in bombs without nesting.
    let mut bytes = archive(&[
        Entry::file("tool/SKILL.md", SKILL),
        Entry::file("tool/SKILL.md", SKILL),
    ]);
    let directory = bytes
        .windows(4)
        .rposition(|window| window == 0x0201_4b50_u32.to_le_bytes())
        .unwrap();
    bytes[directory + 42..directory + 46].fill(0);
    assert_eq!(problem(bytes), ArchiveProblem::Contradiction);
}

#[test]
fn what_only_some_programs_read_is_refused() {
    use ArchiveProblem::*;
    let file = || Entry::file("tool/x", b"some content");
    for (entry, expected) in [
        (Entry { flags: 1, ..file() }, Encrypted),
        (
            Entry {
                flags: 1 << 6,
                ..file()
            },
            Encrypted,
        ),
        (
            Entry {
                flags: 1 << 13,
                ..file()
            },
            Encrypted,
        ),
        (
            Entry {
                flags: 1 << 5,
                ..file()
            },
            Compression,
        ),
        (
            Entry {
                method: 12,
                ..file()
            },
            Compression,
        ),
        (
            Entry {
                method: 9,
                ..file()
            },
            Compression,
        ),
        (
            Entry {
                method: 99,
                ..file()
            },
            Compression,
        ),
        (Entry { disk: 1, ..file() }, Extended),
        (
            Entry {
                extra: [&1_u16.to_le_bytes()[..], &[8, 0], &[0; 8]].concat(),
                ..file()
            },
            Extended,
        ),
        (
            Entry {
                local_extra: [&1_u16.to_le_bytes()[..], &[8, 0], &[0; 8]].concat(),
                ..file()
            },
            Extended,
        ),
        (
            Entry {
                extra: [&0x9901_u16.to_le_bytes()[..], &[0, 0]].concat(),
                ..file()
            },
            Encrypted,
        ),
        (
            Entry {
                extra: vec![1, 2, 200, 0],
                ..file()
            },
            Malformed,
        ),
    ] {
        assert_eq!(problem_with(entry), expected);
    }
    assert_eq!(problem(with_end(|end| end[4] = 1)), Extended);
    assert_eq!(problem(with_end(|end| end[12..16].fill(0xff))), Extended);
    assert_eq!(problem(with_end(|end| end[8] = 7)), Contradiction);
    let mut with_locator = skill_with(&[]);
    let end = with_locator.split_off(with_locator.len() - 22);
    with_locator.extend(0x0706_4b50_u32.to_le_bytes());
    with_locator.extend([0; 16]);
    with_locator.extend(end);
    assert_eq!(problem(with_locator), Extended);
}

#[test]
fn what_is_told_twice_is_told_alike() {
    use ArchiveProblem::*;
    let file = || Entry::file("tool/x", b"some content");
    let unicode_path = |name: &[u8]| {
        let length = (5 + name.len() as u16).to_le_bytes();
        [
            &0x7075_u16.to_le_bytes()[..],
            &length,
            &[1, 0, 0, 0, 0],
            name,
        ]
        .concat()
    };
    for (entry, expected) in [
        (
            Entry {
                local_name: Some(b"tool/y".to_vec()),
                ..file()
            },
            Contradiction,
        ),
        (
            Entry {
                extra: unicode_path(b"../y"),
                ..file()
            },
            Contradiction,
        ),
        (
            Entry {
                method: 0,
                size: Some(3),
                ..file()
            },
            Contradiction,
        ),
        (
            Entry {
                checksum: Some(7),
                ..file()
            },
            Malformed,
        ),
        (
            Entry {
                size: Some(13),
                ..file()
            },
            Contradiction,
        ),
    ] {
        assert_eq!(problem_with(entry), expected);
    }
    let agreeing = Entry {
        extra: unicode_path(b"tool/x"),
        ..file()
    };
    opened(skill_with(&[agreeing])).unwrap();
    let mut lies = file().with_descriptor();
    lies.after[5] ^= 1;
    assert_eq!(problem_with(lies), Surplus);
}

#[test]
fn nothing_is_before_between_or_after() {
    use ArchiveProblem::*;
    let good = skill_with(&[]);
    let after = [&good[..], b"more"].concat();
    assert_eq!(problem(after), Surplus);
    let before = [b"#!/bin/sh\n", &good[..]].concat();
    assert_eq!(problem(before), Surplus);
    let comment = [&good[..good.len() - 2], &[4, 0], b"more"].concat();
    assert_eq!(problem(comment), Surplus);
    // Two archives in one file: which one is it?
    assert_eq!(problem([&good[..], &good].concat()), Surplus);
    let between = Entry {
        after: b"hidden".to_vec(),
        ..Entry::file("tool/x", b"content")
    };
    assert_eq!(problem_with(between), Surplus);
    assert_eq!(problem(with_end(|end| end[20] = 1)), Malformed);
    let fewer = problem(with_end(|end| {
        end[8] = 0;
        end[10] = 0;
    }));
    assert_eq!(fewer, Surplus);
    for bad in [&b""[..], b"PK", &good[..good.len() / 2], &[0; 100]] {
        assert_eq!(problem(bad.to_vec()), Malformed);
    }
}

#[test]
fn there_is_exactly_one_skill() {
    let several = archive(&[
        Entry::file("one/SKILL.md", SKILL),
        Entry::file("two/skill.json", b"{}"),
    ]);
    assert!(matches!(opened(several), Err(PackageError::Several { .. })));
    for nothing in [
        archive(&[]),
        archive(&[Entry::file("README.md", b"")]),
        archive(&[Entry::file("a/b/SKILL.md", SKILL)]),
    ] {
        assert!(matches!(opened(nothing), Err(PackageError::NoSkill { .. })));
    }
    let beside = skill_with(&[Entry::file("other/x", b"")]);
    let error = opened(beside).unwrap_err();
    assert!(matches!(&error, PackageError::Outside { entry, .. } if entry == "other/x"));
    let report = ErrorReport::from(error);
    assert_eq!(report.code, ErrorCode::ManifestInvalid);
    assert_eq!(report.context["path"], "/packages/tool.skill");
    assert_eq!(
        report.context["reason"],
        "other/x lies outside the folder of the package's skill"
    );
}

#[test]
fn a_refusal_names_the_entry_and_cannot_fool_a_terminal() {
    let error = opened(skill_with(&[Entry::file("tool/\u{1b}[2J", b"")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the package is refused: `tool/\\u{1b}[2J` is not a usable file name"
    );
}
