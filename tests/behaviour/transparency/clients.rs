//! The exceptions and codes that stock clients make of a broker's errors: `clients/java/Faults.java`
//! and `clients/faults.py` provoke them, once at the broker and once through a gateway.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::CreateAclsRequest;
use kafka_protocol::messages::create_acls_request::AclCreation;
use lockgate_tests::admin::Topic;
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::{Broker, NODE_ID};
use lockgate_tests::clients::{java, steady};
use lockgate_tests::requests::{self, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::target::Target;
use lockgate_tests::{names, node, process};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const RUN_LIMIT: Duration = Duration::from_secs(180);
/// In Kafka's numbering of ACLs: a resource's type, "literal", DENY, ALL.
const RESOURCES: [i8; 3] = [2, 3, 5];
const LITERAL: i8 = 3;
const DENY: i8 = 2;
const ALL: i8 = 2;

/// Topics with limits of all kinds, and a name that nobody may use for anything.
fn prepare(broker: &Broker) -> anyhow::Result<Map<String, Value>> {
    let one = || Topic::on(&[&[NODE_ID]]);
    let topics = [
        ("plain", one()),
        ("small", one().with("max.message.bytes", "1000")),
        ("compacted", one().with("cleanup.policy", "compact")),
        (
            "punctual",
            one()
                .with("message.timestamp.before.max.ms", "60000")
                .with("message.timestamp.after.max.ms", "60000"),
        ),
        ("wide", Topic::on(&[&[NODE_ID], &[NODE_ID], &[NODE_ID]])),
        ("denied", one()),
    ];
    let admin = broker.admin();
    let mut names = Map::new();
    for (stem, topic) in topics {
        names.insert(stem.to_owned(), json!(admin.create(stem, &topic)?));
    }
    let plain = names["plain"].as_str().context("no topic")?;
    let batch = Batch::values(&[CLEAN]).encode()?;
    produce_one(&mut admin.wire()?, plain, 0, batch)?;
    deny(broker, names["denied"].as_str().context("no topic")?)?;
    Ok(names)
}

fn deny(broker: &Broker, name: &str) -> Outcome {
    let everybody = |resource: i8| {
        AclCreation::default()
            .with_resource_type(resource)
            .with_resource_name(requests::text(name))
            .with_resource_pattern_type(LITERAL)
            .with_principal(requests::text("User:*"))
            .with_host(requests::text("*"))
            .with_operation(ALL)
            .with_permission_type(DENY)
    };
    let creations = RESOURCES.into_iter().map(everybody).collect();
    let request = CreateAclsRequest::default().with_creations(creations);
    let told = broker.admin().wire()?.call(&request, 3)?;
    let codes: Vec<i16> = told.results.iter().map(|r| r.error_code).collect();
    ensure!(codes == [0, 0, 0], "CreateAcls says {codes:?}");
    Ok(())
}

/// What a client told of each case: the exception's class and code.
type Told = BTreeMap<String, (String, i64, String)>;

fn read(lines: Vec<Value>) -> Told {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    lines
        .iter()
        .map(|line| {
            let code = line["code"].as_i64().unwrap_or_default();
            let told = (text(line, "class"), code, text(line, "message"));
            (text(line, "case"), told)
        })
        .collect()
}

/// Every case must have failed directly, and through the gateway in the same way.
fn same(direct: &Told, through: &Told) -> Outcome {
    let mut different = Vec::new();
    for (case, (class, code, message)) in direct {
        println!("{case}: {class} {code} {message}");
        let provoked = class != "none" && !message.contains("Failed to create");
        ensure!(provoked, "{case}: the broker itself did not fail");
        match through.get(case) {
            Some((its, its_code, _)) if (its, its_code) == (class, code) => {}
            other => different.push(format!(
                "{case}: {class} {code} ({message}), but through the gateway {other:?}"
            )),
        }
    }
    ensure!(direct.len() > 10, "only {} cases ran", direct.len());
    ensure!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

fn job(part: &str, run: &str, names: &Map<String, Value>) -> Value {
    let mut names = names.clone();
    names.insert("run".into(), json!(names::unique(run)));
    json!({"part": part, "names": names})
}

fn java(part: &str) -> Outcome {
    let scene = Scene::start()?;
    let names = prepare(scene.broker)?;
    let listener = json!({"bootstrap.servers": scene.broker.scram()});
    let wrong = scram_login("SCRAM-SHA-256");
    // Neither the broker nor the gateway has it.
    let mechanism = scram_login("SCRAM-SHA-512");
    let mut direct = job(part, "direct", &names);
    direct["config"] = json!(java::config(&Target::open(&scene.broker.plain())));
    direct["logins"] = json!({
        "wrong": merged(&listener, &wrong),
        "mechanism": merged(&listener, &mechanism),
    });
    let mut through = job(part, "through", &names);
    through["config"] = json!(java::config(&scene.producer()?));
    through["logins"] = json!({
        "wrong": plain_login("no token at all"),
        "mechanism": mechanism,
    });
    let (direct, through) = both(
        || java::run("Faults", &direct, RUN_LIMIT),
        || java::run("Faults", &through, RUN_LIMIT),
    )?;
    same(&read(direct), &read(through))?;
    scene.end()
}

#[test]
fn what_a_java_producer_is_told() -> Outcome {
    java("producer")
}

#[test]
fn what_a_java_consumer_is_told() -> Outcome {
    java("consumer")
}

#[test]
fn what_a_java_administrator_is_told() -> Outcome {
    java("admin")
}

#[test]
fn what_a_confluent_client_is_told() -> Outcome {
    confluent("client")
}

#[test]
fn what_a_confluent_administrator_is_told() -> Outcome {
    confluent("admin")
}

fn confluent(part: &str) -> Outcome {
    let scene = Scene::start()?;
    let names = prepare(scene.broker)?;
    let mut direct = job(part, "direct", &names);
    direct["config"] = json!({"bootstrap.servers": scene.broker.plain()});
    let mut through = job(part, "through", &names);
    through["config"] = json!(steady::confluent_config(&scene.producer()?));
    let run = |job: &Value| {
        let command = node::python("faults.py")?;
        let output = process::run(command, format!("{job}\n").as_bytes(), RUN_LIMIT)?;
        let lines: Result<Vec<Value>, _> = output.out.lines().map(serde_json::from_str).collect();
        let lines = lines.ok().filter(|_| output.success);
        lines.with_context(|| format!("{}\n{}", output.out, output.err))
    };
    let (direct, through) = both(|| run(&direct), || run(&through))?;
    same(&read(direct), &read(through))?;
    scene.end()
}

fn both<T: Send>(
    one: impl FnOnce() -> anyhow::Result<T> + Send,
    other: impl FnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<(T, T)> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().map_err(|_| anyhow::anyhow!("it panicked"))?;
        Ok((one?, other?))
    })
}

fn scram_login(mechanism: &str) -> Value {
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
    json!({
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": format!("{module} required username=\"nobody\" password=\"wrong\";"),
    })
}

fn plain_login(password: &str) -> Value {
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    json!({
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": format!("{module} required username=\"token\" password=\"{password}\";"),
    })
}

fn merged(one: &Value, other: &Value) -> Value {
    let pairs = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut all = pairs(one);
    all.extend(pairs(other));
    Value::Object(all)
}
