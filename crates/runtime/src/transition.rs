//! The life of a skill as a table: which state may follow which.

use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::SkillState;

use SkillState::Active;
use SkillState::Cleanup;
use SkillState::Deactivated;
use SkillState::Executing;
use SkillState::Failed;
use SkillState::Initializing;
use SkillState::Loaded;
use SkillState::Ready;
use SkillState::Unloaded;

/// The transitions there are. Everything else is an error.
pub const TRANSITIONS: &[(SkillState, SkillState)] = &[
    (Unloaded, Loaded),
    (Unloaded, Failed),
    (Loaded, Initializing),
    (Loaded, Cleanup),
    (Initializing, Ready),
    (Initializing, Failed),
    (Ready, Active),
    (Ready, Failed),
    (Ready, Cleanup),
    (Active, Executing),
    (Active, Deactivated),
    (Active, Failed),
    (Active, Cleanup),
    (Executing, Active),
    (Executing, Failed),
    (Deactivated, Active),
    (Deactivated, Failed),
    (Deactivated, Cleanup),
    (Failed, Cleanup),
    (Cleanup, Unloaded),
];

/// A transition that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("skill {skill} is {from} and cannot become {to}")]
pub struct IllegalTransition {
    /// The skill.
    pub skill: SkillName,
    /// The state it is in.
    pub from: SkillState,
    /// The state it should get.
    pub to: SkillState,
}

impl From<IllegalTransition> for ErrorReport {
    fn from(error: IllegalTransition) -> Self {
        Self::new(ErrorCode::IllegalTransition)
            .with("skill", error.skill)
            .with("from", error.from)
            .with("to", error.to)
    }
}

/// The state of one instance, changed only along the table.
#[derive(Debug)]
pub(crate) struct StateMachine {
    skill: SkillName,
    state: Mutex<SkillState>,
}

impl StateMachine {
    pub(crate) fn new(skill: SkillName) -> Self {
        Self {
            skill,
            state: Mutex::new(Unloaded),
        }
    }

    pub(crate) fn state(&self) -> SkillState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes to `to` and returns the state left behind.
    pub(crate) fn advance(&self, to: SkillState) -> Result<SkillState, IllegalTransition> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !TRANSITIONS.contains(&(*state, to)) {
            return Err(IllegalTransition {
                skill: self.skill.clone(),
                from: *state,
                to,
            });
        }
        Ok(std::mem::replace(&mut *state, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_decides_for_every_pair() {
        for from in SkillState::ALL {
            for to in SkillState::ALL {
                let machine = StateMachine::new("demo".parse().unwrap());
                *machine.state.lock().unwrap() = from;
                let allowed = TRANSITIONS.contains(&(from, to));
                assert_eq!(machine.advance(to).is_ok(), allowed, "{from} -> {to}");
                assert_eq!(machine.state(), if allowed { to } else { from });
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_and_every_life_can_end() {
        let reach = |start: SkillState| {
            let mut seen = vec![start];
            while let Some((_, next)) = TRANSITIONS
                .iter()
                .find(|(from, to)| seen.contains(from) && !seen.contains(to))
            {
                seen.push(*next);
            }
            seen
        };
        for state in SkillState::ALL {
            assert!(reach(Unloaded).contains(&state), "{state} is never reached");
            assert!(reach(state).contains(&Unloaded), "{state} never ends");
        }
    }
}
