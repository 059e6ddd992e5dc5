//! Entries for tests: one of each kind, always the same, and arbitrary ones.

use super::*;
use crate::chunk::{ContentKey, UnixMillis};
use proptest::prelude::*;

/// One entry of each kind, in the order of their numbers. The fixture of format 1 holds these: a
/// change here needs a new fixture beside the old one.
pub(crate) fn one_of_each() -> Vec<Entry> {
    let mut traffic = Traffic::default();
    traffic.reset(3, Op::Fetch);
    traffic.chunk("payments.eu", 0, 1024, 40);
    traffic.batch(0xdead_beef, 10);
    traffic.batch(0x0bad_cafe, 2);
    traffic.chunk("orders", 7, 99, -1);
    traffic.batch(1, 1);
    let bodies: Vec<Body> = [gateway_samples(), session_samples()].concat();
    let bodies = bodies
        .into_iter()
        .chain([traffic.into()])
        .chain([verdict_sample().into()])
        .chain([asked_sample().into()])
        .chain([refusals_sample().into()])
        .chain(hold_samples());
    let at = |i: usize| UnixMillis(1_700_000_000_000 + 1000 * i as i64);
    bodies
        .enumerate()
        .map(|(i, body)| Entry { at: at(i), body })
        .collect()
}

fn gateway_samples() -> Vec<Body> {
    let opened = Opened {
        segment: "core-00-0000018bcfe56800-00000000000000000000.seg".into(),
        header: [1; 32],
    };
    vec![
        // Names nothing, so that a directory of samples verifies.
        Started {
            version: "0.1.0".into(),
            io: "uring".into(),
            cores: vec![],
        }
        .into(),
        Stopped {
            cause: "SIGTERM".into(),
        }
        .into(),
        Recovered {
            segment: opened.segment,
            last_seq: Some(41),
            last_at: Some(1_699_999_999_999),
            cut_at: Some(4096),
            cut_bytes: 17,
            quarantined: false,
        }
        .into(),
        PolicyLoaded {
            hash: [2; 32],
            text: "version: 1\n".into(),
        }
        .into(),
        Oversized {
            was: "policy_loaded".into(),
            bytes: 2 << 20,
            sha256: [3; 32],
        }
        .into(),
    ]
}

fn session_samples() -> Vec<Body> {
    let opened = SessionOpened {
        session: 3,
        principal: "alice".into(),
        issuer: "https://idp.example.com".into(),
        groups: vec!["team-payments".into(), "staff".into()],
        client_id: "kcat".into(),
        peer: "10.0.0.7:40112".into(),
        listener: "default".into(),
        mechanism: "OAUTHBEARER".into(),
    };
    let refused = LoginRefused {
        peer: "10.0.0.8:40113".into(),
        listener: "default".into(),
        mechanism: "PLAIN".into(),
        code: "expired".into(),
        reason: "the token ended 12 s ago".into(),
        claimed: Some("alice".into()),
    };
    let closed = SessionClosed {
        session: 3,
        cause: "client closed".into(),
        bytes_in: 1,
        bytes_out: 2,
    };
    vec![opened.into(), refused.into(), closed.into()]
}

fn refusals_sample() -> LoginsRefused {
    let counted = |code: &str, count| Refusals {
        code: code.into(),
        count,
    };
    LoginsRefused {
        causes: vec![counted("crowded_out", 1_900), counted("token_expired", 12)],
        over_ms: 950,
        last_peer: "10.0.0.9:40114".into(),
    }
}

/// The typical entry: about what a hold on the hot path writes.
pub(crate) fn verdict_sample() -> Verdict {
    Verdict {
        session: 3,
        principal: "alice".into(),
        operation: Op::Produce,
        topic: "payments.eu".into(),
        partition: 4,
        action: Action::Hold,
        enforced: true,
        rules: vec!["cards-need-review".into()],
        exceptions: vec![],
        policy: [2; 32],
        detectors: vec![Count {
            detector: "payment_card".into(),
            count: 2,
        }],
        reason: String::new(),
        records: 2,
        bytes: 512,
        base_offset: -1,
        sha256: Some([4; 32]),
        hold: Some(77),
    }
}

fn asked_sample() -> Asked {
    Asked {
        session: 3,
        principal: "alice".into(),
        operation: "delete_topics".into(),
        course: Course::Blocked,
        topics: vec!["payments.eu".into()],
        others: vec![],
        more: 2,
        rules: vec!["nobody-deletes".into()],
        exceptions: vec![],
        policy: [2; 32],
        reason: "ask #platform; SEC-12".into(),
    }
}

fn hold_samples() -> Vec<Body> {
    let opened = HoldOpened {
        event: 1,
        hold: 77,
        principal: "alice".into(),
        client_id: "kcat".into(),
        operation: Op::Produce,
        topic: "payments.eu".into(),
        partition: 4,
        rules: vec!["cards-need-review".into()],
        asks: vec!["security".into()],
        policy: [2; 32],
        content: ContentDigest::of(&[ContentKey([5; 32]), ContentKey([6; 32])]),
        summary: "{\"records\":2}".into(),
        deadline: 1_700_000_600_000,
    };
    let review = Review {
        late: false,
        event: 2,
        hold: 77,
        reviewer: "bob".into(),
        issuer: "https://idp.example.com".into(),
        groups: vec!["security".into()],
        verdict: Vote::Approve,
        reason: "known batch, SEC-12".into(),
        version: 1,
    };
    let decision = Decision {
        event: 3,
        hold: 77,
        decision: Decided::Approved,
        by: vec!["bob".into()],
    };
    let granted = Granted {
        event: 6,
        hold: 78,
        covers: "access".into(),
        rule: "contractors-ask-first".into(),
        key: [8; 32],
        principal: "carl".into(),
        operation: Op::Fetch,
        topic: "hr.people".into(),
        about: "first use of hr.people by carl (fetch)".into(),
        until: 1_700_000_000_000,
        by: vec!["bob".into()],
    };
    let revoked = GrantRevoked {
        event: 7,
        hold: 78,
        about: "first use of hr.people by carl (fetch)".into(),
        topic: "hr.people".into(),
        by: "bob".into(),
        issuer: "https://idp".into(),
        reason: "left".into(),
    };
    let release = Release {
        event: 4,
        hold: 77,
        send: [7; 32],
        principal: "alice".into(),
        topic: "payments.eu".into(),
        partition: 4,
    };
    let landed = Landed::Written { offset: 12 };
    let outcome = Outcome {
        event: 5,
        hold: 77,
        send: [7; 32],
        landed,
    };
    vec![
        opened.into(),
        review.into(),
        decision.into(),
        release.into(),
        outcome.into(),
        granted.into(),
        revoked.into(),
    ]
}

/// Any body: a sample with its variable parts drawn anew.
pub(crate) fn arbitrary_body() -> impl Strategy<Value = Body> {
    let text = "\\PC{0,40}";
    let texts = prop::collection::vec(text, 0..4);
    let parts = (
        text,
        texts,
        any::<[u8; 32]>(),
        any::<u64>(),
        any::<i64>(),
        any::<Option<u64>>(),
    );
    (
        0..KIND_NAMES.len(),
        parts,
        prop::collection::vec((text, any::<u32>()), 0..5),
    )
        .prop_map(|(kind, (text, texts, hash, number, time, maybe), pairs)| {
            let mut body = one_of_each()[kind].body.clone();
            match &mut body {
                Body::Started(e) => {
                    e.io = text;
                    e.cores = texts
                        .into_iter()
                        .map(|segment| Opened {
                            segment,
                            header: hash,
                        })
                        .collect();
                }
                Body::Stopped(e) => e.cause = text,
                Body::Recovered(e) => {
                    (e.segment, e.cut_at, e.cut_bytes, e.last_at) =
                        (text, maybe, number, Some(time))
                }
                Body::PolicyLoaded(e) => (e.text, e.hash) = (text, hash),
                Body::Oversized(e) => (e.was, e.bytes) = (text, number),
                Body::SessionOpened(e) => {
                    (e.principal, e.groups, e.session) = (text, texts, number)
                }
                Body::LoginRefused(e) => (e.reason, e.claimed) = (text, texts.into_iter().next()),
                Body::SessionClosed(e) => (e.cause, e.bytes_in) = (text, number),
                Body::LoginsRefused(e) => (e.last_peer, e.over_ms) = (text, number),
                Body::Traffic(e) => {
                    e.reset(number, Op::Produce);
                    for (topic, n) in pairs {
                        e.chunk(&topic, n as i32, n, time);
                        (0..n % 4).for_each(|crc| e.batch(crc, n));
                    }
                }
                Body::Verdict(e) => {
                    (e.topic, e.rules, e.policy, e.hold, e.base_offset) =
                        (text, texts, hash, maybe, time);
                    e.detectors = pairs
                        .into_iter()
                        .map(|(detector, count)| Count { detector, count })
                        .collect();
                }
                Body::Asked(e) => {
                    (e.reason, e.topics, e.policy, e.session) = (text, texts, hash, number)
                }
                Body::HoldOpened(e) => {
                    (e.summary, e.asks, e.content.all, e.deadline) = (text, texts, hash, time)
                }
                Body::Review(e) => (e.reason, e.groups, e.version) = (text, texts, number),
                Body::Decision(e) => (e.by, e.hold) = (texts, number),
                Body::Granted(e) => (e.about, e.by, e.key, e.until) = (text, texts, hash, time),
                Body::GrantRevoked(e) => (e.reason, e.hold) = (text, number),
                Body::Release(e) => (e.topic, e.send, e.partition) = (text, hash, number as i32),
                Body::Outcome(e) => (e.landed, e.send) = (Landed::Written { offset: time }, hash),
            }
            body
        })
}
