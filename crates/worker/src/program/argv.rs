//! The protocol `argv`: the program is started once for each call, with method and arguments on its
//! command line.

use std::ffi::OsString;
use std::fmt::Display;
use std::os::fd::AsFd;
use std::path::Path;
use std::path::PathBuf;

use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::StartParams;
use mycelium_sandbox::Lifetime;
use mycelium_sandbox::Process;
use mycelium_sandbox::ProcessEnd;
use mycelium_sandbox::ProcessStatus;
use mycelium_sandbox::Seat;
use mycelium_types::Limits;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::WorkerError;
use crate::program::Requests;
use crate::program::ending::failure_of_call;
use crate::program::ending::is_over_time;
use crate::program::output::Kept;
use crate::program::output::Lines;
use crate::program::output::Pipe;
use crate::program::output::TooMuch;
use crate::quickjs::plain_failure;
use crate::wire::Wire;

/// The variable with the skill's settings, as JSON.
const SETTINGS: &str = "MYCELIUM_SETTINGS";

/// A skill whose program is run for each call.
pub(super) struct Skill<'a> {
    seat: &'a Seat,
    params: StartParams,
    wire: Wire,
}

/// What one run of the program came to.
struct Run {
    end: ProcessEnd,
    stdout: Kept,
    last_line: String,
    overflow: Option<FailureKind>,
}

impl<'a> Skill<'a> {
    pub(super) fn new(seat: &'a Seat, params: StartParams, wire: Wire) -> Self {
        Self { seat, params, wire }
    }

    pub(super) fn serve(mut self, requests: &mut Requests) -> Result<(), WorkerError> {
        while let Some((id, request)) = requests.next(&mut self.wire)? {
            match request {
                Request::Load(load) => {
                    let settings = load.settings.to_string();
                    let environment = &mut self.params.policy.environment;
                    environment.insert(SETTINGS.to_owned(), settings);
                    self.wire.succeeded(
                        id,
                        &Loaded {
                            layers: Vec::new(),
                            hooks: Vec::new(),
                        },
                    )?;
                }
                Request::Call(call) => match self.call(&call)? {
                    Ok((value, end)) => {
                        self.wire
                            .returned(id, &value, end.cpu_time, end.peak_memory)?;
                    }
                    Err(failure) => self.wire.failed(id, &failure)?,
                },
                Request::Start(_)
                | Request::Hook(_)
                | Request::Compile(_)
                | Request::Describe(_) => {
                    let message = format!("{} came at the wrong time", request.method());
                    let failure = plain_failure(FailureKind::Protocol, message);
                    self.wire.failed(id, &failure)?;
                }
            }
        }
        Ok(())
    }

    /// Runs the program; its result is JSON.
    fn call(
        &mut self,
        call: &CallParams,
    ) -> Result<Result<(String, ProcessEnd), Failure>, WorkerError> {
        let script = self.params.scripts.get(&call.method).map(Vec::as_slice);
        let (path, arguments) = match command_line(call, &self.params.entrypoint, script) {
            Ok(command) => command,
            Err(error) => {
                let failure = plain_failure(FailureKind::Protocol, error.to_string());
                return Ok(Err(failure));
            }
        };
        let program = super::program(&self.params, &path, &arguments);
        let lifetime = Lifetime::Call {
            cpu_seconds: self.params.policy.limits.cpu_seconds,
        };
        let process = match self.seat.start_program(&program, lifetime) {
            Ok(process) => process,
            Err(error) => {
                let message = not_started(&path, &error);
                return Ok(Err(plain_failure(FailureKind::Thrown, message)));
            }
        };
        let run = self.follow(process, call)?;
        Ok(run.conclude(&self.params.policy.limits))
    }

    /// Takes what the program prints until it has ended, then ends whatever it left behind.
    fn follow(&mut self, mut process: Process, call: &CallParams) -> Result<Run, WorkerError> {
        let mut stdout = Kept::new(call.max_result);
        let mut stderr = Lines::new(call.max_output);
        let mut overflow = None;
        let mut open = [Pipe::Open; 2];
        let mut broken = None;
        let wire = &mut self.wire;
        let mut tell = |notification: Notification| {
            if let Err(error) = wire.pass_on(&notification) {
                broken.get_or_insert(error);
            }
        };
        let mut ended = false;
        let mut end = None;
        while end.is_none() || open.contains(&Pipe::Open) {
            if ended && end.is_none() {
                // From here on nobody holds the pipes open: they are read to their ends.
                end = Some(process.finish());
            }
            let ready = wait(&process, open, ended)?;
            ended |= ready.ended;
            if ready.stdout {
                match stdout.take(&mut process.stdout) {
                    Ok(state) => open[0] = state,
                    Err(TooMuch) => overflow = Some(FailureKind::ResultTooLarge),
                }
            }
            if ready.stderr {
                match stderr.take(&mut process.stderr, &mut tell) {
                    Ok(state) => open[1] = state,
                    Err(TooMuch) => overflow = Some(FailureKind::OutputTooLarge),
                }
            }
            if overflow.is_some() {
                end.get_or_insert_with(|| process.finish());
                break;
            }
        }
        let last_line = stderr.finish(&mut tell);
        if let Some(error) = broken {
            return Err(error);
        }
        Ok(Run {
            end: end.unwrap_or_else(|| process.finish()),
            stdout,
            last_line,
            overflow,
        })
    }
}

impl Run {
    fn conclude(self, limits: &Limits) -> Result<(String, ProcessEnd), Failure> {
        if let Some(kind) = self.overflow {
            let message = match kind {
                FailureKind::ResultTooLarge => {
                    "it wrote more to its standard output than its limit"
                }
                _ => "it wrote more to its standard error than its limit",
            };
            return Err(plain_failure(kind, message.to_owned()));
        }
        match self.end.status {
            ProcessStatus::Returned(0) if !is_over_time(&self.end, limits) => {
                Ok((result(&self.stdout.bytes)?, self.end))
            }
            ProcessStatus::Returned(_) | ProcessStatus::Signal(_) => {
                Err(failure_of_call(&self.end, &self.last_line, limits))
            }
        }
    }
}

/// What a program's end on its standard output means: JSON if it is, else text without its last line break.
fn result(stdout: &[u8]) -> Result<String, Failure> {
    let json = std::str::from_utf8(stdout)
        .ok()
        .map(str::trim)
        .filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    match json {
        Some(json) => Ok(json.to_owned()),
        None if stdout.is_empty() => Ok("null".to_owned()),
        None => {
            let text = String::from_utf8_lossy(stdout);
            let text = text.strip_suffix('\n').unwrap_or(&text);
            serde_json::to_string(text)
                .map_err(|error| plain_failure(FailureKind::ResultInvalid, error.to_string()))
        }
    }
}

/// The program and its arguments: the entrypoint and the method, or the command that the method is, and then what the
/// call gives, texts as they are, everything else as JSON. A named call has one argument.
fn command_line(
    call: &CallParams,
    entrypoint: &Path,
    script: Option<&[PathBuf]>,
) -> serde_json::Result<(PathBuf, Vec<OsString>)> {
    let arguments = match serde_json::from_str(call.args.get())? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let words = arguments.into_iter().map(|argument| match argument {
        Value::String(text) => OsString::from(text),
        other => OsString::from(other.to_string()),
    });
    let (program, first): (&Path, Vec<OsString>) = match script {
        Some([program, rest @ ..]) => (program, rest.iter().map(OsString::from).collect()),
        Some([]) | None => (entrypoint, vec![OsString::from(&call.method)]),
    };
    Ok((program.to_owned(), first.into_iter().chain(words).collect()))
}

/// Why there is no program.
pub(super) fn not_started(entrypoint: &Path, error: &impl Display) -> String {
    format!("{} cannot be started: {error}", entrypoint.display())
}

/// What there is to do.
struct Ready {
    stdout: bool,
    stderr: bool,
    ended: bool,
}

/// Waits until the program has printed something or ended.
fn wait(process: &Process, open: [Pipe; 2], ended: bool) -> Result<Ready, WorkerError> {
    let pidfd = process.pidfd();
    let (stdout, stderr) = (process.stdout.as_fd(), process.stderr.as_fd());
    let mut watched = Vec::with_capacity(3);
    let mut places = [None; 3];
    let wanted = [
        (open[0] == Pipe::Open).then_some(stdout),
        (open[1] == Pipe::Open).then_some(stderr),
        (!ended).then(|| pidfd.as_fd()),
    ];
    for (place, wanted) in places.iter_mut().zip(wanted) {
        if let Some(descriptor) = wanted {
            *place = Some(watched.len());
            watched.push(PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
        }
    }
    if watched.is_empty() {
        return Ok(Ready {
            stdout: false,
            stderr: false,
            ended,
        });
    }
    match rustix::event::poll(&mut watched, None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(WorkerError::Socket(errno.into())),
    }
    let is_ready =
        |place: Option<usize>| place.is_some_and(|place| !watched[place].revents().is_empty());
    Ok(Ready {
        stdout: is_ready(places[0]),
        stderr: is_ready(places[1]),
        ended: is_ready(places[2]),
    })
}

#[cfg(test)]
mod tests {
    use mycelium_types::CallStyle;
    use serde_json::value::RawValue;

    use super::*;

    fn words(args: &str, style: CallStyle, script: Option<&[PathBuf]>) -> Vec<String> {
        let call = CallParams {
            method: "run".to_owned(),
            args: RawValue::from_string(args.to_owned()).unwrap(),
            style,
            max_result: 1,
            max_output: 1,
            context: None,
        };
        let (program, words) = command_line(&call, Path::new("/skill/entry"), script).unwrap();
        std::iter::once(program.into_os_string())
            .chain(words)
            .map(|word| word.into_string().unwrap())
            .collect()
    }

    #[test]
    fn arguments_are_texts_or_json() {
        assert_eq!(
            words(
                r#"["a b", 1, null, true, {"k": [1]}, [2]]"#,
                CallStyle::Positional,
                None
            ),
            [
                "/skill/entry",
                "run",
                "a b",
                "1",
                "null",
                "true",
                r#"{"k":[1]}"#,
                "[2]"
            ]
        );
        assert_eq!(
            words(r#"{"name": "x"}"#, CallStyle::Named, None),
            ["/skill/entry", "run", r#"{"name":"x"}"#]
        );
    }

    #[test]
    fn a_script_is_run_without_the_method_s_name() {
        let script = ["/usr/bin/python3", "/skill/scripts/run.py"].map(PathBuf::from);
        assert_eq!(
            words(r#"["-x", 1]"#, CallStyle::Positional, Some(&script)),
            ["/usr/bin/python3", "/skill/scripts/run.py", "-x", "1"]
        );
        assert_eq!(
            words("[]", CallStyle::Positional, Some(&script[1..])),
            ["/skill/scripts/run.py"]
        );
    }

    #[test]
    fn results_are_json_if_they_can_be() {
        for (stdout, expected) in [
            (&b"{\"a\": 1}\n"[..], "{\"a\": 1}"),
            (b"7", "7"),
            (b"", "null"),
            (b"hello\n", "\"hello\""),
            (b"two\nlines\n\n", "\"two\\nlines\\n\""),
            (b"{broken", "\"{broken\""),
            (b"\xff", "\"\u{fffd}\""),
            (b"\n", "\"\""),
        ] {
            assert_eq!(result(stdout).unwrap(), expected);
        }
    }
}
