//! Every error code there is, as a broker's answer to Produce and Fetch: it reaches the client as the
//! broker said it. Some codes no broker can be brought to in a test; a broker that lies says them all.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::Broker;
use lockgate_tests::gateway::Gateway;
use lockgate_tests::liar::{Liar, Lie};
use lockgate_tests::oidc::Oidc;
use lockgate_tests::requests::{fetch_request, produce_one};
use lockgate_tests::scene::{CLEAN, PRODUCER};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, login};

/// The newest that names topics, and whose replies hold a topic's name right before its partition.
const FETCH_VERSION: i16 = 12;
/// All of Kafka's (`Errors.java` ends at 133 with 4.1), and some that do not exist yet.
const CODES: std::ops::Range<i16> = -1..150;

fn fetched(wire: &mut Wire, topic: &str) -> anyhow::Result<i16> {
    let reply = wire.call(&fetch_request(topic, 0, 0), FETCH_VERSION)?;
    let mut parts = reply.responses.iter().flat_map(|t| &t.partitions);
    Ok(parts.next().context("no partition")?.error_code)
}

#[test]
fn every_code_of_produce_and_fetch_reaches_the_client() -> Outcome {
    let (broker, oidc) = (Broker::shared()?, Oidc::shared()?);
    let liar = Liar::before(&broker.plain())?;
    let gateway = Gateway::start(&Settings::before(&liar.address, &oidc.issuer))?;
    let token = oidc.token(PRODUCER, &["producers"])?;
    let target = Target::plain(&gateway.bootstrap(), &token);
    let topic = broker.topic("plain", 1)?;
    let mut wire = login::connect(&target)?;
    let batch = Batch::values(&[CLEAN]).encode()?;
    for code in CODES {
        liar.tell(Lie::Code {
            behind: topic.clone(),
            code,
        });
        let produced = produce_one(&mut wire, &topic, 0, batch.clone())?.code;
        ensure!(
            produced == code,
            "Produce was answered {code}, told {produced}"
        );
        let fetched = fetched(&mut wire, &topic)?;
        ensure!(fetched == code, "Fetch was answered {code}, told {fetched}");
    }
    gateway.stop()?;
    audit::must_verify(&gateway.audit_dir())
}
