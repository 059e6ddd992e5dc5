//! Tallies for people.
//!
//! Owns: the table of one input, and the line under all. Refuses: raw values; it has none. Stays
//! true: no name of a file can move the cursor of a terminal.

use super::choose::{Choice, likelihood_name};
use super::tally::{Place, Tally};
use crate::chunk::Part;
use std::io::{self, Write};
use std::time::Duration;

/// What all inputs came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// How many there were.
    pub inputs: u64,
    /// Those in which something was found.
    pub hit: u64,
    /// Those that were not read, or not whole.
    pub faulty: u64,
    /// What was found.
    pub findings: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl Sum {
    /// Adds an input.
    pub fn add(&mut self, tally: &Tally) {
        let findings = tally.findings();
        self.inputs += 1;
        self.hit += u64::from(findings > 0);
        self.faulty += u64::from(!tally.faults.is_empty());
        self.findings += findings;
        self.bytes += tally.bytes;
    }
}

/// What one input came to; nothing, if it could not be opened.
pub fn section(to: &mut impl Write, name: &str, tally: &Tally, choice: &Choice) -> io::Result<()> {
    let Some(kind) = tally.kind else {
        return Ok(());
    };
    let records = match kind {
        super::kind::Kind::Segment => counted(tally.records, "record", "records"),
        _ => counted(tally.records, "line", "lines"),
    };
    let name = printable(name);
    let size = size(tally.bytes);
    writeln!(to, "{name}: {}, {records}, {size}", kind.name())?;
    let rows: Vec<[String; 4]> = tally
        .rows
        .iter()
        .map(|((detector, likelihood), row)| {
            let shown: Vec<_> = row.places.iter().map(place).collect();
            let more = if row.count > shown.len() as u64 {
                " …"
            } else {
                ""
            };
            [
                choice.name(*detector).to_owned(),
                likelihood_name(likelihood.0).to_owned(),
                grouped(row.count),
                shown.join("  ") + more,
            ]
        })
        .collect();
    if rows.is_empty() {
        return writeln!(to, "  nothing found");
    }
    let head = ["detector", "likelihood", "count", "first at (record:byte)"].map(str::to_owned);
    let wide = |column: usize| {
        let cells = rows.iter().chain([&head]).map(|row| row[column].len());
        cells.max().unwrap_or(0)
    };
    let (a, b, c) = (wide(0), wide(1), wide(2));
    let mut line = |row: &[String; 4]| {
        let [detector, likelihood, count, first] = row;
        writeln!(to, "  {detector:a$}  {likelihood:b$}  {count:>c$}  {first}")
    };
    line(&head)?;
    rows.iter().try_for_each(line)?;
    samples(to, tally)
}

fn samples(to: &mut impl Write, tally: &Tally) -> io::Result<()> {
    let places = tally.rows.values().flat_map(|row| &row.places);
    for kept in places {
        if let Some(sample) = &kept.sample {
            writeln!(to, "  {}  {sample}", place(kept))?;
        }
    }
    Ok(())
}

/// The line under all inputs.
pub fn total(to: &mut impl Write, sum: &Sum, took: Duration) -> io::Result<()> {
    let findings = counted(sum.findings, "finding", "findings");
    let inputs = counted(sum.inputs, "input", "inputs");
    let seconds = took.as_secs_f64();
    let speed = sum.bytes as f64 / 1e6 / seconds.max(1e-9);
    write!(to, "{findings} in {} of {inputs}; ", grouped(sum.hit))?;
    write!(to, "{} in {seconds:.3} s, {speed:.1} MB/s", size(sum.bytes))?;
    match sum.faulty {
        0 => writeln!(to),
        n => writeln!(
            to,
            "; NOT WHOLE: {} could not be read",
            counted(n, "input", "inputs")
        ),
    }
}

fn place(place: &Place) -> String {
    let at = format!("{}:{}", place.record, place.start);
    match place.part {
        Part::Value => at,
        part => format!("{at} ({})", part.name()),
    }
}

/// A name without what a terminal would obey.
pub fn printable(name: &str) -> String {
    let safe = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    name.chars().map(safe).collect()
}

/// `1 line`, `2,000 lines`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Digits in threes.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let from_end = |at: usize| digits.len() - at;
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && from_end(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes as people say them.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::choose::every;
    use super::super::examine::Seen;
    use super::super::kind::Kind;
    use super::*;
    use crate::chunk::{Field, Finding, Form, Likelihood};
    use crate::scan;

    fn tally(found: &[(&str, Likelihood, u64, u32, Part)]) -> Tally {
        let mut tally = Tally {
            kind: Some(Kind::Text),
            records: 1204,
            bytes: 3_140_000,
            ..Tally::default()
        };
        for (detector, likelihood, record, start, part) in found {
            let finding = Finding {
                detector: scan::detector(detector).unwrap(),
                likelihood: *likelihood,
                record: 0,
                part: *part,
                form: Form::Plain,
                start: *start,
                end: start + 1,
            };
            let field = Field {
                record: 0,
                part: *part,
                start: 0,
                end: 99,
            };
            let (start, end) = (u64::from(*start), u64::from(*start) + 1);
            let seen = Seen {
                finding,
                field,
                record: *record,
                start,
                end,
            };
            tally.add(&seen, || Some(format!("text {record}")));
        }
        tally
    }

    fn shown(name: &str, tally: &Tally) -> String {
        let choice = every(Likelihood::Likely);
        let mut out = Vec::new();
        section(&mut out, name, tally, &choice).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_input_has_a_row_for_each_detector_and_likelihood() {
        use Likelihood::{Certain, Likely};
        let mut found = vec![("payment_card", Likely, 3, 7, Part::Key)];
        found.extend((0..1500).map(|n| ("us_ssn", Certain, n, 17, Part::Value)));
        let text = shown("a.log", &tally(&found));
        assert_eq!(
            text,
            "a.log: text, 1,204 lines, 3.1 MB\n  \
             detector      likelihood  count  first at (record:byte)\n  \
             us_ssn        certain     1,500  0:17  1:17  2:17 …\n  \
             payment_card  likely          1  3:7 (key)\n  \
             0:17  text 0\n  1:17  text 1\n  2:17  text 2\n  3:7 (key)  text 3\n"
        );
    }

    #[test]
    fn a_clean_one_says_so_and_its_name_obeys_nobody() {
        let text = shown("a\x1b[2J\n", &tally(&[]));
        assert_eq!(
            text,
            "a\\u{1b}[2J\\n: text, 1,204 lines, 3.1 MB\n  nothing found\n"
        );
        assert_eq!(shown("gone", &Tally::default()), "");
    }

    #[test]
    fn the_line_under_all_has_bytes_seconds_and_speed() {
        let mut sum = Sum::default();
        let mut faulty = tally(&[]);
        faulty.fault("x");
        sum.add(&tally(&[("us_ssn", Likelihood::Likely, 0, 0, Part::Value)]));
        sum.add(&faulty);
        let mut out = Vec::new();
        total(&mut out, &sum, Duration::from_millis(2000)).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1 finding in 1 of 2 inputs; 6.3 MB in 2.000 s, 3.1 MB/s; NOT WHOLE: 1 input could not be read\n"
        );
    }

    #[test]
    fn numbers_are_grouped() {
        let all = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in all {
            assert_eq!(grouped(number), text);
        }
    }
}
