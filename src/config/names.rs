//! What rules refer to by name: lists, approval policies, detectors.
//!
//! Owns: looking a name up, and remembering which were used. Refuses: unknown names, with the
//! nearest known one. Stays true: one word alone is the name of a list; a list in brackets holds
//! the things themselves, so that no text can mean both.

use super::approvals;
use super::checker::{Checker, Section, cut};
use super::detectors::{self, Own};
use super::fault::{Place, did_you_mean};
use super::model::ApprovalPolicy;
use super::tree::{Key, Node, Value};
use crate::chunk::DetectorSet;
use crate::limits::{CLAIM_NAME_BYTES_MAX, CLAIMS_ASKED_MAX, FIELDS_PER_RULE_MAX};
use crate::policy::{FieldPattern, Fields, Pattern, matches_listener};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Texts, each with its place.
type Texts<'n> = Vec<(Place, &'n str)>;

/// The names that rules and exceptions may use.
pub(super) struct Names<'n> {
    lists: BTreeMap<&'n str, (&'n Key, Texts<'n>)>,
    pub(super) approvals: BTreeMap<String, ApprovalPolicy>,
    approval_keys: Vec<&'n Key>,
    /// The user's own detectors.
    pub(super) own: Own<'n>,
    used: BTreeSet<&'n str>,
    /// Of the user's own detectors, those that some rule looks for.
    looked_for: DetectorSet,
    asked: BTreeSet<String>,
    /// The listeners of all clusters, with the cluster's name and a `/` in front; none if they are faulty.
    listeners: Vec<String>,
    claims: BTreeSet<&'n str>,
    /// Whether `masking` is there, faulty or not: what keyed masks refer to.
    pub(super) has_masking_key: bool,
}

impl<'n> Names<'n> {
    /// Reads `lists` and `approvals`.
    pub(super) fn read(
        c: &mut Checker<'_>,
        root: &Section<'n>,
        listeners: Vec<String>,
    ) -> Names<'n> {
        let own = detectors::detectors(c, root);
        let lists = lists(c, root);
        let approvals = approvals::approvals(c, root);
        // A policy with a fault of its own is still a name that rules may use.
        let approval_keys = match root.get("approvals").map(|node| &node.value) {
            Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key).collect(),
            _ => Vec::new(),
        };
        let (used, asked) = (BTreeSet::new(), BTreeSet::new());
        Names {
            lists,
            approvals,
            approval_keys,
            own,
            looked_for: DetectorSet::default(),
            used,
            asked,
            listeners,
            claims: BTreeSet::new(),
            has_masking_key: root.get("masking").is_some(),
        }
    }

    /// The texts of `[a, b]`, or of the list that a single word names.
    fn texts(&mut self, c: &mut Checker<'_>, node: &'n Node, of: &str) -> Option<Texts<'n>> {
        let expected = format!("the name of a list, or {of} in brackets");
        let Value::Text(_) = node.value else {
            return c.texts(node, &expected);
        };
        let name = c.text(node, &expected)?;
        match self.lists.get(name) {
            Some((_, texts)) => {
                self.used.insert(name);
                Some(texts.clone())
            }
            None => {
                let near = did_you_mean(name, self.lists.keys().copied());
                let expected = format!("{expected}, such as [{}]", cut(name));
                c.fault(
                    node.place,
                    format!("no list `{}`{near}", cut(name)),
                    expected,
                );
                None
            }
        }
    }

    /// Patterns for names.
    pub(super) fn patterns(&mut self, c: &mut Checker<'_>, node: &'n Node) -> Option<Vec<Pattern>> {
        let texts = self.texts(c, node, "names with `*`")?;
        Some(
            texts
                .into_iter()
                .map(|(_, text)| Pattern::new(text))
                .collect(),
        )
    }

    /// Patterns for fields of records.
    pub(super) fn fields(&mut self, c: &mut Checker<'_>, node: &'n Node) -> Option<Fields> {
        let texts = self.texts(c, node, "fields such as customer.*.ssn or **.card")?;
        let before = c.faults.len();
        if texts.len() > FIELDS_PER_RULE_MAX {
            let expected = format!("at most {FIELDS_PER_RULE_MAX}; `**` stands for any levels");
            c.fault(node.place, format!("{} fields", texts.len()), expected);
        }
        let read = texts.into_iter().filter_map(|(place, text)| {
            let read = FieldPattern::new(text);
            if read.is_none() {
                let expected = "names with dots between, such as customer.*.ssn or **.card";
                c.fault(place, format!("`{}`", cut(text)), expected);
            }
            read
        });
        let read: Vec<FieldPattern> = read.collect();
        (c.faults.len() == before).then(|| read.into())
    }

    /// Patterns for listeners. One that no listener matches is told: a rule with it could never act.
    pub(super) fn listeners(
        &mut self,
        c: &mut Checker<'_>,
        node: &'n Node,
    ) -> Option<Vec<Pattern>> {
        let patterns = self.patterns(c, node)?;
        for pattern in patterns.iter().filter(|_| !self.listeners.is_empty()) {
            let matches = |name: &String| matches_listener(pattern, name);
            if !self.listeners.iter().any(matches) {
                let text = pattern.as_str();
                let names = self.listeners.iter();
                let short = names.filter_map(|name| name.rsplit('/').next());
                let near = did_you_mean(text, short);
                let what = format!("no listener matches `{}`{near}", cut(text));
                c.warn(node.place, what);
            }
        }
        Some(patterns)
    }

    /// Notes a claim that the policy asks for.
    pub(super) fn claim(&mut self, c: &mut Checker<'_>, key: &'n Key) {
        let text = key.text.as_str();
        if text.is_empty() || text.len() > CLAIM_NAME_BYTES_MAX {
            let expected = format!("a name of at most {CLAIM_NAME_BYTES_MAX} bytes");
            c.fault(key.place, format!("`{}`", cut(text)), expected);
        }
        if self.claims.insert(text) && self.claims.len() == CLAIMS_ASKED_MAX + 1 {
            let what = format!("`{}`: more than {CLAIMS_ASKED_MAX} claims", cut(text));
            c.fault(key.place, what, "fewer; every session keeps their values");
        }
    }

    /// A set of detectors; `None` if one of them is unknown.
    pub(super) fn detectors(&mut self, c: &mut Checker<'_>, node: &'n Node) -> Option<DetectorSet> {
        let texts = self.texts(c, node, "detectors")?;
        let before = c.faults.len();
        let mut set = DetectorSet::default();
        for (place, text) in texts {
            match self.own.id(text) {
                Some(id) => set.insert(id),
                None => unknown_detector(c, place, text, &self.own),
            }
        }
        self.looked_for = self.looked_for.union(set);
        (c.faults.len() == before).then_some(set)
    }

    /// The approval policy that a hold asks.
    pub(super) fn ask(&mut self, c: &mut Checker<'_>, node: &Node) -> Option<Arc<str>> {
        let name = c.text(node, "the name of an approval policy")?;
        let known = || self.approval_keys.iter().map(|key| key.text.as_str());
        if !known().any(|known| known == name) {
            let near = did_you_mean(name, known());
            let what = format!("no approval policy `{}`{near}", cut(name));
            c.fault(node.place, what, "a name in `approvals`");
            return None;
        }
        self.asked.insert(name.to_owned());
        Some(name.into())
    }

    /// Where the approval policy of this name is defined.
    pub(super) fn approval_place(&self, name: &str) -> Option<Place> {
        self.approval_keys
            .iter()
            .find(|key| key.text == name)
            .map(|key| key.place)
    }

    /// Warns of what nothing refers to.
    pub(super) fn warn_unused(&self, c: &mut Checker<'_>) {
        for (name, (key, _)) in self
            .lists
            .iter()
            .filter(|(name, _)| !self.used.contains(*name))
        {
            c.warn(key.place, format!("nothing uses the list `{name}`"));
        }
        for key in &self.own.keys {
            let id = self.own.id(&key.text);
            if !id.is_some_and(|id| self.looked_for.contains(id)) {
                c.warn(key.place, format!("no rule looks for `{}`", cut(&key.text)));
            }
        }
        for key in self
            .approval_keys
            .iter()
            .filter(|key| !self.asked.contains(&key.text))
        {
            c.warn(
                key.place,
                format!("no rule asks the approval policy `{}`", key.text),
            );
        }
    }
}

fn lists<'n>(c: &mut Checker<'_>, root: &Section<'n>) -> BTreeMap<&'n str, (&'n Key, Texts<'n>)> {
    let named = root.get("lists").and_then(|node| c.named(node.place, node));
    let entries = named.map(|section| section.entries()).unwrap_or_default();
    let read = entries.iter().map(|(key, node)| {
        c.name(key);
        let texts = c
            .texts(node, "a list of texts, one at least")
            .unwrap_or_default();
        (key.text.as_str(), (key, texts))
    });
    read.collect()
}

fn unknown_detector(c: &mut Checker<'_>, place: Place, text: &str, own: &Own<'_>) {
    let names: Vec<&str> = own.names().collect();
    let near = did_you_mean(text, names.iter().copied());
    let what = format!("no detector `{}`{near}", cut(text));
    c.fault(place, what, format!("one of {}", names.join(", ")));
}
