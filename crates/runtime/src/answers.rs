//! Taking answers: what the person allows, and takes back.

use std::sync::Arc;

use mycelium_audit::Subject;
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

use crate::audit::about_skill;
use crate::audit::about_workspace;
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
        let subject = about_workspace(&workspace.path, Some(&context.session));
        self.audit.answer(&subject, trust, &[]).await?;
        let inner = Arc::clone(self);
        let stored = blocking(move || {
            Ok(TrustReport {
                changed: inner.trust.set_workspace(&workspace.path, trust)?,
                workspace: workspace.path.clone(),
                skill: None,
                permissions: Vec::new(),
            })
        })
        .await;
        self.audit.answered(subject, stored).await
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
        let verified = {
            let inner = Arc::clone(self);
            let workspace = Arc::clone(&workspace);
            blocking(move || {
                let (verified, _) = inner.launches.verify(&workspace, &record.source)?;
                if verified.digest() != shown {
                    return Err(ErrorReport::new(ErrorCode::SkillChanged)
                        .with("skill", &verified.manifest().name)
                        .with("shown", shown.short())
                        .with("found", verified.digest().short()));
                }
                Ok(verified)
            })
            .await?
        };
        let manifest = verified.manifest();
        let subject = Subject {
            digest: Some(verified.digest()),
            ..about_skill(&workspace.path, Some(&context.session), &manifest.id())
        };
        self.audit
            .answer(&subject, WorkspaceTrust::Trusted, &manifest.permissions)
            .await?;
        let inner = Arc::clone(self);
        let stored = blocking(move || {
            let manifest = verified.manifest();
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
        .await;
        self.audit.answered(subject, stored).await
    }

    /// Forgets all answers about a skill, also one that cannot be loaded any more.
    async fn forget(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<TrustReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        let subject = about_skill(&workspace.path, Some(&context.session), &record.id());
        let revoked = WorkspaceTrust::Untrusted;
        self.audit.answer(&subject, revoked, &[]).await?;
        let stored = {
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
            .await
        };
        let report = self.audit.answered(subject, stored).await?;
        // An answer about a content counts in every workspace.
        let affected = self.instances.select(|key| key.skill.name == skill.name);
        self.renew_all(affected).await;
        Ok(report)
    }
}
