//! Gives the engine the ES modules it asks for: files, CommonJS modules and builtins in the shape of ES modules.
//!
//! A module's key is the path of its file, followed by the query of its URL if it has one. Builtins have the key
//! `node:name`. CommonJS modules become modules whose names are read from their text (see [`modules`](super::modules))
//! and which run when they are evaluated, in their place in the order of the graph.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Function;
use rquickjs::Module;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::Value;
use rquickjs::loader::ImportAttributes;
use rquickjs::loader::Loader;
use rquickjs::loader::Resolver;
use rquickjs::module::Declarations;
use rquickjs::module::Declared;
use rquickjs::module::Exports;
use rquickjs::module::ModuleDef;
use rquickjs::promise::PromiseState;
use url::Url;

use super::bytecode;
use super::host::Host;
use super::modules::Format;
use super::modules::ModuleError;
use super::modules::Resolution;
use super::modules::Syntax;
use super::modules::export_names;
use super::modules::syntax;
use super::pack::Form;
use super::source;

/// The modules that ask the engine's own questions; what they import is already a key.
const INTERNAL: &str = "node:internal/";
/// Separates a key from the number of the attempt, where an earlier attempt failed.
const ATTEMPT: char = '\u{1}';
/// Names are followed through this many levels of `module.exports = require(…)`.
const MAX_REEXPORTS: usize = 16;

/// The ES modules of one engine.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Keys that are more than a path: the path and the suffix.
    suffixed: HashMap<String, (PathBuf, String)>,
    /// Answers of the resolver, because the engine asks again for modules it read from bytecode.
    resolved: HashMap<(String, String), String>,
    /// Names of synthetic modules that are being declared.
    names: HashMap<String, Vec<String>>,
    /// Modules whose text is being compiled, outermost first, and what they import.
    declaring: Vec<String>,
    imports: HashMap<String, Vec<String>>,
    /// Modules that were declared, in order.
    declared: Vec<String>,
    /// How often loading a key failed because of something it imports.
    attempts: HashMap<String, u32>,
    facades: u32,
}

impl Graph {
    /// A key as the engine is to know it.
    fn name(&self, key: &str) -> String {
        match self.attempts.get(key) {
            None => key.to_owned(),
            Some(attempt) => format!("{key}{ATTEMPT}{attempt}"),
        }
    }

    /// The file of a key, or of the script that `base` names.
    fn file(&self, base: &str) -> PathBuf {
        let key = strip_attempt(base);
        match self.suffixed.get(key) {
            Some((path, _)) => path.clone(),
            None => PathBuf::from(key),
        }
    }

    fn begin(&mut self, key: &str) -> usize {
        self.declaring.push(key.to_owned());
        self.declared.len()
    }

    /// Notes how declaring a module went that began when `mark` modules were declared.
    ///
    /// Where it failed the engine has freed the module, but not those of its imports that import it in turn; they keep
    /// pointers to it and must never be found again. From now on they have another name.
    fn end(&mut self, key: &str, mark: usize, declared: bool) {
        self.declaring.pop();
        if declared {
            self.declared.push(key.to_owned());
            return;
        }
        let newer = self.declared.split_off(mark.min(self.declared.len()));
        for module in newer {
            if self.reaches(&module, key) {
                *self.attempts.entry(module).or_default() += 1;
                self.resolved.clear();
            } else {
                self.declared.push(module);
            }
        }
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut seen = HashSet::new();
        let mut rest = vec![from];
        while let Some(module) = rest.pop() {
            if module == to {
                return true;
            }
            if seen.insert(module)
                && let Some(imports) = self.imports.get(module)
            {
                rest.extend(imports.iter().map(String::as_str));
            }
        }
        false
    }
}

/// The name without the mark that tells attempts to load a module apart.
pub(super) fn strip_attempt(name: &str) -> &str {
    name.split(ATTEMPT).next().unwrap_or(name)
}

/// The engine's module loader. Its state is the [`Host`]'s, because it is entered again while it runs.
pub(super) struct ModuleLoader;

impl Resolver for ModuleLoader {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let host = Host::of(ctx)?;
        if base.starts_with(INTERNAL) || base.is_empty() {
            return Ok(host.graph.borrow().name(name));
        }
        let question = (base.to_owned(), name.to_owned());
        let known = host.graph.borrow().resolved.get(&question).cloned();
        let key = match known {
            Some(key) => key,
            None => {
                let file = host.graph.borrow().file(base);
                let found = host.modules.borrow_mut().resolve_import(name, &file);
                let key = match found.map_err(|error| throw(ctx, &error))? {
                    (Resolution::Builtin(name), _) => format!("node:{name}"),
                    (Resolution::File(path), suffix) => {
                        let key = format!("{}{suffix}", text(ctx, &path)?);
                        if !suffix.is_empty() {
                            host.graph
                                .borrow_mut()
                                .suffixed
                                .insert(key.clone(), (path, suffix));
                        }
                        key
                    }
                };
                host.graph
                    .borrow_mut()
                    .resolved
                    .insert(question, key.clone());
                key
            }
        };
        let mut graph = host.graph.borrow_mut();
        let importer = strip_attempt(base);
        if graph.declaring.last().is_some_and(|last| last == importer) {
            graph
                .imports
                .entry(importer.to_owned())
                .or_default()
                .push(key.clone());
        }
        Ok(graph.name(&key))
    }
}

impl Loader for ModuleLoader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let host = Host::of(ctx)?;
        let key = strip_attempt(name);
        let mark = host.graph.borrow_mut().begin(key);
        let module = declare(ctx, &host, name, key);
        host.graph.borrow_mut().end(key, mark, module.is_ok());
        module
    }
}

fn declare<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    name: &str,
    key: &str,
) -> Result<Module<'js, Declared>> {
    if key.starts_with("node:") {
        let names = host.hook(ctx, "builtinNames")?.call((key,))?;
        return declare_synthetic(ctx, host, name, names);
    }
    let file = host.graph.borrow().file(key);
    let format = host.modules.borrow_mut().format(&file);
    let format = format.map_err(|error| throw(ctx, &error))?;
    match format {
        Format::Json => declare_synthetic(ctx, host, name, Vec::new()),
        Format::Module => declare_file(ctx, host, name, &file),
        Format::CommonJs => declare_common_js(ctx, host, name, &file),
        Format::Unknown => {
            let compiled = host.compiled.borrow().find(&file, None);
            let module = match compiled {
                Some(found) => found.form == Form::Module,
                None => syntax(&source::read(ctx, &file)?) == Syntax::Module,
            };
            if module {
                declare_file(ctx, host, name, &file)
            } else {
                declare_common_js(ctx, host, name, &file)
            }
        }
        Format::Addon | Format::UnknownExtension => {
            let error = ModuleError::unknown_extension(&file);
            Err(throw(ctx, &error))
        }
    }
}

/// An ES module from its file, or from what it was compiled to.
#[allow(unsafe_code, reason = "the engine believes bytecode")]
fn declare_file<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    name: &str,
    file: &Path,
) -> Result<Module<'js, Declared>> {
    // Bytecode carries the name it was compiled with, which is the plain path.
    let code = (Path::new(name) == file)
        .then(|| host.compiled.borrow().load(file, Form::Module))
        .flatten();
    let module = match code {
        // SAFETY: the pack was written by this build's compile worker, as its identity says, and handed in by the
        // daemon; no worker that ran a skill's code can write it.
        Some(code) => unsafe { bytecode::module_from_bytes(ctx, &code)? },
        None => Module::declare(ctx.clone(), name, source::read(ctx, file)?)?,
    };
    let suffix = host
        .graph
        .borrow()
        .suffixed
        .get(strip_attempt(name))
        .map_or(String::new(), |(_, suffix)| suffix.clone());
    describe(ctx, &module.meta()?, file, &suffix)?;
    Ok(module)
}

/// Fills `import.meta`.
fn describe<'js>(ctx: &Ctx<'js>, meta: &Object<'js>, file: &Path, suffix: &str) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    meta.set("dirname", text(ctx, folder)?)?;
    meta.set("filename", text(ctx, file)?)?;
    let base = file.to_owned();
    let resolve = move |ctx: Ctx<'js>, specifier: String| -> Result<String> {
        let host = Host::of(&ctx)?;
        let found = host.modules.borrow_mut().resolve_import(&specifier, &base);
        match found {
            Ok((Resolution::Builtin(name), _)) => Ok(format!("node:{name}")),
            Ok((Resolution::File(path), suffix)) => Ok(format!("{}{suffix}", file_url(&path))),
            // A file that is not there has a URL nevertheless.
            Err(error) => match error.path {
                Some(path) if error.code == "ERR_MODULE_NOT_FOUND" => Ok(file_url(&path)),
                _ => Err(throw(&ctx, &error)),
            },
        }
    };
    meta.set(
        "resolve",
        Function::new(ctx.clone(), resolve)?.with_name("resolve")?,
    )?;
    meta.set("url", format!("{}{suffix}", file_url(file)))
}

/// A CommonJS module in the shape of an ES module.
fn declare_common_js<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    name: &str,
    file: &Path,
) -> Result<Module<'js, Declared>> {
    let mut names = Vec::new();
    collect_names(ctx, host, file, &mut names, &mut HashSet::new(), 0)?;
    names.retain(|name| name != "default" && !name.contains('\0'));
    declare_synthetic(ctx, host, name, names)
}

/// The names that a CommonJS module exports, with those of the modules it passes on.
fn collect_names(
    ctx: &Ctx<'_>,
    host: &Host,
    file: &Path,
    names: &mut Vec<String>,
    seen: &mut HashSet<PathBuf>,
    depth: usize,
) -> Result<()> {
    if depth > MAX_REEXPORTS || !seen.insert(file.to_owned()) {
        return Ok(());
    }
    let Ok(text) = source::read_quietly(file) else {
        // What cannot be read fails when it is evaluated, with the better message.
        return Ok(());
    };
    let found = export_names(&text);
    let known: HashSet<String> = names.iter().cloned().collect();
    names.extend(found.names.into_iter().filter(|name| !known.contains(name)));
    for specifier in found.reexports {
        let target = host
            .modules
            .borrow_mut()
            .resolve_require(&specifier, file, None);
        match target {
            Ok(Resolution::File(target)) => {
                let format = host.modules.borrow_mut().format(&target);
                if matches!(format, Ok(Format::CommonJs | Format::Unknown)) {
                    collect_names(ctx, host, &target, names, seen, depth + 1)?;
                }
            }
            Ok(Resolution::Builtin(builtin)) => {
                let key = format!("node:{builtin}");
                let more: Vec<String> = host.hook(ctx, "builtinNames")?.call((key,))?;
                let known: HashSet<String> = names.iter().cloned().collect();
                names.extend(more.into_iter().filter(|name| !known.contains(name)));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// A module without text, whose values come from JavaScript when it is evaluated.
fn declare_synthetic<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    name: &str,
    names: Vec<String>,
) -> Result<Module<'js, Declared>> {
    host.graph.borrow_mut().names.insert(name.to_owned(), names);
    Module::declare_def::<Synthetic, _>(ctx.clone(), name)
}

struct Synthetic;

impl ModuleDef for Synthetic {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        let module = declarations.module();
        let host = Host::of(module.ctx())?;
        let name: String = module.name()?;
        declarations.declare("default")?;
        if let Some(names) = host.graph.borrow().names.get(&name) {
            for name in names {
                declarations.declare(name.as_str())?;
            }
        }
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let host = Host::of(ctx)?;
        let name: String = exports.module().name()?;
        let names = host.graph.borrow_mut().names.remove(&name);
        let names = names.unwrap_or_default();
        let key = strip_attempt(&name).to_owned();
        let file = host.graph.borrow().file(&key);
        let file = text(ctx, &file)?;
        let values: Vec<Value<'js>> =
            host.hook(ctx, "evaluateSynthetic")?
                .call((key, file, names.clone()))?;
        let mut values = values.into_iter();
        if let Some(default) = values.next() {
            exports.export("default", default)?;
        }
        for (name, value) in names.into_iter().zip(values) {
            exports.export(name, value)?;
        }
        Ok(())
    }
}

/// Evaluates the ES module `key` at once, as `require` does; gives its namespace.
///
/// This goes through a module of our own that imports it: the engine may be asked to evaluate a module that is being
/// evaluated only as a dependency.
///
/// # Errors
/// What the module throws, or `ERR_REQUIRE_ASYNC_MODULE` when it or something it imports awaits at its top level.
pub(super) fn require_module<'js>(ctx: &Ctx<'js>, key: &str) -> Result<Value<'js>> {
    let namespace: Object<'js> = facade(
        ctx,
        key,
        "import * as namespace from KEY; export { namespace };",
    )?
    .get("namespace")?;
    if namespace.contains_key("module.exports")? {
        return namespace.get("module.exports");
    }
    if namespace.contains_key("default")? && !namespace.contains_key("__esModule")? {
        // What transpilers make of `import x from` looks for this mark.
        return facade(
            ctx,
            key,
            "export * from KEY; export { default } from KEY; export const __esModule = true;",
        )
        .map(Object::into_value);
    }
    Ok(namespace.into_value())
}

fn facade<'js>(ctx: &Ctx<'js>, key: &str, template: &str) -> Result<Object<'js>> {
    let host = Host::of(ctx)?;
    let number = {
        let mut graph = host.graph.borrow_mut();
        graph.facades += 1;
        graph.facades
    };
    let literal = serde_json::Value::from(key).to_string();
    let module = Module::declare(
        ctx.clone(),
        format!("{INTERNAL}require/{number}"),
        template.replace("KEY", &literal),
    )?;
    let (module, promise) = module.eval()?;
    match promise.state() {
        PromiseState::Resolved => module.namespace(),
        PromiseState::Rejected => {
            host.hook(ctx, "ignoreRejection")?
                .call::<_, ()>((promise.clone(),))?;
            match promise.result::<Value<'js>>() {
                Some(Err(error)) => Err(error),
                Some(Ok(_)) | None => Err(Exception::throw_internal(ctx, "no reason")),
            }
        }
        PromiseState::Pending => {
            host.hook(ctx, "ignoreRejection")?
                .call::<_, ()>((promise,))?;
            Err(throw(ctx, &ModuleError::asynchronous(key)))
        }
    }
}

/// Throws a module error as the JavaScript error it is.
pub(super) fn throw(ctx: &Ctx<'_>, error: &ModuleError) -> rquickjs::Error {
    let made = Host::of(ctx).and_then(|host| {
        let path = error.path.as_ref().map(|path| path.display().to_string());
        host.hook(ctx, "moduleError")?.call::<_, Value<'_>>((
            error.class.name(),
            error.code,
            error.message.as_str(),
            path,
        ))
    });
    match made {
        Ok(value) => ctx.throw(value),
        Err(error) => error,
    }
}

/// A path as text, which is what JavaScript knows files by.
fn text<'p>(ctx: &Ctx<'_>, path: &'p Path) -> Result<&'p str> {
    path.to_str().ok_or_else(|| {
        Exception::throw_type(ctx, &format!("the path {} is not Unicode", path.display()))
    })
}

fn file_url(path: &Path) -> String {
    Url::from_file_path(path).map_or_else(|()| String::new(), String::from)
}
