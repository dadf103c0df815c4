//! The worker's side of the worker protocol: one loop that reads requests, runs the engine and writes answers.
//!
//! Everything happens on one thread. While a function's promise is pending the loop waits for timers and for the socket
//! together, so a hook may run while a call waits. The worker ends when the other side closes the socket.

use std::cell::RefCell;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::worker::Cancel;
use mycelium_protocol::worker::CompileParams;
use mycelium_protocol::worker::Compiled;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HostAnswer;
use mycelium_protocol::worker::LoadParams;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Request;
use mycelium_sandbox::Footing;
use mycelium_sandbox::Layer;
use mycelium_sandbox::Seat;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::process::Resource;

use crate::WorkerError;
use crate::quickjs::Answer;
use crate::quickjs::Call;
use crate::quickjs::Engine;
use crate::quickjs::EngineOptions;
use crate::quickjs::Pending;
use crate::quickjs::Progress;
use crate::quickjs::Waiting;
use crate::quickjs::compile;
use crate::quickjs::never_settles;
use crate::quickjs::plain_failure;
use crate::usage;
use crate::wire::Wire;

/// Bytes read from the socket at once.
const CHUNK: usize = 64 << 10;
/// The most of a result that fits into a frame beside the rest of the answer.
const MAX_RESULT: u64 = (MAX_FRAME - 1024) as u64;
/// The stack that programs get at most, in bytes.
const MAX_STACK: u64 = 8 << 20;
/// The stack that is left for the engine's own functions, in bytes.
const STACK_RESERVE: u64 = 1 << 20;
/// The stack that programs get where the limit is not known, in bytes.
const LEAST_STACK: u64 = 512 << 10;

/// Where a worker is: what can restrict it.
pub(crate) trait Place {
    /// Restricts this process to `policy`, and says which layers hold then.
    fn restrict(&mut self, policy: &SandboxPolicy) -> Result<Vec<String>, Failure>;

    /// Whether paths can be elsewhere inside than they are on the host.
    fn footing(&self) -> Footing;
}

impl Place for Seat {
    fn restrict(&mut self, policy: &SandboxPolicy) -> Result<Vec<String>, Failure> {
        match Self::restrict(self, policy) {
            Ok(report) => Ok(report.layers.iter().map(words).collect()),
            Err(error) => Err(plain_failure(FailureKind::Sandbox, error.to_string())),
        }
    }

    fn footing(&self) -> Footing {
        Self::footing(self)
    }
}

/// Serves the requests that come through `socket` until the other side closes it.
pub(crate) fn serve(socket: UnixStream, place: impl Place) -> Result<(), WorkerError> {
    let wire = Rc::new(RefCell::new(Wire::new(socket.try_clone()?)));
    let engine = Engine::new(EngineOptions {
        listener: Box::new(Rc::clone(&wire)),
        stack: stack(),
        ..EngineOptions::default()
    })
    .map_err(WorkerError::Engine)?;
    let mut worker = Worker {
        socket,
        place,
        engine,
        wire,
        stage: Stage::Fresh,
        jobs: Vec::new(),
        decoder: FrameDecoder::new(MAX_FRAME),
    };
    let ended = worker.run();
    worker.engine.abandon();
    ended
}

/// What programs may use of this thread's stack.
fn stack() -> usize {
    let limit = rustix::process::getrlimit(Resource::Stack).current;
    let stack = limit.map_or(MAX_STACK, |limit| {
        (limit / 4 * 3)
            .saturating_sub(STACK_RESERVE / 4)
            .clamp(LEAST_STACK, MAX_STACK)
    });
    stack as usize
}

/// A layer of the sandbox, as people read it.
pub(crate) fn words(layer: &Layer) -> String {
    match layer {
        Layer::Namespaces => "namespaces".to_owned(),
        Layer::Filter { .. } => "system call filter".to_owned(),
        Layer::ResourceLimits => "resource limits".to_owned(),
        Layer::Cgroup { version } => format!("control group {version}"),
        Layer::Landlock { abi } => format!("Landlock ABI {abi}"),
    }
}

/// How far the worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It has been told nothing.
    Fresh,
    /// It is a skill's, and prints at most this much in a hook.
    Skill { max_output: u64 },
    /// It has compiled, or could not be restricted: it does nothing more.
    Spent,
}

/// A request that waits for a promise.
struct Job {
    id: u64,
    pending: Pending,
    layers: Vec<String>,
    processor_time: u64,
}

struct Worker<P> {
    socket: UnixStream,
    place: P,
    engine: Engine,
    wire: Rc<RefCell<Wire>>,
    stage: Stage,
    jobs: Vec<Job>,
    decoder: FrameDecoder,
}

/// Whether the other side is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    There,
    Gone,
}

impl<P: Place> Worker<P> {
    fn run(&mut self) -> Result<(), WorkerError> {
        let mut wait = Waiting::Forever;
        while self.receive(wait)? == Peer::There {
            if self.take_requests()? == Peer::Gone {
                break;
            }
            self.turn()?;
            self.wire.borrow_mut().flush()?;
            wait = self.engine.waiting();
        }
        Ok(())
    }

    /// Waits until the socket has something or the event loop is due, and reads what is there.
    fn receive(&mut self, wait: Waiting) -> Result<Peer, WorkerError> {
        let timeout = match wait {
            Waiting::Due => Some(Timespec::default()),
            // A delay that does not fit is as good as none.
            Waiting::For(delay) => Timespec::try_from(delay).ok(),
            Waiting::Forever => None,
        };
        let mut watched = [PollFd::new(&self.socket, PollFlags::IN)];
        match rustix::event::poll(&mut watched, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Peer::There),
            Ok(_) => {}
            Err(errno) => return Err(WorkerError::Socket(errno.into())),
        }
        let mut chunk = [0; CHUNK];
        match self.socket.read(&mut chunk)? {
            0 => Ok(Peer::Gone),
            length => {
                self.decoder.push(&chunk[..length]);
                Ok(Peer::There)
            }
        }
    }

    /// Takes what has arrived. Whether there is still somebody who waits for this worker.
    fn take_requests(&mut self) -> Result<Peer, WorkerError> {
        while let Some(bytes) = self.decoder.next_frame()? {
            let frame: Frame = serde_json::from_slice(bytes)?;
            if let Some(reply) = ExchangeReply::from_frame(&frame)? {
                self.deliver(reply)?;
                continue;
            }
            if Cancel::from_frame(&frame)?.is_some() {
                // A program that cannot hear of it would only go on in vain.
                if !self.jobs.is_empty() && !self.engine.cancel() {
                    return Ok(Peer::Gone);
                }
                continue;
            }
            if frame.method.is_none() {
                let id = frame.id.unwrap_or_default();
                match HostAnswer::from_frame(frame) {
                    Some(answer) => self.answer_call(answer)?,
                    None => self.wire.borrow_mut().unknown(id, "")?,
                }
                continue;
            }
            match Request::from_frame(&frame) {
                Ok(Some((id, request))) => self.begin(id, request)?,
                Ok(None) => {
                    if let Some(id) = frame.id {
                        let method = frame.method.unwrap_or_default();
                        self.wire.borrow_mut().unknown(id, &method)?;
                    }
                }
                Err(error) => {
                    let id = frame.id.unwrap_or_default();
                    self.wire.borrow_mut().invalid(id, &error.to_string())?;
                }
            }
        }
        Ok(Peer::There)
    }

    /// Passes on what the runtime tells of an exchange; the program's part in it is a task of its own.
    fn deliver(&mut self, reply: ExchangeReply) -> Result<(), WorkerError> {
        if let Err(failure) = self.engine.deliver(reply) {
            self.fail_all(&failure)?;
        }
        Ok(())
    }

    /// Passes on the runtime's answer to a call of the program.
    fn answer_call(&mut self, answer: HostAnswer) -> Result<(), WorkerError> {
        if let Err(failure) = self.engine.answer_call(answer) {
            self.fail_all(&failure)?;
        }
        Ok(())
    }

    fn begin(&mut self, id: u64, request: Request) -> Result<(), WorkerError> {
        let processor_time = usage::processor_microseconds();
        let (progress, layers) = match (request, self.stage) {
            (Request::Load(params), Stage::Fresh) => {
                self.engine.begin_request(id, None);
                self.load(params)
            }
            (Request::Compile(params), Stage::Fresh) => {
                return self.compile(id, &params);
            }
            (Request::Hook(params), Stage::Skill { max_output }) => {
                self.engine.begin_request(id, params.context.as_deref());
                let argument = params.argument.to_string();
                let progress = self.engine.hook(params.hook, &argument, max_output);
                (progress, Vec::new())
            }
            (Request::Call(params), Stage::Skill { .. }) => {
                self.engine.begin_request(id, params.context.as_deref());
                let progress = self.engine.call(&Call {
                    method: &params.method,
                    args: params.args.get(),
                    style: params.style,
                    max_result: params.max_result.min(MAX_RESULT),
                    max_output: params.max_output,
                });
                (progress, Vec::new())
            }
            (request, _) => {
                let message = format!("{} came at the wrong time", request.method());
                let failure = plain_failure(FailureKind::Protocol, message);
                (Progress::Done(Err(failure)), Vec::new())
            }
        };
        match progress {
            Progress::Done(answer) => self.answer(id, answer, layers, processor_time),
            Progress::Waiting(pending) => {
                self.jobs.push(Job {
                    id,
                    pending,
                    layers,
                    processor_time,
                });
                Ok(())
            }
        }
    }

    /// Becomes a skill: restricted first, then everything else.
    fn load(&mut self, params: LoadParams) -> (Progress, Vec<String>) {
        let Some(policy) = params.policy else {
            let failure = plain_failure(
                FailureKind::Protocol,
                "load came without a policy".to_owned(),
            );
            return (Progress::Done(Err(failure)), Vec::new());
        };
        let layers = match self.place.restrict(&policy) {
            Ok(layers) => layers,
            Err(failure) => {
                self.stage = Stage::Spent;
                return (Progress::Done(Err(failure)), Vec::new());
            }
        };
        self.stage = Stage::Skill {
            max_output: policy.limits.output_mb.saturating_mul(1 << 20),
        };
        let policy = match self.place.footing() {
            Footing::Namespaces => *policy,
            Footing::Bare => policy.at_host_paths(),
        };
        if let Err(failure) = self.engine.confine(policy, &params.settings) {
            return (Progress::Done(Err(failure)), layers);
        }
        let progress = self.engine.load(&params.entrypoint, &params.exports);
        (progress, layers)
    }

    fn compile(&mut self, id: u64, params: &CompileParams) -> Result<(), WorkerError> {
        self.stage = Stage::Spent;
        if let Err(failure) = self.place.restrict(&params.policy) {
            return self.wire.borrow_mut().failed(id, &failure);
        }
        let compilation = compile(&params.roots, stack());
        self.wire.borrow_mut().succeeded(
            id,
            &Compiled {
                bytecode: BASE64_STANDARD.encode(&compilation.pack),
                files: compilation.files,
                skipped: compilation.skipped,
            },
        )
    }

    /// One turn of the event loop, and the answers that it made known.
    fn turn(&mut self) -> Result<(), WorkerError> {
        if !matches!(self.stage, Stage::Skill { .. }) {
            return Ok(());
        }
        if let Err(ended) = self.engine.turn() {
            self.fail_all(&ended)?;
        }
        if let Some(uncaught) = self.engine.take_uncaught() {
            if self.jobs.is_empty() {
                self.engine.report_uncaught(&uncaught);
            }
            self.fail_all(&uncaught)?;
        }
        for job in std::mem::take(&mut self.jobs) {
            match self.engine.settled(&job.pending) {
                Some(answer) => self.answer(job.id, answer, job.layers, job.processor_time)?,
                None => self.jobs.push(job),
            }
        }
        if !self.jobs.is_empty() && !self.engine.is_alive() {
            self.fail_all(&never_settles())?;
        }
        Ok(())
    }

    fn fail_all(&mut self, failure: &Failure) -> Result<(), WorkerError> {
        for job in std::mem::take(&mut self.jobs) {
            self.engine.end_request(job.id);
            self.wire.borrow_mut().failed(job.id, failure)?;
        }
        Ok(())
    }

    fn answer(
        &self,
        id: u64,
        answer: Result<Answer, Failure>,
        layers: Vec<String>,
        processor_time: u64,
    ) -> Result<(), WorkerError> {
        self.engine.end_request(id);
        let mut wire = self.wire.borrow_mut();
        match answer {
            Ok(Answer::Loaded(hooks)) => wire.succeeded(id, &Loaded { layers, hooks }),
            Ok(Answer::Value(value)) => {
                let used = usage::processor_microseconds().saturating_sub(processor_time);
                wire.returned(
                    id,
                    &value,
                    Duration::from_micros(used),
                    mycelium_sandbox::peak_memory(),
                )
            }
            Err(failure) => wire.failed(id, &failure),
        }
    }
}

#[cfg(test)]
mod tests;
