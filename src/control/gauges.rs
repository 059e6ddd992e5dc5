//! Numbers about the desk, readable from any thread.
//!
//! Owns: the gauges and counters, and their text for Prometheus. Refuses: names or values of
//! anything that is held. Stays true: written by the control thread alone.

use super::desk::{Counts, Step};
use super::record::What;
use crate::approvals::State;
use crate::chunk::UnixMillis;
use crate::hold::messages::Answer;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The desk's numbers.
#[derive(Debug, Default)]
pub struct Gauges {
    pending: AtomicU64,
    kept: AtomicU64,
    content_keys: AtomicU64,
    waiting: AtomicU64,
    writing: AtomicU64,
    oldest_pending: AtomicI64,
    opened: AtomicU64,
    approved: AtomicU64,
    rejected: AtomicU64,
    expired: AtomicU64,
    released: AtomicU64,
    reopened: AtomicU64,
    unavailable: AtomicU64,
    undelivered: AtomicU64,
    grants: AtomicU64,
    revoked: AtomicU64,
    failed: AtomicBool,
}

impl Gauges {
    /// Whether the log or the audit failed: nothing is decided or released until a restart.
    pub fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// Holds that people are asked about.
    pub fn pending(&self) -> u64 {
        self.pending.load(Relaxed)
    }

    pub(super) fn set_failed(&self) {
        self.failed.store(true, Relaxed);
    }

    pub(super) fn set(&self, counts: Counts, undelivered: usize) {
        self.pending.store(counts.pending as u64, Relaxed);
        self.kept.store(counts.kept as u64, Relaxed);
        self.content_keys.store(counts.content_keys as u64, Relaxed);
        self.waiting.store(counts.waiting as u64, Relaxed);
        self.writing.store(counts.writing as u64, Relaxed);
        self.oldest_pending
            .store(counts.oldest_pending.map_or(0, |at| at.0), Relaxed);
        self.grants.store(counts.grants as u64, Relaxed);
        self.undelivered.store(undelivered as u64, Relaxed);
    }

    pub(super) fn count(&self, step: &Step) {
        for record in &step.records {
            let counter = match record.what {
                What::HoldOpened { .. } => &self.opened,
                What::Release { .. } => &self.released,
                What::Reopened { .. } => &self.reopened,
                What::Decision {
                    state: State::Rejected,
                    ..
                } => &self.rejected,
                What::Decision {
                    state: State::Expired,
                    ..
                } => &self.expired,
                What::Decision { .. } => &self.approved,
                What::Revoked { .. } => &self.revoked,
                What::Review { .. } | What::Outcome { .. } | What::Granted { .. } => continue,
            };
            counter.fetch_add(1, Relaxed);
        }
        let refused = step
            .answers
            .iter()
            .filter(|(_, a)| *a == Answer::Unavailable)
            .count();
        self.unavailable.fetch_add(refused as u64, Relaxed);
    }

    /// Prometheus text exposition (format 0.0.4) of the desk's numbers.
    pub fn prometheus(&self, now: UnixMillis) -> String {
        let mut text = String::new();
        let mut put = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = writeln!(
                text,
                "# HELP lockgate_{name} {help}\n# TYPE lockgate_{name} {kind}\nlockgate_{name} {value}"
            );
        };
        let oldest = self.oldest_pending.load(Relaxed);
        let age = if oldest == 0 {
            0
        } else {
            (now.0 - oldest).max(0) / 1000
        };
        let read = |n: &AtomicU64| n.load(Relaxed);
        put(
            "holds_pending",
            "gauge",
            "Holds that people are asked about.",
            read(&self.pending),
        );
        put(
            "holds_oldest_pending_seconds",
            "gauge",
            "Age of the oldest pending hold.",
            age as u64,
        );
        put(
            "holds_kept",
            "gauge",
            "Holds in memory, decided ones included.",
            read(&self.kept),
        );
        put(
            "holds_content_keys",
            "gauge",
            "Content keys in memory.",
            read(&self.content_keys),
        );
        put(
            "holds_waiting_chunks",
            "gauge",
            "Chunks that wait for a decision.",
            read(&self.waiting),
        );
        put(
            "holds_writing_chunks",
            "gauge",
            "Approved chunks on their way to a broker.",
            read(&self.writing),
        );
        put(
            "holds_opened_total",
            "counter",
            "Holds opened.",
            read(&self.opened),
        );
        put(
            "holds_approved_total",
            "counter",
            "Holds approved.",
            read(&self.approved),
        );
        put(
            "holds_rejected_total",
            "counter",
            "Holds rejected.",
            read(&self.rejected),
        );
        put(
            "holds_expired_total",
            "counter",
            "Holds that nobody decided in time.",
            read(&self.expired),
        );
        put(
            "holds_released_total",
            "counter",
            "Releases of approved records.",
            read(&self.released),
        );
        put(
            "holds_reopened_total",
            "counter",
            "Holds asked anew because records may have landed.",
            read(&self.reopened),
        );
        put(
            "holds_unavailable_total",
            "counter",
            "Chunks that the desk could not take.",
            read(&self.unavailable),
        );
        put(
            "holds_undelivered_answers",
            "gauge",
            "Answers that wait for a core to take them.",
            read(&self.undelivered),
        );
        put("grants", "gauge", "Grants in force.", read(&self.grants));
        put(
            "grants_revoked_total",
            "counter",
            "Grants taken back before their end.",
            read(&self.revoked),
        );
        put(
            "holds_failed",
            "gauge",
            "1 when the log or the audit failed.",
            u64::from(self.failed()),
        );
        text
    }
}
