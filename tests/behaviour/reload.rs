//! The policy changes while the gateway runs: nobody is cut off, nothing is lost, and the audit knows who did it.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::Batch;
use lockgate_tests::gateway::{Gateway, lockgate};
use lockgate_tests::requests::{code, produce_one};
use lockgate_tests::scanning::files;
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::{audit, http, wait};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

const BLOCKS: &str = "  no-more:
    when: {operations: [produce], topics: [\"plain*\"]}
    if: always
    then: {block: {reason: \"stopped; SEC-99\"}}
";
/// A second is promised; a busy machine may take a few.
const SOON: Duration = Duration::from_secs(5);

/// Puts a rule in front of the others, or takes it out again.
fn edit(gateway: &Gateway, with: bool) -> Outcome {
    let text = fs::read_to_string(gateway.config())?;
    let text = match with {
        true => text.replacen("rules:\n", &format!("rules:\n{BLOCKS}"), 1),
        false => text.replacen(BLOCKS, "", 1),
    };
    // as editors save: another file takes the name
    let beside = gateway.dir.join("lockgate.yaml.new");
    fs::write(&beside, text)?;
    Ok(fs::rename(beside, gateway.config())?)
}

fn get(address: &str, path: &str) -> anyhow::Result<http::Answer> {
    http::get(address, path, &[])
}

/// What `/v1/policy` says, to whoever is somebody.
fn in_force(scene: &Scene) -> anyhow::Result<Value> {
    let token = scene.reviewer()?.token().to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    http::get(&scene.gateway.page(), "/v1/policy", &[bearer])?.json()
}

#[test]
fn a_rule_comes_and_goes_under_traffic_and_no_connection_is_closed() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    let (mut written, before) = (0, in_force(&scene)?);
    let mut until = |refused: bool, what: &str| -> Outcome {
        let end = Instant::now() + SOON;
        loop {
            let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
            written += i64::from(landed.code == code::NONE);
            if (landed.code != code::NONE) == refused {
                return Ok(());
            }
            ensure!(Instant::now() < end, "{what}: {landed:?}");
        }
    };
    until(false, "nothing is forbidden yet")?;
    edit(&scene.gateway, true)?;
    scene.gateway.hang_up()?;
    until(true, "the rule is in force")?;
    edit(&scene.gateway, false)?; // nobody says so: the file is looked at
    until(false, "the rule is gone")?;
    ensure!(
        scene.broker.end_offset(&topic, 0)? == written,
        "a record was lost, or written twice"
    );

    let after = in_force(&scene)?;
    ensure!(
        after["hash"] == before["hash"] && after["since"] != before["since"],
        "{after}"
    );
    let stronger = audit::await_entries(&scene.gateway, &["policy_changed", "SIGHUP"])?;
    ensure!(
        audit::mentions(
            &stronger[0],
            &["\"weakens\":false", "stronger: rule no-more: added"]
        ),
        "{stronger:?}"
    );
    let weaker = audit::await_entries(
        &scene.gateway,
        &["policy_changed", "weaker: rule no-more: removed"],
    )?;
    ensure!(
        audit::mentions(&weaker[0], &["\"weakens\":true", "lockgate.yaml of user"]),
        "{weaker:?}"
    );
    // the text of the policy that blocked is kept, and its verdicts name it
    let loaded = audit::await_entries(&scene.gateway, &["policy_loaded", "SEC-99"])?;
    let hash = loaded[0]["hash"].as_str().context("a policy has a hash")?;
    audit::await_entries(&scene.gateway, &["verdict", "no-more", hash])?;
    scene.end()
}

#[test]
fn a_file_with_a_fault_changes_nothing_and_everybody_is_told() -> Outcome {
    let scene = Scene::start()?;
    let (gateway, before) = (&scene.gateway, in_force(&scene)?);
    let good = fs::read_to_string(gateway.config())?;
    let told = |what: &str, word: &str| {
        wait::until(what, SOON, || {
            let ready = get(&gateway.admin(), "/readyz").ok()?;
            (ready.status == 200 && ready.body.contains(word)).then_some(())
        })
    };
    fs::write(
        gateway.config(),
        good.replacen("rules:\n", "rules:\n  broken: {then: soon}\n", 1),
    )?;
    told("the fault in /readyz", "the policy was not replaced")?;
    let metrics = get(&gateway.admin(), "/metrics")?.body;
    ensure!(metrics.contains("lockgate_policy_broken 1"), "{metrics}");
    ensure!(in_force(&scene)?["hash"] == before["hash"]);
    ensure!(gateway.logged().contains("the old one stays in force"));

    fs::write(
        gateway.config(),
        good.replacen("version: 1\n", "version: 1\ncores: 1\n", 1),
    )?;
    told("what needs a restart", "needs a restart: cores")?;
    fs::write(gateway.config(), &good)?;
    wait::until("the fault is gone", SOON, || {
        let metrics = get(&gateway.admin(), "/metrics").ok()?.body;
        metrics.contains("lockgate_policy_broken 0").then_some(())
    })?;
    ensure!(
        !get(&gateway.admin(), "/readyz")?
            .body
            .contains("not replaced")
    );
    scene.end()
}

#[test]
fn an_operator_has_it_read_again_and_a_reviewer_does_not() -> Outcome {
    let scene = Scene::start()?;
    let ask = |groups: &[&str]| -> anyhow::Result<http::Answer> {
        let token = scene.reviewer_as("olga", groups)?.token().to_owned();
        let bearer = format!("Authorization: Bearer {token}");
        http::post(
            &scene.gateway.page(),
            "/v1/policy/reload",
            &[bearer],
            &json!({}),
        )
    };
    ensure!(ask(&["security"])?.status == 403);
    edit(&scene.gateway, true)?;
    // the look at the files may have been first: then there is nothing left to change
    let answer = ask(&["platform"])?;
    ensure!(answer.status == 200, "{}", answer.body);
    let topic = scene.broker.topic("plain", 1)?;
    let landed = produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&[CLEAN]).encode()?,
    )?;
    ensure!(
        landed.code == code::TOPIC_AUTHORIZATION_FAILED || landed.code == code::POLICY_VIOLATION,
        "{landed:?}"
    );
    scene.end()
}

#[test]
fn what_gets_weaker_is_the_exit_code() -> Outcome {
    let rules = |rules: &str| {
        format!(
            "version: 1\nclusters: {{main: {{bootstrap: [127.0.0.1:9092], listeners: {{a: {{address: 127.0.0.1:19092, advertise: 127.0.0.1, broker_ports: 19100-19105, sasl: none}}}}}}}}\naudit: {{directory: /tmp}}\nrules:\n{rules}"
        )
    };
    let more =
        "  other: {when: {operations: [delete_topics]}, if: always, then: {block: {reason: no}}}\n";
    let dir = files(&[
        ("old.yaml", rules(BLOCKS).as_bytes()),
        ("new.yaml", rules(&format!("{BLOCKS}{more}")).as_bytes()),
        ("bad.yaml", b"version: 2\n"),
    ])?;
    let diff = |old: &str, new: &str| {
        let path = |name: &str| dir.join(name).display().to_string();
        lockgate(&["policy", "diff", &path(old), &path(new)])
    };
    let stronger = diff("old.yaml", "new.yaml")?;
    ensure!(
        stronger.code == Some(0) && stronger.out == "stronger  rule other: added\n",
        "{}{}",
        stronger.out,
        stronger.err
    );
    let weaker = diff("new.yaml", "old.yaml")?;
    ensure!(
        weaker.code == Some(1) && weaker.out == "weaker    rule other: removed\n",
        "{}",
        weaker.out
    );
    let same = diff("old.yaml", "old.yaml")?;
    ensure!(same.code == Some(0) && same.out.is_empty(), "{}", same.out);
    let bad = diff("old.yaml", "bad.yaml")?;
    ensure!(
        bad.code == Some(2) && bad.err.contains("bad.yaml"),
        "{}",
        bad.err
    );
    Ok(())
}
