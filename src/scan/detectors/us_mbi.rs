//! US Medicare beneficiary identifier.
//!
//! Rule: eleven characters `C A X N A X N A A N N`: C a digit 1–9, N a digit, A a letter but S L O I B Z,
//! X either of the two. Source: Centers for Medicare & Medicaid Services, "Understanding the Medicare
//! Beneficiary Identifier (MBI) Format".
//!
//! Owns: that rule, the hyphens of the card (4 3 4), and the words that speak for it. Refuses: the
//! claim number that it replaced. Stays true: in upper case and with the card's hyphens it is likely by
//! itself; whole it is only possible, for of random tokens of eleven upper-case letters and digits one
//! in ten thousand passes, 900 in 100 MiB of product codes; written in any other way it is nothing without a word.

use crate::chunk::Likelihood;
use crate::scan::code::{self, Case, Code};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::{Speakers, follows_other_name};

/// Words that say "Medicare"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "mbi",
    "mbis",
    "mbi number",
    "medicare",
    "medicare number",
    "beneficiary id",
    "beneficiary identifier",
    "beneficiary number",
    "hicn",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_mbi",
    title: "US Medicare beneficiary identifier",
    rule: "eleven characters, each of its own kind",
    source: "Centers for Medicare & Medicaid Services, MBI format",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 1,
    keep_last_max: 4,
    triggers: &[Trigger::Code(find)],
    fits,
};

/// What stands where.
const SHAPE: &[u8; 11] = b"CAXNAXNAANN";
/// The same, as far as letters and digits go.
const KINDS: code::Shape = code::Shape::of(b"NAXNAXNAANN");
/// The hyphens of `1EG4-TE5-MK73`.
const CARD: u64 = 1 << 4 | 1 << 7;

/// Whether eleven characters are an identifier.
fn fits(text: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(&byte);
    let fits = |(byte, kind): (&u8, &u8)| match (byte.to_ascii_uppercase(), kind) {
        (byte, b'C') => matches!(byte, b'1'..=b'9'),
        (byte, b'N') => byte.is_ascii_digit(),
        (byte, b'A') => letter(byte),
        (byte, _) => byte.is_ascii_digit() || letter(byte),
    };
    text.len() == SHAPE.len() && text.iter().zip(SHAPE).all(fits)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    // Hashes and UUIDs are full of tokens that begin with a digit: most end here.
    let [b'1'..=b'9', second, _, fourth, ..] = scene.text.get(at..).unwrap_or_default() else {
        return;
    };
    if !second.is_ascii_alphabetic() || !fourth.is_ascii_digit() {
        return;
    }
    let read = Code::read(scene.text, at, &KINDS);
    let Some(code) = read.filter(|code| fits(code.characters())) else {
        return;
    };
    let hyphens = code.gaps == CARD && code.separator == Some(b'-');
    // A thousandth of all identifiers has no letter beyond F; so has every hash.
    let hash = code.characters().iter().all(u8::is_ascii_hexdigit);
    let as_issued = code.case == Case::Upper && (hyphens || (code.gaps == 0 && !hash));
    let likelihood = match (Speakers::PLAIN.speak(scene, &code.span), as_issued) {
        (true, true) => Likelihood::Certain,
        (false, true) if hyphens && !follows_other_name(scene.text, at) => Likelihood::Likely,
        (false, true) => Likelihood::Possible,
        (true, false) if matches!(code.gaps, 0 | CARD) => Likelihood::Likely,
        _ => return,
    };
    code.report(likelihood, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one};
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    #[test]
    fn with_the_hyphens_it_is_likely_and_certain_with_a_word() {
        for number in [
            "1EG4TE5MK73",
            "1EG4-TE5-MK73",
            "1EG4TE5MK72",
            "9A00A00AY00",
            "3YY9Y99YY99",
        ] {
            let alone = if number.contains('-') {
                Likely
            } else {
                Possible
            };
            one("us_mbi", number, number, alone);
            one("us_mbi", &format!("id={number};"), number, alone);
            one("us_mbi", &format!("MBI {number}"), number, Certain);
            one(
                "us_mbi",
                &format!("{{\"medicareBeneficiaryId\":\"{number}\"}}"),
                number,
                Certain,
            );
        }
    }

    #[test]
    fn any_other_spelling_needs_a_word() {
        for number in [
            "1eg4te5mk73",
            "1eg4-te5-mk73",
            "1Eg4Te5mK73",
            "1EG4 TE5 MK73",
            "8FC7F05FC55", // could be a hash
        ] {
            assert_eq!(found("us_mbi", number), [], "{number}");
            one("us_mbi", &format!("Medicare: {number}"), number, Likely);
        }
        for text in [
            "mbi 1EG-4TE5-MK73",
            "mbi 1EG4-TE5 MK73",
            "mbi 1EG4-TE5MK73",
            "mbi 1EG4--TE5-MK73",
        ] {
            assert_eq!(found("us_mbi", text), [], "{text}");
        }
    }

    #[test]
    fn characters_in_the_wrong_place() {
        for text in [
            "0EG4TE5MK73",
            "11G4TE5MK73",
            "1EGATE5MK73",
            "1EG4T_5MK73",
            "1EG4TE5MK7A",
            "1EG4TE5M973",
        ] {
            assert_eq!(found("us_mbi", &format!("mbi {text}")), [], "{text}");
        }
        for letter in "SLOIBZ".chars() {
            for at in [1, 2, 4, 5, 7, 8] {
                let mut text = "1EG4TE5MK73".to_owned();
                text.replace_range(at..=at, &letter.to_string());
                assert_eq!(found("us_mbi", &format!("mbi {text}")), [], "{text}");
            }
        }
    }

    #[test]
    fn inside_something_longer_it_is_nothing_and_tied_on_it_is_less_likely() {
        for text in [
            "x1EG4TE5MK73",
            "1EG4TE5MK734",
            "mbi 1EG4TE5MK73A",
            "1EG4TE5MK7",
            "0.1EG4TE5MK73",
        ] {
            assert_eq!(found("us_mbi", text), [], "{text}");
        }
        assert_eq!(found("us_mbi", "1EG4TE5MK73-A"), []);
        one("us_mbi", "1EG4-TE5-MK73-A", "1EG4-TE5-MK73", Possible);
        one(
            "us_mbi",
            "Serial no 1EG4-TE5-MK73",
            "1EG4-TE5-MK73",
            Possible,
        );
        one("us_mbi", "mbi A-1EG4TE5MK73", "1EG4TE5MK73", Likely);
    }

    #[test]
    fn the_share_of_random_tokens_that_pass_is_the_arithmetic_one() {
        let kinds = |kind: u8| match kind {
            b'C' => 9.0,
            b'N' => 10.0,
            b'A' => 20.0,
            _ => 30.0,
        };
        let mut share = 1.0;
        for (at, kind) in SHAPE.iter().enumerate() {
            let fits_here = |byte: &u8| {
                let mut text = *b"1EG4TE5MK73";
                text[at] = *byte;
                fits(&text)
            };
            let some = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                .iter()
                .filter(|byte| fits_here(byte))
                .count() as f64;
            assert_eq!(some, kinds(*kind), "{at}");
            share *= some / 36.0;
        }
        assert!((0.9e-4..1.1e-4).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(number in "[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9][AC-HJKMNP-RT-Y][GHJKMNP-RT-Y][0-9]{2}") {
            prop_assert!(fits(number.as_bytes()));
            anywhere("us_mbi", "mbi", &number, Some(Certain))?;
            anywhere("us_mbi", "medicare", &number.to_lowercase(), Some(Likely))?;
            let card = format!("{}-{}-{}", &number[..4], &number[4..7], &number[7..]);
            anywhere("us_mbi", "beneficiary id", &card, Some(Certain))?;
            prop_assert_eq!(found("us_mbi", &number), [(number.clone(), Possible)]);
            prop_assert_eq!(found("us_mbi", &card), [(card.clone(), Likely)]);
        }
    }
}
