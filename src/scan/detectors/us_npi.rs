//! US national provider identifier.
//!
//! Rule: ten digits; the first 1 or 2; the last is the Luhn check digit of `80840` and the nine before.
//! Source: Centers for Medicare & Medicaid Services, "Requirements for National Provider Identifier
//! (NPI) and NPI Check Digit" (45 CFR 162.406).
//!
//! Owns: that rule and the words that speak for it. Refuses: the fifteen-digit form with its `80840`.
//! Stays true: 2 % of all ten-digit numbers pass, and the number is never printed in groups, so
//! it is nothing without a word.

use crate::chunk::Likelihood;
use crate::scan::checks::luhn;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "provider"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "npi",
    "npis",
    "nppes",
    "national provider",
    "provider id",
    "provider identifier",
    "provider number",
    "provider no",
    "rendering provider",
    "billing provider",
    "referring provider",
    "ordering provider",
    "attending provider",
    "prescriber id",
];

/// The table's row. The number is published by CMS for every provider: four at either end may stay.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_npi",
    title: "US national provider identifier",
    rule: "first digit and Luhn check digit with the prefix 80840",
    source: "Centers for Medicare & Medicaid Services, NPI check digit",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

const PRINTED: Printed = Printed {
    digits: 10,
    groups: &[],
    alone: Likelihood::Possible,
    with_word: Likelihood::Likely,
    fits,
    speakers: Speakers::PLAIN,
};

/// What `80840` adds to the sum: 8 0 8 4 0 with every second digit doubled, from the right.
const PREFIX_SUM: u32 = 8 + 8 + 8;

/// Whether ten digits are a provider's number.
fn fits(digits: &[u8]) -> bool {
    digits.len() == 10 && matches!(digits.first(), Some(b'1' | b'2')) && luhn(digits, PREFIX_SUM)
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
    use Likelihood::Likely;
    use proptest::prelude::*;

    #[test]
    fn a_word_makes_it_likely() {
        for number in ["1234567893", "1245319599", "2000000002"] {
            one("us_npi", &format!("NPI {number}"), number, Likely);
            one(
                "us_npi",
                &format!("{{\"billing_provider\":{{\"npi\":{number}}}}}"),
                number,
                Likely,
            );
            one(
                "us_npi",
                &format!("{number}, provider number"),
                number,
                Likely,
            );
            assert_eq!(found("us_npi", number), []);
            no_other_digit_fits(number, fits);
        }
    }

    #[test]
    fn the_prefix_is_part_of_the_sum() {
        assert!(fits(b"1234567893") && luhn(b"808401234567893", 0));
        assert!(!fits(b"1234567897") && luhn(b"1234567897", 0)); // Luhn without 80840
    }

    #[test]
    fn near_misses() {
        for text in [
            "npi 1234567890",
            "npi 3234567891",
            "npi 123456789",
            "npi 12345678930",
            "npi A1234567893",
            "npi 123-456-7893",
            "npi 1234567893-2",
            "npi +1234567893",
        ] {
            assert_eq!(found("us_npi", text), [], "{text}");
        }
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(10, fits);
        assert!((share - 0.02).abs() < 0.002, "{share}"); // 2/10 × 1/10
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(stem in "[12][0-9]{8}") {
            let number = with_check_digit(&stem, fits);
            anywhere("us_npi", "npi", &number, Some(Likely))?;
            no_other_digit_fits(&number, fits);
        }
    }
}
