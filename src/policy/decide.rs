//! Scope × evidence → verdict.
//!
//! Owns: which rules match the evidence, and their effects put together. Refuses: to pick rules by
//! topic or principal (`scope`). Stays true: without findings and without an `always` rule it
//! allocates nothing; an exception that has ended lifts nothing even in a scope made before its
//! end.

use super::rule::{Condition, Effect, Hold, Mode, Rule};
use super::scope::{Policy, Scope, Scoped};
use super::verdict::{MaskOrder, Records, Verdict};
use crate::chunk::{DetectorSet, Finding, Likelihood, UnixMillis};
use crate::scan::mask::MaskStyle;
use std::sync::Arc;

/// What was seen in one batch.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What detectors found, in this one batch (record indexes are the batch's own).
    pub findings: &'a [Finding],
    /// Why it could not be read, if it could not.
    pub unreadable: Option<&'a str>,
}

impl Evidence<'_> {
    /// Readable, and nothing in it.
    pub const NONE: Evidence<'static> = Evidence {
        findings: &[],
        unreadable: None,
    };
}

impl Policy {
    /// What the rules in `scope`, which must be of this policy, say of one batch.
    pub fn decide(&self, scope: &Scope, evidence: &Evidence<'_>, now: UnixMillis) -> Verdict {
        debug_assert_eq!(scope.policy, self.hash, "a scope of another policy");
        let mut verdict = Verdict::default();
        if let Some(reason) = evidence.unreadable {
            apply_unreadable(&mut verdict, &scope.unreadable, reason, now);
        }
        if evidence.findings.is_empty() && !scope.always {
            return verdict;
        }
        let seen = seen(evidence.findings);
        for scoped in &scope.rules {
            if matches(&scoped.rule, seen, evidence.findings) {
                apply(&mut verdict, scoped, evidence.findings, now);
            }
        }
        verdict
    }
}

/// The detectors that found something likely: one look spares most rules theirs.
fn seen(findings: &[Finding]) -> DetectorSet {
    let likely = findings
        .iter()
        .filter(|f| f.likelihood >= Likelihood::Likely);
    likely.fold(DetectorSet::default(), |mut all, finding| {
        all.insert(finding.detector);
        all
    })
}

fn matches(rule: &Rule, seen: DetectorSet, findings: &[Finding]) -> bool {
    match &rule.condition {
        Condition::Always => true,
        Condition::Contains(contains) => {
            contains.detectors.0 & seen.0 != 0 && contains.matches(findings)
        }
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

fn apply(verdict: &mut Verdict, scoped: &Scoped, findings: &[Finding], now: UnixMillis) {
    if !acts(verdict, scoped, now) {
        return;
    }
    let rule = scoped.rule.as_ref();
    match &rule.effect {
        Effect::Block { reason } => verdict.block(&rule.name, reason),
        Effect::Hold(hold) => apply_hold(verdict, rule, hold, findings),
        Effect::Mask(style) => apply_mask(verdict, rule, *style, findings),
    }
}

fn apply_hold(verdict: &mut Verdict, rule: &Rule, hold: &Hold, findings: &[Finding]) {
    let records = match &rule.condition {
        Condition::Always => Records::All,
        Condition::Contains(contains) => Records::Some(contains.records(findings)),
    };
    verdict.hold(&rule.name, hold, records);
}

fn apply_mask(verdict: &mut Verdict, rule: &Rule, style: MaskStyle, findings: &[Finding]) {
    let Condition::Contains(contains) = rule.condition else {
        return; // nothing was found, so there is nothing to hide
    };
    // Where one finding is enough, each that counts is in a matching record: no list is needed.
    let records = match contains.one_is_enough() {
        true => Records::All,
        false => Records::Some(contains.records(findings)),
    };
    let detectors = contains.detectors;
    verdict.masks.push(MaskOrder {
        detectors,
        style,
        rule: rule.name.clone(),
        contains,
        records,
    });
}

fn apply_unreadable(verdict: &mut Verdict, scoped: &Scoped, reason: &str, now: UnixMillis) {
    if acts(verdict, scoped, now) {
        let reason: Arc<str> = format!("the records cannot be inspected: {reason}").into();
        verdict.block(&scoped.rule.name, &reason);
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
