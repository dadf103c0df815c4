//! Whether anybody is there where a worker with a network of its own connects to: its supervisor, or the worker
//! itself. Where nobody is, the kernel refuses.

use std::fs::File;
use std::io;
use std::io::Read;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use crate::NetworkPorts;
use crate::network::LOOKUP_PORT;

/// How much of one list of sockets is read. In those of TCP the ones that listen come first.
const MAX_LIST: u64 = 64 << 10;

/// The kernel's lists of the sockets in a network namespace, and the state in which one waits for whoever comes
/// (net/tcp_states.h): TCP_LISTEN, or TCP_CLOSE, which for datagrams means that it belongs to nobody yet.
const LISTS: [(&str, &str); 4] = [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")];

/// The ports at which Go and musl ask the kernel which way to each of a name's addresses would be taken. The only
/// name with several is `localhost`.
const WAY_PORTS: [u16; 2] = [9, 65_535];

/// Where connections of a worker arrive.
#[derive(Debug)]
pub(crate) struct Entrances {
    /// The worker: its network has the worker's own servers, too.
    process: u32,
    ports: NetworkPorts,
}

impl Entrances {
    pub(crate) fn new(process: u32, ports: NetworkPorts) -> Self {
        Self { process, ports }
    }

    /// Whether a connection to `address` arrives somewhere, or is none.
    pub(super) fn admit(&self, address: SocketAddr) -> bool {
        let (ip, port) = (meant(address.ip()), address.port());
        let is_question = ip.is_loopback() && WAY_PORTS.contains(&port);
        is_question || self.is_supervisors(ip, port) || self.is_workers(ip, port)
    }

    /// Whether what is sent to `address` arrives somewhere, as far as that can be said: what the worker sends itself may
    /// be an answer to a socket that is gone by now, and a connection may be opened by sending.
    pub(super) fn take(&self, address: SocketAddr) -> bool {
        meant(address.ip()).is_loopback() || self.admit(address)
    }

    fn is_supervisors(&self, ip: IpAddr, port: u16) -> bool {
        let is_service = port == self.ports.proxy || port == LOOKUP_PORT;
        // Who wants `localhost` tries both of its addresses.
        let has_family = ip.is_ipv4() || self.ports.with_version_6 || ip.is_loopback();
        is_service && ip == IpAddr::V4(Ipv4Addr::LOCALHOST)
            || has_family && self.ports.direct.contains(&port)
    }

    fn is_workers(&self, ip: IpAddr, port: u16) -> bool {
        LISTS.iter().any(|(list, state)| {
            let text = read(&format!("/proc/{}/net/{list}", self.process)).unwrap_or_default();
            let mut places = text.lines().filter_map(|line| waiting(line, state));
            places.any(|at| at.port() == port && (at.ip().is_unspecified() || meant(at.ip()) == ip))
        })
    }
}

/// The address that the kernel takes this one for.
fn meant(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_LIST).read_to_string(&mut text)?;
    Ok(text)
}

/// Where the socket of a line of such a list is, if it is in this state.
fn waiting(line: &str, state: &str) -> Option<SocketAddr> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let (place, _peer, found) = (columns.next()?, columns.next()?, columns.next()?);
    if found != state {
        return None;
    }
    let (ip, port) = place.split_once(':')?;
    // Words of 32 bits, each as the machine keeps a number.
    let word = |index: usize| {
        let digits = ip.get(8 * index..8 * (index + 1))?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match ip.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index)?);
            }
            IpAddr::from(bytes)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::net::UdpSocket;

    use super::*;

    /// The entrances of a worker that is in this process's network.
    fn entrances(process: u32, direct: &[u16]) -> Entrances {
        let ports = NetworkPorts {
            direct: direct.to_vec(),
            with_version_6: false,
            proxy: 1,
        };
        Entrances::new(process, ports)
    }

    #[test]
    fn the_supervisors_ports_lead_to_it_from_the_addresses_that_they_are_for() {
        // There is no such process, so the worker has no servers.
        let entrances = entrances(0, &[2]);
        for (address, leads) in [
            ("192.0.2.7:2", true),
            ("[::ffff:192.0.2.7]:2", true),
            ("[::1]:2", true),
            ("[2001:db8::7]:2", false),
            ("192.0.2.7:3", false),
            ("127.0.0.1:1", true),
            ("192.0.2.7:1", false),
            ("127.0.0.1:53", true),
            ("192.0.2.7:53", false),
            ("127.0.0.1:9", true),
            ("[::1]:65535", true),
            ("192.0.2.7:65535", false),
        ] {
            let admitted = entrances.admit(address.parse().unwrap());
            assert_eq!(admitted, leads, "{address}");
        }
    }

    #[test]
    fn what_the_worker_sends_itself_arrives() {
        let entrances = entrances(0, &[2]);
        for (address, leads) in [
            ("127.0.0.1:53", true),
            ("127.0.0.1:40000", true),
            ("[::1]:40000", true),
            ("192.0.2.7:2", true),
            ("192.0.2.7:40000", false),
            ("192.0.2.7:53", false),
        ] {
            let taken = entrances.take(address.parse().unwrap());
            assert_eq!(taken, leads, "{address}");
        }
    }

    #[test]
    fn a_server_of_the_workers_own_is_reached_at_its_addresses() {
        let entrances = entrances(std::process::id(), &[]);
        let stream = TcpListener::bind("127.0.0.1:0").unwrap();
        let anywhere = TcpListener::bind("0.0.0.0:0").unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = |address: io::Result<SocketAddr>| address.unwrap().port();
        let stream = port(stream.local_addr());
        for (ip, port, leads) in [
            ("127.0.0.1", stream, true),
            ("0.0.0.0", stream, true),
            ("192.0.2.7", stream, false),
            ("192.0.2.7", port(anywhere.local_addr()), true),
            ("127.0.0.1", port(datagrams.local_addr()), true),
        ] {
            let address = SocketAddr::new(ip.parse().unwrap(), port);
            assert_eq!(entrances.admit(address), leads, "{address}");
        }
        let everywhere = UdpSocket::bind("0.0.0.0:0").unwrap();
        let address = ([192, 0, 2, 7], port(everywhere.local_addr())).into();
        assert!(entrances.take(address));
    }

    #[test]
    fn a_line_of_the_kernels_is_read_and_others_are_none() {
        let line = |place: &str| format!("   0: {place} 00000000:0000 0A 00000000:00000000");
        if cfg!(target_endian = "little") {
            for (place, expected) in [
                ("0100007F:1F90", "127.0.0.1:8080"),
                ("00000000000000000000000001000000:0050", "[::1]:80"),
            ] {
                let read = waiting(&line(place), "0A");
                assert_eq!(read, Some(expected.parse().unwrap()));
            }
        }
        assert_eq!(waiting(&line("0100007F:1F90"), "07"), None);
        for place in [
            "",
            ":",
            "0100007F",
            "0100007é:1F90",
            "01:1F90",
            "0100007F:1F90F",
        ] {
            assert_eq!(waiting(&line(place), "0A"), None, "{place}");
        }
    }
}
