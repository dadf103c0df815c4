//! Skills in `.skill` packages.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::SystemTime;

use mycelium_package::Package;
use mycelium_types::Digest;
use mycelium_types::SkillSource;

use crate::Fetched;
use crate::LoadError;
use crate::LoadRequest;
use crate::Source;
use crate::shelf::Shelf;
use crate::shelf::holds;
use crate::tree::Part;
use crate::tree::Stamp;
use crate::tree::Tree;
use crate::tree::content_digest;

/// How many packages are remembered. More are possible; then the memory starts over.
const MAX_KNOWN: usize = 1_024;

/// Unpacks packages into read-only folders named by content, where the loader verifies them like any folder.
///
/// A folder is compared with its package before each load; one that somebody changed is replaced.
#[derive(Debug)]
pub struct PackageSource {
    folder: PathBuf,
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// A package that was unpacked.
#[derive(Clone, Debug)]
struct Known {
    /// What the package looked like.
    stamp: Stamp,
    place: PathBuf,
    content: Digest,
    /// What the folder looked like when it had that content; absent if it was too new to tell.
    fingerprint: Option<Digest>,
}

impl PackageSource {
    /// Unpacks below `folder`, which is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of a package that has not changed since it was unpacked, if the folder has not either.
    fn unchanged(&self, path: &Path, stamp: &Stamp) -> Option<PathBuf> {
        let known = self.known().get(path)?.clone();
        if known.stamp != *stamp {
            return None;
        }
        let tree = Tree::list(&known.place).ok()?;
        let is_same = match known.fingerprint {
            Some(fingerprint) => tree.fingerprint() == fingerprint,
            None => holds(&known.place, known.content),
        };
        is_same.then_some(known.place)
    }

    fn unpack(&self, path: &Path) -> Result<(PathBuf, Digest), LoadError> {
        let package = Package::open(path)?;
        let files = package.digests()?;
        let content = content_digest(files.iter().map(|file| {
            let part = Part::File {
                sha256: file.sha256,
                executable: file.executable,
            };
            (Path::new(&file.path), part)
        }));
        let shelf = Shelf::new(self.folder.join(content.to_string()));
        let place = shelf.place(package.folder(), content, |new| Ok(package.unpack(new)?))?;
        Ok((place, content))
    }
}

impl Source for PackageSource {
    fn fetch(&self, request: &LoadRequest) -> Result<Option<Fetched>, LoadError> {
        let path = match &request.source {
            SkillSource::Package { path } => path,
            SkillSource::Folder { .. } | SkillSource::Embedded { .. } => return Ok(None),
        };
        let unreadable = |source: io::Error| LoadError::Unreadable {
            path: path.clone(),
            source,
        };
        let now = SystemTime::now();
        let stamp = Stamp::of(&fs_err::metadata(path).map_err(unreadable)?);
        let folder = match self.unchanged(path, &stamp) {
            Some(folder) => folder,
            None => {
                let (place, content) = self.unpack(path)?;
                let tree = Tree::list(&place)?;
                let mut known = self.known();
                if known.len() >= MAX_KNOWN {
                    known.clear();
                }
                known.remove(path);
                // What was changed a moment ago can change again and look the same.
                if stamp.is_settled_at(now) {
                    known.insert(
                        path.clone(),
                        Known {
                            stamp,
                            fingerprint: tree.is_settled().then(|| tree.fingerprint()),
                            place: place.clone(),
                            content,
                        },
                    );
                }
                place
            }
        };
        Ok(Some(Fetched {
            folder,
            origin: request.origin,
        }))
    }
}
