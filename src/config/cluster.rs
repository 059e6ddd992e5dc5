//! `clusters`: the brokers behind the gateway, where clients connect, how the gateway logs in.
//!
//! Owns: the check of that section. Refuses: several clusters or listeners, relayed SASL (both come
//! later). Stays true: no two listening ports are the same.

use super::checker::{Checker, Section};
use super::fault::Place;
use super::model::{Cluster, Credential, Listener, Sasl, Scram};
use super::tree::Node;
use super::values::{self, HostPort};
use std::net::SocketAddr;
use std::ops::RangeInclusive;

const ADDRESS: &str = "an IP address and a port, such as 0.0.0.0:19092";

pub(super) fn clusters(c: &mut Checker<'_>, root: &Section<'_>) -> Option<Cluster> {
    let node = c.require(root, "clusters")?;
    let (place, name, node) = the_only(c, node, "cluster")?;
    let keys = ["bootstrap", "listeners", "upstream"];
    let section = c.section(place, node, &keys, &["registry", "tls"])?;
    let bootstrap = c
        .require(&section, "bootstrap")
        .and_then(|node| bootstrap(c, node));
    let listener = c
        .require(&section, "listeners")
        .and_then(|node| listener(c, node));
    let credential = section
        .get("upstream")
        .map_or(Some(Credential::None), |n| upstream(c, n));
    let (bootstrap, listener, credential) = (bootstrap?, listener?, credential?);
    Some(Cluster {
        name: name.to_owned(),
        bootstrap,
        listener,
        credential,
    })
}

/// The one entry of a map that will hold several later.
fn the_only<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    what: &str,
) -> Option<(Place, &'n str, &'n Node)> {
    let them = c.named(node.place, node)?;
    let Some((key, value)) = them.entries().first() else {
        c.fault(
            node.place,
            format!("no {what}"),
            format!("one {what}, by its name"),
        );
        return None;
    };
    c.name(key);
    for (more, _) in &them.entries()[1..] {
        c.fault(
            more.place,
            format!("`{}`: a second {what} comes in a later version", more.text),
            "",
        );
    }
    Some((key.place, &key.text, value))
}

fn bootstrap(c: &mut Checker<'_>, node: &Node) -> Option<Vec<HostPort>> {
    let expected = "a host and a port, such as kafka-1.example.com:9092";
    let items = c.list(node, "a list of hosts with ports, such as [127.0.0.1:9092]")?;
    let read: Vec<Option<HostPort>> = items
        .iter()
        .map(|item| c.parsed(item, expected, values::host_port))
        .collect();
    read.into_iter().collect()
}

fn listener(c: &mut Checker<'_>, node: &Node) -> Option<Listener> {
    let (place, _, node) = the_only(c, node, "listener")?;
    let keys = ["address", "advertise", "broker_ports", "sasl"];
    let section = c.section(place, node, &keys, &["tls"])?;
    let address_at = c.require(&section, "address");
    let address = address_at.and_then(|node| address(c, node));
    let ports_at = c.require(&section, "broker_ports");
    let ports =
        ports_at.and_then(|n| c.parsed(n, "a range of ports, such as 19100-19199", values::ports));
    let sasl = match section.get("sasl") {
        None => Some(Sasl::Oidc),
        Some(node) => c.choice(
            node,
            &[("oidc", Sasl::Oidc), ("none", Sasl::None)],
            &["relay"],
        ),
    };
    let advertise = match section.get("advertise") {
        Some(node) => c.parsed(node, "a host name or an address", advertised),
        None => default_advertise(c, place, address?),
    };
    let (address, broker_ports) = (address?, ports?);
    if let (Some(node), true) = (ports_at, broker_ports.contains(&address.port())) {
        apart(c, node.place, &broker_ports, address);
    }
    Some(Listener {
        address,
        advertise: advertise?,
        broker_ports,
        sasl: sasl?,
    })
}

fn apart(c: &mut Checker<'_>, place: Place, ports: &RangeInclusive<u16>, address: SocketAddr) {
    let what = format!(
        "{}-{} holds the listener's own port",
        ports.start(),
        ports.end()
    );
    c.fault(place, what, format!("ports other than {}", address.port()));
}

fn advertised(text: &str) -> Option<String> {
    let v6 = || {
        text.parse::<std::net::Ipv6Addr>()
            .ok()
            .map(|address| address.to_string())
    };
    values::host_name(text).or_else(v6)
}

/// Clients can be told the address itself, unless it stands for every address of the machine.
fn default_advertise(c: &mut Checker<'_>, place: Place, address: SocketAddr) -> Option<String> {
    if address.ip().is_unspecified() {
        let what = format!(
            "`advertise` is missing, and clients cannot connect to {}",
            address.ip()
        );
        c.fault(
            place,
            what,
            "the host name under which clients reach the gateway",
        );
        return None;
    }
    Some(address.ip().to_string())
}

/// A socket's address.
pub(super) fn address(c: &mut Checker<'_>, node: &Node) -> Option<SocketAddr> {
    c.parsed(node, ADDRESS, |text| text.parse().ok())
}

fn upstream(c: &mut Checker<'_>, node: &Node) -> Option<Credential> {
    let section = c.section(node.place, node, &["credential"], &["tls"])?;
    let Some(node) = section.get("credential") else {
        return Some(Credential::None);
    };
    let section = c.section(
        node.place,
        node,
        &["kind", "mechanism", "username", "password"],
        &[],
    )?;
    let kinds = [("none", false), ("scram", true)];
    let later = ["jwt", "mtls", "delegation_token"];
    let kind = c
        .require(&section, "kind")
        .and_then(|node| c.choice(node, &kinds, &later))?;
    if kind {
        return scram(c, &section);
    }
    for key in ["mechanism", "username", "password"] {
        if let Some(node) = section.get(key) {
            c.fault(node.place, format!("`{key}` without `kind: scram`"), "");
        }
    }
    Some(Credential::None)
}

fn scram(c: &mut Checker<'_>, section: &Section<'_>) -> Option<Credential> {
    let hashes = [
        ("scram-sha-256", Scram::Sha256),
        ("scram-sha-512", Scram::Sha512),
    ];
    let mechanism = match section.get("mechanism") {
        None => Some(Scram::Sha512),
        Some(node) => c.choice(node, &hashes, &[]),
    };
    let username = c
        .require(section, "username")
        .and_then(|node| c.text(node, "a user's name"));
    let password = c
        .require(section, "password")
        .and_then(|node| c.secret(node));
    let username = username?.to_owned();
    Some(Credential::Scram {
        mechanism: mechanism?,
        username,
        password: password?,
    })
}
