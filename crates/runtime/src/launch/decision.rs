//! What a skill may do in a workspace, and how much: the decision about its permissions, with everything it rests on.

use std::path::PathBuf;

use mycelium_config::SkillOwner;
use mycelium_loader::VerifiedSkill;
use mycelium_policy::Evaluation;
use mycelium_policy::HostPaths;
use mycelium_policy::Origin;
use mycelium_policy::PolicyRequest;
use mycelium_policy::Rung;
use mycelium_policy::WorkspaceTrust;
use mycelium_policy::evaluate;
use mycelium_policy::observe;
use mycelium_types::Engine;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::Permission;
use mycelium_types::SkillSource;

use super::Launches;
use crate::Folders;
use crate::host_paths::HostFiles;
use crate::trace;
use crate::workspace::Workspace;

/// How many processes a skill that may start programs has if it asks for no number.
const PROCESSES: u64 = 16;

/// What a skill is started for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// To work, with what it is granted.
    Work,
    /// To work while what it does is observed; it may use the workspace so.
    Observation(FileAccess),
    /// To see whether it can be loaded, with nothing granted.
    Check,
}

impl Launches {
    /// Decides what the skill may do.
    pub(super) fn evaluate(
        &self,
        workspace: &Workspace,
        skill: &VerifiedSkill,
        host: &HostFiles,
        purpose: Purpose,
    ) -> Result<Evaluation, ErrorReport> {
        let program = skill.program()?;
        let folders = self.skill_folders(workspace);
        let (origin, grants) = match purpose {
            Purpose::Work | Purpose::Observation(_) => (
                origin(workspace, skill),
                workspace.answers.grants.as_slice(),
            ),
            Purpose::Check => (Origin::Elsewhere, &[][..]),
        };
        let request = PolicyRequest {
            manifest: skill.manifest(),
            digest: skill.digest(),
            origin,
            own_program: program.as_deref(),
            installation: skill.server().map_or(&[], |server| &server.installation),
            skill_root: skill.root(),
            skill_folders: &folders,
            own_folders: &self.own_folders(host),
            workspace: &workspace.path,
            home: &workspace.home,
            claude_folder: &workspace.claude_home().folder,
            trust: workspace.trust(),
            grants,
            bounds: &workspace.configuration.grant_bounds(),
            environment: &workspace.environment,
            limits: limits(workspace, skill),
            denied_hosts: &workspace.configuration.security.denied_hosts,
            required_rung: required_rung(workspace, skill),
        };
        let mut evaluation = evaluate(&request, host);
        if let Purpose::Observation(access) = purpose {
            let shown = trace::shown(&workspace.path, access);
            observe(&mut evaluation, &request, host, &shown);
        }
        Ok(evaluation)
    }

    /// The program's own folders, without links as far as they exist.
    fn own_folders(&self, host: &HostFiles) -> Vec<PathBuf> {
        let Folders {
            state, cache, data, ..
        } = &self.folders;
        let own = [state, cache, data].into_iter();
        own.map(|path| host.resolve(path).unwrap_or_else(|| path.clone()))
            .collect()
    }

    /// The folders that skills are found in, without links as far as they exist.
    fn skill_folders(&self, workspace: &Workspace) -> Vec<PathBuf> {
        let roots = mycelium_config::skill_roots(
            &workspace.path,
            &workspace.home,
            &workspace.claude_home(),
            &workspace.configuration,
        );
        let view = self.claude_views.now(workspace);
        let roots = roots.into_iter().map(|root| root.path);
        roots
            .chain(view.plugins.roots.iter().map(|root| root.path.clone()))
            .map(|path| HostFiles::default().resolve(&path).unwrap_or(path))
            .collect()
    }
}

/// The least the kernel must enforce: perhaps less for code that was trusted before it was looked at.
pub(crate) fn required_rung(workspace: &Workspace, skill: &VerifiedSkill) -> Rung {
    let security = &workspace.configuration.security;
    let is_trusted = match origin(workspace, skill) {
        Origin::Embedded => true,
        Origin::Workspace => workspace.trust() == WorkspaceTrust::Trusted,
        Origin::Elsewhere => false,
    };
    if is_trusted {
        security.required_rung.min(security.trusted_required_rung)
    } else {
        security.required_rung
    }
}

/// Whose skill it is to the permission decision: one below the workspace is the workspace's own.
fn origin(workspace: &Workspace, skill: &VerifiedSkill) -> Origin {
    // Somebody packed it somewhere; where it was unpacked says nothing. A wrapped server is somebody else's in any case.
    if matches!(skill.source(), SkillSource::Package { .. }) || skill.server().is_some() {
        return Origin::Elsewhere;
    }
    match skill.origin() {
        mycelium_loader::Origin::BuiltIn => Origin::Embedded,
        mycelium_loader::Origin::Local if skill.root().starts_with(&workspace.path) => {
            Origin::Workspace
        }
        mycelium_loader::Origin::Local | mycelium_loader::Origin::External => Origin::Elsewhere,
    }
}

/// Whose skill it is to the configuration.
pub(super) fn owner(workspace: &Workspace, skill: &VerifiedSkill) -> SkillOwner {
    match origin(workspace, skill) {
        Origin::Workspace => SkillOwner::Workspace,
        Origin::Embedded | Origin::Elsewhere => SkillOwner::Other,
    }
}

/// How much the skill may use: what it asks for, changed by what the configuration says.
pub(crate) fn limits(workspace: &Workspace, skill: &VerifiedSkill) -> Limits {
    let manifest = skill.manifest();
    let mut asked = manifest.limits;
    let starts_programs = || {
        let mut permissions = manifest.permissions.iter();
        permissions.any(|request| matches!(request.permission, Permission::Process { .. }))
    };
    if skill.engine() == Engine::Native && starts_programs() {
        asked.processes = asked.processes.or(Some(PROCESSES));
    }
    workspace
        .configuration
        .limits(&manifest.name, owner(workspace, skill), &asked)
}
