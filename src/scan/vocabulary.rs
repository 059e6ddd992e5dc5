//! Everything an engine looks for: rows, words and literals of the detectors it was made for.
//!
//! Owns: that choice, made once. Refuses: to change afterwards. Stays true: immutable, so any number
//! of cores may share one.

use super::DETECTORS;
use super::detector::Detector;
use super::twin;
use super::words::Words;
use crate::chunk::{DetectorId, DetectorSet};

/// What an engine looks for.
#[derive(Clone)]
pub(super) struct Vocabulary {
    /// The detectors.
    pub(super) set: DetectorSet,
    /// Their keywords.
    pub(super) words: Words,
    /// Those that look at numbers.
    pub(super) numbers: DetectorSet,
}

impl Vocabulary {
    /// For these detectors.
    pub(super) fn new(set: DetectorSet) -> Vocabulary {
        let mut vocabulary = Vocabulary {
            set,
            words: Words::new(),
            numbers: DetectorSet::default(),
        };
        let ids: Vec<_> = vocabulary.detectors().collect();
        for id in ids {
            for keyword in vocabulary.row(id).map_or(&[][..], |row| row.keywords) {
                let fits = vocabulary.words.insert(keyword, id);
                debug_assert!(fits, "{keyword}");
            }
        }
        vocabulary.numbers = twin::numbers(&vocabulary);
        vocabulary
    }

    /// Their ids, ascending.
    pub(super) fn detectors(&self) -> impl Iterator<Item = DetectorId> + use<> {
        let set = self.set;
        (0..DETECTORS.len())
            .map(|index| DetectorId(index as u8))
            .filter(move |id| set.contains(*id))
    }

    /// The row of one of them.
    pub(super) fn row(&self, id: DetectorId) -> Option<&'static Detector> {
        Detector::of(id).filter(|_| self.set.contains(id))
    }
}
