//! What a program can do with known skills besides running them: registry and loader, for one workspace.

use std::sync::Arc;

use mycelium_loader::VerifiedSkill;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_registry::Registration;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::SkillState;
use mycelium_types::Version;

use crate::SkillRuntime;
use crate::inner::blocking;

impl SkillRuntime {
    /// Makes skills known to a workspace that none of its folders holds. Those with a folder have precedence
    /// over all that is found, embedded ones come last; one of the same name and version is replaced.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn register(
        &self,
        context: &RequestContext,
        skills: Vec<Registration>,
    ) -> Result<(), ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let registry = self.inner.registry(&workspace).await?;
        blocking(move || {
            registry.register(skills);
            Ok(())
        })
        .await
    }

    /// Forgets skills that were registered: one version, or all. Gives how many there were. Instances that
    /// run go on.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn unregister(
        &self,
        context: &RequestContext,
        name: &SkillName,
        version: Option<&Version>,
    ) -> Result<usize, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let registry = self.inner.registry(&workspace).await?;
        let (name, version) = (name.clone(), version.cloned());
        blocking(move || Ok(registry.unregister(&name, version.as_ref()))).await
    }

    /// The skill that a selector means: its manifest and where it is. Skills that appeared since the last
    /// discovery are found too.
    ///
    /// # Errors
    /// When there is none, with the nearest name.
    pub async fn lookup(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<Arc<SkillRecord>, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        self.inner.find(&workspace, skill).await
    }

    /// The known versions of a skill, the newest first.
    ///
    /// # Errors
    /// When the configuration is invalid.
    pub async fn versions(
        &self,
        context: &RequestContext,
        name: &SkillName,
    ) -> Result<Vec<Version>, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        Ok(self.inner.registry(&workspace).await?.versions(name))
    }

    /// Reads and verifies all files of a skill: what every load begins with. Nothing of it runs.
    ///
    /// # Errors
    /// When the skill is unknown, broken, or does not work here.
    pub async fn verify(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<VerifiedSkill, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let record = self.inner.find(&workspace, skill).await?;
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let (verified, _) = inner.launches.verify(&workspace, &record.source)?;
            Ok(verified)
        })
        .await
    }

    /// The state that the context's session sees a skill in.
    ///
    /// # Errors
    /// When the skill is unknown.
    pub async fn state(
        &self,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<SkillState, ErrorReport> {
        let workspace = self.inner.workspace(context).await?;
        let record = self.inner.find(&workspace, skill).await?;
        Ok(self.inner.state_of(&workspace, &context.session, &record))
    }
}
