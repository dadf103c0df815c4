//! Agent Skills for agents that read them themselves: which there are, what is in them, their instructions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_loader::SkillFile;
use mycelium_loader::VerifiedSkill;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::control::RequestContext;
use mycelium_registry::SkillRecord;
use mycelium_types::AgentSkill;
use mycelium_types::Digest;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::Substitutions;
use serde_json::Map;
use serde_json::Value;

use crate::Audience;
use crate::SkillRuntime;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::servers::offering_server;
use crate::workspace::Workspace;

/// What one skill may have for hosts of the Skills extension of MCP (SEP-2640): files, and bytes in all of them.
const MAX_FILES: usize = 512;
const MAX_BYTES: u64 = 16 << 20;
/// Skills whose files are remembered; beyond this they are all read again.
const MAX_KNOWN: usize = 2_048;

/// An Agent Skill as it is passed on.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedSkill {
    /// Its name.
    pub name: SkillName,
    /// All fields of its front matter.
    pub front_matter: Map<String, Value>,
    /// Its files, by path. The one with the front matter is called `SKILL.md`, however it is written.
    pub files: Vec<SkillFile>,
}

/// The instructions of an Agent Skill, completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentInstructions {
    /// What the skill does.
    pub description: String,
    /// What an agent reads.
    pub text: String,
}

/// What was found in skills of these contents; nothing where it cannot be passed on.
#[derive(Debug, Default)]
pub(crate) struct Publications(Mutex<HashMap<Digest, Option<Arc<PublishedSkill>>>>);

impl SkillRuntime {
    /// The Agent Skills that are offered to `audience`, by name: of each the version that its name alone means.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn agent_skills(
        &self,
        context: &RequestContext,
        audience: Audience,
    ) -> Result<Vec<Arc<SkillRecord>>, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let registry = self.inner.registry(&workspace).await?;
        let view = self.inner.claude_view(&workspace).await?;
        let mut names: Vec<_> = registry
            .list()
            .iter()
            .map(|record| record.name().clone())
            .collect();
        names.dedup();
        let known = names.iter().filter_map(|name| registry.get(name, None));
        Ok(known
            .filter(|record| record.manifest.agent.is_some() && view.is_for(audience, record))
            .collect())
    }

    /// An Agent Skill with all its files; `None` if there is no such skill, or it cannot be passed on: its front matter
    /// is not readable as it is written, or it has more than 512 files or 16 MiB.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn published(
        &self,
        context: &RequestContext,
        name: &SkillName,
    ) -> Result<Option<Arc<PublishedSkill>>, ErrorReport> {
        let Some((workspace, record)) = self.agent_skill(context, name, Audience::Agent).await?
        else {
            return Ok(None);
        };
        let inner = Arc::clone(&self.inner);
        blocking(move || Ok(inner.published(&workspace, &record))).await
    }

    /// The content of a file of an Agent Skill, of at most 16 MiB; `None` if there is none.
    ///
    /// # Errors
    /// When the skill is broken or the file cannot be read.
    pub async fn published_file(
        &self,
        context: &RequestContext,
        name: &SkillName,
        path: &str,
    ) -> Result<Option<Vec<u8>>, ErrorReport> {
        let Some((workspace, record)) = self.agent_skill(context, name, Audience::Agent).await?
        else {
            return Ok(None);
        };
        let inner = Arc::clone(&self.inner);
        let path = path.to_owned();
        blocking(move || {
            let skill = inner.launches.read(&workspace, &record.source)?;
            let path = match (path.as_str(), &skill.manifest().agent) {
                (AgentSkill::FILE, Some(agent)) => agent.file.clone(),
                (_, Some(_) | None) => path,
            };
            Ok(skill.file(&path, MAX_BYTES)?)
        })
        .await
    }

    /// The instructions of an Agent Skill, as if it had been started by its name with `arguments`; `None` if there is no
    /// such skill. Nothing of it runs.
    ///
    /// # Errors
    /// When the skill is broken.
    pub async fn instructions(
        &self,
        context: &RequestContext,
        name: &SkillName,
        arguments: &[String],
    ) -> Result<Option<AgentInstructions>, ErrorReport> {
        let Some((workspace, record)) = self.agent_skill(context, name, Audience::Person).await?
        else {
            return Ok(None);
        };
        let inner = Arc::clone(&self.inner);
        let arguments = arguments.to_vec();
        let session = context.session.clone();
        blocking(move || {
            let skill = inner.launches.read(&workspace, &record.source)?;
            let Some(agent) = skill.manifest().agent.as_deref() else {
                return Ok(None);
            };
            let view = inner.claude_views.now(&workspace);
            let values = Substitutions {
                skill_folder: Some(skill.root()),
                project_folder: Some(&workspace.path),
                session: Some(&session),
                arguments: Some(&arguments),
                names: &agent.arguments,
                ..Substitutions::default()
            };
            let values = view.with_plugin(skill.root(), values);
            let text = skill.instructions()?.unwrap_or_default();
            let server = record.place.server().and_then(offering_server);
            let origin = server.map(|server| format!("Offered by the MCP server: {server}\n"));
            Ok(Some(AgentInstructions {
                description: agent.description.clone(),
                text: format!(
                    "Base directory for this skill: {}\n{}\n{}",
                    skill.root().display(),
                    origin.unwrap_or_default(),
                    values.fill(&text)
                ),
            }))
        })
        .await
    }

    /// Whether agents may ask the person for permissions: in a workspace that is trusted, unless `mcp.askPermissions` is
    /// off.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn agents_may_ask(&self, context: &RequestContext) -> Result<bool, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let is_trusted = workspace.trust() == WorkspaceTrust::Trusted;
        Ok(is_trusted && workspace.configuration.mcp.ask_permissions)
    }

    /// How long an agent's session over HTTP lasts that nobody uses.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn agents_idle(&self, context: &RequestContext) -> Result<Duration, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let seconds = workspace.configuration.mcp.session_idle_seconds;
        Ok(Duration::from_secs(seconds))
    }

    async fn agent_skill(
        &self,
        context: &RequestContext,
        name: &SkillName,
        audience: Audience,
    ) -> Result<Option<(Arc<Workspace>, Arc<SkillRecord>)>, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let registry = self.inner.registry(&workspace).await?;
        let view = self.inner.claude_view(&workspace).await?;
        let is_meant = |record: &Arc<SkillRecord>| {
            record.manifest.agent.is_some() && view.is_for(audience, record)
        };
        let record = registry.get(name, None).filter(is_meant);
        Ok(record.map(|record| (workspace, record)))
    }
}

impl Inner {
    /// What can be passed on of the skill. One that cannot be read has nothing; using it tells why.
    fn published(
        &self,
        workspace: &Workspace,
        record: &SkillRecord,
    ) -> Option<Arc<PublishedSkill>> {
        let skill = self.launches.read(workspace, &record.source).ok()?;
        if let Some(known) = self.publications.lock().get(&skill.digest()) {
            return known.clone();
        }
        let published = publication(&skill).map(Arc::new);
        let mut known = self.publications.lock();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(skill.digest(), published.clone());
        published
    }
}

impl Publications {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Option<Arc<PublishedSkill>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn publication(skill: &VerifiedSkill) -> Option<PublishedSkill> {
    let agent = skill.manifest().agent.as_deref()?;
    let mut files = skill.files(MAX_FILES, MAX_BYTES).ok()??;
    let described = skill
        .file(&agent.file, AgentSkill::MAX_BYTES as u64)
        .ok()??;
    for file in files.iter_mut().filter(|file| file.path == agent.file) {
        AgentSkill::FILE.clone_into(&mut file.path);
    }
    Some(PublishedSkill {
        name: skill.manifest().name.clone(),
        front_matter: AgentSkill::front_matter(&described)?,
        files,
    })
}
