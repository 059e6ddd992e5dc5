//! Replies made from the table of layouts, with an address wherever a broker could put one.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::api::{self, Treatment};
use crate::kafka::messages::samples::{Sample, UNKNOWN_TAG};
use crate::kafka::messages::{Field, Kind};
use proptest::prelude::*;

/// Real hosts all hold this, and nothing else in the tests does.
const REAL: &str = "real-broker";

/// Exposes brokers with even ids.
struct Even;

impl Mapping for Even {
    fn map(&self, node_id: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        (node_id % 2 == 0).then_some(("gw.example.com", 19_100))
    }
}

fn leaks(frame: &[u8]) -> bool {
    memchr::memmem::find(frame, REAL.as_bytes()).is_some()
}

/// A reply frame; `tagged` gives its header a tag that nobody knows.
fn frame(layout: &Message, version: i16, body: &[u8], tagged: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = writer.frame_begin();
    writer.i32(42);
    if layout.is_flexible(version) {
        writer.uvarint(tagged.into());
        if tagged {
            writer.uvarint(3);
            writer.uvarint(UNKNOWN_TAG.len() as u32);
            writer.raw(UNKNOWN_TAG);
        }
    }
    writer.raw(body);
    writer.frame_end(start);
    out
}

/// What a client sees of a reply.
fn seen(layout: &'static Message, version: i16, frame: &[u8]) -> Vec<u8> {
    let cleaned = clean_reply(layout.key, version, frame, &Even);
    match cleaned.unwrap_or_else(|e| panic!("{} v{version}: {e}", layout.name)) {
        Cleaned::AsIs => frame.to_vec(),
        Cleaned::Made(made) => made,
    }
}

/// Every reply that goes through here, in every version that the table passes or will pass.
fn replies() -> impl Iterator<Item = (&'static Message, i16)> {
    let apis = api::TABLE.iter();
    let apis = apis.filter(|api| matches!(api.treatment, Treatment::Relay | Treatment::Rewrite));
    apis.flat_map(|api| {
        let versions = (api.min..20).map_while(|v| Some((messages::response(api.key, v)?, v)));
        versions.collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn unknown_tags_never_leave(seed in any::<u64>(), in_header in any::<bool>()) {
        let mut changed = 0;
        for (layout, version) in replies() {
            let body = Sample::of(layout, version, seed, true);
            let frame = frame(layout, version, &body, in_header);
            let seen = seen(layout, version, &frame);
            prop_assert!(!leaks(&seen), "{} v{version}", layout.name);
            prop_assert_eq!(&seen[4..8], &[0, 0, 0, 42]);
            changed += usize::from(seen != frame);
            let (again, body) = parts(layout.key, version, &seen).unwrap();
            prop_assert!(messages::check(again, version, body).is_ok());
        }
        prop_assert!(changed > 50);
    }

    #[test]
    fn what_is_known_leaves_as_it_came(seed in any::<u64>()) {
        for (layout, version) in replies() {
            if api::lookup(layout.key).unwrap().treatment == Treatment::Rewrite {
                continue;
            }
            let body = Sample::of(layout, version, seed, false);
            let plain = frame(layout, version, &body, false);
            let cleaned = clean_reply(layout.key, version, &plain, &Even).unwrap();
            prop_assert_eq!(cleaned, Cleaned::AsIs, "{} v{}", layout.name, version);
            let body = Sample::of(layout, version, seed, true);
            let tagged = frame(layout, version, &body, true);
            prop_assert_eq!(seen(layout, version, &tagged), plain);
        }
    }

    #[test]
    fn any_bytes_are_a_reply_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..120), key in 0i16..96, version in 0i16..12,
    ) {
        if let Ok(Cleaned::Made(made)) = clean_reply(key, version, &bytes, &Even) {
            prop_assert!(made.len() <= bytes.len() * 4);
        }
    }

    #[test]
    fn a_cut_reply_is_an_error(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
        for (layout, version) in replies() {
            let body = Sample::of(layout, version, seed, true);
            let mut cut = frame(layout, version, &body, false);
            cut.truncate(at.index(cut.len()));
            prop_assert!(clean_reply(layout.key, version, &cut, &Even).is_err());
        }
    }
}

#[test]
fn controllers_keep_their_ids_alone() {
    for version in 0..=2 {
        let layout = messages::response(DESCRIBE_QUORUM, version).unwrap();
        let mut reply = layout.defaults();
        let mut node = reply.element("Nodes");
        let mut listener = node.element("Listeners");
        listener.set("Name", "CONTROLLER");
        listener.set("Host", REAL);
        listener.set("Port", 9093);
        node.set("NodeId", 7);
        node.push("Listeners", listener);
        reply.push("Nodes", node);
        let body = messages::encode(layout, version, &reply);
        let seen = seen(layout, version, &frame(layout, version, &body, false));
        assert!(!leaks(&seen));
        let (_, body) = parts(DESCRIBE_QUORUM, version, &seen).unwrap();
        let reply = messages::decode(layout, version, body).unwrap();
        let nodes: Vec<_> = reply.structs("Nodes").collect();
        assert_eq!(nodes.len(), usize::from(version >= 2));
        for node in nodes {
            assert_eq!((node.i32("NodeId"), node.array("Listeners").len()), (7, 0));
        }
    }
}

#[test]
fn leaders_are_mapped_or_left_out() {
    for version in 1..=2 {
        let layout = messages::response(SHARE_ACKNOWLEDGE, version).unwrap();
        let mut reply = layout.defaults();
        for node in [1, 2] {
            let mut endpoint = reply.element("NodeEndpoints");
            endpoint.set("NodeId", node);
            endpoint.set("Host", REAL);
            endpoint.set("Port", 9092);
            endpoint.set("Rack", "rack-a");
            reply.push("NodeEndpoints", endpoint);
        }
        let body = messages::encode(layout, version, &reply);
        let seen = seen(layout, version, &frame(layout, version, &body, false));
        let (_, body) = parts(SHARE_ACKNOWLEDGE, version, &seen).unwrap();
        let reply = messages::decode(layout, version, body).unwrap();
        let told: Vec<_> = reply.structs("NodeEndpoints").collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].i32("NodeId"), 2);
        assert_eq!(told[0].text("Host"), Some("gw.example.com"));
        assert_eq!(told[0].i32("Port"), 19_100);
        assert_eq!(told[0].text("Rack"), Some("rack-a"));
    }
}

/// Type of resource, setting, value; whether a client may see the value.
const SETTINGS: &[(i8, &str, &str, bool)] = &[
    (4, "listeners", "SASL://real-broker:9092", false),
    (4, "advertised.listeners", "real-broker", false),
    (4, "controller.quorum.voters", "1@real-broker:9093", false),
    (4, "plugin.of.its.own", "x,real-broker:9092", false),
    (4, "controller.listener.names", "CONTROLLER", true),
    (4, "broker.rack", "rack-a", true),
    (2, "leader.replication.throttled.replicas", "0:1,1:2", true),
    (2, "retention.ms", "604800000", true),
];

#[test]
fn settings_that_are_addresses_are_withheld() {
    for version in 1..=4 {
        let layout = messages::response(DESCRIBE_CONFIGS, version).unwrap();
        let mut reply = layout.defaults();
        for (kind, name, value, _) in SETTINGS {
            let mut result = reply.element("Results");
            result.set("ResourceType", *kind);
            let mut config = result.element("Configs");
            let mut synonym = config.element("Synonyms");
            for one in [&mut config, &mut synonym] {
                one.set("Name", *name);
                one.set("Value", *value);
            }
            config.push("Synonyms", synonym);
            config.set("Documentation", "What it is for.");
            result.push("Configs", config);
            reply.push("Results", result);
        }
        let body = messages::encode(layout, version, &reply);
        let seen = seen(layout, version, &frame(layout, version, &body, false));
        assert!(!leaks(&seen), "v{version}");
        let (_, body) = parts(DESCRIBE_CONFIGS, version, &seen).unwrap();
        let told = messages::decode(layout, version, body).unwrap();
        for (result, (_, name, value, visible)) in told.structs("Results").zip(SETTINGS) {
            let config = result.structs("Configs").next().unwrap();
            let value = visible.then_some(*value);
            assert_eq!(
                (config.text("Name"), config.text("Value")),
                (Some(*name), value)
            );
            assert_eq!(config.bool("IsSensitive"), !visible);
            let synonym = config.structs("Synonyms").next().unwrap();
            assert_eq!(synonym.text("Value"), value);
        }
        // A small broker's settings, none of them an address: the same bytes.
        let mut plain = layout.defaults();
        for result in reply
            .structs("Results")
            .filter(|r| r.i16("ResourceType") == 2)
        {
            plain.push("Results", result.clone());
        }
        let body = messages::encode(layout, version, &plain);
        let plain = frame(layout, version, &body, false);
        assert_eq!(self::seen(layout, version, &plain), plain);
    }
}

/// A field of a new release whose name says "address" is judged before it passes.
#[test]
fn every_field_that_sounds_like_an_address_was_judged() {
    fn collect(path: &str, fields: &'static [Field], found: &mut Vec<String>) {
        for field in fields {
            let path = format!("{path}.{}", field.name);
            let name = field.name.to_lowercase();
            let words = ["host", "endpoint", "listener", "address", "server", "url"];
            let text = matches!(
                field.kind,
                Kind::Text | Kind::Bytes | Kind::Array(Kind::Text | Kind::Bytes)
            );
            if text && words.iter().any(|word| name.contains(word)) {
                found.push(path.clone());
            }
            collect(&path, field.fields().unwrap_or(&[]), found);
        }
    }
    let mut found = Vec::new();
    for key in 0..200 {
        let newest = (0..30)
            .rev()
            .find_map(|version| messages::response(key, version));
        if let Some(layout) = newest {
            collect(layout.name, layout.fields, &mut found);
        }
    }
    assert_eq!(found, JUDGED, "\n{}", found.join("\n"));
}

/// `clean.rs` says what becomes of each.
const JUDGED: &[&str] = &[
    "Produce.NodeEndpoints.Host",
    "Fetch.NodeEndpoints.Host",
    "Metadata.Brokers.Host",
    "FindCoordinator.Host",
    "FindCoordinator.Coordinators.Host",
    "DescribeGroups.Groups.Members.ClientHost",
    "DescribeAcls.Resources.Acls.Host",
    "DeleteAcls.FilterResults.MatchingAcls.Host",
    "DescribeQuorum.Nodes.Listeners.Host",
    "DescribeCluster.Brokers.Host",
    "ConsumerGroupDescribe.Groups.Members.ClientHost",
    "ShareGroupDescribe.Groups.Members.ClientHost",
    "ShareFetch.NodeEndpoints.Host",
    "ShareAcknowledge.NodeEndpoints.Host",
    "StreamsGroupHeartbeat.PartitionsByUserEndpoint.UserEndpoint.Host",
    "StreamsGroupDescribe.Groups.Members.ClientHost",
    "StreamsGroupDescribe.Groups.Members.UserEndpoint.Host",
];
