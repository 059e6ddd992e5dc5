//! What one input came to.
//!
//! Owns: counts per detector and likelihood, the first places, and what went wrong. Refuses: raw
//! values; a place is numbers, a sample is what a reviewer may see. Stays true: its size does not
//! grow with the input.

use super::examine::Seen;
use super::kind::Kind;
use crate::chunk::{DetectorId, Likelihood, Part};
use crate::limits::{SCAN_FAULTS_LISTED_MAX, SCAN_PLACES_SHOWN_MAX};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One input's counts.
#[derive(Debug, Default)]
pub struct Tally {
    /// What it was read as; none when it could not be opened.
    pub kind: Option<Kind>,
    /// Lines, or records of a segment.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What was found, by detector, the likeliest first.
    pub rows: BTreeMap<(DetectorId, Reverse<Likelihood>), Row>,
    /// What kept some of it, or all, from being read.
    pub faults: Vec<String>,
    /// Faults past those that are listed.
    pub more_faults: u64,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// What one detector found at one likelihood.
#[derive(Debug, Default)]
pub struct Row {
    /// How often.
    pub count: u64,
    /// The first of them.
    pub places: Vec<Place>,
}

/// Where something was found.
#[derive(Debug)]
pub struct Place {
    /// Line or record, from 0.
    pub record: u64,
    /// First byte in the field.
    pub start: u64,
    /// Which field.
    pub part: Part,
    /// Masked text around it, where samples were asked for.
    pub sample: Option<String>,
}

impl Tally {
    /// Counts a finding; `sample` is only asked for when the place is kept.
    pub fn add(&mut self, seen: &Seen, sample: impl FnOnce() -> Option<String>) {
        let finding = &seen.finding;
        let key = (finding.detector, Reverse(finding.likelihood));
        let row = self.rows.entry(key).or_default();
        row.count += 1;
        if row.places.len() < SCAN_PLACES_SHOWN_MAX {
            row.places.push(Place {
                record: seen.record,
                start: seen.start,
                part: finding.part,
                sample: sample(),
            });
        }
    }

    /// Adds a fault.
    pub fn fault(&mut self, fault: impl ToString) {
        if self.faults.len() < SCAN_FAULTS_LISTED_MAX {
            self.faults.push(fault.to_string());
        } else {
            self.more_faults += 1;
        }
    }

    /// How much was found.
    pub fn findings(&self) -> u64 {
        self.rows.values().map(|row| row.count).sum()
    }
}
