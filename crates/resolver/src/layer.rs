//! Lays the packages of one tree out so that Node's resolution finds them.
//!
//! ```text
//! node_modules/lodash                              → .store/lodash@4.17.21/node_modules/lodash
//! node_modules/.store/lodash@4.17.21/node_modules/lodash/…
//! node_modules/.store/a@1.0.0/node_modules/a/…
//! node_modules/.store/a@1.0.0/node_modules/b       → ../../b@2.0.0/node_modules/b
//! node_modules/.store/node_modules/b               → ../b@2.0.0/node_modules/b
//! ```
//!
//! A package is found by the skill only if the skill asks for it, and by another package under the
//! version that one asks for: Node looks for it from the real path of the file that requires it,
//! beside which its dependencies are linked. Behind those come all packages of the tree, for the
//! many that forget to declare something. Files are hard links into the store; links between
//! packages are relative and stay inside, so that a layer can be mounted alone and anywhere.

mod verify;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

pub use self::verify::LayerCheck;
pub use self::verify::LayerDefect;
pub use self::verify::LayerProblem;
pub(crate) use self::verify::check;
use crate::PackageKey;
use crate::PackageName;
use crate::ResolverError;
use crate::pool::for_each;
use crate::store::PackageFile;
use crate::store::StoredPackage;
use crate::store::make_folder;
use crate::store::write_json;
use crate::tree::LayerPlan;

const DESCRIPTION: &str = "layer.json";
const PACKAGES: &str = "node_modules/.store";

/// What a layer consists of; kept in it, to check it by.
#[derive(Serialize, Deserialize)]
struct LayerDescription {
    plan: LayerPlan,
    files: Vec<PackageFile>,
    /// Links by path, with what they say.
    links: BTreeMap<String, String>,
}

/// Whether there is a layer in `folder`: one that is there is complete.
pub(crate) fn exists(folder: &Path) -> bool {
    folder.join(DESCRIPTION).is_file()
}

/// Lays a layer out in `folder`, which must not exist.
///
/// # Errors
///
/// Fails if files cannot be linked or written.
pub(crate) fn lay_out(
    plan: &LayerPlan,
    packages: &BTreeMap<PackageKey, StoredPackage>,
    folder: &Path,
    parallel: usize,
) -> Result<(), ResolverError> {
    make_folder(&folder.join(PACKAGES))?;
    let keys: Vec<_> = plan.packages.keys().collect();
    let (placed, outcome) = for_each(&keys, parallel, |key, _| {
        place_package(key, &packages[*key], folder)
    });
    outcome?;
    let mut files: Vec<_> = placed.into_iter().flatten().collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));

    let links = links(plan);
    for (place, target) in &links {
        let place = folder.join(place);
        if let Some(parent) = place.parent() {
            make_folder(parent)?;
        }
        symlink(target, &place).map_err(ResolverError::storage_at(&place))?;
    }
    let description = LayerDescription {
        plan: plan.clone(),
        files,
        links,
    };
    // The links were made before: a file system that has this file on the disk has them too.
    write_json(&folder.join(DESCRIPTION), &description)?.sync_all()?;
    Ok(())
}

/// The path, inside a layer, of a package's own folder.
fn home(key: &PackageKey) -> String {
    format!("{PACKAGES}/{}/node_modules/{}", key.folder(), key.name())
}

fn place_package(
    key: &PackageKey,
    package: &StoredPackage,
    layer: &Path,
) -> Result<Vec<PackageFile>, ResolverError> {
    let home = home(key);
    make_folder(&layer.join(&home))?;
    let mut made = BTreeSet::new();
    let mut placed = Vec::with_capacity(package.files().len());
    for file in package.files() {
        let path = format!("{home}/{}", file.path);
        let place = layer.join(&path);
        if let Some(parent) = Path::new(&path).parent()
            && made.insert(parent.to_owned())
        {
            make_folder(&layer.join(parent))?;
        }
        link_or_copy(&package.path_of(file), &place)?;
        placed.push(PackageFile {
            path,
            ..file.clone()
        });
    }
    Ok(placed)
}

/// Links a file; copies it where a link is not possible: on another file system, or when a file has
/// as many links as the file system allows.
fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::debug!(%error, "a file is copied, not linked");
            fs_err::copy(from, to)?;
            fs_err::File::open(to)?.sync_all()
        }
    }
}

/// All links of a layer, with what they say.
fn links(plan: &LayerPlan) -> BTreeMap<String, String> {
    let mut links = BTreeMap::new();
    let mut link = |place: String, to: &PackageKey| {
        let target = relative(&place, &home(to));
        links.insert(place, target);
    };
    for (name, key) in &plan.roots {
        link(format!("node_modules/{name}"), key);
    }
    for (key, package) in &plan.packages {
        for (name, dependency) in &package.dependencies {
            // A package that depends on another one of its own name finds it further inside.
            let place = if name == key.name() {
                format!("{}/node_modules/{name}", home(key))
            } else {
                format!("{PACKAGES}/{}/node_modules/{name}", key.folder())
            };
            link(place, dependency);
        }
    }
    // Keys are sorted by version, so that the newest stays.
    let newest: BTreeMap<&PackageName, &PackageKey> =
        plan.packages.keys().map(|key| (key.name(), key)).collect();
    for (name, key) in newest {
        link(format!("{PACKAGES}/node_modules/{name}"), key);
    }
    links
}

/// What a link at `place` must say to lead to `target`; both are paths inside the layer.
fn relative(place: &str, target: &str) -> String {
    let shared = place
        .split('/')
        .zip(target.split('/'))
        .take_while(|(a, b)| a == b)
        .count();
    // The last part of a place is the link itself.
    let up = place.split('/').count() - shared - 1;
    let mut path: PathBuf = std::iter::repeat_n("..", up).collect();
    path.extend(target.split('/').skip(shared));
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn links_are_relative() {
        for (place, target, expected) in [
            (
                "node_modules/a",
                "node_modules/.store/a@1/node_modules/a",
                ".store/a@1/node_modules/a",
            ),
            (
                "node_modules/@s/a",
                "node_modules/.store/@s+a@1/node_modules/@s/a",
                "../.store/@s+a@1/node_modules/@s/a",
            ),
            (
                "node_modules/.store/a@1/node_modules/b",
                "node_modules/.store/b@2/node_modules/b",
                "../../b@2/node_modules/b",
            ),
        ] {
            assert_eq!(relative(place, target), expected);
        }
    }

    #[test]
    fn a_file_that_cannot_be_linked_is_copied() {
        let here = tempfile::tempdir().unwrap();
        let (from, to) = (here.path().join("from"), here.path().join("to"));
        fs_err::write(&from, "content").unwrap();
        link_or_copy(&from, &to).unwrap();
        assert_eq!(fs_err::metadata(&to).unwrap().nlink(), 2);

        let device = |path: &Path| fs_err::metadata(path).unwrap().dev();
        let elsewhere = Path::new("/dev/shm");
        if !elsewhere.is_dir() || device(elsewhere) == device(here.path()) {
            let message = "there is no second file system at /dev/shm";
            #[expect(clippy::disallowed_methods, reason = "the variable is for tests")]
            let required = std::env::var_os("MYCELIUM_TEST_REQUIRE");
            assert!(required.is_none_or(|value| value != "all"), "{message}");
            eprintln!("skipped: {message}");
            return;
        }
        let far = tempfile::tempdir_in(elsewhere).unwrap();
        let copy = far.path().join("copy");
        link_or_copy(&from, &copy).unwrap();
        assert_eq!(fs_err::read_to_string(&copy).unwrap(), "content");
        assert_eq!(fs_err::metadata(&copy).unwrap().nlink(), 1);
    }
}
