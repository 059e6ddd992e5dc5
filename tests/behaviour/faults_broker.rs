//! A broker that dies, stalls or answers something else in the middle of it: nobody is told that
//! something was written which was not, nothing is written twice, and nobody waits for another.
//!
//! Sizes, bits and noise are in `liars`; a broker that freezes and dies is in `faults`; leaders that
//! move are in `cluster`.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::Batch;
use lockgate_tests::liar::Lie;
use lockgate_tests::lying_scene::LyingScene;
use lockgate_tests::requests::{
    self, Send, code, fetch_request, metadata, produce_later, produce_one, produce_retrying,
    producer_id,
};
use lockgate_tests::scene::{CARD, CLEAN};
use lockgate_tests::wait;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// A client that has closed its side is owed replies for 30 s (limits.rs), and then it is swept.
const LET_GO: Duration = Duration::from_secs(50);
const QUIET: Duration = Duration::from_secs(1);

/// Asks, under a lie that leaves the reply out, and is told nothing; others are served; and when
/// the client has had enough, the gateway lets go of the broker too.
fn never_answered(lie: Lie) -> Outcome {
    let scene = LyingScene::with(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let idle = scene.liar.open();
    let mut asking = [scene.wire()?, scene.wire()?, scene.wire()?];
    scene.liar.tell(lie);
    let send = Send::one(&topic, 0, Batch::values(&[CLEAN]).encode()?);
    let _produce = produce_later(&mut asking[0], &send)?;
    let _fetch = asking[1].send(&fetch_request(&topic, 0, 0), 12)?;
    let _metadata = requests::metadata_later(&mut asking[2], &[&topic])?;
    for wire in &mut asking {
        ensure!(wire.silent_for(QUIET)?, "a silent broker was answered for");
    }
    scene.liar.tell(Lie::Truth);
    let mut other = scene.wire()?;
    let landed = produce_one(&mut other, &topic, 0, Batch::values(&["two"]).encode()?)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(
        scene.broker.values(&topic, 0)? == [CLEAN, "two"],
        "the log has {:?}",
        scene.broker.values(&topic, 0)?
    );
    drop((asking, other));
    wait::until("the gateway to let go of the broker", LET_GO, || {
        (scene.liar.open() <= idle).then_some(())
    })?;
    scene.end()
}

/// Both at once, since each takes the gateway's whole patience.
#[test]
fn it_never_replies_or_stops_in_the_middle_of_it() -> Outcome {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| never_answered(Lie::Half));
        never_answered(Lie::Silence)?;
        let joined = other.join();
        joined.map_err(|_| anyhow::anyhow!("it panicked"))?
    })
}

/// Whoever still waits for a broker does not keep the gateway from stopping in order.
#[test]
fn the_gateway_stops_while_a_broker_owes_a_reply() -> Outcome {
    let scene = LyingScene::with(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    scene.liar.tell(Lie::Silence);
    let send = Send::one(&topic, 0, Batch::values(&[CLEAN]).encode()?);
    let _owed = produce_later(&mut wire, &send)?;
    let asked = Instant::now();
    let status = scene.gateway.stop()?;
    ensure!(status.success(), "the gateway ended with {status}");
    ensure!(asked.elapsed() < PATIENCE, "it took {:?}", asked.elapsed());
    lockgate_tests::audit::must_verify(&scene.gateway.audit_dir())
}

/// The reply to a release is lost, in each way a reply can be: whether it was written is not known
/// to the gateway, so the client is told nothing, and what it sends again lands once.
fn a_release_whose_reply_is_lost(lie: Lie) -> Outcome {
    let scene = LyingScene::with(|s| s.wait("15s"))?;
    let topic = scene.broker.topic("hold", 1)?;
    let reviewer = scene.reviewer()?;
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let card = Batch::values(&[CARD])
        .producer(producer, epoch, 0)
        .encode()?;
    let _owed = produce_later(&mut wire, &Send::one(&topic, 0, card.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    scene.liar.tell(lie.clone());
    reviewer.approve(&hold.id)?;
    wait::until_ok("the release to land", PATIENCE, || {
        let landed = scene.broker.end_offset(&topic, 0)?;
        ensure!(landed == 1, "{landed} records");
        Ok(())
    })?;
    match lie {
        Lie::Silence | Lie::Half => {
            ensure!(wire.silent_for(QUIET)?, "the client was told something");
        }
        _ => ensure!(wire.closed_within(PATIENCE)?, "the client is kept waiting"),
    }
    drop(wire);
    scene.liar.tell(Lie::Truth);
    let mut wire = scene.wire()?;
    for _ in 0..2 {
        let landed = produce_retrying(&mut wire, &topic, &card, PATIENCE)?;
        ensure!(landed.code == code::NONE, "{lie:?}: {landed:?}");
    }
    let values = scene.broker.values(&topic, 0)?;
    ensure!(values == [CARD], "{lie:?}: the log has {values:?}");
    scene.end()
}

#[test]
fn a_release_that_is_never_answered() -> Outcome {
    a_release_whose_reply_is_lost(Lie::Silence)
}

#[test]
fn a_release_whose_reply_is_cut() -> Outcome {
    a_release_whose_reply_is_lost(Lie::Cut)
}

#[test]
fn a_release_that_is_answered_for_another() -> Outcome {
    a_release_whose_reply_is_lost(Lie::OtherId)
}

/// Replies of several requests are owed when one comes that answers none of them: the connection
/// ends, the log says why, and no client takes another's answer for its own.
#[test]
fn a_reply_to_nothing_that_was_asked() -> Outcome {
    let scene = LyingScene::with(|settings| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    scene.liar.tell(Lie::OtherId);
    for _ in 0..5 {
        let _ = requests::metadata_later(&mut wire, &[&topic])?;
    }
    ensure!(wire.receive_frame().is_err(), "it was passed on");
    ensure!(wire.closed_within(PATIENCE)?, "the client is kept");
    scene.liar.tell(Lie::Truth);
    let logged = wait::until("the log to say why", PATIENCE, || {
        let logged = scene.gateway.logged();
        let mut lines = logged.lines().map(str::to_owned);
        lines.find(|line| line.contains("WARN") && line.contains("reply"))
    });
    println!("{:?}", logged.with_context(|| scene.gateway.logged())?);
    metadata(&mut scene.wire()?, &[&topic])?;
    scene.end()
}
