//! Why a module cannot be found, in Node's words.

use std::path::Path;
use std::path::PathBuf;

use url::Url;

/// The class of the thrown error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ErrorClass {
    /// `Error`.
    Error,
    /// `TypeError`.
    TypeError,
}

impl ErrorClass {
    /// The class's name in JavaScript.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::TypeError => "TypeError",
        }
    }
}

/// A module that cannot be found or must not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct ModuleError {
    /// The class of the error to throw.
    pub(in super::super) class: ErrorClass,
    /// Its `code`.
    pub(in super::super) code: &'static str,
    /// Its message.
    pub(in super::super) message: String,
    /// Its `path`, where Node sets one.
    pub(in super::super) path: Option<PathBuf>,
}

impl ModuleError {
    fn new(class: ErrorClass, code: &'static str, message: String) -> Self {
        Self {
            class,
            code,
            message,
            path: None,
        }
    }

    /// `require` finds nothing; the caller adds the require stack.
    pub(super) fn not_found(request: &str) -> Self {
        Self::new(
            ErrorClass::Error,
            "MODULE_NOT_FOUND",
            format!("Cannot find module '{request}'"),
        )
    }

    /// What a package's map says is not there.
    pub(super) fn target_not_found(target: &Path, package: &Path) -> Self {
        Self {
            path: Some(package.join("package.json")),
            ..Self::not_found(&target.display().to_string())
        }
    }

    /// A package's `main` is not there.
    pub(super) fn main_not_found(main: &Path, package: &Path) -> Self {
        Self {
            path: Some(package.join("package.json")),
            ..Self::new(
                ErrorClass::Error,
                "MODULE_NOT_FOUND",
                format!(
                    "Cannot find module '{}'. Please verify that the package.json has a valid \"main\" entry",
                    main.display()
                ),
            )
        }
    }

    /// `import` finds no such file.
    pub(super) fn no_file(path: &Path, base: Option<&str>) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..Self::new(
                ErrorClass::Error,
                "ERR_MODULE_NOT_FOUND",
                format!(
                    "Cannot find module '{}'{}",
                    path.display(),
                    imported_from(base)
                ),
            )
        }
    }

    /// `import` finds no such package.
    pub(super) fn no_package(name: &str, base: Option<&str>) -> Self {
        Self::new(
            ErrorClass::Error,
            "ERR_MODULE_NOT_FOUND",
            format!("Cannot find package '{name}'{}", imported_from(base)),
        )
    }

    pub(super) fn folder(path: &Path, base: Option<&str>) -> Self {
        Self::new(
            ErrorClass::Error,
            "ERR_UNSUPPORTED_DIR_IMPORT",
            format!(
                "Directory import '{}' is not supported resolving ES modules{}",
                path.display(),
                imported_from(base)
            ),
        )
    }

    /// A file that `import` does not know how to load.
    pub(in super::super) fn unknown_extension(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        Self::new(
            ErrorClass::TypeError,
            "ERR_UNKNOWN_FILE_EXTENSION",
            format!(
                "Unknown file extension \".{extension}\" for {}",
                path.display()
            ),
        )
    }

    /// `require` of an ES module that awaits.
    pub(in super::super) fn asynchronous(key: &str) -> Self {
        Self::new(
            ErrorClass::Error,
            "ERR_REQUIRE_ASYNC_MODULE",
            format!(
                "require() cannot be used on an ESM graph with top-level await. Use import() instead.\n  Requiring {key}"
            ),
        )
    }

    pub(super) fn unknown_builtin(name: &str) -> Self {
        Self::new(
            ErrorClass::Error,
            "ERR_UNKNOWN_BUILTIN_MODULE",
            format!("No such built-in module: {name}"),
        )
    }

    /// Adds what `import` could have meant.
    pub(super) fn with_hint(mut self, hint: &str) -> Self {
        self.message = format!("{}\nDid you mean to import \"{hint}\"?", self.message);
        self
    }

    pub(super) fn unsupported_scheme(scheme: &str) -> Self {
        Self::new(
            ErrorClass::Error,
            "ERR_UNSUPPORTED_ESM_URL_SCHEME",
            format!(
                "Only URLs with a scheme in: file and node are supported by this engine. Received protocol '{scheme}:'"
            ),
        )
    }

    pub(super) fn invalid_specifier(request: &str, reason: &str, base: Option<&str>) -> Self {
        Self::new(
            ErrorClass::TypeError,
            "ERR_INVALID_MODULE_SPECIFIER",
            format!(
                "Invalid module \"{request}\" {reason}{}",
                imported_from(base)
            ),
        )
    }

    pub(super) fn invalid_package(file: &Path, base: Option<&str>, reason: &str) -> Self {
        let base = base
            .and_then(|base| Url::from_file_path(base).ok())
            .map_or(String::new(), |base| format!(" while importing {base}"));
        let reason = if reason.is_empty() {
            String::new()
        } else {
            format!(". {reason}")
        };
        Self::new(
            ErrorClass::Error,
            "ERR_INVALID_PACKAGE_CONFIG",
            format!("Invalid package config {}{base}{reason}", file.display()),
        )
    }

    pub(super) fn not_exported(package: &Path, subpath: &str, base: Option<&str>) -> Self {
        let file = package.join("package.json");
        let file = file.display();
        let from = imported_from(base);
        let message = if subpath == "." {
            format!("No \"exports\" main defined in {file}{from}")
        } else {
            format!("Package subpath '{subpath}' is not defined by \"exports\" in {file}{from}")
        };
        Self::new(ErrorClass::Error, "ERR_PACKAGE_PATH_NOT_EXPORTED", message)
    }

    pub(super) fn import_not_defined(
        specifier: &str,
        package: Option<&Path>,
        base: Option<&str>,
    ) -> Self {
        let package = package.map_or(String::new(), |package| {
            format!(" in package {}", package.join("package.json").display())
        });
        Self::new(
            ErrorClass::TypeError,
            "ERR_PACKAGE_IMPORT_NOT_DEFINED",
            format!(
                "Package import specifier \"{specifier}\" is not defined{package}{}",
                imported_from(base)
            ),
        )
    }

    pub(super) fn invalid_target(
        package: &Path,
        key: &str,
        target: &serde_json::Value,
        field: &str,
        base: Option<&str>,
    ) -> Self {
        let relative = match target {
            serde_json::Value::String(text)
                if field == "exports" && !text.is_empty() && !text.starts_with("./") =>
            {
                "; targets must start with \"./\""
            }
            _ => "",
        };
        let file = package.join("package.json");
        let file = file.display();
        let from = imported_from(base);
        let message = if key == "." {
            format!(
                "Invalid \"exports\" main target {target} defined in the package config {file}{from}{relative}"
            )
        } else {
            format!(
                "Invalid \"{field}\" target {target} defined for '{key}' in the package config {file}{from}{relative}"
            )
        };
        Self::new(ErrorClass::Error, "ERR_INVALID_PACKAGE_TARGET", message)
    }
}

fn imported_from(base: Option<&str>) -> String {
    base.map_or(String::new(), |base| format!(" imported from {base}"))
}
