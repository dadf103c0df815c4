//! One engine.

use rquickjs::CatchResultExt;
use rquickjs::Context;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Persistent;
use rquickjs::Runtime;

use super::binding;
use super::builtin;
use super::bytecode;

/// A JavaScript engine with Node's builtin modules.
pub struct Engine {
    hooks: Persistent<Object<'static>>,
    context: Context,
    _runtime: Runtime,
}

impl Engine {
    /// Starts an engine.
    pub fn new() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_max_stack_size(1 << 20);
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let hooks = context.with(|ctx| -> Result<_, String> {
            boot(&ctx).catch(&ctx).map_err(|error| error.to_string())
        })?;
        Ok(Self {
            hooks,
            context,
            _runtime: runtime,
        })
    }

    /// Evaluates `source` as the body of an async function with `require`; gives its value as JSON.
    pub fn evaluate(&mut self, source: &str, file: &str) -> Result<String, String> {
        let wrapped = format!(
            "(async function (exports, require, module, __filename, __dirname) {{\n{source}\n}})"
        );
        self.context.with(|ctx| {
            let run = |ctx: &Ctx<'_>| -> rquickjs::Result<String> {
                let function =
                    bytecode::function_from_source(ctx, wrapped.into_bytes(), file, 0)?;
                let hooks = self.hooks.clone().restore(ctx)?;
                let evaluate: Function = hooks.get("evaluate")?;
                evaluate.call((function, file))
            };
            run(&ctx).catch(&ctx).map_err(|error| error.to_string())
        })
    }
}

fn boot<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Persistent<Object<'static>>> {
    let hooks = Object::new(ctx.clone())?;
    let start = builtin::function(ctx, "bootstrap")?.expect("bootstrap");
    let make = Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
        binding::make(&ctx, &name)
    })?;
    start.call::<_, ()>((hooks.clone(), (), (), make))?;
    Ok(Persistent::save(ctx, hooks))
}
