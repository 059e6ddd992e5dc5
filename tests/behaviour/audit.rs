//! What was decided can be proved afterwards, and a change to the proof shows.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::audit::{self, await_entries, mentions};
use lockgate_tests::batch::Batch;
use lockgate_tests::random::Random;
use lockgate_tests::requests::{code, produce_one, produce_retrying};
use lockgate_tests::scene::{CARD, CLEAN, REVIEWER, SSN, Scene};
use lockgate_tests::toolbox;
use serde_json::Value;
use std::time::Duration;

/// A little of everything: a session, a mask, a block, a hold that is approved and lands.
fn live(scene: &Scene) -> Outcome {
    let mut wire = scene.wire()?;
    for stem in ["plain", "mask", "block"] {
        let topic = scene.broker.topic(stem, 1)?;
        produce_one(&mut wire, &topic, 0, Batch::values(&[SSN, CLEAN]).encode()?)?;
    }
    let topic = scene.broker.topic("hold", 1)?;
    let batch = Batch::values(&[CARD]).encode()?;
    let reviewer = scene.reviewer()?;
    produce_one(&mut wire, &topic, 0, batch.clone())?;
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    let landed = produce_retrying(&mut wire, &topic, &batch, Duration::from_secs(10))?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    Ok(())
}

#[test]
fn it_verifies_while_the_gateway_runs_and_after_it_ended() -> Outcome {
    let scene = Scene::start()?;
    live(&scene)?;
    await_entries(&scene.gateway, &["\"kind\":\"decision\""])?;
    audit::must_verify_live(&scene.gateway.audit_dir())?;
    scene.end()
}

#[test]
fn it_verifies_after_a_kill() -> Outcome {
    let scene = Scene::start()?;
    live(&scene)?;
    scene.gateway.kill9();
    audit::must_verify(&scene.gateway.audit_dir())?;
    scene.gateway.restart()?;
    live(&scene)?;
    scene.end()
}

/// A mask, a block and a hold are with the kernel before anybody feels them: killed in the moment
/// in which the client has its answer, the gateway has left the entry behind.
#[test]
fn what_a_client_felt_is_written_when_the_gateway_is_killed() -> Outcome {
    let scene = Scene::start()?;
    for (stem, value, action) in [
        ("mask", SSN, "mask"),
        ("block", CLEAN, "block"),
        ("hold", CARD, "hold"),
    ] {
        let topic = scene.broker.topic(stem, 1)?;
        let mut wire = scene.wire()?;
        produce_one(&mut wire, &topic, 0, Batch::values(&[value]).encode()?)?;
        scene.gateway.kill9();
        let entries = audit::entries(&scene.gateway.audit_dir())?;
        let said = [&format!("\"action\":\"{action}\"") as &str, &topic];
        ensure!(
            entries.iter().any(|entry| mentions(entry, &said)),
            "nothing says that {topic} met a {action}"
        );
        scene.gateway.restart()?;
    }
    scene.end()
}

/// Sixty random bytes of a copy, one after another; each is found, and its file is named.
#[test]
fn one_flipped_byte_is_found_and_located() -> Outcome {
    let scene = Scene::start()?;
    live(&scene)?;
    scene.end()?;
    let seed = Random::fresh_seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let copy = toolbox::fresh_dir("flipped")?;
    audit::copy(&scene.gateway.audit_dir(), &copy)?;
    audit::must_verify(&copy)?;
    let segments = audit::segments(&copy)?;
    ensure!(!segments.is_empty(), "there are no segments");
    for _ in 0..60 {
        let (file, size) = &segments[random.below(segments.len() as u64) as usize];
        let at = random.below(*size);
        audit::flip(file, at)?;
        let name = file.file_name().context("no name")?.to_string_lossy();
        let faults = audit::faults(&copy)?;
        let here = |fault: &Value| {
            let from = fault["offset"].as_u64().unwrap_or(u64::MAX);
            fault["file"] == *name && from <= at
        };
        ensure!(
            faults.iter().any(here),
            "byte {at} of {name} was flipped, and the faults are {faults:?}"
        );
        audit::flip(file, at)?;
    }
    audit::must_verify(&copy)
}

#[test]
fn a_cut_tail_of_a_closed_segment_and_a_lost_file_are_found() -> Outcome {
    let scene = Scene::start()?;
    live(&scene)?;
    scene.gateway.stop()?;
    scene.gateway.restart()?;
    live(&scene)?;
    scene.end()?;
    for (file, size) in audit::segments(&scene.gateway.audit_dir())? {
        let copy = toolbox::fresh_dir("cut")?;
        audit::copy(&scene.gateway.audit_dir(), &copy)?;
        let name = file.file_name().context("no name")?;
        let victim = copy.join(name);
        if !victim.exists() || size < 200 {
            continue;
        }
        let bytes = std::fs::read(&victim)?;
        let middle = bytes.len() / 2;
        std::fs::write(&victim, [&bytes[..middle], &bytes[middle + 64..]].concat())?;
        ensure!(
            !audit::verify(&copy)?.success,
            "64 bytes cut out of {name:?} go unseen"
        );
    }
    Ok(())
}

#[test]
fn a_query_finds_sessions_verdicts_and_decisions_with_who_and_when() -> Outcome {
    let scene = Scene::start()?;
    live(&scene)?;
    scene.gateway.stop()?;
    let entries = audit::entries(&scene.gateway.audit_dir())?;
    let wanted: [(&str, &[&str]); 5] = [
        ("a session", &["session_opened", "svc-orders"]),
        ("a mask", &["ssn-is-masked", "svc-orders"]),
        ("a block", &["nothing-goes-here", "svc-orders"]),
        ("a hold", &["cards-need-review", "svc-orders"]),
        ("a decision", &["decision", REVIEWER]),
    ];
    for (what, words) in wanted {
        let found: Vec<_> = entries
            .iter()
            .filter(|entry| mentions(entry, words))
            .collect();
        ensure!(!found.is_empty(), "no entry tells of {what} ({words:?})");
        let timed = found
            .iter()
            .all(|entry| entry["time"].as_str().is_some_and(|at| at.ends_with('Z')));
        ensure!(timed, "{what} has no time: {found:?}");
    }
    let raw = entries
        .iter()
        .filter(|entry| mentions(entry, &["4111 1111 1111 1111"]))
        .count();
    ensure!(raw == 0, "a raw card number lies in the audit");
    Ok(())
}
