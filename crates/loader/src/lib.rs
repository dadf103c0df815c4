//! Turns a source (a folder, a package, or a skill compiled in) into a verified skill: manifest, digest, compatibility.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use mycelium_loader::{Host, LoadRequest, Loader, NoEngines, Origin, SignatureRule};
//! use mycelium_types::SkillSource;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::current("1.0.0".parse()?);
//! let loader = Loader::new(Path::new("/var/cache/mycelium"), host, Box::new(NoEngines));
//! let skill = loader.load(&LoadRequest {
//!     source: SkillSource::Folder {
//!         path: "/home/me/skills/hello-world".into(),
//!     },
//!     origin: Origin::Local,
//!     signatures: SignatureRule::Optional,
//! })?;
//! println!("{} {}", skill.id(), skill.digest().short());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod compatibility;
mod embedded;
mod error;
mod executable;
mod files;
mod loader;
mod packaged;
mod scripts;
mod shelf;
mod signature;
mod source;
mod surface;
mod tree;
mod verified;

pub use compatibility::EngineProbe;
pub use compatibility::Host;
pub use compatibility::NoEngines;
pub use embedded::EmbeddedSource;
pub use embedded::embedded_manifests;
pub use error::Bound;
pub use error::EntrypointProblem;
pub use error::LinkProblem;
pub use error::LoadError;
pub use executable::find_program;
pub use files::SkillFile;
pub use loader::LoadRequest;
pub use loader::Loader;
pub use packaged::PackageSource;
pub use scripts::ScriptProgram;
pub use signature::Origin;
pub use signature::SignatureDecision;
pub use signature::SignatureRule;
pub use source::Fetched;
pub use source::FolderSource;
pub use source::Source;
pub use surface::ExportSignature;
pub use surface::MAX_SOURCE_BYTES;
pub use surface::Parameter;
pub use surface::Surface;
pub use verified::VerifiedSkill;
