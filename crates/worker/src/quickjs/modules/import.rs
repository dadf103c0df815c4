//! `import`: the ES module resolution algorithm.

use std::path::Path;
use std::path::PathBuf;

use url::Url;

use super::Conditions;
use super::Kind;
use super::ModuleError;
use super::Modules;
use super::Resolution;
use super::is_plain_builtin;
use super::kind;
use super::real;
use super::require::check_internal_name;
use super::target;
use super::target::Target;
use crate::quickjs::builtin;

/// Names that `import` tries for a package without `exports`, after its `main` and before `index.js`.
const MAIN_SUFFIXES: [&str; 7] = [
    "",
    ".js",
    ".json",
    ".node",
    "/index.js",
    "/index.json",
    "/index.node",
];

/// Where a bare specifier leads, before it is looked at.
pub(super) enum Located {
    /// To a module of the program.
    Builtin(String),
    /// To a file, if it is there.
    File(Url),
}

impl Modules {
    /// What `specifier` means in the module `base`, a file; the second value is the URL's query and fragment, which
    /// make a module of its own.
    pub(in super::super) fn resolve_import(
        &mut self,
        specifier: &str,
        base: &Path,
    ) -> Result<(Resolution, String), ModuleError> {
        self.import(specifier, base).map_err(|error| {
            let guessable = ["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT"];
            match guessable.contains(&error.code) {
                true => match self.guess(specifier, base) {
                    Some(hint) => error.with_hint(&hint),
                    None => error,
                },
                false => error,
            }
        })
    }

    fn import(
        &mut self,
        specifier: &str,
        base: &Path,
    ) -> Result<(Resolution, String), ModuleError> {
        let from = base.display().to_string();
        let from = Some(from.as_str());
        if is_path(specifier) {
            let url = Url::from_file_path(base)
                .ok()
                .and_then(|root| root.join(specifier).ok())
                .ok_or_else(|| ModuleError::no_package(specifier, from))?;
            return finalize(&url, from);
        }
        if specifier.starts_with('#') {
            check_internal_name(specifier, from)?;
            let package = self.packages.scope(base)?;
            let Some((package, imports)) = package
                .as_ref()
                .and_then(|package| Some((package, package.imports.as_ref()?)))
            else {
                let folder = package.as_ref().map(|package| package.folder.as_path());
                return Err(ModuleError::import_not_defined(specifier, folder, from));
            };
            let found = target::imported(package, imports, specifier, Conditions::Import, from)?;
            let located = self.follow(found, &package.folder, Conditions::Import)?;
            return settle(located, from);
        }
        match Url::parse(specifier) {
            Ok(url) => match url.scheme() {
                "file" => finalize(&url, from),
                "node" if builtin::is_public(url.path()) => {
                    Ok((Resolution::Builtin(url.path().to_owned()), String::new()))
                }
                "node" => Err(ModuleError::unknown_builtin(specifier)),
                scheme => Err(ModuleError::unsupported_scheme(scheme)),
            },
            Err(_) => {
                let located = self.locate_package(specifier, base, Conditions::Import)?;
                settle(located, from)
            }
        }
    }

    /// A bare specifier, looked up from the file `base`.
    pub(super) fn locate_package(
        &mut self,
        specifier: &str,
        base: &Path,
        conditions: Conditions,
    ) -> Result<Located, ModuleError> {
        let from = base.display().to_string();
        let from = Some(from.as_str());
        if is_plain_builtin(specifier) {
            return Ok(Located::Builtin(specifier.to_owned()));
        }
        let Some((name, subpath)) = split_name(specifier) else {
            return Err(ModuleError::invalid_specifier(
                specifier,
                "is not a valid package name",
                from,
            ));
        };
        if let Some(package) = self.packages.scope(base)?
            && package.name.as_deref() == Some(name)
            && let Some(exports) = &package.exports
        {
            let found = target::exported(&package, exports, &subpath, conditions, from)?;
            return self.follow(found, &package.folder, conditions);
        }
        let folder = base.parent().unwrap_or(Path::new("/"));
        for folder in self.lookup_paths(folder) {
            let package_folder = folder.join(name);
            if kind(&package_folder) != Kind::Folder {
                continue;
            }
            let package = self.packages.read(&package_folder)?;
            if let Some(package) = &package
                && let Some(exports) = &package.exports
            {
                let found = target::exported(package, exports, &subpath, conditions, from)?;
                return self.follow(found, &package.folder, conditions);
            }
            let url = if subpath == "." {
                let main = package.as_ref().and_then(|package| package.main.as_deref());
                Url::from_file_path(legacy_main(&package_folder, main, from)?).ok()
            } else {
                Url::from_directory_path(&package_folder)
                    .ok()
                    .and_then(|root| root.join(&subpath).ok())
            };
            return url
                .map(Located::File)
                .ok_or_else(|| ModuleError::no_package(specifier, from));
        }
        Err(ModuleError::no_package(name, from))
    }

    /// Where the target of a map leads.
    fn follow(
        &mut self,
        found: Target,
        package: &Path,
        conditions: Conditions,
    ) -> Result<Located, ModuleError> {
        match found {
            Target::File(url) => Ok(Located::File(url)),
            Target::Specifier(specifier) => {
                self.locate_package(&specifier, &package.join("package.json"), conditions)
            }
        }
    }

    /// What `import` could have meant: what `require` would have found, as `import` would name it.
    fn guess(&mut self, specifier: &str, base: &Path) -> Option<String> {
        let Ok(Resolution::File(found)) = self.resolve_require(specifier, base, None) else {
            return None;
        };
        let url = Url::from_file_path(&found).ok()?;
        if specifier.starts_with('/') {
            return Some(found.display().to_string());
        }
        if is_path(specifier) {
            let relative = Url::from_file_path(base).ok()?.make_relative(&url)?;
            return Some(match relative.starts_with("../") {
                true => relative,
                false => format!("./{relative}"),
            });
        }
        let package = specifier.split('/').next()?;
        let below = format!("/node_modules/{package}/");
        match url.path().rfind(&below) {
            Some(at) => Some(format!("{package}/{}", &url.path()[at + below.len()..])),
            None => Some(url.into()),
        }
    }
}

fn settle(located: Located, from: Option<&str>) -> Result<(Resolution, String), ModuleError> {
    match located {
        Located::Builtin(name) => Ok((Resolution::Builtin(name), String::new())),
        Located::File(url) => finalize(&url, from),
    }
}

/// A file URL as the file it names, which is not guessed at.
fn finalize(url: &Url, from: Option<&str>) -> Result<(Resolution, String), ModuleError> {
    check_separators(url, from)?;
    let path = url
        .to_file_path()
        .map_err(|()| ModuleError::invalid_specifier(url.as_str(), "has no path", from))?;
    // As in Node, what is named as a folder counts as one, even if it is not there.
    if url.path().ends_with('/') {
        return Err(ModuleError::folder(&path, from));
    }
    match kind(&path) {
        Kind::Nothing => Err(ModuleError::no_file(&path, from)),
        Kind::Folder => Err(ModuleError::folder(&path, from)),
        Kind::File => {
            let mut suffix = String::new();
            if let Some(query) = url.query() {
                suffix = format!("?{query}");
            }
            if let Some(fragment) = url.fragment() {
                suffix = format!("{suffix}#{fragment}");
            }
            Ok((Resolution::File(real(&path)), suffix))
        }
    }
}

/// Refuses encoded separators, which would smuggle a path past the maps.
pub(super) fn check_separators(url: &Url, from: Option<&str>) -> Result<(), ModuleError> {
    let path = url.path().to_ascii_lowercase();
    if path.contains("%2f") || path.contains("%5c") {
        return Err(ModuleError::invalid_specifier(
            url.path(),
            "must not include encoded \"/\" or \"\\\" characters",
            from,
        ));
    }
    Ok(())
}

/// The entry of a package without `exports`.
fn legacy_main(
    package: &Path,
    main: Option<&str>,
    from: Option<&str>,
) -> Result<PathBuf, ModuleError> {
    let mains = main.into_iter().flat_map(|main| {
        MAIN_SUFFIXES
            .iter()
            .map(move |suffix| format!("{main}{suffix}"))
    });
    let indices = ["index.js", "index.json", "index.node"].map(str::to_owned);
    let found: Option<PathBuf> = mains
        .chain(indices)
        .map(|name| package.join(name))
        .find(|path| kind(path) == Kind::File);
    match found {
        Some(path) => Ok(path),
        None => Err(ModuleError::no_package(
            &format!("{}/", package.display()),
            from,
        )),
    }
}

/// Whether a specifier is a path rather than a name.
fn is_path(specifier: &str) -> bool {
    specifier.starts_with('/')
        || specifier == "."
        || specifier == ".."
        || specifier.starts_with("./")
        || specifier.starts_with("../")
}

/// A bare specifier as a package's name and `.` or `./sub/path`.
fn split_name(specifier: &str) -> Option<(&str, String)> {
    let mut end = specifier.find('/');
    if specifier.starts_with('@') {
        let scope = end?;
        end = specifier[scope + 1..].find('/').map(|at| scope + 1 + at);
    }
    let (name, subpath) = specifier.split_at(end.unwrap_or(specifier.len()));
    let invalid = name.is_empty() || name.starts_with('.') || name.contains(['\\', '%']);
    (!invalid).then(|| (name, format!(".{subpath}")))
}
