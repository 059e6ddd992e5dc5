//! What users look for themselves is held, hidden and blocked like what is built in.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::requests::{code, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};

/// A pattern, words, and fields by name and path; `likelihood` where a rule acts on less.
const RULES: &str = r#"
  employees-need-review:
    when: {operations: [produce], topics: ["hold*"]}
    if: {contains: {any: [employee_id]}}
    then: {hold: {ask: security, covers: records}}
  projects-stay-inside:
    when: {operations: [produce], topics: ["block*"]}
    if: {contains: {any: [project_names]}}
    then: {block: {reason: "a project's name"}}
  pay-is-hidden:
    when: {operations: [produce], topics: ["mask*"]}
    if: {contains: {any: [employee_id, pay]}}
    then: {mask: full}
  tickets-by-form-alone:
    when: {operations: [produce], topics: ["plain*"]}
    if: {contains: {any: [ticket], likelihood: possible}}
    then: {block: {reason: "a ticket"}}
detectors:
  employee_id: {pattern: 'EMP-\d{6}'}
  project_names: {words: [apollo, "project x"]}
  pay: {fields: [salary, person.bonus]}
  ticket: {pattern: 'TCK-\d{4}', keywords: [ticket]}
"#;

fn scene() -> anyhow::Result<Scene> {
    Scene::with(|settings| settings.rules(RULES))
}

#[test]
fn a_pattern_holds() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("hold", 1)?;
    let value = r#"{"note": "see EMP-104711 about it"}"#;
    let batch = Batch::values(&[value]).encode()?;
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch.clone())?;
    ensure!(landed.code == code::NOT_LEADER_OR_FOLLOWER, "{landed:?}");
    let hold = scene.reviewer()?.await_pending(&topic)?;
    ensure!(
        hold.all["summary"]["counts"][0][0] == "employee_id",
        "{}",
        hold.all
    );
    ensure!(!hold.all.to_string().contains("104711"), "{}", hold.all);
    scene.reviewer()?.approve(&hold.id)?;
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(
        scene.broker.values(&topic, 0)? == [value],
        "something else landed"
    );
    scene.end()
}

#[test]
fn words_block_and_what_has_none_of_them_passes() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("block", 1)?;
    let mut wire = scene.wire()?;
    for (text, wanted) in [
        ("launch of Project-X", code::POLICY_VIOLATION),
        ("APOLLO 11", code::POLICY_VIOLATION),
        ("apollonian projects", code::NONE),
        (CLEAN, code::NONE),
    ] {
        let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[text]).encode()?)?;
        ensure!(landed.code == wanted, "`{text}`: {landed:?}");
    }
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 2,
        "not two have landed"
    );
    scene.end()
}

#[test]
fn patterns_and_fields_are_masked_by_their_path() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("mask", 1)?;
    let value = r#"{"id": "EMP-104711", "salary": "51234", "person": {"bonus": "8675"}, "car": {"bonus": "3090"}}"#;
    let landed = produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&[value]).encode()?,
    )?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    let stored = scene.broker.values(&topic, 0)?.join("");
    for gone in ["104711", "51234", "8675"] {
        ensure!(!stored.contains(gone), "{gone} has landed: {stored}");
    }
    ensure!(stored.contains(r#""car": {"bonus": "3090"}"#), "{stored}");
    scene.end()
}

#[test]
fn a_rule_may_act_on_what_is_only_possible() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("plain", 1)?;
    let batch = Batch::values(&["about TCK-2031, soon"]).encode()?;
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch)?;
    ensure!(landed.code == code::POLICY_VIOLATION, "{landed:?}");
    scene.end()
}
