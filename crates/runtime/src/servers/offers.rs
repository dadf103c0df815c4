//! Skills that MCP servers offer (SEP-2640): shown, and installed when the person has approved exactly their files.
//!
//! What is installed stays apart from everything that agents look at, in a folder for each server, and is known to come
//! from there. It is looked for after everything else, so that it takes the place of nobody's skill, and may do nothing
//! that it is not granted, like a skill from anywhere else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_loader::VerifiedSkill;
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
use serde::Deserialize;
use serde::Serialize;

use super::ServerTarget;
use super::target;
use crate::Folders;
use crate::atomic_file;
use crate::atomic_folder::FolderDraft;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::launch::Launches;

/// The most servers whose skills are looked for.
const MAX_SERVERS: usize = 200;

/// Where a skill was installed from, kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    /// The server's name.
    server: String,
    /// Where the server had the skill.
    uri: String,
    /// The name that the server has for it, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
    /// What was approved.
    approval: Digest,
    /// What that is here: the digest of everything in the skill's folder.
    content: Digest,
}

/// A skill that was installed.
struct Installed {
    /// Its name, and the one that the server has for it.
    name: String,
    offered: String,
    /// What was approved, if it is still that.
    intact: Option<Digest>,
}

/// What is installed from one server.
struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    fn of(folders: &Folders, server: &str) -> Self {
        let folder = all_shelves(folders).join(folder_name(server));
        Self { folder }
    }

    fn skills(&self) -> PathBuf {
        self.folder.join("skills")
    }

    fn skill(&self, name: &SkillName) -> PathBuf {
        self.skills().join(name.as_str())
    }

    /// Where the skills are from. A file that says something else says nothing: the next installation writes it anew.
    fn origins(&self) -> BTreeMap<String, Origin> {
        let read = fs_err::read(self.folder.join("origins.json")).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn write_origins(&self, origins: &BTreeMap<String, Origin>) -> io::Result<()> {
        let file = self.folder.join("origins.json");
        atomic_file::replace(&file, &serde_json::to_vec(origins)?)
    }

    /// The skills that were installed.
    fn installed(&self, launches: &Launches) -> Vec<Installed> {
        let installed = |(name, origin): (String, Origin)| {
            let found = launches.folder(&self.skills().join(&name));
            let is_intact = found.is_ok_and(|found| found.digest() == origin.content);
            Installed {
                offered: origin.offered.unwrap_or_else(|| name.clone()),
                name,
                intact: is_intact.then_some(origin.approval),
            }
        };
        self.origins().into_iter().map(installed).collect()
    }

    /// Keeps others from changing it.
    fn lock(&self) -> io::Result<fs_err::File> {
        fs_err::create_dir_all(&self.folder)?;
        let lock = fs_err::File::create(self.folder.join("lock"))?;
        lock.file().lock()?;
        Ok(lock)
    }

    /// Puts a skill in the place of the one that is there, whole or not at all. `origin` says where the one in a folder is from,
    /// if it may be put there.
    fn put(
        &self,
        name: &SkillName,
        files: &[(String, Vec<u8>)],
        origin: impl FnOnce(&Path) -> Result<Origin, ErrorReport>,
    ) -> Result<(), ErrorReport> {
        let _lock = self.lock().map_err(not_stored)?;
        let draft = self.draft(files).map_err(not_stored)?;
        let origin = origin(draft.path())?;
        let mut origins = self.origins();
        origins.insert(name.to_string(), origin);
        let put = draft.put(&self.skill(name));
        put.and_then(|()| self.write_origins(&origins))
            .map_err(not_stored)
    }

    fn draft(&self, files: &[(String, Vec<u8>)]) -> io::Result<FolderDraft> {
        let draft = FolderDraft::begin(&self.folder.join("incoming"))?;
        for (path, bytes) in files {
            let file = draft.path().join(path);
            if let Some(folder) = file.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::write(file, bytes)?;
        }
        Ok(draft)
    }

    /// Removes a skill. Returns whether it was there.
    fn remove(&self, name: &SkillName) -> io::Result<bool> {
        if !self.folder.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        let mut origins = self.origins();
        let was_known = origins.remove(name.as_str()).is_some();
        let was_there = self.skill(name).exists();
        clear(&self.skill(name))?;
        if was_known {
            self.write_origins(&origins)?;
        }
        Ok(was_there)
    }
}

/// Refuses a skill from a server that is not what was approved.
pub(crate) fn check_approved(folders: &Folders, skill: &VerifiedSkill) -> Result<(), ErrorReport> {
    let (SkillSource::Folder { path } | SkillSource::Package { path }) = skill.source() else {
        return Ok(());
    };
    let shelves = all_shelves(folders);
    let Ok(place) = path.strip_prefix(&shelves) else {
        return Ok(());
    };
    let server = place.iter().next().unwrap_or_default();
    let shelf = Shelf {
        folder: shelves.join(server),
    };
    let name = path.strip_prefix(shelf.skills()).ok();
    let name = name.and_then(Path::to_str).unwrap_or_default();
    match shelf.origins().get(name) {
        Some(origin) if origin.content == skill.digest() => Ok(()),
        origin => Err(ErrorReport::new(ErrorCode::SkillChanged)
            .with("of", "installed")
            .with("skill", &skill.manifest().name)
            .with(
                "server",
                origin.map_or_else(
                    || server.display().to_string(),
                    |origin| origin.server.clone(),
                ),
            )),
    }
}

fn all_shelves(folders: &Folders) -> PathBuf {
    folders.data.join("from-servers")
}

/// The folders to look for skills from servers in.
pub(crate) fn offer_roots(folders: &Folders) -> Vec<PathBuf> {
    let shelves = fs_err::read_dir(all_shelves(folders));
    let shelves = shelves.into_iter().flatten().flatten();
    let mut roots: Vec<_> = shelves.map(|shelf| shelf.path().join("skills")).collect();
    roots.sort_unstable();
    roots.truncate(MAX_SERVERS);
    roots
}

/// The name of a server as one of a folder: no two of them are alike, and none leads anywhere.
fn folder_name(server: &str) -> String {
    let mut name = String::new();
    for byte in server.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            // Writing to a text cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    name
}

/// The server whose skills are in this folder.
pub(crate) fn offering_server(skills: &Path) -> Option<String> {
    let name = skills.parent()?.file_name()?.to_str()?;
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

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

fn not_stored(error: io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_s_folder_is_another_s_or_leads_elsewhere() {
        for (server, folder) in [
            ("time", "time"),
            ("..", "%2E%2E"),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("A.b", "A%2Eb"),
        ] {
            assert_eq!(folder_name(server), folder);
            let skills = Path::new("/data").join(folder).join("skills");
            assert_eq!(offering_server(&skills).as_deref(), Some(server));
        }
    }

    #[test]
    fn a_skill_takes_the_place_of_the_one_before_and_goes_with_its_origin() {
        let world = tempfile::tempdir().unwrap();
        let folders = Folders::below(world.path());
        let shelf = Shelf::of(&folders, "acme");
        let name: SkillName = "pdf".parse().unwrap();
        let origin = |text: &str| Origin {
            server: "acme".to_owned(),
            uri: "skill://pdf/SKILL.md".to_owned(),
            offered: None,
            approval: Digest::of(text.as_bytes()),
            content: Digest::of(b""),
        };
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        let first = [file("SKILL.md", "one"), file("a/b.md", "b")];
        shelf.put(&name, &first, |_| Ok(origin("one"))).unwrap();
        assert_eq!(
            fs_err::read_to_string(shelf.skill(&name).join("a/b.md")).unwrap(),
            "b"
        );
        shelf
            .put(&name, &[file("SKILL.md", "two")], |_| Ok(origin("two")))
            .unwrap();
        assert!(!shelf.skill(&name).join("a").exists());
        assert_eq!(shelf.origins()["pdf"], origin("two"));
        assert_eq!(offer_roots(&folders), [shelf.skills()]);
        assert!(shelf.remove(&name).unwrap() && !shelf.remove(&name).unwrap());
        assert!(shelf.origins().is_empty());
    }
}
