//! The file system for the `fs` builtin: every function is one operation, done at once.
//!
//! Descriptors are numbers for JavaScript but entries of a table here, so that a program reaches only what it opened
//! itself and never a descriptor of the worker. What may be opened is the kernel's decision; the guard is asked first
//! only to record a refused path as a typed event.

mod content;
mod descriptor;
mod directory;
mod metadata;
mod name;
mod path;

use rquickjs::Ctx;
use rquickjs::Object;
use rquickjs::Result;

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    let table = descriptor::Table::default();
    descriptor::install(ctx, target, &table)?;
    content::install(ctx, target, &table)?;
    metadata::install(ctx, target, &table)?;
    directory::install(ctx, target)?;
    name::install(ctx, target)
}
