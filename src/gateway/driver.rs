//! Which kernel interface the cores use.
//!
//! Owns: the probe for io_uring, the choice that `io:` asks for, and running a core on it. Refuses:
//! a silent fall-back: `auto` says loudly that it uses epoll and why, `uring` refuses to start.
//! Stays true: a ring is built on the thread that uses it, since a ring with one issuer belongs to
//! the thread that enabled it.

use crate::config::Io;
use crate::data_plane::core::{self, Setup};
use crate::limits::RING_ENTRIES;
use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};
use std::io;

/// What the cores run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// io_uring; `deferred` where the kernel has DEFER_TASKRUN and SINGLE_ISSUER (Linux 6.1).
    Uring {
        /// Whether completions are reaped only when the core asks for them.
        deferred: bool,
    },
    /// epoll.
    Epoll,
}

impl Driver {
    /// For log, metric and audit.
    pub fn name(self) -> &'static str {
        match self {
            Driver::Uring { deferred: true } => "uring",
            Driver::Uring { deferred: false } => "uring (without DEFER_TASKRUN)",
            Driver::Epoll => "epoll",
        }
    }
}

/// The driver could not be had; the operator's to mend.
#[derive(Debug, thiserror::Error)]
#[error(
    "io: uring was asked for, but no ring can be made: {0}; allow io_uring (container seccomp profiles often forbid it; kernel.io_uring_disabled), raise `ulimit -l`, or use io: auto"
)]
pub struct NoRing(io::Error);

/// Chooses, after trying on a thread of its own.
///
/// # Errors
/// `Io::Uring` and no ring can be made.
pub fn choose(io: Io) -> Result<(Driver, Option<String>), NoRing> {
    if io == Io::Epoll {
        return Ok((Driver::Epoll, None));
    }
    let probe = std::thread::spawn(|| match build_ring(true) {
        Ok(()) => Ok(true),
        Err(_) => build_ring(false).map(|()| false),
    });
    let found = probe
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the probe panicked")));
    match (found, io) {
        (Ok(deferred), _) => Ok((Driver::Uring { deferred }, None)),
        (Err(error), Io::Uring) => Err(NoRing(error)),
        (Err(error), _) => Ok((Driver::Epoll, Some(error.to_string()))),
    }
}

fn ring(deferred: bool) -> io_uring::Builder {
    let mut builder = io_uring::IoUring::builder();
    if deferred {
        builder.setup_single_issuer().setup_defer_taskrun();
    }
    builder
}

fn build_ring(deferred: bool) -> io::Result<()> {
    ring(deferred)
        .build(RING_ENTRIES)
        .map(|_: io_uring::IoUring| ())
}

/// Runs a core to its end on this thread.
pub fn run(driver: Driver, setup: Setup) -> io::Result<()> {
    match driver {
        Driver::Uring { deferred } => {
            let builder = RuntimeBuilder::<IoUringDriver>::new();
            let builder = builder
                .uring_builder(ring(deferred))
                .with_entries(RING_ENTRIES);
            builder.enable_timer().build()?.block_on(core::run(setup));
        }
        Driver::Epoll => {
            let builder = RuntimeBuilder::<LegacyDriver>::new().with_entries(RING_ENTRIES);
            builder.enable_timer().build()?.block_on(core::run(setup));
        }
    }
    Ok(())
}
