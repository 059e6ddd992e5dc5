//! Who a connection acts for, and which rules that makes apply.
//!
//! Owns: the principal, the session's end, and a cache of scopes a topic. Refuses: to judge.
//! Stays true: a cached scope belongs to the policy it was made from and to a moment before any
//! exception in it ended; the cache is bounded, since topic names come from outside.

use crate::chunk::{Operation, Principal, UnixMillis};
use crate::limits::SCOPES_CACHED_MAX;
use crate::policy::{Policy, Scope, Subject};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Scopes by topic, for one operation.
type Scopes = HashMap<Box<[u8]>, Rc<Scope>>;

/// A logged-in principal on one connection.
pub struct Session {
    /// Unique within the gateway's life.
    pub id: u64,
    /// Who.
    pub principal: Principal,
    /// The client's own name for itself.
    pub client_id: Arc<str>,
    /// When its token ends.
    pub expires: Option<UnixMillis>,
    scopes: [RefCell<Scopes>; 2],
    policy: Cell<[u8; 32]>,
}

impl Session {
    /// A session with an empty cache.
    pub fn new(
        id: u64,
        principal: Principal,
        client_id: Arc<str>,
        expires: Option<UnixMillis>,
    ) -> Session {
        Session {
            id,
            principal,
            client_id,
            expires,
            scopes: Default::default(),
            policy: Cell::new([0; 32]),
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
        if self.policy.replace(policy.hash) != policy.hash {
            self.scopes
                .iter()
                .for_each(|cache| cache.borrow_mut().clear());
        }
        let cache = &self.scopes[operation as usize];
        if let Some(scope) = cache.borrow().get(topic)
            && scope.valid_until.is_none_or(|until| now < until)
        {
            return Rc::clone(scope);
        }
        let subject = Subject {
            principal: &self.principal,
            client_id: &self.client_id,
        };
        let name = String::from_utf8_lossy(topic);
        let scope = Rc::new(policy.scope(&subject, operation, &name, now));
        let mut cache = cache.borrow_mut();
        if cache.len() >= SCOPES_CACHED_MAX {
            cache.clear();
        }
        cache.insert(topic.into(), Rc::clone(&scope));
        scope
    }
}
