//! `if: contains`: which records of a batch hold what a rule looks for.
//!
//! Owns: the count and the places. Refuses: to act on a finding that is less likely than the rule asks for,
//! which is `Likely` where it does not say. Stays true: the question is asked of each record alone, so that a client which groups the same
//! records differently when it retries gets the same answer; one more finding never turns a
//! match into a miss.

use super::fields::Fields;
use crate::chunk::{DetectorSet, Finding, Likelihood, Part};

/// A set of the parts of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(u8);

impl Parts {
    /// None yet.
    pub const NONE: Parts = Parts(0);
    /// Key, value and headers.
    pub const ALL: Parts = Parts(0b111);

    /// Adds one.
    pub fn insert(&mut self, part: Part) {
        self.0 |= 1 << part as u8;
    }

    /// Whether it is in the set.
    pub fn contains(self, part: Part) -> bool {
        self.0 & (1 << part as u8) != 0
    }
}

/// Whether one of the detectors is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Any of them.
    Any,
    /// Each of them, in the same record.
    All,
}

/// What a rule looks for in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contains {
    /// The detectors.
    pub detectors: DetectorSet,
    /// Any or all of them.
    pub want: Want,
    /// How many findings of these detectors in one record, all together; at least 1.
    pub at_least: u32,
    /// The parts that are looked at.
    pub parts: Parts,
    /// The least likelihood of a finding that counts.
    pub likelihood: Likelihood,
    /// The fields that are looked at; none: all of them. Whoever asks this condition gives it the findings
    /// that lie there ([`Places`](super::Places)).
    pub fields: Option<Fields>,
}

impl Contains {
    /// Whether a finding speaks for this condition: likely enough, its detector, its part.
    pub fn counts(&self, finding: &Finding) -> bool {
        finding.likelihood >= self.likelihood
            && self.detectors.contains(finding.detector)
            && self.parts.contains(finding.part)
    }

    /// Whether each finding that counts is enough by itself.
    pub fn one_is_enough(&self) -> bool {
        self.want == Want::Any && self.at_least <= 1
    }

    /// Whether any record matches. `findings` are those of one batch.
    pub fn matches(&self, findings: &[Finding]) -> bool {
        if self.one_is_enough() {
            return findings.iter().any(|f| self.counts(f));
        }
        !self.records(findings).is_empty()
    }

    /// The records that match, ascending. `findings` are those of one batch.
    pub fn records(&self, findings: &[Finding]) -> Vec<u32> {
        let sorted: Vec<Finding>;
        let mut by_record = findings;
        if !findings.is_sorted_by_key(|f| f.record) {
            sorted = sort_by_record(findings);
            by_record = &sorted;
        }
        let groups = by_record.chunk_by(|a, b| a.record == b.record);
        groups
            .filter(|group| self.holds_in(group))
            .map(|group| group[0].record)
            .collect()
    }

    fn holds_in(&self, record: &[Finding]) -> bool {
        let mut seen = DetectorSet::default();
        let mut count: u32 = 0;
        for finding in record.iter().filter(|f| self.counts(f)) {
            seen.insert(finding.detector);
            count = count.saturating_add(1);
        }
        let enough = match self.want {
            Want::Any => !seen.is_empty(),
            Want::All => seen == self.detectors,
        };
        enough && count >= self.at_least
    }
}

fn sort_by_record(findings: &[Finding]) -> Vec<Finding> {
    let mut sorted = findings.to_vec();
    sorted.sort_by_key(|f| f.record);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{DetectorId, Form};

    fn finding(detector: u8, record: u32, part: Part, likelihood: Likelihood) -> Finding {
        Finding {
            detector: DetectorId(detector),
            likelihood,
            record,
            part,
            form: Form::Plain,
            start: 0,
            end: 1,
        }
    }

    fn likely(detector: u8, record: u32) -> Finding {
        finding(detector, record, Part::Value, Likelihood::Likely)
    }

    fn contains(detectors: u128, want: Want, at_least: u32) -> Contains {
        Contains {
            detectors: DetectorSet(detectors),
            want,
            at_least,
            parts: Parts::ALL,
            likelihood: Likelihood::Likely,
            fields: None,
        }
    }

    #[test]
    fn counts_within_one_record_only() {
        let two = contains(0b1, Want::Any, 2);
        assert!(!two.matches(&[likely(0, 0), likely(0, 1)]));
        assert_eq!(
            two.records(&[likely(0, 3), likely(0, 1), likely(0, 3)]),
            [3]
        );
        assert_eq!(two.records(&[likely(0, 1), likely(1, 1)]), [0u32; 0]);
    }

    #[test]
    fn all_means_each_detector_in_the_same_record() {
        let both = contains(0b11, Want::All, 1);
        assert!(!both.matches(&[likely(0, 0), likely(1, 1)]));
        assert_eq!(
            both.records(&[likely(0, 0), likely(0, 2), likely(1, 2)]),
            [2]
        );
    }

    #[test]
    fn the_part_and_the_likelihood_count() {
        let mut value_only = contains(0b1, Want::Any, 1);
        value_only.parts = Parts::NONE;
        value_only.parts.insert(Part::Value);
        assert!(!value_only.matches(&[finding(0, 0, Part::Key, Likelihood::Certain)]));
        assert!(!value_only.matches(&[finding(0, 0, Part::Value, Likelihood::Possible)]));
        assert!(value_only.matches(&[finding(0, 0, Part::Value, Likelihood::Likely)]));
        value_only.likelihood = Likelihood::Certain;
        assert!(!value_only.matches(&[finding(0, 0, Part::Value, Likelihood::Likely)]));
        assert!(value_only.matches(&[finding(0, 0, Part::Value, Likelihood::Certain)]));
        value_only.likelihood = Likelihood::Possible;
        assert!(value_only.matches(&[finding(0, 0, Part::Value, Likelihood::Possible)]));
    }
}
