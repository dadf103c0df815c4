//! Checks that a layer is still what was laid out.

use std::collections::HashMap;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;
use sha2::Digest as _;
use sha2::Sha256;

use super::DESCRIPTION;
use super::LayerDescription;
use crate::ResolverError;
use crate::store::PackageFile;
use crate::store::read_json;

/// The result of checking a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerCheck {
    /// How many files were compared.
    pub files: usize,
    /// What is wrong; at most 100 problems, by path.
    pub problems: Vec<LayerProblem>,
}

impl LayerCheck {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something that is not as it was laid out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayerProblem {
    /// The path inside the layer.
    pub path: PathBuf,
    /// What is wrong with it.
    pub defect: LayerDefect,
}

/// What can be wrong with a file or link of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerDefect {
    /// It is gone.
    Missing,
    /// It has another content, type or target.
    Changed,
    /// It should not be there.
    Unexpected,
    /// It may be written or, other than before, executed.
    Mode,
}

const MAX_PROBLEMS: usize = 100;

/// What is expected at a path.
enum Expected<'d> {
    File(&'d PackageFile),
    Link(&'d str),
}

/// Compares the layer in `folder`, which should have the digest `digest`, with its description.
pub(crate) fn check(folder: &Path, digest: &Digest) -> Result<LayerCheck, ResolverError> {
    let path = folder.join(DESCRIPTION);
    let description: LayerDescription = match read_json(&path) {
        Ok(description) => description,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(with_defect(LayerDefect::Missing));
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            return Ok(with_defect(LayerDefect::Changed));
        }
        Err(error) => return Err(error.into()),
    };
    if description.plan.digest() != *digest {
        return Ok(with_defect(LayerDefect::Changed));
    }
    let mut checking = Checking {
        folder,
        expected: expected(&description),
        files: 0,
        problems: Vec::new(),
    };
    checking.walk()?;
    Ok(checking.finish())
}

fn with_defect(defect: LayerDefect) -> LayerCheck {
    let path = PathBuf::from(DESCRIPTION);
    LayerCheck {
        files: 0,
        problems: vec![LayerProblem { path, defect }],
    }
}

fn expected(description: &LayerDescription) -> HashMap<PathBuf, Expected<'_>> {
    let files = description
        .files
        .iter()
        .map(|file| (PathBuf::from(&file.path), Expected::File(file)));
    let links = description
        .links
        .iter()
        .map(|(path, target)| (PathBuf::from(path), Expected::Link(target)));
    files.chain(links).collect()
}

struct Checking<'d> {
    folder: &'d Path,
    expected: HashMap<PathBuf, Expected<'d>>,
    files: usize,
    problems: Vec<LayerProblem>,
}

impl Checking<'_> {
    fn walk(&mut self) -> Result<(), ResolverError> {
        let mut pending = vec![PathBuf::new()];
        while let Some(inside) = pending.pop() {
            for entry in fs_err::read_dir(self.folder.join(&inside))? {
                let entry = entry?;
                let path = inside.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    pending.push(path);
                } else if path != Path::new(DESCRIPTION) {
                    self.compare(path)?;
                }
                if self.problems.len() >= MAX_PROBLEMS {
                    return Ok(());
                }
            }
        }
        let gone = std::mem::take(&mut self.expected);
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        let gone = gone.into_keys().take(room).map(|path| LayerProblem {
            path,
            defect: LayerDefect::Missing,
        });
        self.problems.extend(gone);
        Ok(())
    }

    fn compare(&mut self, path: PathBuf) -> Result<(), ResolverError> {
        let place = self.folder.join(&path);
        let defect = match self.expected.remove(&path) {
            None => Some(LayerDefect::Unexpected),
            Some(Expected::Link(target)) => {
                let says = fs_err::read_link(&place).ok();
                (says.as_deref() != Some(Path::new(target))).then_some(LayerDefect::Changed)
            }
            Some(Expected::File(file)) => {
                self.files += 1;
                file_defect(&place, file)?
            }
        };
        self.problems
            .extend(defect.map(|defect| LayerProblem { path, defect }));
        Ok(())
    }

    fn finish(mut self) -> LayerCheck {
        self.problems.sort();
        LayerCheck {
            files: self.files,
            problems: self.problems,
        }
    }
}

fn file_defect(place: &Path, file: &PackageFile) -> Result<Option<LayerDefect>, ResolverError> {
    let metadata = fs_err::symlink_metadata(place)?;
    if !metadata.is_file() || metadata.len() != file.size || hash(place)? != file.sha256 {
        return Ok(Some(LayerDefect::Changed));
    }
    let mode = if file.executable { 0o555 } else { 0o444 };
    Ok((metadata.mode() & 0o777 != mode).then_some(LayerDefect::Mode))
}

fn hash(place: &Path) -> Result<Digest, ResolverError> {
    let mut file = fs_err::File::open(place)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from(<[u8; 32]>::from(hasher.finalize()))),
            count => hasher.update(&buffer[..count]),
        }
    }
}
