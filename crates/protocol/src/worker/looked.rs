//! What a skill looks for in its surroundings.

use serde::Deserialize;
use serde::Serialize;

/// Something that a skill looked for, whether it is there or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Looked {
    /// The variable of its environment with this name.
    Variable(String),
    /// The part of its call's context with this name.
    Context(String),
}
