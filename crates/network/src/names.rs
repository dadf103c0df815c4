//! The addresses that stand for names inside a worker.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::Host;
use crate::HostName;

/// The block the addresses are from: set apart for measuring networks (RFC 2544), so that no host has one.
const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const LAST: u32 = u32::from_be_bytes([198, 19, 255, 255]);

/// The most names of one worker. An address is never given to a second name.
const MAX_NAMES: usize = 4096;

/// The names a worker has looked up.
#[derive(Debug, Default)]
pub struct Names(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    addresses: HashMap<HostName, Ipv4Addr>,
    names: Vec<HostName>,
}

impl Names {
    /// The address that stands for `name`; `None` when too many names have one.
    pub(crate) fn address_of(&self, name: &HostName) -> Option<Ipv4Addr> {
        let mut table = self.table();
        if let Some(address) = table.addresses.get(name) {
            return Some(*address);
        }
        if table.names.len() >= MAX_NAMES {
            return None;
        }
        table.names.push(name.clone());
        // The first address is the block's own.
        let address = Ipv4Addr::from_bits(FIRST + table.names.len() as u32);
        table.addresses.insert(name.clone(), address);
        Some(address)
    }

    /// The host that a connection to `address` is for; `None` if the address stands for no name.
    #[must_use]
    pub fn host_at(&self, address: IpAddr) -> Option<Host> {
        match address {
            IpAddr::V4(v4) if (FIRST..=LAST).contains(&v4.to_bits()) => {
                let index = (v4.to_bits() - FIRST).checked_sub(1)?;
                let index = usize::try_from(index).ok()?;
                self.table().names.get(index).cloned().map(Host::Name)
            }
            IpAddr::V4(_) | IpAddr::V6(_) => Some(Host::from(address)),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_address_and_an_address_its_name() {
        let names = Names::default();
        for number in 0..MAX_NAMES + 1 {
            let name: HostName = format!("h{number}.test").parse().unwrap();
            match names.address_of(&name) {
                Some(address) => {
                    assert_eq!(names.address_of(&name), Some(address));
                    assert_eq!(names.host_at(address.into()), Some(Host::Name(name)));
                }
                None => assert_eq!(number, MAX_NAMES),
            }
        }
        for stranger in ["198.18.0.0", "198.19.255.255"] {
            assert_eq!(names.host_at(stranger.parse().unwrap()), None);
        }
        let literal = "192.0.2.1".parse().unwrap();
        assert_eq!(names.host_at(literal), Some(Host::Address(literal)));
    }
}
