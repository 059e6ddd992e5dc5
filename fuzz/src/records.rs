//! Record batches: walked, inflated, scanned, masked.

use lockgate::chunk::{ContentKey, DetectorId, DetectorSet, Field, Finding, Part};
use lockgate::kafka::batch::{self, Fields, Headers, Record};
use lockgate::kafka::compression::{Codec, Deflater, Inflater};
use lockgate::scan::mask::MaskStyle;
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

/// Masking changes no length and nothing beside what was found, and no detector that fired fires again.
pub fn mask(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let style = match (first % 3, first / 3 % 8) {
        (0, _) => MaskStyle::Full,
        (1, digits) => MaskStyle::KeepLast(digits),
        (_, digits) => MaskStyle::KeepFirst(digits),
    };
    let mut all = DetectorSet::default();
    (0..scan::DETECTORS.len()).for_each(|id| all.insert(DetectorId(id as u8)));
    ENGINE.with_borrow_mut(|engine| {
        let engine = engine.get_or_insert_with(|| Engine::new(all));
        let findings = find(engine, text);
        let mut masked = text.to_vec();
        scan::mask::apply(&mut masked, &findings, style, all);
        assert_eq!(masked.len(), text.len());
        for (at, (was, is)) in text.iter().zip(&masked).enumerate() {
            let inside = |found: &Finding| (found.start as usize..found.end as usize).contains(&at);
            assert!(was == is || findings.iter().any(inside), "byte {at}");
        }
        for finding in find(engine, &masked) {
            let fired = findings.iter().any(|was| was.detector == finding.detector);
            assert!(!fired, "{finding:?} is found in the mask");
        }
    });
}

fn find(engine: &Engine, text: &[u8]) -> Vec<Finding> {
    let field = Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: text.len() as u32,
    };
    let (mut scratch, mut findings) = (Default::default(), Vec::new());
    if engine.candidates(text, &mut scratch) {
        engine.validate(text, std::iter::once(field), &mut scratch, &mut findings);
    }
    findings
}
