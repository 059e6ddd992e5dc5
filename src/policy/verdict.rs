//! What the policy says of one batch, with the rules that say it.
//!
//! Owns: the gate, the masks, and how several of each combine. Refuses: to find out which rules
//! match (`decide`). Stays true: combining is commutative and only tightens; the clean verdict
//! owns no heap memory.

use super::contains::Contains;
use super::rule::{Hold, Then};
use crate::chunk::{DetectorSet, Finding, GrantOffer, GrantSubject, Likelihood};
use crate::scan::mask::Mask;
use std::sync::Arc;

/// Which records of a batch, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Records {
    /// None of them.
    #[default]
    None,
    /// These, ascending, each once.
    Some(Vec<u32>),
    /// Every one.
    All,
}

impl Records {
    /// Whether a record is among them.
    pub fn contains(&self, record: u32) -> bool {
        match self {
            Records::None => false,
            Records::Some(them) => them.binary_search(&record).is_ok(),
            Records::All => true,
        }
    }

    /// Adds others.
    pub fn add(&mut self, others: Records) {
        let mine = std::mem::take(self);
        *self = match (mine, others) {
            (Records::All, _) | (_, Records::All) => Records::All,
            (Records::None, other) => other,
            (mine, Records::None) => mine,
            (Records::Some(mut mine), Records::Some(other)) => {
                mine.extend(other);
                mine.sort_unstable();
                mine.dedup();
                Records::Some(mine)
            }
        };
    }
}

/// A hold rule that matched, and whom it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOrder {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The approval policy it asks.
    pub ask: Arc<str>,
    /// What an approval grants; `None`: the flagged records, once.
    pub grant: Option<GrantOffer>,
}

/// Whether the batch may go on: block > hold > allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    #[default]
    Allow,
    /// When people say so.
    Hold {
        /// Every hold rule that matched, by name; all must be answered.
        rules: Vec<HoldOrder>,
        /// How long the reply is withheld, in milliseconds: the shortest any of them allows.
        wait_ms: u64,
        /// What follows the wait: `Refuse` if any of them says so.
        then: Then,
    },
    /// It may not.
    Block {
        /// The first rule, by name, that says so.
        rule: Arc<str>,
        /// Its reason, for the client.
        reason: Arc<str>,
    },
}

/// A mask rule that matched: what to hide and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskOrder {
    /// Findings of these detectors.
    pub detectors: DetectorSet,
    /// How they are hidden.
    pub mask: Mask,
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule's condition: which findings count.
    pub(super) contains: Contains,
    /// The records that satisfied it.
    pub(super) records: Records,
    /// The findings that lie in the fields it names, by their place in the batch's, ascending; none: any may.
    pub(super) within: Option<Arc<[u32]>>,
}

impl MaskOrder {
    /// Whether this finding is to be hidden; `at`: its place among the batch's findings.
    pub fn covers(&self, at: usize, finding: &Finding) -> bool {
        let lies_there = |them: &Arc<[u32]>| them.binary_search(&(at as u32)).is_ok();
        self.contains.counts(finding)
            && self.records.contains(finding.record)
            && self.within.as_ref().is_none_or(lies_there)
    }
}

/// What the policy says of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may go on.
    pub gate: Gate,
    /// The masks, by rule name; they apply whatever the gate says.
    pub masks: Vec<MaskOrder>,
    /// Rules that would have acted but only observe, by name.
    pub observed: Vec<Arc<str>>,
    /// Exceptions that kept a matching rule from acting, by name of the rule.
    pub lifted: Vec<Arc<str>>,
    /// The records that hold rules flagged: `Some` or, for `if: always`, `All`.
    pub flagged: Records,
    /// The least likelihood that some rule here asks for: what is less likely is not worth telling.
    pub least: Likelihood,
}

impl Verdict {
    /// Nothing to do and nothing to tell.
    pub fn is_clean(&self) -> bool {
        self.gate == Gate::Allow
            && self.masks.is_empty()
            && self.observed.is_empty()
            && self.lifted.is_empty()
    }

    /// Whether a hold rule flagged the record that this finding is in.
    pub fn flagged(&self, finding: &Finding) -> bool {
        self.flagged.contains(finding.record)
    }

    /// How a finding is to be hidden; of several masks the one that keeps less. `at`: its place among the
    /// batch's findings.
    pub fn mask_of(&self, at: usize, finding: &Finding) -> Option<Mask> {
        let covering = self.masks.iter().filter(|order| order.covers(at, finding));
        Mask::strictest(covering.map(|order| &order.mask))
    }

    pub(super) fn block(&mut self, rule: &Arc<str>, reason: &Arc<str>) {
        if !matches!(self.gate, Gate::Block { .. }) {
            self.gate = Gate::Block {
                rule: rule.clone(),
                reason: reason.clone(),
            };
        }
    }

    /// A hold rule matched. `grant` is what its evidence asks people to grant, for rules whose condition covers
    /// more than the records.
    pub(super) fn hold(
        &mut self,
        rule: &Arc<str>,
        hold: &Hold,
        records: Records,
        grant: Option<GrantSubject>,
    ) {
        self.flagged.add(records);
        let grant = grant.map(|subject| GrantOffer {
            subject,
            for_ms: hold.for_ms,
        });
        let order = HoldOrder {
            rule: rule.clone(),
            ask: hold.ask.clone(),
            grant,
        };
        match &mut self.gate {
            Gate::Block { .. } => {}
            Gate::Allow => {
                self.gate = Gate::Hold {
                    rules: vec![order],
                    wait_ms: hold.wait_ms,
                    then: hold.then,
                };
            }
            Gate::Hold {
                rules,
                wait_ms,
                then,
            } => {
                rules.push(order);
                *wait_ms = hold.wait_ms.min(*wait_ms);
                *then = hold.then.max(*then);
            }
        }
    }

    pub(super) fn lift(&mut self, exception: &Arc<str>) {
        if !self.lifted.contains(exception) {
            self.lifted.push(exception.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_add_up() {
        let mut records = Records::None;
        records.add(Records::Some(vec![1, 5]));
        records.add(Records::Some(vec![2, 5]));
        assert_eq!(records, Records::Some(vec![1, 2, 5]));
        assert!(records.contains(5) && !records.contains(3));
        records.add(Records::None);
        assert!(records.contains(1));
        records.add(Records::All);
        records.add(Records::Some(vec![1]));
        assert_eq!(records, Records::All);
    }
}
