//! Lets JavaScript follow promises, for the values that `AsyncLocalStorage` carries along.

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Persistent;
use rquickjs::Result;
use rquickjs::Value;
use rquickjs::promise::PromiseHookType;

use crate::quickjs::host::Host;

/// The functions that are told of promises.
#[derive(Clone)]
pub(in crate::quickjs) struct Followers {
    made: Persistent<Function<'static>>,
    adopting: Persistent<Function<'static>>,
    fulfilled: Persistent<Function<'static>>,
}

impl Followers {
    /// Tells JavaScript what happened to `promise`, if it is something it wants to know.
    ///
    /// # Errors
    /// When the function throws, for which there is no reason but a lack of memory.
    pub(in crate::quickjs) fn tell<'js>(
        &self,
        ctx: &Ctx<'js>,
        kind: &PromiseHookType,
        promise: Value<'js>,
        parent: &Value<'js>,
    ) -> Result<()> {
        let follower = match kind {
            // What `then` made keeps the frame in its callbacks.
            PromiseHookType::Init if !parent.is_undefined() => return Ok(()),
            PromiseHookType::Init => &self.made,
            PromiseHookType::Before => &self.adopting,
            PromiseHookType::Resolve => &self.fulfilled,
            PromiseHookType::After => return Ok(()),
        };
        follower.clone().restore(ctx)?.call((promise,))
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "follow",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             made: Function<'js>,
             adopting: Function<'js>,
             fulfilled: Function<'js>|
             -> Result<()> {
                *Host::of(&ctx)?.followers.borrow_mut() = Some(Followers {
                    made: Persistent::save(&ctx, made),
                    adopting: Persistent::save(&ctx, adopting),
                    fulfilled: Persistent::save(&ctx, fulfilled),
                });
                Ok(())
            },
        )?,
    )
}
