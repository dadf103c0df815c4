//! What the Rust side of one engine keeps: shared by the loader, the guard and every binding.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use mycelium_protocol::worker::AssetUses;
use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Function;
use rquickjs::JsLifetime;
use rquickjs::Object;
use rquickjs::Persistent;
use rquickjs::Result;
use rquickjs::Value;

use super::binding::Followers;
use super::compiled::Compiled;
use super::guard::Guard;
use super::loader::Graph;
use super::modules::Modules;
use super::output::Output;
use super::requests::Requests;

/// The state of one engine outside JavaScript.
pub(super) struct Host {
    /// Which paths the program may use.
    pub(super) guard: RefCell<Guard>,
    /// Where what it prints goes, and how much that may be.
    pub(super) output: RefCell<Output>,
    /// Where its modules are.
    pub(super) modules: RefCell<Modules>,
    /// Its ES modules.
    pub(super) graph: RefCell<Graph>,
    /// What its modules were compiled to.
    pub(super) compiled: RefCell<Compiled>,
    /// The status with which the program asked to end, if it did.
    pub(super) exit: Cell<Option<i32>>,
    /// What the process may use, in bytes.
    pub(super) memory_limit: Cell<u64>,
    /// The first error that nobody caught, until somebody asks for it.
    pub(super) uncaught: RefCell<Option<Persistent<Value<'static>>>>,
    /// What the runtime waits for.
    pub(super) requests: RefCell<Requests>,
    /// How often it asked for its own files since this was last told.
    pub(super) assets: Cell<AssetUses>,
    /// Who is told of promises, once a program has values that follow them.
    pub(super) followers: RefCell<Option<Followers>>,
    hooks: RefCell<Option<Persistent<Object<'static>>>>,
}

struct Handle(Rc<Host>);

#[allow(
    unsafe_code,
    reason = "the trait that lets a runtime hold Rust data is unsafe"
)]
// SAFETY: the handle holds no JavaScript value with the lifetime of a context, so changing that lifetime changes
// nothing. (What is inside is `Persistent`, which is made for that.)
unsafe impl<'js> JsLifetime<'js> for Handle {
    type Changed<'to> = Self;
}

impl Host {
    /// The state of an engine that nothing restricts yet.
    pub(super) fn new(output: Output) -> Self {
        Self {
            guard: RefCell::new(Guard::open()),
            output: RefCell::new(output),
            modules: RefCell::default(),
            graph: RefCell::default(),
            compiled: RefCell::default(),
            exit: Cell::new(None),
            memory_limit: Cell::new(0),
            uncaught: RefCell::new(None),
            requests: RefCell::default(),
            assets: Cell::default(),
            followers: RefCell::new(None),
            hooks: RefCell::new(None),
        }
    }

    /// Gives the state to the engine, where [`of`](Self::of) finds it.
    pub(super) fn attach(self: &Rc<Self>, ctx: &Ctx<'_>) -> Result<()> {
        ctx.store_userdata(Handle(Rc::clone(self)))?;
        Ok(())
    }

    /// The state of the engine that `ctx` belongs to.
    pub(super) fn of(ctx: &Ctx<'_>) -> Result<Rc<Self>> {
        match ctx.userdata::<Handle>() {
            Some(handle) => Ok(Rc::clone(&handle.0)),
            None => Err(Exception::throw_internal(ctx, "the engine has no host")),
        }
    }

    /// Keeps the functions that JavaScript offers to Rust.
    pub(super) fn set_hooks<'js>(&self, ctx: &Ctx<'js>, hooks: Object<'js>) {
        *self.hooks.borrow_mut() = Some(Persistent::save(ctx, hooks));
    }

    /// A function that JavaScript offers to Rust.
    pub(super) fn hook<'js>(&self, ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
        let hooks = self.hooks.borrow().clone();
        match hooks {
            Some(hooks) => hooks.restore(ctx)?.get(name),
            None => Err(Exception::throw_internal(ctx, "the engine has not started")),
        }
    }

    /// Whether the program is to be stopped now: true once for each reason. The engine asks now and then.
    pub(super) fn interrupted(&self) -> bool {
        self.output.try_borrow_mut().is_ok_and(|mut output| {
            output.pause();
            output.take_overflow()
        })
    }

    /// How often the program asked for its own files since this was last asked, if it did.
    pub(super) fn take_asset_uses(&self) -> Option<AssetUses> {
        let uses = self.assets.take();
        (uses.times > 0).then_some(uses)
    }

    /// Lets go of everything that belongs to the engine, which must happen before it is freed.
    pub(super) fn detach(&self) {
        self.hooks.borrow_mut().take();
        self.uncaught.borrow_mut().take();
        self.followers.borrow_mut().take();
    }
}
