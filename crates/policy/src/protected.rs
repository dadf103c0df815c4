//! Names that decide what programs outside the sandbox do.

use std::ffi::OsStr;
use std::path::Path;

/// Never writable through a folder above them, wherever they are.
const PROTECTED: [&str; 6] = [
    ".git",
    ".claude",
    ".agents",
    ".vscode",
    ".mcp.json",
    ".envrc",
];

/// The part of a skill's folder that is not part of the skill: it changes without the skill changing,
/// so no digest covers it.
pub const UNCOUNTED: &str = ".git";

/// Whether a file or folder of this name decides what programs outside the sandbox do.
#[must_use]
pub fn is_protected_name(name: &OsStr) -> bool {
    PROTECTED
        .iter()
        .any(|protected| name.eq_ignore_ascii_case(protected))
}

/// Whether a path, or a part of it, has such a name.
pub(crate) fn has_protected_part(path: &Path) -> bool {
    path.iter().any(is_protected_name)
}
