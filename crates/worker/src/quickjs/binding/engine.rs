//! What the bootstrap and the internal modules need of the engine itself.

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;

use super::super::builtin;

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "hasBuiltin",
        Function::new(ctx.clone(), |name: String| builtin::exists(&name))?,
    )?;
    target.set(
        "builtin",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
            builtin::function(&ctx, &name)
        })?,
    )?;
    target.set(
        "runMicrotasks",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| {
            while ctx.execute_pending_job() {}
        })?,
    )?;
    target.set(
        "print",
        Function::new(ctx.clone(), |level: i32, text: String| {
            use std::io::Write;
            let text = format!("{text}\n");
            if level >= 2 {
                std::io::stderr().write_all(text.as_bytes())
            } else {
                std::io::stdout().write_all(text.as_bytes())
            }
            .ok();
        })?,
    )?;
    target.set(
        "now",
        Function::new(ctx.clone(), || {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
        })?,
    )
}
