//! The network of a worker that is given one.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use mycelium_sandbox::NetworkPorts;
use mycelium_sandbox::SandboxError;

use super::fixture::Puppet;
use super::fixture::start;
use super::hostile::Order;
use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("the_sockets_of_a_network_are_not_the_hosts", sockets),
    ("a_network_with_too_many_ports_is_refused", too_many),
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
