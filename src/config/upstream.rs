//! `upstream`: how the gateway reaches the brokers.
//!
//! Owns: its own credential, and TLS. Refuses: a password in plain text; credentials that come
//! later. Stays true: with nothing written, it connects in the clear and does not log in.

use super::checker::{Checker, Section};
use super::model::{Credential, Scram, UpstreamTls};
use super::pem;
use super::tree::Node;

/// How the gateway reaches the brokers.
pub(super) struct Upstream {
    pub(super) credential: Credential,
    pub(super) tls: Option<UpstreamTls>,
}

pub(super) fn upstream(c: &mut Checker<'_>, cluster: &Section<'_>) -> Option<Upstream> {
    let Some(node) = cluster.get("upstream") else {
        let (credential, tls) = (Credential::None, None);
        return Some(Upstream { credential, tls });
    };
    let section = c.section(node.place, node, &["credential", "tls"], &[])?;
    let credential = match section.get("credential") {
        None => Some(Credential::None),
        Some(node) => credential(c, node),
    };
    let tls = match section.get("tls") {
        None => Some(None),
        Some(node) => pem::upstream(c, node).map(Some),
    };
    Some(Upstream {
        credential: credential?,
        tls: tls?,
    })
}

fn credential(c: &mut Checker<'_>, node: &Node) -> Option<Credential> {
    let keys = ["kind", "mechanism", "username", "password"];
    let section = c.section(node.place, node, &keys, &[])?;
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
