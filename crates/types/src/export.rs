//! The functions a skill offers.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::manifest::text;

/// One function a skill offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Export {
    /// The function's name in the module.
    #[schemars(regex(pattern = text::FUNCTION))]
    pub name: String,
    /// What it does, for agents and people.
    #[schemars(regex(pattern = text::PROSE))]
    pub description: Option<String>,
    /// JSON Schema (2020-12) of the arguments.
    #[schemars(extend("type" = "object"))]
    pub parameters: Option<Value>,
    /// JSON Schema (2020-12) of the result.
    #[schemars(extend("type" = "object"))]
    pub returns: Option<Value>,
    /// How arguments arrive: `named` by default if there are `parameters`, else `positional`.
    #[schemars(with = "Option<CallStyle>")]
    pub call: CallStyle,
    /// The function changes nothing outside the skill.
    #[schemars(default)]
    pub read_only: bool,
    /// The function may destroy something.
    #[schemars(default)]
    pub destructive: bool,
}

impl Export {
    /// An export given by its name alone: positional arguments, nothing known about them.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            parameters: None,
            returns: None,
            call: CallStyle::Positional,
            read_only: false,
            destructive: false,
        }
    }
}

/// How a function receives its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallStyle {
    /// One object with the arguments by name.
    Named,
    /// The arguments in order.
    Positional,
}
