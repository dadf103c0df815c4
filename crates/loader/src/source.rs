//! Where skills are got from.

use std::path::PathBuf;

use mycelium_types::SkillSource;

use crate::LoadError;
use crate::LoadRequest;
use crate::Origin;

/// A kind of place that skills come from. Another kind is another implementation, given to
/// [`crate::Loader::with_source`].
pub trait Source: Send + Sync {
    /// Puts the skill on disk if it is not there yet, and says where; `None` if this is not the kind of
    /// place the request names.
    ///
    /// What is fetched is verified afterwards by the loader: a source need not be believed.
    ///
    /// # Errors
    ///
    /// Whatever keeps the skill from being put on disk.
    fn fetch(&self, request: &LoadRequest) -> Result<Option<Fetched>, LoadError>;
}

/// A skill on disk that nobody has looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The folder that holds `skill.json` or `SKILL.md`. It may itself be a link.
    pub folder: PathBuf,
    /// Whose work it is.
    pub origin: Origin,
}

/// Folders of this machine, used where they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolderSource;

impl Source for FolderSource {
    fn fetch(&self, request: &LoadRequest) -> Result<Option<Fetched>, LoadError> {
        match &request.source {
            SkillSource::Folder { path } => Ok(Some(Fetched {
                folder: path.clone(),
                origin: request.origin,
            })),
            SkillSource::Package { .. } | SkillSource::Embedded { .. } => Ok(None),
        }
    }
}
