//! Short words for the tests of this room: rules, findings, and one subject to judge.

use super::{
    Condition, Contains, Effect, Evidence, Exception, Hold, Mode, Parts, Policy, Rule, Scope,
    Subject, Then, Verdict, Want, When,
};
use crate::chunk::{
    Covers, DetectorId, DetectorSet, Finding, Form, Likelihood, Operation, Part, Principal,
    UnixMillis,
};
use std::sync::Arc;

pub(super) const NOW: UnixMillis = UnixMillis(1_000);

pub(super) fn principal() -> Principal {
    Principal {
        name: "ann".into(),
        groups: vec!["g".to_owned()].into(),
        issuer: "".into(),
        claims: Default::default(),
    }
}

pub(super) fn finding(detector: u8, record: u32) -> Finding {
    let (likelihood, part) = (Likelihood::Likely, Part::Value);
    Finding {
        detector: DetectorId(detector),
        likelihood,
        record,
        part,
        form: Form::Plain,
        start: 0,
        end: 9,
    }
}

pub(super) fn contains(detectors: u128, want: Want, at_least: u32) -> Condition {
    let detectors = DetectorSet(detectors);
    Condition::Contains(Contains {
        detectors,
        want,
        at_least,
        parts: Parts::ALL,
        likelihood: Likelihood::Likely,
        fields: None,
    })
}

pub(super) fn rule(name: &str, condition: Condition, effect: Effect) -> Rule {
    let (owner, when) = (None, When::default());
    Rule {
        name: name.into(),
        owner,
        mode: Mode::Enforce,
        when,
        condition,
        effect,
    }
}

pub(super) fn hold(ask: &str, wait_ms: u64, then: Then) -> Effect {
    Effect::Hold(Hold {
        ask: ask.into(),
        wait_ms,
        then,
        covers: Covers::Records,
        for_ms: None,
    })
}

pub(super) fn block(reason: &str) -> Effect {
    Effect::Block {
        reason: reason.into(),
    }
}

pub(super) fn exception(name: &str, lifts: &[&str], until: i64) -> Exception {
    Exception {
        name: name.into(),
        lifts: lifts.iter().map(|l| Arc::from(*l)).collect(),
        when: When::default(),
        reason: "SEC-1".into(),
        until: UnixMillis(until),
    }
}

pub(super) fn policy(rules: &[Rule], exceptions: &[Exception]) -> Policy {
    Policy::new([7; 32], rules.to_vec(), exceptions.to_vec(), Mode::Enforce)
}

pub(super) fn verdict(policy: &Policy, evidence: &Evidence<'_>) -> Verdict {
    policy.decide(&scope(policy), evidence, NOW)
}

pub(super) fn scope(policy: &Policy) -> Scope {
    let principal = principal();
    let subject = Subject {
        principal: &principal,
        client_id: "app",
        listener: "main/a",
    };
    policy.scope(&subject, Operation::Produce, "orders", NOW)
}

pub(super) fn found(findings: &[Finding]) -> Evidence<'_> {
    Evidence {
        findings,
        ..Evidence::NONE
    }
}
