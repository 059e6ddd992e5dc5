//! What holds for counts, reports and baselines together, whatever the traffic.

#![allow(clippy::unwrap_used)]

use super::{
    Admitted, Board, Learned, Ledger, Limit, Meters, Of, Per, SeriesId, Spike, Terms, Way, judge,
};
use crate::chunk::UnixMillis;
use crate::limits::{RATE_BYTES_MAX, RATE_SERIES_MAX, RATE_TEACH_FACTOR};
use proptest::prelude::*;
use std::sync::Arc;

/// Bytes per principal and topic over a minute.
fn terms(rule: &str, limit: Limit) -> Terms {
    let per = Per {
        principal: true,
        topic: true,
    };
    Terms {
        rule: rule.into(),
        of: Of::Bytes,
        per,
        over_ms: 60_000,
        limit,
    }
}

pub(super) fn learned(rule: &str, tenths: u32, floor: u64) -> Terms {
    terms(
        rule,
        Limit::Learned(Learned {
            tenths,
            weeks: 1,
            floor,
        }),
    )
}

pub(super) fn fixed(rule: &str, limit: u64) -> Terms {
    terms(rule, Limit::Fixed(limit))
}

/// Some cores and the control side, with time as it is told.
struct House {
    terms: Arc<Terms>,
    cores: Vec<Meters>,
    ledger: Ledger,
    board: Arc<Board>,
    now: UnixMillis,
}

/// A Monday.
const START: i64 = 4 * 86_400_000 + 2_000 * 7 * 86_400_000;
const MINUTE: i64 = 60_000;

impl House {
    fn new(terms: Terms, cores: usize) -> House {
        let ledger = Ledger::new(cores, UnixMillis(START));
        House {
            terms: Arc::new(terms),
            cores: (0..cores).map(Meters::new).collect(),
            ledger,
            board: Arc::new(Board::empty()),
            now: UnixMillis(START),
        }
    }

    fn id(&self, topic: &str) -> SeriesId {
        SeriesId::of(&self.terms, Way::Read, "ann", topic)
    }

    fn add(&mut self, core: usize, topic: &str, amount: u64) {
        let id = self.id(topic);
        self.cores[core].add(&id, &self.terms, amount, self.now);
    }

    fn turn(&mut self) {
        for core in &mut self.cores {
            if let Some(handover) = core.hand_over(&self.board, self.now) {
                self.ledger.take(&handover);
            }
        }
        self.board = self.ledger.publish(self.now);
    }

    fn pass(&mut self, ms: i64) {
        self.now = UnixMillis(self.now.0 + ms);
    }

    fn spike(&self, core: usize, topic: &str, admitted: Option<&Admitted>) -> Option<Spike> {
        let id = self.id(topic);
        let reading = self.cores[core].read(&id, &self.terms, &self.board, self.now);
        judge::spike(&self.terms, &reading, admitted, self.now)
    }

    /// So many days of `usual` bytes a minute, `step` minutes at a time.
    fn live(&mut self, days: i64, usual: u64) {
        for _ in 0..days * 24 * 6 {
            self.add(0, "t", usual);
            self.turn();
            self.pass(10 * MINUTE);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_core_sees_what_a_list_of_all_events_says(
        events in proptest::collection::vec((0usize..3, 0i64..9_000, 1u64..1_000), 1..60),
    ) {
        let mut house = House::new(fixed("r", u64::MAX), 3);
        let mut list = vec![];
        for (core, wait, amount) in events {
            house.pass(wait);
            house.add(core, "t", amount);
            list.push((house.terms.slot(house.now), amount));
            house.turn(); // handed over at most every 250 ms: some of it stays with the core
        }
        house.pass(250);
        house.turn(); // what was left is handed over
        house.pass(250);
        house.turn(); // and arrives
        let slot = house.terms.slot(house.now);
        let within = |at: u64| slot - at < crate::limits::RATE_SLOTS as u64;
        let naive: u64 = list.iter().filter(|(at, _)| within(*at)).map(|(_, n)| n).sum();
        for core in &house.cores {
            let reading = core.read(&house.id("t"), &house.terms, &house.board, house.now);
            prop_assert_eq!(reading.observed, naive);
        }
    }

    #[test]
    fn the_order_in_which_cores_report_changes_nothing(
        amounts in proptest::collection::vec((0usize..4, 0i64..30_000, 1u64..1_000), 1..40),
        rotate in 0usize..40,
    ) {
        let terms = Arc::new(fixed("r", 10));
        let id = SeriesId::of(&terms, Way::Read, "ann", "t");
        let mut reports: Vec<_> = amounts.iter().map(|(core, at, amount)| {
            let mut meters = Meters::new(*core);
            let now = UnixMillis(START + at);
            meters.add(&id, &terms, *amount, now);
            meters.hand_over(&Board::empty(), now).unwrap()
        }).collect();
        let now = UnixMillis(START + 30_000);
        let standing = |reports: &[super::Handover]| {
            let mut ledger = Ledger::new(4, UnixMillis(START));
            reports.iter().for_each(|report| ledger.take(report));
            ledger.publish(now).standing(&id)
        };
        let one = standing(&reports);
        reports.rotate_left(rotate % amounts.len());
        prop_assert_eq!(one, standing(&reports));
    }

    #[test]
    fn twice_the_traffic_has_twice_the_limit(usual in 1u64 << 12..1 << 24) {
        let limit = |usual: u64| {
            let mut house = House::new(learned("r", 50, 1), 1);
            house.live(3, usual);
            house.board.standing(&house.id("t")).unwrap().limit.unwrap()
        };
        let (one, sixteen) = (limit(usual), limit(16 * usual));
        prop_assert!(sixteen.abs_diff(16 * one) <= 16 * one / 1_000, "{one} {sixteen}");
    }

    #[test]
    fn a_day_of_spike_teaches_a_bounded_amount(times in 6u64..1_000) {
        let mut house = House::new(learned("r", 50, 1), 1);
        house.live(2, 1_000);
        let before = house.board.standing(&house.id("t")).unwrap().expected.unwrap();
        house.live(1, 1_000 * times);
        let after = house.board.standing(&house.id("t")).unwrap().expected.unwrap();
        let rounded = before * RATE_TEACH_FACTOR * 9 / 8;
        prop_assert!(after <= rounded, "{before} {after}");
    }
}

#[test]
fn a_spike_is_one_spike_on_all_cores_until_it_is_calm() {
    let mut house = House::new(learned("r", 50, 100), 2);
    house.live(2, 1_000);
    house.add(0, "t", 20_000);
    assert!(
        house.spike(0, "t", None).is_some(),
        "the core that counts it knows at once"
    );
    assert_eq!(house.spike(1, "t", None), None);
    house.turn();
    let spike = house.spike(1, "t", None).unwrap();
    assert_eq!(spike.since, Some(house.now));
    assert!(spike.tenths().unwrap() >= 170, "{spike:?}");
    let hour = Admitted {
        until: UnixMillis(house.now.0 + 60 * MINUTE),
        at_most: None,
    };
    assert_eq!(house.spike(1, "t", Some(&hour)), None);
    house.pass(2 * MINUTE);
    house.turn();
    assert_eq!(house.spike(0, "t", None), None);
}

#[test]
fn a_new_stream_is_judged_by_its_group_and_by_nothing_without_one() {
    let mut house = House::new(learned("r", 50, 100), 1);
    house.add(0, "first", 1 << 40);
    house.turn();
    assert_eq!(house.spike(0, "first", None), None, "nothing is known");
    let mut house = House::new(learned("r", 50, 100), 1);
    for _ in 0..26 {
        (0..12).for_each(|i| house.add(0, &format!("t{i}"), 1_000));
        house.turn();
        house.pass(60 * MINUTE);
    }
    house.add(0, "new", 4_000);
    house.turn();
    assert_eq!(house.spike(0, "new", None), None);
    house.add(0, "new", 4_000);
    assert!(house.spike(0, "new", None).is_some());
}

#[test]
fn a_hundred_thousand_baselines_fit() {
    let terms = Arc::new(learned("r", 50, 100));
    let mut ledger = Ledger::new(1, UnixMillis(START));
    let mut meters = Meters::with_room(0, RATE_SERIES_MAX);
    let mut now = UnixMillis(START);
    for _ in 0..2 {
        for topic in 0..RATE_SERIES_MAX as u64 {
            meters.add(
                &SeriesId(topic.wrapping_mul(0x9e37_79b9_7f4a_7c15), topic),
                &terms,
                7,
                now,
            );
        }
        let board = ledger.publish(now);
        ledger.take(&meters.hand_over(&board, now).unwrap());
        now = UnixMillis(now.0 + 60 * MINUTE);
    }
    let board = ledger.publish(now);
    assert_eq!(ledger.len(), RATE_SERIES_MAX);
    assert!(ledger.bytes() <= RATE_BYTES_MAX, "{} bytes", ledger.bytes());
    meters.add(&SeriesId(1, 1 << 60), &terms, 7, now);
    let next = UnixMillis(now.0 + 1_000);
    let handover = meters.hand_over(&board, next).unwrap();
    ledger.take(&handover);
    let board = ledger.publish(next);
    assert_eq!(board.standing(&SeriesId::shared(&terms)).unwrap().total, 7);
    assert!(ledger.len() <= RATE_SERIES_MAX + 1 && ledger.bytes() <= RATE_BYTES_MAX);
}
