//! A skill's folder: the files that say what it is, read together.

use std::path::Path;

use crate::AgentSkill;
use crate::Diagnostic;
use crate::Manifest;
use crate::Script;
use crate::printable_path;

/// The files of one folder that say what skill it is. Without either there is none.
#[derive(Clone, Debug, Default)]
pub struct SkillFiles {
    /// The content of `skill.json`.
    pub manifest: Option<Vec<u8>>,
    /// The name and the content of `SKILL.md`.
    pub agent: Option<(&'static str, Vec<u8>)>,
    /// What can be run below `scripts/`. They are methods where there is no `skill.json`, which says itself what is.
    pub scripts: Vec<Script>,
}

/// What came of reading a skill's files.
#[derive(Clone, Debug, PartialEq)]
pub struct SkillReading {
    /// The manifest, or what `SKILL.md` amounts to where there is none; absent if it cannot be used.
    pub manifest: Option<Manifest>,
    /// The instructions of `SKILL.md`, if there is one.
    pub instructions: Option<String>,
    /// Whether the reference validator passes `SKILL.md`, if there is one.
    pub conforms: Option<bool>,
    /// All remarks: about `skill.json`, then about `SKILL.md`, each in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl SkillFiles {
    /// The file of a code skill.
    pub const MANIFEST: &'static str = "skill.json";

    /// Reads the files of `folder`, whose name is the one that `SKILL.md` has to give too.
    ///
    /// Where there is a `skill.json`, it decides: what is wrong with a `SKILL.md` beside it is remarked on only.
    #[must_use]
    pub fn read(self, folder: &Path) -> SkillReading {
        let called = |name: &str| printable_path(&folder.join(name));
        let agent = self.agent.map(|(name, bytes)| {
            let folder_name = folder.file_name().unwrap_or_default().to_string_lossy();
            AgentSkill::read(&bytes, &called(name), name, &folder_name)
        });
        let (instructions, conforms) = agent
            .as_ref()
            .map(|agent| (agent.instructions.clone(), agent.conforms))
            .unzip();
        let (manifest, mut diagnostics) = match &self.manifest {
            Some(bytes) => {
                let reading = Manifest::read(bytes, &called(Self::MANIFEST));
                let mut manifest = reading.manifest;
                if let (Some(manifest), Some(agent)) = (&mut manifest, &agent) {
                    manifest.agent = agent.skill.clone().map(|skill| {
                        Box::new(AgentSkill {
                            stands_alone: false,
                            ..skill
                        })
                    });
                }
                (manifest, reading.diagnostics)
            }
            None => {
                let skill = agent.as_ref().and_then(|agent| agent.skill.clone());
                let manifest = skill.map(|mut skill| {
                    skill.scripts = self.scripts;
                    skill.manifest()
                });
                (manifest, Vec::new())
            }
        };
        diagnostics.extend(agent.into_iter().flat_map(|agent| agent.diagnostics));
        SkillReading {
            manifest,
            instructions,
            conforms,
            diagnostics,
        }
    }
}
