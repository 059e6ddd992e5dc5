//! TLS on a listener, towards the brokers, and the names in it.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::{Batch, Record};
use lockgate_tests::broker::Broker;
use lockgate_tests::clients::{Client, Consume, Produce};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::requests::{code, fetch_all, metadata, produce_one};
use lockgate_tests::scene::{CLEAN, PRODUCER, SSN, SSN_DIGITS, SSN_KEPT, Scene};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::tls::{Authority, DOMAIN};
use lockgate_tests::wire::Wire;
use lockgate_tests::{login, wait};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A gateway whose listener speaks TLS, and whom to trust.
fn scene(change: impl FnOnce(Settings) -> Settings) -> anyhow::Result<(Scene, Authority)> {
    let authority = Authority::new()?;
    let pair = authority.for_gateway()?;
    let scene = Scene::with(|settings| change(settings.listener(&pair.words())))?;
    Ok((scene, authority))
}

/// Produces what is to be masked, consumes it again; what lies in the log is masked.
fn serves(scene: &Scene, client: Client, target: &Target) -> Outcome {
    let topic = scene.broker.topic("mask", 1)?;
    let report = client.produce(target, &Produce::new(&topic, &[SSN, CLEAN]).idempotent())?;
    ensure!(report.clean, "{client:?}: {}", report.said);
    let stored = scene.broker.values(&topic, 0)?;
    ensure!(
        stored[0].contains(SSN_KEPT) && !stored[0].contains(SSN_DIGITS) && stored[1] == CLEAN,
        "{client:?}: the log has {stored:?}"
    );
    let (values, errors) = client.consume(target, &Consume::new(&topic, 2))?;
    ensure!(values == stored, "{client:?} read {values:?}: {errors}");
    Ok(())
}

#[test]
fn stock_clients_are_inspected_through_tls() -> Outcome {
    let (scene, authority) = scene(|settings| settings)?;
    let target = scene.producer()?.trusting(&authority.path());
    for client in [
        Client::Console,
        Client::Kcat,
        Client::Confluent,
        Client::Kafkajs,
    ] {
        serves(&scene, client, &target)?;
    }
    scene.end()
}

#[test]
fn large_records_pass_through_tls_byte_for_byte() -> Outcome {
    let (scene, authority) = scene(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let wire = &mut login::connect(&scene.producer()?.trusting(&authority.path()))?;
    let told = metadata(wire, &[])?.brokers;
    let at = format!("127.0.0.1:{}", told.first().context("no broker")?.port);
    let target = scene.producer()?.trusting(&authority.path()).at(&at);
    let wire = &mut login::connect(&target)?;
    let mut sent = Vec::new();
    for bytes in [1, 16_000, 16_384, 300_000, 1_000_000] {
        let batch = Batch::of(vec![Record::of("v".repeat(bytes))]).encode()?;
        let landed = produce_one(wire, &topic, 0, batch.clone())?;
        ensure!(landed.code == code::NONE, "{bytes}: {landed:?}");
        sent.push(batch);
    }
    for (stored, sent) in scene.broker.batches(&topic, 0)?.iter().zip(&sent) {
        ensure!(stored.kept() == &sent[16..], "stored otherwise than sent");
    }
    let read = fetch_all(wire, &topic, 0)?.map_err(|code| anyhow::anyhow!("{code}"))?;
    ensure!(read.len() == sent.len(), "{} batches read", read.len());
    for (read, sent) in read.iter().zip(&sent) {
        ensure!(read.kept() == &sent[16..], "read otherwise than sent");
    }
    scene.end()
}

/// A connection by name to the one port of a gateway with server names.
fn by_name(scene: &Scene, authority: &Path, name: &str) -> anyhow::Result<Wire> {
    let mut wire = Wire::connect_tls(&scene.gateway.bootstrap(), "lockgate-test", authority, name)?;
    let token = scene.oidc.token(PRODUCER, &["producers"])?;
    let target = Target::plain("", &token);
    let done = login::login(&mut wire, &target.login)?;
    ensure!(done.is_ok(), "the login was refused: {done:?}");
    Ok(wire)
}

#[test]
fn a_server_name_says_which_broker_is_meant() -> Outcome {
    let (scene, authority) = scene(Settings::by_name)?;
    let authority = authority.path();
    let topic = scene.broker.topic("plain", 1)?;
    let mut first = by_name(&scene, &authority, DOMAIN)?;
    let told = metadata(&mut first, &[&topic])?;
    let broker = told.brokers.first().context("no broker")?;
    ensure!(*broker.host == *"b1.gw.test", "told {:?}", broker.host);
    ensure!(
        broker.port == i32::from(scene.gateway.ports.listener),
        "told {}",
        broker.port
    );
    for name in ["b1.gw.test", "B1.GW.TEST", "127.0.0.1"] {
        let mut wire = by_name(&scene, &authority, name)?;
        let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
        ensure!(landed.code == code::NONE, "{name}: {landed:?}");
    }
    // a broker that is not there, and names that nobody has
    let gone = by_name(&scene, &authority, "b7.gw.test")?.closed_within(SOON)?;
    ensure!(gone, "b7.gw.test is served");
    let strange = by_name(&scene, &authority, "elsewhere.test");
    let fault = format!("{:#}", strange.err().context("elsewhere.test is served")?);
    ensure!(fault.contains("UnrecognisedName"), "{fault}");
    scene.end()
}

#[test]
fn stock_clients_find_brokers_by_server_name() -> Outcome {
    let (scene, authority) = scene(Settings::by_name)?;
    let at = format!("{DOMAIN}:{}", scene.gateway.ports.listener);
    let target = scene.producer()?.trusting(&authority.path()).at(&at);
    // librdkafka asks the system for addresses, which knows none of these names
    for client in [Client::Console, Client::Kafkajs] {
        serves(&scene, client, &target)?;
    }
    scene.end()
}

#[test]
fn a_new_certificate_is_shown_without_a_restart() -> Outcome {
    let (scene, authority) = scene(|settings| settings)?;
    let target = scene.producer()?.trusting(&authority.path());
    let mut before = login::connect(&target)?;
    let shown = before.shown().context("no certificate")?.to_vec();
    let used = authority.for_gateway()?; // the same files, anew
    scene.gateway.hang_up()?;
    wait::until_ok("the new certificate", SOON, || {
        let after = login::connect(&target)?;
        ensure!(
            after.shown().is_some_and(|new| new != shown),
            "the old one is shown"
        );
        Ok(())
    })?;
    metadata(&mut before, &[]).context("the old session is not served any more")?;
    std::fs::write(&used.key, "half a file")?;
    scene.gateway.hang_up()?;
    wait::until("a word on the broken pair", SOON, || {
        scene
            .gateway
            .logged()
            .contains("the old one stays in use")
            .then_some(())
    })?;
    metadata(&mut login::connect(&target)?, &[])?;
    scene.end()
}

#[test]
fn those_who_speak_no_tls_or_never_end_a_handshake_hinder_nobody() -> Outcome {
    let (scene, authority) = scene(|settings| settings)?;
    let target = scene.producer()?.trusting(&authority.path());
    let mut plain = Wire::connect(&scene.gateway.bootstrap())?;
    let _ = plain.send_bytes(&[0, 0, 0, 35, 0, 18, 0, 4, 0, 0, 0, 1]);
    ensure!(plain.closed_within(SOON)?, "a plain request is waited for");
    let before = scene.gateway.resident_kib()?;
    let mut stalled = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(scene.gateway.bootstrap())?;
        stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")?;
        stalled.push(stream);
    }
    metadata(&mut login::connect(&target)?, &[])?;
    let grown = scene.gateway.resident_kib()?.saturating_sub(before);
    ensure!(
        grown < 500 * 64,
        "{grown} KiB for 500 handshakes that stall"
    );
    drop(stalled);
    let said = scene.gateway.logged();
    ensure!(said.contains("found no TLS"), "nobody is told:\n{said}");
    scene.end()
}

#[test]
fn an_end_is_said_in_tls() -> Outcome {
    let (scene, authority) = scene(Settings::open)?;
    let target = Target::open(&scene.gateway.bootstrap()).trusting(&authority.path());
    let mut wire = login::connect(&target)?;
    metadata(&mut wire, &[])?;
    scene.gateway.stop()?;
    // without `close_notify` rustls calls it an unexpected end
    ensure!(wire.read(&mut [0; 10])? == 0, "bytes after the end");
    scene.end()
}

/// One gateway dials another through TLS: real on both sides, and the second could be any broker.
#[test]
fn brokers_are_reached_through_tls_and_only_the_right_ones() -> Outcome {
    let (far, authority) = scene(Settings::open)?;
    let issuer = &far.oidc.issuer;
    let trusting = |authority: &Authority| {
        Settings::before(&far.gateway.bootstrap(), issuer).upstream_tls(&authority.path())
    };
    let near = Gateway::start(&trusting(&authority))?;
    let token = far.oidc.token(PRODUCER, &["producers"])?;
    let target = Target::plain(&near.bootstrap(), &token);
    for client in [Client::Console, Client::Confluent] {
        serves(&far, client, &target)?;
    }
    ensure!(near.stop()?.success(), "the near gateway failed");

    let wrong = Gateway::unstarted(&trusting(&Authority::new()?))?;
    ensure!(wrong.restart().is_err(), "it trusts a stranger");
    ensure!(
        wrong.logged().contains("no TLS with the broker"),
        "{}",
        wrong.logged()
    );
    let plain =
        Settings::before(&Broker::shared()?.plain(), issuer).upstream_tls(&authority.path());
    let plain = Gateway::unstarted(&plain)?;
    ensure!(
        plain.restart().is_err(),
        "it speaks TLS to a broker that does not"
    );
    far.end()
}
