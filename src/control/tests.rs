//! The thread whole: a real log file, real channels, real time.

#![allow(clippy::unwrap_used)]

use super::fixture::Rig;
use super::record::What;
use crate::approvals::{Refusal, ReviewRequest, Verdict};
use crate::chunk::HoldId;
use crate::control::DeskClient;
use crate::control::desk::View;
use crate::hold::messages::{Answer, SendOutcome, Ticket, ToControl};

fn review(desk: &DeskClient, hold: HoldId, verdict: Verdict) -> Result<View, Refusal> {
    let request = ReviewRequest {
        name: "ann".into(),
        issuer: "idp".into(),
        groups: vec!["security".into()],
        verdict,
        reason: "no cards here".into(),
        if_match: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(desk.review(hold, request))
}

fn pending(rig: &Rig, chunk: u64) -> HoldId {
    match rig.answer() {
        (to, Answer::Pending { hold, first: true }) if to == chunk => hold,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ask_review_send_written_and_the_audit_knew_first() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::bare(directory.path(), 60_000);
    rig.ask(1, 1);
    let hold = pending(&rig, 1);
    let desk = rig.control.client();
    let view = review(&desk, hold, Verdict::Approve).unwrap();
    assert_eq!(view.open_requests, 1);
    assert_eq!(
        *rig.audit.synced.lock().unwrap(),
        4,
        "opened, review, decision, release: before the reviewer is told"
    );
    assert_eq!(rig.answer(), (1, Answer::Send { hold }));
    rig.tell(ToControl::Sent {
        ticket: Ticket { core: 0, chunk: 1 },
        outcome: SendOutcome::Written { offset: 3 },
    });
    rig.ask(2, 1);
    assert_eq!(rig.answer(), (2, Answer::Written { hold, offset: 3 }));
    rig.control.stop().unwrap();
    assert_eq!(
        *rig.audit.synced.lock().unwrap(),
        5,
        "the outcome, at the latest when it stops"
    );
}

#[test]
fn the_deadline_passes_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::bare(directory.path(), 50);
    rig.ask(1, 1);
    let hold = pending(&rig, 1);
    assert_eq!(rig.answer(), (1, Answer::Expired { hold }));
    assert_eq!(
        review(&rig.control.client(), hold, Verdict::Approve)
            .map(|_| ())
            .map_err(|e| e.to_string()),
        Err("too late: the hold is Expired".into())
    );
    rig.control.stop().unwrap();
}

#[test]
fn a_restart_finds_what_was_decided_and_doubts_what_was_under_way() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::bare(directory.path(), 60_000);
    for n in 1..=3 {
        rig.ask(u64::from(n), n);
    }
    let holds: Vec<HoldId> = (1..=3).map(|n| pending(&rig, n)).collect();
    review(&rig.control.client(), holds[0], Verdict::Approve).unwrap();
    assert_eq!(rig.answer(), (1, Answer::Send { hold: holds[0] }));
    review(&rig.control.client(), holds[1], Verdict::Reject).unwrap();
    let told = rig.audit.records.lock().unwrap().len();
    rig.control.stop().unwrap();

    let rig = Rig::bare(directory.path(), 60_000);
    rig.ask(1, 2);
    assert_eq!(
        rig.answer(),
        (
            1,
            Answer::Rejected {
                hold: holds[1],
                reason: "no cards here".into()
            }
        )
    );
    rig.ask(2, 3);
    assert!(matches!(
        rig.answer(),
        (2, Answer::Pending { first: false, .. })
    ));
    rig.ask(3, 1);
    assert_eq!(
        rig.answer(),
        (3, Answer::Send { hold: holds[0] }),
        "the same idempotent send repeats"
    );
    let records = rig.audit.records.lock().unwrap().clone();
    assert!(
        matches!(records[0].what, What::Outcome { .. }),
        "in doubt: told before anything follows from it"
    );
    assert!(
        records.iter().all(|r| r.sequence as usize > told - 2),
        "and nothing is told twice after a clean stop"
    );
    rig.control.stop().unwrap();
}

#[test]
fn an_audit_that_fails_stops_every_release() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::bare(directory.path(), 60_000);
    rig.ask(1, 1);
    let hold = pending(&rig, 1);
    *rig.audit.broken.lock().unwrap() = true;
    let desk = rig.control.client();
    assert_eq!(
        review(&desk, hold, Verdict::Approve),
        Err(Refusal::Unavailable)
    );
    assert_eq!(rig.answer(), (1, Answer::Unavailable));
    assert!(desk.gauges().failed());
    rig.ask(2, 2);
    assert_eq!(rig.answer(), (2, Answer::Unavailable));
    assert_eq!(
        review(&desk, hold, Verdict::Approve),
        Err(Refusal::Unavailable)
    );
    rig.control.stop().unwrap();

    // The log had taken the decision; the next start tells the audit again, and the release is in doubt.
    let rig = Rig::bare(directory.path(), 60_000);
    rig.ask(1, 1);
    assert_eq!(rig.answer(), (1, Answer::Send { hold }));
    let records = rig.audit.records.lock().unwrap().clone();
    let decided = records
        .iter()
        .position(|r| matches!(r.what, What::Decision { .. }));
    let released = records
        .iter()
        .position(|r| matches!(r.what, What::Release { .. }));
    assert!(decided < released && decided.is_some(), "{records:?}");
    rig.control.stop().unwrap();
}

#[test]
fn a_surface_that_panics_ends_the_thread_and_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::start(
        directory.path(),
        60_000,
        Box::new(|_| Box::pin(async { panic!("for the test") })),
    );
    for _ in 0..500 {
        if rig.control.is_finished() {
            return rig.control.stop().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the thread goes on without a surface");
}
