//! Skills that call skills: which one may call which, and what keeps calls from going on for ever.
//!
//! A call of a skill is a call like any other, of the same session and trace: the other skill has its own sandbox, its own
//! grants and its own breaker, and knows who led to it. It has no more time than is left to its caller, and ends with it.

use std::sync::Arc;

use mycelium_protocol::control::AgentContext;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::read_value;
use mycelium_protocol::worker::SkillCall;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use serde_json::Value;
use serde_json::value::to_raw_value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::desk::invalid;
use crate::host_calls::HostRefusal;
use crate::host_calls::Performed;
use crate::last_use::Part;

/// The most skills in a row of which each calls the next.
const MAX_DEPTH: usize = 8;
/// The most calls of skills that one call from outside has under way, its skills' calls and theirs included.
const MAX_UNDER_WAY: usize = 64;

/// Where a call comes from.
#[derive(Clone, Debug)]
pub(crate) struct CallOrigin {
    /// The skills that led to it, the first one first.
    pub(crate) callers: Vec<SkillName>,
    /// When the time of the one that made it is up.
    pub(crate) deadline: Option<Instant>,
    /// Room for what all calls of one from outside lead to.
    pub(crate) room: Option<Arc<Semaphore>>,
}

impl CallOrigin {
    /// The room that the calls of one that comes from here share.
    pub(crate) fn shared_room(&self) -> Arc<Semaphore> {
        let room = self.room.as_ref().map(Arc::clone);
        room.unwrap_or_else(|| Arc::new(Semaphore::new(MAX_UNDER_WAY)))
    }
}

/// What a client asks for itself.
pub(crate) static FROM_OUTSIDE: CallOrigin = CallOrigin {
    callers: Vec::new(),
    deadline: None,
    room: None,
};

/// What the calls that a skill makes inherit from the one that it works at.
#[derive(Clone, Debug)]
pub(crate) struct CallScope {
    pub(crate) session: String,
    pub(crate) agent: Option<Box<AgentContext>>,
    pub(crate) callers: Vec<SkillName>,
    pub(crate) room: Arc<Semaphore>,
}

impl Desk {
    /// Calls another skill for this one.
    pub(crate) async fn call_skill(&self, call: SkillCall) -> Performed {
        match self.prepare_call(call).await {
            Ok((request, origin, used)) => {
                let mut performed = self.make_call(request, origin).await;
                performed.used = Some(used);
                performed
            }
            Err(performed) => *performed,
        }
    }

    /// The call that is meant, if it may be made: with where it comes from, and the permission that allows it.
    async fn prepare_call(
        &self,
        call: SkillCall,
    ) -> Result<(ExecRequest, CallOrigin, Part), Box<Performed>> {
        let fail = |error: ErrorReport| Box::new(Performed::from(error));
        let Some(scope) = &self.scope else {
            return Err(fail(invalid(
                "another skill is called while a call runs, not in a lifecycle hook",
            )));
        };
        let wanted: SkillSelector = call.skill.parse().map_err(|reason| fail(invalid(reason)))?;
        let own = &self.launch.policy.skill.name;
        let grants: Vec<SkillSelector> = (self.launch.evaluation.host.skills.iter())
            .filter_map(|declared| declared.parse().ok())
            .filter(|grant: &SkillSelector| grant.name == wanted.name)
            .collect();
        let Some(first) = grants.first() else {
            return Err(Box::new(refused(&wanted)));
        };
        let mut callers = scope.callers.clone();
        callers.push(own.clone());
        let row = || {
            let names = callers.iter().chain([&wanted.name]);
            let names: Vec<&str> = names.map(SkillName::as_str).collect();
            names.join(" → ")
        };
        if callers.contains(&wanted.name) {
            let error = ErrorReport::new(ErrorCode::CallCycle).with("calls", row());
            return Err(fail(error));
        }
        if callers.len() >= MAX_DEPTH {
            let error = ErrorReport::new(ErrorCode::CallDepth)
                .with("calls", row())
                .with("limit", MAX_DEPTH);
            return Err(fail(error));
        }
        let Some(inner) = self.inner.upgrade() else {
            return Err(fail(ErrorReport::new(ErrorCode::CallEnded)));
        };
        let selector = match wanted.range {
            Some(_) => wanted.clone(),
            None => first.clone(),
        };
        let needed = || self.tell_needed(wanted.to_string(), permission_for(&wanted));
        let found = inner.find(&self.workspace, &selector).await;
        let record = found.inspect_err(|_| needed()).map_err(fail)?;
        let grant = grants.iter().find(|grant| {
            let range = grant.range.as_ref();
            range.is_none_or(|range| range.contains(record.version()))
        });
        let Some(grant) = grant else {
            return Err(Box::new(refused(&wanted)));
        };
        needed();
        let args = arguments(call.args.get()).map_err(fail)?;
        let request = ExecRequest {
            // What was judged is what is called, whatever is found meanwhile.
            skill: exactly(&record).map_err(fail)?,
            method: call.method,
            args,
            timeout_seconds: call.timeout_seconds,
            correlation_id: Some(self.trace.clone()),
            agent: scope.agent.clone(),
        };
        let origin = CallOrigin {
            callers,
            deadline: Some(self.deadline),
            room: Some(Arc::clone(&scope.room)),
        };
        Ok((request, origin, Part::skill(&grant.to_string())))
    }

    async fn make_call(&self, request: ExecRequest, origin: CallOrigin) -> Performed {
        let (Some(scope), Some(inner)) = (&self.scope, self.inner.upgrade()) else {
            return ErrorReport::new(ErrorCode::CallEnded).into();
        };
        let Ok(place) = Arc::clone(&self.skill_calls).acquire_owned().await else {
            return ErrorReport::new(ErrorCode::CallEnded).into();
        };
        // Whoever waits here holds a place that others wait for: so nobody waits.
        let Ok(_room) = scope.room.try_acquire() else {
            let overloaded = ErrorReport::new(ErrorCode::Overloaded);
            return overloaded.with("skill", &request.skill.name).into();
        };
        let context = self.workspace.context(&scope.session);
        let mut cancelled = self.cancelled.subscribe();
        let report = tokio::select! {
            report = inner.execute(&context, request, &self.events, (None, origin)) => report,
            _ = cancelled.wait_for(|cancelled| *cancelled) => {
                return ErrorReport::new(ErrorCode::Interrupted).into();
            }
        };
        Performed {
            place: Some(place),
            ..Performed::freely(
                report
                    .outcome
                    .and_then(|value| to_raw_value(&value).map_err(ErrorReport::internal)),
            )
        }
    }
}

/// A selector of this skill in this version.
fn exactly(record: &SkillRecord) -> Result<SkillSelector, ErrorReport> {
    let range = format!("={}", record.version());
    Ok(SkillSelector {
        name: record.name().clone(),
        range: Some(range.parse().map_err(ErrorReport::internal)?),
    })
}

/// The arguments of a call, which are a list or an object.
fn arguments(text: &str) -> Result<Arguments, ErrorReport> {
    match read_value(text).map_err(invalid)? {
        Value::Array(list) => Ok(Arguments::Positional(list)),
        Value::Object(members) => Ok(Arguments::Named(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(invalid("the arguments are neither a list nor an object"))
        }
    }
}

fn refused(wanted: &SkillSelector) -> Performed {
    Performed::refused(HostRefusal {
        attempted: wanted.to_string(),
        target: wanted.name.to_string(),
        permission: permission_for(wanted),
    })
}

/// What allows a skill to call another one.
fn permission_for(wanted: &SkillSelector) -> Permission {
    Permission::Skill {
        skills: vec![wanted.to_string()],
    }
}
