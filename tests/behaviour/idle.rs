//! Ten thousand idle connections cost at most 8 KiB of memory each.

use crate::Outcome;
use anyhow::ensure;
use kafka_protocol::messages::ApiVersionsRequest;
use lockgate_tests::limits;
use lockgate_tests::requests::metadata;
use lockgate_tests::scene::Scene;
use lockgate_tests::wire::Wire;

const CONNECTIONS: u64 = 10_000;
const KIB_EACH_MAX: u64 = 8;
/// Connections that are there before measuring, so that what is made once is not counted.
const WARM: u64 = 200;
/// The gateway's own descriptors: two sockets a connection, and some.
const DESCRIPTORS: u64 = 2 * CONNECTIONS + 2_000;

#[test]
fn ten_thousand_idle_connections() -> Outcome {
    limits::allow_descriptors(DESCRIPTORS)?;
    let scene = Scene::with(|s| s.open())?;
    let mut idle = open(&scene, WARM)?;
    let before = scene.gateway.resident_kib()?;
    idle.extend(open(&scene, CONNECTIONS)?);
    let grown = scene.gateway.resident_kib()?.saturating_sub(before);
    println!(
        "{CONNECTIONS} connections cost {grown} KiB: {} bytes each",
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
    drop(idle);
    scene.end()
}

/// Connections that have spoken once, so that whatever the first request brings is there.
fn open(scene: &Scene, count: u64) -> anyhow::Result<Vec<Wire>> {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
        wire.call(&ApiVersionsRequest::default(), 0)?;
        open.push(wire);
    }
    Ok(open)
}
