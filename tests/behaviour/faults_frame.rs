//! Frames that lie about themselves: refused or closed, never waited for, and nobody else notices.
//!
//! Sizes, slow clients and lying array counts are in `robustness`; here are varints, tagged fields,
//! versions nobody knows, and batches that are not what their header says, on the way out as well.

use crate::Outcome;
use anyhow::{Context, ensure};
use bytes::Bytes;
use kafka_protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest, ProduceRequest};
use kafka_protocol::protocol::Request;
use lockgate_tests::batch::{Batch, sealed};
use lockgate_tests::liar::Lie;
use lockgate_tests::lying_scene::LyingScene;
use lockgate_tests::requests::{Send, code, fetch_request, metadata, produce_one};
use lockgate_tests::scene::{CLEAN, SSN, SSN_DIGITS, Scene};
use lockgate_tests::wire::{Wire, encode, framed};
use lockgate_tests::{audit, login};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// Zero, in more bytes than a varint of 32 bits may have.
const OVERLONG: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
/// The largest number that five bytes hold.
const HUGE: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0x0f];

/// Answered with an error or closed, within a few seconds; gives whether it was answered.
fn refused(wire: &mut Wire, name: &str) -> anyhow::Result<bool> {
    wire.reply_limit(PATIENCE)?;
    let answered = wire.receive_frame().is_ok();
    ensure!(
        answered || wire.closed_within(PATIENCE)?,
        "{name}: the gateway waits for more"
    );
    Ok(answered)
}

/// Each of these frames on a connection of its own; nothing lands, and a witness is served on.
fn all_refused(scene: &Scene, topic: &str, frames: &[(String, Vec<u8>)]) -> Outcome {
    let mut witness = scene.wire()?;
    metadata(&mut witness, &[])?;
    for (name, frame) in frames {
        let mut wire = scene.wire_fast()?;
        wire.send_bytes(frame)?;
        refused(&mut wire, name)?;
    }
    metadata(&mut witness, &[]).context("the witness is not served any more")?;
    ensure!(scene.broker.end_offset(topic, 0)? == 0, "something landed");
    Ok(())
}

#[test]
fn varints_that_never_end() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let key = ProduceRequest::KEY;
    let batch = Batch::values(&[CLEAN]).encode()?;
    let whole = encode(&Send::one(&topic, 0, batch).request(), 9, 1, "c")?.to_vec();
    // The body of a real Produce v9: no transaction, acks, timeout, then the count of topics.
    let fixed = [&[0][..], &(-1_i16).to_be_bytes(), &30_000_i32.to_be_bytes()].concat();
    let mut frames = Vec::new();
    for (what, bytes) in [("overlong", OVERLONG), ("huge", HUGE)] {
        let body = |parts: &[&[u8]]| framed(key, 9, &[0], &parts.concat());
        frames.push((format!("{what} header tags"), framed(key, 9, bytes, &[])));
        frames.push((format!("{what} transactional id"), body(&[bytes])));
        frames.push((format!("{what} topics"), body(&[&fixed, bytes])));
        frames.push((format!("{what} topic name"), body(&[&fixed, &[2], bytes])));
        let named = [&fixed[..], &[2, 2, b't']].concat();
        frames.push((format!("{what} partitions"), body(&[&named, bytes])));
        let indexed = [&named[..], &[2, 0, 0, 0, 0]].concat();
        frames.push((format!("{what} records"), body(&[&indexed, bytes])));
        frames.push((
            format!("{what} Metadata topics"),
            framed(MetadataRequest::KEY, 12, &[0], bytes),
        ));
        frames.push((
            format!("{what} Fetch"),
            framed(FetchRequest::KEY, 12, &[0], &[&[0; 17][..], bytes].concat()),
        ));
        // Tagged fields at the very end of the request.
        let mut tagged = whole[..whole.len() - 1].to_vec();
        tagged.extend(bytes);
        let size = (tagged.len() - 4) as i32;
        tagged[..4].copy_from_slice(&size.to_be_bytes());
        frames.push((format!("{what} tags at the end"), tagged));
    }
    all_refused(&scene, &topic, &frames)?;
    scene.end()
}

/// Many of them, long ones, some that claim more than there is, in an order that is none, and twice
/// the same: the protocol allows unknown ones in any struct, in ascending order.
#[test]
fn tagged_fields_many_deep_and_lying() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let key = MetadataRequest::KEY;
    let no_topics = [1, 0, 0, 0]; // an empty array, two booleans, and then tags
    let metadata = |tags: &[u8]| [&no_topics[..3], tags].concat();
    let many: Vec<u8> = [&[0xe8, 0x07][..], &[1, 0].repeat(1_000)].concat();
    let nested = (0..200).fold(vec![0], |inner: Vec<u8>, _| {
        let length = inner.len();
        let size = [(length & 0x7f) as u8 | 0x80, (length >> 7) as u8];
        [&[1, 7][..], &size, &inner].concat()
    });
    let tags: [(&str, Vec<u8>); 7] = [
        ("a thousand", many),
        ("nested two hundred deep", nested),
        (
            "one of two thousand million bytes",
            [&[1, 0][..], HUGE].concat(),
        ),
        ("one past the end", vec![1, 0, 50, 1, 2, 3]),
        ("two that claim to be ten", vec![10, 0, 0, 1, 0]),
        ("twice the same", vec![2, 5, 0, 5, 0]),
        ("descending", vec![2, 9, 0, 5, 0]),
    ];
    let mut frames = Vec::new();
    for (name, tags) in &tags {
        let header = framed(key, 12, tags, &[&no_topics[..], &[0]].concat());
        frames.push((format!("{name} in the header"), header));
        frames.push((
            format!("{name} in the body"),
            framed(key, 12, &[0], &metadata(tags)),
        ));
    }
    all_refused(&scene, &topic, &frames)?;
    scene.end()
}

/// Past what the table has, for every API that is offered: an answer or the end, never the broker's
/// own answer to something nobody here has judged.
#[test]
fn versions_and_apis_that_nobody_knows() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let offered = scene.wire()?.call(&ApiVersionsRequest::default(), 0)?;
    let mut frames = Vec::new();
    for api in &offered.api_keys {
        for version in [api.max_version + 1, i16::MAX, -1, i16::MIN] {
            let name = format!("API {} version {version}", api.api_key);
            frames.push((name, framed(api.api_key, version, &[0], &[0; 64])));
        }
    }
    for key in [4, 5, 6, 7, 56, 58, 67, 77, 1_000, i16::MAX, -1] {
        frames.push((format!("API {key}"), framed(key, 0, &[], &[0; 64])));
    }
    all_refused(&scene, &topic, &frames)?;
    scene.end()
}

/// Batches whose header, checksum and records do not fit each other. What the client is told of each
/// is compared with the broker's own words in `transparency`; here it is that a mask rule's topic
/// takes none of them, the audit has each refusal, and the connection goes on.
#[test]
fn a_batch_that_is_not_what_its_header_says_is_not_taken() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    for (name, batch) in lying_batches()? {
        let landed = produce_one(&mut wire, &topic, 0, batch)?;
        ensure!(landed.code != code::NONE, "{name}: {landed:?}");
    }
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "something landed");
    let told = audit::await_entries(&scene.gateway, &[&topic, "checksum"])?;
    ensure!(!told.is_empty(), "the audit does not say why");
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[SSN]).encode()?)?;
    ensure!(
        landed.code == code::NONE,
        "the connection is spoilt: {landed:?}"
    );
    scene.end()
}

/// The same from a broker: no number comes through to whom it is hidden from.
#[test]
fn a_batch_that_is_not_what_its_header_says_is_not_served() -> Outcome {
    let scene = LyingScene::with(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let target = scene.target("ana", &["analysts"])?;
    for (name, batch) in lying_batches()? {
        scene.liar.tell(Lie::Truth);
        let mut wire = login::connect(&target)?;
        metadata(&mut wire, &[])?;
        scene.liar.tell(Lie::Records(batch));
        let asked = encode(&fetch_request(&topic, 0, 0), 12, 7, "c")?;
        wire.send_bytes(&asked)?;
        wire.reply_limit(PATIENCE)?;
        let reply = wire.receive_frame();
        let told = reply.as_deref().unwrap_or_default();
        let digits = SSN_DIGITS.as_bytes();
        let through = told.windows(digits.len()).any(|w| w == digits);
        ensure!(!through, "{name}: the number came through");
        ensure!(
            reply.is_ok() || wire.closed_within(PATIENCE)?,
            "{name}: kept waiting"
        );
    }
    scene.end()
}

/// Each carries a social security number as plain bytes.
fn lying_batches() -> anyhow::Result<Vec<(&'static str, Bytes)>> {
    let whole = Batch::values(&[SSN, CLEAN]).encode()?.to_vec();
    let set = |at: usize, bytes: &[u8]| {
        let mut batch = whole.clone();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        batch
    };
    let count = |n: i32| sealed(set(57, &n.to_be_bytes()));
    let mut longer = whole.clone();
    longer.extend(b"536-22-8145");
    let mut wide = whole.clone();
    wide.splice(61..=61, [0x90, 0x80, 0x80, 0x80, 0x80, 0]);
    Ok(vec![
        ("wrong CRC", set(20, &[whole[20] ^ 1]).into()),
        ("magic 0", set(16, &[0]).into()),
        ("magic 1", set(16, &[1]).into()),
        ("magic 3", set(16, &[3]).into()),
        ("too many records", count(3)),
        ("too few records", count(1)),
        ("no records", count(0)),
        ("a negative count", count(-1)),
        ("a huge count", count(i32::MAX)),
        ("bytes after the last record", sealed(longer)),
        ("a length in six bytes", sealed(wide)),
        ("a length past the end", sealed(set(61, &[0x7e]))),
        ("a negative length", sealed(set(61, &[0x01]))),
        (
            "a batch shorter than its header",
            set(8, &20_i32.to_be_bytes()).into(),
        ),
        (
            "a batch of negative length",
            set(8, &(-9_i32).to_be_bytes()).into(),
        ),
        ("a codec nobody has", sealed(set(22, &[6]))),
    ])
}
