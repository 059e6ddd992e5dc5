//! Words near a number that say what it is.
//!
//! Owns: how near, and what counts as the same word. Refuses: to read more than the few bytes
//! around a candidate. Stays true: the quick answer in `candidates::keywords` is yes wherever
//! [`near`] is, for the keywords of detectors that cannot do without.

use super::candidates;
use std::ops::Range;

/// Bytes that may lie between a keyword and the value, on either side.
pub(super) const GAP_BYTES_MAX: usize = 30;
/// Longest keyword, with its optional separators written out.
const KEYWORD_BYTES_MAX: usize = 18;
/// Bytes looked at on either side.
const WINDOW_BYTES: usize = GAP_BYTES_MAX + KEYWORD_BYTES_MAX;

/// Whether one of the keywords stands on either side of `span`.
///
/// Case does not matter. A space in a keyword matches a space, `_`, `-`, `.` or nothing, so
/// `social security` also matches `social_security` and `socialSecurity`. A keyword is a whole word,
/// or a whole part of a camelCase one: `customerSsn`, not `classname`.
pub(super) fn near(text: &[u8], span: Range<usize>, keywords: &[&str]) -> bool {
    let from = span.start.saturating_sub(WINDOW_BYTES);
    let to = (span.end + WINDOW_BYTES).min(text.len());
    let before = (from..span.start).any(|at| {
        longest_match(text, at, keywords)
            .is_some_and(|end| end <= span.start && span.start - end <= GAP_BYTES_MAX)
    });
    before
        || (span.end..to.min(span.end + GAP_BYTES_MAX + 1))
            .any(|at| longest_match(text, at, keywords).is_some())
}

/// Where a keyword that starts at `at` ends. Every keyword begins with a letter.
fn longest_match(text: &[u8], at: usize, keywords: &[&str]) -> Option<usize> {
    let first = *text.get(at)?;
    if !first.is_ascii_alphabetic() || (at > 0 && same_word(text[at - 1], first)) {
        return None;
    }
    keywords
        .iter()
        .filter_map(|keyword| matches(text, at, keyword.as_bytes()))
        .max()
}

fn matches(text: &[u8], mut at: usize, keyword: &[u8]) -> Option<usize> {
    for want in keyword {
        let byte = text.get(at).copied();
        if *want == b' ' {
            at += usize::from(byte.is_some_and(|b| matches!(b, b' ' | b'_' | b'-' | b'.')));
        } else if byte?.eq_ignore_ascii_case(want) {
            at += 1;
        } else {
            return None;
        }
    }
    let goes_on = text
        .get(at)
        .is_some_and(|next| same_word(text[at - 1], *next));
    (!goes_on).then_some(at)
}

/// Whether two neighbouring letters belong to one word: `sN` in `customerSsnNumber` does not.
fn same_word(left: u8, right: u8) -> bool {
    left.is_ascii_alphabetic()
        && right.is_ascii_alphabetic()
        && !(left.is_ascii_lowercase() && right.is_ascii_uppercase())
}

/// The quick answer of the candidate pass reaches at least as far.
const _: () = assert!(WINDOW_BYTES <= candidates::WINDOW_BYTES);

#[cfg(test)]
mod tests {
    use super::super::Kernel;
    use super::*;
    use proptest::prelude::*;

    const WORDS: &[&str] = &["ssn", "social security", "ss#", "ss no"];

    fn near_number(text: &str) -> bool {
        let start = text.find("123456789").expect("the text has the number");
        near(text.as_bytes(), start..start + 9, WORDS)
    }

    #[test]
    fn words_on_both_sides_in_any_spelling() {
        for text in [
            "ssn 123456789",
            "SSN:123456789",
            "\"ssn\": 123456789",
            "customerSsn=123456789",
            "ssnNumber=123456789",
            "social_security_number: 123456789",
            "socialSecurity 123456789",
            "Social-Security 123456789",
            "123456789 is the SSN",
            "SS# 123456789",
            "ss no. 123456789",
        ] {
            assert!(near_number(text), "{text}");
        }
    }

    #[test]
    fn parts_of_other_words_and_far_words_do_not_count() {
        for text in [
            "className 123456789",
            "lesson 123456789",
            "assn 123456789",
            "social 123456789",
            "ssnx 123456789",
        ] {
            assert!(!near_number(text), "{text}");
        }
    }

    #[test]
    fn the_gap_is_thirty_bytes() {
        for (gap, want) in [
            (1, true),
            (GAP_BYTES_MAX, true),
            (GAP_BYTES_MAX + 1, false),
            (200, false),
        ] {
            assert_eq!(
                near_number(&format!("ssn{}123456789", ".".repeat(gap))),
                want,
                "{gap} before"
            );
            assert_eq!(
                near_number(&format!("123456789{}ssn", ".".repeat(gap))),
                want,
                "{gap} after"
            );
            assert_eq!(
                near_number(&format!("social security{}123456789", " ".repeat(gap))),
                want,
                "{gap} before, long"
            );
        }
    }

    #[test]
    fn every_keyword_fits_the_window_and_begins_with_a_letter() {
        for keyword in super::super::us_ssn::KEYWORDS
            .iter()
            .chain(super::super::payment_card::KEYWORDS)
        {
            assert!(keyword.len() <= KEYWORD_BYTES_MAX, "{keyword}");
            assert!(
                keyword.starts_with(|c: char| c.is_ascii_lowercase()),
                "{keyword}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_quick_answer_is_never_stricter(
            before in "[sSoOcCnN#_ .aly-]{0,50}", after in "[sSoOcCnN#_ .aly-]{0,50}",
            word in proptest::sample::select(vec!["", "ssn", "SSN", "Social Security", "social_security", "soc sec", "ss#", "SS No", "ss-no"]),
            gap in "[ :\"=x]{0,35}",
        ) {
            for text in [format!("{before}{word}{gap}123456789{after}"), format!("{before}123456789{gap}{word}{after}")] {
                let start = text.find("123456789").expect("there");
                let span = start..start + 9;
                let near = near(text.as_bytes(), span.clone(), super::super::us_ssn::KEYWORDS);
                prop_assert!(!near || candidates::keyword_may_be_around(Kernel::best(), text.as_bytes(), span), "{text}");
            }
        }
    }
}
