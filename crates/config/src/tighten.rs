//! What the file of a workspace nobody trusts may set: only what leaves skills and the machine less.

use std::path::Component;
use std::path::Path;

use serde_json::Value;

use crate::key::Key;
use crate::key::KeyKind;
use crate::tree::Tree;

/// What a workspace nobody trusts may do to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Set it: it concerns only calls that were asked for in this workspace.
    Free,
    /// Make it stricter: a flag true, a number lower, a choice a later word.
    Stricter,
    /// Add folders of its own.
    FoldersInside,
    /// Nothing: it concerns the machine.
    Kept,
}

/// Keys, or sections that end with a dot, and their rules. What is not listed is kept.
const RULES: [(&str, Rule); 15] = [
    ("autoDiscovery", Rule::Free),
    ("breaker.", Rule::Free),
    ("daemon.", Rule::Kept),
    ("dependencies.metadataTtl", Rule::Free),
    ("dependencies.offline", Rule::Stricter),
    ("execution.", Rule::Free),
    ("instances.", Rule::Stricter),
    ("mcp.askPermissions", Rule::Free),
    ("mcp.maxListedSkills", Rule::Free),
    ("mcp.sessionIdleSeconds", Rule::Stricter),
    ("monitoring.", Rule::Kept),
    ("network.", Rule::Kept),
    ("security.", Rule::Stricter),
    ("skillPaths", Rule::FoldersInside),
    ("watch", Rule::Free),
];

/// What becomes of a value that a workspace nobody trusts sets.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It counts.
    Taken(Value),
    /// It is looser than what the layers below say, which stays.
    Looser { current: Value },
    /// It is not the workspace's to set; what the layers below say stays.
    Kept { current: Value },
    /// Some folders are not the workspace's own; the others are added.
    Outside { value: Value, refused: Vec<String> },
}

/// Judges the `value` of a key with a name of ours.
pub(crate) fn judge(key: &Key, value: Value, lower: &Tree) -> Verdict {
    let current = lower
        .leaf(&key.path)
        .map_or(&key.default, |leaf| &leaf.value);
    match rule(&key.name()) {
        Rule::Free => Verdict::Taken(value),
        Rule::Stricter => judge_limit(key, value, current),
        Rule::FoldersInside => folders_inside(value, current),
        Rule::Kept if value == *current => Verdict::Taken(value),
        Rule::Kept => Verdict::Kept {
            current: current.clone(),
        },
    }
}

/// Judges a value that may only become stricter than `current`; null is no limit at all.
pub(crate) fn judge_limit(key: &Key, value: Value, current: &Value) -> Verdict {
    let is_tight = match &key.kind {
        KeyKind::Flag => value == Value::Bool(true) || *current == Value::Bool(false),
        KeyKind::Whole { .. } => current
            .as_u64()
            .is_none_or(|current| value.as_u64().is_some_and(|value| value <= current)),
        KeyKind::Choice(words) => {
            let rank = |value: &Value| words.iter().position(|word| value == word);
            rank(&value) >= rank(current)
        }
        // The layers below keep their own lists, so one more can only leave less.
        KeyKind::Grants => true,
        // What the layers below say must all still be said.
        KeyKind::List => {
            let said = value.as_array().map_or(&[][..], Vec::as_slice);
            let before = current.as_array().map_or(&[][..], Vec::as_slice);
            before.iter().all(|one| said.contains(one))
        }
    };
    if is_tight {
        Verdict::Taken(value)
    } else {
        Verdict::Looser {
            current: current.clone(),
        }
    }
}

fn rule(name: &str) -> Rule {
    RULES
        .iter()
        .find(|(known, _)| match known.strip_suffix('.') {
            Some(_) => name.starts_with(known),
            None => name == *known,
        })
        .map_or(Rule::Kept, |(_, rule)| *rule)
}

/// The folders of the layers below, which the workspace cannot hide, and those of its own that lie in it.
fn folders_inside(value: Value, current: &Value) -> Verdict {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (inside, refused): (Vec<_>, Vec<_>) = texts(&value)
        .into_iter()
        .filter(|path| !texts(current).contains(path))
        .partition(|path| is_inside(path));
    let value: Value = texts(current).into_iter().chain(inside).collect();
    if refused.is_empty() {
        Verdict::Taken(value)
    } else {
        Verdict::Outside { value, refused }
    }
}

/// Whether a path means a place in the folder it is relative to, whatever that is.
fn is_inside(path: &str) -> bool {
    let mut depth = 0_usize;
    !path.starts_with('~')
        && Path::new(path).components().all(|part| match part {
            Component::CurDir => true,
            Component::Normal(_) => {
                depth += 1;
                true
            }
            Component::ParentDir => match depth.checked_sub(1) {
                Some(above) => {
                    depth = above;
                    true
                }
                None => false,
            },
            Component::Prefix(_) | Component::RootDir => false,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::key::keys;
    use crate::layer::Layer;
    use crate::layer::Origin;
    use crate::tree::Leaf;

    fn key(name: &str) -> &'static Key {
        keys().iter().find(|key| key.name() == name).unwrap()
    }

    fn lower(key: &Key, value: Value) -> Tree {
        let origin = Origin::of_layer(Layer::User);
        let (last, above) = key.path.split_last().unwrap();
        let mut tree = Tree::default();
        tree.insert(last, Leaf { value, origin });
        above.iter().rev().fold(tree, |branch, name| {
            let mut tree = Tree::default();
            tree.insert_branch(name, branch);
            tree
        })
    }

    #[test]
    fn stricter_passes_and_looser_does_not() {
        for (name, current, value, passes) in [
            (
                "security.requireSignatures",
                Some(json!(true)),
                json!(false),
                false,
            ),
            (
                "security.requireSignatures",
                Some(json!(false)),
                json!(true),
                true,
            ),
            ("security.requireSignatures", None, json!(false), true),
            ("security.maxMemoryMB", Some(json!(300)), json!(301), false),
            ("security.maxMemoryMB", Some(json!(300)), json!(300), true),
            ("security.maxMemoryMB", Some(json!(300)), json!(200), true),
            ("security.maxMemoryMB", None, json!(100_000), true),
            ("security.requiredRung", None, json!("reduced"), false),
            (
                "security.requiredRung",
                Some(json!("none")),
                json!("reduced"),
                true,
            ),
            (
                "security.requiredRung",
                Some(json!("reduced")),
                json!("none"),
                false,
            ),
            (
                "dependencies.offline",
                Some(json!(true)),
                json!(false),
                false,
            ),
            ("dependencies.offline", None, json!(true), true),
            ("instances.idleSeconds", None, json!(86_400), false),
            ("instances.idleSeconds", None, json!(60), true),
            ("monitoring.metricsPort", None, json!(9000), false),
            ("monitoring.enabled", None, json!(false), false),
            ("monitoring.enabled", None, json!(true), true),
            ("daemon.idleSeconds", None, json!(1), false),
            ("network.readTls", None, json!(["*"]), false),
            ("network.readTls", Some(json!(["a"])), json!(["a"]), true),
            ("watch", None, json!(true), true),
            ("security.deniedHosts", None, json!(["a"]), true),
            (
                "security.deniedHosts",
                Some(json!(["a"])),
                json!(["b", "a"]),
                true,
            ),
            (
                "security.deniedHosts",
                Some(json!(["a"])),
                json!(["b"]),
                false,
            ),
        ] {
            let key = key(name);
            let tree = current
                .clone()
                .map_or_else(Tree::default, |value| lower(key, value));
            let verdict = judge(key, value.clone(), &tree);
            let taken = verdict == Verdict::Taken(value.clone());
            assert_eq!(taken, passes, "{name}: {current:?} to {value}: {verdict:?}");
        }
    }

    #[test]
    fn folders_can_be_added_and_neither_hidden_nor_taken_from_elsewhere() {
        let key = key("skillPaths");
        let lower = lower(key, json!(["/opt/skills"]));
        assert_eq!(
            judge(key, json!(["./mine", "a/../b", "/opt/skills"]), &lower),
            Verdict::Taken(json!(["/opt/skills", "./mine", "a/../b"]))
        );
        assert_eq!(
            judge(
                key,
                json!(["mine", "/etc", "~/x", "~", "..", "a/../../b"]),
                &lower
            ),
            Verdict::Outside {
                value: json!(["/opt/skills", "mine"]),
                refused: ["/etc", "~/x", "~", "..", "a/../../b"]
                    .map(str::to_owned)
                    .into()
            }
        );
    }

    #[test]
    fn every_key_has_a_rule_and_every_rule_a_key() {
        for key in keys() {
            let name = key.name();
            let listed = RULES
                .iter()
                .filter(|(known, _)| name.starts_with(known))
                .count();
            assert_eq!(listed, 1, "{name}");
        }
        for (known, _) in RULES {
            assert!(keys().iter().any(|key| key.name().starts_with(known)));
        }
    }

    #[test]
    fn the_words_of_security_are_listed_from_loose_to_strict() {
        assert_eq!(
            key("security.requiredRung").kind,
            KeyKind::Choice(vec!["none".into(), "reduced".into(), "full".into()])
        );
    }
}
