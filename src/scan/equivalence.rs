//! The fast pass against its slow twin.
//!
//! Owns: texts in which everything the pass looks for meets every edge it knows: blocks, tiles, fields,
//! bodies. Refuses: to know an identifier; probes report where they were called. Stays true: a
//! difference of one call, one place or one word of context fails.

#![allow(clippy::unwrap_used)]

use super::cluster::Cluster;
use super::detector::{Alphabet, Detector, Trigger};
use super::engine::tests::field;
use super::scene::{Scene, Sink, Word};
use super::views::{self, ViewScratch};
use super::{Custom, Engine, Kernel, Scratch, Vocabulary, twin};
use crate::chunk::{DetectorSet, Field, Finding, Likelihood};
use proptest::prelude::*;
use std::sync::Arc;

/// Says where it was called, and whether it had a word near.
fn tell(scene: &Scene<'_>, span: std::ops::Range<usize>, sink: &mut Sink<'_>) {
    let likelihood = if scene.near(&span) {
        Likelihood::Certain
    } else {
        Likelihood::Possible
    };
    sink.report(span, likelihood);
}

fn at(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    tell(scene, at..at + 1, sink);
}

fn number(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    tell(scene, cluster.start..cluster.end, sink);
    // Words speak for a part of a cluster too.
    tell(scene, cluster.end - 1..cluster.end, sink);
}

fn word(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    tell(scene, word.span.clone(), sink);
    if let Some(container) = &word.container {
        tell(scene, container.end - 1..container.end, sink);
    }
}

const fn probe(keywords: &'static [&'static str], triggers: &'static [Trigger]) -> Detector {
    Detector {
        name: "probe",
        title: "",
        rule: "",
        source: "",
        keywords,
        alphabet: Alphabet::Text,
        keep_first_max: 0,
        keep_last_max: 0,
        triggers,
        fits: |_| false,
    }
}

static PROBES: &[Detector] = &[
    probe(&["ssn", "social security"], &[Trigger::Number(number)]),
    probe(
        &["pan", "card"],
        &[Trigger::Number(number), Trigger::At(at)],
    ),
    probe(&["code"], &[Trigger::Code(at)]),
    probe(&["mail"], &[Trigger::At(at)]),
    probe(&["host"], &[Trigger::Dot(at), Trigger::Colon(at)]),
    probe(&["tel"], &[Trigger::Open(at)]),
    probe(&["key"], &[Trigger::Literal(&["eyJ", "AKIA", "BEGIN"], at)]),
    probe(
        &["dob", "date of birth", "social security"],
        &[Trigger::Keyword(word)],
    ),
];

/// A user's words, fields and patterns, with and without a literal.
fn own() -> Arc<[Custom]> {
    let texts = |all: &[&str]| {
        all.iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    Arc::from([
        Custom::words("words".into(), &texts(&["tel", "mail code"])).unwrap(),
        Custom::fields("fields".into(), &texts(&["host", "key"])).unwrap(),
        Custom::pattern("literal".into(), "[0-9]-90-[0-9]").unwrap(),
        Custom::pattern("none".into(), "[xyz]@[xyz]").unwrap(),
    ])
}

fn vocabulary() -> Vocabulary {
    let own = own();
    let everyone = DetectorSet((1 << (PROBES.len() + own.len())) - 1);
    Vocabulary::with(PROBES, own, everyone)
}

fn fast(kernel: Kernel, body: &[u8], fields: &[Field]) -> Vec<Finding> {
    let engine = Engine::of(kernel, vocabulary());
    let mut out = Vec::new();
    engine.scan(body, fields.iter().copied(), &mut Scratch::new(), &mut out);
    out
}

fn slow(body: &[u8], fields: &[Field]) -> Vec<Finding> {
    let (vocabulary, mut out) = (vocabulary(), Vec::new());
    for field in fields {
        slowly(&vocabulary, body, *field, &mut out);
    }
    out
}

/// The twin, and on what the views of the field show too.
fn slowly(vocabulary: &Vocabulary, body: &[u8], field: Field, out: &mut Vec<Finding>) {
    let first = out.len();
    twin::scan_field(vocabulary, body, field, out);
    if !views::is_marked(&body[field.start as usize..field.end as usize]) {
        return;
    }
    let mut scan = |body: &[u8], field: Field, out: &mut Vec<Finding>| {
        twin::scan_field(vocabulary, body, field, out);
    };
    let scratch = &mut ViewScratch::default();
    scratch.begin_body();
    views::scan_field(body, field, scratch, out, first, &mut scan);
}

/// Pieces of everything, and stretches that push them over edges.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = vec![
        "ssn",
        "SSN: ",
        "Social_Security",
        "cardPan",
        "dob\":{",
        "DE89 3704 0044 0532 0130 00",
        "ann@example.com",
        "AB123456C",
        "passport no X1234567",
        "+49 30 1234567",
        "routing 021000021",
        "born 12 March 1980",
        "\"ssn\":[",
        "]",
        "}",
        "536-90-4399",
        "212-555-0123",
        "4222222222222",
        "1700000000000",
        "2024-01-15",
        "10.0.0.1",
        "1.2.3.4.5",
        "fe80::1",
        "1:2:3:4",
        "12:33:44",
        "::",
        "AB12",
        "ab-12 34",
        "1EG4",
        "x@y.z",
        "+1",
        "(+4",
        "(2",
        "eyJ",
        "AKIA",
        "BEGIN",
        "code ",
        "host=",
        "tel ",
        "key ",
        "mail",
        "date of birth",
        "\"",
        "\\\"",
        "{",
    ];
    prop_oneof![
        8 => proptest::sample::select(known).prop_map(|s| s.as_bytes().to_vec()),
        4 => "[0-9]{1,16}".prop_map(String::into_bytes),
        4 => "[ .:,-]".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..5),
        2 => (0..70usize).prop_map(|n| b"y ".repeat(n)),
        1 => (0..40usize).prop_map(|n| b"12 ".repeat(n)),
    ]
}

/// A body of fields with a byte of structure between them, often one that would join in.
fn body() -> impl Strategy<Value = (Vec<u8>, Vec<Field>)> {
    let cut = prop_oneof![6 => Just(None), 1 => any::<u8>().prop_map(Some), 2 => "[0-9a-zA-Z.: -]".prop_map(|s| Some(s.as_bytes()[0]))];
    let pieces = proptest::collection::vec((piece(), cut), 0..60);
    (0..4_200usize, pieces).prop_map(|(pad, pieces)| {
        let (mut body, mut fields, mut open) = (vec![b'x'; pad], Vec::new(), pad / 2);
        for (piece, cut) in pieces {
            body.extend(piece);
            if let Some(cut) = cut {
                fields.push(field(open, body.len()));
                body.push(cut);
                open = body.len();
            }
        }
        fields.push(field(open, body.len()));
        fields.retain(|field| field.start < field.end);
        (body, fields)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn the_fast_pass_and_its_twin_agree((body, fields) in body()) {
        let want = slow(&body, &fields);
        for kernel in Kernel::available() {
            prop_assert_eq!(&fast(kernel, &body, &fields), &want, "{} on {}", kernel.name(), String::from_utf8_lossy(&body).trim_start_matches('x'));
        }
    }

    #[test]
    fn so_they_do_with_every_detector((body, fields) in body()) {
        let vocabulary = Vocabulary::new(DetectorSet(u128::MAX));
        let mut want = Vec::new();
        for field in &fields {
            slowly(&vocabulary, &body, *field, &mut want);
        }
        for kernel in Kernel::available() {
            let mut out = Vec::new();
            let engine = Engine::of(kernel, vocabulary.clone());
            engine.scan(&body, fields.iter().copied(), &mut Scratch::new(), &mut out);
            prop_assert_eq!(&out, &want, "{} on {}", kernel.name(), String::from_utf8_lossy(&body).trim_start_matches('x'));
        }
    }
}
