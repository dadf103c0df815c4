//! What a worker tells while it works, made into events.

use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::Notification;
use mycelium_types::FileAccess;

use crate::EventSink;
use crate::launch::LaunchSpec;

/// Refusals kept for one call or stage; a skill that goes on trying says nothing new.
const MAX_VIOLATIONS: usize = 100;

/// Passes a worker's notifications on as events, and keeps what was refused.
pub(crate) struct Listener<'a> {
    launch: Arc<LaunchSpec>,
    events: EventSink,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Listener<'a> {
    /// Adds what is refused to `violations`, which may have some of an earlier request for the same end.
    pub(crate) fn new(
        launch: &Arc<LaunchSpec>,
        events: &EventSink,
        violations: &'a mut Vec<Violation>,
    ) -> Self {
        Self {
            launch: Arc::clone(launch),
            events: Arc::clone(events),
            violations,
        }
    }

    pub(crate) fn hear(&mut self, notification: Notification) {
        let id = &self.launch.policy.skill;
        match notification {
            Notification::Console(printed) => (self.events)(Event::Console {
                skill: id.name.clone(),
                level: printed.level,
                text: printed.text,
            }),
            Notification::Denied(denied) => {
                if self.violations.len() >= MAX_VIOLATIONS {
                    return;
                }
                let violation = Violation {
                    skill: id.name.clone(),
                    version: id.version.clone(),
                    allowed: self.allowed(denied.operation),
                    operation: denied.operation,
                    attempted: denied.attempted,
                    resolved: denied.resolved,
                    timestamp_milliseconds: now(),
                };
                (self.events)(Event::Violation(violation.clone()));
                self.violations.push(violation);
            }
        }
    }

    fn allowed(&self, operation: Operation) -> Vec<String> {
        let wanted = |access| match operation {
            Operation::Read => true,
            Operation::Write => access == FileAccess::Write,
            Operation::Connect | Operation::Exec => false,
        };
        self.launch
            .policy
            .paths
            .iter()
            .filter(|grant| wanted(grant.access))
            .map(|grant| grant.declared.clone())
            .collect()
    }
}

/// The time in milliseconds since 1970 UTC.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
