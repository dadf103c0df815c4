//! Where a workspace is, and where its skills are looked for.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::claude_home::ClaudeHome;
use crate::configuration::Configuration;
use crate::source::ConfigurationFiles;

/// What makes a folder a workspace: a folder, and one that in a linked worktree is a file.
const MARKERS: [&str; 2] = [".claude", ".git"];

/// The folder that a person works in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

/// A folder to look for skills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillRoot {
    /// The folder; it need not exist.
    pub path: PathBuf,
    /// Why it is looked into.
    pub kind: RootKind,
}

/// Why a folder is looked into for skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RootKind {
    /// It is one of a workspace's folders for skills.
    Workspace,
    /// It is one of the person's folders for skills.
    Home,
    /// `skillPaths` names it.
    Configured,
}

impl Workspace {
    /// The workspace that the folder `start` is in: the nearest folder, itself or above, that has
    /// `.claude` or `.git`, else `start` itself. `home` does not count, since it has `.claude` for
    /// the person's own things.
    #[must_use]
    pub fn discover(start: &Path, home: &Path) -> Self {
        let real_home = fs_err::canonicalize(home).ok();
        let is_home = |folder: &Path| {
            folder == home
                || real_home
                    .as_deref()
                    .is_some_and(|home| fs_err::canonicalize(folder).is_ok_and(|it| it == home))
        };
        let marked = |folder: &&Path| {
            MARKERS
                .iter()
                .any(|marker| fs_err::metadata(folder.join(marker)).is_ok())
                && !is_home(folder)
        };
        Self {
            root: start.ancestors().find(marked).unwrap_or(start).to_owned(),
        }
    }

    /// The workspace's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files of its configuration, for the person whose home is `home`.
    #[must_use]
    pub fn configuration_files(&self, home: &Path) -> ConfigurationFiles {
        ConfigurationFiles::standard(&self.root, home)
    }
}

/// The folders to look for skills in, the first being the most important. The skills compiled into
/// the program have no folder and come after those of the home folder.
#[must_use]
pub fn skill_roots(
    workspace: &Path,
    home: &Path,
    claude: &ClaudeHome,
    configuration: &Configuration,
) -> Vec<SkillRoot> {
    let of_workspace = [".claude/skills", ".agents/skills", "skills"]
        .map(|folder| (workspace.join(folder), RootKind::Workspace));
    let of_home = [claude.folder.join("skills"), home.join(".agents/skills")]
        .map(|folder| (folder, RootKind::Home));
    let configured = configuration.skill_paths.iter().map(|path| {
        (
            workspace.join(expand_home(path, home)),
            RootKind::Configured,
        )
    });
    let mut roots: Vec<SkillRoot> = Vec::new();
    for (path, kind) in of_workspace.into_iter().chain(of_home).chain(configured) {
        let path = without_dots(&path);
        if roots.iter().all(|root| root.path != path) {
            roots.push(SkillRoot { path, kind });
        }
    }
    roots
}

/// The path with a `~` at its start replaced by `home`.
#[must_use]
pub fn expand_home(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

/// The path without `.`; `..` stays, because what it means depends on links.
fn without_dots(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_person_s_skills_of_claude_code_are_where_it_keeps_them() {
        let (workspace, home) = (Path::new("/w"), Path::new("/home/ann"));
        let variable = ("CLAUDE_CONFIG_DIR".to_owned(), "/moved".to_owned());
        let claude = ClaudeHome::of(home, workspace, &[variable].into());
        let roots = skill_roots(workspace, home, &claude, &Configuration::default());
        let own = roots.iter().filter(|root| root.kind == RootKind::Home);
        let own: Vec<_> = own.map(|root| root.path.to_str().unwrap()).collect();
        assert_eq!(own, ["/moved/skills", "/home/ann/.agents/skills"]);
    }

    #[test]
    fn the_demo_file_adds_one_root_and_repeats_one() {
        let configuration = Configuration {
            skill_paths: vec![
                "./plugins/mycelium-core/skills".into(),
                "~/.claude/skills".into(),
                "./custom-skills/".into(),
                "/opt/skills".into(),
                "~other/skills".into(),
            ],
            ..Configuration::default()
        };
        let home = Path::new("/home/ann");
        let claude = ClaudeHome::of(home, Path::new("/w"), &BTreeMap::new());
        let roots = skill_roots(Path::new("/w"), home, &claude, &configuration);
        let shown: Vec<_> = roots
            .iter()
            .map(|root| (root.path.to_str().unwrap(), root.kind))
            .collect();
        assert_eq!(
            shown,
            [
                ("/w/.claude/skills", RootKind::Workspace),
                ("/w/.agents/skills", RootKind::Workspace),
                ("/w/skills", RootKind::Workspace),
                ("/home/ann/.claude/skills", RootKind::Home),
                ("/home/ann/.agents/skills", RootKind::Home),
                ("/w/plugins/mycelium-core/skills", RootKind::Configured),
                ("/w/custom-skills", RootKind::Configured),
                ("/opt/skills", RootKind::Configured),
                ("/w/~other/skills", RootKind::Configured),
            ]
        );
    }
}
