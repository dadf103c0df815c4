//! What a `package.json` says that matters for finding modules.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use serde::de::Deserialize;
use serde::de::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;

use super::ModuleError;

/// A larger `package.json` is not read.
const MAX_SIZE: u64 = 4 << 20;

/// What the `type` field says of `.js` files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PackageType {
    /// `"module"`.
    Module,
    /// `"commonjs"`.
    CommonJs,
    /// Nothing.
    #[default]
    Unsaid,
}

/// A package: its folder and the fields that matter.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// The folder with the `package.json`.
    pub(super) folder: PathBuf,
    pub(super) name: Option<String>,
    pub(super) main: Option<String>,
    pub(super) kind: PackageType,
    /// Absent and `null` are the same.
    pub(super) exports: Option<Value>,
    /// Absent unless it is an object.
    pub(super) imports: Option<serde_json::Map<String, Value>>,
}

/// Every `package.json` that was looked for.
#[derive(Debug, Default)]
pub(super) struct Packages {
    by_folder: HashMap<PathBuf, Option<Rc<Package>>>,
}

impl Packages {
    /// The package in exactly this folder.
    ///
    /// # Errors
    /// When the file is there but is not JSON.
    pub(super) fn read(&mut self, folder: &Path) -> Result<Option<Rc<Package>>, ModuleError> {
        if let Some(known) = self.by_folder.get(folder) {
            return Ok(known.clone());
        }
        let file = folder.join("package.json");
        let package = match load(&file) {
            None => None,
            Some(text) => match serde_json::from_slice::<Package>(strip_mark(&text)) {
                Ok(package) => Some(Rc::new(Package {
                    folder: folder.to_owned(),
                    ..package
                })),
                Err(_) => return Err(ModuleError::invalid_package(&file, None, "")),
            },
        };
        self.by_folder.insert(folder.to_owned(), package.clone());
        Ok(package)
    }

    /// The package that `file` belongs to: the nearest above it, but not beyond a `node_modules` folder.
    pub(super) fn scope(&mut self, file: &Path) -> Result<Option<Rc<Package>>, ModuleError> {
        for folder in file.ancestors().skip(1) {
            if folder.ends_with("node_modules") {
                return Ok(None);
            }
            if let Some(package) = self.read(folder)? {
                return Ok(Some(package));
            }
        }
        Ok(None)
    }
}

fn load(file: &Path) -> Option<Vec<u8>> {
    let file = fs_err::File::open(file).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut text).ok()?;
    Some(text)
}

fn strip_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads an object leniently: unknown fields are skipped, the last of several equal fields counts, and a field of the
/// wrong kind is as good as none.
impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Package;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Package, A::Error> {
                let mut package = Package::default();
                while let Some(field) = map.next_key::<String>()? {
                    match field.as_str() {
                        "name" => package.name = text(map.next_value()?),
                        "main" => package.main = text(map.next_value()?),
                        "type" => {
                            package.kind = match map.next_value::<Value>()?.as_str() {
                                Some("module") => PackageType::Module,
                                Some("commonjs") => PackageType::CommonJs,
                                _ => PackageType::Unsaid,
                            };
                        }
                        "exports" => {
                            let exports: Value = map.next_value()?;
                            package.exports = (!exports.is_null()).then_some(exports);
                        }
                        "imports" => {
                            package.imports = match map.next_value()? {
                                Value::Object(imports) => Some(imports),
                                _ => None,
                            };
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(package)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
