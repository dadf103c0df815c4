//! The words a manifest writes for the values of our enums.

use crate::CallStyle;
use crate::DependencyKind;
use crate::EngineChoice;
use crate::FileAccess;
use crate::Hook;
use crate::InstanceScope;
use crate::WorkerProtocol;
use crate::manifest::place::Choice;

impl Choice for EngineChoice {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("quickjs", Self::Quickjs),
        ("node", Self::Node),
        ("python", Self::Python),
        ("native", Self::Native),
        ("wasm", Self::Wasm),
    ];
}

impl Choice for InstanceScope {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("session", Self::Session),
        ("workspace", Self::Workspace),
        ("call", Self::Call),
    ];
}

impl Choice for WorkerProtocol {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("worker", Self::Worker), ("argv", Self::Argv)];
}

impl Choice for CallStyle {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("named", Self::Named), ("positional", Self::Positional)];
}

impl Choice for FileAccess {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("read", Self::Read), ("write", Self::Write)];
}

impl Choice for DependencyKind {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("npm", Self::Npm),
        ("pip", Self::Pip),
        ("skill", Self::Skill),
        ("binary", Self::Binary),
    ];
}

impl Choice for Hook {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("onLoad", Self::Load),
        ("onInit", Self::Init),
        ("onActivate", Self::Activate),
        ("onExecute", Self::Execute),
        ("onDeactivate", Self::Deactivate),
        ("onUnload", Self::Unload),
    ];
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use schemars::JsonSchema;
    use schemars::schema_for;
    use serde::Serialize;
    use serde_json::Value;

    use super::*;

    /// The words of the schema, whether it lists them in one `enum` or as described constants.
    fn words_of_schema<T: JsonSchema>() -> Vec<String> {
        let schema = schema_for!(T);
        let listed = schema.get("enum").and_then(Value::as_array);
        let described = schema.get("oneOf").and_then(Value::as_array);
        let words = listed.into_iter().flatten().cloned();
        let constants = described
            .into_iter()
            .flatten()
            .map(|one| one["const"].clone());
        let words: Vec<_> = words.chain(constants).collect();
        words
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    fn agrees<T: Choice + JsonSchema + Serialize + PartialEq + Debug>() {
        for (word, value) in T::CHOICES {
            assert_eq!(serde_json::to_value(value).unwrap(), *word);
        }
        let ours: Vec<_> = T::CHOICES.iter().map(|(word, _)| *word).collect();
        assert_eq!(words_of_schema::<T>(), ours);
    }

    #[test]
    fn every_word_is_the_one_serde_and_the_schema_have() {
        agrees::<EngineChoice>();
        agrees::<InstanceScope>();
        agrees::<WorkerProtocol>();
        agrees::<CallStyle>();
        agrees::<FileAccess>();
        agrees::<DependencyKind>();
        agrees::<Hook>();
    }
}
