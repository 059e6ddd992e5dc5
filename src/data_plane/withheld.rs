//! Reads that wait for a grant: whom a core has asked about, and what the reader meets meanwhile.
//!
//! Owns: one question to the desk for each grant that reads on this core want, however many partitions and
//! connections they come by. Refuses: to keep records: nothing of them is held, the broker has them. Stays true: no
//! record leaves before the grant is in the core's snapshot; a question that nobody waits for any more is closed.
//!
//! A reader whose grant is pending gets its partitions without records and without an error, as if nothing new
//! were there: it keeps its place and asks again by itself (decision 0019).

use super::connection::Connection;
use super::core::Core;
use super::inspect::HeldBatch;
use super::session::Session;
use crate::chunk::{GrantKey, Operation, SendKey};
use crate::hold::messages::{Answer, Ask, HoldRule, SendOutcome, Then, Ticket, ToControl};
use crate::limits::{
    WITHHELD_IDLE_MS, WITHHELD_LOOK_MS, WITHHELD_NO_MS, WITHHELD_READS_PER_CORE_MAX,
    WITHHELD_REPLY_MS,
};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What the reader is told of one topic-partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing new, for now. `asked`: this look put the question.
    Nothing {
        /// Whether it is new.
        asked: bool,
    },
    /// No.
    No,
}

/// What the desk has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Pending,
    /// Until then it need not be asked again.
    No(i64),
}

struct Read {
    chunk: u64,
    said: Said,
    seen: i64,
}

/// The open questions of a core, by the grants that they are about.
#[derive(Default)]
pub struct Withheld {
    reads: HashMap<Vec<GrantKey>, Read>,
    /// One more with each no, so that replies that wait look again.
    noes: u64,
}

/// Where the records are from.
pub struct Wanted<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
}

/// Looks what is known of a read that `held` keeps back, and asks the desk if nobody has. `None`: some rule there
/// grants nothing, so nobody can be asked about a read.
pub fn look(
    connection: &Connection,
    session: &Session,
    wanted: &Wanted<'_>,
    held: HeldBatch,
) -> Option<Fate> {
    let core = &connection.core;
    let keys: Option<Vec<GrantKey>> = held.rules.iter().map(key_of).collect();
    let (keys, now) = (keys?, core.now().0);
    let mut all = core.withheld.borrow_mut();
    if let Some(read) = all.reads.get_mut(&keys) {
        read.seen = now;
        return match read.said {
            Said::No(until) if now < until => Some(Fate::No),
            Said::No(_) => {
                all.reads.remove(&keys); // the next fetch asks anew
                Some(Fate::Nothing { asked: false })
            }
            Said::Pending if held.then == Then::Refuse => Some(Fate::No),
            Said::Pending | Said::Nothing => Some(Fate::Nothing { asked: false }),
        };
    }
    if all.reads.len() >= WITHHELD_READS_PER_CORE_MAX {
        core.stats().holds_refused.add(1);
        return Some(Fate::Nothing { asked: false });
    }
    let chunk = core.held.borrow_mut().number();
    let ask = question(connection, session, wanted, held, chunk);
    if core.desk.try_send(ToControl::Ask(Box::new(ask))).is_err() {
        core.stats().holds_refused.add(1);
        return Some(Fate::Nothing { asked: false });
    }
    let read = Read {
        chunk,
        said: Said::Nothing,
        seen: now,
    };
    all.reads.insert(keys, read);
    Some(Fate::Nothing { asked: true })
}

fn key_of(rule: &HoldRule) -> Option<GrantKey> {
    rule.grant.as_ref().map(|offer| offer.subject.key)
}

fn question(
    connection: &Connection,
    session: &Session,
    wanted: &Wanted<'_>,
    held: HeldBatch,
    chunk: u64,
) -> Ask {
    let core = &connection.core;
    Ask {
        ticket: ticket(core, chunk),
        principal: session.principal.clone(),
        client_id: Arc::clone(&session.client_id),
        operation: Operation::Fetch,
        cluster: Arc::clone(&connection.cluster.name),
        topic: wanted.topic.into(),
        partition: wanted.partition,
        rules: held.rules,
        policy: core.rules().policy.hash,
        content: Vec::new(),
        send: SendKey([0; 32]),
        idempotent: false,
        summary: held.summary,
    }
}

/// Takes the desk's word on a read; whether it was about one.
pub fn answered(core: &Rc<Core>, chunk: u64, answer: &Answer) -> bool {
    let mut all = core.withheld.borrow_mut();
    let now = core.now().0;
    let found = all.reads.iter_mut().find(|(_, read)| read.chunk == chunk);
    let Some((keys, read)) = found else {
        return false;
    };
    match answer {
        Answer::Pending { .. } => read.said = Said::Pending,
        Answer::Rejected { .. } | Answer::Expired { .. } => {
            read.said = Said::No(now + WITHHELD_NO_MS);
            all.noes += 1;
        }
        // The grant is in the snapshot. Nothing is written: what was "sent" is the word itself.
        Answer::Send { .. } | Answer::Written { .. } => {
            let keys = keys.clone();
            all.reads.remove(&keys);
            core.tell_desk(ToControl::Sent {
                ticket: ticket(core, chunk),
                outcome: SendOutcome::Written { offset: -1 },
            });
        }
        // The next fetch asks again.
        Answer::Busy { .. } | Answer::Unavailable => {
            let keys = keys.clone();
            all.reads.remove(&keys);
        }
    }
    true
}

fn ticket(core: &Core, chunk: u64) -> Ticket {
    Ticket {
        core: core.index,
        chunk,
    }
}

/// Withholds a reply in which nothing but withheld records was: until something is granted or refused, and no
/// longer than other clients' patience behind it.
pub async fn wait(connection: &Connection) {
    let core = &connection.core;
    let (granted, noes) = (core.shared.grants.load_full(), core.withheld.borrow().noes);
    for _ in 0..WITHHELD_REPLY_MS / WITHHELD_LOOK_MS {
        let changed = !Arc::ptr_eq(&granted, &core.shared.grants.load());
        if connection.is_closed() || changed || core.withheld.borrow().noes != noes {
            return;
        }
        monoio::time::sleep(Duration::from_millis(WITHHELD_LOOK_MS)).await;
    }
}

/// Forgets what no reader has come back for. Called at each tick of the core.
pub fn tick(core: &Rc<Core>) {
    let idle = core.now().0 - WITHHELD_IDLE_MS;
    let mut gone = Vec::new();
    core.withheld.borrow_mut().reads.retain(|_, read| {
        let stays = read.seen > idle;
        if !stays && !matches!(read.said, Said::No(_)) {
            gone.push(read.chunk);
        }
        stays
    });
    for chunk in gone {
        core.tell_desk(ToControl::Closed(ticket(core, chunk)));
    }
}
