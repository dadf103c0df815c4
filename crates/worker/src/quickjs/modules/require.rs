//! `require`: the CommonJS resolution algorithm.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use url::Url;

use super::Conditions;
use super::Kind;
use super::ModuleError;
use super::Modules;
use super::Resolution;
use super::import::Located;
use super::is_plain_builtin;
use super::kind;
use super::real;
use super::target;
use super::target::Target;
use crate::quickjs::builtin;

/// The extensions that `require` tries, in order.
const EXTENSIONS: [&str; 3] = ["js", "json", "node"];

impl Modules {
    /// What `request` means in the CommonJS module `parent`, a file.
    ///
    /// `paths` replaces the `node_modules` folders (and, for a relative request, the folder of `parent`) to look in.
    pub(in super::super) fn resolve_require(
        &mut self,
        request: &str,
        parent: &Path,
        paths: Option<&[PathBuf]>,
    ) -> Result<Resolution, ModuleError> {
        if let Some(name) = request.strip_prefix("node:") {
            return if builtin::is_public(name) {
                Ok(Resolution::Builtin(name.to_owned()))
            } else {
                Err(ModuleError::not_found(request))
            };
        }
        if is_plain_builtin(request) {
            return Ok(Resolution::Builtin(request.to_owned()));
        }
        if request.starts_with('#')
            && let Some(package) = self.packages.scope(parent)?
            && let Some(imports) = &package.imports
        {
            let base = parent.display().to_string();
            check_internal_name(request, Some(&base))?;
            let found =
                target::imported(&package, imports, request, Conditions::Require, Some(&base))?;
            return self.take_target(found, &package.folder, request);
        }
        if let Some(found) = self.own_package(request, parent)? {
            return Ok(found);
        }
        let folder = parent.parent().unwrap_or(Path::new("/"));
        let found = if Path::new(request).is_absolute() {
            self.find_from(Path::new("/"), request)?
        } else if is_relative(request) {
            match paths {
                None => self.find_from(folder, request)?,
                Some(paths) => first(paths, |path| self.find_from(path, request))?,
            }
        } else {
            let usual;
            let paths = match paths {
                Some(paths) => paths,
                None => {
                    usual = self.lookup_paths(folder);
                    &usual
                }
            };
            first(paths, |path| {
                if kind(path) == Kind::Folder {
                    self.find_package(path, request)
                } else {
                    Ok(None)
                }
            })?
        };
        found.ok_or_else(|| ModuleError::not_found(request))
    }

    /// A package that names itself.
    fn own_package(
        &mut self,
        request: &str,
        parent: &Path,
    ) -> Result<Option<Resolution>, ModuleError> {
        let Some(package) = self.packages.scope(parent)? else {
            return Ok(None);
        };
        let (Some(exports), Some(name)) = (&package.exports, &package.name) else {
            return Ok(None);
        };
        let subpath = match request.strip_prefix(name.as_str()) {
            Some("") => ".".to_owned(),
            Some(rest) if rest.starts_with('/') => format!(".{rest}"),
            _ => return Ok(None),
        };
        let base = parent.display().to_string();
        let found = target::exported(
            &package,
            exports,
            &subpath,
            Conditions::Require,
            Some(&base),
        )?;
        self.take_target(found, &package.folder, request).map(Some)
    }

    fn take_target(
        &mut self,
        found: Target,
        package: &Path,
        request: &str,
    ) -> Result<Resolution, ModuleError> {
        let specifier = match found {
            Target::File(url) => return exact_file(&url, package),
            Target::Specifier(specifier) => specifier,
        };
        // What a package imports from another is found as `import` finds it, with the conditions of `require`.
        let base = package.join("package.json");
        match self.locate_package(&specifier, &base, Conditions::Require) {
            Ok(Located::Builtin(name)) => Ok(Resolution::Builtin(name)),
            Ok(Located::File(url)) => exact_file(&url, package),
            Err(error) if error.code == "ERR_MODULE_NOT_FOUND" => {
                Err(ModuleError::not_found(request))
            }
            Err(error) => Err(error),
        }
    }

    /// A package below one `node_modules` folder.
    fn find_package(
        &mut self,
        folder: &Path,
        request: &str,
    ) -> Result<Option<Resolution>, ModuleError> {
        if let Some((name, subpath)) = split_package_name(request) {
            let package = folder.join(name);
            if let Some(package) = self.packages.read(&package)?
                && let Some(exports) = &package.exports
            {
                let found = target::exported(
                    &package,
                    exports,
                    &format!(".{subpath}"),
                    Conditions::Require,
                    None,
                )?;
                return self.take_target(found, &package.folder, request).map(Some);
            }
        }
        self.find_from(folder, request)
    }

    /// A file or folder, by its path from `folder`.
    fn find_from(
        &mut self,
        folder: &Path,
        request: &str,
    ) -> Result<Option<Resolution>, ModuleError> {
        let path = normalize(&folder.join(request));
        let only_folder = request.ends_with('/')
            || request.ends_with("/.")
            || request.ends_with("/..")
            || request == "."
            || request == "..";
        let there = kind(&path);
        if !only_folder {
            if there == Kind::File {
                return Ok(Some(Resolution::File(real(&path))));
            }
            if let Some(file) = with_extension(&path) {
                return Ok(Some(Resolution::File(real(&file))));
            }
        }
        if there != Kind::Folder {
            return Ok(None);
        }
        self.find_main(&path)
    }

    /// What a folder stands for: its `main`, or its `index`.
    fn find_main(&mut self, folder: &Path) -> Result<Option<Resolution>, ModuleError> {
        let index = || with_extension(&folder.join("index"));
        let package = self.packages.read(folder)?;
        let main = package
            .and_then(|package| package.main.clone())
            .filter(|main| !main.is_empty());
        let found = match main {
            None => index(),
            Some(main) => {
                let main = normalize(&folder.join(main));
                let there = (kind(&main) == Kind::File).then(|| main.clone());
                let found = there
                    .or_else(|| with_extension(&main))
                    .or_else(|| with_extension(&main.join("index")))
                    .or_else(index);
                if found.is_none() {
                    return Err(ModuleError::main_not_found(&main, folder));
                }
                found
            }
        };
        Ok(found.map(|file| Resolution::File(real(&file))))
    }
}

fn first<T>(
    paths: &[PathBuf],
    mut find: impl FnMut(&Path) -> Result<Option<T>, ModuleError>,
) -> Result<Option<T>, ModuleError> {
    for path in paths {
        if let Some(found) = find(path)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The file that a map names, which is not guessed at.
fn exact_file(url: &Url, package: &Path) -> Result<Resolution, ModuleError> {
    super::import::check_separators(url, None)?;
    let path = url
        .to_file_path()
        .map_err(|()| ModuleError::not_found(url.as_str()))?;
    if kind(&path) == Kind::File {
        Ok(Resolution::File(real(&path)))
    } else {
        Err(ModuleError::target_not_found(&path, package))
    }
}

/// Refuses names of `imports` that cannot be.
pub(super) fn check_internal_name(name: &str, base: Option<&str>) -> Result<(), ModuleError> {
    if name == "#" || name.starts_with("#/") || name.ends_with('/') {
        return Err(ModuleError::invalid_specifier(
            name,
            "is not a valid internal imports specifier name",
            base,
        ));
    }
    Ok(())
}

fn is_relative(request: &str) -> bool {
    request == "." || request == ".." || request.starts_with("./") || request.starts_with("../")
}

/// `name/sub/path` or `@scope/name/sub/path` as the package's name and `/sub/path`.
fn split_package_name(request: &str) -> Option<(&str, &str)> {
    let start = match request.strip_prefix('@') {
        Some(scoped) => scoped.find('/')? + 2,
        None => 0,
    };
    let end = request[start..]
        .find('/')
        .map_or(request.len(), |slash| start + slash);
    let (name, subpath) = request.split_at(end);
    let plain = &name[start..];
    let invalid = plain.is_empty() || plain.starts_with('.') || name.contains(['\\', '%']);
    (!invalid).then_some((name, subpath))
}

fn with_extension(path: &Path) -> Option<PathBuf> {
    EXTENSIONS.iter().find_map(|extension| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        let path = PathBuf::from(name);
        (kind(&path) == Kind::File).then_some(path)
    })
}

/// The path without `.` and `..`, by its text alone.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}
