//! Taking answers: what the person allows, and takes back.

use std::sync::Arc;

use mycelium_audit::GrantScope;
use mycelium_audit::Subject;
use mycelium_policy::Answer;
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
use crate::listener::now;
use crate::workspace::Workspace;

impl Inner {
    pub(crate) async fn trust(
        self: &Arc<Self>,
        context: &RequestContext,
        request: TrustRequest,
    ) -> Result<TrustReport, ErrorReport> {
        match request {
            TrustRequest::Workspace => self.trust_workspace(context, WorkspaceTrust::Trusted).await,
            TrustRequest::Skill {
                skill,
                digest,
                answer,
            } => {
                let report = self.keep_answer(context, &skill, digest, answer).await?;
                if answer == Answer::Refused {
                    let affected = self.instances.select(|key| key.skill.name == skill.name);
                    self.renew_all(affected).await;
                }
                Ok(report)
            }
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
        self.audit
            .answer(&subject, GrantScope::Workspace, trust, &[])
            .await?;
        let inner = Arc::clone(self);
        let stored = blocking(move || {
            Ok(TrustReport {
                changed: inner.trust.set_workspace(&workspace.path, trust)?,
                workspace: workspace.path.clone(),
                skill: None,
                answer: None,
                permissions: Vec::new(),
            })
        })
        .await;
        self.audit.answered(subject, stored).await
    }

    /// Keeps what the person said, if the skill still is what they were shown.
    async fn keep_answer(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
        shown: Digest,
        answer: Answer,
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
        let scope = match answer {
            Answer::Granted | Answer::Refused => GrantScope::Skill,
            Answer::Once => GrantScope::Run,
        };
        let trust = match answer.is_yes() {
            true => WorkspaceTrust::Trusted,
            false => WorkspaceTrust::Untrusted,
        };
        self.audit
            .answer(&subject, scope, trust, &manifest.asks())
            .await?;
        let inner = Arc::clone(self);
        let stored = blocking(move || {
            let manifest = verified.manifest();
            let grant = Grant {
                skill: manifest.name.clone(),
                digest: verified.digest(),
                permissions: manifest.asks(),
                answer,
                by: account(&workspace),
                at_milliseconds: now(),
            };
            let changed = match answer {
                Answer::Granted | Answer::Refused => inner.trust.keep(grant)?,
                Answer::Once => {
                    inner.trust.lend(&workspace.path, grant);
                    true
                }
            };
            let granted = match answer.is_yes() {
                true => manifest.asks(),
                false => Vec::new(),
            };
            Ok(TrustReport {
                workspace: workspace.path.clone(),
                skill: Some(manifest.id()),
                answer: Some(answer),
                permissions: granted.iter().map(ToString::to_string).collect(),
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
        self.audit
            .answer(&subject, GrantScope::Skill, revoked, &[])
            .await?;
        let stored = {
            let inner = Arc::clone(self);
            let name = record.name().clone();
            blocking(move || {
                Ok(TrustReport {
                    changed: inner.trust.revoke(&name)?,
                    workspace: workspace.path.clone(),
                    skill: Some(record.id()),
                    answer: None,
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

/// The name of the account that asks, as its environment tells it.
fn account(workspace: &Workspace) -> String {
    let name = ["USER", "LOGNAME"]
        .iter()
        .find_map(|variable| workspace.environment.get(*variable));
    name.map_or_else(String::new, |name| name.chars().take(64).collect())
}
