//! What the gateway says it speaks is what it speaks, and the rest is refused in the right shape.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{
    ApiVersionsRequest, FetchRequest, FindCoordinatorRequest, MetadataRequest, ProduceRequest,
    PushTelemetryRequest,
};
use kafka_protocol::protocol::Request;
use lockgate_tests::batch::Batch;
use lockgate_tests::requests::{self, code, fetch_request, metadata, produce_one};
use lockgate_tests::scene::Scene;
use lockgate_tests::wire::{Wire, encode};

/// (key, lowest, highest) of every API that is offered.
fn offered(wire: &mut Wire) -> anyhow::Result<Vec<(i16, i16, i16)>> {
    let told = wire.call(&ApiVersionsRequest::default(), 0)?;
    ensure!(told.error_code == 0, "ApiVersions says {}", told.error_code);
    Ok(told
        .api_keys
        .iter()
        .map(|k| (k.api_key, k.min_version, k.max_version))
        .collect())
}

#[test]
fn api_versions_is_within_what_the_broker_offers() -> Outcome {
    let scene = Scene::start()?;
    let ours = offered(&mut scene.wire()?)?;
    let theirs = offered(&mut Wire::connect(&scene.broker.plain())?)?;
    for (key, lowest, highest) in &ours {
        // SASL and ApiVersions are the gateway's own.
        let own = [17, 18, 36].contains(key);
        let broker = theirs.iter().find(|(other, _, _)| other == key);
        let within = broker.is_some_and(|(_, low, high)| low <= lowest && highest <= high);
        ensure!(
            own || within,
            "API {key} v{lowest}-{highest} is not within {broker:?}"
        );
    }
    for key in [
        ProduceRequest::KEY,
        FetchRequest::KEY,
        MetadataRequest::KEY,
        FindCoordinatorRequest::KEY,
    ] {
        ensure!(
            ours.iter().any(|(other, _, _)| *other == key),
            "API {key} is not offered"
        );
    }
    // Older librdkafka takes a Produce that does not begin at 0 for a broker without compression.
    let produce = ours
        .iter()
        .find(|(key, _, _)| *key == ProduceRequest::KEY)
        .context("no Produce")?;
    ensure!(produce.1 == 0, "Produce begins at {}", produce.1);
    scene.end()
}

#[test]
fn a_newer_api_versions_is_answered_in_version_0() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
    let mut frame = encode(&ApiVersionsRequest::default(), 4, 1, "from-the-future")?.to_vec();
    frame[6..8].copy_from_slice(&99_i16.to_be_bytes());
    wire.send_bytes(&frame)?;
    let reply = wire.receive_frame()?;
    let told = i16::from_be_bytes(reply[4..6].try_into()?);
    ensure!(told == code::UNSUPPORTED_VERSION, "it says {told}");
    let known = offered(&mut wire)?;
    ensure!(!known.is_empty(), "the connection is spoilt");
    scene.end()
}

#[test]
fn what_is_not_offered_is_refused_and_the_connection_goes_on() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = scene.wire()?;
    let known = offered(&mut wire)?;
    ensure!(
        !known
            .iter()
            .any(|(key, _, _)| *key == PushTelemetryRequest::KEY),
        "PushTelemetry is offered"
    );
    let told = wire.call(&PushTelemetryRequest::default(), 0)?;
    ensure!(told.error_code != 0, "PushTelemetry was served");
    ensure!(metadata(&mut wire, &[]).is_ok(), "the connection is spoilt");
    scene.end()
}

/// A consumer that says it is a replica would read past every rule.
#[test]
fn a_fetch_as_a_replica_is_refused() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    produce_one(&mut wire, &topic, 0, Batch::values(&["x"]).encode()?)?;
    let request = fetch_request(&topic, 0, 0).with_replica_id(2.into());
    if let Ok(told) = wire.call(&request, 12) {
        let parts = told.responses.iter().flat_map(|t| &t.partitions);
        let leaked = parts
            .filter(|p| p.records.as_ref().is_some_and(|r| !r.is_empty()))
            .count();
        ensure!(leaked == 0, "a replica was served");
    }
    scene.end()
}

#[test]
fn replies_come_in_the_order_of_requests() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    // Some are answered by the broker, some by the gateway itself.
    let mut owed = Vec::new();
    for i in 0..50 {
        let batch = Batch::values(&[&format!("{i}")]).encode()?;
        let produced = requests::produce_later(&mut wire, &requests::Send::one(&topic, 0, batch))?;
        let versions = wire.send(&ApiVersionsRequest::default(), 0)?;
        owed.push((
            produced,
            versions,
            requests::metadata_later(&mut wire, &[&topic])?,
        ));
    }
    for (i, (produced, versions, asked)) in owed.into_iter().enumerate() {
        let landed = requests::landed(&mut wire, produced)?;
        ensure!(
            landed[0].code == code::NONE && landed[0].offset == i as i64,
            "{landed:?}"
        );
        wire.receive(versions)?;
        wire.receive(asked)?;
    }
    scene.end()
}
