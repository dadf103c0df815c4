//! Which program runs a skill's code, and how instances are shared.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// What a manifest asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineChoice {
    /// The runtime decides from the entrypoint and what it imports.
    #[default]
    Auto,
    /// The embedded JavaScript engine.
    Quickjs,
    /// A Node.js process.
    Node,
    /// A CPython process.
    Python,
    /// An executable.
    Native,
    /// A WebAssembly component.
    Wasm,
}

/// What actually runs a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The embedded JavaScript engine.
    Quickjs,
    /// An executable of the skill.
    Native,
}

impl Engine {
    /// The engine's name, as a manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quickjs => "quickjs",
            Self::Native => "native",
        }
    }
}

/// Who shares one running copy of a skill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceScope {
    /// One instance for each session.
    #[default]
    Session,
    /// One instance for all sessions of a workspace.
    Workspace,
    /// A fresh instance for each call.
    Call,
}

/// How an engine of kind `native` is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerProtocol {
    /// Framed JSON-RPC on an inherited descriptor.
    #[default]
    Worker,
    /// Started once for each call with the method and arguments on its command line.
    Argv,
}
