//! Which of a skill's looks at its surroundings take a permission.
//!
//! Programs look for many variables that are not there, and every skill has some of its own: neither takes one.

use std::collections::BTreeMap;

use mycelium_policy::Evaluation;
use mycelium_protocol::Operation;
use mycelium_types::Manifest;
use mycelium_types::Permission;

use crate::trace::observation::Observation;

/// What a skill could see, were it granted.
pub(super) struct Surroundings<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) evaluation: &'a Evaluation,
    /// The person's variables.
    pub(super) environment: &'a BTreeMap<String, String>,
    /// The names of the secrets that are stored.
    pub(super) secrets: &'a [String],
}

impl Surroundings<'_> {
    /// The observation with what decides about it; nothing if it takes no permission.
    pub(super) fn judge(&self, observation: Observation) -> Option<Observation> {
        match observation {
            Observation::Took {
                permission: Permission::Environment { variables },
                ..
            } => self.look(variables.first()?),
            Observation::Took {
                operation,
                what,
                permission: Permission::Context { fields },
                ..
            } => Some(Observation::Took {
                operation,
                what,
                permission: Permission::Context { fields },
                allowed: self.evaluation.host.conversation,
            }),
            other => Some(other),
        }
    }

    /// A look for a variable, which may be that of a secret.
    fn look(&self, name: &str) -> Option<Observation> {
        let is_own = self.evaluation.policy.environment.contains_key(name);
        let is_secret = self.asks_for_secret(name);
        let is_variable = self.asks_for_variable(name);
        let (kind, permission) = if is_secret
            || !is_variable && !is_own && self.secrets.iter().any(|stored| stored == name)
        {
            let permission = Permission::Secret {
                names: vec![name.to_owned()],
                hosts: Vec::new(),
            };
            ("secret", permission)
        } else if is_variable || !is_own && self.environment.contains_key(name) {
            let permission = Permission::Environment {
                variables: vec![name.to_owned()],
            };
            ("environment", permission)
        } else {
            return None;
        };
        let mut denials = self.evaluation.policy.denials.iter();
        let is_denied = denials.any(|denial| match &denial.permission {
            Permission::Environment { variables } => {
                !is_secret && variables.iter().any(|variable| variable == name)
            }
            Permission::Secret { names, .. } => is_secret && names.iter().any(|own| own == name),
            _ => false,
        });
        Some(Observation::Took {
            operation: Operation::Read,
            what: format!("{kind} {name}"),
            permission,
            allowed: (is_secret || is_variable) && !is_denied,
        })
    }

    fn asks_for_secret(&self, name: &str) -> bool {
        let mut requests = self.manifest.permissions.iter();
        requests.any(|request| match &request.permission {
            Permission::Secret { names, .. } => names.iter().any(|own| own == name),
            _ => false,
        })
    }

    fn asks_for_variable(&self, name: &str) -> bool {
        let mut requests = self.manifest.permissions.iter();
        requests.any(|request| match &request.permission {
            Permission::Environment { variables } => variables.iter().any(|own| own == name),
            _ => false,
        })
    }
}
