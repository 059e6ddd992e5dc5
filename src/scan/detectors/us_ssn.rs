//! US social security number.
//!
//! Rule: `AAA-GG-SSSS`; area not 000, 666 or 900–999; group not 00; serial not 0000. Since
//! randomisation any other area is in use, 734–749 and those above 772 included.
//! Source: Social Security Administration, "Social Security Number Randomization" (25 June 2011), and
//! its list of numbers that were never valid because they were printed in advertisements.
//!
//! Owns: that rule and the context it needs. Refuses: ITINs (area 9xx), numbers inside longer
//! alphanumeric runs. Stays true: delimited (hyphens or spaces, the same both times) is likely by
//! itself; nine bare digits are nothing without a keyword near, for 89 % of all nine-digit numbers
//! pass the rule.

use crate::chunk::Likelihood;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::Printed;
use crate::scan::scene::{Scene, Sink};
use crate::scan::values::Speakers;

/// Words that say "social security number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "ssn",
    "ssns",
    "social security",
    "soc sec",
    "ss#",
    "ss no",
    "ss number",
];

/// The table's row. The serial (the last four) is what forms and call centres show.
pub(super) const DETECTOR: Detector = Detector {
    name: "us_ssn",
    title: "US social security number",
    rule: "area, group and serial in use",
    source: "Social Security Administration, Social Security Number Randomization, 2011",
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
    speakers: Speakers::PLAIN,
};

/// Published numbers: Woolworth's wallet card (1938), an SSA pamphlet (1940), an advertisement.
const PUBLISHED: [&[u8]; 3] = [b"078051120", b"219099999", b"457555462"];

/// Whether nine digits are an assignable number.
fn fits(digits: &[u8]) -> bool {
    let [a, b, c, group @ .., _, _, _, _] = digits else {
        return false;
    };
    let area = [*a, *b, *c];
    digits.len() == 9
        && digits.iter().all(u8::is_ascii_digit)
        && area != *b"000"
        && area != *b"666"
        && *a != b'9'
        && group != b"00"
        && !digits.ends_with(b"0000")
        && !PUBLISHED.contains(&digits)
}

fn find(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    PRINTED.find(scene, cluster, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely, Possible};

    fn ssns(text: &str) -> Vec<(String, Likelihood)> {
        found("us_ssn", text)
    }

    fn one(text: &str, number: &str, likelihood: Likelihood) {
        assert_eq!(ssns(text), [(number.to_owned(), likelihood)], "{text}");
    }

    #[test]
    fn delimited_is_likely_and_certain_with_context() {
        for number in [
            "536-90-4399",
            "001-01-0001",
            "899-99-9999",
            "734-12-3456",
            "772-01-0001",
            "536 90 4399",
        ] {
            one(number, number, Likely);
            one(&format!("({number})."), number, Likely);
            one(&format!("ssn={number}"), number, Certain);
            one(
                &format!("{{\"id\":7,\"Social_Security\":\"{number}\"}}"),
                number,
                Certain,
            );
        }
    }

    #[test]
    fn bare_needs_a_keyword() {
        one("{\"ssn\":536904399}", "536904399", Likely);
        one("536904399 (SSN)", "536904399", Likely);
        one("SS number: 536904399", "536904399", Likely);
        for text in [
            "536904399",
            "{\"id\":536904399}",
            "ssn 1536904399",
            "ssn 53690439",
            "ssn 0.536904399",
            "ssn A536904399",
        ] {
            assert_eq!(ssns(text), [], "{text}");
        }
    }

    #[test]
    fn what_was_never_assigned_is_nothing() {
        for digits in [
            "000121234",
            "666121234",
            "900121234",
            "999999999",
            "536001234",
            "536120000",
            "078051120",
            "219099999",
            "457555462",
        ] {
            let (area, rest) = digits.split_at(3);
            let (group, serial) = rest.split_at(2);
            assert!(!fits(digits.as_bytes()));
            assert_eq!(
                ssns(&format!("ssn {area}-{group}-{serial}")),
                [],
                "{digits}"
            );
            assert_eq!(ssns(&format!("ssn {digits}")), [], "{digits}");
        }
        assert!(!fits(b"") && !fits(b"53690439") && !fits(b"5369043990") && fits(b"536904399"));
    }

    #[test]
    fn both_delimiters_are_the_same_and_single() {
        for text in [
            "536-90 4399",
            "536 90-4399",
            "536--90-4399",
            "536.90.4399",
            "53-690-4399",
            "536-904399",
        ] {
            assert_eq!(ssns(text), [], "{text}");
        }
    }

    #[test]
    fn not_inside_something_longer() {
        for text in [
            "1536-90-4399",
            "536-90-43991",
            "A536-90-4399",
            "536-90-4399b",
        ] {
            assert_eq!(ssns(text), [], "{text}");
        }
        one("12-536-90-4399", "536-90-4399", Possible);
        one("536-90-4399-x", "536-90-4399", Possible);
        one("ssn 536-90-4399-x", "536-90-4399", Likely);
        one("7 536-90-4399 8", "536-90-4399", Likely);
    }

    #[test]
    fn several_in_a_row() {
        let all = ssns("536-90-4399 536-90-4398,001 01 0001");
        let numbers: Vec<_> = all.iter().map(|(number, _)| number.as_str()).collect();
        assert_eq!(numbers, ["536-90-4399", "536-90-4398", "001 01 0001"]);
    }

    #[test]
    fn the_share_of_random_numbers_that_pass_is_the_arithmetic_one() {
        let passed = (0..1_000_000_000u64)
            .step_by(9_973)
            .filter(|n| fits(format!("{n:09}").as_bytes()))
            .count();
        let share = passed as f64 / (1_000_000_000u64.div_ceil(9_973)) as f64;
        assert!((0.885..0.893).contains(&share), "{share}"); // 898/1000 × 99/100 × 9999/10000
    }
}
