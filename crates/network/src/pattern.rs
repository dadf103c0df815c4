//! The hosts a permission names.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::Host;
use crate::HostName;
use crate::InvalidHost;

/// `host`, `host:port`, `*.domain` or `*.domain:port`. Without a port it is about every port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    hosts: Hosts,
    port: Option<NonZeroU16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Hosts {
    One(Host),
    Below(HostName),
}

impl HostPattern {
    /// Whether it is about `host` at all, at some port.
    #[must_use]
    pub fn covers_host(&self, host: &Host) -> bool {
        match (&self.hosts, host) {
            (Hosts::One(one), host) => one == host,
            (Hosts::Below(domain), Host::Name(name)) => name.is_below(domain),
            (Hosts::Below(_), Host::Address(_)) => false,
        }
    }

    /// Whether it is about `host` at `port`.
    #[must_use]
    pub fn covers(&self, host: &Host, port: u16) -> bool {
        self.covers_host(host) && self.port.is_none_or(|own| own.get() == port)
    }

    /// The port, if it is about one only.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port.map(NonZeroU16::get)
    }

    /// The name it is about, or that it is about everything below.
    pub(crate) fn name(&self) -> Option<&HostName> {
        match &self.hosts {
            Hosts::One(Host::Name(name)) | Hosts::Below(name) => Some(name),
            Hosts::One(Host::Address(_)) => None,
        }
    }

    /// The address, if it is about one.
    #[must_use]
    pub fn address(&self) -> Option<std::net::IpAddr> {
        match self.hosts {
            Hosts::One(Host::Address(address)) => Some(address),
            Hosts::One(Host::Name(_)) | Hosts::Below(_) => None,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost::new(text);
        let (hosts, port) = match text.rsplit_once(':') {
            // The last colon of an IPv6 address in brackets is not a port's.
            Some((hosts, port)) if !port.contains(']') => {
                let digits = port.bytes().all(|b| b.is_ascii_digit());
                let port = port.parse().ok().filter(|_| digits).ok_or_else(invalid)?;
                (hosts, Some(port))
            }
            _ => (text, None),
        };
        if hosts.contains(':') && !hosts.starts_with('[') {
            return Err(invalid());
        }
        let hosts = match hosts.strip_prefix("*.") {
            Some(domain) => Hosts::Below(domain.parse().map_err(|_| invalid())?),
            None => Hosts::One(hosts.parse().map_err(|_| invalid())?),
        };
        Ok(Self { hosts, port })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::One(host) => host.fmt(f)?,
            Hosts::Below(domain) => write!(f, "*.{domain}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, host: &str, port: u16) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        pattern.covers(&host.parse().unwrap(), port)
    }

    #[test]
    fn a_pattern_is_about_exactly_what_it_says() {
        assert!(covers("api.example.com:443", "api.example.com", 443));
        assert!(!covers("api.example.com:443", "api.example.com", 80));
        assert!(covers("api.example.com", "api.example.com", 8080));
        assert!(covers("*.example.org", "a.b.example.org", 443));
        assert!(!covers("*.example.org", "example.org", 443));
        assert!(!covers("*.example.org", "badexample.org", 443));
        assert!(!covers("example.org", "a.example.org", 443));
        assert!(covers("[::1]:80", "::1", 80));
        assert!(!covers("[::1]:80", "::1", 81));
        assert!(covers("127.0.0.1:80", "::ffff:127.0.0.1", 80));
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in [
            "*",
            "*.",
            "*.*.a",
            "a.*",
            "https://a",
            "a/b",
            "a:",
            "a:0",
            "a:65536",
            "a:+80",
            "a:port",
            "::1",
            "::1:80",
            "[::1",
            "*.1.2.3.4",
            "",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_shown_as_it_is_read() {
        for text in ["a.test", "a.test:1", "*.a.test:443", "[::1]:80", "10.0.0.1"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
    }
}
