//! Servers of MCP that somebody else wrote, run as skills: in the sandbox, with permissions of their own.
//!
//! Wrapping starts the server once, locked in as it will be, and makes a manifest of what it says of itself. From then on
//! it is a skill like any other, in a folder that only this program writes: what it offers and what it may do are what they
//! were when the person wrapped it.

mod command;
mod interview;
mod launchers;
mod pinned;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_config::ServerTransport;
use mycelium_loader::VerifiedSkill;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerState;
use mycelium_protocol::control::ServerSummary;
use mycelium_protocol::control::UnwrapReport;
use mycelium_protocol::control::WrapReport;
use mycelium_protocol::control::WrapRequest;
use mycelium_protocol::control::WrappedCommand;
use mycelium_protocol::worker::Described;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::SkillFiles;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::WrappedServer;
use serde_json::Value;

use crate::EventSink;
use crate::arguments::ArgumentSchemas;
use crate::atomic_file;
use crate::atomic_folder::FolderDraft;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::workspace::Workspace;
use crate::wrap::command::Machine;
use crate::wrap::pinned::Pinned;

/// Wrapped servers that are listed.
const MAX_LISTED: usize = 1_000;

/// The source of a skill that is being made.
fn source(draft: &FolderDraft) -> SkillSource {
    SkillSource::Folder {
        path: draft.path().to_owned(),
    }
}

/// Writes the files of a skill that is being made.
fn write(draft: &FolderDraft, manifest: &Value, server: &WrappedServer) -> Result<(), ErrorReport> {
    let files = [
        (SkillFiles::MANIFEST, serde_json::to_string_pretty(manifest)),
        (WrappedServer::FILE, serde_json::to_string_pretty(server)),
    ];
    for (name, text) in files {
        let text = text.map_err(ErrorReport::internal)?;
        atomic_file::replace(&draft.path().join(name), text.as_bytes()).map_err(unusable)?;
    }
    Ok(())
}

impl Inner {
    /// Makes a skill of a server.
    pub(crate) async fn wrap(
        self: &Arc<Self>,
        context: &RequestContext,
        request: WrapRequest,
        events: &EventSink,
    ) -> Result<WrapReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let (words, folder, mut environment) = match &request.command {
            WrappedCommand::Words { words, folder } => {
                (words.clone(), folder.clone(), BTreeMap::new())
            }
            WrappedCommand::Configured { server } => self.configured(&workspace, server).await?,
        };
        environment.extend(request.variables.clone());
        let request = Arc::new(request);
        let (draft, server) = {
            let (inner, workspace) = (Arc::clone(self), Arc::clone(&workspace));
            let request = Arc::clone(&request);
            blocking(move || {
                inner.begin_wrapping(&workspace, &request, (&words, &folder), environment)
            })
            .await?
        };
        let (described, denials) = self
            .interview(&workspace, &request, source(&draft), events)
            .await?;
        let report = {
            let (inner, workspace) = (Arc::clone(self), Arc::clone(&workspace));
            blocking(move || inner.keep(&workspace, &request, draft, server, &described)).await?
        };
        // What runs of it is what it was.
        self.changed(&workspace, &report.root, events).await?;
        let selector = report.skill.name.clone().into();
        let found = self.find(&workspace, &selector).await;
        let found = found.ok().map(|record| record.source.clone());
        let own = SkillSource::Folder {
            path: report.root.clone(),
        };
        Ok(WrapReport {
            denials,
            hidden_by: found.filter(|source| *source != own),
            ..report
        })
    }

    /// Forgets a skill that was made of a server.
    pub(crate) async fn unwrap(
        self: &Arc<Self>,
        context: &RequestContext,
        name: SkillName,
        events: &EventSink,
    ) -> Result<UnwrapReport, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let root = self.options.folders.wrapped_skills().join(name.as_str());
        let report = {
            let inner = Arc::clone(self);
            let root = root.clone();
            blocking(move || {
                if !root.join(WrappedServer::FILE).exists() {
                    let names = inner.wrapped_folders();
                    let names = names.iter().filter_map(|path| path.file_name()?.to_str());
                    let suggestion = mycelium_types::nearest(name.as_str(), names);
                    return Err(ErrorReport::new(ErrorCode::ServerNotFound)
                        .with("server", &name)
                        .with("suggestion", suggestion.unwrap_or("none")));
                }
                let source = SkillSource::Folder { path: root.clone() };
                let data = inner.launches.place_of_data(&name, &source);
                fs_err::remove_dir_all(&root).map_err(unusable)?;
                Ok(UnwrapReport {
                    name,
                    data: Some(data).filter(|data| data.exists()),
                })
            })
            .await?
        };
        self.changed(&workspace, &root, events).await?;
        Ok(report)
    }

    /// The servers that were wrapped, as others are listed. Blocks.
    pub(crate) fn wrapped_servers(&self, workspace: &Workspace) -> Vec<ServerSummary> {
        let mut servers = Vec::new();
        for path in self.wrapped_folders().into_iter().take(MAX_LISTED) {
            let source = SkillSource::Folder { path: path.clone() };
            let Ok(skill) = self.launches.read(workspace, &source) else {
                continue;
            };
            let Some(server) = skill.server() else {
                continue;
            };
            let running = self
                .instances
                .select(|key| key.workspace == workspace.path && key.source == source);
            let state = match running.iter().any(|instance| instance.gauges().is_some()) {
                true => ServerState::Connected,
                false => ServerState::Idle,
            };
            servers.push(ServerSummary {
                name: skill.manifest().name.to_string(),
                origin: "wrapped".to_owned(),
                file: path.join(WrappedServer::FILE),
                transport: "stdio".to_owned(),
                target: server.command_line(),
                state,
            });
        }
        servers
    }

    /// The folders of wrapped servers, by name.
    fn wrapped_folders(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.options.folders.wrapped_skills());
        let mut folders: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        folders.sort_unstable();
        folders
    }

    /// The words, folder and variables of a server that the person has configured.
    async fn configured(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        name: &str,
    ) -> Result<(Vec<String>, PathBuf, BTreeMap<String, String>), ErrorReport> {
        let (_, servers) = self.servers_in(Arc::clone(workspace)).await?;
        let Some(definition) = servers.get(name) else {
            let names = servers.definitions.iter().map(|one| one.name.as_str());
            let suggestion = mycelium_types::nearest(name, names).unwrap_or("none");
            return Err(ErrorReport::new(ErrorCode::ServerNotFound)
                .with("server", mycelium_types::printable(name))
                .with("suggestion", suggestion));
        };
        match &definition.transport {
            ServerTransport::Stdio(command) => {
                let words = std::iter::once(&command.program).chain(&command.args);
                Ok((
                    words.cloned().collect(),
                    workspace.path.clone(),
                    command.env.clone(),
                ))
            }
            ServerTransport::Http { .. } | ServerTransport::Sse { .. } => {
                Err(unavailable(name, "http", "it is reached over HTTP"))
            }
        }
    }

    /// Makes the folder of a skill whose tools nobody knows yet.
    fn begin_wrapping(
        &self,
        workspace: &Workspace,
        request: &WrapRequest,
        (words, folder): (&[String], &Path),
        environment: BTreeMap<String, String>,
    ) -> Result<(FolderDraft, WrappedServer), ErrorReport> {
        let folders = &self.options.folders;
        let own = [&folders.state, &folders.cache, &folders.data].map(PathBuf::clone);
        let machine = Machine {
            environment: &workspace.environment,
            home: &workspace.home,
            folder,
            own: &own,
        };
        let found = command::resolve(words, &request.installation, &machine)
            .map_err(|reason| unavailable(request.name.as_str(), "absent", &reason))?;
        let server = WrappedServer {
            environment,
            ..found
        };
        let draft = FolderDraft::begin(&folders.wrapped().join("new")).map_err(unusable)?;
        let manifest = pinned::unknown(&request.name, &request.permissions);
        write(&draft, &manifest, &server)?;
        Ok((draft, server))
    }

    /// Makes the skill of what the server said, and puts it in its place.
    fn keep(
        &self,
        workspace: &Workspace,
        request: &WrapRequest,
        draft: FolderDraft,
        server: WrappedServer,
        described: &Described,
    ) -> Result<WrapReport, ErrorReport> {
        let Pinned {
            manifest,
            renamed,
            offers,
            left_out,
        } = pinned::pin(&request.name, &request.permissions, described);
        let server = WrappedServer {
            renamed,
            offers,
            ..server
        };
        write(&draft, &manifest, &server)?;
        let skill = self.launches.read(workspace, &source(&draft))?;
        ArgumentSchemas::new(skill.manifest())?;
        let root = self.options.folders.wrapped_skills();
        let root = root.join(request.name.as_str());
        let before = self
            .launches
            .read(workspace, &SkillSource::Folder { path: root.clone() });
        let difference = before
            .ok()
            .map(|before: VerifiedSkill| pinned::difference(before.manifest(), skill.manifest()));
        draft.put(&root).map_err(unusable)?;
        let Manifest { exports, .. } = skill.manifest();
        let (added, removed) = difference.clone().unwrap_or_default();
        Ok(WrapReport {
            skill: skill.id(),
            root,
            command: server.command_line(),
            installation: server.installation.clone(),
            permissions: request
                .permissions
                .iter()
                .map(ToString::to_string)
                .collect(),
            denials: Vec::new(),
            protocol: described.protocol.clone(),
            tools: exports.iter().map(|export| export.name.clone()).collect(),
            left_out: left_out
                .iter()
                .map(|reason| reason.render(Locale::default()))
                .collect(),
            replaced: difference.is_some(),
            added,
            removed,
            hidden_by: None,
        })
    }

    /// Ends what runs of the skill in `root`, and looks for skills again wherever they are known.
    async fn changed(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        root: &Path,
        events: &EventSink,
    ) -> Result<(), ErrorReport> {
        let source = SkillSource::Folder {
            path: root.to_owned(),
        };
        let running = self.instances.select(|key| key.source == source);
        self.retire_all(running, events).await;
        self.registry(workspace).await?;
        let inner = Arc::clone(self);
        blocking(move || {
            inner.discover_everywhere();
            Ok(())
        })
        .await
    }
}

/// What programs and people read of the result of a tool: its data, else its texts, else all of it.
pub(crate) fn plain(result: &Value) -> Value {
    if let Some(data) = result
        .get("structuredContent")
        .filter(|data| !data.is_null())
    {
        return data.clone();
    }
    let blocks = result["content"].as_array().map_or(&[][..], Vec::as_slice);
    let texts: Option<Vec<_>> = blocks.iter().map(|block| block["text"].as_str()).collect();
    match texts {
        Some(texts) => Value::String(texts.join("\n")),
        None => result.clone(),
    }
}

/// Why a server cannot be wrapped; `cause` decides what to do about it.
fn unavailable(server: &str, cause: &str, reason: &str) -> ErrorReport {
    ErrorReport::new(ErrorCode::ServerUnavailable)
        .with("server", server)
        .with("cause", cause)
        .with("reason", reason)
}

fn unusable(error: std::io::Error) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_read_as_data_else_as_text_else_as_it_is() {
        let text = |text: &str| json!({"type": "text", "text": text});
        let image = json!({"type": "image", "data": "", "mimeType": "image/png"});
        for (result, expected) in [
            (
                json!({"content": [text("x")], "structuredContent": {"a": 1}}),
                json!({"a": 1}),
            ),
            (
                json!({"content": [text("a"), text("b")], "structuredContent": null}),
                json!("a\nb"),
            ),
            (json!({"content": []}), json!("")),
            (json!({}), json!("")),
            (
                json!({"content": [text("a"), image]}),
                json!({"content": [text("a"), image]}),
            ),
            (json!(7), json!("")),
        ] {
            assert_eq!(plain(&result), expected);
        }
    }
}
