//! A skill that was looked at: the only thing the rest of the program runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_types::AgentSkill;
use mycelium_types::Diagnostic;
use mycelium_types::Digest;
use mycelium_types::Engine;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::SkillId;
use mycelium_types::SkillSource;
use mycelium_types::WrappedServer;

use crate::LoadError;
use crate::MAX_SOURCE_BYTES;
use crate::Origin;
use crate::ScriptProgram;
use crate::SignatureDecision;
use crate::Surface;
use crate::loader::own_program;
use crate::loader::server_program;
use crate::scripts::program;
use crate::tree::read_file;

/// A skill whose manifest is valid, whose files are digested and bounded, which works here, and about
/// whose signature was decided. Only [`crate::Loader::load`] makes one; a copy is cheap.
#[derive(Clone, Debug)]
pub struct VerifiedSkill {
    pub(crate) content: Arc<Content>,
    pub(crate) source: SkillSource,
    pub(crate) origin: Origin,
    pub(crate) signature: SignatureDecision,
}

/// What was found in the skill's folder.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) remarks: Vec<Diagnostic>,
    pub(crate) digest: Digest,
    pub(crate) manifest_digest: Digest,
    pub(crate) engine: Engine,
    pub(crate) entrypoint: PathBuf,
    pub(crate) server: Option<WrappedServer>,
}

impl VerifiedSkill {
    /// Name and version.
    #[must_use]
    pub fn id(&self) -> SkillId {
        self.content.manifest.id()
    }

    /// What the skill says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.content.manifest
    }

    /// Remarks about the manifest that do not keep the skill from running.
    #[must_use]
    pub fn remarks(&self) -> &[Diagnostic] {
        &self.content.remarks
    }

    /// Where it comes from.
    #[must_use]
    pub fn source(&self) -> &SkillSource {
        &self.source
    }

    /// Whose work it is.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Its folder on disk, absolute and without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.content.root
    }

    /// The digest of everything in its folder but `.git`: each path, whether the file may be run, and
    /// its bytes, or where the link points.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.content.digest
    }

    /// The digest of `skill.json`, or of `SKILL.md` where there is none.
    #[must_use]
    pub fn manifest_digest(&self) -> Digest {
        self.content.manifest_digest
    }

    /// The instructions of its `SKILL.md`, if it has one: everything after the front matter, as it is in the file
    /// now.
    ///
    /// # Errors
    ///
    /// [`LoadError::Unreadable`] if the file cannot be read any more.
    pub fn instructions(&self) -> Result<Option<String>, LoadError> {
        let Some(agent) = &self.manifest().agent else {
            return Ok(None);
        };
        let path = self.root().join(&agent.file);
        let unreadable = |source| LoadError::Unreadable {
            path: path.clone(),
            source,
        };
        // It may be a link to another file of the skill.
        let file = fs_err::canonicalize(&path).map_err(unreadable)?;
        if !file.starts_with(self.root()) {
            return Err(LoadError::Changing {
                folder: self.root().to_owned(),
            });
        }
        let bytes = read_file(&file, AgentSkill::MAX_BYTES as u64)?.unwrap_or_default();
        let reading = AgentSkill::read(&bytes, "", AgentSkill::FILE, "");
        Ok(Some(reading.instructions))
    }

    /// What was decided about its signature.
    #[must_use]
    pub fn signature(&self) -> SignatureDecision {
        self.signature
    }

    /// What runs it.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.content.engine
    }

    /// The file to load on this platform, absolute and without links: a regular file below
    /// [`VerifiedSkill::root`].
    #[must_use]
    pub fn entrypoint(&self) -> &Path {
        &self.content.entrypoint
    }

    /// The server of MCP that it is, if this program wrapped one.
    #[must_use]
    pub fn server(&self) -> Option<&WrappedServer> {
        self.content.server.as_ref()
    }

    /// What running it takes, if its engine is a program of its own: the entrypoint, what interprets it
    /// and what links that, absolute and without links.
    ///
    /// # Errors
    ///
    /// [`LoadError::Entrypoint`] if the machine has not, or no longer, what runs it.
    pub fn program(&self) -> Result<Option<Vec<PathBuf>>, LoadError> {
        match self.engine() {
            Engine::Quickjs => Ok(None),
            Engine::Native if self.manifest().scripts().is_some() => Ok(Some(self.script_files())),
            Engine::Native => {
                let problem = |problem| LoadError::Entrypoint {
                    folder: self.root().to_owned(),
                    entrypoint: self.entrypoint().to_owned(),
                    problem,
                };
                let files = match self.server() {
                    Some(server) => server_program(server, problem),
                    None => own_program(self.entrypoint(), &[self.root()], problem),
                };
                files.map(Some)
            }
        }
    }

    /// How the scripts that are its methods are run on this machine, or why they cannot be, by method. Empty for a
    /// skill with code of its own.
    #[must_use]
    pub fn scripts(&self) -> BTreeMap<String, Result<ScriptProgram, Message>> {
        let scripts = self.manifest().scripts().unwrap_or_default().iter();
        scripts
            .map(|script| (script.method.clone(), program(script, self.root())))
            .collect()
    }

    /// All files that running any of its scripts takes.
    fn script_files(&self) -> Vec<PathBuf> {
        let runnable = self.scripts().into_values().flatten();
        let mut files: Vec<_> = runnable.flat_map(|program| program.files).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// How the exports of the manifest are called, in its order, and which hooks the skill has: those
    /// the manifest names and those its source shows.
    ///
    /// # Errors
    ///
    /// [`LoadError::Unreadable`] if the entrypoint cannot be read any more.
    pub fn surface(&self) -> Result<Surface, LoadError> {
        let found = match self.engine() {
            Engine::Quickjs => {
                // A larger file is a bundle, whose source says nothing.
                let bytes =
                    read_file(self.entrypoint(), MAX_SOURCE_BYTES as u64)?.unwrap_or_default();
                Surface::of_source(&String::from_utf8_lossy(&bytes))
            }
            Engine::Native => Surface::default(),
        };
        let manifest = self.manifest();
        let mut hooks = found.hooks.clone();
        hooks.extend(&manifest.hooks);
        hooks.sort_unstable();
        hooks.dedup();
        Ok(Surface {
            functions: manifest
                .exports
                .iter()
                .map(|export| found.signature(export))
                .collect(),
            hooks,
        })
    }
}
