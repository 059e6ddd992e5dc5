//! What a new configuration changes, for people and for the audit, and what it cannot change while running.
//!
//! Owns: what lies around the rules: whom holds ask, the user's own detectors, the keys of masks; and the sections
//! that only a start reads. Refuses: to compare rules (`policy::diff` does). Stays true: what is not told as
//! weaker is not weaker; a section that differs and cannot be changed is named.

use super::model::{ApprovalPolicy, Config, Reason};
use crate::policy::diff::{self, Change, Way};
use std::collections::BTreeSet;

/// Everything in the policy that differs.
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let told = |config: &Config| format!("{:?}", config.detectors);
    let detectors_differ = told(old) != told(new);
    let mut changes = diff::changes(&old.policy, &new.policy, detectors_differ);
    if detectors_differ {
        changes.push(Change::new(Way::Unclear, "detectors".into(), "differ"));
    }
    approvals(old, new, &mut changes);
    changes
}

/// The sections that differ and that only a start reads.
pub fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let old_claims: BTreeSet<_> = old.policy.claims().into_iter().collect();
    let mut new_claims = new.policy.claims().into_iter();
    [
        ("clusters", old.clusters != new.clusters),
        ("identity", old.identity != new.identity),
        // Tokens were read for the claims that rules asked for when the gateway started.
        (
            "identity (a rule asks for a claim that none asked for)",
            new_claims.any(|claim| !old_claims.contains(&claim)),
        ),
        ("audit", old.audit != new.audit),
        ("holds", old.state != new.state),
        ("http", old.http != new.http),
        ("io", old.io != new.io),
        ("cores", old.cores != new.cores),
        ("memory", old.memory != new.memory),
    ]
    .into_iter()
    .filter_map(|(section, differs)| differs.then_some(section))
    .collect()
}

fn approvals(old: &Config, new: &Config, changes: &mut Vec<Change>) {
    let names: BTreeSet<_> = old.approvals.keys().chain(new.approvals.keys()).collect();
    for name in names {
        let what = format!("approvals {name}");
        match (old.approvals.get(name), new.approvals.get(name)) {
            (Some(old), Some(new)) if old != new => {
                changes.push(Change::new(asked(old, new), what, how(old, new)));
            }
            (Some(_), Some(_)) => {}
            // A rule that asks it is told for itself.
            (Some(_), None) => changes.push(Change::new(Way::Same, what, "removed")),
            _ => changes.push(Change::new(Way::Same, what, "added")),
        }
    }
}

/// More who may approve, or fewer who must, is weaker; and so is whatever else gives a yes more room.
fn asked(old: &ApprovalPolicy, new: &ApprovalPolicy) -> Way {
    let groups = |policy: &ApprovalPolicy| policy.any_of.iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (groups(old), groups(new));
    let groups = match (after.is_superset(&before), before.is_superset(&after)) {
        (true, true) => Way::Same,
        (true, false) => Way::Weaker,
        (false, true) => Way::Stronger,
        (false, false) => Way::Unclear,
    };
    let more_is_weaker = |old: i64, new: i64| match new.cmp(&old) {
        std::cmp::Ordering::Less => Way::Stronger,
        std::cmp::Ordering::Equal => Way::Same,
        std::cmp::Ordering::Greater => Way::Weaker,
    };
    let reason = |old: Reason, new: Reason| {
        more_is_weaker(
            (old == Reason::Optional).into(),
            (new == Reason::Optional).into(),
        )
    };
    groups
        .and(more_is_weaker(old.people.into(), new.people.into()).reversed())
        .and(more_is_weaker(old.within_ms, new.within_ms))
        .and(more_is_weaker(old.redeem_within_ms, new.redeem_within_ms))
        .and(reason(old.reason_on_approve, new.reason_on_approve))
}

fn how(old: &ApprovalPolicy, new: &ApprovalPolicy) -> String {
    let reason = |policy: &ApprovalPolicy| (policy.reason_on_approve, policy.reason_on_reject);
    let fields = [
        ("any_of", old.any_of != new.any_of),
        ("people", old.people != new.people),
        ("within", old.within_ms != new.within_ms),
        (
            "redeem_within",
            old.redeem_within_ms != new.redeem_within_ms,
        ),
        ("reason", reason(old) != reason(new)),
    ];
    let differ: Vec<&str> = fields
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect();
    differ.join(", ")
}
