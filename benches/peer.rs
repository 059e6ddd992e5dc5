//! The scanner beside dd-sensitive-data-scanner: ten rules each, the same text, one core each.
//!
//! Owns: the claim of fifty times the peer's speed. Refuses: the clock on the wall; both say what their own
//! thread took, so other programs on the machine do not count. Stays true: the peer's figure is the best of its
//! rounds, as is ours, and the rounds take turns.
//!
//! `cargo bench --bench peer -- --dd target/quality/dd-target/release/dd`; `benches/quality/run.sh` builds
//! that program. Without it, as under `cargo test --benches`, only our answer is asserted.
//! `--file PATH` measures another text.

#[path = "scan/texts.rs"]
#[allow(dead_code)]
mod texts;

use lockgate::chunk::{DetectorSet, Field, Finding, Part};
use lockgate::limits::{KIB, MIB};
use lockgate::scan::{Engine, Scratch, detector};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One rule each for what both scanners know.
const TEN: [&str; 10] = include!("quality/ten.rs");
/// How many times as fast as the peer the scanner must be.
const RATIO_MIN: f64 = 50.0;
/// The peer measures itself for three seconds in each.
const ROUNDS: usize = 3;
const PASSES_PER_ROUND: usize = 50;

fn main() {
    let option = |flag: &str| std::env::args().skip_while(|arg| arg != flag).nth(1);
    let text = match option("--file") {
        Some(path) => std::fs::read(path).expect("a readable file"),
        None => texts::records(KIB, MIB),
    };
    let mut scan = Ours::new(&text);
    assert!(scan.pass() > 0, "the text holds something");
    let Some(peer) = option("--dd").map(PathBuf::from) else {
        return;
    };
    let path = std::env::temp_dir().join(format!("lockgate-peer-{}.txt", std::process::id()));
    std::fs::write(&path, &text).expect("room for the text");
    let (mut ours, mut theirs) = (0f64, 0f64);
    for _ in 0..ROUNDS {
        ours = ours.max(scan.speed());
        theirs = theirs.max(speed_of(&peer, &path));
    }
    std::fs::remove_file(&path).expect("our own file");
    let ratio = ours / theirs;
    println!(
        "ten rules, {} B, one core: Lockgate {ours:.0} MB/s, dd {theirs:.1} MB/s: {ratio:.0} times",
        text.len()
    );
    assert!(ratio >= RATIO_MIN, "{ratio:.1} < {RATIO_MIN}");
}

/// What the peer says of itself: `35.2 MB/s (…)`.
fn speed_of(peer: &Path, text: &Path) -> f64 {
    let run = Command::new(peer).arg("--speed").arg(text).output();
    let said = run.expect("the peer's program runs").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let speed = said.split(' ').next().and_then(|first| first.parse().ok());
    speed.unwrap_or_else(|| panic!("no speed in {said:?}"))
}

/// Ours, a line a field.
struct Ours<'a> {
    text: &'a [u8],
    fields: Vec<Field>,
    engine: Engine,
    scratch: Scratch,
    out: Vec<Finding>,
}

impl<'a> Ours<'a> {
    fn new(text: &'a [u8]) -> Ours<'a> {
        let set: DetectorSet = TEN
            .iter()
            .map(|name| detector(name).expect("a detector of ours"))
            .collect();
        let mut at = 0;
        let fields = text.split(|byte| *byte == b'\n').zip(0..);
        let fields = fields.map(|(line, record)| {
            let start = at;
            at += line.len() + 1;
            Field {
                record,
                part: Part::Value,
                start: start as u32,
                end: (start + line.len()) as u32,
            }
        });
        Ours {
            text,
            fields: fields.collect(),
            engine: Engine::new(set),
            scratch: Scratch::new(),
            out: Vec::new(),
        }
    }

    /// Findings of one pass over the text.
    fn pass(&mut self) -> usize {
        self.out.clear();
        let fields = self.fields.iter().copied();
        self.engine.scan(
            black_box(self.text),
            fields,
            &mut self.scratch,
            &mut self.out,
        );
        self.out.len()
    }

    /// MB/s, by this thread's own time.
    fn speed(&mut self) -> f64 {
        let now = || {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
        };
        let begin = now();
        for _ in 0..PASSES_PER_ROUND {
            black_box(self.pass());
        }
        (self.text.len() * PASSES_PER_ROUND) as f64 * 1e3 / (now() - begin)
    }
}
