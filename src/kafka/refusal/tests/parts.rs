//! A parted request and its patched reply together say what was asked and what was denied.

use super::super::answer::{Budget, No, refuse_one};
use super::super::row::{Each, Names};
use super::super::{Ask, Denied, Named, Parted, rows};
use super::{TEXT, request, sides};
use crate::kafka::error;
use crate::kafka::frame::response_body;
use crate::kafka::messages::samples::sample_request;
use crate::kafka::messages::value::{Struct, Value};
use crate::kafka::messages::{self};
use crate::kafka::topic::TopicId;
use proptest::prelude::*;

/// Which topics a test denies: by the length of the name, by the id's first byte.
fn is_denied(named: Named<'_>, by: u8) -> bool {
    match named {
        Named::Shaped(name, _) | Named::Topic(name) => name.len() % 3 == usize::from(by % 3),
        Named::Id(TopicId(id)) => id[0] % 3 == by % 3,
        Named::Nothing | Named::Everything => false,
    }
}

fn judge(by: u8) -> impl FnMut(Named<'_>) -> Option<Denied> {
    move |named| {
        is_denied(named, by).then(|| Denied {
            code: None,
            text: TEXT.to_owned(),
        })
    }
}

fn body_of(frame: &[u8]) -> &[u8] {
    let header = crate::kafka::frame::request_header(frame).unwrap();
    &frame[header.body..]
}

/// Every topic in a request or a reply, along a row, with the code of its first answer.
fn topics(items: &[Each], reply: bool, at: &Struct, found: &mut Vec<(String, i16)>) {
    let mut seen = Vec::new();
    for each in items {
        let name = if reply { each.told } else { each.asked };
        if reply && name.is_empty() {
            topics(each.inner, reply, at, found);
            continue;
        }
        if reply && seen.contains(&name) {
            continue; // two arrays of the request that one array answers
        }
        seen.push(name);
        for element in at.array(name) {
            match (each.names, element) {
                (Names::Other, Value::Struct(inner)) => topics(each.inner, reply, inner, found),
                (Names::Other, _) => {}
                (_, element) => found.push((label(element), code(each, element))),
            }
        }
    }
}

fn label(element: &Value) -> String {
    let Value::Struct(it) = element else {
        return format!("{} {:?}", element.text().unwrap_or(""), [0_u8; 16]);
    };
    let fields = ["Name", "Topic", "TopicName", "ResourceName", "ResourceType"];
    let names = fields.iter().filter_map(|field| match it.get(field)? {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    });
    format!("{} {:?}", names.collect::<String>(), it.uuid("TopicId"))
}

fn code(each: &Each, element: &Value) -> i16 {
    let Value::Struct(it) = element else { return 0 };
    if !each.code.is_empty() {
        return it.i16(each.code);
    }
    let inner = each.inner.first().unwrap();
    it.structs(inner.told)
        .next()
        .map_or(0, |first| first.i16(inner.code))
}

/// What a broker would answer: the same shapes, and no error.
fn brokers_reply(key: i16, version: i16, request: &Struct) -> Struct {
    let (row, (_, response)) = (rows::row(key).unwrap(), sides(key).unwrap());
    let mut reply = response.defaults();
    let fine = No { code: 0, text: "" };
    for each in row.items {
        for element in request.array(each.asked) {
            level(each, element, &mut reply, &fine);
        }
    }
    let encoded = messages::encode(response, version, &reply);
    messages::decode(response, version, &encoded).unwrap()
}

/// As `refuse_one`, going inside elements that have a code of their own.
fn level(each: &Each, element: &Value, into: &mut Struct, fine: &No<'_>) {
    if each.names != Names::Other || each.inner.is_empty() {
        refuse_one(each, element, into, fine, &mut Budget::new()).unwrap();
        return;
    }
    let Value::Struct(asked) = element else {
        return;
    };
    if each.told.is_empty() {
        for inner in each.inner {
            asked
                .array(inner.asked)
                .iter()
                .for_each(|it| level(inner, it, into, fine));
        }
        return;
    }
    let mut told = super::super::answer::shell(each, element, into);
    for inner in each.inner {
        asked
            .array(inner.asked)
            .iter()
            .for_each(|it| level(inner, it, &mut told, fine));
    }
    into.push(each.told, told);
}

fn check(key: i16, version: i16, seed: u64, by: u8) -> Result<bool, TestCaseError> {
    let (row, (asks, tells)) = (rows::row(key).unwrap(), sides(key).unwrap());
    let body = sample_request(key, version, seed).unwrap();
    let (header, frame) = request(key, version, &body);
    let asked = messages::decode(asks, version, &body).unwrap();
    let mut named = Vec::new();
    topics(row.items, false, &asked, &mut named);
    let ask = Ask::read(&header, &frame).unwrap().unwrap();
    let (reply, any) = match ask.part(&mut judge(by)) {
        Parted::All(None) => (brokers_reply(key, version, &asked), false),
        Parted::All(Some(patch)) => {
            prop_assert!(patch.bytes() == 0 && !row.tells.is_empty());
            return Ok(false);
        }
        Parted::Refused(frame) => {
            let at = response_body(&frame, key, version).unwrap();
            (
                messages::decode(tells, version, &frame[at..]).unwrap(),
                true,
            )
        }
        Parted::Part(left, patch) => {
            prop_assert_eq!(&left[4..12], &frame[4..12], "key, version, correlation id");
            prop_assert_eq!(
                left.len() - 4,
                u32::from_be_bytes(left[..4].try_into().unwrap()) as usize
            );
            let mut again = |named: Named<'_>| {
                assert!(
                    !is_denied(named, by),
                    "{} v{version}: {named:?} goes on",
                    asks.name
                );
                None
            };
            let header = crate::kafka::frame::request_header(&left).unwrap();
            Ask::read(&header, &left).unwrap().unwrap().part(&mut again);
            let left = messages::decode(asks, version, body_of(&left)).unwrap();
            let broker = brokers_reply(key, version, &left);
            let framed = super::super::frame(tells, version, 7, &broker);
            let patched = patch.unwrap().apply(&framed, &mut judge(by)).unwrap();
            prop_assert_eq!(
                patched.len() - 4,
                u32::from_be_bytes(patched[..4].try_into().unwrap()) as usize
            );
            prop_assert_eq!(&patched[4..8], &[0, 0, 0, 7]);
            let at = response_body(&patched, key, version).unwrap();
            let reply = messages::decode(tells, version, &patched[at..]).unwrap();
            (reply, true)
        }
        Parted::Unanswerable => return Err(TestCaseError::fail("unanswerable")),
    };
    if !row.by_item && reply.i16("ErrorCode") != 0 {
        return Ok(any); // said once for all
    }
    let mut told = Vec::new();
    topics(row.items, true, &reply, &mut told);
    let (mut asked_names, mut told_names): (Vec<_>, Vec<_>) = (
        named.iter().map(|(name, _)| name.clone()).collect(),
        told.iter().map(|(name, _)| name.clone()).collect(),
    );
    asked_names.sort();
    told_names.sort();
    prop_assert_eq!(asked_names, told_names, "key {} v{}", key, version);
    Ok(any)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each topic that was asked for is answered once, by the broker or by the gateway.
    #[test]
    fn every_topic_is_answered_once(seed in any::<u64>(), by in 0u8..3) {
        for row in rows::all().filter(|row| row.items.iter().any(names_topic) && row.key != 1) {
            let (first, last) = sides(row.key).unwrap().0.versions;
            for version in first..=last {
                check(row.key, version, seed, by)?;
            }
        }
    }
}

fn names_topic(each: &Each) -> bool {
    each.names != Names::Other || each.inner.iter().any(names_topic)
}

/// Requests that are cut or bent are refused or parted, never a panic.
#[test]
fn hostile_requests_are_survived() {
    for row in rows::all() {
        let (_, last) = sides(row.key).unwrap().0.versions;
        let body = sample_request(row.key, last, 5).unwrap();
        for at in 0..body.len() {
            let mut bent = body.clone();
            bent[at] ^= 0x81;
            let (header, frame) = request(row.key, last, &bent);
            if let Ok(Some(ask)) = Ask::read(&header, &frame) {
                ask.others();
                ask.part(&mut judge(1));
            }
        }
    }
}

fn ask(key: i16, version: i16, fill: impl FnOnce(&mut Struct)) -> Ask {
    let message = sides(key).unwrap().0;
    let mut body = message.defaults();
    fill(&mut body);
    let (header, frame) = request(key, version, &messages::encode(message, version, &body));
    Ask::read(&header, &frame).unwrap().unwrap()
}

fn push(body: &mut Struct, array: &str, fields: &[(&str, Value)]) {
    let mut element = body.element(array);
    fields
        .iter()
        .for_each(|(name, value)| assert!(element.set(name, value.clone())));
    body.push(array, element);
}

fn no(named: Named<'_>, denied: &str) -> Option<Denied> {
    let is = matches!(named, Named::Topic(name) | Named::Shaped(name, _) if name == denied);
    is.then(|| Denied {
        code: None,
        text: "blocked by rule x: y".to_owned(),
    })
}

fn reply(key: i16, version: i16, frame: &[u8]) -> Struct {
    let at = response_body(frame, key, version).unwrap();
    messages::decode(sides(key).unwrap().1, version, &frame[at..]).unwrap()
}

#[test]
fn a_denied_topic_among_others_to_create() {
    let ask = ask(19, 7, |body| {
        push(body, "Topics", &[("Name", "good".into())]);
        push(body, "Topics", &[("Name", "bad".into())]);
    });
    let Parted::Part(left, Some(patch)) = ask.part(&mut |named| no(named, "bad")) else {
        panic!("not parted")
    };
    let message = sides(19).unwrap();
    let left = messages::decode(message.0, 7, body_of(&left)).unwrap();
    assert_eq!(left.structs("Topics").count(), 1);
    let mut broker = message.1.defaults();
    push(
        &mut broker,
        "Topics",
        &[("Name", "good".into()), ("NumPartitions", 3.into())],
    );
    let framed = super::super::frame(message.1, 7, 31, &broker);
    let all = reply(19, 7, &patch.apply(&framed, &mut |_| None).unwrap());
    let all: Vec<_> = all.structs("Topics").collect();
    assert_eq!(
        (all[0].text("Name"), all[0].i32("NumPartitions")),
        (Some("good"), 3)
    );
    assert_eq!(all[1].text("Name"), Some("bad"));
    assert_eq!(all[1].i16("ErrorCode"), error::POLICY_VIOLATION);
    assert_eq!(all[1].text("ErrorMessage"), Some("blocked by rule x: y"));
}

#[test]
fn a_name_does_not_hide_an_id() {
    let id = TopicId([9; 16]);
    for version in [12, 13] {
        let ask = ask(3, version, |body| {
            push(
                body,
                "Topics",
                &[("Name", "good".into()), ("TopicId", id.into())],
            );
        });
        let mut asked = Vec::new();
        let parted = ask.part(&mut |named| {
            asked.push(format!("{named:?}"));
            (named == Named::Id(id)).then(|| Denied {
                code: Some(error::UNKNOWN_TOPIC_ID),
                text: String::new(),
            })
        });
        assert_eq!(asked.len(), 2);
        assert!(matches!(parted, Parted::Part(..)), "{parted:?}");
    }
}

#[test]
fn the_list_of_all_topics_loses_the_denied_ones() {
    for (version, asks_all) in [
        (0, Value::Array(vec![])),
        (1, Value::Null),
        (13, Value::Null),
    ] {
        let ask = ask(3, version, |body| {
            body.set("Topics", asks_all.clone());
        });
        let Parted::All(Some(patch)) = ask.part(&mut |named| no(named, "bad")) else {
            panic!("v{version}: no filter")
        };
        let message = sides(3).unwrap().1;
        let mut broker = message.defaults();
        for name in ["a", "bad", "c"] {
            push(&mut broker, "Topics", &[("Name", name.into())]);
        }
        let framed = super::super::frame(message, version, 1, &broker);
        let told = reply(
            3,
            version,
            &patch.apply(&framed, &mut |named| no(named, "bad")).unwrap(),
        );
        let names: Vec<_> = told
            .structs("Topics")
            .filter_map(|it| it.text("Name"))
            .collect();
        assert_eq!(names, ["a", "c"]);
    }
}

/// Version 0 has no way to ask for no topic: it asks for all, and none of them is told.
#[test]
fn metadata_of_denied_topics_alone_still_brings_the_brokers() {
    for version in [0, 1, 13] {
        let ask = ask(3, version, |body| {
            push(body, "Topics", &[("Name", "bad".into())])
        });
        let Parted::Part(left, Some(patch)) = ask.part(&mut |named| no(named, "bad")) else {
            panic!("v{version}: not asked")
        };
        let (asks, tells) = sides(3).unwrap();
        let left = messages::decode(asks, version, body_of(&left)).unwrap();
        assert!(left.array("Topics").is_empty() && !left.is_null("Topics"));
        let mut broker = tells.defaults();
        push(&mut broker, "Brokers", &[("Host", "b".into())]);
        if version == 0 {
            push(&mut broker, "Topics", &[("Name", "secret".into())]);
        }
        let framed = super::super::frame(tells, version, 1, &broker);
        let told = reply(3, version, &patch.apply(&framed, &mut |_| None).unwrap());
        let told_topics: Vec<_> = told
            .structs("Topics")
            .map(|it| (it.text("Name").unwrap(), it.i16("ErrorCode")))
            .collect();
        assert_eq!(told_topics, [("bad", error::TOPIC_AUTHORIZATION_FAILED)]);
        assert_eq!(told.structs("Brokers").count(), 1);
    }
}

#[test]
fn metadata_creates_nothing_that_may_not_be_created() {
    let named = |version| {
        ask(3, version, |body| {
            for name in ["good", "reserved"] {
                push(body, "Topics", &[("Name", name.into())]);
            }
        })
    };
    for version in [4, 13] {
        let mut asks = named(version);
        assert!(asks.without_creating(&mut |_| true));
        assert!(matches!(asks.part(&mut |_| None), Parted::All(None)));
        let mut asks = named(version);
        assert!(asks.without_creating(&mut |name| name == "good"));
        let Parted::Part(left, None) = asks.part(&mut |_| None) else {
            panic!("v{version} goes on as it was")
        };
        let left = messages::decode(sides(3).unwrap().0, version, body_of(&left)).unwrap();
        assert!(!left.bool("AllowAutoTopicCreation"));
        assert_eq!(left.structs("Topics").count(), 2);
    }
    assert!(!named(3).without_creating(&mut |name| name == "good"));
    assert!(named(3).without_creating(&mut |_| true));
}

#[test]
fn a_transaction_takes_all_or_nothing() {
    let ask = ask(24, 3, |body| {
        for name in ["good", "bad"] {
            let partitions = Value::Array(vec![0.into()]);
            push(
                body,
                "V3AndBelowTopics",
                &[("Name", name.into()), ("Partitions", partitions)],
            );
        }
    });
    let Parted::Refused(frame) = ask.part(&mut |named| no(named, "bad")) else {
        panic!("something goes on")
    };
    let told = reply(24, 3, &frame);
    let codes: Vec<_> = told
        .structs("ResultsByTopicV3AndBelow")
        .flat_map(|topic| topic.structs("ResultsByPartition"))
        .map(|partition| partition.i16("PartitionErrorCode"))
        .collect();
    assert_eq!(
        codes,
        [
            error::OPERATION_NOT_ATTEMPTED,
            error::TOPIC_AUTHORIZATION_FAILED
        ]
    );
}

#[test]
fn a_member_with_a_denied_topic_does_not_enter_its_group() {
    let ask = ask(68, 1, |body| {
        body.set(
            "SubscribedTopicNames",
            Value::Array(vec!["good".into(), "bad".into()]),
        );
    });
    let Parted::Refused(frame) = ask.part(&mut |named| no(named, "bad")) else {
        panic!("it enters")
    };
    let told = reply(68, 1, &frame);
    assert_eq!(told.i16("ErrorCode"), error::TOPIC_AUTHORIZATION_FAILED);
    assert_eq!(told.text("ErrorMessage"), Some("blocked by rule x: y"));
}

#[test]
fn electing_everywhere_is_asked_about_as_everything() {
    let mut asked = Vec::new();
    let ask = ask(43, 2, |body| {
        body.set("TopicPartitions", Value::Null);
    });
    let parted = ask.part(&mut |named| {
        asked.push(format!("{named:?}"));
        Some(Denied {
            code: None,
            text: String::new(),
        })
    });
    assert_eq!(asked, ["Everything"]);
    assert!(matches!(parted, Parted::Refused(_)));
}

/// What is said, what is left to the broker, and what is assigned by hand.
#[test]
fn a_topic_to_create_is_told_with_its_shape() {
    let ask = ask(19, 7, |body| {
        for (name, partitions, copies) in [("said", 6, 3_i16), ("left", -1, -1), ("hand", -1, -1)] {
            let fields = [
                ("Name", name.into()),
                ("NumPartitions", partitions.into()),
                ("ReplicationFactor", copies.into()),
            ];
            push(body, "Topics", &fields);
        }
        let hand = body.structs_mut("Topics").last().unwrap();
        for brokers in [vec![1, 2], vec![1]] {
            let mut assigned = hand.element("Assignments");
            let them = brokers.into_iter().map(|n: i32| Value::from(n)).collect();
            assert!(assigned.set("BrokerIds", Value::Array(them)));
            hand.push("Assignments", assigned);
        }
    });
    let mut told = Vec::new();
    ask.part(&mut |named| {
        if let Named::Shaped(name, shape) = named {
            told.push((name.to_owned(), shape.partitions, shape.copies));
        }
        None
    });
    let wanted = [
        ("said".to_owned(), Some(6), Some((3, 3))),
        ("left".to_owned(), Some(1), Some((1, 1))),
        ("hand".to_owned(), Some(2), Some((1, 2))),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn settings_are_denied_by_what_they_belong_to() {
    let ask = ask(44, 1, |body| {
        for (kind, name) in [(2_i8, "bad"), (2, "good"), (4, "7"), (4, "")] {
            push(
                body,
                "Resources",
                &[("ResourceType", kind.into()), ("ResourceName", name.into())],
            );
        }
    });
    assert_eq!(ask.others(), ["broker 7", "every broker"]);
    let mut asked = Vec::new();
    let parted = ask.part(&mut |named| {
        asked.push(match named {
            Named::Shaped(name, shape) => format!("{name}: {:?}", shape.settings),
            other => format!("{other:?}"),
        });
        no(named, "bad")
    });
    assert_eq!(asked, ["bad: []", "good: []", "Nothing", "Nothing"]);
    let Parted::Part(left, _) = parted else {
        panic!()
    };
    let left = messages::decode(sides(44).unwrap().0, 1, body_of(&left)).unwrap();
    assert_eq!(left.structs("Resources").count(), 3);
}

#[test]
fn the_audit_hears_of_names_and_of_no_secret() {
    let scram = ask(51, 0, |body| {
        push(body, "Deletions", &[("Name", "ann".into())]);
        let secret = Value::Bytes(b"hunter2".to_vec());
        push(
            body,
            "Upsertions",
            &[("Name", "bob".into()), ("SaltedPassword", secret)],
        );
    });
    assert_eq!(scram.others(), ["user ann", "user bob"]);
    let quotas = ask(49, 1, |body| {
        let mut entry = body.element("Entries");
        push(
            &mut entry,
            "Entity",
            &[("EntityType", "user".into()), ("EntityName", Value::Null)],
        );
        body.push("Entries", entry);
        body.set("ValidateOnly", true);
    });
    assert_eq!(quotas.others(), ["user *", "validate only"]);
    let groups = ask(42, 2, |body| {
        body.push("GroupsNames", "g1");
    });
    assert_eq!(groups.others(), ["group g1"]);
}
