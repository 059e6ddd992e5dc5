//! The table against Kafka's definitions, kafka-protocol, and what the documentation says.
#![allow(clippy::unwrap_used)]

use super::*;
use kafka_protocol::messages::ApiKey;

#[test]
fn every_line_agrees_with_kafka_protocol() {
    for api in TABLE {
        let Ok(known) = ApiKey::try_from(api.key) else {
            continue; // newer than kafka-protocol
        };
        assert_eq!(api.name.to_uppercase(), format!("{known:?}").to_uppercase());
        let valid = known.valid_versions();
        for version in api.min..=api.max.min(valid.max) {
            let flexible = known.request_header_version(version) == 2;
            assert_eq!(version >= api.flexible, flexible, "{} v{version}", api.name);
        }
    }
}

#[test]
fn keys_are_in_order_and_found() {
    assert!(TABLE.is_sorted_by(|a, b| a.key < b.key));
    assert!(REFUSED.is_sorted_by(|a, b| a.key < b.key));
    for api in TABLE {
        assert_eq!(lookup(api.key), Some(api));
    }
    assert_eq!(lookup(52), None);
    assert_eq!(lookup(-1), None);
}

/// Every API and version of Kafka's newest definitions was judged, once.
#[test]
fn every_version_is_passed_or_refused_on_purpose() {
    for key in 0..200 {
        let Some(layout) = messages::described(key) else {
            assert_eq!(lookup(key), None);
            continue;
        };
        for version in layout.versions.0..=layout.versions.1 {
            let passed = treatment(key, version) != Treatment::Refuse;
            let judged = [passed, refused(key, version)];
            let times = judged.iter().filter(|once| **once).count();
            assert_eq!(times, 1, "{} v{version}: {judged:?}", layout.name);
        }
    }
}

fn refused(key: i16, version: i16) -> bool {
    let here = |refused: &&Refused| {
        refused.key == key && (refused.versions.0..=refused.versions.1).contains(&version)
    };
    REFUSED.iter().any(|refused| here(&refused))
}

/// The versions where a newer message would carry what nobody here judges. Raising one of these is
/// a decision, not a clean-up.
#[test]
fn versions_that_would_leak_stay_out() {
    for (key, version) in [
        (PRODUCE, 14),
        (FETCH, 19),
        (METADATA, 14),
        (ADD_PARTITIONS_TO_TXN, 4),
        (INIT_PRODUCER_ID, 6),
        (CONSUMER_GROUP_HEARTBEAT, 2),
        (PRODUCE, 2),
        (WRITE_TXN_MARKERS, 1),
        (ADD_RAFT_VOTER, 0),
        (WRITE_SHARE_GROUP_STATE, 0),
        (95, 0),
    ] {
        let told = treatment(key, version);
        assert_eq!(told, Treatment::Refuse, "{key} v{version}");
    }
    assert_eq!(treatment(METADATA, 13), Treatment::Rewrite);
    assert_eq!(treatment(DESCRIBE_CONFIGS, 4), Treatment::Rewrite);
    assert_eq!(treatment(DESCRIBE_QUORUM, 2), Treatment::Rewrite);
}

#[test]
fn only_the_login_itself_comes_before_the_login() {
    let early: Vec<_> = TABLE
        .iter()
        .filter(|api| api.before_login)
        .map(|a| a.name)
        .collect();
    assert_eq!(early, ["SaslHandshake", "ApiVersions", "SaslAuthenticate"]);
}

#[test]
fn conditions_are_met_by_configuration_alone() {
    let conditional = |allowed: Allowed| {
        let met = TABLE.iter().filter(|api| api.only != Condition::Always);
        met.filter(|api| allowed.meets(api.only)).count()
    };
    assert_eq!(conditional(Allowed::default()), 0);
    let telemetry = Allowed {
        telemetry: true,
        own_login: false,
    };
    assert_eq!(conditional(telemetry), 2);
    let own_login = Allowed {
        telemetry: false,
        own_login: true,
    };
    assert_eq!(conditional(own_login), 4);
}

fn span(first: i16, last: i16) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    }
}

/// The lines of a table in `docs/limits.md`.
fn documented(head: &str) -> Vec<&'static str> {
    let text = include_str!("../../../docs/limits.md");
    let (_, rest) = text.split_once(head).unwrap();
    rest.lines().take_while(|l| l.starts_with('|')).collect()
}

/// Readers of `docs/limits.md` learn from it what their clients may use.
#[test]
fn the_documented_table_is_this_one() {
    let line = |api: &Api| {
        let versions = span(api.min, api.max);
        let treatment = match (api.treatment, api.only) {
            (_, Condition::Telemetry) => "withheld unless `telemetry: pass`",
            (_, Condition::OwnLogin) => "withheld unless clients log in to the broker themselves",
            (Treatment::Relay, _) => "passed",
            (Treatment::Inspect, _) => "records inspected",
            (Treatment::Rewrite, _) => "passed, addresses in the reply replaced",
            (Treatment::Answer, _) => "answered by the gateway",
            (Treatment::Refuse, _) => "refused",
        };
        format!("| {} | {} | {versions} | {treatment} |", api.key, api.name)
    };
    let head = "| key | API | versions | |\n| --- | --- | --- | --- |\n";
    let lines: Vec<_> = TABLE.iter().map(line).collect();
    assert_eq!(documented(head), lines, "\n{}", lines.join("\n"));
}

/// And what is refused, and why.
#[test]
fn the_documented_refusals_are_these() {
    let name = |key| messages::described(key).unwrap().name;
    let line = |key, (first, last), reason: &str| {
        format!(
            "| {key} | {} | {} | {reason} |",
            name(key),
            span(first, last)
        )
    };
    let lines: Vec<_> = REFUSED
        .iter()
        .map(|r| line(r.key, r.versions, r.reason))
        .collect();
    let head = "| key | API | versions | why it is refused |\n| --- | --- | --- | --- |\n";
    assert_eq!(documented(head), lines, "\n{}", lines.join("\n"));
}
