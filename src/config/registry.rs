//! `registry` of a cluster: where the schemas of its records are.
//!
//! Owns: its address, the login to it, whom to trust. Refuses: a secret in plain text, a login in the
//! address. Stays true: what could be read or changed on the way is warned of.

use super::checker::{Checker, Section};
use super::model::{Registry, RegistryLogin, Unavailable};
use super::pem;
use super::tree::Node;
use super::values;
use crate::limits::{REGISTRY_WAIT_MS, REGISTRY_WAIT_MS_MAX};

pub(super) fn registry(c: &mut Checker<'_>, node: &Node) -> Option<Registry> {
    let keys = [
        "url",
        "username",
        "password",
        "token",
        "ca",
        "timeout",
        "unavailable",
    ];
    let section = c.section(node.place, node, &keys, &[])?;
    let login = login(c, &section);
    let secret = !matches!(login, Some(RegistryLogin::None));
    let url = c.require(&section, "url");
    let url = url.and_then(|node| address(c, node, secret));
    let ca = match section.get("ca") {
        None => Some(None),
        Some(node) => pem::authorities_in(c, node).map(Some),
    };
    let timeout = match section.get("timeout") {
        None => Some(REGISTRY_WAIT_MS as i64),
        Some(node) => c.duration(node, 0, REGISTRY_WAIT_MS_MAX as i64),
    };
    let choices = [
        ("unreadable", Unavailable::Unreadable),
        ("scan_by_shape", Unavailable::ScanByShape),
    ];
    let unavailable = match section.get("unavailable") {
        None => Some(Unavailable::default()),
        Some(node) => c.choice(node, &choices, &[]),
    };
    Some(Registry {
        timeout_ms: timeout?.unsigned_abs(),
        unavailable: unavailable?,
        url: url?,
        login: login?,
        ca: ca?,
    })
}

/// In the clear only with a warning, unless it is on this machine.
fn address(c: &mut Checker<'_>, node: &Node, secret: bool) -> Option<String> {
    let expected = "a URL, such as https://registry.example.com:8081";
    let url = c.parsed(node, expected, values::url)?;
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    if host.contains('@') {
        let expected = "`username` and `password` beside it";
        c.fault(node.place, "a login within the address", expected);
        return None;
    }
    let local = ["127.0.0.1", "localhost", "[::1]"];
    let bare = host.rsplit_once(':').filter(|_| !host.ends_with(']'));
    let bare = bare.map_or(host, |(bare, _)| bare);
    if url.starts_with("http://") && !local.contains(&bare) {
        let what = match secret {
            true => {
                "the login crosses the network in the clear, and schemas can be changed on the way"
            }
            false => "schemas can be changed on the way, and with them what is found in records",
        };
        c.warn(node.place, format!("`{url}`: {what}"));
    }
    Some(url)
}

/// A name and a password, or a token, or neither.
fn login(c: &mut Checker<'_>, section: &Section<'_>) -> Option<RegistryLogin> {
    let found = ["username", "password", "token"].map(|key| section.get(key));
    match found {
        [None, None, None] => Some(RegistryLogin::None),
        [None, None, Some(token)] => c.secret(token).map(RegistryLogin::Bearer),
        [Some(username), Some(password), None] => {
            let username = c.text(username, "a user's name").map(str::to_owned);
            let password = c.secret(password);
            Some(RegistryLogin::Basic {
                username: username?,
                password: password?,
            })
        }
        _ => {
            let expected = "`username` and `password`, or `token`, or none of them";
            c.fault(section.place, "half a login, or two", expected);
            None
        }
    }
}
