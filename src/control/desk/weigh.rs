//! What the holds at the desk say of one chunk.
//!
//! Owns: matching a chunk's records, one by one, to the units that people were asked about,
//! and its grants to the holds that ask for them.
//! Refuses: to change anything. Stays true: only units of the same principal, issuer, operation
//! and topic match, and only of holds whose approval lifts every rule that matched now; a no
//! outweighs a yes.

use super::Desk;
use crate::approvals::spending::Progress;
use crate::approvals::{Decision, Hold, SendId};
use crate::chunk::{ContentKey, HoldId, UnixMillis};
use crate::hold::messages::{Answer, Ask};
use std::collections::BTreeMap;

/// Records of one hold that a chunk takes.
pub(super) type Parts = BTreeMap<HoldId, Vec<ContentKey>>;

/// What is to be done with a chunk.
#[derive(Debug, PartialEq)]
pub(super) enum Weighed {
    /// It is answered at once, and finally.
    Final(Answer),
    /// Every flagged record is authorised and unspent: these units are to be redeemed. Everything that is to be
    /// granted is granted.
    Authorised(Parts, Vec<HoldId>),
    /// These sends may have landed with some of its records: people are to be asked again first.
    Doubted(Vec<(HoldId, SendId)>),
    /// People are, or are to be, asked.
    Undecided {
        /// Pending holds that cover some of its records, the first to close first.
        pending: Vec<HoldId>,
        /// Records that no hold covers.
        missing: Vec<ContentKey>,
        /// How many of those were let through before.
        written_before: u32,
        /// Rules, by their index in the ask, whose grant nobody has been asked for.
        ungranted: Vec<usize>,
    },
}

/// What has been found, record by record.
#[derive(Default)]
struct Found {
    rejected: Option<HoldId>,
    expired: Option<HoldId>,
    busy: Option<HoldId>,
    doubted: Vec<(HoldId, SendId)>,
    authorised: Parts,
    pending: Vec<HoldId>,
    missing: Vec<ContentKey>,
    written_before: u32,
    granted: Vec<HoldId>,
    ungranted: Vec<usize>,
}

impl Desk {
    /// Weighs a chunk at `now`.
    pub(super) fn weigh(&self, ask: &Ask, now: UnixMillis) -> Weighed {
        if let Some(weighed) = self.equal_send(ask, now) {
            return weighed;
        }
        let mut keys = ask.content.clone();
        keys.sort_unstable();
        let mut found = Found::default();
        for run in keys.chunk_by(|a, b| a == b) {
            self.weigh_key(ask, run, now, &mut found);
        }
        self.weigh_grants(ask, now, &mut found);
        self.conclude(found)
    }

    /// An equal send is a duplicate: it landed, or it is under way, or its end is not known.
    fn equal_send(&self, ask: &Ask, now: UnixMillis) -> Option<Weighed> {
        let id = SendId {
            partition: ask.partition,
            key: ask.send,
        };
        let holds: Vec<&Hold> = self
            .sends
            .get(&id)?
            .iter()
            .filter_map(|h| self.hold(h))
            .collect();
        let mut parts = Parts::new();
        for hold in holds.into_iter().filter(|h| concerns(h, ask)) {
            let send = hold.spending.send(&id)?;
            match send.progress {
                Progress::Written { offset } => {
                    return Some(Weighed::Final(Answer::Written {
                        hold: hold.id,
                        offset,
                    }));
                }
                Progress::Sending => return Some(Weighed::Final(Answer::Busy { hold: hold.id })),
                Progress::Unknown => {
                    let may_repeat = send.idempotent && ask.idempotent;
                    if !may_repeat || !hold.is_redeemable(now) || !answers(hold, ask) {
                        return None;
                    }
                    parts.insert(hold.id, send.content.clone());
                }
            }
        }
        let mut taken: Vec<ContentKey> = parts.values().flatten().copied().collect();
        let mut wanted = ask.content.clone();
        taken.sort_unstable();
        wanted.sort_unstable();
        let repeats = !wanted.is_empty() && taken == wanted && self.is_granted(ask, now);
        repeats.then_some(Weighed::Authorised(parts, Vec::new()))
    }

    /// Matches the records of one content (`run` holds the same key as often as the chunk does).
    fn weigh_key(&self, ask: &Ask, run: &[ContentKey], now: UnixMillis, found: &mut Found) {
        let key = &run[0];
        let known = self.content.get(key).into_iter().flatten();
        let holds: Vec<&Hold> = known
            .filter_map(|h| self.hold(h))
            .filter(|h| concerns(h, ask))
            .collect();
        for hold in holds.iter().filter(|h| h.refuses(now)) {
            let no = match hold.decision {
                Decision::Rejected { .. } => &mut found.rejected,
                _ => &mut found.expired,
            };
            no.get_or_insert(hold.id);
        }
        let answering = || holds.iter().filter(|h| answers(h, ask));
        let mut need = run.len();
        for hold in answering().filter(|h| h.is_redeemable(now)) {
            let take = need.min(hold.spending.free(key) as usize);
            if take > 0 {
                found
                    .authorised
                    .entry(hold.id)
                    .or_default()
                    .extend(&run[..take]);
                need -= take;
            }
        }
        for hold in answering().filter(|h| h.is_pending()) {
            let take = need.min(hold.spending.free(key) as usize);
            if take > 0 {
                found.pending.push(hold.id);
                need -= take;
            }
        }
        if need > 0 {
            self.weigh_shortfall(ask, &run[..need], &holds, now, found);
        }
    }

    /// Records that no unspent unit covers: under way, in doubt, or new.
    fn weigh_shortfall(
        &self,
        ask: &Ask,
        run: &[ContentKey],
        holds: &[&Hold],
        now: UnixMillis,
        found: &mut Found,
    ) {
        let key = &run[0];
        let mut before = 0;
        for hold in holds {
            let open = hold.is_redeemable(now) || hold.is_pending();
            match hold.spending.in_doubt(key) {
                Some(send) if open && answers(hold, ask) => {
                    found.doubted.push((hold.id, send));
                    return;
                }
                Some(_) => before += hold.spending.under_way(key),
                None if hold.spending.under_way(key) > 0 => {
                    found.busy.get_or_insert(hold.id);
                    return;
                }
                None => {}
            }
            before += hold.spending.written(key);
        }
        found.written_before += before.min(run.len() as u32);
        found.missing.extend(run);
    }

    /// Whether everything that the chunk's rules want granted is.
    fn is_granted(&self, ask: &Ask, now: UnixMillis) -> bool {
        let mut found = Found::default();
        self.weigh_grants(ask, now, &mut found);
        found.granted.len() == ask.rules.iter().filter(|r| r.grant.is_some()).count()
    }

    /// Grants: one hold a key, whoever asks. What was revoked, or has ended, is a new question.
    fn weigh_grants(&self, ask: &Ask, now: UnixMillis, found: &mut Found) {
        for (index, rule) in ask.rules.iter().enumerate() {
            let Some(offer) = &rule.grant else { continue };
            let hold = self.grants.get(&offer.subject.key);
            match hold.and_then(|hold| self.hold(hold)) {
                Some(hold) if hold.in_force(now).is_some() => found.granted.push(hold.id),
                Some(hold) if hold.is_pending() => found.pending.push(hold.id),
                Some(hold) if hold.refuses(now) => {
                    let no = match hold.decision {
                        Decision::Rejected { .. } => &mut found.rejected,
                        _ => &mut found.expired,
                    };
                    no.get_or_insert(hold.id);
                }
                _ => found.ungranted.push(index),
            }
        }
    }

    fn conclude(&self, mut found: Found) -> Weighed {
        if let Some(hold) = found.rejected {
            let reason = match self.hold(&hold).map(|h| &h.decision) {
                Some(Decision::Rejected { reason, .. }) => reason.clone(),
                _ => String::new(),
            };
            return Weighed::Final(Answer::Rejected { hold, reason });
        }
        if let Some(hold) = found.expired {
            return Weighed::Final(Answer::Expired { hold });
        }
        if let Some(hold) = found.busy {
            return Weighed::Final(Answer::Busy { hold });
        }
        if !found.doubted.is_empty() {
            found.doubted.sort_unstable();
            found.doubted.dedup();
            return Weighed::Doubted(found.doubted);
        }
        let asked = !found.pending.is_empty() || !found.missing.is_empty();
        if !asked && found.ungranted.is_empty() {
            return Weighed::Authorised(found.authorised, found.granted);
        }
        found
            .pending
            .sort_unstable_by_key(|h| (self.hold(h).map(|h| h.deadline), *h));
        found.pending.dedup();
        let Found {
            pending,
            missing,
            written_before,
            ungranted,
            ..
        } = found;
        Weighed::Undecided {
            pending,
            missing,
            written_before,
            ungranted,
        }
    }
}

/// Whether this is the same principal doing the same to the same topic.
fn concerns(hold: &Hold, ask: &Ask) -> bool {
    let subject = &hold.opened.subject;
    *subject.principal == *ask.principal.name
        && *subject.issuer == *ask.principal.issuer
        && subject.operation == ask.operation
        && *subject.cluster == *ask.cluster
        && *subject.topic == *ask.topic
}

/// Whether an approval of this hold lifts every rule that holds the records; what is to be granted has holds of
/// its own.
fn answers(hold: &Hold, ask: &Ask) -> bool {
    let of_records = ask.rules.iter().filter(|r| r.grant.is_none());
    hold.answers(of_records.map(|r| &*r.rule))
}
