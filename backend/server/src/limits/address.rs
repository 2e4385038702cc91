//! By which address somebody is counted.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;

use crate::settings::network::{Network, any_contains};

/// An IPv6 customer has at least a /64 of addresses, and counts as one.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

/// The address that asks: the peer, or what a trusted proxy says of its own peer.
pub fn client_address(request: &HttpRequest, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| any_contains(trusted, address);
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    if !is_trusted(peer) {
        return peer;
    }
    // Each proxy adds the address it was asked by; the last one that is no proxy of ours is the client.
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|&hop| !is_trusted(hop)).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_whole_64_of_ipv6_counts_as_one() {
        let network = |text: &str| network_of(address(text));
        assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        let request = |peer: &str| {
            TestRequest::get()
                .peer_addr(format!("{peer}:1").parse().expect("an address"))
                .insert_header(("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.0.0.2"))
                .to_http_request()
        };
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        assert_eq!(client_address(&request("10.0.0.1"), &trusted), address("192.0.2.7"));
        assert_eq!(client_address(&request("198.51.100.1"), &trusted), address("198.51.100.1"));
    }
}
