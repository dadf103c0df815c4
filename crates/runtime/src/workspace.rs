//! One project folder as requests see it: its configuration, what is trusted, its skills.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_config::ConfigError;
use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::ConfigurationReading;
use mycelium_config::ConfigurationSources;
use mycelium_config::Override;
use mycelium_config::SkillOwner;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::control::RequestContext;
use mycelium_types::Diagnostic;
use mycelium_types::ErrorReport;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use serde_json::Value;

use crate::Folders;
use crate::trust::Answers;
use crate::trust::TrustStore;

/// Workspaces remembered at once; more are possible, then the memory starts over.
const MAX_REMEMBERED: usize = 256;

/// A project folder at one moment.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) path: PathBuf,
    pub(crate) home: PathBuf,
    /// The client's environment.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) overrides: BTreeMap<String, Value>,
    pub(crate) offline: bool,
    pub(crate) configuration: Configuration,
    /// Remarks about the configuration that do not keep it from being used.
    pub(crate) remarks: Vec<Diagnostic>,
    pub(crate) answers: Answers,
}

impl Workspace {
    pub(crate) fn trust(&self) -> WorkspaceTrust {
        self.answers.workspace(&self.path)
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
        }
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        mycelium_resolver::workspace_lock(&self.path)
    }

    /// The skill's own settings, checked against the schema its manifest gives.
    pub(crate) fn settings_of(
        &self,
        manifest: &Manifest,
        owner: SkillOwner,
    ) -> Result<Value, ErrorReport> {
        let settings = self
            .configuration
            .skill_settings(&manifest.name, owner, manifest.config.as_ref())
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
pub(crate) struct Workspaces(Mutex<HashMap<PathBuf, Remembered>>);

#[derive(Debug)]
struct Remembered {
    context: RequestContext,
    stamps: [Option<Stamp>; 4],
    workspace: Arc<Workspace>,
}

/// What changes when a file is written: device, inode, size, and the time in nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

impl Workspaces {
    /// The workspace of a request. Costs four looks at files when nothing has changed.
    pub(crate) fn get(
        &self,
        context: &RequestContext,
        system_config: &Path,
        trust: &TrustStore,
    ) -> Result<Arc<Workspace>, ErrorReport> {
        let files = files(context, system_config);
        let stamps = [&files.system, &files.user, &files.project, trust.file()].map(stamp);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remembered) = known.get(&context.workspace)
            && remembered.stamps == stamps
            && same_place(&remembered.context, context)
        {
            return Ok(Arc::clone(&remembered.workspace));
        }
        let workspace = Arc::new(read(context, &files, trust)?);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(
            context.workspace.clone(),
            Remembered {
                context: context.clone(),
                stamps,
                workspace: Arc::clone(&workspace),
            },
        );
        Ok(workspace)
    }
}

/// Whether two requests see the same workspace; the session makes no difference.
fn same_place(one: &RequestContext, two: &RequestContext) -> bool {
    one.home == two.home
        && one.offline == two.offline
        && one.overrides == two.overrides
        && one.environment == two.environment
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    ))
}

fn read(
    context: &RequestContext,
    files: &ConfigurationFiles,
    trust: &TrustStore,
) -> Result<Workspace, ErrorReport> {
    let answers = trust.answers()?;
    // A configuration with an error may be looser than its author meant: nothing runs with it.
    let (configuration, remarks) = load(context, files, &answers).into_result()?;
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
    Ok(Workspace {
        path: context.workspace.clone(),
        home: context.home.clone(),
        environment: context.environment.clone(),
        overrides: context.overrides.clone(),
        offline: context.offline,
        configuration,
        remarks,
        answers,
    })
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
        }
    }

    #[test]
    fn is_read_again_only_when_something_changed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let trust = TrustStore::of(&Folders::below(root));
        let workspaces = Workspaces::default();
        let get = |context: &RequestContext| {
            workspaces
                .get(context, &root.join("system.json"), &trust)
                .unwrap()
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
    fn a_broken_configuration_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let trust = TrustStore::of(&Folders::below(root));
        fs_err::create_dir(root.join(".claude")).unwrap();
        fs_err::write(root.join(".claude/skills.json"), "{").unwrap();
        let error = Workspaces::default()
            .get(&context(root), &root.join("system.json"), &trust)
            .unwrap_err();
        assert_eq!(error.code, mycelium_types::ErrorCode::ConfigInvalid);
    }
}
