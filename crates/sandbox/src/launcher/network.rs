//! Making a worker's network: a loopback device to which every address belongs, and sockets on it.
//!
//! The worker's network namespace is as the kernel made it, with nothing in it, until here. The launcher
//! enters it, makes the sockets and leaves again; where a socket was made is where it stays.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV4;
use std::net::SocketAddrV6;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::openat;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::bind;
use rustix::net::listen;
use rustix::net::recv;
use rustix::net::send;
use rustix::net::socket_with;
use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::thread::LinkNameSpaceType;
use rustix::thread::ThreadNameSpaceType;
use rustix::thread::UnshareFlags;
use rustix::thread::move_into_link_name_space;
use rustix::thread::move_into_thread_name_spaces;

use crate::NetworkPorts;
use crate::SandboxError;
use crate::Step;
use crate::launcher::inject::InjectError;
use crate::network::LOOKUP_PORT;
use crate::syscall;

/// Connections that wait to be accepted, for each port.
const BACKLOG: i32 = 64;

/// Takes the launcher out of the host's network, of which it needs nothing, into an empty one of its own.
pub(super) fn leave_host() -> Result<OwnedFd, SandboxError> {
    syscall::unshare(UnshareFlags::NEWNET).map_err(|source| SandboxError::Setup {
        step: Step::Network,
        path: None,
        source,
    })?;
    let path = "/proc/self/ns/net";
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(SandboxError::step_at(Step::Network, path))
}

/// Makes the network of the worker behind `pidfd` and the sockets on it; `own` is the launcher's.
pub(super) fn open(
    pidfd: &OwnedFd,
    own: &OwnedFd,
    ports: &NetworkPorts,
) -> Result<Vec<OwnedFd>, InjectError> {
    move_into_thread_name_spaces(pidfd.as_fd(), ThreadNameSpaceType::NETWORK).map_err(|errno| {
        match errno {
            Errno::SRCH => SandboxError::WorkerLost,
            other => SandboxError::step(Step::Network)(other),
        }
    })?;
    let made = make(ports);
    move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|_| InjectError::Stranded)?;
    Ok(made.map_err(SandboxError::step(Step::Network))?)
}

fn make(ports: &NetworkPorts) -> Result<Vec<OwnedFd>, Errno> {
    let routing = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // The first protocol of this family, the one about routes and devices.
        None,
    )?;
    order(&routing, &loopback_up())?;
    order(&routing, &all_addresses_local(AddressFamily::INET))?;
    if ports.with_version_6 {
        order(&routing, &all_addresses_local(AddressFamily::INET6))?;
    }
    let local = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    let any = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port));
    let any_version_6 = |port| SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0));
    let lookups = socket(AddressFamily::INET, SocketType::DGRAM)?;
    bind(&lookups, &local(LOOKUP_PORT))?;
    let mut sockets = vec![lookups, listener(&local(ports.proxy))?];
    for port in &ports.direct {
        sockets.push(listener(&any(*port))?);
        if ports.with_version_6 {
            sockets.push(listener(&any_version_6(*port))?);
        }
    }
    Ok(sockets)
}

fn socket(family: AddressFamily, kind: SocketType) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(family, kind, flags, None)
}

fn listener(address: &SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let listener = socket(family, SocketType::STREAM)?;
    set_socket_reuseaddr(&listener, true)?;
    if family == AddressFamily::INET6 {
        set_ipv6_v6only(&listener, true)?;
    }
    bind(&listener, address)?;
    listen(&listener, BACKLOG)?;
    Ok(listener)
}

// The numbers of rtnetlink(7), as linux/netlink.h and linux/rtnetlink.h have them.
const LOOPBACK: u32 = 1; // the first device of every network namespace
const ERROR: u16 = 2;
const NEW_LINK: u16 = 16;
const NEW_ROUTE: u16 = 24;
const REQUEST_AND_CONFIRM: u16 = 0x1 | 0x4;
const CREATE: u16 = 0x400;
const UP: u32 = 1;
const LOCAL_TABLE: u8 = 255;
const STATIC: u8 = 4;
const SCOPE_HOST: u8 = 254;
const TYPE_LOCAL: u8 = 2;
const ATTRIBUTE_DEVICE: u16 = 4;

/// `ip link set lo up`.
fn loopback_up() -> Vec<u8> {
    let mut body = vec![0; 4];
    for number in [LOOPBACK, UP, UP] {
        body.extend(number.to_ne_bytes());
    }
    message(NEW_LINK, REQUEST_AND_CONFIRM, &body)
}

/// `ip route add local default dev lo`: whatever a packet's destination, it has arrived.
fn all_addresses_local(family: AddressFamily) -> Vec<u8> {
    let family = family.as_raw() as u8;
    let mut body = vec![
        family,
        0,
        0,
        0,
        LOCAL_TABLE,
        STATIC,
        SCOPE_HOST,
        TYPE_LOCAL,
        0,
        0,
        0,
        0,
    ];
    body.extend(8_u16.to_ne_bytes());
    body.extend(ATTRIBUTE_DEVICE.to_ne_bytes());
    body.extend(LOOPBACK.to_ne_bytes());
    message(NEW_ROUTE, REQUEST_AND_CONFIRM | CREATE, &body)
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    /// The size of a message's header.
    const HEADER: usize = 16;
    let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // One question at a time needs no number, and the kernel no address.
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// Sends one message and waits for the kernel's word.
fn order(routing: &OwnedFd, message: &[u8]) -> Result<(), Errno> {
    send(routing, message, SendFlags::empty())?;
    let mut answer = [0; 64];
    let (length, _) = recv(routing, &mut answer, RecvFlags::empty())?;
    // A header, and in it what kind of message it is; then the error, negative, or zero.
    let kind = answer[..length]
        .get(4..6)
        .and_then(|bytes| bytes.first_chunk());
    let error = answer[..length]
        .get(16..20)
        .and_then(|bytes| bytes.first_chunk());
    match (kind.map(|kind| u16::from_ne_bytes(*kind)), error) {
        (Some(ERROR), Some(error)) => match i32::from_ne_bytes(*error) {
            0 => Ok(()),
            errno => Err(Errno::from_raw_os_error(-errno)),
        },
        _ => Err(Errno::PROTO),
    }
}
