//! The front matter as data, with the types that YAML gives plain values.

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use crate::AgentSkill;
use crate::Node;
use crate::NodeValue;
use crate::agent_skill::front_matter::by_lines;
use crate::agent_skill::front_matter::normalised;
use crate::agent_skill::yaml;

impl AgentSkill {
    /// The front matter of the `SKILL.md` that `bytes` are, with all its fields: plain values are what YAML's core schema
    /// (YAML 1.2, 10.3.2) makes of them. `None` if it is not readable as it is written.
    ///
    /// ```
    /// use mycelium_types::AgentSkill;
    ///
    /// let fields = AgentSkill::front_matter(b"---\nname: a\nversion: 1\ntitle: '1'\n---\n").unwrap();
    /// assert_eq!(fields["version"], 1);
    /// assert_eq!(fields["title"], "1");
    /// ```
    #[must_use]
    pub fn front_matter(bytes: &[u8]) -> Option<Map<String, Value>> {
        let text = str::from_utf8(bytes.get(..Self::MAX_BYTES.min(bytes.len()))?).ok()?;
        let text = normalised(text.trim_start_matches('\u{feff}'));
        let parts = by_lines(&text).ok()?;
        let source = &text[parts.yaml];
        match typed(&yaml::read(source).ok()?.node, source) {
            Value::Object(fields) => Some(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        }
    }
}

fn typed(node: &Node, source: &str) -> Value {
    match &node.value {
        NodeValue::Null => Value::Null,
        NodeValue::Bool(value) => Value::Bool(*value),
        NodeValue::Number(number) => Value::Number(number.clone()),
        NodeValue::Text(text) => {
            let first = source.as_bytes().get(node.offset);
            match first.is_some_and(|byte| b"\"'|>".contains(byte)) {
                true => Value::String(text.clone()),
                false => plain(text),
            }
        }
        NodeValue::List(items) => items.iter().map(|item| typed(item, source)).collect(),
        NodeValue::Object(members) => {
            let members = members.iter();
            let fields = members.map(|it| (it.name.clone(), typed(&it.node, source)));
            Value::Object(fields.collect())
        }
    }
}

/// What the core schema makes of a plain value.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 {
        return None;
    }
    let whole = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(octal) = text.strip_prefix("0o") {
        return whole(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return whole(hexadecimal, 16);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.contains(|c: char| c.is_ascii_digit())
        || !digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
    {
        return None;
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(text.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_values_have_types_and_quoted_ones_are_texts() {
        let text = "---\nname: x\nwhole: 12\nfloat: 1.50\nlarge: 1e3\nhex: 0x1F\nyes: true\nno: 'true'\nnothing:\nversion: 1.2.3\ndate: 2026-11-22\nlist:\n  - 1\n  - \"1\"\nblock: |\n  12\nmap:\n  a: ~\nminus: -x\n---\n";
        let fields = AgentSkill::front_matter(text.as_bytes()).unwrap();
        assert_eq!(
            Value::Object(fields),
            json!({
                "name": "x", "whole": 12, "float": 1.5, "large": 1000.0, "hex": 31, "yes": true, "no": "true",
                "nothing": null, "version": "1.2.3", "date": "2026-11-22", "list": [1, "1"], "block": "12\n",
                "map": {"a": null}, "minus": "-x",
            })
        );
    }

    #[test]
    fn what_is_none_has_none() {
        for text in [&b"# Title"[..], b"---\n- a\n---\n", b"---\na: b", b"\xff"] {
            assert_eq!(AgentSkill::front_matter(text), None);
        }
    }
}
