//! US Drug Enforcement Administration registration number.
//!
//! Rule: a letter for the kind of registrant, a letter of the name (or 9 for a business), seven digits:
//! the last is that of (d1 + d3 + d5) + 2 (d2 + d4 + d6). Source: Drug Enforcement Administration,
//! Diversion Control Division, registration number format (A B F G for practitioners, pharmacies and
//! hospitals, M for mid-level, P R for distributors, X for waivers, and the letters of older business
//! activities: all but I O Q V W Y Z).
//!
//! Owns: that rule and the words that speak for it. Refuses: state licences. Stays true: 7.3 % of the tokens
//! of that shape pass, part numbers among them, so without a word it is only possible, and in lower
//! case, or with a 9 for the name, nothing.

use crate::chunk::Likelihood;
use crate::scan::checks::weighted;
use crate::scan::code::{Case, Code, Shape};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::Speakers;

/// Words that say "DEA"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "dea",
    "dea number",
    "dea no",
    "dea registration",
    "dea license",
    "drug enforcement",
    "prescriber",
    "controlled substance",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_dea",
    title: "US DEA registration number",
    rule: "registrant letter and check digit",
    source: "Drug Enforcement Administration, registration number format",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 2,
    keep_last_max: 4,
    triggers: &[Trigger::Code(find), Trigger::Keyword(find_business)],
    fits,
};

/// Dea is also a given name.
const SPEAKERS: Speakers = Speakers {
    acronyms: &["dea"],
    rival: None,
};

const CHARACTERS: usize = 9;
const SHAPE: Shape = Shape::of(b"AXNNNNNNN");

/// Whether nine characters are a registration number.
fn fits(text: &[u8]) -> bool {
    let [kind, name, digits @ ..] = text else {
        return false;
    };
    let kind = kind.to_ascii_uppercase();
    let [first @ .., check] = digits else {
        return false;
    };
    kind.is_ascii_uppercase()
        && !b"IOQVWYZ".contains(&kind)
        && (name.is_ascii_alphabetic() || *name == b'9')
        && check.is_ascii_digit()
        && weighted(first, &[1, 2, 1, 2, 1, 2])
            .is_some_and(|sum| sum % 10 == u32::from(check - b'0'))
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    // A letter, a letter or nine, a digit; tokens that begin otherwise end here.
    let [first, _, third, ..] = scene.text.get(at..).unwrap_or_default() else {
        return;
    };
    if !first.is_ascii_alphabetic() || !third.is_ascii_digit() {
        return;
    }
    let read = Code::read(scene.text, at, &SHAPE);
    let Some(code) = read.filter(|code| code.gaps == 0 && fits(code.characters())) else {
        return;
    };
    // Without a word, digits of nothing but zero add up too.
    let issued = code.case == Case::Upper && !code.characters().ends_with(b"0000000");
    let likelihood = match (SPEAKERS.speak(scene, &code.span), issued) {
        (true, true) => Likelihood::Certain,
        (true, false) => Likelihood::Likely,
        (false, true) => Likelihood::Possible,
        (false, false) => return,
    };
    code.report(likelihood, sink);
}

/// `F91234563`: no code begins so, therefore the word has to lead to it.
fn find_business(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    let text = scene.text;
    for around in [word.before(), word.after(text)] {
        // A code before the word ends by the end of the range, and may begin before it.
        let from = around.start.saturating_sub(CHARACTERS);
        for at in from..around.end {
            let nine = text.get(at + 1) == Some(&b'9')
                && text.get(at).is_some_and(u8::is_ascii_alphabetic);
            if nine
                && !at
                    .checked_sub(1)
                    .is_some_and(|last| text[last].is_ascii_alphanumeric())
            {
                find(scene, at, sink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one};
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    #[test]
    fn possible_by_itself_and_certain_with_a_word() {
        for number in ["AB1234563", "BB1388568", "FJ1424326", "MR3475621"] {
            let number = &with_check(&number[..8]);
            one("us_dea", number, number, Possible);
            one("us_dea", &format!("DEA#{number}"), number, Certain);
            one(
                "us_dea",
                &format!("{{\"dea_number\":\"{number}\"}}"),
                number,
                Certain,
            );
            one(
                "us_dea",
                &format!("dea {}", number.to_lowercase()),
                &number.to_lowercase(),
                Likely,
            );
            assert_eq!(found("us_dea", &number.to_lowercase()), []);
        }
        assert!(fits(b"AB1234563") && fits(b"FJ1424326")); // as pharmacy handbooks compute them
    }

    #[test]
    fn a_business_is_found_on_either_side_of_a_word() {
        one("us_dea", "DEA number F91234563", "F91234563", Certain);
        one(
            "us_dea",
            "F91234563 is the DEA number",
            "F91234563",
            Certain,
        );
        one("us_dea", "F91234563-001AB (DEA)", "F91234563", Likely);
        one(
            "us_dea",
            "{\"dea\":{\"of\":\"the hospital across the road from us\",\"no\":\"F91234563\"}}",
            "F91234563",
            Certain,
        );
        for text in [
            "F91234563",
            "dea xF91234563",
            "dea F912345637",
            "dea F91234562",
            "dea F91234563x",
        ] {
            assert_eq!(found("us_dea", text), [], "{text}");
        }
    }

    #[test]
    fn near_misses() {
        for text in [
            "AB1234564",
            "IB1234563",
            "ZB1234563",
            "AB 1234563",
            "ABC234563",
            "AB123456",
            "AB12345637",
            "xAB1234563",
        ] {
            assert_eq!(found("us_dea", &format!("dea {text}")), [], "{text}");
        }
        assert_eq!(found("us_dea", "AB0000000"), []);
        one("us_dea", "dea AB0000000", "AB0000000", Likely);
        assert_eq!(found("us_dea", "AB1234563-7"), []);
        one("us_dea", "DEA X-AB1234563", "AB1234563", Likely);
    }

    #[test]
    fn the_share_of_random_tokens_that_pass_is_the_arithmetic_one() {
        let kinds = (b'A'..=b'Z')
            .filter(|kind| fits(&[&[*kind][..], b"B1234563"].concat()))
            .count();
        assert_eq!(kinds, 19);
        let numbers = (0..10_000_000u32).step_by(997);
        let passed = numbers
            .clone()
            .filter(|n| fits(format!("AB{n:07}").as_bytes()))
            .count();
        let share = kinds as f64 / 26.0 * passed as f64 / numbers.count() as f64;
        assert!((share - 0.073).abs() < 0.003, "{share}"); // 19/26 × 1/10
    }

    fn with_check(stem: &str) -> String {
        crate::scan::placed::with_check_digit(stem, fits)
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(stem in "[ABFGMPRX][A-Z][1-9][0-9]{5}") {
            let number = with_check(&stem);
            anywhere("us_dea", "dea", &number, Some(Certain))?;
            anywhere("us_dea", "dea number", &number.to_lowercase(), Some(Likely))?;
            anywhere("us_dea", "dea", &with_check(&format!("F9{}", &stem[2..])), Some(Certain))?;
            prop_assert_eq!(found("us_dea", &number), [(number.clone(), Possible)]);
        }

        // The second, fourth and sixth digit weigh two: five more or less makes no difference there.
        #[test]
        fn a_wrong_digit_is_none(stem in "[ABFGMPRX][A-Z][0-9]{6}", at in 2..9usize, more in 1..10u8) {
            let mut wrong = with_check(&stem).into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + more) % 10;
            let unseen = at % 2 == 1 && more == 5;
            prop_assert_eq!(fits(&wrong), unseen);
        }
    }
}
