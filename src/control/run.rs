//! The control thread itself: it waits, takes in, commits and delivers.
//!
//! Owns: the thread, its runtime, the channels' ends and the answers that a full core could not
//! take yet. Refuses: to start with a log it cannot read. Stays true: it never blocks on a disk
//! (the journal's thread does) nor on a core (`try_send`, kept, tried again).

use super::client::{Command, DeskClient};
use super::desk::Desk;
use super::gauges::Gauges;
use super::journal::Journal;
use super::log::{Log, LogError, SqliteLog};
use super::record::AuditSink;
use super::turn::{Effect, Turn};
use crate::approvals::Policy;
use crate::chunk::UnixMillis;
use crate::hold::link::Post;
use crate::hold::messages::{Answer, Ticket, ToControl, ToCore};
use crate::limits::{CONTROL_COMMANDS_MAX, CONTROL_DRAIN_MESSAGES_MAX, CONTROL_TICK_MS};
use crate::policy::Grants;
use arc_swap::ArcSwap;
use crossbeam_channel::Receiver;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Servers that run on the control thread, made once the desk is there.
pub type Surfaces = Box<dyn FnOnce(DeskClient) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What the control thread needs.
pub struct Setup {
    /// Messages of all cores.
    pub receiver: Receiver<ToControl>,
    /// Notified (`notify_one`) after each message.
    pub wake: Arc<Notify>,
    /// The way to each core, by its index in `Ticket::core`.
    pub cores: Vec<Post<ToCore>>,
    /// Approval policies by name.
    pub approvals: BTreeMap<String, Policy>,
    /// What is granted, for the cores to read; the control thread alone writes it.
    pub grants: Arc<ArcSwap<Grants>>,
    /// The log's file; its directory exists.
    pub log_path: PathBuf,
    /// Where the audit's entries go.
    pub audit: Box<dyn AuditSink>,
    /// The HTTP servers, or any other.
    pub surfaces: Surfaces,
}

/// The control thread cannot start; the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log of holds.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A thread, or its runtime.
    #[error("the control thread cannot start: {0}")]
    Thread(#[from] std::io::Error),
}

/// The running control thread.
pub struct Handle {
    thread: JoinHandle<()>,
    stop: Arc<Notify>,
    client: DeskClient,
}

impl Handle {
    /// A way to the desk.
    pub fn client(&self) -> DeskClient {
        self.client.clone()
    }

    /// Whether the thread has ended, by itself or by a panic: held chunks stay held.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Commits what is there, ends the thread and waits for it. Call it when the cores have ended,
    /// so that their last outcomes are known.
    pub fn stop(self) -> Result<(), String> {
        self.stop.notify_one();
        self.thread
            .join()
            .map_err(|_| "the control thread had panicked".into())
    }
}

/// Replays the log and starts the thread, named `control`.
pub fn spawn(setup: Setup) -> Result<Handle, StartError> {
    let mut log = SqliteLog::open(&setup.log_path)?;
    let mut desk = Desk::new(setup.approvals, Box::new(random));
    let audited = log.marks()?.audited;
    let marks = log.replay(&mut |logged| desk.replay(logged, audited))?;
    desk.recover(marks, UnixMillis::now());
    setup.grants.store(desk.granted()); // durable: it was read from the log

    let gauges = Arc::new(Gauges::default());
    let (commands, inbox) = mpsc::channel(CONTROL_COMMANDS_MAX);
    let client = DeskClient {
        commands,
        gauges: Arc::clone(&gauges),
    };
    let stop = Arc::new(Notify::new());
    let control = Control {
        turn: Turn::new(desk, gauges),
        receiver: setup.receiver,
        wake: setup.wake,
        outboxes: setup
            .cores
            .into_iter()
            .map(|core| (core, VecDeque::new()))
            .collect(),
        journal: Journal::start(Box::new(log), setup.audit, audited)?,
        grants: setup.grants,
        commands: inbox,
        stop: Arc::clone(&stop),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let surfaces = (setup.surfaces)(client.clone());
    let fatal = Arc::clone(&stop);
    let work = move || {
        runtime.block_on(async move {
            tokio::spawn(watch(tokio::spawn(surfaces), fatal));
            control.run().await;
        });
    };
    let thread = std::thread::Builder::new()
        .name("control".into())
        .spawn(work)?;
    Ok(Handle {
        thread,
        stop,
        client,
    })
}

/// Without its surfaces nobody could decide anything: the thread ends, and whoever looks at
/// [`Handle::is_finished`] knows.
async fn watch(surfaces: tokio::task::JoinHandle<()>, fatal: Arc<Notify>) {
    if surfaces.await.is_err_and(|error| error.is_panic()) {
        tracing::error!("a server on the control thread panicked: the control thread ends");
        fatal.notify_one();
    }
}

/// A hold's name is not to be guessed: it may stand in a link.
fn random() -> u64 {
    let mut bytes = [0; 8];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the system gives no random numbers: this hold's name can be guessed");
        return UnixMillis::now().0 as u64;
    }
    u64::from_ne_bytes(bytes)
}

struct Control {
    turn: Turn,
    receiver: Receiver<ToControl>,
    wake: Arc<Notify>,
    /// Each core's answers that did not fit into its channel yet.
    outboxes: Vec<(Post<ToCore>, VecDeque<ToCore>)>,
    journal: Journal,
    grants: Arc<ArcSwap<Grants>>,
    commands: mpsc::Receiver<Command>,
    stop: Arc<Notify>,
}

impl Control {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(Duration::from_millis(CONTROL_TICK_MS));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stop = Arc::clone(&self.stop);
        let wake = Arc::clone(&self.wake);
        loop {
            self.step();
            tokio::select! {
                done = self.journal.done(), if self.turn.is_committing() => self.turn.end_commit(done),
                command = self.commands.recv() => match command {
                    Some(command) => self.turn.command(command, UnixMillis::now()),
                    None => break, // every surface and the handle are gone
                },
                () = wake.notified() => {}
                _ = tick.tick() => self.turn.tick(UnixMillis::now()),
                () = stop.notified() => break,
            }
        }
        self.finish().await;
    }

    /// Takes in what has come, commits, delivers.
    fn step(&mut self) {
        self.take_messages();
        if let Some(batch) = self.turn.start_commit()
            && self.journal.commit(batch).is_err()
        {
            self.turn
                .end_commit(Err("the journal's thread has ended".into()));
        }
        for effect in self.turn.take_ready() {
            self.deliver(effect);
        }
        for (core, outbox) in &mut self.outboxes {
            send_all(core, outbox);
        }
        self.turn
            .publish(self.outboxes.iter().map(|(_, outbox)| outbox.len()).sum());
    }

    fn take_messages(&mut self) {
        for _ in 0..CONTROL_DRAIN_MESSAGES_MAX {
            if self.turn.is_full() {
                return; // the end of the commit brings us back here
            }
            let Ok(message) = self.receiver.try_recv() else {
                return;
            };
            self.turn.message(message, UnixMillis::now());
        }
        self.wake.notify_one(); // there may be more, but reviewers come in between
    }

    fn deliver(&mut self, effect: Effect) {
        match effect {
            Effect::Answer(ticket, answer) => self.answer(ticket, answer),
            Effect::Grants(grants) => self.grants.store(grants),
            // A surface that went away has no use for its answer.
            Effect::Listing(reply, listing) => drop(reply.send(listing)),
            Effect::GrantListing(reply, listing) => drop(reply.send(listing)),
            Effect::View(reply, view) => drop(reply.send(*view)),
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        match self.outboxes.get_mut(usize::from(ticket.core)) {
            Some((_, outbox)) => outbox.push_back(ToCore::Answer { ticket, answer }),
            None => tracing::error!(?ticket, "an answer for a core that does not exist"),
        }
    }

    /// The last messages and the last commit: outcomes of a clean stop are not left in doubt.
    async fn finish(mut self) {
        self.commands.close();
        self.step();
        while self.turn.is_committing() {
            let done = self.journal.done().await;
            self.turn.end_commit(done);
            self.step();
        }
        self.journal.stop();
    }
}

/// Sends until the core's channel is full; the rest keeps its order.
fn send_all(core: &Post<ToCore>, outbox: &mut VecDeque<ToCore>) {
    while let Some(message) = outbox.pop_front() {
        if let Err(back) = core.try_send(message) {
            return outbox.push_front(back);
        }
    }
}
