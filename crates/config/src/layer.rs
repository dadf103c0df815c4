//! Where a value comes from.

use std::path::PathBuf;

use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Position;
use mycelium_types::printable_path;
use serde::Deserialize;
use serde::Serialize;

/// One of the places settings come from. Ordered: a greater one overrides a lesser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Built in.
    Default,
    /// The machine's file.
    System,
    /// The person's file.
    User,
    /// The workspace's file.
    Project,
    /// The client's environment.
    Environment,
    /// Set by the caller for this once.
    Runtime,
}

impl Layer {
    /// The layer as JSON writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::System => "system",
            Self::User => "user",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Runtime => "runtime",
        }
    }
}

/// Where one value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The layer.
    pub layer: Layer,
    /// The file, for layers that are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Where in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The variable that is the value, for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The variables that the file's text took in with `${…}`. The value may then be a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpolated: Vec<String>,
}

impl Origin {
    /// Somewhere in `layer`.
    #[must_use]
    pub fn of_layer(layer: Layer) -> Self {
        Self {
            layer,
            file: None,
            position: None,
            variable: None,
            interpolated: Vec::new(),
        }
    }

    /// The origin in words, such as `/etc/claude/skills.json:3:5` or `built in`.
    #[must_use]
    pub fn describe(&self, locale: Locale) -> String {
        let place = match (&self.file, self.position) {
            (Some(file), Some(Position { line, column })) => {
                format!("{}:{line}:{column}", printable_path(file))
            }
            (Some(file), None) => printable_path(file),
            (None, _) => self.variable.clone().unwrap_or_default(),
        };
        Message::new("config-origin")
            .with("layer", self.layer.as_str())
            .with("place", place)
            .with("variables", self.interpolated.join(", "))
            .with("interpolated", self.interpolated.len())
            .render(locale)
    }
}
