//! How well spikes are told from ordinary weeks, and what that costs.
//!
//! Owns: the claims on detection, on false alarms, on memory and on the cost of a count. A month of
//! synthetic traffic is watched by the built-in estimator and by those it was chosen from, and thieves take
//! from each stream beside it. The seed is printed; `--seed N` brings a run back.
//!
//! `cargo bench --bench spikes` measures and asserts. Without `--bench`, as under `cargo test --benches`,
//! fewer streams run, and only what holds for any number of them is asserted.

#[path = "spikes/estimators.rs"]
mod estimators;
#[path = "spikes/traffic.rs"]
mod traffic;
#[path = "spikes/whole.rs"]
mod whole;

use estimators::{Average, Estimator, Hours, Median, Watch};
use lockgate::limits::MIB;
use lockgate::policy::rates::{Learned, Limit, Of, Per, Terms};
use traffic::{DAYS, LEARNING_DAYS, MINUTES_PER_DAY, Stream, Theft};

/// A Monday in 2024, in hours from 1970.
const FIRST_HOUR: u32 = 4 * 24 + 2_826 * 7 * 24;
const FLOOR: u64 = 10 * MIB as u64;

type Maker = fn(u32) -> Box<dyn Estimator>;
const ESTIMATORS: [(&str, Maker); 4] = [
    ("week of hours (built in)", |hour| {
        Box::new(Hours::new(hour))
    }),
    ("average by hour", |hour| Box::new(Average::by_hour(hour))),
    ("median of 7 days", |hour| Box::new(Median::new(hour))),
    ("average, no hours", |hour| Box::new(Average::flat(hour))),
];

/// What one estimator said of all streams.
#[derive(Clone, Default)]
struct Tally {
    injected: [u32; 5],
    found: [u32; 5],
    minutes: [u32; 5],
    /// In the first week, and after it.
    false_alarms: (u32, u32),
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let measure = asked("--bench") && !asked("--test");
    let given = arguments.iter().position(|argument| argument == "--seed");
    let seed = given.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let seed: u64 = seed.unwrap_or(20_240_226);
    let streams = if measure { 400 } else { 12 };
    println!("seed {seed}: {streams} streams, {DAYS} days, per minute, floor 10 MiB");
    for tenths in [30, 40, 50] {
        let terms = terms(tenths);
        let tallies = month(&terms, seed, streams);
        show(tenths, streams, &tallies);
        judge(tenths, &tallies[0], streams, measure);
    }
    whole::time_to_detection(&terms(50), i64::from(FIRST_HOUR) * 3_600_000, seed);
    whole::costs(&terms(50), i64::from(FIRST_HOUR) * 3_600_000, measure);
}

fn terms(tenths: u32) -> Terms {
    let per = Per {
        principal: true,
        topic: true,
    };
    let limit = Limit::Learned(Learned {
        tenths,
        weeks: 1,
        floor: FLOOR,
    });
    Terms {
        rule: "spikes".into(),
        of: Of::Bytes,
        per,
        over_ms: 60_000,
        limit,
    }
}

fn month(terms: &Terms, seed: u64, streams: u32) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); ESTIMATORS.len()];
    for number in 0..streams {
        let mut stream = Stream::new(seed.wrapping_add(u64::from(number) * 7_919), FLOOR as f64);
        let mut watches: Vec<Watch> = ESTIMATORS
            .iter()
            .map(|(_, make)| Watch::new(make(FIRST_HOUR)))
            .collect();
        let mut found = vec![[None; 5]; watches.len()];
        for minute in 0..DAYS * MINUTES_PER_DAY {
            let total = stream.minute(minute);
            let theft = stream.thefts.iter().find(|theft| {
                // A spike that a theft began may end after it.
                (theft.from..theft.from + theft.minutes + 2).contains(&minute)
            });
            for (at, watch) in watches.iter_mut().enumerate() {
                let Some(began) = watch.minute(terms, minute, FIRST_HOUR, total) else {
                    continue;
                };
                match theft {
                    Some(theft) => {
                        let first = &mut found[at][theft.theft as usize];
                        *first = first.or(Some(minute - theft.from + 1));
                    }
                    None if began && minute < LEARNING_DAYS * MINUTES_PER_DAY => {
                        tallies[at].false_alarms.0 += 1;
                    }
                    None if began => tallies[at].false_alarms.1 += 1,
                    None => {}
                }
            }
        }
        for (tally, found) in tallies.iter_mut().zip(&found) {
            for theft in stream.thefts.iter().map(|theft| theft.theft as usize) {
                tally.injected[theft] += 1;
                tally.found[theft] += u32::from(found[theft].is_some());
                tally.minutes[theft] += found[theft].unwrap_or(0);
            }
        }
    }
    tallies
}

impl Tally {
    fn share(&self, theft: Theft) -> f64 {
        f64::from(self.found[theft as usize]) / f64::from(self.injected[theft as usize].max(1))
    }

    /// After the first week, per week and 100 streams.
    fn alarms_per_week(&self, streams: u32) -> f64 {
        let weeks = f64::from(DAYS - LEARNING_DAYS) / 7.0;
        f64::from(self.false_alarms.1) / weeks * 100.0 / f64::from(streams)
    }
}

fn show(tenths: u32, streams: u32, tallies: &[Tally]) {
    println!(
        "\nabove {}x: found, and minutes until then; false alarms per week and 100 streams",
        tenths / 10
    );
    print!("{:26}", "");
    Theft::ALL
        .iter()
        .for_each(|theft| print!(" {:>26}", theft.name()));
    println!(" {:>12} {:>12}", "alarms", "first week");
    for ((name, _), tally) in ESTIMATORS.iter().zip(tallies) {
        print!("{name:26}");
        for theft in Theft::ALL {
            let (found, minutes) = (tally.found[theft as usize], tally.minutes[theft as usize]);
            let mean = f64::from(minutes) / f64::from(found.max(1));
            let cell = format!(
                "{found}/{} {:.0} % {mean:.1} min",
                tally.injected[theft as usize],
                100.0 * tally.share(theft)
            );
            print!(" {cell:>26}");
        }
        let first = f64::from(tally.false_alarms.0) * 100.0 / f64::from(streams);
        println!(" {:>12.2} {first:>12.2}", tally.alarms_per_week(streams));
    }
}

/// What the built-in estimator must reach. A factor is one of the largest usual minute, which in a noisy
/// hour is three times the mean: 20 times the mean is 6 times that, or 4 beside a deploy or a nightly job. So
/// `5x` may miss a tenth of the bursts, and is bought for hardly ever asking for nothing.
fn judge(tenths: u32, ours: &Tally, streams: u32, measure: bool) {
    let under = ours.found[Theft::UnderFloor as usize];
    assert_eq!(under, 0, "nothing under the floor is a spike");
    if !measure {
        return;
    }
    let (bursts, small, alarms_per_week) = match tenths {
        30 => (0.95, 0.90, 5.0),
        40 => (0.90, 0.85, 2.0),
        _ => (0.85, 0.75, 1.0),
    };
    assert!(ours.share(Theft::Burst) >= bursts, "x20 is found");
    let found = ours.share(Theft::Small);
    assert!(found >= small, "x20 of a small stream is found");
    let burst = Theft::Burst as usize;
    assert!(
        ours.minutes[burst] <= 2 * ours.found[burst],
        "within two minutes"
    );
    assert!(
        ours.alarms_per_week(streams) <= alarms_per_week,
        "few ask for nothing"
    );
}
