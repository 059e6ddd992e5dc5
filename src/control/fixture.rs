//! A control thread with a real log, a core that is a channel, and an audit that remembers.

#![allow(clippy::unwrap_used)]

use super::record::{AuditSink, Record};
use super::{Handle, Setup, Surfaces, spawn};
use crate::approvals::Policy;
use crate::chunk::{ContentKey, GrantOffer, Operation, Principal, SendKey, Summary};
use crate::hold::link::{Post, to_control, to_core};
use crate::hold::messages::{Answer, Ask, HoldRule, Ticket, ToControl, ToCore};
use crate::policy::Grants;
use arc_swap::ArcSwap;
use crossbeam_channel::Receiver;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// What reached the audit, and whether it fails.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    pub(crate) records: Arc<Mutex<Vec<Record>>>,
    pub(crate) synced: Arc<Mutex<usize>>,
    pub(crate) broken: Arc<Mutex<bool>>,
}

impl AuditSink for Memory {
    fn record(&mut self, record: &Record) -> Result<(), String> {
        self.records.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), String> {
        if *self.broken.lock().unwrap() {
            return Err("the disk is gone".into());
        }
        *self.synced.lock().unwrap() = self.records.lock().unwrap().len();
        Ok(())
    }
}

/// The thread and the ends of its channels.
pub(crate) struct Rig {
    pub(crate) control: Handle,
    pub(crate) core: Receiver<ToCore>,
    pub(crate) audit: Memory,
    /// What cores read.
    pub(crate) grants: Arc<ArcSwap<Grants>>,
    post: Post<ToControl>,
}

pub(crate) fn policy(within_ms: i64) -> BTreeMap<String, Policy> {
    let policy = Policy {
        name: "security".into(),
        any_of: vec!["security".into()],
        people: 1,
        within_ms,
        reason_on_approve: false,
        reason_on_reject: true,
        redeem_within_ms: 60_000,
    };
    BTreeMap::from([("security".into(), policy)])
}

impl Rig {
    pub(crate) fn start(directory: &Path, within_ms: i64, surfaces: Surfaces) -> Rig {
        let wake = Arc::new(Notify::new());
        let notify = Arc::clone(&wake);
        let (post, receiver) = to_control(Arc::new(move || notify.notify_one()));
        let (answers, core) = to_core(Arc::new(|| {}));
        let audit = Memory::default();
        let grants = Arc::<ArcSwap<Grants>>::default();
        let control = spawn(Setup {
            receiver,
            wake,
            cores: vec![answers],
            approvals: policy(within_ms),
            grants: Arc::clone(&grants),
            log_path: directory.join("holds.db"),
            audit: Box::new(audit.clone()),
            surfaces,
        });
        Rig {
            control: control.unwrap(),
            core,
            audit,
            grants,
            post,
        }
    }

    /// Without any surface.
    pub(crate) fn bare(directory: &Path, within_ms: i64) -> Rig {
        Rig::start(
            directory,
            within_ms,
            Box::new(|_| Box::pin(std::future::pending())),
        )
    }

    pub(crate) fn tell(&self, message: ToControl) {
        assert!(self.post.try_send(message).is_ok());
    }

    /// Sends record `n` as chunk `chunk`.
    pub(crate) fn ask(&self, chunk: u64, n: u8) {
        self.ask_for(chunk, n, None);
    }

    /// The same, by a rule that wants this granted.
    pub(crate) fn ask_for(&self, chunk: u64, n: u8, grant: Option<GrantOffer>) {
        let content = match grant {
            Some(_) => vec![],
            None => vec![ContentKey([n; 32])],
        };
        let counts = vec![("payment_card".to_string(), 1)];
        let summary = Summary {
            records: 1,
            flagged: 1,
            bytes: 100,
            counts,
            samples: vec!["<b>card ****</b>".into()],
            ..Summary::default()
        };
        self.tell(ToControl::Ask(Box::new(Ask {
            ticket: Ticket { core: 0, chunk },
            principal: Principal {
                name: "svc".into(),
                groups: [].into(),
                issuer: "idp".into(),
                claims: Default::default(),
            },
            client_id: "app".into(),
            operation: Operation::Produce,
            cluster: "main".into(),
            topic: "payments".into(),
            partition: 0,
            rules: vec![HoldRule {
                rule: "cards".into(),
                ask: "security".into(),
                grant,
            }],
            policy: [1; 32],
            content,
            send: SendKey([n; 32]),
            idempotent: true,
            summary,
        })));
    }

    /// The next answer, within five seconds.
    pub(crate) fn answer(&self) -> (u64, Answer) {
        match self.core.recv_timeout(Duration::from_secs(5)) {
            Ok(ToCore::Answer { ticket, answer }) => (ticket.chunk, answer),
            other => panic!("{other:?}"),
        }
    }
}
