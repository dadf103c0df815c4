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

use crate::reading::read_bounded;

/// The most plugins that are looked at.
const MAX_PLUGINS: usize = 200;
/// The most folders with skills of one plugin.
const MAX_FOLDERS: usize = 20;

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
struct PluginManifest {
    #[serde(default)]
    skills: Option<Paths>,
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
    let list = home.join(".claude/plugins/installed_plugins.json");
    let installed = match read::<InstalledPlugins>(&list) {
        Ok(Some(installed)) => installed,
        Ok(None) => return found,
        Err(reason) => {
            found.tell(
                &list,
                Message::new("plugins-unreadable").with("reason", reason),
            );
            return found;
        }
    };
    if installed.plugins.len() > MAX_PLUGINS {
        found.tell(
            &list,
            Message::new("plugins-too-many").with("most", MAX_PLUGINS),
        );
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
    for (plugin, installations) in installed.plugins.iter().take(MAX_PLUGINS) {
        if is_off(plugin) {
            continue;
        }
        if let Some(folder) = installations.for_workspace(workspace) {
            found.add(plugin, folder);
        }
    }
    found
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

impl PluginRoots {
    fn add(&mut self, plugin: &str, folder: &Path) {
        if !folder.is_absolute() || !folder.is_dir() {
            let message = Message::new("plugin-missing")
                .with("plugin", printable(plugin))
                .with("path", printable_path(folder));
            return self.tell(folder, message);
        }
        let file = folder.join(".claude-plugin/plugin.json");
        let manifest = read::<PluginManifest>(&file).unwrap_or_else(|reason| {
            let message = Message::new("plugin-unreadable")
                .with("plugin", printable(plugin))
                .with("reason", reason);
            self.tell(&file, message);
            None
        });
        let more = match manifest.unwrap_or_default().skills {
            Some(Paths::One(path)) => vec![path],
            Some(Paths::Several(paths)) => paths,
            None => Vec::new(),
        };
        let named = more.iter().filter_map(|path| below(folder, path));
        let roots = std::iter::once(folder.join("skills")).chain(named);
        for path in roots.take(MAX_FOLDERS) {
            if self.roots.iter().all(|root| root.path != path) {
                self.roots.push(PluginRoot {
                    plugin: printable(plugin),
                    path,
                });
            }
        }
    }

    fn tell(&mut self, file: &Path, message: Message) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            file: printable_path(file),
            position: None,
            field: String::new(),
            message: message.render(Locale::EnUs),
            help: message.render_help(Locale::EnUs),
            snippet: None,
        });
    }
}

/// The folder that a plugin's manifest names, if it is one of the plugin's own.
fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path.strip_prefix("./")?);
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        .then(|| folder.join(path).components().collect())
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
