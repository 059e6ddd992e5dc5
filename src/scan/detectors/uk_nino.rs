//! UK National Insurance number.
//!
//! Rule: two letters, six digits, a letter A–D. The first letter is not D F I Q U V, the second not
//! those nor O; BG GB KN NK NT TN ZZ are not used. Source: HM Revenue & Customs, National Insurance
//! Manual NIM39110.
//!
//! Owns: that rule, the spacing it is printed with, and the words that speak for it. Refuses: a number
//! without its last letter. Stays true: in upper case and in the pairs of the card (`AB 12 34 56 C`) it is
//! likely by itself; without the spaces it is only possible, for there is no check digit and 8.5 % of
//! the tokens of that shape pass; written in any other way it is nothing without a word.

use crate::chunk::Likelihood;
use crate::scan::cluster::is_separator;
use crate::scan::code::{Case, Code, Shape, has_shape};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::{Speakers, follows_other_name};

/// Words that say "National Insurance"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "nino",
    "ninos",
    "national insurance",
    "nat ins",
    "nat. ins",
    "n i",
    "ni number",
    "ni no",
    "ni num",
    "insurance number",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "uk_nino",
    title: "UK National Insurance number",
    rule: "prefix in use, six digits, suffix A to D",
    source: "HM Revenue & Customs, National Insurance Manual NIM39110",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 2,
    keep_last_max: 3,
    triggers: &[Trigger::Code(find)],
    fits,
};

const SHAPE: Shape = Shape::of(b"AANNNNNNA");
/// `ni` alone is half of many things; `N.I.` is not.
const SPEAKERS: Speakers = Speakers {
    acronyms: &["ni"],
    ..Speakers::PLAIN
};
/// Separators before these characters: `AB 12 34 56 C`.
const PAIRS: u64 = 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8;

/// Whether nine characters are a number in use.
fn fits(text: &[u8]) -> bool {
    let [first, second, .., last] = text else {
        return false;
    };
    let prefix = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    has_shape(text, b"AANNNNNNA")
        && matches!(last.to_ascii_uppercase(), b'A'..=b'D')
        && !prefix.iter().any(|letter| b"DFIQUV".contains(letter))
        && prefix[1] != b'O'
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&prefix)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    // Hashes and product codes are full of tokens that begin otherwise: they end here.
    let [first, second, _, _, fifth, ..] = scene.text.get(at..).unwrap_or_default() else {
        return;
    };
    let letters = first.is_ascii_alphabetic() && second.is_ascii_alphabetic();
    // A digit of the four, or a separator among them.
    if !letters || !(fifth.is_ascii_digit() || is_separator(*fifth)) {
        return;
    }
    let Some(code) = Code::read(scene.text, at, &SHAPE).filter(|code| fits(code.characters()))
    else {
        return;
    };
    let spaced = code.gaps == PAIRS && code.separator == Some(b' ');
    let as_issued = code.case == Case::Upper && (code.gaps == 0 || spaced);
    // A separator before any character but the start of a pair is no one's spelling.
    let in_parts = code.gaps & !PAIRS == 0;
    let likelihood = match (SPEAKERS.speak(scene, &code.span), as_issued) {
        (true, true) => Likelihood::Certain,
        (false, true) if spaced && !follows_other_name(scene.text, at) => Likelihood::Likely,
        (false, true) => Likelihood::Possible,
        (true, false) if in_parts => Likelihood::Likely,
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
    fn as_issued_it_is_likely_in_pairs_and_certain_with_a_word() {
        for number in [
            "AB123456C",
            "JG103759A",
            "AP019283D",
            "ZX047829C",
            "AB 12 34 56 C",
        ] {
            let alone = if number.contains(' ') {
                Likely
            } else {
                Possible
            };
            one("uk_nino", number, number, alone);
            one("uk_nino", &format!("id={number},"), number, alone);
            one("uk_nino", &format!("NINO: {number}"), number, Certain);
            one(
                "uk_nino",
                &format!("{{\"national_insurance_number\":\"{number}\"}}"),
                number,
                Certain,
            );
            one("uk_nino", &format!("{number} (NI number)"), number, Certain);
        }
    }

    #[test]
    fn any_other_spelling_needs_a_word() {
        for number in [
            "ab123456c",
            "Ab123456C",
            "AB 123456 C",
            "AB123456 C",
            "AB-12-34-56-C",
            "ab 12 34 56 c",
        ] {
            assert_eq!(found("uk_nino", number), [], "{number}");
            one("uk_nino", &format!("NI no. {number}"), number, Likely);
        }
        for text in [
            "nino AB1 23456C",
            "nino AB 12-34 56 C",
            "nino AB  12 34 56 C",
            "nino A B123456C",
        ] {
            assert_eq!(found("uk_nino", text), [], "{text}");
        }
    }

    #[test]
    fn letters_that_are_not_used() {
        let letters = || b'A'..=b'Z';
        let mut prefixes = 0;
        for (first, second) in
            letters().flat_map(|first| letters().map(move |second| (first, second)))
        {
            let number = format!("{}{}123456A", char::from(first), char::from(second));
            prefixes += u32::from(fits(number.as_bytes()));
        }
        assert_eq!(prefixes, 20 * 19 - 7); // of 676: with four suffixes of 26, 8.5 %
        for prefix in [
            "DA", "AD", "FA", "IA", "QQ", "UA", "VA", "AO", "BG", "GB", "KN", "NK", "NT", "TN",
            "ZZ",
        ] {
            assert_eq!(
                found("uk_nino", &format!("nino {prefix}123456A")),
                [],
                "{prefix}"
            );
        }
        assert_eq!(
            letters()
                .filter(|last| fits(&[b"AB123456", &[*last][..]].concat()))
                .count(),
            4
        );
    }

    #[test]
    fn inside_something_longer_it_is_nothing_and_tied_on_it_is_less_likely() {
        for text in [
            "xAB123456C",
            "AB123456C7",
            "7AB123456C",
            "AB1234567C",
            "AB12345C",
            "nino AB123456CD",
        ] {
            assert_eq!(found("uk_nino", text), [], "{text}");
        }
        assert_eq!(found("uk_nino", "AB123456C-7"), []);
        assert_eq!(found("uk_nino", "SKU-AB123456C"), []);
        one("uk_nino", "SKU AB 12 34 56 C", "AB 12 34 56 C", Possible);
        one("uk_nino", "nino SKU-AB123456C", "AB123456C", Likely);
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(number in "[A-Z]{2}[0-9]{6}[A-F]") {
            let valid = fits(number.as_bytes());
            anywhere("uk_nino", "national insurance", &number, valid.then_some(Certain))?;
            anywhere("uk_nino", "nino", &number.to_lowercase(), valid.then_some(Likely))?;
            let pairs = format!("{} {} {} {} {}", &number[..2], &number[2..4], &number[4..6], &number[6..8], &number[8..]);
            anywhere("uk_nino", "nino", &pairs, valid.then_some(Certain))?;
            prop_assert_eq!(found("uk_nino", &number).len(), usize::from(valid));
        }
    }
}
