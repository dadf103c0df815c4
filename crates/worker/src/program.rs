//! Workers for skills that are programs of their own.
//!
//! Such a worker is told its policy by `start`. Then it either becomes the program, which answers everything
//! else itself, or stays and runs the program once for each call, or as a server of MCP for all calls.

mod argv;
mod ending;
mod output;
mod server;

use std::ffi::OsString;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mycelium_policy::ChildProcesses;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::worker::Cancel;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::StartParams;
use mycelium_protocol::worker::Started;
use mycelium_sandbox::Program;
use mycelium_sandbox::Seat;
use mycelium_types::WorkerProtocol;

use crate::WorkerError;
use crate::program::argv::Skill;
use crate::program::server::ServerSkill;
use crate::quickjs::plain_failure;
use crate::serve::words;
use crate::wire::Wire;

/// Serves the requests that come through `socket` until the other side closes it, or until the program that
/// this process becomes ends.
pub(crate) fn serve(socket: UnixStream, mut seat: Seat) -> Result<(), WorkerError> {
    let mut wire = Wire::new(socket.try_clone()?);
    let mut requests = Requests::new(socket);
    let Some((id, request)) = requests.next(&mut wire)? else {
        return Ok(());
    };
    let Request::Start(params) = request else {
        let message = format!("{} came before start", request.method());
        return wire.failed(id, &plain_failure(FailureKind::Protocol, message));
    };
    match seat.restrict(&params.policy) {
        Ok(report) => wire.succeeded(
            id,
            &Started {
                layers: report.layers.iter().map(words).collect(),
            },
        )?,
        Err(error) => {
            return wire.failed(id, &plain_failure(FailureKind::Sandbox, error.reason()));
        }
    }
    if let Some(start) = params.server.clone() {
        return ServerSkill::new(&seat, params, start, wire).serve(&mut requests);
    }
    match params.protocol {
        WorkerProtocol::Worker => {
            let error = seat.become_program(&program(&params, &params.entrypoint, &[]));
            // The next request is the program's first one, and it is told why there is no program.
            match requests.next(&mut wire)? {
                Some((id, _)) => {
                    let message = argv::not_started(&params.entrypoint, &error);
                    wire.failed(id, &plain_failure(FailureKind::Syntax, message))
                }
                None => Ok(()),
            }
        }
        WorkerProtocol::Argv => Skill::new(&seat, params, wire).serve(&mut requests),
    }
}

/// The skill's program `path` with `arguments`.
fn program<'a>(params: &'a StartParams, path: &'a Path, arguments: &'a [OsString]) -> Program<'a> {
    Program {
        path,
        arguments,
        environment: &params.policy.environment,
        child_processes: child_processes(&params.policy),
    }
}

fn child_processes(policy: &SandboxPolicy) -> ChildProcesses {
    policy
        .program
        .as_ref()
        .map_or(ChildProcesses::Refused, |program| program.child_processes())
}

/// The requests of the runtime, in the order they come. Nothing is read ahead of the request that is asked
/// for: what follows `start` may be another reader's.
struct Requests {
    socket: UnixStream,
    decoder: FrameDecoder,
}

/// What the runtime says while it waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heeded {
    Nothing,
    /// It waits no longer.
    Cancelled,
    /// It is there no longer.
    Gone,
}

impl AsFd for Requests {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Requests {
    fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            decoder: FrameDecoder::new(MAX_FRAME),
        }
    }

    /// Takes what has arrived while the request `call` is worked at; the socket has something to read.
    fn heed(&mut self, call: u64) -> Result<Heeded, WorkerError> {
        let mut chunk = vec![0; 64 << 10];
        match self.socket.read(&mut chunk)? {
            0 => return Ok(Heeded::Gone),
            length => self.decoder.push(&chunk[..length]),
        }
        while let Some(bytes) = self.decoder.next_frame()? {
            let frame: Frame = serde_json::from_slice(bytes)?;
            if Cancel::from_frame(&frame)?.is_some_and(|cancel| cancel.call == call) {
                return Ok(Heeded::Cancelled);
            }
        }
        Ok(Heeded::Nothing)
    }

    /// Waits for the next request; `None` when the other side is gone. What is none is refused.
    fn next(&mut self, wire: &mut Wire) -> Result<Option<(u64, Request)>, WorkerError> {
        let mut chunk = vec![0; 64 << 10];
        loop {
            while let Some(bytes) = self.decoder.next_frame()? {
                let frame: Frame = serde_json::from_slice(bytes)?;
                match Request::from_frame(&frame) {
                    Ok(Some(request)) => return Ok(Some(request)),
                    Ok(None) => {
                        if let Some(id) = frame.id {
                            wire.unknown(id, &frame.method.unwrap_or_default())?;
                        }
                    }
                    Err(error) => wire.invalid(frame.id.unwrap_or_default(), &error.to_string())?,
                }
            }
            // The runtime sends one request and waits for its answer, so there is never a second one in
            // what has arrived.
            match self.socket.read(&mut chunk)? {
                0 => return Ok(None),
                length => self.decoder.push(&chunk[..length]),
            }
        }
    }
}
