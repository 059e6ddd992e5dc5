//! What a summary says, and what it must never say.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::chunk::{DetectorSet, Likelihood};
use crate::scan::{Custom, DETECTORS, Scratch};
use proptest::prelude::*;
use std::sync::Arc;

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// A body of records with a value each, and a key and a header where there is a text for them.
fn body(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (other, value) in records {
        let mut record = vec![0, 0, 0];
        for field in [other, value] {
            varint(&mut record, field.len() as i64);
            record.extend_from_slice(field.as_bytes());
        }
        varint(&mut record, 1);
        for field in ["h", other] {
            varint(&mut record, field.len() as i64);
            record.extend_from_slice(field.as_bytes());
        }
        varint(&mut body, record.len() as i64);
        body.extend_from_slice(&record);
    }
    body
}

/// Every built-in detector and two of the user's.
fn engine() -> Engine {
    let words = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let own: Arc<[Custom]> = [
        Custom::pattern("employee".into(), r"EMP-\d{6}").unwrap(),
        Custom::fields("pay".into(), &words(&["person.bonus"])).unwrap(),
    ]
    .into();
    let mut set = DetectorSet::default();
    (0..DETECTORS.len() + own.len()).for_each(|at| set.insert(DetectorId(at as u8)));
    Engine::with(own, set)
}

fn found(engine: &Engine, body: &[u8], count: i32) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fields = Fields::new(body, count).map_while(Result::ok);
    engine.scan(body, fields, &mut Scratch::new(), &mut findings);
    findings
}

fn summed_up(records: &[(&str, &str)], flagged: Records, least: Likelihood) -> Summary {
    let (engine, body) = (engine(), body(records));
    let findings = found(&engine, &body, records.len() as i32);
    let verdict = Verdict {
        flagged,
        least,
        ..Verdict::default()
    };
    let seen = Seen {
        engine: &engine,
        plain: &body,
        count: records.len() as i32,
        findings: &findings,
        raw: findings.len(),
        walker: &Walker::default(),
        verdict: &verdict,
    };
    summary(&seen, 123)
}

fn of(records: &[(&str, &str)]) -> Summary {
    summed_up(records, Records::All, Likelihood::Likely)
}

#[test]
fn a_finding_is_told_with_its_place_its_rule_and_its_words() {
    let value = r#"{"customer":{"name":"Ann","ssn":536904399,"phones":[]}}"#;
    let told = of(&[("k1", value)]);
    assert_eq!((told.records, told.flagged, told.bytes), (1, 1, 123));
    assert_eq!(told.counts, [("us_ssn".to_owned(), 1)]);
    assert_eq!(told.which, [0]);
    let wanted = ShownFinding {
        record: 0,
        part: "value".into(),
        path: "customer.ssn".into(),
        detector: "us_ssn".into(),
        likelihood: "likely".into(),
        form: "plain".into(),
        rule: "area, group and serial in use".into(),
        words: vec!["ssn".into()],
        around: r#"…mer":{"name":"Ann","ssn":XXXXXXXXX,"phones":[]}}"#.into(),
    };
    let one = &told.findings[0];
    let likelihood = one.likelihood.clone();
    assert!(["likely", "certain"].contains(&likelihood.as_str()));
    let around = one.around.clone();
    assert!(around.contains(r#""ssn":XXXXXXXXX"#), "{around}");
    assert_eq!(
        told.findings,
        [ShownFinding {
            likelihood,
            around,
            ..wanted
        }]
    );
    let shape = r#"{"customer": {"name": string(3), "ssn": <us_ssn>, "phones": []}}"#;
    let shown: Vec<_> = told
        .shapes
        .iter()
        .map(|s| (s.part.as_str(), s.shape.as_str()))
        .collect();
    assert_eq!(shown, [("value", shape), ("key", "string(2)")]);
}

#[test]
fn only_flagged_records_are_shown() {
    let told = summed_up(
        &[
            ("a", "536-90-4399"),
            ("b", r#"{"x":"536-90-4398"}"#),
            ("c", "nothing"),
        ],
        Records::Some(vec![1]),
        Likelihood::Likely,
    );
    assert_eq!((told.records, told.flagged), (3, 1));
    assert_eq!(told.which, [1]);
    assert!(told.findings.iter().all(|finding| finding.record == 1));
    assert_eq!(told.findings[0].path, "x");
    assert_eq!(told.samples.len(), 1);
}

#[test]
fn a_chunk_without_findings_has_a_shape_all_the_same() {
    let told = of(&[("k", r#"{"id":7,"name":"Ann"}"#)]);
    assert_eq!(told.findings, []);
    assert_eq!(told.shapes[0].shape, r#"{"id": number, "name": string(3)}"#);
    assert!(
        told.samples.iter().any(|sample| sample.contains("Ann")),
        "{:?}",
        told.samples
    );
}

#[test]
fn what_is_only_possible_is_told_where_a_rule_asks_for_it() {
    let text = "number 5105105105105100 of nothing";
    let least = |least| summed_up(&[("k", text)], Records::All, least);
    let (possible, certain) = (least(Likelihood::Possible), least(Likelihood::Certain));
    assert!(possible.findings.len() >= certain.findings.len());
    assert!(
        certain
            .findings
            .iter()
            .all(|finding| finding.likelihood == "certain")
    );
}

#[test]
fn a_name_that_is_a_finding_is_called_by_its_detector() {
    let told = of(&[(
        "k",
        r#"{"EMP-123456":{"person":{"bonus":4711}},"a":"EMP-654321"}"#,
    )]);
    let paths: Vec<_> = told
        .findings
        .iter()
        .map(|f| (f.detector.as_str(), f.path.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            ("employee", r#"["<employee>"]"#),
            ("pay", r#"["<employee>"].person.bonus"#),
            ("employee", "a")
        ]
    );
    assert!(
        told.shapes[0].shape.contains("<employee>: {"),
        "{}",
        told.shapes[0].shape
    );
}

#[test]
fn one_detector_leaves_room_for_the_others() {
    let many = format!("[{}\"EMP-123456\"]", "\"ann@example.com\",".repeat(500));
    let told = of(&[("k", &many)]);
    let of_kind = |name: &str| told.findings.iter().filter(|f| f.detector == name).count();
    assert!(of_kind("employee") == 1 && told.findings.len() <= SUMMARY_FINDINGS_MAX);
}

#[test]
fn a_large_chunk_has_a_small_summary() {
    let wide: Vec<String> = (0..3000)
        .map(|at| format!("\"{}_{at}\":\"EMP-{at:06}\"", "n".repeat(50)))
        .collect();
    let value = format!("{{{}}}", wide.join(","));
    let records: Vec<(&str, &str)> = (0..50).map(|_| (value.as_str(), value.as_str())).collect();
    let told = of(&records);
    let texts: usize = told.shapes.iter().map(|s| s.shape.len()).sum::<usize>()
        + told.findings.iter().map(size_of).sum::<usize>()
        + told.samples.iter().map(String::len).sum::<usize>();
    assert!(
        texts <= SUMMARY_TEXT_BYTES_MAX && told.findings.len() > 3,
        "{texts}"
    );
}

#[test]
fn a_summary_of_the_version_before_is_read() {
    let old =
        r#"{"records":2,"flagged":1,"bytes":9,"counts":[["us_ssn",1]],"samples":["value: x"]}"#;
    let read: Summary = serde_json::from_str(old).unwrap();
    assert_eq!((read.records, read.samples.len()), (2, 1));
    assert!(read.shapes.is_empty() && read.findings.is_empty() && read.which.is_empty());
    let new = of(&[("k", "536-90-4399")]);
    let again: Summary = serde_json::from_str(&serde_json::to_string(&new).unwrap()).unwrap();
    assert_eq!(again, new);
}

/// Values that detectors find, of characters that nothing else in a summary has together.
/// Without an X, which masks write too.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-5][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}",
        "EMP-[0-9]{6}",
        "[qzvw]{4,9}[0-9]@[qzvw]{5,9}\\.com",
        Just("4111 1111 1111 1111".to_owned()),
        Just("GB82 WEST 1234 5698 7654 32".to_owned()),
        "ghp_[qzvwQZVW0-9]{36}",
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
    ]
}

fn document() -> impl Strategy<Value = String> {
    let name = prop_oneof![4 => "[a-d]{1,3}", 1 => Just("ssn".to_owned()), 1 => Just("person".to_owned()), 1 => secret()];
    let text = (0..4u8, secret(), "[ a-d]{0,6}").prop_map(|(form, secret, more)| match form {
        0 => format!("{more} {secret} {more}"),
        1 => more,
        _ => secret,
    });
    let leaf = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from)
    ];
    let tree = leaf.prop_recursive(3, 12, 4, move |inner| {
        let object = proptest::collection::btree_map(name.clone(), inner.clone(), 0..4);
        prop_oneof![
            object.prop_map(|all| serde_json::Value::Object(all.into_iter().collect())),
            proptest::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
        ]
    });
    (tree, any::<bool>()).prop_map(|(tree, cut)| {
        let text = tree.to_string();
        match cut {
            true => text.trim_end_matches([']', '}', '"']).to_owned(),
            false => text,
        }
    })
}

/// Letters and digits only, in one case.
fn bare(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_part_of_a_finding_is_in_the_summary(documents in proptest::collection::vec((secret(), document()), 1..4)) {
        let records: Vec<(&str, &str)> = documents.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let told = serde_json::to_string(&of(&records)).unwrap();
        let (engine, body) = (engine(), body(&records));
        for finding in found(&engine, &body, records.len() as i32) {
            let text = &body[finding.start as usize..finding.end as usize];
            let text = String::from_utf8_lossy(text).into_owned();
            let chars: Vec<char> = text.chars().collect();
            for window in chars.windows(4).filter(|w| w.iter().any(char::is_ascii_digit)) {
                let part: String = window.iter().collect();
                prop_assert!(!told.contains(&part), "{} of {} in {}", part, text, told);
            }
            let whole = bare(&text);
            for at in 0..whole.len().saturating_sub(5) {
                prop_assert!(!bare(&told).contains(&whole[at..at + 6]), "{} in {}", &whole[at..at + 6], told);
            }
        }
    }

    #[test]
    fn any_bytes_are_summed_up(bytes in proptest::collection::vec(any::<u8>(), 0..300), count in -1..4i32) {
        let engine = engine();
        let findings = found(&engine, &bytes, count);
        let verdict = Verdict { flagged: Records::All, ..Verdict::default() };
        let seen = Seen { engine: &engine, plain: &bytes, count, findings: &findings, raw: findings.len(), walker: &Walker::default(), verdict: &verdict };
        let told = serde_json::to_string(&summary(&seen, 0)).unwrap();
        prop_assert!(!told.chars().any(char::is_control));
    }
}
