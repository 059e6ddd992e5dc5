//! What masks promise, over every detector and every style.

#![allow(clippy::unwrap_used)]

use super::super::engine::tests::{all_detectors, field};
use super::super::{DETECTORS, Engine, Scratch, detector};
use super::keys::tests::keys;
use super::*;
use crate::chunk::{DetectorId, Field, Finding, Form, Likelihood};
use crate::schema::json::{Kind, Walker};
use proptest::prelude::*;
use serde_json::Value;

fn scanned(text: &[u8]) -> Vec<Finding> {
    let (engine, mut found) = (Engine::new(all_detectors()), Vec::new());
    let whole = [field(0, text.len())];
    engine.scan(text, whole.into_iter(), &mut Scratch::new(), &mut found);
    found
}

/// The text with these findings masked, as one field.
fn masked_as(text: &[u8], mut orders: Vec<Order>) -> Vec<u8> {
    let (engine, keys) = (Engine::new(all_detectors()), keys());
    let masker = Masker {
        engine: &engine,
        keys: Some(&keys),
        reframe: None,
    };
    let mut edits = Edits::new();
    let fields: [Field; 1] = [field(0, text.len())];
    let fields = fields.into_iter();
    masker.plan(text, fields, &mut orders, &mut Scratch::new(), &mut edits);
    let mut out = Vec::new();
    splice(text, 0..text.len(), edits.iter(), &mut out);
    if edits.keep_length() {
        let mut in_place = text.to_vec();
        apply_in_place(&mut in_place, edits.iter());
        assert_eq!(in_place, out);
    }
    out
}

fn orders(found: &[Finding], mask: &Mask) -> Vec<Order> {
    let order = |finding: &Finding| Order {
        finding: *finding,
        mask: mask.clone(),
    };
    found.iter().map(order).collect()
}

fn styled(text: &str, mask: impl Into<Mask>) -> String {
    let orders = orders(&scanned(text.as_bytes()), &mask.into());
    String::from_utf8(masked_as(text.as_bytes(), orders)).unwrap()
}

fn as_string(style: MaskStyle) -> Mask {
    Mask {
        style,
        json_number: JsonNumber::String,
    }
}

fn replace(text: &str) -> MaskStyle {
    MaskStyle::Replace(text.into())
}

use MaskStyle::{FormatPreserving, Full, KeepFirst, KeepLast, Remove, Token};

#[test]
fn styles_in_text() {
    for (style, ssn, card) in [
        (Full, "XXX-XX-XXXX", "XXXX XXXX XXXX XXXX"),
        (Remove, "XXX-XX-XXXX", "XXXX XXXX XXXX XXXX"),
        (KeepLast(4), "XXX-XX-4399", "XXXX XXXX XXXX 1117"),
        (KeepLast(2), "XXX-XX-XX99", "XXXX XXXX XXXX XX17"),
        (KeepLast(255), "XXX-XX-4399", "XXXX XXXX XXXX 1117"),
        (KeepFirst(2), "53X-XX-XXXX", "51XX XXXX XXXX XXXX"),
        (KeepFirst(255), "536-XX-XXXX", "5105 10XX XXXX XXXX"),
        (replace("[gone]"), "[gone]", "[gone]"),
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
    let full = styled(text, Full);
    assert_eq!(
        full,
        r#"{"a":9000000000000000,"b": [ 9000000000000000 ,9000000000000000],"c":"XXXXXXXXXXXXXXXX","d":-9000000000000000.50}"#
    );
    serde_json::from_str::<Value>(&full).unwrap();
    let ssn = r#"{"ssn":536904399}"#;
    assert_eq!(styled(ssn, KeepLast(4)), r#"{"ssn":900004399}"#);
    assert_eq!(styled(ssn, KeepFirst(3)), r#"{"ssn":536000000}"#);
    assert_eq!(styled("ssn: 536904399, and", Full), "ssn: XXXXXXXXX, and");
}

#[test]
fn a_json_number_becomes_a_string_where_that_is_asked_for() {
    let text = r#"{"a":-4111111111111111.50, "b":"4111111111111111"}"#;
    for (style, number, string) in [
        (Full, "-XXXXXXXXXXXXXXXX.50", "XXXXXXXXXXXXXXXX"),
        (KeepLast(4), "-XXXXXXXXXXXX1111.50", "XXXXXXXXXXXX1111"),
        (replace("gone"), "-gone.50", "gone"),
    ] {
        let expected = format!(r#"{{"a":"{number}", "b":"{string}"}}"#);
        assert_eq!(styled(text, as_string(style)), expected);
    }
}

#[test]
fn what_replaces_a_json_number_is_one_unless_it_may_be_a_string() {
    let text = r#"{"pan":4111111111111111,"x":1}"#;
    assert_eq!(styled(text, replace("0")), r#"{"pan":0,"x":1}"#);
    assert_eq!(
        styled(text, replace("gone")),
        r#"{"pan":9000000000000000,"x":1}"#
    );
    assert_eq!(
        styled(text, as_string(replace("gone"))),
        r#"{"pan":"gone","x":1}"#
    );
}

#[test]
fn what_is_removed_goes_with_its_member_or_becomes_null() {
    for (text, expected) in [
        (r#"{"a":1,"ssn":"536-90-4399","b":2}"#, r#"{"a":1,"b":2}"#),
        (r#"{"ssn":536904399 , "b":2}"#, r#"{ "b":2}"#),
        (r#"{"b":{"ssn":"536-90-4399"}}"#, r#"{"b":{}}"#),
        (
            r#"{"b":["536-90-4399","ok"],"c":"536-90-4399 and 4111111111111111"}"#,
            r#"{"b":[null,"ok"]}"#,
        ),
        (r#""536-90-4399""#, "null"),
        (r#"{"536-90-4399":1}"#, r#"{"XXX-XX-XXXX":1}"#),
        (r#"{"536-90-4399":"536-90-4398","a":1}"#, r#"{"a":1}"#),
        ("a line with 536-90-4399", "a line with XXX-XX-XXXX"),
    ] {
        assert_eq!(styled(text, Remove), expected, "{text}");
    }
}

#[test]
fn a_token_names_a_value_however_it_is_written() {
    let text = styled("536-90-4399 and ssn 536 90 4399, 536-90-4398", Token);
    let words: Vec<&str> = text.split([' ', ',']).collect();
    assert_eq!(words[0], words[3], "{text}");
    assert_ne!(words[0], words[5], "{text}");
    assert!(words[0].len() == 24 && words[0].starts_with("XT"), "{text}");
    assert!(words[0].bytes().all(|byte| byte.is_ascii_uppercase()));
    let number = styled(r#"{"ssn":536904399,"x":[536904399]}"#, Token);
    let value: Value = serde_json::from_str(&number).unwrap();
    let token = value["ssn"].as_u64().unwrap();
    assert!((900_000_001..1_000_000_000).contains(&token), "{number}");
}

#[test]
fn encryption_keeps_the_form() {
    let masked = styled("a 536-90-4399 b", FormatPreserving);
    let shape: String = masked
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "a 000-00-0000 b");
    assert_ne!(masked, "a 536-90-4399 b");
    assert_eq!(masked, styled("a 536-90-4399 b", FormatPreserving));
    for serial in 1000..1200 {
        let number = styled(&format!(r#"{{"ssn":53690{serial}}}"#), FormatPreserving);
        assert_eq!(number.len(), r#"{"ssn":536901000}"#.len());
        serde_json::from_str::<Value>(&number).unwrap();
    }
}

#[test]
fn a_keyed_style_without_keys_masks_in_full() {
    let (engine, text) = (Engine::new(all_detectors()), b"a 536-90-4399 b");
    for style in [Token, FormatPreserving] {
        let masker = Masker {
            engine: &engine,
            keys: None,
            reframe: None,
        };
        let mut edits = Edits::new();
        let mut orders = orders(&scanned(text), &style.into());
        let fields = std::iter::once(field(0, text.len()));
        masker.plan(text, fields, &mut orders, &mut Scratch::new(), &mut edits);
        assert_eq!(edits.iter().next().unwrap().with, b"XXX-XX-XXXX");
    }
}

#[test]
fn a_length_changes_only_where_that_is_safe() {
    // A length in front of the text, as Avro has it.
    let text = "\x16536-90-4399";
    assert_eq!(styled(text, replace("gone")), "\x16XXX-XX-XXXX");
    let framed = "\0\0\0\0\x07{\"ssn\":536904399}";
    assert_eq!(
        styled(framed, as_string(replace("gone"))),
        "\0\0\0\0\x07{\"ssn\":\"gone\"}"
    );
    let (engine, found) = (Engine::new(all_detectors()), scanned(text.as_bytes()));
    let reframe: Reframe = |field, edits| {
        let mut made = vec![8];
        splice(field, 1..field.len(), edits.iter(), &mut made);
        Some(made)
    };
    let masker = Masker {
        engine: &engine,
        keys: None,
        reframe: Some(reframe),
    };
    let mut orders = orders(&found, &replace("gone").into());
    let (mut edits, mut out) = (Edits::new(), Vec::new());
    let fields = std::iter::once(field(0, text.len()));
    masker.plan(
        text.as_bytes(),
        fields,
        &mut orders,
        &mut Scratch::new(),
        &mut edits,
    );
    splice(text.as_bytes(), 0..text.len(), edits.iter(), &mut out);
    assert_eq!(out, b"\x08gone");
}

#[test]
fn what_comes_within_reach_of_a_word_is_not_uncovered() {
    // Were the first number shorter, the word would speak for the second.
    let text = "ssn-data: of 536-90-4399, and for 123456789";
    assert_eq!(scanned(text.as_bytes()).len(), 1);
    let short = styled(text, replace("-"));
    assert_eq!(short, "ssn-data: of XXX-XX-XXXX, and for 123456789");
}

#[test]
fn one_field_with_several_findings_of_several_styles() {
    let text = r#"{"a":"x","ssn":"536-90-4399","b":"y 4111111111111111 z","c":[4111111111111111]}"#;
    let found = scanned(text.as_bytes());
    let ssn = detector("us_ssn").unwrap();
    let pick = |f: &Finding| match f.detector == ssn {
        true => Remove,
        false => KeepLast(4),
    };
    let orders = found.iter().map(|f| Order {
        finding: *f,
        mask: pick(f).into(),
    });
    let out = masked_as(text.as_bytes(), orders.collect());
    let expected = r#"{"a":"x","b":"y XXXXXXXXXXXX1111 z","c":[9000000000001111]}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

fn pretend(text: &str, part: &str, form: Form) -> Finding {
    let start = text.find(part).unwrap() as u32;
    Finding {
        detector: detector("us_ssn").unwrap(),
        likelihood: Likelihood::Certain,
        record: 0,
        part: crate::chunk::Part::Value,
        form,
        start,
        end: start + part.len() as u32,
    }
}

#[test]
fn what_is_not_written_as_it_is_is_overwritten_whole() {
    let text = r#"{"a":"53\u0036-90-4399","b":"NTM2LTkwLTQzOTk="}"#;
    let escaped = pretend(text, r"53\u0036-90-4399", Form::Escaped);
    let encoded = pretend(text, "NTM2LTkwLTQzOTk=", Form::Encoded);
    let out = masked_as(
        text.as_bytes(),
        orders(&[escaped, encoded], &KeepLast(4).into()),
    );
    let expected = r#"{"a":"XXXXXXXXXXXXXXXX","b":"AAAAAAAAAAAAAAA="}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let out = masked_as(text.as_bytes(), orders(&[escaped, encoded], &Remove.into()));
    assert_eq!(String::from_utf8(out).unwrap(), "{}");
}

#[test]
fn findings_outside_the_field_change_nothing() {
    let mut found = scanned(b"536-90-4399");
    let text = b"536-90";
    assert_eq!(masked_as(text, orders(&found, &Mask::FULL)), text);
    found[0].start = 20;
    assert_eq!(masked_as(text, orders(&found, &Mask::FULL)), text);
}

#[test]
fn what_is_spread_over_tokens_is_hidden_part_by_part() {
    let text = r#"{"a":["536","90",4399,"x"],"b":1}"#;
    let across = pretend(text, r#"536","90",4399,"x"#, Form::Plain);
    let out = masked_as(text.as_bytes(), orders(&[across], &replace("gone").into()));
    let expected = r#"{"a":["XXX","XX",9000,"x"],"b":1}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

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
    "MT84MALT011000012345MTLCAST001S", "021000021", "1234567893", "943 476 5919", "046 454 286", "1EG4-TE5-MK73",
    "AB123456C", "AB1234563", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", // gitleaks:allow
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "ann.lee@example.com", "+1 (415) 555-2671", "415-555-2671", "+442079460958", "192.0.2.235", "2001:db8::8a2e:370:7334",
    "1980-02-29", "29/02/1980", "Feb 29, 1980", "C01234567", "123456789", "MRN0012345", "12345678901",
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

/// No detector that fired fires again, at the likelihood that was masked or above.
fn stays_hidden(text: &str, mask: &Mask, likelihood: u8) -> Result<(), TestCaseError> {
    let mut found = scanned(text.as_bytes());
    found.retain(|finding| finding.likelihood >= least(likelihood));
    let out = masked_as(text.as_bytes(), orders(&found, mask));
    let fired = |new: &Finding| {
        let same = |old: &Finding| old.detector == new.detector;
        new.likelihood >= least(likelihood) && found.iter().any(same)
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
    fn only_characters_of_findings_change_in_place(
        text in text(), style in prop_oneof![Just(Full), any::<u8>().prop_map(KeepLast), any::<u8>().prop_map(KeepFirst)],
    ) {
        let found = scanned(text.as_bytes());
        let out = masked_as(text.as_bytes(), orders(&found, &style.into()));
        prop_assert_eq!(out.len(), text.len());
        for (i, (old, new)) in text.bytes().zip(&out).enumerate() {
            let inside = found.iter().any(|f| (f.start as usize..f.end as usize).contains(&i));
            prop_assert!(old == *new || inside || old == b'\\', "{} became {}", text, String::from_utf8_lossy(&out));
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
