//! US bank routing number.
//!
//! Rule: nine digits; the first two 00–12, 21–32, 61–72 or 80; weights 3 7 1 give a multiple of ten;
//! not all zeros. Source: American Bankers Association, "Routing Number Policy & Procedures": 00 is the
//! United States, 01–12 the Federal Reserve districts, 21–32 thrifts, 61–72 electronic, 80 cheques.
//!
//! Owns: that rule and the words that speak for it. Refuses: the fraction that cheques print besides.
//! Stays true: 3.8 % of all nine-digit numbers pass, so bare needs a word.

use crate::chunk::Likelihood;
use crate::scan::checks::{value, weighted};
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "routing number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "aba",
    "aba number",
    "aba no",
    "rtn",
    "routing",
    "routing number",
    "routing numbers",
    "routing no",
    "routing num",
    "routing nbr",
    "routing code",
    "routing transit",
    "bank routing",
    "transit number",
    "fedwire",
];

/// The table's row. A routing number names a bank, not a person: four at either end may stay.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_aba_routing",
    title: "US bank routing number",
    rule: "Federal Reserve prefix and 3-7-1 check digit",
    source: "American Bankers Association, Routing Number Policy",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

/// Bare, or as in `0210-0002-1`: Federal Reserve routing symbol, institution, check digit.
const PRINTED: Printed = Printed {
    digits: 9,
    groups: &[4, 4, 1],
    alone: Likelihood::Possible,
    with_word: Likelihood::Certain,
    fits,
    speakers: Speakers {
        acronyms: &["aba"],
        rival: None,
    },
};

/// Whether nine digits are a routing number.
fn fits(digits: &[u8]) -> bool {
    let [tens, ones, ..] = digits else {
        return false;
    };
    matches!(value(*tens).wrapping_mul(10).wrapping_add(value(*ones)), 0..=12 | 21..=32 | 61..=72 | 80)
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1])
            .is_some_and(|sum| sum > 0 && sum.is_multiple_of(10))
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    PRINTED.find(scene, cluster, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{
        anywhere, no_other_digit_fits, one, share_of_bare, with_check_digit,
    };
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    /// Published by the banks themselves.
    const VALID: [&str; 8] = [
        "011000015",
        "021000021",
        "026009593",
        "111000025",
        "121000248",
        "322271627",
        "064000017",
        "800000006",
    ];

    #[test]
    fn a_word_makes_it_likely() {
        for number in VALID {
            one(
                "us_aba_routing",
                &format!("Routing number: {number}"),
                number,
                Likely,
            );
            one(
                "us_aba_routing",
                &format!("{{\"aba\":\"{number}\"}}"),
                number,
                Likely,
            );
            one(
                "us_aba_routing",
                &format!("{number} is our bank's routing no."),
                number,
                Likely,
            );
            one(
                "us_aba_routing",
                &format!("bankRoutingNumber={number}"),
                number,
                Likely,
            );
            assert_eq!(found("us_aba_routing", number), []);
            no_other_digit_fits(number, fits);
        }
    }

    #[test]
    fn in_groups_with_a_word_it_is_certain() {
        one("us_aba_routing", "ABA 0210-0002-1", "0210-0002-1", Certain);
        one("us_aba_routing", "ABA 0210-0002-1-7", "0210-0002-1", Likely);
        one(
            "us_aba_routing",
            "ref 0210 0002 1 7 8",
            "0210 0002 1",
            Possible,
        );
        assert_eq!(found("us_aba_routing", "aba 0210-0002 1"), []);
    }

    #[test]
    fn near_misses() {
        for text in [
            "aba 000000000",
            "aba 131000006", // right sum, prefix of nobody
            "aba 02100002",
            "aba 0210000210",
            "aba x021000021",
            "aba 021000021-4",
            "aba 0.021000021",
            "aba 021-000-021",
            "aba +1 021000021",
        ] {
            assert_eq!(found("us_aba_routing", text), [], "{text}");
        }
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(9, fits);
        assert!((share - 0.038).abs() < 0.002, "{share}"); // 38 prefixes of 100, every tenth number
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(stem in "(0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)[1-9]{6}") {
            let number = with_check_digit(&stem, fits);
            anywhere("us_aba_routing", "routing number", &number, Some(Likely))?;
            no_other_digit_fits(&number, fits);
        }
    }
}
