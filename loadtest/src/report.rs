//! What a run prints.
//!
//! Owns: the table, the medians, the JSON. Refuses: to judge. Stays true: the ratio of a pair is of
//! two measurements that followed each other; medians are over pairs, column by column.

use crate::load::LoadArgs;
use crate::measure::Measured;
use crate::process::Memory;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Two measurements that followed each other.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Straight to the broker.
    pub direct: Measured,
    /// Through the gateway.
    pub gateway: Measured,
}

/// A whole run.
pub struct Report<'a> {
    /// What was asked for.
    pub args: &'a LoadArgs,
    /// All pairs, in order.
    pub pairs: Vec<Pair>,
    /// The gateway's memory at the end.
    pub memory: Memory,
}

/// A column: name, decimals, where it comes from.
type Column = (&'static str, usize, fn(&Measured) -> Option<f64>);

const COLUMNS: [Column; 10] = [
    ("requests", 0, |m| Some(m.requests as f64)),
    ("req/s", 0, |m| Some(m.requests_per_s)),
    ("MB/s", 1, |m| Some(m.mb_per_s)),
    ("p50 ms", 3, |m| Some(m.p50_ms)),
    ("p99 ms", 3, |m| Some(m.p99_ms)),
    ("p99.9 ms", 3, |m| Some(m.p999_ms)),
    ("max ms", 3, |m| Some(m.max_ms)),
    ("late", 0, |m| Some(m.late as f64)),
    ("CPU s/GB", 3, |m| m.cpu_s_per_gb),
    ("csw/MB", 2, |m| m.switches_per_mb),
];

impl Report<'_> {
    /// Requests of the schedule that were never sent.
    pub fn unsent(&self) -> u64 {
        let each = self
            .pairs
            .iter()
            .map(|p| p.direct.unsent + p.gateway.unsent);
        each.sum()
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut out = self.heading();
        let _ = write!(out, "{:<14}", "pair");
        for (name, ..) in COLUMNS {
            let _ = write!(out, "{name:>10}");
        }
        out.push('\n');
        for (number, pair) in (1..).zip(&self.pairs) {
            line(
                &mut out,
                &format!("{number} direct"),
                |column| column.2(&pair.direct),
                false,
            );
            line(
                &mut out,
                &format!("{number} gateway"),
                |column| column.2(&pair.gateway),
                false,
            );
            line(
                &mut out,
                &format!("{number} ratio"),
                |column| ratio(column, pair),
                true,
            );
        }
        line(
            &mut out,
            "median direct",
            |c| self.median(|p| c.2(&p.direct)),
            false,
        );
        line(
            &mut out,
            "median gateway",
            |c| self.median(|p| c.2(&p.gateway)),
            false,
        );
        line(
            &mut out,
            "median ratio",
            |c| self.median(|p| ratio(c, p)),
            true,
        );
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        let (now, peak) = (mib(self.memory.resident), mib(self.memory.peak));
        let _ = writeln!(
            out,
            "gateway: {now:.1} MiB resident at the end, {peak:.1} MiB at its peak"
        );
        if self.unsent() > 0 {
            let _ = writeln!(
                out,
                "{} requests could not be sent before the end: the rate is too high",
                self.unsent()
            );
        }
        out
    }

    fn heading(&self) -> String {
        let LoadArgs {
            op,
            connections,
            in_flight,
            rate,
            seconds,
            payload,
            ..
        } = self.args;
        let pace = if *rate == 0.0 {
            "closed loop: latency from sending".to_owned()
        } else {
            format!("open loop, {rate} requests/s: latency from the scheduled time")
        };
        format!(
            "{op:?}, {pace}\n{connections} connections, up to {in_flight} unanswered each; frames of {} records of {} B, codec {:?}, SSN in {} % of records\n{seconds} s a measurement; MB and GB are 10^6 and 10^9 bytes of record values; CPU and csw (context switches) are the gateway's\n\n",
            payload.records(),
            payload.record_bytes,
            payload.codec,
            payload.hit_rate * 100.0,
        )
    }

    fn median(&self, value: impl Fn(&Pair) -> Option<f64>) -> Option<f64> {
        median(self.pairs.iter().filter_map(value).collect())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let pairs = self.pairs.iter().map(|pair| {
            json!({
                "direct": values(|c| c.2(&pair.direct)),
                "gateway": values(|c| c.2(&pair.gateway)),
                "ratio": values(|c| ratio(c, pair)),
            })
        });
        let LoadArgs {
            op,
            connections,
            in_flight,
            rate,
            seconds,
            payload,
            ..
        } = self.args;
        json!({
            "load": {
                "op": format!("{op:?}").to_lowercase(),
                "connections": connections,
                "in_flight": in_flight,
                "rate": rate,
                "seconds": seconds,
                "records_per_frame": payload.records(),
                "record_bytes": payload.record_bytes,
                "codec": format!("{:?}", payload.codec).to_lowercase(),
                "hit_rate": payload.hit_rate,
                "seed": payload.seed,
            },
            "pairs": pairs.collect::<Vec<_>>(),
            "median": {
                "direct": values(|c| self.median(|p| c.2(&p.direct))),
                "gateway": values(|c| self.median(|p| c.2(&p.gateway))),
                "ratio": values(|c| self.median(|p| ratio(c, p))),
            },
            "gateway": {"resident_bytes": self.memory.resident, "peak_bytes": self.memory.peak},
            "unsent": self.unsent(),
        })
    }
}

fn line(out: &mut String, name: &str, value: impl Fn(&Column) -> Option<f64>, is_ratio: bool) {
    let _ = write!(out, "{name:<14}");
    for column in &COLUMNS {
        let decimals = if is_ratio { 2 } else { column.1 };
        match value(column) {
            Some(value) => {
                let _ = write!(out, "{value:>10.decimals$}");
            }
            None => {
                let _ = write!(out, "{:>10}", "-");
            }
        }
    }
    out.push('\n');
}

/// Through the gateway by direct; none where a column is the gateway's alone, or direct is 0.
fn ratio(column: &Column, pair: &Pair) -> Option<f64> {
    let direct = column.2(&pair.direct).filter(|value| *value > 0.0)?;
    Some(column.2(&pair.gateway)? / direct)
}

/// `"p99.9 ms"` as a key: `p99_9_ms`.
fn values(value: impl Fn(&Column) -> Option<f64>) -> Value {
    let key = |name: &str| name.to_lowercase().replace(['/', ' ', '.'], "_");
    let entries = COLUMNS
        .iter()
        .map(|column| (key(column.0), json!(value(column))));
    Value::Object(entries.collect())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_odd_and_none() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_column_of_the_gateway_alone_has_no_ratio() {
        let direct = Measured {
            p50_ms: 2.0,
            ..Measured::default()
        };
        let gateway = Measured {
            p50_ms: 3.0,
            cpu_s_per_gb: Some(1.0),
            ..Measured::default()
        };
        let pair = Pair { direct, gateway };
        assert_eq!(ratio(&COLUMNS[3], &pair), Some(1.5));
        assert_eq!(ratio(&COLUMNS[7], &pair), None);
        assert_eq!(ratio(&COLUMNS[8], &pair), None);
    }
}
