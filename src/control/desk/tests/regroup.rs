//! Re-grouped retries, several holds under one chunk, several rules, and the desk's bounds.

use super::*;
use crate::limits::{CONTENT_KEYS_PER_CHUNK_MAX, HOLDS_PENDING_PER_PRINCIPAL_MAX};

#[test]
fn a_re_grouped_retry_redeems_record_by_record() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&chunk(1, &[1, 2, 3]));
    bench.close(ticket);
    bench.approve(hold);
    let (first, answer) = bench.ask(&chunk(2, &[3, 1]));
    assert_eq!(answer, Answer::Send { hold });
    bench.sent(first, SendOutcome::Written { offset: 0 });
    assert_eq!(bench.state(hold), State::Approved, "one record is unspent");
    let (second, answer) = bench.ask(&chunk(3, &[2]));
    assert_eq!(answer, Answer::Send { hold });
    bench.sent(second, SendOutcome::Written { offset: 2 });
    assert_eq!(bench.state(hold), State::Written);
}

#[test]
fn equal_records_are_counted_one_by_one() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&chunk(1, &[1]));
    let (other, answer) = bench.ask(&chunk(2, &[1]));
    assert_eq!(answer, Answer::Pending { hold, first: false });
    let busy = Answer::Busy { hold };
    assert_eq!(
        bench.approve(hold),
        vec![(ticket, Answer::Send { hold }), (other, busy)],
        "one record, one write"
    );
    bench.sent(ticket, SendOutcome::Written { offset: 0 });
    let (_, answer) = bench.ask(&chunk(2, &[1]));
    assert!(
        matches!(answer, Answer::Pending { first: true, .. }),
        "the second copy is a question of its own"
    );
}

#[test]
fn two_of_a_kind_need_two_units() {
    let mut bench = Bench::new();
    let (_, one) = bench.open(&chunk(1, &[1]));
    let (_, answer) = bench.ask(&chunk(2, &[1, 1]));
    let Answer::Pending {
        hold: two,
        first: true,
    } = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(
        bench.desk.hold(&two).map(|h| h.spending.covered_total()),
        Some(1),
        "only what is not asked yet"
    );
    assert_ne!(one, two);
}

#[test]
fn an_equal_send_is_never_given_a_second_unit() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&chunk(1, &[1, 1]));
    bench.close(ticket);
    bench.approve(hold);
    let (ticket, answer) = bench.ask(&chunk(2, &[1]));
    assert_eq!(answer, Answer::Send { hold });
    assert_eq!(
        bench.ask(&chunk(2, &[1])).1,
        Answer::Busy { hold },
        "though a unit is free"
    );
    bench.sent(ticket, SendOutcome::Written { offset: 9 });
    assert_eq!(
        bench.ask(&chunk(2, &[1])).1,
        Answer::Written { hold, offset: 9 }
    );
    assert_eq!(
        bench.ask(&chunk(3, &[1])).1,
        Answer::Send { hold },
        "that is for another send"
    );
}

#[test]
fn a_chunk_over_several_holds_waits_for_all_of_them() {
    let mut bench = Bench::new();
    let (a, one) = bench.open(&chunk(1, &[1]));
    let (b, two) = bench.open(&chunk(2, &[2]));
    bench.close(a);
    bench.close(b);
    let (ticket, answer) = bench.ask(&chunk(3, &[1, 2]));
    assert_eq!(
        answer,
        Answer::Pending {
            hold: one,
            first: false
        }
    );
    assert_eq!(bench.approve(one), vec![]);
    assert_eq!(
        bench.approve(two),
        vec![(ticket, Answer::Send { hold: one })]
    );
    assert_eq!(bench.releases(), 2);
    bench.sent(ticket, SendOutcome::Returned { error: 6 });
    assert_eq!(
        (bench.state(one), bench.state(two)),
        (State::Approved, State::Approved)
    );
    assert_eq!(bench.ask(&chunk(3, &[1, 2])).1, Answer::Send { hold: one });
}

#[test]
fn one_no_among_several_holds_is_a_no() {
    let mut bench = Bench::new();
    let (a, one) = bench.open(&chunk(1, &[1]));
    let (b, two) = bench.open(&chunk(2, &[2]));
    bench.close(a);
    bench.close(b);
    let (ticket, _) = bench.ask(&chunk(3, &[1, 2]));
    assert_eq!(bench.approve(one), vec![]);
    let no = Answer::Rejected {
        hold: two,
        reason: "seen".into(),
    };
    assert_eq!(bench.decide(two, Verdict::Reject), vec![(ticket, no)]);
}

#[test]
fn an_approval_lifts_only_the_rules_that_it_answered() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&chunk(1, &[1]));
    bench.close(ticket);
    bench.approve(hold);
    let stricter = Chunk {
        rules: &["cards", "privacy"],
        ..chunk(1, &[1])
    };
    let (ticket, second) = bench.open(&stricter);
    assert_ne!(second, hold, "the policy has a new rule since");
    assert_eq!(
        bench
            .review(second, "ann", "security", Verdict::Approve)
            .map(|v| v.state),
        Ok(State::Pending)
    );
    assert_eq!(bench.collect(), vec![]);
    let last = bench
        .review(second, "dan", "dpo", Verdict::Approve)
        .map(|v| v.approvals.len());
    assert_eq!(
        (last, bench.collect()),
        (Ok(2), vec![(ticket, Answer::Send { hold: second })])
    );
}

#[test]
fn a_doubted_send_is_not_repeated_under_a_new_rule() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&chunk(1, &[1]));
    bench.approve(hold);
    bench.sent(ticket, SendOutcome::Unknown);
    let stricter = Chunk {
        rules: &["cards", "privacy"],
        ..chunk(1, &[1])
    };
    let (_, second) = bench.open(&stricter);
    assert_eq!(
        bench.desk.hold(&second).map(|h| h.opened.written_before),
        Some(1)
    );
}

#[test]
fn two_people_must_be_two_people() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&Chunk {
        rules: &["large"],
        ..chunk(1, &[1])
    });
    assert!(bench.review(hold, "ann", "pair", Verdict::Approve).is_ok());
    assert!(bench.review(hold, "ann", "pair", Verdict::Approve).is_ok());
    assert_eq!(bench.collect(), vec![]);
    assert_eq!(
        bench
            .review(hold, "svc", "pair", Verdict::Approve)
            .map(|_| ()),
        Err(Refusal::OwnData)
    );
    assert!(bench.review(hold, "bob", "pair", Verdict::Approve).is_ok());
    assert_eq!(bench.collect(), vec![(ticket, Answer::Send { hold })]);
}

#[test]
fn who_sees_a_hold() {
    let mut bench = Bench::new();
    let (_, hold) = bench.open(&chunk(1, &[1]));
    let who = |name: &str, group: &str| Principal {
        name: name.into(),
        groups: vec![group.to_string()].into(),
        issuer: "idp".into(),
        claims: Default::default(),
    };
    let listed = |p: &Principal| bench.desk.list(p, Default::default(), UnixMillis(0)).holds;
    assert_eq!(
        listed(&who("ann", "security"))
            .iter()
            .map(|v| v.may_review)
            .collect::<Vec<_>>(),
        [true]
    );
    assert_eq!(
        listed(&who("svc", "staff"))
            .iter()
            .map(|v| v.may_review)
            .collect::<Vec<_>>(),
        [false]
    );
    assert_eq!(listed(&who("eve", "staff")), vec![]);
    assert_eq!(
        bench.desk.show(hold, &who("eve", "staff")),
        Err(Refusal::NotAReviewer)
    );
    assert_eq!(
        bench.desk.show(HoldId(999), &who("ann", "security")),
        Err(Refusal::NoSuchHold)
    );
}

#[test]
fn unsound_questions_are_unavailable() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&chunk(1, &[])).1, Answer::Unavailable);
    assert_eq!(
        bench
            .ask(&Chunk {
                rules: &[],
                ..chunk(1, &[1])
            })
            .1,
        Answer::Unavailable
    );
    bench.desk.set_policies(BTreeMap::new());
    assert_eq!(
        bench.ask(&chunk(1, &[1])).1,
        Answer::Unavailable,
        "the rule asks nobody"
    );
    let many = Chunk {
        content: vec![1; CONTENT_KEYS_PER_CHUNK_MAX + 1],
        ..chunk(1, &[])
    };
    assert_eq!(bench.ask(&many).1, Answer::Unavailable);
    assert_eq!((bench.log.len(), bench.desk.counts().content_keys), (0, 0));
}

#[test]
fn one_principal_does_not_close_the_desk_to_others() {
    let mut bench = Bench::new();
    let (ticket, _) = bench.open(&chunk(0, &[0]));
    for n in 1..HOLDS_PENDING_PER_PRINCIPAL_MAX {
        let mut content = [0; 32];
        content[..8].copy_from_slice(&n.to_le_bytes());
        let id = HoldId(1_000_000 + n as u64);
        let mut opened = bench.desk.holds[&HoldId(1)].hold.opened.clone();
        opened.content = vec![ContentKey(content)];
        let at = bench.at();
        assert!(
            bench
                .desk
                .record(id, at, crate::approvals::Kind::Opened(Box::new(opened)))
                .is_some()
        );
    }
    bench.collect();
    assert_eq!(bench.ask(&chunk(1, &[1])).1, Answer::Unavailable);
    assert_eq!(
        bench.ask(&chunk(1, &[0])).1,
        Answer::Pending {
            hold: HoldId(1),
            first: false
        },
        "attaching is free"
    );
    bench.open(&Chunk {
        principal: "other",
        ..chunk(1, &[1])
    });
    bench.close(ticket);
    bench.decide(HoldId(1), Verdict::Reject);
    bench.open(&chunk(1, &[1]));
}

#[test]
fn a_failed_log_closes_the_desk_and_tells_whoever_waits() {
    let mut bench = Bench::new();
    let (a, one) = bench.open(&chunk(1, &[1]));
    let (b, two) = bench.open(&chunk(2, &[2]));
    assert_eq!(bench.approve(one), vec![(a, Answer::Send { hold: one })]);
    assert_eq!(
        bench.desk.fail(),
        vec![(b, Answer::Unavailable)],
        "the durable release goes on"
    );
    assert_eq!(bench.sent(a, SendOutcome::Written { offset: 0 }), vec![]);
    assert_eq!(bench.ask(&chunk(3, &[3])).1, Answer::Unavailable);
    let review = bench
        .review(two, "ann", "security", Verdict::Approve)
        .map(|_| ());
    assert_eq!(review, Err(Refusal::Unavailable));
    assert_eq!(bench.pass(WITHIN), vec![]);
    let last = bench.log.len();
    bench.restart();
    assert_eq!(bench.log.len(), last + 2, "one in doubt, one expired");
    assert_eq!(bench.state(one), State::Unknown);
}
