//! Skills compiled into the program.

mod table;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;
use mycelium_types::Manifest;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::nearest;
use sha2::Digest as _;
use sha2::Sha256;

use crate::Fetched;
use crate::LoadError;
use crate::LoadRequest;
use crate::Origin;
use crate::Source;
use crate::tree::Part;
use crate::tree::Tree;
use crate::tree::content_digest;
use table::Embedded;
use table::TABLE;

/// The manifests of all embedded skills, by name.
#[must_use]
pub fn embedded_manifests() -> Vec<Manifest> {
    TABLE
        .iter()
        .filter_map(|skill| {
            let files = skill.files();
            Manifest::read(files.get("skill.json")?.as_bytes(), skill.name).manifest
        })
        .collect()
}

/// Puts embedded skills into read-only folders named by skill and content.
#[derive(Clone, Debug)]
pub struct EmbeddedSource {
    folder: PathBuf,
}

impl EmbeddedSource {
    /// Puts them below `folder`, which is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn place(&self, skill: &Embedded) -> Result<PathBuf, LoadError> {
        let expected = skill.digest();
        let place = self
            .folder
            .join(format!("{}-{}", skill.name, expected.short()));
        if holds(&place, expected) {
            return Ok(place);
        }
        self.replace(skill, &place)
            .map_err(|source| LoadError::Cache {
                folder: self.folder.clone(),
                source,
            })?;
        Ok(place)
    }

    /// Writes the skill beside its place and moves it there in one step, so that no other process ever
    /// sees half of it.
    fn replace(&self, skill: &Embedded, place: &Path) -> io::Result<()> {
        fs_err::create_dir_all(&self.folder)?;
        let new = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.folder)?;
        for (path, content) in skill.files() {
            let path = new.path().join(path);
            if let Some(folder) = path.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::write(&path, content)?;
            fs_err::set_permissions(&path, PermissionsExt::from_mode(0o444))?;
        }
        for folder in skill.folders() {
            let folder = new.path().join(folder);
            fs_err::set_permissions(folder, PermissionsExt::from_mode(0o555))?;
        }
        match fs_err::rename(new.path(), place) {
            Ok(()) => {}
            // Another process was faster.
            Err(_) if holds(place, skill.digest()) => return Ok(()),
            Err(error) if fs_err::symlink_metadata(place).is_err() => return Err(error),
            Err(_) => {
                // What is there was changed by somebody: it goes, by the same step.
                let old = tempfile::Builder::new()
                    .prefix(".old-")
                    .tempdir_in(&self.folder)?;
                fs_err::set_permissions(place, PermissionsExt::from_mode(0o700))?;
                let removed = old.path().join("skill");
                fs_err::rename(place, &removed)?;
                fs_err::rename(new.path(), place)?;
                for folder in skill.folders() {
                    // If it cannot be opened up, or is gone, then removing says so or need not.
                    let mode = PermissionsExt::from_mode(0o700);
                    let _ = fs_err::set_permissions(removed.join(folder), mode);
                }
            }
        }
        fs_err::set_permissions(place, PermissionsExt::from_mode(0o555))
    }
}

impl Source for EmbeddedSource {
    fn fetch(&self, request: &LoadRequest) -> Result<Option<Fetched>, LoadError> {
        let name = match &request.source {
            SkillSource::Embedded { name } => name,
            SkillSource::Folder { .. } => return Ok(None),
        };
        let skill = TABLE
            .iter()
            .find(|skill| skill.name == name.as_str())
            .ok_or_else(|| LoadError::UnknownEmbedded {
                name: name.clone(),
                suggestion: suggestion(name),
            })?;
        Ok(Some(Fetched {
            folder: self.place(skill)?,
            origin: Origin::BuiltIn,
        }))
    }
}

impl Embedded {
    fn digest(&self) -> Digest {
        content_digest(self.files().into_iter().map(|(path, content)| {
            let part = Part::File {
                sha256: Sha256::digest(content.as_bytes()).into(),
                executable: false,
            };
            (Path::new(path), part)
        }))
    }
}

/// Whether the folder has exactly the content of that digest.
fn holds(place: &Path, expected: Digest) -> bool {
    Tree::list(place)
        .and_then(|tree| tree.digest())
        .is_ok_and(|digest| digest == expected)
}

fn suggestion(name: &SkillName) -> Option<SkillName> {
    nearest(name.as_str(), TABLE.iter().map(|skill| skill.name))?
        .parse()
        .ok()
}
