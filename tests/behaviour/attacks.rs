//! Somebody who means it: what a client, logged in or not, can do to the others.

use crate::Outcome;
use anyhow::{Context, ensure};

use lockgate_tests::limits::Files;
use lockgate_tests::requests::metadata;
use lockgate_tests::scene::Scene;
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
