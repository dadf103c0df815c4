//! Results as JSON: one object a line.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::untrusted;

/// The version of the shape of all objects the program prints.
const SCHEMA_VERSION: u32 = 1;

/// `value`'s fields beside `schema_version`, on one line.
///
/// Fails only for values that JSON cannot write, which no report is.
pub(crate) fn envelope(value: &impl Serialize) -> serde_json::Result<String> {
    let mut object = Map::new();
    object.insert("schema_version".to_owned(), Value::from(SCHEMA_VERSION));
    match serde_json::to_value(value)? {
        Value::Object(fields) => object.extend(fields),
        other => {
            object.insert("value".to_owned(), other);
        }
    }
    serde_json::to_string(&object).map(|text| escaped(&text))
}

/// A result as people see it: JSON on one line.
pub(crate) fn result_text(value: &Value) -> String {
    escaped(&value.to_string())
}

/// Escapes what a terminal obeys. In JSON such characters are only ever inside of strings, where the
/// escape means the same.
fn escaped(json: &str) -> String {
    if !json.chars().any(untrusted::is_obeyed) {
        return json.to_owned();
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if untrusted::is_obeyed(character) {
            let _ = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_version_comes_first_beside_the_fields() {
        let text = envelope(&json!({"b": 1, "a": [true]})).unwrap();
        assert_eq!(text, r#"{"schema_version":1,"b":1,"a":[true]}"#);
        assert_eq!(
            envelope(&[1]).unwrap(),
            r#"{"schema_version":1,"value":[1]}"#
        );
    }

    #[test]
    fn nothing_a_terminal_obeys_is_left_and_the_meaning_is_the_same() {
        let value = json!({"k": "a\u{1b}b\u{9b}c\u{202e}d\u{7f}\n"});
        let text = envelope(&value).unwrap();
        assert!(!text.chars().any(untrusted::is_obeyed));
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["k"], value["k"]);
    }
}
