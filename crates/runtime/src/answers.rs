//! Taking answers: what the person allows, and takes back.

use std::sync::Arc;

use mycelium_policy::Grant;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::TrustReport;
use mycelium_protocol::control::TrustRequest;
use mycelium_protocol::control::TrustTarget;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use crate::inner::Inner;
use crate::inner::blocking;

impl Inner {
    pub(crate) async fn trust(
        self: &Arc<Self>,
        context: &RequestContext,
        request: TrustRequest,
    ) -> Result<TrustReport, ErrorReport> {
        match request {
            TrustRequest::Workspace => self.trust_workspace(context, WorkspaceTrust::Trusted).await,
            TrustRequest::Skill { skill, digest } => self.grant(context, &skill, digest).await,
        }
    }

    pub(crate) async fn revoke(
        self: &Arc<Self>,
        context: &RequestContext,
        target: TrustTarget,
    ) -> Result<TrustReport, ErrorReport> {
        match target {
            TrustTarget::Workspace => {
                let report = self
                    .trust_workspace(context, WorkspaceTrust::Untrusted)
                    .await?;
                let affected = self
                    .instances
                    .select(|key| key.workspace == report.workspace);
                self.renew_all(affected).await;
                Ok(report)
            }
            TrustTarget::Skill { skill } => self.forget(context, &skill).await,
        }
    }

    async fn trust_workspace(
        self: &Arc<Self>,
        context: &RequestContext,
        trust: WorkspaceTrust,
    ) -> Result<TrustReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let inner = Arc::clone(self);
        blocking(move || {
            Ok(TrustReport {
                changed: inner.trust.set_workspace(&workspace.path, trust)?,
                workspace: workspace.path.clone(),
                skill: None,
                permissions: Vec::new(),
            })
        })
        .await
    }

    /// Grants what the skill asks for, if it still is what the person was shown.
    async fn grant(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        shown: Digest,
    ) -> Result<TrustReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        let inner = Arc::clone(self);
        blocking(move || {
            let (verified, _) = inner.launches.verify(&workspace, &record.source)?;
            let manifest = verified.manifest();
            if verified.digest() != shown {
                return Err(ErrorReport::new(ErrorCode::SkillChanged)
                    .with("skill", &manifest.name)
                    .with("shown", shown.short())
                    .with("found", verified.digest().short()));
            }
            let changed = inner.trust.grant(Grant {
                skill: manifest.name.clone(),
                digest: verified.digest(),
                permissions: manifest.permissions.clone(),
            })?;
            Ok(TrustReport {
                workspace: workspace.path.clone(),
                skill: Some(manifest.id()),
                permissions: manifest
                    .permissions
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                changed,
            })
        })
        .await
    }

    /// Forgets all answers about a skill, also one that cannot be loaded any more.
    async fn forget(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<TrustReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        let report = {
            let inner = Arc::clone(self);
            let name = record.name().clone();
            blocking(move || {
                Ok(TrustReport {
                    changed: inner.trust.revoke(&name)?,
                    workspace: workspace.path.clone(),
                    skill: Some(record.id()),
                    permissions: Vec::new(),
                })
            })
            .await?
        };
        // An answer about a content counts in every workspace.
        let affected = self.instances.select(|key| key.skill.name == skill.name);
        self.renew_all(affected).await;
        Ok(report)
    }
}
