//! A package whose archive has been looked at: which skill is in it, and what files that has.

use std::collections::BTreeMap;
use std::io;
use std::io::Read as _;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::AgentSkill;
use mycelium_types::ArchiveEntryKind;
use mycelium_types::ArchiveNames;
use mycelium_types::ArchivePath;
use mycelium_types::ArchiveProblem;
use mycelium_types::Digest;
use mycelium_types::Manifest;
use mycelium_types::Script;
use mycelium_types::SkillFiles;
use mycelium_types::SkillReading;
use rustix::fs::OFlags;
use sha2::Digest as _;
use sha2::Sha256;

use crate::PackageError;
use crate::error::Refusal;
use crate::member::CopyError;
use crate::member::Member;
use crate::zip;

/// The most bytes of a package.
pub(crate) const MAX_PACKAGE_BYTES: u64 = 64 << 20;
/// The most bytes it unpacks to, and the most files and folders: what a skill's folder may have.
pub(crate) const MAX_BYTES: u64 = 512 << 20;
pub(crate) const MAX_ENTRIES: usize = 20_000;
/// How many times its own size it may unpack to. Text is at 3 to 10, what repeats one line rarely above 100, and
/// deflate ends at 1,032.
const MAX_RATIO: u64 = 200;
/// Small packages may have more: one file of zeros is no bomb.
const ALWAYS_ALLOWED: u64 = 1 << 20;
/// What macOS adds beside a folder for its own use.
const RESOURCE_FORKS: &str = "__MACOSX";

/// A package whose archive has been looked at. Its content is checked when it is read.
#[derive(Debug)]
pub struct Package {
    path: PathBuf,
    bytes: Vec<u8>,
    digest: Digest,
    folder: String,
    files: BTreeMap<String, Member>,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// The path below the skill's folder.
    pub path: String,
    /// Whether its owner may run it.
    pub executable: bool,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl Package {
    /// What the name of a package ends with, after a dot.
    pub const EXTENSION: &'static str = "skill";

    /// Whether `path` is named as packages are.
    #[must_use]
    pub fn is_named(path: &Path) -> bool {
        path.extension()
            .is_some_and(|extension| extension == Self::EXTENSION)
    }

    /// Reads the package at `path`, of at most 64 MiB. Nothing is unpacked yet.
    ///
    /// # Errors
    ///
    /// Any [`PackageError`] but [`PackageError::Storage`].
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let bytes = read(path)
            .map_err(|source| PackageError::Unreadable {
                path: path.to_owned(),
                source,
            })?
            .ok_or_else(|| PackageError::TooLarge {
                path: path.to_owned(),
            })?;
        Self::of(path, bytes)
    }

    /// The package that `bytes` are, which came from `path`.
    ///
    /// # Errors
    ///
    /// Like [`Package::open`].
    pub fn of(path: &Path, bytes: Vec<u8>) -> Result<Self, PackageError> {
        if bytes.len() as u64 > MAX_PACKAGE_BYTES {
            return Err(PackageError::TooLarge {
                path: path.to_owned(),
            });
        }
        let members = zip::members(&bytes, MAX_ENTRIES).map_err(|refusal| refusal.of(path))?;
        let named = named(members, bytes.len() as u64).map_err(|refusal| refusal.of(path))?;
        let root = skill_root(path, &named)?;
        let folder = match &root {
            Some(folder) => folder.clone(),
            None => folder_of(path)?,
        };
        let mut files = BTreeMap::new();
        for (name, member) in named {
            let inner = match &root {
                None => Some(name.as_str().to_owned()),
                Some(root) => {
                    let below = name.as_str().strip_prefix(root.as_str());
                    let below = below.and_then(|below| below.strip_prefix('/'));
                    below.map(ToOwned::to_owned)
                }
            };
            match inner {
                Some(inner) => drop(files.insert(inner, member)),
                None => {
                    return Err(PackageError::Outside {
                        path: path.to_owned(),
                        entry: name.as_str().to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            digest: Digest::of(&bytes),
            bytes,
            folder,
            files,
        })
    }

    /// The name of the skill's folder: the one in the archive, else the package's own name.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The package, as it is in a file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the package's bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Unpacks each file in memory and digests it, sorted by the bytes of the paths.
    ///
    /// # Errors
    ///
    /// [`PackageError::Refused`] if content is not what the archive says.
    pub fn digests(&self) -> Result<Vec<FileDigest>, PackageError> {
        self.files
            .iter()
            .map(|(path, member)| {
                let mut hasher = Sha256::new();
                self.copy(path, member, &mut hasher)?;
                Ok(FileDigest {
                    path: path.clone(),
                    executable: member.executable,
                    sha256: hasher.finalize().into(),
                })
            })
            .collect()
    }

    /// Reads what the skill says of itself, as for a folder.
    ///
    /// # Errors
    ///
    /// [`PackageError::Refused`] if content is not what the archive says.
    pub fn skill(&self) -> Result<SkillReading, PackageError> {
        let manifest = self.content(SkillFiles::MANIFEST, Manifest::MAX_BYTES)?;
        let mut agent = None;
        for name in [AgentSkill::FILE, AgentSkill::LOWER_CASE_FILE] {
            if agent.is_none() {
                let bytes = self.content(name, AgentSkill::MAX_BYTES)?;
                agent = bytes.map(|bytes| (name, bytes));
            }
        }
        let files = self.files.iter();
        let files = files.map(|(path, member)| (PathBuf::from(path), member.executable));
        let scripts = match manifest {
            Some(_) => Vec::new(),
            None => Script::among(files),
        };
        let files = SkillFiles {
            manifest,
            agent,
            scripts,
        };
        Ok(files.read(&self.path.join(&self.folder)))
    }

    /// Writes all files below the folder `into`, which must be empty or not exist. Nobody may write them; the mark of
    /// programs is all that stays of their modes.
    ///
    /// # Errors
    ///
    /// [`PackageError::Refused`] if content is not what the archive says, [`PackageError::Storage`] if it cannot be
    /// written. What has been unpacked until then stays.
    pub fn unpack(&self, into: &Path) -> Result<(), PackageError> {
        let storage = |path: &Path| {
            let path = path.to_owned();
            move |source| PackageError::Storage { path, source }
        };
        fs_err::create_dir_all(into).map_err(storage(into))?;
        for (path, member) in &self.files {
            let place = into.join(path);
            if let Some(folder) = place.parent() {
                fs_err::create_dir_all(folder).map_err(storage(folder))?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            let file = fs_err::OpenOptions::from_options(options).open(&place);
            let mut file = file.map_err(storage(&place))?;
            self.copy(path, member, &mut file)?;
            let mode = if member.executable { 0o555 } else { 0o444 };
            file.set_permissions(PermissionsExt::from_mode(mode))
                .map_err(storage(&place))?;
        }
        Ok(())
    }

    /// The content of a file, if there is one: one byte more than `most` of a larger one, so that its reader can tell.
    fn content(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, PackageError> {
        let Some(member) = self.files.get(path) else {
            return Ok(None);
        };
        if member.size > most as u64 {
            return Ok(Some(vec![b' '; most + 1]));
        }
        let mut bytes = Vec::new();
        self.copy(path, member, &mut bytes)?;
        Ok(Some(bytes))
    }

    fn copy(&self, path: &str, member: &Member, into: &mut dyn Write) -> Result<(), PackageError> {
        member.copy(&self.bytes, into).map_err(|error| match error {
            CopyError::Refused(problem) => Refusal::entry(path.as_bytes(), problem).of(&self.path),
            CopyError::Storage(source) => PackageError::Storage {
                path: PathBuf::from(path),
                source,
            },
        })
    }
}

/// The files, by checked paths, in the order of the archive.
fn named(members: Vec<Member>, packed: u64) -> Result<Vec<(ArchivePath, Member)>, Refusal> {
    let mut names = ArchiveNames::new(MAX_ENTRIES);
    let mut bytes = 0_u64;
    let mut files = Vec::new();
    for member in members {
        let refuse = |problem| Refusal::entry(&member.name, problem);
        bytes = bytes.saturating_add(member.size);
        if bytes > MAX_BYTES {
            return Err(refuse(ArchiveProblem::TooLarge { limit: MAX_BYTES }));
        }
        if bytes > ALWAYS_ALLOWED.max(packed.saturating_mul(MAX_RATIO)) {
            return Err(refuse(ArchiveProblem::Bomb { limit: MAX_RATIO }));
        }
        let Some(path) = ArchivePath::parse(&member.name).map_err(refuse)? else {
            match member.is_folder {
                true => continue,
                false => return Err(refuse(ArchiveProblem::UnusableName)),
            }
        };
        for folder in path.ancestors() {
            names
                .add(folder, ArchiveEntryKind::Folder)
                .map_err(refuse)?;
        }
        let kind = match member.is_folder {
            true => ArchiveEntryKind::Folder,
            false => ArchiveEntryKind::File,
        };
        let is_new = names.add(path.as_str(), kind).map_err(refuse)?;
        if member.is_folder {
            continue;
        }
        if !is_new {
            return Err(refuse(ArchiveProblem::Duplicate));
        }
        if path.ancestors().next() != Some(RESOURCE_FORKS) {
            files.push((path, member));
        }
    }
    Ok(files)
}

/// The outermost folder that is the skill's; absent if the archive has none around it.
fn skill_root(
    path: &Path,
    files: &[(ArchivePath, Member)],
) -> Result<Option<String>, PackageError> {
    let describes = |name: &str| {
        [
            SkillFiles::MANIFEST,
            AgentSkill::FILE,
            AgentSkill::LOWER_CASE_FILE,
        ]
        .contains(&name)
    };
    if files.iter().any(|(name, _)| describes(name.as_str())) {
        return Ok(None);
    }
    let mut found: Option<&str> = None;
    for (name, _) in files {
        let Some((folder, rest)) = name.as_str().split_once('/') else {
            continue;
        };
        if !describes(rest) {
            continue;
        }
        match found {
            Some(first) if first != folder => {
                return Err(PackageError::Several {
                    path: path.to_owned(),
                    first: first.to_owned(),
                    second: folder.to_owned(),
                });
            }
            Some(_) | None => found = Some(folder),
        }
    }
    match found {
        Some(folder) => Ok(Some(folder.to_owned())),
        None => Err(PackageError::NoSkill {
            path: path.to_owned(),
        }),
    }
}

/// The name of a folder for a skill that has none in its archive.
fn folder_of(path: &Path) -> Result<String, PackageError> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let folder = stem.and_then(|stem| ArchivePath::parse(stem.as_bytes()).ok().flatten());
    folder
        .map(|folder| folder.as_str().to_owned())
        .ok_or_else(|| PackageError::Name {
            path: path.to_owned(),
        })
}

/// Reads a regular file; `None` if it has more than a package may have. A pipe in its place does not block.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut options = std::fs::OpenOptions::new();
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = fs_err::OpenOptions::from_options(options).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_PACKAGE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_PACKAGE_BYTES).then_some(bytes))
}
