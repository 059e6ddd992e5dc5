//! Paths against a walk that takes its time, and the formats one by one.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::chunk::{DetectorId, Likelihood};
use crate::kafka::batch::Fields;
use proptest::prelude::*;
use serde_json::Value;

const ONE: DetectorSet = DetectorSet(1);

fn finding(start: usize, part: Part, form: Form) -> Finding {
    Finding {
        detector: DetectorId(0),
        likelihood: Likelihood::Likely,
        record: 0,
        part,
        form,
        start: start as u32,
        end: start as u32 + 1,
    }
}

/// The path of each finding as text; `?` where it is not known.
fn located(body: &[u8], fields: &[Field], findings: &[Finding]) -> Vec<String> {
    let mut out = vec![String::from("nothing was told"); findings.len()];
    let located = Located {
        body,
        findings,
        raw: findings.len(),
        wanted: ONE,
    };
    let walker = Walker::default();
    walker.locate(&located, fields.iter().copied(), &mut |at, path| {
        let names: Vec<_> = (0..path.len()).filter_map(|at| path.get(at)).collect();
        out[at] = match path.is_partial() {
            true => "?".to_owned(),
            false => names.join("/"),
        };
    });
    out
}

fn whole(body: &[u8]) -> Vec<Field> {
    vec![Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: body.len() as u32,
    }]
}

#[test]
fn what_stands_in_no_field_has_none_and_what_cannot_be_told_is_unknown() {
    let (plain, json) = (
        b"card 4111".as_slice(),
        br#"{"a": [1, {"b": 2}]}"#.as_slice(),
    );
    let at = |body, start, form| {
        let findings = [finding(start, Part::Value, form)];
        located(body, &whole(body), &findings).remove(0)
    };
    assert_eq!(at(plain, 5, Form::Plain), "");
    assert_eq!(at(plain, 5, Form::Encoded), "?");
    assert_eq!(at(json, 16, Form::Plain), "a/b");
    assert_eq!(at(json, 7, Form::Plain), "a");
    assert_eq!(at(json, 5, Form::Plain), "?", "between two tokens");
}

#[test]
fn a_header_is_a_field_of_its_name() {
    // One record: key and value null, then h1 without a value, h2 with one, and h3 with an empty one.
    let record = b"\0\0\0\x01\x01\x06\x04h1\x01\x04h2\x04v2\x04h3\0";
    let body = [&[record.len() as u8 * 2][..], record].concat();
    let fields: Vec<Field> = Fields::new(&body, 1).map(Result::unwrap).collect();
    assert_eq!(fields.len(), 5);
    let findings: Vec<_> = fields
        .iter()
        .map(|field| finding(field.start as usize, Part::Header, Form::Plain))
        .collect();
    let told = located(&body, &fields[..4], &findings[..4]);
    assert_eq!(told, ["h1", "h2", "h2", "h3"]);
}

/// A tree whose leaves are numbered texts, so that each is found in the text again.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = Just(Value::from("leaf"));
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop::sample::select(vec!["a", "b", "c.d", "é", "\"", ""]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 1..4).prop_map(|them| {
                them.into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

/// Numbers the leaves, and tells the names that lead to each.
fn leaves(value: &mut Value, names: &[String], out: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|it| leaves(it, names, out)),
        Value::Object(all) => all.iter_mut().for_each(|(name, it)| {
            let names = [names, std::slice::from_ref(name)].concat();
            leaves(it, &names, out);
        }),
        leaf => {
            *leaf = format!("leaf{:04}", out.len()).into();
            out.push(names.join("/"));
        }
    }
}

proptest! {
    #[test]
    fn paths_equal_those_of_a_plain_walk(mut tree in tree(), pretty: bool, frame: bool, pick in 0usize..3) {
        let mut expected = Vec::new();
        leaves(&mut tree, &[], &mut expected);
        prop_assume!(!tree.is_string());
        let text = match pretty {
            true => serde_json::to_vec_pretty(&tree).unwrap(),
            false => serde_json::to_vec(&tree).unwrap(),
        };
        let body = [if frame { b"\0\0\0\0\x07".as_slice() } else { b"" }, &text].concat();
        let start = |at: usize| memchr::memmem::find(&body, format!("leaf{at:04}").as_bytes()).unwrap();
        // Findings come in any order, and not for every leaf.
        let picked: Vec<usize> = (0..expected.len()).rev().filter(|at| at % 3 != pick).collect();
        let findings: Vec<Finding> = picked.iter().map(|at| finding(start(*at), Part::Value, Form::Plain)).collect();
        let told = located(&body, &whole(&body), &findings);
        let naive: Vec<String> = picked.iter().map(|at| expected[*at].clone()).collect();
        prop_assert_eq!(told, naive);
    }

    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 1..200), starts in prop::collection::vec(0usize..200, 0..9)) {
        let findings: Vec<Finding> = starts
            .iter()
            .map(|at| finding(at % body.len(), Part::Value, Form::Plain))
            .collect();
        let told = located(&body, &whole(&body), &findings);
        prop_assert!(told.iter().all(|path| path != "nothing was told"));
    }
}
