//! Chooses the versions of a skill's packages.
//!
//! The choice is `deno_npm`'s, which follows npm: the newest version in the range, or the one
//! tagged `latest` if it is in the range; peer dependencies from the package's surroundings; one
//! version for several dependants where their ranges allow it. What a lock has is preferred.

mod api;
mod outcome;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use deno_npm::registry::NpmPackageVersionInfo;
use deno_npm::resolution::AddPkgReqsOptions;
use deno_npm::resolution::AddPkgReqsResult;
use deno_npm::resolution::NpmResolutionSnapshot;
use deno_npm::resolution::NpmVersionResolver;
use deno_semver::package::PackageName as DenoName;
use deno_semver::package::PackageReq;
use futures::executor::block_on;
use futures::future::join_all;

use self::api::Descriptions;
use self::api::FirstFailure;
use crate::InstallNote;
use crate::PackageKey;
use crate::PackageName;
use crate::ResolverError;
use crate::metadata::Metadata;
use crate::pool::Pool;
use crate::requested::Requested;
use crate::tree::DependencyTree;

/// The bounds of a resolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResolutionLimits {
    /// The most packages.
    pub(crate) packages: usize,
    /// The most edges that are looked at.
    pub(crate) steps: usize,
    /// How long it may take.
    pub(crate) patience: Duration,
    /// The most requests at once.
    pub(crate) parallel: usize,
}

/// The chosen versions.
pub(crate) struct Resolution {
    pub(crate) tree: DependencyTree,
    pub(crate) notes: Vec<InstallNote>,
    /// Whether the same will come out next time: nothing optional was left out because of a fault
    /// that may pass.
    pub(crate) is_final: bool,
}

/// The resolver calls itself for each level of the tree: its stack must suffice for a chain of as
/// many packages as are allowed. Untouched pages of it cost nothing.
const STACK_PER_PACKAGE: usize = 64 << 10;

/// Chooses versions for what is requested, keeping those of `locked` that still fit.
///
/// An optional dependency that cannot be had is left out, and the others are as without it.
///
/// # Errors
///
/// Fails if a package or version does not exist, a peer dependency of a direct dependency is in
/// conflict with another one, or a registry is needed and cannot be reached.
pub(crate) fn resolve(
    requested: &Requested,
    locked: Option<&DependencyTree>,
    metadata: &Metadata<'_>,
    limits: ResolutionLimits,
) -> Result<Resolution, ResolverError> {
    let error = match resolve_refreshing(requested, locked, metadata, limits) {
        Ok((tree, notes)) => {
            return Ok(Resolution {
                tree,
                notes,
                is_final: true,
            });
        }
        Err(error) => error,
    };

    // Only now it matters which are optional: each is kept if all goes well with it.
    let optional: Vec<_> = requested
        .iter()
        .filter(|(_, package)| package.optional)
        .map(|(name, _)| name.clone())
        .collect();
    if optional.is_empty() {
        return Err(error);
    }
    let mut kept = requested.only_required();
    let (mut tree, mut notes) = resolve_refreshing(&kept, locked, metadata, limits)?;
    let mut skipped = Vec::new();
    let mut is_final = true;
    for name in &optional {
        let more = requested.with_only(&kept, name);
        match resolve_refreshing(&more, locked, metadata, limits) {
            Ok(better) => {
                (tree, notes) = better;
                kept = more;
            }
            Err(error) => {
                is_final &= error.is_absence();
                skipped.push(InstallNote::OptionalSkipped {
                    dependency: name.clone(),
                    reason: error.message(),
                });
            }
        }
    }
    notes.extend(skipped);
    requested.declare(&mut tree);
    Ok(Resolution {
        tree,
        notes,
        is_final,
    })
}

type Chosen = (DependencyTree, Vec<InstallNote>);

/// Resolves; if a version is missing from what is known, which may be minutes old, asks again.
fn resolve_refreshing(
    requested: &Requested,
    locked: Option<&DependencyTree>,
    metadata: &Metadata<'_>,
    limits: ResolutionLimits,
) -> Result<Chosen, ResolverError> {
    match resolve_once(requested, locked, metadata, limits) {
        Err(error) if error.is_absence() && metadata.refresh() => {
            resolve_once(requested, locked, metadata, limits)
        }
        result => result,
    }
}

fn resolve_once(
    requested: &Requested,
    locked: Option<&DependencyTree>,
    metadata: &Metadata<'_>,
    limits: ResolutionLimits,
) -> Result<Chosen, ResolverError> {
    let failure = FirstFailure::default();
    let stack = STACK_PER_PACKAGE.saturating_mul(limits.packages.max(64));
    thread::scope(|scope| {
        let resolving = thread::Builder::new()
            .name("resolver".to_owned())
            .stack_size(stack)
            .spawn_scoped(scope, || {
                thread::scope(|scope| {
                    let pool = Pool::new(scope, limits.parallel);
                    let descriptions = Descriptions::new(metadata, pool, limits, &failure);
                    block_on(choose(requested, locked, &descriptions))
                })
            })?;
        // What a registry says cannot be allowed to end more than this installation.
        let result = resolving
            .join()
            .unwrap_or(Err(ResolverError::ResolverFailed));
        // A peer dependency that could not be asked for is left out in silence.
        match failure.take() {
            Some(first) => Err(first),
            None => result,
        }
    })
}

async fn choose(
    requested: &Requested,
    locked: Option<&DependencyTree>,
    descriptions: &Descriptions<'_, '_>,
) -> Result<Chosen, ResolverError> {
    let mut requests: Vec<PackageReq> = requested
        .iter()
        .map(|(_, package)| package.request.clone())
        .collect();
    requests.sort();
    requests.dedup();
    let version_resolver = NpmVersionResolver {
        link_packages: Arc::new(preferred(locked, descriptions).await),
        ..NpmVersionResolver::default()
    };
    let options = AddPkgReqsOptions {
        package_reqs: &requests,
        version_resolver: &version_resolver,
        should_dedup: true,
    };
    let AddPkgReqsResult {
        dep_graph_result,
        unmet_peer_diagnostics,
        ..
    } = NpmResolutionSnapshot::default()
        .add_pkg_reqs(descriptions, options, None)
        .await;
    let snapshot = match dep_graph_result {
        Ok(snapshot) => snapshot,
        Err(error) => return Err(outcome::explain(error, descriptions).await),
    };
    let notes = outcome::peer_notes(unmet_peer_diagnostics)?;
    let tree = outcome::tree(requested, &snapshot)?;
    Ok((tree, notes))
}

/// What the resolver should take where it fits: it tries a workspace's own packages before a
/// registry's, and takes locked versions for such.
async fn preferred(
    locked: Option<&DependencyTree>,
    descriptions: &Descriptions<'_, '_>,
) -> HashMap<DenoName, Vec<NpmPackageVersionInfo>> {
    let mut preferred: HashMap<DenoName, Vec<NpmPackageVersionInfo>> = HashMap::new();
    let keys = locked.iter().flat_map(|tree| tree.packages.keys());
    let described = join_all(keys.map(|key| describe_locked(key, descriptions))).await;
    for (name, info) in described.into_iter().flatten() {
        preferred
            .entry(name.as_str().into())
            .or_default()
            .push(info);
    }
    preferred
}

/// What the registry says about a locked version; nothing if it is not there any more.
async fn describe_locked<'k>(
    key: &'k PackageKey,
    descriptions: &Descriptions<'_, '_>,
) -> Option<(&'k PackageName, NpmPackageVersionInfo)> {
    let description = descriptions.get(key.name()).await?;
    let version = deno_semver::Version::parse_from_npm(&key.version().to_string()).ok()?;
    let info = description.versions.get(&version)?;
    Some((key.name(), info.clone()))
}
