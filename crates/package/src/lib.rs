//! Reads and writes `.skill` packages, zip archives of a skill's folder of which nothing is believed.
//!
//! A package is read only if every reader of zip archives would find the same files in it: one folder with a
//! `skill.json` or a `SKILL.md`, plain files, no two of one name, nothing before, between or after them.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use mycelium_package::Package;
//!
//! # fn main() -> Result<(), mycelium_package::PackageError> {
//! let package = Package::open(Path::new("/home/me/hello-world.skill"))?;
//! package.unpack(Path::new("/tmp/hello-world"))?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod error;
mod member;
mod package;
mod packing;
mod zip;

pub use error::PackageError;
pub use package::FileDigest;
pub use package::Package;
pub use packing::pack;
