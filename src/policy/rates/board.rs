//! The totals of all cores and the limits that hold now, as cores read them.
//!
//! Owns: one immutable picture. Refuses: to be changed; the next one shares what stayed the same.
//! Stays true: reading takes no lock; every known stream is in it, so that what is missing is new.

use super::series::SeriesId;
use crate::chunk::UnixMillis;
use crate::limits::RATE_BOARD_STALE_MS;
use std::sync::Arc;

/// What is known of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What all cores have reported of the window.
    pub total: u64,
    /// What is usual at this hour; `None` while it is learnt, or where the limit is fixed.
    pub expected: Option<u64>,
    /// What may move; `None` while nothing is known.
    pub limit: Option<u64>,
    /// Since when it is in a spike.
    pub since: Option<UnixMillis>,
}

/// Streams whose names begin alike, by name.
pub(super) type Shard = Vec<(SeriesId, Standing)>;
/// Pieces of a board: one that changed is copied, 400 streams of 100,000.
pub(super) const SHARDS: usize = 256;

/// The picture of one moment.
#[derive(Clone, Debug)]
pub struct Board {
    /// When it was made.
    pub at: UnixMillis,
    /// The number of the last report in it, by core.
    pub(super) taken: Arc<[u64]>,
    pub(super) shards: Vec<Arc<Shard>>,
    /// Whether some streams are counted together for lack of room.
    pub(super) crowded: bool,
}

impl Board {
    /// Of nothing.
    pub fn empty() -> Board {
        Board {
            at: UnixMillis(0),
            taken: Arc::from([]),
            shards: vec![],
            crowded: false,
        }
    }

    /// What is known of a stream.
    pub fn standing(&self, id: &SeriesId) -> Option<Standing> {
        let shard = self.shards.get(shard_of(id))?;
        let place = shard.binary_search_by_key(id, |(id, _)| *id).ok()?;
        shard.get(place).map(|(_, standing)| *standing)
    }

    /// Whether its totals are too old to be believed.
    pub fn is_stale(&self, now: UnixMillis) -> bool {
        now.0.saturating_sub(self.at.0) > RATE_BOARD_STALE_MS
    }

    /// The number of the last report of a core that it includes; 0: none.
    pub(super) fn taken(&self, core: usize) -> u64 {
        self.taken.get(core).copied().unwrap_or(0)
    }
}

pub(super) fn shard_of(id: &SeriesId) -> usize {
    id.1 as usize % SHARDS
}
