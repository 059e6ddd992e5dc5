//! Payment card number.
//!
//! Rule: 12–19 digits whose last is a Luhn check digit and whose first belong to an issuer that
//! uses that length. Source: ISO/IEC 7812-1 (numbering, Annex B: the check digit) and the networks'
//! published prefix ranges (`issuers`).
//!
//! Owns: that rule and which groupings speak for it. Refuses: a part of a longer run of digits.
//! Stays true: bare digits with checksum and prefix are likely (2.3 % of random 16-digit numbers
//! pass); printed as issuers print them, certain; in any other grouping only possible; a keyword
//! near adds one step, and a rare issuer takes one away. The search slides from group to group, so in `9999 4321 9999 9999 9995 1234`
//! the card that starts at the second group is seen.

mod issuers;
mod tail;

use crate::chunk::Likelihood;
use crate::scan::checks::{luhn, value};
use crate::scan::cluster::{
    Cluster, Group, clean_back, clean_front, groups, hyphenated_on, in_hex_row,
};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};
use issuers::{DIGITS_MAX, DIGITS_MIN, Issuer, lengths};
use std::ops::Range;
use tail::Tail;

/// Words that say "card number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "card",
    "cards",
    "credit card",
    "creditcard",
    "debit card",
    "cc",
    "ccn",
    "pan",
    "primary account number",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "jcb",
    "diners",
    "maestro",
    "unionpay",
];

/// The table's row. PCI DSS 4.0 §3.4.1: at most the first six and the last four may be shown.
pub(super) const DETECTOR: Detector = Detector {
    name: "payment_card",
    title: "payment card number",
    rule: "issuer prefix, length and Luhn check digit",
    source: "ISO/IEC 7812-1; published issuer ranges",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 6,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

/// Group lengths as cards, statements and forms print them, in decimal.
#[rustfmt::skip]
const PRINTED: &[u32] = &[
    4441, 4333, 464, 4442, 465, 4443, 4444, 4445, 44_441, 44_442, 44_443,
];
/// The one with a group of two figures: six digits, and thirteen.
const SIX_THIRTEEN: (usize, usize) = (6, 20);

/// Whether digits without separators are a card number.
fn fits(digits: &[u8]) -> bool {
    card(digits).is_some()
}

/// Whether digits without separators are likely a card number with no word beside them.
pub(super) fn is_likely(digits: &[u8]) -> bool {
    card(digits) == Some(Issuer::Usual)
}

/// Whose card number the digits are.
fn card(digits: &[u8]) -> Option<Issuer> {
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let [a, b, c, d, ..] = digits else {
        return None;
    };
    let four = [a, b, c, d];
    let four = four
        .iter()
        .fold(0, |n, digit| n * 10 + usize::from(value(**digit)));
    let issuer = lengths(four).issuer(digits.len())?;
    luhn(digits, 0).then_some(issuer)
}

fn may_be_first(byte: u8) -> bool {
    (b'1'..=b'6').contains(&byte)
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    let field = scene.text;
    let mut all = groups(field, cluster);
    let Some(only) = all.next() else { return };
    if only.end + 1 >= cluster.end {
        return bare(scene, only, sink);
    }
    let mut tail = Tail::default();
    for group in std::iter::once(only).chain(all) {
        if group.len() > DIGITS_MAX {
            tail = Tail::default(); // nothing reaches across it
            continue;
        }
        tail.push(field, group);
        if clean_back(field, group.end) {
            tail.cards(|start, issuer| judge(scene, start..group.end, issuer, sink));
        }
    }
}

/// A cluster of one group: by far the most frequent, and cheaper without running sums.
fn bare(scene: &Scene<'_>, digits: Group, sink: &mut Sink<'_>) {
    let field = scene.text;
    let span = digits.start..digits.end;
    let clean = clean_front(field, span.start) && clean_back(field, span.end);
    if !may_be_first(field[span.start]) || !clean {
        return;
    }
    if let Some(issuer) = card(&field[span.clone()]) {
        judge(scene, span, issuer, sink);
    }
}

/// Checksum and issuer fit; how usual the issuer is, the grouping and the words around decide how likely
/// it is.
fn judge(scene: &Scene<'_>, span: Range<usize>, issuer: Issuer, sink: &mut Sink<'_>) {
    let field = scene.text;
    let tied = hyphenated_on(field, &span);
    let witnesses = match printed(&field[span.clone()]) {
        Printed::Oddly if tied => return, // UUIDs
        Printed::Oddly => 1,
        Printed::Bare => 2,
        Printed::AsIssued if in_hex_row(field, &span) => 1,
        Printed::AsIssued => 3,
    };
    let against = u8::from(tied) + u8::from(issuer == Issuer::Rare);
    let for_it = witnesses + u8::from(scene.near(&span));
    let likelihood = match for_it.saturating_sub(against) {
        0 => return,
        1 => Likelihood::Possible,
        2 => Likelihood::Likely,
        _ => Likelihood::Certain,
    };
    sink.report(span, likelihood);
}

enum Printed {
    Bare,
    AsIssued,
    Oddly,
}

fn printed(text: &[u8]) -> Printed {
    let Some(first) = text.iter().position(|byte| !byte.is_ascii_digit()) else {
        return Printed::Bare;
    };
    let (mut lens, mut len, mut separators) = (0u32, 0, 0);
    for byte in text {
        if byte.is_ascii_digit() {
            len += 1;
            continue;
        }
        separators += 1;
        // Nothing is printed in more than five groups, or with two kinds of separators.
        if separators > 4 || text.get(first) != Some(byte) {
            return Printed::Oddly;
        }
        (lens, len) = (lens * 10 + len, 0);
    }
    let six_thirteen = (first, text.len()) == SIX_THIRTEEN && separators == 1;
    if six_thirteen || (len < 10 && first < 7 && PRINTED.contains(&(lens * 10 + len))) {
        Printed::AsIssued
    } else {
        Printed::Oddly
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely, Possible};

    fn one(text: &str, number: &str, likelihood: Likelihood) {
        assert_eq!(
            found("payment_card", text),
            [(number.to_owned(), likelihood)],
            "{text}"
        );
    }

    /// The networks' own test numbers.
    const VALID: &[&str] = &[
        "4111111111111111",
        "4012888888881881",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "2720992593319364",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "36148900647913",
        "3530111333300000",
        "3566002020360505",
        "4716461583322103221",
        "6222026705960701942",
        "6200000000000005",
        "6205500000000000004",
    ];

    /// Acquirers' test numbers of Maestro, Mir, long Diners Club cards and JCB's old series, and what
    /// generators make of JCB's block.
    const RARE: &[&str] = &[
        "50339619890917",
        "586824160825533338",
        "6759411100000008",
        "6759560045005727054",
        "6304000000000000",
        "3056930009020004",
        "2200000000000004",
        "3522170430305486",
        "3594215291086775",
        "180012345678905",
    ];

    #[test]
    fn a_rare_issuer_needs_a_word_or_its_print() {
        for number in RARE {
            assert!(fits(number.as_bytes()), "{number}");
            one(number, number, Possible);
            one(&format!("Maestro {number}"), number, Likely);
            one(&format!("{{\"card_number\":\"{number}\"}}"), number, Likely);
        }
        one("6759 4111 0000 0008", "6759 4111 0000 0008", Likely);
        one("card 6759 4111 0000 0008", "6759 4111 0000 0008", Certain);
        one("card 501800000009", "501800000009", Likely); // twelve digits
        assert_eq!(found("payment_card", "501800000009"), []);
        assert_eq!(found("payment_card", "67594-11100000-008"), []);
    }

    #[test]
    fn test_numbers_of_the_networks() {
        for number in VALID {
            assert!(fits(number.as_bytes()), "{number}");
            one(number, number, Likely);
            one(&format!("{{\"pan\":\"{number}\"}}"), number, Certain);
            one(&format!("x={number},"), number, Likely);
        }
    }

    #[test]
    fn printed_as_issued_is_certain() {
        for number in [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "3782 822463 10005",
            "3056 930902 5904",
            "4716 4615 8332 2103 221",
        ] {
            one(number, number, Certain);
            one(&format!("paid with {number}."), number, Certain);
        }
    }

    #[test]
    fn other_groupings_are_possible_and_likely_with_context() {
        one(
            "41 11 11 11 11 11 11 11",
            "41 11 11 11 11 11 11 11",
            Possible,
        );
        one("4111 1111-1111 1111", "4111 1111-1111 1111", Possible);
        one(
            "card: 41 11 11 11 11 11 11 11",
            "41 11 11 11 11 11 11 11",
            Likely,
        );
        assert_eq!(found("payment_card", "a716-41111111-11111111-x"), []);
    }

    #[test]
    fn one_wrong_digit_is_nothing() {
        for number in VALID {
            for i in 0..number.len() {
                let mut wrong = number.as_bytes().to_vec();
                wrong[i] = b'0' + (wrong[i] - b'0' + 1) % 10;
                assert!(!fits(&wrong), "{number} at {i}");
            }
        }
    }

    #[test]
    fn the_search_slides_over_groups_and_not_into_runs() {
        one(
            "9999 4321 9999 9999 9995 1234 5678 9000",
            "4321 9999 9999 9995",
            Certain,
        );
        for text in [
            "94111111111111111",
            "41111111111111119",
            "x4111111111111111",
            "4111111111111111a",
            "0.4111111111111111",
        ] {
            assert_eq!(found("payment_card", text), [], "{text}");
        }
        one("4111111111111111.00", "4111111111111111", Likely);
    }

    #[test]
    fn a_card_within_a_card_is_told_once() {
        // The 16 digits are a card, and so are all 19.
        let text = "4111 1111 1111 1111 110";
        assert!(fits(b"4111111111111111110"));
        one(text, text, Certain);
    }
}
