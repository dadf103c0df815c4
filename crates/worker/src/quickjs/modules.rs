//! Where modules are: Node's resolution algorithms for `require` and `import`, and what is cached of their answers.
//!
//! The algorithms are those of the Node.js documentation (modules, "All together", and ESM, "Resolution algorithm"), with
//! the error codes and texts of Node 20. One folder is added to the walk up the `node_modules` folders, as the last:
//! the dependency layer.

mod error;
mod import;
mod lexer;
mod package;
mod require;
mod target;

use std::path::Path;
use std::path::PathBuf;

pub(super) use error::ModuleError;
pub(super) use lexer::Callable;
pub(super) use lexer::Syntax;
pub(super) use lexer::export_names;
pub(super) use lexer::function_text;
pub(super) use lexer::syntax;
use package::PackageType;
use package::Packages;

/// What a specifier means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// A module of the program, without `node:`.
    Builtin(String),
    /// A file, absolute and without links.
    File(PathBuf),
}

/// Which of the two algorithms asks, because packages may answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conditions {
    Require,
    Import,
}

impl Conditions {
    /// Whether a package's condition applies. `default` always does.
    fn contains(self, name: &str) -> bool {
        match name {
            "node" | "module-sync" | "default" => true,
            "require" => self == Self::Require,
            "import" => self == Self::Import,
            _ => false,
        }
    }
}

/// How a file is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A CommonJS module.
    CommonJs,
    /// An ES module.
    Module,
    /// Data.
    Json,
    /// CommonJS, unless its text says that it is an ES module: no package decides.
    Unknown,
    /// A native add-on, which this engine cannot load.
    Addon,
    /// A file name with an extension that `import` does not know.
    UnknownExtension,
}

/// The resolver and its caches.
#[derive(Debug, Default)]
pub(super) struct Modules {
    packages: Packages,
    layer: Option<PathBuf>,
}

impl Modules {
    /// Adds `layer`, a `node_modules` folder, at the end of the walk.
    pub(super) fn set_layer(&mut self, layer: PathBuf) {
        self.layer = Some(layer);
    }

    /// How `file` is loaded, by its extension and its package.
    pub(super) fn format(&mut self, file: &Path) -> Result<Format, ModuleError> {
        Ok(
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("mjs") => Format::Module,
                Some("cjs") => Format::CommonJs,
                Some("json") => Format::Json,
                Some("node") => Format::Addon,
                Some("js") => match self.packages.scope(file)?.map(|package| package.kind) {
                    Some(PackageType::Module) => Format::Module,
                    Some(PackageType::CommonJs) => Format::CommonJs,
                    Some(PackageType::Unsaid) | None => Format::Unknown,
                },
                None => match self.packages.scope(file)?.map(|package| package.kind) {
                    Some(PackageType::Module) => Format::Module,
                    Some(PackageType::CommonJs) => Format::CommonJs,
                    Some(PackageType::Unsaid) | None => Format::Unknown,
                },
                Some(_) => Format::UnknownExtension,
            },
        )
    }

    /// The folders in which `require` looks for packages, from the folder `from` upwards.
    pub(super) fn lookup_paths(&self, from: &Path) -> Vec<PathBuf> {
        from.ancestors()
            .filter(|folder| !folder.ends_with("node_modules"))
            .map(|folder| folder.join("node_modules"))
            .chain(self.layer.clone())
            .collect()
    }
}

/// What is at a path, following links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Nothing,
}

fn kind(path: &Path) -> Kind {
    match rustix::fs::stat(path) {
        Ok(stat) if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() => Kind::Folder,
        Ok(_) => Kind::File,
        Err(_) => Kind::Nothing,
    }
}

/// The path of something that is there, without links.
fn real(path: &Path) -> PathBuf {
    super::path::resolve(Path::new("/"), path)
}

/// Whether `name` is a builtin that needs no `node:` before it.
fn is_plain_builtin(name: &str) -> bool {
    super::builtin::is_public(name) && !super::builtin::needs_scheme(name)
}
