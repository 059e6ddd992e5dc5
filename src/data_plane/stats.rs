//! A core's counters.
//!
//! Owns: what `/metrics` sums over the cores. Refuses: locks and read-modify-write instructions:
//! each counter has one writer, its core, and any number of readers. Stays true: counters only
//! grow, gauges are set.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number with one writer.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the owning core may.
    pub fn add(&self, n: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(n),
            Ordering::Relaxed,
        );
    }

    /// Sets; only the owning core may.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Reads, from anywhere.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! stats {
    ($( $(#[$doc:meta])* $name:ident ),* $(,)?) => {
        /// All counters of one core, padded so that cores do not share a cache line.
        #[derive(Default, Debug)]
        #[repr(align(128))]
        pub struct Stats { $( $(#[$doc])* pub $name: Counter, )* }

        impl Stats {
            /// Name and value of each.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$( (stringify!($name), self.$name.get()) ),*].into_iter()
            }
        }
    };
}

stats! {
    /// Connections accepted.
    connections,
    /// Connections closed at once because there were too many.
    connections_refused,
    /// Connections open now.
    connections_active,
    /// Requests taken from clients.
    requests,
    /// Requests refused because the gateway does not pass them.
    refused,
    /// Connections without the TLS or the PROXY header that their listener demands.
    openings_failed,
    /// Logins that succeeded.
    logins,
    /// Logins that were refused.
    logins_refused,
    /// Bytes written to clients.
    bytes_to_clients,
    /// Bytes written to brokers.
    bytes_to_brokers,
    /// Chunks that no rule had anything to say of.
    chunks_clean,
    /// Chunks let by although a rule matched: observed only, or lifted by an exception.
    chunks_excepted,
    /// Chunks masked.
    chunks_masked,
    /// Chunks held.
    chunks_held,
    /// Chunks blocked.
    chunks_blocked,
    /// Requests and replies that waited for a schema.
    schema_waits,
    /// Chunks with records whose schema could not be had in time.
    chunks_without_schema,
    /// Requests in which a rule blocked an operation that moves no records.
    operations_blocked,
    /// Requests that change the cluster and went on, whole or in part.
    changes_passed,
    /// Chunks that could not be held for lack of room and were sent back.
    holds_refused,
    /// Chunks open now: held, or waiting behind one that is.
    open_chunks,
    /// Bytes kept for them.
    open_chunk_bytes,
    /// Bytes lent to frames in flight.
    frame_bytes,
    /// Connections whose task panicked.
    panics,
    /// 1 once the audit could not be written and the core stopped.
    audit_failed,
}
