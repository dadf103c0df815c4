//! The skills that are compiled in, and their files.

use std::collections::BTreeMap;

/// A file: its path in the skill's folder, and its content.
type File = (&'static str, &'static str);

/// A skill of the program's own.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    own: &'static [File],
    /// What several skills have, each in its own folder.
    shared: &'static [File],
}

impl Embedded {
    /// Its files by path.
    pub(super) fn files(&self) -> BTreeMap<&'static str, &'static str> {
        self.own.iter().chain(self.shared).copied().collect()
    }
}

/// The files of a folder in `embedded/`: where they are put in a skill's folder, and their names.
macro_rules! files {
    ($folder:literal, $place:literal, [$($name:literal),* $(,)?]) => {
        &[$((
            concat!($place, $name),
            include_str!(concat!("../../embedded/", $folder, "/", $name)),
        )),*]
    };
}

/// What the skills about agents have in common: reading definitions, and knowing what texts are about.
const AGENTS: &[File] = files!(
    "agents",
    "agents/",
    [
        "concepts.js",
        "definitions.js",
        "expertise.js",
        "front-matter.js",
        "lexicon.js",
        "plugins.js",
        "ranking.js",
        "words.js",
    ]
);

pub(super) const TABLE: &[Embedded] = &[
    Embedded {
        name: "agent-discovery",
        own: files!("agent-discovery", "", ["index.js", "skill.json"]),
        shared: AGENTS,
    },
    Embedded {
        name: "capability-mapper",
        own: files!("capability-mapper", "", ["index.js", "skill.json"]),
        shared: AGENTS,
    },
    Embedded {
        name: "collaboration-router",
        own: files!(
            "collaboration-router",
            "",
            ["index.js", "parts.js", "skill.json"]
        ),
        shared: AGENTS,
    },
    Embedded {
        name: "expertise-analyzer",
        own: files!("expertise-analyzer", "", ["index.js", "skill.json"]),
        shared: AGENTS,
    },
    Embedded {
        name: "skill-infrastructure-demo",
        own: files!("skill-infrastructure-demo", "", ["index.js", "skill.json"]),
        shared: &[],
    },
    Embedded {
        name: "task-delegator",
        own: files!(
            "task-delegator",
            "",
            ["handoff.schema.json", "index.js", "schema.js", "skill.json"]
        ),
        shared: AGENTS,
    },
    Embedded {
        name: "workflow-orchestrator",
        own: files!(
            "workflow-orchestrator",
            "",
            ["index.js", "skill.json", "store.js", "workflow.js"]
        ),
        shared: &[],
    },
];
