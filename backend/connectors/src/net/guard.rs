//! The address guard: users name hosts, so what may be connected to is decided here.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

/// Ports that mail is read from: IMAP (143), IMAPS (993), HTTPS (443).
const MAIL_PORTS: [u16; 3] = [143, 443, 993];

/// Decides which addresses and ports may be connected to.
#[derive(Debug, Clone)]
pub struct AddressGuard {
    /// Openings the operator made, for on-premises use and for tests.
    networks: Vec<IpNet>,
    ports: BTreeSet<u16>,
    /// The command line acts for its own user: nothing is refused.
    open: bool,
}

/// Why a connection is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The port is not one that mail is read from.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// The address is not a public one.
    #[error("the address is not a public one")]
    Address,
}

impl AddressGuard {
    /// Public addresses and mail ports only, besides the openings given.
    pub fn new(networks: Vec<IpNet>, ports: impl IntoIterator<Item = u16>) -> Self {
        Self { networks, ports: MAIL_PORTS.into_iter().chain(ports).collect(), open: false }
    }

    /// Refuses nothing: for the command line, which acts for its own user.
    pub fn open() -> Self {
        Self { networks: Vec::new(), ports: BTreeSet::new(), open: true }
    }

    /// Checks a port.
    ///
    /// # Errors
    /// [`Refused::Port`] if it is not allowed.
    pub fn check_port(&self, port: u16) -> Result<(), Refused> {
        if self.open || self.ports.contains(&port) { Ok(()) } else { Err(Refused::Port(port)) }
    }

    /// Checks an address that a name resolved to, or that the user named.
    ///
    /// # Errors
    /// [`Refused::Address`] if it is not public and no opening contains it.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Refused> {
        let plain = unmapped(address);
        let opened = self.networks.iter().any(|network| network.contains(&address) || network.contains(&plain));
        if self.open || opened || is_public(plain) { Ok(()) } else { Err(Refused::Address) }
    }
}

/// The IPv4 address inside a mapped (RFC 4291), NAT64 (RFC 6052) or 6to4 (RFC 3056) one, or the address itself.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 || low > 1 => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let carrier_grade_nat = first == 100 && (64..128).contains(&second);
    let benchmark = first == 198 && (18..20).contains(&second);
    let protocol = first == 192 && second == 0 && third == 0;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        || carrier_grade_nat
        || benchmark
        || protocol)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global_unicast = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8;
    let teredo_or_protocol = first == 0x2001 && second < 0x0200;
    global_unicast && !documentation && !teredo_or_protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        AddressGuard::new(Vec::new(), []).check_address(address.parse().expect("an address")).is_err()
    }

    #[test]
    fn only_public_addresses_are_connected_to() {
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001:0:1::1",
        ] {
            assert!(refused(address), "{address} must be refused");
        }
        for address in ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(!refused(address), "{address} must be allowed");
        }
    }

    #[test]
    fn the_operator_can_open_networks_and_ports() {
        let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().expect("a network")], [1143]);
        assert_eq!(guard.check_address("127.0.0.1".parse().expect("an address")), Ok(()));
        assert_eq!(guard.check_address("::ffff:127.0.0.1".parse().expect("an address")), Ok(()));
        assert_eq!(guard.check_address("10.0.0.1".parse().expect("an address")), Err(Refused::Address));
        assert_eq!(guard.check_port(1143), Ok(()));
        assert_eq!(guard.check_port(993), Ok(()));
        assert_eq!(guard.check_port(25), Err(Refused::Port(25)));
    }
}
