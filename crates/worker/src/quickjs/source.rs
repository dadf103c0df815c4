//! Reads the text of modules.

use std::io::Read;
use std::path::Path;

use rquickjs::Ctx;
use rquickjs::Result;
use rquickjs::Value;

use super::host::Host;

/// A larger file is not loaded as a module.
const MAX_SIZE: u64 = 64 << 20;

/// The text of `file` without its byte order mark. What is not Unicode is replaced, as Node does.
///
/// # Errors
/// The system's error as JavaScript knows it, with `code`, `syscall` and `path`.
pub(super) fn read(ctx: &Ctx<'_>, file: &Path) -> Result<String> {
    read_quietly(file).map_err(|error| {
        let number = error.raw_os_error().unwrap_or(0);
        let path = file.display().to_string();
        let made = Host::of(ctx).and_then(|host| {
            host.hook(ctx, "systemError")?
                .call::<_, Value<'_>>((-number, path))
        });
        match made {
            Ok(value) => ctx.throw(value),
            Err(error) => error,
        }
    })
}

/// As [`read`], outside of JavaScript.
pub(super) fn read_quietly(file: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(file)?;
    if file.metadata()?.len() > MAX_SIZE {
        return Err(rustix::io::Errno::FBIG.into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut bytes)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The start of the function around a CommonJS module.
pub(super) const COMMON_JS: &str = "function (exports, require, module, __filename, __dirname)";
