//! Scope × evidence → verdict.
//!
//! Owns: which rules match the evidence, and their effects put together. Refuses: to pick rules by
//! topic or principal (`scope`). Stays true: without findings and without an `always` rule it
//! allocates nothing; an exception that has ended lifts nothing even in a scope made before its
//! end.

use super::fields::{Places, looked_at};
use super::grants::Grants;
use super::rule::{Condition, Effect, Hold, Mode, Rule};
use super::scope::{Policy, Scope, Scoped};
use super::unreadable::Unreadable;
use super::verdict::{Gate, MaskOrder, Records, Verdict};
use crate::chunk::{DetectorSet, Finding, TopicShape, UnixMillis};
use crate::scan::mask::Mask;
use std::borrow::Cow;
use std::sync::Arc;

/// What was seen in one batch.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What detectors found, in this one batch (record indexes are the batch's own).
    pub findings: &'a [Finding],
    /// Why it could not be read, if it could not.
    pub unreadable: Option<Unreadable<'a>>,
    /// Where the findings are, for rules that name fields; without it they count wherever they are.
    pub places: Option<&'a Places>,
    /// What is asked for a topic, by its name, where one is made or changed.
    pub topic: Option<(&'a str, &'a TopicShape)>,
    /// What was granted: a condition whose grant is among them does not match.
    pub grants: &'a Grants,
}

impl Evidence<'_> {
    /// Readable, and nothing in it.
    pub const NONE: Evidence<'static> = Evidence {
        findings: &[],
        unreadable: None,
        places: None,
        topic: None,
        grants: Grants::none(),
    };
}

impl Policy {
    /// What the rules in `scope`, which must be of this policy, say of one batch.
    pub fn decide(&self, scope: &Scope, evidence: &Evidence<'_>, now: UnixMillis) -> Verdict {
        debug_assert_eq!(scope.policy, self.hash, "a scope of another policy");
        let mut verdict = Verdict::default();
        let seen_none = evidence.findings.is_empty()
            && evidence.unreadable.is_none()
            && evidence.topic.is_none();
        if seen_none && !scope.always {
            return verdict;
        }
        verdict.least = scope.least;
        // However likely: one look spares most rules theirs.
        let findings = evidence.findings.iter();
        let seen: DetectorSet = findings.map(|finding| finding.detector).collect();
        for (at, scoped) in scope.rules.iter().enumerate() {
            let findings = looked_at_by(at, &scoped.rule, evidence);
            let evidence = Evidence {
                findings: &findings,
                ..*evidence
            };
            if matches(scoped, seen, &evidence, now) {
                apply(&mut verdict, (at, scoped), &evidence, now);
            }
        }
        // Last, so that a rule's own reason is the one that is told.
        if let Some(unreadable) = evidence.unreadable {
            apply_unreadable(&mut verdict, &scope.unreadable, unreadable.why, now);
        }
        verdict
    }

    /// The verdict before anything is looked at, where a use that nobody has granted is held.
    pub fn ungranted(&self, scope: &Scope, grants: &Grants, now: UnixMillis) -> Option<Verdict> {
        let evidence = Evidence {
            grants,
            ..Evidence::NONE
        };
        let verdict = scope
            .asks_first
            .then(|| self.decide(scope, &evidence, now))?;
        matches!(verdict.gate, Gate::Hold { .. }).then_some(verdict)
    }
}

fn matches(scoped: &Scoped, seen: DetectorSet, evidence: &Evidence<'_>, now: UnixMillis) -> bool {
    match &scoped.rule.condition {
        Condition::Always => true,
        Condition::Contains(contains) => {
            contains.detectors.meets(seen) && contains.matches(evidence.findings)
        }
        Condition::Unreadable(causes) => evidence
            .unreadable
            .is_some_and(|unreadable| causes.contains(unreadable.cause)),
        Condition::Creates(creates) => evidence
            .topic
            .is_some_and(|(name, shape)| creates.matches(name, shape)),
        Condition::FirstUse => {
            let access = scoped.access.as_ref(); // none: of every topic at once
            access.is_none_or(|access| !evidence.grants.admits(&access.key, now))
        }
    }
}

/// The findings that a rule looks at: those in its fields, if it names some.
fn looked_at_by<'a>(at: usize, rule: &Rule, evidence: &Evidence<'a>) -> Cow<'a, [Finding]> {
    let all = evidence.findings;
    match looked_at(rule)
        .and(evidence.places)
        .and_then(|places| places.of(at))
    {
        None => Cow::Borrowed(all),
        Some(mine) => mine
            .filter_map(|index| all.get(index as usize).copied())
            .collect(),
    }
}

/// Whether a matching rule acts here and now; if it does not, the verdict says why.
fn acts(verdict: &mut Verdict, scoped: &Scoped, now: UnixMillis) -> bool {
    if let Some(exception) = scoped.lifted_by.as_ref().filter(|e| !e.ended(now)) {
        verdict.lift(&exception.name);
        return false;
    }
    if scoped.rule.mode == Mode::Observe {
        verdict.observed.push(scoped.rule.name.clone());
        return false;
    }
    true
}

fn apply(
    verdict: &mut Verdict,
    (at, scoped): (usize, &Scoped),
    evidence: &Evidence<'_>,
    now: UnixMillis,
) {
    if !acts(verdict, scoped, now) {
        return;
    }
    let rule = scoped.rule.as_ref();
    match &rule.effect {
        Effect::Block { reason } => verdict.block(&rule.name, reason),
        Effect::Hold(hold) => apply_hold(verdict, scoped, hold, evidence.findings),
        Effect::Mask(mask) => apply_mask(verdict, (at, rule), mask, evidence),
    }
}

fn apply_hold(verdict: &mut Verdict, scoped: &Scoped, hold: &Hold, findings: &[Finding]) {
    let rule = scoped.rule.as_ref();
    let records = match &rule.condition {
        Condition::Always | Condition::Unreadable(_) | Condition::Creates(_) => Records::All,
        Condition::Contains(contains) => Records::Some(contains.records(findings)),
        Condition::FirstUse => Records::None,
    };
    verdict.hold(&rule.name, hold, records, scoped.access.clone());
}

fn apply_mask(
    verdict: &mut Verdict,
    (at, rule): (usize, &Rule),
    mask: &Mask,
    evidence: &Evidence<'_>,
) {
    let Condition::Contains(contains) = &rule.condition else {
        return; // nothing was found, so there is nothing to hide
    };
    // Where one finding is enough, each that counts is in a matching record: no list is needed.
    let records = match contains.one_is_enough() {
        true => Records::All,
        false => Records::Some(contains.records(evidence.findings)),
    };
    let within = looked_at(rule)
        .and(evidence.places)
        .and_then(|places| places.of(at))
        .map(Iterator::collect);
    let detectors = contains.detectors;
    verdict.masks.push(MaskOrder {
        detectors,
        mask: mask.clone(),
        rule: rule.name.clone(),
        contains: contains.clone(),
        records,
        within,
    });
}

fn apply_unreadable(verdict: &mut Verdict, scoped: &Scoped, reason: &str, now: UnixMillis) {
    if acts(verdict, scoped, now) {
        let reason: Arc<str> = format!("the records cannot be inspected: {reason}").into();
        verdict.block(&scoped.rule.name, &reason);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::Likelihood;
    use crate::policy::fixtures::{
        block, contains, exception, finding, found, hold, policy, rule, scope, verdict,
    };
    use crate::policy::{Cause, Causes, Gate, Then, UNREADABLE, Want};
    use crate::scan::mask::MaskStyle;

    #[test]
    fn several_holds_ask_everyone_and_wait_the_shortest() {
        let cards = rule(
            "cards",
            contains(1, Want::Any, 1),
            hold("security", 3_000, Then::Retry),
        );
        let ssn = rule(
            "ssn",
            contains(2, Want::Any, 1),
            hold("privacy", 1_000, Then::Refuse),
        );
        let policy = policy(&[ssn, cards], &[]);
        let verdict = verdict(&policy, &found(&[finding(0, 4), finding(1, 2)]));
        let Gate::Hold {
            rules,
            wait_ms,
            then,
        } = &verdict.gate
        else {
            panic!("{verdict:?}")
        };
        let asked: Vec<&str> = rules.iter().map(|order| order.ask.as_ref()).collect();
        assert_eq!(
            (asked, *wait_ms, *then),
            (vec!["security", "privacy"], 1_000, Then::Refuse)
        );
        assert_eq!(verdict.flagged, Records::Some(vec![2, 4]));
        assert!(verdict.flagged(&finding(0, 2)) && !verdict.flagged(&finding(0, 3)));
    }

    #[test]
    fn what_cannot_be_read_is_blocked_unless_a_named_exception_lifts_it() {
        let unreadable = Evidence {
            unreadable: Some(Unreadable {
                cause: Cause::UnknownCodec,
                why: "unknown codec 7",
            }),
            ..Evidence::NONE
        };
        let strict = verdict(&policy(&[], &[]), &unreadable);
        let Gate::Block { rule, reason } = &strict.gate else {
            panic!("{strict:?}")
        };
        assert_eq!(rule.as_ref(), UNREADABLE);
        assert_eq!(
            reason.as_ref(),
            "the records cannot be inspected: unknown codec 7"
        );
        let lifted = verdict(
            &policy(&[], &[exception("vault", &[UNREADABLE], 2_000)]),
            &unreadable,
        );
        assert_eq!(
            (lifted.gate, lifted.lifted),
            (Gate::Allow, vec!["vault".into()])
        );
    }

    #[test]
    fn a_rule_holds_what_cannot_be_read_where_the_built_in_one_is_lifted() {
        let of = |cause| Evidence {
            unreadable: Some(Unreadable { cause, why: "why" }),
            ..Evidence::NONE
        };
        let causes: Causes = [Cause::TooLarge, Cause::TooDeep].into_iter().collect();
        let ask = rule(
            "ask",
            Condition::Unreadable(causes),
            hold("security", 0, Then::Retry),
        );
        let lifts = [exception("vault", &[UNREADABLE], 2_000)];
        let asking = policy(std::slice::from_ref(&ask), &lifts);
        assert!(matches!(
            verdict(&asking, &of(Cause::TooDeep)).gate,
            Gate::Hold { .. }
        ));
        assert_eq!(verdict(&asking, &of(Cause::Damaged)).gate, Gate::Allow);
        assert_eq!(verdict(&asking, &Evidence::NONE).gate, Gate::Allow);
        let strict = verdict(&policy(&[ask], &[]), &of(Cause::TooDeep));
        assert!(
            matches!(strict.gate, Gate::Block { .. }),
            "rules only tighten"
        );
        let no = rule("no", Condition::Unreadable(Causes::ALL), block("SEC-9"));
        let Gate::Block { reason, .. } = verdict(&policy(&[no], &[]), &of(Cause::Damaged)).gate
        else {
            panic!("not blocked")
        };
        assert_eq!(reason.as_ref(), "SEC-9", "the rule's own words");
    }

    #[test]
    fn an_always_block_needs_no_records() {
        let no = rule("no", Condition::Always, block("SEC-12"));
        let blocked = scope(&policy(std::slice::from_ref(&no), &[]));
        assert!(matches!(
            blocked.blocked_before_sending().unwrap().gate,
            Gate::Block { .. }
        ));
        assert!(!blocked.is_empty());
        let observing = Rule {
            mode: Mode::Observe,
            ..no.clone()
        };
        assert_eq!(
            scope(&policy(&[observing], &[])).blocked_before_sending(),
            None
        );
        let lifted = scope(&policy(&[no], &[exception("e", &["no"], 2_000)]));
        assert_eq!(lifted.blocked_before_sending(), None);
    }

    #[test]
    fn an_exception_ends_inside_an_old_scope() {
        let rules = [rule("no", contains(1, Want::Any, 1), block("x"))];
        let exceptions = [
            exception("e", &["no"], 2_000),
            exception("short", &["no"], 1_500),
        ];
        let policy = policy(&rules, &exceptions);
        let scope = scope(&policy);
        assert_eq!(scope.valid_until, Some(UnixMillis(2_000)));
        let at = |now| policy.decide(&scope, &found(&[finding(0, 0)]), UnixMillis(now));
        assert_eq!(at(1_999).lifted, ["e".into()]);
        assert_eq!(at(1_999).gate, Gate::Allow);
        assert!(matches!(at(2_000).gate, Gate::Block { .. }));
    }

    #[test]
    fn a_mask_hides_only_what_its_rule_counted() {
        let many = rule(
            "many",
            contains(1, Want::Any, 2),
            Effect::Mask(MaskStyle::KeepLast(4).into()),
        );
        let any = rule(
            "any",
            contains(2, Want::Any, 1),
            Effect::Mask(MaskStyle::Full.into()),
        );
        let verdict = verdict(
            &policy(&[many, any], &[]),
            &found(&[finding(0, 0), finding(0, 1), finding(0, 1), finding(1, 0)]),
        );
        assert_eq!(verdict.mask_of(0, &finding(0, 0)), None);
        assert_eq!(
            verdict.mask_of(0, &finding(0, 1)),
            Some(MaskStyle::KeepLast(4).into())
        );
        assert_eq!(
            verdict.mask_of(0, &finding(1, 0)),
            Some(MaskStyle::Full.into())
        );
        let unlikely = Finding {
            likelihood: Likelihood::Possible,
            ..finding(1, 0)
        };
        assert_eq!(verdict.mask_of(0, &unlikely), None);
    }
}
