//! What holds for every policy: the promises of this room, and the gate against its definition.

#![allow(clippy::unwrap_used)]

use super::fixtures::{
    NOW, block, contains, exception, finding, found, hold, policy, principal, verdict,
};
use super::{
    Cause, Causes, Condition, Contains, Effect, Evidence, Exception, Gate, Mode, Pattern, Policy,
    Records, Rule, Subject, Target, Then, UNREADABLE, Unreadable, Verdict, Want, When,
};
use crate::chunk::{DetectorId, Finding, Likelihood, Operation};
use crate::scan::mask::{JsonNumber, Mask, MaskStyle};
use proptest::prelude::*;
use std::sync::Arc;

fn any_condition() -> impl Strategy<Value = Condition> {
    let want = prop_oneof![Just(Want::Any), Just(Want::All)];
    prop_oneof![
        1 => Just(Condition::Always),
        1 => Just(Condition::FirstUse),
        1 => any_causes().prop_map(Condition::Unreadable),
        4 => (1u128..8, want, 1u32..3, any_likelihood()).prop_map(|(d, w, n, likelihood)| {
            match contains(d, w, n) {
                Condition::Contains(contains) => Condition::Contains(Contains { likelihood, ..contains }),
                other => other,
            }
        }),
    ]
}

fn any_causes() -> impl Strategy<Value = Causes> {
    prop::collection::vec(prop::sample::select(Cause::ALL.to_vec()), 1..4)
        .prop_map(|causes| causes.into_iter().collect())
}

fn any_unreadable() -> impl Strategy<Value = Option<Unreadable<'static>>> {
    let cause = prop::sample::select(Cause::ALL.to_vec());
    prop::option::weighted(
        0.4,
        cause.prop_map(|cause| Unreadable { cause, why: "why" }),
    )
}

fn any_likelihood() -> impl Strategy<Value = Likelihood> {
    use Likelihood::{Certain, Likely, Possible};
    prop::sample::select(vec![Possible, Likely, Likely, Certain])
}

fn any_effect() -> impl Strategy<Value = Effect> {
    let then = prop_oneof![Just(Then::Retry), Just(Then::Refuse)];
    prop_oneof![
        1 => Just(block("no")),
        1 => (0u64..3, then).prop_map(|(wait, then)| hold("security", wait * 1_000, then)),
        3 => any_mask().prop_map(Effect::Mask),
    ]
}

fn any_mask() -> impl Strategy<Value = Mask> {
    let style = prop_oneof![
        Just(MaskStyle::Full),
        (1u8..9).prop_map(MaskStyle::KeepLast),
        (1u8..9).prop_map(MaskStyle::KeepFirst),
        Just(MaskStyle::Token),
        Just(MaskStyle::FormatPreserving),
        Just(MaskStyle::Remove),
        prop::sample::select(vec!["a", "b"]).prop_map(|text| MaskStyle::Replace(text.into())),
    ];
    let json_number = prop_oneof![Just(JsonNumber::Number), Just(JsonNumber::String)];
    (style, json_number).prop_map(|(style, json_number)| Mask { style, json_number })
}

fn any_operation() -> impl Strategy<Value = Operation> {
    use Operation::{DeleteTopics, Heartbeat, Metadata, Produce};
    prop::sample::select(vec![Produce, Metadata, DeleteTopics, Heartbeat])
}

fn any_when() -> impl Strategy<Value = When> {
    let operations = prop::option::weighted(0.3, prop::collection::vec(any_operation(), 1..3));
    let topics = prop_oneof![Just(None), Just(Some("ord*")), Just(Some("other"))];
    let groups = prop_oneof![3 => Just(None), 1 => Just(Some("g")), 1 => Just(Some("h"))];
    (operations, topics, groups).prop_map(|(operations, topics, groups)| When {
        operations,
        topics: topics.map(|t| vec![Pattern::new(t)]),
        groups: groups.map(|g| vec![Pattern::new(g)]),
        ..When::default()
    })
}

pub(super) fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let mode = prop_oneof![3 => Just(Mode::Enforce), 1 => Just(Mode::Observe)];
    let one = (any_condition(), any_effect(), any_when(), mode);
    prop::collection::vec(one, 1..6).prop_map(|them| {
        let named = them.into_iter().enumerate();
        let build = named.map(|(i, (condition, effect, when, mode))| {
            let name: Arc<str> = format!("r{i}").into();
            Rule {
                name,
                owner: None,
                mode,
                when,
                condition,
                effect,
            }
        });
        build.collect()
    })
}

pub(super) fn any_exceptions() -> impl Strategy<Value = Vec<Exception>> {
    let one = (0u8..6, any_when(), 900i64..1_200);
    prop::collection::vec(one, 0..4).prop_map(|them| {
        let named = them.into_iter().enumerate();
        let build = named.map(|(i, (lifts, when, until))| Exception {
            when,
            ..exception(&format!("e{i}"), &[&lifted(lifts)], until)
        });
        build.collect()
    })
}

/// A rule by its number, or the built-in one.
fn lifted(number: u8) -> String {
    match number {
        5 => UNREADABLE.to_owned(),
        rule => format!("r{rule}"),
    }
}

pub(super) fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
    let one = (0u8..3, 0u32..3, any_likelihood());
    let one = one.prop_map(|(d, r, likelihood)| Finding {
        likelihood,
        ..finding(d, r)
    });
    prop::collection::vec(one, 0..8)
}

pub(super) fn rank(gate: &Gate) -> u8 {
    match gate {
        Gate::Allow => 0,
        Gate::Hold { .. } => 1,
        Gate::Block { .. } => 2,
    }
}

/// What a mask leaves of a nine-byte finding: the bytes that stay readable, as bits, and how much else
/// can be told: everything that encryption keeps, which value is the same as which, that there was one,
/// nothing.
fn kept(mask: Option<Mask>) -> (u16, u8) {
    let all = (1u16 << 9) - 1;
    match mask.map(|mask| mask.style) {
        None => (all, 5),
        Some(MaskStyle::FormatPreserving) => (all, 4),
        Some(MaskStyle::KeepFirst(n)) => (all & ((1 << n) - 1), 3),
        Some(MaskStyle::KeepLast(n)) => (all & !((1 << (9 - n)) - 1), 3),
        Some(MaskStyle::Token) => (0, 2),
        Some(MaskStyle::Full | MaskStyle::Replace(_)) => (0, 1),
        Some(MaskStyle::Remove) => (0, 0),
    }
}

fn asked(gate: &Gate) -> Vec<Arc<str>> {
    match gate {
        Gate::Hold { rules, .. } => rules.iter().map(|order| order.rule.clone()).collect(),
        _ => Vec::new(),
    }
}

/// `strict` is nowhere weaker than `loose`: gate, questions, records flagged, bytes hidden.
pub(super) fn no_weaker(strict: &Verdict, loose: &Verdict) -> Result<(), TestCaseError> {
    prop_assert!(
        rank(&strict.gate) >= rank(&loose.gate),
        "{strict:?} against {loose:?}"
    );
    if rank(&strict.gate) == 1 {
        let strict_asks = asked(&strict.gate);
        prop_assert!(
            asked(&loose.gate)
                .iter()
                .all(|rule| strict_asks.contains(rule))
        );
    }
    use Likelihood::{Certain, Likely, Possible};
    let places = (0..3).flat_map(|d| (0..3).map(move |r| finding(d, r)));
    let all = places
        .flat_map(|f| [Possible, Likely, Certain].map(|likelihood| Finding { likelihood, ..f }));
    for one in all {
        prop_assert!(strict.flagged(&one) >= loose.flagged(&one));
        let (left, before) = (kept(strict.mask_of(0, &one)), kept(loose.mask_of(0, &one)));
        let hides = left.0 & !before.0 == 0 && left.1 <= before.1;
        prop_assert!(hides, "unmasked: {strict:?} against {loose:?}");
    }
    Ok(())
}

/// The gate by its definition: each rule in turn, no scope, no shortcuts.
fn naive_rank(rules: &[Rule], exceptions: &[Exception], evidence: &Evidence<'_>) -> u8 {
    let findings = evidence.findings;
    let principal = principal();
    let subject = Subject {
        principal: &principal,
        client_id: "app",
        listener: "main/a",
    };
    let here = |when: &When| when.matches(&subject, Operation::Produce, Target::Topic("orders"));
    let lifted = |name: &Arc<str>| {
        exceptions
            .iter()
            .any(|e| here(&e.when) && e.until > NOW && e.lifts.contains(name))
    };
    let matches = |rule: &Rule| match &rule.condition {
        Condition::Always | Condition::FirstUse => true, // nothing is granted here
        Condition::Creates(_) => false,                  // produce makes no topic
        Condition::Unreadable(causes) => {
            let unreadable = evidence.unreadable;
            unreadable.is_some_and(|it| causes.iter().any(|cause| cause == it.cause))
        }
        Condition::Contains(c) => (0..3).any(|record| {
            let of = |d| {
                findings
                    .iter()
                    .filter(move |f| f.record == record && f.detector.0 == d)
                    .filter(move |f| f.likelihood >= c.likelihood)
            };
            let wanted: Vec<u8> = (0..3)
                .filter(|d| c.detectors.contains(DetectorId(*d)))
                .collect();
            let count: usize = wanted.iter().map(|d| of(*d).count()).sum();
            let each = wanted.iter().all(|d| of(*d).count() > 0);
            count >= c.at_least as usize && (each || c.want == Want::Any)
        }),
    };
    let acting = rules.iter().filter(|rule| {
        rule.mode == Mode::Enforce && here(&rule.when) && !lifted(&rule.name) && matches(rule)
    });
    let ranks = acting.map(|rule| match rule.effect {
        Effect::Mask(_) => 0,
        Effect::Hold(_) => 1,
        Effect::Block { .. } => 2,
    });
    let built_in = evidence.unreadable.is_some() && !lifted(&UNREADABLE.into());
    ranks.max().unwrap_or(0).max(if built_in { 2 } else { 0 })
}

/// What a policy says of an operation without looking at records.
fn without_records(policy: &Policy, operation: Operation, on: Target<'_>) -> Verdict {
    let principal = principal();
    let subject = Subject {
        principal: &principal,
        client_id: "app",
        listener: "main/a",
    };
    let scope = policy.scope_on(&subject, operation, on, NOW);
    policy.decide(&scope, &Evidence::NONE, NOW)
}

const TARGETS: [Target<'static>; 4] = [
    Target::Topic("orders"),
    Target::Topic("other"),
    Target::Nothing,
    Target::Everything,
];

proptest! {
    #[test]
    fn a_rule_more_never_weakens_any_operation(
        rules in any_rules(), exceptions in any_exceptions(), operation in any_operation(),
    ) {
        let (_, fewer) = rules.split_last().unwrap();
        let (with, without) = (policy(&rules, &exceptions), policy(fewer, &exceptions));
        for on in TARGETS {
            no_weaker(&without_records(&with, operation, on), &without_records(&without, operation, on))?;
        }
    }

    /// Who asks for everything at once meets the strictest of what each topic would meet.
    #[test]
    fn everything_is_no_weaker_than_each_topic(
        rules in any_rules(), exceptions in any_exceptions(), operation in any_operation(),
    ) {
        let policy = policy(&rules, &exceptions);
        let everything = without_records(&policy, operation, Target::Everything);
        for on in TARGETS {
            no_weaker(&everything, &without_records(&policy, operation, on))?;
        }
    }

    /// What needs records to match says nothing of an operation that has none.
    #[test]
    fn findings_are_asked_for_where_records_are(
        rules in any_rules(), operation in any_operation(), findings in any_findings(),
    ) {
        let policy = policy(&rules, &[]);
        let principal = principal();
        let subject = Subject { principal: &principal, client_id: "app", listener: "main/a" };
        let scope = policy.scope_on(&subject, operation, Target::Topic("orders"), NOW);
        if !operation.carries_records() {
            let verdict = policy.decide(&scope, &found(&findings), NOW);
            prop_assert_eq!(verdict, policy.decide(&scope, &Evidence::NONE, NOW));
            prop_assert_eq!(scope.detectors.0, 0);
        }
    }

    #[test]
    fn a_rule_more_never_weakens(
        rules in any_rules(), exceptions in any_exceptions(), findings in any_findings(),
        unreadable in any_unreadable(),
    ) {
        let (last, fewer) = rules.split_last().unwrap();
        let evidence = Evidence { unreadable, ..found(&findings) };
        let with = verdict(&policy(&rules, &exceptions), &evidence);
        let without = verdict(&policy(fewer, &exceptions), &evidence);
        no_weaker(&with, &without)?;
        prop_assert!(last.mode == Mode::Enforce || with.gate == without.gate);
    }

    #[test]
    fn an_exception_more_never_tightens(
        rules in any_rules(), exceptions in any_exceptions(), findings in any_findings(),
    ) {
        let fewer = exceptions.split_last().map_or(&[][..], |(_, fewer)| fewer);
        let with = verdict(&policy(&rules, &exceptions), &found(&findings));
        let without = verdict(&policy(&rules, fewer), &found(&findings));
        no_weaker(&without, &with)?;
    }

    #[test]
    fn observing_never_acts_and_never_hides_what_enforcing_would_do(
        rules in any_rules(), findings in any_findings(),
    ) {
        let with = |mode| rules.iter().map(|rule| Rule { mode, ..rule.clone() }).collect::<Vec<_>>();
        let observed = verdict(&policy(&with(Mode::Observe), &[]), &found(&findings));
        prop_assert_eq!(&observed.gate, &Gate::Allow);
        prop_assert!(observed.masks.is_empty() && observed.flagged == Records::None);
        let enforced = verdict(&policy(&with(Mode::Enforce), &[]), &found(&findings));
        prop_assert!(rank(&enforced.gate) == 0 || !observed.observed.is_empty());
        prop_assert!(enforced.masks.iter().all(|m| observed.observed.contains(&m.rule)));
    }

    #[test]
    fn the_order_of_rules_and_exceptions_changes_nothing(
        rules in any_rules(), exceptions in any_exceptions(), findings in any_findings(),
    ) {
        let straight = verdict(&policy(&rules, &exceptions), &found(&findings));
        let back: Vec<Rule> = rules.into_iter().rev().collect();
        let lifted: Vec<Exception> = exceptions.into_iter().rev().collect();
        prop_assert_eq!(verdict(&policy(&back, &lifted), &found(&findings)), straight);
    }

    #[test]
    fn the_gate_equals_its_definition(
        rules in any_rules(), exceptions in any_exceptions(), findings in any_findings(),
        unreadable in any_unreadable(),
    ) {
        let evidence = Evidence { unreadable, ..found(&findings) };
        let compiled = verdict(&policy(&rules, &exceptions), &evidence);
        prop_assert_eq!(rank(&compiled.gate), naive_rank(&rules, &exceptions, &evidence));
    }
}
