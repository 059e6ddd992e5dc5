//! International bank account number.
//!
//! Rule: a country's two letters, two check digits, and as many letters and digits as that country's
//! accounts have, each of its kind; with the first four moved to the end and letters counted as 10–35,
//! it is 1 modulo 97. Source: ISO 13616-1 and the IBAN Registry of SWIFT, the registration authority
//! (release 101: 89 countries).
//!
//! Owns: that rule, and which spellings speak for it. Refuses: national check digits inside the
//! account. Stays true: whole or in groups of four, in one case, it is certain: country, structure and
//! mod 97 are three witnesses. What could as well be a hash or an encoded key is only possible without a
//! word, and any other grouping is nothing without one. It takes as many groups as its country's
//! length says and no more.
//!
//! Random lower-case hex tokens of the one length that matters, 16 (`be` and fourteen digits), pass
//! one time in 18 million: a third of one in 100 MiB of nothing else.

mod registry;

use crate::chunk::Likelihood;
use crate::scan::checks::mod_97;
use crate::scan::cluster::in_hex_row;
use crate::scan::code::{Case, Code};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::printed::less;
use crate::scan::scene::{Scene, Sink};
use registry::{has_structure, len_of, structure};

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
    let plain = code.case != Case::Mixed && !in_row && !looks_encoded(code.characters());
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

/// Accounts are mostly digits. More letters than that are words or an encoded key, and letters that
/// are all hex digits are a hash: some countries allow both (`md` and 20 of anything; `ad` and 24).
fn looks_encoded(characters: &[u8]) -> bool {
    let account = characters.get(HEAD..).unwrap_or_default();
    let letters = characters
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let hex = characters.iter().all(u8::is_ascii_hexdigit);
    letters * 2 > characters.len() || (hex && account.iter().any(u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::code::CODE_CHARACTERS_MAX;
    use crate::scan::engine::tests::found;
    use crate::scan::placed::{anywhere, one};
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;
    use registry::{COUNTRIES, runs};

    /// The registry's examples, one or more for each country.
    #[rustfmt::skip]
    const VALID: &[&str] = &[
        "AD1200012030200359100100", "AE070331234567890123456", "AL47212110090000000235698741",
        "AT611904300234573201", "AZ21NABZ00000000137010001944", "BA391290079401028494", "BE68539007547034",
        "BG80BNBG96611020345678", "BH67BMAG00001299123456", "BI4210000100010000332045181",
        "BR1800360305000010009795493C1", "BR9700360305000010009795493P1", "BY13NBRB3600900000002Z00AB00",
        "CH9300762011623852957", "CR05015202001026284066", "CY17002001280000001200527600",
        "CZ6508000000192000145399", "CZ9455000000001011038930", "DE89370400440532013000",
        "DJ2100010000000154000100186", "DK5000400440116243", "DO28BAGR00000001212453611324",
        "EE382200221020145685", "EG380019000500000000263180002", "ES9121000418450200051332",
        "FI2112345600000785", "FK88SC123456789012", "FO6264600001631634", "FR1420041010050500013M02606",
        "GB29NWBK60161331926819", "GE29NB0000000101904917", "GI75NWBK000000007099453", "GL8964710001000206",
        "GR1601101250000000012300695", "GT82TRAJ01020000001210029690", "HN88CABF00000000000250005469",
        "HR1210010051863000160", "HU42117730161111101800000000", "IE29AIBK93115212345678",
        "IL620108000000099999999", "IQ98NBIQ850123456789012", "IS140159260076545510730339",
        "IT60X0542811101000000123456", "JO94CBJO0010000000000131000302", "KW81CBKU0000000000001234560101",
        "KZ86125KZT5004100100", "LB62099900000001001901229114", "LC55HEMM000100010012001200023015",
        "LI21088100002324013AA", "LT121000011101001000", "LU280019400644750000", "LV80BANK0000435195001",
        "LY83002048000020100120361", "MC5811222000010123456789030", "MD24AG000225100013104168",
        "ME25505000012345678951", "MK07250120000058984", "MN121234123456789123", "MR1300020001010000123456753",
        "MT84MALT011000012345MTLCAST001S", "MU17BOMM0101101030300200000MUR", "NI45BAPR00000013000003558124",
        "NL91ABNA0417164300", "NO9386011117947", "OM810180000001299123456", "PK36SCBL0000001123456702",
        "PL61109010140000071219812874", "PS92PALS000000000400123456702", "PT50000201231234567890154",
        "QA58DOHB00001234567890ABCDEFG", "RO49AAAA1B31007593840000", "RS35260005601001611379",
        "RU0304452522540817810538091310419", "SA0380000000608010167519", "SC18SSCB11010000000000001497USD",
        "SD8811123456789012", "SE4550000000058398257466", "SI56191000000123438", "SI56263300012039086",
        "SK3112000000198742637541", "SM86U0322509800000000270100", "SO211000001001000100141",
        "ST23000100010051845310146", "SV62CENR00000000000000700025", "TL380080012345678910157",
        "TN5910006035183598478831", "TR330006100519786457841326", "UA213223130000026007233566001",
        "VA59001123000012345678", "VG96VPVG0000012345678901", "XK051212012345678906",
        "YE15CBYE0001018861234567891234", "GB82WEST12345698765432",
    ];

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
        fn a_wrong_character_is_none(number in number(), at in 2..33usize, other in "[0-9A-Z]") {
            let at = at % number.len();
            let mut wrong = number.clone();
            wrong.replace_range(at..=at, &other);
            if wrong != number {
                prop_assert!(at < 2 || !fits(wrong.as_bytes()), "{}", wrong);
                prop_assert_eq!(found("iban", &wrong).is_empty(), !fits(wrong.as_bytes()));
            }
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
