//! What the users of stock clients meet.

use super::log_has;
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::clients::{CLIENTS, Client, Consume, Produce, Report};
use lockgate_tests::scene::{CARD, CLEAN, Scene};
use std::time::Duration;

/// kafkajs gives up first: five tries in about eleven seconds.
const DECIDED_AFTER: Duration = Duration::from_secs(3);

/// Produces a card while somebody decides after some seconds.
fn held(scene: &Scene, client: Client, topic: &str, verdict: &str) -> anyhow::Result<Report> {
    let target = scene.producer()?;
    let reviewer = scene.reviewer()?;
    let produce = Produce::new(topic, &[CLEAN, CARD]).patience(Duration::from_secs(40));
    std::thread::scope(|scope| {
        let report = scope.spawn(|| client.produce(&target, &produce));
        let hold = reviewer.await_pending(topic)?;
        std::thread::sleep(DECIDED_AFTER);
        ensure!(
            scene.broker.end_offset(topic, 0)? <= 1,
            "{client:?}: the card landed unapproved"
        );
        let told = reviewer.review(&hold.id, verdict, "seen by rita")?;
        ensure!(told.status == 200, "{} {}", told.status, told.body);
        report
            .join()
            .map_err(|_| anyhow::anyhow!("{client:?} panicked"))?
    })
}

fn approved(client: Client) -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("hold", 1)?;
    let report = held(&scene, client, &topic, "approve")?;
    ensure!(report.clean, "{client:?}: {}", report.said);
    log_has(&scene, &topic, 0, &[CLEAN, CARD])?;
    let (values, errors) = client.consume(&scene.producer()?, &Consume::new(&topic, 2))?;
    ensure!(
        values == [CLEAN, CARD],
        "{client:?} read {values:?}: {errors}"
    );
    scene.end()
}

#[test]
fn console_tools_approved_and_consumed_exactly_once() -> Outcome {
    approved(Client::Console)
}

#[test]
fn kcat_approved_and_consumed_exactly_once() -> Outcome {
    approved(Client::Kcat)
}

#[test]
fn confluent_approved_and_consumed_exactly_once() -> Outcome {
    approved(Client::Confluent)
}

#[test]
fn kafkajs_approved_and_consumed_exactly_once() -> Outcome {
    approved(Client::Kafkajs)
}

#[test]
fn rejected_is_an_error_that_they_show() -> Outcome {
    let scene = Scene::start()?;
    for client in CLIENTS {
        let topic = scene.broker.topic("hold", 1)?;
        let report = held(&scene, client, &topic, "reject")?;
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
        ensure!(
            report.said.to_lowercase().contains("policy"),
            "{client:?} does not tell: {}",
            report.said
        );
        ensure!(
            client != Client::Console || report.said.contains("seen by rita"),
            "{}",
            report.said
        );
        let landed = scene.broker.values(&topic, 0)?;
        ensure!(
            !landed.iter().any(|value| value == CARD),
            "{client:?}: the card landed"
        );
    }
    scene.end()
}
