//! A running server of MCP: lines to it, lines from it, one request at a time.

use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ChildStdin;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Printed;
use mycelium_sandbox::Process;
use mycelium_sandbox::ProcessEnd;
use mycelium_types::Limits;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::io::Errno;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use super::message::Refused;
use super::message::Said;
use crate::WorkerError;
use crate::program::Heeded;
use crate::program::Requests;
use crate::program::ending;
use crate::program::output::Lines;
use crate::program::output::Pipe;
use crate::program::output::TooMuch;
use crate::quickjs::plain_failure;
use crate::wire::Wire;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// Bytes that wait for the server to read them, besides the request itself, beyond which it is not asked any more.
const MAX_UNREAD: usize = 1 << 20;
/// How long a server that has closed its output may take to end.
const GOODBYE: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};
/// JSON-RPC's code for a method that there is not.
const UNKNOWN_METHOD: i64 = -32601;

/// A server that runs.
pub(super) struct Conversation {
    process: Process,
    input: Option<ChildStdin>,
    next_id: u64,
    /// What it has not read, of which it has read the first `written` bytes.
    outgoing: Vec<u8>,
    written: usize,
    /// What it has said, of which the first `searched` bytes have no end of a line.
    incoming: Vec<u8>,
    searched: usize,
    output: Pipe,
    errors: Pipe,
    max_message: usize,
    limits: Limits,
}

/// Where the answer to one request of the runtime goes, and what is heard meanwhile.
pub(super) struct Hearing<'a> {
    pub(super) requests: &'a mut Requests,
    pub(super) wire: &'a mut Wire,
    /// The request.
    pub(super) call: u64,
    /// The most bytes that may be printed, or said without being asked.
    pub(super) max_output: u64,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// The runtime does not wait for it any more. The conversation goes on.
    Cancelled,
    /// The conversation is over.
    Over(Failure),
    /// The runtime is not there any more, or cannot be understood.
    Runtime(Option<WorkerError>),
}

impl From<WorkerError> for Unanswered {
    fn from(error: WorkerError) -> Self {
        Self::Runtime(Some(error))
    }
}

/// What there is to do.
#[derive(Default)]
struct Ready {
    input: bool,
    output: bool,
    errors: bool,
    ended: bool,
    runtime: bool,
}

impl Conversation {
    pub(super) fn new(
        mut process: Process,
        max_message: u64,
        limits: Limits,
    ) -> Result<Self, WorkerError> {
        let input = process.stdin.take();
        if let Some(input) = &input {
            // A server that does not read must not keep anybody from hearing the runtime.
            rustix::io::ioctl_fionbio(input, true).map_err(std::io::Error::from)?;
        }
        Ok(Self {
            process,
            input,
            next_id: 0,
            outgoing: Vec::new(),
            written: 0,
            incoming: Vec::new(),
            searched: 0,
            output: Pipe::Open,
            errors: Pipe::Open,
            max_message: usize::try_from(max_message).unwrap_or(usize::MAX),
            limits,
        })
    }

    /// The process.
    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.ends(Timespec::default())
    }

    /// Whether it ends within this time.
    fn ends(&self, time: Timespec) -> bool {
        let pidfd = self.process.pidfd();
        let mut watched = [PollFd::new(&pidfd, PollFlags::IN)];
        let ready = rustix::event::poll(&mut watched, Some(&time));
        !matches!(ready, Ok(0) | Err(Errno::INTR))
    }

    /// The number that the next request has.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id + 1
    }

    /// Tells the server something that it does not answer.
    pub(super) fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Asks the server, and waits for its answer.
    pub(super) fn ask(
        &mut self,
        method: &str,
        params: &Value,
        hearing: &mut Hearing<'_>,
    ) -> Result<Result<Box<RawValue>, Refused>, Unanswered> {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let most_unread = self.outgoing.len() + MAX_UNREAD;
        let mut errors = Lines::new(hearing.max_output);
        let mut left = usize::try_from(hearing.max_output).unwrap_or(usize::MAX);
        let mut end = None;
        let failure = loop {
            match self.listen(id, &mut left, hearing)? {
                Heard::Answer(answer) => {
                    telling(hearing.wire, |mut tell| errors.finish(&mut tell))?;
                    return Ok(answer);
                }
                Heard::TooMuch => {
                    break too_much(
                        FailureKind::OutputTooLarge,
                        "it said more than its limit without being asked",
                    );
                }
                Heard::Nothing => {}
            }
            if self.incoming.len() > self.max_message {
                break too_much(
                    FailureKind::ResultTooLarge,
                    "it sent a message that is larger than its limit",
                );
            }
            if self.outgoing.len() - self.written > most_unread {
                break too_much(
                    FailureKind::OutputTooLarge,
                    "it asks more than it listens to the answers of",
                );
            }
            if self.output == Pipe::Closed {
                break self.over(end, errors, hearing)?;
            }
            let ready = self.wait(hearing.requests, end.is_some())?;
            if ready.runtime {
                match hearing.requests.heed(hearing.call)? {
                    Heeded::Nothing => {}
                    Heeded::Gone => return Err(Unanswered::Runtime(None)),
                    Heeded::Cancelled => {
                        let params = json!({"requestId": id, "reason": "nobody waits for it"});
                        self.tell("notifications/cancelled", &params);
                        self.write();
                        return Err(Unanswered::Cancelled);
                    }
                }
            }
            if ready.input {
                self.write();
            }
            if ready.errors {
                match self.hear_errors(&mut errors, hearing)? {
                    Ok(()) => {}
                    Err(TooMuch) => {
                        break too_much(
                            FailureKind::OutputTooLarge,
                            "it wrote more to its standard error than its limit",
                        );
                    }
                }
            }
            if ready.output {
                self.read();
            }
            if ready.ended {
                // From here on nobody holds the pipes open: they are read to their ends.
                end = Some(self.process.finish());
            }
        };
        Err(Unanswered::Over(failure))
    }

    /// What the end of the server's output means: it has ended, or is as good as.
    fn over(
        &mut self,
        end: Option<ProcessEnd>,
        mut errors: Lines,
        hearing: &mut Hearing<'_>,
    ) -> Result<Failure, Unanswered> {
        let has_ended = end.is_some() || self.ends(GOODBYE);
        let end = end.unwrap_or_else(|| self.process.finish());
        while self.errors == Pipe::Open && self.hear_errors(&mut errors, hearing)?.is_ok() {}
        let last_line = telling(hearing.wire, |mut tell| errors.finish(&mut tell))?;
        let mut failure = match has_ended {
            true => ending::failure(&end, &last_line, &self.limits),
            false => plain_failure(FailureKind::Thrown, "it closed its standard output"),
        };
        if failure.kind == FailureKind::Thrown {
            // It is the instance that has ended, not a call that has failed.
            failure.kind = FailureKind::Exited;
        }
        Ok(failure)
    }

    /// Passes on what the server has written to its standard error.
    fn hear_errors(
        &mut self,
        errors: &mut Lines,
        hearing: &mut Hearing<'_>,
    ) -> Result<Result<(), TooMuch>, WorkerError> {
        let pipe = &mut self.process.stderr;
        let taken = telling(hearing.wire, |mut tell| errors.take(pipe, &mut tell))?;
        Ok(taken.map(|state| self.errors = state))
    }

    /// Takes all lines that are whole.
    fn listen(
        &mut self,
        id: u64,
        left: &mut usize,
        hearing: &mut Hearing<'_>,
    ) -> Result<Heard, WorkerError> {
        while let Some(line) = self.next_line() {
            let told = match Said::of(&line) {
                Said::Answer { id: of, result } if of == id => {
                    return Ok(Heard::Answer(result.map(RawValue::to_owned)));
                }
                // It answers twice, or too late.
                Said::Answer { .. } | Said::Else => None,
                Said::Asks { id, method } => {
                    self.reply(id, &method);
                    None
                }
                Said::Progress(of, progress) => {
                    (of == id).then_some(Notification::Progress(progress))
                }
                Said::Logs(level, text) => Some(printed(level, text)),
                Said::ToolsChanged => Some(printed(
                    ConsoleLevel::Warn,
                    "the server says that its tools have changed; \
                     wrap it again to have those that it has now"
                        .to_owned(),
                )),
                Said::Text => {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    (!text.is_empty()).then(|| printed(ConsoleLevel::Info, text))
                }
            };
            let Some(rest) = left.checked_sub(line.len()) else {
                return Ok(Heard::TooMuch);
            };
            *left = rest;
            if let Some(notification) = told {
                hearing.wire.pass_on(&notification)?;
            }
        }
        Ok(Heard::Nothing)
    }

    /// The next whole line, without its end.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let unsearched = &self.incoming[self.searched..];
        let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.incoming.len();
            return None;
        };
        let rest = self.incoming.split_off(self.searched + end + 1);
        let mut line = std::mem::replace(&mut self.incoming, rest);
        self.searched = 0;
        line.pop();
        Some(line)
    }

    /// Answers what the server asks: it is offered nothing but a sign of life.
    fn reply(&mut self, id: &RawValue, method: &str) {
        let answer = match method {
            "ping" => json!({"jsonrpc": "2.0", "id": id, "result": {}}),
            _ => json!({"jsonrpc": "2.0", "id": id, "error": {
                "code": UNKNOWN_METHOD,
                "message": "nothing of that kind is offered here",
            }}),
        };
        self.send(&answer);
    }

    fn send(&mut self, message: &Value) {
        if self.written > 0 {
            self.outgoing.drain(..self.written);
            self.written = 0;
        }
        self.outgoing
            .extend_from_slice(message.to_string().as_bytes());
        self.outgoing.push(b'\n');
    }

    /// Writes as much as the server takes now.
    fn write(&mut self) {
        let Some(input) = &mut self.input else {
            return;
        };
        match input.write(&self.outgoing[self.written..]) {
            Ok(length) => self.written += length,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // It does not listen any more. What it still says is heard.
            Err(_) => self.input = None,
        }
        if self.written == self.outgoing.len() || self.input.is_none() {
            self.outgoing.clear();
            self.written = 0;
        }
    }

    /// Takes what the server has said.
    fn read(&mut self) {
        let mut chunk = vec![0; CHUNK];
        match self.process.stdout.read(&mut chunk) {
            Ok(0) => self.output = Pipe::Closed,
            Ok(length) => self.incoming.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.output = Pipe::Closed,
        }
    }

    /// Waits until the server or the runtime has something to say, or the server listens.
    fn wait(&self, requests: &Requests, ended: bool) -> Result<Ready, WorkerError> {
        let pidfd = self.process.pidfd();
        let input = self.input.as_ref().filter(|_| !self.outgoing.is_empty());
        let wanted = [
            input.map(|input| (input.as_fd(), PollFlags::OUT)),
            (self.output == Pipe::Open).then(|| (self.process.stdout.as_fd(), PollFlags::IN)),
            (self.errors == Pipe::Open).then(|| (self.process.stderr.as_fd(), PollFlags::IN)),
            (!ended).then(|| (pidfd.as_fd(), PollFlags::IN)),
            Some((requests.as_fd(), PollFlags::IN)),
        ];
        let mut watched = Vec::with_capacity(wanted.len());
        let mut places = [None; 5];
        for (place, wanted) in places.iter_mut().zip(wanted) {
            if let Some((descriptor, flags)) = wanted {
                *place = Some(watched.len());
                watched.push(PollFd::from_borrowed_fd(descriptor, flags));
            }
        }
        match rustix::event::poll(&mut watched, None) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(errno) => return Err(WorkerError::Socket(errno.into())),
        }
        let [input, output, errors, ended, runtime] = places.map(|place: Option<usize>| {
            place.is_some_and(|place| !watched[place].revents().is_empty())
        });
        Ok(Ready {
            input,
            output,
            errors,
            ended,
            runtime,
        })
    }
}

/// What came of listening.
enum Heard {
    Nothing,
    Answer(Result<Box<RawValue>, Refused>),
    TooMuch,
}

/// Does something that tells the runtime what it hears.
fn telling<T>(
    wire: &mut Wire,
    hear: impl FnOnce(&mut dyn FnMut(Notification)) -> T,
) -> Result<T, WorkerError> {
    let mut broken = None;
    let heard = hear(&mut |notification| {
        if let Err(error) = wire.pass_on(&notification) {
            broken.get_or_insert(error);
        }
    });
    broken.map_or(Ok(heard), Err)
}

fn printed(level: ConsoleLevel, text: String) -> Notification {
    Notification::Console(Printed { level, text })
}

fn too_much(kind: FailureKind, message: &str) -> Failure {
    plain_failure(kind, message.to_owned())
}
