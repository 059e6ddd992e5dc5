//! US employer identification number.
//!
//! Rule: `PP-SSSSSSS`, the prefix one that a campus of the IRS, its web site or the Small Business
//! Administration assigns. Source: Internal Revenue Service, "How EINs are assigned and valid EIN
//! prefixes"; 26 CFR 301.6109-1 (the hyphen).
//!
//! Owns: that rule and the words that speak for it. Refuses: a checksum; there is none. Stays true:
//! 83 % of all nine-digit numbers pass, so without a word even the hyphen is only possible, and bare
//! is nothing. `12-3456789` by itself is not looked at: `Trigger::Number` calls for ten bytes only where some
//! number's word is near, so it comes out as possible beside another detector's word or in a longer cluster.

use crate::chunk::Likelihood;
use crate::scan::checks::value;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::{Rival, Speakers};

/// Words that say "employer's tax number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "ein",
    "eins",
    "fein",
    "feins",
    "employer id",
    "employer identification",
    "employer identifier",
    "employer number",
    "employer tax id",
    "federal id",
    "federal tax",
    "federal employer",
    "tax id",
    "tax ids",
    "tax identification",
    "taxpayer id",
    "taxpayer identification",
    "irs number",
    "irs no",
    "tin",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_ein",
    title: "US employer identification number",
    rule: "prefix that the IRS assigns",
    source: "Internal Revenue Service, valid EIN prefixes",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 2,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

const PRINTED: Printed = Printed {
    digits: 9,
    groups: &[2, 7],
    alone: Likelihood::Possible,
    with_word: Likelihood::Likely,
    fits,
    speakers: SPEAKERS,
};

/// `ein` is German for one, `tin` a metal. And a taxpayer may be a person: digits that fit an ITIN are one
/// unless a word says employer.
const SPEAKERS: Speakers = Speakers {
    acronyms: &["ein", "eins", "tin"],
    rival: Some(Rival {
        fits: super::us_itin::fits,
        shared: &[
            "tax id",
            "tax ids",
            "tax identification",
            "taxpayer id",
            "taxpayer identification",
            "tin",
        ],
    }),
};

/// Prefixes that nobody assigns.
const UNASSIGNED: [u8; 17] = [
    0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97,
];

/// Whether nine digits are an assignable number.
fn fits(digits: &[u8]) -> bool {
    let [tens, ones, ..] = digits else {
        return false;
    };
    digits.len() == 9
        && digits.iter().all(u8::is_ascii_digit)
        && !UNASSIGNED.contains(&(value(*tens) * 10 + value(*ones)))
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    PRINTED.find(scene, cluster, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one, share_of_bare};
    use Likelihood::{Likely, Possible};
    use proptest::prelude::*;

    #[test]
    fn a_word_makes_it_likely() {
        for number in ["91-1144442", "04-2103594", "911144442", "20-0000001"] {
            one("us_ein", &format!("EIN {number}"), number, Likely);
            one(
                "us_ein",
                &format!("{{\"fein\":\"{number}\"}}"),
                number,
                Likely,
            );
            one(
                "us_ein",
                &format!("{number} (employer identification number)"),
                number,
                Likely,
            );
            one(
                "us_ein",
                &format!("\"taxId\": \"{number}\""),
                number,
                Likely,
            );
        }
    }

    #[test]
    fn without_one_it_is_possible_at_most() {
        one("us_ein", "ref 91-1144442 2024", "91-1144442", Possible);
        assert_eq!(found("us_ein", "911144442"), []);
        assert_eq!(found("us_ein", "ref 91-1144442-2024 of 17"), []);
        one("us_ein", "ein 91-1144442-2024", "91-1144442", Possible);
    }

    #[test]
    fn prefixes_and_forms_that_are_none() {
        for prefix in UNASSIGNED {
            assert_eq!(found("us_ein", &format!("ein {prefix:02}-1144442")), []);
        }
        for text in [
            "ein 911-14-4442",
            "ein 9-11144442",
            "ein 91-114444",
            "ein 91-11444421",
            "ein 91--1144442",
            "ein x91-1144442",
        ] {
            assert_eq!(found("us_ein", text), [], "{text}");
        }
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(9, fits);
        assert!((share - 0.83).abs() < 0.002, "{share}"); // 83 prefixes of 100
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(prefix in 0..100u32, serial in 0..10_000_000u32) {
            let bare = format!("{prefix:02}{serial:07}");
            let likely = fits(bare.as_bytes()).then_some(Likely);
            anywhere("us_ein", "ein", &bare, likely)?;
            anywhere("us_ein", "ein", &format!("{prefix:02}-{serial:07}"), likely)?;
        }
    }
}
