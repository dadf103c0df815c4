//! Skills that MCP servers offer (SEP-2640): shown, and installed when the person has approved exactly their files.
//!
//! What is installed stays apart from everything that agents look at, in a folder for each server, and is known to come
//! from there. It is looked for after everything else, so that it takes the place of nobody's skill, and may do nothing
//! that it is not granted, like a skill from anywhere else.

use std::path::Path;
use std::sync::Arc;

use mycelium_protocol::control::OfferDetails;
use mycelium_protocol::control::OfferOutcome;
use mycelium_protocol::control::OfferReport;
use mycelium_protocol::control::OfferRequest;
use mycelium_protocol::control::OfferState;
use mycelium_protocol::control::OfferWish;
use mycelium_protocol::control::OfferedSkill;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_types::AgentSkill;
use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::printable;

use super::ServerTarget;
use super::shelf::Origin;
use super::shelf::Shelf;
use super::shelf::not_stored;
use super::target;
use crate::inner::Inner;
use crate::inner::blocking;

/// What an approval is given for: this skill of this server with exactly these files.
fn approval(server: &str, skill: &OfferedSkill) -> Digest {
    let all = DigestBuilder::new()
        .part(server.as_bytes())
        .part(skill.uri.as_bytes());
    let files = skill.files.iter().fold(all, |all, file| {
        all.part(file.uri.as_bytes())
            .part(file.digest.as_bytes())
            .part(&file.size.to_le_bytes())
    });
    files.finish()
}

impl Inner {
    /// The skills that a server offers.
    pub(crate) async fn offers(
        self: &Arc<Self>,
        context: &RequestContext,
        server: &str,
    ) -> Result<OfferReport, ErrorReport> {
        let (_, report) = self.offered(context, server).await?;
        Ok(report)
    }

    /// Reads the instructions of a skill that a server offers.
    pub(crate) async fn offer(
        self: &Arc<Self>,
        context: &RequestContext,
        server: &str,
        skill: &str,
    ) -> Result<OfferDetails, ErrorReport> {
        let (target, report) = self.offered(context, server).await?;
        let skill = one_of(report, skill)?;
        let instructions = self.offered_instructions(&target, &skill).await?;
        Ok(OfferDetails {
            server: server.to_owned(),
            skill,
            text: String::from_utf8_lossy(&instructions).into_owned(),
        })
    }

    /// Installs or removes a skill that a server offers.
    pub(crate) async fn take_offer(
        self: &Arc<Self>,
        context: &RequestContext,
        request: OfferRequest,
    ) -> Result<OfferOutcome, ErrorReport> {
        let name = match &request.name {
            Some(name) => name.clone(),
            None => (request.skill.parse())
                .map_err(|_| not_offered(&request.server, &request.skill, "none"))?,
        };
        let shelf = Shelf::of(&self.options.folders, &request.server);
        let folder = shelf.skill(&name);
        let changed = match request.wish {
            OfferWish::Install(approved) => {
                if request.name.is_some()
                    && let Some(place) = self.taken(context, &name, &folder).await?
                {
                    let reason = format!(
                        "there is a skill `{name}` already ({place}): choose another name with `--as`"
                    );
                    return Err(ErrorReport::new(ErrorCode::Usage).with("reason", reason));
                }
                self.install_offer(context, &request, approved, name.clone(), shelf)
                    .await?
            }
            OfferWish::Remove => {
                let name = name.clone();
                blocking(move || shelf.remove(&name).map_err(not_stored)).await?
            }
        };
        if changed {
            self.discover(context, Vec::new()).await?;
        }
        let hidden_by = match request.wish {
            OfferWish::Install(_) => self.taken(context, &name, &folder).await?,
            OfferWish::Remove => None,
        };
        Ok(OfferOutcome {
            server: request.server,
            skill: name.to_string(),
            hidden_by,
            folder,
            installed: matches!(request.wish, OfferWish::Install(_)),
            changed,
        })
    }

    /// The skill that has this name and is not the one in the folder: where it is.
    async fn taken(
        self: &Arc<Self>,
        context: &RequestContext,
        name: &SkillName,
        folder: &Path,
    ) -> Result<Option<String>, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let selector = SkillSelector {
            name: name.clone(),
            range: None,
        };
        let found = self.find(&workspace, &selector).await;
        Ok(found.ok().and_then(|record| match &record.source {
            SkillSource::Folder { path } | SkillSource::Package { path } => {
                (path != folder).then(|| path.display().to_string())
            }
            SkillSource::Embedded { .. } => Some("built in".to_owned()),
        }))
    }

    async fn install_offer(
        self: &Arc<Self>,
        context: &RequestContext,
        request: &OfferRequest,
        approved: Digest,
        name: SkillName,
        shelf: Shelf,
    ) -> Result<bool, ErrorReport> {
        let (target, report) = self.offered(context, &request.server).await?;
        let skill = one_of(report, &request.skill)?;
        let found = skill
            .approval
            .as_ref()
            .map(Digest::short)
            .unwrap_or_default();
        if skill.approval != Some(approved) {
            return Err(ErrorReport::new(ErrorCode::SkillChanged)
                .with("of", "offer")
                .with("server", &request.server)
                .with("skill", &name)
                .with("shown", approved.short())
                .with("found", found));
        }
        let (inner, looked_at) = (Arc::clone(self), name.clone());
        let (shelf, known) = blocking(move || {
            let mut installed = shelf.installed(&inner.launches).into_iter();
            let known = installed.find(|one| one.name == looked_at.as_str());
            Ok((shelf, known))
        })
        .await?;
        if let Some(known) = known {
            if known.offered != request.skill {
                let reason = format!(
                    "`{}` of `{}` is installed as `{name}` already: choose another name with `--as`",
                    known.offered, request.server
                );
                return Err(ErrorReport::new(ErrorCode::Usage).with("reason", reason));
            }
            if known.intact == Some(approved) {
                return Ok(false);
            }
        }
        let mut instructions = self.offered_instructions(&target, &skill).await?;
        if name.as_str() != skill.name {
            instructions = AgentSkill::renamed(&instructions, &name).ok_or_else(|| {
                let reason = format!("the name of `{}` is not in a line of its own", skill.name);
                ErrorReport::new(ErrorCode::ServerInvalid)
                    .with("server", &request.server)
                    .with("reason", reason)
            })?;
        }
        let mut files = vec![(AgentSkill::FILE.to_owned(), instructions)];
        let client = self.servers.client()?;
        for file in skill
            .files
            .iter()
            .filter(|file| file.path != AgentSkill::FILE)
        {
            let bytes = client.skill_file(target.clone(), file.clone()).await?;
            files.push((file.path.clone(), bytes));
        }
        let (inner, server) = (Arc::clone(self), request.server.clone());
        blocking(move || {
            shelf.put(&name, &files, |draft| {
                let found = inner.launches.folder(draft)?;
                if found.manifest().name != name {
                    let reason = format!("its files are the skill `{}`", found.manifest().name);
                    return Err(ErrorReport::new(ErrorCode::ServerInvalid)
                        .with("server", &server)
                        .with("reason", reason));
                }
                Ok(Origin {
                    server,
                    uri: skill.uri,
                    offered: (skill.name != name.as_str()).then_some(skill.name),
                    approval: approved,
                    content: found.digest(),
                })
            })?;
            Ok(true)
        })
        .await
    }

    async fn offered(
        self: &Arc<Self>,
        context: &RequestContext,
        server: &str,
    ) -> Result<(ServerTarget, OfferReport), ErrorReport> {
        let (workspace, servers) = self.servers_of(context).await?;
        let (target, _) = target(&workspace, &servers, server)?;
        let mut skills = self.servers.client()?.skills(target.clone()).await?;
        let shelf = Shelf::of(&self.options.folders, server);
        let inner = Arc::clone(self);
        let installed = blocking(move || Ok(shelf.installed(&inner.launches))).await?;
        for skill in skills.iter_mut().filter(|skill| skill.refused.is_none()) {
            let approval = approval(server, skill);
            skill.approval = Some(approval);
            let mut own = installed.iter().filter(|one| one.offered == skill.name);
            skill.state = match own.next() {
                None => OfferState::New,
                Some(first) => {
                    let mut all = std::iter::once(first).chain(own);
                    match all.any(|one| one.intact == Some(approval)) {
                        true => OfferState::Installed,
                        false => OfferState::Changed,
                    }
                }
            };
        }
        let report = OfferReport {
            server: server.to_owned(),
            skills,
        };
        Ok((target, report))
    }

    /// The instructions of a skill, whose front matter says what the server says of it.
    async fn offered_instructions(
        self: &Arc<Self>,
        target: &ServerTarget,
        skill: &OfferedSkill,
    ) -> Result<Vec<u8>, ErrorReport> {
        let invalid = |reason: String| {
            ErrorReport::new(ErrorCode::ServerInvalid)
                .with("server", &target.name)
                .with("reason", reason)
        };
        if let Some(refused) = &skill.refused {
            let name = printable(&skill.name);
            return Err(invalid(format!("of the skill `{name}`, {refused}")));
        }
        let is_instructions = |path: &str| path == AgentSkill::FILE;
        let listed = skill.files.iter().find(|file| is_instructions(&file.path));
        let listed = listed.ok_or_else(|| invalid("it lists no instructions".to_owned()))?;
        let client = self.servers.client()?;
        let bytes = client.skill_file(target.clone(), listed.clone()).await?;
        if AgentSkill::front_matter(&bytes).as_ref() != Some(&skill.front_matter) {
            let file = AgentSkill::FILE;
            return Err(invalid(format!(
                "the front matter of `{file}` is not what it says of the skill"
            )));
        }
        Ok(bytes)
    }
}

/// The skill of that name.
fn one_of(report: OfferReport, name: &str) -> Result<OfferedSkill, ErrorReport> {
    let names = report.skills.iter().map(|skill| skill.name.as_str());
    let suggestion = mycelium_types::nearest(name, names).unwrap_or("none");
    let missing = not_offered(&report.server, name, suggestion);
    let mut skills = report.skills.into_iter();
    skills.find(|skill| skill.name == name).ok_or(missing)
}

fn not_offered(server: &str, skill: &str, suggestion: &str) -> ErrorReport {
    ErrorReport::new(ErrorCode::ToolNotFound)
        .with("server", printable(server))
        .with("tool", printable(skill))
        .with("kind", "skill")
        .with("suggestion", printable(suggestion))
}
