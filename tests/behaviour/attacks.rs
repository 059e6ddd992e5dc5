//! Somebody who means it: what a client, logged in or not, can do to the others.

use crate::Outcome;
use anyhow::{Context, ensure};

use lockgate_tests::batch::{Batch, Record};
use lockgate_tests::limits::Files;
use lockgate_tests::login;
use lockgate_tests::requests::{Send, code, metadata, produce_later, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::wire::Wire;
use std::time::Duration;

/// Strangers need no token to send half a login and wait. Whoever has logged in is served on.
#[test]
fn half_a_login_from_many_strangers_stops_nobody() -> Outcome {
    // Enough to fill the memory of both cores for requests: 256 KiB and a little is a buffer of 1 MiB.
    const STRANGERS: usize = 400;
    let scene = Scene::start()?;
    let mut witness = scene.wire()?;
    metadata(&mut witness, &[])?;
    let mut half = 500_000_i32.to_be_bytes().to_vec();
    half.resize(270_000, 0);
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        let mut stranger = Wire::connect(&scene.gateway.bootstrap())?;
        stranger.write_limit(Duration::from_millis(20))?;
        let _ = stranger.send_bytes(&half); // what is not read does not fit into the socket
        strangers.push(stranger);
    }
    // A client that was silent for a second has given its buffer back, and needs one again.
    std::thread::sleep(Duration::from_secs(2));
    witness.reply_limit(Duration::from_secs(5))?;
    metadata(&mut witness, &[]).context("strangers stop a client that has logged in")?;
    drop(strangers);
    scene
        .wire()
        .context("nobody can log in after the strangers left")?;
    scene.end()
}

/// A flood of connections is turned away before it takes what the audit and the page need.
#[test]
fn a_flood_of_connections_leaves_room_for_the_rest() -> Outcome {
    let scene = Scene::start()?;
    scene.gateway.restart_with_files(Files::AtMost(512))?;
    let mut witness = scene.wire()?;
    let mut flood = Vec::new();
    for _ in 0..600 {
        flood.extend(Wire::connect(&scene.gateway.bootstrap()));
    }
    std::thread::sleep(Duration::from_secs(2));
    ensure!(scene.gateway.ready(), "no descriptor is left for the page");
    metadata(&mut witness, &[])?;
    ensure!(
        !scene.gateway.logged().contains("accept failed"),
        "the gateway ran out of descriptors"
    );
    drop(flood);
    std::thread::sleep(Duration::from_secs(1));
    scene
        .wire()
        .context("the flood is over and nobody is let in")?;
    scene.end()
}

/// acks=0 has no reply that could push back: what waits behind a held batch is bounded all the same.
#[test]
fn what_waits_behind_a_hold_without_acks_is_bounded() -> Outcome {
    const BATCHES: usize = 400;
    let scene = Scene::start()?;
    let topic = scene.broker.topic("hold", 1)?;
    let mut wire = scene.wire()?;
    metadata(&mut wire, &[])?;
    let before = scene.gateway.resident_kib()?;
    let send = |batch| Send {
        acks: 0,
        ..Send::one(&topic, 0, batch)
    };
    let held = Batch::values(&[lockgate_tests::scene::CARD]).encode()?;
    let _ = produce_later(&mut wire, &send(held))?;
    scene.reviewer()?.await_pending(&topic)?;
    let clean = Batch::values(&[&"x".repeat(1 << 20)]).encode()?;
    wire.write_limit(Duration::from_secs(3))?;
    for _ in 0..BATCHES {
        if produce_later(&mut wire, &send(clean.clone())).is_err() {
            break; // it is not read any more, or closed: both bound it
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    let grown = scene.gateway.resident_kib()?.saturating_sub(before);
    ensure!(grown < 200 << 10, "the gateway grew by {grown} KiB");
    drop(wire);
    scene.end()
}

/// Brokers take records for their own topics from whoever is called `__admin_client`.
#[test]
fn nobody_writes_the_topics_of_the_cluster_itself() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = login::connect_as(&scene.producer()?, "__admin_client")?;
    let forged = Record {
        key: Some("not a group's offset".into()),
        ..Record::of(CLEAN)
    };
    let batch = Batch::of(vec![forged]).encode()?;
    for topic in ["__consumer_offsets", "__transaction_state"] {
        let landed = produce_one(&mut wire, topic, 0, batch.clone())?;
        ensure!(
            landed.code == code::TOPIC_AUTHORIZATION_FAILED,
            "{landed:?}"
        );
    }
    scene.end()
}
