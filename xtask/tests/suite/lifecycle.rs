//! `docs/lifecycle.md` against the table of transitions.

use mycelium_runtime::TRANSITIONS;
use mycelium_types::Hook;
use mycelium_types::SkillState;

use super::repository::rows;
use super::repository::text;

#[test]
fn the_table_of_transitions_is_the_codes() {
    let rows = rows(&text("docs/lifecycle.md"));
    for from in SkillState::ALL {
        let row = rows.iter().find(|row| row[0] == format!("`{from}`"));
        let row = row.unwrap_or_else(|| panic!("{from} has no row"));
        let next: Vec<_> = TRANSITIONS
            .iter()
            .filter(|(state, _)| *state == from)
            .map(|(_, to)| to.as_str())
            .collect();
        assert_eq!(row[2], next.join(", "), "{from}");
    }
}

#[test]
fn every_hook_is_described() {
    let rows = rows(&text("docs/lifecycle.md"));
    for hook in Hook::ALL {
        let name = format!("`{hook}`");
        assert!(rows.iter().any(|row| row[0] == name), "{hook}");
    }
}
