//! Waiting for a condition.
//!
//! Owns: the one polling loop of the harness. Refuses: waiting for a time to pass.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks until `probe` has an answer, or fails after `limit`, naming `what` was awaited.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("waited {} ms in vain for {what}", limit.as_millis());
        }
        std::thread::sleep(STEP);
    }
}

/// As [`until`], for a probe that can itself fail: its last error is told at the end.
pub fn until_ok<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<T>) -> Result<T> {
    let mut last = None;
    let found = until(what, limit, || match probe() {
        Ok(answer) => Some(answer),
        Err(error) => {
            last = Some(error);
            None
        }
    });
    found.map_err(|late| match last {
        Some(error) => error.context(late.to_string()),
        None => late,
    })
}
