//! Loads all layers and puts them on top of each other.

use std::collections::BTreeSet;
use std::io;
use std::io::Read as _;
use std::path::Path;

use fs_err::File;
use mycelium_policy::WorkspaceTrust;
use mycelium_types::Diagnostic;
use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Locale;
use mycelium_types::Member;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::NodeValue;
use mycelium_types::Severity;
use mycelium_types::Syntax;
use mycelium_types::nearest;
use mycelium_types::printable_path;

use crate::configuration::Configuration;
use crate::configuration::Setting;
use crate::error::ConfigError;
use crate::interpolation::Variables;
use crate::key::KeyKind;
use crate::key::SECTIONS;
use crate::key::VARIABLE_PREFIX;
use crate::key::keys;
use crate::layer::Layer;
use crate::section::LayerReader;
use crate::source::ConfigurationSources;
use crate::source::Override;
use crate::tree::Tree;

/// What came of loading a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigurationReading {
    /// All that could be read. A value that is wrong is left out, and a file that cannot be read at
    /// all sets nothing, so with errors among the remarks `security` may be looser than meant.
    pub configuration: Configuration,
    /// All remarks, layer by layer.
    pub diagnostics: Vec<Diagnostic>,
    /// The variables that strings name with `${…}`. With others than these and `MYCELIUM_…` the
    /// configuration is the same.
    pub variables: BTreeSet<String>,
}

impl Configuration {
    /// Loads and merges all layers, and lists all that is wrong with any of them.
    ///
    /// The files may hold anything: their size, depth and number of values are bounded.
    #[must_use]
    pub fn load(sources: &ConfigurationSources<'_>) -> ConfigurationReading {
        let mut loading = Loading::default();
        let files = sources.files;
        loading.file(
            Layer::System,
            &files.system,
            sources,
            WorkspaceTrust::Trusted,
        );
        loading.file(Layer::User, &files.user, sources, WorkspaceTrust::Trusted);
        loading.file(Layer::Project, &files.project, sources, sources.trust);
        loading.environment(sources);
        loading.overrides(sources.overrides);
        loading.finish()
    }
}

impl ConfigurationReading {
    /// The configuration and the remarks about it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] when one of the remarks is an error.
    pub fn into_result(self) -> Result<(Configuration, Vec<Diagnostic>), ConfigError> {
        let diagnostics = self.diagnostics;
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(ConfigError::Invalid { diagnostics });
        }
        Ok((self.configuration, diagnostics))
    }
}

/// The layers so far.
#[derive(Default)]
struct Loading {
    tree: Tree,
    /// The settings of skills without those of a workspace nobody trusts.
    others: Tree,
    /// Whether `others` lacks anything.
    differ: bool,
    /// The lists of what may be granted, the nearest first.
    bounds: Vec<Setting>,
    diagnostics: Vec<Diagnostic>,
    variables: BTreeSet<String>,
}

impl Loading {
    fn file(
        &mut self,
        layer: Layer,
        path: &Path,
        sources: &ConfigurationSources<'_>,
        trust: WorkspaceTrust,
    ) {
        let file = printable_path(path);
        if trust == WorkspaceTrust::Untrusted && leads_out(path) {
            // What is there belongs to somebody else, and remarks about it would show parts of it.
            let mut findings = Findings::without_text(&file);
            findings.warning_in_file(Message::new("config-link-outside"));
            self.tell(findings);
            return;
        }
        let bytes = match read_bounded(path, Node::MAX_BYTES as u64) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(problem) => {
                let mut findings = Findings::without_text(&file);
                let message = Message::new("config-unreadable").with("reason", problem);
                findings.error_in_file(message);
                self.tell(findings);
                return;
            }
        };
        let (node, findings) = Node::read(&bytes, &file, Syntax::Jsonc);
        let mut reader = LayerReader::new(layer, findings);
        reader.file = Some(path.to_owned());
        match trust {
            WorkspaceTrust::Trusted => {
                reader.variables = Some(Variables::Readable(sources.environment));
            }
            WorkspaceTrust::Untrusted => {
                reader.variables = Some(Variables::Refused);
                reader.tightens = Some(&self.tree);
            }
        }
        let tree = node.map(|node| reader.section(&SECTIONS, &node, &FieldPath::Root));
        let findings = reader.findings;
        self.variables.append(&mut reader.named);
        self.merge(tree.unwrap_or_default(), trust);
        self.tell(findings);
    }

    fn environment(&mut self, sources: &ConfigurationSources<'_>) {
        for (variable, text) in sources.environment {
            if !variable.starts_with(VARIABLE_PREFIX) {
                continue;
            }
            let mut reader = LayerReader::new(Layer::Environment, Findings::without_text(variable));
            if let Some(key) = keys().iter().find(|key| key.variable() == *variable) {
                reader.variable = Some(variable.clone());
                let node = nested(&key.path, key.value_of_text(text).into());
                let tree = reader.section(&SECTIONS, &node, &FieldPath::Root);
                self.merge(tree, WorkspaceTrust::Trusted);
            } else if let Some(message) = unknown_variable(variable) {
                reader.findings.warning_in_file(message);
            }
            self.tell(reader.findings);
        }
    }

    fn overrides(&mut self, overrides: &[Override]) {
        for Override { key, value } in overrides {
            let mut reader = LayerReader::new(Layer::Runtime, Findings::without_text(""));
            let path: Vec<_> = key.split('.').map(str::to_owned).collect();
            let node = nested(&path, value.clone().into());
            let tree = reader.section(&SECTIONS, &node, &FieldPath::Root);
            self.merge(tree, WorkspaceTrust::Trusted);
            self.tell(reader.findings);
        }
    }

    /// Puts a layer on top.
    fn merge(&mut self, layer: Tree, trust: WorkspaceTrust) {
        match trust {
            WorkspaceTrust::Trusted => self.others.merge(layer.only("skills")),
            WorkspaceTrust::Untrusted => self.differ = true,
        }
        for key in keys() {
            if key.kind == KeyKind::Grants
                && let Some(leaf) = layer.leaf(&key.path)
            {
                let setting = Setting {
                    key: key.name(),
                    value: leaf.value.clone(),
                    origin: leaf.origin.clone(),
                };
                self.bounds.insert(0, setting);
            }
        }
        self.tree.merge(layer);
    }

    fn tell(&mut self, findings: Findings<'_>) {
        self.diagnostics
            .extend(findings.into_diagnostics(Locale::EnUs));
    }

    fn configuration(&self) -> serde_json::Result<Configuration> {
        let all: Configuration = serde_json::from_value(self.tree.to_json().into())?;
        let others = if self.differ {
            let others: Configuration = serde_json::from_value(self.others.to_json().into())?;
            Some(others.skills)
        } else {
            None
        };
        Ok(Configuration { others, ..all })
    }

    fn finish(mut self) -> ConfigurationReading {
        let configuration = self.configuration();
        let mut configuration = configuration.unwrap_or_else(|problem| {
            // Every value was accepted by its key, so this is a defect; it must not pass unseen.
            let mut findings = Findings::without_text("");
            findings.error_in_file(Message::new("config-defect").with("reason", problem));
            self.tell(findings);
            Configuration::default()
        });
        configuration.tree = self.tree;
        configuration.bounds = self.bounds;
        ConfigurationReading {
            configuration,
            diagnostics: self.diagnostics,
            variables: self.variables,
        }
    }
}

/// The content of a file, if there is one; of one with more than `most` bytes only enough to see that it is too
/// large.
pub(crate) fn read_bounded(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    // A pipe or device would block or never end. Looked at before it is opened, because opening
    // alone can block.
    let is_file = match fs_err::metadata(path) {
        Ok(metadata) => metadata.is_file(),
        Err(problem) if is_absent(&problem) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    if !is_file {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Whether links lead from a workspace's file out of the workspace, whose `.claude` it is in.
fn leads_out(file: &Path) -> bool {
    let Some(workspace) = file.parent().and_then(Path::parent) else {
        return false;
    };
    match (fs_err::canonicalize(file), fs_err::canonicalize(workspace)) {
        (Ok(file), Ok(workspace)) => !file.starts_with(workspace),
        // Nothing is there to be read.
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn is_absent(problem: &io::Error) -> bool {
    matches!(
        problem.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// An object with `value` at `path` and nothing else.
pub(crate) fn nested(path: &[String], value: Node) -> Node {
    path.iter().rev().fold(value, |node, name| Node {
        value: NodeValue::Object(vec![Member {
            name: name.clone(),
            offset: 0,
            node,
        }]),
        offset: 0,
    })
}

/// Variables with our prefix mean other things too; one that begins like those of a section is
/// probably meant for a key.
fn unknown_variable(variable: &str) -> Option<Message> {
    let names: Vec<_> = keys().iter().map(|key| key.variable()).collect();
    let suggestion = nearest(variable, names.iter().map(String::as_str));
    let begins_like_section = keys().iter().any(|key| {
        key.path.len() > 1
            && variable
                .strip_prefix(VARIABLE_PREFIX)
                .and_then(|rest| rest.strip_prefix(&key.path[0].to_uppercase()))
                .is_some_and(|rest| rest.starts_with('_'))
    });
    begins_like_section.then(|| {
        Message::new("config-variable-unknown")
            .with("name", variable)
            .with("suggestion", suggestion.unwrap_or("none"))
    })
}
