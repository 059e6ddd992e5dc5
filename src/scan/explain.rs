//! Why a finding is one, for the people who judge it.
//!
//! Owns: the words that spoke for it, and what was checked. Refuses: bytes of the record: words are given as
//! the detector spells them. Stays true: looks no further than the pass does, and at no more than
//! [`EXPLAINED_BYTES_MAX`] before the finding; it is asked of a few findings, never on the way of clean
//! records.

use super::Engine;
use super::context::{Hit, Scope, gap};
use super::scopes::note_scope;
use crate::chunk::{Field, Finding};
use crate::limits::{EXPLAINED_BYTES_MAX, EXPLAINED_WORDS_MAX};
use std::ops::Range;

/// What a reviewer is told of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained<'e> {
    /// What it is: "US social security number".
    pub title: &'e str,
    /// What was checked.
    pub rule: &'e str,
    /// The keywords that spoke for it, nearest first: those beside it, or, where there are none, those
    /// that name an object or array that holds it. At most [`EXPLAINED_WORDS_MAX`].
    pub words: Vec<&'e str>,
}

impl Engine {
    /// Explains a finding of this engine in this field of the body.
    pub fn explain(&self, body: &[u8], field: Field, finding: &Finding) -> Explained<'_> {
        let (title, rule) = self.vocabulary().about(finding.detector);
        let text = body.get(field.start as usize..field.end as usize);
        let start = finding.start.checked_sub(field.start);
        let end = finding.end.checked_sub(field.start);
        let words = match (text, start, end) {
            (Some(text), Some(start), Some(end)) if start <= end && end as usize <= text.len() => {
                self.words(text, &(start as usize..end as usize), finding)
            }
            _ => Vec::new(),
        };
        Explained { title, rule, words }
    }

    fn words(&self, text: &[u8], span: &Range<usize>, finding: &Finding) -> Vec<&str> {
        let words = &self.vocabulary().words;
        let mut near: Vec<(usize, &str)> = Vec::new();
        for hit in self.reader(text).hits(0, span) {
            if let Some(gap) = gap(&hit, span) {
                let spoken = words.spoken(text, hit.start, finding.detector);
                near.extend(spoken.map(|word| (gap, word)));
            }
        }
        if near.is_empty() {
            near = self.names(text, span, finding);
        }
        near.sort_by_key(|(gap, _)| *gap);
        let mut words: Vec<&str> = Vec::new();
        for (_, word) in near {
            if !words.contains(&word) && words.len() < EXPLAINED_WORDS_MAX {
                words.push(word);
            }
        }
        words
    }

    /// Words that name an object or array around `span`, with how far before it they end.
    fn names(&self, text: &[u8], span: &Range<usize>, finding: &Finding) -> Vec<(usize, &str)> {
        let words = &self.vocabulary().words;
        let mine = std::iter::once(finding.detector).collect();
        let mut scopes: Vec<Scope> = Vec::new();
        let mut names = Vec::new();
        for at in span.start.saturating_sub(EXPLAINED_BYTES_MAX)..span.start {
            let hit = Hit::at(words, text, 0, at);
            let Some(hit) = hit.filter(|hit| hit.detectors.contains(finding.detector)) else {
                continue;
            };
            scopes.retain(|scope| scope.end > at);
            let hit = Hit {
                detectors: mine,
                ..hit
            };
            let scope = note_scope(&mut scopes, text, 0, &hit);
            if scope.is_some_and(|scope| scope.start <= span.start && span.end <= scope.end) {
                let spoken = words.spoken(text, at, finding.detector);
                names.extend(spoken.map(|word| (span.start - hit.end, word)));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::engine::tests::{all_detectors, field, scan};
    use super::super::{Custom, DETECTORS, Scratch, detector};
    use super::*;
    use crate::chunk::{DetectorId, DetectorSet};
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        let engine = Engine::new(all_detectors());
        let whole = field(0, text.len());
        let ssn = detector("us_ssn").unwrap();
        let all = scan(text.as_bytes(), &[whole]).into_iter();
        let mine = all.filter(|finding| finding.detector == ssn);
        mine.flat_map(|finding| engine.explain(text.as_bytes(), whole, &finding).words)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_words_that_spoke_are_told() {
        assert_eq!(words("SSN 536904399"), ["ssn"]);
        assert_eq!(
            words("Social-Security no. (SSN): 536904399"),
            ["ssn", "social security"]
        );
        assert_eq!(words("536-90-4399"), [""; 0]);
        assert_eq!(
            words("536904399 is my social_security"),
            ["social security"]
        );
        let far = format!(r#"{{"ssns":["{}",536904399]}}"#, "x".repeat(100));
        assert_eq!(words(&far), ["ssns"]);
        let other = format!(r#"{{"ssns":["{}"],"a":"536-90-4399"}}"#, "x".repeat(100));
        assert_eq!(words(&other), [""; 0]);
    }

    #[test]
    fn the_users_own_are_explained_too() {
        let own = Custom::pattern("employee".into(), r"EMP-\d{6}").unwrap();
        let own = own.near(&["badge".to_owned()]).unwrap();
        let mut set = DetectorSet::default();
        set.insert(DetectorId(DETECTORS.len() as u8));
        let engine = Engine::with([own].into(), set);
        let text = b"badge EMP-123456";
        let whole = field(0, text.len());
        let mut out = Vec::new();
        engine.scan(text, [whole].into_iter(), &mut Scratch::new(), &mut out);
        let told = engine.explain(text, whole, &out[0]);
        assert_eq!((told.title, told.words), ("employee", vec!["badge"]));
        assert!(told.rule.starts_with("a pattern"));
    }

    proptest! {
        /// Where a word is told, the engine had one; and the other way round.
        #[test]
        fn words_are_told_where_the_scan_heard_one(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "536904399", "ssn", "social security", " ", ", ", ": ", "\"", "{", "}", "[", "]", "xxxxxxxxxxxx ", "\"ssn\":{", "\"ssn\":[",
            ]), 0..40),
        ) {
            let text = pieces.concat();
            let bare = detector("us_ssn").unwrap();
            let engine = Engine::new(all_detectors());
            let whole = field(0, text.len());
            for finding in scan(text.as_bytes(), &[whole]) {
                let told = engine.explain(text.as_bytes(), whole, &finding);
                // Nine bare digits are none without a word.
                prop_assert!(finding.detector != bare || !told.words.is_empty(), "{}", text);
            }
        }

        #[test]
        fn spans_that_lie_are_survived(
            body in proptest::collection::vec(any::<u8>(), 0..60), spans: [u32; 4],
        ) {
            let engine = Engine::new(all_detectors());
            let [a, b, c, d] = spans.map(|at| at % 80);
            let one = scan(b"ssn 536904399", &[field(0, 13)])[0];
            let finding = Finding { start: c, end: d, ..one };
            engine.explain(&body, field(a as usize, b as usize), &finding);
        }
    }
}
