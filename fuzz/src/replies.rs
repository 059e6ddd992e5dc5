//! What a broker may send: four bytes of API key and version, then a whole frame.

use super::keyed;
use lockgate::kafka::addresses::{self, Cleaned, Mapping};
use lockgate::kafka::api::{self, Allowed};
use lockgate::kafka::api_versions;
use lockgate::kafka::fetch::{self, Fetched, Outcome};
use lockgate::kafka::frame;
use lockgate::kafka::messages::value::{Struct, Value};
use lockgate::kafka::messages::{self, Message};
use lockgate::kafka::produce;

/// Produce: the outcomes that are walked are those that are read.
pub fn produce(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut walked = 0;
    let walk = produce::for_each_ack(frame, version, &mut |_, _, _, _| walked += 1);
    let read = produce::parse_response(frame, version);
    assert_eq!(walk.is_ok(), read.is_ok());
    if let Ok(response) = read {
        let partitions = response.topics.iter().map(|(_, them)| them.len());
        assert_eq!(walked, partitions.sum::<usize>());
    }
}

/// Fetch: spans lie in the frame, and a reply made anew keeps what it was told to keep.
pub fn fetch(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut parsed = Fetched::default();
    if fetch::parse_response(frame, version, &mut parsed).is_err() {
        return;
    }
    for chunk in &parsed.chunks {
        assert!(frame.get(chunk.records.clone()).is_some());
    }
    let mut emptied = |index: usize| match index % 2 {
        0 => Outcome::AsIs,
        _ => Outcome::Error(29),
    };
    let again = fetch::rebuild_response(frame, version, &parsed, &mut emptied);
    let mut second = Fetched::default();
    let read = fetch::parse_response(&again, version, &mut second);
    assert!(read.is_ok(), "{read:?}");
    for (index, (was, is)) in parsed.chunks.iter().zip(&second.chunks).enumerate() {
        assert_eq!(was.partition, is.partition);
        match index % 2 {
            0 => assert_eq!(frame[was.records.clone()], again[is.records.clone()]),
            _ => assert!(is.error == 29 && is.records.is_empty()),
        }
    }
    let mut rubbed = frame.to_vec();
    let all = 0..rubbed.len();
    fetch::blank_tail(&mut rubbed, all);
}

/// Any reply: without unknown tags it is what it was.
pub fn any(data: &[u8]) {
    let Some((message, version, body)) = body(data) else {
        return;
    };
    let mut stripped = Vec::new();
    let strip = messages::strip(message, version, body, &mut stripped);
    let Ok(tree) = messages::decode(message, version, body) else {
        return;
    };
    assert!(strip.is_ok(), "what reads can be stripped: {strip:?}");
    let checked = messages::check(message, version, &stripped);
    assert!(checked.is_ok_and(|found| !found.unknown_tags));
    // By bytes: a number may be no number, which is not even equal to itself.
    let written = messages::encode(message, version, &tree);
    let again = messages::decode(message, version, &stripped);
    let again = again.map(|tree| messages::encode(message, version, &tree));
    assert_eq!(again, Ok(written));
}

fn body(data: &[u8]) -> Option<(&'static Message, i16, &[u8])> {
    let (key, version, frame) = keyed(data)?;
    let at = frame::response_body(frame, key, version).ok()?;
    Some((messages::response(key, version)?, version, frame.get(at..)?))
}

/// Every second broker is not exposed.
struct Gateway;

impl Mapping for Gateway {
    fn map(&self, node_id: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        (node_id % 2 == 0).then_some(("gw", 9092))
    }
}

/// Replies whose hosts and ports are those of brokers and controllers.
const WITH_ADDRESSES: [i16; 5] = [
    api::METADATA,
    api::FIND_COORDINATOR,
    api::DESCRIBE_CLUSTER,
    api::SHARE_ACKNOWLEDGE,
    api::DESCRIBE_QUORUM,
];

/// Whatever a broker says, no client reads another address than the gateway's, nor a tag that nobody
/// knows; what is clean stays as it is.
pub fn addresses(data: &[u8]) {
    let Some((key, version, frame)) = keyed(data) else {
        return;
    };
    if key == api::METADATA {
        let _ = addresses::learn_brokers(version, frame);
    }
    let sound = body(data)
        .is_some_and(|(message, version, body)| messages::decode(message, version, body).is_ok());
    let cleaned = match addresses::clean_reply(key, version, frame, &Gateway) {
        Ok(Cleaned::Made(made)) => made,
        Ok(Cleaned::AsIs) => frame.to_vec(),
        Err(fault) => return assert!(!sound, "{fault}"),
    };
    assert_eq!(
        frame::response_correlation_id(&cleaned),
        frame::response_correlation_id(frame)
    );
    // A null that the layout forbids is passed as it came; no client can read such a reply.
    if !sound {
        return;
    }
    let whole = [&data[..4], &cleaned].concat();
    let Some((message, version, body)) = body(&whole) else {
        panic!("no reply any more")
    };
    let checked = messages::check(message, version, body);
    assert!(
        checked.is_ok_and(|found| !found.unknown_tags),
        "{checked:?}"
    );
    match messages::decode(message, version, body) {
        Ok(tree) if WITH_ADDRESSES.contains(&key) => only_the_gateway(&tree),
        Ok(_) => {}
        Err(fault) => panic!("{fault}"),
    }
    let twice = addresses::clean_reply(key, version, &cleaned, &Gateway);
    assert!(twice == Ok(Cleaned::AsIs) || twice == Ok(Cleaned::Made(cleaned)));
}

fn only_the_gateway(tree: &Struct) {
    for (field, value) in tree.iter() {
        match value {
            Value::Text(host) if field.name == "Host" => {
                assert!(host.is_empty() || host == "gw", "{host}");
            }
            Value::Int(port) if field.name == "Port" => {
                assert!(matches!(port, -1 | 0 | 9092), "{port}");
            }
            Value::Struct(inner) => only_the_gateway(inner),
            Value::Array(all) => {
                let inner = all.iter().filter_map(Value::inner);
                inner.for_each(only_the_gateway);
            }
            _ => {}
        }
    }
}

/// ApiVersions: whatever a broker offers, what is answered is never more than the table.
pub fn api_versions(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let Ok(offered) = api_versions::parse_response(version, frame) else {
        return;
    };
    for (telemetry, own_login) in [(false, false), (true, true)] {
        let allowed = Allowed {
            telemetry,
            own_login,
        };
        let clamped = api_versions::intersect(&offered, allowed);
        for asked in 0..=5 {
            let reply = api_versions::answer(asked, 1, &clamped);
            let heard = api_versions::parse_response(asked, &reply);
            let heard = heard.map(|offered| offered.apis);
            assert!(heard.is_ok(), "version {asked}: {heard:?}");
            for range in heard.unwrap_or_default() {
                let known = api::lookup(range.key);
                assert!(known.is_some_and(|api| allowed.meets(api.only)));
                assert!(clamped.speaks(range.key, range.max));
            }
        }
    }
}
