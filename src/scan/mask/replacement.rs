//! Which texts may stand in the place of what a mask hides.
//!
//! Owns: that rule. Refuses: the record it will be in: a text is allowed when it can do no harm in any. Stays
//! true: such a text needs no escape in JSON, XML or between quotes, holds nothing that a detector looks
//! for, and no word that would speak for a value near it.

use super::super::words::Words;
use super::super::{DETECTORS, Engine, Scratch, every_detector};
use crate::chunk::{DetectorId, Field, Part};
use crate::limits::MASK_REPLACE_BYTES_MAX;

/// Characters with a meaning in JSON, XML, or between quotes.
const MEANINGFUL: [char; 6] = ['"', '\'', '\\', '<', '>', '&'];

/// What is wrong with a text for `replace`; none when it may be used.
pub fn replacement_fault(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("an empty text".to_owned());
    }
    if text.len() > MASK_REPLACE_BYTES_MAX {
        return Some(format!("a text over {MASK_REPLACE_BYTES_MAX} bytes"));
    }
    let meaningful = |c: &char| c.is_control() || MEANINGFUL.contains(c);
    if let Some(c) = text.chars().find(meaningful) {
        return Some(format!("a text with `{}`", c.escape_default()));
    }
    if let Some(word) = keyword_in(text) {
        return Some(format!("a text with `{word}`, which detectors look for"));
    }
    let (engine, mut found) = (Engine::new(every_detector()), Vec::new());
    let whole = Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: text.len() as u32,
    };
    let fields = std::iter::once(whole);
    engine.scan(text.as_bytes(), fields, &mut Scratch::new(), &mut found);
    let name = found
        .first()
        .map(|finding| DETECTORS.get(usize::from(finding.detector.0)));
    name.flatten()
        .map(|row| format!("a text that `{}` finds", row.name))
}

fn keyword_in(text: &str) -> Option<&str> {
    let mut words = Words::new();
    for (row, id) in DETECTORS.iter().zip(0..) {
        row.keywords.iter().for_each(|word| {
            words.insert(word, DetectorId(id));
        });
    }
    (0..text.len()).find_map(|at| {
        let (end, _) = words.at(text.as_bytes(), at)?;
        text.get(at..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_harm_is_refused() {
        for fine in ["REDACTED", "[gone]", "***", "0", "masqué (SEC-12)"] {
            assert_eq!(replacement_fault(fine), None, "{fine}");
        }
        for bad in [
            "",
            " ",
            "a\"b",
            "a\\b",
            "<gone>",
            "it's",
            "a\nb",
            "my SSN",
            "no creditCard",
            "536-90-4399",
            "4111111111111111",
            &"x".repeat(65),
        ] {
            assert!(replacement_fault(bad).is_some(), "{bad}");
        }
        let said = replacement_fault("card hidden");
        assert_eq!(
            said.as_deref(),
            Some("a text with `card`, which detectors look for")
        );
    }
}
