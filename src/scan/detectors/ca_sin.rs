//! Canadian social insurance number.
//!
//! Rule: nine digits; the first neither 0 nor 8; the last is the Luhn check digit. Source: Employment
//! and Social Development Canada, "The Social Insurance Number Code of Practice".
//!
//! Owns: that rule and the words that speak for it. Refuses: business numbers, which may begin with 8.
//! Stays true: 8 % of all nine-digit numbers pass, so in groups (3 3 3) it is only possible without a
//! word, and bare is nothing. `046 454 286` by itself is not looked at: `Trigger::Number` calls for eleven
//! bytes in such groups only where some number's word is near, or in a longer cluster.

use crate::chunk::Likelihood;
use crate::scan::checks::luhn;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "social insurance", in English and French; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "sin",
    "s i n",
    "sins",
    "sin number",
    "sin no",
    "social insurance",
    "soc ins",
    "nas",
    "assurance sociale",
];

/// The table's row. The last three are what Canadian forms show.
pub(super) const DETECTOR: Detector = Detector {
    name: "ca_sin",
    title: "Canadian social insurance number",
    rule: "first digit and Luhn check digit",
    source: "Employment and Social Development Canada, SIN Code of Practice",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 3,
    keep_last_max: 3,
    triggers: &[Trigger::Number(find)],
    fits,
};

const PRINTED: Printed = Printed {
    digits: 9,
    groups: &[3, 3, 3],
    alone: Likelihood::Possible,
    with_word: Likelihood::Certain,
    fits,
    speakers: Speakers {
        acronyms: &["sin", "sins", "nas"],
        rival: None,
    },
};

/// Whether nine digits are an assignable number.
fn fits(digits: &[u8]) -> bool {
    digits.len() == 9 && !matches!(digits.first(), Some(b'0' | b'8')) && luhn(digits, 0)
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

    #[test]
    fn in_groups_with_a_word_it_is_certain() {
        for number in ["130 692 544", "123-456-782", "912 345 675"] {
            one("ca_sin", &format!("SIN: {number}"), number, Certain);
            one(
                "ca_sin",
                &format!("{{\"social_insurance_number\":\"{number}\"}}"),
                number,
                Certain,
            );
            one(
                "ca_sin",
                &format!("numéro d'assurance sociale {number}"),
                number,
                Certain,
            );
            one("ca_sin", &format!("{number} 2024"), number, Possible);
            one("ca_sin", &format!("sin {number}-x"), number, Likely);
        }
    }

    #[test]
    fn bare_needs_a_word() {
        one("ca_sin", "{\"sin\":\"130692544\"}", "130692544", Likely);
        one("ca_sin", "123456782 is the SIN", "123456782", Likely);
        assert_eq!(found("ca_sin", "130692544"), []);
    }

    #[test]
    fn the_number_that_forms_print_begins_with_zero_and_is_nobody_s() {
        assert!(luhn(b"046454286", 0) && !fits(b"046454286"));
        assert_eq!(found("ca_sin", "sin 046 454 286"), []);
    }

    #[test]
    fn near_misses() {
        for text in [
            "sin 823456785",
            "sin 130692545",
            "sin 130 692-544",
            "sin 130 6925 44",
            "sin 1306925440",
            "sin 130692544-1",
            "sin a130692544",
            "sin(0.130692544)",
            "sin +1 130692544",
        ] {
            assert_eq!(found("ca_sin", text), [], "{text}");
        }
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let share = share_of_bare(9, fits);
        assert!((share - 0.08).abs() < 0.002, "{share}"); // 8/10 × 1/10
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(stem in "[1-79][0-9]{7}") {
            let number = with_check_digit(&stem, fits);
            anywhere("ca_sin", "sin", &number, Some(Likely))?;
            let grouped = format!("{}-{}-{}", &number[..3], &number[3..6], &number[6..]);
            anywhere("ca_sin", "sin", &grouped, Some(Certain))?;
            no_other_digit_fits(&number, fits);
        }
    }
}
