//! A server of MCP that runs as a skill.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// How a server of MCP that somebody else wrote runs as a skill: what this program keeps beside the manifest that it
/// made of the server's tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedServer {
    /// The program, absolute.
    pub program: PathBuf,
    /// What follows its name on its command line.
    pub arguments: Vec<String>,
    /// Where it is installed: folders and files that it reads as its own code, absolute and without links.
    pub installation: Vec<PathBuf>,
    /// Variables that have these values.
    pub environment: BTreeMap<String, String>,
    /// The tools with names that no function can have, by the function that stands for each.
    pub renamed: BTreeMap<String, String>,
    /// What it offers besides tools, by the function that stands for each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub offers: BTreeMap<String, ServerOffer>,
}

/// What a server of MCP offers besides tools. Agents call tools, so each is one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServerOffer {
    /// What of its resources there is.
    #[serde(rename = "resources/list")]
    ListResources,
    /// The forms that addresses of its resources have.
    #[serde(rename = "resources/templates/list")]
    ListResourceTemplates,
    /// The content of one.
    #[serde(rename = "resources/read")]
    ReadResource,
    /// Its prompts.
    #[serde(rename = "prompts/list")]
    ListPrompts,
    /// One of them, with arguments.
    #[serde(rename = "prompts/get")]
    GetPrompt,
}

impl ServerOffer {
    /// The method of MCP with which it is asked for.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::ListResources => "resources/list",
            Self::ListResourceTemplates => "resources/templates/list",
            Self::ReadResource => "resources/read",
            Self::ListPrompts => "prompts/list",
            Self::GetPrompt => "prompts/get",
        }
    }
}

impl WrappedServer {
    /// The file in the skill's folder, which is its entrypoint.
    pub const FILE: &'static str = "server.json";
    /// The most bytes the file has: 1 MiB.
    pub const MAX_BYTES: usize = 1 << 20;

    /// The command line, as people write it.
    #[must_use]
    pub fn command_line(&self) -> String {
        let words = std::iter::once(self.program.to_string_lossy().into_owned());
        let words: Vec<_> = words.chain(self.arguments.iter().cloned()).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_written_as_the_method_that_asks_for_it() {
        for offer in [
            ServerOffer::ListResources,
            ServerOffer::ListResourceTemplates,
            ServerOffer::ReadResource,
            ServerOffer::ListPrompts,
            ServerOffer::GetPrompt,
        ] {
            assert_eq!(serde_json::to_value(offer).unwrap(), offer.method());
        }
    }
}
