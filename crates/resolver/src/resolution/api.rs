//! Lets the resolver ask for descriptions of packages, many at a time.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use deno_npm::registry::NpmPackageInfo;
use deno_npm::registry::NpmRegistryApi;
use deno_npm::registry::NpmRegistryPackageInfoLoadError;
use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use futures::future::Shared;

use super::ResolutionLimits;
use crate::PackageName;
use crate::ResolverError;
use crate::metadata::Description;
use crate::metadata::Metadata;
use crate::pool::Pool;

/// The descriptions of one resolution: each is asked for once, however many packages need it.
pub(super) struct Descriptions<'scope, 'env> {
    metadata: &'env Metadata<'env>,
    pool: Pool<'scope, 'env>,
    limits: ResolutionLimits,
    started: Instant,
    steps: Cell<usize>,
    seen: RefCell<BTreeMap<PackageName, Shared<LocalBoxFuture<'scope, Outcome>>>>,
    failure: &'env FirstFailure,
}

/// What went wrong first. The resolver passes on that something did, not what.
#[derive(Default)]
pub(super) struct FirstFailure(Mutex<Option<ResolverError>>);

type Outcome = Result<Description, Trouble>;

#[derive(Clone, Copy, Debug)]
enum Trouble {
    Missing,
    Failed,
}

/// What the resolver is told instead of the real error, which is kept.
#[derive(Debug, thiserror::Error, deno_error::JsError)]
#[class(generic)]
#[error("a description cannot be had")]
struct Failed;

impl FirstFailure {
    pub(super) fn note(&self, error: ResolverError) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
    }

    pub(super) fn take(&self) -> Option<ResolverError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<'scope, 'env> Descriptions<'scope, 'env> {
    pub(super) fn new(
        metadata: &'env Metadata<'env>,
        pool: Pool<'scope, 'env>,
        limits: ResolutionLimits,
        failure: &'env FirstFailure,
    ) -> Self {
        Self {
            metadata,
            pool,
            limits,
            started: Instant::now(),
            steps: Cell::new(0),
            seen: RefCell::default(),
            failure,
        }
    }

    /// The description of a package; the wait for it, if there is one, is shared.
    pub(super) async fn get(&self, package: &PackageName) -> Option<Description> {
        self.start(package).await.ok()
    }

    fn start(&self, package: &PackageName) -> Shared<LocalBoxFuture<'scope, Outcome>> {
        if let Some(known) = self.seen.borrow().get(package) {
            return known.clone();
        }
        let outcome = if self.seen.borrow().len() >= self.limits.packages {
            let limit = self.limits.packages;
            self.failure.note(ResolverError::TooMany { limit });
            async { Err(Trouble::Failed) }.boxed_local()
        } else if let Some(description) = self.metadata.remembered(package) {
            async { Ok(description) }.boxed_local()
        } else {
            self.ask(package.clone()).boxed_local()
        };
        let shared = outcome.shared();
        self.seen
            .borrow_mut()
            .insert(package.clone(), shared.clone());
        shared
    }

    /// Counts one look at an edge. A hostile registry can make the resolver look at the same few packages
    /// for ever, with peer dependencies that each make another copy.
    fn step(&self) -> Result<(), ResolverError> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.limits.steps || self.started.elapsed() > self.limits.patience {
            return Err(ResolverError::TooComplex { steps });
        }
        Ok(())
    }

    fn ask(&self, package: PackageName) -> impl Future<Output = Outcome> + use<'scope, 'env> {
        let (sender, receiver) = oneshot::channel();
        let (metadata, failure) = (self.metadata, self.failure);
        self.pool.submit(move || {
            let outcome = metadata.get(&package).map_err(|error| match error {
                ResolverError::PackageNotFound { .. } => Trouble::Missing,
                error => {
                    failure.note(error);
                    Trouble::Failed
                }
            });
            // Nobody waits any more if the resolution failed meanwhile.
            let _ = sender.send(outcome);
        });
        async { receiver.await.unwrap_or(Err(Trouble::Failed)) }
    }
}

type ApiFuture<'f> = Pin<
    Box<dyn Future<Output = Result<Arc<NpmPackageInfo>, NpmRegistryPackageInfoLoadError>> + 'f>,
>;

impl NpmRegistryApi for Descriptions<'_, '_> {
    // Written as the trait's macro writes it.
    fn package_info<'s, 'n, 'f>(&'s self, name: &'n str) -> ApiFuture<'f>
    where
        's: 'f,
        'n: 'f,
        Self: 'f,
    {
        let missing = || NpmRegistryPackageInfoLoadError::PackageNotExists {
            package_name: name.to_owned(),
        };
        // A package that cannot have such a name does not exist.
        let Ok(package) = name.parse::<PackageName>() else {
            let error = missing();
            return Box::pin(async { Err(error) });
        };
        if let Err(error) = self.step() {
            self.failure.note(error);
            let failed = NpmRegistryPackageInfoLoadError::LoadError(Arc::new(Failed));
            return Box::pin(async { Err(failed) });
        }
        Box::pin(async move {
            self.start(&package).await.map_err(|trouble| match trouble {
                Trouble::Missing => missing(),
                Trouble::Failed => NpmRegistryPackageInfoLoadError::LoadError(Arc::new(Failed)),
            })
        })
    }
}
