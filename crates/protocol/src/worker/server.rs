//! A worker whose program is a server of MCP: how it is started, and what it offers.

use std::collections::BTreeMap;

use mycelium_types::ServerOffer;
use serde::Deserialize;
use serde::Serialize;

/// How a program that speaks MCP is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStart {
    /// What follows its name on its command line.
    pub arguments: Vec<String>,
    /// The tools that are called otherwise here, by the function that stands for each.
    pub renamed: BTreeMap<String, String>,
    /// What it is asked besides tools, by the function that stands for each.
    pub offers: BTreeMap<String, ServerOffer>,
    /// The longest message it may send, in bytes.
    pub max_message: u64,
    /// The most bytes it may print while it starts.
    pub max_output: u64,
}

/// How much a description may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeParams {
    /// The most tools.
    pub max_tools: usize,
}

/// The answer to `describe`: a server's own words, which may be lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// The revision of MCP it speaks.
    pub protocol: String,
    /// Its name, for programs or for people.
    #[serde(default)]
    pub title: Option<String>,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// What it says to whoever uses it.
    #[serde(default)]
    pub instructions: Option<String>,
    /// Its tools, as the protocol has them.
    pub tools: Vec<serde_json::Value>,
    /// Whether it has resources.
    #[serde(default)]
    pub resources: bool,
    /// Whether it has prompts.
    #[serde(default)]
    pub prompts: bool,
}
