//! Where a connection would go, from a socket's address in a worker's memory.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The longest address of a socket, in bytes.
pub(super) const MAX_ADDRESS: usize = 128;

/// Where a connection would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Internet(SocketAddr),
    File(PathBuf),
    /// A local socket that has a name and no file.
    Abstract(String),
}

/// The address in these bytes; `None` for one of a kind that leads nowhere.
pub(super) fn parse(bytes: &[u8]) -> Option<Destination> {
    let family = i32::from(u16::from_ne_bytes(*bytes.first_chunk()?));
    let port = || Some(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?));
    match family {
        libc::AF_INET => {
            let address: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
            Some(Destination::Internet(
                (Ipv4Addr::from(address), port()?).into(),
            ))
        }
        libc::AF_INET6 => {
            let address: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
            Some(Destination::Internet(
                (Ipv6Addr::from(address), port()?).into(),
            ))
        }
        libc::AF_UNIX => {
            let name = bytes.get(2..)?;
            if let Some(name) = name.strip_prefix(b"\0") {
                let name = String::from_utf8_lossy(name).into_owned();
                return Some(Destination::Abstract(name));
            }
            let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
            Some(Destination::File(PathBuf::from(OsStr::from_bytes(name))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_kind_are_read_and_nonsense_is_none() {
        let mut internet = vec![2, 0, 0x01, 0xbb, 127, 0, 0, 1];
        internet.resize(16, 0);
        assert_eq!(
            parse(&internet),
            Some(Destination::Internet("127.0.0.1:443".parse().unwrap()))
        );
        assert_eq!(
            parse(b"\x01\0/run/x.sock\0rest"),
            Some(Destination::File("/run/x.sock".into()))
        );
        assert_eq!(
            parse(b"\x01\0\0name"),
            Some(Destination::Abstract("name".to_owned()))
        );
        for bytes in [
            &b""[..],
            b"\x02",
            b"\x02\0\x01",
            b"\x0a\0\0\0\0\0",
            b"\x10\0\0\0",
        ] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
    }
}
