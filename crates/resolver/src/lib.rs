//! Resolves, locks, fetches and lays out the packages a skill depends on.
//!
//! A [`Resolver`] owns a store. [`Resolver::install`] takes what a manifest asks for and gives a
//! [`Layer`]: a folder with a `node_modules` that is mounted for the skill. On the way it
//!
//! 1. reads the skill's section of the lock file; if it answers the request and the layer exists,
//!    that is all;
//! 2. otherwise chooses versions, from descriptions of packages that are kept and asked for again
//!    when they are old;
//! 3. downloads what is not stored, checks its hash, and unpacks it without believing anything;
//! 4. lays the packages out and gives the layer the digest of its tree as a name;
//! 5. writes the lock.
//!
//! Only npm packages are installed. Node and npm are not needed, and what packages want to run on
//! installation is not run. The library prints nothing and reads neither the environment nor the
//! home folder: the request carries both.
#![forbid(unsafe_code)]

mod archive;
mod client;
mod error;
mod fetch;
mod install;
mod integrity;
mod layer;
mod lock;
mod metadata;
mod observer;
mod package;
mod pool;
mod registry;
mod report;
mod request;
mod requested;
mod resolution;
mod statistics;
mod store;
mod tree;

pub use error::InstallError;
pub use error::ResolverError;
pub use install::Resolver;
pub use integrity::Integrity;
pub use integrity::InvalidIntegrity;
pub use layer::LayerCheck;
pub use layer::LayerDefect;
pub use layer::LayerProblem;
pub use observer::InstallEvent;
pub use observer::InstallObserver;
pub use package::InvalidPackageKey;
pub use package::InvalidPackageName;
pub use package::PackageKey;
pub use package::PackageName;
pub use report::DependencyStatus;
pub use report::InstallNote;
pub use report::InstalledLayer;
pub use report::InstalledPackage;
pub use report::Layer;
pub use report::PackageOrigin;
pub use report::VersionSource;
pub use request::ArchiveLimits;
pub use request::InstallRequest;
pub use request::NetworkLimits;
pub use request::NetworkUse;
pub use request::NpmEnvironment;
pub use request::Platform;
pub use request::ResolverSettings;
pub use request::workspace_lock;
pub use statistics::CacheStatistics;
