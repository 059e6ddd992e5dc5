//! One client connection and its upstream twin, from accept to close.
//!
//! ```text
//!            ┌────────┐ token ok ┌────────────┐ connected ┌────────┐ either side ends ┌────────┐
//!  accept ─┬►│ Login  ├─────────►│ Connecting ├──────────►│ Open   ├─────────────────►│ Closed │
//!          │ └───┬────┘          └─────┬──────┘           └─┬────┬─┘                  └────────┘
//!          │     │ 30 s                │ 30 s               │    │ client closed its side     ▲
//!          │ ┌───┴────────┐  broker accepted, logged in     │ ┌──┴─────────┐ nothing owed    │
//!          └►│ RelayLogin ├────────────────────────────────┘ │ HalfClosed ├─────────────────┤
//!  (relay)   └───┬────────┘ connects by itself; 30 s          └──┬─────────┘ 30 s            │
//!                └── refused, late, crowded out, no broker, idle, stalled, expired, cut ─────┘
//! ```
//!
//! While it connects, what the client sends waits in its socket. Open, its login and the gateway's
//! own are renewed in turn with requests (`renewal`, `relay_renewal`, `upstream_session`).
//!
//! Owns: the two sockets, the write turns on each, the queues of answers, the deadlines that the
//! core's sweep enforces. Refuses: to be dropped while a task reads: closing is shutdown(2) on both
//! sockets, after which both tasks return by themselves. Stays true: bytes of two writers never
//! interleave: who holds a direction's turn writes, everybody else leaves work in a queue that
//! the holder empties before giving the turn back.

pub use super::cause::Cause;

use super::answers::{Answers, Slot};
use super::cluster::{Cluster, Listener, Seen, View};
use super::core::Core;
use super::event::Event;
use super::learn::Learning;
use super::made::Made;
use super::relay_renewal::Renewal;
use super::session::Session;
use super::socket::Socket;
use super::strangers::Source;
use super::sweep::Deadlines;
use super::upstream_session::UpstreamSession;
use crate::hold::lanes::Lanes;
use crate::kafka::api_versions::Clamped;
use crate::limits::{BYTES_BEHIND_HOLD_MAX, REQUESTS_BEHIND_HOLD_MAX, REQUESTS_IN_FLIGHT_MAX};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// Which broker a listening port stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Any of the cluster's.
    Bootstrap,
    /// The one with this node id.
    Broker(i32),
}

/// Where a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    /// The cluster's place among those of the configuration.
    pub cluster: usize,
    /// The listener's place among those of the cluster.
    pub listener: usize,
    /// What its port stands for. Where brokers are told apart by name, every port is `Bootstrap`'s.
    pub target: Target,
}

/// One connection. Shared by its tasks and the core's sweep and mailbox, all on one thread.
pub struct Connection {
    /// Unique within the core's life.
    pub id: u64,
    /// The core it lives on.
    pub core: Rc<Core>,
    /// The cluster that the client wants.
    pub cluster: Arc<Cluster>,
    /// Which broker of it the client dialled; a TLS server name may still say so.
    pub target: Cell<Target>,
    /// The client's side.
    pub client: Socket,
    /// What the sweep watches.
    pub deadlines: Deadlines,
    /// The mechanism of a renewal under way.
    pub renewing: Cell<Option<crate::identity::sasl::Mechanism>>,
    /// The same where the login passes through to the broker.
    pub relayed_renewal: RefCell<Option<Box<Renewal>>>,
    /// The gateway's own login at the broker.
    pub upstream_session: UpstreamSession,
    /// Whether names are being asked for on behalf of its next request.
    pub learning: Cell<Learning>,
    /// Whether schemas are being waited for on behalf of its next request.
    pub schemas: Cell<Learning>,
    /// Notified whenever a queue below got shorter or a hold ended.
    pub changed: Event,
    /// Bytes taken from the client and sent to it, for the audit.
    pub bytes: Traffic,
    listener: usize,
    upstream: OnceCell<Socket>,
    session: RefCell<Option<Rc<Session>>>,
    answers: RefCell<Answers>,
    lanes: RefCell<Lanes>,
    releases: RefCell<VecDeque<Release>>,
    client_turn: Cell<bool>,
    upstream_turn: Cell<bool>,
    behind: Cell<Behind>,
    next_correlation_id: Cell<i32>,
    closed: Cell<Option<Cause>>,
}

/// A released chunk on its way to the broker.
pub struct Release {
    /// The core's number of the chunk.
    pub chunk: u64,
    /// The whole request; its correlation id is set when it is sent.
    pub frame: Vec<u8>,
}

/// How much went through a connection.
#[derive(Default)]
pub struct Traffic {
    /// Bytes of requests.
    pub from_client: Cell<u64>,
    /// Bytes of replies.
    pub to_client: Cell<u64>,
}

/// What was accepted behind a withheld reply.
#[derive(Clone, Copy, Default)]
struct Behind {
    requests: usize,
    bytes: usize,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(core: &Rc<Core>, id: u64, client: Socket, door: Door) -> Rc<Connection> {
        Rc::new(Connection {
            id,
            core: Rc::clone(core),
            cluster: Arc::clone(&core.shared.clusters[door.cluster]),
            listener: door.listener,
            target: Cell::new(door.target),
            client,
            deadlines: Deadlines::new(core.now()),
            renewing: Cell::new(None),
            relayed_renewal: RefCell::default(),
            upstream_session: UpstreamSession::default(),
            learning: Cell::default(),
            schemas: Cell::default(),
            changed: Event::default(),
            bytes: Traffic::default(),
            upstream: OnceCell::new(),
            session: RefCell::new(None),
            answers: RefCell::default(),
            lanes: RefCell::default(),
            releases: RefCell::default(),
            client_turn: Cell::new(false),
            upstream_turn: Cell::new(false),
            behind: Cell::default(),
            next_correlation_id: Cell::new(0),
            closed: Cell::new(None),
        })
    }

    /// The listener that the client came through.
    pub fn listener(&self) -> &Listener {
        &self.cluster.listeners[self.listener]
    }

    /// What is offered to this client, at the moment of `view`; nothing before the cluster was seen.
    pub fn offer<'a>(&self, view: &'a View) -> Option<&'a Clamped> {
        view.offers.get(self.listener)
    }

    /// Whether a request of this key and version is understood here and spoken by the broker.
    pub fn speaks(&self, key: i16, version: i16) -> bool {
        let view = self.cluster.view.load();
        self.offer(&view)
            .is_some_and(|offer| offer.speaks(key, version))
    }

    /// The client's address.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.client.peer()
    }

    /// Where it comes from, as far as one owner can be told from another.
    pub fn source(&self) -> Source {
        Source::of(self.peer().map(|peer| peer.ip()))
    }

    /// The brokers of `view`, a moment of this connection's cluster, as this client sees them.
    pub fn seen<'a>(&'a self, view: &'a View) -> Seen<'a> {
        Seen {
            cluster: &self.cluster,
            view,
            listener: self.listener,
        }
    }

    /// The broker's side, once connected.
    pub fn upstream(&self) -> Option<&Socket> {
        self.upstream.get()
    }

    /// Takes the connected broker's side.
    pub fn set_upstream(&self, socket: Socket) {
        if self.is_closed() {
            socket.cut();
        }
        let _ = self.upstream.set(socket);
    }

    /// Who it acts for, once logged in.
    pub fn session(&self) -> Option<Rc<Session>> {
        self.session.borrow().clone()
    }

    /// Sets who it acts for (again at re-authentication, with the same principal).
    pub fn set_session(&self, session: Rc<Session>) {
        self.session.replace(Some(session));
    }

    /// The queues of answers; borrowed for a moment, never across an await.
    pub fn answers(&self) -> std::cell::RefMut<'_, Answers> {
        self.answers.borrow_mut()
    }

    /// The order gate; borrowed for a moment, never across an await.
    pub fn lanes(&self) -> std::cell::RefMut<'_, Lanes> {
        self.lanes.borrow_mut()
    }

    /// A correlation id of the gateway's own, for the broker.
    pub fn next_correlation_id(&self) -> i32 {
        let id = self.next_correlation_id.get();
        self.next_correlation_id.set(id.wrapping_add(1) & i32::MAX);
        id
    }

    /// Ends the connection; the first cause stands.
    pub fn close(&self, cause: Cause) {
        if self.closed.get().is_none() {
            self.closed.set(Some(cause));
            self.client.cut();
            if let Some(upstream) = self.upstream.get() {
                upstream.cut();
            }
            self.changed.notify_all();
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.get().is_some()
    }

    /// Why it was closed.
    pub fn cause(&self) -> Option<Cause> {
        self.closed.get()
    }

    /// Counts bytes that were sent to the client.
    pub fn sent_to_client(&self, bytes: usize) {
        self.core.stats().bytes_to_clients.add(bytes as u64);
        self.bytes
            .to_client
            .set(self.bytes.to_client.get() + bytes as u64);
    }

    // ---- what lies behind a withheld reply ------------------------------------------------

    /// Whether a further request must wait: too many unanswered, or too much behind a hold.
    pub fn is_full(&self) -> bool {
        let answers = self.answers.borrow();
        let behind = self.behind.get();
        answers.waiting() >= REQUESTS_IN_FLIGHT_MAX
            || answers.ready_bytes() >= BYTES_BEHIND_HOLD_MAX
            || (answers.is_merging()
                && (behind.requests >= REQUESTS_BEHIND_HOLD_MAX
                    || behind.bytes >= BYTES_BEHIND_HOLD_MAX))
    }

    /// Counts a request against the bound behind a withheld reply.
    pub fn count_behind(&self, bytes: usize) {
        if self.answers.borrow().is_merging() {
            let Behind {
                requests,
                bytes: sum,
            } = self.behind.get();
            self.behind.set(Behind {
                requests: requests + 1,
                bytes: sum + bytes,
            });
        } else {
            self.behind.take();
        }
    }

    // ---- the turn to write to the client ---------------------------------------------------

    /// Takes the turn to write to the client, unless somebody has it (who will then write
    /// everything that became ready meanwhile).
    pub fn take_client_turn(&self) -> bool {
        !self.client_turn.replace(true)
    }

    /// Gives the turn back. Call only when nothing ready is left.
    pub fn give_client_turn(&self) {
        self.client_turn.set(false);
    }

    /// Writes every reply whose turn has come, unless somebody else is at it.
    pub async fn write_ready(&self) {
        if self.take_client_turn() {
            self.write_ready_in_turn().await;
            self.give_client_turn();
            self.changed.notify_all();
        }
    }

    /// Whether the client is owed a reply, or one is being written.
    pub fn owes_client(&self) -> bool {
        self.client_turn.get() || self.answers.borrow().waiting() > 0
    }

    /// The same, for who holds the turn.
    pub async fn write_ready_in_turn(&self) {
        loop {
            let next = self.answers().pop_ready();
            let Some(reply) = next else { return };
            self.deadlines.writing_client(self.core.now());
            let sent = reply.len();
            let result = self.client.write_all(Made::new(reply)).await;
            self.deadlines.wrote_client(self.core.now());
            self.sent_to_client(sent);
            self.changed.notify_all();
            if result.is_err() {
                self.close(Cause::ClientFault("writing to the client failed"));
                return;
            }
        }
    }

    /// Queues a whole reply of the gateway's own for the next request in order.
    pub fn answer_now(&self, reply: Vec<u8>) {
        self.answers().push(Slot::Ready(reply));
    }

    // ---- the turn to write to the broker ---------------------------------------------------

    /// Waits for the turn to write to the broker. Replies are owed in the order of writes, so
    /// `Answers::owe` is called only with the turn in hand.
    pub async fn take_upstream_turn(&self) {
        while self.upstream_turn.replace(true) {
            self.changed.wait().await;
        }
    }

    /// Sends what was released meanwhile and gives the turn back.
    pub async fn give_upstream_turn(&self) {
        self.write_releases_in_turn().await;
        self.upstream_turn.set(false);
        self.changed.notify_all();
    }

    /// Queues a released chunk and sends it as soon as the turn is free.
    pub fn release(self: &Rc<Self>, release: Release) {
        self.releases.borrow_mut().push_back(release);
        self.send_releases();
    }

    /// Sends what was released, if nobody has the turn (who would send it then).
    pub fn send_releases(self: &Rc<Self>) {
        if !self.upstream_turn.replace(true) {
            let connection = Rc::clone(self);
            monoio::spawn(async move { connection.give_upstream_turn().await });
        }
    }

    async fn write_releases_in_turn(&self) {
        while !self.upstream_session.is_shut() {
            let next = self.releases.borrow_mut().pop_front();
            let Some(Release { chunk, mut frame }) = next else {
                return;
            };
            let id = self.next_correlation_id();
            crate::kafka::frame::set_request_correlation_id(&mut frame, id);
            self.answers()
                .owe(id, super::answers::Owed::Released(chunk));
            let Some(upstream) = self.upstream.get() else {
                return;
            };
            let sent = frame.len() as u64;
            self.deadlines.writing_broker(self.core.now());
            let result = upstream.write_all(Made::new(frame)).await;
            self.deadlines.wrote_broker();
            self.core.stats().bytes_to_brokers.add(sent);
            if result.is_err() {
                self.close(Cause::BrokerFault("writing to the broker failed"));
                return;
            }
        }
    }
}
