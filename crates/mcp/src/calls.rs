//! What a call of a tool means: a question about skills, or a function of one.

use std::sync::Arc;

use mycelium_protocol::check_nesting;
use mycelium_protocol::control::AgentContext;
use mycelium_protocol::control::AgentIdentity;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillSelector;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::printable;
use rmcp::model::CallToolResponse;
use rmcp::model::Implementation;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::arguments::arguments;
use crate::catalogue::Catalogue;
use crate::catalogue::SkillTool;
use crate::consent::Asker;
use crate::consent::Consent;
use crate::fixed;
use crate::outcome;
use crate::progress::Progress;
use crate::view::View;
use crate::view::lock;

/// The member of a call's `_meta` in which an agent tells what was said before.
pub(crate) const CONVERSATION_KEY: &str = "io.mycelium/conversation";

/// How much of an agent's name, and of its version, skills are told, in characters.
const MAX_IDENTITY: usize = 100;

/// What belongs to one call.
pub(crate) struct Call {
    /// The trace it is part of.
    pub(crate) trace: Option<String>,
    /// Who calls.
    pub(crate) agent: Option<Box<AgentContext>>,
    pub(crate) progress: Progress,
    /// Who asks the person, if the agent can.
    pub(crate) consent: Option<Asker>,
}

impl View {
    /// The tools there are now.
    pub(crate) async fn catalogue(&self) -> Result<Arc<Catalogue>, ErrorReport> {
        let exports = self.runtime.exports(&self.context).await?;
        let catalogue = self.tools.catalogue(&self.context.workspace, exports);
        *lock(&self.catalogue) = Arc::clone(&catalogue);
        Ok(catalogue)
    }

    async fn tool(&self, name: &str) -> Result<Option<SkillTool>, ErrorReport> {
        let known = lock(&self.catalogue).call(name).cloned();
        match known {
            Some(tool) => Ok(Some(tool)),
            // It may have been listed by another connection, or come since.
            None => Ok(self.catalogue().await?.call(name).cloned()),
        }
    }

    /// Answers a call, or says that there is no such tool.
    pub(crate) async fn answer(
        &self,
        name: &str,
        given: JsonObject,
        call: &Call,
    ) -> Result<Option<CallToolResponse>, ErrorReport> {
        let answer = match name {
            fixed::SEARCH => outcome::told(self.search(&given).await?).into(),
            fixed::DESCRIBE => outcome::told(self.describe(&given).await?).into(),
            fixed::RUN => {
                let (tool, given) = self.meant(given).await?;
                self.run(&tool, given, call).await?
            }
            name => match self.tool(name).await? {
                Some(tool) => self.run(&tool, given, call).await?,
                None => return Ok(None),
            },
        };
        Ok(Some(answer))
    }

    async fn search(&self, given: &JsonObject) -> Result<Value, ErrorReport> {
        let query = text(fixed::SEARCH, given, "query")?;
        let limit = given.get("limit").and_then(Value::as_u64);
        let limit = limit.map_or(fixed::USUAL_HITS, |limit| {
            usize::try_from(limit).unwrap_or(fixed::MAX_HITS)
        });
        let request = SearchRequest {
            text: Some(query.to_owned()),
            limit: limit.clamp(1, fixed::MAX_HITS),
            ..SearchRequest::default()
        };
        let skills = self
            .runtime
            .search_for_agent(&self.context, request)
            .await?;
        Ok(fixed::found(&skills))
    }

    async fn describe(&self, given: &JsonObject) -> Result<Value, ErrorReport> {
        let skill = selector(fixed::DESCRIBE, given)?;
        let exports = self.runtime.exports_of(&self.context, &skill).await?;
        let info = self.runtime.info(&self.context, &skill).await?;
        Ok(fixed::described(&exports, &info))
    }

    /// What `skill_run` is to run, and with what.
    async fn meant(&self, mut given: JsonObject) -> Result<(SkillTool, JsonObject), ErrorReport> {
        let skill = selector(fixed::RUN, &given)?;
        let method = text(fixed::RUN, &given, "method")?.to_owned();
        let exports = self.runtime.exports_of(&self.context, &skill).await?;
        let function = exports
            .functions()
            .find(|function| function.export.name == method);
        let Some(function) = function else {
            let known = exports.manifest().exports.iter();
            let names = known.map(|export| export.name.as_str());
            let suggestion = mycelium_types::nearest(&method, names).unwrap_or("none");
            return Err(ErrorReport::new(ErrorCode::MethodNotFound)
                .with("skill", &skill)
                .with("method", printable(&method))
                .with("suggestion", suggestion));
        };
        let tool = SkillTool {
            skill,
            ..SkillTool::of(&exports, function)
        };
        match given.remove("arguments") {
            None | Some(Value::Null) => Ok((tool, JsonObject::default())),
            Some(Value::Object(object)) => Ok((tool, object)),
            Some(_) => Err(invalid(&tool, "`arguments` is not an object".to_owned())),
        }
    }

    async fn run(
        &self,
        tool: &SkillTool,
        given: JsonObject,
        call: &Call,
    ) -> Result<CallToolResponse, ErrorReport> {
        let args = arguments(&tool.shape, given).map_err(|reason| invalid(tool, reason))?;
        let request = ExecRequest {
            skill: tool.skill.clone(),
            method: tool.method.clone(),
            args,
            timeout_seconds: None,
            correlation_id: call.trace.clone(),
            agent: call.agent.clone(),
        };
        let mut report = self.execute(request.clone(), call).await;
        if let Err(error) = &report.outcome
            && error.code == ErrorCode::PermissionRequired
            && let Some(consent) = &call.consent
        {
            match consent.ask(self, tool).await? {
                Consent::Answered => report = self.execute(request, call).await,
                Consent::Awaited(question) => return Ok(question.into()),
                Consent::Withheld => {}
            }
        }
        let value = report.outcome?;
        let as_given = report.tool_result.and_then(outcome::as_given);
        let answer = as_given.unwrap_or_else(|| {
            let mut results = lock(&self.results);
            outcome::success(value, tool, &report.correlation_id, &mut results)
        });
        Ok(answer.into())
    }

    async fn execute(&self, request: ExecRequest, call: &Call) -> ExecReport {
        let events = &call.progress.events;
        self.runtime.execute(&self.context, request, events).await
    }
}

/// The trace that a W3C `traceparent` names (`00-TRACE-SPAN-FLAGS`), to be the call's correlation id.
pub(crate) fn trace_id(traceparent: &str) -> Option<String> {
    let trace = traceparent.split('-').nth(1)?;
    let is_hex = trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| trace.to_owned())
}

/// What an agent says of itself, as far as a skill is told.
pub(crate) fn agent(
    client: Implementation,
    roots: Vec<String>,
    conversation: Option<&Value>,
) -> Box<AgentContext> {
    let cut = |text: &str| -> String { text.chars().take(MAX_IDENTITY).collect() };
    Box::new(AgentContext {
        identity: AgentIdentity {
            name: cut(&client.name),
            version: cut(&client.version),
        },
        roots,
        // What does not fit into a message is as good as not told.
        conversation: conversation
            .filter(|said| check_nesting(said).is_ok())
            .cloned(),
    })
}

fn text<'a>(tool: &str, given: &'a JsonObject, name: &str) -> Result<&'a str, ErrorReport> {
    given.get(name).and_then(Value::as_str).ok_or_else(|| {
        ErrorReport::new(ErrorCode::ArgumentsInvalid)
            .with("skill", "mycelium")
            .with("method", tool)
            .with("reason", format!("`{name}` is missing or is not text"))
    })
}

fn selector(tool: &str, given: &JsonObject) -> Result<SkillSelector, ErrorReport> {
    text(tool, given, "skill")?.parse().map_err(
        |reason: mycelium_protocol::control::InvalidSelector| {
            ErrorReport::new(ErrorCode::ArgumentsInvalid)
                .with("skill", "mycelium")
                .with("method", tool)
                .with("reason", reason)
        },
    )
}

fn invalid(tool: &SkillTool, reason: String) -> ErrorReport {
    ErrorReport::new(ErrorCode::ArgumentsInvalid)
        .with("skill", &tool.skill)
        .with("method", &tool.method)
        .with("reason", reason)
}
