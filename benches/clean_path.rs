//! That a clean request and a clean reply pass a warm core without an allocation.
//!
//! Owns: the claim for the gateway's own stages, in the order in which `data_plane::produce` and
//! `data_plane::fetch` take them: parse, the topic's name, scope, walk, CRC, inflate, scan, decide, and
//! the entry in the audit; and for the look at a Produce reply. Refuses: times, which `inspect` measures. Stays true: only this thread's allocations
//! are counted, since the audit's syncing thread has its own; a request that is not clean fails.
//! What C libraries allocate by themselves (zstd's context, which is reused) is not seen.
//!
//! A program of its own, because a counting allocator counts for everything in its process.
//! `cargo bench --bench clean_path`, and in debug by `cargo test --benches`.

use batches::batch_of;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchResponse, ResponseHeader, TopicName};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};
use lockgate::audit::Writer;
use lockgate::audit::entry::Traffic;
use lockgate::chunk::{Operation, Principal, UnixMillis};
use lockgate::data_plane::cluster::SchemaSource;
use lockgate::data_plane::inspect::{self, Judged, Origin, Rules};
use lockgate::data_plane::scratch::{ChunkScratch, Scratch};
use lockgate::data_plane::session::Session;
use lockgate::data_plane::topic_ids::TopicIds;
use lockgate::kafka::compression::Codec;
use lockgate::kafka::endpoints::Nobody;
use lockgate::kafka::produce::PartitionReply;
use lockgate::kafka::topic::{Topic, TopicId};
use lockgate::kafka::{batch, fetch, frame, produce};
use lockgate::limits::{KIB, MIB};
use lockgate::scan::Engine;
use records::{avro, compressed, json, protobuf, registry};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

mod batches;
#[path = "clean_path/records.rs"]
mod records;

const POLICY: &str = include_str!("../config/lockgate.example.yaml");
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const TOPIC: &str = "payments.orders";
const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Gzip,
    Codec::Snappy,
    Codec::Lz4,
    Codec::Zstd,
];
/// Versions of Produce and Fetch: the last that name a topic, and the newest, which give its id.
const VERSIONS: [(i16, i16); 2] = [(9, 12), (13, 18)];
const TOPIC_ID: TopicId = TopicId([7; 16]);
/// Calls before the one that counts: every scratch has its size then, and the scope is cached.
const WARM_UP: usize = 3;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counter is const-initialised
// and has no destructor, so counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
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

fn main() {
    let mut core = Core::new();
    assert_ne!(ALLOCATIONS.get(), 0, "the counter does not count");
    let all = &CODECS[..];
    core.passes(
        "JSON of 100 B",
        &batch_of((0..MIB / 100).map(|index| json(index, 100))),
        all,
    );
    core.passes(
        "JSON of 1 KiB",
        &batch_of((0..KIB).map(|index| json(index, KIB))),
        all,
    );
    // What is inflated has no other way through a walk than what is not.
    core.passes(
        "Avro of 200 B",
        &batch_of((0..500).map(|index| avro(index, 200))),
        &all[..1],
    );
    core.passes(
        "Protobuf of 200 B",
        &batch_of((0..500).map(|index| protobuf(index, 200))),
        &all[..1],
    );
    for (produce, _) in VERSIONS {
        let reply = acknowledgement(produce);
        passes_without_allocating(&format!("a Produce reply v{produce}"), || {
            let cleaned = produce::clean_response(&reply, produce, &Nobody);
            assert_eq!(cleaned, Ok(None), "it leaves as it lies");
        });
    }
}

/// What a message of this version names the topic by.
fn named(by_id: bool) -> Topic<&'static str> {
    if by_id {
        Topic::Id(TOPIC_ID)
    } else {
        Topic::Name(TOPIC)
    }
}

/// Runs it until it is warm, then once more under the counter.
fn passes_without_allocating(what: &str, mut pass: impl FnMut()) {
    (0..WARM_UP).for_each(|_| pass());
    let before = ALLOCATIONS.get();
    pass();
    let allocations = ALLOCATIONS.get() - before;
    assert_eq!(allocations, 0, "{what}: allocations on a warm core");
    println!("{what}: no allocation");
}

/// What a core keeps between requests.
struct Core {
    rules: Rules,
    session: Session,
    topic_ids: TopicIds,
    schemas: SchemaSource,
    /// Away while a stage uses it.
    scratch: Option<Scratch>,
    traffic: Traffic,
    audit: Writer,
    _directory: tempfile::TempDir,
}

impl Core {
    fn new() -> Core {
        let policy = lockgate::config::parse(POLICY, "example", &|_| None)
            .expect("the example is sound")
            .policy;
        let topic_ids = TopicIds::default();
        topic_ids.learn([(TOPIC_ID, TOPIC)].into_iter());
        let directory = tempfile::tempdir().expect("a directory for the audit");
        let (audit, _) = Writer::open(directory.path(), "core-00", NOW).expect("a writer");
        let principal = Principal {
            name: "svc-orders".into(),
            groups: ["analysts".to_owned()].into(), // so that a rule applies on fetch too
            issuer: "https://idp.example.com".into(),
            claims: Default::default(),
        };
        Core {
            rules: Rules {
                engine: Engine::new(policy.detectors()),
                policy,
                mask_keys: None,
            },
            topic_ids,
            schemas: registry(),
            session: Session::new(1, principal, "bench".into(), "main/a".into(), None),
            scratch: Some(Scratch::default()),
            traffic: Traffic::default(),
            audit,
            _directory: directory,
        }
    }

    /// A clean batch passes both ways, in each of these codecs.
    fn passes(&mut self, what: &str, plain: &[u8], codecs: &[Codec]) {
        for codec in codecs {
            let batch = compressed(plain, *codec);
            for (produce, fetch) in VERSIONS {
                let mut request = request(produce, &batch);
                let mut reply = reply(fetch, &batch);
                passes_without_allocating(
                    &format!("a Produce v{produce}, {what}, {codec}"),
                    || self.produce(&mut request),
                );
                passes_without_allocating(
                    &format!("a Fetch reply v{fetch}, {what}, {codec}"),
                    || self.fetch(fetch, &mut reply),
                );
            }
        }
    }

    fn produce(&mut self, request: &mut [u8]) {
        let header = frame::request_header(request).expect("a header");
        let mut scratch = self.scratch.take().expect("it was given back");
        produce::parse(
            request,
            header.body,
            header.api_version,
            &mut scratch.produce,
        )
        .expect("a Produce request");
        self.traffic
            .reset(self.session.id, Operation::Produce.into());
        for chunk in &scratch.produce.chunks {
            let (head, records) = request.split_at_mut(chunk.records.start);
            let records = &mut records[..chunk.records.len()];
            let topic = chunk.topic.of(head);
            self.pass(
                Operation::Produce,
                topic,
                chunk.partition,
                records,
                &mut scratch.chunk,
            );
        }
        self.recorded(scratch);
    }

    fn fetch(&mut self, version: i16, reply: &mut [u8]) {
        let mut scratch = self.scratch.take().expect("it was given back");
        fetch::parse_response(reply, version, &mut scratch.fetched).expect("a Fetch reply");
        self.traffic.reset(self.session.id, Operation::Fetch.into());
        for chunk in &scratch.fetched.chunks {
            let (head, records) = reply.split_at_mut(chunk.records.start);
            let records = &mut records[..chunk.records.len()];
            let topic = chunk.topic.of(head);
            self.pass(
                Operation::Fetch,
                topic,
                chunk.partition,
                records,
                &mut scratch.chunk,
            );
        }
        self.recorded(scratch);
    }

    /// One topic-partition's one batch.
    fn pass(
        &mut self,
        operation: Operation,
        topic: Topic<&str>,
        partition: i32,
        records: &mut [u8],
        scratch: &mut ChunkScratch,
    ) {
        let topic = self.topic_ids.resolve(topic).expect("it was learnt");
        let scope = self
            .session
            .scope(&self.rules.policy, operation, topic.as_bytes(), NOW);
        assert!(!scope.detectors.is_empty(), "nothing is scanned for");
        let origin = Origin {
            operation,
            grants: lockgate::policy::Grants::none(),
            principal: &self.session.principal.name,
            client_id: &self.session.client_id,
            topic: &topic,
            partition,
            schemas: Some(&self.schemas),
            waits: false,
        };
        let found = batch::produced_batch(records).expect("one batch");
        let (judged, verdict) =
            inspect::batch(&self.rules, &scope, &origin, records, &found, scratch, NOW);
        assert!(matches!(judged, Judged::Pass { masked: false }) && verdict.is_clean());
        self.traffic
            .chunk(&topic, partition, records.len() as u32, -1);
        self.traffic
            .batch(found.header.crc, found.header.records_count as u32);
    }

    fn recorded(&mut self, scratch: Scratch) {
        self.scratch = Some(scratch);
        self.audit
            .append_root(NOW, &self.traffic)
            .expect("an entry");
    }
}

fn request(version: i16, batch: &[u8]) -> Vec<u8> {
    produce::single(&produce::Single {
        version,
        correlation_id: 1,
        client_id: Some("bench"),
        transactional_id: None,
        acks: -1,
        timeout_ms: 30_000,
        topic: named(version >= 13),
        partition: 3,
        records: batch,
    })
}

/// The broker's word that all went well.
fn acknowledgement(version: i16) -> Vec<u8> {
    let written = PartitionReply::refused(3, 0, None);
    let topics = [(named(version >= 13), &[written][..])];
    produce::write_response(version, 1, 0, &[], topics.into_iter())
}

fn reply(version: i16, batch: &[u8]) -> Vec<u8> {
    let partition = PartitionData::default()
        .with_partition_index(3)
        .with_records(Some(Bytes::copy_from_slice(batch)));
    let mut topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
    if version >= 13 {
        topic.topic_id = "07".repeat(16).parse().expect("an id");
    } else {
        topic.topic = TopicName(StrBytes::from_static_str(TOPIC));
    }
    let response = FetchResponse::default().with_responses(vec![topic]);
    let mut out = BytesMut::from(&[0; 4][..]);
    ResponseHeader::default()
        .encode(&mut out, FetchResponse::header_version(version))
        .expect("a header");
    response.encode(&mut out, version).expect("a reply");
    let size = out.len() as u32 - 4;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out.to_vec()
}
