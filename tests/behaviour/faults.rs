//! The broker behind the gateway dies, freezes, comes back: nothing lost, nothing twice.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::Broker;
use lockgate_tests::gateway::Gateway;
use lockgate_tests::holds::Reviewer;
use lockgate_tests::login;
use lockgate_tests::oidc::Oidc;
use lockgate_tests::requests::{code, metadata, produce_one, produce_retrying};
use lockgate_tests::scene::{CARD, CLEAN, PRODUCER, REVIEWER};
use lockgate_tests::settings::{REVIEWERS, Settings};
use lockgate_tests::target::Target;
use lockgate_tests::{audit, wait};
use std::time::Duration;

#[test]
fn a_broker_that_freezes_and_dies() -> Outcome {
    let (broker, oidc) = (Broker::fresh()?, Oidc::shared()?);
    let gateway = Gateway::start(&Settings::before(&broker.plain(), &oidc.issuer))?;
    let target = Target::plain(&gateway.bootstrap(), &oidc.token(PRODUCER, &["producers"])?);
    let reviewer = Reviewer::new(&gateway, &oidc.token(REVIEWER, &[REVIEWERS])?);
    let (open, held) = (broker.topic("plain", 1)?, broker.topic("hold", 1)?);

    let card = Batch::values(&[CARD]).encode()?;
    let first = produce_one(&mut login::connect(&target)?, &held, 0, card.clone())?;
    ensure!(first.code == code::NOT_LEADER_OR_FOLLOWER, "{first:?}");
    let hold = reviewer.await_pending(&held)?;

    // Frozen: nobody is told that anything was written; thawed, the answer comes.
    let mut wire = login::connect(&target)?;
    metadata(&mut wire, &[])?;
    broker.freeze();
    let clean = lockgate_tests::requests::Send::one(&open, 0, Batch::values(&[CLEAN]).encode()?);
    let owed = lockgate_tests::requests::produce_later(&mut wire, &clean)?;
    ensure!(
        wire.silent_for(Duration::from_secs(2))?,
        "a frozen broker was answered for"
    );
    ensure!(
        gateway.ready() || gateway.alive(),
        "the gateway died of a frozen broker"
    );
    broker.thaw();
    let landed = lockgate_tests::requests::landed(&mut wire, owed)?;
    ensure!(landed[0].code == code::NONE, "{landed:?}");

    // Dead: the client's connection ends with the broker's; the hold stays.
    broker.kill9();
    ensure!(
        wire.closed_within(Duration::from_secs(15))?,
        "the client is kept on a dead broker"
    );
    reviewer.approve(&hold.id)?;
    ensure!(gateway.alive(), "the gateway died with its broker");
    broker.start()?;

    let mut wire = wait::until_ok(
        "the gateway to reach the broker again",
        Duration::from_secs(30),
        || {
            let mut wire = login::connect(&target)?;
            metadata(&mut wire, &[]).map(|_| wire)
        },
    )?;
    for _ in 0..2 {
        let landed = produce_retrying(&mut wire, &held, &card, Duration::from_secs(20))?;
        ensure!(landed.code == code::NONE, "{landed:?}");
    }
    ensure!(
        broker.values(&held, 0)? == [CARD],
        "held: {:?}",
        broker.values(&held, 0)?
    );
    ensure!(
        broker.values(&open, 0)? == [CLEAN],
        "clean: {:?}",
        broker.values(&open, 0)?
    );
    gateway.stop()?;
    audit::must_verify(&gateway.audit_dir())
}
