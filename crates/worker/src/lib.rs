//! The program inside the sandbox: applies it, starts one engine, answers calls.

mod error;
mod program;
mod quickjs;
mod serve;
mod usage;
mod wire;

use error::WorkerError;
use mycelium_sandbox::Seat;
use mycelium_sandbox::WorkerKind;

pub use mycelium_sandbox::LAUNCHER_ARGUMENT;
pub use quickjs::Compilation;
pub use quickjs::Engine;
pub use quickjs::EngineOptions;
pub use quickjs::Listener;
pub use quickjs::compile;

/// The status of a worker that ended because its runtime had no more use for it.
const DONE: u8 = 0;
/// The status of a worker that could not go on.
const FAILED: u8 = 70;

/// Runs the launcher of these workers, for a program that was started with [`LAUNCHER_ARGUMENT`]; returns the process's
/// exit status.
pub fn launch() -> u8 {
    mycelium_sandbox::launcher::run(main)
}

/// Runs a worker in the process that the launcher made for it, until the runtime closes the socket; returns the
/// process's exit status.
pub fn main(seat: Seat) -> u8 {
    let socket = seat.socket().try_clone().map_err(WorkerError::Socket);
    let served = socket.and_then(|socket| match seat.kind() {
        WorkerKind::Embedded => serve::serve(socket, seat),
        WorkerKind::Program => program::serve(socket, seat),
    });
    match served {
        Ok(()) => DONE,
        // There is nobody to tell: the socket was the only way out.
        Err(_) => FAILED,
    }
}
