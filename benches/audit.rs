//! What an audit entry costs the core that writes it, and how fast a trail is checked.
//!
//! `append_*` is the whole way of an entry into the buffer: rkyv, frame, CRC-32C, SHA-256, with its
//! share of the write(2) per full buffer. `sha256_alone` is the floor under it. The files go to
//! memory (`/dev/shm`) where there is one, so that no disk is measured.

use divan::counter::{BytesCount, ItemsCount};
use lockgate::audit::entry::{Action, Count, Op, Traffic, Verdict};
use lockgate::audit::segment::sha256;
use lockgate::audit::verify::verify;
use lockgate::audit::{Body, Entry, Writer};
use lockgate::chunk::UnixMillis;
use std::hint::black_box;
use tempfile::TempDir;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
/// Entries per measured call.
const ENTRIES: u64 = 1000;

/// Counts allocations: appending must do none once its storage has grown.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

fn directory() -> TempDir {
    let memory = TempDir::new_in("/dev/shm");
    memory
        .or_else(|_| TempDir::new())
        .expect("a directory for the audit")
}

fn verdict() -> Verdict {
    Verdict {
        session: 3,
        principal: "svc-payments-eu".into(),
        operation: Op::Produce,
        topic: "payments.eu".into(),
        partition: 4,
        action: Action::Mask,
        enforced: true,
        rules: vec!["cards-need-review".into()],
        detectors: vec![Count {
            detector: "payment_card".into(),
            count: 2,
        }],
        records: 2,
        bytes: 512,
        base_offset: -1,
        sha256: Some([4; 32]),
        ..Verdict::default()
    }
}

/// Appends `ENTRIES` times per call and asserts that none was lost.
fn appends(bencher: divan::Bencher, mut append: impl FnMut(&mut Writer)) {
    let dir = directory();
    let (mut writer, _) = Writer::open(dir.path(), "core-00", NOW).expect("a writer");
    let mut calls = 0;
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        calls += 1;
        for _ in 0..ENTRIES {
            append(&mut writer);
        }
    });
    assert_eq!(writer.next_seq(), calls * ENTRIES);
    assert!(!writer.failed());
}

#[divan::bench]
fn append_verdict(bencher: divan::Bencher) {
    let entry = Entry::new(NOW, verdict());
    appends(bencher, |writer| {
        writer.append(black_box(&entry)).expect("appended");
    });
}

/// One request with a few clean partitions, built anew each time in the same storage.
#[divan::bench(args = [1, 8, 64])]
fn append_traffic(bencher: divan::Bencher, chunks: i32) {
    let mut traffic = Traffic::default();
    appends(bencher, |writer| {
        traffic.reset(3, Op::Produce);
        for partition in 0..chunks {
            traffic.chunk("payments.eu", partition, 16_384, -1);
            traffic.batch(0xdead_beef, 16);
        }
        writer
            .append_root(NOW, black_box(&traffic))
            .expect("appended");
    });
}

/// rkyv alone, into reused storage.
#[divan::bench]
fn encode_verdict(bencher: divan::Bencher) {
    let body = Body::from(verdict());
    let mut storage = rkyv::util::AlignedVec::new();
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        for _ in 0..ENTRIES {
            let mut empty = std::mem::take(&mut storage);
            empty.clear();
            storage = black_box(&body).root().encode(empty).expect("encoded");
        }
    });
    assert!(!storage.is_empty());
}

#[divan::bench(args = [280, 400])]
fn sha256_alone(bencher: divan::Bencher, bytes: usize) {
    let frame = vec![7; bytes];
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        for _ in 0..ENTRIES {
            black_box(sha256(black_box(&frame)));
        }
    });
}

#[divan::bench]
fn verify_a_trail(bencher: divan::Bencher) {
    let dir = directory();
    let (mut writer, _) = Writer::open(dir.path(), "core-00", NOW).expect("a writer");
    let entry = Entry::new(NOW, verdict());
    (0..50_000).for_each(|_| {
        writer.append(&entry).expect("appended");
    });
    writer.close(NOW, "bench").expect("closed");
    let files = std::fs::read_dir(dir.path())
        .expect("the directory")
        .flatten();
    let bytes: u64 = files
        .filter_map(|f| f.metadata().ok())
        .map(|m| m.len())
        .sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let report = verify(dir.path(), false).expect("readable");
        assert!(report.is_clean() && report.chains[0].entries == 50_001);
    });
}
