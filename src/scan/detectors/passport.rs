//! Passport number.
//!
//! Rule: six to nine letters and digits, at most three letters in front and one behind, five digits or more,
//! beside a word for passports. Source: ICAO Doc 9303-4 §4.2.2 (at most nine characters) and the forms in
//! use: United States a letter and eight digits or nine digits, United Kingdom nine digits, most others one
//! to three letters and six to eight digits.
//!
//! Owns: that form and the words. Refuses: a number without a word; there is no checksum outside the
//! machine-readable zone, and nine digits may be anything. Stays true: the first thing with digits
//! after the word is the passport's number or nothing is.

use crate::chunk::Likelihood;
use crate::scan::blank::is_masked_number;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted};
use std::ops::Range;

/// Words that say "passport number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "passport",
    "passports",
    "passport no",
    "passport num",
    "passport number",
    "passport id",
    "passport card",
    "passeport",
    "reisepass",
    "reisepassnummer",
    "pasaporte",
    "passaporto",
    "travel document",
    "passportnumber",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "passport",
    title: "passport number",
    rule: "six to nine letters and digits beside a word for passports",
    source: "ICAO Doc 9303-4 §4.2.2; issuers' forms",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 0,
    keep_last_max: KEEP_LAST_MAX,
    triggers: &[Trigger::Keyword(find)],
    fits: |text| value(text, 0).is_some_and(|span| span == (0..text.len())),
};

const KEEP_LAST_MAX: u8 = 3;

const WANTED: Wanted = Wanted {
    parse: value,
    unless: &[
        "expires",
        "expiry",
        "expiration",
        "expired",
        "issued",
        "issue",
        "valid",
        "dob",
        "born",
        "phone",
        "photo",
    ],
    both_sides: false,
    digits: true,
};

fn find(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    if let Some(span) = letters_of(scene.text, word.span.end) {
        return sink.report(span, Likelihood::Likely);
    }
    values::visit(scene.text, word, &WANTED, |span| {
        sink.report(span, Likelihood::Likely)
    });
}

/// `passport ID123456`: what reads as the word's end is the number's letters.
fn letters_of(text: &[u8], end: usize) -> Option<Range<usize>> {
    let (before, rest) = text.split_at_checked(end)?;
    rest.first().filter(|byte| byte.is_ascii_digit())?;
    let capitals = before.iter().rev().take(LETTERS_MAX + 1);
    let letters = capitals
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    value(text, end - letters).filter(|_| (1..=LETTERS_MAX).contains(&letters))
}

/// Letters in front of a number.
const LETTERS_MAX: usize = 3;

fn value(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let front = rest
        .iter()
        .take(LETTERS_MAX + 1)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    // `AB 1234567` is printed so; only capitals, or any short word before a number would do.
    let capitals = rest.get(..front)?.iter().all(u8::is_ascii_uppercase);
    let space = usize::from((1..=2).contains(&front) && capitals && rest.get(front) == Some(&b' '));
    let digits = rest
        .get(front + space..)?
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let mut end = front + space + digits;
    let behind = usize::from(rest.get(end).is_some_and(u8::is_ascii_uppercase));
    end += behind;
    let number = rest.get(front + space..front + space + digits)?;
    let len = front + digits + behind;
    let fits = front <= LETTERS_MAX
        && rest.get(..front)? != b"v"
        && digits >= 5
        && (6..=9).contains(&len)
        && !(front == 0 && is_masked_number(number, KEEP_LAST_MAX.into()))
        && edges::ends(rest, end)
        && !is_tied(text, at);
    fits.then_some(at..at + end)
}

/// Something stands joined to its front.
fn is_tied(text: &[u8], at: usize) -> bool {
    match edges::before(text, at) {
        [.., before, b'-' | b'.' | b'/'] => before.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<String> {
        found("passport", text)
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn forms_in_use() {
        for number in [
            "C03005988",
            "340020013",
            "123456789",
            "AB123456",
            "AB 1234567",
            "L8988901C",
            "X1234567",
            "YA1234567",
            "G1234567",
            "123456",
            "ID100000",
            "NO1234567",
        ] {
            for text in [
                format!("passport number {number}."),
                format!("Passport No: {number}"),
                format!("My passport is {number}, thanks"),
                format!("{{\"passportNumber\":\"{number}\"}}"),
                format!("{{\"passport\":{{\"number\":\"{number}\"}}}}"),
                format!("<passport_no>{number}</passport_no>"),
                format!("passport,{number}"),
                format!("{number} is my passport number"),
            ] {
                assert_eq!(numbers(&text), [number], "{text}");
            }
        }
    }

    #[test]
    fn not_passports() {
        for text in [
            "C03005988",
            "order C03005988",
            "passport 12345",
            "passport 1234567890",
            "passport ABCD12345",
            "passport expires 20290101",
            "passport issued 2019-01-02",
            "passport 12/03/2019 12345678",
            "passport.js v123456",
            "passport-id-3f2504e0-4f89",
            "passport_count=123456",
            "passport 900000",
            "passport 123-456789",
            "require('passport'); // 123456789_x",
            "{\"passport\":null,\"id\":123456789}",
        ] {
            assert_eq!(numbers(text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(number in "[A-Z]{1,2}[1-9][0-9]{5,6}", place in 0usize..4) {
            let text = match place {
                0 => format!("The passport number is {number}."),
                1 => format!("{{\"id\":1,\"passport\":\"{number}\"}}"),
                2 => format!("<p><passport>{number}</passport></p>"),
                _ => format!("name;passport {number};x"),
            };
            prop_assert_eq!(numbers(&text), [number]);
        }
    }
}
