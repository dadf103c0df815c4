//! The network of a worker that is given one.

use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use mycelium_policy::NetworkGrant;
use mycelium_policy::NetworkPolicy;
use mycelium_policy::ProgramPolicy;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::AttemptKind;
use mycelium_sandbox::AttemptVerdict;
use mycelium_sandbox::NetworkPorts;
use mycelium_sandbox::SandboxError;

use super::fixture::PATIENCE;
use super::fixture::Puppet;
use super::fixture::Site;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("the_sockets_of_a_network_are_not_the_hosts", sockets),
    ("a_network_with_too_many_ports_is_refused", too_many),
    ("every_address_leads_to_the_supervisor", every_address),
    ("without_a_network_nothing_is_reached", none),
];

fn address(socket: &OwnedFd) -> SocketAddr {
    let copy = socket.try_clone().unwrap();
    TcpListener::from(copy).local_addr().unwrap()
}

fn sockets() {
    let launcher = start();
    let mut first = Puppet::warm(&launcher);
    let mut second = Puppet::warm(&launcher);
    // The host has this port already, so a network that has it too is another.
    let host = TcpListener::bind("0.0.0.0:0").unwrap();
    let taken = host.local_addr().unwrap().port();
    let ports = || NetworkPorts {
        direct: vec![443, 80, taken, 80, 3128],
        with_version_6: false,
        proxy: 3128,
    };
    let network = launcher.open_network(&first.worker, ports()).unwrap();
    let lookups = UdpSocket::from(network.lookups.try_clone().unwrap());
    assert_eq!(lookups.local_addr().unwrap(), ([127, 0, 0, 1], 53).into());
    assert_eq!(address(&network.proxy), ([127, 0, 0, 1], 3128).into());
    let mut direct: Vec<_> = network.direct.iter().map(address).collect();
    direct.sort_unstable();
    let mut expected = [80, 443, taken].map(|port| SocketAddr::from(([0, 0, 0, 0], port)));
    expected.sort_unstable();
    assert_eq!(direct, expected);
    // Each worker has its own; and the launcher has found its way back, twice.
    launcher.open_network(&second.worker, ports()).unwrap();
    for puppet in [&mut first, &mut second, &mut Puppet::warm(&launcher)] {
        assert_eq!(puppet.tell(&Order::Echo("here".into())), Ok("here".into()));
    }
}

/// A worker that runs programs, and whether it may have a network.
fn policy(site: &Site, network: NetworkPolicy) -> SandboxPolicy {
    SandboxPolicy {
        program: Some(ProgramPolicy::default()),
        network,
        ..site.policy()
    }
}

/// Addresses of all kinds.
const ADDRESSES: [&str; 6] = [
    "192.0.2.7",
    "198.18.0.1",
    "8.8.8.8",
    "127.0.0.1",
    "2001:db8::7",
    "::1",
];

fn every_address() {
    let launcher = start();
    let site = Site::new();
    let network = NetworkPolicy {
        allow: vec![NetworkGrant {
            hosts: vec!["some.test".to_owned()],
            methods: Vec::new(),
        }],
        deny: Vec::new(),
        secrets: Vec::new(),
    };
    let mut puppet = Puppet::program(&launcher, &policy(&site, network));
    let ports = NetworkPorts {
        direct: vec![80],
        with_version_6: true,
        proxy: 3128,
    };
    let network = launcher.open_network(&puppet.worker, ports).unwrap();
    for listener in network.direct {
        let listener = TcpListener::from(listener);
        listener.set_nonblocking(false).unwrap();
        // Each tells who connects which address was meant; they end with this process.
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let meant = stream.local_addr().unwrap().ip().to_string();
                stream.write_all(meant.as_bytes()).unwrap();
            }
        });
    }
    for address in ADDRESSES {
        let ip: IpAddr = address.parse().unwrap();
        let heard = puppet.tell(&Order::Hear((ip, 80).into()));
        assert_eq!(heard.as_deref(), Ok(address));
        let refused = puppet.tell(&Order::Hear((ip, 81).into()));
        assert_eq!(refused, Err(libc::ECONNREFUSED), "{address}");
    }
    let lookups = UdpSocket::from(network.lookups);
    lookups.set_nonblocking(false).unwrap();
    // Answers everything with one address.
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((length, asker)) = lookups.recv_from(&mut bytes) {
            let question = &bytes[..length];
            let asks_address = question[length - 4..] == [0, 1, 0, 1];
            let mut answer = question.to_vec();
            answer[2..4].copy_from_slice(&[0x85, 0x80]);
            if asks_address {
                answer[7] = 1;
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 198, 18, 0, 9]);
            }
            lookups.send_to(&answer, asker).unwrap();
        }
    });
    let found = puppet.tell(&Order::LookUp("some.test".to_owned()));
    assert_eq!(found.as_deref(), Ok("198.18.0.9"));
    for address in ["127.0.0.1:81", "192.0.2.7:80", "192.0.2.7:81"] {
        let sent = puppet.tell(&Order::Send(address.parse().unwrap()));
        assert_eq!(sent, Ok(String::new()), "{address}");
    }
    // Of all this only what nobody is there to hear of is told.
    let attempts = puppet.worker.take_attempts(PATIENCE).kept.into_iter();
    let kinds = [AttemptKind::Connect, AttemptKind::Send];
    let told: Vec<_> = attempts
        .filter(|attempt| kinds.contains(&attempt.kind))
        .map(|attempt| (attempt.kind, attempt.attempted, attempt.verdict))
        .collect();
    let mut refused = ADDRESSES
        .map(|address| (AttemptKind::Connect, address))
        .to_vec();
    refused.push((AttemptKind::Send, "192.0.2.7"));
    let refused: Vec<_> = refused
        .into_iter()
        .map(|(kind, address)| {
            let place = SocketAddr::new(address.parse().unwrap(), 81);
            (kind, place.to_string(), AttemptVerdict::Refused)
        })
        .collect();
    assert_eq!(told, refused);
}

fn none() {
    let launcher = start();
    let site = Site::new();
    let mut puppet = Puppet::program(&launcher, &policy(&site, NetworkPolicy::default()));
    for address in ["192.0.2.7:80", "127.0.0.1:80"] {
        let refused = puppet.tell(&Order::Hear(address.parse().unwrap()));
        assert!(
            matches!(refused, Err(libc::EACCES | libc::ENETUNREACH)),
            "{refused:?}"
        );
    }
    assert!(puppet.tell(&Order::LookUp("some.test".to_owned())).is_err());
}

fn too_many() {
    let launcher = start();
    let puppet = Puppet::warm(&launcher);
    let ports = NetworkPorts {
        direct: (1000..1100).collect(),
        ..NetworkPorts::default()
    };
    let error = launcher.open_network(&puppet.worker, ports).unwrap_err();
    assert!(
        matches!(error, SandboxError::TooManyPorts { count: 100, .. }),
        "{error}"
    );
}
