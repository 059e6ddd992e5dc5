//! Deciding over a thousand rules: what a chunk costs once its scope is known.
//!
//! A hundred teams with ten rules each, every topic within reach of ten of them, as in
//! `config/examples/ten-teams`. Prints nanoseconds per decision and fails past a microsecond.

use lockgate::chunk::{
    DetectorId, Finding, Form, Likelihood, Operation, Part, Principal, UnixMillis,
};
use lockgate::data_plane::session::Session;
use lockgate::policy::{Evidence, Policy};
use std::hint::black_box;
use std::time::{Duration, Instant};

const TEAMS: usize = 100;
const RULES_OF_TEAM: usize = 10;
const CHUNKS: u32 = 1_000_000;
const NS_MAX: u128 = 1_000;
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn main() {
    let policy = policy();
    assert_eq!(policy.rules().count(), TEAMS * RULES_OF_TEAM);
    let clean = measured("clean", &policy, &[]);
    let one = Finding {
        detector: DetectorId(0),
        likelihood: Likelihood::Likely,
        record: 0,
        part: Part::Value,
        form: Form::Plain,
        start: 0,
        end: 11,
    };
    let found = measured("a finding that no rule is about", &policy, &[one]);
    assert!(clean.as_nanos() <= NS_MAX && found.as_nanos() <= NS_MAX);
}

fn policy() -> Policy {
    let mut text = String::from(
        "version: 1\nclusters: {main: {bootstrap: [k:9092], listeners: {a: {address: 127.0.0.1:19092, \
         broker_ports: 19100-19199, sasl: none}}}}\nrules:\n",
    );
    for rule in 0..TEAMS * RULES_OF_TEAM {
        let team = rule / RULES_OF_TEAM;
        text += &format!(
            "  r{rule}: {{when: {{operations: [produce], topics: [\"team-{team}.*\"]}}, \
             if: {{contains: {{any: [payment_card, iban]}}}}, then: {{mask: full}}}}\n"
        );
    }
    let config = lockgate::config::parse(&text, "bench", &|_| None).expect("the text is sound");
    config.policy
}

/// The time of one decision, the look-up of its scope among those of all topics included.
fn measured(what: &str, policy: &Policy, findings: &[Finding]) -> Duration {
    let principal = Principal {
        name: "svc".into(),
        groups: [].into(),
        issuer: "".into(),
        claims: Default::default(),
    };
    let session = Session::new(1, principal, "bench".into(), "main/a".into(), None);
    let topics: Vec<String> = (0..TEAMS)
        .map(|team| format!("team-{team}.orders"))
        .collect();
    let evidence = Evidence {
        findings,
        ..Evidence::NONE
    };
    let decide = |topic: &str| {
        let scope = session.scope(policy, Operation::Produce, topic.as_bytes(), NOW);
        black_box(policy.decide(&scope, black_box(&evidence), NOW));
    };
    topics.iter().for_each(|topic| decide(topic));
    let began = Instant::now();
    for chunk in 0..CHUNKS {
        decide(&topics[chunk as usize % TEAMS]);
    }
    let each = began.elapsed() / CHUNKS;
    println!(
        "policy: {what}: {} ns per chunk, 1,000 rules",
        each.as_nanos()
    );
    each
}
