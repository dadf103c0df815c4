//! When skills last used what they are granted, for people who wonder what they could take back.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use mycelium_types::PermissionRequest;
use serde::Deserialize;
use serde::Serialize;

use crate::atomic_file;
use crate::inner::Inner;
use crate::listener::now;
use crate::soon::LateFile;
use crate::soon::Soon;

/// The most skills that are remembered; of more, those go that used nothing for the longest time.
const MAX_SKILLS: usize = 1_000;
/// The most parts of permissions of one skill.
const MAX_PARTS: usize = 256;
/// Whoever kills this process loses no more than what was noted in the delay.
const FILE: LateFile = LateFile {
    delay: Duration::from_secs(5),
    soon: |inner| &inner.uses.soon,
    save: |inner| inner.uses.save(),
};

/// What a permission is about: one path, host, program or the like.
///
/// Its text is what is written down, so it must not change: `filesystem write ./out`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Part(String);

impl Part {
    pub(crate) fn path(declared: &str, access: FileAccess) -> Self {
        Self(format!("filesystem {} {declared}", access.as_str()))
    }

    pub(crate) fn command(declared: &str) -> Self {
        Self(format!("process {declared}"))
    }

    pub(crate) fn host(pattern: &str) -> Self {
        Self(format!("network {pattern}"))
    }

    pub(crate) fn secret(name: &str) -> Self {
        Self(format!("secret {name}"))
    }

    pub(crate) fn skill(declared: &str) -> Self {
        Self(format!("skill {declared}"))
    }

    pub(crate) fn mcp(server: &str) -> Self {
        Self(format!("mcp {server}"))
    }

    pub(crate) fn variable(name: &str) -> Self {
        Self(format!("environment {name}"))
    }

    /// The parts of a permission.
    fn all(permission: &Permission) -> Vec<Self> {
        let each = |names: &[String], part: fn(&str) -> Self| {
            names.iter().map(String::as_str).map(part).collect()
        };
        match permission {
            Permission::Filesystem { paths, access } => {
                paths.iter().map(|path| Self::path(path, *access)).collect()
            }
            Permission::Network { hosts, .. } => each(hosts, Self::host),
            Permission::Process { commands } => each(commands, Self::command),
            Permission::Environment { variables } => each(variables, Self::variable),
            Permission::Mcp { servers, .. } => each(servers, Self::mcp),
            Permission::Skill { skills } => each(skills, Self::skill),
            Permission::Secret { names, .. } => each(names, Self::secret),
            Permission::Context { fields } => each(fields, |name| Self(format!("context {name}"))),
            Permission::Git { access } => vec![Self(format!("git {}", access.as_str()))],
        }
    }
}

/// When something was used, in milliseconds since 1970 UTC.
pub(crate) type Times = BTreeMap<Part, u64>;

/// The variables that a worker is given when it starts; whether the skill looks at them nobody sees.
pub(crate) fn of_variables(policy: &SandboxPolicy, manifest: &Manifest) -> Times {
    let asked = |request: &PermissionRequest| match &request.permission {
        Permission::Environment { variables } => variables.clone(),
        _ => Vec::new(),
    };
    let is_given = |variable: &String| policy.environment.contains_key(variable);
    let given = manifest.permissions.iter().flat_map(asked).filter(is_given);
    let time = now();
    given
        .map(|variable| (Part::variable(&variable), time))
        .collect()
}

/// The times of all skills, by the folder that each is in, in one file that processes share.
pub(crate) struct LastUses {
    file: PathBuf,
    /// What is not written down yet.
    fresh: Mutex<BTreeMap<PathBuf, Times>>,
    soon: Soon,
}

impl LastUses {
    pub(crate) fn below(state: &Path) -> Self {
        Self {
            file: state.join("last-use.json"),
            fresh: Mutex::default(),
            soon: Soon::default(),
        }
    }

    /// When the skill in `root` last used any part of a permission. It blocks.
    pub(crate) fn of(&self, root: &Path, permissions: &[&Permission]) -> Vec<Option<u64>> {
        let mut kept = self.read().remove(root).unwrap_or_default();
        if let Some(fresh) = self.fresh().get(root) {
            merge(&mut kept, fresh);
        }
        let last = |permission: &&Permission| {
            let parts = Part::all(permission);
            parts
                .iter()
                .filter_map(|part| kept.get(part))
                .max()
                .copied()
        };
        permissions.iter().map(last).collect()
    }

    fn note(&self, root: &Path, times: &Times) {
        let mut fresh = self.fresh();
        if fresh.len() < MAX_SKILLS || fresh.contains_key(root) {
            merge(fresh.entry(root.to_owned()).or_default(), times);
        }
    }

    /// Writes down what is not yet. It blocks.
    pub(crate) fn save(&self) {
        let fresh = std::mem::take(&mut *self.fresh());
        if fresh.is_empty() {
            return;
        }
        if let Err(error) = self.add(&fresh) {
            tracing::warn!(%error, "when permissions were used last cannot be kept");
        }
    }

    fn add(&self, fresh: &BTreeMap<PathBuf, Times>) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs_err::create_dir_all(folder)?;
        }
        // Another process may be about to do the same.
        let lock = fs_err::File::create(self.file.with_extension("lock"))?;
        lock.file().lock()?;
        let mut all = self.read();
        for (root, times) in fresh {
            merge(all.entry(root.clone()).or_default(), times);
        }
        let mut newest: Vec<_> = all
            .iter()
            .map(|(root, times)| (times.values().max().copied(), root.clone()))
            .collect();
        newest.sort_unstable();
        let surplus = newest.len().saturating_sub(MAX_SKILLS);
        for (_, root) in newest.into_iter().take(surplus) {
            all.remove(&root);
        }
        atomic_file::replace(&self.file, &serde_json::to_vec(&all)?)
    }

    /// What is written down; a file that says something else says nothing.
    fn read(&self) -> BTreeMap<PathBuf, Times> {
        fs_err::read(&self.file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn fresh(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Times>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the later of two times.
fn merge(times: &mut Times, later: &Times) {
    for (part, time) in later {
        if times.len() < MAX_PARTS || times.contains_key(part) {
            let known = times.entry(part.clone()).or_default();
            *known = (*known).max(*time);
        }
    }
}

impl Inner {
    /// Takes note of what the skill in `root` used of its permissions. It is written down a little later.
    pub(crate) fn note_uses(self: &Arc<Self>, root: &Path, times: &Times) {
        if times.is_empty() {
            return;
        }
        self.uses.note(root, times);
        self.write_soon(&FILE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(paths: &[&str]) -> Permission {
        Permission::Filesystem {
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
            access: FileAccess::Write,
        }
    }

    #[test]
    fn the_latest_use_of_any_part_counts_also_of_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            LastUses::below(folder.path()),
            LastUses::below(folder.path()),
        );
        let root = Path::new("/skill");
        let used = |path: &str, time| BTreeMap::from([(Part::path(path, FileAccess::Write), time)]);
        let (both, neither) = (write(&["./a", "./b"]), write(&["./c"]));
        let asked = [&both, &neither];
        assert_eq!(one.of(root, &asked), [None, None]);
        one.note(root, &used("./a", 5));
        assert_eq!(
            one.of(root, &asked),
            [Some(5), None],
            "before it is written"
        );
        one.save();
        other.note(root, &used("./b", 7));
        other.note(root, &used("./a", 3));
        other.save();
        assert_eq!(one.of(root, &asked), [Some(7), None]);
        assert_eq!(one.of(root, &[&write(&["./a"])]), [Some(5)]);
        assert_eq!(one.of(Path::new("/other"), &[&both]), [None]);
    }

    #[test]
    fn skills_that_used_nothing_for_long_are_forgotten_first_and_a_broken_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let uses = LastUses::below(folder.path());
        fs_err::write(&uses.file, "{").unwrap();
        let times = |time| BTreeMap::from([(Part::command("git"), time)]);
        let git = Permission::Process {
            commands: vec!["git".to_owned()],
        };
        uses.note(Path::new("/old"), &times(1));
        uses.save();
        for number in 0..MAX_SKILLS {
            uses.note(&PathBuf::from(format!("/{number}")), &times(2));
        }
        uses.save();
        assert_eq!(uses.of(Path::new("/old"), &[&git]), [None]);
        assert_eq!(uses.of(Path::new("/0"), &[&git]), [Some(2)]);
    }
}
