//! The arguments of a call, from words of the command line or from JSON.

use mycelium_protocol::InvalidValue;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::read_value;
use serde_json::Value;

/// Why a text is no list of arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidArguments {
    /// It is not JSON.
    #[error("--args is not JSON: {0}")]
    Syntax(#[source] serde_json::Error),
    /// It is nested too deep for a message.
    #[error("--args cannot be passed on: {0}")]
    TooDeep(#[source] InvalidValue),
    /// A word is JSON that is nested too deep for a message.
    #[error("argument {position} cannot be passed on: {reason}")]
    WordTooDeep {
        /// Which one, from 1.
        position: usize,
        /// What is wrong with it.
        #[source]
        reason: InvalidValue,
    },
    /// It is JSON of another kind.
    #[error("--args is {kind}, neither a list of arguments nor an object of named ones")]
    Kind {
        /// What it is.
        kind: &'static str,
    },
    /// It has a number that would not arrive as it was written.
    #[error("--args has the number {number}, which would lose digits; write it as a string")]
    Inexact {
        /// The number.
        number: String,
    },
}

/// Reads each word: a JSON number, boolean, null, array or object is that, everything else is a string.
///
/// A number with more digits than 64 bits hold (or an array or object with one in it) stays the string
/// it was typed as, so that no digit is ever lost.
///
/// # Errors
/// When one is JSON and nested too deep.
pub(crate) fn from_words(words: Vec<String>) -> Result<Arguments, InvalidArguments> {
    let words = words.into_iter().enumerate();
    let values = words.map(|(index, word)| {
        from_word(word).map_err(|reason| InvalidArguments::WordTooDeep {
            position: index + 1,
            reason,
        })
    });
    Ok(Arguments::Positional(values.collect::<Result<_, _>>()?))
}

fn from_word(word: String) -> Result<Value, InvalidValue> {
    let plain = word.trim() == word && inexact_number(&word).is_none();
    match read_value(&word) {
        Ok(Value::String(_)) | Err(InvalidValue::Syntax(_)) => Ok(Value::String(word)),
        Ok(value) if plain => Ok(value),
        Ok(_) => Ok(Value::String(word)),
        Err(InvalidValue::TooDeep) => Err(InvalidValue::TooDeep),
    }
}

/// Reads the whole list of arguments, or an object of named ones.
///
/// # Errors
/// When it is not JSON, or JSON of another kind, or has a number that does not fit in 64 bits.
pub(crate) fn from_json(text: &str) -> Result<Arguments, InvalidArguments> {
    let value = read_value(text).map_err(|error| match error {
        InvalidValue::Syntax(error) => InvalidArguments::Syntax(error),
        InvalidValue::TooDeep => InvalidArguments::TooDeep(error),
    })?;
    if let Some(number) = inexact_number(text) {
        return Err(InvalidArguments::Inexact {
            number: number.chars().take(60).collect(),
        });
    }
    let kind = match value {
        Value::Array(list) => return Ok(Arguments::Positional(list)),
        Value::Object(named) => return Ok(Arguments::Named(named)),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
    };
    Err(InvalidArguments::Kind { kind })
}

/// The first whole number of a JSON text that fits in no 64-bit integer.
///
/// The JSON reader would make a rounded decimal of it without a word.
fn inexact_number(json: &str) -> Option<&str> {
    let bytes = json.as_bytes();
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'"' => {
                index += 1;
                while bytes.get(index).is_some_and(|byte| *byte != b'"') {
                    index += if bytes[index] == b'\\' { 2 } else { 1 };
                }
                index += 1;
            }
            b'-' | b'0'..=b'9' => {
                let length = bytes[index..]
                    .iter()
                    .take_while(|byte| {
                        matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                    })
                    .count();
                let number = &json[index..index + length];
                let whole = !number.contains(['.', 'e', 'E']);
                if whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                    return Some(number);
                }
                index += length;
            }
            _ => index += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(list: &[&str]) -> Value {
        match from_words(list.iter().map(|word| (*word).to_owned()).collect()).unwrap() {
            Arguments::Positional(values) => Value::Array(values),
            Arguments::Named(_) => unreachable!("words are positional"),
        }
    }

    #[test]
    fn words_are_strings_unless_they_are_json() {
        assert_eq!(
            words(&[
                "Claude",
                "42",
                "-1.5e3",
                "true",
                "null",
                "[1,\"x\"]",
                "{\"a\":1}"
            ]),
            json!(["Claude", 42, -1500.0, true, null, [1, "x"], {"a": 1}])
        );
        assert_eq!(
            words(&["007", "", " 42", "\"42\"", "name=Ada", "0x10", "NaN", "[1,"]),
            json!(["007", "", " 42", "\"42\"", "name=Ada", "0x10", "NaN", "[1,"])
        );
    }

    #[test]
    fn no_digit_is_lost() {
        assert_eq!(
            words(&["18446744073709551615", "-9223372036854775808"]),
            json!([u64::MAX, i64::MIN])
        );
        for long in [
            "18446744073709551616",
            "-9223372036854775809",
            "[123456789012345678901234567890]",
            "{\"n\":[1,99999999999999999999]}",
            "1e999",
        ] {
            assert_eq!(words(&[long]), json!([long]));
        }
        assert_eq!(
            words(&["[\"99999999999999999999\"]"]),
            json!([["99999999999999999999"]])
        );
        assert_eq!(
            from_json("[1, 99999999999999999999]")
                .unwrap_err()
                .to_string(),
            "--args has the number 99999999999999999999, which would lose digits; write it as a string"
        );
    }

    #[test]
    fn json_is_a_list_or_an_object() {
        assert_eq!(
            from_json("[\"a\\\"b\", 1]").unwrap(),
            Arguments::Positional(vec![json!("a\"b"), json!(1)])
        );
        assert_eq!(
            from_json("{\"name\": \"Ada\"}").unwrap(),
            Arguments::Named([("name".to_owned(), json!("Ada"))].into_iter().collect())
        );
        for (text, message) in [
            (
                "hello",
                "--args is not JSON: expected value at line 1 column 1",
            ),
            (
                "3",
                "--args is a number, neither a list of arguments nor an object of named ones",
            ),
            (
                "\"x\"",
                "--args is a string, neither a list of arguments nor an object of named ones",
            ),
        ] {
            assert_eq!(from_json(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn what_is_nested_too_deep_for_a_message_is_refused() {
        let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
        assert_eq!(
            from_json(&deep).unwrap_err().to_string(),
            "--args cannot be passed on: it is nested deeper than 100 levels"
        );
        assert_eq!(
            from_words(vec!["a".to_owned(), deep])
                .unwrap_err()
                .to_string(),
            "argument 2 cannot be passed on: it is nested deeper than 100 levels"
        );
    }
}
