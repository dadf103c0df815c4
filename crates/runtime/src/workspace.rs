//! One project folder as requests see it: its configuration, what is trusted, its skills.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_config::ClaudeHome;
use mycelium_config::ConfigError;
use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::ConfigurationReading;
use mycelium_config::ConfigurationSources;
use mycelium_config::Override;
use mycelium_config::SkillOwner;
use mycelium_policy::Grant;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::control::RequestContext;
use mycelium_types::Diagnostic;
use mycelium_types::ErrorReport;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use serde_json::Map;
use serde_json::Value;

use crate::Folders;
use crate::stamp::FileStamp;
use crate::trust::Answers;
use crate::trust::TrustStore;

/// Workspaces remembered at once, as far as they have no instances. The one asked for least recently is
/// forgotten for a new one.
const MAX_REMEMBERED: usize = 64;

/// A project folder at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) path: PathBuf,
    pub(crate) home: PathBuf,
    /// The client's environment.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) overrides: BTreeMap<String, Value>,
    pub(crate) offline: bool,
    /// A package that is known besides the workspace's own skills.
    pub(crate) package: Option<PathBuf>,
    pub(crate) configuration: Arc<Configuration>,
    /// Remarks about the configuration that do not keep it from being used.
    pub(crate) remarks: Arc<[Diagnostic]>,
    pub(crate) answers: Arc<Answers>,
}

impl Workspace {
    pub(crate) fn trust(&self) -> WorkspaceTrust {
        self.answers.workspace(&self.path)
    }

    /// Where Claude Code keeps what is the person's.
    pub(crate) fn claude_home(&self) -> ClaudeHome {
        ClaudeHome::of(&self.home, &self.path, &self.environment)
    }

    /// The context of a request that the runtime makes by itself.
    pub(crate) fn context(&self, session: &str) -> RequestContext {
        RequestContext {
            workspace: self.path.clone(),
            home: self.home.clone(),
            session: session.to_owned(),
            environment: self.environment.clone(),
            overrides: self.overrides.clone(),
            offline: self.offline,
            package: self.package.clone(),
        }
    }

    /// The same workspace with one more answer.
    pub(crate) fn granting(&self, grant: Grant) -> Self {
        let mut answers = Answers::clone(&self.answers);
        answers.grants.insert(0, grant);
        Self {
            answers: Arc::new(answers),
            ..self.clone()
        }
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        mycelium_resolver::workspace_lock(&self.path)
    }

    /// The skill's own settings above its plugin's `options`, checked against the schema its manifest gives.
    pub(crate) fn settings_of(
        &self,
        manifest: &Manifest,
        owner: SkillOwner,
        options: &Map<String, Value>,
    ) -> Result<Value, ErrorReport> {
        let settings = self
            .configuration
            .skill_settings_above(options, &manifest.name, owner, manifest.config.as_ref())
            .map_err(|diagnostics| ConfigError::Invalid { diagnostics })?;
        Ok(Value::Object(settings))
    }
}

/// The configuration that requests of this context get, with everything there is to say about it, errors
/// included.
///
/// # Errors
/// When what the person trusts cannot be read.
pub fn read_configuration(
    context: &RequestContext,
    folders: &Folders,
    system_config: &Path,
) -> Result<ConfigurationReading, ErrorReport> {
    let answers = TrustStore::of(folders).answers()?;
    Ok(load(context, &files(context, system_config), &answers))
}

fn files(context: &RequestContext, system_config: &Path) -> ConfigurationFiles {
    ConfigurationFiles {
        system: system_config.to_owned(),
        ..ConfigurationFiles::standard(&context.workspace, &context.home)
    }
}

fn load(
    context: &RequestContext,
    files: &ConfigurationFiles,
    answers: &Answers,
) -> ConfigurationReading {
    let overrides: Vec<Override> = context
        .overrides
        .iter()
        .map(|(key, value)| Override::new(key.clone(), value.clone()))
        .collect();
    Configuration::load(&ConfigurationSources {
        files,
        trust: answers.workspace(&context.workspace),
        environment: &context.environment,
        overrides: &overrides,
    })
}

/// The workspaces that were asked for, read again when one of their files or the client changes.
#[derive(Debug, Default)]
pub(crate) struct Workspaces(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    known: HashMap<PathBuf, Remembered>,
    /// Requests so far, which orders them.
    requests: u64,
}

#[derive(Debug)]
struct Remembered {
    stamps: Stamps,
    workspace: Arc<Workspace>,
    /// The variables that the configuration's files name.
    variables: BTreeSet<String>,
    used: u64,
}

/// A workspace that was read, and one that was forgotten for it.
#[derive(Debug)]
pub(crate) struct NewlyRead {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) forgotten: Option<PathBuf>,
}

/// Of the configuration's three files and what the person trusts, and how often answers that are in no
/// file have changed.
type Stamps = ([Option<FileStamp>; 4], u64);

impl Workspaces {
    /// The workspace of a request, if nothing has changed since it was read. Costs four looks at files.
    pub(crate) fn known(
        &self,
        context: &RequestContext,
        system_config: &Path,
        trust: &TrustStore,
    ) -> Option<Arc<Workspace>> {
        let stamps = stamps(&files(context, system_config), trust);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.requests += 1;
        let used = table.requests;
        let remembered = table.known.get_mut(&context.workspace)?;
        if remembered.stamps != stamps || !remembered.configures(context) {
            return None;
        }
        remembered.used = used;
        if !remembered.workspace.is_of(context) {
            remembered.workspace = Arc::new(remembered.workspace.with(context));
        }
        Some(Arc::clone(&remembered.workspace))
    }

    /// All workspaces that are remembered.
    pub(crate) fn all(&self) -> Vec<Arc<Workspace>> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.known.values();
        known.map(|known| Arc::clone(&known.workspace)).collect()
    }

    /// Reads the workspace of a request, which blocks, and remembers it in place of the one that was asked
    /// for least recently among those that are not busy, if there are many.
    pub(crate) fn read(
        &self,
        context: &RequestContext,
        system_config: &Path,
        trust: &TrustStore,
        is_busy: &dyn Fn(&Path) -> bool,
    ) -> Result<NewlyRead, ErrorReport> {
        let files = files(context, system_config);
        // Taken first: what is written while this reads is read again.
        let stamps = stamps(&files, trust);
        let (workspace, variables) = read(context, &files, trust)?;
        let workspace = Arc::new(workspace);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = table.requests;
        table.known.insert(
            context.workspace.clone(),
            Remembered {
                stamps,
                workspace: Arc::clone(&workspace),
                variables,
                used,
            },
        );
        let forgotten = (table.known.len() > MAX_REMEMBERED)
            .then(|| table.least_recently_used(&context.workspace, is_busy))
            .flatten();
        if let Some(path) = &forgotten {
            table.known.remove(path);
        }
        Ok(NewlyRead {
            workspace,
            forgotten,
        })
    }
}

impl Table {
    fn least_recently_used(&self, new: &Path, is_busy: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
        let others = self.known.iter().filter(|(path, _)| path.as_path() != new);
        others
            .filter(|(path, _)| !is_busy(path))
            .min_by_key(|(_, remembered)| remembered.used)
            .map(|(path, _)| path.clone())
    }
}

impl Remembered {
    /// Whether the configuration would be the same for this request. A shell changes some variables with
    /// every command; only those that a configuration can see count.
    fn configures(&self, context: &RequestContext) -> bool {
        let counts = |name: &&String| {
            name.starts_with(mycelium_config::VARIABLE_PREFIX) || self.variables.contains(*name)
        };
        let seen = |environment: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let variables = environment.iter().filter(|(name, _)| counts(name));
            variables
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let known = &self.workspace;
        known.home == context.home
            && known.overrides == context.overrides
            && (known.environment == context.environment
                || seen(&known.environment) == seen(&context.environment))
    }
}

impl Workspace {
    /// Whether it is what a request of this context sees; the session makes no difference.
    fn is_of(&self, context: &RequestContext) -> bool {
        self.offline == context.offline
            && self.package == context.package
            && self.environment == context.environment
    }

    /// The same workspace for a request with another environment that makes the same configuration.
    fn with(&self, context: &RequestContext) -> Self {
        Self {
            path: self.path.clone(),
            home: self.home.clone(),
            environment: context.environment.clone(),
            overrides: self.overrides.clone(),
            offline: context.offline,
            package: context.package.clone(),
            configuration: Arc::clone(&self.configuration),
            remarks: Arc::clone(&self.remarks),
            answers: Arc::clone(&self.answers),
        }
    }
}

fn stamps(files: &ConfigurationFiles, trust: &TrustStore) -> Stamps {
    let all = [&files.system, &files.user, &files.project, trust.file()];
    (all.map(FileStamp::of), trust.changes())
}

fn read(
    context: &RequestContext,
    files: &ConfigurationFiles,
    trust: &TrustStore,
) -> Result<(Workspace, BTreeSet<String>), ErrorReport> {
    let answers = trust.answers_in(&context.workspace)?;
    let mut reading = load(context, files, &answers);
    let variables = std::mem::take(&mut reading.variables);
    // A configuration with an error may be looser than its author meant: nothing runs with it.
    let (configuration, remarks) = reading.into_result()?;
    for remark in &remarks {
        if remark.severity >= Severity::Warning {
            tracing::warn!(
                file = remark.file,
                field = remark.field,
                "{}",
                remark.message
            );
        }
    }
    let workspace = Workspace {
        path: context.workspace.clone(),
        home: context.home.clone(),
        environment: context.environment.clone(),
        overrides: context.overrides.clone(),
        offline: context.offline,
        package: context.package.clone(),
        configuration: Arc::new(configuration),
        remarks: remarks.into(),
        answers: Arc::new(answers),
    };
    Ok((workspace, variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(root: &Path) -> RequestContext {
        RequestContext {
            workspace: root.to_owned(),
            home: root.join("home"),
            session: "shell".to_owned(),
            environment: BTreeMap::new(),
            overrides: BTreeMap::new(),
            offline: false,
            package: None,
        }
    }

    #[test]
    fn is_read_again_only_when_something_changed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let trust = TrustStore::of(&Folders::below(root));
        let workspaces = Workspaces::default();
        let system = root.join("system.json");
        let get = |context: &RequestContext| {
            let known = workspaces.known(context, &system, &trust);
            known.unwrap_or_else(|| {
                let read = workspaces.read(context, &system, &trust, &|_| false);
                read.unwrap().workspace
            })
        };
        let first = get(&context(root));
        assert!(Arc::ptr_eq(&first, &get(&context(root))));
        let mut other_session = context(root);
        other_session.session = "other".to_owned();
        assert!(Arc::ptr_eq(&first, &get(&other_session)));
        fs_err::create_dir(root.join(".claude")).unwrap();
        fs_err::write(root.join(".claude/skills.json"), "{\"watch\": true}").unwrap();
        let second = get(&context(root));
        assert!(!Arc::ptr_eq(&first, &second));
        trust.set_workspace(root, WorkspaceTrust::Trusted).unwrap();
        let third = get(&context(root));
        assert_eq!(third.trust(), WorkspaceTrust::Trusted);
        let mut offline = context(root);
        offline.offline = true;
        assert!(get(&offline).offline);
    }

    #[test]
    fn only_variables_that_the_configuration_sees_make_it_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let trust = TrustStore::of(&Folders::below(root));
        let system = root.join("system.json");
        fs_err::write(&system, r#"{"skillPaths": ["${TEAM:-none}/skills"]}"#).unwrap();
        let workspaces = Workspaces::default();
        let with = |name: &str, value: &str| {
            let mut context = context(root);
            context
                .environment
                .insert(name.to_owned(), value.to_owned());
            context
        };
        let first = workspaces
            .read(&with("PWD", "/a"), &system, &trust, &|_| false)
            .unwrap()
            .workspace;
        let known = |context: &RequestContext| workspaces.known(context, &system, &trust);
        let second = known(&with("PWD", "/b")).unwrap();
        assert!(Arc::ptr_eq(&first.configuration, &second.configuration));
        assert_eq!(second.environment["PWD"], "/b");
        assert!(Arc::ptr_eq(&second, &known(&with("PWD", "/b")).unwrap()));
        assert!(known(&with("TEAM", "x")).is_none());
        assert!(known(&with("MYCELIUM_WATCH", "true")).is_none());
    }

    #[test]
    fn many_workspaces_are_not_all_remembered_and_busy_ones_are() {
        let folder = tempfile::tempdir().unwrap();
        let trust = TrustStore::of(&Folders::below(folder.path()));
        let system = folder.path().join("system.json");
        let workspaces = Workspaces::default();
        let mut forgotten = Vec::new();
        for number in 0..MAX_REMEMBERED + 3 {
            let context = context(&folder.path().join(number.to_string()));
            assert!(workspaces.known(&context, &system, &trust).is_none());
            let is_busy = |path: &Path| path.ends_with("0");
            let read = workspaces
                .read(&context, &system, &trust, &is_busy)
                .unwrap();
            forgotten.extend(read.forgotten);
        }
        let numbers: Vec<_> = forgotten
            .iter()
            .map(|path| path.file_name().unwrap())
            .collect();
        assert_eq!(numbers, ["1", "2", "3"]);
        let first = context(&folder.path().join("0"));
        assert!(workspaces.known(&first, &system, &trust).is_some());
    }

    #[test]
    fn a_broken_configuration_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let trust = TrustStore::of(&Folders::below(root));
        fs_err::create_dir(root.join(".claude")).unwrap();
        fs_err::write(root.join(".claude/skills.json"), "{").unwrap();
        let system = root.join("system.json");
        let error = Workspaces::default()
            .read(&context(root), &system, &trust, &|_| false)
            .unwrap_err();
        assert_eq!(error.code, mycelium_types::ErrorCode::ConfigInvalid);
    }
}
