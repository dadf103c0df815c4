//! The tools that agents are offered, made once for all agents that see the same skills.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_runtime::Exports;
use mycelium_runtime::SkillRuntime;

use crate::catalogue::Catalogue;
use crate::view::lock;

/// Workspaces whose tools are kept; beyond this all are made again.
const MAX_WORKSPACES: usize = 64;

/// The tools of a runtime's skills. Clones share them.
#[derive(Clone)]
pub struct AgentTools {
    pub(crate) runtime: SkillRuntime,
    made: Arc<Mutex<HashMap<PathBuf, Made>>>,
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
            made: Arc::default(),
        }
    }

    /// The tools for what a workspace's skills offer now.
    pub(crate) fn catalogue(&self, workspace: &Path, exports: Exports) -> Arc<Catalogue> {
        let mut made = lock(&self.made);
        if let Some(known) = made.get(workspace)
            && known.exports == exports
        {
            return Arc::clone(&known.catalogue);
        }
        let catalogue = Arc::new(match &exports {
            Exports::Listed(skills) => Catalogue::new(skills),
            Exports::TooMany(_) => Catalogue::default(),
        });
        if made.len() >= MAX_WORKSPACES {
            made.clear();
        }
        let kept = Arc::clone(&catalogue);
        made.insert(workspace.to_owned(), Made { exports, catalogue });
        kept
    }
}
