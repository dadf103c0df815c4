//! The marketplaces that Claude Code knows, and what they say of their plugins.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::Paths;
use super::below;
use crate::claude::read;

/// The marketplaces, read as far as somebody asks for their plugins.
pub(super) struct Marketplaces {
    known: BTreeMap<String, Known>,
    read: HashMap<String, Marketplace>,
}

/// What a marketplace adds to a plugin.
#[derive(Default)]
pub(super) struct Entry {
    /// Where the plugin lies, if the marketplace is a folder of this machine.
    pub(super) folder: Option<PathBuf>,
    /// Further folders of skills.
    pub(super) skills: Paths,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    #[serde(default)]
    source: Value,
    install_location: PathBuf,
}

#[derive(Default, Deserialize)]
struct Marketplace {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    plugins: Vec<Offer>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    plugin_root: Option<String>,
}

#[derive(Deserialize)]
struct Offer {
    name: String,
    /// A path, or an object for what is fetched.
    #[serde(default)]
    source: Value,
    #[serde(default)]
    skills: Paths,
}

impl Marketplaces {
    /// Reads the list in `file`. Without one that can be read, plugins are where they were installed.
    pub(super) fn read(file: &Path) -> Self {
        Self {
            known: read(file).ok().flatten().unwrap_or_default(),
            read: HashMap::new(),
        }
    }

    /// What the marketplace of a plugin, given as `name@marketplace`, says of it.
    pub(super) fn entry(&mut self, plugin: &str) -> Entry {
        let Some((name, marketplace)) = plugin.rsplit_once('@') else {
            return Entry::default();
        };
        let Some(known) = self.known.get(marketplace) else {
            return Entry::default();
        };
        let catalogue = self.read.entry(marketplace.to_owned()).or_insert_with(|| {
            let file = known
                .install_location
                .join(".claude-plugin/marketplace.json");
            read(&file).ok().flatten().unwrap_or_default()
        });
        let Some(offer) = catalogue.plugins.iter().find(|offer| offer.name == name) else {
            return Entry::default();
        };
        let is_folder = known.source.get("source").and_then(Value::as_str) == Some("directory");
        let root = catalogue.metadata.plugin_root.as_deref();
        Entry {
            folder: (is_folder && known.install_location.is_absolute())
                .then(|| offer.folder(&known.install_location, root))
                .flatten()
                .filter(|folder| folder.is_dir()),
            skills: offer.skills.clone(),
        }
    }
}

impl Offer {
    /// Where the plugin lies in the marketplace's folder; `root` stands before names of folders.
    fn folder(&self, marketplace: &Path, root: Option<&str>) -> Option<PathBuf> {
        let source = self.source.as_str()?;
        if source.starts_with("./") {
            return below(marketplace, source);
        }
        below(&below(marketplace, root?)?, &format!("./{source}"))
    }
}
