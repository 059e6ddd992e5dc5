//! The table of a core's open chunks: what each is, whose it is, where it stands.
//!
//! Owns: the held bytes, copied out of their frames. Refuses: to act: `holding` opens and answers
//! chunks, `ending` ends them. Stays true: `bytes` is the sum over all of them.

use super::connection::Connection;
use crate::chunk::HoldId;
use crate::hold::lanes::{Lane, Sequence};
use crate::hold::messages::Then;
use crate::kafka::frame::RequestHeader;
use crate::kafka::produce as wire;
use crate::kafka::topic::TopicId;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// The parts of a Produce request that a released chunk of it needs again.
pub struct Sender {
    pub(super) client_id: Option<String>,
    pub(super) api_version: i16,
    pub(super) timeout_ms: i32,
    pub(super) acks: i16,
    pub(super) transactional_id: Option<String>,
}

impl Sender {
    /// Of this request.
    pub fn of(header: &RequestHeader, request: &[u8], produce: &wire::Produce) -> Rc<Sender> {
        let text = |span: &std::ops::Range<usize>| {
            String::from_utf8_lossy(&request[span.clone()]).into_owned()
        };
        Rc::new(Sender {
            client_id: header.client_id.as_ref().map(text),
            api_version: header.api_version,
            timeout_ms: produce.timeout_ms,
            acks: produce.acks,
            transactional_id: produce.transactional_id.as_ref().map(text),
        })
    }
}

/// Which request a chunk belongs to.
pub struct Asked {
    /// Number of the request on its connection; `None` for acks=0, which has no reply.
    pub number: Option<u64>,
    /// Index of the topic-partition in the merged reply.
    pub part: usize,
    /// What its release needs.
    pub sender: Rc<Sender>,
}

/// Where an open chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The control thread was asked, or people are being asked.
    Asked,
    /// It may be written once it is first of its lane.
    Allowed,
    /// It is on its way to the broker.
    Sending,
}

/// One open chunk.
pub struct Open {
    pub(super) connection: Weak<Connection>,
    pub(super) asked: Asked,
    pub(super) lane: Lane,
    /// The topic's id, when the client named it by that.
    pub(super) topic_id: Option<TopicId>,
    pub(super) sequence: Option<Sequence>,
    pub(super) bytes: Vec<u8>,
    pub(super) state: State,
    /// Whether the control thread knows it (it was flagged itself).
    pub(super) known: bool,
    pub(super) hold: Option<HoldId>,
    /// When the client is answered even if nobody has decided; `None` for acks=0.
    pub(super) answer_by: Option<i64>,
    pub(super) then: Then,
}

/// All open chunks of a core.
#[derive(Default)]
pub struct Held {
    pub(super) open: HashMap<u64, Open>,
    pub(super) next: u64,
    pub(super) bytes: usize,
}

impl Held {
    /// Open chunks.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The next chunk's number, unique in the core's life.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Bytes kept for them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
