//! Every state of a connection ends, and none ends early: logins that are not finished, brokers that
//! do not answer, clients that have closed their side, sessions that the broker wants renewed.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::SaslHandshakeRequest;
use kafka_protocol::protocol::StrBytes;
use lockgate_tests::broker::{Broker, USERS};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::jars::Version;
use lockgate_tests::login;
use lockgate_tests::oidc::Oidc;
use lockgate_tests::requests::{metadata, metadata_later};
use lockgate_tests::scene::{PRODUCER, Scene};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use std::time::{Duration, Instant};

/// `LOGIN_MS_MAX` and `CONNECT_IN_ALL_MS_MAX` of the gateway.
const LIMIT: Duration = Duration::from_secs(30);
/// What a sweep a second and a busy machine add.
const LATE: Duration = Duration::from_secs(10);

/// A broker that ends sessions after five seconds, and a gateway that logs in to it by SCRAM.
fn before_short_sessions() -> anyhow::Result<(Broker, Gateway)> {
    let broker = Broker::fresh_with(Version::Newest, "connections.max.reauth.ms=5000\n")?;
    let settings = Settings::before(&broker.scram(), &Oidc::shared()?.issuer);
    let gateway = Gateway::start(&Settings {
        scram: true,
        ..settings
    })?;
    Ok((broker, gateway))
}

/// KIP-368 towards the broker: the gateway's own login is renewed between the client's requests.
#[test]
fn a_connection_outlives_the_gateways_own_sessions() -> Outcome {
    const LIFETIMES: Duration = Duration::from_secs(17);
    const AT_ONCE: usize = 5;
    let (broker, gateway) = before_short_sessions()?;
    let token = Oidc::shared()?.token(PRODUCER, &["producers"])?;
    let mut wire = login::connect(&Target::plain(&gateway.bootstrap(), &token))?;
    let mut idle = login::connect(&Target::plain(&gateway.bootstrap(), &token))?;
    metadata(&mut idle, &[])?;
    let mut direct = login::connect(&Target::user(&broker.scram(), "PLAIN", USERS[0]))?;
    let (begun, mut ended) = (Instant::now(), None);
    while begun.elapsed() < LIFETIMES {
        let asked: Result<Vec<_>, _> = (0..AT_ONCE)
            .map(|_| metadata_later(&mut wire, &[]))
            .collect();
        for owed in asked? {
            let told = wire.receive(owed);
            told.with_context(|| format!("after {:?}", begun.elapsed()))?;
        }
        if ended.is_none() && metadata(&mut direct, &[]).is_err() {
            ended = Some(begun.elapsed());
        }
    }
    let ended = ended.context("the broker does not end sessions: this shows nothing")?;
    ensure!(ended < Duration::from_secs(10), "only after {ended:?}");
    metadata(&mut idle, &[]).context("an idle connection")?;
    ensure!(!gateway.logged().contains("panicked"), "it panicked");
    gateway.stop()?;
    Ok(())
}

#[test]
fn a_client_that_has_closed_its_side_gets_what_it_is_owed() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = scene.wire_fast()?;
    let mut owed = Vec::new();
    for _ in 0..20 {
        owed.push(metadata_later(&mut wire, &[])?);
    }
    wire.half_close()?;
    for owed in owed {
        wire.receive(owed)?;
    }
    ensure!(wire.closed_within(LATE)?, "and then it stays open");
    scene.end()
}

/// What is sent while the gateway still connects waits, and is answered once it has.
#[test]
fn requests_wait_for_a_broker_that_is_slow_to_let_the_gateway_in() -> Outcome {
    let (broker, gateway) = before_short_sessions()?;
    let token = Oidc::shared()?.token(PRODUCER, &["producers"])?;
    let target = Target::plain(&gateway.bootstrap(), &token);
    broker.freeze();
    let mut wire = login::connect(&target)?;
    let owed = [
        metadata_later(&mut wire, &[])?,
        metadata_later(&mut wire, &[])?,
    ];
    ensure!(
        wire.silent_for(Duration::from_secs(1))?,
        "a frozen broker was answered for"
    );
    broker.thaw();
    for owed in owed {
        wire.receive(owed)?;
    }
    broker.freeze();
    let mut wire = login::connect(&target)?;
    let _ = metadata_later(&mut wire, &[])?;
    let begun = Instant::now();
    let closed = wire.closed_within(LIMIT + LATE)?;
    broker.thaw();
    ensure!(closed, "connecting has no end");
    ensure!(
        begun.elapsed() >= LIMIT / 4,
        "after {:?} already",
        begun.elapsed()
    );
    gateway.stop()?;
    Ok(())
}

/// Whoever does not finish a login is let go, wherever it stopped.
#[test]
fn a_login_that_is_not_finished_ends() -> Outcome {
    let scene = Scene::start()?;
    let relaying = Gateway::start(&Settings::new()?.relay()?)?;
    let plain = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    let mut stopped = Vec::new();
    for gateway in [&scene.gateway, &relaying] {
        let address = gateway.bootstrap();
        stopped.push(("nothing said", Wire::connect(&address)?));
        let mut half = Wire::connect(&address)?;
        half.send_bytes(&[0, 0, 0, 40, 0, 17])?;
        stopped.push(("half a frame", half));
        let mut chosen = Wire::connect(&address)?;
        ensure!(chosen.call(&plain, 1)?.error_code == 0, "PLAIN is refused");
        stopped.push(("a mechanism chosen", chosen));
    }
    let begun = Instant::now();
    for (how, wire) in &mut stopped {
        ensure!(wire.silent_for(Duration::from_secs(1))?, "{how}: at once");
    }
    for (how, wire) in &mut stopped {
        let left = (LIMIT + LATE).saturating_sub(begun.elapsed());
        let left = left.max(Duration::from_secs(1));
        ensure!(wire.closed_within(left)?, "{how}: it stays open");
    }
    ensure!(
        begun.elapsed() >= LIMIT / 2,
        "after {:?} already",
        begun.elapsed()
    );
    relaying.stop()?;
    scene.end()
}

/// A client that goes away while the broker owes it an answer does not keep the broker's side.
#[test]
fn a_client_that_is_gone_leaves_nothing_open() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = scene.wire_fast()?;
    let _ = metadata_later(&mut wire, &[])?;
    drop(wire);
    wait::until("the connection's end", Duration::from_secs(10), || {
        let answer = lockgate_tests::http::get(&scene.gateway.admin(), "/metrics", &[]).ok()?;
        answer
            .body
            .contains("lockgate_connections_active 0\n")
            .then_some(())
    })?;
    scene.end()
}
