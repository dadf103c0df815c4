//! The library: lifecycle, supervision, execution, hooks, retry, breaker, telemetry.
#![forbid(unsafe_code)]

mod atomic_file;
mod breaker;
mod folders;
mod hook;
mod metrics;
mod transition;
mod trust;

pub use folders::Folders;
pub use hook::LifecycleHook;
pub use hook::Stage;
pub use hook::StageOutcome;
pub use transition::IllegalTransition;
pub use transition::TRANSITIONS;
