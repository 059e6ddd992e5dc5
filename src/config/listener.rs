//! `listeners`: where clients connect, what they are told, and how brokers are told apart.
//!
//! Owns: the check of one listener. Refuses: ports that something else has; advertised ports that
//! are not one for one; brokers by name without the TLS that carries the name; logins with tokens
//! when nobody may vouch. Stays true: every address a client is told leads back to this listener.

use super::checker::{Checker, Section};
use super::fault::Place;
use super::model::{Addressing, Listener, Sasl};
use super::pem::{self, Presented};
use super::sockets::Sockets;
use super::tree::{Key, Node};
use super::values;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

const ADDRESS: &str = "an IP address and a port, such as 0.0.0.0:19092";
const PORTS: &str = "a range of ports, such as 19100-19199";
const NODE: &str = "{node}";
/// Node ids whose names are looked for in a listener's certificate; one is enough.
const NODES_LOOKED_FOR: i32 = 1024;

/// What a listener's check must know of the rest of the file.
pub(super) struct Around<'a> {
    pub(super) cluster: &'a str,
    /// Whether anybody may vouch for clients.
    pub(super) issuers: bool,
    pub(super) sockets: &'a mut Sockets,
}

/// What clients are told.
struct Advertised {
    place: Place,
    host: String,
    port: Option<u16>,
}

pub(super) fn listener(
    c: &mut Checker<'_>,
    key: &Key,
    node: &Node,
    around: &mut Around<'_>,
) -> Option<Listener> {
    let keys = [
        "address",
        "advertise",
        "broker_ports",
        "advertised_ports",
        "broker_names",
        "sasl",
        "tls",
        "proxy_protocol",
    ];
    let section = c.section(key.place, node, &keys, &[])?;
    let address = c
        .require(&section, "address")
        .and_then(|node| own_address(c, node));
    let advertised = advertised(c, &section, address);
    let tls = section.get("tls").map(|node| pem::presented(c, node));
    let brokers = brokers(c, &section, address, advertised.as_ref());
    let sasl = sasl(c, &section, around.issuers);
    let proxy_protocol = proxy_protocol(c, &section);
    if let Some(address) = address {
        claim(c, &section, key, address, brokers.as_ref(), around);
    }
    let (address, advertised, brokers, sasl) = (address?, advertised?, brokers?, sasl?);
    let tls = match tls {
        None => None,
        Some(presented) => Some(presented?),
    };
    surprises(c, &section, address, &advertised, &brokers, sasl, &tls);
    Some(Listener {
        name: key.text.clone(),
        address,
        advertise: advertised.host,
        brokers,
        sasl,
        tls: tls.map(|presented| presented.tls),
        proxy_protocol: proxy_protocol?,
    })
}

/// A socket's address.
pub(super) fn address(c: &mut Checker<'_>, node: &Node) -> Option<SocketAddr> {
    c.parsed(node, ADDRESS, |text| text.parse().ok())
}

/// A port that the kernel picks is one that clients cannot be told.
fn own_address(c: &mut Checker<'_>, node: &Node) -> Option<SocketAddr> {
    let fits = |address: &SocketAddr| address.port() != 0;
    c.parsed(node, ADDRESS, |text| text.parse().ok().filter(fits))
}

fn advertised(
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
    if let Ok(v6) = text.parse::<std::net::Ipv6Addr>() {
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

fn brokers(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    address: Option<SocketAddr>,
    advertised: Option<&Advertised>,
) -> Option<Addressing> {
    match (section.get("broker_ports"), section.get("broker_names")) {
        (Some(ports), None) => by_port(c, section, ports, advertised),
        (None, Some(names)) => by_name(c, section, names, address, advertised),
        (Some(_), Some(names)) => {
            let what = "`broker_ports` and `broker_names` together";
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
    let listen = c.parsed(node, PORTS, values::ports);
    let told = match section.get("advertised_ports") {
        None => listen.clone().map(|ports| (node.place, ports)),
        Some(node) => c
            .parsed(node, PORTS, values::ports)
            .map(|ports| (node.place, ports)),
    };
    let (listen, (place, advertise)) = (listen?, told?);
    if listen.len() != advertise.len() {
        let what = format!("{} ports for {}", advertise.len(), listen.len());
        c.fault(place, what, "as many as in `broker_ports`");
    }
    let first = advertised.and_then(|told| told.port);
    if let Some(port) = first.filter(|port| advertise.contains(port)) {
        let what = format!(
            "{} holds {port}, which `advertise` names",
            shown(&advertise)
        );
        c.fault(place, what, format!("ports other than {port}"));
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
        let expected = "`advertise` with a port: all brokers are at that one";
        c.fault(
            node.place,
            "`advertised_ports` with `broker_names`",
            expected,
        );
    }
    if section.get("tls").is_none() {
        let what = "`broker_names` without `tls`";
        let expected = "`tls`: only its server name says which broker a client means";
        c.fault(node.place, what, expected);
    }
    let expected = "a host name with `{node}` in it once, such as b{node}.kafka.example.com";
    let (before, after) = c.parsed(node, expected, name_pattern)?;
    let advertised = advertised?;
    if is_broker(&advertised.host, &before, &after) {
        let what = format!("`{}` is a broker's name too", advertised.host);
        let expected = "a name that `broker_names` does not give to a broker";
        c.fault(advertised.place, what, expected);
    }
    let port = advertised.port.unwrap_or(address?.port());
    Some(Addressing::Sni {
        before,
        after,
        port,
    })
}

/// `b{node}.kafka.example.com` → what stands before and behind the node id, in lower case. With
/// the longest id it must still be a name that every client accepts as a server name: letters,
/// digits and hyphens, 63 a label, 253 in all, no address (RFC 1123 §2.1, RFC 6066 §3).
fn name_pattern(text: &str) -> Option<(String, String)> {
    let (before, after) = text.split_once(NODE)?;
    let longest = format!("{before}{}{after}", i32::MAX);
    let label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_a_word = longest
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    let fine = longest.len() <= 253 && longest.split('.').all(label) && last_is_a_word;
    fine.then(|| (before.to_ascii_lowercase(), after.to_ascii_lowercase()))
}

/// Whether a host is what the pattern makes of some node id.
fn is_broker(host: &str, before: &str, after: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let id = host
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

fn sasl(c: &mut Checker<'_>, section: &Section<'_>, issuers: bool) -> Option<Sasl> {
    let choices = [
        ("oidc", Sasl::Oidc),
        ("relay", Sasl::Relay),
        ("none", Sasl::None),
    ];
    let node = section.get("sasl");
    let sasl = match node {
        None => Sasl::Oidc,
        Some(node) => c.choice(node, &choices, &[])?,
    };
    if sasl == Sasl::Oidc && !issuers {
        let what = "clients log in with tokens, and no issuer is trusted";
        let expected = "an issuer in `identity`, or `sasl: relay` or `none`";
        c.fault(
            node.map_or(section.place, |node| node.place),
            what,
            expected,
        );
    }
    Some(sasl)
}

fn proxy_protocol(c: &mut Checker<'_>, section: &Section<'_>) -> Option<bool> {
    match section.get("proxy_protocol") {
        None => Some(false),
        Some(node) => c.choice(node, &[("true", true), ("false", false)], &[]),
    }
}

fn claim(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    key: &Key,
    address: SocketAddr,
    brokers: Option<&Addressing>,
    around: &mut Around<'_>,
) {
    let place = |key| section.get(key).map_or(section.place, |node| node.place);
    let of = format!("{}/{}", around.cluster, key.text);
    let (ip, port) = (address.ip(), address.port());
    let own = format!("`address` of {of}");
    around
        .sockets
        .claim(c, place("address"), own, ip, port..=port);
    if let Some(Addressing::Ports { listen, .. }) = brokers {
        let who = format!("`broker_ports` of {of}");
        around
            .sockets
            .claim(c, place("broker_ports"), who, ip, listen.clone());
    }
}

/// What works and may surprise.
fn surprises(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    address: SocketAddr,
    advertised: &Advertised,
    brokers: &Addressing,
    sasl: Sasl,
    tls: &Option<Presented>,
) {
    let Some(presented) = tls else {
        let near = address.ip().to_canonical().is_loopback();
        if !near && sasl != Sasl::None {
            let what = "no `tls`: clients' tokens and passwords cross the network in the clear";
            c.warn(section.place, what);
        }
        return;
    };
    let place = section.get("tls").map_or(section.place, |node| node.place);
    if !presented.covers(&advertised.host) {
        let what = format!(
            "the certificate is not for `{}`, which clients are told",
            advertised.host
        );
        c.warn(place, what);
    }
    if let Addressing::Sni { before, after, .. } = brokers {
        let name = |node: i32| format!("{before}{node}{after}");
        if !(0..NODES_LOOKED_FOR).any(|node| presented.covers(&name(node))) {
            let what = format!(
                "the certificate is for no broker's name, such as `{}`",
                name(0)
            );
            c.warn(place, what);
        }
    }
}
