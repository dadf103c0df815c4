//! What a workspace nobody trusts may set in `security`: only what leaves skills less.

use serde_json::Value;

use crate::key::Key;
use crate::key::KeyKind;
use crate::tree::Tree;

/// The value that `key` has without the workspace's file, if `value` would be looser than it.
///
/// In `security`, a flag is stricter when it is true, a ceiling when it is lower, and a choice when
/// it is later in the list; a list can only stay as it is.
pub(crate) fn looser_than(key: &Key, value: &Value, lower: &Tree) -> Option<Value> {
    if key.path.first().map(String::as_str) != Some("security") {
        return None;
    }
    let current = lower
        .leaf(&key.path)
        .map_or(&key.default, |leaf| &leaf.value);
    let is_tight = match &key.kind {
        KeyKind::Flag => *value == Value::Bool(true) || *current == Value::Bool(false),
        KeyKind::Whole { .. } => current
            .as_u64()
            .is_none_or(|current| value.as_u64().is_some_and(|value| value <= current)),
        KeyKind::Choice(words) => {
            let rank = |value: &Value| words.iter().position(|word| value == word);
            rank(value) >= rank(current)
        }
        KeyKind::List => value == current,
    };
    (!is_tight).then(|| current.clone())
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

    fn lower(name: &str, value: Value) -> Tree {
        let mut security = Tree::default();
        let origin = Origin::of_layer(Layer::User);
        security.insert(&key(name).path[1], Leaf { value, origin });
        let mut tree = Tree::default();
        tree.insert_branch("security", security);
        tree
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
            ("monitoring.enabled", Some(json!(true)), json!(false), true),
        ] {
            let tree = current.clone().map(|value| lower(name, value));
            let verdict = looser_than(key(name), &value, &tree.unwrap_or_default());
            assert_eq!(verdict.is_none(), passes, "{name}: {current:?} to {value}");
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
