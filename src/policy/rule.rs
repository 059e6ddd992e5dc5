//! A rule and an exception, as the configuration states them.
//!
//! Owns: their shapes and the match of `when`. Refuses: to judge evidence (`contains`) or to
//! combine effects (`decide`). Stays true: an absent field of `when` asks nothing; a present one
//! must match, and one of its patterns is enough.

use super::contains::Contains;
use super::pattern::Pattern;
use super::scope::Subject;
use super::unreadable::Causes;
use crate::chunk::{DetectorSet, Operation, UnixMillis};
use crate::scan::mask::Mask;
use std::sync::Arc;

/// The scope of a rule or an exception: every field that is present must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// What is being done.
    pub operations: Option<Vec<Operation>>,
    /// The topic's name. What names no topic matches none of them, not even `*`.
    pub topics: Option<Vec<Pattern>>,
    /// The principal's name.
    pub principals: Option<Vec<Pattern>>,
    /// Any of the principal's groups.
    pub groups: Option<Vec<Pattern>>,
    /// The client's own name for itself. Anyone may claim any: good for narrowing a rule to
    /// an application, no good for letting one through.
    pub client_ids: Option<Vec<Pattern>>,
    /// Claims of the principal's token: each must have a value that one of its patterns matches.
    pub claims: Option<Vec<(Arc<str>, Vec<Pattern>)>>,
    /// The listener's name, or cluster and listener with a `/` between.
    pub listeners: Option<Vec<Pattern>>,
}

/// What a claim counts as that nobody asked for when its token was read: it is for rules, and not
/// for exceptions.
#[derive(Clone, Copy)]
enum Unasked {
    Matches,
    Differs,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The topic of this name.
    Topic(&'a str),
    /// No topic: the cluster, a group, a user.
    Nothing,
    /// Every topic there is, at once and unnamed.
    Everything,
}

impl When {
    /// Whether it matches something of what the request is about.
    pub fn matches(&self, subject: &Subject<'_>, operation: Operation, on: Target<'_>) -> bool {
        self.matches_with(subject, operation, on, Unasked::Matches)
    }

    /// The first field that keeps it from matching, by its key; none if it matches.
    pub fn differs(
        &self,
        subject: &Subject<'_>,
        operation: Operation,
        on: Target<'_>,
    ) -> Option<&'static str> {
        let all = self.clone();
        let only = [
            (
                "operations",
                When {
                    operations: all.operations,
                    ..When::default()
                },
            ),
            (
                "topics",
                When {
                    topics: all.topics,
                    ..When::default()
                },
            ),
            (
                "principals",
                When {
                    principals: all.principals,
                    ..When::default()
                },
            ),
            (
                "groups",
                When {
                    groups: all.groups,
                    ..When::default()
                },
            ),
            (
                "claims",
                When {
                    claims: all.claims,
                    ..When::default()
                },
            ),
            (
                "client_ids",
                When {
                    client_ids: all.client_ids,
                    ..When::default()
                },
            ),
            (
                "listeners",
                When {
                    listeners: all.listeners,
                    ..When::default()
                },
            ),
        ];
        let differs = only
            .iter()
            .find(|(_, when)| !when.matches(subject, operation, on));
        differs.map(|(field, _)| *field)
    }

    fn matches_with(
        &self,
        subject: &Subject<'_>,
        operation: Operation,
        on: Target<'_>,
        unasked: Unasked,
    ) -> bool {
        let topics = match (&self.topics, on) {
            (None, _) | (Some(_), Target::Everything) => true,
            (Some(_), Target::Nothing) => false,
            (Some(_), Target::Topic(name)) => any(&self.topics, name),
        };
        topics && self.matches_who(subject, operation) && self.claimed(subject, unasked)
    }

    /// Whether it matches all of what the request is about: what is to lift a rule there has to.
    pub fn matches_all(&self, subject: &Subject<'_>, operation: Operation, on: Target<'_>) -> bool {
        let all = |them: &Vec<Pattern>| them.iter().any(|pattern| pattern.as_str() == "*");
        let covers = on != Target::Everything || self.topics.as_ref().is_none_or(all);
        covers && self.matches_with(subject, operation, on, Unasked::Differs)
    }

    fn matches_who(&self, subject: &Subject<'_>, operation: Operation) -> bool {
        let groups = &subject.principal.groups;
        self.operations
            .as_ref()
            .is_none_or(|them| them.contains(&operation))
            && any(&self.principals, &subject.principal.name)
            && any(&self.client_ids, subject.client_id)
            && (self.groups.is_none() || groups.iter().any(|group| any(&self.groups, group)))
            && self.through(subject.listener)
    }

    fn through(&self, listener: &str) -> bool {
        let short = listener.rsplit('/').next().unwrap_or(listener);
        any(&self.listeners, listener) || any(&self.listeners, short)
    }

    fn claimed(&self, subject: &Subject<'_>, unasked: Unasked) -> bool {
        let claims = &subject.principal.claims;
        let has = |(name, patterns): &(Arc<str>, Vec<Pattern>)| match claims.values(name) {
            None => matches!(unasked, Unasked::Matches),
            Some(values) => values
                .iter()
                .any(|value| patterns.iter().any(|pattern| pattern.matches(value))),
        };
        self.claims.as_ref().is_none_or(|them| them.iter().all(has))
    }
}

fn any(patterns: &Option<Vec<Pattern>>, name: &str) -> bool {
    patterns
        .as_ref()
        .is_none_or(|them| them.iter().any(|pattern| pattern.matches(name)))
}

/// Whether a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It acts.
    Enforce,
    /// It only says what it would have done.
    Observe,
}

/// The one kind of evidence that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// None: `when` is enough.
    Always,
    /// Something that detectors find in a record.
    Contains(Contains),
    /// Something cannot be looked into, for one of these causes.
    Unreadable(Causes),
}

impl Condition {
    /// The detectors it needs.
    pub fn detectors(&self) -> DetectorSet {
        match self {
            Condition::Always | Condition::Unreadable(_) => DetectorSet::default(),
            Condition::Contains(contains) => contains.detectors,
        }
    }
}

/// What the client meets when the wait is over and nobody has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    /// A retriable error: the client's own back-off sets the pace.
    Retry,
    /// A final, readable error.
    Refuse,
}

/// The terms of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The approval policy it asks.
    pub ask: Arc<str>,
    /// How long the reply is withheld, in milliseconds, at most `limits::HOLD_WAIT_MS_MAX`.
    pub wait_ms: u64,
    /// What follows the wait.
    pub then: Then,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Hides what was found. Only with [`Condition::Contains`]; with the others it does nothing,
    /// and the configuration refuses it.
    Mask(Mask),
    /// Asks people.
    Hold(Hold),
    /// Refuses, with this reason for the client.
    Block {
        /// The rule's own words.
        reason: Arc<str>,
    },
}

/// One rule: `when` × `if` → `then`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, unique.
    pub name: Arc<str>,
    /// The team that answers for it.
    pub owner: Option<Arc<str>>,
    /// Whether it acts.
    pub mode: Mode,
    /// Where it applies.
    pub when: When,
    /// What must be seen.
    pub condition: Condition,
    /// What follows.
    pub effect: Effect,
}

/// Lifts rules, where `when` matches, until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name, unique.
    pub name: Arc<str>,
    /// The rules it lifts, by name; may hold `UNREADABLE`.
    pub lifts: Vec<Arc<str>>,
    /// Where it applies.
    pub when: When,
    /// Why, for the audit.
    pub reason: Arc<str>,
    /// From this moment on it lifts nothing.
    pub until: UnixMillis,
}

impl Exception {
    /// Whether it has ended.
    pub fn ended(&self, now: UnixMillis) -> bool {
        now >= self.until
    }
}

#[cfg(test)]
mod tests;
