//! The walk held against serde_json, which reads the whole text into a tree.
#![allow(clippy::unwrap_used)]

use super::tokens::PASSED;
use super::*;
use crate::limits::JSON_NESTING_MAX;
use crate::schema::path::Element;
use crate::schema::splice::splice;
use proptest::prelude::*;
use serde_json::Value;

/// Any document: names and strings of all kinds, no name twice in one object.
pub(crate) fn documents() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[a-z_]{1,6}", any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9 ,:{}\\[\\]\"\\\\-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// The document as text, compact or spread out, and as serde_json reads it back: the last digit of a
/// fraction may differ.
fn text(value: Value, pretty: bool) -> (String, Value) {
    let text = match pretty {
        true => serde_json::to_string_pretty(&value).unwrap(),
        false => serde_json::to_string(&value).unwrap(),
    };
    let read = serde_json::from_str(&text).unwrap();
    (text, read)
}

/// The value at a path.
fn at<'v, 'e>(root: &'v Value, path: impl Iterator<Item = Element<'e>>) -> Option<&'v Value> {
    path.into_iter()
        .try_fold(root, |value, element| match element {
            Element::Index(index) => value.get(index as usize),
            Element::Name(name) => {
                let name: String = name.chars().map(|(_, c)| c).collect();
                value.get(name)
            }
            _ => None,
        })
}

/// Scalars and names of a tree.
fn count(value: &Value) -> (usize, usize) {
    let inner: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Object(all) => all.values().collect(),
        _ => return (1, 0),
    };
    let names = if value.is_object() { inner.len() } else { 0 };
    let sum = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
    inner.into_iter().map(count).fold((0, names), sum)
}

/// Takes out what lies at these paths, as the removal promises to.
fn without(value: &Value, path: &mut Vec<String>, gone: &[Vec<String>]) -> Option<Value> {
    if gone.contains(path) {
        return None;
    }
    let mut child = |step: String, value: &Value| {
        path.push(step);
        let left = without(value, path, gone);
        path.pop();
        left
    };
    Some(match value {
        Value::Array(all) => all
            .iter()
            .enumerate()
            .map(|(i, v)| child(i.to_string(), v).unwrap_or(Value::Null))
            .collect(),
        Value::Object(all) => Value::Object(
            all.iter()
                .filter_map(|(name, v)| Some((name.clone(), child(name.clone(), v)?)))
                .collect(),
        ),
        other => other.clone(),
    })
}

fn steps(place: &Place<'_>) -> Vec<String> {
    let step = |element| match element {
        Element::Index(index) => index.to_string(),
        Element::Name(name) => name.chars().map(|(_, c)| c).collect(),
        _ => String::new(),
    };
    place.elements().map(step).collect()
}

fn remove(text: &str, every: usize, kinds: fn(Kind) -> bool) -> (String, Vec<Vec<String>>) {
    let (mut walker, mut removals) = (Walker::new(text.as_bytes()), Removals::default());
    let (mut edits, mut gone, mut seen) = (Vec::new(), Vec::new(), 0);
    while let Some(place) = walker.next_token() {
        if !kinds(place.kind()) {
            continue;
        }
        seen += 1;
        if seen % every == 0
            && let Some(edit) = removals.remove(&place)
        {
            gone.push(steps(&place));
            edits.push(edit);
        }
    }
    let made = splice(
        text.as_bytes(),
        edits.iter().map(|e| (e.span.clone(), e.with)),
    );
    (String::from_utf8(made).unwrap(), gone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_scalar_is_where_serde_json_has_it(document in documents(), pretty: bool) {
        let (text, document) = text(document, pretty);
        let (mut walker, mut scalars, mut names_seen) = (Walker::new(text.as_bytes()), 0, 0);
        while let Some(place) = walker.next_token() {
            let token = &text[place.token().span()];
            match place.kind() {
                Kind::Name => {
                    names_seen += 1;
                    prop_assert!(at(&document, place.elements()).is_some());
                    let name = place.elements().last();
                    prop_assert_eq!(name, place.name().map(Element::Name));
                }
                kind if kind.is_scalar() => {
                    scalars += 1;
                    let value = at(&document, place.elements()).unwrap();
                    let read: Value = serde_json::from_str(token).unwrap();
                    prop_assert_eq!(value, &read);
                    prop_assert_eq!(value.is_string(), kind == Kind::Text);
                    prop_assert_eq!(value.is_number(), kind == Kind::Number);
                }
                _ => {}
            }
        }
        prop_assert_eq!((scalars, names_seen), count(&document));
    }

    #[test]
    fn seeking_finds_the_token_around_each_byte(document in documents(), pretty: bool) {
        let (text, _) = text(document, pretty);
        let (mut seeker, mut walker) = (Walker::new(text.as_bytes()), Walker::new(text.as_bytes()));
        let mut at = 0;
        while let Some(place) = walker.next_token() {
            for offset in at..place.token().start {
                prop_assert!(seeker.seek(offset).is_none(), "white space at {}", offset);
            }
            for offset in place.token().span() {
                let found = seeker.seek(offset).unwrap();
                prop_assert_eq!(found.token(), place.token());
                prop_assert_eq!(steps(&found), steps(&place));
            }
            at = place.token().end;
        }
        prop_assert!(seeker.seek(text.len()).is_none());
    }

    #[test]
    fn what_is_left_is_the_document_without_the_fields(
        document in documents(), pretty: bool, every in 1..4usize, by_name: bool
    ) {
        let (text, document) = text(document, pretty);
        let kinds = if by_name { |kind| kind == Kind::Name } else { Kind::is_scalar };
        let (left, gone) = remove(&text, every, kinds);
        let read: Value = serde_json::from_str(&left).unwrap();
        let wanted = without(&document, &mut Vec::new(), &gone).unwrap_or(Value::Null);
        prop_assert_eq!(read, wanted, "{} -> {}", text, left);
    }

    #[test]
    fn a_container_ends_where_it_closes(document in documents()) {
        let (text, document) = text(document, false);
        let mut walker = Walker::new(text.as_bytes());
        while let Some(place) = walker.next_token() {
            let start = place.token().start;
            if place.kind() == Kind::Open {
                let end = container_end(text.as_bytes(), start);
                prop_assert!(serde_json::from_str::<Value>(&text[start..end]).is_ok());
            }
        }
        let container = document.is_object() || document.is_array();
        prop_assert!(!container || looks_like_json(text.as_bytes()));
    }

    #[test]
    fn any_bytes_are_walked_once(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}\",:\\\\a1' \\n]{0,300}".prop_map(String::into_bytes),
        ]
    ) {
        PASSED.set(0);
        let (mut walker, mut at) = (Walker::new(&bytes), 0);
        while let Some(place) = walker.next_token() {
            let token = place.token();
            prop_assert!(token.start >= at && token.end > token.start && token.end <= bytes.len());
            prop_assert!(bytes.get(place.content()).is_some());
            let _ = place.path();
            at = token.end;
        }
        prop_assert!(PASSED.get() <= 4 * bytes.len(), "{} for {}", PASSED.get(), bytes.len());
        let _ = looks_like_json(&bytes);
        for offset in 0..bytes.len() {
            prop_assert!(container_end(&bytes, offset) <= bytes.len());
        }
        let mut removals = Removals::default();
        let mut walker = Walker::new(&bytes);
        let mut end = 0;
        while let Some(place) = walker.next_token() {
            if let Some(edit) = removals.remove(&place) {
                prop_assert!(edit.span.start >= end && edit.span.end <= bytes.len());
                end = edit.span.end;
            }
        }
    }
}

#[test]
fn places_read_as_people_write_them() {
    let text = br#"{"customer": {"ssn": "123", "phones": [1, {"no": 22}]}, "a": true}"#;
    let path = |needle: &[u8]| {
        let offset = text
            .windows(needle.len())
            .position(|w| w == needle)
            .unwrap();
        let mut walker = Walker::new(text);
        let place = walker.seek(offset).unwrap();
        (place.path(), place.kind())
    };
    assert_eq!(path(b"ssn"), ("customer.ssn".to_owned(), Kind::Name));
    assert_eq!(path(b"23"), ("customer.ssn".to_owned(), Kind::Text));
    assert_eq!(path(b"1,"), ("customer.phones[0]".to_owned(), Kind::Number));
    assert_eq!(
        path(b"22"),
        ("customer.phones[1].no".to_owned(), Kind::Number)
    );
    assert_eq!(path(b"true"), ("a".to_owned(), Kind::Word));
}

#[test]
fn broken_texts_are_walked_as_well_as_they_can_be() {
    let value_path = |text: &str, value: &str| {
        let mut walker = Walker::new(text.as_bytes());
        walker.seek(text.find(value).unwrap()).unwrap().path()
    };
    assert_eq!(value_path("{ssn: 123456789}", "1234"), "ssn");
    assert_eq!(value_path("{'ssn': '123456789'}", "1234"), "ssn");
    assert_eq!(
        value_path("{\"a\": [1, 2,, }, \"ssn\": 1234", "1234"),
        "ssn"
    );
    assert_eq!(value_path("{\"a\": {\"ssn\": \"1234", "1234"), "a.ssn");
    assert_eq!(value_path("}}]{\"ssn\" x : 1234", "1234"), "x");
}

#[test]
fn names_come_with_their_values() {
    let text = br#"{"ssns": [1, "x"], "n": null}"#;
    let all: Vec<_> = names(text)
        .map(|v| {
            (
                v.name.unwrap().raw().to_vec(),
                text[v.value].to_vec(),
                v.kind,
            )
        })
        .collect();
    let wanted = [
        (b"ssns".to_vec(), b"1".to_vec(), Kind::Number),
        (b"ssns".to_vec(), b"\"x\"".to_vec(), Kind::Text),
        (b"n".to_vec(), b"null".to_vec(), Kind::Word),
    ];
    assert_eq!(all, wanted);
}

#[test]
fn ten_thousand_levels_are_walked_in_linear_time() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let levels = 10_000;
        let text = format!(
            "{}{{\"ssn\":12}}{}",
            open.repeat(levels),
            close.repeat(levels)
        );
        PASSED.set(0);
        let mut walker = Walker::new(text.as_bytes());
        let place = walker.seek(text.find("12").unwrap()).unwrap();
        let path = place.path();
        assert!(path.ends_with(".ssn") && path.contains('…'), "{path}");
        assert!(place.elements().count() <= JSON_NESTING_MAX + 2);
        while walker.next_token().is_some() {}
        assert!(PASSED.get() <= 3 * text.len());
        assert_eq!(walker.depth, 0);
    }
}

#[test]
fn a_level_is_exact_up_to_the_bound() {
    let nested = |levels: usize| format!("{}7{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    for (levels, removable) in [(JSON_NESTING_MAX, true), (JSON_NESTING_MAX + 1, true)] {
        let text = nested(levels);
        let mut walker = Walker::new(text.as_bytes());
        let place = walker.seek(text.find('7').unwrap()).unwrap();
        assert_eq!(place.elements().count(), levels);
        assert_eq!(place.member().is_some(), removable);
    }
    let deep = format!("{}{{\"b\":{{}},\"c\":7}}", "[".repeat(JSON_NESTING_MAX + 1));
    let mut walker = Walker::new(deep.as_bytes());
    let place = walker.seek(deep.find('7').unwrap()).unwrap();
    assert_eq!(place.member(), None, "what came before it was forgotten");
    assert!(
        Removals::default()
            .remove(&place)
            .is_some_and(|edit| edit.with == b"null")
    );
}

#[test]
fn a_log_line_is_no_json() {
    let yes = [
        "{}",
        " { \"a\" : 1",
        "[]",
        "[1,2]",
        "[\"a\"]",
        "[{\"a\":1}]",
        "\"a\"",
        "{a:1}",
    ];
    let no = [
        "",
        "[2024-01-01 10:00] x",
        "[INFO] a",
        "[12 ms] a",
        "{0} is",
        "text",
        "12",
        "\"a\" b",
        "{",
        "[",
    ];
    for text in yes {
        assert!(looks_like_json(text.as_bytes()), "{text}");
    }
    for text in no {
        assert!(!looks_like_json(text.as_bytes()), "{text}");
    }
}
