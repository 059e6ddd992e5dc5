//! A rule and an exception, as the configuration states them.
//!
//! Owns: their shapes and the match of `when`. Refuses: to judge evidence (`contains`) or to
//! combine effects (`decide`). Stays true: an absent field of `when` asks nothing; a present one
//! must match, and one of its patterns is enough.

use super::contains::Contains;
use super::creation::Creates;
use super::pattern::Pattern;
use super::scope::Subject;
use super::unreadable::Causes;
use crate::chunk::{Covers, DetectorSet, Operation, UnixMillis};
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

/// A request, and what a claim counts as that nobody asked for when its token was read.
#[derive(Clone, Copy)]
struct Asked<'a> {
    subject: &'a Subject<'a>,
    operation: Operation,
    on: Target<'a>,
    unasked: bool,
}

/// Whether one field of `when` matches.
type Fits = fn(&When, &Asked<'_>) -> bool;

/// Each field by its key: what is not here would match whatever it says.
const FIELDS: [(&str, Fits); 7] = [
    ("operations", |when, asked| {
        let operations = when.operations.as_ref();
        operations.is_none_or(|them| them.contains(&asked.operation))
    }),
    ("topics", |when, asked| match asked.on {
        Target::Everything => true,
        Target::Nothing => when.topics.is_none(),
        Target::Topic(name) => any(&when.topics, name),
    }),
    ("principals", |when, asked| {
        any(&when.principals, &asked.subject.principal.name)
    }),
    ("groups", |when, asked| {
        let mut groups = asked.subject.principal.groups.iter();
        when.groups.is_none() || groups.any(|group| any(&when.groups, group))
    }),
    ("claims", |when, asked| {
        let claims = &asked.subject.principal.claims;
        let has = |(name, patterns): &(Arc<str>, Vec<Pattern>)| match claims.values(name) {
            None => asked.unasked,
            Some(values) => values.iter().any(|value| one_of(patterns, value)),
        };
        when.claims.as_ref().is_none_or(|them| them.iter().all(has))
    }),
    ("client_ids", |when, asked| {
        any(&when.client_ids, asked.subject.client_id)
    }),
    ("listeners", |when, asked| {
        let listeners = when.listeners.as_ref();
        let fits = |pattern: &Pattern| matches_listener(pattern, asked.subject.listener);
        listeners.is_none_or(|them| them.iter().any(fits))
    }),
];

impl When {
    /// Whether it matches something of what the request is about.
    pub fn matches(&self, subject: &Subject<'_>, operation: Operation, on: Target<'_>) -> bool {
        self.differs(subject, operation, on).is_none()
    }

    /// The first field that keeps it from matching, by its key; none if it matches. A claim that nobody asked
    /// for is for rules.
    pub fn differs(
        &self,
        subject: &Subject<'_>,
        operation: Operation,
        on: Target<'_>,
    ) -> Option<&'static str> {
        self.differs_from(&Asked {
            subject,
            operation,
            on,
            unasked: true,
        })
    }

    /// Whether it matches all of what the request is about: what is to lift a rule there has to. A claim that
    /// nobody asked for is not for exceptions.
    pub fn matches_all(&self, subject: &Subject<'_>, operation: Operation, on: Target<'_>) -> bool {
        let all = |them: &Vec<Pattern>| them.iter().any(|pattern| pattern.as_str() == "*");
        let covers = on != Target::Everything || self.topics.as_ref().is_none_or(all);
        let asked = Asked {
            subject,
            operation,
            on,
            unasked: false,
        };
        covers && self.differs_from(&asked).is_none()
    }

    fn differs_from(&self, asked: &Asked<'_>) -> Option<&'static str> {
        let differs = FIELDS.iter().find(|(_, fits)| !fits(self, asked));
        differs.map(|(field, _)| *field)
    }
}

/// Whether a pattern is for this listener, which has its cluster's name and a `/` in front: by its name, or by
/// both.
pub fn matches_listener(pattern: &Pattern, listener: &str) -> bool {
    let short = listener.rsplit('/').next().unwrap_or(listener);
    pattern.matches(listener) || pattern.matches(short)
}

fn any(patterns: &Option<Vec<Pattern>>, name: &str) -> bool {
    patterns.as_ref().is_none_or(|them| one_of(them, name))
}

fn one_of(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
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
    /// A topic is made, or changed, that is not to be like this.
    Creates(Creates),
    /// The principal's use of the topic, for this operation, has not been granted.
    FirstUse,
}

impl Condition {
    /// The detectors it needs.
    pub fn detectors(&self) -> DetectorSet {
        match self {
            Condition::Contains(contains) => contains.detectors,
            Condition::Always
            | Condition::Unreadable(_)
            | Condition::Creates(_)
            | Condition::FirstUse => DetectorSet::default(),
        }
    }

    /// Whether it can match this operation at all.
    pub fn fits(&self, operation: Operation) -> bool {
        match self {
            Condition::Always => true,
            Condition::Contains(_) | Condition::Unreadable(_) | Condition::FirstUse => {
                operation.carries_records()
            }
            Condition::Creates(_) => Creates::OPERATIONS.contains(&operation),
        }
    }

    /// What an approval of a hold on this evidence lets through.
    pub fn covers(&self) -> Covers {
        match self {
            Condition::Always
            | Condition::Contains(_)
            | Condition::Unreadable(_)
            | Condition::Creates(_) => Covers::Records,
            Condition::FirstUse => Covers::Access,
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
    /// What an approval lets through: that of [`Condition::covers`].
    pub covers: Covers,
    /// How long a grant lasts from its approval, in milliseconds; `None`: until it is revoked.
    pub for_ms: Option<u64>,
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
