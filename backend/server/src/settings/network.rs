//! Networks in CIDR notation (RFC 4632, RFC 4291 section 2.3).

use std::net::IpAddr;

pub use ipnet::IpNet as Network;

/// The text names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a network; one looks like 10.1.0.0/16 or fd00::/8")]
pub struct NetworkError(String);

/// Reads a network, or a single address.
///
/// # Errors
/// [`NetworkError`] with the text.
pub fn parse(text: &str) -> Result<Network, NetworkError> {
    let text = text.trim();
    let single = || text.parse::<IpAddr>().map(Network::from).ok();
    text.parse().ok().or_else(single).ok_or_else(|| NetworkError(text.to_owned()))
}

/// True if one of `networks` contains `address`; an IPv4 address mapped into IPv6 counts as what it is.
pub fn any_contains(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_own_addresses_only() {
        let contains = |network: &str, address: &str| {
            any_contains(&[parse(network).expect("network")], address.parse().expect("address"))
        };
        assert!(contains("127.0.0.0/8", "127.9.9.9"));
        assert!(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(!contains("127.0.0.0/8", "128.0.0.1"));
        assert!(contains("::1", "::1"));
        assert!(!contains("fd00::/8", "fe80::1"));
        assert!(contains("0.0.0.0/0", "9.9.9.9"));
    }

    #[test]
    fn what_is_no_network_is_refused_in_words() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "private"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
