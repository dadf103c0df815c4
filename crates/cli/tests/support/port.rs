//! Ports for servers that are told where to listen.

use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

/// Where ports begin that the kernel hands out by itself almost nowhere. One of its own could be given to another test
/// between two looks, or to the very client that looks.
const FIRST: u16 = 10_000;
const COUNT: u16 = 6_000;

/// How many ports were given away.
static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port of this machine at which nobody listens, and which no other test gets.
pub(crate) fn free_port() -> u16 {
    // Another test run of this machine begins elsewhere.
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (0..COUNT)
        .map(|_| FIRST + (start + GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(is_free)
        .unwrap()
}
