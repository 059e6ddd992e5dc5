//! What the user's detectors find in a field.
//!
//! Owns: words that are findings, and patterns. Refuses: to compile anything (`custom`), and to say what
//! a name's value is (`named`). Stays true: what a user names is what he gets, whatever it is.

use super::customs::OwnPattern;
use super::look::Here;
use super::scene::Word;
use super::settle::Found;
use super::{Vocabulary, named};
use crate::chunk::{DetectorSet, Likelihood};

/// A keyword of the vocabulary stands here.
pub(super) fn word(
    vocabulary: &Vocabulary,
    here: &Here<'_>,
    detectors: DetectorSet,
    word: &Word,
    found: &mut Vec<Found>,
) {
    let customs = &vocabulary.customs;
    if customs.fields.is_empty() && customs.words.is_empty() {
        return;
    }
    let own = detectors.intersection(customs.words);
    for id in own.iter() {
        here.sink(id, found)
            .report(word.span.clone(), Likelihood::Likely);
    }
    for (id, paths) in customs
        .fields
        .iter()
        .filter(|(id, _)| detectors.contains(*id))
    {
        if let Some(value) = named::value_of(here.text, &word.span, paths) {
            here.sink(*id, found).report(value, Likelihood::Likely);
        }
    }
}

/// At the field's end: runs the patterns that may match over all of it, and settles where named values lie.
pub(super) fn finish(vocabulary: &Vocabulary, here: &Here<'_>, found: &mut Vec<Found>) {
    let customs = &vocabulary.customs;
    if !customs.patterns.is_empty() {
        let which = customs.possible(here.text);
        for (index, own) in customs.patterns.iter().enumerate() {
            if which.checked_shr(index as u32).unwrap_or(0) & 1 == 1 {
                pattern(own, here, found);
            }
        }
    }
    if !customs.fields.is_empty() && !found.is_empty() {
        named::check(&customs.fields, here, found);
    }
}

/// Every match; where the pattern has keywords, only one near makes it likely.
fn pattern(own: &OwnPattern, here: &Here<'_>, found: &mut Vec<Found>) {
    let mut sink = here.sink(own.id, found);
    for span in own.pattern.matches(here.text) {
        let likely = !own.has_keywords || here.context.is_near(own.id, &span);
        let likelihood = match likely {
            true => Likelihood::Likely,
            false => Likelihood::Possible,
        };
        sink.report(span, likelihood);
    }
}
