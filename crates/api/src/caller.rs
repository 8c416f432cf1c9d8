//! The address that a call comes from, as far as this server can know it.
//! Never kept, never logged here.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::request::Parts;

/// Who is at the other end of the connection; the server puts it into each request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The network of whoever calls: the first 24 bits of an IPv4 address, 56 of an IPv6 address (what
/// one household is given; RFC 6177). Where the peer is this machine or a private address, the
/// city's own proxy may stand there, and the last address of its `X-Forwarded-For` counts. None
/// where there is nothing to tell callers apart by: this machine without a proxy.
#[must_use]
pub fn network(parts: &Parts) -> Option<IpAddr> {
    let Peer(peer) = parts.extensions.get().copied()?;
    let said = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let said = said.and_then(|v| v.to_str().ok());
    let last = said.and_then(|v| v.rsplit(',').next()?.trim().parse().ok());
    let from = if is_ours(peer) {
        last.unwrap_or(peer)
    } else {
        peer
    };
    (!from.is_loopback()).then(|| masked(from))
}

fn is_ours(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

fn masked(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            [a, b, c, 0].into()
        }
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 56)).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(peer: &str, forwarded: &[&str]) -> Option<String> {
        let mut request = Request::builder();
        for f in forwarded {
            request = request.header("x-forwarded-for", *f);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        network(&parts).map(|ip| ip.to_string())
    }

    #[test]
    fn a_stranger_is_their_network_whatever_they_say() {
        assert_eq!(of("192.0.2.77", &[]).unwrap(), "192.0.2.0");
        assert_eq!(of("192.0.2.77", &["203.0.113.9"]).unwrap(), "192.0.2.0");
        assert_eq!(of("::ffff:192.0.2.77", &[]).unwrap(), "192.0.2.0");
        assert_eq!(of("2001:db8:1:2345::1", &[]).unwrap(), "2001:db8:1:2300::");
    }

    #[test]
    fn behind_the_citys_proxy_the_last_address_counts() {
        let said = ["198.51.100.1", "10.0.0.1, 203.0.113.9"];
        assert_eq!(of("127.0.0.1", &said).unwrap(), "203.0.113.0");
        assert_eq!(of("10.1.2.3", &said).unwrap(), "203.0.113.0");
        assert_eq!(of("10.1.2.3", &["nonsense"]).unwrap(), "10.1.2.0");
        assert_eq!(of("::1", &[]), None);
    }
}
