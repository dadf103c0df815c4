//! The decision: which hosts, ports, methods and addresses.

use std::net::IpAddr;

use mycelium_policy::NetworkPolicy;

use crate::AddressKind;
use crate::Host;
use crate::HostPattern;
use crate::InvalidHost;
use crate::Method;
use crate::Refusal;
use crate::RefusalReason;
use crate::secrets::SecretRule;

/// The network part of a policy, compiled. What it denies is denied whoever granted it.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    rules: Vec<Rule>,
    denied: Vec<HostPattern>,
    secrets: Vec<SecretRule>,
}

#[derive(Clone, Debug)]
struct Rule {
    host: HostPattern,
    /// Empty means all, and connections that show none.
    methods: Vec<String>,
}

impl Gate {
    /// Compiles a policy.
    ///
    /// # Errors
    /// When a pattern is none. Nothing is left out silently: what a denied pattern means cannot be guessed.
    pub fn compile(policy: &NetworkPolicy) -> Result<Self, InvalidHost> {
        let mut gate = Self::default();
        for grant in &policy.allow {
            for host in &grant.hosts {
                gate.rules.push(Rule {
                    host: host.parse()?,
                    methods: grant.methods.clone(),
                });
            }
        }
        for pattern in &policy.deny {
            gate.denied.push(pattern.parse()?);
        }
        for secret in &policy.secrets {
            gate.secrets.push(SecretRule::compile(secret)?);
        }
        Ok(gate)
    }

    /// The secrets that may be used.
    pub(crate) fn secrets(&self) -> &[SecretRule] {
        &self.secrets
    }

    /// Whether nothing at all is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The ports that grants name, in order, each once.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<_> = self
            .rules
            .iter()
            .filter_map(|rule| rule.host.port())
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// The addresses that grants name.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.rules.iter().filter_map(|rule| rule.host.address())
    }

    /// Whether `host` may be looked up: something is granted at some port of it.
    ///
    /// # Errors
    /// The reason why not.
    pub fn judge_name(&self, host: &Host) -> Result<(), RefusalReason> {
        // A pattern with a port denies that port, not the name.
        let denied = |pattern: &&HostPattern| pattern.port().is_none() && pattern.covers_host(host);
        if let Some(pattern) = self.denied.iter().find(denied) {
            return Err(denied_by(pattern));
        }
        if self.rules.iter().any(|rule| rule.host.covers_host(host)) {
            Ok(())
        } else {
            Err(RefusalReason::HostNotGranted)
        }
    }

    /// Whether a connection to `port` of `host` may be made, for a request with `method`; with `None`, for
    /// bytes that the broker cannot read, which any method limit refuses.
    ///
    /// # Errors
    /// The reason why not.
    pub fn judge(
        &self,
        host: &Host,
        port: u16,
        method: Option<&Method>,
    ) -> Result<(), RefusalReason> {
        let granted = self.granted(host, port)?;
        let mut methods = Vec::new();
        for rule in granted {
            match method {
                _ if rule.methods.is_empty() => return Ok(()),
                Some(method) if rule.methods.iter().any(|one| one == method.as_str()) => {
                    return Ok(());
                }
                Some(_) | None => methods.extend(rule.methods.iter().cloned()),
            }
        }
        methods.sort_unstable();
        methods.dedup();
        Err(match method {
            Some(_) => RefusalReason::MethodNotGranted { granted: methods },
            None => RefusalReason::MethodUnseen { granted: methods },
        })
    }

    /// Whether some connection to `port` of `host` may be made, whatever it turns out to be.
    ///
    /// # Errors
    /// The reason why not.
    pub fn judge_place(&self, host: &Host, port: u16) -> Result<(), RefusalReason> {
        self.granted(host, port).map(drop)
    }

    /// Whether every grant of the place limits methods.
    #[must_use]
    pub fn limits_methods(&self, host: &Host, port: u16) -> bool {
        self.granted(host, port)
            .is_ok_and(|mut rules| rules.all(|rule| !rule.methods.is_empty()))
    }

    /// Whether something about a connection to the place cannot be decided, or done, without reading it: every
    /// grant limits methods, or a secret is for it.
    #[must_use]
    pub fn wants_to_read(&self, host: &Host, port: u16) -> bool {
        self.judge_place(host, port).is_ok()
            && (self.limits_methods(host, port) || !self.secrets_for(host, port).is_empty())
    }

    /// Whether there may be such connections at all.
    #[must_use]
    pub fn may_want_to_read(&self) -> bool {
        !self.is_empty()
            && (!self.secrets.is_empty() || self.rules.iter().any(|rule| !rule.methods.is_empty()))
    }

    /// The names of the secrets that are for the place, each once.
    pub(crate) fn secrets_for(&self, host: &Host, port: u16) -> Vec<String> {
        let mut names: Vec<_> = self
            .secrets
            .iter()
            .filter(|rule| rule.is_for(host, port))
            .map(|rule| rule.name().to_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The hosts that are granted.
    pub(crate) fn granted_hosts(&self) -> impl Iterator<Item = &HostPattern> {
        self.rules.iter().map(|rule| &rule.host)
    }

    /// Whether `address` may be what `host` leads to: it is of the internet, or granted itself, and the
    /// configuration does not deny it.
    ///
    /// # Errors
    /// The reason why not.
    pub fn judge_address(&self, address: IpAddr, port: u16) -> Result<(), RefusalReason> {
        let as_host = Host::from(address);
        if let Some(pattern) = self.denied.iter().find(|one| one.covers(&as_host, port)) {
            return Err(denied_by(pattern));
        }
        let place = AddressKind::of(address);
        let granted = || {
            self.rules
                .iter()
                .any(|rule| rule.host.covers(&as_host, port))
        };
        if place == AddressKind::Public || granted() {
            Ok(())
        } else {
            Err(RefusalReason::AddressNotGranted { address, place })
        }
    }

    /// The rules about a place; there is at least one.
    fn granted(
        &self,
        host: &Host,
        port: u16,
    ) -> Result<impl Iterator<Item = &Rule>, RefusalReason> {
        if let Some(pattern) = self.denied.iter().find(|one| one.covers(host, port)) {
            return Err(denied_by(pattern));
        }
        let mut about_place = self
            .rules
            .iter()
            .filter(move |rule| rule.host.covers(host, port))
            .peekable();
        if about_place.peek().is_some() {
            Ok(about_place)
        } else if self.rules.iter().any(|rule| rule.host.covers_host(host)) {
            Err(RefusalReason::PortNotGranted)
        } else {
            Err(RefusalReason::HostNotGranted)
        }
    }

    /// The refusal of a place, for `reason`.
    #[must_use]
    pub fn refusal(
        host: &Host,
        port: u16,
        method: Option<&Method>,
        reason: RefusalReason,
    ) -> Refusal {
        Refusal {
            host: host.to_string(),
            port: Some(port),
            method: method.cloned(),
            reason,
        }
    }
}

fn denied_by(pattern: &HostPattern) -> RefusalReason {
    RefusalReason::Denied {
        pattern: pattern.to_string(),
    }
}
