//! What holds for every detector, style and text.

#![allow(clippy::unwrap_used)]

use super::super::DETECTORS;
use super::MaskStyle::{FormatPreserving, Full, KeepFirst, KeepLast, Remove, Token};
use super::tests::{masked_as, orders, pretend, replace, scanned, styled};
use super::*;
use crate::chunk::{DetectorId, Finding, Form, Likelihood};
use crate::schema::json::{Kind, Walker};
use proptest::prelude::*;
use serde_json::Value;

fn any_style() -> impl Strategy<Value = MaskStyle> {
    prop_oneof![
        Just(Full),
        any::<u8>().prop_map(KeepLast),
        any::<u8>().prop_map(KeepFirst),
        Just(Token),
        Just(Remove),
        proptest::sample::select(vec!["gone", "-", "*****", "0", "[hidden by policy]"])
            .prop_map(replace),
    ]
}

fn any_mask() -> impl Strategy<Value = Mask> {
    let json_number = prop_oneof![Just(JsonNumber::Number), Just(JsonNumber::String)];
    (any_style(), json_number).prop_map(|(style, json_number)| Mask { style, json_number })
}

/// Words and values that some detector looks for, from the detectors' own rows, and what may stand around.
fn text() -> impl Strategy<Value = String> {
    let keywords: Vec<&str> = DETECTORS
        .iter()
        .flat_map(|row| row.keywords)
        .copied()
        .collect();
    let glue = proptest::sample::select(vec![
        " ", "-", ",", ".", ": ", "\":", "[", "]", "}", "x", "X", "\n", "\\n", "\"", "=", "",
    ]);
    let piece = prop_oneof![
        4 => proptest::sample::select(SAMPLES).prop_map(str::to_owned),
        2 => proptest::sample::select(keywords).prop_map(str::to_owned),
        1 => "[0-9]{1,5}",
        1 => "[0-9]{9,10}",
        1 => "[0-9]{1,4}([ -][0-9]{1,4}){1,9}",
        1 => "[A-Z]{1,2}[0-9]{2,9}",
    ];
    proptest::collection::vec((glue, piece), 0..9).prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(glue, piece)| glue.to_owned() + &piece)
            .collect()
    })
}

/// Values in JSON, under names that may be keywords.
fn json() -> impl Strategy<Value = String> {
    let keywords: Vec<&str> = DETECTORS
        .iter()
        .flat_map(|row| row.keywords)
        .copied()
        .collect();
    let name = prop_oneof![
        2 => proptest::sample::select(keywords).prop_map(str::to_owned),
        1 => proptest::sample::select(SAMPLES).prop_map(str::to_owned),
        1 => "[a-z]{0,3}",
    ];
    let number = prop_oneof!["[1-9][0-9]{5,18}", "-?[1-9][0-9]{8}(\\.[0-9]{1,2})?"];
    let value = prop_oneof![
        2 => proptest::sample::select(SAMPLES).prop_map(|s| Value::String(s.to_owned()).to_string()),
        1 => text().prop_map(|text| Value::String(text).to_string()),
        2 => number,
        1 => proptest::sample::select(DIGITS).prop_map(str::to_owned),
    ];
    let array =
        proptest::collection::vec(value.clone(), 0..3).prop_map(|v| format!("[{}]", v.join(", ")));
    let any = prop_oneof![3 => value, 1 => array];
    let member = (name, any).prop_map(|(name, value)| format!("{}:{value}", Value::String(name)));
    proptest::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(",")))
}

/// Valid values of the identifiers, made up or published for tests.
#[rustfmt::skip]
const SAMPLES: &[&str] = &[
    "536-90-4399", "536904399", "536 90 4399", "4111111111111111", "5105 1051 0510 5100", "378282246310005",
    "6011-0009-9013-9424", "912-70-1234", "12-3456789", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19",
    "MT84MALT011000012345MTLCAST001S", "021000021", "1234567893", "943 476 5919", "046 454 286", "130 692 544", "1EG4-TE5-MK73",
    "AB123456C", "AB1234563", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", // gitleaks:allow
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    concat!("xoxb-2345678901", "-2345678901234-aBcDeFgHiJkLmNoPqRsTuVwX"),
    concat!("-----BEGIN PRIV", "ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIV", "ATE KEY-----"),
    "ann.lee@example.com", "+1 (415) 555-2671", "415-555-2671", "+442079460958", "192.0.2.235", "2001:db8::8a2e:370:7334",
    "1980-02-29", "29/02/1980", "Feb 29, 1980", "C01234567", "123456789", "MRN0012345", "12345678901",
    // Put together here, so that scanners of source code stay silent.
    concat!("xoxb", "-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
    concat!("-----BEGIN ", "PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END ", "PRIVATE KEY-----"),
];

const DIGITS: &[&str] = &[
    "536904399",
    "4111111111111111",
    "378282246310005",
    "912701234",
    "123456789",
    "21000021",
    "1234567893",
    "9434765919",
    "46454286",
    "14155552671",
    "12345678901",
];

fn least(likelihood: u8) -> Likelihood {
    [
        Likelihood::Possible,
        Likelihood::Likely,
        Likelihood::Certain,
    ][usize::from(likelihood)]
}

/// No detector that fired fires again, at a likelihood that rules act on or that was masked.
fn stays_hidden(text: &str, mask: &Mask, likelihood: u8) -> Result<(), TestCaseError> {
    let mut found = scanned(text.as_bytes());
    found.retain(|finding| finding.likelihood >= least(likelihood));
    let out = masked_as(text.as_bytes(), orders(&found, mask));
    let lowest = found.iter().map(|finding| finding.likelihood).min();
    let acts = lowest.map_or(Likelihood::Likely, |lowest| lowest.min(Likelihood::Likely));
    let fired = |new: &Finding| {
        let same = |old: &Finding| old.detector == new.detector;
        new.likelihood >= acts && found.iter().any(same)
    };
    let again: Vec<_> = scanned(&out).into_iter().filter(fired).collect();
    prop_assert_eq!(
        again,
        [],
        "{:?}: {} became {}",
        mask,
        text,
        String::from_utf8_lossy(&out)
    );
    Ok(())
}

/// Every detector's values, in text and as JSON string, number and name, in every style.
#[test]
fn no_detector_fires_on_what_any_style_leaves_of_its_values() {
    let string = |mask: &Mask| Mask {
        json_number: JsonNumber::String,
        ..mask.clone()
    };
    let mut masks: Vec<Mask> = [Full, Token, Remove, replace("gone")]
        .map(Mask::from)
        .into();
    masks.extend((1..9).flat_map(|n| [KeepFirst(n).into(), KeepLast(n).into()]));
    masks.extend(masks.clone().iter().map(string));
    let mut untried = Vec::new();
    for (row, id) in DETECTORS.iter().zip(0..) {
        let mut tried = 0;
        for sample in SAMPLES.iter().chain(DIGITS) {
            let word = row.keywords.first().copied().unwrap_or("x");
            let name = Value::String(word.to_owned());
            let value = Value::String((*sample).to_owned());
            let mut texts = vec![
                format!("{word}: {sample}, and so on"),
                format!("{{{name}:{value},\"x\":1}}"),
                format!("{{\"x\":[{value}],{value}:{name}}}"),
            ];
            if DIGITS.contains(sample) {
                texts.push(format!("{{{name}:{sample},\"x\":1}}"));
                texts.push(format!("{{{name}:[{sample}, -{sample}.5]}}"));
            }
            for text in texts {
                let fires = |f: &Finding| f.detector == DetectorId(id);
                if scanned(text.as_bytes()).iter().any(fires) {
                    tried += 1;
                    masks
                        .iter()
                        .for_each(|mask| stays_hidden(&text, mask, 0).unwrap());
                }
            }
        }
        untried.extend((tried == 0).then_some(row.name));
    }
    assert_eq!(untried, [""; 0], "no sample makes these fire");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_that_fired_fires_again_in_text(text in text(), mask in any_mask(), least in 0..3u8) {
        stays_hidden(&text, &mask, least)?;
    }

    #[test]
    fn nothing_that_fired_fires_again_in_json(text in json(), mask in any_mask(), least in 0..3u8) {
        stays_hidden(&text, &mask, least)?;
    }

    #[test]
    fn json_stays_json(text in json(), mask in any_mask(), preserving in any::<bool>()) {
        let mask = if preserving { FormatPreserving.into() } else { mask };
        let out = styled(&text, mask.clone());
        let after = serde_json::from_str::<Value>(&out);
        prop_assert!(after.is_ok(), "{:?}: {} became {}", mask, text, out);
        if mask.style != Remove && mask.json_number == JsonNumber::Number {
            prop_assert_eq!(kinds(&text), kinds(&out), "{} became {}", text, out);
        }
    }

    #[test]
    fn in_place_nothing_moves_and_separators_stay(
        text in text(), style in prop_oneof![Just(Full), any::<u8>().prop_map(KeepLast), any::<u8>().prop_map(KeepFirst)],
    ) {
        let found = scanned(text.as_bytes());
        let out = masked_as(text.as_bytes(), orders(&found, &style.into()));
        prop_assert_eq!(out.len(), text.len());
        for (i, (old, new)) in text.bytes().zip(&out).enumerate() {
            let inside = found.iter().any(|f| (f.start as usize..f.end as usize).contains(&i));
            // What came to light by the mask of its neighbour is masked, too.
            let uncovered = matches!(new, b'X' | b'*' | b'0' | b'9' | b' ');
            prop_assert!(old == *new || inside || uncovered, "{} became {}", text, String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn any_bytes_and_any_findings_are_survived(
        text in proptest::collection::vec(prop_oneof![
            Just(b'"'), Just(b'\\'), Just(b'{'), Just(b':'), Just(b','), Just(b'7'), Just(b'['), any::<u8>(),
        ], 0..60),
        spans in proptest::collection::vec((0..70u32, 0..30u32, 0..DETECTORS.len() as u8, 0..4u8), 0..8),
        mask in any_mask(),
    ) {
        let form = |n: u8| [Form::Plain, Form::Escaped, Form::Encoded, Form::Packed][usize::from(n)];
        let found: Vec<_> = spans.iter().map(|(start, len, id, kind)| Finding {
            detector: DetectorId(*id),
            start: *start,
            end: start + len,
            ..pretend("536-90-4399", "5", form(*kind))
        }).collect();
        masked_as(&text, orders(&found, &mask));
    }
}

/// The structure of a JSON text: which kind of token follows which. Members whose names were masked may
/// have the same name afterwards, so a parsed text is no measure.
fn kinds(text: &str) -> Vec<Kind> {
    let mut walker = Walker::new(text.as_bytes());
    std::iter::from_fn(|| walker.next_token().map(|place| place.kind())).collect()
}
