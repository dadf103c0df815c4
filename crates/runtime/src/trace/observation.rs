//! What a skill was seen to do that takes a permission.

use std::path::PathBuf;

use mycelium_protocol::Event;
use mycelium_protocol::NetworkRequest;
use mycelium_protocol::Operation;
use mycelium_protocol::RequestVerdict;
use mycelium_protocol::Violation;
use mycelium_protocol::control::ObservedUse;
use mycelium_types::Permission;
use mycelium_types::SkillName;

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
    /// It did something that others than the sandbox decide about.
    Took {
        /// What it did.
        operation: Operation,
        /// With what.
        what: String,
        /// The permission that is for it.
        permission: Permission,
        /// Whether it was allowed.
        allowed: bool,
    },
    /// It reached a host that a secret is for, in a way that does not show whether the secret went there.
    Unreadable {
        /// The secret's name.
        secret: String,
        /// `host:port`.
        place: String,
    },
    /// It was refused something.
    Refused(Box<Violation>),
}

impl Observation {
    /// What an event tells of the permissions of this skill. Most tell nothing, and what the skills that it calls do is
    /// theirs.
    pub(super) fn of(event: &Event, own: &SkillName) -> Vec<Self> {
        match event {
            Event::Used {
                skill,
                operation,
                path,
            } if skill == own => vec![Self::Used {
                operation: *operation,
                path: path.clone(),
            }],
            Event::Needed {
                skill,
                operation,
                what,
                permission,
            } if skill == own => vec![Self::Took {
                operation: *operation,
                what: what.clone(),
                permission: permission.clone(),
                allowed: true,
            }],
            Event::NetworkRequest(request) if request.skill == *own => Self::of_request(request),
            Event::Violation(violation) if violation.skill == *own => {
                vec![Self::Refused(Box::new(violation.clone()))]
            }
            Event::Used { .. }
            | Event::Needed { .. }
            | Event::NetworkRequest(_)
            | Event::Violation(_)
            | Event::Lifecycle { .. }
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
            | Event::Note { .. } => Vec::new(),
        }
    }

    fn of_request(request: &NetworkRequest) -> Vec<Self> {
        match request.verdict {
            RequestVerdict::Allowed | RequestVerdict::Failed => {}
            // That is a violation as well.
            RequestVerdict::Refused => return Vec::new(),
        }
        // A look-up alone reaches nobody.
        let Some(port) = request.port else {
            return Vec::new();
        };
        let place = format!("{}:{port}", request.host);
        let secret = |name: &String, allowed| Self::Took {
            operation: Operation::Connect,
            what: format!("{place} with secret {name}"),
            permission: Permission::Secret {
                names: vec![name.clone()],
                hosts: vec![place.clone()],
            },
            allowed,
        };
        let given = request.given.iter().map(|name| secret(name, true));
        let withheld = request.withheld.iter().map(|name| secret(name, false));
        let unreadable = request.unreadable.iter().map(|name| Self::Unreadable {
            secret: name.clone(),
            place: place.clone(),
        });
        let reached = Self::Reached {
            place: place.clone(),
            method: request.method.clone(),
        };
        std::iter::once(reached)
            .chain(given)
            .chain(withheld)
            .chain(unreadable)
            .collect()
    }

    /// The same as it is told, if there is something to tell.
    pub(super) fn told(&self) -> Option<ObservedUse> {
        let (operation, what, allowed) = match self {
            Self::Used { operation, path } => (*operation, path.display().to_string(), true),
            Self::Reached { place, .. } => (Operation::Connect, place.clone(), true),
            Self::Took {
                operation,
                what,
                allowed,
                ..
            } => (*operation, what.clone(), *allowed),
            Self::Unreadable { .. } => return None,
            Self::Refused(violation) => {
                let what = violation.resolved.display().to_string();
                (violation.operation, what, false)
            }
        };
        Some(ObservedUse {
            operation,
            what,
            allowed,
        })
    }
}
