//! Paths in sentences.

use std::path::Path;

use crate::diagnostic::is_unprintable;

/// A path as it can be shown inside a sentence: whole, but with nothing in it that a terminal obeys.
///
/// ```
/// use std::path::Path;
///
/// assert_eq!(mycelium_types::printable_path(Path::new("a\nb")), "a\u{fffd}b");
/// ```
#[must_use]
pub fn printable_path(path: &Path) -> String {
    let show = |c: char| if is_unprintable(c) { '\u{fffd}' } else { c };
    path.to_string_lossy().chars().map(show).collect()
}
