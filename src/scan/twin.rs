//! The pass, done slowly: what the fast one is held against.
//!
//! Owns: the plainest reading of what each trigger says, one byte at a time. Refuses: speed. Stays
//! true: it defines the answer.

use super::Vocabulary;
use super::cluster::{Cluster, is_separator};
use super::context::{Context, Hit, Reader, Scope};
use super::detector::Trigger;
use super::look::Here;
use super::own;
use super::scene::{Scene, Sink, Word};
use super::scopes::note_scope;
use super::settle::settle;
use super::triggers::{self, is_at, is_code, is_colon, is_dot, is_open, is_token_start};
use crate::chunk::{Field, Finding};
use std::ops::Range;

/// Appends what is in the field, in order.
pub(super) fn scan_field(
    vocabulary: &Vocabulary,
    body: &[u8],
    field: Field,
    out: &mut Vec<Finding>,
) {
    let (base, end) = (field.start as usize, field.end as usize);
    let Some(text) = body.get(base..end) else {
        return;
    };
    let (mut hits, mut scopes) = (Vec::new(), Vec::new());
    words(vocabulary, text, base, &mut hits, &mut scopes);
    let context = Context {
        hits: &hits,
        scopes: &scopes,
        field: (base, end),
        known_to: usize::MAX,
        reader: Reader {
            words: &vocabulary.words,
            text,
        },
    };
    let here = Here {
        text,
        field: &field,
        context: &context,
    };
    let mut found = Vec::new();
    for (id, row) in vocabulary.rows() {
        let (scene, mut sink) = (here.scene(id), here.sink(id, &mut found));
        for trigger in row.triggers {
            pull(vocabulary, *trigger, &scene, &mut sink);
        }
    }
    for hit in &hits {
        let span = hit.start - base..hit.end - base;
        let word = Word {
            span,
            container: None,
        };
        own::word(vocabulary, &here, hit.detectors, &word, &mut found);
    }
    own::finish(vocabulary, &here, &mut found);
    settle(&mut found);
    out.extend(found.iter().map(|found| found.finding));
}

fn words(
    vocabulary: &Vocabulary,
    text: &[u8],
    base: usize,
    hits: &mut Vec<Hit>,
    scopes: &mut Vec<Scope>,
) {
    for at in 0..text.len() {
        if let Some(hit) = Hit::at(&vocabulary.words, text, base, at) {
            hits.push(hit);
            note_scope(scopes, text, base, &hit);
        }
    }
}

fn pull(vocabulary: &Vocabulary, trigger: Trigger, scene: &Scene<'_>, sink: &mut Sink<'_>) {
    let text = scene.text;
    let places = |is: fn(&[u8], usize) -> bool| (0..text.len()).filter(move |at| is(text, *at));
    match trigger {
        Trigger::Number(find) => {
            for cluster in clusters(text).filter(|c| calls(vocabulary, scene, c)) {
                find(scene, &Cluster::new(text, cluster.start, cluster.end), sink);
            }
        }
        Trigger::Code(find) => places(is_code).for_each(|at| find(scene, at, sink)),
        Trigger::At(find) => places(is_at).for_each(|at| find(scene, at, sink)),
        Trigger::Dot(find) => places(is_dot).for_each(|at| find(scene, at, sink)),
        Trigger::Colon(find) => places(is_colon).for_each(|at| find(scene, at, sink)),
        Trigger::Open(find) => places(is_open).for_each(|at| find(scene, at, sink)),
        Trigger::Literal(literals, find) => {
            let begins = |at: &usize| {
                literals
                    .iter()
                    .any(|literal| text[*at..].starts_with(literal.as_bytes()))
            };
            places(is_token_start)
                .filter(begins)
                .for_each(|at| find(scene, at, sink));
        }
        Trigger::Keyword(find) => {
            let base = scene.context.field.0;
            let mine = scene
                .context
                .hits
                .iter()
                .filter(|hit| hit.detectors.contains(scene.detector));
            for hit in mine {
                let span = hit.start - base..hit.end - base;
                let container = scene.context.container_of(hit);
                let container = container.map(|s| s.start - base..s.end - base);
                find(scene, &Word { span, container }, sink);
            }
        }
    }
}

/// Every cluster, as wide as it goes.
fn clusters(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(u8::is_ascii_digit)?;
        let start = at;
        let mut end = at + 1;
        while let Some(rest) = text.get(end..) {
            match rest {
                [digit, ..] if digit.is_ascii_digit() => end += 1,
                [separator, digit, ..] if is_separator(*separator) && digit.is_ascii_digit() => {
                    end += 2
                }
                _ => break,
            }
        }
        at = end;
        Some(start..end)
    })
}

/// Whether the cluster calls on detectors of numbers.
fn calls(vocabulary: &Vocabulary, scene: &Scene<'_>, cluster: &Range<usize>) -> bool {
    let text = &scene.text[cluster.clone()];
    let base = scene.context.field.0;
    let speaks = || {
        scene
            .context
            .detectors(&(base + cluster.start..base + cluster.end))
    };
    text.len() >= triggers::LONG_BYTES_MIN
        || triggers::is_grouped(text)
        || triggers::is_thirteen(text)
        || (text.len() >= 9 && speaks().meets(vocabulary.numbers))
}
