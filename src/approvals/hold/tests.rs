//! Each way through the machine of one hold.

use super::*;
use crate::approvals::model::fixture::{approve, hold, key, redeem, reject, send_id};

const T: UnixMillis = UnixMillis(100);

#[test]
fn one_commit_from_pending_to_sending_to_written() {
    let mut hold = hold(1, &[1, 2]);
    assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
    assert_eq!(
        hold.apply(T, &redeem(1, true, &[1, 2])),
        Ok(Change::Sending)
    );
    assert_eq!(hold.state(), State::Sending);
    let written = Kind::Ended {
        send: send_id(1),
        outcome: Outcome::Written { offset: 4 },
    };
    assert_eq!(hold.apply(T, &written), Ok(Change::Written));
    assert_eq!((hold.state(), hold.version), (State::Written, 4));
    assert_eq!(hold.apply(T, &written), Err(Void::NoSend));
}

#[test]
fn nothing_is_redeemed_before_approval_or_after_its_time() {
    let mut hold = hold(1, &[1]);
    assert_eq!(
        hold.apply(T, &redeem(1, true, &[1])),
        Err(Void::NotAuthorised)
    );
    assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
    let Decision::Approved { redeem_until, .. } = hold.decision else {
        panic!("{hold:?}")
    };
    assert_eq!(
        hold.apply(redeem_until, &redeem(1, true, &[1])),
        Err(Void::NotAuthorised)
    );
    assert_eq!(
        hold.apply(UnixMillis(redeem_until.0 - 1), &redeem(1, true, &[1])),
        Ok(Change::Sending)
    );
}

#[test]
fn the_first_decision_stands_and_later_reviews_are_kept_without_effect() {
    let mut hold = hold(1, &[1]);
    assert_eq!(hold.apply(T, &reject("ann", "no")), Ok(Change::Rejected));
    let version = hold.version;
    assert_eq!(hold.apply(T, &approve("bob")), Ok(Change::Late));
    assert_eq!(
        hold.apply(T, &approve("bob")),
        Err(Void::NoSeat),
        "kept once a person"
    );
    assert_eq!(
        (hold.state(), hold.version, hold.late.len()),
        (State::Rejected, version, 1)
    );
    assert_eq!(
        hold.apply(hold.deadline, &Kind::DeadlinePassed),
        Err(Void::Decided)
    );
}

#[test]
fn the_deadline_itself_is_too_late() {
    let mut hold = hold(1, &[1]);
    let before = UnixMillis(hold.deadline.0 - 1);
    assert_eq!(
        hold.apply(before, &Kind::DeadlinePassed),
        Err(Void::OutOfTime)
    );
    assert_eq!(
        hold.apply(hold.deadline, &approve("ann")),
        Err(Void::OutOfTime)
    );
    assert_eq!(
        hold.apply(hold.deadline, &Kind::DeadlinePassed),
        Ok(Change::Expired)
    );
    assert_eq!(hold.state(), State::Expired);
}

#[test]
fn an_unknown_end_asks_again_unless_the_broker_tells_a_repeat() {
    for idempotent in [true, false] {
        let mut hold = hold(1, &[1]);
        assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
        assert_eq!(
            hold.apply(T, &redeem(1, idempotent, &[1])),
            Ok(Change::Sending)
        );
        let unknown = Kind::Ended {
            send: send_id(1),
            outcome: Outcome::Unknown,
        };
        let (change, state) = if idempotent {
            (Change::Unknown, State::Unknown)
        } else {
            (Change::Reopened, State::Pending)
        };
        assert_eq!(hold.apply(UnixMillis(500), &unknown), Ok(change));
        assert_eq!((hold.state(), hold.may_have_landed), (state, !idempotent));
        if !idempotent {
            assert_eq!(
                hold.deadline,
                UnixMillis(1500),
                "the whole time to decide again"
            );
            assert_eq!(
                hold.apply(UnixMillis(501), &approve("ann")),
                Ok(Change::Approved)
            );
        }
    }
}

#[test]
fn a_doubted_repeat_goes_back_to_people() {
    let mut hold = hold(1, &[1]);
    assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
    assert_eq!(hold.apply(T, &redeem(1, true, &[1])), Ok(Change::Sending));
    assert_eq!(
        hold.apply(T, &Kind::Doubted { send: send_id(1) }),
        Err(Void::NoSend),
        "not in doubt yet"
    );
    let unknown = Kind::Ended {
        send: send_id(1),
        outcome: Outcome::Unknown,
    };
    assert_eq!(hold.apply(T, &unknown), Ok(Change::Unknown));
    assert_eq!(
        hold.apply(T, &Kind::Doubted { send: send_id(1) }),
        Ok(Change::Reopened)
    );
    assert_eq!(
        (hold.state(), hold.spending.free(&key(1))),
        (State::Pending, 1)
    );
}

#[test]
fn a_hold_is_remembered_for_as_long_as_it_may_be_asked_for() {
    let mut no = hold(1, &[1]);
    assert_eq!(no.next_due(), Some(no.deadline));
    assert_eq!(no.apply(T, &reject("ann", "")), Ok(Change::Rejected));
    let end = UnixMillis(T.0 + REJECTION_REMEMBERED_MS);
    assert_eq!(no.next_due(), Some(end));
    assert!(no.refuses(UnixMillis(end.0 - 1)) && !no.refuses(end));

    let mut yes = hold(1, &[1]);
    assert_eq!(yes.apply(T, &approve("ann")), Ok(Change::Approved));
    assert_eq!(yes.apply(T, &redeem(1, true, &[1])), Ok(Change::Sending));
    assert_eq!(yes.next_due(), None, "never while a core is writing");
    let written = Kind::Ended {
        send: send_id(1),
        outcome: Outcome::Written { offset: 0 },
    };
    assert_eq!(yes.apply(UnixMillis(200), &written), Ok(Change::Written));
    assert_eq!(
        yes.next_due(),
        Some(UnixMillis(200 + WRITTEN_REMEMBERED_MS))
    );
}
