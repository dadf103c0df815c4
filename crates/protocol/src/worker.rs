//! The worker protocol: JSON-RPC 2.0 between the runtime and one worker.
//!
//! The runtime asks ([`Request`]), the worker answers each request once and may send
//! [`Notification`]s at any time. Requests to the network are the worker's: it sends [`ExchangeCall`]s, and the
//! runtime [`ExchangeReply`]s. What it asks of the runtime itself are [`HostCall`]s, each with one [`HostAnswer`].
//! The worker is hostile: whatever it sends is bounded and checked.

mod exchange;
mod host;
mod looked;
mod server;

use std::collections::BTreeMap;
use std::path::PathBuf;

use mycelium_policy::SandboxPolicy;
use mycelium_types::CallStyle;
use mycelium_types::Hook;
use mycelium_types::WorkerProtocol;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::ConsoleLevel;
use crate::Operation;

pub use exchange::BodyLength;
pub use exchange::EXCHANGE_WINDOW;
pub use exchange::ExchangeBody;
pub use exchange::ExchangeCall;
pub use exchange::ExchangeCredit;
pub use exchange::ExchangeEnd;
pub use exchange::ExchangeFailed;
pub use exchange::ExchangeFailure;
pub use exchange::ExchangeHead;
pub use exchange::ExchangeNumber;
pub use exchange::ExchangeReply;
pub use exchange::MAX_EXCHANGE_CHUNK;
pub use exchange::MAX_EXCHANGE_HEAD;
pub use exchange::MAX_EXCHANGE_HEADERS;
pub use exchange::MAX_EXCHANGES;
pub use exchange::OpenExchange;
pub use host::AgentIdentity;
pub use host::CallContext;
pub use host::Cancel;
pub use host::HostAnswer;
pub use host::HostCall;
pub use host::InvalidHostCall;
pub use host::KvCheck;
pub use host::KvCommit;
pub use host::KvCommitted;
pub use host::KvFound;
pub use host::KvGet;
pub use host::KvList;
pub use host::KvListed;
pub use host::KvWrite;
pub use host::MAX_HOST_CALLS;
pub use host::MAX_KEPT_VALUE;
pub use host::MAX_KEY;
pub use host::MAX_LISTED;
pub use host::MAX_WRITES;
pub use host::McpCall;
pub use host::McpOperation;
pub use host::SkillCall;
pub use looked::Looked;
pub use server::DescribeParams;
pub use server::Described;
pub use server::ServerStart;

/// The protocol's version; both ends come from one executable, so it only guards against mistakes.
pub const WORKER_PROTOCOL: u32 = 1;

/// One frame in either direction.
///
/// A request has `id` and `method`, an answer `id` and `result` or `error`, a notification `method` only.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Always `2.0`.
    pub jsonrpc: JsonRpc,
    /// The request's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What is asked or told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Box<RawValue>>,
    /// The answer, which may be `null`.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub result: Option<Box<RawValue>>,
    /// The failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

impl Frame {
    /// A frame that nobody answers.
    fn notification(method: &str, params: Box<RawValue>) -> Self {
        Self {
            method: Some(method.to_owned()),
            params: Some(params),
            ..Self::default()
        }
    }

    /// The method and the parameters of a frame that nobody answers.
    fn as_notification(&self) -> Option<(&str, &str)> {
        match (self.id, self.method.as_deref(), self.params.as_deref()) {
            (None, Some(method), Some(params)) => Some((method, params.get())),
            _ => None,
        }
    }
}

/// A field that is there, whatever it says.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(value).map(Some)
}

/// The text `2.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JsonRpc {
    /// JSON-RPC 2.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// JSON-RPC's number: -32601 no such method, -32602 bad parameters, -32000 the skill failed.
    pub code: i64,
    /// What happened, one line.
    pub message: String,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Failure>,
}

/// What the runtime asks of a worker.
#[derive(Debug)]
pub enum Request {
    /// Restrict yourself and become the program that answers everything from here on.
    Start(StartParams),
    /// Read the skill's code; an embedded engine restricts itself first.
    Load(LoadParams),
    /// Run a lifecycle hook, if the skill has it.
    Hook(HookParams),
    /// Run an exported function.
    Call(CallParams),
    /// Compile sources without evaluating anything.
    Compile(CompileParams),
    /// Say what the server of MCP that the skill is offers.
    Describe(DescribeParams),
}

impl Request {
    /// The request's `method`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Load(_) => "load",
            Self::Hook(_) => "hook",
            Self::Call(_) => "call",
            Self::Compile(_) => "compile",
            Self::Describe(_) => "describe",
        }
    }

    /// The request as a frame.
    ///
    /// # Errors
    /// When the parameters cannot be written as JSON.
    pub fn into_frame(self, id: u64) -> serde_json::Result<Frame> {
        use serde_json::value::to_raw_value;
        let method = self.method();
        let params = match self {
            Self::Start(params) => to_raw_value(&params)?,
            Self::Load(params) => to_raw_value(&params)?,
            Self::Hook(params) => to_raw_value(&params)?,
            Self::Call(params) => to_raw_value(&params)?,
            Self::Compile(params) => to_raw_value(&params)?,
            Self::Describe(params) => to_raw_value(&params)?,
        };
        Ok(Frame {
            id: Some(id),
            method: Some(method.to_owned()),
            params: Some(params),
            ..Frame::default()
        })
    }

    /// The request in a frame: its number and what is asked; `None` for a frame that is no request.
    ///
    /// # Errors
    /// When the parameters are not the method's.
    pub fn from_frame(frame: &Frame) -> serde_json::Result<Option<(u64, Self)>> {
        let (Some(id), Some(method), Some(params)) =
            (frame.id, frame.method.as_deref(), frame.params.as_deref())
        else {
            return Ok(None);
        };
        let params = params.get();
        let request = match method {
            "start" => Self::Start(serde_json::from_str(params)?),
            "load" => Self::Load(serde_json::from_str(params)?),
            "hook" => Self::Hook(serde_json::from_str(params)?),
            "call" => Self::Call(serde_json::from_str(params)?),
            "compile" => Self::Compile(serde_json::from_str(params)?),
            "describe" => Self::Describe(serde_json::from_str(params)?),
            _ => return Ok(None),
        };
        Ok(Some((id, request)))
    }
}

/// What a worker needs to become a program of its own. The program itself never sees this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartParams {
    /// What it may do; its own folder, mounts, programs and environment are in there.
    pub policy: SandboxPolicy,
    /// The program to run, absolute.
    pub entrypoint: PathBuf,
    /// How the program is spoken to.
    pub protocol: WorkerProtocol,
    /// With [`WorkerProtocol::Argv`], the methods that are programs of their own: what to run, absolute, and what comes
    /// before the arguments. The entrypoint and the method's name do not appear in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scripts: BTreeMap<String, Vec<PathBuf>>,
    /// Set if the program speaks MCP on its standard streams, whatever `protocol` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerStart>,
}

/// The answer to `start`, just before the program begins. With [`WorkerProtocol::Worker`] the next request
/// reaches the program itself, on its descriptor 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The kernel layers that hold, in words.
    pub layers: Vec<String>,
}

/// What a worker needs to become one skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadParams {
    /// What it may do; its own folder, mounts and environment are in there. Absent for a program of its
    /// own, which is restricted before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<SandboxPolicy>>,
    /// The file to load, absolute.
    pub entrypoint: PathBuf,
    /// The functions that must exist in the module.
    pub exports: Vec<String>,
    /// The skill's settings, as JSON.
    pub settings: serde_json::Value,
}

/// The answer to `load`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The kernel layers that hold, in words. A program of its own knows none.
    #[serde(default)]
    pub layers: Vec<String>,
    /// The hooks the skill has.
    #[serde(default)]
    pub hooks: Vec<Hook>,
}

/// Which hook, and what it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookParams {
    /// The hook.
    pub hook: Hook,
    /// What it is told, as JSON; for `onExecute` `{method, args}`.
    pub argument: serde_json::Value,
    /// What it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<CallContext>>,
}

/// Which function, and with what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallParams {
    /// The function's name.
    pub method: String,
    /// The arguments: an array for positional calls, an object for named ones.
    pub args: Box<RawValue>,
    /// How they are passed.
    pub style: CallStyle,
    /// The most bytes the result may have as JSON.
    pub max_result: u64,
    /// The most bytes the call may print.
    pub max_output: u64,
    /// What it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<CallContext>>,
}

/// The answer to `hook` and `call`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {
    /// The value, as JSON; `null` for `undefined`.
    pub value: Box<RawValue>,
    /// Processor time it took, in microseconds; 0 if it was not measured.
    #[serde(default)]
    pub cpu_microseconds: u64,
    /// Memory of the worker afterwards, in bytes; 0 if it was not measured.
    #[serde(default)]
    pub memory_bytes: u64,
}

/// What to compile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompileParams {
    /// What it may read: a policy with the folder as its skill root.
    pub policy: SandboxPolicy,
    /// The folders whose `.js`, `.cjs` and `.mjs` files are compiled, as paths inside the sandbox.
    pub roots: Vec<PathBuf>,
}

/// The answer to `compile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compiled {
    /// The compiled code, in base64: what a worker of the same version finds at the bytecode path.
    pub bytecode: String,
    /// Files that were compiled.
    pub files: usize,
    /// Files that were left to be compiled from source, with the reason.
    pub skipped: Vec<(PathBuf, String)>,
}

/// How a request failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The message of the thrown error, or what was thrown as text.
    pub message: String,
    /// The thrown error's class, such as `TypeError`.
    #[serde(default)]
    pub name: Option<String>,
    /// The thrown error's `code`, such as `ENOENT`.
    #[serde(default)]
    pub code: Option<String>,
    /// The stack, in V8's format with host paths.
    #[serde(default)]
    pub stack: Option<String>,
    /// The skill marked the error as worth a second try (`error.transient === true`).
    #[serde(default)]
    pub transient: bool,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The skill's code threw or rejected.
    Thrown,
    /// The code could not be read, parsed or linked.
    Syntax,
    /// The module lacks an export.
    MissingExport,
    /// The result is not JSON.
    ResultInvalid,
    /// The result is too large.
    ResultTooLarge,
    /// The call printed too much.
    OutputTooLarge,
    /// The engine ran out of memory.
    OutOfMemory,
    /// The program used too much processor time.
    CpuTime,
    /// The program wrote a file beyond its limit.
    FileSize,
    /// The program could start no more processes.
    Processes,
    /// The skill called `process.exit`.
    Exited,
    /// The promise can never settle: nothing is left that could.
    NeverSettles,
    /// The sandbox could not be completed.
    Sandbox,
    /// The runtime did not do what the skill asked of it.
    Host,
    /// The request came in the wrong order.
    Protocol,
}

/// What a worker tells unasked.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// The skill printed something.
    Console(Printed),
    /// The skill tells how far its call is.
    Progress(CallProgress),
    /// The in-engine guard refused something.
    Denied(Denied),
    /// The in-engine guard let something pass that takes a grant. Of a worker that is not observed, each grant is
    /// told about once in a while.
    Used(Used),
    /// The in-engine guard refused more than it tells of one call.
    Omitted(Omitted),
    /// The skill looked for something that may take a permission. Told only of a worker that is observed.
    Looked(Looked),
    /// The skill used functions of the runtime's that take nothing but its own files.
    Assets(AssetUses),
}

/// Something the skill printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Printed {
    /// How it was printed.
    pub level: ConsoleLevel,
    /// The text, without its last line break.
    pub text: String,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallProgress {
    /// How much is done, in a unit of the skill's.
    pub done: f64,
    /// How much there is to do, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// What is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Something the in-engine guard refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Denied {
    /// What the skill tried.
    pub operation: Operation,
    /// The path as the skill gave it.
    pub attempted: String,
    /// The path it means, absolute.
    pub resolved: PathBuf,
}

/// Something the in-engine guard let pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Used {
    /// What the skill did.
    pub operation: Operation,
    /// The path it means, absolute.
    pub resolved: PathBuf,
}

/// How often a skill asked for its own files by the functions that are for that. Told at the end of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetUses {
    /// How often.
    pub times: u64,
    /// How often in vain: there was no such file, or it was too large or not the skill's.
    pub failed: u64,
}

/// What the in-engine guard refused and does not tell one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// How many refusals there were.
    pub refused: u64,
}

impl Notification {
    /// The notification as a frame.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_frame(&self) -> serde_json::Result<Frame> {
        use serde_json::value::to_raw_value;
        let (method, params) = match self {
            Self::Console(printed) => ("console", to_raw_value(printed)?),
            Self::Progress(progress) => ("progress", to_raw_value(progress)?),
            Self::Denied(denied) => ("denied", to_raw_value(denied)?),
            Self::Used(used) => ("used", to_raw_value(used)?),
            Self::Omitted(omitted) => ("omitted", to_raw_value(omitted)?),
            Self::Looked(looked) => ("looked", to_raw_value(looked)?),
            Self::Assets(uses) => ("assets", to_raw_value(uses)?),
        };
        Ok(Frame::notification(method, params))
    }

    /// The notification in a frame; `None` for a frame that is none.
    ///
    /// # Errors
    /// When the parameters are not the method's.
    pub fn from_frame(frame: &Frame) -> serde_json::Result<Option<Self>> {
        let Some((method, params)) = frame.as_notification() else {
            return Ok(None);
        };
        Ok(Some(match method {
            "console" => Self::Console(serde_json::from_str(params)?),
            "progress" => Self::Progress(serde_json::from_str(params)?),
            "denied" => Self::Denied(serde_json::from_str(params)?),
            "used" => Self::Used(serde_json::from_str(params)?),
            "omitted" => Self::Omitted(serde_json::from_str(params)?),
            "looked" => Self::Looked(serde_json::from_str(params)?),
            "assets" => Self::Assets(serde_json::from_str(params)?),
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_notifications_survive_the_wire() {
        let call = Request::Call(CallParams {
            method: "greet".to_owned(),
            args: RawValue::from_string("[\"x\"]".to_owned()).unwrap(),
            style: CallStyle::Positional,
            max_result: 10,
            max_output: 10,
            context: None,
        });
        let text = serde_json::to_string(&call.into_frame(7).unwrap()).unwrap();
        let frame: Frame = serde_json::from_str(&text).unwrap();
        let Some((7, Request::Call(params))) = Request::from_frame(&frame).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(params.args.get(), "[\"x\"]");

        let frame: Frame =
            serde_json::from_str(r#"{"jsonrpc":"2.0","id":1,"result":null}"#).unwrap();
        assert_eq!(frame.result.unwrap().get(), "null");

        let printed = Notification::Console(Printed {
            level: ConsoleLevel::Info,
            text: "hi".to_owned(),
        });
        let text = serde_json::to_string(&printed.to_frame().unwrap()).unwrap();
        let frame: Frame = serde_json::from_str(&text).unwrap();
        assert_eq!(Notification::from_frame(&frame).unwrap(), Some(printed));
        assert!(Request::from_frame(&frame).unwrap().is_none());
    }
}
