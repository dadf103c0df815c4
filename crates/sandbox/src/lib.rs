//! Enforces a SandboxPolicy with the kernel, and says how much of it held.
//!
//! Three kinds of processes take part. The *supervisor* is the program that uses this crate. It starts
//! one [`Launcher`], a small process with one thread, which makes *workers* by copying itself into new
//! namespaces. A worker locks itself in before it knows what it is for: private root, no network, no
//! capabilities, a list of allowed system calls. [`Launcher::assign`] then shows it the paths of one
//! skill, the worker puts Landlock on top with [`Seat::restrict`], and it serves that skill until it
//! ends. No worker is used twice.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use mycelium_policy::SandboxPolicy;
//! use mycelium_sandbox::{LAUNCHER_ARGUMENT, Launcher, LauncherOptions, Seat};
//!
//! # fn policy() -> SandboxPolicy { unimplemented!() }
//! fn worker_main(seat: Seat) -> u8 {
//!     // Read the policy from `seat.socket()`, call `seat.restrict`, do the work.
//!     0
//! }
//!
//! fn main() -> ExitCode {
//!     // Before anything else: a launcher must have one thread and no secrets.
//!     if std::env::args_os().nth(1).is_some_and(|first| first == LAUNCHER_ARGUMENT) {
//!         return ExitCode::from(mycelium_sandbox::launcher::run(worker_main));
//!     }
//!     let program = std::env::current_exe().unwrap();
//!     let launcher = Launcher::start(&LauncherOptions::new(program)).unwrap();
//!     let worker = launcher.spawn().unwrap();
//!     println!("{:?}", launcher.assign(&worker, &policy()).unwrap());
//!     ExitCode::SUCCESS
//! }
//! ```
//!
//! What it does not cover: faults of the kernel itself and what can be learnt from timing; how much is
//! written below a granted folder in all (each file has a limit; the sum is for the supervisor to watch,
//! with [`occupied`] and [`Worker::written`]); and, where the
//! supervisor is an ordinary person, files that a group of that person may use, as far as a grant shows
//! them. Workers are copies of one process, so they share the layout of their memory and the seeds of
//! their hash tables.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "skills run in a sandbox or not at all, and there is none for this system yet: build for Linux"
);

mod attack;
mod attempt;
mod cgroup;
mod doctor;
mod error;
mod exit;
mod filter;
mod kernel_file;
mod kind;
pub mod launcher;
mod limits;
mod memory;
mod network;
mod occupied;
mod plan;
mod program;
mod question;
mod report;
mod restrict;
mod seat;
mod supervisor;
mod survey;
mod syscall;
mod timer;
mod tree;
mod turns;
mod wire;
mod worker;

pub use attack::Attack;
pub use attack::Outcome;
pub use attempt::AttemptKind;
pub use attempt::AttemptVerdict;
pub use attempt::SeenAttempt;
pub use attempt::SeenAttempts;
pub use attempt::TakenGrant;
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
pub use kind::WorkerKind;
pub use memory::release_code;
pub use memory::release_heap;
pub use network::NetworkPorts;
pub use network::WorkerNetwork;
pub use occupied::Bounds;
pub use occupied::Occupied;
pub use occupied::occupied;
pub use program::Lifetime;
pub use program::Process;
pub use program::ProcessEnd;
pub use program::ProcessStatus;
pub use program::Program;
pub use report::CgroupVersion;
pub use report::Footing;
pub use report::Layer;
pub use report::Note;
pub use report::SandboxReport;
pub use seat::Seat;
pub use supervisor::Launcher;
pub use supervisor::LauncherOptions;
pub use survey::Survey;
pub use survey::TooMuch;
pub use syscall::close_inherited;
pub use syscall::hide_memory;
pub use syscall::peak_memory;
pub use timer::CpuTimer;
pub use timer::CpuTimers;
pub use turns::Precedence;
pub use turns::may_give_precedence;
pub use turns::take_short_turns;
pub use turns::work_for;
pub use wire::Privilege;
pub use worker::Family;
pub use worker::Usage;
pub use worker::Worker;

/// The hidden first argument that makes the program a launcher.
pub const LAUNCHER_ARGUMENT: &str = "__launcher";
