//! International bank account number.
//!
//! Rule: a country's two letters, two check digits, and as many letters and digits as that country's
//! accounts have, each of its kind; with the first four moved to the end and letters counted as 10–35,
//! it is 1 modulo 97. Source: ISO 13616-1 and the IBAN Registry of SWIFT, the registration authority
//! (release 101: 89 countries); 22 more have such numbers without having registered them.
//!
//! Owns: that rule, and which spellings speak for it. Refuses: national check digits inside the
//! account. Stays true: whole or in groups of four, in one case, it is certain: country, structure and
//! mod 97 are three witnesses. What could as well be a hash or an encoded key is only possible without a
//! word, and any other grouping is nothing without one. It takes as many groups as its country's
//! length says and no more.
//!
//! Random lower-case hex tokens of the one length that matters, 16 (`be` and fourteen digits), pass
//! one time in 18 million: a third of one in 100 MiB of nothing else.

#[cfg(test)]
mod examples;
mod registry;

use crate::chunk::Likelihood;
use crate::scan::checks::mod_97;
use crate::scan::cluster::in_hex_row;
use crate::scan::code::{Case, Code};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::less;
use crate::scan::scene::{Scene, Sink};
use registry::{has_structure, len_of, runs, structure};

/// Words that say "bank account"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "iban",
    "ibans",
    "bank account",
    "account number",
    "account no",
    "account num",
    "acct",
    "bic",
    "swift",
    "sepa",
];

/// The table's row. Country and check digits, and the last four, are what banks print on statements.
pub(super) const DETECTOR: Detector = Detector {
    name: "iban",
    title: "international bank account number",
    rule: "country, its length and structure, and check digits modulo 97",
    source: "ISO 13616-1; SWIFT IBAN Registry, release 101",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Code(find)],
    fits,
};

/// Country letters and check digits.
const HEAD: usize = 4;

/// Whether letters and digits, of either case, are an account number.
fn fits(text: &[u8]) -> bool {
    let Some((&[first, second, tens, ones], account)) = text.split_first_chunk() else {
        return false;
    };
    let country = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let Some(structure) = structure(&country) else {
        return false;
    };
    // 98 less a remainder is never 00, 01 or 99.
    let check = [tens, ones];
    text.len() == HEAD + len_of(structure)
        && check.iter().all(u8::is_ascii_digit)
        && ![b"00", b"01", b"99"].contains(&&check)
        && has_structure(account, structure)
        && mod_97(account.iter().chain(&[first, second, tens, ones])) == Some(1)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let Some([first, second, ..]) = scene.text.get(at..) else {
        return;
    };
    if !first.is_ascii_alphabetic() || !second.is_ascii_alphabetic() {
        return;
    }
    let Some(structure) = structure(&[first.to_ascii_uppercase(), second.to_ascii_uppercase()])
    else {
        return;
    };
    let read = Code::read(scene.text, at, HEAD + len_of(structure));
    let Some(code) = read.filter(|code| fits(code.characters())) else {
        return;
    };
    let printed = code.gaps == 0 || code.gaps == fours(code.characters().len());
    let in_row = code.gaps != 0 && in_hex_row(scene.text, &code.span);
    let plain = code.case != Case::Mixed && !in_row && !looks_encoded(&code, structure);
    let word = scene.near(&code.span);
    let likelihood = match (printed, plain) {
        (true, true) if code.hyphenated_on && !word => Some(Likelihood::Likely),
        (true, true) => Some(Likelihood::Certain),
        (true, false) if word => Some(Likelihood::Certain),
        (true, false) => Some(Likelihood::Possible),
        (false, _) => word.then_some(Likelihood::Likely),
    };
    let weak = code.hyphenated_on && !(printed && plain);
    if let Some(likelihood) = likelihood.and_then(|l| if weak { less(l) } else { Some(l) }) {
        sink.report(code.span, likelihood);
    }
}

/// The gaps of a code in groups of four.
fn fours(len: usize) -> u64 {
    (HEAD..len).step_by(4).fold(0, |gaps, at| gaps | 1 << at)
}

/// Whether it could as well be something else of its length. A token of hex digits with more than two
/// letters in the account is a hash (`ad` and 22 more). Accounts are mostly digits: more letters than
/// that are words or a key, in lower case and in the two countries that prescribe nothing (`MD`, `GT`).
fn looks_encoded(code: &Code, structure: &str) -> bool {
    let characters = code.characters();
    let letters = characters
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let free = code.case == Case::Lower || runs(structure).count() == 1;
    let wordy = free && letters * 2 > characters.len();
    let hash = code.gaps == 0 && letters > 4 && characters.iter().all(u8::is_ascii_hexdigit);
    wordy || hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::code::CODE_CHARACTERS_MAX;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one};
    use Likelihood::{Certain, Likely, Possible};
    use examples::VALID;
    use proptest::prelude::*;
    use registry::{COUNTRIES, UNREGISTERED};

    fn grouped(number: &str, separator: &str) -> String {
        let groups = number
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group));
        groups.collect::<Vec<_>>().join(separator)
    }

    #[test]
    fn the_registry_s_examples_are_certain_in_every_spelling() {
        let mut countries: Vec<_> = VALID.iter().map(|number| &number[..2]).collect();
        countries.dedup();
        assert!(
            COUNTRIES
                .iter()
                .chain(UNREGISTERED)
                .all(|(name, _)| countries.iter().any(|seen| seen.as_bytes() == *name))
        );
        for number in VALID {
            for text in [
                (*number).to_owned(),
                grouped(number, " "),
                grouped(number, "-"),
            ] {
                one("iban", &text, &text, Certain);
                one("iban", &text.to_lowercase(), &text.to_lowercase(), Certain);
                one("iban", &format!("pay {text}, please"), &text, Certain);
            }
        }
    }

    #[test]
    fn it_takes_its_own_groups_and_no_more() {
        one(
            "iban",
            "DE89 3704 0044 0532 0130 00 12 34",
            "DE89 3704 0044 0532 0130 00",
            Certain,
        );
        one(
            "iban",
            "BE68 5390 0754 7034 5390 0754",
            "BE68 5390 0754 7034",
            Certain,
        );
        one(
            "iban",
            "NO93 8601 1117 947 BIC DNBANOKK",
            "NO93 8601 1117 947",
            Certain,
        );
        one(
            "iban",
            "IBAN: GB82 WEST 1234 5698 7654 32 and so on",
            "GB82 WEST 1234 5698 7654 32",
            Certain,
        );
        assert_eq!(found("iban", "DE89 3704 0044 0532 0130 00A"), []);
        assert_eq!(found("iban", "DE89 3704 0044 0532 0130"), []);
    }

    #[test]
    fn other_groupings_need_a_word() {
        for text in [
            "NL91 ABNA 0417164300",
            "IT60 X 05428 11101 000000123456",
            "DE 89 370400440532013000",
            "gb82west 12345698765432",
        ] {
            assert_eq!(found("iban", text), [], "{text}");
            one("iban", &format!("IBAN {text}"), text, Likely);
        }
        assert_eq!(found("iban", "iban NL91  ABNA 0417 1643 00"), []);
        assert_eq!(found("iban", "iban NL91 ABNA-0417 1643 00"), []);
    }

    #[test]
    fn inside_something_longer_it_is_nothing_and_tied_on_it_is_less_likely() {
        for text in [
            "xDE89370400440532013000",
            "DE893704004405320130001",
            "DE89370400440532013000X",
            "1DE89370400440532013000",
        ] {
            assert_eq!(found("iban", text), [], "{text}");
        }
        one(
            "iban",
            "DE89370400440532013000-7",
            "DE89370400440532013000",
            Likely,
        );
        one(
            "iban",
            "A-DE89370400440532013000 (IBAN)",
            "DE89370400440532013000",
            Certain,
        );
        one(
            "iban",
            "DE89-3704-0044-0532-0130-00-17",
            "DE89-3704-0044-0532-0130-00",
            Likely,
        );
    }

    #[test]
    fn near_misses() {
        for text in [
            "iban DE88370400440532013000",
            "iban DE8937040044053201300",
            "iban XX89370400440532013000",
            "iban DE8937040044053201300O",
            "iban GB82W3ST12345698765432",
            "iban D E89370400440532013000",
        ] {
            assert_eq!(found("iban", text), [], "{text}");
        }
    }

    #[test]
    fn check_digits_that_are_never_computed() {
        let mut seen = 0;
        for account in 0..500 {
            let number = with_check("NO", &format!("{account:011}"));
            // The same by remainder.
            let never = match &number[2..4] {
                "97" => "00",
                "98" => "01",
                "02" => "99",
                _ => continue,
            };
            seen += 1;
            assert!(
                fits(number.as_bytes())
                    && !fits(number.replacen(&number[2..4], never, 1).as_bytes())
            );
        }
        assert!(seen > 9);
    }

    #[test]
    fn what_could_be_a_hash_or_a_key_needs_a_word() {
        let hash = with_check("AD", "12345678abcdefabcdef");
        let key = with_check("MD", "abcdefghijkmnpqrstuv");
        let mixed = "De89370400440532013000";
        for text in [
            hash.to_lowercase(),
            key.clone(),
            key.to_lowercase(),
            mixed.to_owned(),
        ] {
            one("iban", &text, &text, Possible);
            one("iban", &format!("iban={text}"), &text, Certain);
        }
        let grouped = grouped(&hash, " ");
        one("iban", &grouped, &grouped, Certain);
        let letters = with_check("KW", "CBKUABCDEFGHIJ123456UVWXYZ");
        one("iban", &letters, &letters, Certain);
    }

    fn with_check(country: &str, account: &str) -> String {
        let account = account.to_uppercase();
        let zero = format!("{account}{country}00");
        let check = 98 - mod_97(zero.as_bytes().iter()).expect("letters and digits");
        format!("{country}{check:02}{account}")
    }

    /// A valid number of some country, its account made of the seed.
    fn number() -> impl Strategy<Value = String> {
        (
            0..COUNTRIES.len(),
            proptest::collection::vec(any::<u8>(), CODE_CHARACTERS_MAX),
        )
            .prop_map(|(at, seed)| {
                let (name, structure) = COUNTRIES[at];
                let mut seed = seed.into_iter();
                let mut account = String::new();
                for (count, kind) in runs(structure) {
                    for byte in seed.by_ref().take(count) {
                        account.push(char::from(match kind {
                            b'a' => b'A' + byte % 26,
                            b'c' if byte > 200 => b'G' + byte % 20,
                            _ => b'0' + byte % 10,
                        }));
                    }
                }
                with_check(&String::from_utf8_lossy(name), &account)
            })
    }

    proptest! {
        #[test]
        fn found_wherever_a_value_stands(number in number()) {
            prop_assert!(fits(number.as_bytes()));
            for text in [grouped(&number, " "), grouped(&number, "-").to_lowercase(), number] {
                anywhere("iban", "iban", &text, Some(Certain))?;
            }
        }

        #[test]
        fn a_wrong_character_is_none(number in number(), at in 2..33usize, more in 1..25u8) {
            // A digit for a letter moves all the others, and may come out right.
            let mut wrong = number.clone().into_bytes();
            let at = 2 + at % (wrong.len() - 2);
            wrong[at] = match wrong[at] {
                digit @ b'0'..=b'9' => b'0' + (digit - b'0' + 1 + more % 9) % 10,
                letter => b'A' + (letter - b'A' + more) % 26,
            };
            prop_assert!(!fits(&wrong), "{} at {}", number, at);
            prop_assert_eq!(found("iban", &String::from_utf8_lossy(&wrong)), []);
        }

        #[test]
        fn random_hex_and_base64_are_none(bytes in proptest::collection::vec(any::<u8>(), 8..40)) {
            let texts = [data_encoding::HEXLOWER.encode(&bytes), data_encoding::BASE64.encode(&bytes)];
            for text in texts {
                let likely = found("iban", &text).into_iter().filter(|(_, likelihood)| *likelihood >= Likely);
                prop_assert_eq!(likely.count(), 0, "{}", text);
            }
        }
    }
}
