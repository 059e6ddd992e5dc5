//! How much moved in the last `over`: a ring of ten slots.
//!
//! Owns: the sum. Refuses: clocks; a slot is a number that its caller made of the time. Stays true:
//! adding is O(1); the sum is that of the current slot and the nine before it, so it covers nine to ten
//! tenths of the window and never counts what is older than it; the order of additions changes
//! nothing.

use crate::limits::RATE_SLOTS;

/// Amounts by slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    slots: [u64; RATE_SLOTS],
    newest: u64,
}

const SLOTS: u64 = RATE_SLOTS as u64;

impl Window {
    /// Adds to a slot. What is older than the window of the newest slot is left out.
    pub fn add(&mut self, slot: u64, amount: u64) {
        self.advance(slot);
        if self.newest - slot < SLOTS {
            let cell = self.slots.get_mut((slot % SLOTS) as usize);
            cell.into_iter()
                .for_each(|cell| *cell = cell.saturating_add(amount));
        }
    }

    /// The sum of the window that ends with this slot.
    pub fn total(&self, slot: u64) -> u64 {
        self.filled()
            .filter(|(at, _)| *at <= slot && slot - at < SLOTS)
            .fold(0, |sum, (_, amount)| sum.saturating_add(amount))
    }

    /// Slots that hold something, with their amounts.
    pub fn filled(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.newest.saturating_sub(SLOTS - 1);
        (first..=self.newest).filter_map(|slot| {
            let amount = self.slots.get((slot % SLOTS) as usize).copied()?;
            (amount > 0).then_some((slot, amount))
        })
    }

    /// Whether it holds nothing, however old.
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(|amount| *amount == 0)
    }

    /// The newest slot that was added to.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn advance(&mut self, slot: u64) {
        if slot <= self.newest {
            return;
        }
        let gone = (slot - self.newest).min(SLOTS);
        for passed in (slot + 1 - gone)..=slot {
            let cell = self.slots.get_mut((passed % SLOTS) as usize);
            cell.into_iter().for_each(|cell| *cell = 0);
        }
        self.newest = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The slow twin: the sum over a list of all events.
    fn naive(events: &[(u64, u64)], slot: u64) -> u64 {
        let within = |at: u64| at <= slot && slot - at < SLOTS;
        events
            .iter()
            .filter(|(at, _)| within(*at))
            .map(|(_, amount)| amount)
            .sum()
    }

    proptest! {
        #[test]
        fn the_ring_equals_a_list_of_events(
            events in proptest::collection::vec((0u64..40, 1u64..1000), 0..60), ahead in 0u64..15,
        ) {
            let mut window = Window::default();
            events.iter().for_each(|(slot, amount)| window.add(*slot, *amount));
            let last = events.iter().map(|(slot, _)| *slot).max().unwrap_or(0);
            prop_assert_eq!(window.total(last + ahead), naive(&events, last + ahead));
        }

        #[test]
        fn the_order_of_events_changes_nothing(
            events in proptest::collection::vec((0u64..40, 1u64..1000), 0..40), seed in any::<u64>(),
        ) {
            let mut shuffled = events.clone();
            shuffled.sort_by_key(|(slot, amount)| (slot * 31 + amount).wrapping_mul(seed | 1));
            let (mut one, mut other) = (Window::default(), Window::default());
            events.iter().for_each(|(slot, amount)| one.add(*slot, *amount));
            shuffled.iter().for_each(|(slot, amount)| other.add(*slot, *amount));
            prop_assert_eq!(one, other);
        }
    }
}
