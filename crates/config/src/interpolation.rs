//! `${VAR}` and `${VAR:-default}` in the strings of configuration files.

use std::collections::BTreeMap;

use mycelium_types::Message;
use mycelium_types::printable;

/// What a layer's strings may take from the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Variables<'a> {
    /// All of it.
    Readable(&'a BTreeMap<String, String>),
    /// Nothing: the layer is not trusted. Defaults still count.
    Refused,
    /// Not yet known: only the form is checked.
    Unknown,
}

/// A string with everything put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The string.
    pub(crate) text: String,
    /// The variables it names, in order.
    pub(crate) variables: Vec<String>,
}

/// Why a string cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotExpanded {
    /// The variable is not set and has no default.
    Missing(String),
    /// The layer may not read the variable, which has no default.
    Refused(String),
    /// A `${` has no `}`.
    Open,
    /// What is between the braces is no name of a variable.
    Name(String),
    /// The result is larger than what is left of the budget.
    TooLarge,
}

/// Expands `text`, taking the size of what it puts in from `budget`, in bytes.
///
/// A default counts if the variable is not set or empty, as in a shell. `$${` is a plain `${`, and
/// what is put in is not expanded again.
pub(crate) fn expand(
    text: &str,
    variables: Variables<'_>,
    budget: &mut usize,
) -> Result<Expanded, NotExpanded> {
    let mut expanded = Expanded {
        text: String::with_capacity(text.len()),
        variables: Vec::new(),
    };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, after) = rest.split_at(dollar);
        expanded.text.push_str(before);
        if let Some(plain) = after.strip_prefix("$${") {
            expanded.text.push_str("${");
            rest = plain;
        } else if let Some(inside) = after.strip_prefix("${") {
            let (inside, remaining) = inside.split_once('}').ok_or(NotExpanded::Open)?;
            let value = value_of(inside, variables, &mut expanded.variables)?;
            *budget = budget
                .checked_sub(value.len())
                .ok_or(NotExpanded::TooLarge)?;
            expanded.text.push_str(value);
            rest = remaining;
        } else {
            expanded.text.push('$');
            rest = &after[1..];
        }
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn value_of<'v>(
    inside: &'v str,
    variables: Variables<'v>,
    named: &mut Vec<String>,
) -> Result<&'v str, NotExpanded> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_name {
        return Err(NotExpanded::Name(printable(name)));
    }
    named.push(name.to_owned());
    let found = match variables {
        Variables::Readable(environment) => environment.get(name).map(String::as_str),
        Variables::Refused => None,
        Variables::Unknown => return Ok(""),
    };
    match (found, default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default),
        (None, None) => Err(match variables {
            Variables::Refused => NotExpanded::Refused(printable(name)),
            Variables::Readable(_) | Variables::Unknown => NotExpanded::Missing(printable(name)),
        }),
    }
}

impl NotExpanded {
    /// What to tell.
    pub(crate) fn message(&self) -> Message {
        match self {
            Self::Missing(name) => Message::new("config-variable-missing").with("name", name),
            Self::Refused(name) => Message::new("config-variable-refused").with("name", name),
            Self::Open => Message::new("config-variable-open"),
            Self::Name(name) => Message::new("config-variable-name").with("name", name),
            Self::TooLarge => Message::new("config-variable-too-large"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str, variables: Variables<'_>) -> Result<String, NotExpanded> {
        expand(text, variables, &mut 100).map(|expanded| expanded.text)
    }

    #[test]
    fn takes_variables_and_defaults_as_a_shell_does() {
        let environment = BTreeMap::from([
            ("A".to_owned(), "alpha".to_owned()),
            ("EMPTY".to_owned(), String::new()),
            ("NESTED".to_owned(), "${A}".to_owned()),
        ]);
        let readable = Variables::Readable(&environment);
        for (text, expected) in [
            ("plain", "plain"),
            ("x${A}y${A}", "xalphayalpha"),
            (
                "${EMPTY}|${EMPTY:-d}|${NONE:-d}|${NONE:-}|${A:-d}",
                "|d|d||alpha",
            ),
            ("${NESTED}", "${A}"),
            ("$${A} $A $ $$ 5$", "${A} $A $ $$ 5$"),
            ("$$${A}", "$${A}"),
            ("${NONE:-https://x:1/}", "https://x:1/"),
            ("é${A}é", "éalphaé"),
        ] {
            assert_eq!(expanded(text, readable).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("${NONE}", NotExpanded::Missing("NONE".into())),
            ("${A", NotExpanded::Open),
            ("${}", NotExpanded::Name(String::new())),
            ("${a-b}", NotExpanded::Name("a-b".into())),
            ("${1A:-x}", NotExpanded::Name("1A".into())),
        ] {
            assert_eq!(expanded(text, readable), Err(expected), "{text}");
        }
        let all = expand("${A}${NONE:-}", readable, &mut 100).unwrap();
        assert_eq!(all.variables, ["A", "NONE"]);
    }

    #[test]
    fn who_may_not_read_gets_defaults_only() {
        assert_eq!(expanded("${A:-d}", Variables::Refused).as_deref(), Ok("d"));
        assert_eq!(
            expanded("${A}", Variables::Refused),
            Err(NotExpanded::Refused("A".into()))
        );
        assert_eq!(expanded("${A}!", Variables::Unknown).as_deref(), Ok("!"));
        assert_eq!(expanded("${A", Variables::Unknown), Err(NotExpanded::Open));
    }

    #[test]
    fn what_is_put_in_is_bounded() {
        let environment = BTreeMap::from([("A".to_owned(), "a".repeat(60))]);
        let readable = Variables::Readable(&environment);
        let mut budget = 100;
        assert!(expand("${A}", readable, &mut budget).is_ok());
        assert_eq!(
            expand("${A}", readable, &mut budget),
            Err(NotExpanded::TooLarge)
        );
    }
}
