//! What each style makes of text and of JSON, by example.

#![allow(clippy::unwrap_used)]

use super::super::engine::tests::{all_detectors, field};
use super::super::{Custom, DETECTORS, Engine, Scratch, detector};
use super::keys::tests::keys;
use super::*;
use crate::chunk::{DetectorId, Field, Finding, Form, Likelihood};
use serde_json::Value;
use std::cell::RefCell;

thread_local! {
    static ENGINE: Engine = Engine::new(all_detectors());
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

fn engine() -> Engine {
    ENGINE.with(Engine::clone)
}

pub(super) fn scanned(text: &[u8]) -> Vec<Finding> {
    let (mut found, whole) = (Vec::new(), [field(0, text.len())]);
    let scan = |scratch: &RefCell<Scratch>| {
        let scratch = &mut *scratch.borrow_mut();
        engine().scan(text, whole.into_iter(), scratch, &mut found);
    };
    SCRATCH.with(scan);
    found
}

/// The text with these findings masked, as one field.
pub(in crate::scan) fn masked_as(text: &[u8], mut orders: Vec<Order>) -> Vec<u8> {
    let (engine, keys) = (engine(), keys());
    let masker = Masker {
        engine: &engine,
        keys: Some(&keys),
        upto: usize::MAX,
    };
    let mut edits = Edits::new();
    let fields: [Field; 1] = [field(0, text.len())];
    let fields = fields.into_iter();
    let plan = |scratch: &RefCell<Scratch>| {
        masker.plan(
            text,
            fields,
            &mut orders,
            &mut scratch.borrow_mut(),
            &mut edits,
        )
    };
    SCRATCH.with(plan);
    let mut out = Vec::new();
    splice(text, 0..text.len(), edits.iter(), &mut out);
    if edits.keep_length() {
        let mut in_place = text.to_vec();
        apply_in_place(&mut in_place, edits.iter());
        assert_eq!(in_place, out);
    }
    out
}

pub(in crate::scan) fn orders(found: &[Finding], mask: &Mask) -> Vec<Order> {
    let order = |finding: &Finding| Order {
        finding: *finding,
        mask: mask.clone(),
    };
    found.iter().map(order).collect()
}

pub(super) fn styled(text: &str, mask: impl Into<Mask>) -> String {
    let orders = orders(&scanned(text.as_bytes()), &mask.into());
    String::from_utf8(masked_as(text.as_bytes(), orders)).unwrap()
}

fn as_string(style: MaskStyle) -> Mask {
    Mask {
        style,
        json_number: JsonNumber::String,
    }
}

pub(super) fn replace(text: &str) -> MaskStyle {
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
    let (engine, text) = (engine(), b"a 536-90-4399 b");
    for style in [Token, FormatPreserving] {
        let masker = Masker {
            engine: &engine,
            keys: None,
            upto: usize::MAX,
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
}

#[test]
fn what_comes_within_reach_of_a_word_is_not_uncovered() {
    // Were the first number shorter, the word would speak for the second.
    let text = "ssn-data: of 536-90-4399, and for 123456789";
    assert_eq!(scanned(text.as_bytes()).len(), 1);
    let short = styled(text, replace("-"));
    assert_eq!(short, "ssn-data: of -, and for XXXXXXXXX");
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

pub(super) fn pretend(text: &str, part: &str, form: Form) -> Finding {
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
fn what_is_not_written_as_it_is_is_masked_as_it_reads() {
    let text = r#"{"a":"53\u0036-90-4399","b":"NTM2LTkwLTQzOTk="}"#;
    let escaped = pretend(text, r"53\u0036-90-4399", Form::Escaped);
    let encoded = pretend(text, "NTM2LTkwLTQzOTk=", Form::Encoded);
    let out = masked_as(
        text.as_bytes(),
        orders(&[escaped, encoded], &KeepLast(4).into()),
    );
    // In its own spelling; the digits that are kept are the last of the value.
    let expected = r#"{"a":"XX\u0058-XX-4399","b":"WFhYLVhYLTQzOTk="}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    // What no view shows is overwritten as it stands by the second look, or was no value.
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

/// Of what a user's own detector finds every character counts, and at most half is kept.
#[test]
fn the_users_own_are_masked_character_by_character() {
    let own = [
        Custom::words("project".into(), &["apollo".to_owned()]).unwrap(),
        Custom::fields("pay".into(), &["salary".to_owned()]).unwrap(),
        Custom::pattern("staff".into(), r"EMP-\d{6}").unwrap(),
    ];
    let mut set = all_detectors();
    let ids = DETECTORS.len()..DETECTORS.len() + own.len();
    ids.for_each(|id| set.insert(DetectorId(id as u8)));
    let engine = Engine::with(own.into(), set);
    let masked = |text: &str, style: MaskStyle| {
        let (keys, mut scratch, mut found) = (keys(), Scratch::new(), Vec::new());
        let fields = || std::iter::once(field(0, text.len()));
        engine.scan(text.as_bytes(), fields(), &mut scratch, &mut found);
        let masker = Masker {
            engine: &engine,
            keys: Some(&keys),
            upto: usize::MAX,
        };
        let (mut orders, mut edits) = (orders(&found, &style.into()), Edits::new());
        let text = text.as_bytes();
        masker.plan(text, fields(), &mut orders, &mut scratch, &mut edits);
        let mut out = Vec::new();
        splice(text, 0..text.len(), edits.iter(), &mut out);
        String::from_utf8(out).unwrap()
    };
    let text = r#"{"salary":-1200.50,"of":"EMP-104255","in":"Apollo"}"#;
    for (style, expected) in [
        (
            Full,
            r#"{"salary":-9000.00,"of":"XXXXXXXXXX","in":"XXXXXX"}"#,
        ),
        (
            KeepLast(8),
            r#"{"salary":-9000.00,"of":"XXXXX04255","in":"XXXllo"}"#,
        ),
        (Remove, "{}"),
        (
            replace("gone"),
            r#"{"salary":-9000.00,"of":"gone","in":"gone"}"#,
        ),
    ] {
        assert_eq!(masked(text, style), expected);
    }
    let named = r#"{"salary":"ten \"or\" é","x":1}"#;
    assert_eq!(masked(named, Full), r#"{"salary":"XXXXXXXXXXXXX","x":1}"#);
    assert_eq!(masked(named, Token).len(), named.len() - 13 + 24);
}

#[test]
fn nothing_that_is_escaped_or_encoded_is_found_again() {
    use data_encoding::{BASE64, HEXLOWER};
    let json = r#"{"ssn":"536-90-4399","pan":4111111111111111}"#;
    let escaped: String = json
        .chars()
        .map(|c| format!("\\u{:04x}", c as u32))
        .collect();
    let wide: Vec<u8> = json.bytes().flat_map(|byte| [byte, 0]).collect();
    let gzip = {
        use std::io::Write;
        let mut made = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        made.write_all(json.as_bytes()).unwrap();
        made.finish().unwrap()
    };
    let in_json = |run: String| format!("{{\"blob\":\"{run}\"}}").into_bytes();
    let texts = [
        escaped.into_bytes(),
        BASE64.encode(json.as_bytes()).into_bytes(),
        in_json(BASE64.encode(json.as_bytes())),
        in_json(HEXLOWER.encode(json.as_bytes())),
        in_json(BASE64.encode(&gzip)),
        br#"{"ssn":5.36904399e8,"pan":"4111111111111111"}"#.to_vec(),
        [b"\0\0\0\0\x07 ".to_vec(), gzip.clone()].concat(),
        gzip,
        wide,
    ];
    for text in texts {
        let shown = String::from_utf8_lossy(&text).into_owned();
        let found = scanned(&text);
        assert!(found.len() >= 2, "{shown}");
        for style in [Full, KeepLast(4), Token, Remove, replace("gone")] {
            let out = masked_as(&text, orders(&found, &style.clone().into()));
            let again: Vec<_> = scanned(&out)
                .into_iter()
                .filter(|new| found.iter().any(|old| old.detector == new.detector))
                .collect();
            let after = String::from_utf8_lossy(&out);
            assert_eq!(again, [], "{style:?}: {shown} became {after}");
        }
    }
}
