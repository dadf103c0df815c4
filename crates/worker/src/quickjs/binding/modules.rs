//! What the CommonJS loader needs: where modules are, and their code.

use std::path::Path;
use std::path::PathBuf;

use rquickjs::CatchResultExt;
use rquickjs::CaughtError;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::Value;

use super::super::bytecode;
use super::super::host::Host;
use super::super::loader;
use super::super::modules::Callable;
use super::super::modules::Format;
use super::super::modules::Resolution;
use super::super::modules::Syntax;
use super::super::modules::function_text;
use super::super::modules::syntax;
use super::super::pack::Form;
use super::super::source;

fn resolve(
    ctx: &Ctx<'_>,
    request: &str,
    parent: &str,
    paths: Option<Vec<String>>,
) -> Result<String> {
    let host = Host::of(ctx)?;
    let paths: Option<Vec<PathBuf>> =
        paths.map(|paths| paths.into_iter().map(PathBuf::from).collect());
    let found =
        host.modules
            .borrow_mut()
            .resolve_require(request, Path::new(parent), paths.as_deref());
    match found {
        Ok(Resolution::Builtin(name)) => Ok(format!("node:{name}")),
        Ok(Resolution::File(path)) => Ok(path.to_string_lossy().into_owned()),
        Err(error) => Err(loader::throw(ctx, &error)),
    }
}

fn format(ctx: &Ctx<'_>, file: &Path) -> Result<Format> {
    let format = Host::of(ctx)?.modules.borrow_mut().format(file);
    format.map_err(|error| loader::throw(ctx, &error))
}

/// The function of a CommonJS module; nothing if the file is an ES module.
#[allow(unsafe_code, reason = "the engine believes bytecode")]
fn compile<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Option<Function<'js>>> {
    let file = Path::new(name);
    let format = format(ctx, file)?;
    if format == Format::Module {
        return Ok(None);
    }
    let host = Host::of(ctx)?;
    let found = host.compiled.borrow().find(file, None);
    if let Some(found) = found {
        if found.form == Form::Module && format == Format::Unknown {
            return Ok(None);
        }
        let code = host.compiled.borrow().load(file, Form::Function);
        if let Some(code) = code {
            // SAFETY: the pack was written by this build's compile worker, as its identity says, and handed in by the
            // daemon; no worker that ran a skill's code can write it.
            return unsafe { bytecode::function_from_bytes(ctx, &code) }.map(Some);
        }
    }
    let text = source::read(ctx, file)?;
    match compile_text(ctx, &text, name).catch(ctx) {
        Ok(function) => Ok(Some(function)),
        // Where no package says what it is, a text that is no script may be an ES module.
        Err(_) if format == Format::Unknown && syntax(&text) == Syntax::Module => Ok(None),
        Err(error) => Err(error.throw(ctx)),
    }
}

fn compile_text<'js>(ctx: &Ctx<'js>, text: &str, name: &str) -> Result<Function<'js>> {
    let code = bytecode::wrap(source::COMMON_JS, text);
    bytecode::function_from_source(ctx, code, name)
        .catch(ctx)
        .map_err(|error| {
            // A bracket too many ends the function around the text, and the error is at that function's own end.
            let beyond = format!("{name}:{}:", text.lines().count() + 1);
            let stack = match &error {
                CaughtError::Exception(error) => error.stack().unwrap_or_default(),
                CaughtError::Error(_) | CaughtError::Value(_) => String::new(),
            };
            if stack.contains(&beyond)
                && let Err(better) = bytecode::check_script(ctx, text, name).catch(ctx)
            {
                return better.throw(ctx);
            }
            error.throw(ctx)
        })
}

/// The text of a function whose bytecode does not keep it.
fn text_of_function(file: &str, line: usize, column: usize, is_class: bool) -> Option<String> {
    let text = source::read_quietly(Path::new(file)).ok()?;
    let callable = if is_class {
        Callable::Class
    } else {
        Callable::Function
    };
    function_text(&text, line, column, callable).map(str::to_owned)
}

/// Whether a file is an ES module.
fn is_module(ctx: &Ctx<'_>, file: &Path) -> Result<bool> {
    Ok(match format(ctx, file)? {
        Format::Module => true,
        Format::Unknown => {
            let found = Host::of(ctx)?.compiled.borrow().find(file, None);
            match found {
                Some(found) => found.form == Form::Module,
                None => syntax(&source::read(ctx, file)?) == Syntax::Module,
            }
        }
        Format::CommonJs | Format::Json | Format::Addon | Format::UnknownExtension => false,
    })
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "resolve",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, request: String, parent: String, paths: Option<Vec<String>>| {
                resolve(&ctx, &request, &parent, paths)
            },
        )?,
    )?;
    target.set(
        "lookupPaths",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, from: String| -> Result<_> {
            let paths = Host::of(&ctx)?
                .modules
                .borrow()
                .lookup_paths(Path::new(&from));
            Ok(paths
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect::<Vec<_>>())
        })?,
    )?;
    target.set(
        "compile",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
            compile(&ctx, &name)
        })?,
    )?;
    target.set(
        "compileText",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String, name: String| {
            compile_text(&ctx, &text, &name)
        })?,
    )?;
    target.set(
        "isModule",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
            is_module(&ctx, Path::new(&name))
        })?,
    )?;
    target.set(
        "readText",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| {
            source::read(&ctx, Path::new(&name))
        })?,
    )?;
    target.set(
        "functionText",
        Function::new(
            ctx.clone(),
            |file: String, line: usize, column: usize, is_class: bool| {
                text_of_function(&file, line, column, is_class)
            },
        )?,
    )?;
    target.set(
        "requireModule",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, name: String| -> Result<Value<'js>> {
                loader::require_module(&ctx, &name)
            },
        )?,
    )
}
