//! Grants at the desk: one hold a key, asks that attach, revocation, ends, restarts.

use super::*;
use proptest::prelude::*;

const ACCESS: u8 = 200;
const LASTS: u64 = 50_000;

fn offer(n: u8, for_ms: Option<u64>) -> HoldRule {
    HoldRule {
        rule: format!("grant-{n}").into(),
        ask: "security".into(),
        grant: Some(GrantOffer {
            subject: GrantSubject {
                key: GrantKey([n; 32]),
                covers: Covers::Access,
                about: "first use of payments".into(),
                detail: None,
            },
            for_ms,
        }),
    }
}

fn records(rule: &str) -> HoldRule {
    HoldRule {
        rule: rule.into(),
        ask: "dpo".into(),
        grant: None,
    }
}

impl Bench {
    /// Asks with these rules; gives the ticket and all answers.
    fn ask_rules(
        &mut self,
        rules: Vec<HoldRule>,
        content: &[u8],
    ) -> (Ticket, Vec<(Ticket, Answer)>) {
        let ask = self.question(rules, content);
        self.put(ask)
    }

    fn ask_grant(&mut self, for_ms: Option<u64>) -> (Ticket, Answer) {
        let (ticket, mut answers) = self.ask_rules(vec![offer(ACCESS, for_ms)], &[]);
        assert_eq!(answers.len(), 1, "{answers:?}");
        (ticket, answers.remove(0).1)
    }

    fn open_grant(&mut self, for_ms: Option<u64>) -> (Ticket, HoldId) {
        match self.ask_grant(for_ms) {
            (ticket, Answer::Pending { hold, first: true }) => (ticket, hold),
            other => panic!("{other:?}"),
        }
    }

    fn revoke(&mut self, hold: HoldId, by: &str, group: &str) -> Result<View, Refusal> {
        let request = ReviewRequest {
            name: by.into(),
            issuer: "idp".into(),
            groups: vec![group.into()],
            verdict: Verdict::Reject,
            reason: "left".into(),
            if_match: None,
        };
        let revoked = self.desk.revoke(hold, &request, self.at());
        assert_eq!(self.collect(), vec![]);
        revoked
    }

    fn admits(&self) -> bool {
        self.granted.admits(&GrantKey([ACCESS; 32]), self.at())
    }
}

#[test]
fn one_hold_for_all_who_ask_and_all_of_them_go_on() {
    let mut bench = Bench::new();
    let (first, hold) = bench.open_grant(None);
    let (second, answer) = bench.ask_grant(None);
    assert_eq!(answer, Answer::Pending { hold, first: false });
    assert!(!bench.admits());
    let answers = bench.approve(hold);
    assert_eq!(
        answers,
        [
            (first, Answer::Send { hold }),
            (second, Answer::Send { hold })
        ]
    );
    assert!(bench.admits());
    assert_eq!(bench.state(hold), State::Granted);
    let granted = |r: &Record| matches!(r.what, What::Granted { .. }) && r.weakens();
    assert_eq!(bench.records.iter().filter(|r| granted(r)).count(), 1);
    for ticket in [first, second] {
        assert_eq!(bench.sent(ticket, SendOutcome::Unknown), vec![]);
    }
    assert_eq!(
        bench.state(hold),
        State::Granted,
        "what became of a chunk changes no grant"
    );
    assert_eq!(
        bench.ask_grant(None).1,
        Answer::Send { hold },
        "an old snapshot asks once more"
    );
}

#[test]
fn what_is_revoked_is_asked_anew() {
    let mut bench = Bench::new();
    let (_, hold) = bench.open_grant(None);
    bench.approve(hold);
    assert_eq!(
        bench.revoke(hold, "eve", "sales"),
        Err(Refusal::NotAReviewer)
    );
    assert!(bench.admits());
    let view = bench.revoke(hold, "bob", "security").expect("bob may");
    assert_eq!(view.state, State::Revoked);
    assert!(!bench.admits());
    let revoked = |r: &Record| matches!(r.what, What::Revoked { .. }) && r.weakens();
    assert!(bench.records.last().is_some_and(revoked));
    bench.restart();
    assert!(!bench.admits(), "nor after a restart");
    let (_, again) = bench.open_grant(None);
    assert_ne!(again, hold);
}

#[test]
fn it_ends_by_itself_and_outlives_a_restart_until_then() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open_grant(Some(LASTS));
    bench.approve(hold);
    bench.sent(ticket, SendOutcome::Written { offset: 1 });
    bench.pass(LASTS as i64 - 1);
    bench.restart();
    assert!(bench.admits());
    bench.now += 1;
    assert!(!bench.admits(), "an old snapshot knows the end");
    bench.pass(0);
    assert!(
        bench.granted.is_empty() && bench.log.is_empty(),
        "it is forgotten"
    );
    bench.open_grant(Some(LASTS));
}

#[test]
fn a_no_is_for_those_who_wait_and_for_a_while() {
    let mut bench = Bench::new();
    let (ticket, hold) = bench.open_grant(None);
    let answers = bench.decide(hold, Verdict::Reject);
    assert!(matches!(&answers[..], [(to, Answer::Rejected { .. })] if *to == ticket));
    assert!(matches!(bench.ask_grant(None).1, Answer::Rejected { .. }));
    bench.pass(crate::limits::REJECTION_REMEMBERED_MS);
    let (ticket, hold) = bench.open_grant(None);
    assert_eq!(bench.pass(WITHIN), [(ticket, Answer::Expired { hold })]);
    assert!(!bench.admits());
}

#[test]
fn records_and_grants_of_one_chunk_are_all_to_be_answered() {
    let mut bench = Bench::new();
    let rules = || vec![offer(ACCESS, None), records("privacy"), offer(201, None)];
    let (ticket, answers) = bench.ask_rules(rules(), &[1, 2]);
    assert!(matches!(
        answers[..],
        [(_, Answer::Pending { first: true, .. })]
    ));
    assert_eq!(bench.desk.counts().pending, 3);
    let holds: Vec<HoldId> = bench.log.iter().map(|event| event.hold).collect();
    for (at, hold) in holds.iter().enumerate() {
        let group = match at {
            0 => "dpo",
            _ => "security",
        };
        let view = bench.review(*hold, "ann", group, Verdict::Approve);
        assert!(view.is_ok(), "{view:?}");
        let answers = bench.collect();
        match at {
            2 => assert_eq!(answers, [(ticket, Answer::Send { hold: holds[0] })]),
            _ => assert_eq!(answers, [], "not all of them are answered"),
        }
    }
    assert_eq!(bench.releases(), 1);
    // granted is granted; the records are spent
    let (_, answers) = bench.ask_rules(rules(), &[1, 2]);
    assert!(
        matches!(answers[..], [(_, Answer::Busy { .. })]),
        "{answers:?}"
    );
    let (_, answers) = bench.ask_rules(vec![offer(ACCESS, None)], &[]);
    assert!(matches!(answers[..], [(_, Answer::Send { .. })]));
}

#[test]
fn a_repeat_in_doubt_does_not_pass_a_grant_that_was_revoked() {
    let mut bench = Bench::new();
    let rules = || vec![offer(ACCESS, None), records("privacy")];
    let (ticket, _) = bench.ask_rules(rules(), &[1]);
    let holds: Vec<HoldId> = bench.log.iter().map(|event| event.hold).collect();
    for (hold, group) in holds.iter().zip(["dpo", "security"]) {
        let view = bench.review(*hold, "ann", group, Verdict::Approve);
        assert!(view.is_ok(), "{view:?}");
    }
    bench.collect();
    bench.sent(ticket, SendOutcome::Unknown);
    assert!(bench.revoke(holds[1], "bob", "security").is_ok());
    bench.chunks -= 1; // the same send again
    let (_, answers) = bench.ask_rules(rules(), &[1]);
    assert!(
        matches!(answers[..], [(_, Answer::Pending { .. })]),
        "{answers:?}"
    );
    assert_eq!(bench.releases(), 1);
}

#[test]
fn an_ask_without_what_its_rules_are_about_is_turned_away() {
    let mut bench = Bench::new();
    let (_, answers) = bench.ask_rules(vec![offer(ACCESS, None)], &[1]);
    assert!(matches!(answers[..], [(_, Answer::Unavailable)]));
    let (_, answers) = bench.ask_rules(vec![records("privacy")], &[]);
    assert!(matches!(answers[..], [(_, Answer::Unavailable)]));
}

#[derive(Clone, Debug)]
enum Doing {
    Ask(bool),
    Decide(bool),
    Revoke,
    Pass(i64),
    Restart,
}

fn doings() -> impl Strategy<Value = Doing> {
    prop_oneof![
        4 => any::<bool>().prop_map(Doing::Ask),
        3 => any::<bool>().prop_map(Doing::Decide),
        1 => Just(Doing::Revoke),
        2 => (0i64..40_000).prop_map(Doing::Pass),
        1 => Just(Doing::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The cores' snapshot, live and after a restart, is what was approved and neither revoked nor ended.
    #[test]
    fn nothing_is_granted_that_was_not_approved(story in prop::collection::vec(doings(), 1..40)) {
        let mut bench = Bench::new();
        let (mut open, mut granted): (Option<HoldId>, Option<(HoldId, i64)>) = (None, None);
        for doing in story {
            match doing {
                Doing::Ask(ends) => {
                    let answer = bench.ask_grant(ends.then_some(LASTS)).1;
                    if let Answer::Pending { hold, first: true } = answer {
                        let until = bench.at().0.saturating_add(if ends { LASTS as i64 } else { i64::MAX });
                        prop_assert!(granted.is_none_or(|(_, end)| bench.now >= end), "{until}");
                        open = Some(hold);
                    }
                }
                Doing::Decide(yes) => {
                    let verdict = if yes { Verdict::Approve } else { Verdict::Reject };
                    if let Some(hold) = open.take()
                        && bench.review(hold, "ann", "security", verdict).is_ok()
                        && yes
                    {
                        let for_ms = bench.desk.hold(&hold).and_then(|h| h.opened.grant.clone()?.for_ms);
                        let lasts = for_ms.map_or(i64::MAX, |ms| ms as i64);
                        granted = Some((hold, bench.now.saturating_add(lasts)));
                    }
                    bench.collect();
                }
                Doing::Revoke => {
                    if let Some((hold, _)) = granted
                        && bench.revoke(hold, "bob", "security").is_ok()
                    {
                        granted = None;
                    }
                }
                Doing::Pass(ms) => drop(bench.pass(ms)),
                Doing::Restart => bench.restart(),
            }
            let expected = granted.is_some_and(|(_, end)| bench.now < end);
            prop_assert_eq!(bench.admits(), expected, "at {}", bench.now);
        }
    }
}
