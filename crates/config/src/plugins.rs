//! The skills of installed Claude Code plugins.
//!
//! `~/.claude/plugins/installed_plugins.json` lists what is installed, for whom and where;
//! `enabledPlugins` in the settings of person and project switches plugins off. A plugin's skills are in
//! its `skills` folder, and in those that its `.claude-plugin/plugin.json` adds.

use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Diagnostic;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::Severity;
use mycelium_types::printable;
use mycelium_types::printable_path;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::reading::read_bounded;

/// The most plugins that are looked at.
const MAX_PLUGINS: usize = 200;
/// The most folders with skills of one plugin.
const MAX_FOLDERS: usize = 20;
/// What a plugin says of itself, in its folder.
const MANIFEST: &str = ".claude-plugin/plugin.json";

/// A folder with skills of an installed plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginRoot {
    /// The plugin, as `name@marketplace`.
    pub plugin: String,
    /// The folder; it need not exist.
    pub path: PathBuf,
}

/// The folders of all plugins that count in a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginRoots {
    /// The folders, by plugin.
    pub roots: Vec<PluginRoot>,
    /// What is wrong with plugins, as warnings: they are nobody's skills yet.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct InstalledPlugins {
    #[serde(default)]
    plugins: BTreeMap<String, Installations>,
}

/// One installation (as the list's first version writes it) or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Installations {
    Several(Vec<Installation>),
    One(Installation),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Installation {
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    project_path: Option<PathBuf>,
    install_path: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    enabled_plugins: BTreeMap<String, bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PluginManifest {
    #[serde(default)]
    skills: Option<Paths>,
    #[serde(default)]
    mcp_servers: Option<Value>,
}

/// A plugin that counts in a workspace.
pub(crate) struct Plugin {
    /// As `name@marketplace`.
    name: String,
    /// Where it is.
    pub(crate) folder: PathBuf,
    skills: Option<Paths>,
    /// What its manifest says of MCP servers.
    pub(crate) servers: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Several(Vec<String>),
}

/// Looks for the skills of the plugins that are installed for the person whose home is `home`, or by that
/// person for `workspace`. A plugin that any settings switch off does not count.
#[must_use]
pub fn plugin_roots(workspace: &Path, home: &Path) -> PluginRoots {
    let mut found = PluginRoots::default();
    for plugin in enabled_plugins(workspace, home, &mut found.diagnostics) {
        found.add(&plugin);
    }
    found
}

/// The plugins themselves; what is wrong with them joins `diagnostics`.
pub(crate) fn enabled_plugins(
    workspace: &Path,
    home: &Path,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Plugin> {
    let list = home.join(".claude/plugins/installed_plugins.json");
    let installed = match read::<InstalledPlugins>(&list) {
        Ok(Some(installed)) => installed,
        Ok(None) => return Vec::new(),
        Err(reason) => {
            let message = Message::new("plugins-unreadable").with("reason", reason);
            diagnostics.push(warning(&list, &message));
            return Vec::new();
        }
    };
    if installed.plugins.len() > MAX_PLUGINS {
        let message = Message::new("plugins-too-many").with("most", MAX_PLUGINS);
        diagnostics.push(warning(&list, &message));
    }
    let switches: Vec<Settings> = [
        workspace.join(".claude/settings.local.json"),
        workspace.join(".claude/settings.json"),
        home.join(".claude/settings.json"),
    ]
    .iter()
    // What is wrong with these files is told by whom they belong to.
    .filter_map(|file| read(file).ok().flatten())
    .collect();
    let is_off = |plugin: &str| {
        switches
            .iter()
            .any(|settings| settings.enabled_plugins.get(plugin) == Some(&false))
    };
    let counting = installed.plugins.iter().take(MAX_PLUGINS);
    counting
        .filter(|(plugin, _)| !is_off(plugin))
        .filter_map(|(plugin, installations)| {
            let folder = installations.for_workspace(workspace)?;
            Plugin::open(plugin, folder, diagnostics)
        })
        .collect()
}

impl Installations {
    /// Where the plugin is that counts in a workspace: the workspace's own, else the person's.
    fn for_workspace(&self, workspace: &Path) -> Option<&Path> {
        let all = match self {
            Self::Several(several) => several.as_slice(),
            Self::One(one) => std::slice::from_ref(one),
        };
        let is_own = |one: &&Installation| one.project_path.as_deref() == Some(workspace);
        let is_persons = |one: &&Installation| {
            matches!(one.scope.as_deref(), None | Some("user" | "managed"))
                && one.project_path.is_none()
        };
        let chosen = all
            .iter()
            .find(is_own)
            .or_else(|| all.iter().find(is_persons));
        chosen.map(|one| one.install_path.as_path())
    }
}

impl Plugin {
    /// The plugin in `folder`, if there is such a folder; what is wrong with it joins `diagnostics`.
    fn open(name: &str, folder: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        if !folder.is_absolute() || !folder.is_dir() {
            let message = Message::new("plugin-missing")
                .with("plugin", printable(name))
                .with("path", printable_path(folder));
            diagnostics.push(warning(folder, &message));
            return None;
        }
        let file = folder.join(MANIFEST);
        let manifest = read::<PluginManifest>(&file).unwrap_or_else(|reason| {
            let message = Message::new("plugin-unreadable")
                .with("plugin", printable(name))
                .with("reason", reason);
            diagnostics.push(warning(&file, &message));
            None
        });
        let manifest = manifest.unwrap_or_default();
        Some(Self {
            name: printable(name),
            folder: folder.to_owned(),
            skills: manifest.skills,
            servers: manifest.mcp_servers,
        })
    }

    /// Its manifest, which need not exist.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join(MANIFEST)
    }

    /// The place that its manifest names, if it is one of the plugin's own.
    pub(crate) fn below(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path.strip_prefix("./")?);
        path.components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
            .then(|| self.folder.join(path).components().collect())
    }
}

impl PluginRoots {
    fn add(&mut self, plugin: &Plugin) {
        let more = match &plugin.skills {
            Some(Paths::One(path)) => std::slice::from_ref(path),
            Some(Paths::Several(paths)) => paths.as_slice(),
            None => &[],
        };
        let named = more.iter().filter_map(|path| plugin.below(path));
        let roots = std::iter::once(plugin.folder.join("skills")).chain(named);
        for path in roots.take(MAX_FOLDERS) {
            if self.roots.iter().all(|root| root.path != path) {
                self.roots.push(PluginRoot {
                    plugin: plugin.name.clone(),
                    path,
                });
            }
        }
    }
}

fn warning(file: &Path, message: &Message) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        file: printable_path(file),
        position: None,
        field: String::new(),
        message: message.render(Locale::EnUs),
        help: message.render_help(Locale::EnUs),
        snippet: None,
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, String> {
    let Some(bytes) =
        read_bounded(file, Node::MAX_BYTES as u64).map_err(|error| error.to_string())?
    else {
        return Ok(None);
    };
    if bytes.len() > Node::MAX_BYTES {
        return Err(format!("it is larger than {} bytes", Node::MAX_BYTES));
    }
    let value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    Ok(Some(value))
}
