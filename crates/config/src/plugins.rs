//! The skills of installed Claude Code plugins, and the plugins themselves.
//!
//! `plugins/installed_plugins.json` in Claude Code's folder lists what is installed, for whom and where;
//! `enabledPlugins` in the settings switches plugins on. A plugin's skills are in its `skills` folder, and in those
//! that its `.claude-plugin/plugin.json` and its entry in the marketplace add. Claude Code reads a plugin of a
//! marketplace that is a folder of this machine where it lies, not the copy it made when it installed it.

mod marketplace;

use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Diagnostic;
use mycelium_types::Message;
use mycelium_types::printable;
use mycelium_types::printable_path;
use serde::Deserialize;
use serde_json::Value;

use self::marketplace::Marketplaces;
use crate::claude::ClaudePlaces;
use crate::claude::ClaudeSettings;
use crate::claude::read;
use crate::claude::warning;

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
    /// Where the plugin is.
    pub plugin_folder: PathBuf,
    /// Where it keeps its data; the folder need not exist.
    pub data_folder: PathBuf,
    /// The folder with skills; it need not exist.
    pub path: PathBuf,
    /// When the plugin was last updated, as Claude Code writes it.
    pub updated: Option<String>,
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
    #[serde(default)]
    last_updated: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PluginManifest {
    #[serde(default)]
    skills: Paths,
    #[serde(default)]
    mcp_servers: Option<Value>,
}

/// A plugin that counts in a workspace.
pub(crate) struct Plugin {
    /// As `name@marketplace`.
    name: String,
    /// Where it is.
    pub(crate) folder: PathBuf,
    /// Where it keeps its data.
    pub(crate) data: PathBuf,
    updated: Option<String>,
    /// The folders of skills that its manifest and its marketplace add.
    skills: [Paths; 2],
    /// What its manifest says of MCP servers.
    pub(crate) servers: Option<Value>,
}

/// Folders of skills that a manifest or an entry adds.
#[derive(Clone, Default, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Several(Vec<String>),
    #[default]
    None,
}

/// Looks for the skills of the plugins that are installed for a person, or by that person for a workspace, and that
/// `settings` switch on.
#[must_use]
pub fn plugin_roots(places: &ClaudePlaces<'_>, settings: &ClaudeSettings) -> PluginRoots {
    let mut found = PluginRoots::default();
    for plugin in enabled_plugins(places, settings, &mut found.diagnostics) {
        found.add(&plugin);
    }
    found
}

/// The plugins themselves; what is wrong with them joins `diagnostics`.
pub(crate) fn enabled_plugins(
    places: &ClaudePlaces<'_>,
    settings: &ClaudeSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Plugin> {
    let list = places.installed_plugins();
    let installed = match read::<InstalledPlugins>(&list) {
        Ok(Some(installed)) => installed,
        Ok(None) => return Vec::new(),
        Err(reason) => {
            let message = Message::new("plugins-unreadable").with("reason", reason);
            diagnostics.push(warning(&list, "", &message));
            return Vec::new();
        }
    };
    if installed.plugins.len() > MAX_PLUGINS {
        let message = Message::new("plugins-too-many").with("most", MAX_PLUGINS);
        diagnostics.push(warning(&list, "", &message));
    }
    let mut marketplaces = Marketplaces::read(&places.marketplaces());
    let counting = installed.plugins.iter().take(MAX_PLUGINS);
    counting
        .filter(|(plugin, _)| settings.is_plugin_on(plugin))
        .filter_map(|(plugin, installations)| {
            let installed = installations.for_workspace(places.workspace)?;
            let entry = marketplaces.entry(plugin);
            let folder = entry.folder.as_deref().unwrap_or(&installed.install_path);
            let opened = Plugin::open(plugin, folder, entry.skills, places, diagnostics)?;
            Some(Plugin {
                updated: installed.last_updated.clone(),
                ..opened
            })
        })
        .collect()
}

impl Installations {
    /// The installation that counts in a workspace: the workspace's own, else the person's.
    fn for_workspace(&self, workspace: &Path) -> Option<&Installation> {
        let all = match self {
            Self::Several(several) => several.as_slice(),
            Self::One(one) => std::slice::from_ref(one),
        };
        let is_own = |one: &&Installation| one.project_path.as_deref() == Some(workspace);
        let is_persons = |one: &&Installation| {
            matches!(one.scope.as_deref(), None | Some("user" | "managed"))
                && one.project_path.is_none()
        };
        all.iter()
            .find(is_own)
            .or_else(|| all.iter().find(is_persons))
    }
}

impl Plugin {
    /// The plugin in `folder`, if there is such a folder; what is wrong with it joins `diagnostics`.
    fn open(
        name: &str,
        folder: &Path,
        of_marketplace: Paths,
        places: &ClaudePlaces<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        if !folder.is_absolute() || !folder.is_dir() {
            let message = Message::new("plugin-missing")
                .with("plugin", printable(name))
                .with("path", printable_path(folder));
            diagnostics.push(warning(folder, "", &message));
            return None;
        }
        let file = folder.join(MANIFEST);
        let manifest = read::<PluginManifest>(&file).unwrap_or_else(|reason| {
            let message = Message::new("plugin-unreadable")
                .with("plugin", printable(name))
                .with("reason", reason);
            diagnostics.push(warning(&file, "", &message));
            None
        });
        let manifest = manifest.unwrap_or_default();
        Some(Self {
            name: printable(name),
            folder: folder.to_owned(),
            data: places.plugin_data(name),
            updated: None,
            skills: [manifest.skills, of_marketplace],
            servers: manifest.mcp_servers,
        })
    }

    /// Its manifest, which need not exist.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join(MANIFEST)
    }

    /// The place that its manifest names, if it is one of the plugin's own.
    pub(crate) fn below(&self, path: &str) -> Option<PathBuf> {
        below(&self.folder, path)
    }
}

impl PluginRoots {
    /// The plugin that a skill's folder belongs to.
    #[must_use]
    pub fn plugin_of(&self, folder: &Path) -> Option<&str> {
        Some(&self.root_of(folder)?.plugin)
    }

    /// The plugin's folder with skills that a skill's folder is in.
    #[must_use]
    pub fn root_of(&self, folder: &Path) -> Option<&PluginRoot> {
        let holds = |root: &&PluginRoot| {
            folder.starts_with(&root.path)
                // The person's own folder may be a link.
                || fs_err::canonicalize(&root.path).is_ok_and(|real| folder.starts_with(real))
        };
        self.roots.iter().find(holds)
    }

    fn add(&mut self, plugin: &Plugin) {
        let more = plugin.skills.iter().flat_map(Paths::iter);
        let named = more.filter_map(|path| plugin.below(path));
        let roots = std::iter::once(plugin.folder.join("skills")).chain(named);
        for path in roots.take(MAX_FOLDERS) {
            if self.roots.iter().all(|root| root.path != path) {
                self.roots.push(PluginRoot {
                    plugin: plugin.name.clone(),
                    plugin_folder: plugin.folder.clone(),
                    data_folder: plugin.data.clone(),
                    updated: plugin.updated.clone(),
                    path,
                });
            }
        }
    }
}

impl Paths {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
            Self::None => &[],
        };
        all.iter().map(String::as_str)
    }
}

/// The place that a file names with `./PATH`, if it is `folder` or in it.
fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path.strip_prefix("./")?);
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        .then(|| folder.join(path).components().collect())
}
