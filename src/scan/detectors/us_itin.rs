//! US individual taxpayer identification number.
//!
//! Rule: `9AA-GG-SSSS`; group 50–65, 70–88, 90–92 or 94–99. Source: Internal Revenue Service,
//! Internal Revenue Manual 3.21.263 (the ranges in use since 2011; 89 and 93 are for other numbers).
//!
//! Owns: that rule and the words that speak for it. Refuses: social security numbers, whose area
//! never begins with nine. Stays true: delimited is likely by itself; bare needs a word, for 4.4 % of
//! all nine-digit numbers pass.

use crate::chunk::Likelihood;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "individual taxpayer"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "itin",
    "itins",
    "individual taxpayer",
    "taxpayer id",
    "taxpayer ids",
    "taxpayer identification",
    "taxpayer identifier",
    "taxpayer number",
    "taxpayer no",
    "tax id",
    "tax ids",
    "tax identification",
    "tin",
];

/// The table's row. The last four are what the IRS itself prints on notices.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_itin",
    title: "US individual taxpayer identification number",
    rule: "begins with 9, group in use",
    source: "Internal Revenue Service, Internal Revenue Manual 3.21.263",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 3,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

const PRINTED: Printed = Printed {
    digits: 9,
    groups: &[3, 2, 4],
    alone: Likelihood::Likely,
    with_word: Likelihood::Certain,
    fits,
    speakers: Speakers {
        acronyms: &["tin"],
        rival: None,
    },
};

/// Whether nine digits are an assignable number.
pub(super) fn fits(digits: &[u8]) -> bool {
    let [b'9', _, _, tens, ones, _, _, _, _] = digits else {
        return false;
    };
    let group_in_use = match tens {
        b'5' | b'7' => true,
        b'6' => *ones <= b'5',
        b'8' => *ones <= b'8',
        b'9' => *ones != b'3',
        _ => false,
    };
    group_in_use && digits.iter().all(u8::is_ascii_digit)
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    PRINTED.find(scene, cluster, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one, share_of_bare};
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    #[test]
    fn delimited_is_likely_and_certain_with_a_word() {
        for number in [
            "912-90-3456",
            "900-70-0000",
            "999-88-9999",
            "900-50-1234",
            "911-65-1234",
            "912 94 1234",
        ] {
            one("us_itin", number, number, Likely);
            one("us_itin", &format!("ITIN: {number}."), number, Certain);
            one(
                "us_itin",
                &format!("{{\"taxpayer_id\":\"{number}\"}}"),
                number,
                Certain,
            );
        }
    }

    #[test]
    fn bare_needs_a_word() {
        one("us_itin", "{\"itin\":912903456}", "912903456", Likely);
        one("us_itin", "912903456 is my tax ID", "912903456", Likely);
        for text in [
            "912903456",
            "{\"id\":912903456}",
            "itin 1912903456",
            "itin x912903456",
            "itin 912903456-1",
        ] {
            assert_eq!(found("us_itin", text), [], "{text}");
        }
    }

    #[test]
    fn groups_that_are_not_in_use() {
        for group in (0..50).chain(66..70).chain([89, 93]) {
            assert_eq!(found("us_itin", &format!("itin 912-{group:02}-3456")), []);
        }
        for text in [
            "itin 812-90-3456",
            "itin 912-90 3456",
            "itin 912-9-03456",
            "itin 912--90-3456",
        ] {
            assert_eq!(found("us_itin", text), [], "{text}");
        }
    }

    #[test]
    fn tied_on_by_a_hyphen_it_is_less_likely() {
        one("us_itin", "912-90-3456-7", "912-90-3456", Possible);
        one("us_itin", "itin A-912-90-3456", "912-90-3456", Likely);
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(9, fits);
        assert!((share - 0.044).abs() < 0.002, "{share}"); // 1/10 × (16 + 19 + 3 + 6)/100
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(area in 900..1000u32, group in 0..100u32, serial in 0..10_000u32) {
            let bare = format!("{area}{group:02}{serial:04}");
            let valid = matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
            prop_assert_eq!(fits(bare.as_bytes()), valid);
            anywhere("us_itin", "itin", &bare, valid.then_some(Likely))?;
            let delimited = format!("{area}-{group:02}-{serial:04}");
            anywhere("us_itin", "itin", &delimited, valid.then_some(Certain))?;
        }
    }
}
