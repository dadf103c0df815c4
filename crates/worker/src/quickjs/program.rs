//! What is asked of a program: load it, run a hook, call a function, evaluate a text.
//!
//! Each may be finished at once or leave a promise behind; then turns of the event loop settle it.

use std::path::Path;

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_types::CallStyle;
use mycelium_types::Hook;
use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Persistent;
use rquickjs::Promise;
use rquickjs::Value;
use rquickjs::promise::PromiseState;
use rustix::event::Timespec;

use super::bytecode;
use super::engine::Engine;
use super::engine::Waiting;
use super::failure;
use super::json;
use super::source;
use super::trace;

/// What was asked, and so what the answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    Load,
    Value { method: String, max_result: u64 },
}

/// Something that was asked and is not answered yet.
pub(crate) struct Pending {
    question: Question,
    promise: Persistent<Promise<'static>>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The skill is loaded and has these hooks.
    Loaded(Vec<Hook>),
    /// The value, as JSON.
    Value(String),
}

/// How far a question is.
pub(crate) enum Progress {
    /// It is answered.
    Done(Result<Answer, Failure>),
    /// It is not.
    Waiting(Pending),
}

/// A call of an exported function.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// An array or an object, as JSON.
    pub(crate) args: &'a str,
    pub(crate) style: CallStyle,
    pub(crate) max_result: u64,
    pub(crate) max_output: u64,
}

impl Engine {
    /// Loads the skill at `entrypoint`, which must have the functions `exports`.
    pub(crate) fn load(&self, entrypoint: &Path, exports: &[String]) -> Progress {
        self.ask(Question::Load, |ctx| {
            let names = exports.to_vec();
            let entrypoint = entrypoint.to_string_lossy().into_owned();
            self.host.hook(ctx, "load")?.call((entrypoint, names))
        })
    }

    /// Runs a hook, if the skill has it.
    pub(crate) fn hook(&self, hook: Hook, argument: &str, max_output: u64) -> Progress {
        self.begin_call(max_output);
        let question = Question::Value {
            method: hook.as_str().to_owned(),
            max_result: u64::MAX,
        };
        self.ask(question, |ctx| {
            let argument = ctx.json_parse(argument)?;
            self.host.hook(ctx, "hook")?.call((hook.as_str(), argument))
        })
    }

    /// Calls an exported function.
    pub(crate) fn call(&self, call: &Call<'_>) -> Progress {
        self.begin_call(call.max_output);
        let offers = self.enter(|ctx| {
            self.host
                .hook(ctx, "offers")?
                .call::<_, bool>((call.method,))
        });
        if offers != Ok(true) {
            let message = format!("the skill has no function '{}'", call.method);
            return Progress::Done(Err(failure::plain(FailureKind::MissingExport, message)));
        }
        let question = Question::Value {
            method: call.method.to_owned(),
            max_result: call.max_result,
        };
        self.ask(question, |ctx| {
            let args = ctx.json_parse(call.args)?;
            let args = match call.style {
                CallStyle::Positional => match args.into_array() {
                    Some(args) => args,
                    None => return Err(rquickjs::Error::new_from_js("arguments", "array")),
                },
                CallStyle::Named => {
                    let array = Array::new(ctx.clone())?;
                    array.set(0, args)?;
                    array
                }
            };
            self.host.hook(ctx, "call")?.call((call.method, args))
        })
    }

    /// Evaluates `text`, the body of an async function that has `require`, as if it were the file at `file`. Gives
    /// what it returns, as JSON.
    ///
    /// # Errors
    /// When it throws, never ends, or returns something that is not JSON.
    pub fn evaluate(&mut self, text: &str, file: &Path) -> Result<String, Failure> {
        let name = file.to_string_lossy().into_owned();
        let question = Question::Value {
            method: String::new(),
            max_result: u64::MAX,
        };
        let progress = self.ask(question, |ctx| {
            let head = format!("async {}", source::COMMON_JS);
            let code = bytecode::wrap(&head, text);
            let function = bytecode::function_from_source(ctx, code, &name)?;
            self.host
                .hook(ctx, "evaluate")?
                .call((function, name.as_str()))
        });
        match self.finish(progress)? {
            Answer::Value(value) => Ok(value),
            Answer::Loaded(_) => Ok("null".to_owned()),
        }
    }

    /// Turns the event loop until the question is answered.
    pub(crate) fn finish(&self, progress: Progress) -> Result<Answer, Failure> {
        let pending = match progress {
            Progress::Done(answer) => return answer,
            Progress::Waiting(pending) => pending,
        };
        loop {
            if let Some(answer) = self.advance(&pending) {
                return answer;
            }
            let timeout = match self.waiting() {
                Waiting::Due => continue,
                Waiting::For(delay) => Timespec::try_from(delay).ok(),
                Waiting::Forever => None,
            };
            // With nothing to wait for there is no timer either, and `advance` has answered.
            let Some(timeout) = timeout else {
                return Err(never_settles());
            };
            rustix::event::poll(&mut [], Some(&timeout)).ok();
        }
    }

    /// One turn of the event loop for a question; its answer if that was enough.
    fn advance(&self, pending: &Pending) -> Option<Result<Answer, Failure>> {
        if let Err(ended) = self.turn() {
            return Some(Err(ended));
        }
        if let Some(uncaught) = self.take_uncaught() {
            return Some(Err(uncaught));
        }
        self.settled(pending)
            .or_else(|| (!self.is_alive()).then(|| Err(never_settles())))
    }

    /// The answer to a question, if its promise has settled.
    pub(crate) fn settled(&self, pending: &Pending) -> Option<Result<Answer, Failure>> {
        let settled = self.enter(|ctx| {
            let promise = pending.promise.clone().restore(ctx)?;
            match promise.state() {
                PromiseState::Pending => Ok(None),
                PromiseState::Resolved | PromiseState::Rejected => {
                    match promise.result::<Value<'_>>() {
                        Some(result) => {
                            result.map(|value| Some(self.answer(ctx, &pending.question, value)))
                        }
                        None => Ok(None),
                    }
                }
            }
        });
        let answer = match settled {
            Ok(None) => return None,
            Ok(Some(answer)) => answer,
            Err(failure) => Err(failure),
        };
        Some(self.complete(&pending.question, answer))
    }

    /// Prepares for what a new call may do.
    fn begin_call(&self, max_output: u64) {
        self.host.output.borrow_mut().begin_call(max_output);
        self.host.guard.borrow_mut().begin_call();
    }

    /// Asks a question in JavaScript; whatever comes back is the answer, or a promise of it.
    fn ask(
        &self,
        question: Question,
        start: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<Value<'js>>,
    ) -> Progress {
        if self.host.exit.get().is_some()
            && let Some(ended) = failure::ended(&self.host)
        {
            return Progress::Done(Err(ended));
        }
        let started = self.enter(|ctx| {
            let value = start(ctx)?;
            match value.as_promise() {
                Some(promise) => {
                    self.host
                        .hook(ctx, "ignoreRejection")?
                        .call::<_, ()>((promise.clone(),))?;
                    Ok(Err(Persistent::save(ctx, promise.clone())))
                }
                None => Ok(Ok(self.answer(ctx, &question, value))),
            }
        });
        match started {
            Ok(Err(promise)) => Progress::Waiting(Pending { question, promise }),
            Ok(Ok(answer)) => Progress::Done(self.complete(&question, answer)),
            Err(failure) => Progress::Done(self.complete(&question, Err(failure))),
        }
    }

    /// What is left to do when the answer is known, whatever it is.
    fn complete(
        &self,
        question: &Question,
        answer: Result<Answer, Failure>,
    ) -> Result<Answer, Failure> {
        // What was written without a line break belongs to this answer, and may be too much.
        self.enter(|ctx| self.host.hook(ctx, "flush")?.call::<_, ()>(()))?;
        if let Some(ended) = failure::ended(&self.host) {
            return Err(ended);
        }
        answer.map_err(|mut failure| {
            match question {
                Question::Load => {
                    if failure.kind == FailureKind::Thrown && failure::is_unreadable(&failure) {
                        failure.kind = FailureKind::Syntax;
                    }
                }
                Question::Value { method, .. } => {
                    if failure.kind == FailureKind::Syntax {
                        // The skill's code can be read: it has read something else.
                        failure.kind = FailureKind::Thrown;
                    }
                    let receiver =
                        self.enter(|ctx| self.host.hook(ctx, "receiver")?.call::<_, String>(()));
                    if let (Ok(receiver), Some(stack)) = (receiver, &mut failure.stack) {
                        trace::name_receiver(stack, method, &receiver);
                    }
                }
            }
            failure
        })
    }

    fn answer<'js>(
        &self,
        ctx: &Ctx<'js>,
        question: &Question,
        value: Value<'js>,
    ) -> Result<Answer, Failure> {
        match question {
            Question::Load => {
                loaded(value).unwrap_or_else(|error| Err(failure::describe(ctx, &self.host, error)))
            }
            Question::Value { max_result, .. } => {
                json::write(ctx, &self.host, value, *max_result).map(Answer::Value)
            }
        }
    }
}

fn loaded(value: Value<'_>) -> rquickjs::Result<Result<Answer, Failure>> {
    let Some(object) = value.into_object() else {
        return Err(rquickjs::Error::new_from_js("value", "object"));
    };
    let missing: Vec<String> = object.get("missing")?;
    if !missing.is_empty() {
        let message = format!("the module does not export {}", missing.join(", "));
        return Ok(Err(failure::plain(FailureKind::MissingExport, message)));
    }
    let names: Vec<String> = object.get("hooks")?;
    let hooks = Hook::ALL
        .into_iter()
        .filter(|hook| names.iter().any(|name| name == hook.as_str()))
        .collect();
    Ok(Ok(Answer::Loaded(hooks)))
}

/// A promise that nothing can settle any more.
pub(crate) fn never_settles() -> Failure {
    failure::plain(
        FailureKind::NeverSettles,
        "the promise can never settle: no timer and no other work is left that could settle it",
    )
}
