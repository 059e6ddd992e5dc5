//! Any bytes at all: an error or a closed connection, and everybody else is served on.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, ProduceRequest};
use kafka_protocol::protocol::Request;
use lockgate_tests::batch::Batch;
use lockgate_tests::campaigns::fuzz;
use lockgate_tests::random::Random;
use lockgate_tests::requests::{Send, code, metadata, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::wire::{Wire, encode};
use std::time::{Duration, Instant};

/// A claimed size must not become memory. Two cores may each keep 64 MiB of buffers for re-use,
/// and as much again is allowed for what is under way.
const GROWTH_KIB_MAX: u64 = 4 * (64 << 10);

/// A connection that was there before, and must be served after.
struct Witness {
    wire: Wire,
    before_kib: u64,
}

impl Witness {
    fn of(scene: &Scene) -> anyhow::Result<Witness> {
        let mut wire = scene.wire()?;
        metadata(&mut wire, &[])?;
        Ok(Witness {
            wire,
            before_kib: scene.gateway.resident_kib()?,
        })
    }

    fn check(mut self, scene: &Scene) -> Outcome {
        ensure!(scene.gateway.alive(), "the gateway died");
        metadata(&mut self.wire, &[]).context("the witness is not served any more")?;
        let grown = scene
            .gateway
            .resident_kib()?
            .saturating_sub(self.before_kib);
        ensure!(grown < GROWTH_KIB_MAX, "the gateway grew by {grown} KiB");
        ensure!(
            !scene.gateway.logged().contains("panicked at"),
            "the gateway panicked"
        );
        scene.end()
    }
}

#[test]
fn random_bytes_and_mutated_requests_before_and_after_login() -> Outcome {
    let seed = Random::fresh_seed();
    println!("seed {seed}");
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    fuzz::storm(&scene, &mut Random::new(seed), Duration::from_secs(8))?;
    witness.check(&scene)
}

#[test]
fn hostile_sizes() -> Outcome {
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    for size in [-1, i32::MIN, i32::MAX, 0, 1, 3, (100 << 20) + 1] {
        let mut before = Wire::connect(&scene.gateway.bootstrap())?;
        before.send_bytes(&size.to_be_bytes())?;
        let _ = before.send_bytes(b"abc");
        // A size that is refused closes at once; one that is believed would wait for the rest.
        ensure!(
            before.closed_within(Duration::from_secs(5))?,
            "size {size} before login is believed"
        );
        let mut after = scene.wire()?;
        after.send_bytes(&size.to_be_bytes())?;
        let _ = after.send_bytes(b"abc");
        ensure!(
            after.closed_within(Duration::from_secs(5))?,
            "size {size} after login is believed"
        );
    }
    witness.check(&scene)
}

#[test]
fn a_megabyte_before_login_is_too_much() -> Outcome {
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
    wire.send_bytes(&(1_i32 << 20).to_be_bytes())?;
    ensure!(
        wire.closed_within(Duration::from_secs(5))?,
        "it is believed"
    );
    witness.check(&scene)
}

/// Counts that claim two thousand million entries, in the few bytes of a real request.
#[test]
fn hostile_counts() -> Outcome {
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    let topic = scene.broker.topic("plain", 1)?;
    let produce = Send::one(&topic, 0, Batch::values(&[CLEAN]).encode()?).request();
    for version in [3, 8, 9] {
        hostile(&scene, &encode(&produce, version, 1, "c")?, topic.len())?;
    }
    for version in [1, 9, 12] {
        let asked = lockgate_tests::requests::metadata_request(&[&topic]);
        hostile(&scene, &encode(&asked, version, 1, "c")?, topic.len())?;
    }
    // The body that made a decoder ask for 412 GB: Produce v9, a compact array of 2^32 - 2.
    let mut body = vec![0, 0xff, 0xff, 0, 0, 0, 1];
    body.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    let mut wire = scene.wire()?;
    wire.send_bytes(&framed(ProduceRequest::KEY, 9, &body))?;
    let _ = wire.receive_frame();
    let mut wire = scene.wire()?;
    wire.send_bytes(&framed(
        MetadataRequest::KEY,
        12,
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
    ))?;
    let _ = wire.receive_frame();
    witness.check(&scene)
}

/// The request with each four bytes in turn replaced by the largest count, at the places where
/// counts stand: around the topic's name.
fn hostile(scene: &Scene, frame: &[u8], name_len: usize) -> Outcome {
    let from = 8;
    let to = frame.len().min(from + 60 + name_len);
    for at in (from..to.saturating_sub(4)).step_by(3) {
        let mut bad = frame.to_vec();
        bad[at..at + 4].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
        let mut wire = scene.wire_fast()?;
        wire.send_bytes(&bad)?;
        wire.reply_limit(Duration::from_millis(200))?;
        let _ = wire.receive_frame();
    }
    Ok(())
}

fn framed(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(1_i32.to_be_bytes());
    frame.extend([0xff, 0xff, 0]); // no client id, no tagged fields
    frame.extend(body);
    [&(frame.len() as i32).to_be_bytes()[..], &frame].concat()
}

#[test]
fn frames_that_stop_in_the_middle() -> Outcome {
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    let topic = scene.broker.topic("hold", 1)?;
    let card = Batch::values(&[lockgate_tests::scene::CARD]).encode()?;
    let frame = encode(&Send::one(&topic, 0, card).request(), 9, 1, "c")?;
    for cut in [1, 4, 5, 8, 12, frame.len() / 2, frame.len() - 1] {
        let mut wire = scene.wire()?;
        wire.send_bytes(&frame[..cut])?;
        drop(wire);
    }
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 0,
        "half a request landed"
    );
    ensure!(
        scene.reviewer()?.pending(&topic)?.is_empty(),
        "half a request is held"
    );
    witness.check(&scene)
}

#[test]
fn a_client_of_one_byte_a_second_disturbs_nobody() -> Outcome {
    let scene = Scene::start()?;
    let witness = Witness::of(&scene)?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut quick = scene.wire()?;
    let frame = encode(&ApiVersionsRequest::default(), 0, 1, "slow")?;
    let (mut before, mut after) = (Wire::connect(&scene.gateway.bootstrap())?, scene.wire()?);
    let (slow, rest) = frame.split_at(6);
    for byte in slow {
        let second = Instant::now() + Duration::from_secs(1);
        before.send_bytes(&[*byte])?;
        after.send_bytes(&[*byte])?;
        while Instant::now() < second {
            let landed = produce_one(&mut quick, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
            ensure!(landed.code == code::NONE, "{landed:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    for wire in [&mut before, &mut after] {
        wire.send_bytes(rest)?;
        ensure!(
            !wire.receive_frame()?.is_empty(),
            "the slow client is not answered"
        );
    }
    witness.check(&scene)
}

/// A client that asks and never reads: bounded, and closed or waited for, never in others' way.
#[test]
fn a_client_that_never_reads_is_bounded() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut quick = scene.wire()?;
    let batch = Batch::values(&[&"x".repeat(900_000)]).encode()?;
    for _ in 0..4 {
        produce_one(&mut quick, &topic, 0, batch.clone())?;
    }
    let witness = Witness::of(&scene)?;
    let mut deaf = scene.wire()?;
    let asked = encode(
        &lockgate_tests::requests::fetch_request(&topic, 0, 0),
        12,
        1,
        "deaf",
    )?;
    deaf.write_limit(Duration::from_secs(2))?;
    let mut accepted = 0;
    while accepted < 2_000 && deaf.send_bytes(&asked).is_ok() {
        accepted += 1;
    }
    println!("{accepted} requests were accepted of a client that does not read");
    witness.check(&scene)
}
