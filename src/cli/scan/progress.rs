//! A bar on standard error while a long input is read.
//!
//! Owns: when there is one. Refuses: to draw for nobody, or between findings that the same terminal
//! shows. Stays true: nothing of it is left when the scan ends.

use crate::limits::SCAN_BAR_AFTER_MS;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How far the scan is, over all inputs and threads.
pub struct Progress {
    started: Instant,
    /// Counts from the start, so that its speed is right when it is shown.
    bar: Option<ProgressBar>,
    shown: OnceLock<()>,
}

impl Progress {
    /// Of `total` bytes, where that is known.
    pub fn new(wanted: bool, total: Option<u64>) -> Progress {
        Progress {
            started: Instant::now(),
            bar: wanted.then(|| bar(total)),
            shown: OnceLock::new(),
        }
    }

    /// So many bytes more.
    pub fn add(&self, bytes: u64) {
        let Some(bar) = &self.bar else {
            return;
        };
        bar.inc(bytes);
        if self.elapsed() >= Duration::from_millis(SCAN_BAR_AFTER_MS) {
            let show = || bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown.get_or_init(show);
        }
    }

    /// Writes lines where the bar is, and the bar below them.
    pub fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let form = match total {
        Some(_) => {
            "{bar:30} {percent}%  {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} to go"
        }
        None => "{spinner} {decimal_bytes}  {decimal_bytes_per_sec}",
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    // A form that could not be read would show as indicatif's own.
    let style = ProgressStyle::with_template(form);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(wanted: bool, since: Duration) -> bool {
        let mut progress = Progress::new(wanted, Some(10));
        progress.started = Instant::now().checked_sub(since).unwrap();
        progress.add(7);
        progress.add(2);
        assert_eq!(progress.bar.as_ref().map_or(9, ProgressBar::position), 9);
        progress.end();
        progress.shown.get().is_some()
    }

    #[test]
    fn short_and_unwanted_scans_show_nothing() {
        let long = Duration::from_millis(2 * SCAN_BAR_AFTER_MS);
        assert!(!shown(true, Duration::ZERO));
        assert!(!shown(false, long));
        assert!(shown(true, long));
    }

    #[test]
    fn both_forms_can_be_read() {
        for total in [None, Some(1)] {
            bar(total).finish_and_clear();
        }
    }
}
