//! What the rules say of each thing that a request is about, and what the audit hears of it.
//!
//! Owns: the question to the policy, and the entries that follow from its answers. Refuses: to know
//! an API. Stays true: a request that changes the cluster is recorded whatever the rules say; what
//! clients do all the time is recorded once a session for each thing that a rule says something of.

use super::core::Core;
use super::record;
use super::session::Session;
use super::topic_ids::TopicIds;
use crate::audit::entry::{Asked, Course};
use crate::chunk::{Nature, Operation, TopicShape};
use crate::kafka::error;
use crate::kafka::refusal::{Denied, Named, cut};
use crate::limits::{AUDIT_NAME_BYTES_MAX, AUDIT_NAMES_MAX};
use crate::policy::{Evidence, Gate, Policy, Target, Verdict};
use data_encoding::HEXLOWER;
use std::sync::Arc;

/// One request's, or one reply's, hearing.
pub struct Hearing<'a> {
    session: &'a Session,
    policy: &'a Policy,
    names: &'a TopicIds,
    operation: Operation,
    core: &'a Core,
    found: Vec<Asked>,
}

impl<'a> Hearing<'a> {
    /// Nothing heard yet.
    pub fn new(
        core: &'a Core,
        session: &'a Session,
        policy: &'a Policy,
        names: &'a TopicIds,
        operation: Operation,
    ) -> Hearing<'a> {
        Hearing {
            session,
            policy,
            names,
            operation,
            core,
            found: Vec::new(),
        }
    }

    /// Asks the rules about one thing.
    pub fn ask(&mut self, named: Named<'_>) -> Option<Denied> {
        match named {
            Named::Topic(name) => self.judge(Target::Topic(name), Some(name), None),
            Named::Shaped(name, shape) => self.judge(Target::Topic(name), Some(name), Some(shape)),
            Named::Nothing => self.judge(Target::Nothing, None, None),
            Named::Everything => self.judge(Target::Everything, None, None),
            Named::Id(id) => match self.names.name(id) {
                Some(name) => self.judge(Target::Topic(&name), Some(&name), None),
                None => self.judge_unknown(&HEXLOWER.encode(&id.0)),
            },
        }
    }

    /// A topic that nobody can name passes only where no topic would be denied.
    fn judge_unknown(&mut self, id: &str) -> Option<Denied> {
        let denied = self.judge(Target::Everything, Some(id), None)?;
        Some(Denied {
            code: Some(error::UNKNOWN_TOPIC_ID),
            ..denied
        })
    }

    /// Whether a topic that the broker makes by itself would pass, without a word to anybody.
    pub fn may_appear(&self, topic: &str) -> bool {
        let shape = TopicShape::by_itself();
        self.verdict(Target::Topic(topic), Some(&shape)).gate == Gate::Allow
    }

    /// Whether any topic at all would pass, without a word to anybody.
    pub fn all_pass(&self) -> bool {
        self.verdict(Target::Everything, None).gate == Gate::Allow
    }

    fn verdict(&self, on: Target<'_>, shape: Option<&TopicShape>) -> Verdict {
        let now = self.core.now();
        let scope = self.session.scope_on(self.policy, self.operation, on, now);
        match scope.is_empty() {
            true => Verdict::default(),
            false => {
                let named = match on {
                    Target::Topic(name) => Some(name),
                    Target::Nothing | Target::Everything => None,
                };
                let evidence = Evidence {
                    topic: named.zip(shape),
                    ..Evidence::NONE
                };
                self.policy.decide(&scope, &evidence, now)
            }
        }
    }

    fn judge(
        &mut self,
        on: Target<'_>,
        topic: Option<&str>,
        shape: Option<&TopicShape>,
    ) -> Option<Denied> {
        let verdict = self.verdict(on, shape);
        let text = refusal(&verdict.gate);
        if self.is_worth_telling(&verdict, on) {
            self.note(&verdict, text.as_deref(), topic);
        }
        text.map(|text| Denied { code: None, text })
    }

    fn is_worth_telling(&self, verdict: &Verdict, on: Target<'_>) -> bool {
        match self.operation.nature() {
            Nature::Change => true,
            Nature::Routine if verdict.is_clean() => false,
            Nature::Routine => self.session.tell_once(self.operation, on),
            Nature::Read | Nature::Records => !verdict.is_clean(),
        }
    }

    /// Adds a thing to the entry of its course, or begins one.
    fn note(&mut self, verdict: &Verdict, text: Option<&str>, topic: Option<&str>) {
        let entry = Asked {
            course: match (text, verdict.observed.is_empty()) {
                (Some(_), _) => Course::Blocked,
                (None, false) => Course::Observed,
                (None, true) => Course::Passed,
            },
            rules: rules(verdict),
            exceptions: verdict.lifted.iter().map(|it| it.to_string()).collect(),
            reason: text.unwrap_or("").to_owned(),
            ..Asked::default()
        };
        let same = |it: &&mut Asked| {
            it.course == entry.course
                && it.rules == entry.rules
                && it.exceptions == entry.exceptions
        };
        let entry = match self.found.iter_mut().find(same) {
            Some(found) => found,
            None => {
                self.found.push(entry);
                let last = self.found.len() - 1;
                &mut self.found[last]
            }
        };
        if let Some(topic) = topic {
            add(&mut entry.topics, &mut entry.more, topic);
        }
    }

    /// Writes what was heard; `others` is what the request is about beside topics. Returns whether
    /// anything was blocked.
    pub fn record(self, others: &[String]) -> bool {
        let mut blocked = false;
        for mut entry in self.found {
            blocked |= entry.course == Course::Blocked;
            let mut kept = Vec::new();
            for other in others {
                add(&mut kept, &mut entry.more, other);
            }
            let entry = Asked {
                session: self.session.id,
                principal: self.session.principal.name.to_string(),
                operation: self.operation.name().to_owned(),
                policy: self.policy.hash,
                others: kept,
                ..entry
            };
            record::asked(self.core, entry);
        }
        blocked
    }
}

/// What the client is told where it is denied.
fn refusal(gate: &Gate) -> Option<String> {
    let text = match gate {
        Gate::Allow => return None,
        Gate::Block { rule, reason } => format!("blocked by rule {rule}: {reason}"),
        // The configuration refuses such a rule; should one be there, it does not let pass.
        Gate::Hold { .. } => "held, and nobody can be asked about this".to_owned(),
    };
    Some(cut(&text).to_owned())
}

fn rules(verdict: &Verdict) -> Vec<String> {
    let text = |it: &Arc<str>| it.to_string();
    match &verdict.gate {
        Gate::Block { rule, .. } => vec![text(rule)],
        Gate::Hold { rules, .. } => rules.iter().map(|order| text(&order.rule)).collect(),
        Gate::Allow => verdict.observed.iter().map(text).collect(),
    }
}

/// Keeps a name if there is room, cut to what Kafka allows a topic.
fn add(names: &mut Vec<String>, more: &mut u32, name: &str) {
    if names.len() >= AUDIT_NAMES_MAX {
        *more = more.saturating_add(1);
        return;
    }
    names.push(name[..name.floor_char_boundary(AUDIT_NAME_BYTES_MAX)].to_owned());
}
