//! Ten thousand idle connections cost at most 8 KiB of memory each.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::limits;
use lockgate_tests::login;
use lockgate_tests::requests::metadata;
use lockgate_tests::scene::Scene;
use lockgate_tests::target::Target;
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 10_000;
const KIB_EACH_MAX: u64 = 8;
/// Connections that are there before measuring, so that what is made once is not counted.
const WARM: u64 = 500;
/// What the gateway and the other tests of this process have open besides.
const OTHER_DESCRIPTORS: u64 = 500;

/// All of them logged in and connected to the broker, as far as the machine allows the gateway
/// two sockets for each; the rest connected and not logged in.
#[test]
fn ten_thousand_idle_connections() -> Outcome {
    let needed = CONNECTIONS + CONNECTIONS / 2 + OTHER_DESCRIPTORS;
    let allowed = limits::allow_descriptors(2 * CONNECTIONS + 2 * OTHER_DESCRIPTORS, needed)?;
    let logged_in = CONNECTIONS.min(allowed - CONNECTIONS - OTHER_DESCRIPTORS);
    let scene = Scene::start()?;
    let target = scene.producer()?;
    let mut idle = log_in(&target, WARM)?;
    let before = settled_kib(&scene)?;
    idle.extend(log_in(&target, logged_in - WARM)?);
    let mut silent = Vec::new();
    for _ in logged_in..CONNECTIONS + WARM {
        silent.push(Wire::connect(&target.bootstrap)?);
    }
    let grown = settled_kib(&scene)?.saturating_sub(before);
    println!(
        "{logged_in} logged in of {CONNECTIONS}: {} bytes each",
        grown * 1024 / CONNECTIONS
    );
    ensure!(
        grown <= CONNECTIONS * KIB_EACH_MAX,
        "{CONNECTIONS} idle connections cost {grown} KiB"
    );
    for wire in idle.iter_mut().step_by(1_000) {
        ensure!(
            metadata(wire, &[]).is_ok(),
            "an idle connection is not served any more"
        );
    }
    drop((idle, silent));
    scene.end()
}

/// Connections that have asked once, so that whatever the first request brings is there.
fn log_in(target: &Target, count: u64) -> anyhow::Result<Vec<Wire>> {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut wire = login::connect(target)?;
        metadata(&mut wire, &[])?;
        open.push(wire);
    }
    Ok(open)
}

/// Resident memory once it falls no more: what logging in needed for a moment is given back late.
fn settled_kib(scene: &Scene) -> anyhow::Result<u64> {
    const STILL: Duration = Duration::from_secs(2);
    let (mut least, mut since) = (scene.gateway.resident_kib()?, Instant::now());
    wait::until_ok("memory to settle", Duration::from_secs(20), || {
        let now = scene.gateway.resident_kib()?;
        if now < least {
            (least, since) = (now, Instant::now());
        }
        ensure!(since.elapsed() >= STILL, "it still falls");
        Ok(least)
    })
}
