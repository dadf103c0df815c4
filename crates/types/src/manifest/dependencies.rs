//! `dependencies`: npm ranges by name, or a list that says the registry of each.

use std::collections::HashSet;

use crate::Dependency;
use crate::DependencyKind;
use crate::Findings;
use crate::Message;
use crate::NodeValue;
use crate::SkillName;
use crate::VersionRange;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::choice;
use crate::manifest::place::flag;
use crate::manifest::place::invalid;
use crate::manifest::place::line;

pub(super) fn dependencies(
    place: Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<Vec<Dependency>> {
    match &place.node.value {
        NodeValue::Object(members) => {
            let mut list = Vec::with_capacity(members.len());
            for member in members {
                let path = place.path.member(&member.name);
                let place = Place {
                    node: &member.node,
                    path: &path,
                };
                list.extend(short_form(&member.name, place, findings));
            }
            Some(list)
        }
        NodeValue::List(_) => {
            let mut seen = HashSet::new();
            place.list(findings, |place, findings| {
                let dependency = long_form(place, findings)?;
                if !seen.insert((dependency.kind, dependency.name.clone())) {
                    let message = Message::new("dependency-repeated")
                        .with("name", &dependency.name)
                        .with("kind", dependency.kind.as_str());
                    place.error(findings, message);
                }
                Some(dependency)
            })
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {
            place.wrong_type(findings, "list-or-object");
            None
        }
    }
}

fn short_form(name: &str, place: Place<'_>, findings: &mut Findings<'_>) -> Option<Dependency> {
    let kind = DependencyKind::Npm;
    check_name(name, kind, place, findings);
    Some(Dependency {
        name: name.to_owned(),
        range: range(kind, place, findings)?,
        kind,
        source: None,
        optional: false,
    })
}

fn long_form(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Dependency> {
    let mut fields = Fields::open(place, findings, "object")?;
    let kind = fields.required("type", choice);
    let name = fields.required("name", |place, findings| {
        let name = place.text(findings)?;
        check_name(name, kind?, place, findings);
        Some(name.to_owned())
    });
    let range = fields.required("version", |place, findings| range(kind?, place, findings));
    let source = fields.optional("source", line);
    let optional = fields.optional("optional", flag).unwrap_or(false);
    fields.close();
    Some(Dependency {
        name: name?,
        range: range?,
        kind: kind?,
        source,
        optional,
    })
}

fn check_name(name: &str, kind: DependencyKind, place: Place<'_>, findings: &mut Findings<'_>) {
    let fits = match kind {
        DependencyKind::Npm => is_npm_name(name),
        DependencyKind::Pip => is_pip_name(name),
        DependencyKind::Skill => name.parse::<SkillName>().is_ok(),
        DependencyKind::Binary => is_binary_name(name),
    };
    if !fits {
        let message = invalid("dependency-name", name).with("kind", kind.as_str());
        place.error(findings, message);
    }
}

fn range(kind: DependencyKind, place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let text = place.text(findings)?;
    let fits = match kind {
        DependencyKind::Npm | DependencyKind::Skill | DependencyKind::Binary => {
            text.parse::<VersionRange>().is_ok()
        }
        DependencyKind::Pip => is_pip_range(text),
    };
    if !fits {
        let message = invalid("dependency-range", text).with("kind", kind.as_str());
        place.error(findings, message);
    }
    Some(text.to_owned())
}

/// The names npm's registry has, old ones with capitals too; never a path.
fn is_npm_name(name: &str) -> bool {
    const MAX_LEN: usize = 214;
    let part = |part: &str| {
        let first = part.bytes().next();
        first.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'~')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
    };
    name.len() <= MAX_LEN
        && match name.strip_prefix('@') {
            Some(scoped) => scoped
                .split_once('/')
                .is_some_and(|(scope, name)| part(scope) && part(name)),
            None => part(name),
        }
}

/// The rule of the Python packaging specification "Names and normalization".
fn is_pip_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.len() <= 214
        && name.bytes().all(inner)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// A program's file name.
fn is_binary_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
    name.len() <= 214
        && name.bytes().all(inner)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The form of PEP 440 version specifiers: clauses of an operator and a version, joined by commas.
fn is_pip_range(range: &str) -> bool {
    const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];
    let clause = |clause: &str| {
        let clause = clause.trim();
        let version = OPERATORS.iter().find_map(|op| clause.strip_prefix(op));
        version.map(str::trim).is_some_and(|version| {
            version.starts_with(|c: char| c.is_ascii_digit())
                && version.bytes().all(|b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'*' | b'+' | b'!' | b'-')
                })
        })
    };
    range.len() <= 256 && range.split(',').all(clause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_registries_and_never_paths() {
        for good in ["lodash", "@types/node", "JSONStream", "a.b-c_d", "~x"] {
            assert!(is_npm_name(good), "{good}");
        }
        for bad in [
            "", "../x", "@/x", "@a", "@a/../b", ".x", "_x", "a/b", "a b", "@a/b/c",
        ] {
            assert!(!is_npm_name(bad), "{bad}");
        }
        assert!(is_pip_name("ruamel.yaml") && !is_pip_name("x-") && !is_pip_name("@a/b"));
        assert!(is_binary_name("g++") && !is_binary_name("../g") && !is_binary_name("/bin/g"));
    }

    #[test]
    fn python_ranges_have_operators() {
        for good in [">=2.0,<3", "==1.2.*", "~= 1.4", "===1!2.0.post1"] {
            assert!(is_pip_range(good), "{good}");
        }
        for bad in ["", "latest", "^2.0", "2.31.0", ">=2.0,", ">=x"] {
            assert!(!is_pip_range(bad), "{bad}");
        }
    }
}
