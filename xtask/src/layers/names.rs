//! What crates and modules are called.

use std::path::Path;
use std::path::PathBuf;

use crate::error::ChoreError;
use crate::layers::table::EMPTY_NAMES;
use crate::workspace::Workspace;

/// What is wrong with the names of crates and modules.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, ChoreError> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let mut paths = vec![package.folder().to_owned()];
        collect(&package.folder().join("src"), &mut paths)?;
        for path in paths {
            let shown = path.strip_prefix(&workspace.root).unwrap_or(&path);
            findings.extend(finding(shown));
        }
    }
    Ok(findings)
}

/// Adds the modules and folders below `folder`.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), ChoreError> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
            paths.push(path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn finding(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let shown = path.display();
    if name == "mod" {
        return Some(format!("{shown}: a module is `name.rs` beside `name/`"));
    }
    EMPTY_NAMES.contains(&name).then(|| {
        format!("{shown}: `{name}` says nothing of what belongs there; name it after its one idea")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_and_good_ones_are_not() {
        for path in [
            "crates/core",
            "crates/types/src/utils.rs",
            "crates/types/src/manager/",
            "crates/types/src/manifest/mod.rs",
        ] {
            assert!(finding(Path::new(path)).is_some(), "{path}");
        }
        for path in ["crates/types", "crates/types/src/manifest.rs"] {
            assert_eq!(finding(Path::new(path)), None, "{path}");
        }
    }
}
