//! Where Claude Code keeps what is a person's.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::CLAUDE_FOLDER_VARIABLE;

/// Where Claude Code keeps what is a person's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaudeHome {
    /// The folder of settings, skills, agents and plugins.
    pub folder: PathBuf,
    /// The file that names the person's MCP servers, among much else.
    pub state: PathBuf,
}

impl ClaudeHome {
    /// That of the person with this home folder and environment: `~/.claude` and `~/.claude.json`, or the folder that
    /// [`CLAUDE_FOLDER_VARIABLE`] names with an absolute path, and `.claude.json` in it.
    ///
    /// The environment is that of whoever asks; no file of a workspace has a say in it, and a folder in the workspace does not
    /// count, because somebody else may have written what is in it.
    #[must_use]
    pub fn of(home: &Path, workspace: &Path, environment: &BTreeMap<String, String>) -> Self {
        let moved = environment.get(CLAUDE_FOLDER_VARIABLE).map(PathBuf::from);
        let is_somebody_else_s = |folder: &Path| {
            let real = fs_err::canonicalize(folder);
            let real = real.as_deref().unwrap_or(folder);
            real.starts_with(workspace) && !home.starts_with(workspace)
        };
        let moved = moved.filter(|folder| folder.is_absolute() && !is_somebody_else_s(folder));
        match moved {
            Some(folder) => Self {
                state: folder.join(".claude.json"),
                folder,
            },
            None => Self {
                folder: home.join(".claude"),
                state: home.join(".claude.json"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_absolute_path_moves_it() {
        let of = |value: Option<&str>| {
            let variable = value.map(|value| (CLAUDE_FOLDER_VARIABLE.to_owned(), value.to_owned()));
            let variable = variable.into_iter().collect();
            let home = ClaudeHome::of(Path::new("/h"), Path::new("/w"), &variable);
            [home.folder, home.state].map(|path| path.display().to_string())
        };
        for value in [
            None,
            Some(""),
            Some("x"),
            Some("./x"),
            Some("~/x"),
            Some("/w/.cc"),
        ] {
            assert_eq!(of(value), ["/h/.claude", "/h/.claude.json"], "{value:?}");
        }
        assert_eq!(of(Some("/c")), ["/c", "/c/.claude.json"]);
    }
}
