//! Everything an engine looks for: rows, words and literals of the detectors it was made for.
//!
//! Owns: that choice, made once, sorted by what calls on whom. Refuses: to change afterwards. Stays
//! true: immutable, so any number of cores may share one.

use super::DETECTORS;
use super::candidates::Wants;
use super::cluster::Cluster;
use super::custom::Custom;
use super::customs::Customs;
use super::detector::{Detector, Trigger};
use super::parts::Parts;
use super::scene::{Scene, Sink, Word};
use super::words::Words;
use crate::chunk::{DetectorId, DetectorSet};
use std::sync::Arc;

/// A detector's function for a place.
pub(super) type AtPlace = fn(&Scene<'_>, usize, &mut Sink<'_>);
/// The same for a cluster.
type AtCluster = fn(&Scene<'_>, &Cluster, &mut Sink<'_>);
/// The same for a keyword.
type AtWord = fn(&Scene<'_>, &Word, &mut Sink<'_>);

/// What an engine looks for.
#[derive(Clone)]
pub(super) struct Vocabulary {
    table: &'static [Detector],
    /// The detectors, for the twin.
    #[cfg(test)]
    set: DetectorSet,
    /// Their keywords.
    pub(super) words: Words,
    /// Where a keyword or literal may begin.
    pub(super) parts: Parts,
    /// Those that look at numbers.
    pub(super) numbers: DetectorSet,
    /// Those that look at what stands near their keywords.
    pub(super) worded: DetectorSet,
    /// Whom each kind of place calls on.
    pub(super) calls: Calls,
    /// The user's own.
    pub(super) customs: Customs,
}

/// Whom each kind of place calls on.
#[derive(Clone, Default)]
pub(super) struct Calls {
    pub(super) numbers: Vec<(DetectorId, AtCluster)>,
    pub(super) words: Vec<(DetectorId, AtWord)>,
    pub(super) codes: Vec<(DetectorId, AtPlace)>,
    pub(super) ats: Vec<(DetectorId, AtPlace)>,
    pub(super) dots: Vec<(DetectorId, AtPlace)>,
    pub(super) colons: Vec<(DetectorId, AtPlace)>,
    pub(super) opens: Vec<(DetectorId, AtPlace)>,
    pub(super) literals: Vec<(&'static str, DetectorId, AtPlace)>,
}

impl Calls {
    /// Whether a literal begins the text.
    pub(super) fn begins_literal(&self, text: &[u8]) -> bool {
        let first = text.first().copied();
        let same = |literal: &str| literal.as_bytes().first().copied() == first;
        let mut alike = self.literals.iter().filter(|(literal, ..)| same(literal));
        alike.any(|(literal, ..)| text.starts_with(literal.as_bytes()))
    }

    fn add(&mut self, id: DetectorId, trigger: Trigger) {
        match trigger {
            Trigger::Number(find) => self.numbers.push((id, find)),
            Trigger::Keyword(find) => self.words.push((id, find)),
            Trigger::Code(find) => self.codes.push((id, find)),
            Trigger::At(find) => self.ats.push((id, find)),
            Trigger::Dot(find) => self.dots.push((id, find)),
            Trigger::Colon(find) => self.colons.push((id, find)),
            Trigger::Open(find) => self.opens.push((id, find)),
            Trigger::Literal(texts, find) => {
                let rows = texts.iter().map(|text| (*text, id, find));
                self.literals.extend(rows);
            }
        }
    }
}

impl Vocabulary {
    /// For these detectors.
    pub(super) fn new(set: DetectorSet) -> Vocabulary {
        Vocabulary::with(DETECTORS, Arc::from([]), set)
    }

    /// For these of a table and, with the ids that follow it, of the user's own.
    pub(super) fn with(
        table: &'static [Detector],
        own: Arc<[Custom]>,
        set: DetectorSet,
    ) -> Vocabulary {
        let (mut words, mut calls) = (Words::new(), Calls::default());
        for (id, row) in rows(table, set) {
            for keyword in row.keywords {
                let fits = words.insert(keyword, id);
                debug_assert!(fits, "{keyword}");
            }
            row.triggers
                .iter()
                .for_each(|trigger| calls.add(id, *trigger));
        }
        let customs = Customs::of(own, table.len(), set, &mut words);
        let literals = calls.literals.iter().map(|(text, ..)| text.as_bytes());
        let parts = Parts::new(words.iter().map(|(word, _)| word), literals);
        let fields: DetectorSet = customs.fields.iter().map(|(id, _)| *id).collect();
        let worded: DetectorSet = calls.words.iter().map(|(id, _)| *id).collect();
        Vocabulary {
            table,
            #[cfg(test)]
            set,
            parts,
            numbers: calls.numbers.iter().map(|(id, _)| *id).collect(),
            worded: worded.union(customs.words).union(fields),
            words,
            calls,
            customs,
        }
    }

    /// Its detectors and their rows, ascending.
    #[cfg(test)]
    pub(super) fn rows(&self) -> impl Iterator<Item = (DetectorId, &'static Detector)> + use<> {
        rows(self.table, self.set)
    }

    /// The shapes somebody looks at.
    pub(super) fn wants(&self, views: bool) -> Wants {
        Wants {
            numbers: !self.calls.numbers.is_empty(),
            codes: !self.calls.codes.is_empty(),
            dots: !self.calls.dots.is_empty(),
            colons: !self.calls.colons.is_empty(),
            specials: views || !self.calls.ats.is_empty() || !self.calls.opens.is_empty(),
            views,
        }
    }

    /// The row of a detector of the table.
    pub(super) fn row(&self, id: DetectorId) -> Option<&'static Detector> {
        self.table.get(usize::from(id.0))
    }

    /// One of the user's own.
    pub(super) fn custom(&self, id: DetectorId) -> Option<&Custom> {
        let index = usize::from(id.0).checked_sub(self.table.len())?;
        self.customs.all.get(index)
    }

    /// The name of a detector.
    pub(super) fn name(&self, id: DetectorId) -> &str {
        match self.table.get(usize::from(id.0)) {
            Some(row) => row.name,
            None => self.custom(id).map_or("?", |own| &own.name),
        }
    }

    /// What a detector's findings are, and what it checks.
    pub(super) fn about(&self, id: DetectorId) -> (&str, &str) {
        match self.table.get(usize::from(id.0)) {
            Some(row) => (row.title, row.rule),
            None => self
                .custom(id)
                .map_or(("?", "?"), |own| (&*own.name, own.rule())),
        }
    }
}

fn rows(
    table: &'static [Detector],
    set: DetectorSet,
) -> impl Iterator<Item = (DetectorId, &'static Detector)> {
    let all = table.iter().enumerate();
    all.map(|(index, row)| (DetectorId(index as u8), row))
        .filter(move |(id, _)| set.contains(*id))
}
