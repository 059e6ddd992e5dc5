//! Requests that no stock client can be made to send, answered by the broker and by the gateway: the
//! codes must be the same, also where the gateway looks first and the broker never sees the request.

use crate::Outcome;
use anyhow::{Context, ensure};
use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch_request::FetchRequest;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, OffsetCommitRequest, SyncGroupRequest, TopicName, TransactionalId,
};
use lockgate_tests::batch::{Batch, Codec, sealed};
use lockgate_tests::names;
use lockgate_tests::requests::{Part, Send, fetch_request, produce, producer_id, text};
use lockgate_tests::scene::Scene;
use lockgate_tests::wire::Wire;

/// What came of one case: codes, or how the connection ended.
type Said = String;

/// One request to one of the two; `run` makes names of its own.
struct Case {
    wire: Wire,
    topic: String,
    run: String,
}

type Ask = fn(&mut Case) -> anyhow::Result<Vec<i16>>;

impl Case {
    fn produce(&mut self, batch: impl Into<Bytes>) -> anyhow::Result<Vec<i16>> {
        self.send(Send::one(&self.topic, 0, batch.into()))
    }

    fn send(&mut self, send: Send) -> anyhow::Result<Vec<i16>> {
        let landed = produce(&mut self.wire, &send)?;
        Ok(landed.iter().map(|l| l.code).collect())
    }

    fn fetch(&mut self, request: &FetchRequest) -> anyhow::Result<Vec<i16>> {
        let reply = self.wire.call(request, 12)?;
        let parts = reply.responses.iter().flat_map(|t| &t.partitions);
        let codes = parts.map(|p| p.error_code);
        Ok(std::iter::once(reply.error_code).chain(codes).collect())
    }

    fn group(&self) -> GroupId {
        GroupId(text(&format!("group-{}", self.run)))
    }
}

fn plain() -> anyhow::Result<Vec<u8>> {
    Ok(Batch::values(&["one", "two"]).encode()?.to_vec())
}

/// A batch with these bytes at this place, its length and CRC made to fit.
fn with(at: usize, bytes: &[u8]) -> anyhow::Result<Bytes> {
    let mut batch = plain()?;
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    Ok(sealed(batch))
}

/// The last byte of the attributes, the count of records, and others by their place in a batch.
const ATTRIBUTES: usize = 22;
const LAST_OFFSET_DELTA: usize = 23;
const COUNT: usize = 57;
const RECORDS: usize = 61;

const PRODUCES: &[(&str, Ask)] = &[
    ("a wrong CRC", |c| {
        let mut batch = plain()?;
        batch[20] ^= 1;
        c.produce(batch)
    }),
    ("a flipped bit in a record", |c| {
        let mut batch = plain()?;
        batch[RECORDS + 8] ^= 1;
        c.produce(batch)
    }),
    ("a count above the records", |c| {
        c.produce(with(COUNT, &3_i32.to_be_bytes())?)
    }),
    ("a count below the records", |c| {
        c.produce(with(COUNT, &1_i32.to_be_bytes())?)
    }),
    ("a negative count", |c| {
        c.produce(with(COUNT, &(-1_i32).to_be_bytes())?)
    }),
    ("a huge count", |c| {
        c.produce(with(COUNT, &i32::MAX.to_be_bytes())?)
    }),
    ("a last offset that does not fit", |c| {
        c.produce(with(LAST_OFFSET_DELTA, &7_i32.to_be_bytes())?)
    }),
    ("magic 0", |c| old(c, 0)),
    ("magic 1", |c| old(c, 1)),
    ("magic 3", |c| old(c, 3)),
    ("a codec nobody has: 5", |c| {
        c.produce(with(ATTRIBUTES, &[5])?)
    }),
    ("a codec nobody has: 7", |c| {
        c.produce(with(ATTRIBUTES, &[7])?)
    }),
    ("plain bytes called gzip", |c| {
        c.produce(with(ATTRIBUTES, &[1])?)
    }),
    ("plain bytes called snappy", |c| {
        c.produce(with(ATTRIBUTES, &[2])?)
    }),
    ("plain bytes called lz4", |c| {
        c.produce(with(ATTRIBUTES, &[3])?)
    }),
    ("plain bytes called zstd", |c| {
        c.produce(with(ATTRIBUTES, &[4])?)
    }),
    ("a control batch", |c| c.produce(with(ATTRIBUTES, &[0x20])?)),
    ("a record longer than the batch", |c| {
        c.produce(with(RECORDS, &[0x7e])?)
    }),
    ("a record of negative length", |c| {
        c.produce(with(RECORDS, &[1])?)
    }),
    ("a record's length in six bytes", |c| {
        let mut batch = plain()?;
        batch.splice(RECORDS..=RECORDS, [0x90, 0x80, 0x80, 0x80, 0x80, 0]);
        c.produce(sealed(batch))
    }),
    ("a batch shorter than its header", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&10_i32.to_be_bytes());
        c.produce(batch)
    }),
    ("a batch longer than its bytes", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&10_000_i32.to_be_bytes());
        c.produce(batch)
    }),
    ("a batch of negative length", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&(-5_i32).to_be_bytes());
        c.produce(batch)
    }),
    ("half a batch", |c| {
        let batch = plain()?;
        c.produce(batch[..batch.len() / 2].to_vec())
    }),
    ("no bytes", |c| c.produce(Vec::new())),
    ("two batches", |c| c.produce([plain()?, plain()?].concat())),
    ("a truncated gzip", |c| truncated(c, Codec::Gzip)),
    ("a truncated snappy", |c| truncated(c, Codec::Snappy)),
    ("a truncated lz4", |c| truncated(c, Codec::Lz4)),
    ("a truncated zstd", |c| truncated(c, Codec::Zstd)),
    ("acks nobody knows", |c| {
        let send = Send::one(&c.topic, 0, plain()?.into());
        c.send(Send { acks: 5, ..send })
    }),
    ("a partition nobody has", |c| {
        let send = Send::one(&c.topic, 99, plain()?.into());
        c.send(send)
    }),
    ("a topic nobody has", |c| {
        let send = Send::one(&format!("plain-{}", c.run), 0, plain()?.into());
        c.send(send)
    }),
    ("a partition twice", |c| {
        let part = Part::new(&c.topic, 0, plain()?.into());
        c.send(Send::all(vec![part.clone(), part]))
    }),
];

const SEQUENCES: &[(&str, Ask)] = &[
    ("a gap in the sequence", |c| sequence(c, &[0, 7])),
    ("a sequence that goes back", |c| {
        sequence(c, &[0, 1, 2, 3, 4, 5, 6, 0])
    }),
    ("a sequence repeated", |c| sequence(c, &[0, 0])),
    ("a transactional batch outside one", |c| {
        let (id, epoch) = producer_id(&mut c.wire, None)?;
        let mut batch = Batch::values(&["t"]).producer(id, epoch, 0);
        batch.transactional = true;
        c.produce(batch.encode()?)
    }),
    ("the end of a transaction that never began", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id, epoch)
    }),
    ("the end of a transaction of another epoch", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id, epoch + 5)
    }),
    ("the end of a transaction of another producer", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id + 1, epoch)
    }),
    ("the end of a transaction nobody knows", |c| {
        transactional(c)?; // wakes the coordinator
        end(c, &format!("nobody-{}", c.run), 7, 0)
    }),
    ("a transaction with a topic nobody has", |c| {
        let (identity, id, epoch) = transactional(c)?;
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(&format!("missing-{}", c.run))))
            .with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(&identity)))
            .with_v3_and_below_producer_id(id.into())
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![topic]);
        let told = c.wire.call(&request, 3)?;
        let results = told.results_by_topic_v3_and_below.iter();
        let parts = results.flat_map(|t| &t.results_by_partition);
        Ok(parts.map(|p| p.partition_error_code).collect())
    }),
];

const READS: &[(&str, Ask)] = &[
    ("a Fetch past the end", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 0, 1_000_000))
    }),
    ("a Fetch before the beginning", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 0, -5))
    }),
    ("a Fetch of a partition nobody has", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 99, 0))
    }),
    ("a Fetch of a topic nobody has", |c| {
        c.fetch(&fetch_request(&format!("plain-{}", c.run), 0, 0))
    }),
    ("a Fetch by an epoch to come", |c| {
        let mut request = fetch_request(&c.topic, 0, 0);
        request.topics[0].partitions[0].current_leader_epoch = 99;
        c.fetch(&request)
    }),
    ("a Fetch in a session nobody has", |c| {
        let request = fetch_request(&c.topic, 0, 0);
        c.fetch(&request.with_session_id(77).with_session_epoch(3))
    }),
    ("a Fetch in a session of another epoch", |c| {
        let request = fetch_request(&c.topic, 0, 0).with_session_epoch(0);
        let session = c.wire.call(&request, 12)?.session_id;
        c.fetch(&request.with_session_id(session).with_session_epoch(9))
    }),
    ("a heartbeat of a member nobody knows", |c| {
        let request = HeartbeatRequest::default()
            .with_group_id(c.group())
            .with_generation_id(1)
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("a heartbeat of another generation", |c| {
        let member = join(c)?;
        let request = HeartbeatRequest::default()
            .with_group_id(c.group())
            .with_generation_id(99)
            .with_member_id(text(&member));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("a sync of a member nobody knows", |c| {
        let request = SyncGroupRequest::default()
            .with_group_id(c.group())
            .with_generation_id(1)
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("the leave of a member nobody knows", |c| {
        let request = LeaveGroupRequest::default()
            .with_group_id(c.group())
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 2)?.error_code])
    }),
    ("a join without a protocol", |c| {
        let request = JoinGroupRequest::default()
            .with_group_id(c.group())
            .with_session_timeout_ms(10_000)
            .with_rebalance_timeout_ms(10_000);
        Ok(vec![c.wire.call(&request, 7)?.error_code])
    }),
    ("a commit of a member nobody knows", |c| {
        join(c)?;
        commit(c, 1, "nobody", "")
    }),
    ("a commit of another generation", |c| {
        let member = join(c)?;
        commit(c, 99, &member, "")
    }),
    ("a commit with more to say than brokers keep", |c| {
        commit(c, -1, "", &"m".repeat(5_000))
    }),
];

fn old(case: &mut Case, magic: u8) -> anyhow::Result<Vec<i16>> {
    let mut batch = plain()?;
    batch[16] = magic;
    case.produce(batch)
}

fn truncated(case: &mut Case, codec: Codec) -> anyhow::Result<Vec<i16>> {
    let mut batch = Batch::values(&[&"hello ".repeat(20)])
        .codec(codec)
        .encode()?
        .to_vec();
    batch.truncate(batch.len() - 5);
    case.produce(sealed(batch))
}

/// Batches of one new producer with these sequence numbers; the last one's answer.
fn sequence(case: &mut Case, sequences: &[i32]) -> anyhow::Result<Vec<i16>> {
    let (id, epoch) = producer_id(&mut case.wire, None)?;
    let mut last = Vec::new();
    for sequence in sequences {
        let batch = Batch::values(&["s"]).producer(id, epoch, *sequence);
        last = case.produce(batch.encode()?)?;
    }
    Ok(last)
}

fn transactional(case: &mut Case) -> anyhow::Result<(String, i64, i16)> {
    let identity = names::unique(&case.run);
    let asked = kafka_protocol::messages::FindCoordinatorRequest::default()
        .with_key_type(1)
        .with_coordinator_keys(vec![text(&identity)]);
    case.wire.call(&asked, 4)?;
    let (id, epoch) = producer_id(&mut case.wire, Some(&identity))?;
    Ok((identity, id, epoch))
}

fn end(case: &mut Case, identity: &str, id: i64, epoch: i16) -> anyhow::Result<Vec<i16>> {
    let request = EndTxnRequest::default()
        .with_transactional_id(TransactionalId(text(identity)))
        .with_producer_id(id.into())
        .with_producer_epoch(epoch)
        .with_committed(true);
    Ok(vec![case.wire.call(&request, 3)?.error_code])
}

/// Joins the group of this case as its first member; the member's id.
fn join(case: &mut Case) -> anyhow::Result<String> {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let mut request = JoinGroupRequest::default()
        .with_group_id(case.group())
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(10_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let told = case.wire.call(&request, 7)?;
    request.member_id = told.member_id.clone();
    case.wire.call(&request, 7)?;
    Ok(told.member_id.to_string())
}

fn commit(case: &mut Case, generation: i32, member: &str, more: &str) -> anyhow::Result<Vec<i16>> {
    let part = OffsetCommitRequestPartition::default()
        .with_committed_offset(0)
        .with_committed_metadata(Some(text(more)));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(TopicName(text(&case.topic)))
        .with_partitions(vec![part]);
    let request = OffsetCommitRequest::default()
        .with_group_id(case.group())
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![topic]);
    let told = case.wire.call(&request, 8)?;
    let parts = told.topics.iter().flat_map(|t| &t.partitions);
    Ok(parts.map(|p| p.error_code).collect())
}

fn ask(wire: Wire, topic: &str, run: &str, ask: Ask) -> anyhow::Result<Said> {
    let mut case = Case {
        wire,
        topic: topic.to_owned(),
        run: names::unique(run),
    };
    match ask(&mut case) {
        Ok(codes) => Ok(format!("{codes:?}")),
        Err(_)
            if case
                .wire
                .closed_within(std::time::Duration::from_millis(200))? =>
        {
            Ok("closed".to_owned())
        }
        Err(error) => Err(error),
    }
}

/// `named` are the cases that Kafka has no name for, and what the gateway says instead.
fn compare(cases: &[(&str, Ask)], named: &[(&str, &str)]) -> Outcome {
    let scene = Scene::start()?;
    // A group coordinator and a producer id must be there before the first case.
    let mut first = Wire::connect(&scene.broker.plain())?;
    producer_id(&mut first, None)?;
    let wake = lockgate_tests::names::unique("wake");
    lockgate_tests::wait::until_ok(
        "the coordinator of groups",
        std::time::Duration::from_secs(30),
        || {
            let mut case = Case {
                wire: Wire::connect(&scene.broker.plain())?,
                topic: "none".to_owned(),
                run: wake.clone(),
            };
            let key = vec![text(&format!("group-{wake}"))];
            let asked = kafka_protocol::messages::FindCoordinatorRequest::default()
                .with_coordinator_keys(key);
            case.wire.call(&asked, 4)?;
            join(&mut case)?;
            let told = commit(&mut case, -1, "", "")?;
            ensure!(![vec![14], vec![15], vec![16]].contains(&told), "it loads");
            Ok(())
        },
    )?;
    let mut different = Vec::new();
    for (name, case) in cases {
        let topic = scene.broker.topic("plain", 1)?;
        let direct = Wire::connect(&scene.broker.plain())?;
        let direct = ask(direct, &topic, "direct", *case).with_context(|| (*name).to_owned())?;
        let before = scene.broker.end_offset(&topic, 0)?;
        let through = ask(scene.wire()?, &topic, "through", *case);
        let through = through.with_context(|| (*name).to_owned())?;
        println!("{name}: {direct}, through the gateway {through}");
        let wanted = match named.iter().find(|(it, _)| it == name) {
            Some((_, wanted)) if direct == "[-1]" => wanted,
            _ => direct.as_str(),
        };
        if through != wanted {
            different.push(format!(
                "{name}: {direct}, but through the gateway {through}"
            ));
        }
        let landed = scene.broker.end_offset(&topic, 0)? - before;
        ensure!(landed <= before, "{name}: more landed through the gateway");
    }
    ensure!(different.is_empty(), "{}", different.join("\n"));
    scene.end()
}

/// What Kafka fails on without a name for it (UNKNOWN_SERVER_ERROR, and a stack trace in its log).
/// The gateway does not let through what it cannot read, and says INVALID_RECORD, or
/// UNSUPPORTED_COMPRESSION_TYPE: final for clients like the other.
const NAMED_BY_THE_GATEWAY: &[(&str, &str)] = &[
    ("a codec nobody has: 5", "[76]"),
    ("a codec nobody has: 7", "[76]"),
    ("plain bytes called gzip", "[87]"),
    ("plain bytes called snappy", "[87]"),
    ("plain bytes called lz4", "[87]"),
    ("plain bytes called zstd", "[87]"),
    ("a record's length in six bytes", "[87]"),
    ("a truncated gzip", "[87]"),
    ("a truncated snappy", "[87]"),
    ("a truncated lz4", "[87]"),
    ("a truncated zstd", "[87]"),
];

#[test]
fn what_is_said_of_bad_batches() -> Outcome {
    compare(PRODUCES, NAMED_BY_THE_GATEWAY)
}

#[test]
fn what_is_said_of_sequences_and_transactions() -> Outcome {
    compare(SEQUENCES, &[])
}

#[test]
fn what_is_said_of_fetches_and_groups() -> Outcome {
    compare(READS, &[])
}
