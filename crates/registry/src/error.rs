//! Why the registry cannot answer.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::SkillName;
use mycelium_types::Version;
use mycelium_types::VersionRange;

/// Why the registry cannot answer. The texts are in the message catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message().render(Locale::default()))]
pub enum RegistryError {
    /// There is no skill of that name.
    UnknownSkill {
        /// The name asked for.
        name: SkillName,
        /// The known name it is most like.
        suggestion: Option<SkillName>,
    },
    /// There is no version in that range.
    UnknownVersion {
        /// The name asked for.
        name: SkillName,
        /// The range asked for.
        range: VersionRange,
        /// The versions there are, the newest first.
        known: Vec<Version>,
    },
}

impl RegistryError {
    /// The text, without its language.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::UnknownSkill { name, .. } => {
                Message::new("registry-unknown-skill").with("skill", name)
            }
            Self::UnknownVersion { name, range, known } => {
                let known: Vec<_> = known.iter().map(Version::to_string).collect();
                Message::new("registry-unknown-version")
                    .with("skill", name)
                    .with("range", range)
                    .with("known", known.join(", "))
            }
        }
    }
}

impl From<RegistryError> for ErrorReport {
    fn from(error: RegistryError) -> Self {
        let reason = error.to_string();
        match error {
            RegistryError::UnknownSkill { name, suggestion } => {
                let suggestion = suggestion.map_or_else(|| "none".to_owned(), String::from);
                Self::new(ErrorCode::SkillNotFound)
                    .with("skill", name)
                    .with("suggestion", suggestion)
            }
            RegistryError::UnknownVersion { name, range, known } => {
                let suggestion = known.first().map(|version| format!("{name}@{version}"));
                Self::new(ErrorCode::SkillNotFound)
                    .with("skill", format_args!("{name}@{range}"))
                    .with("suggestion", suggestion.as_deref().unwrap_or("none"))
                    .with("reason", reason)
            }
        }
    }
}
