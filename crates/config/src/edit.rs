//! Changes single values of a configuration file and leaves everything else in it as it is.

use std::io;
use std::io::Write as _;
use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstInputValue;
use jsonc_parser::cst::CstObject;
use jsonc_parser::cst::CstRootNode;
use mycelium_types::Diagnostic;
use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Locale;
use mycelium_types::Node;
use mycelium_types::Severity;
use mycelium_types::Syntax;
use mycelium_types::printable_path;
use serde_json::Value;
use tempfile::Builder;

use crate::error::ConfigError;
use crate::interpolation::Variables;
use crate::key::SECTIONS;
use crate::key::keys;
use crate::layer::Layer;
use crate::reading::nested;
use crate::reading::read_bounded;
use crate::section::LayerReader;

/// What a new file starts as.
const EMPTY_FILE: &str = "{}\n";
/// Some editors write it; JSON does not have it, so it is kept aside.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The value that `text` means for `key`, as a command line gives it: for our own keys by the
/// key's kind, for a skill's own settings JSON if it is JSON, else the text itself.
#[must_use]
pub fn parse_value(key: &str, text: &str) -> Value {
    match keys().iter().find(|known| known.name() == key) {
        Some(known) => known.value_of_text(text),
        None => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// Sets `key` (names joined by dots) to `value` in the configuration file `path`, which is created
/// if it does not exist. Comments and formatting stay; the file is replaced in one step.
///
/// # Errors
///
/// The key or value is not valid, the file is not, something that is not an object is in the way,
/// or the file cannot be read or written.
pub fn set_value(path: &Path, key: &str, value: &Value) -> Result<(), ConfigError> {
    check(key, value)?;
    let text = read(path)?;
    let (mark, json) = split_mark(text.as_deref().unwrap_or(EMPTY_FILE));
    let root = parse(path, json)?;
    let mut object = root
        .object_value()
        .ok_or_else(|| in_the_way(path, String::new()))?;
    let mut names: Vec<_> = key.split('.').collect();
    let last = names.pop().unwrap_or_default();
    for (depth, name) in names.iter().enumerate() {
        object = object
            .object_value_or_create(name)
            .ok_or_else(|| in_the_way(path, names[..=depth].join(".")))?;
    }
    match object.get(last) {
        Some(property) => property.set_value(input(value)),
        None => {
            object.append(last, input(value));
        }
    }
    write(path, &format!("{mark}{root}"), text.as_deref())
}

/// Removes `key` (names joined by dots) from the configuration file `path`. Returns whether it was
/// there. Comments and formatting stay; the file is replaced in one step.
///
/// # Errors
///
/// The file is not valid, or cannot be read or written.
pub fn unset_value(path: &Path, key: &str) -> Result<bool, ConfigError> {
    let Some(text) = read(path)? else {
        return Ok(false);
    };
    let (mark, json) = split_mark(&text);
    let root = parse(path, json)?;
    let mut names: Vec<_> = key.split('.').collect();
    let last = names.pop().unwrap_or_default();
    let holder = names
        .iter()
        .try_fold(root.object_value(), |object: Option<CstObject>, name| {
            object.map(|object| object.object_value(name))
        })
        .flatten();
    let Some(property) = holder.and_then(|object| object.get(last)) else {
        return Ok(false);
    };
    property.remove();
    write(path, &format!("{mark}{root}"), Some(&text))?;
    Ok(true)
}

/// Whether a layer that says just this would be read without complaint.
fn check(key: &str, value: &Value) -> Result<(), ConfigError> {
    let mut reader = LayerReader::new(Layer::Runtime, Findings::without_text(""));
    reader.variables = Some(Variables::Unknown);
    let path: Vec<_> = key.split('.').map(str::to_owned).collect();
    let node = nested(&path, value.clone().into());
    reader.section(&SECTIONS, &node, &FieldPath::Root);
    let diagnostics = reader.findings.into_diagnostics(Locale::EnUs);
    let has = |severity| {
        diagnostics
            .iter()
            .any(|diagnostic: &Diagnostic| diagnostic.severity == severity)
    };
    if has(Severity::Error) {
        return Err(ConfigError::Invalid { diagnostics });
    }
    if has(Severity::Warning) {
        let key = key.to_owned();
        return Err(ConfigError::UnknownKey { key, diagnostics });
    }
    Ok(())
}

fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let Some(bytes) = read_bounded(path, Node::MAX_BYTES as u64).map_err(unreadable)? else {
        return Ok(None);
    };
    let (_, findings) = Node::read(&bytes, &printable_path(path), Syntax::Jsonc);
    if findings.has_errors() {
        return Err(ConfigError::Invalid {
            diagnostics: findings.into_diagnostics(Locale::EnUs),
        });
    }
    drop(findings);
    let text = String::from_utf8(bytes);
    text.map(Some)
        .map_err(|problem| unreadable(io::Error::new(io::ErrorKind::InvalidData, problem)))
}

/// The text has been read as a document before, so its depth is bounded and it is well-formed.
fn parse(path: &Path, json: &str) -> Result<CstRootNode, ConfigError> {
    CstRootNode::parse(json, &ParseOptions::default()).map_err(|problem| ConfigError::Unreadable {
        file: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, problem),
    })
}

pub(crate) fn split_mark(text: &str) -> (&str, &str) {
    let length = text
        .strip_prefix(BYTE_ORDER_MARK)
        .map_or(0, |_| BYTE_ORDER_MARK.len());
    text.split_at(length)
}

pub(crate) fn in_the_way(path: &Path, in_the_way: String) -> ConfigError {
    ConfigError::InTheWay {
        file: path.to_owned(),
        in_the_way,
    }
}

pub(crate) fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => CstInputValue::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), input(value)))
                .collect(),
        ),
    }
}

/// Replaces the file in one step; who reads it meanwhile sees the old or the new one, whole.
fn write(path: &Path, text: &str, before: Option<&str>) -> Result<(), ConfigError> {
    if before == Some(text) {
        return Ok(());
    }
    replace(path, text).map_err(|source| ConfigError::Unwritable {
        file: path.to_owned(),
        source,
    })
}

/// Puts `text` in the place of what is at `path`, or where it points to.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let target = match fs_err::canonicalize(path) {
        Ok(target) => target,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(problem) => return Err(problem),
    };
    let folder = target
        .parent()
        .ok_or_else(|| io::Error::other("the file has no folder"))?;
    fs_err::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".skills-").suffix(".tmp");
    let mut file = match fs_err::metadata(&target) {
        Ok(metadata) => {
            let file = builder.tempfile_in(folder)?;
            file.as_file().set_permissions(metadata.permissions())?;
            keep_owner(file.path(), &metadata);
            file
        }
        // The mask of the process decides, as for any new file.
        Err(_) => builder
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(folder)?,
    };
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|problem| problem.error)?;
    Ok(())
}

/// When root edits a person's file it stays theirs. Others cannot give files away; theirs it is then.
fn keep_owner(file: &Path, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    let _ = std::os::unix::fs::chown(file, Some(metadata.uid()), Some(metadata.gid()));
}
