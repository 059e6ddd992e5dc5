//! The rows against the table of messages: no field that is not there, no topic that is missed.

use super::super::row::{Denial, Each, Names, Row, Tells};
use super::super::rows;
use super::sides;
use crate::chunk::Operation;
use crate::kafka::messages::{Entity, Field, Kind};
use crate::kafka::{api, messages};
use std::collections::BTreeSet;

/// Between brokers and controllers, or the login's; and Produce, which is walked by hand.
const NO_ROW: [i16; 10] = [0, 17, 18, 27, 36, 83, 84, 85, 86, 87];
/// APIs that are another's operation.
const SHARED: [(&str, &str); 2] = [
    ("share_fetch", "fetch"),
    ("incremental_alter_configs", "alter_configs"),
];

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[test]
fn every_api_that_a_client_may_send_has_one_row_under_its_own_name() {
    let keys = (0..200).filter(|key| sides(*key).is_some());
    let with_row: BTreeSet<i16> = rows::all().map(|row| row.key).collect();
    assert_eq!(with_row.len(), rows::all().count(), "a key twice");
    let expected: BTreeSet<i16> = keys.filter(|key| !NO_ROW.contains(key)).collect();
    assert_eq!(with_row, expected);
    for row in rows::all() {
        let name = snake(sides(row.key).unwrap().0.name);
        let shared = SHARED.iter().find(|(api, _)| *api == name);
        let name = shared.map_or(name.as_str(), |(_, operation)| operation);
        assert_eq!(row.operation.name(), name);
    }
    let reached: BTreeSet<_> = rows::all().map(|row| row.operation).collect();
    for operation in Operation::ALL {
        let produce = *operation == Operation::Produce;
        assert!(produce || reached.contains(operation), "{operation:?}");
    }
    assert_eq!(
        super::super::operation(api::PRODUCE),
        Some(Operation::Produce)
    );
    assert_eq!(super::super::operation(api::API_VERSIONS), None);
}

fn field(fields: &'static [Field], name: &str) -> &'static Field {
    let found = fields.iter().find(|field| field.name == name);
    found.unwrap_or_else(|| panic!("no field {name}"))
}

fn array(fields: &'static [Field], name: &str) -> (&'static [Field], bool) {
    let found = field(fields, name);
    assert!(matches!(found.kind, Kind::Array(_)), "{name} is no array");
    (found.fields().unwrap_or(&[]), found.fields().is_some())
}

fn each_is_there(each: &Each, request: &'static [Field], response: &'static [Field]) {
    let (asked, structs) = array(request, each.asked);
    let told = match each.told {
        "" => response,
        told => array(response, told).0,
    };
    for (from, to) in each.echo {
        assert_eq!(from.is_empty(), !structs, "{}: {from}", each.asked);
        if structs {
            assert_eq!(field(asked, from).kind, field(told, to).kind, "{from} {to}");
        }
        field(told, to);
    }
    each.set
        .iter()
        .for_each(|(name, _)| assert_eq!(field(told, name).name, *name));
    if !each.code.is_empty() {
        assert_eq!(field(told, each.code).kind, Kind::Int16);
    }
    if !each.message.is_empty() {
        assert_eq!(field(told, each.message).kind, Kind::Text);
    }
    if let Names::Topic(name, id) = each.names {
        [name, id]
            .iter()
            .filter(|it| !it.is_empty())
            .for_each(|it| assert_eq!(field(asked, it).name, *it));
    }
    let names = each.names != Names::Other;
    assert!(!names || each.says_code(), "{} says nothing", each.asked);
    each.inner
        .iter()
        .for_each(|inner| each_is_there(inner, asked, told));
}

fn tells_is_there(tells: &Tells, mut fields: &'static [Field]) {
    for name in tells.path {
        fields = array(fields, name).0;
    }
    if let Names::Topic(name, id) = tells.names {
        [name, id]
            .iter()
            .filter(|it| !it.is_empty())
            .for_each(|it| assert_eq!(field(fields, it).name, *it));
    }
}

#[test]
fn every_field_of_a_row_is_one_of_its_messages() {
    for row in rows::all() {
        let (request, response) = sides(row.key).unwrap();
        for each in row.items {
            each_is_there(each, request.fields, response.fields);
        }
        row.tells
            .iter()
            .for_each(|it| tells_is_there(it, response.fields));
        row.set
            .iter()
            .for_each(|(name, _)| assert_eq!(field(response.fields, name).name, *name));
        for other in row.others {
            let mut fields = request.fields;
            for name in other.path {
                fields = array(fields, name).0;
            }
            let element = fields.is_empty() && other.field.is_empty();
            assert!(element || field(fields, other.field).name == other.field);
        }
    }
}

/// Paths of everything in a message that is said to name a topic, by name or id.
fn topic_paths(fields: &'static [Field], at: &str, found: &mut BTreeSet<String>) {
    for field in fields {
        let path = format!("{at}/{}", field.name);
        let id = field.name.starts_with("TopicId");
        if field.entity == Some(Entity::TopicName) || id {
            found.insert(path.clone());
        }
        topic_paths(field.fields().unwrap_or(&[]), &path, found);
    }
}

/// Paths of everything that a row asks about.
fn judged_paths(items: &[Each], at: &str, found: &mut BTreeSet<String>) {
    for each in items {
        let path = format!("{at}/{}", each.asked);
        match each.names {
            Names::Topic(name, id) => {
                found.extend([name, id].map(|it| match it {
                    "" => path.clone(),
                    it => format!("{path}/{it}"),
                }));
            }
            _ => judged_paths(each.inner, &path, found),
        }
    }
}

/// What names a topic and is asked about by nobody, and why that is no leak.
const NOT_ASKED: [(i16, &str); 7] = [
    // a session's end of interest
    (1, "/ForgottenTopicsData/Topic"),
    (1, "/ForgottenTopicsData/TopicId"),
    // the controllers' own topic
    (55, "/Topics/TopicName"),
    // what the member was assigned by name before
    (68, "/TopicPartitions/TopicId"),
    // a place in a list
    (75, "/Cursor/TopicName"),
    // a picture for people
    (93, "/TopologyDescription/Subtopologies/Nodes/SourceTopics"),
    (93, "/TopologyDescription/Subtopologies/Nodes/SinkTopic"),
];

/// A new version that names a topic in a new place fails here, and not at a customer's.
#[test]
fn every_topic_that_a_request_can_name_is_asked_about() {
    for row in rows::all().filter(|row| row.key != 78) {
        let (request, _) = sides(row.key).unwrap();
        let (mut named, mut judged) = (BTreeSet::new(), BTreeSet::new());
        topic_paths(request.fields, "", &mut named);
        judged_paths(row.items, "", &mut judged);
        let by_visit = |path: &&String| row.denial == Denial::Whole && !path.ends_with("TopicId");
        let exempt = |path: &&String| {
            let known = NOT_ASKED
                .iter()
                .any(|(key, it)| *key == row.key && it == *path);
            known || path.starts_with("/TopologyDescription/GlobalStores")
        };
        let missed: Vec<_> = named
            .iter()
            .filter(|path| !judged.contains(*path) && !by_visit(path) && !exempt(path))
            .collect();
        assert!(missed.is_empty(), "{:?}: {missed:?}", row.operation);
    }
}

fn asks(row: &Row) -> bool {
    let mut judged = BTreeSet::new();
    judged_paths(row.items, "", &mut judged);
    let resources = row.items.iter().any(|each| each.names == Names::Resource);
    let whole = row.denial == Denial::Whole;
    !judged.is_empty() || resources || whole || !row.tells.is_empty()
}

#[test]
fn operations_name_topics_where_their_rows_do() {
    for row in rows::all().filter(|row| row.key != 78) {
        assert_eq!(
            row.operation.names_topics(),
            asks(row),
            "{:?}",
            row.operation
        );
    }
    assert!(
        messages::request(78, 1).is_some(),
        "ShareFetch is judged with its records"
    );
}
