//! What a listener tells clients: its host, and how its brokers are told apart.
//!
//! Owns: `advertise`, `broker_ports`, `advertised_ports`, `broker_names`. Refuses: advertised ports
//! that are not one for one; a bootstrap address that is a broker's too; names without the TLS that
//! carries them, or that some client could not send. Stays true: from an address that a client is
//! told, one node id or the bootstrap address follows, never two.

use super::checker::{Checker, Section};
use super::fault::Place;
use super::model::Addressing;
use super::tree::Node;
use super::values;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

const PORTS: &str = "a range of ports, such as 19100-19199";
const NAMES: &str = "a host name with `{node}` in it once, such as \"b{node}.kafka.example.com\"";
const NODE: &str = "{node}";
/// RFC 1035 §2.3.4, in octets of text: a label, and a whole name without its final dot.
const LABEL_BYTES_MAX: usize = 63;
const HOST_BYTES_MAX: usize = 253;

/// The host that clients are told, and the port of the bootstrap address if it was written.
pub(super) struct Advertised {
    pub(super) place: Place,
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

pub(super) fn advertised(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    address: Option<SocketAddr>,
) -> Option<Advertised> {
    let Some(node) = section.get("advertise") else {
        return default_advertised(c, section.place, address?);
    };
    let expected = "a host name or an address, with or without a port";
    let (host, port) = c.parsed(node, expected, host_and_maybe_port)?;
    let place = node.place;
    Some(Advertised { place, host, port })
}

/// A bare IPv6 address is read as one: with a port it needs its brackets.
fn host_and_maybe_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Ok(v6) = text.parse::<Ipv6Addr>() {
        return Some((v6.to_string(), None));
    }
    match values::host_port(text) {
        Some(with_port) => Some((with_port.host, Some(with_port.port))),
        None => values::host_name(text).map(|host| (host, None)),
    }
}

/// Clients can be told the address itself, unless it stands for every address of the machine.
fn default_advertised(
    c: &mut Checker<'_>,
    place: Place,
    address: SocketAddr,
) -> Option<Advertised> {
    let ip = address.ip();
    if ip.is_unspecified() {
        let what = format!("`advertise` is missing, and clients cannot connect to {ip}");
        let expected = "the host name under which clients reach the gateway";
        c.fault(place, what, expected);
        return None;
    }
    let (host, port) = (ip.to_string(), None);
    Some(Advertised { place, host, port })
}

/// How brokers are told apart: by port or by name.
pub(super) fn brokers(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    address: Option<SocketAddr>,
    advertised: Option<&Advertised>,
) -> Option<Addressing> {
    match (section.get("broker_ports"), section.get("broker_names")) {
        (Some(ports), None) => by_port(c, section, ports, advertised),
        (None, Some(names)) => by_name(c, section, names, address, advertised),
        (Some(_), Some(names)) => {
            let what = "`broker_names` beside `broker_ports`";
            c.fault(names.place, what, "one of them");
            None
        }
        (None, None) => {
            let expected = format!("{PORTS}, or `broker_names`");
            c.fault(section.place, "`broker_ports` is missing", expected);
            None
        }
    }
}

fn by_port(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    node: &Node,
    advertised: Option<&Advertised>,
) -> Option<Addressing> {
    let told_at = section.get("advertised_ports").unwrap_or(node);
    let listen = c.parsed(node, PORTS, values::ports)?;
    let advertise = match section.get("advertised_ports") {
        None => listen.clone(),
        Some(node) => c.parsed(node, PORTS, values::ports)?,
    };
    if listen.len() != advertise.len() {
        let (told, there) = (advertise.len(), listen.len());
        let what = format!("{told} ports for the {there} of `broker_ports`");
        c.fault(told_at.place, what, format!("{there} ports"));
    }
    let first = advertised.and_then(|told| told.port);
    if let Some(port) = first.filter(|port| advertise.contains(port)) {
        let what = format!("{} holds the port of `advertise`", shown(&advertise));
        c.fault(told_at.place, what, format!("ports other than {port}"));
    }
    Some(Addressing::Ports { listen, advertise })
}

fn shown(ports: &RangeInclusive<u16>) -> String {
    format!("{}-{}", ports.start(), ports.end())
}

fn by_name(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    node: &Node,
    address: Option<SocketAddr>,
    advertised: Option<&Advertised>,
) -> Option<Addressing> {
    if let Some(node) = section.get("advertised_ports") {
        let expected = "`advertise: host:port`: every broker is at that port";
        c.fault(
            node.place,
            "`advertised_ports` beside `broker_names`",
            expected,
        );
    }
    if section.get("tls").is_none() {
        let expected = "`tls`: its server name says which broker a client means";
        c.fault(node.place, "`broker_names` without `tls`", expected);
    }
    let (before, after) = c.parsed(node, NAMES, name_pattern)?;
    let advertised = advertised?;
    if is_broker(&advertised.host, &before, &after) {
        let what = format!("`{}` is a broker's name too", advertised.host);
        let expected = "a name that `broker_names` gives to no broker";
        c.fault(advertised.place, what, expected);
    }
    let port = advertised.port.or(address.map(|address| address.port()))?;
    Some(Addressing::Sni {
        before,
        after,
        port,
    })
}

/// `b{node}.kafka.example.com` → what stands before and behind the node id, in lower case. With
/// the longest id it must still be a name that every client sends as a server name: labels of
/// letters, digits and inner hyphens, and no address (RFC 1123 §2.1, RFC 6066 §3).
fn name_pattern(text: &str) -> Option<(String, String)> {
    let (before, after) = text.split_once(NODE)?;
    let longest = format!("{before}{}{after}", i32::MAX);
    let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(letters)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = longest.rsplit('.').next().unwrap_or_default();
    let fine = longest.len() <= HOST_BYTES_MAX
        && longest.split('.').all(label)
        && last.bytes().any(|b| b.is_ascii_alphabetic());
    fine.then(|| (before.to_ascii_lowercase(), after.to_ascii_lowercase()))
}

/// Whether a host is what the pattern makes of a node id.
fn is_broker(host: &str, before: &str, after: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let id = host
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use rustls::pki_types::DnsName;

    #[test]
    fn a_port_after_a_host() {
        let read = |text| host_and_maybe_port(text).map(|(host, port)| (host, port.unwrap_or(0)));
        for (text, host, port) in [
            ("gw.example.com", "gw.example.com", 0),
            ("gw.example.com:443", "gw.example.com", 443),
            ("10.0.0.1:443", "10.0.0.1", 443),
            ("::1", "::1", 0),
            ("[::1]:443", "::1", 443),
            ("::1:443", "::1:443", 0),
        ] {
            assert_eq!(read(text), Some((host.to_owned(), port)), "{text}");
        }
        for bad in ["gw:0", "gw:", "gw:70000", "[gw]:1", "[::1]", "a b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn patterns_that_are_no_names() {
        let (before, after) = name_pattern("B{node}-z1.Kafka.example.com").unwrap();
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("b", "-z1.kafka.example.com")
        );
        let long = format!("{}{{node}}.example.com", "b".repeat(54));
        for bad in [
            "kafka.example.com",
            "b{node}{node}.example.com",
            "b{node}.{node}",
            "b{id}.example.com",
            "-{node}.example.com",
            "{node}-.example.com",
            "b_{node}.example.com",
            "b{node}..com",
            "b{node}.example.com.",
            "b{node}.example.com:9092",
            "10.0.0.{node}",
            "{node}",
            "",
            &long,
        ] {
            assert_eq!(name_pattern(bad), None, "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// What is accepted here is a server name to TLS, for every node id, and is told apart
        /// from the names of no broker.
        #[test]
        fn every_name_of_a_pattern_can_be_sent(
            before in "[a-zA-Z0-9.-]{0,12}", after in "[a-zA-Z0-9.-]{0,20}", node in 0i32..,
        ) {
            let Some((before, after)) = name_pattern(&format!("{before}{NODE}{after}")) else {
                return Ok(());
            };
            let name = format!("{before}{node}{after}");
            prop_assert!(DnsName::try_from(name.as_str()).is_ok(), "{name}");
            prop_assert!(is_broker(&name.to_ascii_uppercase(), &before, &after));
            let bootstrap = format!("{before}{after}");
            prop_assert!(!is_broker(&bootstrap, &before, &after));
        }
    }
}
