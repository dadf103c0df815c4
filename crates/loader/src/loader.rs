//! From a source to a verified skill.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_types::AgentSkill;
use mycelium_types::Digest;
use mycelium_types::Engine;
use mycelium_types::Manifest;
use mycelium_types::Script;
use mycelium_types::SkillFiles;
use mycelium_types::SkillSource;
use mycelium_types::WrappedServer;

use crate::Bound;
use crate::EmbeddedSource;
use crate::EngineProbe;
use crate::EntrypointProblem;
use crate::FolderSource;
use crate::Host;
use crate::LoadError;
use crate::Origin;
use crate::PackageSource;
use crate::SignatureRule;
use crate::Source;
use crate::VerifiedSkill;
use crate::compatibility::choose_engine;
use crate::executable::NotRunnable;
use crate::executable::executables;
use crate::executable::looks_runnable;
use crate::signature::decide;
use crate::tree::EntryKind;
use crate::tree::Tree;
use crate::tree::read_file;
use crate::verified::Content;

/// How often a folder that changes while it is read is read again.
const ATTEMPTS: usize = 3;
/// How many skills are remembered. More are possible; then the memory starts over.
const MAX_KNOWN: usize = 1_024;

/// A skill to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadRequest {
    /// Where it comes from.
    pub source: SkillSource,
    /// For a folder, whose work it is; other kinds of places know that themselves.
    pub origin: Origin,
    /// What the configuration says about signatures.
    pub signatures: SignatureRule,
}

/// Loads skills, and remembers what it found in folders that have not changed since.
pub struct Loader {
    sources: Vec<Box<dyn Source>>,
    host: Host,
    probe: Box<dyn EngineProbe>,
    wrapped: Option<PathBuf>,
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// What was found in a folder when it looked like this.
struct Known {
    fingerprint: Digest,
    content: Arc<Content>,
}

impl Loader {
    /// A loader of folders, packages and embedded skills. What is unpacked is put into the folders `packages` and
    /// `embedded` in `cache`.
    #[must_use]
    pub fn new(cache: &Path, host: Host, probe: Box<dyn EngineProbe>) -> Self {
        Self {
            sources: vec![
                Box::new(FolderSource),
                Box::new(PackageSource::new(cache.join("packages"))),
                Box::new(EmbeddedSource::new(cache.join("embedded"))),
            ],
            host,
            probe,
            wrapped: None,
            known: Mutex::default(),
        }
    }

    /// Takes skills below `folder` to be servers of MCP that this program wrapped. Nobody but the person writes there:
    /// what such a skill runs may be anywhere on the machine.
    #[must_use]
    pub fn with_wrapped(mut self, folder: PathBuf) -> Self {
        self.wrapped = Some(folder);
        self
    }

    /// Adds another kind of place, asked after the ones before it.
    #[must_use]
    pub fn with_source(mut self, source: Box<dyn Source>) -> Self {
        self.sources.push(source);
        self
    }

    /// Fetches the skill, checks its files and manifest, and decides about its signature.
    ///
    /// The files are read only if something changed since they were read last; otherwise it costs a
    /// listing of the folder.
    ///
    /// # Errors
    ///
    /// Any [`LoadError`]; nothing is left behind that a later call would trip over.
    pub fn load(&self, request: &LoadRequest) -> Result<VerifiedSkill, LoadError> {
        let fetched = self
            .sources
            .iter()
            .find_map(|source| source.fetch(request).transpose())
            .unwrap_or_else(|| {
                Err(LoadError::NoSource {
                    place: request.source.clone(),
                })
            })?;
        let content = self.content(&fetched.folder)?;
        let signature = decide(&content.manifest.id(), fetched.origin, request.signatures)?;
        Ok(VerifiedSkill {
            content,
            source: request.source.clone(),
            origin: fetched.origin,
            signature,
        })
    }

    fn content(&self, folder: &Path) -> Result<Arc<Content>, LoadError> {
        let root = canonical(folder)?;
        let mut tree = Tree::list(&root)?;
        let mut fingerprint = tree.fingerprint();
        if let Some(content) = self.remembered(&root, fingerprint) {
            return Ok(content);
        }
        for _ in 0..ATTEMPTS {
            let inspected = self.inspect(folder, &root, &tree);
            // Everything must have stood still from before the first byte was read until now.
            let again = Tree::list(&root)?;
            let unchanged = again.fingerprint() == fingerprint;
            match inspected {
                Ok(content) if unchanged => {
                    let content = Arc::new(content);
                    if tree.is_settled() {
                        self.remember(root, fingerprint, &content);
                    }
                    return Ok(content);
                }
                Err(error) if unchanged => return Err(error),
                Ok(_) | Err(_) => {
                    fingerprint = again.fingerprint();
                    tree = again;
                }
            }
        }
        Err(LoadError::Changing {
            folder: folder.to_owned(),
        })
    }

    fn remembered(&self, root: &Path, fingerprint: Digest) -> Option<Arc<Content>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(root)?;
        (known.fingerprint == fingerprint).then(|| Arc::clone(&known.content))
    }

    fn remember(&self, root: PathBuf, fingerprint: Digest, content: &Arc<Content>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        let content = Arc::clone(content);
        known.insert(
            root,
            Known {
                fingerprint,
                content,
            },
        );
    }

    fn inspect(&self, folder: &Path, root: &Path, tree: &Tree) -> Result<Content, LoadError> {
        let files = skill_files(folder, root, tree)?;
        let described = files.manifest.as_deref();
        let described = described.or(files.agent.as_ref().map(|(_, bytes)| bytes.as_slice()));
        let manifest_digest = Digest::of(described.unwrap_or_default());
        let reading = files.read(folder);
        let Some(manifest) = reading.manifest else {
            return Err(LoadError::Manifest {
                folder: folder.to_owned(),
                diagnostics: reading.diagnostics,
            });
        };
        let declared = manifest.entrypoint_for(&self.host.os, &self.host.arch);
        let found = entrypoint(tree, declared).map(|path| root.join(path));
        let looks_runnable = || found.as_deref().is_ok_and(looks_runnable);
        let engine = choose_engine(
            &manifest,
            declared,
            &self.host,
            self.probe.as_ref(),
            looks_runnable,
        )?;
        let problem = |problem| LoadError::Entrypoint {
            folder: folder.to_owned(),
            entrypoint: declared.to_owned(),
            problem,
        };
        let entrypoint = found.map_err(problem)?;
        let server = match self.holds_servers(root) {
            true => Some(server_of(folder, &entrypoint)?),
            false => None,
        };
        match engine {
            Engine::Quickjs => {}
            // Each of its scripts works or does not; the skill is its instructions in any case.
            Engine::Native if manifest.scripts().is_some() => {}
            Engine::Native => match &server {
                Some(server) => drop(server_program(server, problem)?),
                None => drop(own_program(&entrypoint, &[root], problem)?),
            },
        }
        Ok(Content {
            root: root.to_owned(),
            remarks: reading.diagnostics,
            digest: tree.digest()?,
            manifest_digest,
            engine,
            entrypoint,
            server,
            manifest,
        })
    }

    /// Whether what is in `root`, which is without links, was wrapped by this program.
    fn holds_servers(&self, root: &Path) -> bool {
        let wrapped = self.wrapped.as_deref();
        let wrapped = wrapped.and_then(|folder| fs_err::canonicalize(folder).ok());
        wrapped.is_some_and(|folder| root.starts_with(folder))
    }
}

/// What the file of a wrapped server says.
fn server_of(folder: &Path, file: &Path) -> Result<WrappedServer, LoadError> {
    let bytes = read_file(file, WrappedServer::MAX_BYTES as u64)?;
    let bytes = bytes.ok_or_else(|| LoadError::TooLarge {
        folder: folder.to_owned(),
        bound: Bound::Manifest,
    })?;
    serde_json::from_slice(&bytes).map_err(|error| LoadError::Unreadable {
        path: file.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })
}

/// The folder without links, itself included: a skill may be linked into a root.
fn canonical(folder: &Path) -> Result<PathBuf, LoadError> {
    let missing = || LoadError::NoFolder {
        folder: folder.to_owned(),
    };
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(),
        _ => LoadError::Unreadable {
            path: folder.to_owned(),
            source,
        },
    };
    let root = fs_err::canonicalize(folder).map_err(unreadable)?;
    if !fs_err::metadata(&root).map_err(unreadable)?.is_dir() {
        return Err(missing());
    }
    if root.to_str().is_none() {
        return Err(LoadError::NotUtf8 { folder: root });
    }
    Ok(root)
}

/// What the folder says of itself, as far as the listing has it.
fn skill_files(folder: &Path, root: &Path, tree: &Tree) -> Result<SkillFiles, LoadError> {
    let read = |name: &str, most: usize, bound| {
        let Ok(path) = entrypoint(tree, Path::new(name)) else {
            return Ok(None);
        };
        match read_file(&root.join(path), most as u64)? {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(LoadError::TooLarge {
                folder: folder.to_owned(),
                bound,
            }),
        }
    };
    let manifest = read(SkillFiles::MANIFEST, Manifest::MAX_BYTES, Bound::Manifest)?;
    let mut agent = None;
    for name in [AgentSkill::FILE, AgentSkill::LOWER_CASE_FILE] {
        if agent.is_none() {
            let bytes = read(name, AgentSkill::MAX_BYTES, Bound::Instructions)?;
            agent = bytes.map(|bytes| (name, bytes));
        }
    }
    if manifest.is_none() && agent.is_none() {
        return Err(LoadError::NoManifest {
            folder: folder.to_owned(),
        });
    }
    let scripts = match manifest {
        Some(_) => Vec::new(),
        None => Script::among(tree.files()),
    };
    Ok(SkillFiles {
        manifest,
        agent,
        scripts,
    })
}

/// The file that `declared` leads to, below the root.
fn entrypoint(tree: &Tree, declared: &Path) -> Result<PathBuf, EntrypointProblem> {
    let path = tree
        .resolve(Path::new(""), declared)
        .map_err(|_| EntrypointProblem::Leaves)?;
    match tree.entry(&path).map(|entry| &entry.kind) {
        Some(EntryKind::File { .. }) => Ok(path),
        Some(EntryKind::Folder | EntryKind::Link { .. }) => Err(EntrypointProblem::NotAFile),
        None => Err(EntrypointProblem::Missing),
    }
}

/// The program of a wrapped server and what running it takes.
pub(crate) fn server_program(
    server: &WrappedServer,
    error: impl FnOnce(EntrypointProblem) -> LoadError,
) -> Result<Vec<PathBuf>, LoadError> {
    let Ok(program) = fs_err::canonicalize(&server.program) else {
        return Err(error(EntrypointProblem::Missing));
    };
    let homes: Vec<_> = server.installation.iter().map(PathBuf::as_path).collect();
    own_program(&program, &homes, error)
}

/// The program `entrypoint` and what running it takes, which is below one of `homes` or the system's.
pub(crate) fn own_program(
    entrypoint: &Path,
    homes: &[&Path],
    error: impl FnOnce(EntrypointProblem) -> LoadError,
) -> Result<Vec<PathBuf>, LoadError> {
    executables(entrypoint, homes).map_err(|problem| match problem {
        NotRunnable::NotExecutable => error(EntrypointProblem::NotExecutable),
        NotRunnable::NotAProgram => error(EntrypointProblem::NotAProgram),
        NotRunnable::Interpreter(name) => error(EntrypointProblem::Interpreter { name }),
        NotRunnable::Unreadable(source) => LoadError::Unreadable {
            path: entrypoint.to_owned(),
            source,
        },
    })
}
