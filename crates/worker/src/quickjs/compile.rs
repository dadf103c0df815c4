//! The compile worker's work: reads sources, evaluates nothing, returns one pack of bytecode.

use std::path::Path;
use std::path::PathBuf;

use rquickjs::CatchResultExt;
use rquickjs::Context;
use rquickjs::Ctx;
use rquickjs::Module;
use rquickjs::Runtime;
use rquickjs::loader::ImportAttributes;
use rquickjs::loader::Loader;
use rquickjs::loader::Resolver;
use rquickjs::module::Declared;
use rquickjs::module::ModuleDef;

use super::bytecode;
use super::compiled;
use super::modules::Format;
use super::modules::Modules;
use super::modules::Syntax;
use super::modules::syntax;
use super::pack;
use super::pack::Form;
use super::pack::Unit;
use super::source;

/// At most this many files become part of one pack.
const MAX_FILES: usize = 50_000;
/// At most this many bytes of source are read.
const MAX_SOURCES: u64 = 512 << 20;
/// At most this many bytes of bytecode are kept: what fits into a frame as base64, with room for the rest.
const MAX_CODE: usize = 64 << 20;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 64;
/// At most this many files are named as skipped.
const MAX_SKIPPED: usize = 1_000;
/// After this many files the engine is made anew, so that what it remembers of them does not grow.
const FILES_PER_ENGINE: usize = 500;

/// What compiling gave.
#[derive(Debug, Default)]
pub struct Compilation {
    /// The pack.
    pub pack: Vec<u8>,
    /// How many files are in it.
    pub files: usize,
    /// Files that are not, with the reason.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Compiles every `.js`, `.cjs` and `.mjs` file below `roots`, evaluating nothing. The parser uses at most `stack` bytes of
/// the thread's stack.
pub fn compile(roots: &[PathBuf], stack: usize) -> Compilation {
    let mut job = Job {
        modules: Modules::default(),
        units: Vec::new(),
        skipped: Vec::new(),
        read: 0,
        code: 0,
    };
    let mut files = Vec::new();
    for root in roots {
        job.collect(root, &mut files, 0);
    }
    files.sort();
    files.dedup();
    for files in files.chunks(FILES_PER_ENGINE) {
        job.compile(files, stack);
    }
    Compilation {
        files: job.units.len(),
        pack: pack::write(compiled::build(), job.units),
        skipped: job.skipped,
    }
}

struct Job {
    modules: Modules,
    units: Vec<Unit>,
    skipped: Vec<(PathBuf, String)>,
    read: u64,
    code: usize,
}

impl Job {
    fn skip(&mut self, file: &Path, reason: impl Into<String>) {
        if self.skipped.len() < MAX_SKIPPED {
            self.skipped.push((file.to_owned(), reason.into()));
        }
    }

    /// Finds the sources below `folder`. Links are not followed: what they lead to is found where it is.
    fn collect(&mut self, folder: &Path, files: &mut Vec<PathBuf>, depth: usize) {
        let entries = match fs_err::read_dir(folder) {
            Ok(entries) if depth < MAX_DEPTH => entries,
            Ok(_) => return self.skip(folder, "nested too deeply"),
            Err(error) => return self.skip(folder, error.to_string()),
        };
        for entry in entries.flatten() {
            if files.len() >= MAX_FILES {
                return self.skip(folder, "too many files");
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.collect(&path, files, depth + 1),
                Ok(kind) if kind.is_file() => {
                    let extension = path.extension().and_then(|extension| extension.to_str());
                    if matches!(extension, Some("js" | "cjs" | "mjs")) {
                        files.push(path);
                    }
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn compile(&mut self, files: &[PathBuf], stack: usize) {
        let Ok(runtime) = Runtime::new() else {
            return;
        };
        runtime.set_max_stack_size(stack);
        runtime.set_loader(Blank, Blank);
        let Ok(context) = Context::full(&runtime) else {
            return;
        };
        for file in files {
            match context.with(|ctx| self.compile_file(&ctx, file)) {
                Ok(unit) => {
                    self.code += unit.code.len();
                    self.units.push(unit);
                }
                Err(reason) => self.skip(file, reason),
            }
        }
    }

    fn compile_file(&mut self, ctx: &Ctx<'_>, file: &Path) -> Result<Unit, String> {
        let name = file.to_str().ok_or("the name is not Unicode")?;
        let size = fs_err::metadata(file)
            .map_err(|error| error.to_string())?
            .len();
        self.read = self.read.saturating_add(size);
        if self.read > MAX_SOURCES || self.code > MAX_CODE {
            return Err("too much code".to_owned());
        }
        let text = source::read_quietly(file).map_err(|error| error.to_string())?;
        let format = self
            .modules
            .format(file)
            .map_err(|error| error.message.clone())?;
        let form = match format {
            Format::Module => Form::Module,
            Format::CommonJs => Form::Function,
            Format::Unknown if syntax(&text) == Syntax::Module => Form::Module,
            Format::Unknown => Form::Function,
            Format::Json | Format::Addon | Format::UnknownExtension => {
                return Err("not JavaScript".to_owned());
            }
        };
        let text = match form {
            Form::Function => bytecode::wrap(source::COMMON_JS, &text),
            Form::Module => text.into_bytes(),
        };
        let code = bytecode::compile_to_bytes(ctx, text, name, form)
            .catch(ctx)
            .map_err(|error| error.to_string())?;
        Ok(Unit {
            name: name.to_owned(),
            form,
            source_length: size,
            code,
        })
    }
}

/// Gives an empty module for everything that is imported: nothing is linked, and nothing else is read.
struct Blank;

impl Resolver for Blank {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        _base: &str,
        _name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        Ok("node:blank".to_owned())
    }
}

impl Loader for Blank {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        Module::declare_def::<Empty, _>(ctx.clone(), name)
    }
}

struct Empty;

impl ModuleDef for Empty {}
