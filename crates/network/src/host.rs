//! Hosts as they are compared: one spelling for each.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

/// The longest name of a host, in bytes (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// The longest part of a name, in bytes (RFC 1035, 2.3.4).
const MAX_LABEL: usize = 63;

/// A host that a connection can be for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// One that has to be looked up.
    Name(HostName),
    /// An address; one of IPv4 written as IPv6 is the IPv4 one.
    Address(IpAddr),
}

/// A name in lower case, without a last dot, that no resolver can take for an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// A text that is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the name or the address of a host")]
pub struct InvalidHost {
    /// The text, shortened and printable.
    pub text: String,
}

impl InvalidHost {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: crate::record::shown(text),
        }
    }
}

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is below `domain`: `a.b.test` is below `b.test`, which is not below itself.
    #[must_use]
    pub fn is_below(&self, domain: &Self) -> bool {
        self.0
            .strip_suffix(domain.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

impl FromStr for HostName {
    type Err = InvalidHost;

    /// Reads a name of letters, digits, `-` and `_`.
    ///
    /// A name whose last part looks like a number is none: resolvers take `0x7f.1`, `127.1` and
    /// `2130706433` for addresses (WHATWG URL, "ends in a number").
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let numeric = last.bytes().all(|b| b.is_ascii_digit())
            || last
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("0x"));
        if name.len() > MAX_NAME || numeric || !name.split('.').all(label) {
            return Err(InvalidHost::new(text));
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    /// Reads a name, an IPv4 address of four decimal numbers, or an IPv6 address, with or without the
    /// brackets of a URL.
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        if let Some(inside) = text.strip_prefix('[') {
            let address = inside.strip_suffix(']').and_then(|text| text.parse().ok());
            return address
                .map(|address| Self::from(IpAddr::V6(address)))
                .ok_or_else(|| InvalidHost::new(text));
        }
        if text.contains(':') {
            return text
                .parse()
                .map(|address| Self::from(IpAddr::V6(address)))
                .map_err(|_| InvalidHost::new(text));
        }
        // The only spelling that everybody reads alike.
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        text.parse().map(Self::Name)
    }
}

impl TryFrom<String> for Host {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

/// As in a URL: an IPv6 address has brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (text, host) in [
            ("API.Example.Test.", "api.example.test"),
            ("_dmarc.example.test", "_dmarc.example.test"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::FFFF:127.0.0.1]", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[0:0::1]", "[::1]"),
            ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), host, "{text}");
        }
    }

    #[test]
    fn what_two_programs_could_read_differently_is_no_host() {
        let long = "a".repeat(64);
        let longer = ["a"; 128].join(".");
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "127.1",
            "0x7f.1",
            "0X7F000001",
            "2130706433",
            "0177.0.0.1",
            "1.2.3.4.5",
            "1.2.3.256",
            "a.0x",
            "[127.0.0.1]",
            "[::1",
            "::1]",
            "[::1%lo]",
            "a b",
            "a/b",
            "a@b",
            "a:80",
            "a\0b",
            "bücher.test",
            "a%2eb",
            "*.a",
            &long,
            &longer,
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn below_means_whole_parts_of_the_name() {
        let name = |text: &str| text.parse::<HostName>().unwrap();
        assert!(name("a.example.org").is_below(&name("example.org")));
        assert!(name("a.b.example.org").is_below(&name("Example.org.")));
        assert!(!name("example.org").is_below(&name("example.org")));
        assert!(!name("badexample.org").is_below(&name("example.org")));
    }
}
