//! The machine against a naive reference that keeps the whole history and recomputes everything
//! from it after every event.

use super::event::{Kind, Outcome, Redeemed, SendId, Verdict};
use super::state::{Change, State, Void};
use crate::chunk::{ContentKey, UnixMillis};
use proptest::prelude::*;

pub(super) mod fixture {
    use super::super::event::*;
    use super::super::{Hold, Policy, ReviewRequest};
    use crate::chunk::{ContentKey, HoldId, Operation, SendKey, Summary, UnixMillis};

    pub(in super::super) fn key(n: u8) -> ContentKey {
        ContentKey([n; 32])
    }

    pub(in super::super) fn send_id(n: u8) -> SendId {
        SendId {
            partition: 0,
            key: SendKey([n; 32]),
        }
    }

    /// A hold of `svc`'s data that `people` of `security` decide within a second.
    pub(in super::super) fn hold(people: u32, content: &[u8]) -> Hold {
        let policy = Policy {
            name: "security".into(),
            any_of: vec!["security".into()],
            people,
            within_ms: 1000,
            reason_on_approve: false,
            reason_on_reject: false,
            redeem_within_ms: 2000,
        };
        let subject = Subject {
            principal: "svc".into(),
            issuer: "idp".into(),
            operation: Operation::Produce,
            cluster: "main".into(),
            topic: "payments".into(),
        };
        let opened = Opened {
            subject,
            partition: 0,
            client_id: String::new(),
            rules: vec![Rule {
                rule: "cards".into(),
                ask: "security".into(),
            }],
            policies: vec![policy],
            policy_hash: [0; 32],
            grant: None,
            content: content.iter().map(|n| key(*n)).collect(),
            summary: Summary::default(),
            deadline: UnixMillis(1000),
            written_before: 0,
        };
        Hold::open(HoldId(1), UnixMillis(0), opened)
    }

    pub(in super::super) fn request(name: &str, verdict: Verdict) -> ReviewRequest {
        ReviewRequest {
            name: name.into(),
            issuer: "idp".into(),
            groups: vec!["security".into()],
            verdict,
            reason: String::new(),
            if_match: None,
        }
    }

    fn reviewed(name: &str, verdict: Verdict, reason: &str) -> Kind {
        let reviewer = Reviewer {
            name: name.into(),
            issuer: "idp".into(),
            groups: vec!["security".into()],
        };
        Kind::Reviewed(Reviewed {
            reviewer,
            verdict,
            reason: reason.into(),
            seen: None,
        })
    }

    pub(in super::super) fn approve(name: &str) -> Kind {
        reviewed(name, Verdict::Approve, "")
    }

    pub(in super::super) fn reject(name: &str, reason: &str) -> Kind {
        reviewed(name, Verdict::Reject, reason)
    }

    pub(in super::super) fn redeem(n: u8, idempotent: bool, content: &[u8]) -> Kind {
        let content = content.iter().map(|n| key(*n)).collect();
        Kind::Redeemed(Redeemed {
            send: send_id(n),
            core: 0,
            chunk: 0,
            idempotent,
            content,
        })
    }
}

/// What the reference remembers: the covered records and the events that had effect.
struct Naive {
    people: usize,
    content: Vec<ContentKey>,
    valid: Vec<(UnixMillis, Kind)>,
}

#[derive(Clone, Debug)]
struct NaiveSend {
    id: SendId,
    content: Vec<ContentKey>,
    idempotent: bool,
    state: State,
}

/// What follows from the history so far.
struct Now {
    said: Vec<(String, Verdict)>,
    decided: State,
    late: Vec<String>,
    redeem_until: i64,
    deadline: i64,
    sends: Vec<NaiveSend>,
}

impl Naive {
    fn now(&self) -> Now {
        let mut now = Now {
            said: vec![],
            decided: State::Pending,
            late: vec![],
            redeem_until: 0,
            deadline: 1000,
            sends: vec![],
        };
        for (at, kind) in &self.valid {
            self.step(&mut now, at.0, kind);
        }
        now
    }

    fn step(&self, now: &mut Now, at: i64, kind: &Kind) {
        match kind {
            Kind::Reviewed(r) if now.decided != State::Pending => {
                now.late.push(r.reviewer.name.clone())
            }
            Kind::Reviewed(r) => {
                now.said.push((r.reviewer.name.clone(), r.verdict));
                if r.verdict == Verdict::Reject {
                    now.decided = State::Rejected;
                } else if now.said.len() >= self.people {
                    now.decided = State::Approved;
                    now.redeem_until = at + 2000;
                }
            }
            Kind::DeadlinePassed => now.decided = State::Expired,
            Kind::Redeemed(r) => {
                now.sends.retain(|s| s.id != r.send);
                let (content, idempotent) = (r.content.clone(), r.idempotent);
                now.sends.push(NaiveSend {
                    id: r.send,
                    content,
                    idempotent,
                    state: State::Sending,
                });
            }
            Kind::Ended { send, outcome } => {
                let Some(i) = now.sends.iter().position(|s| s.id == *send) else {
                    return;
                };
                match outcome {
                    Outcome::Written { .. } => now.sends[i].state = State::Written,
                    Outcome::Unknown if now.sends[i].idempotent => {
                        now.sends[i].state = State::Unknown
                    }
                    Outcome::Returned { .. } => drop(now.sends.remove(i)),
                    Outcome::Unknown => Naive::ask_again(now, at, i),
                }
            }
            Kind::Doubted { send } => {
                if let Some(i) = now.sends.iter().position(|s| s.id == *send) {
                    Naive::ask_again(now, at, i);
                }
            }
            Kind::Opened(_) | Kind::Revoked { .. } => {}
        }
    }

    fn ask_again(now: &mut Now, at: i64, send: usize) {
        now.sends.remove(send);
        if matches!(now.decided, State::Pending | State::Approved) {
            now.decided = State::Pending;
            now.said.clear();
            now.late.clear();
            now.deadline = at + 1000;
        }
    }

    /// Records not in any send, by crossing them off one at a time.
    fn free(&self, now: &Now) -> Vec<ContentKey> {
        let mut free = self.content.clone();
        for key in now.sends.iter().flat_map(|s| &s.content) {
            if let Some(i) = free.iter().position(|k| k == key) {
                free.remove(i);
            }
        }
        free
    }

    fn valid(&self, at: i64, kind: &Kind) -> bool {
        let now = self.now();
        let named =
            |id: &SendId, state: State| now.sends.iter().any(|s| s.id == *id && s.state == state);
        match kind {
            Kind::Opened(_) | Kind::Revoked { .. } => false,
            Kind::Reviewed(r) => {
                let again = now.said.iter().any(|(n, _)| *n == r.reviewer.name)
                    || now.late.contains(&r.reviewer.name);
                !again
                    && r.reviewer.name != "svc"
                    && (now.decided != State::Pending || at < now.deadline)
            }
            Kind::DeadlinePassed => now.decided == State::Pending && at >= now.deadline,
            Kind::Redeemed(r) => {
                now.decided == State::Approved && at < now.redeem_until && self.takes(&now, r)
            }
            Kind::Ended { send, .. } => named(send, State::Sending),
            Kind::Doubted { send } => named(send, State::Unknown),
        }
    }

    fn takes(&self, now: &Now, wanted: &Redeemed) -> bool {
        let sorted = |keys: &[ContentKey]| {
            let mut keys = keys.to_vec();
            keys.sort();
            keys
        };
        if let Some(send) = now.sends.iter().find(|s| s.id == wanted.send) {
            let same = sorted(&send.content) == sorted(&wanted.content);
            return send.state == State::Unknown && send.idempotent && wanted.idempotent && same;
        }
        let mut free = self.free(now);
        let mut take = |key: &ContentKey| {
            free.iter()
                .position(|k| k == key)
                .map(|i| free.remove(i))
                .is_some()
        };
        !wanted.content.is_empty() && wanted.content.iter().all(&mut take)
    }

    fn state(&self) -> State {
        let now = self.now();
        let any = |state| now.sends.iter().any(|s| s.state == state);
        match now.decided {
            State::Approved if any(State::Sending) => State::Sending,
            State::Approved if any(State::Unknown) => State::Unknown,
            State::Approved if self.free(&now).is_empty() => State::Written,
            decided => decided,
        }
    }
}

fn events() -> impl Strategy<Value = Kind> {
    use fixture::{approve, redeem, reject, send_id};
    let person = prop::sample::select(vec!["ann", "bob", "cyd", "svc"]);
    let outcome = prop_oneof![
        Just(Outcome::Written { offset: 1 }),
        Just(Outcome::Returned { error: 6 }),
        Just(Outcome::Unknown)
    ];
    prop_oneof![
        6 => person.clone().prop_map(approve),
        1 => person.prop_map(|p| reject(p, "no")),
        1 => Just(Kind::DeadlinePassed),
        8 => (0u8..3, any::<bool>(), prop::collection::vec(0u8..3, 0..3)).prop_map(|(n, i, c)| redeem(n, i, &c)),
        8 => (0u8..3, outcome).prop_map(|(n, outcome)| Kind::Ended { send: send_id(n), outcome }),
        2 => (0u8..3).prop_map(|n| Kind::Doubted { send: send_id(n) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_machine_agrees_with_its_whole_history(
        people in 1u32..3,
        content in prop::collection::vec(0u8..3, 1..5),
        events in prop::collection::vec((0i64..120, events()), 0..40),
    ) {
        let mut hold = fixture::hold(people, &content);
        let covered = content.iter().map(|n| fixture::key(*n)).collect();
        let mut naive = Naive { people: people as usize, content: covered, valid: vec![] };
        let mut at = 0;
        for (pause, kind) in events {
            at += pause;
            let before = hold.clone();
            let done = hold.apply(UnixMillis(at), &kind);
            prop_assert_eq!(done.is_ok(), naive.valid(at, &kind), "{:?} at {}: {:?}", kind, at, done);
            if done.is_err() {
                prop_assert_eq!(&hold, &before, "an event without effect changes nothing");
                prop_assert_ne!(done, Err(Void::AlreadyOpen));
                continue;
            }
            naive.valid.push((UnixMillis(at), kind));
            prop_assert_eq!(hold.state(), naive.state());
            prop_assert_eq!(hold.version, before.version + u64::from(done != Ok(Change::Late)));
            let now = naive.now();
            let free = naive.free(&now);
            for n in 0..3 {
                let key = fixture::key(n);
                prop_assert_eq!(hold.spending.free(&key) as usize, free.iter().filter(|k| **k == key).count());
            }
            prop_assert_eq!(hold.deadline, UnixMillis(now.deadline));
        }
    }
}
