//! The states of a skill and the hooks it may implement.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// Where a skill is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SkillState {
    /// Known, nothing read yet.
    Unloaded,
    /// Manifest and code verified, nothing runs.
    Loaded,
    /// A worker starts, reads the code and runs `onInit`.
    Initializing,
    /// Initialised; `onActivate` has not run.
    Ready,
    /// Ready for calls.
    Active,
    /// A call runs.
    Executing,
    /// Kept in memory, refuses calls until activated.
    Deactivated,
    /// A transition or its worker failed.
    Failed,
    /// `onUnload` runs and resources are released.
    Cleanup,
}

impl SkillState {
    /// All nine states.
    pub const ALL: [Self; 9] = [
        Self::Unloaded,
        Self::Loaded,
        Self::Initializing,
        Self::Ready,
        Self::Active,
        Self::Executing,
        Self::Deactivated,
        Self::Failed,
        Self::Cleanup,
    ];

    /// The state's name in the specification's upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unloaded => "UNLOADED",
            Self::Loaded => "LOADED",
            Self::Initializing => "INITIALIZING",
            Self::Ready => "READY",
            Self::Active => "ACTIVE",
            Self::Executing => "EXECUTING",
            Self::Deactivated => "DEACTIVATED",
            Self::Failed => "FAILED",
            Self::Cleanup => "CLEANUP",
        }
    }
}

impl fmt::Display for SkillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A function of the skill that the runtime calls at a point of its life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Hook {
    /// The code was read; before `onInit`.
    #[serde(rename = "onLoad")]
    Load,
    /// Set up state.
    #[serde(rename = "onInit")]
    Init,
    /// Calls may follow.
    #[serde(rename = "onActivate")]
    Activate,
    /// Before each call, with `{method, args}`.
    #[serde(rename = "onExecute")]
    Execute,
    /// No calls until the next activation.
    #[serde(rename = "onDeactivate")]
    Deactivate,
    /// The instance ends.
    #[serde(rename = "onUnload")]
    Unload,
}

impl Hook {
    /// All six hooks, in the order of a skill's life.
    pub const ALL: [Self; 6] = [
        Self::Load,
        Self::Init,
        Self::Activate,
        Self::Execute,
        Self::Deactivate,
        Self::Unload,
    ];

    /// The name of the function in the skill.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "onLoad",
            Self::Init => "onInit",
            Self::Activate => "onActivate",
            Self::Execute => "onExecute",
            Self::Deactivate => "onDeactivate",
            Self::Unload => "onUnload",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
