//! Overwrites findings in place, without changing a length.
//!
//! Owns: which digits stay and what stands in for the others. Refuses: anything that changes the
//! length of a body. Stays true: separators stay; a masked digit becomes `X`, or, where the number
//! is a JSON number, another digit, so that the text stays JSON; no detector that fired fires on
//! the masked text, whatever the style.
//!
//! Why the last one holds. Detectors take whole groups of digits with nothing alphanumeric beside
//! them. An `X` takes groups away and makes no new ones, and at least one digit of each finding
//! becomes one: styles are clamped to what the detector's row allows, and every row allows fewer
//! digits than the number has. A JSON number stands alone between `:`, `[`, `,` and `,`, `]`, `}`,
//! so it cannot join a neighbour; by itself it is checked with the detector's own rule.

use super::Detector;
use crate::chunk::{DetectorSet, Finding};
use std::ops::Range;

/// What a mask leaves. Counts are digits; separators do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskStyle {
    /// Nothing.
    Full,
    /// The last digits, but no more than the detector's `keep_last_max`.
    KeepLast(u8),
    /// The first digits, but no more than the detector's `keep_first_max`.
    KeepFirst(u8),
}

/// What stands in for a digit in text.
const MASKED: u8 = b'X';
/// White space looked over on either side of a possible JSON number.
const JSON_SPACE_BYTES_MAX: usize = 64;

/// Masks, in one style, the findings of the detectors in `set`. Spans count from the body's start.
pub fn apply(body: &mut [u8], findings: &[Finding], style: MaskStyle, set: DetectorSet) {
    apply_all(body, findings, &[(set, style)]);
}

/// Masks every finding that one of the styles is for. Where several are, a digit stays only if all of
/// them would leave it. A finding outside the body is passed over.
pub fn apply_all(body: &mut [u8], findings: &[Finding], styles: &[(DetectorSet, MaskStyle)]) {
    for finding in findings {
        let Some(detector) = Detector::of(finding.detector) else {
            continue;
        };
        let wanted = styles
            .iter()
            .filter(|(set, _)| set.contains(finding.detector));
        let Some(keep) = wanted
            .map(|(_, style)| Keep::of(*style, detector))
            .reduce(Keep::both)
        else {
            continue;
        };
        mask_one(
            body,
            finding.start as usize,
            finding.end as usize,
            keep,
            detector,
        );
    }
}

/// Masks each finding in the style that was chosen for it. A finding outside the body is passed over.
pub fn apply_each(body: &mut [u8], orders: &[(Finding, MaskStyle)]) {
    for (finding, style) in orders {
        let Some(detector) = Detector::of(finding.detector) else {
            continue;
        };
        let keep = Keep::of(*style, detector);
        mask_one(
            body,
            finding.start as usize,
            finding.end as usize,
            keep,
            detector,
        );
    }
}

/// Digits left at either end; at most one of the two is not zero.
#[derive(Clone, Copy)]
struct Keep {
    first: usize,
    last: usize,
}

impl Keep {
    fn of(style: MaskStyle, detector: &Detector) -> Keep {
        match style {
            MaskStyle::Full => Keep { first: 0, last: 0 },
            MaskStyle::KeepLast(n) => Keep {
                first: 0,
                last: n.min(detector.keep_last_max).into(),
            },
            MaskStyle::KeepFirst(n) => Keep {
                first: n.min(detector.keep_first_max).into(),
                last: 0,
            },
        }
    }

    fn both(self, other: Keep) -> Keep {
        Keep {
            first: self.first.min(other.first),
            last: self.last.min(other.last),
        }
    }
}

/// A place where a digit stands, or stood before an overlapping finding was masked.
fn is_place(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == MASKED
}

fn mask_one(body: &mut [u8], start: usize, end: usize, keep: Keep, detector: &Detector) {
    let Some(span) = body.get(start..end) else {
        return;
    };
    let places = span.iter().filter(|byte| is_place(**byte)).count();
    let masked = keep.first..places.saturating_sub(keep.last);
    if span.iter().all(u8::is_ascii_digit) && is_json_number(body, start, end) {
        return mask_number(&mut body[start..end], masked, detector);
    }
    let places = body[start..end].iter_mut().filter(|byte| is_place(**byte));
    places
        .skip(masked.start)
        .take(masked.len())
        .for_each(|byte| *byte = MASKED);
}

/// Nine, then zeros: JSON allows no leading zero, and no issuer or area starts with nine. Where the
/// first digits stay, zeros may happen to complete a checksum; then the last one is moved on.
fn mask_number(digits: &mut [u8], masked: Range<usize>, detector: &Detector) {
    for i in masked.clone() {
        digits[i] = if i == 0 { b'9' } else { b'0' };
    }
    if let Some(last) = masked.last() {
        while (detector.fits)(digits) && digits[last] < b'9' {
            digits[last] += 1;
        }
    }
}

/// Whether these digits are the integer part of a JSON number: a member's value (`"name": 123`) or an
/// element of an array. Decided by the few bytes around, so a list of numbers in other text may be
/// taken for one; it is masked all the same.
fn is_json_number(body: &[u8], start: usize, end: usize) -> bool {
    let before = &body[..start];
    let before = trim_end(before.strip_suffix(b"-").unwrap_or(before));
    let after = &body[end..];
    let fraction = after
        .iter()
        .take(JSON_SPACE_BYTES_MAX)
        .take_while(|byte| is_number_tail(**byte))
        .count();
    let next = trim_start(&after[fraction..]).first();
    match before {
        [name @ .., b':'] => trim_end(name).ends_with(b"\"") && matches!(next, Some(b',' | b'}')),
        [.., b'[' | b','] => matches!(next, Some(b',' | b']')),
        _ => false,
    }
}

fn is_number_tail(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

fn trim_end(text: &[u8]) -> &[u8] {
    text[text.len().saturating_sub(JSON_SPACE_BYTES_MAX)..].trim_ascii_end()
}

fn trim_start(text: &[u8]) -> &[u8] {
    text[..text.len().min(JSON_SPACE_BYTES_MAX)].trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::super::detector;
    use super::super::engine::tests::{all_detectors, field, scan};
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &str, styles: &[(DetectorSet, MaskStyle)]) -> String {
        let mut body = text.as_bytes().to_vec();
        let findings = scan(&body, &[field(0, body.len())]);
        apply_all(&mut body, &findings, styles);
        String::from_utf8(body).expect("masks write ASCII over ASCII")
    }

    fn only(name: &str) -> DetectorSet {
        let mut set = DetectorSet::default();
        set.insert(detector(name).expect("a detector of that name"));
        set
    }

    fn styled(text: &str, style: MaskStyle) -> String {
        masked(text, &[(all_detectors(), style)])
    }

    #[test]
    fn styles_in_text() {
        use MaskStyle::{Full, KeepFirst, KeepLast};
        for (style, ssn, card) in [
            (Full, "XXX-XX-XXXX", "XXXX XXXX XXXX XXXX"),
            (KeepLast(4), "XXX-XX-4399", "XXXX XXXX XXXX 1117"),
            (KeepLast(2), "XXX-XX-XX99", "XXXX XXXX XXXX XX17"),
            (KeepLast(255), "XXX-XX-4399", "XXXX XXXX XXXX 1117"),
            (KeepFirst(2), "53X-XX-XXXX", "51XX XXXX XXXX XXXX"),
            (KeepFirst(255), "536-XX-XXXX", "5105 10XX XXXX XXXX"),
        ] {
            assert_eq!(
                styled("a 536-90-4399, 5105 1051 0510 1117?", style),
                format!("a {ssn}, {card}?")
            );
        }
    }

    #[test]
    fn a_json_number_stays_a_number_and_a_string_a_string() {
        let text = r#"{"a":4111111111111111,"b": [ 4111111111111111 ,4111111111111111],"c":"4111111111111111","d":-4111111111111111.50}"#;
        let full = styled(text, MaskStyle::Full);
        assert_eq!(
            full,
            r#"{"a":9000000000000000,"b": [ 9000000000000000 ,9000000000000000],"c":"XXXXXXXXXXXXXXXX","d":-9000000000000000.50}"#
        );
        serde_json::from_str::<serde_json::Value>(&full).expect("still JSON");
        assert_eq!(
            styled(r#"{"ssn":536904399}"#, MaskStyle::KeepLast(4)),
            r#"{"ssn":900004399}"#
        );
        assert_eq!(
            styled(r#"{"ssn":536904399}"#, MaskStyle::KeepFirst(3)),
            r#"{"ssn":536000000}"#
        );
        assert_eq!(
            styled("ssn: 536904399, and", MaskStyle::Full),
            "ssn: XXXXXXXXX, and"
        );
    }

    #[test]
    fn zeros_do_not_complete_a_checksum() {
        // 5500040000000000 would be a card again.
        let text = r#"{"a":5500045555555555}"#;
        assert_eq!(
            styled(text, MaskStyle::KeepFirst(6)),
            r#"{"a":5500040000000001}"#
        );
    }

    #[test]
    fn of_several_styles_the_least_wins() {
        let (all, ssn, card) = (all_detectors(), only("us_ssn"), only("payment_card"));
        let text = "536-90-4399 / 4111111111111111";
        use MaskStyle::{Full, KeepFirst, KeepLast};
        let both = |styles: &[_]| masked(text, styles);
        assert_eq!(
            both(&[(all, KeepLast(4)), (ssn, Full)]),
            "XXX-XX-XXXX / XXXXXXXXXXXX1111"
        );
        assert_eq!(
            both(&[(ssn, Full), (all, KeepLast(4))]),
            "XXX-XX-XXXX / XXXXXXXXXXXX1111"
        );
        assert_eq!(
            both(&[(all, KeepLast(4)), (card, KeepLast(2))]),
            "XXX-XX-4399 / XXXXXXXXXXXXXX11"
        );
        assert_eq!(
            both(&[(all, KeepLast(4)), (all, KeepFirst(4))]),
            "XXX-XX-XXXX / XXXXXXXXXXXXXXXX"
        );
        assert_eq!(both(&[(card, Full)]), "536-90-4399 / XXXXXXXXXXXXXXXX");
        assert_eq!(both(&[]), text);
    }

    #[test]
    fn findings_outside_the_body_change_nothing() {
        let mut findings = scan(b"536-90-4399", &[field(0, 11)]);
        let mut short = b"536-90".to_vec();
        apply(&mut short, &findings, MaskStyle::Full, all_detectors());
        findings[0].start = 20;
        apply(&mut short, &findings, MaskStyle::Full, all_detectors());
        assert_eq!(short, b"536-90");
    }

    fn any_style() -> impl Strategy<Value = MaskStyle> {
        prop_oneof![
            Just(MaskStyle::Full),
            any::<u8>().prop_map(MaskStyle::KeepLast),
            any::<u8>().prop_map(MaskStyle::KeepFirst)
        ]
    }

    /// A card of any issuer's making, whole or grouped.
    fn card() -> impl Strategy<Value = String> {
        let prefixes = vec!["4", "51", "55", "2221", "6011", "65", "3528"];
        (
            proptest::sample::select(prefixes),
            "[0-9]{15}",
            proptest::sample::select(vec!["", " ", "-"]),
        )
            .prop_map(|(prefix, rest, sep)| {
                let stem: String = prefix.chars().chain(rest.chars()).take(15).collect();
                let fits = |check: &char| {
                    (super::super::DETECTORS[1].fits)(format!("{stem}{check}").as_bytes())
                };
                let check = ('0'..='9').find(fits).unwrap_or('0');
                let digits = format!("{stem}{check}");
                digits
                    .as_bytes()
                    .chunks(4)
                    .map(|g| String::from_utf8_lossy(g))
                    .collect::<Vec<_>>()
                    .join(sep)
            })
    }

    fn text() -> impl Strategy<Value = String> {
        let glue = proptest::sample::select(vec![
            " ", "-", ",", ".", ": ", "\":", "[", "]", "}", "x", "X", "ssn ", "card", "",
        ]);
        let ssn = (
            "[0-8][0-9]{2}",
            "[0-9]{2}",
            "[0-9]{4}",
            proptest::sample::select(vec!["", " ", "-"]),
        )
            .prop_map(|(a, g, s, sep)| format!("{a}{sep}{g}{sep}{s}"));
        let piece = prop_oneof![3 => card(), 2 => ssn, 1 => "[0-9]{1,5}", 1 => "[0-9]{1,4}([ -][0-9]{1,4}){1,9}"];
        proptest::collection::vec((glue, piece), 0..8).prop_map(|pieces| {
            pieces
                .into_iter()
                .map(|(glue, piece)| glue.to_owned() + &piece)
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn nothing_that_fired_fires_again(text in text(), style in any_style(), least in 0..3u8) {
            use crate::chunk::Likelihood;
            let mut body = text.clone().into_bytes();
            let whole = [field(0, body.len())];
            let mut findings = scan(&body, &whole);
            let least = [Likelihood::Possible, Likelihood::Likely, Likelihood::Certain][usize::from(least)];
            findings.retain(|finding| finding.likelihood >= least);
            apply(&mut body, &findings, style, all_detectors());
            let mut again = scan(&body, &whole);
            again.retain(|finding| finding.likelihood >= least);
            prop_assert_eq!(again, [], "{} became {}", text, String::from_utf8_lossy(&body));
        }

        #[test]
        fn only_digits_of_findings_change(text in text(), style in any_style()) {
            let mut body = text.clone().into_bytes();
            let findings = scan(&body, &[field(0, text.len())]);
            apply(&mut body, &findings, style, all_detectors());
            prop_assert_eq!(body.len(), text.len());
            for (i, (old, new)) in text.bytes().zip(&body).enumerate() {
                let inside = findings.iter().any(|f| (f.start as usize..f.end as usize).contains(&i));
                prop_assert!(old == *new || (inside && old.is_ascii_digit()));
            }
        }
    }
}
