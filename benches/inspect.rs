//! What inspecting a Produce request costs, beside what it cannot cost less than.
//!
//! Owns: the claim that a clean body is walked, checked and scanned at 2 GB/s or more on one core
//! without a single allocation. Refuses: numbers without their baseline; memcpy and the bare
//! checksum are measured in the same rounds. Stays true: every row asserts its answer on every
//! call, so a fast wrong row fails.
//!
//! `cargo bench --bench inspect` measures and asserts the speed. Without `--bench`, as under `cargo
//! test --benches`, or with `-- --test`, each row runs once and only answers and allocations are asserted.

use lockgate::chunk::{DetectorSet, Finding};
use lockgate::kafka::topic::Topic;
use lockgate::kafka::{api, batch, frame, produce};
use lockgate::limits::{KIB, MIB};
use lockgate::scan::{Engine, Scratch, detector};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

mod batches;

/// What the whole path must reach on a clean body of 1 KiB records, in bytes a nanosecond.
const GB_PER_S_MIN: f64 = 2.0;
const ROUNDS: usize = 40;
const CALLS_PER_ROUND: usize = 10;
const VERSION: i16 = 9;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of its.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above; `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A name, and something that asserts its own answer.
type Row<'a> = (String, Box<dyn FnMut() + 'a>);

fn main() {
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    let measure = asked("--bench") && !asked("--test");
    let payloads = [
        Payload::new("clean, 1 KiB JSON", KIB, Hits::None),
        Payload::new("clean, 100 B JSON", 100, Hits::None),
        Payload::new("1 % hits, 1 KiB JSON", KIB, Hits::EveryHundredth),
        Payload::new("1 % hits, 100 B JSON", 100, Hits::EveryHundredth),
        Payload::new("only long numbers, 100 B", 100, Hits::Numbers),
    ];
    for payload in &payloads {
        let whole = run(payload, measure);
        if measure && payload.name == "clean, 1 KiB JSON" {
            assert!(
                whole >= GB_PER_S_MIN,
                "{whole:.2} GB/s is below {GB_PER_S_MIN}"
            );
        }
    }
}

/// Measures every row of one payload; returns the whole path's GB/s.
fn run(payload: &Payload, measure: bool) -> f64 {
    let mut copy = vec![0; payload.frame.len()];
    let frame = &payload.frame;
    let mut rows: Vec<Row<'_>> = vec![
        (
            "memcpy".into(),
            Box::new(|| black_box(&mut copy).copy_from_slice(black_box(frame))),
        ),
        (
            "CRC-32C".into(),
            Box::new(|| {
                black_box(crc_fast::crc32_iscsi(black_box(frame)));
            }),
        ),
    ];
    let mut walker = Inspector::new(None);
    rows.push((
        "walk".into(),
        Box::new(move || assert_eq!(walker.inspect(payload), 0)),
    ));
    let mut walker = Inspector::new(Some(Engine::new(regulated())));
    rows.push((
        "walk + CRC + scan".into(),
        Box::new(move || assert_eq!(walker.inspect(payload), payload.findings)),
    ));

    rows.iter_mut().for_each(|(_, row)| row()); // grows every scratch
    assert_no_allocation(payload, &mut rows);
    if !measure {
        return f64::INFINITY;
    }
    report(payload, &mut rows)
}

fn assert_no_allocation(payload: &Payload, rows: &mut [Row<'_>]) {
    for (name, row) in rows {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        row();
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        assert_eq!(allocations, 0, "{name} allocates on {}", payload.name);
    }
}

/// The best of many rounds, in which the rows take turns; prints the table.
fn report(payload: &Payload, rows: &mut [Row<'_>]) -> f64 {
    let mut best = vec![Duration::MAX; rows.len()];
    for _ in 0..ROUNDS {
        for ((_, row), best) in rows.iter_mut().zip(&mut best) {
            row(); // brings the frame back into the cache, as the socket's read would
            for _ in 0..CALLS_PER_ROUND {
                let start = Instant::now();
                row();
                *best = start.elapsed().min(*best);
            }
        }
    }
    let speed = |time: Duration| payload.frame.len() as f64 / time.as_nanos() as f64;
    println!(
        "{} ({} records, {} B)",
        payload.name,
        payload.records,
        payload.frame.len()
    );
    for ((name, _), time) in rows.iter().zip(&best) {
        let (memcpy, crc) = (speed(*time) / speed(best[0]), speed(*time) / speed(best[1]));
        println!(
            "  {name:20} {:8.2} GB/s  {memcpy:6.3} × memcpy  {crc:6.3} × CRC",
            speed(*time)
        );
    }
    best.last().map_or(0.0, |time| speed(*time))
}

/// The two that a clean record of this text does not have.
fn regulated() -> DetectorSet {
    let mut set = DetectorSet::default();
    let names = ["us_ssn", "payment_card"];
    names
        .iter()
        .filter_map(|name| detector(name))
        .for_each(|id| set.insert(id));
    set
}

/// The stages a core runs on a Produce request, with the scratch that it keeps.
struct Inspector {
    engine: Option<Engine>,
    scratch: Scratch,
    produce: produce::Produce,
    findings: Vec<Finding>,
}

impl Inspector {
    /// Without an engine: the walk alone, no checksum.
    fn new(engine: Option<Engine>) -> Inspector {
        Inspector {
            engine,
            scratch: Scratch::new(),
            produce: produce::Produce::default(),
            findings: Vec::new(),
        }
    }

    /// Findings in the whole request.
    fn inspect(&mut self, payload: &Payload) -> usize {
        let bytes = black_box(payload.frame.as_slice());
        self.findings.clear();
        produce::parse(bytes, payload.body_at, VERSION, &mut self.produce).expect("a request");
        for chunk in &self.produce.chunks {
            let records = &bytes[chunk.records.clone()];
            for found in batch::batches(records) {
                let found = found.expect("a batch");
                let (body, count) = (&records[found.body.clone()], found.header.records_count);
                batch::check_records(body, count).expect("records");
                let Some(engine) = &self.engine else { continue };
                assert!(batch::check_crc(&records[found.span.clone()]));
                let fields = batch::Fields::new(body, count).map_while(Result::ok);
                engine.scan(body, fields, &mut self.scratch, &mut self.findings);
            }
        }
        self.findings.len()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Hits {
    None,
    EveryHundredth,
    Numbers,
}

/// A Produce request of about 1 MiB with one batch.
struct Payload {
    name: &'static str,
    frame: Vec<u8>,
    body_at: usize,
    records: usize,
    findings: usize,
}

impl Payload {
    fn new(name: &'static str, record_bytes: usize, hits: Hits) -> Payload {
        let records = MIB / record_bytes;
        let values = (0..records).map(|i| value(i, record_bytes, hits).into_bytes());
        let batch = batches::batch_of(values);
        let request = produce::Single {
            version: VERSION,
            correlation_id: 1,
            client_id: Some("bench"),
            transactional_id: None,
            acks: -1,
            timeout_ms: 30_000,
            topic: Topic::Name("payments.orders"),
            partition: 3,
            records: &batch,
        };
        let frame = produce::single(&request);
        let header = frame::request_header(&frame).expect("a header");
        assert_eq!(
            (header.api_key, header.api_version),
            (api::PRODUCE, VERSION)
        );
        let findings = if hits == Hits::EveryHundredth {
            records.div_ceil(100)
        } else {
            0
        };
        Payload {
            name,
            frame,
            body_at: header.body,
            records,
            findings,
        }
    }
}

/// One record's value, `bytes` long.
fn value(index: usize, bytes: usize, hits: Hits) -> String {
    let at = 1_700_000_000_000 + index * 37;
    if hits == Hits::Numbers {
        // Starts and lengths that only the checksum or the context can refuse.
        return format!(
            "{{\"a\":{at},\"b\":{}0001,\"c\":\"{}\",\"d\":{}}}",
            at + 2_300_000_000_000,
            100_000_000 + index,
            1u64 << 60
        );
    }
    let hit = hits == Hits::EveryHundredth && index.is_multiple_of(100);
    let note = match (hit, index.is_multiple_of(200)) {
        (true, true) => "536-90-4399",
        (true, false) => "4111111111111111",
        (false, _) => "thanks",
    };
    let mut text = format!(
        "{{\"id\":\"{:08x}\",\"at\":{at},\"sum\":{}.{:02},\"note\":\"{note}\"",
        index * 7_919,
        index % 900,
        index % 100
    );
    let filler = [
        "\"status\":\"shipped\",",
        "\"city\":\"Lisbon\",",
        "\"on\":\"2024-03-05T10:11:12Z\",",
        "\"retries\":3,",
        "\"user\":\"ann.lee@example.com\",",
    ];
    for part in filler.iter().cycle() {
        if text.len() + part.len() + 2 > bytes {
            break;
        }
        text.push(',');
        text.push_str(part.trim_end_matches(','));
    }
    text + "}"
}
