//! What the streams of one rule have in common: how large the larger ones are.
//!
//! Owns: the number that speaks for a stream which has no history. Refuses: to speak for any while there
//! are fewer than `RATE_GROUP_MIN` that have one. Stays true: nine of ten known streams stay under it
//! in their busiest hour.

use super::level::Level;
use crate::limits::RATE_GROUP_MIN;

/// The busiest hours of a rule's streams, counted by level.
#[derive(Clone, Debug)]
pub(super) struct Group {
    levels: Box<[u32; 256]>,
    count: u32,
}

impl Default for Group {
    fn default() -> Group {
        Group {
            levels: Box::new([0; 256]),
            count: 0,
        }
    }
}

impl Group {
    pub(super) fn add(&mut self, largest: Level) {
        let place = self.levels.get_mut(usize::from(largest.0));
        place.into_iter().for_each(|count| *count += 1);
        self.count += 1;
    }

    /// What a stream without a history may be expected to move.
    pub(super) fn expected(&self) -> Option<u64> {
        if self.count < RATE_GROUP_MIN {
            return None;
        }
        let mut above = self.count / 10;
        for (code, count) in self.levels.iter().enumerate().rev() {
            match above.checked_sub(*count) {
                Some(rest) => above = rest,
                None => return Some(Level(code as u8).amount()),
            }
        }
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_stay_under_it() {
        let mut group = Group::default();
        (0..9).for_each(|_| group.add(Level::of(1 << 10)));
        assert_eq!(group.expected(), None);
        group.add(Level::of(1 << 30));
        assert_eq!(group.expected(), Some(1 << 10));
        group.add(Level::of(1 << 30));
        assert_eq!(group.expected(), Some(1 << 30));
    }
}
