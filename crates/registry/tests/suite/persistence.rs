//! What the registry's file remembers, and what happens to it.

use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::sync::Barrier;

use mycelium_registry::Registry;
use mycelium_registry::RootKind;
use mycelium_types::Severity;

use super::support::Fixture;
use super::support::ids;
use super::support::manifest_json;

/// Twenty skills, of which one is broken.
fn twenty() -> Fixture {
    let fixture = Fixture::new();
    for number in 1..20 {
        fixture.skill(
            format!("skills/{number}"),
            &format!("skill-{number}"),
            "1.0.0",
        );
    }
    fixture.manifest("skills/broken", "{}");
    let discovery = fixture.discover("skills");
    assert_eq!((discovery.read, discovery.reused), (20, 0));
    fixture
}

#[test]
fn only_what_changed_is_read_again() {
    let mut fixture = twenty();
    let first = fixture.discover("skills");
    assert_eq!((first.read, first.reused), (0, 20));
    fixture.reopen();
    let warm = fixture.discover("skills");
    assert_eq!((warm.read, warm.reused), (0, 20));
    assert_eq!(ids(&warm), ids(&first));
    assert_eq!(warm.problems, first.problems);
    assert_eq!(warm.skills, first.skills);

    fixture.skill("skills/3", "renamed", "2.0.0");
    fixture.skill("skills/new", "new", "1.0.0");
    fs_err::remove_dir_all(fixture.path("skills/4")).unwrap();
    fixture.reopen();
    let changed = fixture.discover("skills");
    assert_eq!((changed.read, changed.reused), (2, 18));
    assert!(ids(&changed).contains(&"renamed@2.0.0".to_owned()));
    assert!(!ids(&changed).contains(&"skill-4@1.0.0".to_owned()));
}

#[test]
fn another_workspace_profits_too() {
    let fixture = twenty();
    let other = Registry::open(&fixture.database());
    let roots = [
        fixture.root("elsewhere", RootKind::Workspace),
        fixture.root("skills", RootKind::User),
    ];
    let discovery = other.discover(&roots, &[]);
    assert_eq!((discovery.read, discovery.reused), (0, 20));
}

#[test]
fn a_change_with_the_same_size_and_time_is_seen() {
    let fixture = twenty();
    fixture.skill("skills/3", "skill-x", "1.0.0");
    let discovery = fixture.discover("skills");
    assert_eq!(discovery.read, 1);
    assert!(ids(&discovery).contains(&"skill-x@1.0.0".to_owned()));
}

#[test]
fn what_just_changed_is_not_relied_on() {
    let fixture = Fixture::new();
    fs_err::create_dir_all(fixture.path("skills/a")).unwrap();
    fs_err::write(
        fixture.path("skills/a/skill.json"),
        manifest_json("a", "1.0.0", ""),
    )
    .unwrap();
    for _ in 0..2 {
        assert_eq!(fixture.discover("skills").read, 1);
    }
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let mut fixture = twenty();
    fixture.reopen();
    let state = |fixture: &Fixture| {
        let wal = fixture.path("state/registry.db-wal");
        let size = |path| fs_err::metadata(path).map_or(0, |metadata| metadata.len());
        (
            size(fixture.database()),
            size(wal),
            fs_err::read(fixture.database()).unwrap(),
        )
    };
    let before = state(&fixture);
    fixture.discover("skills");
    fixture.discover("skills");
    assert!(before == state(&fixture));
}

/// What happens to a file, in words and in deed.
type Damage = (&'static str, fn(&Fixture));

#[test]
fn a_damaged_file_is_set_aside_and_started_over() {
    let damages: [Damage; 4] = [
        ("not a database", |fixture| {
            fs_err::write(fixture.database(), "this is no database, sorry").unwrap()
        }),
        ("cut short", |fixture| {
            let file = fs_err::File::options()
                .write(true)
                .open(fixture.database())
                .unwrap();
            file.set_len(4_096).unwrap();
        }),
        ("overwritten", |fixture| {
            let mut file = fs_err::File::options()
                .write(true)
                .open(fixture.database())
                .unwrap();
            let length = file.metadata().unwrap().len();
            file.seek(SeekFrom::Start(4_096)).unwrap();
            file.write_all(&vec![0x5a; length as usize - 4_096])
                .unwrap();
        }),
        ("other tables", |fixture| {
            fs_err::remove_file(fixture.database()).unwrap();
            let connection = rusqlite::Connection::open(fixture.database()).unwrap();
            connection
                .execute_batch("CREATE TABLE manifests (x); PRAGMA user_version = 1;")
                .unwrap();
        }),
    ];
    for (what, damage) in damages {
        let mut fixture = twenty();
        // The file is complete only when nobody has it open.
        fixture.registry = Registry::open(&fixture.path("other.db"));
        assert!(!fixture.path("state/registry.db-wal").exists());
        damage(&fixture);
        fixture.reopen();
        let discovery = fixture.discover("skills");
        assert_eq!(discovery.skills.len(), 19, "{what}");
        assert_eq!(discovery.notes.len(), 1, "{what}: {:?}", discovery.notes);
        assert_eq!(discovery.notes[0].severity, Severity::Warning);
        let aside = fixture.path("state/registry.db.corrupt-1");
        assert!(aside.exists(), "{what}");
        assert_eq!(discovery.notes[0].file, aside.to_str().unwrap());
        assert_eq!(fixture.discover("skills").notes, [], "{what}");
        fixture.reopen();
        let warm = fixture.discover("skills");
        assert_eq!((warm.read, warm.reused), (0, 20), "{what}");
    }
}

#[test]
fn a_row_that_cannot_be_understood_is_read_again() {
    let mut fixture = twenty();
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    let sql = "UPDATE manifests SET manifest = substr(manifest, 1, 20) WHERE id % 3 = 0";
    let changed = connection.execute(sql, []).unwrap();
    fixture.reopen();
    let discovery = fixture.discover("skills");
    assert_eq!((discovery.skills.len(), discovery.notes.len()), (19, 0));
    assert!(
        discovery.read > 0 && discovery.read <= changed,
        "{}",
        discovery.read
    );
}

#[test]
fn damage_under_a_running_registry_loses_nothing() {
    let fixture = twenty();
    let mut file = fs_err::File::options()
        .write(true)
        .open(fixture.database())
        .unwrap();
    file.write_all(&[0x5a; 8_192]).unwrap();
    drop(file);
    fs_err::remove_file(fixture.path("state/registry.db-wal")).unwrap();
    fixture.skill("skills/new", "new", "1.0.0");
    for _ in 0..2 {
        assert_eq!(fixture.discover("skills").skills.len(), 20);
    }
    let discovery = Registry::open(&fixture.database())
        .discover(&[fixture.root("skills", RootKind::Workspace)], &[]);
    assert_eq!(discovery.skills.len(), 20);
}

#[test]
fn only_so_many_damaged_files_are_kept() {
    let mut fixture = Fixture::new();
    fixture.skill("skills/a", "a", "1.0.0");
    for _ in 0..12 {
        fixture.registry = Registry::open(&fixture.path("other.db"));
        fs_err::write(fixture.database(), "damaged again").unwrap();
        fixture.reopen();
        assert_eq!(fixture.discover("skills").skills.len(), 1);
    }
    let names = fs_err::read_dir(fixture.path("state")).unwrap();
    let kept = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("corrupt")
    });
    assert_eq!(kept.count(), 9);
}

#[test]
fn without_a_file_everything_works_from_memory() {
    let fixture = Fixture::new();
    fixture.skill("skills/a", "a", "1.0.0");
    fs_err::write(fixture.path("in-the-way"), "").unwrap();
    let registry = Registry::open(&fixture.path("in-the-way/registry.db"));
    let roots = [fixture.root("skills", RootKind::Workspace)];
    let first = registry.discover(&roots, &[]);
    assert_eq!(first.skills.len(), 1);
    assert_eq!(first.notes.len(), 1, "{:?}", first.notes);
    let second = registry.discover(&roots, &[]);
    assert_eq!((second.read, second.reused), (0, 1), "memory still serves");
    assert_eq!(second.notes, [], "said once");
}

#[test]
fn a_newer_program_s_file_is_left_alone() {
    let mut fixture = twenty();
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    fixture.reopen();
    let discovery = fixture.discover("skills");
    assert_eq!(discovery.skills.len(), 19);
    assert_eq!(discovery.notes.len(), 1);
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn threads_discover_at_once() {
    let fixture = twenty();
    let roots = [fixture.root("skills", RootKind::Workspace)];
    let barrier = Barrier::new(6);
    std::thread::scope(|scope| {
        for number in 0..6 {
            let (fixture, roots, barrier) = (&fixture, &roots, &barrier);
            scope.spawn(move || {
                // Three share a registry, three have one each on the same file.
                let own = Registry::open(&fixture.database());
                let registry = if number % 2 == 0 {
                    &own
                } else {
                    &fixture.registry
                };
                barrier.wait();
                for round in 0..10 {
                    if number == 0 {
                        fixture.skill("skills/moving", "moving", &format!("1.{round}.0"));
                    }
                    let discovery = registry.discover(roots, &[]);
                    assert!(discovery.skills.len() >= 19);
                    assert_eq!(discovery.notes, []);
                    assert!(registry.get(&"skill-7".parse().unwrap(), None).is_some());
                }
            });
        }
    });
    let last = fixture.discover("skills");
    assert!(ids(&last).contains(&"moving@1.9.0".to_owned()));
}
