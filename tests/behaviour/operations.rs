//! What a rule forbids beside records: the topic, the group or the operation, alone where the API can
//! say so, and in words that lead to the rule.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    AlterConfigsRequest, CreateTopicsRequest, DeleteTopicsRequest, ListGroupsRequest,
    ListOffsetsRequest, MetadataRequest, TopicName,
};
use lockgate_tests::batch::Batch;
use lockgate_tests::clients::{self, Client, Consume, Produce};
use lockgate_tests::requests::{Part, Send, code, fetch_all, metadata, produce, produce_one, text};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, names};

const RULES: &str = r#"
  nobody-deletes:
    owner: team-tests
    when: {operations: [delete_topics]}
    if: always
    then: {block: {reason: "ask team-tests; SEC-20"}}
  names-are-reserved:
    owner: team-tests
    when: {operations: [create_topics], topics: ["reserved*"]}
    if: always
    then: {block: {reason: "reserved; SEC-21"}}
  interns-change-no-settings:
    owner: team-tests
    when: {operations: [alter_configs], groups: [interns]}
    if: always
    then: {block: {reason: "not for interns; SEC-22"}}
  closed:
    owner: team-tests
    when: {topics: ["closed*"]}
    if: always
    then: {block: {reason: "closed; SEC-23"}}
  no-writing:
    owner: team-tests
    when: {operations: [produce], topics: ["readonly*"]}
    if: always
    then: {block: {reason: "read only; SEC-24"}}
  interns-list-no-groups:
    owner: team-tests
    when: {operations: [list_groups], groups: [interns]}
    if: always
    then: {block: {reason: "not for interns; SEC-25"}}
  more-partitions-are-watched:
    owner: team-tests
    mode: observe
    when: {operations: [create_partitions]}
    if: always
    then: {block: {reason: "only watched; SEC-26"}}
exceptions:
  scratch-may-go: {lifts: [nobody-deletes], when: {topics: ["scratch*"]}, reason: SEC-27, until: 2099-01-01}
"#;

fn scene() -> anyhow::Result<Scene> {
    Scene::with(|settings| settings.rules(RULES))
}

fn exists(scene: &Scene, topic: &str) -> anyhow::Result<bool> {
    let told = metadata(&mut Wire::connect(&scene.broker.plain())?, &[topic])?;
    let topic = told.topics.first().context("no topic told")?;
    Ok(topic.error_code == code::NONE)
}

#[test]
fn deleting_is_refused_with_the_reason_and_the_topic_lives() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("keep", 1)?;
    let report = clients::topics(&scene.producer()?, &["--delete", "--topic", &topic])?;
    ensure!(!report.clean, "the tool is content: {}", report.said);
    for word in ["PolicyViolation", "nobody-deletes", "SEC-20"] {
        ensure!(report.said.contains(word), "no {word} in: {}", report.said);
    }
    ensure!(exists(&scene, &topic)?, "the topic is gone");
    let told = audit::await_entries(&scene.gateway, &["nobody-deletes", &topic, "svc-orders"])?;
    ensure!(
        told[0]["kind"] == "operation" && audit::mentions(&told[0], &["blocked", "delete_topics"]),
        "{told:?}"
    );
    scene.end()
}

#[test]
fn an_exception_lifts_it_for_the_topics_it_names() -> Outcome {
    let scene = scene()?;
    let (kept, gone) = (
        scene.broker.topic("keep", 1)?,
        scene.broker.topic("scratch", 1)?,
    );
    let names = [&kept, &gone].map(|name| TopicName(text(name)));
    let request = DeleteTopicsRequest::default()
        .with_topic_names(names.to_vec())
        .with_timeout_ms(10_000);
    let told = scene.wire()?.call(&request, 5)?;
    let of = |name: &str| {
        let mut all = told.responses.iter();
        let found = all.find(|it| it.name.as_ref().is_some_and(|n| **n == *name));
        found.with_context(|| format!("no answer for {name}"))
    };
    ensure!(told.responses.len() == 2, "{told:?}");
    ensure!(of(&kept)?.error_code == code::POLICY_VIOLATION, "{told:?}");
    ensure!(of(&gone)?.error_code == code::NONE, "{told:?}");
    ensure!(
        exists(&scene, &kept)? && !exists(&scene, &gone)?,
        "{told:?}"
    );
    audit::await_entries(&scene.gateway, &["scratch-may-go", &gone, "passed"])?;
    scene.end()
}

#[test]
fn of_a_batch_to_create_only_the_denied_topic_is_refused() -> Outcome {
    let scene = scene()?;
    let (good, bad) = (names::unique("free"), names::unique("reserved"));
    let topics = [&bad, &good].map(|name| {
        CreatableTopic::default()
            .with_name(TopicName(text(name)))
            .with_num_partitions(1)
            .with_replication_factor(1)
    });
    let request = CreateTopicsRequest::default()
        .with_topics(topics.to_vec())
        .with_timeout_ms(10_000);
    let told = scene.wire()?.call(&request, 7)?;
    ensure!(told.topics.len() == 2, "{told:?}");
    for topic in &told.topics {
        let denied = **topic.name == *bad;
        let wanted = if denied {
            code::POLICY_VIOLATION
        } else {
            code::NONE
        };
        ensure!(topic.error_code == wanted, "{topic:?}");
        let said = topic.error_message.as_ref().map(|it| it.to_string());
        let said = said.unwrap_or_default();
        let leads = said.contains("names-are-reserved") && said.contains("SEC-21");
        ensure!(!denied || leads, "{said}");
    }
    ensure!(exists(&scene, &good)? && !exists(&scene, &bad)?, "{told:?}");
    audit::await_entries(&scene.gateway, &["names-are-reserved", &bad, "blocked"])?;
    audit::await_entries(&scene.gateway, &["create_topics", &good, "passed"])?;
    scene.end()
}

#[test]
fn settings_are_closed_to_a_group() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("settings", 1)?;
    let change = [
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        &topic,
    ];
    let change = [&change[..], &["--add-config", "retention.ms=86400000"]].concat();
    let report = clients::configs(&scene.target("ivy", &["interns"])?, &change)?;
    ensure!(
        !report.clean,
        "the intern's tool is content: {}",
        report.said
    );
    for word in ["PolicyViolation", "interns-change-no-settings", "SEC-22"] {
        ensure!(report.said.contains(word), "no {word} in: {}", report.said);
    }
    let report = clients::configs(&scene.target("bob", &["staff"])?, &change)?;
    ensure!(report.clean, "bob is refused: {}", report.said);
    audit::await_entries(
        &scene.gateway,
        &["interns-change-no-settings", &topic, "ivy"],
    )?;
    audit::await_entries(&scene.gateway, &["alter_configs", &topic, "bob", "passed"])?;
    scene.end()
}

/// The same API in its older form, which replaces all settings at once.
#[test]
fn settings_are_closed_in_their_older_form_too() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("settings", 1)?;
    let config = AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("86400000")));
    let resource = AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text(&topic))
        .with_configs(vec![config]);
    let request = AlterConfigsRequest::default().with_resources(vec![resource]);
    let told = scene
        .wire_as(&scene.target("ivy", &["interns"])?)?
        .call(&request, 2)?;
    let codes: Vec<_> = told.responses.iter().map(|it| it.error_code).collect();
    ensure!(codes == [code::POLICY_VIOLATION], "{told:?}");
    scene.end()
}

#[test]
fn a_closed_topic_is_closed_to_everything_that_names_it() -> Outcome {
    let scene = scene()?;
    let (closed, open) = (
        scene.broker.topic("closed", 1)?,
        scene.broker.topic("open", 1)?,
    );
    let secret = Batch::values(&["secret"]).encode()?;
    produce_one(
        &mut Wire::connect(&scene.broker.plain())?,
        &closed,
        0,
        secret,
    )?;
    let mut wire = scene.wire()?;
    let told = metadata(&mut wire, &[&closed, &open])?;
    for topic in &told.topics {
        let name = topic
            .name
            .as_ref()
            .map(|it| it.to_string())
            .unwrap_or_default();
        let denied = name == closed;
        let wanted = if denied {
            code::TOPIC_AUTHORIZATION_FAILED
        } else {
            code::NONE
        };
        ensure!(topic.error_code == wanted, "{topic:?}");
        ensure!(topic.partitions.is_empty() == denied, "{topic:?}");
    }
    ensure!(
        told.topics.len() == 2 && !told.brokers.is_empty(),
        "{told:?}"
    );
    let all = wire.call(&MetadataRequest::default().with_topics(None), 12)?;
    let names = all.topics.iter().filter_map(|it| it.name.as_ref());
    let names: Vec<String> = names.map(|it| it.to_string()).collect();
    ensure!(
        names.contains(&open) && !names.contains(&closed),
        "{names:?}"
    );
    let asked = [&closed, &open].map(|name| {
        let partition = ListOffsetsPartition::default()
            .with_current_leader_epoch(-1)
            .with_timestamp(-1);
        ListOffsetsTopic::default()
            .with_name(TopicName(text(name)))
            .with_partitions(vec![partition])
    });
    let request = ListOffsetsRequest::default()
        .with_replica_id((-1).into())
        .with_topics(asked.to_vec());
    let offsets = wire.call(&request, 7)?;
    for topic in &offsets.topics {
        let wanted = match **topic.name == *closed {
            true => code::TOPIC_AUTHORIZATION_FAILED,
            false => code::NONE,
        };
        ensure!(topic.partitions[0].error_code == wanted, "{topic:?}");
    }
    ensure!(offsets.topics.len() == 2, "{offsets:?}");
    let read = fetch_all(&mut wire, &closed, 0)?.map(|batches| batches.len());
    ensure!(read == Err(code::TOPIC_AUTHORIZATION_FAILED), "{read:?}");
    scene.end()
}

#[test]
fn stock_clients_say_that_a_closed_topic_is_not_for_them() -> Outcome {
    let scene = scene()?;
    let closed = scene.broker.topic("closed", 1)?;
    let target = scene.producer()?;
    for client in [Client::Console, Client::Confluent, Client::Kafkajs] {
        let report = client.produce(&target, &Produce::new(&closed, &[CLEAN]))?;
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
        let said = report.said.to_lowercase().replace([' ', '_'], "");
        let authorised = said.contains("topicauthorization") || said.contains("notauthorized");
        ensure!(authorised, "{client:?} cannot tell why: {}", report.said);
    }
    let (values, errors) = Client::Confluent.consume(&target, &Consume::new(&closed, 1))?;
    ensure!(
        values.is_empty() && errors.contains("TOPIC_AUTHORIZATION_FAILED"),
        "the consumer read {values:?} and said {errors}"
    );
    ensure!(scene.broker.end_offset(&closed, 0)? == 0, "it landed");
    scene.end()
}

#[test]
fn producing_is_blocked_to_one_topic_among_others() -> Outcome {
    let scene = scene()?;
    let (shut, open) = (
        scene.broker.topic("readonly", 1)?,
        scene.broker.topic("open", 1)?,
    );
    let clean = Batch::values(&[CLEAN]).encode()?;
    let parts = [&shut, &open].map(|topic| Part::new(topic, 0, clean.clone()));
    let mut wire = scene.wire()?;
    let landed = produce(&mut wire, &Send::all(parts.to_vec()))?;
    for told in &landed {
        let wanted = if told.topic == shut {
            code::POLICY_VIOLATION
        } else {
            code::NONE
        };
        ensure!(told.code == wanted, "{told:?}");
    }
    let told = metadata(&mut wire, &[&shut])?;
    ensure!(
        told.topics[0].error_code == code::NONE,
        "reading is open: {told:?}"
    );
    let ends = (
        scene.broker.end_offset(&shut, 0)?,
        scene.broker.end_offset(&open, 0)?,
    );
    ensure!(ends == (0, 1), "the ends are {ends:?}");
    scene.end()
}

#[test]
fn what_names_no_topic_is_refused_as_a_whole() -> Outcome {
    const GROUP_AUTHORIZATION_FAILED: i16 = 30;
    let scene = scene()?;
    let list = ListGroupsRequest::default();
    let mut intern = scene.wire_as(&scene.target("ivy", &["interns"])?)?;
    let told = intern.call(&list, 4)?;
    ensure!(told.error_code == GROUP_AUTHORIZATION_FAILED, "{told:?}");
    let mut other = scene.wire_as(&scene.target("bob", &["staff"])?)?;
    ensure!(
        other.call(&list, 4)?.error_code == code::NONE,
        "bob is refused"
    );
    let told = metadata(&mut intern, &[])?;
    ensure!(!told.brokers.is_empty(), "the connection is spoilt");
    audit::await_entries(
        &scene.gateway,
        &["interns-list-no-groups", "ivy", "list_groups"],
    )?;
    scene.end()
}

#[test]
fn an_observing_rule_lets_pass_and_is_recorded() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("grows", 1)?;
    let args = ["--alter", "--topic", &topic, "--partitions", "2"];
    let report = clients::topics(&scene.producer()?, &args)?;
    ensure!(report.clean, "it was refused: {}", report.said);
    let told = metadata(&mut Wire::connect(&scene.broker.plain())?, &[&topic])?;
    ensure!(told.topics[0].partitions.len() == 2, "{told:?}");
    let told = audit::await_entries(&scene.gateway, &["more-partitions-are-watched", &topic])?;
    ensure!(
        audit::mentions(&told[0], &["observed", "create_partitions"]),
        "{told:?}"
    );
    scene.end()
}

/// Metadata is asked for every few seconds by every client: one entry tells it all.
#[test]
fn what_clients_repeat_is_recorded_once_a_session() -> Outcome {
    let scene = scene()?;
    let closed = scene.broker.topic("closed", 1)?;
    let mut wire = scene.wire()?;
    for _ in 0..20 {
        metadata(&mut wire, &[&closed])?;
    }
    let landed = produce_one(&mut wire, &closed, 0, Batch::values(&[CLEAN]).encode()?)?;
    ensure!(landed.code == code::POLICY_VIOLATION, "{landed:?}");
    audit::await_entries(&scene.gateway, &["verdict", &closed])?; // written after the others
    let told = audit::await_entries(&scene.gateway, &["\"metadata\"", &closed])?;
    ensure!(told.len() == 1, "{} entries", told.len());
    scene.end()
}
