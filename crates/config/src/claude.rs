//! What the settings of Claude Code say about skills and plugins.
//!
//! As in Claude Code, the managed settings count most, then those that a person has for the project alone, then the
//! project's, then the person's. A value counts by itself: a file that says nothing of a skill leaves it to the next.
//!
//! Claude Code asks whether a project is trusted before it reads the project's settings. Here those of a project that
//! is not can only take away: they switch plugins off and hide skills.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::WorkspaceTrust;
use mycelium_types::Diagnostic;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::Severity;
use mycelium_types::printable;
use mycelium_types::printable_path;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use crate::reading::read_bounded;

/// The most files in the folder of further managed settings that are read.
const MAX_MANAGED: usize = 50;

/// Where Claude Code keeps what it goes by.
#[derive(Clone, Copy, Debug)]
pub struct ClaudePlaces<'p> {
    /// The folder of the managed settings.
    pub managed: &'p Path,
    /// The project.
    pub workspace: &'p Path,
    /// The folder of what is the person's ([`ClaudeHome`](crate::ClaudeHome)).
    pub folder: &'p Path,
}

/// How much agents see of a skill, the most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkillVisibility {
    /// All.
    #[default]
    On,
    /// Its name without its description.
    NameOnly,
    /// Nothing: only the person may start it.
    UserInvocableOnly,
    /// Nothing.
    Off,
}

/// The settings that concern skills and plugins.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaudeSettings {
    trust: WorkspaceTrust,
    /// What each file says, the most important first.
    layers: Vec<Layer>,
    /// What is wrong with the files, as warnings.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    owner: Owner,
    plugins: BTreeMap<String, bool>,
    overrides: BTreeMap<String, SkillVisibility>,
    denied: Denied,
    options: BTreeMap<String, Map<String, Value>>,
    longest_description: Option<usize>,
    listing_fraction: Option<f64>,
}

/// The skills that the model may not start (`permissions.deny`).
#[derive(Clone, Debug, Default, PartialEq)]
struct Denied {
    all: bool,
    names: BTreeSet<String>,
}

impl Denied {
    /// What a list of rules says of the tool `Skill`: `Skill` means all, `Skill(name)` and `Skill(name *)` one.
    fn read(rules: &Value) -> Self {
        let rules = rules.as_array().into_iter().flatten();
        let mut denied = Self::default();
        for rule in rules.filter_map(Value::as_str) {
            let Some(rest) = rule.trim().strip_prefix("Skill") else {
                continue;
            };
            let inner = rest.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
            match inner.map(str::trim) {
                None if rest.is_empty() => denied.all = true,
                Some("" | "*") => denied.all = true,
                Some(inner) => {
                    let name = inner.split_whitespace().next().unwrap_or_default();
                    denied.names.insert(name.trim_start_matches('/').to_owned());
                }
                // Another tool, whose name begins so.
                None => {}
            }
        }
        denied
    }

    fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Managed,
    Project,
    Person,
}

impl<'p> ClaudePlaces<'p> {
    /// The places of a workspace and a person on this machine.
    #[must_use]
    pub fn of(workspace: &'p Path, folder: &'p Path) -> Self {
        Self {
            managed: Path::new("/etc/claude-code"),
            workspace,
            folder,
        }
    }

    /// The list of installed plugins.
    pub(crate) fn installed_plugins(&self) -> PathBuf {
        self.folder.join("plugins/installed_plugins.json")
    }

    /// The list of marketplaces.
    pub(crate) fn marketplaces(&self) -> PathBuf {
        self.folder.join("plugins/known_marketplaces.json")
    }

    /// The folder that a plugin, as `name@marketplace`, keeps its data in. Claude Code makes it when it first needs it.
    #[must_use]
    pub fn plugin_data(&self, plugin: &str) -> PathBuf {
        let id: String = plugin
            .chars()
            .map(|char| match char {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => char,
                _ => '-',
            })
            .collect();
        self.folder.join("plugins/data").join(id)
    }

    /// The files and folders whose change may change what counts here.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.settings().into_iter().map(|(_, file)| file).collect();
        files.push(self.managed.join("managed-settings.d"));
        files.push(self.installed_plugins());
        files.push(self.marketplaces());
        files
    }

    fn settings(&self) -> [(Owner, PathBuf); 4] {
        let of_project = |name: &str| self.workspace.join(".claude").join(name);
        [
            (Owner::Managed, self.managed.join("managed-settings.json")),
            (Owner::Project, of_project("settings.local.json")),
            (Owner::Project, of_project("settings.json")),
            (Owner::Person, self.folder.join("settings.json")),
        ]
    }

    /// Further managed settings, the most important first: of two files, the one whose name comes later.
    fn further_managed(&self) -> Vec<(Owner, PathBuf)> {
        let Ok(entries) = fs_err::read_dir(self.managed.join("managed-settings.d")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .take(MAX_MANAGED)
            .collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        files
            .into_iter()
            .map(|file| (Owner::Managed, file))
            .collect()
    }
}

impl Default for ClaudeSettings {
    fn default() -> Self {
        Self::of(WorkspaceTrust::Untrusted)
    }
}

impl ClaudeSettings {
    /// Settings that say nothing.
    fn of(trust: WorkspaceTrust) -> Self {
        Self {
            trust,
            layers: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads the settings that count where the project is trusted or not. A file that cannot be understood is told and
    /// left out.
    #[must_use]
    pub fn read(places: &ClaudePlaces<'_>, trust: WorkspaceTrust) -> Self {
        let mut settings = Self::of(trust);
        let files = places.further_managed().into_iter();
        for (owner, file) in files.chain(places.settings()) {
            match read::<Map<String, Value>>(&file) {
                Ok(Some(object)) => settings.add(owner, &file, &object),
                Ok(None) => {}
                Err(reason) => {
                    let message = Message::new("claude-settings-unreadable").with("reason", reason);
                    settings.diagnostics.push(warning(&file, "", &message));
                }
            }
        }
        settings
    }

    /// The settings as Claude Code goes by them once its person trusts the project.
    #[must_use]
    pub fn of_claude_code(places: &ClaudePlaces<'_>) -> Self {
        Self::read(places, WorkspaceTrust::Trusted)
    }

    /// Whether a plugin, as `name@marketplace`, is switched on: nothing else makes it count.
    #[must_use]
    pub fn is_plugin_on(&self, plugin: &str) -> bool {
        let is_off = |layer: &Layer| layer.plugins.get(plugin).map(|is_on| !is_on);
        !self.strictest(true, is_off)
    }

    /// How much agents see of the skill `name`. What a `plugin` brings is switched on and off as a whole, and only
    /// managed settings say anything of its skills, but that any file can deny them to the model.
    #[must_use]
    pub fn visibility(&self, name: &str, plugin: Option<&str>) -> SkillVisibility {
        let plugin = plugin.map(|plugin| plugin.split('@').next().unwrap_or_default());
        let whole = plugin.map(|plugin| format!("{plugin}:{name}"));
        let is_denied = |layer: &Layer| layer.denied.has(whole.as_deref().unwrap_or(name));
        let shown = self.overridden(name, whole.as_deref());
        match self.layers.iter().any(is_denied) {
            true => shown.max(SkillVisibility::UserInvocableOnly),
            false => shown,
        }
    }

    /// What `skillOverrides` says, `whole` being the name of a plugin's skill.
    fn overridden(&self, name: &str, whole: Option<&str>) -> SkillVisibility {
        let Some(whole) = whole else {
            let said = |layer: &Layer| layer.overrides.get(name).copied();
            return self.strictest(SkillVisibility::On, said);
        };
        self.first(|layer| {
            let overrides = (layer.owner == Owner::Managed).then_some(&layer.overrides)?;
            overrides.get(whole).or(overrides.get(name)).copied()
        })
        .unwrap_or_default()
    }

    /// The options that the person and the managed settings give a plugin; a project cannot.
    #[must_use]
    pub fn plugin_options(&self, plugin: &str) -> Map<String, Value> {
        let mut options = Map::new();
        for layer in self.layers.iter().rev() {
            if layer.owner != Owner::Project
                && let Some(given) = layer.options.get(plugin)
            {
                options.extend(given.clone());
            }
        }
        options
    }

    /// The most characters of one description in the list of skills (`skillListingMaxDescChars`).
    #[must_use]
    pub fn longest_description(&self) -> Option<usize> {
        self.first(|layer| layer.longest_description)
    }

    /// The part of the context that the list of skills may have, above 0 and up to 1 (`skillListingBudgetFraction`).
    #[must_use]
    pub fn listing_fraction(&self) -> Option<f64> {
        self.first(|layer| layer.listing_fraction)
    }

    /// What the most important file says, else `unsaid`. The files of a project that is not trusted come last, and only
    /// a greater value of theirs counts.
    fn strictest<T: Ord>(&self, unsaid: T, said: impl Fn(&Layer) -> Option<T>) -> T {
        let values = |is_project: bool| {
            let mut layers = self
                .layers
                .iter()
                .filter(|layer| (layer.owner == Owner::Project) == is_project);
            layers.find_map(&said)
        };
        match self.trust {
            WorkspaceTrust::Trusted => self.first(&said).unwrap_or(unsaid),
            WorkspaceTrust::Untrusted => {
                let others = values(false).unwrap_or(unsaid);
                match values(true) {
                    Some(project) => others.max(project),
                    None => others,
                }
            }
        }
    }

    fn first<T>(&self, said: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(said)
    }

    fn add(&mut self, owner: Owner, file: &Path, settings: &Map<String, Value>) {
        let mut remark = |field: String, value: &Value| {
            let message = Message::new("claude-setting-unknown")
                .with("field", &field)
                .with("value", printable(&value.to_string()));
            self.diagnostics.push(warning(file, &field, &message));
        };
        let members = |key: &str| settings.get(key).and_then(Value::as_object);
        let mut overrides = BTreeMap::new();
        for (name, value) in members("skillOverrides").into_iter().flatten() {
            match visibility(value) {
                Some(seen) => drop(overrides.insert(name.clone(), seen)),
                None => remark(format!("skillOverrides.{}", printable(name)), value),
            }
        }
        let rules = settings.get("permissions").and_then(|it| it.get("deny"));
        let denied = rules.map(Denied::read).unwrap_or_default();
        let mut number = |key: &str, is_fit: fn(f64) -> bool| {
            let value = settings.get(key)?;
            let number = value.as_f64().filter(|number| is_fit(*number));
            if number.is_none() {
                remark(key.to_owned(), value);
            }
            number
        };
        let longest = number("skillListingMaxDescChars", |it| {
            it >= 1.0 && it.fract() == 0.0
        });
        let listing_fraction = number("skillListingBudgetFraction", |it| it > 0.0 && it <= 1.0);
        // A list of versions is no switch.
        let is_on = |value: &Value| value.as_bool().unwrap_or_default();
        let options = |value: &Value| value.get("options")?.as_object().cloned();
        self.layers.push(Layer {
            owner,
            overrides,
            denied,
            longest_description: longest.map(|longest| longest as usize),
            listing_fraction,
            plugins: members("enabledPlugins")
                .into_iter()
                .flatten()
                .map(|(plugin, value)| (plugin.clone(), is_on(value)))
                .collect(),
            options: members("pluginConfigs")
                .into_iter()
                .flatten()
                .filter_map(|(plugin, value)| Some((plugin.clone(), options(value)?)))
                .collect(),
        });
    }
}

fn visibility(value: &Value) -> Option<SkillVisibility> {
    match value.as_str()? {
        "on" => Some(SkillVisibility::On),
        "name-only" => Some(SkillVisibility::NameOnly),
        "user-invocable-only" => Some(SkillVisibility::UserInvocableOnly),
        "off" => Some(SkillVisibility::Off),
        _ => None,
    }
}

/// A remark about a file that is nobody's skill.
pub(crate) fn warning(file: &Path, field: &str, message: &Message) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        file: printable_path(file),
        position: None,
        field: field.to_owned(),
        message: message.render(Locale::EnUs),
        help: message.render_help(Locale::EnUs),
        snippet: None,
    }
}

/// The value in a file of JSON, if there is one.
pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, String> {
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
