//! Which entries a query shows: all conditions that are given must hold.

use crate::audit::entry::Body;
use crate::chunk::{HoldId, UnixMillis};
use globset::GlobMatcher;

/// What to show. Nothing given shows everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Exactly this name: of the session, the records' sender, a reviewer, or (refused login)
    /// whom the peer claimed to be.
    pub principal: Option<String>,
    /// A topic whose name matches.
    pub topic: Option<GlobMatcher>,
    /// A kind, by its name in `entry::KIND_NAMES`.
    pub kind: Option<String>,
    /// This hold.
    pub hold: Option<HoldId>,
    /// At this time or later.
    pub since: Option<UnixMillis>,
    /// Before this time.
    pub until: Option<UnixMillis>,
}

impl Filter {
    /// Whether an entry of this time is wanted.
    pub fn passes_time(&self, at: UnixMillis) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// Whether this entry is wanted. `session_of` is the principal of its session where the entry
    /// gives only the number.
    pub fn passes(&self, body: &Body, session_of: Option<&str>) -> bool {
        self.kind
            .as_ref()
            .is_none_or(|kind| body.root().name() == kind)
            && self.hold.is_none_or(|hold| hold_of(body) == Some(hold))
            && self
                .principal
                .as_ref()
                .is_none_or(|p| session_of == Some(p) || names(body, p))
            && self
                .topic
                .as_ref()
                .is_none_or(|topic| has_topic(body, topic))
    }
}

fn hold_of(body: &Body) -> Option<HoldId> {
    match body {
        Body::Verdict(e) => e.hold.map(HoldId),
        Body::HoldOpened(e) => Some(HoldId(e.hold)),
        Body::Review(e) => Some(HoldId(e.hold)),
        Body::Decision(e) => Some(HoldId(e.hold)),
        Body::Release(e) => Some(HoldId(e.hold)),
        Body::Outcome(e) => Some(HoldId(e.hold)),
        Body::Granted(e) => Some(HoldId(e.hold)),
        Body::GrantRevoked(e) => Some(HoldId(e.hold)),
        _ => None,
    }
}

fn names(body: &Body, principal: &str) -> bool {
    match body {
        Body::SessionOpened(e) => e.principal == principal,
        Body::LoginRefused(e) => e.claimed.as_deref() == Some(principal),
        Body::Verdict(e) => e.principal == principal,
        Body::Asked(e) => e.principal == principal,
        Body::HoldOpened(e) => e.principal == principal,
        Body::Release(e) => e.principal == principal,
        Body::Review(e) => e.reviewer == principal,
        Body::Decision(e) => e.by.iter().any(|by| by == principal),
        Body::Granted(e) => e.principal == principal || e.by.iter().any(|by| by == principal),
        Body::GrantRevoked(e) => e.by == principal,
        _ => false,
    }
}

fn has_topic(body: &Body, topic: &GlobMatcher) -> bool {
    match body {
        Body::Traffic(e) => e.chunks().any(|c| topic.is_match(c.topic)),
        Body::Verdict(e) => topic.is_match(&e.topic),
        Body::Asked(e) => e.topics.iter().any(|name| topic.is_match(name)),
        Body::HoldOpened(e) => topic.is_match(&e.topic),
        Body::Release(e) => topic.is_match(&e.topic),
        Body::Granted(e) => topic.is_match(&e.topic),
        Body::GrantRevoked(e) => topic.is_match(&e.topic),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::entry::samples::one_of_each;

    /// Names of the samples that pass.
    fn passing(filter: &Filter) -> Vec<&'static str> {
        let all = one_of_each();
        all.iter()
            .filter(|e| filter.passes(&e.body, None))
            .map(|e| e.body.root().name())
            .collect()
    }

    #[test]
    fn each_condition_selects_the_kinds_that_have_it() {
        assert_eq!(passing(&Filter::default()).len(), one_of_each().len());
        let hold = Filter {
            hold: Some(HoldId(77)),
            ..Filter::default()
        };
        assert_eq!(
            passing(&hold),
            [
                "verdict",
                "hold_opened",
                "review",
                "decision",
                "release",
                "outcome"
            ]
        );
        let alice = Filter {
            principal: Some("alice".into()),
            ..Filter::default()
        };
        assert_eq!(
            passing(&alice),
            [
                "session_opened",
                "login_refused",
                "verdict",
                "operation",
                "hold_opened",
                "release"
            ]
        );
        let bob = Filter {
            principal: Some("bob".into()),
            ..Filter::default()
        };
        assert_eq!(
            passing(&bob),
            ["review", "decision", "granted", "grant_revoked"]
        );
        let glob = globset::Glob::new("payments.*").unwrap().compile_matcher();
        let topic = Filter {
            topic: Some(glob),
            ..Filter::default()
        };
        assert_eq!(
            passing(&topic),
            ["traffic", "verdict", "operation", "hold_opened", "release"]
        );
        let kind = Filter {
            kind: Some("review".into()),
            ..alice
        };
        assert_eq!(passing(&kind), [""; 0]);
    }

    #[test]
    fn since_is_inclusive_and_until_is_not() {
        let filter = Filter {
            since: Some(UnixMillis(5)),
            until: Some(UnixMillis(7)),
            ..Filter::default()
        };
        let passing: Vec<_> = (0..10)
            .filter(|t| filter.passes_time(UnixMillis(*t)))
            .collect();
        assert_eq!(passing, [5, 6]);
    }
}
