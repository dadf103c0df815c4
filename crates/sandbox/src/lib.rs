//! Enforces a SandboxPolicy with the kernel, and says how much of it held.

mod attack;
mod cgroup;
mod doctor;
mod error;
mod exit;
mod filter;
mod kernel_file;
pub mod launcher;
mod limits;
mod plan;
mod report;
mod restrict;
mod seat;
mod supervisor;
mod syscall;
mod timer;
mod wire;
mod worker;

pub use attack::Attack;
pub use attack::Outcome;
pub use doctor::AttackReport;
pub use doctor::DoctorReport;
pub use doctor::Remedy;
pub use doctor::probe;
pub use error::Operation;
pub use error::OsError;
pub use error::Refusal;
pub use error::SandboxError;
pub use error::Step;
pub use exit::Exit;
pub use exit::ExitCause;
pub use report::CgroupVersion;
pub use report::Layer;
pub use report::Note;
pub use report::SandboxReport;
pub use seat::Seat;
pub use supervisor::Launcher;
pub use supervisor::LauncherOptions;
pub use timer::CpuTimer;
pub use timer::CpuTimers;
pub use wire::Privilege;
pub use worker::Usage;
pub use worker::Worker;

/// The hidden first argument that makes the program a launcher.
pub const LAUNCHER_ARGUMENT: &str = "__launcher";
