//! A bar on standard error while a long input is read.
//!
//! Owns: when there is one. Refuses: to draw for nobody, or between findings that the same terminal
//! shows. Stays true: nothing of it is left when the scan ends.

use crate::limits::SCAN_BAR_AFTER_MS;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far the scan is, over all inputs and threads.
pub struct Progress {
    wanted: bool,
    total: Option<u64>,
    started: Instant,
    bytes: AtomicU64,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Of `total` bytes, where that is known.
    pub fn new(wanted: bool, total: Option<u64>) -> Progress {
        Progress {
            wanted,
            total,
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            bar: OnceLock::new(),
        }
    }

    /// So many bytes more.
    pub fn add(&self, bytes: u64) {
        let so_far = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let long = self.started.elapsed() >= Duration::from_millis(SCAN_BAR_AFTER_MS);
        if self.wanted && long {
            let bar = self
                .bar
                .get_or_init(|| bar(self.total, so_far, self.started));
            bar.set_position(so_far);
        }
    }

    /// Writes lines where the bar is, and the bar below them.
    pub fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.bar.get() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    /// Since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

fn bar(total: Option<u64>, so_far: u64, started: Instant) -> ProgressBar {
    let form = match total {
        Some(_) => {
            "{bar:30} {percent}%  {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} to go"
        }
        None => "{spinner} {decimal_bytes}  {decimal_bytes_per_sec}",
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    // A form that could not be read would show as indicatif's own.
    let style = ProgressStyle::with_template(form);
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let bar = bar.with_elapsed(started.elapsed()).with_position(so_far);
    // What was read before there was a bar was not read in no time.
    bar.reset_eta();
    bar
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn short_and_unwanted_scans_show_nothing() {
        for wanted in [true, false] {
            let progress = Progress::new(wanted, Some(10));
            progress.add(7);
            assert!(progress.bar.get().is_none());
            assert_eq!(progress.bytes.load(Ordering::Relaxed), 7);
        }
        let past = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
        for wanted in [true, false] {
            let mut progress = Progress::new(wanted, None);
            progress.started = past;
            progress.add(7);
            assert_eq!(progress.bar.get().is_some(), wanted);
            progress.end();
        }
    }

    #[test]
    fn both_forms_can_be_read() {
        for total in [None, Some(1)] {
            bar(total, 0, Instant::now()).finish_and_clear();
        }
    }
}
