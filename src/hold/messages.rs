//! What a core and the control thread say to each other about held chunks.
//!
//! Owns: the shapes of the questions and answers. Refuses: held bytes (they stay with the core;
//! content keys and the safe summary cross over). Stays true: every `Ask` is answered; an
//! `Answer::Pending` is followed by exactly one final answer unless the core said `Closed`; after
//! `Answer::Send` the core always says `Sent`.

use crate::chunk::{ContentKey, GrantOffer, HoldId, Operation, Principal, SendKey, Summary};
use std::sync::Arc;

/// Names one open chunk on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    /// Index of the core.
    pub core: u16,
    /// The chunk, unique within the core's life.
    pub chunk: u64,
}

/// What the client meets when the wait is over and nobody has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// "Not written, try again": the client's own back-off sets the pace.
    Retry,
    /// A final, readable error.
    Refuse,
}

/// A hold rule that matched the chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRule {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The approval policy it asks (`approvals:` in the configuration).
    pub ask: Arc<str>,
    /// What an approval grants; `None`: the flagged records, once.
    pub grant: Option<GrantOffer>,
}

/// A question: may this chunk be written?
#[derive(Clone, Debug)]
pub struct Ask {
    /// Where the answer goes.
    pub ticket: Ticket,
    /// Who wants to write it.
    pub principal: Principal,
    /// The client's own name for itself.
    pub client_id: Arc<str>,
    /// Produce, or Fetch where something is to be granted.
    pub operation: Operation,
    /// The cluster's name.
    pub cluster: Arc<str>,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Every hold rule that matched; all must be answered.
    pub rules: Vec<HoldRule>,
    /// SHA-256 of the policy that judged it.
    pub policy: [u8; 32],
    /// Content keys of the flagged records, in order; empty when every rule asks for a grant.
    pub content: Vec<ContentKey>,
    /// This send's own key.
    pub send: SendKey,
    /// Whether the broker recognises a repeat of this very send (idempotent producer).
    pub idempotent: bool,
    /// What a reviewer may see.
    pub summary: Summary,
}

/// What became of a chunk that was allowed to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The broker has it, at this base offset (-1 when it does not say).
    Written {
        /// First offset of the batch.
        offset: i64,
    },
    /// The broker (or the core, before sending) says it was not written.
    Returned {
        /// Kafka's error code, 0 when the core never sent it.
        error: i16,
    },
    /// The connection died in between: it may have landed.
    Unknown,
}

/// From a core to the control thread.
#[derive(Clone, Debug)]
pub enum ToControl {
    /// A flagged chunk.
    Ask(Box<Ask>),
    /// Nobody waits for the answer any more: the client was answered or is gone.
    Closed(Ticket),
    /// The end of an `Answer::Send`.
    Sent {
        /// The chunk.
        ticket: Ticket,
        /// What became of it.
        outcome: SendOutcome,
    },
}

/// The control thread's word on a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// People are being asked. `first` is this hold's first send: its reply may be withheld; any
    /// other attaches and is answered at once.
    Pending {
        /// The hold (the first of several when the records span more than one).
        hold: HoldId,
        /// Whether this send opened it.
        first: bool,
    },
    /// Authorised, and that is durable: write it now, then say `Sent`.
    Send {
        /// The hold that is being redeemed.
        hold: HoldId,
    },
    /// An equal send has landed: answer success, write nothing.
    Written {
        /// The hold.
        hold: HoldId,
        /// First offset of the batch, -1 if the broker did not say.
        offset: i64,
    },
    /// A person said no.
    Rejected {
        /// The hold.
        hold: HoldId,
        /// The reviewer's reason, may be empty.
        reason: String,
    },
    /// Nobody decided in time.
    Expired {
        /// The hold.
        hold: HoldId,
    },
    /// An equal content is being written by another request right now: try again.
    Busy {
        /// The hold.
        hold: HoldId,
    },
    /// The desk cannot take it (full, or its log failed): retriable.
    Unavailable,
}

/// From the control thread to a core.
#[derive(Clone, Debug)]
pub enum ToCore {
    /// The answer to an `Ask`, or what became of a pending one.
    Answer {
        /// The chunk.
        ticket: Ticket,
        /// The word on it.
        answer: Answer,
    },
    /// The list of brokers changed: listen for the new ones.
    Brokers,
    /// Close every session of this principal. Names are unique within an issuer only.
    Cut {
        /// Who vouched for it.
        issuer: Arc<str>,
        /// Its name there.
        name: Arc<str>,
    },
    /// Stop accepting, finish what is in flight, end.
    Drain,
}
