//! What a skill was seen to do that takes a permission.

use std::path::PathBuf;

use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::RequestVerdict;
use mycelium_protocol::Violation;
use mycelium_protocol::control::ObservedUse;

/// One thing that a skill was seen to do, or to try.
#[derive(Debug)]
pub(super) enum Observation {
    /// It used a path.
    Used {
        /// What for.
        operation: Operation,
        /// The path, absolute and without links.
        path: PathBuf,
    },
    /// It reached a host.
    Reached {
        /// `host:port`.
        place: String,
        /// The method, where it was seen.
        method: Option<String>,
    },
    /// It was refused something.
    Refused(Box<Violation>),
}

impl Observation {
    /// What an event tells of permissions. Most tell nothing.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Used {
                operation, path, ..
            } => Some(Self::Used {
                operation: *operation,
                path: path.clone(),
            }),
            Event::NetworkRequest(request) => match request.verdict {
                // A look-up alone reaches nobody.
                RequestVerdict::Allowed | RequestVerdict::Failed => Some(Self::Reached {
                    place: format!("{}:{}", request.host, request.port?),
                    method: request.method.clone(),
                }),
                // That is a violation as well.
                RequestVerdict::Refused => None,
            },
            Event::Violation(violation) => Some(Self::Refused(Box::new(violation.clone()))),
            Event::Lifecycle { .. }
            | Event::StateChanged { .. }
            | Event::DependenciesResolved { .. }
            | Event::SandboxCreated { .. }
            | Event::Executing { .. }
            | Event::Console { .. }
            | Event::Progress { .. }
            | Event::Failed { .. }
            | Event::ViolationsOmitted { .. }
            | Event::Audited(_)
            | Event::LimitReached { .. }
            | Event::BreakerOpened { .. }
            | Event::BreakerRejected { .. }
            | Event::Retrying { .. }
            | Event::ReloadDetected { .. }
            | Event::Download { .. }
            | Event::Note { .. } => None,
        }
    }

    /// The same as it is told.
    pub(super) fn told(&self) -> ObservedUse {
        let (operation, what, allowed) = match self {
            Self::Used { operation, path } => (*operation, path.display().to_string(), true),
            Self::Reached { place, .. } => (Operation::Connect, place.clone(), true),
            Self::Refused(violation) => {
                let what = violation.resolved.display().to_string();
                (violation.operation, what, false)
            }
        };
        ObservedUse {
            operation,
            what,
            allowed,
        }
    }
}
