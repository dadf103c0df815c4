//! Manifests and instructions of skills, changed at random.

use mycelium_types::AgentSkill;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use proptest::prelude::*;

use crate::mutation::changed;
use crate::mutation::seeds;

#[test]
fn the_seeds_are_whole() {
    for seed in seeds("manifest") {
        let reading = Manifest::read(&seed, "skill.json");
        assert!(reading.manifest.is_some(), "{:?}", reading.diagnostics);
    }
}

#[test]
fn the_seeds_of_instructions_are_skills() {
    for seed in seeds("agent-skill") {
        let reading = AgentSkill::read(&seed, "SKILL.md", "SKILL.md", "pdf-tools");
        assert!(reading.skill.is_some(), "{:?}", reading.diagnostics);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_manifests(bytes in changed(seeds("manifest"))) {
        let reading = Manifest::read(&bytes, "skill.json");
        let failed = reading.diagnostics.iter().any(|one| one.severity == Severity::Error);
        prop_assert_eq!(reading.manifest.is_none(), failed);
        // What is taken is written as something that is taken, too.
        if let Some(manifest) = reading.manifest {
            let written = serde_json::to_vec(&manifest).unwrap();
            prop_assert!(serde_json::from_slice::<Manifest>(&written).is_ok());
        }
    }

    #[test]
    fn fuzz_instructions(bytes in changed(seeds("agent-skill"))) {
        let reading = AgentSkill::read(&bytes, "SKILL.md", "SKILL.md", "pdf-tools");
        let failed = reading.diagnostics.iter().any(|one| one.severity == Severity::Error);
        prop_assert_eq!(reading.skill.is_none(), failed);
        prop_assert!(!(failed && reading.conforms), "what conforms is a skill");
    }
}
