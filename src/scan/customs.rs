//! What the user's detectors are called on by.
//!
//! Owns: their words, the paths of their fields, their patterns, and the one search for all literals of those.
//! Refuses: to run a pattern (`own`). Stays true: a pattern that may match in a text is among the possible ones.

use super::custom::{Custom, Kind, Pattern};
use super::words::Words;
use crate::chunk::{DetectorId, DetectorSet};
use aho_corasick::packed::Searcher;
use std::sync::Arc;

/// What the user's detectors are called on by.
#[derive(Clone, Default)]
pub(super) struct Customs {
    /// All of them, asked for or not.
    pub(super) all: Arc<[Custom]>,
    /// Those whose words are findings.
    pub(super) words: DetectorSet,
    /// Those whose words name fields, with the paths.
    pub(super) fields: Vec<(DetectorId, Vec<String>)>,
    /// Those with a pattern; at most 64.
    pub(super) patterns: Vec<OwnPattern>,
    /// Of the patterns, by index: those that run on every field.
    pub(super) always: u64,
    /// The literals of the others, looked for all at once.
    literals: Option<Searcher>,
}

/// A pattern of the user's.
#[derive(Clone)]
pub(super) struct OwnPattern {
    pub(super) id: DetectorId,
    pub(super) pattern: Arc<Pattern>,
    /// Whether one of its keywords must stand near.
    pub(super) has_keywords: bool,
}

impl Customs {
    /// For those of `all` that are in `set`; the first has the id `from`. Adds their words.
    pub(super) fn of(
        all: Arc<[Custom]>,
        from: usize,
        set: DetectorSet,
        words: &mut Words,
    ) -> Customs {
        let mut customs = Customs {
            all: Arc::clone(&all),
            ..Customs::default()
        };
        for (index, custom) in all.iter().enumerate() {
            let id = DetectorId((from + index).min(127) as u8);
            if !set.contains(id) {
                continue;
            }
            for keyword in custom.keywords() {
                words.insert(&keyword, id);
            }
            match &custom.kind {
                Kind::Words(_) => customs.words.insert(id),
                Kind::Fields(paths) => customs.fields.push((id, paths.clone())),
                Kind::Pattern(pattern) => {
                    let bit = 1u64.checked_shl(customs.patterns.len() as u32).unwrap_or(0);
                    if pattern.literal().is_none() {
                        customs.always |= bit;
                    }
                    customs.patterns.push(OwnPattern {
                        id,
                        pattern: Arc::clone(pattern),
                        has_keywords: !custom.near.is_empty(),
                    });
                }
            }
        }
        let literals = customs
            .patterns
            .iter()
            .filter_map(|own| own.pattern.literal());
        customs.literals = Searcher::new(literals);
        customs
    }

    /// Of the patterns, by index: those that may match in the text.
    pub(super) fn possible(&self, text: &[u8]) -> u64 {
        let some = match &self.literals {
            Some(literals) => literals.find(text).is_some(),
            None => self.always != u64::MAX,
        };
        if !some {
            return self.always;
        }
        let has = |pattern: &Pattern| {
            pattern
                .literal()
                .is_some_and(|literal| memchr::memmem::find(text, literal).is_some())
        };
        let own = self
            .patterns
            .iter()
            .enumerate()
            .filter(|(_, own)| has(&own.pattern));
        own.fold(self.always, |all, (index, _)| {
            all | 1u64.checked_shl(index as u32).unwrap_or(0)
        })
    }
}
