//! Address: where a request comes from.
//!
//! Nobody's word is taken for it: a forwarding header counts only as far as the configured
//! number of own proxies goes, each of which appends the address it saw.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::HeaderMap;

/// The client's address: the peer's, or with `trusted_hops` proxies of our own in front, the
/// one the outermost of them saw.
pub fn client_address(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    trusted_hops: usize,
) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if trusted_hops == 0 {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let outermost = hops.len().saturating_sub(trusted_hops);
    hops.get(outermost).and_then(|hop| address_in(hop)).unwrap_or(peer)
}

/// Reads `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn address_in(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(forwarded: &[&'static str], trusted_hops: usize) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_static(value));
        }
        let peer = "10.0.0.1:5000".parse().ok();
        client_address(peer, &headers, trusted_hops).to_string()
    }

    #[test]
    fn a_forwarding_header_counts_only_behind_our_own_proxies() {
        assert_eq!(seen(&["1.1.1.1"], 0), "10.0.0.1");
        assert_eq!(seen(&["6.6.6.6, 1.1.1.1"], 1), "1.1.1.1");
        assert_eq!(seen(&["6.6.6.6", "1.1.1.1, 10.0.0.2"], 2), "1.1.1.1");
        assert_eq!(seen(&["[2001:db8::1]:99"], 1), "2001:db8::1");
        assert_eq!(seen(&["nonsense"], 1), "10.0.0.1");
        assert_eq!(seen(&[], 1), "10.0.0.1");
    }
}
