//! What the user's detectors find in a field.
//!
//! Owns: words that are findings, the values of named fields, and patterns. Refuses: to compile
//! anything (`custom`). Stays true: a field's value is found whatever it is; what a user names is what he
//! gets.

use super::Vocabulary;
use super::look::Here;
use super::scene::Word;
use super::settle::Found;
use crate::chunk::{DetectorSet, Likelihood};
use std::ops::Range;

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
    for (id, _) in customs
        .fields
        .iter()
        .filter(|(id, _)| detectors.contains(*id))
    {
        if let Some(value) = value_of(here.text, &word.span) {
            here.sink(*id, found).report(value, Likelihood::Likely);
        }
    }
}

/// Runs the patterns whose bit is set over the whole field.
pub(super) fn patterns(vocabulary: &Vocabulary, here: &Here<'_>, found: &mut Vec<Found>) {
    let which = vocabulary.customs.possible(here.text);
    for (index, (id, pattern)) in vocabulary.customs.patterns.iter().enumerate() {
        if which.checked_shr(index as u32).unwrap_or(0) & 1 == 1 {
            let mut sink = here.sink(*id, found);
            pattern
                .matches(here.text)
                .for_each(|span| sink.report(span, Likelihood::Likely));
        }
    }
}

/// The value of the field whose whole name is `name`: in JSON without its quotes; in `name=value`,
/// `name: value` and `<name>value<` up to what ends it.
fn value_of(text: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let before = text[..name.start].last();
    let rest = text.get(name.end..)?;
    if let (Some(b'"'), Some(after)) = (before, rest.strip_prefix(b"\"")) {
        let after = after
            .trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start();
        let start = text.len() - after.len();
        return json_value(text, start);
    }
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return None;
    }
    let after = match rest.first()? {
        b'=' | b'>' => &rest[1..],
        b':' => rest[1..].trim_ascii_start(),
        _ => return None,
    };
    let start = text.len() - after.len();
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'&' | b'<' | b'"' | b'\'')
    };
    let len = after.iter().position(ends).unwrap_or(after.len());
    (len > 0).then(|| start..start + len)
}

/// A string without its quotes, or a number; nothing for what holds others, `null`, `true` and `false`.
fn json_value(text: &[u8], start: usize) -> Option<Range<usize>> {
    let value = text.get(start..)?;
    if let Some(string) = value.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = string.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let len = end.unwrap_or(string.len());
        return (len > 0).then(|| start + 1..start + 1 + len);
    }
    let number =
        |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let len = value.iter().take_while(number).count();
    (len > 0).then(|| start..start + len)
}
