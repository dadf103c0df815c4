//! The packages one skill needs, with exact versions: what a lock holds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use serde::Deserialize;
use serde::Serialize;

use crate::Integrity;
use crate::PackageKey;
use crate::PackageName;
use crate::Platform;

/// The packages one skill needs, for every platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DependencyTree {
    /// The ranges the manifest asks for, by the name the skill requires each under.
    pub(crate) requested: BTreeMap<PackageName, String>,
    /// Those of them the skill works without.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) optional: BTreeSet<PackageName>,
    /// The package behind each name. An optional one that does not exist is missing.
    pub(crate) resolved: BTreeMap<PackageName, PackageKey>,
    /// All packages.
    pub(crate) packages: BTreeMap<PackageKey, TreePackage>,
}

/// One package of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TreePackage {
    /// The hash of its archive.
    pub(crate) integrity: Integrity,
    /// The package behind each name it requires.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) dependencies: BTreeMap<PackageName, PackageKey>,
    /// Those of them it works without.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) optional: BTreeSet<PackageName>,
    /// The operating systems it is made for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) os: Vec<String>,
    /// The processors it is made for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cpu: Vec<String>,
    /// Whether it has an install script.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) install_script: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// The part of a tree that one platform needs: what a layer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LayerPlan {
    /// The package behind each name the skill requires.
    pub(crate) roots: BTreeMap<PackageName, PackageKey>,
    /// All packages.
    pub(crate) packages: BTreeMap<PackageKey, PlannedPackage>,
}

/// One package of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedPackage {
    /// The hash of its archive.
    pub(crate) integrity: Integrity,
    /// The package behind each name it requires.
    pub(crate) dependencies: BTreeMap<PackageName, PackageKey>,
}

/// The arrangement of files in a layer. Another arrangement is another number, so that layers of
/// older versions of this program are not taken for new ones.
const LAYER_FORMAT: &str = "mycelium-layer-1";

impl DependencyTree {
    /// What is inconsistent about a tree from outside, if anything is.
    pub(crate) fn defect(&self) -> Option<String> {
        let keys = self
            .resolved
            .values()
            .chain(self.packages.values().flat_map(|p| p.dependencies.values()));
        for key in keys {
            if !self.packages.contains_key(key) {
                return Some(format!("{key} is needed and not described"));
            }
        }
        for name in self.resolved.keys() {
            if !self.requested.contains_key(name) {
                return Some(format!("{name} is resolved and not requested"));
            }
        }
        let optional = self.optional.iter();
        if let Some(name) = optional
            .into_iter()
            .find(|n| !self.requested.contains_key(n))
        {
            return Some(format!("{name} is optional and not requested"));
        }
        None
    }

    /// The part that `platform` needs, and the direct dependencies that are not made for it.
    pub(crate) fn plan(&self, platform: &Platform) -> (LayerPlan, Vec<PackageName>) {
        let suits = |key: &PackageKey| {
            let package = &self.packages[key];
            platform.suits(&package.os, &package.cpu)
        };
        let (roots, foreign): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .resolved
            .clone()
            .into_iter()
            .partition(|(name, key)| !self.optional.contains(name) || suits(key));

        let mut packages = BTreeMap::new();
        let mut pending: Vec<&PackageKey> = roots.values().collect();
        while let Some(key) = pending.pop() {
            if packages.contains_key(key) {
                continue;
            }
            let package = &self.packages[key];
            let dependencies: BTreeMap<_, _> = package
                .dependencies
                .iter()
                .filter(|(name, key)| !package.optional.contains(*name) || suits(key))
                .inspect(|(_, key)| pending.push(key))
                .map(|(name, key)| (name.clone(), key.clone()))
                .collect();
            let planned = PlannedPackage {
                integrity: package.integrity.clone(),
                dependencies,
            };
            packages.insert(key.clone(), planned);
        }
        let foreign = foreign.into_keys().collect();
        (LayerPlan { roots, packages }, foreign)
    }
}

impl LayerPlan {
    /// What names the layer: equal trees give equal layers, whichever skill asks.
    pub(crate) fn digest(&self) -> Digest {
        let relations = |digest: DigestBuilder, names: &BTreeMap<PackageName, PackageKey>| {
            names.iter().fold(
                digest.part(&(names.len() as u64).to_le_bytes()),
                |digest, (name, key)| {
                    digest
                        .part(name.as_str().as_bytes())
                        .part(key.to_string().as_bytes())
                },
            )
        };
        let start = DigestBuilder::new().part(LAYER_FORMAT.as_bytes());
        self.packages
            .iter()
            .fold(relations(start, &self.roots), |digest, (key, package)| {
                let digest = digest
                    .part(key.to_string().as_bytes())
                    .part(package.integrity.to_string().as_bytes());
                relations(digest, &package.dependencies)
            })
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

    fn key(text: &str) -> PackageKey {
        text.parse().unwrap()
    }

    fn name(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    fn package(dependencies: &[&str]) -> TreePackage {
        TreePackage {
            integrity: HASH.parse().unwrap(),
            dependencies: dependencies
                .iter()
                .map(|text| (key(text).name().clone(), key(text)))
                .collect(),
            optional: BTreeSet::new(),
            os: Vec::new(),
            cpu: Vec::new(),
            install_script: false,
        }
    }

    fn tree() -> DependencyTree {
        let mut packages = BTreeMap::from([
            (key("a@1.0.0"), package(&["b@1.0.0", "mac@1.0.0"])),
            (key("b@1.0.0"), package(&["a@1.0.0"])),
            (key("mac@1.0.0"), package(&["deep@1.0.0"])),
            (key("deep@1.0.0"), package(&[])),
        ]);
        packages.get_mut(&key("a@1.0.0")).unwrap().optional = BTreeSet::from([name("mac")]);
        packages.get_mut(&key("mac@1.0.0")).unwrap().os = vec!["darwin".to_owned()];
        DependencyTree {
            requested: BTreeMap::from([(name("a"), "^1".to_owned())]),
            optional: BTreeSet::new(),
            resolved: BTreeMap::from([(name("a"), key("a@1.0.0"))]),
            packages,
        }
    }

    fn platform(os: &str) -> Platform {
        Platform {
            os: os.to_owned(),
            cpu: "x64".to_owned(),
        }
    }

    #[test]
    fn a_plan_has_what_the_platform_needs_and_ends_in_cycles() {
        let (linux, foreign) = tree().plan(&platform("linux"));
        let keys: Vec<_> = linux.packages.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["a@1.0.0", "b@1.0.0"]);
        assert!(foreign.is_empty());
        let (mac, _) = tree().plan(&platform("darwin"));
        assert_eq!(mac.packages.len(), 4);
        assert_ne!(linux.digest(), mac.digest());

        let mut optional = tree();
        optional.resolved = BTreeMap::from([(name("mac"), key("mac@1.0.0"))]);
        optional.requested = BTreeMap::from([(name("mac"), "^1".to_owned())]);
        optional.optional = BTreeSet::from([name("mac")]);
        let (plan, foreign) = optional.plan(&platform("linux"));
        assert!(plan.packages.is_empty());
        assert_eq!(foreign, [name("mac")]);
    }

    #[test]
    fn the_digest_depends_on_everything_a_layer_shows() {
        let (plan, _) = tree().plan(&platform("darwin"));
        let mut other = plan.clone();
        other.roots.insert(name("alias"), key("a@1.0.0"));
        assert_ne!(plan.digest(), other.digest());
        let mut other = plan.clone();
        let b = other.packages.get_mut(&key("b@1.0.0")).unwrap();
        b.dependencies.clear();
        assert_ne!(plan.digest(), other.digest());
        assert_eq!(plan.digest(), plan.clone().digest());
    }

    #[test]
    fn defects_are_found() {
        assert_eq!(tree().defect(), None);
        let mut missing = tree();
        missing.packages.remove(&key("deep@1.0.0"));
        assert!(missing.defect().unwrap().contains("deep@1.0.0"));
        let mut stray = tree();
        stray.requested.clear();
        assert!(stray.defect().is_some());
        let mut stray = tree();
        stray.optional.insert(name("x"));
        assert!(stray.defect().is_some());
    }
}
