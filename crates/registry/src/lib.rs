//! The searchable index of known skills: discovery, versions, search, persistence.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use mycelium_registry::{Registry, Root, RootKind, SearchQuery};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::open(Path::new("/var/lib/mycelium/registry.db"));
//! let roots = [Root {
//!     path: "/home/me/.claude/skills".into(),
//!     kind: RootKind::User,
//! }];
//! let discovery = registry.discover(&roots, &[]);
//! println!("{} skills", discovery.skills.len());
//! let hello = registry.lookup(&"hello-world".parse()?, Some(&"^1".parse()?))?;
//! println!("{}: {}", hello.id(), hello.manifest.description);
//! let found = registry.search(&SearchQuery {
//!     text: Some("friendly greet".to_owned()),
//!     ..SearchQuery::default()
//! });
//! println!("{}", found.len());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod catalogue;
mod database;
mod discovery;
mod error;
mod file;
mod ignored;
mod memory;
mod note;
mod parallel;
mod reading;
mod record;
mod registry;
mod root;
mod search;
mod stamp;
mod store;
mod survey;
mod walk;

pub use database::DatabaseError;
pub use database::Tables;
pub use database::open_database;
pub use discovery::Candidate;
pub use discovery::Collision;
pub use discovery::CollisionKind;
pub use discovery::Discovery;
pub use discovery::Problem;
pub use discovery::Verdict;
pub use error::RegistryError;
pub use ignored::IgnoreFile;
pub use reading::read_skill;
pub use reading::source_of;
pub use record::SkillRecord;
pub use registry::Registration;
pub use registry::Registry;
pub use root::Place;
pub use root::Root;
pub use root::RootKind;
pub use search::SearchHit;
pub use search::SearchQuery;
