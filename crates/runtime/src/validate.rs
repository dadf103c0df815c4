//! Checking a skill before anybody uses it: its manifest, its files, its code.

use std::path::Path;
use std::sync::Arc;

use mycelium_policy::NetworkPolicy;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::worker::Request;
use mycelium_types::Diagnostic;
use mycelium_types::Engine;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use mycelium_types::SkillSource;
use mycelium_types::printable_path;

use crate::asking::WallLimit;
use crate::audit::Asker;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::instance::Running;
use crate::workspace::Workspace;

/// What a check of a skill found.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// The manifest, if it can be used.
    pub manifest: Option<Manifest>,
    /// Everything worth saying, the manifest's remarks first.
    pub diagnostics: Vec<Diagnostic>,
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
}

impl Inner {
    /// Checks the skill in `folder`: reads the manifest, and if that is good, loads the code in a
    /// sandbox in which it is granted nothing, to see that it parses and exports what it says. A program of
    /// its own is not run: that it could be is all that is checked.
    pub(crate) async fn validate(
        self: &Arc<Self>,
        context: &RequestContext,
        folder: &Path,
    ) -> Result<Validation, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let manifest_path = folder.join("skill.json");
        let file = printable_path(&manifest_path);
        let bytes = {
            let path = manifest_path.clone();
            blocking(move || {
                crate::bounded_file::read(&path, Manifest::MAX_BYTES).map_err(|error| {
                    ErrorReport::new(mycelium_types::ErrorCode::ManifestInvalid)
                        .with("path", printable_path(&path))
                        .with("reason", error)
                })
            })
            .await?
        };
        let reading = Manifest::read(&bytes, &file);
        let mut validation = Validation {
            manifest: reading.manifest,
            diagnostics: reading.diagnostics,
        };
        if validation.manifest.is_some()
            && let Err(error) = self.try_load(&workspace, folder).await
        {
            validation.diagnostics.push(remark(&file, &error));
        }
        Ok(validation)
    }

    async fn try_load(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        folder: &Path,
    ) -> Result<(), ErrorReport> {
        let events = self.silent();
        let launch = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(workspace);
            let source = SkillSource::Folder {
                path: folder.to_owned(),
            };
            let events = Arc::clone(&events);
            blocking(move || {
                let mut launch = inner.launches.prepare(&workspace, &source, &events)?;
                launch.policy.paths.clear();
                launch.policy.sealed.clear();
                launch.policy.network = NetworkPolicy::default();
                launch.policy.data = None;
                Ok(launch)
            })
            .await?
        };
        match launch.skill.engine() {
            Engine::Quickjs => {}
            // What can be known of a program without running it is known by now.
            Engine::Native => return Ok(()),
        }
        let launch = Arc::new(launch);
        let (worker, _) = {
            let supervisor = Arc::clone(&self.supervisor);
            let launch = Arc::clone(&launch);
            blocking(move || supervisor.start(&launch.policy, launch.members(), None)).await?
        };
        let process = Arc::clone(worker.process());
        let mut running = Running {
            worker,
            hooks: Default::default(),
            launch: Arc::clone(&launch),
            workspace: Arc::clone(workspace),
        };
        let request = Request::Load(launch.load_params());
        let correlation_id = self.new_correlation_id();
        let asker = Asker {
            workspace: &workspace.path,
            session: None,
            correlation_id: &correlation_id,
        };
        let wall = WallLimit::from_now(running.launch.policy.limits.wall_seconds);
        let answer = self
            .ask(&mut running, request, wall, asker, &events, &mut Vec::new())
            .await;
        process.kill();
        answer.map(|_| ())
    }
}

fn remark(file: &str, error: &ErrorReport) -> Diagnostic {
    if let [one] = error.diagnostics.as_slice() {
        return one.clone();
    }
    Diagnostic {
        severity: Severity::Error,
        file: file.to_owned(),
        position: None,
        field: String::new(),
        message: error.message(Locale::EnUs),
        help: Some(error.remediation(Locale::EnUs)),
        snippet: None,
    }
}
