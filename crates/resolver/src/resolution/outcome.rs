//! What the resolver found, in the words of a lock.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use deno_npm::NpmPackageId;
use deno_npm::NpmResolutionPackage;
use deno_npm::registry::NpmPackageVersionDistInfo;
use deno_npm::registry::NpmPackageVersionDistInfoIntegrity;
use deno_npm::registry::NpmRegistryPackageInfoLoadError;
use deno_npm::resolution::NpmPackageVersionResolutionError;
use deno_npm::resolution::NpmResolutionError;
use deno_npm::resolution::NpmResolutionSnapshot;
use deno_npm::resolution::UnmetPeerDepDiagnostic;
use deno_semver::package::PackageNv;
use mycelium_types::Version;

use super::api::Descriptions;
use crate::InstallNote;
use crate::Integrity;
use crate::PackageKey;
use crate::PackageName;
use crate::ResolverError;
use crate::requested::Requested;
use crate::tree::DependencyTree;
use crate::tree::TreePackage;

/// How many existing versions a message names.
const NAMED_VERSIONS: usize = 5;

/// The packages reachable from what was requested.
pub(super) fn tree(
    requested: &Requested,
    snapshot: &NpmResolutionSnapshot,
) -> Result<DependencyTree, ResolverError> {
    let mut roots = BTreeMap::new();
    for (name, package) in requested.iter() {
        let id = snapshot
            .package_reqs()
            .get(&package.request)
            .and_then(|nv| snapshot.resolve_package_id_from_deno_module(nv).ok())
            .ok_or(ResolverError::ResolverFailed)?;
        roots.insert(name.clone(), id);
    }
    let reachable = reachable(roots.values().copied(), snapshot)?;
    let keys = keys(reachable.keys().copied())?;
    let mut packages = BTreeMap::new();
    for (id, package) in &reachable {
        let key = &keys[id];
        packages.insert(key.clone(), tree_package(key, package, &keys)?);
    }
    let mut tree = DependencyTree {
        requested: BTreeMap::new(),
        optional: BTreeSet::new(),
        resolved: roots
            .into_iter()
            .map(|(name, id)| (name, keys[id].clone()))
            .collect(),
        packages,
    };
    requested.declare(&mut tree);
    Ok(tree)
}

type Reachable<'s> = BTreeMap<&'s NpmPackageId, &'s NpmResolutionPackage>;

fn reachable<'s>(
    roots: impl Iterator<Item = &'s NpmPackageId>,
    snapshot: &'s NpmResolutionSnapshot,
) -> Result<Reachable<'s>, ResolverError> {
    let mut reachable = BTreeMap::new();
    let mut pending: Vec<_> = roots.collect();
    while let Some(id) = pending.pop() {
        if reachable.contains_key(id) {
            continue;
        }
        let package = snapshot
            .package_from_id(id)
            .ok_or(ResolverError::ResolverFailed)?;
        pending.extend(package.dependencies.values());
        reachable.insert(id, package);
    }
    Ok(reachable)
}

/// Names every package. Copies with different peers are numbered in the order of their peers, so
/// that the same tree always gets the same names.
fn keys<'s>(
    ids: impl Iterator<Item = &'s NpmPackageId>,
) -> Result<HashMap<&'s NpmPackageId, PackageKey>, ResolverError> {
    let mut copies: HashMap<&PackageNv, u16> = HashMap::new();
    let mut keys = HashMap::new();
    for id in ids {
        let copy = copies.entry(&id.nv).or_default();
        *copy = copy.checked_add(1).ok_or(ResolverError::ResolverFailed)?;
        keys.insert(id, key(&id.nv, *copy)?);
    }
    Ok(keys)
}

fn key(nv: &PackageNv, copy: u16) -> Result<PackageKey, ResolverError> {
    let bad = |problem: String| ResolverError::BadMetadata {
        package: nv.name.to_string(),
        problem,
    };
    let name: PackageName = nv
        .name
        .parse()
        .map_err(|_| bad("its name is unusable".to_owned()))?;
    let version = nv.version.to_string();
    let version: Version = version
        .parse()
        .map_err(|error: mycelium_types::InvalidVersion| bad(error.to_string()))?;
    Ok(PackageKey::new(name, version, copy))
}

fn tree_package(
    key: &PackageKey,
    package: &NpmResolutionPackage,
    keys: &HashMap<&NpmPackageId, PackageKey>,
) -> Result<TreePackage, ResolverError> {
    let mut dependencies = BTreeMap::new();
    for (name, id) in &package.dependencies {
        let name: PackageName = name.parse().map_err(|_| ResolverError::Unusable {
            package: key.to_string(),
            dependency: name.chars().take(100).collect(),
            range: id.nv.to_string(),
        })?;
        dependencies.insert(name, keys[id].clone());
    }
    let optional = package
        .optional_dependencies
        .iter()
        .filter_map(|name| name.parse().ok())
        .filter(|name| dependencies.contains_key(name))
        .collect();
    let texts = |list: &[deno_semver::SmallStackString]| {
        let mut texts: Vec<_> = list.iter().map(ToString::to_string).collect();
        texts.sort();
        texts
    };
    Ok(TreePackage {
        integrity: integrity(key, package.dist.as_ref())?,
        dependencies,
        optional,
        os: texts(&package.system.os),
        cpu: texts(&package.system.cpu),
        install_script: package.has_scripts,
    })
}

/// The hash the registry promises. Without one a package is not installed.
fn integrity(
    key: &PackageKey,
    distribution: Option<&NpmPackageVersionDistInfo>,
) -> Result<Integrity, ResolverError> {
    use NpmPackageVersionDistInfoIntegrity as Promised;
    let promised = match distribution.map(NpmPackageVersionDistInfo::integrity) {
        // The resolver cuts at the first hyphen, also where there are several hashes.
        Some(Promised::Integrity {
            algorithm,
            base64_hash,
        }) => format!("{algorithm}-{base64_hash}").parse().ok(),
        Some(Promised::LegacySha1Hex(hex)) => Integrity::from_shasum(hex).ok(),
        Some(Promised::UnknownIntegrity(_) | Promised::None) | None => None,
    };
    promised.ok_or_else(|| ResolverError::IntegrityMissing {
        package: key.to_string(),
    })
}

/// Peers that are not as a package wants them. For a package the skill itself asks for that is a
/// conflict of what it asks for; deeper in the tree it is a remark, as npm has it.
pub(super) fn peer_notes(
    diagnostics: Vec<UnmetPeerDepDiagnostic>,
) -> Result<Vec<InstallNote>, ResolverError> {
    let mut notes = Vec::new();
    for diagnostic in diagnostics {
        let Some(package) = diagnostic.ancestors.first() else {
            continue;
        };
        let package = package.to_string();
        let peer = diagnostic.dependency.name.to_string();
        let range = diagnostic.dependency.version_req.version_text().to_owned();
        let found = diagnostic.resolved.to_string();
        if diagnostic.ancestors.len() == 1 {
            return Err(ResolverError::PeerConflict {
                package,
                peer,
                range,
                found,
            });
        }
        notes.push(InstallNote::UnmetPeer {
            package,
            peer,
            range,
            found,
        });
    }
    Ok(notes)
}

/// Why there is no resolution.
pub(super) async fn explain(
    error: NpmResolutionError,
    descriptions: &Descriptions<'_, '_>,
) -> ResolverError {
    use NpmPackageVersionResolutionError as Version;
    use NpmRegistryPackageInfoLoadError as Load;
    let (package, range) = match error {
        NpmResolutionError::Registry(Load::PackageNotExists { package_name }) => {
            return ResolverError::PackageNotFound {
                package: package_name,
            };
        }
        // The real reason was kept.
        NpmResolutionError::Registry(Load::LoadError(_)) => return ResolverError::ResolverFailed,
        NpmResolutionError::DependencyEntry(entry) => {
            return ResolverError::Unusable {
                package: entry.parent_nv.to_string(),
                dependency: entry.key.clone(),
                range: entry.value.clone(),
            };
        }
        NpmResolutionError::Resolution(error) => match error {
            Version::DistTagNotFound {
                package_name,
                dist_tag,
            }
            | Version::DistTagVersionNotFound {
                package_name,
                dist_tag,
                ..
            }
            | Version::DistTagVersionTooNew {
                package_name,
                dist_tag,
                ..
            } => (package_name, dist_tag),
            Version::VersionNotFound(error) => (error.0.name, error.0.version.to_string()),
            Version::VersionReqNotMatched {
                package_name,
                version_req,
                ..
            } => (package_name, version_req.version_text().to_owned()),
            Version::TrustPolicyDowngrade {
                package_name,
                version,
                ..
            } => (package_name, version.to_string()),
        },
    };
    let mut versions = Vec::new();
    if let Ok(name) = package.parse::<PackageName>()
        && let Some(description) = descriptions.get(&name).await
    {
        versions = description.versions.keys().cloned().collect();
    }
    versions.sort_unstable_by(|a, b| b.cmp(a));
    // Releases tell more than release candidates, unless there is nothing else.
    let releases: Vec<_> = versions.iter().filter(|v| v.pre.is_empty()).collect();
    let shown: Vec<_> = if releases.is_empty() {
        versions.iter().collect()
    } else {
        releases
    };
    ResolverError::NoMatchingVersion {
        package: package.to_string(),
        range,
        newest: shown
            .iter()
            .take(NAMED_VERSIONS)
            .map(ToString::to_string)
            .collect(),
        count: versions.len(),
    }
}
