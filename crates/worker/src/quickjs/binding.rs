//! The functions of the builtin modules that are written in Rust, by the name that `binding('name')` asks for.
//!
//! A binding is made when a builtin first asks for it.

mod async_context;
mod buffer;
mod bytes;
mod crypto;
mod encoding;
mod engine;
mod fs;
mod host;
mod modules;
mod network;
mod os;
mod outcome;
mod types;
mod url;
mod zlib;

use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Object;
use rquickjs::Result;

pub(super) use async_context::Followers;
pub(super) use host::answer;
pub(super) use network::deliver;

type Install = for<'js> fn(&Ctx<'js>, &Object<'js>) -> Result<()>;

/// Every binding. One line each, in alphabetical order.
const BINDINGS: &[(&str, Install)] = &[
    ("async_context", async_context::install),
    ("buffer", buffer::install),
    ("crypto", crypto::install),
    ("encoding", encoding::install),
    ("engine", engine::install),
    ("modules", modules::install),
    ("fs", fs::install),
    ("host", host::install),
    ("network", network::install),
    ("os", os::install),
    ("types", types::install),
    ("url", url::install),
    ("zlib", zlib::install),
];

/// Makes the binding `name`.
pub(super) fn make<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Object<'js>> {
    let Some((_, install)) = BINDINGS.iter().find(|(known, _)| *known == name) else {
        return Err(Exception::throw_reference(
            ctx,
            &format!("no binding is called '{name}'"),
        ));
    };
    let object = Object::new(ctx.clone())?;
    install(ctx, &object)?;
    Ok(object)
}
