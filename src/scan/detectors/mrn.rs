//! Medical record number.
//!
//! Rule: at most three letters, then five to ten digits, beside a word for medical records. Source: none
//! sets the form, each hospital has its own; 45 CFR 164.514(b)(2)(i)(H) makes the number an identifier, and HL7 v2
//! field PID-3 carries it.
//!
//! Owns: that form and the words. Refuses: a number without a word. Stays true: the first thing with
//! digits after the word is the record's number or nothing is.

use crate::chunk::Likelihood;
use crate::scan::blank::is_masked_number;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted};
use std::ops::Range;

/// Words that say "medical record number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "mrn",
    "mrns",
    "medical record",
    "medical record no",
    "medical record number",
    "medical record num",
    "medical records",
    "med rec",
    "med rec no",
    "med rec number",
    "patient id",
    "patient ids",
    "patient number",
    "patient no",
    "patient identifier",
    "chart number",
    "chart no",
    "hospital number",
    "health record",
    "health record number",
    "emr id",
    "ehr id",
    "patientid",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "mrn",
    title: "medical record number",
    rule: "five to ten digits, letters before them or not, beside a word for medical records",
    source: "45 CFR 164.514(b)(2)(i)(H); HL7 v2 PID-3",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 0,
    keep_last_max: KEEP_LAST_MAX,
    triggers: &[Trigger::Keyword(find)],
    fits: |text| value(text, 0).is_some_and(|span| span == (0..text.len())),
};

const KEEP_LAST_MAX: u8 = 3;

const WANTED: Wanted = Wanted {
    parse: value,
    unless: &["admitted", "dob", "born", "phone", "date"],
    both_sides: false,
    digits: true,
};

fn find(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    values::visit(scene.text, word, &WANTED, |span| {
        sink.report(span, Likelihood::Likely)
    });
}

fn value(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let front = rest
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let hyphen = usize::from(front > 0 && rest.get(front) == Some(&b'-'));
    let start = front + hyphen;
    let len = rest
        .get(start..)?
        .iter()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = rest.get(start..start + len)?;
    let tied = match edges::before(text, at) {
        [.., before, b'-' | b'.' | b'/'] => before.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    };
    let fits = front <= 3
        && (5..=10).contains(&len)
        && !tied
        && edges::ends(rest, start + len)
        && !(front == 0 && is_masked_number(digits, KEEP_LAST_MAX.into()));
    fits.then_some(at..at + start + len)
}

#[cfg(test)]
mod tests {
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<String> {
        found("mrn", text)
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn forms_in_use() {
        for number in [
            "00123456",
            "12345",
            "1234567890",
            "H1234567",
            "MR-123456",
            "ABC12345",
        ] {
            for text in [
                format!("MRN: {number}"),
                format!("MRN#{number}"),
                format!("medical record number {number}."),
                format!("{{\"mrn\":\"{number}\"}}"),
                format!("{{\"patient_id\":\"{number}\",\"x\":1}}"),
                format!("<MRN>{number}</MRN>"),
                format!("patientId={number}&x=2"),
                format!("mrn,{number}"),
                format!("({number} is the chart number)"),
                format!("{{\"medicalRecord\":{{\"number\":\"{number}\"}}}}"),
            ] {
                assert_eq!(numbers(&text), [number], "{text}");
            }
        }
        assert_eq!(numbers("{\"mrn\":12345678}"), ["12345678"]);
    }

    #[test]
    fn not_medical_record_numbers() {
        for text in [
            "00123456",
            "id: 00123456",
            "mrn 1234",
            "mrn 12345678901",
            "mrn ABCD12345",
            "mrn 2024-01-02",
            "mrn 3f2504e0-4f89",
            "patient_id=3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "mrn_count: 12345",
            "mrn 12.345678",
            "mrn 90000",
            "mrn v1 123456",
        ] {
            assert_eq!(numbers(text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(number in "[A-Z]{0,3}[1-8][0-9]{5,9}", place in 0usize..4) {
            let text = match place {
                0 => format!("Patient with MRN {number} was seen."),
                1 => format!("{{\"id\":1,\"mrn\":\"{number}\"}}"),
                2 => format!("<p><mrn>{number}</mrn></p>"),
                _ => format!("Smith,mrn,{number},x"),
            };
            prop_assert_eq!(numbers(&text), [number]);
        }
    }
}
