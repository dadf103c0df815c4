//! One engine: a runtime, its globals and its event loop.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use mycelium_policy::BYTECODE_PATH;
use mycelium_policy::DEPENDENCIES_PATH;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::CallContext;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::HostAnswer;
use mycelium_protocol::worker::Notification;
use rquickjs::Context;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Runtime;

use super::binding;
use super::builtin;
use super::compiled::Compiled;
use super::failure;
use super::guard::Guard;
use super::host::Host;
use super::loader::ModuleLoader;
use super::output::Listener;
use super::output::Output;

/// The engine collects garbage for the first time at this size of its heap, in bytes: not while it starts.
const FIRST_COLLECTION: usize = 8 << 20;
/// The engine's heap ends this much below the limit of the process, so that running out is the program's error and not
/// the process's end: a sixteenth, but at least this many bytes.
const LEAST_RESERVE: u64 = 6 << 20;

/// How an engine is made.
pub struct EngineOptions {
    /// Takes what programs print and what the guard refuses.
    pub listener: Box<dyn Listener>,
    /// The most bytes that may be printed until a call sets its own limit.
    pub output_limit: u64,
    /// The most bytes of stack that programs may use. The thread must have about a third more.
    pub stack: usize,
}

impl Default for EngineOptions {
    /// Prints nowhere, on a stack that fits into a test's thread.
    fn default() -> Self {
        Self {
            listener: Box::new(|_| {}),
            output_limit: 64 << 20,
            stack: 1 << 20,
        }
    }
}

/// What the event loop waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Something is due at once.
    Due,
    /// Something is due after this time.
    For(Duration),
    /// Nothing is.
    Forever,
}

/// A JavaScript engine with Node's modules and builtins. It runs one program.
pub struct Engine {
    // The order matters: the context must be gone before the runtime.
    context: Context,
    runtime: Runtime,
    pub(super) host: Rc<Host>,
}

impl Engine {
    /// Starts an engine that nothing restricts.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn new(options: EngineOptions) -> Result<Self, Failure> {
        let runtime = Runtime::new().map_err(failure::unavailable)?;
        runtime.set_max_stack_size(options.stack);
        runtime.set_gc_threshold(FIRST_COLLECTION);
        runtime.set_loader(ModuleLoader, ModuleLoader);
        let host = Rc::new(Host::new(Output::new(
            options.listener,
            options.output_limit,
        )));
        watch(&runtime, &host);
        follow_promises(&runtime, &host);
        let context = Context::full(&runtime).map_err(failure::unavailable)?;
        let engine = Self {
            context,
            runtime,
            host,
        };
        engine.enter(|ctx| boot(ctx, &engine.host))?;
        Ok(engine)
    }

    /// Gives the program its surroundings: what it may use, its environment and the code that was compiled for it.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn confine(
        &mut self,
        policy: SandboxPolicy,
        settings: &serde_json::Value,
    ) -> Result<(), Failure> {
        let memory = policy.limits.memory_mb.saturating_mul(1 << 20);
        let heap = memory.saturating_sub((memory / 16).max(LEAST_RESERVE));
        let heap = usize::try_from(heap).unwrap_or(usize::MAX);
        self.runtime.set_memory_limit(heap);
        self.host.memory_limit.set(memory);
        if policy.dependency_layer.is_some() {
            let layer = policy.place_of(DEPENDENCIES_PATH).join("node_modules");
            self.host.modules.borrow_mut().set_layer(layer);
        }
        if policy.bytecode.is_some() {
            *self.host.compiled.borrow_mut() = Compiled::open(&policy.place_of(BYTECODE_PATH));
        }
        let surroundings = serde_json::json!({
            "environment": policy.environment,
            "observed": policy.observed,
            "root": policy.skill_root,
            "skill": policy.skill,
            "settings": settings,
        });
        *self.host.guard.borrow_mut() = Guard::new(policy);
        self.enter(|ctx| {
            let surroundings = ctx.json_parse(surroundings.to_string())?;
            self.host
                .hook(ctx, "surround")?
                .call::<_, ()>((surroundings,))
        })
    }

    /// Uses the compiled code in `pack` and the packages in `layer`, a `node_modules` folder: what
    /// [`confine`](Self::confine) finds at fixed places inside a sandbox.
    pub fn use_folders(&mut self, pack: Option<PathBuf>, layer: Option<PathBuf>) {
        if let Some(pack) = pack {
            *self.host.compiled.borrow_mut() = Compiled::open(&pack);
        }
        if let Some(layer) = layer {
            self.host.modules.borrow_mut().set_layer(layer);
        }
    }

    /// Runs `action` in the engine.
    pub(super) fn enter<T>(
        &self,
        action: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
    ) -> Result<T, Failure> {
        self.context
            .with(|ctx| action(&ctx).map_err(|error| failure::describe(&ctx, &self.host, error)))
    }

    /// One turn of the event loop: runs what is due.
    ///
    /// # Errors
    /// When something ended the program from within, such as `process.exit`.
    pub(crate) fn turn(&self) -> Result<(), Failure> {
        self.enter(|ctx| self.host.hook(ctx, "turn")?.call::<_, ()>(()))?;
        // What ends a program in a promise's reaction is thrown where nobody sees it.
        failure::ended(&self.host).map_or(Ok(()), Err)
    }

    /// Gives the program what the runtime tells of a request to the network. What the program does then is done in
    /// the next turn.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn deliver(&self, reply: ExchangeReply) -> Result<(), Failure> {
        self.enter(|ctx| binding::deliver(ctx, reply))
    }

    /// Gives the program the runtime's answer to one of its calls, as [`Self::deliver`] does.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn answer_call(&self, answer: HostAnswer) -> Result<(), Failure> {
        self.enter(|ctx| binding::answer(ctx, answer))
    }

    /// Begins to work at a request of the runtime, of which this is told.
    pub(crate) fn begin_request(&self, number: u64, context: Option<&CallContext>) {
        // Nothing in it cannot be written.
        let context = context.and_then(|context| serde_json::to_string(context).ok());
        self.host.requests.borrow_mut().begin(number, context);
    }

    /// Gives up what the program has begun for a request that is answered now.
    pub(crate) fn end_request(&self, number: u64) {
        self.host.requests.borrow_mut().end(number);
        // What fails here has nobody left to be told but the log.
        let ended = self.enter(|ctx| {
            self.host
                .hook(ctx, "endRequest")?
                .call::<_, ()>((number as f64,))
        });
        for failure in ended.err().into_iter().chain(self.take_uncaught()) {
            self.report_uncaught(&failure);
        }
        let omitted = self.host.guard.borrow_mut().take_omitted();
        let uses = self.host.take_asset_uses();
        let told =
            (omitted.map(Notification::Omitted).into_iter()).chain(uses.map(Notification::Assets));
        for notification in told {
            self.host.output.borrow_mut().tell(notification);
        }
    }

    /// Tells the program that nobody waits for its request any more. Whether it could care.
    pub(crate) fn cancel(&self) -> bool {
        self.enter(|ctx| self.host.hook(ctx, "cancel")?.call::<_, bool>(()))
            .unwrap_or(false)
    }

    /// When the next turn is due.
    pub(crate) fn waiting(&self) -> Waiting {
        let delay = self.enter(|ctx| self.host.hook(ctx, "delay")?.call::<_, f64>(()));
        match delay {
            Ok(delay) if delay > 0.0 => Waiting::For(Duration::from_secs_f64(delay / 1e3)),
            Ok(0.0) => Waiting::Due,
            Ok(_) | Err(_) => Waiting::Forever,
        }
    }

    /// Whether something is left that could settle a promise.
    pub(crate) fn is_alive(&self) -> bool {
        self.enter(|ctx| self.host.hook(ctx, "isAlive")?.call::<_, bool>(()))
            .unwrap_or(false)
    }

    /// The error that nobody caught since the last time, if there was one.
    pub(crate) fn take_uncaught(&self) -> Option<Failure> {
        let error = self.host.uncaught.borrow_mut().take()?;
        Some(self.context.with(|ctx| match error.restore(&ctx) {
            Ok(value) => failure::of_value(&ctx, &self.host, &value),
            Err(error) => failure::describe(&ctx, &self.host, error),
        }))
    }

    /// Prints an error that nobody caught and no call can be blamed for.
    pub(crate) fn report_uncaught(&self, failure: &Failure) {
        let text = failure.stack.as_deref().unwrap_or(&failure.message);
        self.host
            .output
            .borrow_mut()
            .print(ConsoleLevel::Error, &format!("Uncaught {text}"));
    }

    /// Ends the engine without freeing anything, for a process that ends anyway.
    pub(crate) fn abandon(self) {
        std::mem::forget(self);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.host.detach();
    }
}

/// Lets the host know of what the engine reports.
fn watch(runtime: &Runtime, host: &Rc<Host>) {
    let interrupted = Rc::clone(host);
    runtime.set_interrupt_handler(Some(Box::new(move || interrupted.interrupted())));
    let rejected = Rc::clone(host);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(
        move |ctx, promise, reason, is_handled| {
            // Nothing to be done if not even this can be noted: there is no memory left.
            let noted = rejected
                .hook(&ctx, "rejectionChanged")
                .and_then(|hook| hook.call::<_, ()>((promise, reason, is_handled)));
            if noted.is_err() {
                ctx.catch();
            }
        },
    )));
}

/// Lets the program's asynchronous context follow promises; until it has one, this is a look at an empty cell.
fn follow_promises(runtime: &Runtime, host: &Rc<Host>) {
    let host = Rc::clone(host);
    runtime.set_promise_hook(Some(Box::new(move |ctx, kind, promise, parent| {
        let followers = host.followers.borrow().clone();
        if let Some(followers) = followers
            && followers.tell(&ctx, &kind, promise, &parent).is_err()
        {
            ctx.catch();
        }
    })));
}

/// Runs the bootstrap, which fills the globals and gives us its functions.
fn boot<'js>(ctx: &Ctx<'js>, host: &Rc<Host>) -> rquickjs::Result<()> {
    host.attach(ctx)?;
    let hooks = Object::new(ctx.clone())?;
    host.set_hooks(ctx, hooks.clone());
    let make_binding = Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
        binding::make(&ctx, &name)
    })?;
    let Some(start) = builtin::function(ctx, "bootstrap")? else {
        return Err(rquickjs::Error::new_loading("bootstrap"));
    };
    start.call::<_, ()>((hooks, (), (), make_binding))
}
