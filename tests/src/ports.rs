//! Port numbers for processes that must be told theirs.
//!
//! Owns: ports 20,000 to 31,999: below Linux's ephemeral range (32,768), so that no outgoing
//! connection of a test takes one in the moment between choosing and binding it.

use anyhow::{Result, bail};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The first of `count` neighbouring ports that are free on 127.0.0.1.
pub fn block(count: u16) -> Result<u16> {
    // Runs side by side start at different places.
    let start = std::process::id().wrapping_mul(7919) % COUNT;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(u32::from(count), Ordering::Relaxed);
        let offset = (start + step) % COUNT;
        if offset + u32::from(count) > COUNT {
            continue;
        }
        let first = (FIRST + offset) as u16;
        if (first..first + count).all(free) {
            return Ok(first);
        }
    }
    bail!("no {count} neighbouring free ports on 127.0.0.1 from {FIRST} on")
}

/// One free port.
pub fn one() -> Result<u16> {
    block(1)
}

fn free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
