//! The repository's files.

use std::path::PathBuf;

/// The repository's folder.
pub(super) fn root() -> PathBuf {
    fs_err::canonicalize("..").unwrap()
}

/// The text of a file of the repository.
pub(super) fn text(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// The cells of every table row whose first cell is code, without the marks.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| {
        let row = row.trim_matches('|').replace("\\|", "\u{0}");
        let cells = row.split('|').map(|cell| cell.trim().replace('\u{0}', "|"));
        cells.collect()
    };
    rows.map(cells).collect()
}

/// The folders that hold no text of ours.
pub(super) const FOREIGN: [&str; 3] = ["target", ".git", "node_modules"];
