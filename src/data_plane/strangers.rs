//! Connections that have not logged in, by where they come from.
//!
//! Owns: their bound, in all and for one source, and who goes when there are too many. Refuses: to
//! close anybody (the core does), and to turn away who comes new: a login takes milliseconds, so
//! among too many it is the oldest that does not log in. Stays true: one source never has more
//! than its share, so it costs no other source a place; memory is bounded by the bounds.

use crate::chunk::UnixMillis;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Where connections come from, as far as one owner can be told from another: an IPv4 address, or
/// the /64 of an IPv6 address, which one host has to itself (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An IPv4 address, also when mapped into IPv6.
    V4(u32),
    /// The first half of an IPv6 address.
    V6(u64),
    /// The kernel does not say: the connection is gone already.
    Unknown,
}

impl Source {
    /// The source of an address.
    pub fn of(address: Option<IpAddr>) -> Source {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Source::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Source::V6((address.to_bits() >> 64) as u64),
            None => Source::Unknown,
        }
    }
}

/// Places that are given out and given back, with a bound for each source.
pub struct Places {
    in_all_max: usize,
    per_source_max: usize,
    taken: RefCell<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Since when, by connection, by source. A connection's id is higher than those before it.
    by_source: HashMap<Source, BTreeMap<u64, UnixMillis>>,
    source_of: HashMap<u64, Source>,
}

impl Places {
    /// None taken.
    pub fn new(in_all_max: usize, per_source_max: usize) -> Places {
        Places {
            in_all_max,
            per_source_max,
            taken: RefCell::default(),
        }
    }

    /// Gives a connection a place, and says who has to go for it, if anybody: the oldest of the same
    /// source when that has too many, else the oldest of the source with the most.
    pub fn enter(&self, id: u64, source: Source, now: UnixMillis) -> Option<u64> {
        let mut taken = self.taken.borrow_mut();
        taken.put(id, source, now);
        let own = taken.count(source);
        if own > self.per_source_max {
            return taken.oldest(source).map(|(id, _)| id);
        }
        if taken.source_of.len() > self.in_all_max {
            return taken.oldest(taken.worst()?).map(|(id, _)| id);
        }
        None
    }

    /// Gives a connection a place if there is one. Else says who could go for it: the oldest of who
    /// is in its way, and since when it has been there.
    pub fn enter_if_free(
        &self,
        id: u64,
        source: Source,
        now: UnixMillis,
    ) -> Result<(), Option<(u64, UnixMillis)>> {
        let mut taken = self.taken.borrow_mut();
        if taken.count(source) >= self.per_source_max {
            return Err(taken.oldest(source));
        }
        if taken.source_of.len() >= self.in_all_max {
            return Err(taken.worst().and_then(|worst| taken.oldest(worst)));
        }
        taken.put(id, source, now);
        Ok(())
    }

    /// The connection comes from elsewhere than it seemed: a proxy has said so. Says who has to go,
    /// like [`Places::enter`].
    pub fn is_from(&self, id: u64, source: Source) -> Option<u64> {
        let since = self.leave(id)?;
        self.enter(id, source, since)
    }

    /// Takes a place back; since when it was taken, if it was.
    pub fn leave(&self, id: u64) -> Option<UnixMillis> {
        let taken = &mut *self.taken.borrow_mut();
        let source = taken.source_of.remove(&id)?;
        let of_source = taken.by_source.get_mut(&source)?;
        let since = of_source.remove(&id);
        if of_source.is_empty() {
            taken.by_source.remove(&source);
        }
        since
    }

    /// The oldest of the source that has the most, and since when it has been there.
    pub fn oldest_of_most(&self) -> Option<(u64, UnixMillis)> {
        let taken = self.taken.borrow();
        taken.oldest(taken.worst()?)
    }

    /// Places taken.
    pub fn taken(&self) -> usize {
        self.taken.borrow().source_of.len()
    }
}

impl Taken {
    fn put(&mut self, id: u64, source: Source, since: UnixMillis) {
        self.source_of.insert(id, source);
        self.by_source.entry(source).or_default().insert(id, since);
    }

    fn count(&self, source: Source) -> usize {
        self.by_source.get(&source).map_or(0, BTreeMap::len)
    }

    fn oldest(&self, source: Source) -> Option<(u64, UnixMillis)> {
        let (id, since) = self.by_source.get(&source)?.first_key_value()?;
        Some((*id, *since))
    }

    /// The source with the most; among equals the one with the oldest connection. Looks at every
    /// source: some microseconds, and only when there are too many.
    fn worst(&self) -> Option<Source> {
        let age = |of: &BTreeMap<u64, UnixMillis>| of.first_key_value().map_or(u64::MAX, |e| *e.0);
        self.by_source
            .iter()
            .max_by_key(|(_, of)| (of.len(), std::cmp::Reverse(age(of))))
            .map(|(source, _)| *source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(5);

    fn v4(last: u8) -> Source {
        Source::of(Some(IpAddr::from([10, 0, 0, last])))
    }

    #[test]
    fn a_source_is_an_address_or_a_64() {
        let of = |text: &str| Source::of(Some(text.parse().unwrap()));
        assert_eq!(of("10.0.0.1"), of("::ffff:10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::9"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(Source::of(None), Source::Unknown);
    }

    #[test]
    fn the_oldest_of_the_worst_goes() {
        let places = Places::new(4, 3);
        for id in 1..=3 {
            assert_eq!(places.enter(id, v4(1), NOW), None);
        }
        assert_eq!(places.enter(4, v4(1), NOW), Some(1), "its share is full");
        places.leave(1);
        assert_eq!(places.enter(5, v4(2), NOW), None);
        assert_eq!(
            places.enter(6, v4(3), NOW),
            Some(2),
            "all are taken: the worst pays"
        );
        places.leave(2);
        assert_eq!(places.taken(), 4);
        assert_eq!(places.is_from(6, v4(1)), None);
        assert_eq!(places.enter(7, v4(1), NOW), Some(3));
        assert_eq!(places.leave(99), None);
    }

    #[test]
    fn who_asks_first_is_told_who_is_in_the_way() {
        let places = Places::new(2, 1);
        assert_eq!(places.enter_if_free(1, v4(1), NOW), Ok(()));
        assert_eq!(
            places.enter_if_free(2, v4(1), UnixMillis(9)),
            Err(Some((1, NOW)))
        );
        assert_eq!(places.enter_if_free(3, v4(2), UnixMillis(9)), Ok(()));
        assert_eq!(
            places.enter_if_free(4, v4(3), UnixMillis(9)),
            Err(Some((1, NOW)))
        );
        places.leave(1);
        assert_eq!(places.enter_if_free(4, v4(3), UnixMillis(9)), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whoever is told to go goes: no bound is ever passed, and who stays within a share
        /// smaller than everybody's never has to.
        #[test]
        fn bounds_hold_and_the_modest_stay(
            comers in prop::collection::vec((0u8..6, any::<bool>()), 1..200),
        ) {
            let places = Places::new(12, 6);
            let mut open: Vec<(u64, u8)> = Vec::new();
            for (id, (from, logs_in)) in comers.into_iter().enumerate() {
                let id = id as u64;
                open.push((id, from));
                if let Some(goes) = places.enter(id, v4(from), NOW) {
                    let at = open.iter().position(|(id, _)| *id == goes).unwrap();
                    let (_, loser) = open[at];
                    let count = |of: u8| open.iter().filter(|(_, from)| *from == of).count();
                    prop_assert!((0..6).all(|of| count(of) <= count(loser)));
                    open.remove(at);
                    prop_assert!(places.leave(goes).is_some());
                }
                if logs_in && let Some(at) = open.iter().position(|(o, _)| *o == id) {
                    open.remove(at);
                    places.leave(id);
                }
                prop_assert_eq!(places.taken(), open.len());
                prop_assert!(open.len() <= 12);
                for of in 0..6 {
                    prop_assert!(open.iter().filter(|(_, from)| *from == of).count() <= 6);
                }
            }
        }
    }
}
