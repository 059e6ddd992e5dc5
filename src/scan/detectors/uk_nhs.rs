//! UK National Health Service number.
//!
//! Rule: ten digits; the first nine with weights 10 to 2, and the last, add up to a multiple of eleven;
//! a last digit of ten does not exist. Source: NHS Data Model and Dictionary, attribute "NHS Number".
//!
//! Owns: that rule and the words that speak for it. Refuses: ranges; Scotland (a birth date first),
//! Northern Ireland and test numbers follow the same rule. Stays true: in groups (3 3 4) it looks like
//! an American telephone number, and 9 % of all ten-digit numbers pass, so without a word it is only
//! possible, and bare is nothing.

use crate::chunk::Likelihood;
use crate::scan::checks::weighted;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "health service number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "nhs",
    "n h s",
    "n h s  number", // a point and a space: `N.H.S. number`
    "nhs number",
    "nhs no",
    "nhs id",
    "national health service",
    "health service number",
    "health and care number",
    "h&c number",
    "chi number",
    "chi no",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "uk_nhs",
    title: "UK National Health Service number",
    rule: "check digit modulo 11",
    source: "NHS Data Model and Dictionary, NHS Number",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 3,
    keep_last_max: 4,
    triggers: &[Trigger::Number(find)],
    fits,
};

const PRINTED: Printed = Printed {
    digits: 10,
    groups: &[3, 3, 4],
    alone: Likelihood::Possible,
    with_word: Likelihood::Certain,
    fits,
    speakers: Speakers::PLAIN,
};

/// Whether ten digits are a number of the NHS. Ten zeros add up, and are nobody's.
fn fits(digits: &[u8]) -> bool {
    weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
        .is_some_and(|sum| sum > 0 && sum.is_multiple_of(11))
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    PRINTED.find(scene, cluster, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, no_other_digit_fits, one, share_of_bare};
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    #[test]
    fn in_groups_it_is_possible_and_certain_with_a_word() {
        for number in ["943 476 5919", "401 023 2137", "999 000 0018"] {
            one("uk_nhs", number, number, Possible);
            one("uk_nhs", &format!("NHS No: {number}"), number, Certain);
            one(
                "uk_nhs",
                &format!("{{\"nhsNumber\":\"{number}\"}}"),
                number,
                Certain,
            );
            one("uk_nhs", &format!("nhs {number}-x"), number, Likely);
            assert_eq!(found("uk_nhs", &format!("{number}-x")), []);
        }
    }

    #[test]
    fn bare_needs_a_word() {
        for number in ["9434765919", "9434765870", "4010232137"] {
            one("uk_nhs", &format!("nhs_number={number}"), number, Likely);
            one("uk_nhs", &format!("{number} (NHS)"), number, Likely);
            assert_eq!(found("uk_nhs", number), []);
            no_other_digit_fits(number, fits);
        }
    }

    #[test]
    fn near_misses() {
        for text in [
            "nhs 0000000000",
            "nhs 943 476 5918",
            "nhs 943 476-5919",
            "nhs 943  476 5919",
            "nhs 94347 65919",
            "nhs 1943 476 5919",
            "nhs 943 476 59191",
            "nhs 94347659190",
            "nhs 9434765919-1",
            "nhs +1 943 476 5919",
            "nhs +44 9434765919",
        ] {
            assert_eq!(found("uk_nhs", text), [], "{text}");
        }
    }

    #[test]
    fn a_check_digit_of_ten_does_not_exist() {
        // 9+8+…: the first nine of this one leave a remainder that wants ten.
        let stem = (0..1000).map(|n| format!("{:09}", 100_000_000 + n));
        let without =
            stem.filter(|stem| (0..10).all(|check| !fits(format!("{stem}{check}").as_bytes())));
        assert!((80..=100).contains(&without.count())); // one in eleven
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(10, fits);
        assert!((share - 1.0 / 11.0).abs() < 0.003, "{share}");
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(stem in "[0-9]{8}[1-9]") {
            let valid = (0..10).map(|check| format!("{stem}{check}")).find(|number| fits(number.as_bytes()));
            let Some(number) = valid else { return Ok(()) };
            anywhere("uk_nhs", "nhs number", &number, Some(Likely))?;
            let grouped = format!("{} {} {}", &number[..3], &number[3..6], &number[6..]);
            anywhere("uk_nhs", "nhs number", &grouped, Some(Certain))?;
            no_other_digit_fits(&number, fits);
        }
    }
}
