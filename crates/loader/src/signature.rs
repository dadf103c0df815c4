//! Who answers for a skill.

use mycelium_types::SkillId;
use serde::Deserialize;
use serde::Serialize;

use crate::LoadError;

/// Whose work a skill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is compiled into the program.
    BuiltIn,
    /// It lies in a folder of the workspace or of the person: they wrote it or put it there.
    Local,
    /// It was brought from elsewhere by a program.
    External,
}

/// What the configuration says about signatures (`security.requireSignatures`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureRule {
    /// Unsigned skills load.
    #[default]
    Optional,
    /// Skills of [`Origin::External`] load only if they are signed.
    RequiredFromElsewhere,
}

/// What was decided about a skill's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureDecision {
    /// It has none, and needs none.
    Unsigned,
}

/// Decides about a skill; no format of signatures exists yet, so nothing is ever signed.
pub(crate) fn decide(
    skill: &SkillId,
    origin: Origin,
    rule: SignatureRule,
) -> Result<SignatureDecision, LoadError> {
    match (rule, origin) {
        (SignatureRule::RequiredFromElsewhere, Origin::External) => {
            Err(LoadError::SignatureMissing {
                skill: skill.clone(),
            })
        }
        (SignatureRule::Optional, _) | (_, Origin::BuiltIn | Origin::Local) => {
            Ok(SignatureDecision::Unsigned)
        }
    }
}
