//! Where a browser is.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The address of the browser: what trusted proxies say, from the nearest on, up to the first that is not trusted.
pub(super) fn client_address(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut address = peer;
    for hop in forwarded.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        let Ok(next) = hop.trim().parse() else { break };
        address = next;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(forwarded: &[&str], peer: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header value"));
        }
        let trusted: Vec<IpNet> = trusted
            .iter()
            .map(|network| network.parse().expect("a network"))
            .collect();
        client_address(&headers, peer.parse().expect("an address"), &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_say_whom_they_forward_for() {
        assert_eq!(address_of(&["1.2.3.4"], "9.9.9.9", &[]), "9.9.9.9");
        assert_eq!(
            address_of(&["1.2.3.4"], "10.0.0.1", &["10.0.0.0/8"]),
            "1.2.3.4"
        );
        assert_eq!(
            address_of(
                &["6.6.6.6, 1.2.3.4", "10.0.0.2"],
                "10.0.0.1",
                &["10.0.0.0/8"]
            ),
            "1.2.3.4"
        );
        assert_eq!(
            address_of(&["nonsense"], "10.0.0.1", &["10.0.0.0/8"]),
            "10.0.0.1"
        );
        assert_eq!(address_of(&[], "10.0.0.1", &["10.0.0.0/8"]), "10.0.0.1");
    }
}
