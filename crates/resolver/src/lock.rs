//! The lock file: for each skill, the versions it was installed with.
//!
//! ```json
//! {
//!   "version": 1,
//!   "skills": {
//!     "hello-world": {
//!       "npm": {
//!         "requested": { "lodash": "^4.17.21" },
//!         "resolved": { "lodash": "lodash@4.17.21" },
//!         "packages": { "lodash@4.17.21": { "integrity": "sha512-…" } }
//!       }
//!     }
//!   }
//! }
//! ```
//!
//! Everything is sorted and on a line of its own, so that a change of one dependency is a small
//! diff. There are no addresses in it: where packages come from is a matter of each machine's npm
//! configuration, what they are is not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;

use crate::ResolverError;
use crate::store::FileLock;
use crate::tree::DependencyTree;

/// The format this program writes and reads.
const VERSION: u32 = 1;
const MAX_BYTES: u64 = 32 << 20;
const MAX_SKILLS: usize = 10_000;
const MAX_PACKAGES: usize = 10_000;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: u32,
    skills: BTreeMap<SkillName, Section>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    npm: DependencyTree,
}

/// The only thing every version of the format has.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// The tree of `skill` in the lock at `path`, if the lock and the section exist.
///
/// # Errors
///
/// Fails if the lock cannot be read or is not one of ours.
pub(crate) fn read(
    path: &Path,
    skill: &SkillName,
) -> Result<Option<DependencyTree>, ResolverError> {
    let section = load(path)?.skills.remove(skill);
    Ok(section.map(|section| section.npm))
}

/// Puts `tree` into the section of `skill`, or removes the section. The other sections stay as they
/// are; other writers are waited for; a reader sees the old file or the new one.
///
/// # Errors
///
/// Fails if the lock cannot be read or written, is not one of ours, or another process holds it
/// for longer than `patience`.
pub(crate) fn write(
    path: &Path,
    skill: &SkillName,
    tree: Option<&DependencyTree>,
    patience: Duration,
) -> Result<(), ResolverError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let _guard = FileLock::acquire(&beside(path, ".guard"), patience)?;

    let mut lock = load(path)?;
    if lock.skills.get(skill).map(|section| &section.npm) == tree {
        return Ok(());
    }
    match tree {
        Some(tree) => {
            let npm = tree.clone();
            lock.skills.insert(skill.clone(), Section { npm });
        }
        None => {
            lock.skills.remove(skill);
        }
    }
    let mut text = serde_json::to_vec_pretty(&lock).map_err(io::Error::other)?;
    text.push(b'\n');
    replace(path, &text)
}

/// Replaces the lock in one step. The draft's name is always the same, as there is one writer at a
/// time; what lies there is a crashed writer's, or a trap.
fn replace(path: &Path, text: &[u8]) -> Result<(), ResolverError> {
    let draft = beside(path, ".draft");
    match fs_err::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs_err::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&draft)?;
    if let Ok(old) = fs_err::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text)?;
    file.sync_all()?;
    fs_err::rename(&draft, path)?;
    Ok(())
}

/// The path of a hidden file beside the lock.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}

fn load(path: &Path) -> Result<LockFile, ResolverError> {
    let mut text = Vec::new();
    match fs_err::File::open(path) {
        Ok(file) => file.take(MAX_BYTES + 1).read_to_end(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(LockFile {
                version: VERSION,
                ..LockFile::default()
            });
        }
        Err(error) => return Err(error.into()),
    };
    parse(&text).map_err(|problem| ResolverError::LockInvalid {
        path: path.to_owned(),
        problem,
    })
}

fn parse(text: &[u8]) -> Result<LockFile, String> {
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let header: Header = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    if header.version != VERSION {
        return Err(format!(
            "it has format {}; this program knows format {VERSION}",
            header.version
        ));
    }
    let lock: LockFile = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    if lock.skills.len() > MAX_SKILLS {
        return Err(format!("it has more than {MAX_SKILLS} skills"));
    }
    for (skill, section) in &lock.skills {
        if section.npm.packages.len() > MAX_PACKAGES {
            return Err(format!("{skill} has more than {MAX_PACKAGES} packages"));
        }
        if let Some(defect) = section.npm.defect() {
            return Err(format!("{skill}: {defect}"));
        }
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn tree(version: &str) -> DependencyTree {
        let text = format!(
            r#"{{"requested": {{"a": "^1"}}, "resolved": {{"a": "a@{version}"}},
                "packages": {{"a@{version}": {{"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn skill(name: &str) -> SkillName {
        name.parse().unwrap()
    }

    #[test]
    fn sections_are_written_one_by_one_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".claude/skills.lock");
        let (zebra, ant) = (skill("zebra"), skill("ant"));
        assert_eq!(read(&path, &ant).unwrap(), None);
        write(&path, &zebra, Some(&tree("1.0.0")), PATIENCE).unwrap();
        write(&path, &ant, Some(&tree("1.2.0")), PATIENCE).unwrap();
        insta::assert_snapshot!(fs_err::read_to_string(&path).unwrap(), @r#"
        {
          "version": 1,
          "skills": {
            "ant": {
              "npm": {
                "requested": {
                  "a": "^1"
                },
                "resolved": {
                  "a": "a@1.2.0"
                },
                "packages": {
                  "a@1.2.0": {
                    "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
                  }
                }
              }
            },
            "zebra": {
              "npm": {
                "requested": {
                  "a": "^1"
                },
                "resolved": {
                  "a": "a@1.0.0"
                },
                "packages": {
                  "a@1.0.0": {
                    "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
                  }
                }
              }
            }
          }
        }
        "#);
        assert_eq!(read(&path, &ant).unwrap(), Some(tree("1.2.0")));

        write(&path, &ant, None, PATIENCE).unwrap();
        assert_eq!(read(&path, &ant).unwrap(), None);
        assert_eq!(read(&path, &zebra).unwrap(), Some(tree("1.0.0")));
        let names: Vec<_> = fs_err::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["skills.lock"], "drafts and guards are gone");
    }

    #[test]
    fn links_are_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(at(to), at(name)).unwrap();
        fs_err::write(at("victim"), "precious").unwrap();
        fs_err::write(at("empty"), "{\"version\": 1, \"skills\": {}}").unwrap();
        let lock = at("skills.lock");
        link("empty", "skills.lock");
        link("victim", ".skills.lock.draft");
        write(&lock, &skill("ant"), Some(&tree("1.0.0")), PATIENCE).unwrap();
        assert!(!lock.is_symlink());
        assert!(
            fs_err::read_to_string(at("empty"))
                .unwrap()
                .ends_with("{}}")
        );

        link("nowhere", ".skills.lock.guard");
        let error = write(&lock, &skill("bee"), Some(&tree("1.0.0")), PATIENCE).unwrap_err();
        assert!(error.to_string().contains(".guard"), "{error}");
        assert!(!at("nowhere").exists());
        assert_eq!(fs_err::read_to_string(at("victim")).unwrap(), "precious");
    }

    #[test]
    fn an_unchanged_section_leaves_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skills.lock");
        write(&path, &skill("ant"), Some(&tree("1.0.0")), PATIENCE).unwrap();
        let inode =
            |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs_err::metadata(path).unwrap());
        let before = inode(&path);
        write(&path, &skill("ant"), Some(&tree("1.0.0")), PATIENCE).unwrap();
        write(&path, &skill("bee"), None, PATIENCE).unwrap();
        assert_eq!(inode(&path), before);
    }

    #[test]
    fn writers_do_not_lose_each_others_sections() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skills.lock");
        std::thread::scope(|scope| {
            for index in 0..16 {
                let path = &path;
                scope.spawn(move || {
                    let skill = skill(&format!("skill-{index}"));
                    write(path, &skill, Some(&tree("1.0.0")), PATIENCE).unwrap();
                });
            }
        });
        assert_eq!(load(&path).unwrap().skills.len(), 16);
    }

    #[test]
    fn hostile_locks_are_refused() {
        let with = |package: &str, integrity: &str| {
            format!(
                r#"{{"version": 1, "skills": {{"ant": {{"npm": {{"requested": {{}}, "resolved": {{}},
                "packages": {{"{package}": {{"integrity": "{integrity}"}}}}}}}}}}}}"#
            )
        };
        let good = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        assert!(parse(with("a@1.0.0", good).as_bytes()).is_ok());
        for bad in [
            with("../../etc@1.0.0", good),
            with("/etc/passwd@1.0.0", good),
            with("a@1.0.0/../..", good),
            with("node_modules@1.0.0", good),
            with("a@1.0.0", "md5-AAAA"),
            with("a@1.0.0", "none"),
            r#"{"version": 1, "skills": {"../x": {}}}"#.to_owned(),
            r#"{"version": 2, "skills": {}}"#.to_owned(),
            r#"{"version": 1, "skills": {}, "resolved": "http://x"}"#.to_owned(),
            r#"{"version": 1, "skills": {"ant": {"npm": {"requested": {"a": "1"},
                "resolved": {"a": "a@1.0.0"}, "packages": {}}}}}"#
                .to_owned(),
            "<<<<<<< HEAD".to_owned(),
            "[".repeat(100_000),
            String::new(),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:.200}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let problem = parse(br#"{"version": 7, "anything": []}"#).unwrap_err();
        insta::assert_snapshot!(problem, @"it has format 7; this program knows format 1");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panicking(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_change_of_a_lock_is_read_without_panicking(position in 0_usize..300, byte: u8) {
            let lock = LockFile {
                version: VERSION,
                skills: BTreeMap::from([(skill("ant"), Section { npm: tree("1.0.0") })]),
            };
            let mut text = serde_json::to_vec_pretty(&lock).unwrap();
            let position = position % text.len();
            text[position] = byte;
            let _ = parse(&text);
        }
    }
}
