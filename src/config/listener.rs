//! `listeners`: where clients connect, and how they log in.
//!
//! Owns: the check of one listener as a whole. Refuses: sockets that something else has; logins
//! with tokens when nobody may vouch. Stays true: what sends secrets in the clear, and a
//! certificate that clients will not accept, is warned of.

use super::addressing::{self, Advertised};
use super::checker::{Checker, Section};
use super::model::{Addressing, Listener, Sasl};
use super::pem::{self, Presented};
use super::sockets::Sockets;
use super::tree::{Key, Node};
use std::net::{IpAddr, SocketAddr};

const KEYS: [&str; 8] = [
    "address",
    "advertise",
    "broker_ports",
    "advertised_ports",
    "broker_names",
    "sasl",
    "tls",
    "proxy_protocol",
];
const ADDRESS: &str = "an IP address and a port, such as 0.0.0.0:19092";
/// Brokers' names are looked for in a certificate for node ids below this; one of them is enough.
const NODES_LOOKED_FOR: i32 = 1024;

/// What a listener's check must know of the rest of the file.
pub(super) struct Around<'a> {
    pub(super) cluster: &'a str,
    /// Whether anybody may vouch for clients.
    pub(super) issuers: bool,
    pub(super) sockets: &'a mut Sockets,
}

pub(super) fn listener(
    c: &mut Checker<'_>,
    key: &Key,
    node: &Node,
    around: &mut Around<'_>,
) -> Option<Listener> {
    let section = c.section(key.place, node, &KEYS, &[])?;
    let address = c
        .require(&section, "address")
        .and_then(|node| own_address(c, node));
    let advertised = addressing::advertised(c, &section, address);
    let brokers = addressing::brokers(c, &section, address, advertised.as_ref());
    let sasl = sasl(c, &section, around.issuers);
    let tls = match section.get("tls") {
        None => Some(None),
        Some(node) => pem::presented(c, node).map(Some),
    };
    let proxy_protocol = proxy_protocol(c, &section);
    let address = address?;
    claim(c, &section, &key.text, address, brokers.as_ref(), around);
    let (advertised, brokers, sasl, tls) = (advertised?, brokers?, sasl?, tls?);
    match &tls {
        None => in_the_clear(c, &section, address.ip(), sasl),
        Some(presented) => not_for_us(c, &section, presented, &advertised, &brokers),
    }
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
        let place = node.map_or(section.place, |node| node.place);
        let what = "clients log in with tokens, and no issuer is trusted";
        let expected = "an issuer in `identity`, or `sasl: relay` or `none`";
        c.fault(place, what, expected);
    }
    Some(sasl)
}

fn proxy_protocol(c: &mut Checker<'_>, section: &Section<'_>) -> Option<bool> {
    match section.get("proxy_protocol") {
        None => Some(false),
        Some(node) => c.choice(node, &[("true", true), ("false", false)], &[]),
    }
}

/// The listener's own socket, and those of the brokers on the same interface.
fn claim(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    name: &str,
    address: SocketAddr,
    brokers: Option<&Addressing>,
    around: &mut Around<'_>,
) {
    let (ip, port) = (address.ip(), address.port());
    let mut claim = |key: &str, ports| {
        let place = section.get(key).map_or(section.place, |node| node.place);
        let who = format!("`{key}` of {}/{name}", around.cluster);
        around.sockets.claim(c, place, who, ip, ports);
    };
    claim("address", port..=port);
    if let Some(Addressing::Ports { listen, .. }) = brokers {
        claim("broker_ports", listen.clone());
    }
}

/// A token is a secret, and so is the password of a client that logs in by PLAIN.
fn in_the_clear(c: &mut Checker<'_>, section: &Section<'_>, ip: IpAddr, sasl: Sasl) {
    if sasl == Sasl::None || ip.to_canonical().is_loopback() {
        return;
    }
    let what = "no `tls`: clients' tokens and passwords cross the network in the clear";
    c.warn(section.place, what);
}

/// Clients compare the certificate with the name they connected to.
fn not_for_us(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    presented: &Presented,
    advertised: &Advertised,
    brokers: &Addressing,
) {
    let place = section.get("tls").map_or(section.place, |node| node.place);
    if !presented.covers(&advertised.host) {
        let host = &advertised.host;
        c.warn(
            place,
            format!("the certificate is not for `{host}`, where clients begin"),
        );
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
