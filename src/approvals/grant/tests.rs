//! A grant against the plain story of its events.

#![allow(clippy::unwrap_used)]

use super::super::model::fixture::{approve, hold, reject, request};
use super::*;
use crate::approvals::{State, Verdict};
use crate::chunk::GrantSubject;
use proptest::prelude::*;

/// Milliseconds that the grants of these tests last.
const LASTS: i64 = 500;

fn granting(people: u32, for_ms: Option<u64>) -> Hold {
    let mut hold = hold(people, &[]);
    hold.opened.grant = Some(Granting {
        key: GrantKey([7; 32]),
        covers: Covers::Access,
        about: "first use".into(),
        detail: None,
        for_ms,
    });
    hold
}

fn revoke(person: &str) -> Kind {
    let by = match approve(person) {
        Kind::Reviewed(review) => review.reviewer,
        other => panic!("{other:?}"),
    };
    let reason = "left".into();
    Kind::Revoked { by, reason }
}

#[test]
fn it_lasts_from_its_approval_and_no_longer() {
    let mut hold = granting(1, Some(LASTS as u64));
    assert_eq!(hold.in_force(UnixMillis(10)), None);
    hold.apply(UnixMillis(10), &approve("ann")).unwrap();
    assert_eq!(hold.state(), State::Granted);
    let until = UnixMillis(10 + LASTS);
    assert_eq!(hold.in_force(UnixMillis(509)).unwrap().until, Some(until));
    assert_eq!(hold.in_force(until), None);
    assert_eq!(hold.next_due(), Some(until), "then it may be forgotten");

    let mut open = granting(1, None);
    open.apply(UnixMillis(10), &approve("ann")).unwrap();
    let ages = UnixMillis(i64::MAX - 1);
    assert_eq!(open.in_force(ages).unwrap().until, None);
    assert_eq!(open.next_due(), None, "it is never forgotten");
}

#[test]
fn whoever_may_approve_may_revoke_and_nobody_else() {
    let mut hold = granting(1, None);
    let now = UnixMillis(20);
    let ask = |name: &str| request(name, Verdict::Reject);
    assert!(matches!(
        hold.judge_revocation(&ask("ann"), now),
        Err(Refusal::Over {
            state: State::Pending,
            ..
        })
    ));
    hold.apply(UnixMillis(10), &approve("ann")).unwrap();
    let own = ReviewRequest {
        issuer: "idp".into(),
        ..ask("svc")
    };
    assert_eq!(hold.judge_revocation(&own, now), Err(Refusal::OwnData));
    let stranger = ReviewRequest {
        groups: vec!["sales".into()],
        ..ask("bob")
    };
    assert_eq!(
        hold.judge_revocation(&stranger, now),
        Err(Refusal::NotAReviewer)
    );
    let Ok(Judgement::Record(kind)) = hold.judge_revocation(&ask("bob"), now) else {
        panic!("bob may not")
    };
    hold.apply(now, &kind).unwrap();
    assert_eq!((hold.state(), hold.in_force(now)), (State::Revoked, None));
    assert_eq!(
        hold.judge_revocation(&ask("bob"), now),
        Ok(Judgement::Repeat)
    );
    assert!(!hold.refuses(now), "what comes next is a new question");
}

#[test]
fn texts_are_cut_at_characters() {
    let long: String = "é".repeat(GRANT_ABOUT_BYTES_MAX);
    let offer = GrantOffer {
        subject: GrantSubject {
            key: GrantKey([1; 32]),
            covers: Covers::Schema,
            about: format!("a\n{long}").into(),
            detail: Some("x\ny".into()),
        },
        for_ms: None,
    };
    let cut = Granting::of(&offer);
    assert!(cut.about.len() <= GRANT_ABOUT_BYTES_MAX && cut.about.starts_with("a é"));
    assert_eq!(cut.detail.as_deref(), Some("x\ny"));
}

fn events() -> impl Strategy<Value = Kind> {
    let person = prop::sample::select(vec!["ann", "bob", "cyd", "svc"]);
    prop_oneof![
        6 => person.clone().prop_map(approve),
        1 => person.clone().prop_map(|p| reject(p, "no")),
        1 => Just(Kind::DeadlinePassed),
        3 => person.prop_map(revoke),
    ]
}

/// When the seats were filled and when it was taken back, told from the events that were valid.
fn story(people: usize, valid: &[(i64, Kind)]) -> (Option<i64>, Option<i64>) {
    let (mut yes, mut no, mut granted, mut revoked) = (0, false, None, None);
    for (at, kind) in valid {
        match kind {
            Kind::Reviewed(r) if granted.is_none() && !no => match r.verdict {
                Verdict::Approve => {
                    yes += 1;
                    if yes == people {
                        granted = Some(*at);
                    }
                }
                Verdict::Reject => no = true,
            },
            Kind::DeadlinePassed => no = true,
            Kind::Revoked { .. } => revoked = Some(*at),
            _ => {}
        }
    }
    (granted, revoked)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_is_granted_that_was_not_approved_and_a_replay_says_the_same(
        people in 1u32..3,
        ends in any::<bool>(),
        events in prop::collection::vec((0i64..300, events()), 0..20),
    ) {
        let new = || granting(people, ends.then_some(LASTS as u64));
        let (mut live, mut valid, mut at) = (new(), Vec::new(), 0);
        for (pause, kind) in events {
            at += pause;
            if live.apply(UnixMillis(at), &kind).is_ok() {
                valid.push((at, kind));
            }
            let (granted, revoked) = story(people as usize, &valid);
            let there = granted.is_some_and(|from| !ends || at < from + LASTS) && revoked.is_none();
            prop_assert_eq!(live.in_force(UnixMillis(at)).is_some(), there, "{:?} at {}", valid, at);
        }
        let mut replayed = new();
        for (at, kind) in &valid {
            prop_assert!(replayed.apply(UnixMillis(*at), kind).is_ok());
        }
        prop_assert_eq!(replayed, live);
    }
}
