//! Record batches: walked, inflated, scanned, masked.

use lockgate::chunk::{ContentKey, Field, Finding, Part};
use lockgate::kafka::batch::{self, Fields, Headers, Record};
use lockgate::kafka::compression::{Codec, Deflater, Inflater};
use lockgate::scan::mask::{Edits, Mask, MaskKeys, MaskStyle, Masker, Order, splice};
use lockgate::scan::{self, Engine};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Inflated bytes that one input may come to here: small, so that the fuzzer stays fast.
const INFLATED_BYTES_MAX: usize = 1 << 20;

const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Gzip,
    Codec::Snappy,
    Codec::Lz4,
    Codec::Zstd,
];

/// Any bytes as a record set: batches lie one behind the other, records and fields inside them.
pub fn batches(data: &[u8]) {
    let (mut inflater, mut scratch, mut end) = (Inflater::new(), Vec::new(), 0);
    for batch in batch::batches(data).map_while(Result::ok) {
        assert_eq!(batch.span.start, end);
        assert!(batch.span.end <= data.len() && batch.body.end == batch.span.end);
        end = batch.span.end;
        let stored = &data[batch.body.clone()];
        let Ok(codec) = batch.header.codec() else {
            continue;
        };
        let inflated = inflater.inflate(codec, stored, &mut scratch, INFLATED_BYTES_MAX);
        if inflated.is_ok() {
            records(&scratch, batch.header.records_count);
            rebuilt(&data[batch.span.clone()], &scratch);
        }
    }
    let _ = batch::produced_batch(data);
}

/// All three walks say the same of a body.
fn records(body: &[u8], count: i32) {
    let whole = batch::check_records(body, count).is_ok();
    let mut last = 0;
    let mut fields = Fields::new(body, count);
    let mut fine = true;
    for field in fields.by_ref() {
        let Ok(field) = field else {
            fine = false;
            break;
        };
        assert!(field.start >= last && field.start <= field.end);
        assert!(field.end as usize <= body.len());
        last = field.end;
    }
    assert_eq!(fine, whole, "fields and the check differ");
    let mut walk = batch::records(body, count);
    let read = walk.by_ref().filter(Result::is_ok).count();
    assert!(!whole || read == count.max(0) as usize);
}

/// A batch that is put together again around its own body opens to that body.
fn rebuilt(batch: &[u8], body: &[u8]) {
    let mut out = Vec::new();
    let made = batch::rebuild(batch, body, &mut Deflater::new(), &mut out);
    assert!(made.is_ok() && batch::check_crc(&out), "{made:?}");
    let only = batch::batches(&out).next();
    let Some(Ok(again)) = only else {
        panic!("no batch any more: {only:?}")
    };
    let (mut inflater, mut scratch) = (Inflater::new(), Vec::new());
    let opened = batch::open(&mut inflater, &mut scratch, &out, &again);
    assert_eq!(opened, Ok(body));
}

/// Two records have the same content key exactly when key, value and headers are the same.
pub fn content_keys(data: &[u8]) {
    let (mut inflater, mut body) = (Inflater::new(), Vec::new());
    let mut keys: HashMap<Content, ContentKey> = HashMap::new();
    for batch in batch::batches(data).map_while(Result::ok) {
        let codec = batch.header.codec().unwrap_or(Codec::None);
        let (stored, count) = (&data[batch.body.clone()], batch.header.records_count);
        if inflater
            .inflate(codec, stored, &mut body, INFLATED_BYTES_MAX)
            .is_err()
            || batch::check_records(&body, count).is_err()
        {
            continue;
        }
        let mut found = Vec::new();
        if batch::content_keys(&body, count, &mut |_| true, &mut found).is_err() {
            continue;
        }
        let mut walk = batch::records(&body, count);
        for key in found {
            let Some(Ok(record)) = walk.next() else {
                panic!("more keys than records")
            };
            let same = *keys.entry(content(&body, &record)).or_insert(key);
            assert_eq!(same, key, "one content, two keys");
        }
    }
    let different: HashSet<_> = keys.values().collect();
    assert_eq!(different.len(), keys.len(), "two contents, one key");
}

/// Key, value, headers.
type Content = (
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<(Vec<u8>, Option<Vec<u8>>)>,
);

fn content(body: &[u8], record: &Record) -> Content {
    let bytes = |span: &Range<usize>| body[span.clone()].to_vec();
    let headers = Headers::new(body, record);
    let headers = headers.map(|header| (bytes(&header.key), header.value.as_ref().map(bytes)));
    (
        record.key.as_ref().map(bytes),
        record.value.as_ref().map(bytes),
        headers.collect(),
    )
}

/// Any bytes as compressed ones stay inside the bound; what a codec wrote it reads.
pub fn compression(data: &[u8]) {
    let Some((first, input)) = data.split_first() else {
        return;
    };
    let codec = CODECS[usize::from(*first) % CODECS.len()];
    let (mut inflater, mut out) = (Inflater::new(), Vec::new());
    if inflater
        .inflate(codec, input, &mut out, INFLATED_BYTES_MAX)
        .is_ok()
    {
        assert!(out.len() <= INFLATED_BYTES_MAX);
    } else {
        assert!(out.is_empty());
    }
    let mut stored = Vec::new();
    if Deflater::new().deflate(codec, input, &mut stored).is_ok() {
        let read = inflater.inflate(codec, &stored, &mut out, INFLATED_BYTES_MAX);
        assert!(read.is_ok() && out == input, "{codec}: {read:?}");
    }
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Masking leaves nothing that fires again; in place, it changes no length and nothing beside what was
/// found.
pub fn mask(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let style = match (first % 6, first / 6 % 8) {
        (0, _) => MaskStyle::Full,
        (1, digits) => MaskStyle::KeepLast(digits),
        (2, digits) => MaskStyle::KeepFirst(digits),
        (3, _) => MaskStyle::Token,
        (4, _) => MaskStyle::Remove,
        (_, _) => MaskStyle::Replace("gone".into()),
    };
    let in_place = first % 6 < 3;
    ENGINE.with_borrow_mut(|engine| {
        let engine = engine.get_or_insert_with(|| Engine::new(scan::every_detector()));
        let findings = find(engine, text);
        let masked = masked(engine, text, &findings, &style.into());
        for (at, (was, is)) in text.iter().zip(&masked).enumerate().filter(|_| in_place) {
            assert_eq!(masked.len(), text.len());
            let inside = |found: &Finding| (found.start as usize..found.end as usize).contains(&at);
            let escape = *was == b'\\' && *is == b'X';
            assert!(
                was == is || escape || findings.iter().any(inside),
                "byte {at}"
            );
        }
        for finding in find(engine, &masked) {
            let like = |was: &Finding| {
                was.detector == finding.detector && was.likelihood <= finding.likelihood
            };
            assert!(
                !findings.iter().any(like),
                "{finding:?} is found in the mask"
            );
        }
    });
}

fn masked(engine: &Engine, text: &[u8], findings: &[Finding], mask: &Mask) -> Vec<u8> {
    let keys = MaskKeys::derive(&[7; 32]);
    let masker = Masker {
        engine,
        keys: keys.as_ref(),
        upto: usize::MAX,
    };
    let order = |finding: &Finding| Order {
        finding: *finding,
        mask: mask.clone(),
    };
    let mut orders: Vec<_> = findings.iter().map(order).collect();
    let (mut edits, mut out) = (Edits::new(), Vec::new());
    let fields = std::iter::once(whole(text));
    masker.plan(
        text,
        fields,
        &mut orders,
        &mut Default::default(),
        &mut edits,
    );
    splice(text, 0..text.len(), edits.iter(), &mut out);
    out
}

fn whole(text: &[u8]) -> Field {
    Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: text.len() as u32,
    }
}

fn find(engine: &Engine, text: &[u8]) -> Vec<Finding> {
    let (mut scratch, mut findings) = (Default::default(), Vec::new());
    let fields = std::iter::once(whole(text));
    engine.scan(text, fields, &mut scratch, &mut findings);
    findings
}
