//! What the bootstrap and the internal modules need of the engine and of the process.

use std::path::Path;

use mycelium_protocol::ConsoleLevel;
use mycelium_types::FileAccess;
use rquickjs::BigInt;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Persistent;
use rquickjs::Result;
use rquickjs::Value;
use rustix::fs::Mode;
use rustix::time::ClockId;
use rustix::time::Timespec;

use super::super::builtin;
use super::super::bytecode;
use super::super::failure;
use super::super::guard;
use super::super::host::Host;
use super::outcome::Outcome;

/// Time since an unknown moment, in nanoseconds.
fn nanoseconds(clock: ClockId) -> u64 {
    let Timespec { tv_sec, tv_nsec } = rustix::time::clock_gettime(clock);
    tv_sec.unsigned_abs() * 1_000_000_000 + tv_nsec.unsigned_abs()
}

/// Time since an unknown moment, in milliseconds.
fn now() -> f64 {
    nanoseconds(ClockId::Monotonic) as f64 / 1e6
}

/// Processor time of this process, in microseconds.
fn processor_time() -> f64 {
    (nanoseconds(ClockId::ProcessCPUTime) / 1_000) as f64
}

fn print<'js>(ctx: &Ctx<'js>, level: u8, text: rquickjs::String<'js>) -> Result<()> {
    let host = Host::of(ctx)?;
    let level = match level {
        0 => ConsoleLevel::Debug,
        1 => ConsoleLevel::Info,
        2 => ConsoleLevel::Warn,
        _ => ConsoleLevel::Error,
    };
    let text = failure::well_formed(ctx, &host, text);
    host.output.borrow_mut().print(level, &text);
    Ok(())
}

fn memory<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let usage = bytecode::heap_usage(ctx);
    let memory = Object::new(ctx.clone())?;
    memory.set("resident", mycelium_sandbox::peak_memory() as f64)?;
    memory.set("heapTotal", usage.allocated as f64)?;
    memory.set("heapUsed", usage.used as f64)?;
    Ok(memory)
}

/// Ends the program: no code of it runs after this.
fn exit(ctx: &Ctx<'_>, status: i32) -> Result<()> {
    let host = Host::of(ctx)?;
    if host.exit.get().is_none() {
        host.exit.set(Some(status));
    }
    Err(bytecode::throw_uncatchable(ctx))
}

fn change_folder(ctx: &Ctx<'_>, folder: &str) -> rustix::io::Result<i32> {
    guard::admit(ctx, FileAccess::Read, folder.as_bytes())?;
    rustix::process::chdir(folder)?;
    if let Ok(host) = Host::of(ctx) {
        host.guard.borrow_mut().enter(Path::new(folder));
    }
    Ok(0)
}

/// The mask for new files; a negative `mask` only asks.
fn umask(mask: i32) -> u32 {
    let asks = u32::try_from(mask).is_err();
    let new = u32::try_from(mask).map_or(Mode::empty(), Mode::from_bits_truncate);
    let old = rustix::process::umask(new);
    if asks {
        rustix::process::umask(old);
    }
    old.bits()
}

fn set<'js, P>(
    target: &Object<'js>,
    name: &str,
    function: impl rquickjs::function::IntoJsFunc<'js, P> + 'js,
) -> Result<()> {
    target.set(name, Function::new(target.ctx().clone(), function)?)
}

pub(super) fn install<'js>(_ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("version", bytecode::engine_version())?;
    target.set("architecture", architecture())?;
    target.set("processId", rustix::process::getpid().as_raw_pid())?;
    set(target, "isPublicBuiltin", |name: String| {
        builtin::is_public(&name)
    })?;
    set(target, "publicBuiltins", builtin::public_names)?;
    set(target, "builtin", |ctx: Ctx<'js>, name: String| {
        builtin::function(&ctx, &name)
    })?;
    set(
        target,
        "runMicrotasks",
        |ctx: Ctx<'js>| {
            while ctx.execute_pending_job() {}
        },
    )?;
    set(
        target,
        "uncaught",
        |ctx: Ctx<'js>, error: Value<'js>| -> Result<()> {
            let host = Host::of(&ctx)?;
            let mut first = host.uncaught.borrow_mut();
            if first.is_none() {
                *first = Some(Persistent::save(&ctx, error));
            }
            Ok(())
        },
    )?;
    set(
        target,
        "print",
        |ctx: Ctx<'js>, level: u8, text: rquickjs::String<'js>| print(&ctx, level, text),
    )?;
    set(target, "now", now)?;
    set(target, "nanoseconds", |ctx: Ctx<'js>| {
        BigInt::from_u64(ctx, nanoseconds(ClockId::Monotonic))
    })?;
    set(target, "processorTime", processor_time)?;
    set(target, "memory", |ctx: Ctx<'js>| memory(&ctx))?;
    set(target, "memoryLimit", |ctx: Ctx<'js>| -> Result<f64> {
        Ok(Host::of(&ctx)?.memory_limit.get() as f64)
    })?;
    set(target, "user", |ctx: Ctx<'js>| -> Result<Object<'js>> {
        let user = Object::new(ctx)?;
        user.set("uid", rustix::process::getuid().as_raw())?;
        user.set("gid", rustix::process::getgid().as_raw())?;
        Ok(user)
    })?;
    set(target, "exit", |ctx: Ctx<'js>, status: i32| {
        exit(&ctx, status)
    })?;
    set(target, "changeFolder", |ctx: Ctx<'js>, folder: String| {
        Outcome::from(change_folder(&ctx, &folder))
    })?;
    set(target, "workingFolder", |ctx: Ctx<'js>| -> Result<String> {
        let host = Host::of(&ctx)?;
        let folder = host.guard.borrow().working_directory();
        Ok(folder.to_string_lossy().into_owned())
    })?;
    set(target, "umask", umask)
}

/// The machine as Node names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}
