//! Where skills from MCP servers are kept: a folder for each server, with a note of what was approved.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use mycelium_loader::VerifiedSkill;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use serde::Deserialize;
use serde::Serialize;

use crate::Folders;
use crate::atomic_file;
use crate::atomic_folder::FolderDraft;
use crate::launch::Launches;

/// The most servers whose skills are looked for.
const MAX_SERVERS: usize = 200;

/// Where a skill was installed from, kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The server's name.
    pub(super) server: String,
    /// Where the server had the skill.
    pub(super) uri: String,
    /// The name that the server has for it, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offered: Option<String>,
    /// What was approved.
    pub(super) approval: Digest,
    /// What that is here: the digest of everything in the skill's folder.
    pub(super) content: Digest,
}

/// A skill that was installed.
pub(super) struct Installed {
    /// Its name, and the one that the server has for it.
    pub(super) name: String,
    pub(super) offered: String,
    /// What was approved, if it is still that.
    pub(super) intact: Option<Digest>,
}

/// What is installed from one server.
pub(super) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    pub(super) fn of(folders: &Folders, server: &str) -> Self {
        let folder = all_shelves(folders).join(folder_name(server));
        Self { folder }
    }

    fn skills(&self) -> PathBuf {
        self.folder.join("skills")
    }

    pub(super) fn skill(&self, name: &SkillName) -> PathBuf {
        self.skills().join(name.as_str())
    }

    /// Where the skills are from. A file that says something else says nothing: the next installation writes it anew.
    fn origins(&self) -> BTreeMap<String, Origin> {
        let read = fs_err::read(self.folder.join("origins.json")).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn write_origins(&self, origins: &BTreeMap<String, Origin>) -> io::Result<()> {
        let file = self.folder.join("origins.json");
        atomic_file::replace(&file, &serde_json::to_vec(origins)?)
    }

    /// The skills that were installed.
    pub(super) fn installed(&self, launches: &Launches) -> Vec<Installed> {
        let installed = |(name, origin): (String, Origin)| {
            let found = launches.folder(&self.skills().join(&name));
            let is_intact = found.is_ok_and(|found| found.digest() == origin.content);
            Installed {
                offered: origin.offered.unwrap_or_else(|| name.clone()),
                name,
                intact: is_intact.then_some(origin.approval),
            }
        };
        self.origins().into_iter().map(installed).collect()
    }

    /// Keeps others from changing it.
    fn lock(&self) -> io::Result<fs_err::File> {
        fs_err::create_dir_all(&self.folder)?;
        let lock = fs_err::File::create(self.folder.join("lock"))?;
        lock.file().lock()?;
        Ok(lock)
    }

    /// Puts a skill in the place of the one that is there, whole or not at all. `origin` says where the one in a folder is from,
    /// if it may be put there.
    pub(super) fn put(
        &self,
        name: &SkillName,
        files: &[(String, Vec<u8>)],
        origin: impl FnOnce(&Path) -> Result<Origin, ErrorReport>,
    ) -> Result<(), ErrorReport> {
        let _lock = self.lock().map_err(not_stored)?;
        let draft = self.draft(files).map_err(not_stored)?;
        let origin = origin(draft.path())?;
        let mut origins = self.origins();
        origins.insert(name.to_string(), origin);
        let put = draft.put(&self.skill(name));
        put.and_then(|()| self.write_origins(&origins))
            .map_err(not_stored)
    }

    fn draft(&self, files: &[(String, Vec<u8>)]) -> io::Result<FolderDraft> {
        let draft = FolderDraft::begin(&self.folder.join("incoming"))?;
        for (path, bytes) in files {
            let file = draft.path().join(path);
            if let Some(folder) = file.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::write(file, bytes)?;
        }
        Ok(draft)
    }

    /// Removes a skill. Returns whether it was there.
    pub(super) fn remove(&self, name: &SkillName) -> io::Result<bool> {
        if !self.folder.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        let mut origins = self.origins();
        let was_known = origins.remove(name.as_str()).is_some();
        let was_there = self.skill(name).exists();
        clear(&self.skill(name))?;
        if was_known {
            self.write_origins(&origins)?;
        }
        Ok(was_there)
    }
}

/// Refuses a skill from a server that is not what was approved.
pub(crate) fn check_approved(folders: &Folders, skill: &VerifiedSkill) -> Result<(), ErrorReport> {
    let (SkillSource::Folder { path } | SkillSource::Package { path }) = skill.source() else {
        return Ok(());
    };
    let shelves = all_shelves(folders);
    let Ok(place) = path.strip_prefix(&shelves) else {
        return Ok(());
    };
    let server = place.iter().next().unwrap_or_default();
    let shelf = Shelf {
        folder: shelves.join(server),
    };
    let name = path.strip_prefix(shelf.skills()).ok();
    let name = name.and_then(Path::to_str).unwrap_or_default();
    match shelf.origins().get(name) {
        Some(origin) if origin.content == skill.digest() => Ok(()),
        origin => Err(ErrorReport::new(ErrorCode::SkillChanged)
            .with("of", "installed")
            .with("skill", &skill.manifest().name)
            .with(
                "server",
                origin.map_or_else(
                    || server.display().to_string(),
                    |origin| origin.server.clone(),
                ),
            )),
    }
}

fn all_shelves(folders: &Folders) -> PathBuf {
    folders.data.join("from-servers")
}

/// The folders to look for skills from servers in.
pub(crate) fn offer_roots(folders: &Folders) -> Vec<PathBuf> {
    let shelves = fs_err::read_dir(all_shelves(folders));
    let shelves = shelves.into_iter().flatten().flatten();
    let mut roots: Vec<_> = shelves.map(|shelf| shelf.path().join("skills")).collect();
    roots.sort_unstable();
    roots.truncate(MAX_SERVERS);
    roots
}

/// The name of a server as one of a folder: no two of them are alike, and none leads anywhere.
fn folder_name(server: &str) -> String {
    let mut name = String::new();
    for byte in server.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            // Writing to a text cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    name
}

/// The server whose skills are in this folder.
pub(crate) fn offering_server(skills: &Path) -> Option<String> {
    let name = skills.parent()?.file_name()?.to_str()?;
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn not_stored(error: io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_s_folder_is_another_s_or_leads_elsewhere() {
        for (server, folder) in [
            ("time", "time"),
            ("..", "%2E%2E"),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("A.b", "A%2Eb"),
        ] {
            assert_eq!(folder_name(server), folder);
            let skills = Path::new("/data").join(folder).join("skills");
            assert_eq!(offering_server(&skills).as_deref(), Some(server));
        }
    }

    #[test]
    fn a_skill_takes_the_place_of_the_one_before_and_goes_with_its_origin() {
        let world = tempfile::tempdir().unwrap();
        let folders = Folders::below(world.path());
        let shelf = Shelf::of(&folders, "acme");
        let name: SkillName = "pdf".parse().unwrap();
        let origin = |text: &str| Origin {
            server: "acme".to_owned(),
            uri: "skill://pdf/SKILL.md".to_owned(),
            offered: None,
            approval: Digest::of(text.as_bytes()),
            content: Digest::of(b""),
        };
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        let first = [file("SKILL.md", "one"), file("a/b.md", "b")];
        shelf.put(&name, &first, |_| Ok(origin("one"))).unwrap();
        assert_eq!(
            fs_err::read_to_string(shelf.skill(&name).join("a/b.md")).unwrap(),
            "b"
        );
        shelf
            .put(&name, &[file("SKILL.md", "two")], |_| Ok(origin("two")))
            .unwrap();
        assert!(!shelf.skill(&name).join("a").exists());
        assert_eq!(shelf.origins()["pdf"], origin("two"));
        assert_eq!(offer_roots(&folders), [shelf.skills()]);
        assert!(shelf.remove(&name).unwrap() && !shelf.remove(&name).unwrap());
        assert!(shelf.origins().is_empty());
    }
}
