//! Anything, in any order: what must stay true of the desk.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Act {
    Ask {
        send: u8,
        idempotent: bool,
        content: Vec<u8>,
        strict: bool,
    },
    Close(usize),
    Sent(usize, SendOutcome),
    Review {
        hold: usize,
        by: u8,
        approve: bool,
    },
    Pass(i64),
    Restart,
}

fn acts() -> impl Strategy<Value = Act> {
    let outcome = prop_oneof![
        4 => Just(SendOutcome::Written { offset: 7 }),
        2 => Just(SendOutcome::Returned { error: 6 }),
        2 => Just(SendOutcome::Unknown),
    ];
    prop_oneof![
        10 => (0u8..6, any::<bool>(), prop::collection::vec(0u8..4, 1..4), prop::bool::weighted(0.1))
            .prop_map(|(send, idempotent, content, strict)| Act::Ask { send, idempotent, content, strict }),
        2 => (0usize..8).prop_map(Act::Close),
        8 => (0usize..4, outcome).prop_map(|(n, o)| Act::Sent(n, o)),
        8 => (0usize..8, 0u8..3, prop::bool::weighted(0.85))
            .prop_map(|(hold, by, approve)| Act::Review { hold, by, approve }),
        2 => (0i64..WITHIN).prop_map(Act::Pass),
        1 => Just(Act::Restart),
    ]
}

/// What the cores believe, checked against every answer.
#[derive(Default)]
struct Cores {
    waiting: BTreeSet<Ticket>,
    writing: BTreeMap<Ticket, Vec<u8>>,
    content: BTreeMap<Ticket, Vec<u8>>,
    holds: Vec<HoldId>,
    /// Units of each record: people said yes to so many, and so many went out for good.
    allowed: BTreeMap<u8, i64>,
    out: BTreeMap<u8, i64>,
}

impl Cores {
    fn hear(&mut self, answers: Vec<(Ticket, Answer)>) -> Result<(), TestCaseError> {
        for (ticket, answer) in answers {
            prop_assert!(
                !self.writing.contains_key(&ticket),
                "a word after Send: {answer:?}"
            );
            let content = self.content.get(&ticket).cloned().unwrap_or_default();
            match answer {
                Answer::Pending { hold, .. } => {
                    prop_assert!(self.waiting.insert(ticket), "pending twice");
                    if !self.holds.contains(&hold) {
                        self.holds.push(hold);
                    }
                }
                Answer::Send { .. } => {
                    self.waiting.remove(&ticket);
                    self.count(&content, 1);
                    self.writing.insert(ticket, content);
                }
                _ => {
                    self.waiting.remove(&ticket);
                    self.content.remove(&ticket);
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, content: &[u8], units: i64) {
        for key in content {
            *self.out.entry(*key).or_default() += units;
        }
    }

    /// Nothing left that people had not allowed, record by record. An approval of a hold counts
    /// its records once for each time that people approved it.
    fn check(&self) -> Result<(), TestCaseError> {
        for (key, out) in &self.out {
            let allowed = self.allowed.get(key).copied().unwrap_or(0);
            prop_assert!(
                *out <= allowed,
                "record {key}: {out} out, {allowed} allowed"
            );
        }
        Ok(())
    }
}

/// Units of each record that a yes to this hold lets out: those that no send has.
fn unspent(bench: &Bench, hold: HoldId) -> Vec<u8> {
    let Some(hold) = bench.desk.hold(&hold).filter(|h| h.is_pending()) else {
        return vec![];
    };
    (0..4)
        .flat_map(|n| std::iter::repeat_n(n, hold.spending.free(&ContentKey([n; 32])) as usize))
        .collect()
}

fn act(bench: &mut Bench, cores: &mut Cores, act: Act) -> Result<(), TestCaseError> {
    match act {
        Act::Ask {
            send,
            idempotent,
            content,
            strict,
        } => {
            // An equal send key means equal content: the front hashes it in.
            let send = send
                .wrapping_mul(31)
                .wrapping_add(content.iter().fold(0, |a, n| a * 5 + n + 1));
            let rules: &[&str] = if strict {
                &["cards", "privacy"]
            } else {
                &["cards"]
            };
            let ask = Chunk {
                idempotent,
                rules,
                ..chunk(send, &content)
            };
            let equal = bench.desk.clone_writing();
            let (ticket, answers) = bench.ask_all(&ask);
            prop_assert_eq!(
                answers.iter().filter(|(t, _)| *t == ticket).count(),
                1,
                "one word to each ask"
            );
            prop_assert!(equal <= bench.desk.clone_writing());
            cores.content.insert(ticket, content);
            cores.hear(answers)?;
        }
        Act::Close(n) => {
            if let Some(ticket) = cores.waiting.iter().nth(n).copied() {
                cores.waiting.remove(&ticket);
                bench.close(ticket);
            }
        }
        Act::Sent(n, outcome) => {
            let Some((ticket, content)) = cores.writing.iter().nth(n).map(|(t, c)| (*t, c.clone()))
            else {
                return Ok(());
            };
            cores.writing.remove(&ticket);
            if matches!(outcome, SendOutcome::Returned { .. }) {
                cores.count(&content, -1);
            }
            let repeatable =
                matches!(outcome, SendOutcome::Unknown) && is_idempotent(bench, ticket);
            let answers = bench.sent(ticket, outcome);
            if repeatable {
                cores.count(&content, -1); // the same send may go out again: the broker sees it once
            }
            cores.hear(answers)?;
        }
        Act::Review { hold, by, approve } => {
            let Some(hold) = cores.holds.get(hold).copied() else {
                return Ok(());
            };
            let (name, group) =
                [("ann", "security"), ("dan", "dpo"), ("svc", "security")][usize::from(by)];
            let verdict = if approve {
                Verdict::Approve
            } else {
                Verdict::Reject
            };
            let units = unspent(bench, hold);
            let seen = bench.review(hold, name, group, verdict);
            prop_assert!(name != "svc" || seen.is_err());
            if seen.is_ok_and(|v| v.decided_at.is_some() && approve) {
                units
                    .iter()
                    .for_each(|key| *cores.allowed.entry(*key).or_default() += 1);
            }
            let answers = bench.collect();
            cores.hear(answers)?;
        }
        Act::Pass(ms) => {
            let answers = bench.pass(ms);
            cores.hear(answers)?;
        }
        Act::Restart => {
            let writing: Vec<Ticket> = cores.writing.keys().copied().collect();
            for ticket in writing {
                let content = cores.writing.remove(&ticket).unwrap_or_default();
                if is_idempotent(bench, ticket) {
                    cores.count(&content, -1);
                }
            }
            cores.waiting.clear();
            bench.restart();
        }
    }
    Ok(())
}

fn is_idempotent(bench: &Bench, ticket: Ticket) -> bool {
    let Some(writing) = bench.desk.writing.get(&ticket) else {
        return false;
    };
    let hold = writing.holds.first().and_then(|h| bench.desk.hold(h));
    hold.and_then(|h| h.spending.send(&writing.send))
        .is_some_and(|s| s.idempotent)
}

impl Desk {
    /// Tickets under way, to see that an ask takes none away.
    fn clone_writing(&self) -> BTreeSet<Ticket> {
        self.writing.keys().copied().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn nothing_leaves_that_people_did_not_allow(acts in prop::collection::vec(acts(), 1..80)) {
        let mut bench = Bench::new();
        let mut cores = Cores::default();
        for next in acts {
            act(&mut bench, &mut cores, next)?;
            cores.check()?;
            let waiting = bench.desk.counts().waiting;
            prop_assert_eq!(waiting, cores.waiting.len(), "who waits is who was not answered");
        }
        // The log alone gives the same holds.
        let mut twin = empty_desk(0);
        let last = bench.log.last().map_or(0, |e| e.sequence);
        bench.log.iter().cloned().for_each(|event| twin.replay(event, last));
        prop_assert_eq!(twin.holds.len(), bench.desk.holds.len());
        for (id, kept) in &bench.desk.holds {
            prop_assert_eq!(Some(&kept.hold), twin.hold(id));
        }
        prop_assert_eq!((&twin.due, &twin.pending, &twin.sends), (&bench.desk.due, &bench.desk.pending, &bench.desk.sends));
    }
}
