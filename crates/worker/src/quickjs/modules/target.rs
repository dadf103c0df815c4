//! The `exports` and `imports` maps of a package.

use std::cmp::Ordering;
use std::path::Path;

use serde_json::Map;
use serde_json::Value;
use url::Url;

use super::Conditions;
use super::ModuleError;
use super::package::Package;

/// Deeper nesting of conditions and lists is refused. (A `package.json` nested deeper than 128 is not read at all.)
const MAX_DEPTH: usize = 64;

/// What a map says.
pub(super) enum Target {
    /// A file of the package.
    File(Url),
    /// Something that is looked up from the package: another package or a builtin.
    Specifier(String),
}

/// The map a subpath is looked up in, and for whom.
struct Lookup<'a> {
    package: &'a Package,
    field: &'static str,
    conditions: Conditions,
    base: Option<&'a str>,
}

/// How far a target got: not mentioned, explicitly nothing, or something.
enum Outcome {
    Unmatched,
    Null,
    Found(Target),
}

/// What `exports` says of a subpath: `.` or `./…`.
pub(super) fn exported(
    package: &Package,
    exports: &Value,
    subpath: &str,
    conditions: Conditions,
    base: Option<&str>,
) -> Result<Target, ModuleError> {
    let lookup = Lookup {
        package,
        field: "exports",
        conditions,
        base,
    };
    let sugar;
    let map = match exports {
        Value::Object(map) if !is_main_sugar(&lookup, map)? => map,
        Value::Object(_) | Value::String(_) | Value::Array(_) => {
            sugar = Map::from_iter([(".".to_owned(), exports.clone())]);
            &sugar
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            return Err(ModuleError::not_exported(&package.folder, subpath, base));
        }
    };
    match lookup.find(map, subpath)? {
        Outcome::Found(target) => Ok(target),
        Outcome::Null | Outcome::Unmatched => {
            Err(ModuleError::not_exported(&package.folder, subpath, base))
        }
    }
}

/// What `imports` says of a specifier that starts with `#`.
pub(super) fn imported(
    package: &Package,
    imports: &Map<String, Value>,
    specifier: &str,
    conditions: Conditions,
    base: Option<&str>,
) -> Result<Target, ModuleError> {
    let lookup = Lookup {
        package,
        field: "imports",
        conditions,
        base,
    };
    match lookup.find(imports, specifier)? {
        Outcome::Found(target) => Ok(target),
        Outcome::Null | Outcome::Unmatched => Err(ModuleError::import_not_defined(
            specifier,
            Some(&package.folder),
            base,
        )),
    }
}

/// Whether an object is the conditions of the main entry rather than a map of subpaths.
fn is_main_sugar(lookup: &Lookup<'_>, map: &Map<String, Value>) -> Result<bool, ModuleError> {
    let conditions = map.keys().filter(|key| !key.starts_with('.')).count();
    if conditions == 0 {
        return Ok(map.is_empty());
    }
    if conditions != map.len() {
        return Err(ModuleError::invalid_package(
            &lookup.package.folder.join("package.json"),
            lookup.base,
            "\"exports\" cannot contain some keys starting with '.' and some not. The exports object must either be an \
             object of package subpath keys or an object of main entry condition name keys only.",
        ));
    }
    Ok(true)
}

impl Lookup<'_> {
    fn find(&self, map: &Map<String, Value>, subpath: &str) -> Result<Outcome, ModuleError> {
        if let Some(target) = map.get(subpath)
            && !subpath.contains('*')
            && !subpath.ends_with('/')
        {
            return self.target(target, None, subpath, 0);
        }
        let mut best: Option<&str> = None;
        for key in map.keys() {
            let Some((prefix, suffix)) = key.split_once('*') else {
                continue;
            };
            if subpath.starts_with(prefix)
                && subpath.len() >= key.len()
                && subpath.ends_with(suffix)
                && !suffix.contains('*')
                && best.is_none_or(|best| compare_patterns(best, key) == Ordering::Greater)
            {
                best = Some(key);
            }
        }
        match best {
            None => Ok(Outcome::Unmatched),
            Some(key) => {
                let (prefix, suffix) = key.split_once('*').unwrap_or((key, ""));
                let matched = &subpath[prefix.len()..subpath.len() - suffix.len()];
                self.target(&map[key], Some(matched), key, 0)
            }
        }
    }

    /// `matched` is what stands for `*`, if the key is a pattern.
    fn target(
        &self,
        target: &Value,
        matched: Option<&str>,
        key: &str,
        depth: usize,
    ) -> Result<Outcome, ModuleError> {
        if depth > MAX_DEPTH {
            return Err(self.invalid(key, target));
        }
        match target {
            Value::String(text) => self.file(target, text, matched, key).map(Outcome::Found),
            Value::Array(choices) => {
                let mut last = Ok(if choices.is_empty() {
                    Outcome::Null
                } else {
                    Outcome::Unmatched
                });
                for choice in choices {
                    match self.target(choice, matched, key, depth + 1) {
                        Ok(Outcome::Found(target)) => return Ok(Outcome::Found(target)),
                        Ok(Outcome::Unmatched) => {}
                        Ok(Outcome::Null) => last = Ok(Outcome::Null),
                        Err(error) if error.code == "ERR_INVALID_PACKAGE_TARGET" => {
                            last = Err(error);
                        }
                        Err(error) => return Err(error),
                    }
                }
                last
            }
            Value::Object(choices) => {
                if choices.keys().any(|key| is_array_index(key)) {
                    return Err(ModuleError::invalid_package(
                        &self.package.folder.join("package.json"),
                        self.base,
                        "\"exports\" cannot contain numeric property keys.",
                    ));
                }
                for (condition, choice) in choices {
                    if self.conditions.contains(condition) {
                        match self.target(choice, matched, key, depth + 1)? {
                            Outcome::Unmatched => {}
                            decided @ (Outcome::Null | Outcome::Found(_)) => return Ok(decided),
                        }
                    }
                }
                Ok(Outcome::Unmatched)
            }
            Value::Null => Ok(Outcome::Null),
            Value::Bool(_) | Value::Number(_) => Err(self.invalid(key, target)),
        }
    }

    fn file(
        &self,
        value: &Value,
        target: &str,
        matched: Option<&str>,
        key: &str,
    ) -> Result<Target, ModuleError> {
        let Some(path) = target.strip_prefix("./") else {
            let elsewhere = target.starts_with("../") || target.starts_with('/');
            if self.field == "imports" && !elsewhere && Url::parse(target).is_err() {
                return Ok(Target::Specifier(match matched {
                    Some(matched) => target.replace('*', matched),
                    None => target.to_owned(),
                }));
            }
            return Err(self.invalid(key, value));
        };
        if has_forbidden_segment(path) {
            return Err(self.invalid(key, value));
        }
        if let Some(matched) = matched
            && has_forbidden_segment(matched)
        {
            let request = key.replacen('*', matched, 1);
            let reason = format!(
                "request is not a valid match in pattern \"{key}\" for the \"{}\" resolution of {}",
                self.field,
                self.package.folder.join("package.json").display()
            );
            return Err(ModuleError::invalid_specifier(&request, &reason, self.base));
        }
        let text = match matched {
            Some(matched) => target.replace('*', matched),
            None => target.to_owned(),
        };
        let root = folder_url(&self.package.folder).ok_or_else(|| self.invalid(key, value))?;
        match root.join(&text) {
            Ok(url) if url.path().starts_with(root.path()) => Ok(Target::File(url)),
            _ => Err(self.invalid(key, value)),
        }
    }

    fn invalid(&self, key: &str, target: &Value) -> ModuleError {
        ModuleError::invalid_target(&self.package.folder, key, target, self.field, self.base)
    }
}

fn folder_url(folder: &Path) -> Option<Url> {
    Url::from_directory_path(folder).ok()
}

/// Which of two patterns is more specific: the lesser.
fn compare_patterns(a: &str, b: &str) -> Ordering {
    let base = |key: &str| key.find('*').map_or(key.len(), |star| star + 1);
    base(b).cmp(&base(a)).then_with(|| b.len().cmp(&a.len()))
}

/// Whether a segment is `.`, `..` or `node_modules`, also when it is percent-encoded.
fn has_forbidden_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let decoded = decode(segment);
        decoded == "." || decoded == ".." || decoded.eq_ignore_ascii_case("node_modules")
    })
}

fn decode(segment: &str) -> String {
    let mut decoded = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let code = rest
            .get(at + 1..at + 3)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) if byte.is_ascii() => {
                decoded.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            _ => {
                decoded.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn is_array_index(key: &str) -> bool {
    key.parse::<u32>()
        .is_ok_and(|index| index != u32::MAX && index.to_string() == key)
}
