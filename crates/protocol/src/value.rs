//! JSON values inside of messages: read so that they fit into every message.

use serde::de::IgnoredAny;
use serde_json::Value;

/// The deepest nesting of lists and objects of an argument, a result or a setting.
///
/// A message around a value nests by itself, and the reader of messages stops at 128 levels: what keeps
/// to this bound can be read on every wire.
pub const MAX_NESTING: usize = 100;

/// Why a text is no value that a message can carry.
#[derive(Debug, thiserror::Error)]
pub enum InvalidValue {
    /// It is not JSON.
    #[error(transparent)]
    Syntax(serde_json::Error),
    /// It is JSON, nested deeper than [`MAX_NESTING`].
    #[error("it is nested deeper than {MAX_NESTING} levels")]
    TooDeep,
}

/// Reads a JSON text.
///
/// # Errors
/// When it is not JSON, or nested too deep.
pub fn read_value(json: &str) -> Result<Value, InvalidValue> {
    let error = match serde_json::from_str(json) {
        Ok(value) => return check_nesting(&value).map(|()| value),
        Err(error) => error,
    };
    // Skipping a value needs no stack, so only what is not JSON fails here. A number that is out of range is JSON as
    // well; the reader has no other mark than its words for what stopped it.
    let is_deep = error.to_string().starts_with("recursion limit exceeded");
    match serde_json::from_str::<IgnoredAny>(json) {
        Ok(IgnoredAny) if is_deep => Err(InvalidValue::TooDeep),
        Ok(IgnoredAny) | Err(_) => Err(InvalidValue::Syntax(error)),
    }
}

/// Checks a value that came another way than through [`read_value`].
///
/// # Errors
/// [`InvalidValue::TooDeep`].
pub fn check_nesting(value: &Value) -> Result<(), InvalidValue> {
    if fits(value, MAX_NESTING) {
        Ok(())
    } else {
        Err(InvalidValue::TooDeep)
    }
}

fn fits(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return !value.is_array() && !value.is_object();
    };
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, below)),
        Value::Object(members) => members.values().all(|member| fits(member, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn the_bound_is_exact_and_holds_far_beyond_the_readers_own() {
        assert!(read_value(&nested(MAX_NESTING)).is_ok());
        for levels in [MAX_NESTING + 1, 127, 128, 200_000] {
            let read = read_value(&nested(levels));
            assert!(matches!(read, Err(InvalidValue::TooDeep)), "{levels}");
        }
        let objects = format!("{}1{}", "{\"a\":".repeat(101), "}".repeat(101));
        assert!(matches!(read_value(&objects), Err(InvalidValue::TooDeep)));
    }

    #[test]
    fn what_is_not_json_says_where() {
        for text in ["", "[1", "{x", &nested(200)[..300]] {
            match read_value(text) {
                Err(InvalidValue::Syntax(error)) => assert!(!error.to_string().is_empty()),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
