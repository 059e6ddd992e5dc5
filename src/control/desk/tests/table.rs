//! State × event → reply, write, log: the cells that the desk decides.

use super::*;
use crate::limits::{REJECTION_REMEMBERED_MS, WRITTEN_REMEMBERED_MS};

const WRITTEN: SendOutcome = SendOutcome::Written { offset: 42 };

/// A bench with one hold of records 1 and 2, its first send still open, in this state.
fn at(state: State, idempotent: bool) -> (Bench, HoldId, Ticket) {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open(&Chunk {
        idempotent,
        ..chunk(1, &[1, 2])
    });
    match state {
        State::Pending => {}
        State::Rejected => drop(bench.decide(hold, Verdict::Reject)),
        State::Expired => drop(bench.pass(WITHIN)),
        State::Approved => {
            bench.close(ticket);
            assert_eq!(bench.approve(hold), vec![]);
        }
        _ => {
            assert_eq!(bench.approve(hold), vec![(ticket, Answer::Send { hold })]);
            match state {
                State::Written => assert_eq!(bench.sent(ticket, WRITTEN), vec![]),
                State::Unknown => assert_eq!(bench.sent(ticket, SendOutcome::Unknown), vec![]),
                _ => {}
            }
        }
    }
    assert_eq!(bench.state(hold), state);
    (bench, hold, ticket)
}

const ALL: [State; 7] = [
    State::Pending,
    State::Approved,
    State::Sending,
    State::Written,
    State::Unknown,
    State::Rejected,
    State::Expired,
];

/// What an equal send of an idempotent producer meets in each state.
fn same_send(state: State, hold: HoldId) -> Answer {
    match state {
        State::Pending => Answer::Pending { hold, first: false },
        State::Approved | State::Unknown => Answer::Send { hold },
        State::Sending => Answer::Busy { hold },
        State::Written => Answer::Written { hold, offset: 42 },
        State::Rejected => Answer::Rejected {
            hold,
            reason: "seen".into(),
        },
        State::Expired => Answer::Expired { hold },
        State::Granted | State::Revoked => panic!("no state of records"),
    }
}

#[test]
fn same_send_on_any_connection_or_core() {
    for state in ALL {
        for core in [0, 1] {
            let (mut bench, hold, _) = at(state, true);
            let (_, answer) = bench.ask(&Chunk {
                core,
                ..chunk(1, &[1, 2])
            });
            assert_eq!(answer, same_send(state, hold), "{state:?} from core {core}");
        }
    }
}

#[test]
fn another_send_of_the_same_records() {
    for state in ALL {
        let (mut bench, hold, _) = at(state, true);
        let (_, answer) = bench.ask(&chunk(2, &[2, 1]));
        match state {
            // Spent: people are asked about the second copy, and told that it is one.
            State::Written => {
                let Answer::Pending {
                    hold: second,
                    first: true,
                } = answer
                else {
                    panic!("{answer:?}")
                };
                assert_eq!(
                    bench.desk.hold(&second).map(|h| h.opened.written_before),
                    Some(2)
                );
                assert_ne!(second, hold);
            }
            // The broker cannot tell it from the first: back to people.
            State::Unknown => {
                assert_eq!(answer, Answer::Pending { hold, first: false });
                assert_eq!(bench.state(hold), State::Pending);
                assert_eq!(
                    bench.desk.hold(&hold).map(|h| h.may_have_landed),
                    Some(true)
                );
            }
            _ => assert_eq!(answer, same_send(state, hold), "{state:?}"),
        }
    }
}

#[test]
fn the_same_records_of_someone_else_or_for_elsewhere_are_another_question() {
    for state in ALL {
        for other in [
            Chunk {
                principal: "other",
                ..chunk(1, &[1, 2])
            },
            Chunk {
                topic: "claims",
                ..chunk(1, &[1, 2])
            },
        ] {
            let (mut bench, hold, _) = at(state, true);
            let (_, second) = bench.open(&other);
            assert_ne!(hold, second, "{state:?}");
        }
    }
}

#[test]
fn disconnect_changes_nothing_and_leaves_the_approval_redeemable() {
    for state in ALL {
        let (mut bench, hold, ticket) = at(state, true);
        let events = bench.log.len();
        bench.close(ticket);
        assert_eq!((bench.state(hold), bench.log.len()), (state, events));
    }
    let (mut bench, hold, ticket) = at(State::Pending, true);
    bench.close(ticket);
    assert_eq!(
        bench.approve(hold),
        vec![],
        "nothing is written for a request that is gone"
    );
    assert_eq!(
        bench
            .review(hold, "ann", "security", Verdict::Approve)
            .map(|v| v.open_requests),
        Ok(0)
    );
    assert_eq!(bench.ask(&chunk(1, &[1, 2])).1, Answer::Send { hold });
}

#[test]
fn a_review_answers_whoever_waits_once() {
    let (mut bench, hold, ticket) = at(State::Pending, true);
    assert_eq!(bench.approve(hold), vec![(ticket, Answer::Send { hold })]);
    assert_eq!(bench.approve(hold), vec![], "the same again");
    let (mut bench, hold, ticket) = at(State::Pending, true);
    let no = Answer::Rejected {
        hold,
        reason: "seen".into(),
    };
    assert_eq!(bench.decide(hold, Verdict::Reject), vec![(ticket, no)]);
}

#[test]
fn a_review_after_the_end_is_kept_without_effect() {
    for state in [
        State::Approved,
        State::Sending,
        State::Written,
        State::Unknown,
        State::Rejected,
        State::Expired,
    ] {
        let (mut bench, hold, _) = at(state, true);
        let late = bench.review(hold, "bob", "security", Verdict::Reject);
        assert_eq!(
            late.map(|_| ()),
            Err(Refusal::Over {
                state,
                record: None
            })
        );
        assert_eq!((bench.collect(), bench.state(hold)), (vec![], state));
        assert!(matches!(
            bench.records.last().map(|r| &r.what),
            Some(What::Review { late: true, .. })
        ));
        let recorded = bench.log.len();
        assert!(
            bench
                .review(hold, "bob", "security", Verdict::Reject)
                .is_err()
        );
        bench.collect();
        assert_eq!(bench.log.len(), recorded, "once a person");
    }
}

#[test]
fn the_deadline_ends_only_what_is_pending() {
    for state in ALL {
        let (mut bench, hold, ticket) = at(state, true);
        let answers = bench.pass(WITHIN);
        if state == State::Pending {
            assert_eq!(answers, vec![(ticket, Answer::Expired { hold })]);
            assert_eq!(bench.state(hold), State::Expired);
        } else {
            assert_eq!((answers, bench.state(hold)), (vec![], state));
        }
    }
}

#[test]
fn a_review_that_comes_after_the_deadline_but_before_a_tick_is_too_late() {
    let (mut bench, hold, ticket) = at(State::Pending, true);
    bench.now += WITHIN;
    let late = bench
        .review(hold, "ann", "security", Verdict::Approve)
        .map(|_| ());
    assert_eq!(
        late,
        Err(Refusal::Over {
            state: State::Expired,
            record: None
        })
    );
    assert_eq!(bench.collect(), vec![(ticket, Answer::Expired { hold })]);
}

#[test]
fn a_policy_reload_does_not_touch_open_holds() {
    let (mut bench, hold, ticket) = at(State::Pending, true);
    bench
        .desk
        .set_policies(BTreeMap::from([policy("security", 3)]));
    assert_eq!(bench.approve(hold), vec![(ticket, Answer::Send { hold })]);
    let (_, second) = bench.open(&chunk(2, &[7]));
    assert_eq!(bench.approve(second), vec![], "three people now");
}

#[test]
fn broker_error_or_leader_moved_is_authorised_again() {
    for error in [0, 6, 19] {
        let (mut bench, hold, ticket) = at(State::Sending, true);
        assert_eq!(bench.sent(ticket, SendOutcome::Returned { error }), vec![]);
        assert_eq!(bench.state(hold), State::Approved);
        assert_eq!(bench.ask(&chunk(1, &[1, 2])).1, Answer::Send { hold });
        assert_eq!(bench.releases(), 2);
    }
}

#[test]
fn broker_gone_in_between() {
    let (mut bench, hold, ticket) = at(State::Sending, true);
    assert_eq!(bench.sent(ticket, SendOutcome::Unknown), vec![]);
    assert_eq!(bench.state(hold), State::Unknown);
    let (mut bench, hold, ticket) = at(State::Sending, false);
    assert_eq!(bench.sent(ticket, SendOutcome::Unknown), vec![]);
    assert_eq!(
        bench.state(hold),
        State::Pending,
        "without sequences the broker cannot tell a repeat"
    );
    assert_eq!(
        bench.desk.hold(&hold).map(|h| h.may_have_landed),
        Some(true)
    );
    let again = Chunk {
        idempotent: false,
        ..chunk(1, &[1, 2])
    };
    let (ticket, answer) = bench.ask(&again);
    assert_eq!(answer, Answer::Pending { hold, first: false });
    assert_eq!(bench.approve(hold), vec![(ticket, Answer::Send { hold })]);
}

#[test]
fn restart_keeps_every_state_but_what_was_under_way() {
    for idempotent in [true, false] {
        for state in ALL
            .into_iter()
            .filter(|s| idempotent || *s != State::Unknown)
        {
            let (mut bench, hold, _) = at(state, idempotent);
            bench.restart();
            let expected = match state {
                State::Sending if idempotent => State::Unknown,
                State::Sending => State::Pending,
                other => other,
            };
            assert_eq!(bench.state(hold), expected, "{state:?}");
            bench.restart();
            assert_eq!(bench.state(hold), expected, "{state:?}, once more");
        }
    }
}

#[test]
fn restart_re_arms_the_deadline() {
    let (mut bench, hold, _) = at(State::Pending, true);
    bench.now += WITHIN / 2;
    bench.restart();
    bench.pass(WITHIN / 2 - 1);
    assert_eq!(bench.state(hold), State::Pending);
    bench.pass(1);
    assert_eq!(bench.state(hold), State::Expired);
    let (mut bench, hold, _) = at(State::Pending, true);
    bench.now += WITHIN;
    bench.restart();
    assert_eq!(
        bench.state(hold),
        State::Expired,
        "it passed while nobody was there"
    );
}

#[test]
fn a_no_is_remembered_and_then_it_is_a_new_question() {
    for state in [State::Rejected, State::Expired] {
        let (mut bench, hold, _) = at(state, true);
        bench.pass(REJECTION_REMEMBERED_MS - 1);
        assert_eq!(bench.ask(&chunk(9, &[2])).1, same_send(state, hold));
        bench.pass(1);
        assert_eq!(bench.forgotten, vec![hold]);
        let (_, second) = bench.open(&chunk(9, &[2]));
        assert_ne!(second, hold);
        assert_eq!(bench.log.iter().filter(|e| e.hold == hold).count(), 0);
    }
}

#[test]
fn an_approval_lapses_and_a_written_send_is_remembered() {
    let (mut bench, hold, _) = at(State::Approved, true);
    bench.pass(REDEEM - 1);
    assert_eq!(bench.state(hold), State::Approved);
    bench.pass(1);
    bench.open(&chunk(1, &[1, 2]));
    let (mut bench, hold, _) = at(State::Written, true);
    bench.pass(WRITTEN_REMEMBERED_MS - 1);
    assert_eq!(
        bench.ask(&chunk(1, &[1, 2])).1,
        Answer::Written { hold, offset: 42 }
    );
    bench.pass(1);
    bench.open(&chunk(1, &[1, 2]));
}

#[test]
fn an_unknown_send_repeats_only_while_its_approval_lasts() {
    let (mut bench, hold, _) = at(State::Unknown, true);
    bench.pass(REDEEM);
    let (_, second) = bench.open(&chunk(1, &[1, 2]));
    assert_ne!(second, hold);
}
