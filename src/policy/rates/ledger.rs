//! All streams of all cores, and what is usual for each.
//!
//! Owns: totals, baselines, limits, and since when a stream is in a spike. Refuses: clocks and
//! channels: whoever has them calls `take` for each report and `publish` at least every 250 ms. Stays
//! true: a report costs O(1) for each stream in it; all memory is bounded by `RATE_SERIES_MAX`; what
//! comes past it is counted under the rule's shared name.

use super::baseline::Baseline;
use super::board::{Board, SHARDS, Shard, Standing, shard_of};
use super::group::Group;
use super::meters::{Delta, Handover};
use super::series::SeriesId;
use super::terms::Terms;
use super::window::Window;
use crate::chunk::UnixMillis;
use crate::limits::{RATE_CALM_DIVISOR, RATE_CLOCK_BACK_MS, RATE_FORGET_HOURS, RATE_SERIES_MAX};
use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

const HOUR_MS: i64 = 60 * 60 * 1000;

#[derive(Debug)]
pub(super) struct Series {
    pub(super) id: SeriesId,
    pub(super) terms: Arc<Terms>,
    pub(super) baseline: Option<Box<Baseline>>,
    window: Window,
    expected: Option<u64>,
    since: Option<UnixMillis>,
    /// The hour of the last report.
    last: u32,
    /// Whether it is in `Ledger::live`.
    live: bool,
}

/// Everything that is known.
#[derive(Debug)]
pub struct Ledger {
    index: HashMap<SeriesId, u32>,
    pub(super) series: Vec<Series>,
    /// Streams whose window may hold something.
    live: Vec<u32>,
    groups: HashMap<u64, Group>,
    shards: Vec<Arc<Shard>>,
    taken: Vec<u64>,
    now: UnixMillis,
    hour: u32,
}

impl Ledger {
    /// For so many cores, knowing nothing.
    pub fn new(cores: usize, now: UnixMillis) -> Ledger {
        Ledger {
            index: HashMap::new(),
            series: vec![],
            live: vec![],
            groups: HashMap::new(),
            shards: (0..SHARDS).map(|_| Arc::default()).collect(),
            taken: vec![0; cores],
            now,
            hour: hour(now),
        }
    }

    /// Counts what a core reports.
    pub fn take(&mut self, handover: &Handover) {
        if let Some(taken) = self.taken.get_mut(handover.core) {
            *taken = handover.number;
        }
        handover.deltas.iter().for_each(|delta| self.count(delta));
    }

    /// Brings everything up to this moment, and shows it.
    pub fn publish(&mut self, now: UnixMillis) -> Arc<Board> {
        if now.0 + RATE_CLOCK_BACK_MS < self.now.0 {
            self.series
                .iter_mut()
                .for_each(|series| series.window = Window::default());
        }
        self.now = now;
        if hour(now) > self.hour {
            self.turn_hour(hour(now));
        }
        let mut live = std::mem::take(&mut self.live);
        live.retain(|at| self.refresh(*at));
        self.live = live;
        Arc::new(Board {
            at: now,
            taken: self.taken.as_slice().into(),
            shards: self.shards.clone(),
            crowded: self.series.len() >= RATE_SERIES_MAX,
        })
    }

    /// Streams that are known.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Bytes of memory that it holds, the newest board among them.
    pub fn bytes(&self) -> usize {
        // hashbrown keeps an eighth of its places free and spends a byte on each beside the entry.
        let places = (self.index.capacity() * 8).div_ceil(7);
        let index = places * (size_of::<(SeriesId, u32)>() + 1);
        let learnt = self
            .series
            .iter()
            .filter(|series| series.baseline.is_some());
        let shards = self.shards.iter().map(|shard| shard.capacity());
        index
            + self.series.capacity() * size_of::<Series>()
            + learnt.count() * size_of::<Baseline>()
            + shards.sum::<usize>() * size_of::<(SeriesId, Standing)>()
            + self.live.capacity() * size_of::<u32>()
            + self.groups.len() * size_of::<[u32; 256]>()
    }

    /// Puts back a stream as it was stored; whether there was room for it and it is not known already.
    pub(super) fn restore(
        &mut self,
        id: SeriesId,
        terms: &Arc<Terms>,
        mut baseline: Baseline,
    ) -> bool {
        if self.index.contains_key(&id) || self.series.len() >= RATE_SERIES_MAX {
            return false;
        }
        // A clock that was ahead, or a made-up hour: the stream would never close it.
        let open = baseline.open.min(self.hour);
        baseline.open = open;
        let at = self.insert(id, terms, Some(Box::new(baseline)));
        let series = self.series.get_mut(at as usize);
        series.into_iter().for_each(|series| series.last = open);
        true
    }

    /// Call it after the last `restore`: limits come from what was put back.
    pub(super) fn restored(&mut self) {
        self.turn_hour(self.hour);
    }

    fn count(&mut self, delta: &Delta) {
        let at = match self.index.get(&delta.id) {
            Some(at) => *at,
            None => self.open(delta),
        };
        let hour = self.hour;
        let Some(series) = self.series.get_mut(at as usize) else {
            return;
        };
        series.terms = Arc::clone(&delta.terms);
        series.window.add(delta.slot, delta.amount);
        series.last = series.last.max(hour);
        if !std::mem::replace(&mut series.live, true) {
            self.live.push(at);
        }
    }

    /// A place for a stream that has none: its own, or where there is no room the shared one.
    fn open(&mut self, delta: &Delta) -> u32 {
        let id = match self.series.len() < RATE_SERIES_MAX {
            true => delta.id,
            false => SeriesId::shared(&delta.terms),
        };
        if let Some(at) = self.index.get(&id) {
            return *at;
        }
        let weeks = delta.terms.weeks();
        let baseline = weeks.map(|weeks| Box::new(Baseline::new(weeks, self.hour)));
        self.insert(id, &delta.terms, baseline)
    }

    fn insert(&mut self, id: SeriesId, terms: &Arc<Terms>, baseline: Option<Box<Baseline>>) -> u32 {
        // Doubling would leave up to half of the memory unused, and copying a part costs little.
        if self.series.len() == self.series.capacity() {
            self.series.reserve_exact(self.series.len() / 8 + 64);
        }
        let at = self.series.len() as u32;
        let mut series = Series {
            id,
            terms: Arc::clone(terms),
            baseline,
            window: Window::default(),
            expected: None,
            since: None,
            last: self.hour,
            live: false,
        };
        series.expect(self.hour, &self.groups);
        self.series.push(series);
        self.index.insert(id, at);
        at
    }

    /// Brings one stream up to date; whether its window holds anything.
    fn refresh(&mut self, at: u32) -> bool {
        let (now, hour) = (self.now, self.hour);
        let Some(series) = self.series.get_mut(at as usize) else {
            return false;
        };
        let standing = series.refresh(now, hour);
        series.live = standing.total > 0 || standing.since.is_some();
        show(&mut self.shards, series.id, standing);
        series.live
    }

    /// A new hour: other limits for everyone.
    fn turn_hour(&mut self, hour: u32) {
        self.hour = hour;
        self.forget();
        self.groups.clear();
        for series in &mut self.series {
            let Some(baseline) = &mut series.baseline else {
                continue;
            };
            if series.live {
                baseline.see(hour, 0);
            }
            if baseline.is_learnt() {
                let group = self.groups.entry(series.terms.group()).or_default();
                group.add(baseline.largest());
            }
        }
        for series in &mut self.series {
            if series.baseline.is_some() {
                series.expect(hour, &self.groups);
                show(&mut self.shards, series.id, series.standing(self.now));
            }
        }
    }

    /// Drops the streams that have been silent for long.
    fn forget(&mut self) {
        let hour = self.hour;
        let old =
            |series: &Series| series.last.saturating_add(RATE_FORGET_HOURS) < hour && !series.live;
        if !self.series.iter().any(old) {
            return;
        }
        self.series.retain(|series| !old(series));
        self.index.clear();
        self.live.clear();
        self.shards = (0..SHARDS).map(|_| Arc::default()).collect();
        for (at, series) in (0u32..).zip(&self.series) {
            self.index.insert(series.id, at);
            if series.live {
                self.live.push(at);
            }
            show(&mut self.shards, series.id, series.standing(self.now));
        }
    }
}

impl Series {
    /// Sets what is expected at this hour: by its own history, else by its group's and the little it
    /// has.
    fn expect(&mut self, hour: u32, groups: &HashMap<u64, Group>) {
        self.expected = self.baseline.as_ref().and_then(|baseline| {
            if baseline.is_learnt() {
                return Some(baseline.expected(hour));
            }
            let group = groups.get(&self.terms.group()).and_then(Group::expected)?;
            Some(group.max(baseline.largest().amount()))
        });
    }

    fn refresh(&mut self, now: UnixMillis, hour: u32) -> Standing {
        let total = self.window.total(self.terms.slot(now));
        if let Some(baseline) = &mut self.baseline {
            baseline.see(hour, self.terms.teaches(total, self.expected));
        }
        let limit = self.terms.allows(self.expected);
        let over = |divisor| limit.is_some_and(|limit| total > limit / divisor);
        self.since = match self.since {
            None => over(1).then_some(now),
            Some(since) => over(RATE_CALM_DIVISOR).then_some(since),
        };
        self.standing(now)
    }

    fn standing(&self, now: UnixMillis) -> Standing {
        Standing {
            total: self.window.total(self.terms.slot(now)),
            expected: self.expected,
            limit: self.terms.allows(self.expected),
            since: self.since,
        }
    }
}

/// Writes one stream's line; copies a shard only while a core still reads the last one.
fn show(shards: &mut [Arc<Shard>], id: SeriesId, standing: Standing) {
    let Some(shard) = shards.get_mut(shard_of(&id)) else {
        return;
    };
    match shard.binary_search_by_key(&id, |(id, _)| *id) {
        Ok(place) => {
            if shard
                .get(place)
                .is_some_and(|(_, known)| *known != standing)
            {
                let line = Arc::make_mut(shard).get_mut(place);
                line.into_iter().for_each(|line| line.1 = standing);
            }
        }
        Err(place) => {
            let shard = Arc::make_mut(shard);
            if shard.len() == shard.capacity() {
                shard.reserve_exact(shard.len() / 8 + 4);
            }
            shard.insert(place, (id, standing));
        }
    }
}

fn hour(now: UnixMillis) -> u32 {
    u32::try_from(now.0.max(0) / HOUR_MS).unwrap_or(u32::MAX)
}
