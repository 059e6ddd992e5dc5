//! dd-sensitive-data-scanner over lines of text.
//!
//! `dd FILE` prints one JSON object per finding: `record` (line, from 0), `start` and `end` (bytes
//! within it), `detector`. `dd --no-keywords FILE` runs the same rules without their keywords.
//! `dd --speed FILE` runs ten rules in one scanner on one thread and prints `MB/s`; `--speed-each` first
//! runs each of them alone.
//!
//! For quality every rule has a scanner of its own, so no rule loses a match to another that
//! overlaps it: the best the peer can do. For speed all ten share one, as they would in use.

mod rules;

use dd_sds::{RegexRuleConfig, RootRuleConfig, RuleConfig, Scanner};
use rules::Rule;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// The ten of the speed run: one rule each for the identifiers both scanners know.
const SPEED: [&str; 10] = include!("../../ten.rs");
/// At least this long is measured, in whole passes over the file.
const SPEED_SECONDS_MIN: f64 = 3.0;

fn config(rule: &Rule, keywords: bool) -> RootRuleConfig<Arc<dyn RuleConfig>> {
    let mut config = RegexRuleConfig::new(&rule.pattern).with_validator(rule.check.clone());
    if keywords && !rule.keywords.is_empty() {
        config = config.with_included_keywords(rule.keywords);
    }
    RootRuleConfig::new(config.build())
}

fn quality(path: &str, keywords: bool) -> Fallible<()> {
    let rules = rules::all();
    let mut scanners = Vec::new();
    for rule in &rules {
        scanners.push((
            rule.detector,
            Scanner::builder(&[config(rule, keywords)]).build()?,
        ));
    }
    let text = std::fs::read_to_string(path)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (record, line) in text.lines().enumerate() {
        let mut event = line.to_owned();
        for (detector, scanner) in &scanners {
            for found in scanner.scan(&mut event).map_err(|e| format!("{e:?}"))? {
                let (start, end) = (found.start_index, found.end_index_exclusive);
                let finding = serde_json::json!({
                    "record": record, "start": start, "end": end, "detector": detector,
                });
                writeln!(out, "{finding}")?;
            }
        }
    }
    Ok(())
}

/// One rule per identifier: the network or grouping patterns of one identifier joined.
fn ten() -> Vec<RootRuleConfig<Arc<dyn RuleConfig>>> {
    let all = rules::all();
    let joined = |name: &str| {
        let of: Vec<&Rule> = all.iter().filter(|rule| rule.detector == name).collect();
        let pattern = of
            .iter()
            .map(|rule| rule.pattern.as_str())
            .collect::<Vec<_>>();
        config(
            &Rule {
                detector: of[0].detector,
                pattern: format!("(?:{})", pattern.join("|")),
                check: of[0].check.clone(),
                keywords: of[0].keywords,
            },
            true,
        )
    };
    SPEED.iter().map(|name| joined(name)).collect()
}

/// Nanoseconds this thread has run: other programs on the machine do not slow it.
fn cpu_ns() -> Fallible<f64> {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(spent.split(' ').next().unwrap_or_default().parse()?)
}

fn speed(path: &str, rules: &[RootRuleConfig<Arc<dyn RuleConfig>>]) -> Fallible<()> {
    let text = std::fs::read_to_string(path)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let scanner = Scanner::builder(rules).build()?;
    let (mut passes, mut found) = (0usize, 0usize);
    let (begin, spent) = (Instant::now(), cpu_ns()?);
    while passes == 0 || begin.elapsed().as_secs_f64() < SPEED_SECONDS_MIN {
        for line in &mut lines {
            found += scanner.scan(line).map_err(|e| format!("{e:?}"))?.len();
        }
        passes += 1;
    }
    let bytes = (text.len() * passes) as f64;
    let wall = bytes / 1e6 / begin.elapsed().as_secs_f64();
    let cpu = bytes * 1e3 / (cpu_ns()? - spent);
    println!(
        "{cpu:.1} MB/s ({} rules, by this thread's time; {wall:.1} by the clock; {passes} passes over {} bytes, {} found in each)",
        rules.len(),
        text.len(),
        found / passes
    );
    Ok(())
}

/// Each of the ten alone, then all.
fn speed_each(path: &str) -> Fallible<()> {
    let ten = ten();
    for (name, rule) in SPEED.iter().zip(&ten) {
        print!("{name}: ");
        speed(path, std::slice::from_ref(rule))?;
    }
    print!("all: ");
    speed(path, &ten)
}

fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--speed", path] => speed(path, &ten()),
        ["--speed-each", path] => speed_each(path),
        ["--no-keywords", path] => quality(path, false),
        [path] => quality(path, true),
        _ => Err("usage: dd [--speed | --speed-each | --no-keywords] FILE".into()),
    }
}
