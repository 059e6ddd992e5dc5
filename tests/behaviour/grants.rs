//! Approvals that go on: asked for once, granted, and taken back.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::Batch;
use lockgate_tests::clients::{CLIENTS, Client, Consume};
use lockgate_tests::gateway::lockgate;
use lockgate_tests::holds::Hold;
use lockgate_tests::requests::{Landed, code, produce_one};
use lockgate_tests::scene::{CLEAN, OTHER_CARD, Scene};
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, wait};
use std::time::Duration;

/// A held consumer has polled a few times by then.
const DECIDED_AFTER: Duration = Duration::from_secs(4);

/// Contractors ask before they use a topic named `hr…`.
fn asking(lasts: &str) -> anyhow::Result<Scene> {
    let rule = format!(
        r#"
  contractors-ask-first:
    when: {{operations: [produce, fetch], topics: ["hr*"], groups: [contractors]}}
    if: {{first_use: topic}}
    then: {{hold: {{ask: security, covers: access{lasts}}}}}
"#
    );
    Scene::with(|settings| settings.rules(&rule))
}

fn contractor(scene: &Scene) -> anyhow::Result<Wire> {
    scene.wire_as(&scene.target("carl", &["contractors"])?)
}

fn send(wire: &mut Wire, topic: &str) -> anyhow::Result<Landed> {
    produce_one(wire, topic, 0, Batch::values(&[CLEAN]).encode()?)
}

fn held(landed: &Landed) -> Outcome {
    ensure!(
        landed.code == code::NOT_LEADER_OR_FOLLOWER,
        "not held: {landed:?}"
    );
    Ok(())
}

fn written(landed: &Landed) -> Outcome {
    ensure!(landed.code == code::NONE, "not written: {landed:?}");
    Ok(())
}

/// Sends until something is held, and gives what was granted.
fn granted(scene: &Scene, topic: &str) -> anyhow::Result<Hold> {
    let reviewer = scene.reviewer()?;
    held(&send(&mut contractor(scene)?, topic)?)?;
    let hold = reviewer.await_pending(topic)?;
    reviewer.approve(&hold.id)?;
    reviewer.await_state(&hold.id, "granted")
}

#[test]
fn a_first_use_is_held_granted_and_passes_until_it_is_revoked() -> Outcome {
    let scene = asking(", for: 8h")?;
    let (topic, reviewer) = (scene.broker.topic("hr", 1)?, scene.reviewer()?);
    written(&send(&mut scene.wire()?, &topic)?).context("of somebody who need not ask")?;
    let mut wire = contractor(&scene)?;
    held(&send(&mut wire, &topic)?)?;
    held(&send(&mut contractor(&scene)?, &topic)?)?;
    let pending = reviewer.pending(&topic)?;
    ensure!(pending.len() == 1, "one question, not {pending:?}");
    let hold = &pending[0];
    let about = hold.all["grant"]["about"].as_str().unwrap_or_default();
    ensure!(
        about == format!("first use of {topic} by carl (produce)"),
        "reviewers see: {}",
        hold.all
    );
    ensure!(hold.all["grant"]["for_ms"] == 8 * 3_600_000, "{}", hold.all);
    reviewer.approve(&hold.id)?;
    written(&send(&mut wire, &topic)?)?;
    written(&send(&mut contractor(&scene)?, &topic)?)?;
    let grants = reviewer.grants()?;
    ensure!(grants.len() == 1 && grants[0].id == hold.id, "{grants:?}");
    let stranger = scene.reviewer_as("sue", &["sales"])?;
    ensure!(
        stranger.revoke(&hold.id)?.status == 403,
        "a stranger may revoke"
    );
    ensure!(stranger.grants()?.is_empty(), "a stranger sees grants");
    let told = reviewer.revoke(&hold.id)?;
    ensure!(told.status == 200, "{} {}", told.status, told.body);
    held(&send(&mut wire, &topic)?)?;
    let again = reviewer.await_pending(&topic)?;
    ensure!(again.id != hold.id, "the same question is open again");
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 3,
        "something landed unasked"
    );
    audit::await_entries(&scene.gateway, &["granted", &topic])?;
    audit::await_entries(&scene.gateway, &["grant_revoked", "left"])?;
    scene.end()
}

#[test]
fn a_grant_outlives_the_process() -> Outcome {
    let scene = asking("")?;
    let topic = scene.broker.topic("hr", 1)?;
    granted(&scene, &topic)?;
    scene.gateway.kill9();
    scene.gateway.restart()?;
    written(&send(&mut contractor(&scene)?, &topic)?)?;
    ensure!(scene.reviewer()?.pending(&topic)?.is_empty(), "asked again");
    scene.end()
}

#[test]
fn a_revocation_outlives_the_process() -> Outcome {
    let scene = asking("")?;
    let topic = scene.broker.topic("hr", 1)?;
    let grant = granted(&scene, &topic)?;
    ensure!(
        scene.reviewer()?.revoke(&grant.id)?.status == 200,
        "not revoked"
    );
    scene.gateway.kill9();
    scene.gateway.restart()?;
    held(&send(&mut contractor(&scene)?, &topic)?)?;
    scene.end()
}

#[test]
fn a_grant_ends_by_itself() -> Outcome {
    let scene = asking(", for: 4s")?;
    let topic = scene.broker.topic("hr", 1)?;
    let grant = granted(&scene, &topic)?;
    let mut wire = contractor(&scene)?;
    written(&send(&mut wire, &topic)?)?;
    let again = || held(&send(&mut contractor(&scene)?, &topic)?);
    wait::until_ok("the grant to end", Duration::from_secs(20), again)?;
    let asked = scene.reviewer()?.await_pending(&topic)?;
    ensure!(
        asked.id != grant.id,
        "the question that was answered is open"
    );
    scene.end()
}

#[test]
fn the_command_line_lists_and_revokes() -> Outcome {
    let scene = asking("")?;
    let topic = scene.broker.topic("hr", 1)?;
    let grant = granted(&scene, &topic)?;
    let file = scene.gateway.config().with_file_name("token");
    std::fs::write(&file, scene.reviewer()?.token())?;
    let url = format!("http://{}", scene.gateway.page());
    let file = file.to_str().context("a path")?;
    let asks = |words: &[&str]| lockgate(&[words, &["--url", &url, "--token-file", file]].concat());
    let listed = asks(&["grants", "list"])?;
    let said = &listed.out;
    ensure!(listed.success && said.contains(&grant.id), "{listed:?}");
    ensure!(
        said.contains("until revoked") && said.contains(&topic),
        "{said}"
    );
    let revoked = asks(&["grants", "revoke", &grant.id, "--reason", "left"])?;
    ensure!(revoked.success, "{revoked:?}");
    held(&send(&mut contractor(&scene)?, &topic)?)?;
    let again = asks(&["grants", "revoke", "0000000000000"])?;
    ensure!(again.code == Some(1), "{again:?}");
    scene.end()
}

/// A consumer that comes before its grant reads nothing, and then everything, by itself.
fn reads_once_granted(client: Client) -> Outcome {
    let scene = asking(", for: 8h")?;
    let (topic, reviewer) = (scene.broker.topic("hr", 1)?, scene.reviewer()?);
    let mut direct = Wire::connect(&scene.broker.plain())?;
    for value in [CLEAN, OTHER_CARD] {
        produce_one(&mut direct, &topic, 0, Batch::values(&[value]).encode()?)?;
    }
    let target = scene.target("carl", &["contractors"])?;
    let consume = Consume::new(&topic, 2).patience(Duration::from_secs(60));
    let (values, errors) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| client.consume(&target, &consume));
        let hold = reviewer.await_pending(&topic)?;
        std::thread::sleep(DECIDED_AFTER);
        ensure!(!reading.is_finished(), "{client:?} did not wait");
        ensure!(reviewer.pending(&topic)?.len() == 1, "asked more than once");
        reviewer.approve(&hold.id)?;
        reading
            .join()
            .map_err(|_| anyhow::anyhow!("{client:?} panicked"))?
    })?;
    ensure!(
        values == [CLEAN, OTHER_CARD],
        "{client:?} read {values:?}: {errors}"
    );
    scene.end()
}

#[test]
fn javas_consumer_reads_everything_once_it_may() -> Outcome {
    reads_once_granted(Client::Console)
}

#[test]
fn the_other_consumers_read_everything_once_they_may() -> Outcome {
    CLIENTS
        .into_iter()
        .filter(|client| *client != Client::Console)
        .try_for_each(reads_once_granted)
}

#[test]
fn a_consumer_that_is_refused_is_told() -> Outcome {
    let scene = asking("")?;
    let (topic, reviewer) = (scene.broker.topic("hr", 1)?, scene.reviewer()?);
    let mut direct = Wire::connect(&scene.broker.plain())?;
    produce_one(&mut direct, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
    let target = scene.target("carl", &["contractors"])?;
    let consume = Consume::new(&topic, 1).patience(Duration::from_secs(40));
    let (values, errors) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| Client::Console.consume(&target, &consume));
        reviewer.reject(&reviewer.await_pending(&topic)?.id, "not for you")?;
        reading
            .join()
            .map_err(|_| anyhow::anyhow!("the consumer panicked"))?
    })?;
    ensure!(values.is_empty(), "it read {values:?}");
    ensure!(
        errors.contains("TopicAuthorizationException"),
        "it says: {errors}"
    );
    scene.end()
}

#[test]
fn what_a_consumer_may_read_does_not_wait_for_what_it_may_not() -> Outcome {
    let scene = asking("")?;
    let (closed, open) = (
        scene.broker.topic("hr", 1)?,
        scene.broker.topic("plain", 1)?,
    );
    let mut direct = Wire::connect(&scene.broker.plain())?;
    for (topic, value) in [(&closed, OTHER_CARD), (&open, CLEAN)] {
        produce_one(&mut direct, topic, 0, Batch::values(&[value]).encode()?)?;
    }
    let target = scene.target("carl", &["contractors"])?;
    let consume = Consume::of(&[&closed, &open], 1).patience(Duration::from_secs(40));
    let (values, errors) = Client::Console.consume(&target, &consume)?;
    ensure!(values == [CLEAN], "it read {values:?}: {errors}");
    scene.reviewer()?.await_pending(&closed)?;
    scene.end()
}

#[test]
fn a_rule_about_records_and_one_about_access_are_both_to_be_answered() -> Outcome {
    let rules = r#"
  contractors-ask-first:
    when: {operations: [produce], topics: ["hr*"], groups: [contractors]}
    if: {first_use: topic}
    then: {hold: {ask: security, for: 8h}}
  cards-need-review:
    when: {operations: [produce], topics: ["hr*"]}
    if: {contains: {any: [payment_card]}}
    then: {hold: {ask: security, covers: records}}
"#;
    let scene = Scene::with(|settings| settings.rules(rules))?;
    let (topic, reviewer) = (scene.broker.topic("hr", 1)?, scene.reviewer()?);
    let mut wire = contractor(&scene)?;
    let batch = || Batch::values(&[OTHER_CARD]).encode();
    held(&produce_one(&mut wire, &topic, 0, batch()?)?)?;
    let pending = reviewer.pending(&topic)?;
    let of = |granting: bool| {
        let mut them = pending.iter();
        let found = them.find(|hold| hold.all["grant"].is_object() == granting);
        found.context("a question is missing")
    };
    reviewer.approve(&of(true)?.id)?;
    held(&produce_one(&mut wire, &topic, 0, batch()?)?)?;
    reviewer.approve(&of(false)?.id)?;
    written(&produce_one(&mut wire, &topic, 0, batch()?)?)?;
    // the use stays granted; the card was let through once
    written(&send(&mut wire, &topic)?)?;
    scene.end()
}
