//! Share groups (KIP-932): their records are inspected as any reader's.

use crate::Outcome;
use anyhow::ensure;
use kafka_protocol::messages::IncrementalAlterConfigsRequest;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use lockgate_tests::batch::{Batch, CODECS};
use lockgate_tests::clients::{Consume, share_consume};
use lockgate_tests::requests::{code, produce_one, text};
use lockgate_tests::scene::{CLEAN, SSN, SSN_DIGITS, SSN_KEPT, Scene};
use lockgate_tests::wire::Wire;
use std::time::Duration;

/// IncrementalAlterConfigs' name for a group.
const GROUP: i8 = 32;

/// `count` records of a topic, for a new share group that begins at the first record.
fn from_the_first(scene: &Scene, topic: &str, count: usize) -> anyhow::Result<Consume> {
    let consume = Consume::new(topic, count).patience(Duration::from_secs(40));
    let config = AlterableConfig::default()
        .with_name(text("share.auto.offset.reset"))
        .with_value(Some(text("earliest")));
    let group = AlterConfigsResource::default()
        .with_resource_type(GROUP)
        .with_resource_name(text(&consume.group))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![group]);
    let reply = Wire::connect(&scene.broker.plain())?.call(&request, 1)?;
    let told = reply.responses.iter().map(|r| r.error_code);
    ensure!(told.eq([code::NONE]), "IncrementalAlterConfigs: {reply:?}");
    Ok(consume)
}

#[test]
fn read_masked_records_whatever_the_codec() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    for codec in CODECS {
        let batch = Batch::values(&[SSN, CLEAN]).codec(codec).encode()?;
        produce_one(&mut direct, &topic, 0, batch)?;
    }
    let sent = 2 * CODECS.len();
    let analyst = scene.target("ana", &["analysts"])?;
    let (values, errors) = share_consume(&analyst, &from_the_first(&scene, &topic, sent)?)?;
    ensure!(values.len() == sent, "read {values:?}: {errors}");
    let masked = |v: &&String| v.ends_with(&format!("{SSN_KEPT}\"}}")) && !v.contains(SSN_DIGITS);
    ensure!(
        values.iter().filter(masked).count() == CODECS.len(),
        "not masked: {values:?}"
    );
    ensure!(
        values.iter().filter(|v| *v == CLEAN).count() == CODECS.len(),
        "clean records are missing: {values:?}"
    );
    lockgate_tests::audit::await_entries(&scene.gateway, &["analysts-see-no-ssn", &topic, "ana"])?;
    scene.end()
}

#[test]
fn read_what_is_clean_as_it_is() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    produce_one(
        &mut direct,
        &topic,
        0,
        Batch::values(&[SSN, CLEAN]).encode()?,
    )?;
    let other = scene.target("bob", &["staff"])?;
    let (values, errors) = share_consume(&other, &from_the_first(&scene, &topic, 2)?)?;
    ensure!(values == [SSN, CLEAN], "read {values:?}: {errors}");
    scene.end()
}

/// The client says which topic and stops; what it was kept from stays for others.
#[test]
fn are_told_of_a_block_and_lose_nothing_by_it() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("secret", 1)?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    produce_one(&mut direct, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
    let consume = from_the_first(&scene, &topic, 1)?;
    let intern = scene.target("ian", &["interns"])?;
    let (values, errors) = share_consume(&intern, &consume)?;
    ensure!(values.is_empty(), "an intern read {values:?}");
    ensure!(
        errors.contains("TopicAuthorizationException") && errors.contains(&topic),
        "the client says: {errors}"
    );
    // the record is free again when the intern's session is gone, or its lock has ended
    let other = scene.target("bob", &["staff"])?;
    let (values, errors) = share_consume(&other, &consume)?;
    ensure!(values == [CLEAN], "read {values:?}: {errors}");
    scene.end()
}

/// A share group is not held, since the broker counts deliveries; but people are asked.
#[test]
fn are_told_no_until_their_use_is_granted() -> Outcome {
    let rules = r#"
  ask-first:
    when: {operations: [fetch], topics: ["hr*"], groups: [contractors]}
    if: {first_use: topic}
    then: {hold: {ask: security}}
"#;
    let scene = Scene::with(|settings| settings.rules(rules))?;
    let (topic, reviewer) = (scene.broker.topic("hr", 1)?, scene.reviewer()?);
    let mut direct = Wire::connect(&scene.broker.plain())?;
    produce_one(&mut direct, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
    let consume = from_the_first(&scene, &topic, 1)?;
    let carl = scene.target("carl", &["contractors"])?;
    let (values, errors) = share_consume(&carl, &consume)?;
    ensure!(values.is_empty(), "carl read {values:?}");
    ensure!(errors.contains("TopicAuthorizationException"), "{errors}");
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    let (values, errors) = share_consume(&carl, &consume)?;
    ensure!(values == [CLEAN], "read {values:?}: {errors}");
    scene.end()
}
