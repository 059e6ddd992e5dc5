//! The sections about the gateway itself: `defaults`, `audit`, `holds`, `http`, `io`, `cores`,
//! `memory`.
//!
//! Owns: their checks and their defaults. Refuses: what comes later. Stays true: with none of them
//! written, the gateway starts with the values below.

use super::checker::{Checker, Section};
use super::listener::address;
use super::model::{Audit, Defaults, Http, Io};
use super::rules::MODES;
use super::sockets::Sockets;
use super::terms::meanwhile;
use super::values;
use crate::limits::{CORES_MAX, FRAME_BYTES_MAX, HOLD_WAIT_MS_DEFAULT, MEMORY_BYTES_DEFAULT, MIB};
use crate::policy::{Mode, Then};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const AUDIT_DIRECTORY: &str = "/var/lib/lockgate/audit";
const HOLDS_LOG: &str = "holds.db";

/// The values that hold where `defaults` says nothing.
pub(super) const DEFAULTS: Defaults = Defaults {
    mode: Mode::Enforce,
    wait_ms: HOLD_WAIT_MS_DEFAULT,
    then: Then::Retry,
};

pub(super) fn defaults(c: &mut Checker<'_>, root: &Section<'_>) -> Defaults {
    let Some(node) = root.get("defaults") else {
        return DEFAULTS;
    };
    let Some(section) = c.section(node.place, node, &["mode", "unreadable", "meanwhile"], &[])
    else {
        return DEFAULTS;
    };
    let mode = section
        .get("mode")
        .and_then(|node| c.choice(node, &MODES, &[]));
    if let Some(node) = section.get("unreadable") {
        c.choice(node, &[("block", ())], &["hold"]);
    }
    let (wait_ms, then) = meanwhile(c, &section, (DEFAULTS.wait_ms, DEFAULTS.then))
        .unwrap_or((DEFAULTS.wait_ms, DEFAULTS.then));
    Defaults {
        mode: mode.unwrap_or(DEFAULTS.mode),
        wait_ms,
        then,
    }
}

/// Where the audit goes.
pub(super) fn audit(c: &mut Checker<'_>, root: &Section<'_>) -> Audit {
    let section = root.get("audit").and_then(|node| {
        c.section(
            node.place,
            node,
            &["directory"],
            &["signing_key", "witness", "sync"],
        )
    });
    let directory = section
        .and_then(|s| s.get("directory"))
        .and_then(|node| c.path(node));
    Audit {
        directory: directory.unwrap_or_else(|| AUDIT_DIRECTORY.into()),
    }
}

/// The file of the holds' log.
pub(super) fn holds(c: &mut Checker<'_>, root: &Section<'_>, audit: &Audit) -> PathBuf {
    let section = root.get("holds").and_then(|node| {
        c.section(
            node.place,
            node,
            &["log"],
            &["park", "remember", "transaction_hold_max"],
        )
    });
    let log = section
        .and_then(|s| s.get("log"))
        .and_then(|node| c.path(node));
    let beside = || {
        audit
            .directory
            .parent()
            .unwrap_or(Path::new(""))
            .join(HOLDS_LOG)
    };
    log.unwrap_or_else(beside)
}

/// The addresses people and monitors use.
pub(super) fn http(c: &mut Checker<'_>, root: &Section<'_>, sockets: &mut Sockets) -> Http {
    let keys = ["page", "admin", "public_url", "operators"];
    let section = root
        .get("http")
        .and_then(|node| c.section(node.place, node, &keys, &[]));
    let Some(section) = section else {
        return Http::default();
    };
    let page = listen(c, &section, "page", sockets);
    let admin = listen(c, &section, "admin", sockets);
    let url = section.get("public_url").and_then(|node| {
        c.parsed(
            node,
            "a URL, such as https://lockgate.example.com",
            values::url,
        )
    });
    let public_url = url.map(|url| url.trim_end_matches('/').to_owned());
    let operators = section.get("operators");
    let operators =
        operators.and_then(|node| c.texts(node, "a list of groups, such as [platform]"));
    let operators = operators.unwrap_or_default().into_iter();
    Http {
        page,
        admin,
        public_url,
        operators: operators.map(|(_, group)| group.to_owned()).collect(),
    }
}

/// Port 0 is one that the kernel picks, and so nobody else's.
fn listen(
    c: &mut Checker<'_>,
    http: &Section<'_>,
    key: &str,
    sockets: &mut Sockets,
) -> Option<SocketAddr> {
    let node = http.get(key)?;
    let section = c.section(node.place, node, &["listen"], &["tls"])?;
    let node = c.require(&section, "listen")?;
    let address = address(c, node)?;
    let port = address.port();
    if port != 0 {
        let who = format!("`http.{key}`");
        sockets.claim(c, node.place, who, address.ip(), port..=port);
    }
    Some(address)
}

/// How the data plane talks to the kernel.
pub(super) fn io(c: &mut Checker<'_>, root: &Section<'_>) -> Io {
    let choices = [
        ("auto", Io::Auto),
        ("uring", Io::Uring),
        ("epoll", Io::Epoll),
    ];
    root.get("io")
        .and_then(|node| c.choice(node, &choices, &[]))
        .unwrap_or(Io::Auto)
}

/// How many data-plane threads.
pub(super) fn cores(c: &mut Checker<'_>, root: &Section<'_>) -> Option<usize> {
    let node = root.get("cores")?;
    let range = format!("a number of threads from 1 to {CORES_MAX}");
    c.parsed(node, &range, |text| {
        text.parse().ok().filter(|n| (1..=CORES_MAX).contains(n))
    })
}

/// Bytes of frames in flight. Less than the largest frame could never let one through.
pub(super) fn memory(c: &mut Checker<'_>, root: &Section<'_>) -> usize {
    let Some(node) = root.get("memory") else {
        return MEMORY_BYTES_DEFAULT;
    };
    let least = FRAME_BYTES_MAX / MIB;
    let expected =
        format!("a size such as 512MiB or 2GiB, at least {least}MiB (the largest frame)");
    let size = c.parsed(node, &expected, |text| {
        values::bytes(text).filter(|bytes| *bytes >= FRAME_BYTES_MAX)
    });
    size.unwrap_or(MEMORY_BYTES_DEFAULT)
}
