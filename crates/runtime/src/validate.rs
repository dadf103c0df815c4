//! Checking a skill before anybody uses it: its manifest, its files, its code.

use std::path::Path;
use std::sync::Arc;

use mycelium_protocol::control::RequestContext;
use mycelium_protocol::worker::Request;
use mycelium_types::AgentSkill;
use mycelium_types::Diagnostic;
use mycelium_types::Engine;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use mycelium_types::SkillFiles;
use mycelium_types::SkillSource;
use mycelium_types::printable_path;

use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::Purpose;
use crate::workspace::Workspace;

/// What a check of a skill found.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// The manifest, if it can be used.
    pub manifest: Option<Manifest>,
    /// Everything worth saying, the manifest's remarks first.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the reference validator of Agent Skills passes its `SKILL.md`, if it has one.
    pub conforms: Option<bool>,
}

impl Validation {
    /// Whether nothing is wrong. Warnings are no errors.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether it is good to publish: a code skill without warnings, and an Agent Skill that the reference validator
    /// passes, whatever else is said of it.
    #[must_use]
    pub fn is_strictly_valid(&self) -> bool {
        let is_about_agent_skill = |diagnostic: &Diagnostic| {
            self.conforms.is_some()
                && [AgentSkill::FILE, AgentSkill::LOWER_CASE_FILE]
                    .iter()
                    .any(|name| Path::new(&diagnostic.file).ends_with(name))
        };
        self.conforms.unwrap_or(true)
            && !self.diagnostics.iter().any(|diagnostic| {
                diagnostic.severity >= Severity::Warning && !is_about_agent_skill(diagnostic)
            })
    }
}

impl Inner {
    /// Checks the skill in `folder`, or the package of that path: reads the manifest, and if that is good, loads the code in a
    /// sandbox in which it is granted nothing, to see that it parses and exports what it says. A program of
    /// its own is not run: that it could be is all that is checked. Gives remarks about its scripts.
    pub(crate) async fn validate(
        self: &Arc<Self>,
        context: &RequestContext,
        folder: &Path,
    ) -> Result<Validation, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let reading = {
            let folder = folder.to_owned();
            blocking(move || Ok(mycelium_registry::read_skill(&folder))).await?
        };
        let file = printable_path(&match mycelium_registry::source_of(folder) {
            SkillSource::Package { path } => path,
            SkillSource::Folder { .. } | SkillSource::Embedded { .. } => {
                folder.join(match reading.conforms {
                    Some(_) if !folder.join(SkillFiles::MANIFEST).exists() => AgentSkill::FILE,
                    Some(_) | None => SkillFiles::MANIFEST,
                })
            }
        });
        let mut validation = Validation {
            manifest: reading.manifest,
            diagnostics: reading.diagnostics,
            conforms: reading.conforms,
        };
        if validation.manifest.is_some() {
            match self.try_load(&workspace, folder).await {
                Ok(remarks) => {
                    let remarks = remarks.into_iter();
                    let remarks = remarks.map(|text| about(&file, Severity::Warning, text, None));
                    validation.diagnostics.extend(remarks);
                }
                Err(error) => validation.diagnostics.push(remark(&file, &error)),
            }
        }
        Ok(validation)
    }

    async fn try_load(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        folder: &Path,
    ) -> Result<Vec<String>, ErrorReport> {
        let events = self.silent();
        let launch = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(workspace);
            let source = mycelium_registry::source_of(folder);
            let events = Arc::clone(&events);
            blocking(move || {
                let launches = &inner.launches;
                launches.prepare(&workspace, &source, &events, Purpose::Check)
            })
            .await?
        };
        match launch.skill.engine() {
            Engine::Quickjs => {}
            // What can be known of a program without running it is known by now.
            Engine::Native => {
                let broken = launch.broken_scripts();
                return Ok(broken.map(|reason| reason.render(Locale::EnUs)).collect());
            }
        }
        let launch = Arc::new(launch);
        let mut running = self.start_apart(&launch, workspace).await?;
        let request = Request::Load(launch.load_params());
        let correlation_id = self.new_correlation_id();
        let asker = Asker {
            workspace: &workspace.path,
            session: None,
            correlation_id: &correlation_id,
            scope: None,
        };
        let wall = WallLimit::from_now(running.launch.policy.limits.wall_seconds);
        let answer = self
            .ask(&mut running, request, wall, asker, &events, &mut Vec::new())
            .await;
        running.worker.process().kill();
        answer.map(|_| Vec::new())
    }
}

fn remark(file: &str, error: &ErrorReport) -> Diagnostic {
    if let [one] = error.diagnostics.as_slice() {
        return one.clone();
    }
    let help = error.remediation(Locale::EnUs);
    about(
        file,
        Severity::Error,
        error.message(Locale::EnUs),
        Some(help),
    )
}

fn about(file: &str, severity: Severity, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        severity,
        file: file.to_owned(),
        position: None,
        field: String::new(),
        message,
        help,
        snippet: None,
    }
}
