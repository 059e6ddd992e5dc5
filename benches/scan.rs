//! How fast the scanner reads, beside what nothing can be faster than.
//!
//! Owns: the claims on speed: all detectors at 2 GB/s on 1 KiB records and 3 GB/s on 64 KiB bodies with
//! AVX-512, six tenths of that with AVX2; from five detectors to all, at most 15 % slower; hostile
//! text at 300 MB/s and linear. Refuses: numbers without their baseline; `memcpy` and every kernel take
//! turns in the same rounds. Stays true: every row asserts its answer on every call.
//!
//! `cargo bench --bench scan` measures and asserts. Without `--bench`, as under `cargo test --benches`, each
//! row runs once and only answers are asserted. `--file PATH` adds a text of your own.

#[path = "scan/texts.rs"]
mod texts;

use lockgate::chunk::{DetectorSet, Field, Finding, Part};
use lockgate::limits::{KIB, MIB};
use lockgate::scan::{Engine, Kernel, Scratch, detector, every_detector};
use std::hint::black_box;
use std::time::Duration;
use texts::{hostile, records};

const ROUNDS: usize = 30;
const CALLS_PER_ROUND: usize = 6;

/// What a table stands for and what it must reach, in bytes a nanosecond on AVX-512.
struct Claim {
    name: &'static str,
    record_bytes: usize,
    at_least: f64,
}

const CLAIMS: &[Claim] = &[
    Claim {
        name: "1 KiB records",
        record_bytes: KIB,
        at_least: 2.0,
    },
    Claim {
        name: "64 KiB bodies",
        record_bytes: 64 * KIB,
        at_least: 3.0,
    },
    Claim {
        name: "100 B records",
        record_bytes: 100,
        at_least: 0.0,
    },
];
/// What AVX2 alone must reach of it.
const AVX2_SHARE_MIN: f64 = 0.6;
/// What five detectors may be faster than all.
const ALL_TO_FIVE_MIN: f64 = 0.85;
/// What hostile text must reach.
const HOSTILE_GB_PER_S_MIN: f64 = 0.3;

fn main() {
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    let measure = asked("--bench") && !asked("--test");
    let mut faults = Vec::new();
    for claim in CLAIMS {
        json(claim, measure, &mut faults);
    }
    against_hostile(measure, &mut faults);
    if let Some(path) = std::env::args().skip_while(|arg| arg != "--file").nth(1) {
        file(&path);
    }
    faults
        .iter()
        .for_each(|fault| println!("NOT REACHED: {fault}"));
    assert!(faults.is_empty(), "{} claims not reached", faults.len());
}

/// A row of a table: a name, and a call that asserts its own answer.
type Row<'a> = (String, Box<dyn FnMut() + 'a>);

fn json(claim: &Claim, measure: bool, faults: &mut Vec<String>) {
    let text = records(claim.record_bytes, MIB);
    let fields = lines(&text);
    let mut copy = vec![0; text.len()];
    let mut rows: Vec<Row<'_>> = vec![(
        "memcpy".into(),
        Box::new(|| black_box(&mut copy).copy_from_slice(black_box(&text))),
    )];
    for kernel in Kernel::available() {
        rows.push((
            format!("all, {}", kernel.name()),
            scanning(Engine::on(kernel, every_detector()), &text, &fields),
        ));
    }
    rows.push(("five".into(), scanning(Engine::new(five()), &text, &fields)));
    rows.push(("two".into(), scanning(Engine::new(two()), &text, &fields)));
    let alone = record_by_record(&text, &fields);
    rows.push(("all, a call a record".into(), alone));
    rows.iter_mut().for_each(|(_, row)| row());
    if !measure {
        return;
    }
    let speeds = report(
        &format!("{} of JSON, 1 % hits", claim.name),
        text.len(),
        &mut rows,
    );
    let of = |name: &str| {
        rows.iter()
            .position(|(row, _)| row == name)
            .map(|at| speeds[at])
    };
    let (all, avx2, five) = (of("all, avx512"), of("all, avx2"), of("five"));
    let mut must = |what: &str, got: Option<f64>, least: f64| {
        if let Some(got) = got.filter(|got| *got < least) {
            faults.push(format!("{}: {what}: {got:.2} < {least:.2}", claim.name));
        }
    };
    must("all detectors, AVX-512, GB/s", all, claim.at_least);
    must(
        "all detectors, AVX2, GB/s",
        avx2,
        claim.at_least * AVX2_SHARE_MIN,
    );
    if claim.at_least > 0.0 {
        must(
            "all against five",
            all.zip(five).map(|(all, five)| all / five),
            ALL_TO_FIVE_MIN,
        );
    }
}

fn against_hostile(measure: bool, faults: &mut Vec<String>) {
    for (name, unit) in hostile() {
        let small = unit.repeat((256 * KIB).div_ceil(unit.len()));
        let large = unit.repeat((4 * 256 * KIB).div_ceil(unit.len()));
        let (some, more) = ([whole(&small)], [whole(&large)]);
        let mut rows: Vec<Row<'_>> = vec![
            (
                "256 KiB".into(),
                scanning(Engine::new(every_detector()), &small, &some),
            ),
            (
                "1 MiB".into(),
                scanning(Engine::new(every_detector()), &large, &more),
            ),
        ];
        rows.iter_mut().for_each(|(_, row)| row());
        if !measure {
            continue;
        }
        let (mut best, rounds) = ([Duration::MAX; 2], 6);
        for _ in 0..rounds {
            for ((_, row), best) in rows.iter_mut().zip(&mut best) {
                *best = cpu_time(row).min(*best);
            }
        }
        let speed = |len: usize, time: Duration| len as f64 / time.as_nanos() as f64;
        let (one, four) = (speed(small.len(), best[0]), speed(large.len(), best[1]));
        println!("  hostile: {name:28} {one:6.2} GB/s  four times as long {four:6.2} GB/s");
        if one.min(four) < HOSTILE_GB_PER_S_MIN {
            faults.push(format!(
                "{name}: {:.2} GB/s < {HOSTILE_GB_PER_S_MIN}",
                one.min(four)
            ));
        }
        if four < one / 1.5 {
            faults.push(format!("{name}: not linear: {one:.2} then {four:.2} GB/s"));
        }
    }
}

fn file(path: &str) {
    let text = std::fs::read(path).expect("a readable file");
    let fields = lines(&text);
    let mut rows = vec![(
        "all".to_owned(),
        scanning(Engine::new(every_detector()), &text, &fields),
    )];
    report(path, text.len(), &mut rows);
}

/// Scans all fields in one call; asserts that it finds the same each time, and something.
fn scanning<'a>(engine: Engine, text: &'a [u8], fields: &'a [Field]) -> Box<dyn FnMut() + 'a> {
    let (mut scratch, mut out, mut want) = (Scratch::new(), Vec::<Finding>::new(), None);
    Box::new(move || {
        out.clear();
        engine.scan(
            black_box(text),
            fields.iter().copied(),
            &mut scratch,
            &mut out,
        );
        assert_eq!(*want.get_or_insert(out.len()), out.len());
    })
}

/// The same, a call for each field.
fn record_by_record<'a>(text: &'a [u8], fields: &'a [Field]) -> Box<dyn FnMut() + 'a> {
    let (engine, mut scratch, mut out) = (
        Engine::new(every_detector()),
        Scratch::new(),
        Vec::<Finding>::new(),
    );
    Box::new(move || {
        for field in fields {
            out.clear();
            let record = &text[field.start as usize..field.end as usize];
            engine.scan(
                black_box(record),
                [whole(record)].into_iter(),
                &mut scratch,
                &mut out,
            );
        }
    })
}

/// The best of many rounds, in which the rows take turns; prints the table, returns GB/s.
fn report(name: &str, bytes: usize, rows: &mut [Row<'_>]) -> Vec<f64> {
    let mut best = vec![Duration::MAX; rows.len()];
    for _ in 0..ROUNDS {
        for ((_, row), best) in rows.iter_mut().zip(&mut best) {
            row();
            for _ in 0..CALLS_PER_ROUND {
                *best = cpu_time(row).min(*best);
            }
        }
    }
    let speed = |time: &Duration| bytes as f64 / time.as_nanos() as f64;
    println!("{name} ({bytes} B)");
    for ((row, _), time) in rows.iter().zip(&best) {
        println!(
            "  {row:24} {:8.2} GB/s  {:6.3} × memcpy",
            speed(time),
            speed(time) / speed(&best[0])
        );
    }
    best.iter().map(speed).collect()
}

/// What a call takes of this thread's own time: others on the machine do not count.
fn cpu_time(call: &mut dyn FnMut()) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let before = now();
    call();
    now() - before
}

/// A field a line.
fn lines(text: &[u8]) -> Vec<Field> {
    let mut at = 0;
    let line = |(record, line): (usize, &[u8])| {
        let start = at;
        at += line.len() + 1;
        Field {
            record: record as u32,
            part: Part::Value,
            start: start as u32,
            end: (start + line.len()) as u32,
        }
    };
    text.split(|byte| *byte == b'\n')
        .enumerate()
        .map(line)
        .collect()
}

fn whole(text: &[u8]) -> Field {
    Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: text.len() as u32,
    }
}

fn named(names: &[&str]) -> DetectorSet {
    let mut set = DetectorSet::default();
    names
        .iter()
        .filter_map(|name| detector(name))
        .for_each(|id| set.insert(id));
    set
}

fn five() -> DetectorSet {
    named(&["us_ssn", "payment_card", "email", "iban", "phone"])
}

fn two() -> DetectorSet {
    named(&["us_ssn", "payment_card"])
}
