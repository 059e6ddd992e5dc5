//! What the topics of a running cluster carry is told, nothing in it is changed, and rules are proposed that
//! `check` accepts; a gateway without a file says what went by.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::apicurio::Apicurio;
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::broker::{Broker, USERS};
use lockgate_tests::clients::{Client, Consume, Produce};
use lockgate_tests::gateway::{Gateway, binary, lockgate};
use lockgate_tests::names;
use lockgate_tests::process::{Output, Process};
use lockgate_tests::requests::{code, produce_one};
use lockgate_tests::scene::{CARD, CLEAN, SSN, SSN_DIGITS};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::tls::Authority;
use lockgate_tests::wire::Wire;
use lockgate_tests::{ports, toolbox, wait};
use serde_json::{Value, json};
use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// `lockgate scan` of these topics of the shared broker.
fn scan(broker: &Broker, topics: &[&str], more: &[&str]) -> anyhow::Result<Output> {
    let (at, topics) = (broker.plain(), topics.join(","));
    let args = ["scan", "--bootstrap", &at, "--topics", &topics];
    let output = lockgate(&[&args, more].concat())?;
    let all = output.out.clone() + &output.err;
    for value in [SSN_DIGITS, "4111 1111", "536228145", "panicked"] {
        ensure!(!all.contains(value), "{value} in {all}");
    }
    Ok(output)
}

/// The lines of `--json`, which must end with this code.
fn told(output: &Output, exit: i32) -> anyhow::Result<Vec<Value>> {
    ensure!(
        output.code == Some(exit),
        "it ended with {:?}, not {exit}:\n{}{}",
        output.code,
        output.out,
        output.err
    );
    let lines = output.out.lines();
    Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn put(wire: &mut Wire, topic: &str, partition: i32, batch: &Batch) -> Outcome {
    let landed = produce_one(wire, topic, partition, batch.encode()?)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    Ok(())
}

#[test]
fn topics_are_told_exactly_in_every_codec_and_nothing_is_changed() -> Outcome {
    let broker = Broker::shared()?;
    let (topic, clean) = (broker.topic("carries", 2)?, broker.topic("clean", 1)?);
    let mut wire = Wire::connect(&broker.plain())?;
    for codec in CODECS {
        put(
            &mut wire,
            &topic,
            0,
            &Batch::values(&[SSN, CLEAN, SSN, CARD]).codec(codec),
        )?;
        let keyed = Record {
            key: Some("ssn 536-22-8145".into()),
            ..Record::of(CLEAN)
        };
        put(&mut wire, &topic, 1, &Batch::of(vec![keyed]).codec(codec))?;
    }
    put(&mut wire, &clean, 0, &Batch::values(&[CLEAN, CLEAN]))?;
    let ends = || -> anyhow::Result<Vec<i64>> {
        [(&topic, 0), (&topic, 1), (&clean, 0)]
            .into_iter()
            .map(|(topic, partition)| broker.end_offset(topic, partition))
            .collect()
    };
    let before = ends()?;
    let lines = told(&scan(broker, &[&topic, &clean], &["--json"])?, 1)?;
    ensure!(ends()? == before, "offsets changed");
    ensure!(lines.len() == 2, "{lines:?}");
    let carries = &lines[0];
    ensure!(
        carries["topic"] == topic.as_str()
            && carries["records"] == 25
            && carries["partitions"] == 2
            && carries["whole"] == 2
            && carries["faults"] == json!([]),
        "{carries}"
    );
    let found = carries["found"].as_array().context("no findings")?;
    let sum = |detector: &str| -> u64 {
        let rows = found.iter().filter(|row| row["detector"] == detector);
        rows.filter_map(|row| row["records"].as_u64()).sum()
    };
    ensure!((sum("us_ssn"), sum("payment_card")) == (15, 5), "{carries}");
    let places: Vec<(&str, &str)> = found
        .iter()
        .filter_map(|row| row["places"].as_array())
        .flatten()
        .filter_map(|place| Some((place["where"].as_str()?, place["path"].as_str()?)))
        .collect();
    for place in [("value", "ssn"), ("value", "card"), ("key", "")] {
        ensure!(places.contains(&place), "{place:?} in {places:?}");
    }
    ensure!(
        lines[1]["records"] == 2 && lines[1]["found"] == json!([]),
        "{}",
        lines[1]
    );
    told(&scan(broker, &[&clean], &["--json"])?, 0)?;
    Ok(())
}

#[test]
fn a_sample_is_as_large_as_was_asked_and_where_it_was_asked() -> Outcome {
    let broker = Broker::shared()?;
    let topic = broker.topic("sampled", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    for n in 0..40 {
        let value = if n < 4 { SSN } else { CLEAN };
        put(&mut wire, &topic, 0, &Batch::values(&[value]))?;
    }
    for (from, exit, hits) in [
        ("latest", 0, None),
        ("earliest", 1, Some(4)),
        ("spread", 1, Some(1)),
    ] {
        let args = ["--json", "--records", "8", "--from", from];
        let lines = told(&scan(broker, &[&topic], &args)?, exit)?;
        let line = lines.first().context("no topic")?;
        ensure!(line["records"] == 8, "{from}: {line}");
        ensure!(
            line["found"][0]["records"].as_u64() == hits,
            "{from}: {line}"
        );
    }
    Ok(())
}

#[test]
fn records_are_read_by_the_schemas_they_name() -> Outcome {
    let (broker, registry) = (Broker::shared()?, Apicurio::shared()?);
    let customer = json!({"name": "Ann", "ssn": 536228145, "cards": ["none", "apples"]});
    for format in ["avro", "protobuf"] {
        let topic = broker.topic("registered", 1)?;
        let value = registry.write(format, &topic, &customer)?;
        let record = Record {
            value: Some(value.into()),
            ..Record::default()
        };
        let mut wire = Wire::connect(&broker.plain())?;
        put(&mut wire, &topic, 0, &Batch::of(vec![record]))?;
        let args = ["--json", "--registry", &registry.url()];
        let lines = told(&scan(broker, &[&topic], &args)?, 1)?;
        let found = &lines.first().context("no topic")?["found"][0];
        ensure!(
            found["detector"] == "us_ssn" && found["places"][0]["path"] == "ssn",
            "{format}: {found}"
        );
    }
    Ok(())
}

#[test]
fn the_proposed_rules_are_accepted_and_name_what_was_found() -> Outcome {
    let broker = Broker::shared()?;
    let (topic, clean) = (broker.topic("proposed", 1)?, broker.topic("untouched", 1)?);
    let mut wire = Wire::connect(&broker.plain())?;
    put(&mut wire, &topic, 0, &Batch::values(&[SSN, CARD, CLEAN]))?;
    put(&mut wire, &clean, 0, &Batch::values(&[CLEAN]))?;
    for topics in [&[topic.as_str(), clean.as_str()][..], &[clean.as_str()]] {
        let output = scan(broker, topics, &["--propose"])?;
        let found = topics.len() == 2;
        ensure!(output.code == Some(i32::from(found)), "{output:?}");
        ensure!(
            output.err.contains("something found in"),
            "no table: {}",
            output.err
        );
        let dir = toolbox::fresh_dir("proposed")?;
        let file = dir.join("proposed.yaml");
        std::fs::write(&file, &output.out)?;
        let file = file.display().to_string();
        let checked = lockgate(&["check", "-c", &file])?;
        ensure!(
            checked.code == Some(0),
            "{}{}\n{}",
            checked.out,
            checked.err,
            output.out
        );
        if !found {
            continue;
        }
        let listed = lockgate(&["policy", "list", "-c", &file])?.out;
        for rule in [
            "us-ssn-masked-for-readers",
            "us-ssn-reviewed-on-the-way-in",
            "payment-card-masked-for-readers",
        ] {
            ensure!(listed.contains(rule), "{rule} in {listed}");
        }
        ensure!(
            output
                .out
                .contains(&format!("{topic}: 1 of 3 records (33.3%), in value ssn")),
            "{}",
            output.out
        );
    }
    Ok(())
}

#[test]
fn a_broker_that_is_not_there_or_refuses_is_told() -> Outcome {
    let nobody = format!("127.0.0.1:{}", ports::one()?);
    let output = lockgate(&["scan", "--bootstrap", &nobody, "--topics", "*"])?;
    ensure!(
        output.code == Some(2)
            && output.err.contains("no broker answers")
            && output.err.contains(&nobody),
        "{output:?}"
    );
    let broker = Broker::shared()?;
    let topic = broker.topic("closed", 1)?;
    for (password, exit) in [(USERS[0].1, 0), ("wrong", 2)] {
        let dir = toolbox::fresh_dir("scan")?;
        let file = dir.join("password");
        std::fs::write(&file, password)?;
        let from = format!("file:{}", file.display());
        let args = [
            "scan",
            "--bootstrap",
            &broker.scram(),
            "--username",
            USERS[0].0,
            "--password",
            &from,
            "--mechanism",
            "scram-sha-256",
            "--topics",
            &topic,
        ];
        let output = lockgate(&args)?;
        ensure!(output.code == Some(exit), "{password}: {output:?}");
        ensure!(
            exit == 0 || output.err.contains("the login"),
            "{}",
            output.err
        );
        ensure!(
            !(output.out + &output.err).contains(USERS[0].1),
            "the password is told"
        );
    }
    Ok(())
}

#[test]
fn a_cluster_behind_tls_and_a_login_is_read() -> Outcome {
    // In front of the broker, which has no TLS here, stands a gateway that passes logins through.
    let (broker, authority) = (Broker::shared()?, Authority::new()?);
    let pair = authority.for_gateway()?;
    let settings = Settings::new()?
        .relay()?
        .mode("observe")
        .listener(&pair.words());
    let gateway = Gateway::start(&settings)?;
    let topic = broker.topic("distant", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    put(&mut wire, &topic, 0, &Batch::values(&[SSN]))?;
    let dir = toolbox::fresh_dir("scan")?;
    std::fs::write(dir.join("password"), USERS[0].1)?;
    let password = format!("file:{}", dir.join("password").display());
    let ca = authority.path().display().to_string();
    let other = Authority::new()?.path().display().to_string();
    for (ca, exit) in [(&ca, 1), (&other, 2)] {
        let args = [
            "scan",
            "--json",
            "--bootstrap",
            &gateway.bootstrap(),
            "--ca",
            ca,
            "--username",
            USERS[0].0,
            "--password",
            &password,
            "--mechanism",
            "scram-sha-256",
            "--topics",
            &topic,
        ];
        let output = lockgate(&args)?;
        ensure!(output.code == Some(exit), "{output:?}");
        ensure!(exit == 1 || output.err.contains("no TLS"), "{}", output.err);
    }
    gateway.stop().map(drop)
}

#[test]
fn time_that_is_up_is_told_with_what_was_read() -> Outcome {
    let broker = Broker::fresh()?;
    let topic = broker.topic("slow", 1)?;
    put(
        &mut Wire::connect(&broker.plain())?,
        &topic,
        0,
        &Batch::values(&[SSN]),
    )?;
    broker.freeze();
    let output = lockgate(&[
        "scan",
        "--bootstrap",
        &broker.plain(),
        "--topics",
        &topic,
        "--time",
        "1",
    ])?;
    broker.thaw();
    ensure!(
        output.code == Some(2) && output.err.contains("time was up"),
        "{output:?}"
    );
    Ok(())
}

#[test]
fn a_gateway_without_a_file_says_what_went_by() -> Outcome {
    let broker = Broker::shared()?;
    let topic = broker.topic("observed", 1)?;
    let dir = toolbox::fresh_dir("observe")?;
    let listen = format!("127.0.0.1:{}", ports::block(120)?);
    let mut command = Command::new(binary("lockgate")?);
    let kept = dir.join("kept").display().to_string();
    command.args([
        "run",
        "--observe",
        "--bootstrap",
        &broker.plain(),
        "--listen",
        &listen,
        "--directory",
        &kept,
    ]);
    let mut gateway = Process::start("observer", command, &dir.join("log"), false)?;
    let target = Target::open(&listen);
    wait::until("the observer", SOON, || {
        Wire::connect(&listen).ok().and_then(|mut wire| {
            lockgate_tests::requests::metadata(&mut wire, &[])
                .ok()
                .filter(|told| !told.brokers.is_empty())
        })
    })
    .with_context(|| gateway.tail(40))?;
    let sent = [SSN, CLEAN, CARD];
    let report = Client::Console.produce(&target, &Produce::new(&topic, &sent).idempotent())?;
    ensure!(report.clean, "{}", report.said);
    let (values, errors) = Client::Console.consume(&target, &Consume::new(&topic, sent.len()))?;
    ensure!(values == sent, "read {values:?}: {errors}");
    ensure!(broker.values(&topic, 0)? == sent, "something was changed");
    gateway.signal(libc::SIGTERM);
    let ended = gateway.wait(SOON)?;
    let said = gateway.logged();
    ensure!(ended.success(), "{said}");
    for operation in ["produce", "fetch"] {
        let line = said
            .lines()
            .find(|line| line.contains(&format!("{topic}  {operation}  3 records")));
        let line = line.with_context(|| format!("no {operation} in {said}"))?;
        ensure!(
            line.contains("us_ssn 1") && line.contains("payment_card 1"),
            "{line}"
        );
    }
    ensure!(!said.contains(SSN_DIGITS), "a value is told");
    lockgate_tests::audit::must_verify(&dir.join("kept/audit"))?;
    let again = lockgate(&["check", "-c", &format!("{kept}/lockgate.yaml")])?;
    ensure!(again.code == Some(0), "{}", again.err);
    Ok(())
}

#[test]
fn a_topic_that_is_not_there_is_not_made() -> Outcome {
    let broker = Broker::shared()?;
    let absent = names::unique("absent");
    let output = scan(broker, &[&absent], &[])?;
    ensure!(
        output.code == Some(2) && output.err.contains("no topic"),
        "{output:?}"
    );
    let told = broker.admin().metadata(&[])?;
    let made = told.topics.iter().filter_map(|t| t.name.as_ref());
    ensure!(
        !made.into_iter().any(|name| name.as_str() == absent),
        "it was made"
    );
    Ok(())
}

#[test]
fn ctrl_c_ends_it_and_is_told() -> Outcome {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let at = silent.local_addr()?.to_string();
    let mut command = Command::new(binary("lockgate")?);
    command.args(["scan", "--bootstrap", &at, "--topics", "*"]);
    let log = toolbox::fresh_dir("scan")?.join("log");
    let mut scan = Process::start("scan", command, &log, false)?;
    // It waits for an answer once it has asked.
    let (mut asked, _) = silent.accept()?;
    asked.read_exact(&mut [0; 8])?;
    scan.signal(libc::SIGINT);
    let ended = scan.wait(SOON)?;
    ensure!(ended.code() == Some(2), "{ended}: {}", scan.logged());
    ensure!(
        scan.logged().contains("it was interrupted"),
        "{}",
        scan.logged()
    );
    Ok(())
}
