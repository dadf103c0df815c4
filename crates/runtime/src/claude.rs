//! What Claude Code's settings and plugins mean for a workspace's skills, kept until their files change.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use mycelium_config::ClaudeHome;
use mycelium_config::ClaudePlaces;
use mycelium_config::ClaudeSettings;
use mycelium_config::PluginRoot;
use mycelium_config::PluginRoots;
use mycelium_config::SkillVisibility;
use mycelium_config::plugin_roots;
use mycelium_policy::WorkspaceTrust;
use mycelium_registry::Registry;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorReport;
use mycelium_types::SkillSource;
use mycelium_types::Substitutions;
use serde_json::Map;
use serde_json::Value;

use crate::inner::Inner;
use crate::inner::blocking;
use crate::stamp::FileStamp;
use crate::workspace::Workspace;

/// Who is to use a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// An agent, by itself.
    Agent,
    /// The person, by its name.
    Person,
}

/// What counts in a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClaudeView {
    /// Where the person's own is.
    home: ClaudeHome,
    pub(crate) settings: ClaudeSettings,
    pub(crate) plugins: PluginRoots,
}

/// What counted when it was last looked at, by workspace.
#[derive(Debug, Default)]
pub(crate) struct ClaudeViews(Mutex<HashMap<PathBuf, Kept>>);

/// The view, and what it rests on.
type Kept = (Basis, Arc<ClaudeView>);

/// What a view rests on.
#[derive(Clone, Debug, PartialEq)]
struct Basis {
    trust: WorkspaceTrust,
    home: ClaudeHome,
    /// Of the files that it was read from.
    stamps: Vec<Option<FileStamp>>,
}

impl ClaudeView {
    pub(crate) fn read(workspace: &Workspace) -> Self {
        let home = workspace.claude_home();
        let places = ClaudePlaces::of(&workspace.path, &home.folder);
        let settings = ClaudeSettings::read(&places, workspace.trust());
        Self {
            plugins: plugin_roots(&places, &settings),
            settings,
            home,
        }
    }

    /// How much agents see of a skill.
    pub(crate) fn visibility(&self, record: &SkillRecord) -> SkillVisibility {
        let plugin = match &record.source {
            SkillSource::Folder { path } | SkillSource::Package { path } => {
                self.plugins.plugin_of(path)
            }
            SkillSource::Embedded { .. } => None,
        };
        self.settings.visibility(record.name().as_str(), plugin)
    }

    /// Whether a skill is offered to `audience`.
    pub(crate) fn is_for(&self, audience: Audience, record: &SkillRecord) -> bool {
        match audience {
            Audience::Agent => self.is_for_agents(record),
            Audience::Person => self.visibility(record) != SkillVisibility::Off,
        }
    }

    /// Whether agents may use a skill by themselves.
    pub(crate) fn is_for_agents(&self, record: &SkillRecord) -> bool {
        match self.visibility(record) {
            SkillVisibility::On | SkillVisibility::NameOnly => true,
            SkillVisibility::UserInvocableOnly | SkillVisibility::Off => false,
        }
    }

    /// What the plugin's options say to a skill in `folder`.
    pub(crate) fn options(&self, folder: &Path) -> Map<String, Value> {
        let plugin = self.plugins.plugin_of(folder);
        plugin.map_or_else(Map::new, |plugin| self.settings.plugin_options(plugin))
    }

    /// Fills in the folders of the plugin that the skill in `folder` came with.
    pub(crate) fn with_plugin<'v>(
        &'v self,
        folder: &Path,
        values: Substitutions<'v>,
    ) -> Substitutions<'v> {
        let root = self.plugins.root_of(folder);
        Substitutions {
            plugin_folder: root.map(|root| root.plugin_folder.as_path()),
            data_folder: root.map(|root| root.data_folder.as_path()),
            ..values
        }
    }

    /// The folders of plugins that were updated, lie elsewhere or have other options than `before`.
    fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        // Another requester's folder changes nothing of what runs for this one.
        if self.home != before.home {
            return Vec::new();
        }
        fn of<'v>(view: &'v ClaudeView, plugin: &str) -> Vec<&'v PluginRoot> {
            let roots = view.plugins.roots.iter();
            roots.filter(|root| root.plugin == plugin).collect()
        }
        let all = [before, self].into_iter().flat_map(|it| &it.plugins.roots);
        let plugins: BTreeSet<_> = all.map(|root| root.plugin.as_str()).collect();
        let mut folders = Vec::new();
        for plugin in plugins {
            let (old, new) = (of(before, plugin), of(self, plugin));
            let options = |view: &Self| view.settings.plugin_options(plugin);
            if old != new || options(before) != options(self) {
                folders.extend(old.into_iter().chain(new).map(|root| root.path.clone()));
            }
        }
        folders
    }
}

impl ClaudeViews {
    /// Whether nothing has changed since the last look, if there was one.
    fn is_current(&self, workspace: &Workspace) -> bool {
        let kept = self.lock().get(&workspace.path).cloned();
        kept.is_some_and(|(basis, _)| basis == Basis::of(workspace))
    }

    /// What counts in a workspace now. A change is left for the next look to notice.
    pub(crate) fn now(&self, workspace: &Workspace) -> Arc<ClaudeView> {
        let kept = self.lock().get(&workspace.path).cloned();
        match kept {
            Some((basis, view)) if basis == Basis::of(workspace) => view,
            Some(_) | None => Arc::new(ClaudeView::read(workspace)),
        }
    }

    /// What counts in a workspace now, and what did before if that was something else.
    pub(crate) fn look(&self, workspace: &Workspace) -> (Arc<ClaudeView>, Option<Arc<ClaudeView>>) {
        let basis = Basis::of(workspace);
        let kept = self.lock().get(&workspace.path).cloned();
        if let Some((of, view)) = &kept
            && *of == basis
        {
            return (Arc::clone(view), None);
        }
        let mut view = Arc::new(ClaudeView::read(workspace));
        let before = kept.map(|(_, before)| before);
        let changed = match before {
            Some(before) if before == view => {
                view = before;
                None
            }
            before => before,
        };
        self.lock()
            .insert(workspace.path.clone(), (basis, Arc::clone(&view)));
        (view, changed)
    }

    /// Forgets a workspace.
    pub(crate) fn forget(&self, workspace: &Path) {
        self.lock().remove(workspace);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Basis {
    fn of(workspace: &Workspace) -> Self {
        let home = workspace.claude_home();
        let files = ClaudePlaces::of(&workspace.path, &home.folder).files();
        Self {
            trust: workspace.trust(),
            home,
            stamps: files.iter().map(|file| FileStamp::of(file)).collect(),
        }
    }
}

impl Inner {
    /// What Claude Code's settings and plugins mean here.
    pub(crate) async fn claude_view(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
    ) -> Result<Arc<ClaudeView>, ErrorReport> {
        let inner = Arc::clone(self);
        let workspace = Arc::clone(workspace);
        blocking(move || Ok(inner.claude_views.now(&workspace))).await
    }

    /// Looks for skills again when plugins were installed, updated, switched or given other options, and ends what
    /// runs of these plugins: the next call starts it as it is now.
    pub(crate) async fn follow_plugins(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        registry: &Arc<Registry>,
    ) -> Result<(), ErrorReport> {
        if self.claude_views.is_current(workspace) {
            return Ok(());
        }
        let inner = Arc::clone(self);
        let (of, registry) = (Arc::clone(workspace), Arc::clone(registry));
        let folders = blocking(move || {
            let (now, before) = inner.claude_views.look(&of);
            Ok(before.map_or_else(Vec::new, |before| {
                inner.discover_again(&of, &registry, &[]);
                now.changed_since(&before)
            }))
        })
        .await?;
        let is_touched = |source: &SkillSource| match source {
            SkillSource::Folder { path } | SkillSource::Package { path } => {
                folders.iter().any(|folder| path.starts_with(folder))
            }
            SkillSource::Embedded { .. } => false,
        };
        let instances = self
            .instances
            .select(|key| key.workspace == workspace.path && is_touched(&key.source));
        if !instances.is_empty() {
            // Not waited for: the request that noticed may come from one of them.
            let inner = Arc::clone(self);
            tokio::spawn(async move {
                let events = inner.silent();
                inner.retire_all(instances, &events).await;
            });
        }
        Ok(())
    }
}
