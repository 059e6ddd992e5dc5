//! What a broker may send: four bytes of API key and version, then a whole frame.

use super::keyed;
use lockgate::kafka::addresses::{self, Cleaned, Mapping};
use lockgate::kafka::api::{self, Allowed};
use lockgate::kafka::api_versions;
use lockgate::kafka::frame;
use lockgate::kafka::messages::value::{Struct, Value};
use lockgate::kafka::messages::{self, Message};

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

/// A gateway to which every second broker is not exposed.
pub struct Gateway;

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

/// No host and port in it but the gateway's.
pub fn only_the_gateway(tree: &Struct) {
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
