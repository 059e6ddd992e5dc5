//! One measurement: all connections over one window.
//!
//! Owns: the window, and the looks at the gateway's process at its two ends. Refuses: nothing.
//! Stays true: bytes and CPU seconds are read at the same two moments; warm-up is in neither.

use crate::client::{Link, Question};
use crate::drive::{Counters, Job, Pace, Seen, Window, drive};
use crate::process::{Usage, usage};
use anyhow::anyhow;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// For the threads to start.
const LEAD_IN: Duration = Duration::from_millis(50);
/// What was due in the window may be sent this long after it at least.
const CATCH_UP_S_MIN: f64 = 5.0;
const MB: f64 = 1e6;
const GB: f64 = 1e9;

/// How to drive.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Requests a connection may have unanswered.
    pub in_flight: usize,
    /// Requests a second over all connections; 0 is the closed loop.
    pub rate: f64,
    /// Length of the window.
    pub seconds: f64,
    /// Length of the warm-up.
    pub warmup: f64,
    /// The process whose CPU time is looked at.
    pub pid: Option<u32>,
}

/// What came out. Bytes are those of record values; MB is 10⁶ of them, GB 10⁹.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Requests answered per second.
    pub requests_per_s: f64,
    /// MB per second.
    pub mb_per_s: f64,
    /// Median latency, in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Requests measured.
    pub requests: u64,
    /// Requests sent more than a millisecond after their time.
    pub late: u64,
    /// Requests that could not be sent before the end.
    pub unsent: u64,
    /// CPU seconds of the gateway per GB; `None` without it.
    pub cpu_s_per_gb: Option<f64>,
    /// Context switches of the gateway per MB.
    pub switches_per_mb: Option<f64>,
}

/// Drives the connections and reads the instruments.
///
/// # Errors
/// The first request that failed.
pub fn run(run: &Run, asked: Vec<(Link, Question)>) -> anyhow::Result<Measured> {
    let counters = Counters::default();
    let (window, connections) = (window(run), asked.len());
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (index, (link, question)) in asked.into_iter().enumerate() {
            let job = Job {
                link,
                question,
                in_flight: run.in_flight,
                pace: pace(run.rate, index, connections),
                counters: &counters,
            };
            threads.push(scope.spawn(move || drive(job, window)));
        }
        let before = look_at(window.from, &counters, run.pid);
        let after = look_at(window.until, &counters, run.pid);
        let mut seen = Seen::nothing()?;
        for thread in threads {
            let one = thread
                .join()
                .map_err(|_| anyhow!("a connection's thread died"))??;
            seen.latency.add(&one.latency)?;
            seen.late += one.late;
            seen.unsent += one.unsent;
        }
        Ok(measured(&before?, &after?, &seen))
    })
}

fn window(run: &Run) -> Window {
    let start = Instant::now() + LEAD_IN;
    let from = start + Duration::from_secs_f64(run.warmup);
    let until = from + Duration::from_secs_f64(run.seconds);
    let catch_up = run.seconds.max(CATCH_UP_S_MIN);
    Window {
        start,
        from,
        until,
        give_up: until + Duration::from_secs_f64(catch_up),
    }
}

/// Connections take turns in one schedule of the whole rate.
fn pace(rate: f64, index: usize, connections: usize) -> Pace {
    if rate == 0.0 {
        return Pace::Closed;
    }
    let every = 1e9 / rate;
    Pace::Open {
        first_ns: (every * index as f64) as u64,
        every_ns: ((every * connections as f64) as u64).max(1),
    }
}

struct Look {
    at: Instant,
    answered: u64,
    value_bytes: u64,
    usage: Option<Usage>,
}

fn look_at(when: Instant, counters: &Counters, pid: Option<u32>) -> anyhow::Result<Look> {
    sleep(when.saturating_duration_since(Instant::now()));
    Ok(Look {
        usage: pid.map(usage).transpose()?,
        at: Instant::now(),
        answered: counters.answered.load(Relaxed),
        value_bytes: counters.value_bytes.load(Relaxed),
    })
}

fn measured(before: &Look, after: &Look, seen: &Seen) -> Measured {
    let seconds = (after.at - before.at).as_secs_f64();
    let bytes = (after.value_bytes - before.value_bytes) as f64;
    let ms = |quantile| seen.latency.value_at_quantile(quantile) as f64 / 1e6;
    let used = before.usage.zip(after.usage).filter(|_| bytes > 0.0);
    let cpu = used.map(|(from, to)| (to.cpu_s - from.cpu_s) / (bytes / GB));
    let switches =
        used.map(|(from, to)| to.switches.saturating_sub(from.switches) as f64 / (bytes / MB));
    Measured {
        requests_per_s: (after.answered - before.answered) as f64 / seconds,
        mb_per_s: bytes / MB / seconds,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        p999_ms: ms(0.999),
        max_ms: ms(1.0),
        requests: seen.latency.len(),
        late: seen.late,
        unsent: seen.unsent,
        cpu_s_per_gb: cpu,
        switches_per_mb: switches,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn connections_take_turns_in_one_schedule() {
        let mut due = Vec::new();
        for index in 0..4 {
            let Pace::Open { first_ns, every_ns } = pace(1000.0, index, 4) else {
                panic!("an open loop");
            };
            due.extend((0..3).map(|n| first_ns + n * every_ns));
        }
        due.sort_unstable();
        let expected: Vec<u64> = (0..12).map(|n| n * 1_000_000).collect();
        assert_eq!(due, expected);
        assert!(matches!(pace(0.0, 0, 4), Pace::Closed));
    }

    #[test]
    fn rates_are_per_second_and_per_gb() {
        let at = Instant::now();
        let look = |s, answered, cpu_s| Look {
            at: at + Duration::from_secs(s),
            answered,
            value_bytes: answered * 1_000_000,
            usage: Some(Usage {
                cpu_s,
                switches: answered * 3,
            }),
        };
        let found = measured(
            &look(1, 100, 1.0),
            &look(3, 600, 1.5),
            &Seen::nothing().unwrap(),
        );
        assert_eq!(found.requests_per_s, 250.0);
        assert_eq!(found.mb_per_s, 250.0);
        assert_eq!(found.cpu_s_per_gb, Some(1.0));
        assert_eq!(found.switches_per_mb, Some(3.0));
    }
}
