//! Record batches: walked, inflated, scanned, masked.

use lockgate::chunk::{DetectorId, DetectorSet};
use lockgate::kafka::batch::{self, Fields};
use lockgate::kafka::compression::{Codec, Deflater, Inflater};
use lockgate::scan::Engine;
use std::cell::RefCell;

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
    let mut end = 0;
    for batch in batch::batches(data).map_while(Result::ok) {
        assert_eq!(batch.span.start, end);
        assert!(batch.span.end <= data.len() && batch.body.end == batch.span.end);
        end = batch.span.end;
        let (body, count) = (&data[batch.body.clone()], batch.header.records_count);
        let whole = batch::check_records(body, count);
        let mut last = 0;
        for field in Fields::new(body, count).map_while(Result::ok) {
            assert!(field.start >= last && field.start <= field.end);
            assert!(field.end as usize <= body.len());
            last = field.end;
        }
        if whole.is_ok() && !batch.header.codec().is_ok_and(|codec| codec != Codec::None) {
            let read = batch::records(body, count).filter(Result::is_ok).count();
            assert_eq!(read, count.max(0) as usize);
        }
    }
    let _ = batch::produced_batch(data);
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

/// Whatever is found can be masked, and is not found again.
pub fn mask(data: &[u8]) {
    ENGINE.with_borrow_mut(|engine| {
        let engine = engine.get_or_insert_with(|| {
            let mut all = DetectorSet::default();
            (0..lockgate::scan::DETECTORS.len()).for_each(|id| all.insert(DetectorId(id as u8)));
            Engine::new(all)
        });
        let field = lockgate::chunk::Field {
            record: 0,
            part: lockgate::chunk::Part::Value,
            start: 0,
            end: data.len() as u32,
        };
        let find = |bytes: &[u8]| {
            let (mut scratch, mut findings) = (Default::default(), Vec::new());
            if engine.candidates(bytes, &mut scratch) {
                engine.validate(bytes, std::iter::once(field), &mut scratch, &mut findings);
            }
            findings
        };
        let mut masked = data.to_vec();
        let findings = find(data);
        for finding in &findings {
            let (start, end) = (finding.start as usize, finding.end as usize);
            assert!(start < end && end <= data.len());
            masked[start..end].fill(b'*');
        }
        let left = find(&masked);
        for finding in left {
            let gone = findings
                .iter()
                .any(|was| was.start < finding.end && finding.start < was.end);
            assert!(!gone, "found inside its own mask");
        }
    });
}
