//! A skill that is a server of MCP: the program runs as long as its worker, and each call is one of its tools.

mod conversation;
mod message;
mod offers;

use std::ffi::OsString;

use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::DescribeParams;
use mycelium_protocol::worker::Described;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::ServerStart;
use mycelium_protocol::worker::StartParams;
use mycelium_sandbox::Lifetime;
use mycelium_sandbox::Seat;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use self::conversation::Conversation;
use self::conversation::Hearing;
use self::conversation::Unanswered;
use self::message::Refused;
use crate::WorkerError;
use crate::program::Requests;
use crate::program::argv::not_started;
use crate::quickjs::plain_failure;
use crate::wire::Wire;

/// The revision of the protocol that is asked for, and older ones that say the same of tools.
const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The most pages of a list.
const MAX_PAGES: usize = 100;

/// A skill whose program speaks MCP on its standard streams.
pub(super) struct ServerSkill<'a> {
    seat: &'a Seat,
    params: StartParams,
    start: ServerStart,
    wire: Wire,
    server: Option<Server>,
}

/// A server that has shaken hands.
struct Server {
    conversation: Conversation,
    greeting: Greeting,
}

/// What a server says of itself first.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Greeting {
    protocol_version: String,
    #[serde(default)]
    capabilities: Capabilities,
    #[serde(default)]
    server_info: Identity,
    #[serde(default)]
    instructions: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Capabilities {
    #[serde(default)]
    tools: Option<Value>,
    #[serde(default)]
    resources: Option<Value>,
    #[serde(default)]
    prompts: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Identity {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<Value>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl<'a> ServerSkill<'a> {
    pub(super) fn new(seat: &'a Seat, params: StartParams, start: ServerStart, wire: Wire) -> Self {
        Self {
            seat,
            params,
            start,
            wire,
            server: None,
        }
    }

    /// Answers requests until the runtime is gone.
    pub(super) fn serve(mut self, requests: &mut Requests) -> Result<(), WorkerError> {
        while let Some((id, request)) = requests.next(&mut self.wire)? {
            let answered = match request {
                Request::Load(_) => self.load(id, requests),
                Request::Call(call) => self.call(id, &call, requests),
                Request::Describe(most) => self.describe(id, most, requests),
                Request::Start(_) | Request::Hook(_) | Request::Compile(_) => {
                    let message = format!("{} came at the wrong time", request.method());
                    Err(Unanswered::Over(protocol(message)))
                }
            };
            match answered {
                Ok(()) => {}
                Err(Unanswered::Cancelled) => {
                    let failure =
                        plain_failure(FailureKind::Thrown, "the call was cancelled".to_owned());
                    self.wire.failed(id, &failure)?;
                }
                Err(Unanswered::Over(failure)) => {
                    // Whatever is left of it says nothing that anybody waits for.
                    if let Some(server) = self.server.take() {
                        server.conversation.process().finish();
                    }
                    self.wire.failed(id, &failure)?;
                }
                Err(Unanswered::Runtime(None)) => return Ok(()),
                Err(Unanswered::Runtime(Some(error))) => return Err(error),
            }
        }
        Ok(())
    }

    fn load(&mut self, id: u64, requests: &mut Requests) -> Result<(), Unanswered> {
        self.started(id, requests, self.start.max_output)?;
        let loaded = Loaded {
            layers: Vec::new(),
            hooks: Vec::new(),
        };
        Ok(self.wire.succeeded(id, &loaded)?)
    }

    fn call(
        &mut self,
        id: u64,
        call: &CallParams,
        requests: &mut Requests,
    ) -> Result<(), Unanswered> {
        let arguments: Value = serde_json::from_str(call.args.get())
            .ok()
            .filter(Value::is_object)
            .unwrap_or_else(|| json!({}));
        let offer = self.start.offers.get(&call.method).copied();
        let (asked, mut params) = match offer {
            Some(offer) => (offer.method(), arguments),
            None => {
                let tool = self.start.renamed.get(&call.method);
                let tool = tool.unwrap_or(&call.method);
                ("tools/call", json!({"name": tool, "arguments": arguments}))
            }
        };
        self.started(id, requests, call.max_output)?;
        let Self { server, wire, .. } = self;
        let Some(Server { conversation, .. }) = server else {
            return Err(Unanswered::Over(protocol("there is no server".to_owned())));
        };
        let before = conversation.process().cpu_time();
        params["_meta"] = json!({"progressToken": conversation.next_id()});
        let mut hearing = Hearing {
            requests,
            wire,
            call: id,
            max_output: call.max_output,
        };
        let answer = conversation.ask(asked, &params, &mut hearing)?;
        let answer = answer.map_err(|refused| refusal(&refused));
        let answer = match offer {
            Some(offer) => answer.and_then(|answer| offers::as_tool_result(offer, &answer)),
            None => answer.and_then(|result| match message::failure_of(&result) {
                Some(words) => Err(plain_failure(FailureKind::Thrown, words)),
                None => Ok(result),
            }),
        };
        match answer {
            Err(failure) => wire.failed(id, &failure)?,
            Ok(result) if result.get().len() as u64 > call.max_result => {
                let message = "its result is larger than its limit".to_owned();
                let failure = plain_failure(FailureKind::ResultTooLarge, message);
                wire.failed(id, &failure)?;
            }
            Ok(result) => {
                let process = conversation.process();
                let time = process.cpu_time().saturating_sub(before);
                wire.returned(id, result.get(), time, process.memory())?;
            }
        }
        Ok(())
    }

    fn describe(
        &mut self,
        id: u64,
        most: DescribeParams,
        requests: &mut Requests,
    ) -> Result<(), Unanswered> {
        let max_output = self.start.max_output;
        self.started(id, requests, max_output)?;
        let Self {
            server,
            wire,
            start,
            ..
        } = self;
        let Some(Server {
            conversation,
            greeting,
        }) = server
        else {
            return Err(Unanswered::Over(protocol("there is no server".to_owned())));
        };
        let mut hearing = Hearing {
            requests,
            wire,
            call: id,
            max_output,
        };
        let mut tools = Vec::new();
        let mut left = start.max_message;
        let mut cursor = greeting.capabilities.tools.as_ref().map(|_| None::<String>);
        let mut pages = 0;
        while let Some(page) = cursor.take() {
            pages += 1;
            let params = match page {
                Some(page) => json!({"cursor": page}),
                None => json!({}),
            };
            let answer = conversation.ask("tools/list", &params, &mut hearing)?;
            let answer = answer.map_err(|refused| Unanswered::Over(refusal(&refused)))?;
            let size = answer.get().len() as u64;
            let page: Page = understood(&answer, "its list of tools")?;
            tools.extend(page.tools);
            let fits = left
                .checked_sub(size)
                .filter(|_| tools.len() <= most.max_tools);
            let Some(rest) = fits.filter(|_| page.next_cursor.is_none() || pages < MAX_PAGES)
            else {
                let message = format!(
                    "its list of tools has more than {} tools, {MAX_PAGES} pages or {} bytes",
                    most.max_tools, start.max_message
                );
                let failure = plain_failure(FailureKind::ResultTooLarge, message);
                return Err(Unanswered::Over(failure));
            };
            left = rest;
            cursor = page.next_cursor.map(Some);
        }
        let identity = greeting.server_info.clone();
        let described = Described {
            protocol: greeting.protocol_version.clone(),
            title: identity.title.or(identity.name),
            version: identity.version,
            instructions: greeting.instructions.clone(),
            tools,
            resources: is_declared(greeting.capabilities.resources.as_ref()),
            prompts: is_declared(greeting.capabilities.prompts.as_ref()),
        };
        Ok(wire.succeeded(id, &described)?)
    }

    /// Sees to it that the server runs and has shaken hands: it may have ended since the last request.
    fn started(
        &mut self,
        id: u64,
        requests: &mut Requests,
        max_output: u64,
    ) -> Result<(), Unanswered> {
        if let Some(server) = &self.server {
            if !server.conversation.is_over() {
                return Ok(());
            }
            // Nobody waited for anything of it.
            server.conversation.process().finish();
            self.server = None;
        }
        let arguments: Vec<_> = self.start.arguments.iter().map(OsString::from).collect();
        let path = &self.params.entrypoint;
        let program = super::program(&self.params, path, &arguments);
        let process = self
            .seat
            .start_program(&program, Lifetime::Calls)
            .map_err(|error| {
                let message = not_started(path, &error);
                Unanswered::Over(plain_failure(FailureKind::Thrown, message))
            })?;
        let limits = self.params.policy.limits;
        let mut conversation = Conversation::new(process, self.start.max_message, limits)?;
        let mut hearing = Hearing {
            requests,
            wire: &mut self.wire,
            call: id,
            max_output,
        };
        let greeting = greet(&mut conversation, &mut hearing);
        if greeting.is_err() {
            conversation.process().finish();
        }
        self.server = Some(Server {
            conversation,
            greeting: greeting?,
        });
        Ok(())
    }
}

/// Whether a server says that it has something: by an object, however empty.
fn is_declared(capability: Option<&Value>) -> bool {
    capability.is_some_and(Value::is_object)
}

/// Shakes hands.
fn greet(
    conversation: &mut Conversation,
    hearing: &mut Hearing<'_>,
) -> Result<Greeting, Unanswered> {
    let params = json!({
        "protocolVersion": REVISIONS[0],
        "capabilities": {},
        "clientInfo": {
            "name": "mycelium",
            "title": "Mycelium",
            "version": env!("CARGO_PKG_VERSION"),
        },
    });
    let answer = conversation.ask("initialize", &params, hearing)?;
    let answer = answer.map_err(|refused| Unanswered::Over(refusal(&refused)))?;
    let greeting: Greeting = understood(&answer, "its greeting")?;
    let revision = greeting.protocol_version.as_str();
    if !REVISIONS.contains(&revision) {
        let shown: String = revision.chars().take(40).collect();
        let message = format!(
            "it speaks the revision {shown:?} of MCP, not {}",
            REVISIONS.join(", ")
        );
        let failure = plain_failure(FailureKind::Thrown, message);
        return Err(Unanswered::Over(failure));
    }
    conversation.tell("notifications/initialized", &json!({}));
    Ok(greeting)
}

fn understood<T: DeserializeOwned>(answer: &RawValue, what: &str) -> Result<T, Unanswered> {
    serde_json::from_str(answer.get()).map_err(|error| {
        let message = format!("{what} does not keep to the protocol: {error}");
        Unanswered::Over(plain_failure(FailureKind::Thrown, message))
    })
}

fn refusal(refused: &Refused) -> Failure {
    Failure {
        code: Some(refused.code.to_string()),
        ..plain_failure(FailureKind::Thrown, refused.message.clone())
    }
}

fn protocol(message: String) -> Failure {
    plain_failure(FailureKind::Protocol, message)
}
