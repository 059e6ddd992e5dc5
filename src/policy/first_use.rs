//! `if: {first_use: topic}`: what a principal that has not been let near a topic is to be granted.
//!
//! Owns: the grant of one use, and its words. Refuses: to remember who has used what: only a grant makes a use
//! known, so that nothing becomes usual by being tried. Stays true: one grant is for one principal of one
//! issuer, doing one thing to one topic of one cluster, under one rule.

use super::rule::{Condition, Rule, Target};
use super::scope::Subject;
use crate::chunk::{Covers, GrantKey, GrantSubject, Operation, Principal};

/// What a rule about a topic's first use wants granted: this use by this principal.
pub(super) fn access(
    rule: &Rule,
    subject: &Subject<'_>,
    operation: Operation,
    on: Target<'_>,
) -> Option<GrantSubject> {
    let (Condition::FirstUse, Target::Topic(topic)) = (&rule.condition, on) else {
        return None;
    };
    let Principal { name, issuer, .. } = subject.principal;
    let operation = operation.name();
    let cluster = subject.listener.split('/').next().unwrap_or_default();
    let fields = [
        issuer.as_bytes(),
        name.as_bytes(),
        operation.as_bytes(),
        topic.as_bytes(),
    ];
    Some(GrantSubject {
        key: GrantKey::of(Covers::Access, &rule.name, cluster, &fields),
        covers: Covers::Access,
        about: format!("first use of {topic} by {name} ({operation})").into(),
        detail: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::UnixMillis;
    use crate::policy::fixtures::{NOW, block, hold, policy, principal, rule};
    use crate::policy::{Evidence, Gate, Grants, Policy, Scope, Then, Verdict};

    fn asking() -> Policy {
        let asks = hold("hr", 0, Then::Retry);
        policy(&[rule("ask-first", Condition::FirstUse, asks)], &[])
    }

    fn scope(policy: &Policy, who: &Principal, listener: &str, does: (Operation, &str)) -> Scope {
        let subject = Subject {
            principal: who,
            client_id: "app",
            listener,
        };
        policy.scope(&subject, does.0, does.1, NOW)
    }

    fn wanted(verdict: &Verdict) -> Option<GrantKey> {
        match &verdict.gate {
            Gate::Hold { rules, .. } => Some(rules.first()?.grant.as_ref()?.subject.key),
            _ => None,
        }
    }

    #[test]
    fn a_use_is_held_until_that_very_use_is_granted() {
        let (policy, ann) = (asking(), principal());
        let issued = Principal {
            issuer: "other".into(),
            ..principal()
        };
        let bob = Principal {
            name: "bob".into(),
            ..principal()
        };
        let produce = (Operation::Produce, "hr.people");
        let here = scope(&policy, &ann, "main/a", produce);
        let key = wanted(&policy.ungranted(&here, Grants::none(), NOW).unwrap()).unwrap();
        let grants = Grants::new(vec![(key, Some(UnixMillis(NOW.0 + 5)))]);
        assert_eq!(policy.ungranted(&here, &grants, NOW), None);
        let evidence = Evidence {
            grants: &grants,
            ..Evidence::NONE
        };
        assert!(policy.decide(&here, &evidence, NOW).is_clean());
        assert!(
            policy
                .ungranted(&here, &grants, UnixMillis(NOW.0 + 5))
                .is_some()
        );
        let elsewhere = scope(&policy, &ann, "main/b", produce);
        assert_eq!(
            policy.ungranted(&elsewhere, &grants, NOW),
            None,
            "a listener more"
        );
        for other in [
            scope(&policy, &ann, "main/a", (Operation::Fetch, "hr.people")),
            scope(&policy, &ann, "main/a", (Operation::Produce, "hr.pay")),
            scope(&policy, &ann, "spare/a", produce),
            scope(&policy, &bob, "main/a", produce),
            scope(&policy, &issued, "main/a", produce),
        ] {
            let verdict = policy.ungranted(&other, &grants, NOW).unwrap();
            assert_ne!(wanted(&verdict), Some(key));
        }
    }

    #[test]
    fn a_block_on_it_never_ends_and_needs_no_records() {
        let policy = policy(&[rule("never", Condition::FirstUse, block("HR-1"))], &[]);
        let here = scope(
            &policy,
            &principal(),
            "main/a",
            (Operation::Fetch, "hr.people"),
        );
        assert!(here.blocked_before_sending().is_some());
    }
}
