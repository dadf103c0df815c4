//! The tools that agents are offered, made once for all agents that see the same skills.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_protocol::control::ToolPrefix;
use mycelium_runtime::Exports;
use mycelium_runtime::SkillRuntime;

use crate::catalogue::Catalogue;
use crate::view::lock;

/// Workspaces, each with what agents put before names, whose tools are kept; beyond this all are made again.
const MAX_WORKSPACES: usize = 64;

/// The tools of a runtime's skills. Clones share them.
#[derive(Clone)]
pub struct AgentTools {
    pub(crate) runtime: SkillRuntime,
    prefix: ToolPrefix,
    made: Arc<Mutex<HashMap<(PathBuf, ToolPrefix), Made>>>,
}

/// Tools, and what they were made of.
struct Made {
    exports: Exports,
    catalogue: Arc<Catalogue>,
}

impl AgentTools {
    /// The tools of what `runtime` knows.
    #[must_use]
    pub fn new(runtime: SkillRuntime) -> Self {
        Self {
            runtime,
            prefix: ToolPrefix::default(),
            made: Arc::default(),
        }
    }

    /// The same tools for agents that put `prefix` before their names: with it, they have up to 64 characters.
    #[must_use]
    pub fn behind(&self, prefix: ToolPrefix) -> Self {
        Self {
            prefix,
            ..self.clone()
        }
    }

    /// The tools for what a workspace's skills offer now.
    pub(crate) fn catalogue(&self, workspace: &Path, exports: Exports) -> Arc<Catalogue> {
        let place = (workspace.to_owned(), self.prefix.clone());
        let mut made = lock(&self.made);
        if let Some(known) = made.get(&place)
            && known.exports == exports
        {
            return Arc::clone(&known.catalogue);
        }
        let catalogue = Arc::new(match &exports {
            Exports::Listed(skills) => Catalogue::new(skills, &self.prefix),
            Exports::TooMany(_) => Catalogue::default(),
        });
        if made.len() >= MAX_WORKSPACES {
            made.clear();
        }
        let kept = Arc::clone(&catalogue);
        made.insert(place, Made { exports, catalogue });
        kept
    }
}
