//! From which address a request comes.

use std::net::IpAddr;

use ipnet::IpNet;

/// The client's address: the peer's, or, where the peer is a proxy that is trusted, the last address that was added to
/// `X-Forwarded-For` by somebody who is trusted. What a client writes there itself stands before that, and does not count.
///
/// ```
/// use keruta_server::auth::client_address;
///
/// let trusted = ["10.0.0.0/8".parse().unwrap()];
/// let of = |peer: &str, forwarded: &[&str]| client_address(peer.parse().unwrap(), forwarded, &trusted).to_string();
/// assert_eq!(of("203.0.113.7", &["1.2.3.4"]), "203.0.113.7");
/// assert_eq!(of("10.0.0.1", &["6.6.6.6, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
/// ```
#[must_use]
pub fn client_address(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut address = peer.to_canonical();
    let mut hops = forwarded.iter().rev().flat_map(|value| value.rsplit(','));
    while is_trusted(&address) {
        // Some proxies add the port.
        let Some(hop) = hops.next().map(str::trim) else { break };
        let parsed = hop.parse().or_else(|_| hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
        let Ok(next) = parsed else { break };
        address = next.to_canonical();
    }
    address
}

/// What is counted as one place: an address, or the network of an IPv6 address, of which one place has as many as it likes.
#[must_use]
pub(crate) fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(std::net::Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_added_counts() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (peer, forwarded, client) in [
            ("203.0.113.7", &[][..], "203.0.113.7"),
            ("203.0.113.7", &["10.0.0.9"], "203.0.113.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &["6.6.6.6", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("::1", &["[2001:db8::1]:80"], "2001:db8::1"),
            // Nonsense ends the search at what is known.
            ("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let found = client_address(peer.parse().unwrap(), forwarded, &trusted);
            assert_eq!(found.to_string(), client, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_network_is_one_place() {
        let place = |address: &str| place_of(address.parse().unwrap()).to_string();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(place("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
