//! `clusters`: the brokers behind the gateway, each cluster with the listeners that offer it.
//!
//! Owns: the check of a cluster as a whole. Refuses: more than `CLUSTERS_MAX` clusters or
//! `LISTENERS_PER_CLUSTER_MAX` listeners in one. Stays true: a cluster has a broker to ask and a
//! listener to come through.

use super::checker::{Checker, Section};
use super::listener::{self, Around};
use super::model::{Cluster, Listener, Telemetry};
use super::registry::registry;
use super::sockets::Sockets;
use super::tree::{Key, Node};
use super::upstream::upstream;
use super::values::{self, HostPort};
use crate::limits::{CLUSTERS_MAX, LISTENERS_PER_CLUSTER_MAX};

/// All clusters; `issuers` says whether anybody may vouch for clients.
pub(super) fn clusters(
    c: &mut Checker<'_>,
    root: &Section<'_>,
    issuers: bool,
    sockets: &mut Sockets,
) -> Option<Vec<Cluster>> {
    let node = c.require(root, "clusters")?;
    let them = some(c, node, "cluster", CLUSTERS_MAX)?;
    let read: Vec<_> = them
        .iter()
        .map(|(key, node)| cluster(c, key, node, issuers, sockets))
        .collect();
    read.into_iter().collect()
}

/// The entries of a map of names: at least one, at most `most`.
fn some<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    what: &str,
    most: usize,
) -> Option<&'n [(Key, Node)]> {
    let entries = c.named(node.place, node)?.entries();
    if entries.is_empty() {
        let expected = format!("one {what} at least, by its name");
        c.fault(node.place, format!("no {what}"), expected);
        return None;
    }
    if let Some((past, _)) = entries.get(most) {
        let what = format!("`{}`: {} {what}s", past.text, entries.len());
        c.fault(past.place, what, format!("at most {most}"));
        return None;
    }
    entries.iter().for_each(|(key, _)| c.name(key));
    Some(entries)
}

fn cluster(
    c: &mut Checker<'_>,
    key: &Key,
    node: &Node,
    issuers: bool,
    sockets: &mut Sockets,
) -> Option<Cluster> {
    let keys = [
        "bootstrap",
        "listeners",
        "upstream",
        "telemetry",
        "registry",
    ];
    let section = c.section(key.place, node, &keys, &[])?;
    let bootstrap = c
        .require(&section, "bootstrap")
        .and_then(|node| bootstrap(c, node));
    let mut around = Around {
        cluster: &key.text,
        issuers,
        sockets,
    };
    let listeners = c
        .require(&section, "listeners")
        .and_then(|node| listeners(c, node, &mut around));
    let upstream = upstream(c, &section);
    let telemetry = match section.get("telemetry") {
        None => Some(Telemetry::default()),
        Some(node) => telemetry(c, node),
    };
    let registry = match section.get("registry") {
        None => Some(None),
        Some(node) => registry(c, node).map(Some),
    };
    let upstream = upstream?;
    Some(Cluster {
        name: key.text.clone(),
        bootstrap: bootstrap?,
        listeners: listeners?,
        credential: upstream.credential,
        upstream_tls: upstream.tls,
        telemetry: telemetry?,
        registry: registry?,
    })
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

fn listeners(c: &mut Checker<'_>, node: &Node, around: &mut Around<'_>) -> Option<Vec<Listener>> {
    let them = some(c, node, "listener", LISTENERS_PER_CLUSTER_MAX)?;
    let read: Vec<_> = them
        .iter()
        .map(|(key, node)| listener::listener(c, key, node, around))
        .collect();
    read.into_iter().collect()
}

fn telemetry(c: &mut Checker<'_>, node: &Node) -> Option<Telemetry> {
    let choices = [("withhold", Telemetry::Withhold), ("pass", Telemetry::Pass)];
    c.choice(node, &choices, &[])
}
