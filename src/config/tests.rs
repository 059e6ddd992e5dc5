//! The language as a whole: what a good file means and warns of.
#![allow(clippy::unwrap_used)]

mod addresses;
mod faults;
mod grants;
mod include;
mod masks;
mod own;
mod registry;
mod topics;

use super::*;
use crate::chunk::{DetectorSet, Operation, Principal, UnixMillis};
use crate::policy::{Condition, Effect, Mode, Subject, Then};

const EXAMPLE: &str = include_str!("../../config/lockgate.example.yaml");

const SMALL: &str = "\
version: 1
clusters: {main: {bootstrap: [k:9092], listeners: {a: {address: 127.0.0.1:19092, broker_ports: 19100-19199, sasl: none}}}}
";

fn env(name: &str) -> Option<String> {
    (name == "KAFKA_PASSWORD").then(|| "hunter2".to_owned())
}

fn read(text: &str) -> Result<Config, Faults> {
    parse(text, "lg.yaml", &env)
}

fn told(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn warned(text: &str) -> Vec<String> {
    let config = read(&format!("{SMALL}{text}")).unwrap();
    config.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_is_a_good_file() {
    let config = read(EXAMPLE).unwrap();
    let cluster = &config.clusters[0];
    let (listen, advertise) = (19100..=19199, 19100..=19199);
    assert_eq!(
        cluster.listeners[0].brokers,
        Addressing::Ports { listen, advertise }
    );
    assert_eq!(cluster.listeners[0].sasl, Sasl::Oidc);
    assert_eq!(cluster.bootstrap[0].to_string(), "127.0.0.1:9092");
    assert_eq!(config.identity[0].token_types, ["at+jwt", "JWT"]);
    assert_eq!(config.policy_text, EXAMPLE);
    assert_eq!(config.memory, 512 << 20);
    assert_eq!(config.state, Path::new("/var/lib/lockgate/holds.db"));
    let security = &config.approvals["security"];
    assert_eq!(
        (
            security.people,
            security.within_ms,
            security.redeem_within_ms
        ),
        (1, 600_000, 3_600_000)
    );
    let rules: Vec<_> = config
        .policy
        .rules()
        .map(|rule| (rule.name.as_ref(), rule.mode))
        .collect();
    assert_eq!(
        rules,
        [
            ("analysts-see-four-digits", Mode::Enforce),
            ("cards-need-review", Mode::Enforce),
            ("contractors-stay-out", Mode::Observe),
            ("no-ssn-at-rest", Mode::Enforce),
        ]
    );
    let warnings: Vec<_> = config
        .warnings
        .iter()
        .map(|w| (w.place.line, w.what.as_str()))
        .collect();
    let in_the_clear = "no `tls`: clients' tokens and passwords cross the network in the clear";
    assert_eq!(warnings[0], (10, in_the_clear));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[1]
            .1
            .starts_with("people have 600 s for `security`, but a Java client")
    );
}

#[test]
fn the_example_decides_as_it_reads() {
    let policy = read(EXAMPLE).unwrap().policy;
    let principal = Principal {
        name: "svc".into(),
        groups: [].into(),
        issuer: "".into(),
        claims: Default::default(),
    };
    let subject = Subject {
        principal: &principal,
        client_id: "app",
        listener: "main/a",
    };
    let now = UnixMillis(1_800_000_000_000);
    let rules = |topic| policy.scope(&subject, Operation::Produce, topic, now);
    let cards = crate::scan::detector("payment_card").unwrap();
    assert!(rules("payments.eu").detectors.contains(cards));
    assert!(!rules("orders").detectors.contains(cards));
    assert_eq!(rules("orders").valid_until, None);
    assert!(rules("payments.vault.eu").valid_until.is_some());
    assert!(
        policy
            .scope(&subject, Operation::Fetch, "orders", now)
            .is_empty()
    );
}

#[test]
fn a_small_file_has_every_default() {
    let config = read(SMALL).unwrap();
    let cluster = &config.clusters[0];
    assert_eq!(cluster.listeners[0].advertise, "127.0.0.1");
    assert_eq!(cluster.credential, Credential::None);
    assert_eq!(cluster.telemetry, Telemetry::Withhold);
    assert_eq!(config.audit.directory, Path::new("/var/lib/lockgate/audit"));
    assert_eq!(config.state, Path::new("/var/lib/lockgate/holds.db"));
    assert_eq!(
        (config.io, config.cores, config.http),
        (Io::Auto, None, Http::default())
    );
    let Defaults {
        mode,
        wait_ms,
        then,
    } = config.defaults;
    assert_eq!((mode, wait_ms, then), (Mode::Enforce, 3_000, Then::Retry));
    assert_eq!(config.policy.detectors(), DetectorSet::default());
    assert!(config.warnings.is_empty());
}

#[test]
fn the_hash_is_of_the_text() {
    // FIPS 180-4: SHA-256 of the empty message.
    assert_eq!(sha256("")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    let one = read(SMALL).unwrap().policy.hash;
    assert_ne!(read(&format!("{SMALL}# more\n")).unwrap().policy.hash, one);
}

#[test]
fn secrets_come_from_outside_and_are_told_to_nobody() {
    let with = |password: &str| {
        SMALL.replace("listeners:", &format!(
            "upstream: {{credential: {{kind: scram, username: u, password: {password}}}}}, listeners:"
        ))
    };
    let config = read(&with("\"${KAFKA_PASSWORD}\"")).unwrap();
    let Credential::Scram {
        mechanism,
        password,
        ..
    } = &config.clusters[0].credential
    else {
        panic!()
    };
    assert_eq!((*mechanism, password.expose()), (Scram::Sha512, "hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
    let plain = told(&with("hunter3"));
    assert!(
        plain.contains("a secret in plain text") && !plain.contains("hunter3"),
        "{plain}"
    );
    assert!(told(&with("\"${GONE}\"")).contains("the environment has no `GONE`"));
    let elsewhere = told(&SMALL.replace("k:9092", "\"${KAFKA_PASSWORD}:1\""));
    assert!(
        elsewhere.contains("the environment is read for secrets only"),
        "{elsewhere}"
    );
}

#[test]
fn warnings_say_what_may_surprise() {
    let text = "\
lists: {spare: [a]}
approvals: {slow: {stages: [{any_of: [g], within: 3m}]}, idle: {stages: [{any_of: [g]}]}}
rules:
  a: {when: {operations: [produce]}, if: always, then: {hold: {ask: slow}}}
  b: {when: {operations: [produce]}, if: always, then: {hold: {ask: slow}}}
  c: {when: {operations: [produce]}, if: always, then: {hold: {ask: slow, meanwhile: {then: refuse}}}}
exceptions: {e: {lifts: [a], when: {topics: [t]}, reason: r, until: 2020-01-01}}
";
    assert_eq!(
        warned(text),
        [
            "lg.yaml:3:9: warning: nothing uses the list `spare`",
            "lg.yaml:4:13: warning: people have 180 s for `slow`, but a Java client gives up after \
         120 s and some others after 3 s: what is approved later is written only when the client \
         sends it again",
            "lg.yaml:4:58: warning: no rule asks the approval policy `idle`",
            "lg.yaml:9:69: warning: the exception `e` has ended and lifts nothing",
        ]
    );
}

/// Readers learn every operation from it, and only those there are.
#[test]
fn the_documented_operations_are_these() {
    let text = include_str!("../../docs/configuration.md");
    let (_, rest) = text
        .split_once("| | operations |\n| --- | --- |\n")
        .unwrap();
    let rows = rest.lines().take_while(|line| line.starts_with('|'));
    let mut named: Vec<&str> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .collect();
    let mut all: Vec<&str> = Operation::ALL.iter().map(|it| it.name()).collect();
    named.sort_unstable();
    all.sort_unstable();
    assert_eq!(named, all);
}

#[test]
fn operations_that_a_rule_cannot_meet_are_told() {
    let text = "\
rules:
  a: {when: {operations: [list_groups, delete_topics], topics: [\"hr.*\"]}, if: always, then: {block: {reason: r}}}
  b: {when: {operations: [produce, metadata]}, if: {contains: {any: [us_ssn]}}, then: {block: {reason: r}}}
  c: {when: {operations: [delete_topics, alter_configs], groups: [interns]}, if: always, then: {block: {reason: r}}}
";
    assert_eq!(
        warned(text),
        [
            "lg.yaml:4:13: warning: `list_groups` never names a topic, so `topics` keeps the rule \
             from it",
            "lg.yaml:5:87: warning: `contains` looks into records: the rule never matches metadata",
        ]
    );
}

#[test]
fn a_rule_may_differ_from_the_defaults() {
    let text = "\
defaults: {mode: observe, meanwhile: {wait: 1s, then: refuse}}
approvals: {s: {stages: [{any_of: [g]}]}}
rules:
  a: {when: {operations: [produce]}, if: always, then: {hold: {ask: s}}}
  b: {mode: enforce, when: {operations: [produce]}, if: always, then: {hold: {ask: s, meanwhile: {wait: 500ms}}}}
";
    let config = read(&format!("{SMALL}{text}")).unwrap();
    let terms = config
        .policy
        .rules()
        .map(|rule| match (&rule.condition, &rule.effect) {
            (Condition::Always, Effect::Hold(hold)) => (rule.mode, hold.wait_ms, hold.then),
            other => panic!("{other:?}"),
        });
    let terms: Vec<_> = terms.collect();
    assert_eq!(
        terms,
        [
            (Mode::Observe, 1_000, Then::Refuse),
            (Mode::Enforce, 500, Then::Refuse)
        ]
    );
}
