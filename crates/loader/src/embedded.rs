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
use crate::shelf::Shelf;
use crate::tree::Part;
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
    shelf: Shelf,
}

impl EmbeddedSource {
    /// Puts them below `folder`, which is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            shelf: Shelf::new(folder),
        }
    }

    fn place(&self, skill: &Embedded) -> Result<PathBuf, LoadError> {
        let expected = skill.digest();
        let name = format!("{}-{}", skill.name, expected.short());
        self.shelf.place(&name, expected, |new| {
            write(skill, new).map_err(|source| LoadError::Cache {
                folder: new.to_owned(),
                source,
            })
        })
    }
}

fn write(skill: &Embedded, into: &Path) -> io::Result<()> {
    for (path, content) in skill.files() {
        let path = into.join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        fs_err::write(&path, content)?;
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o444))?;
    }
    Ok(())
}

impl Source for EmbeddedSource {
    fn fetch(&self, request: &LoadRequest) -> Result<Option<Fetched>, LoadError> {
        let name = match &request.source {
            SkillSource::Embedded { name } => name,
            SkillSource::Folder { .. } | SkillSource::Package { .. } => return Ok(None),
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

fn suggestion(name: &SkillName) -> Option<SkillName> {
    nearest(name.as_str(), TABLE.iter().map(|skill| skill.name))?
        .parse()
        .ok()
}
