//! What the `os` builtin tells about the machine and the person.

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::convert::List;
use rustix::process::Pid;

use super::outcome::Outcome;

/// The kernel counts the load in units of 2⁻¹⁶.
const LOAD_UNIT: f64 = 65536.0;

fn describe<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let uname = rustix::system::uname();
    let object = Object::new(ctx.clone())?;
    object.set("sysname", uname.sysname().to_string_lossy().as_ref())?;
    object.set("nodename", uname.nodename().to_string_lossy().as_ref())?;
    object.set("release", uname.release().to_string_lossy().as_ref())?;
    object.set("version", uname.version().to_string_lossy().as_ref())?;
    object.set("machine", uname.machine().to_string_lossy().as_ref())?;
    Ok(object)
}

/// Memory in bytes, time since start in seconds, and the three load averages.
fn measure<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let info = rustix::system::sysinfo();
    let unit = f64::from(info.mem_unit.max(1));
    let object = Object::new(ctx.clone())?;
    object.set("total", info.totalram as f64 * unit)?;
    object.set("free", info.freeram as f64 * unit)?;
    object.set("uptime", info.uptime as f64)?;
    let loads = Array::new(ctx.clone())?;
    for (index, load) in info.loads.iter().enumerate() {
        loads.set(index, *load as f64 / LOAD_UNIT)?;
    }
    object.set("loads", loads)?;
    Ok(object)
}

/// The number of processors this process may run on.
fn parallelism() -> u32 {
    rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count().max(1))
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "uname",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| describe(&ctx))?,
    )?;
    target.set(
        "measure",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| measure(&ctx))?,
    )?;
    target.set("parallelism", Function::new(ctx.clone(), parallelism)?)?;
    target.set(
        "user",
        Function::new(ctx.clone(), || {
            List((
                f64::from(rustix::process::getuid().as_raw()),
                f64::from(rustix::process::getgid().as_raw()),
            ))
        })?,
    )?;
    target.set(
        "priority",
        Function::new(ctx.clone(), |process: i32| {
            // A nice value may be negative, which an error number of `Outcome` also is: shift it out of the way.
            let nice = rustix::process::getpriority_process(Pid::from_raw(process));
            Outcome::from(nice.map(|nice| nice + PRIORITY_OFFSET))
        })?,
    )?;
    target.set("priorityOffset", PRIORITY_OFFSET)?;
    target.set(
        "setPriority",
        Function::new(ctx.clone(), |process: i32, priority: i32| {
            Outcome::from(rustix::process::setpriority_process(
                Pid::from_raw(process),
                priority,
            ))
        })?,
    )
}

/// Makes every nice value (−20 to 19) a positive number.
const PRIORITY_OFFSET: i32 = 20;
