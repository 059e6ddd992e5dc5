//! The policy, and the part of it that can match one subject doing one thing to one topic.
//!
//! Owns: picking the rules by their `when`, once per connection, operation and topic; the caller
//! keeps the [`Scope`] and asks again when it ends. Refuses: to look at records (`decide`). Stays
//! true: a scope is of one policy; it holds lifted and observing rules too, so that their use is
//! seen and told.

use super::UNREADABLE;
use super::decide::Evidence;
use super::fields::looked_at;
use super::first_use;
use super::rule::{Condition, Effect, Exception, Mode, Rule, Target, When};
use super::verdict::{Gate, Verdict};
use crate::chunk::{DetectorSet, GrantSubject, Likelihood, Operation, Principal, UnixMillis};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who the connection acts for.
    pub principal: &'a Principal,
    /// The client's own name for itself, empty when it gives none.
    pub client_id: &'a str,
    /// The cluster and the listener it came through, with a `/` between.
    pub listener: &'a str,
}

/// A rule in a scope, with the exception that lifts it there.
#[derive(Clone, Debug)]
pub(super) struct Scoped {
    pub(super) rule: Arc<Rule>,
    pub(super) lifted_by: Option<Arc<Exception>>,
    /// What a rule about the first use of a topic wants granted.
    pub(super) access: Option<GrantSubject>,
}

/// What can match one subject, operation and topic.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What there is to scan for.
    pub detectors: DetectorSet,
    /// When an exception used here ends, and the scope must be asked for again.
    pub valid_until: Option<UnixMillis>,
    pub(super) policy: [u8; 32],
    pub(super) rules: Vec<Scoped>,
    pub(super) unreadable: Scoped,
    /// Whether any rule matches without evidence.
    pub(super) always: bool,
    /// Whether any rule asks whether the use was granted.
    pub(super) asks_first: bool,
    /// Whether any rule asks for what cannot be read.
    unreadable_asked: bool,
    located: DetectorSet,
    /// The least likelihood that some rule asks for, and never more than is usual.
    pub(super) least: Likelihood,
    blocked: Option<Verdict>,
}

impl Scope {
    /// Whether no rule can match: there is nothing to scan for and nothing to decide, save on
    /// what cannot be read. A scope of [`Target::Everything`] is empty only if that of every
    /// topic, and of none, is empty too.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether an exception lifts this rule here.
    pub fn lifted(&self, rule: &str) -> bool {
        let lifted = |scoped: &&Scoped| scoped.rule.name.as_ref() == rule;
        let scoped = self.rules.iter().find(lifted);
        scoped.is_some_and(|scoped| scoped.lifted_by.is_some())
    }

    /// The detectors of rules that name fields: of what these find, the place is to be told.
    pub fn located(&self) -> DetectorSet {
        self.located
    }

    /// Whether the records need looking into: for detectors, or for what cannot be read.
    pub fn looks(&self) -> bool {
        !self.detectors.is_empty() || self.unreadable_asked
    }

    /// The verdict, if an `if: always` rule blocks whatever the records are: they need not be
    /// scanned, nor asked for.
    pub fn blocked_before_sending(&self) -> Option<&Verdict> {
        self.blocked.as_ref()
    }
}

/// Every rule and exception of one configuration, compiled.
#[derive(Clone, Debug)]
pub struct Policy {
    /// SHA-256 of the text it was read from; every verdict in the audit names it.
    pub hash: [u8; 32],
    /// By name, so that what is reported first does not depend on the order they were written in.
    rules: Vec<Arc<Rule>>,
    exceptions: Vec<Arc<Exception>>,
    unreadable: Arc<Rule>,
}

impl Policy {
    /// A policy of these rules and exceptions; `default_mode` is that of the built-in rule
    /// [`UNREADABLE`]. Names must be unique, which the configuration checks.
    pub fn new(
        hash: [u8; 32],
        mut rules: Vec<Rule>,
        mut exceptions: Vec<Exception>,
        default_mode: Mode,
    ) -> Policy {
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        exceptions.sort_by(|a, b| a.name.cmp(&b.name));
        Policy {
            hash,
            rules: rules.into_iter().map(Arc::new).collect(),
            exceptions: exceptions.into_iter().map(Arc::new).collect(),
            unreadable: Arc::new(unreadable_rule(default_mode)),
        }
    }

    /// Whether the built-in rule [`UNREADABLE`] acts.
    pub fn unreadable_mode(&self) -> Mode {
        self.unreadable.mode
    }

    /// Its rules, by name.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(Arc::as_ref)
    }

    /// Its exceptions, by name, ended ones included.
    pub fn exceptions(&self) -> impl Iterator<Item = &Exception> {
        self.exceptions.iter().map(Arc::as_ref)
    }

    /// The detectors of all rules together.
    pub fn detectors(&self) -> DetectorSet {
        union(self.rules())
    }

    /// The claims that rules and exceptions ask for, each once.
    pub fn claims(&self) -> Vec<Arc<str>> {
        let whens = self.rules().map(|rule| &rule.when);
        let whens = whens.chain(self.exceptions().map(|exception| &exception.when));
        let asked = whens.flat_map(|when| when.claims.iter().flatten());
        let names: BTreeSet<&Arc<str>> = asked.map(|(name, _)| name).collect();
        names.into_iter().cloned().collect()
    }

    /// What can match this subject doing this to this topic. Costs a walk over all rules: keep
    /// it until [`Scope::valid_until`] or until the policy changes.
    pub fn scope(
        &self,
        subject: &Subject<'_>,
        operation: Operation,
        topic: &str,
        now: UnixMillis,
    ) -> Scope {
        self.scope_on(subject, operation, Target::Topic(topic), now)
    }

    /// The same, for what may name no topic or all of them. Where no records move, rules about records
    /// cannot match.
    pub fn scope_on(
        &self,
        subject: &Subject<'_>,
        operation: Operation,
        on: Target<'_>,
        now: UnixMillis,
    ) -> Scope {
        let lifting: Vec<&Arc<Exception>> = self
            .exceptions
            .iter()
            .filter(|e| !e.ended(now) && e.when.matches_all(subject, operation, on))
            .collect();
        let applies = |rule: &Rule| {
            rule.condition.fits(operation) && rule.when.matches(subject, operation, on)
        };
        let scoped = |rule: &Arc<Rule>| Scoped {
            rule: rule.clone(),
            lifted_by: longest(&lifting, &rule.name),
            access: first_use::access(rule, subject, operation, on),
        };
        let rules: Vec<Scoped> = self
            .rules
            .iter()
            .filter(|rule| applies(rule))
            .map(scoped)
            .collect();
        let unreadable = scoped(&self.unreadable);
        let used = rules
            .iter()
            .chain([&unreadable])
            .filter_map(|s| s.lifted_by.as_ref());
        let valid_until = used.map(|exception| exception.until).min();
        let mut scope = Scope {
            detectors: union(rules.iter().map(|s| s.rule.as_ref())),
            valid_until,
            policy: self.hash,
            always: rules.iter().any(|s| needs_no_records(&s.rule)),
            asks_first: rules.iter().any(|s| s.access.is_some()),
            unreadable_asked: rules
                .iter()
                .any(|s| matches!(s.rule.condition, Condition::Unreadable(_))),
            located: rules
                .iter()
                .filter_map(|s| Some(looked_at(&s.rule)?.1))
                .fold(DetectorSet::default(), DetectorSet::union),
            least: least(rules.iter().map(|s| s.rule.as_ref())),
            rules,
            unreadable,
            blocked: None,
        };
        scope.blocked = self.block_without_evidence(&scope, now);
        scope
    }

    fn block_without_evidence(&self, scope: &Scope, now: UnixMillis) -> Option<Verdict> {
        let verdict = self.decide(scope, &Evidence::NONE, now);
        matches!(verdict.gate, Gate::Block { .. }).then_some(verdict)
    }
}

/// Of the exceptions that lift a rule, the one that lasts longest: a shorter one changes nothing.
fn longest(lifting: &[&Arc<Exception>], rule: &Arc<str>) -> Option<Arc<Exception>> {
    let lifting = lifting
        .iter()
        .filter(|exception| exception.lifts.contains(rule));
    // By name among equals, so that the order of the configuration does not matter.
    let longest = lifting.max_by(|a, b| (a.until, &b.name).cmp(&(b.until, &a.name)));
    longest.map(|exception| Arc::clone(exception))
}

/// Whether the rule can match whatever the records are.
fn needs_no_records(rule: &Rule) -> bool {
    matches!(rule.condition, Condition::Always | Condition::FirstUse)
}

fn union<'r>(rules: impl Iterator<Item = &'r Rule>) -> DetectorSet {
    rules.fold(DetectorSet::default(), |all, rule| {
        all.union(rule.condition.detectors())
    })
}

fn least<'r>(rules: impl Iterator<Item = &'r Rule>) -> Likelihood {
    let asked = rules.filter_map(|rule| match &rule.condition {
        Condition::Contains(contains) => Some(contains.likelihood),
        Condition::Always
        | Condition::Unreadable(_)
        | Condition::Creates(_)
        | Condition::FirstUse => None,
    });
    asked.fold(Likelihood::default(), Likelihood::min)
}

fn unreadable_rule(mode: Mode) -> Rule {
    Rule {
        name: UNREADABLE.into(),
        owner: None,
        mode,
        when: When::default(),
        condition: Condition::Always,
        effect: Effect::Block {
            reason: "the records cannot be inspected".into(),
        },
    }
}
