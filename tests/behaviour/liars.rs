//! Whatever a broker answers, the client gets a reply of the right shape or a closed connection.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::Broker;
use lockgate_tests::gateway::Gateway;
use lockgate_tests::liar::{Liar, Lie};
use lockgate_tests::oidc::Oidc;
use lockgate_tests::random::Random;
use lockgate_tests::requests::{self, code, fetch_all, fetch_request, metadata, produce_one};
use lockgate_tests::scene::{CLEAN, SSN, SSN_DIGITS};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, login};
use std::time::Duration;

/// Rounds of flipped bits, each of other bits.
const FLIPS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(10);
const FETCH: i16 = 12;

#[test]
fn a_broker_that_lies_costs_a_connection_and_no_more() -> Outcome {
    let (broker, oidc) = (Broker::shared()?, Oidc::shared()?);
    let liar = Liar::before(&broker.plain())?;
    let gateway = Gateway::start(&Settings::before(&liar.address, &oidc.issuer))?;
    let token = oidc.token("ana", &["analysts"])?;
    let target = Target::plain(&gateway.bootstrap(), &token);
    let topic = broker.topic("plain", 1)?;
    let stored = Batch::values(&[SSN]).encode()?;
    let landed = produce_one(&mut login::connect(&target)?, &topic, 0, stored)?;
    ensure!(landed.code == code::NONE, "{landed:?}");

    let seed = Random::fresh_seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let sizes = [-1, 0, 3, i32::MAX].map(Lie::Size);
    let mut lies: Vec<Lie> = [Lie::OtherId, Lie::Cut, Lie::Noise(random.number())].to_vec();
    lies.extend(sizes);
    lies.extend((0..FLIPS).map(|_| Lie::Flips(random.number())));
    for lie in lies {
        for ask in [fetch, produce, ask_metadata] {
            liar.tell(Lie::Truth);
            let mut wire = login::connect(&target)?;
            metadata(&mut wire, &[]).context("the truth is not passed on")?;
            liar.tell(lie.clone());
            wire.reply_limit(PATIENCE)?;
            ask(&mut wire, &topic)?;
            let reply = wire.receive_frame();
            let told = reply.as_deref().unwrap_or_default();
            let has = |text: &str| told.windows(text.len()).any(|w| w == text.as_bytes());
            // Under another topic's name, which flips can make of it, the rule does not apply.
            ensure!(
                !(has(SSN_DIGITS) && has(&topic)),
                "{lie:?}: the number came through"
            );
            ensure!(
                reply.is_ok() || wire.closed_within(PATIENCE)?,
                "{lie:?}: kept waiting"
            );
            ensure!(
                reply.is_err() || matches!(lie, Lie::Flips(_)),
                "{lie:?}: passed on"
            );
        }
    }

    liar.tell(Lie::Truth);
    let read = fetch_all(&mut login::connect(&target)?, &topic, 0)?;
    ensure!(
        read.is_ok_and(|batches| !batches.is_empty()),
        "nothing is served any more"
    );
    ensure!(
        !gateway.logged().contains("panicked"),
        "the gateway panicked"
    );
    gateway.stop()?;
    audit::must_verify(&gateway.audit_dir())
}

fn fetch(wire: &mut Wire, topic: &str) -> Outcome {
    wire.send(&fetch_request(topic, 0, 0), FETCH).map(drop)
}

fn produce(wire: &mut Wire, topic: &str) -> Outcome {
    let send = requests::Send::one(topic, 0, Batch::values(&[CLEAN]).encode()?);
    requests::produce_later(wire, &send).map(drop)
}

fn ask_metadata(wire: &mut Wire, topic: &str) -> Outcome {
    requests::metadata_later(wire, &[topic]).map(drop)
}
