//! Who a connection acts for, and which rules that makes apply.
//!
//! Owns: the principal, the session's end, and a cache of scopes by operation and topic. Refuses:
//! to judge. Stays true: a cached scope belongs to the policy it was made from and to a moment
//! before any exception in it ended; the cache is bounded, since topic names come from outside; a
//! hit allocates nothing.

use crate::chunk::{Operation, Principal, UnixMillis};
use crate::limits::SCOPES_CACHED_MAX;
use crate::policy::{Policy, Scope, Subject, Target};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// A logged-in principal on one connection.
pub struct Session {
    /// Unique within the gateway's life.
    pub id: u64,
    /// Who.
    pub principal: Principal,
    /// The client's own name for itself.
    pub client_id: Arc<str>,
    /// The cluster and the listener it came through, with a `/` between.
    pub listener: Arc<str>,
    /// When its token ends.
    pub expires: Option<UnixMillis>,
    cache: RefCell<Cache>,
}

/// What was found out so far. Operations are few and looked for one by one.
#[derive(Default)]
struct Cache {
    policy: [u8; 32],
    operations: Vec<(Operation, Known)>,
    /// Scopes of topics, over all operations.
    topics: usize,
}

/// What is known of one operation.
#[derive(Default)]
struct Known {
    /// Whether no rule can match it, whatever it is about.
    free: Option<bool>,
    topics: HashMap<Box<[u8]>, Cached>,
    nothing: Option<Cached>,
    everything: Option<Cached>,
}

#[derive(Clone)]
struct Cached {
    scope: Rc<Scope>,
    /// Whether the audit has heard of it.
    told: bool,
}

impl Session {
    /// A session with an empty cache.
    pub fn new(
        id: u64,
        principal: Principal,
        client_id: Arc<str>,
        listener: Arc<str>,
        expires: Option<UnixMillis>,
    ) -> Session {
        Session {
            id,
            principal,
            client_id,
            listener,
            expires,
            cache: RefCell::default(),
        }
    }

    /// The rules that may apply to this topic. Allocates only the first time a topic is seen.
    pub fn scope(
        &self,
        policy: &Policy,
        operation: Operation,
        topic: &[u8],
        now: UnixMillis,
    ) -> Rc<Scope> {
        let mut cache = self.cache.borrow_mut();
        let known = cache.known(policy, operation).topics.get(topic);
        if let Some(scope) = known.and_then(|known| known.valid(now)) {
            return scope;
        }
        let name = String::from_utf8_lossy(topic);
        let scope = self.make(policy, operation, Target::Topic(&name), now);
        cache.keep_topic(operation, topic, &scope);
        scope
    }

    /// The rules that may apply to an operation on whatever it is about.
    pub fn scope_on(
        &self,
        policy: &Policy,
        operation: Operation,
        on: Target<'_>,
        now: UnixMillis,
    ) -> Rc<Scope> {
        if let Target::Topic(topic) = on {
            return self.scope(policy, operation, topic.as_bytes(), now);
        }
        let mut cache = self.cache.borrow_mut();
        let known = cache.known(policy, operation).without_topic(on);
        if let Some(scope) = known.as_ref().and_then(|known| known.valid(now)) {
            return scope;
        }
        let scope = self.make(policy, operation, on, now);
        *known = Some(Cached::new(&scope));
        scope
    }

    /// Whether no rule can match this operation, whatever it is about: its requests need not be
    /// read.
    pub fn is_free(&self, policy: &Policy, operation: Operation, now: UnixMillis) -> bool {
        let mut cache = self.cache.borrow_mut();
        let known = cache.known(policy, operation);
        *known.free.get_or_insert_with(|| {
            let everything = self.make(policy, operation, Target::Everything, now);
            everything.is_empty()
        })
    }

    /// Whether the audit is to hear of what the rules say here: it was not told since the scope
    /// was made. Tells it.
    pub fn tell_once(&self, operation: Operation, on: Target<'_>) -> bool {
        let mut cache = self.cache.borrow_mut();
        let mut operations = cache.operations.iter_mut();
        let known = operations.find(|(known, _)| *known == operation);
        let cached = known.and_then(|(_, known)| match on {
            Target::Topic(topic) => known.topics.get_mut(topic.as_bytes()),
            on => known.without_topic(on).as_mut(),
        });
        cached.is_none_or(|cached| !std::mem::replace(&mut cached.told, true))
    }

    fn make(
        &self,
        policy: &Policy,
        operation: Operation,
        on: Target<'_>,
        now: UnixMillis,
    ) -> Rc<Scope> {
        let subject = Subject {
            principal: &self.principal,
            client_id: &self.client_id,
            listener: &self.listener,
        };
        Rc::new(policy.scope_on(&subject, operation, on, now))
    }
}

impl Cache {
    /// What is known of an operation under this policy; another one makes all of it worthless.
    fn known(&mut self, policy: &Policy, operation: Operation) -> &mut Known {
        if self.policy != policy.hash {
            self.policy = policy.hash;
            self.operations.clear();
            self.topics = 0;
        }
        let at = self.operations.iter().position(|(it, _)| *it == operation);
        let at = at.unwrap_or_else(|| {
            self.operations.push((operation, Known::default()));
            self.operations.len() - 1
        });
        &mut self.operations[at].1
    }

    fn keep_topic(&mut self, operation: Operation, topic: &[u8], scope: &Rc<Scope>) {
        if self.topics >= SCOPES_CACHED_MAX {
            self.operations
                .iter_mut()
                .for_each(|(_, known)| known.topics.clear());
            self.topics = 0;
        }
        let mut operations = self.operations.iter_mut();
        if let Some((_, known)) = operations.find(|(it, _)| *it == operation) {
            let before = known.topics.insert(topic.into(), Cached::new(scope));
            self.topics += usize::from(before.is_none());
        }
    }
}

impl Known {
    fn without_topic(&mut self, on: Target<'_>) -> &mut Option<Cached> {
        match on {
            Target::Everything => &mut self.everything,
            _ => &mut self.nothing,
        }
    }
}

impl Cached {
    fn new(scope: &Rc<Scope>) -> Cached {
        Cached {
            scope: Rc::clone(scope),
            told: false,
        }
    }

    fn valid(&self, now: UnixMillis) -> Option<Rc<Scope>> {
        let valid = self.scope.valid_until.is_none_or(|until| now < until);
        valid.then(|| Rc::clone(&self.scope))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::{Condition, Effect, Exception, Gate, Mode, Pattern, Rule, When};

    const NOW: UnixMillis = UnixMillis(1_000);

    fn rule(operations: &[Operation], topics: Option<&str>) -> Rule {
        Rule {
            name: "no".into(),
            owner: None,
            mode: Mode::Enforce,
            when: When {
                operations: Some(operations.to_vec()),
                topics: topics.map(|text| vec![Pattern::new(text)]),
                ..When::default()
            },
            condition: Condition::Always,
            effect: Effect::Block { reason: "x".into() },
        }
    }

    fn policy(hash: u8, rules: Vec<Rule>, exceptions: Vec<Exception>) -> Policy {
        Policy::new([hash; 32], rules, exceptions, Mode::Enforce)
    }

    fn session() -> Session {
        let principal = Principal {
            name: "ann".into(),
            groups: Arc::from([]),
            issuer: "".into(),
            claims: Default::default(),
        };
        Session::new(1, principal, "app".into(), "main/a".into(), None)
    }

    #[test]
    fn an_operation_that_no_rule_names_is_free_until_the_policy_changes() {
        use Operation::{DeleteTopics, Heartbeat, Metadata};
        let session = session();
        let first = policy(
            1,
            vec![rule(&[DeleteTopics, Metadata], Some("hr.*"))],
            vec![],
        );
        assert!(session.is_free(&first, Heartbeat, NOW));
        assert!(!session.is_free(&first, Metadata, NOW), "some topic is not");
        let second = policy(2, vec![rule(&[Heartbeat], None)], vec![]);
        assert!(!session.is_free(&second, Heartbeat, NOW));
        assert!(session.is_free(&second, Metadata, NOW));
    }

    #[test]
    fn scopes_end_with_the_exception_in_them() {
        let exception = Exception {
            name: "e".into(),
            lifts: vec!["no".into()],
            when: When::default(),
            reason: "r".into(),
            until: UnixMillis(2_000),
        };
        let no = rule(&[Operation::DeleteTopics], None);
        let policy = policy(1, vec![no], vec![exception]);
        let session = session();
        for on in [Target::Topic("t"), Target::Nothing, Target::Everything] {
            let gate = |now| {
                let scope = session.scope_on(&policy, Operation::DeleteTopics, on, now);
                policy
                    .decide(&scope, &crate::policy::Evidence::NONE, now)
                    .gate
            };
            assert_eq!(gate(NOW), Gate::Allow, "{on:?}");
            assert_eq!(gate(UnixMillis(1_999)), Gate::Allow, "{on:?}");
            assert!(
                matches!(gate(UnixMillis(2_000)), Gate::Block { .. }),
                "{on:?}"
            );
        }
    }

    #[test]
    fn the_audit_hears_once_of_each_thing() {
        let policy = policy(1, vec![rule(&[Operation::Metadata], None)], vec![]);
        let session = session();
        for on in [Target::Topic("a"), Target::Topic("b"), Target::Nothing] {
            session.scope_on(&policy, Operation::Metadata, on, NOW);
            assert!(session.tell_once(Operation::Metadata, on), "{on:?}");
            session.scope_on(&policy, Operation::Metadata, on, NOW);
            assert!(!session.tell_once(Operation::Metadata, on), "{on:?}");
        }
        assert!(
            session.tell_once(Operation::Fetch, Target::Nothing),
            "not cached"
        );
    }

    #[test]
    fn names_from_outside_do_not_fill_the_cache() {
        let policy = policy(1, vec![], vec![]);
        let session = session();
        for n in 0..3 * SCOPES_CACHED_MAX {
            let operation = [Operation::Produce, Operation::Metadata][n % 2];
            session.scope(&policy, operation, format!("t{n}").as_bytes(), NOW);
            let cache = session.cache.borrow();
            let kept = cache.operations.iter().map(|(_, known)| known.topics.len());
            let kept: usize = kept.sum();
            assert!(kept <= SCOPES_CACHED_MAX && kept == cache.topics);
        }
    }
}
