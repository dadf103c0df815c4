//! What kind of place an address is.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use serde::Deserialize;
use serde::Serialize;

/// Where packets to an address go. Everything but [`Public`](Self::Public) is refused unless the address
/// itself is granted.
///
/// The blocks are those of the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890),
/// and the addresses at which clouds tell a machine its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// The internet.
    Public,
    /// This machine.
    Loopback,
    /// No place; some systems take it for this machine.
    Unspecified,
    /// A private network.
    Private,
    /// The link this machine is on.
    LinkLocal,
    /// A cloud's service for this machine, which tells secrets.
    Metadata,
    /// A provider's network behind address translation (RFC 6598).
    Shared,
    /// A group of machines.
    Multicast,
    /// Set apart: protocols, documentation, benchmarks, the future.
    Reserved,
}

impl AddressKind {
    /// The kind of `address`. An IPv6 address that leads to an IPv4 one (mapped, compatible, translated or
    /// tunnelled) is of that one's kind.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// The kind's word, as it is in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Shared => "shared",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // AWS, Azure, Google and most others; AWS's for containers; Azure's agent; Alibaba; Oracle.
        [169, 254, 169, 254]
        | [169, 254, 170, 2 | 23]
        | [168, 63, 129, 16]
        | [100, 100, 100, 200]
        | [192, 0, 0, 192] => AddressKind::Metadata,
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [169, 254, ..] => AddressKind::LinkLocal,
        [100, 64..=127, ..] => AddressKind::Shared,
        [224..=239, ..] => AddressKind::Multicast,
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // AWS's, and Google's.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            AddressKind::Metadata
        }
        // IPv4 mapped, compatible (RFC 4291), translated (RFC 2765), and NAT64's own prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // NAT64 within a network (RFC 8215): where it leads is the network's secret.
        [0x64, 0xff9b, 1, ..] => AddressKind::Private,
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => v4(high, low),
        // ISATAP (RFC 5214), below any prefix.
        [.., 0 | 0x200, 0x5efe, high, low] => match v4(high, low) {
            AddressKind::Public => of_v6_prefix(address),
            other => other,
        },
        _ => of_v6_prefix(address),
    }
}

fn of_v6_prefix(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0xfc00..=0xfdff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        // Site-local, deprecated (RFC 3879).
        [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // Protocols, Teredo and ORCHID among them; documentation, old and new.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => {
            AddressKind::Reserved
        }
        // All that has ever been given out.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::AddressKind as Kind;
    use super::*;

    #[test]
    fn each_block_is_known() {
        for (kind, addresses) in [
            (
                Kind::Public,
                "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 \
                 198.17.0.1 198.20.0.1 223.255.255.255 2606:4700::1111 2001:4860:4860::8888 \
                 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1",
            ),
            (
                Kind::Loopback,
                "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 \
                 2002:7f00:1::1 ::ffff:0:127.0.0.1 2606:4700::5efe:127.0.0.1",
            ),
            (Kind::Unspecified, "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0"),
            (
                Kind::Private,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff::1 fec0::1 \
                 ::ffff:10.0.0.1 64:ff9b::a00:1 64:ff9b:1::808:808 2002:c0a8:1::",
            ),
            (Kind::LinkLocal, "169.254.0.1 fe80::1 febf::1"),
            (
                Kind::Metadata,
                "169.254.169.254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe fd00:ec2::254 \
                 168.63.129.16 100.100.100.200 192.0.0.192 169.254.170.2",
            ),
            (Kind::Shared, "100.64.0.1 100.127.255.255"),
            (Kind::Multicast, "224.0.0.1 239.255.255.255 ff02::1"),
            (
                Kind::Reserved,
                "192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 \
                 240.0.0.1 255.255.255.255 2001::1 2001:20::1 2001:db8::1 3fff::1 100::1 5f00::1 \
                 4000::1",
            ),
        ] {
            for address in addresses.split_whitespace() {
                assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
            }
        }
    }
}
