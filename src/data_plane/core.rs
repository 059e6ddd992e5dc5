//! One core: its thread, its runtime, its connections.
//!
//! Owns: the pinned thread, the accept loops, the mailbox task, the tick. Refuses: to share: what
//! several cores must agree on comes as a snapshot or goes to the control thread. Stays true: a
//! panic in one connection ends that connection alone; a core whose audit failed accepts nothing
//! more and closes what it has.

use super::buffers::Pool;
use super::cluster::Cluster;
use super::connection::{Cause, Connection, Door, Target};
use super::crowd::{self, Crowd};
use super::held::Held;
use super::inspect::Rules;
use super::mailbox::Bell;
use super::scratch::Scratch;
use super::socket::Socket;
use super::stats::Stats;
use super::withheld::{self, Withheld};
use super::{accept, holding, record, sweep};
use crate::audit;
use crate::audit::entry::Traffic;
use crate::chunk::{Principal, UnixMillis};
use crate::hold::link::Post;
use crate::hold::messages::{ToControl, ToCore};
use crate::identity::key_set::KeySet;
use crate::identity::tokens::IssuerRules;
use crate::limits::{
    AUDIT_FLUSH_MS, DRAIN_MS_MAX, LOGIN_BUFFER_BYTES_PER_CORE_MAX, SWEEP_MS, TICK_MS,
};
use crate::policy::Grants;
use arc_swap::{ArcSwap, Guard};
use crossbeam_channel::Receiver;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Given the index of an issuer and a key id.
pub type AskForKey = Arc<dyn Fn(usize, &str) -> bool + Send + Sync>;

/// What all cores read and nobody on a core writes.
pub struct Shared {
    /// The clusters; their place here is how the rest refers to them.
    pub clusters: Vec<Arc<Cluster>>,
    /// The policy and its scanner.
    pub rules: ArcSwap<Rules>,
    /// What was granted, as the desk last said.
    pub grants: Arc<ArcSwap<Grants>>,
    /// Whose tokens are accepted.
    pub issuers: Vec<IssuerRules>,
    /// Their keys.
    pub keys: Arc<ArcSwap<KeySet>>,
    /// Asks for a key that is not known yet, without waiting; `false` when it would be no use.
    pub ask_for_key: AskForKey,
    /// A core's counters, by index.
    pub stats: Vec<Stats>,
    /// Connections that all cores together may have.
    pub connections_max: u64,
    /// Bytes of frames in flight that one direction of one core may hold.
    pub budget_bytes: usize,
}

/// What one core starts with.
pub struct Setup {
    /// Its index.
    pub index: u16,
    /// What it shares.
    pub shared: Arc<Shared>,
    /// Rung when its inbox has something.
    pub bell: Arc<Bell>,
    /// Messages from the control thread.
    pub inbox: Receiver<ToCore>,
    /// To the control thread.
    pub desk: Post<ToControl>,
    /// Its audit chain.
    pub audit: audit::Writer,
}

/// One core's state, shared by all of its tasks.
pub struct Core {
    /// Its index.
    pub index: u16,
    /// What it shares with the others.
    pub shared: Arc<Shared>,
    /// Buffers for what comes before login.
    pub logins: Rc<Pool>,
    /// Buffers for requests.
    pub requests: Rc<Pool>,
    /// Buffers for replies.
    pub replies: Rc<Pool>,
    /// Reused memory of the inspection.
    pub scratch: RefCell<Scratch>,
    /// Reused entry for clean chunks.
    pub traffic: RefCell<Traffic>,
    /// Its audit chain.
    pub audit: RefCell<Option<audit::Writer>>,
    /// To the control thread.
    pub desk: Post<ToControl>,
    /// Chunks that wait.
    pub held: RefCell<Held>,
    /// Reads that wait for a grant.
    pub withheld: RefCell<Withheld>,
    /// Who has not logged in.
    pub crowd: Crowd,
    connections: RefCell<BTreeMap<u64, Rc<Connection>>>,
    undelivered: RefCell<VecDeque<ToControl>>,
    accepting: RefCell<BTreeMap<Door, accept::Listening>>,
    clock: Cell<UnixMillis>,
    next_id: Cell<u64>,
    draining: Cell<bool>,
    audit_failed: Cell<bool>,
}

/// What the audit says when a core ends in good order.
const STOPPED: &str = "the gateway was told to stop";

impl Core {
    fn new(setup: Setup) -> (Rc<Core>, Receiver<ToCore>, Arc<Bell>) {
        let core = Core {
            index: setup.index,
            logins: Pool::wiped(LOGIN_BUFFER_BYTES_PER_CORE_MAX),
            requests: Pool::new(setup.shared.budget_bytes),
            replies: Pool::new(setup.shared.budget_bytes),
            shared: setup.shared,
            scratch: RefCell::default(),
            traffic: RefCell::default(),
            audit: RefCell::new(Some(setup.audit)),
            desk: setup.desk,
            held: RefCell::default(),
            withheld: RefCell::default(),
            crowd: Crowd::default(),
            connections: RefCell::default(),
            undelivered: RefCell::default(),
            accepting: RefCell::default(),
            clock: Cell::new(UnixMillis::now()),
            next_id: Cell::new(0),
            draining: Cell::new(false),
            audit_failed: Cell::new(false),
        };
        (Rc::new(core), setup.inbox, setup.bell)
    }

    /// The core's clock: right to a tick, and free to read.
    pub fn now(&self) -> UnixMillis {
        self.clock.get()
    }

    /// The policy in force.
    pub fn rules(&self) -> Guard<Arc<Rules>> {
        self.shared.rules.load()
    }

    /// This core's counters.
    pub fn stats(&self) -> &Stats {
        &self.shared.stats[self.index as usize]
    }

    /// A number that no other session of this gateway's run has.
    pub fn next_session_id(&self) -> u64 {
        let id = self.next_id.get() + 1;
        self.next_id.set(id);
        (u64::from(self.index) << 48) | id
    }

    /// Whether new connections are welcome.
    pub fn accepts(&self) -> bool {
        !self.draining.get() && !self.audit_failed.get()
    }

    /// Whether the audit could not be written.
    pub fn audit_failed(&self) -> bool {
        self.audit_failed.get()
    }

    /// Stops the core for good: nothing passes that cannot be recorded.
    pub fn fail_audit(&self) {
        if !self.audit_failed.replace(true) {
            self.stats().audit_failed.set(1);
            self.stop_accepting();
            self.close_all(Cause::OwnFault);
        }
    }

    fn end_audit(&self) {
        if let Some(entry) = self.crowd.refusals.take(self.now()) {
            record::logins_refused(self, entry);
        }
        if let Some(writer) = self.audit.take()
            && let Err(fault) = writer.close(UnixMillis::now(), STOPPED)
        {
            tracing::error!(core = self.index, %fault, "the last entries may be missing");
        }
    }

    /// Says something that must not be lost; kept and tried again when the channel is full.
    pub fn tell_desk(&self, message: ToControl) {
        if let Err(message) = self.desk.try_send(message) {
            self.undelivered.borrow_mut().push_back(message);
        }
    }

    /// Takes a connection that was just accepted, unless there are too many: then it is closed.
    pub fn admit(self: &Rc<Self>, socket: Socket, door: Door) {
        let active = self.shared.stats.iter().map(|s| s.connections_active.get());
        if active.sum::<u64>() >= self.shared.connections_max {
            self.stats().connections_refused.add(1);
            return;
        }
        let id = self.next_id.get() + 1;
        self.next_id.set(id);
        let connection = Connection::new(self, id, socket, door);
        self.connections
            .borrow_mut()
            .insert(id, Rc::clone(&connection));
        self.stats().connections.add(1);
        self.stats()
            .connections_active
            .set(self.connections.borrow().len() as u64);
        crowd::enter(&connection);
        super::serve::spawn(connection);
    }

    /// The connection of this number, if it is still there.
    pub fn connection(&self, id: u64) -> Option<Rc<Connection>> {
        self.connections.borrow().get(&id).cloned()
    }

    /// Forgets a connection whose tasks have ended.
    pub fn dismiss(&self, connection: &Connection) {
        self.connections.borrow_mut().remove(&connection.id);
        self.crowd.leave(connection.id);
        self.stats()
            .connections_active
            .set(self.connections.borrow().len() as u64);
    }

    fn close_all(&self, cause: Cause) {
        let all: Vec<_> = self.connections.borrow().values().cloned().collect();
        all.iter().for_each(|connection| connection.close(cause));
    }

    fn stop_accepting(&self) {
        self.accepting.borrow_mut().clear(); // dropping it shuts the listening socket down
    }

    /// Listens on every bootstrap port, and on one port for each broker that is known; no longer on
    /// the ports of brokers that are gone.
    fn listen(self: &Rc<Self>) {
        if !self.accepts() {
            return;
        }
        let wanted = self.doors();
        let mut accepting = self.accepting.borrow_mut();
        accepting.retain(|door, _| wanted.contains_key(door)); // dropping it ends its accept loop
        for (door, address) in wanted {
            if accepting.contains_key(&door) {
                continue;
            }
            match accept::listen(self, address, door) {
                Ok(listening) => {
                    accepting.insert(door, listening);
                }
                Err(error) => tracing::error!(core = self.index, %address, %error, "cannot listen"),
            }
        }
    }

    /// Where clients may come in now.
    fn doors(&self) -> BTreeMap<Door, SocketAddr> {
        let mut doors = BTreeMap::new();
        for (cluster, at) in self.shared.clusters.iter().zip(0..) {
            let view = cluster.view.load();
            for (listener, place) in cluster.listeners.iter().zip(0..) {
                let door = |target| Door {
                    cluster: at,
                    listener: place,
                    target,
                };
                doors.insert(door(Target::Bootstrap), listener.address);
                let brokers = view.brokers.keys();
                doors.extend(brokers.filter_map(|id| {
                    let address = SocketAddr::new(listener.address.ip(), listener.port_of(*id)?);
                    Some((door(Target::Broker(*id)), address))
                }));
            }
        }
        doors
    }

    /// Deals with everything the control thread sent.
    fn read_mail(self: &Rc<Self>, inbox: &Receiver<ToCore>) {
        self.clock.set(UnixMillis::now());
        for message in inbox.try_iter() {
            match message {
                ToCore::Answer { ticket, answer } => holding::answered(self, ticket.chunk, answer),
                ToCore::Brokers => self.listen(),
                ToCore::Cut { issuer, name } => {
                    let all: Vec<_> = self.connections.borrow().values().cloned().collect();
                    let named = |p: &Principal| p.name == name && p.issuer == issuer;
                    all.iter()
                        .filter(|c| c.session().is_some_and(|s| named(&s.principal)))
                        .for_each(|connection| connection.close(Cause::Cut));
                }
                ToCore::Drain => {
                    self.draining.set(true);
                    self.stop_accepting();
                }
            }
        }
    }

    /// What is due at every tick.
    fn tick(self: &Rc<Self>) {
        self.clock.set(UnixMillis::now());
        holding::tick(self);
        withheld::tick(self);
        if self.logins.is_short() {
            crowd::free_memory(self);
        }
        let mut undelivered = self.undelivered.borrow_mut();
        while let Some(message) = undelivered.pop_front() {
            if let Err(message) = self.desk.try_send(message) {
                undelivered.push_front(message);
                break;
            }
        }
        let (stats, held) = (self.stats(), self.held.borrow());
        stats.open_chunks.set(held.len() as u64);
        stats.open_chunk_bytes.set(held.bytes() as u64);
        stats.frame_bytes.set(
            [&self.logins, &self.requests, &self.replies]
                .map(|pool| pool.used_bytes())
                .iter()
                .sum::<usize>() as u64,
        );
    }

    fn sweep(&self) {
        let now = self.now();
        let all: Vec<_> = self.connections.borrow().values().cloned().collect();
        all.iter()
            .for_each(|connection| sweep::sweep(connection, now));
        if let Some(entry) = self.crowd.refusals.each_second(now) {
            record::logins_refused(self, entry);
        }
    }

    fn is_idle(&self) -> bool {
        self.connections
            .borrow()
            .values()
            .all(|c| c.answers().waiting() == 0)
    }
}

/// Runs a core until it is drained. Call on the core's own thread, inside its runtime.
pub async fn run(setup: Setup) {
    let (core, inbox, bell) = Core::new(setup);
    core.listen();
    let mail = {
        let (core, inbox) = (Rc::clone(&core), inbox.clone());
        async move {
            loop {
                bell.rung().await;
                core.read_mail(&inbox);
            }
        }
    };
    monoio::spawn(mail);
    let tick = Duration::from_millis(TICK_MS);
    let (mut since_sweep, mut since_flush, mut drained_ms) = (0, 0, 0);
    loop {
        monoio::time::sleep(tick).await;
        core.read_mail(&inbox); // should a wake ever be lost, it costs a tick and no more
        core.tick();
        since_flush += TICK_MS;
        if since_flush >= AUDIT_FLUSH_MS {
            since_flush = 0;
            record::flush(&core);
        }
        since_sweep += TICK_MS;
        if since_sweep >= SWEEP_MS {
            since_sweep = 0;
            core.sweep();
        }
        if core.draining.get() {
            drained_ms += TICK_MS;
            if core.is_idle() || drained_ms >= DRAIN_MS_MAX {
                break;
            }
        }
    }
    core.close_all(Cause::Stopping);
    monoio::time::sleep(tick).await; // the tasks end and write their last entries
    core.end_audit();
}
