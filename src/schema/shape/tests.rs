//! What a shape says, and what it must never say.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::limits::SHAPE_TEXT_BYTES_MAX;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The shape of a text in which these needles were found.
fn shape(text: &str, found: &[(&str, &'static str)]) -> String {
    let span = |needle: &str| {
        let at = text.find(needle).unwrap();
        at..at + needle.len()
    };
    let marks = Marks::new(found.iter().map(|(needle, name)| (span(needle), *name)));
    Shape::of(text.as_bytes(), &marks).to_string()
}

#[test]
fn structure_and_names_stay_and_values_become_classes() {
    let text = json!({
        "name": "Ann Lee",
        "ssn": "123-45-6789",
        "age": 37, "vip": true, "x": null,
        "items": [{"sku": "abc"}, {"sku": "defgh", "n": 1}, {}],
        "note": "ssn is 987-65-4321!",
    });
    let text = text.to_string();
    let found = [("123-45-6789", "us_ssn"), ("987-65-4321", "us_ssn")];
    let shown = shape(&text, &found);
    for part in [
        r#""name": string(7)"#,
        r#""ssn": <us_ssn>"#,
        r#""age": number"#,
        r#""vip": boolean"#,
        r#""x": null"#,
        r#""note": string(19) with <us_ssn>"#,
        r#"string(3–5)"#,
        "} × 3]",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn names_that_are_findings_or_may_be_values_are_replaced() {
    let text = r#"{"a":{"123-45-6789":1},"b":{"4111111111111111":2},"c":{"ann@x.org":{"d":3}}}"#;
    assert_eq!(
        shape(text, &[("123-45-6789", "us_ssn")]),
        r#"{"a": {<us_ssn>: number}, "b": {<name(16)>: number}, "c": {<name(9)>: {"d": number}}}"#
    );
}

#[test]
fn texts_and_bytes_have_a_shape() {
    assert_eq!(shape("hello there", &[]), "string(11)");
    assert_eq!(
        shape("at 4111 now", &[("4111", "card")]),
        "string(11) with <card>"
    );
    assert_eq!(shape("4111", &[("4111", "card")]), "<card>");
    assert_eq!(
        Shape::of(b"\xff\xfe\x00", &Marks::default()).to_string(),
        "bytes(3)"
    );
    assert_eq!(shape("", &[]), "string(0)");
    assert_eq!(shape("{}", &[]), "{}");
    assert_eq!(shape("[[], {}]", &[]), "[{} | [] × 2]");
}

#[test]
fn binary_records_have_a_shape() {
    let text = r#"{"type":"record","name":"P","fields":[{"name":"ssn","type":"long"},
        {"name":"tags","type":{"type":"map","values":"string"}}]}"#;
    let schema = avro::Schema::compile(text, &[]).unwrap();
    let datum = b"\xaa\xb4\xde\x75\x02\x08eyes\x08blue\x00";
    let (mut shape, mut scratch) = (Shape::default(), avro::Scratch::default());
    let marks = Marks::new([(0..4, "us_ssn")]);
    let mut walk = avro::Walk::new(&schema, datum, &mut scratch);
    assert_eq!(shape.add_avro(&mut walk, &marks), Ok(()));
    assert_eq!(
        shape.to_string(),
        r#"{"ssn": <us_ssn>, "tags": {"eyes": string(4)}}"#
    );

    let (mut shape, mut scratch) = (Shape::default(), protobuf::Scratch::default());
    let message = b"\x0a\x04blue\x10\x07\x1a\x02\x08\x01";
    let mut walk = protobuf::Walk::by_look(message, &mut scratch);
    assert_eq!(shape.add_protobuf(&mut walk, &Marks::default()), Ok(()));
    assert_eq!(
        shape.to_string(),
        "{1: string(4), 2: number, 3: {1: number}}"
    );
}

#[test]
fn records_add_up() {
    let mut shape = Shape::default();
    for text in [r#"{"a":1}"#, r#"{"a":"xy","b":[1]}"#, r#"{"b":[]}"#] {
        shape.add_json(text.as_bytes(), &Marks::default());
    }
    let wanted = r#"{"a": string(2) | number, "b": [number × 1]}"#;
    assert_eq!(shape.to_string(), wanted);
}

#[test]
fn the_text_is_bounded() {
    let wide: Vec<String> = (0..2000)
        .map(|i| format!("\"{i:0>4}_{}\":1", "n".repeat(40)))
        .collect();
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let both = format!("[{}]", vec![format!("{{{}}}", wide.join(",")); 3].join(","));
    for text in [format!("{{{}}}", wide.join(",")), deep, both] {
        let shown = shape(&text, &[]);
        assert!(
            shown.len() <= SHAPE_TEXT_BYTES_MAX && shown.contains('…'),
            "{shown}"
        );
        let count = |c| shown.matches(c).count();
        assert_eq!(count('{'), count('}'));
        assert_eq!(count('['), count(']'));
    }
}

/// Documents whose names and values can be told apart: names have `f` to `h`, values `Q` to `Z` and digits.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[Q-Z0-9]{4,30}".prop_map(Value::from),
        (100_000..1i64 << 50).prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let fields = proptest::collection::btree_map("[f-h]{1,4}", inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn values(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::Array(inner) => inner.iter().for_each(|v| values(v, all)),
        Value::Object(inner) => inner.values().for_each(|v| values(v, all)),
        Value::String(text) => all.push(text.clone()),
        other => all.push(other.to_string()),
    }
}

proptest! {
    #[test]
    fn no_value_is_in_the_shape(document in documents(), as_names: bool) {
        let mut all = Vec::new();
        values(&document, &mut all);
        let mut text = document.to_string();
        if as_names {
            let fields: Vec<_> = all.iter().map(|v| format!("{:?}:{text}", format!("{v}00000"))).collect();
            text = format!("{{{}}}", fields.join(","));
        }
        let shown = shape(&text, &[]);
        for value in all {
            prop_assert!(!shown.contains(&value), "{} in {}", value, shown);
        }
    }

    #[test]
    fn any_bytes_have_a_bounded_shape(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}\",:\\\\a1' \\n]{0,300}".prop_map(String::into_bytes),
        ],
        spans in proptest::collection::vec((0..300usize, 0..20usize), 0..5),
    ) {
        let marks = Marks::new(spans.iter().map(|(at, len)| (*at..at + len, "us_ssn")));
        let mut shape = Shape::of(&bytes, &marks);
        shape.add_json(&bytes, &marks);
        shape.add_plain(&bytes, &marks);
        let shown = shape.to_string();
        prop_assert!(shown.len() <= SHAPE_TEXT_BYTES_MAX);
        prop_assert!(!shown.chars().any(char::is_control));
    }
}
