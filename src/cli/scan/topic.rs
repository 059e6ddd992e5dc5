//! What the sample of one topic came to.
//!
//! Owns: records counted by detector and likelihood, and the places in them. Refuses: raw values, and names of
//! fields that may be values (`schema::path` shows their length). Stays true: a record counts once for
//! each detector, by its likeliest finding; the size is bounded whatever the records hold.

use super::examine::Seen;
use crate::chunk::{DetectorId, Likelihood};
use crate::limits::{SAMPLE_PLACES_MAX, SCAN_FAULTS_LISTED_MAX};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Where in a record: key, value or header, and the path within.
pub type Place = (&'static str, String);

/// One topic's counts.
#[derive(Debug, Default)]
pub struct Topic {
    /// Partitions it has.
    pub partitions: usize,
    /// Those whose sample was read whole.
    pub whole: usize,
    /// Records looked at.
    pub records: u64,
    /// Bytes of their batches, as they lie.
    pub bytes: u64,
    /// What was found, by detector, the likeliest first.
    pub rows: BTreeMap<(DetectorId, Reverse<Likelihood>), Row>,
    /// What kept some of it from being read.
    pub faults: Vec<String>,
    /// Faults past those that are listed.
    pub more_faults: u64,
}

/// Records in which one detector fired, and no likelier than so.
#[derive(Debug, Default)]
pub struct Row {
    /// How many.
    pub records: u64,
    /// Records by place: the first places that were met, up to a bound.
    pub places: BTreeMap<Place, u64>,
    /// Whether there were others.
    pub more_places: bool,
}

/// The findings of one batch, gathered by record.
#[derive(Debug, Default)]
pub struct Gathered {
    record: Option<u64>,
    found: BTreeMap<DetectorId, (Likelihood, Vec<Place>)>,
}

impl Topic {
    /// With so many partitions, none read.
    pub fn new(partitions: usize) -> Topic {
        Topic {
            partitions,
            ..Topic::default()
        }
    }

    /// Counts a finding; those of a record come one after the other.
    pub fn add(&mut self, gathered: &mut Gathered, seen: &Seen, path: &str) {
        if gathered.record != Some(seen.record) {
            self.settle(gathered);
            gathered.record = Some(seen.record);
        }
        let finding = &seen.finding;
        let new = || (finding.likelihood, Vec::new());
        let (likelihood, places) = gathered.found.entry(finding.detector).or_insert_with(new);
        *likelihood = finding.likelihood.max(*likelihood);
        let place = (finding.part.name(), any_element(path));
        if !places.contains(&place) && places.len() <= SAMPLE_PLACES_MAX {
            places.push(place);
        }
    }

    /// Counts the record in hand.
    pub fn settle(&mut self, gathered: &mut Gathered) {
        for (detector, (likelihood, places)) in std::mem::take(&mut gathered.found) {
            let row = self
                .rows
                .entry((detector, Reverse(likelihood)))
                .or_default();
            row.records += 1;
            for place in places {
                let room = row.places.len() < SAMPLE_PLACES_MAX;
                match row.places.get_mut(&place) {
                    Some(count) => *count += 1,
                    None if room => drop(row.places.insert(place, 1)),
                    None => row.more_places = true,
                }
            }
        }
        gathered.record = None;
    }

    /// Adds a fault.
    pub fn fault(&mut self, fault: impl ToString) {
        if self.faults.len() < SCAN_FAULTS_LISTED_MAX {
            self.faults.push(fault.to_string());
        } else {
            self.more_faults += 1;
        }
    }

    /// Records in which a detector fired, however likely.
    pub fn records_with(&self, detector: DetectorId) -> u64 {
        let rows = self.rows.iter().filter(|((id, _), _)| *id == detector);
        rows.map(|(_, row)| row.records).sum()
    }

    /// So many of its records, in percent.
    pub fn share(&self, records: u64) -> f64 {
        100.0 * records as f64 / self.records.max(1) as f64
    }
}

/// `cards[3].number` → `cards[*].number`: which element it was differs from record to record.
fn any_element(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = after.split_at(digits);
        let element = digits > 0 && behind.starts_with(']');
        out.push_str(before);
        out.push('[');
        out.push_str(if element { "*" } else { number });
        rest = behind;
    }
    out + rest
}

/// A place in words: `value`, `value customer.ssn`.
pub fn shown((part, path): &Place) -> String {
    match path.is_empty() {
        true => (*part).to_owned(),
        false => format!("{part} {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Field, Finding, Form, Part};

    fn seen(record: u64, detector: u8, likelihood: Likelihood) -> Seen {
        let (start, end, part) = (0, 1, Part::Value);
        let field = Field {
            record: 0,
            part,
            start,
            end,
        };
        let finding = Finding {
            detector: DetectorId(detector),
            likelihood,
            record: 0,
            part,
            form: Form::Plain,
            start,
            end,
        };
        Seen {
            finding,
            field,
            record,
            start: 0,
            end: 1,
        }
    }

    #[test]
    fn a_record_counts_once_by_its_likeliest_finding() {
        use Likelihood::{Certain, Likely};
        let (mut topic, mut gathered) = (Topic::new(1), Gathered::default());
        for (record, detector, likelihood, path) in [
            (0, 0, Likely, "a[0]"),
            (0, 0, Certain, "a[17].b"),
            (0, 1, Likely, ""),
            (1, 0, Likely, "a[1]"),
        ] {
            topic.add(&mut gathered, &seen(record, detector, likelihood), path);
        }
        topic.settle(&mut gathered);
        topic.records = 4;
        let rows: Vec<_> = topic
            .rows
            .iter()
            .map(|((id, l), row)| (id.0, l.0, row.records))
            .collect();
        assert_eq!(rows, [(0, Certain, 1), (0, Likely, 1), (1, Likely, 1)]);
        assert_eq!(topic.records_with(DetectorId(0)), 2);
        assert!((topic.share(2) - 50.0).abs() < 1e-9);
        let places: Vec<_> = topic
            .rows
            .values()
            .flat_map(|row| row.places.keys())
            .map(shown)
            .collect();
        assert_eq!(
            places,
            ["value a[*]", "value a[*].b", "value a[*]", "value"]
        );
    }

    #[test]
    fn places_are_bounded() {
        let (mut topic, mut gathered) = (Topic::new(1), Gathered::default());
        for n in 0..100u64 {
            topic.add(
                &mut gathered,
                &seen(n, 0, Likelihood::Likely),
                &format!("f{n}"),
            );
        }
        topic.settle(&mut gathered);
        let row = topic.rows.values().next();
        assert!(row.is_some_and(|r| r.records == 100
            && r.more_places
            && r.places.len() == SAMPLE_PLACES_MAX));
    }

    #[test]
    fn only_numbers_in_brackets_are_elements() {
        for (path, want) in [
            ("a[12]", "a[*]"),
            ("[0][1]", "[*][*]"),
            ("a[", "a["),
            ("a[x]", "a[x]"),
            ("a[1", "a[1"),
        ] {
            assert_eq!(any_element(path), want);
        }
    }
}
