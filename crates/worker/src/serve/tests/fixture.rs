//! A worker to talk to: a thread, a socket and a skill's folder.

use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::thread::JoinHandle;

use mycelium_policy::SandboxPolicy;
use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::Operation;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::LoadParams;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::Returned;
use mycelium_protocol::worker::RpcError;
use mycelium_sandbox::Footing;
use mycelium_types::CallStyle;
use mycelium_types::Hook;
use mycelium_types::Limits;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::WorkerError;
use crate::serve::Place;
use crate::serve::serve;

/// Enough for the unoptimised frames of the tests and the stack that programs get.
const THREAD_STACK: usize = 16 << 20;

/// A place that restricts nothing.
struct Open;

impl Place for Open {
    fn restrict(&mut self, _policy: &SandboxPolicy) -> Result<Vec<String>, Failure> {
        Ok(vec!["nothing".to_owned()])
    }

    fn footing(&self) -> Footing {
        Footing::Namespaces
    }
}

/// A skill's folder, and a worker to load it.
pub(super) struct Fixture {
    folder: TempDir,
    worker: Option<JoinHandle<Result<(), WorkerError>>>,
    socket: UnixStream,
    decoder: FrameDecoder,
    next: u64,
    /// What came unasked.
    pub(super) notifications: Vec<Notification>,
    /// The memory limit to load with.
    pub(super) memory_mb: u64,
}

impl Fixture {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        let (socket, theirs) = UnixStream::pair().unwrap();
        let worker = std::thread::Builder::new()
            .stack_size(THREAD_STACK)
            .spawn(move || serve(theirs, Open))
            .unwrap();
        Self {
            folder,
            worker: Some(worker),
            socket,
            decoder: FrameDecoder::new(MAX_FRAME),
            next: 0,
            notifications: Vec::new(),
            memory_mb: 500,
        }
    }

    /// A worker with a skill that is one file with these exports.
    pub(super) fn skill(text: &str, exports: &[&str]) -> Self {
        let mut fixture = Self::new(&[("index.js", text)]);
        fixture.load("index.js", exports).unwrap();
        fixture
    }

    pub(super) fn root(&self) -> PathBuf {
        fs_err::canonicalize(self.folder.path()).unwrap()
    }

    fn policy(&self) -> SandboxPolicy {
        policy(&self.root(), self.memory_mb)
    }

    pub(super) fn send(&mut self, request: Request) -> u64 {
        self.next += 1;
        self.send_frame(&request.into_frame(self.next).unwrap());
        self.next
    }

    pub(super) fn send_frame(&mut self, frame: &Frame) {
        let mut bytes = Vec::new();
        encode_frame(frame, &mut bytes).unwrap();
        self.socket.write_all(&bytes).unwrap();
    }

    /// The next answer; notifications that come before it are kept.
    pub(super) fn receive(&mut self) -> (u64, Result<Box<RawValue>, RpcError>) {
        let frame = self.next_frame();
        let id = frame.id.unwrap_or_else(|| panic!("no answer: {frame:?}"));
        match (frame.result, frame.error) {
            (Some(result), None) => (id, Ok(result)),
            (None, Some(error)) => (id, Err(error)),
            other => panic!("neither result nor error: {other:?}"),
        }
    }

    /// The next call about an exchange; notifications that come before it are kept.
    pub(super) fn receive_call(&mut self) -> ExchangeCall {
        let frame = self.next_frame();
        let call = ExchangeCall::from_frame(&frame).unwrap();
        call.unwrap_or_else(|| panic!("no call: {frame:?}"))
    }

    /// Tells the worker of an exchange.
    pub(super) fn reply(&mut self, reply: &ExchangeReply) {
        self.send_frame(&reply.to_frame().unwrap());
    }

    /// The next frame that is no notification.
    pub(super) fn next_frame(&mut self) -> Frame {
        loop {
            while let Some(bytes) = self.decoder.next_frame().unwrap() {
                let frame: Frame = serde_json::from_slice(bytes).unwrap();
                match Notification::from_frame(&frame).unwrap() {
                    Some(notification) => self.notifications.push(notification),
                    None => return frame,
                }
            }
            let mut chunk = vec![0; 1 << 16];
            let length = self.socket.read(&mut chunk).unwrap();
            assert!(length > 0, "the worker has gone");
            self.decoder.push(&chunk[..length]);
        }
    }

    fn ask(&mut self, request: Request) -> Result<Box<RawValue>, Failure> {
        let asked = self.send(request);
        let (id, answer) = self.receive();
        assert_eq!(id, asked);
        answer.map_err(|error| error.data.expect("a failure"))
    }

    pub(super) fn load(&mut self, entrypoint: &str, exports: &[&str]) -> Result<Loaded, Failure> {
        let params = LoadParams {
            policy: Some(Box::new(self.policy())),
            entrypoint: self.root().join(entrypoint),
            exports: exports.iter().map(ToString::to_string).collect(),
            settings: json!({"color": "blue"}),
        };
        let result = self.ask(Request::Load(params))?;
        Ok(serde_json::from_str(result.get()).unwrap())
    }

    pub(super) fn hook(&mut self, hook: Hook) -> Result<Value, Failure> {
        let params = HookParams {
            hook,
            argument: json!({"told": true}),
            context: None,
        };
        let result = self.ask(Request::Hook(params))?;
        Ok(value(&result))
    }

    pub(super) fn call_request(method: &str, args: &Value) -> CallParams {
        CallParams {
            method: method.to_owned(),
            args: serde_json::value::to_raw_value(args).unwrap(),
            style: if args.is_array() {
                CallStyle::Positional
            } else {
                CallStyle::Named
            },
            max_result: 1 << 20,
            max_output: 1 << 20,
            context: None,
        }
    }

    pub(super) fn call(&mut self, method: &str, args: &Value) -> Result<Value, Failure> {
        let params = Self::call_request(method, args);
        let result = self.ask(Request::Call(params))?;
        Ok(value(&result))
    }

    /// What was refused: the operation, the path as given and as meant.
    pub(super) fn denied(&self) -> Vec<(Operation, &str, &Path)> {
        self.notifications
            .iter()
            .filter_map(|notification| match notification {
                Notification::Denied(denied) => Some((
                    denied.operation,
                    denied.attempted.as_str(),
                    denied.resolved.as_path(),
                )),
                Notification::Console(_)
                | Notification::Progress(_)
                | Notification::Used(_)
                | Notification::Looked(_)
                | Notification::Omitted(_)
                | Notification::Assets(_) => None,
            })
            .collect()
    }

    /// How much more was refused, each time that was told.
    pub(super) fn omitted(&self) -> Vec<u64> {
        self.notifications
            .iter()
            .filter_map(|notification| match notification {
                Notification::Omitted(omitted) => Some(omitted.refused),
                Notification::Console(_)
                | Notification::Progress(_)
                | Notification::Used(_)
                | Notification::Looked(_)
                | Notification::Assets(_)
                | Notification::Denied(_) => None,
            })
            .collect()
    }

    pub(super) fn console(&self) -> Vec<(ConsoleLevel, &str)> {
        self.notifications
            .iter()
            .filter_map(|notification| match notification {
                Notification::Console(printed) => Some((printed.level, printed.text.as_str())),
                Notification::Denied(_)
                | Notification::Progress(_)
                | Notification::Used(_)
                | Notification::Looked(_)
                | Notification::Omitted(_)
                | Notification::Assets(_) => None,
            })
            .collect()
    }

    /// Closes the socket; the worker must end by itself.
    pub(super) fn close(mut self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        let worker = self.worker.take().unwrap();
        worker.join().unwrap().unwrap();
    }
}

/// The value of an answer.
pub(super) fn value(result: &RawValue) -> Value {
    let returned: Returned = serde_json::from_str(result.get()).unwrap();
    assert!(returned.memory_bytes > 0);
    serde_json::from_str(returned.value.get()).unwrap()
}

fn policy(root: &Path, memory_mb: u64) -> SandboxPolicy {
    serde_json::from_value(json!({
        "skill": {"name": "demo", "version": "1.0.0"},
        "skill_root": root, "workspace": root, "paths": [], "dependency_layer": null,
        "bytecode": null, "data": null, "environment": {"LANG": "C.UTF-8"},
        "limits": Limits { memory_mb, output_mb: 1, ..Limits::default() },
        "required_rung": "none", "denials": []
    }))
    .unwrap()
}
