//! Text → checked runtime types.
//!
//! Owns: the language of the configuration and its files. Refuses: unknown keys, unknown names, and every
//! part of the language that this version does not have: ignoring one could let records pass that
//! somebody meant to stop. Stays true: all faults are told at once, each with its line, its column,
//! the offending text and what was expected; a [`Config`] that exists is complete.

mod addressing;
mod approvals;
mod checker;
mod cluster;
mod creates;
mod detectors;
pub mod diff;
mod exceptions;
mod fault;
mod files;
mod identity;
mod listener;
mod masks;
mod model;
mod names;
mod operations;
mod pem;
mod registry;
mod rules;
mod secret;
mod service;
mod sockets;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "`rules` calls `spike::spike` once a `Condition` carries its terms"
    )
)]
mod spike;
mod terms;
mod tree;
mod upstream;
mod values;

pub use fault::{Fault, Faults, Place, Warning};
pub use model::{
    Addressing, ApprovalPolicy, Audit, Cluster, Config, Credential, Defaults, Http, Io, Issuer,
    Listener, ListenerTls, Reason, Registry, RegistryLogin, Sasl, Scram, Telemetry, Unavailable,
    UpstreamTls,
};
pub use secret::Secret;
pub use values::HostPort;

use crate::limits::CONFIG_BYTES_MAX;
use crate::policy::Policy;
use aws_lc_rs::digest::{SHA256, digest};
use checker::{Checker, Section};
use names::Names;
use sockets::Sockets;
use std::path::{Path, PathBuf};
use tree::Node;

const KEYS: [&str; 17] = [
    "version",
    "include",
    "clusters",
    "identity",
    "defaults",
    "masking",
    "detectors",
    "lists",
    "rules",
    "exceptions",
    "approvals",
    "audit",
    "holds",
    "http",
    "io",
    "cores",
    "memory",
];
const KEYS_LATER: [&str; 1] = ["accounts"];

/// Reads and checks a configuration file and those it includes, with the process's environment.
///
/// # Errors
/// Every fault in them, or the one that it cannot be read.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let name = path.display().to_string();
    let text = files::bounded(path, CONFIG_BYTES_MAX).map_err(|error| {
        let what = format!("cannot be read: {error}");
        let place = Place::start_of(0);
        Faults(vec![Fault {
            file: name.clone(),
            place,
            what,
            expected: String::new(),
        }])
    })?;
    let config = parse(&text, &name, &|variable| std::env::var(variable).ok())?;
    Ok(Config {
        file: Some(path.to_owned()),
        ..config
    })
}

/// Checks the text of a configuration, and the files that it includes. `file_name` goes into faults, and
/// relative paths start at its directory.
///
/// # Errors
/// Every fault in them, in the order of the files and of their texts.
pub fn parse(
    text: &str,
    file_name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    let mut c = Checker::new(file_name, env);
    let read = files::read(&mut c, text);
    let config = read.and_then(|read| config(&mut c, &read.root, read.text, read.watched));
    match config {
        Some(config) if c.faults.is_empty() => Ok(config),
        _ => {
            debug_assert!(
                !c.faults.is_empty(),
                "a reader said nothing and told nothing"
            );
            Err(c.finish())
        }
    }
}

/// `text` is that of all files together; `watched` is where a change of it would be seen.
fn config(c: &mut Checker<'_>, root: &Node, text: String, watched: Vec<PathBuf>) -> Option<Config> {
    let root = c.section(root.place, root, &KEYS, &KEYS_LATER)?;
    version(c, &root);
    let before = c.faults.len();
    let identity = identity::identity(c, &root);
    // An issuer with a fault of its own is told once, not again at every listener.
    let issuers = !identity.is_empty() || c.faults.len() > before;
    let mut sockets = Sockets::default();
    let clusters = cluster::clusters(c, &root, issuers, &mut sockets);
    let defaults = service::defaults(c, &root);
    let mask_keys = masks::keys(c, &root);
    let mut names = Names::read(c, &root, offered(clusters.as_deref()));
    let rules = rules::rules(c, &root, &mut names, &defaults);
    let exceptions = exceptions::exceptions(c, &root, &mut names);
    names.warn_unused(c);
    let audit = service::audit(c, &root);
    let state = service::holds(c, &root, &audit);
    let http = service::http(c, &root, &mut sockets);
    if let (Some(node), true) = (root.get("http"), http.page.is_some() && !issuers) {
        let what = "no issuer is trusted, so nobody can sign in to review";
        c.warn(node.place, what);
    }
    let (io, cores, memory) = (
        service::io(c, &root),
        service::cores(c, &root),
        service::memory(c, &root),
    );
    let clusters = clusters?;
    c.warnings.sort_by_key(|warning| warning.place);
    Some(Config {
        clusters,
        identity,
        policy: Policy::new(sha256(&text), rules, exceptions, defaults.mode),
        policy_text: text,
        file: None,
        watched,
        detectors: names.own.all.into(),
        approvals: names.approvals,
        audit,
        state,
        http,
        io,
        cores,
        memory,
        defaults,
        mask_keys,
        warnings: std::mem::take(&mut c.warnings),
    })
}

/// The names of all listeners, with their cluster's in front.
fn offered(clusters: Option<&[Cluster]>) -> Vec<String> {
    let of_cluster = |cluster: &Cluster| {
        let name = |listener: &Listener| format!("{}/{}", cluster.name, listener.name);
        cluster.listeners.iter().map(name).collect::<Vec<_>>()
    };
    clusters
        .unwrap_or_default()
        .iter()
        .flat_map(of_cluster)
        .collect()
}

fn version(c: &mut Checker<'_>, root: &Section<'_>) {
    if let Some(node) = c.require(root, "version") {
        c.choice(node, &[("1", ())], &[]);
    }
}

fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests;
