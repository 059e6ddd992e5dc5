//! Compressed bodies that lie: bombs, streams that stop short, windows and sizes that claim memory,
//! and numbers hidden where a careless reader does not look. Both ways through the gateway.
//!
//! Gzip and zstd bombs and truncated streams towards the broker are in `blocks` too; here is the rest
//! of the row, and all of it on the way to a consumer.

use crate::Outcome;
use anyhow::{Context, ensure};
use bytes::Bytes;
use lockgate_tests::batch::{
    self, Batch, Codec, Record, compress, encode_records, sealed, with_body,
};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::liar::Lie;
use lockgate_tests::lying_scene::LyingScene;
use lockgate_tests::requests::{code, fetch_request, metadata, produce_one};
use lockgate_tests::scene::{CLEAN, SSN, SSN_DIGITS, Scene};
use lockgate_tests::{audit, login};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// More than the largest frame.
const ZEROS: usize = 101 << 20;
/// A frame's worth of inflated bytes for each of two directions, and what is under way.
const GROWTH_KIB_MAX: u64 = 400 << 10;
/// One bad batch costs a core no longer than this, also in a build without optimisation on a machine
/// that does other things too; a release takes a fraction of a second.
const TIME_MAX: Duration = Duration::from_secs(45);
const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn records() -> Vec<u8> {
    encode_records(&[Record::of(SSN), Record::of(CLEAN)])
}

/// zstd by hand (RFC 8878 §3.1.1): magic, what the frame claims, and one raw block with the records.
fn zstd_claiming(header: &[u8]) -> Vec<u8> {
    let body = records();
    let block = (body.len() as u32) << 3 | 1; // raw, the last one
    let magic = [0x28, 0xb5, 0x2f, 0xfd];
    [&magic[..], header, &block.to_le_bytes()[..3], &body].concat()
}

/// A frame of lz4 whose header claims a content of so many bytes.
fn lz4_claiming(bytes: u64) -> anyhow::Result<Vec<u8>> {
    use std::io::Write;
    let info = lz4_flex::frame::FrameInfo::new().content_size(Some(bytes));
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(&records())?;
    encoder.flush()?;
    // The end mark that finishing would write, were the size true.
    Ok([&encoder.get_ref()[..], &[0; 4]].concat())
}

/// Bodies that claim memory, and bombs of every codec.
fn greedy() -> anyhow::Result<Vec<(String, Bytes)>> {
    let mut all = Vec::new();
    for codec in CODECS {
        all.push((format!("a bomb of {codec:?}"), batch::bomb(codec, ZEROS)?));
    }
    let raw_snappy = [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &records()].concat();
    let block = |length: i32| {
        let head = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
        [&head[..], &length.to_be_bytes(), &records()].concat()
    };
    let bodies: Vec<(&str, Codec, Vec<u8>)> = vec![
        ("raw snappy of 4 GiB", Codec::Snappy, raw_snappy),
        ("a snappy block of 2 GiB", Codec::Snappy, block(i32::MAX)),
        ("a snappy block of -1", Codec::Snappy, block(-1)),
        ("lz4 of 2^60 bytes", Codec::Lz4, lz4_claiming(1 << 60)?),
        // Frame header descriptor 0: a window descriptor follows; exponent 21: 2 GiB.
        (
            "a zstd window of 2 GiB",
            Codec::Zstd,
            zstd_claiming(&[0x00, 21 << 3]),
        ),
        // Descriptor 0xe0: one segment, content size in eight bytes.
        (
            "zstd of 2^60 bytes",
            Codec::Zstd,
            zstd_claiming(&[&[0xe0][..], &(1_u64 << 60).to_le_bytes()].concat()),
        ),
    ];
    for (name, codec, body) in bodies {
        all.push((name.to_owned(), with_body(codec, 2, &body)?));
    }
    Ok(all)
}

/// Streams that stop, go on, or are not what they are called.
fn broken() -> anyhow::Result<Vec<(String, Bytes)>> {
    let mut all = Vec::new();
    for codec in CODECS {
        let body = compress(codec, &records())?;
        let half = &body[..body.len() / 2];
        all.push((format!("half of {codec:?}"), with_body(codec, 2, half)?));
        let trailing = [&body[..], SSN.as_bytes()].concat();
        all.push((
            format!("{codec:?} and more"),
            with_body(codec, 2, &trailing)?,
        ));
        all.push((format!("nothing of {codec:?}"), with_body(codec, 2, &[])?));
        all.push((format!("not {codec:?}"), with_body(codec, 2, &records())?));
        let mut flipped = with_body(codec, 2, &body)?.to_vec();
        let middle = flipped.len() - body.len() / 2;
        flipped[middle] ^= 0x10;
        all.push((format!("{codec:?} with a flipped bit"), sealed(flipped)));
    }
    Ok(all)
}

/// Growth is measured against this.
fn grown(gateway: &Gateway, before: u64) -> anyhow::Result<u64> {
    Ok(gateway.resident_kib()?.saturating_sub(before))
}

#[test]
fn towards_the_broker_none_of_it_lands_and_none_of_it_becomes_memory() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    wire.reply_limit(PATIENCE)?;
    let before = scene.gateway.resident_kib()?;
    for (name, batch) in greedy()?.into_iter().chain(broken()?) {
        let asked = Instant::now();
        let landed = produce_one(&mut wire, &topic, 0, batch)?;
        println!("{name}: {landed:?} in {:?}", asked.elapsed());
        // A flipped bit may hit what the format leaves open; then it is masked as anything else.
        let clean = landed.code == code::NONE && name.contains("flipped");
        ensure!(landed.code != code::NONE || clean, "{name}: {landed:?}");
        ensure!(
            asked.elapsed() < TIME_MAX,
            "{name} took {:?}",
            asked.elapsed()
        );
        let grown = grown(&scene.gateway, before)?;
        ensure!(
            grown < GROWTH_KIB_MAX,
            "{name}: the gateway grew by {grown} KiB"
        );
    }
    for value in scene.broker.values(&topic, 0)? {
        ensure!(!value.contains(SSN_DIGITS), "unmasked: {value}");
    }
    ensure!(!audit::await_entries(&scene.gateway, &[&topic])?.is_empty());
    scene.end()
}

#[test]
fn towards_a_consumer_none_of_it_is_served_and_none_of_it_becomes_memory() -> Outcome {
    let scene = LyingScene::with(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let target = scene.target("ana", &["analysts"])?;
    let before = scene.gateway.resident_kib()?;
    for (name, batch) in greedy()?.into_iter().chain(broken()?) {
        scene.liar.tell(Lie::Truth);
        let mut wire = login::connect(&target)?;
        metadata(&mut wire, &[])?;
        scene.liar.tell(Lie::Records(batch.clone()));
        let asked = Instant::now();
        let owed = wire.send(&fetch_request(&topic, 0, 0), 12)?;
        wire.reply_limit(PATIENCE)?;
        let served = match wire.receive(owed) {
            Ok(reply) => {
                let mut parts = reply.responses.iter().flat_map(|t| &t.partitions);
                let part = parts.next().context("no partition")?;
                part.records.clone().unwrap_or_default()
            }
            Err(_) => {
                ensure!(wire.closed_within(PATIENCE)?, "{name}: kept waiting");
                Bytes::new()
            }
        };
        let unmasked = served.windows(SSN_DIGITS.len());
        let unmasked = unmasked.filter(|w| *w == SSN_DIGITS.as_bytes()).count();
        ensure!(unmasked == 0, "{name}: the number came through");
        ensure!(
            served != batch || name.contains("flipped"),
            "{name}: it was served as it was"
        );
        ensure!(
            asked.elapsed() < TIME_MAX,
            "{name} took {:?}",
            asked.elapsed()
        );
        let grown = grown(&scene.gateway, before)?;
        ensure!(
            grown < GROWTH_KIB_MAX,
            "{name}: the gateway grew by {grown} KiB"
        );
    }
    scene.end()
}

/// Clients may write several members, frames and blocks one after the other, and Kafka's consumers
/// read them all. A number in the last of them is masked, or the batch is refused.
#[test]
fn a_number_in_a_later_frame_of_the_stream_is_found() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    let all = records();
    let clean = encode_records(&[Record::of(CLEAN)]);
    let [first, second] = [&clean[..], &all[..]];
    for codec in CODECS {
        let (one, other) = (compress(codec, first)?, compress(codec, second)?);
        // A second xerial stream would begin with its header again; its blocks go on without.
        let other = if codec == Codec::Snappy {
            &other[16..]
        } else {
            &other[..]
        };
        let body = [&one[..], other].concat();
        let landed = produce_one(&mut wire, &topic, 0, with_body(codec, 3, &body)?)?;
        println!("{codec:?}: {landed:?}");
    }
    for value in scene.broker.values(&topic, 0)? {
        ensure!(!value.contains(SSN_DIGITS), "unmasked: {value}");
    }
    // And whole ones land, so that the test does not pass for want of a connection.
    let batch = Batch::values(&[SSN]).codec(Codec::Zstd).encode()?;
    let landed = produce_one(&mut wire, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    scene.end()
}
