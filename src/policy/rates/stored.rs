//! What is learnt, as bytes for a file.
//!
//! ```text
//! file    magic 8 | version u32 | streams u32 | blocks
//! block   length u32 | CRC-32C u32 of the payload | payload: up to 1,024 streams
//! stream  id 16 | group u64 | open hour u32 | closed hours u16 | weeks u8 | 0 u8 | 168 x weeks levels
//! ```
//!
//! Integers are little-endian. Owns: this layout. Refuses: files; windows (a restart forgets the
//! last hour at most); names of rules, principals and topics, of which the file has digests. Stays true:
//! any bytes are read in linear time and bounded memory; a damaged block costs what is in it, is counted, and
//! whatever was lost is learnt again, silently: so whoever reads says it aloud. A limit that
//! must hold meanwhile is a fixed one.

use super::baseline::Baseline;
use super::ledger::Ledger;
use super::level::Level;
use super::series::SeriesId;
use super::terms::Terms;
use crate::limits::{RATE_BASELINE_WEEKS_MAX, RATE_SERIES_MAX, RATE_STORED_BLOCK_SERIES};
use std::collections::HashMap;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"LKRATES\0";
const VERSION: u32 = 1;
const WEEK: usize = 7 * 24;
const STREAM_HEAD: usize = 16 + 8 + 4 + 2 + 1 + 1;
const BLOCK_BYTES_MAX: usize =
    RATE_STORED_BLOCK_SERIES * (STREAM_HEAD + WEEK * RATE_BASELINE_WEEKS_MAX as usize);

/// What came of reading stored bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Streams that are known again.
    pub restored: u32,
    /// Streams of rules that are no more.
    pub foreign: u32,
    /// Streams that the file should have and that could not be read: learnt again.
    pub lost: u32,
}

/// The bytes are not what this version writes: everything is learnt again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredFault {
    /// The beginning is wrong.
    #[error("the stored baselines do not begin as they should; all limits are learnt again")]
    NotOurs,
    /// Another version wrote it.
    #[error("the stored baselines have version {0}, not 1; all limits are learnt again")]
    Version(u32),
}

/// Everything that is learnt, a piece at a time: the file's head, then its blocks.
pub fn pieces(ledger: &Ledger) -> impl Iterator<Item = Vec<u8>> + '_ {
    let learnt = ledger
        .series
        .iter()
        .filter(|series| series.baseline.is_some());
    let count = u32::try_from(learnt.count()).unwrap_or(u32::MAX);
    let mut head = MAGIC.to_vec();
    head.extend(VERSION.to_le_bytes());
    head.extend(count.to_le_bytes());
    let blocks = ledger.series.chunks(RATE_STORED_BLOCK_SERIES);
    std::iter::once(head).chain(blocks.map(|block| {
        let mut payload = Vec::with_capacity(BLOCK_BYTES_MAX);
        for series in block {
            if let Some(baseline) = &series.baseline {
                put(&mut payload, series.id, series.terms.group(), baseline);
            }
        }
        let mut bytes = (payload.len() as u32).to_le_bytes().to_vec();
        bytes.extend((crc_fast::crc32_iscsi(&payload) as u32).to_le_bytes());
        bytes.append(&mut payload);
        bytes
    }))
}

/// Puts what was stored into a ledger; streams belong to one of these terms or are left out.
pub fn read(bytes: &[u8], terms: &[Arc<Terms>], ledger: &mut Ledger) -> Result<Read, StoredFault> {
    let mut input = Input(bytes);
    if input.take(MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(StoredFault::NotOurs);
    }
    match input.u32().ok_or(StoredFault::NotOurs)? {
        VERSION => {}
        other => return Err(StoredFault::Version(other)),
    }
    let claimed = input.u32().ok_or(StoredFault::NotOurs)?;
    let known: HashMap<u64, &Arc<Terms>> = terms.iter().map(|t| (t.group(), t)).collect();
    let (mut read, mut left) = (Read::default(), RATE_SERIES_MAX);
    while let Some(block) = input.block() {
        let mut block = Input(block.unwrap_or_default());
        while let Some((id, group, baseline)) = block.stream().filter(|_| left > 0) {
            left -= 1;
            match known
                .get(&group)
                .filter(|t| t.weeks() == Some(baseline.weeks))
            {
                Some(terms) => {
                    read.restored += u32::from(ledger.restore(id, terms, baseline));
                }
                None => read.foreign += 1,
            }
        }
    }
    ledger.restored();
    read.lost = claimed.saturating_sub(read.restored + read.foreign);
    Ok(read)
}

fn put(out: &mut Vec<u8>, id: SeriesId, group: u64, baseline: &Baseline) {
    out.extend(id.0.to_le_bytes());
    out.extend(id.1.to_le_bytes());
    out.extend(group.to_le_bytes());
    out.extend(baseline.open.to_le_bytes());
    out.extend(baseline.closed.to_le_bytes());
    out.extend([baseline.weeks, 0]);
    let hours = baseline
        .hours
        .iter()
        .take(WEEK * usize::from(baseline.weeks));
    out.extend(hours.map(|level| level.0));
}

/// Bytes that are still to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next block; `Some(None)` if its checksum is wrong. A length that is no block's ends the file:
    /// nothing says where the next one begins.
    fn block(&mut self) -> Option<Option<&'a [u8]>> {
        let (len, crc) = (self.u32()? as usize, self.u32()?);
        if len > BLOCK_BYTES_MAX {
            return None;
        }
        let payload = self.take(len)?;
        Some((crc_fast::crc32_iscsi(payload) as u32 == crc).then_some(payload))
    }

    fn stream(&mut self) -> Option<(SeriesId, u64, Baseline)> {
        let id = SeriesId(self.u64()?, self.u64()?);
        let (group, open) = (self.u64()?, self.u32()?);
        let closed = self.array().map(u16::from_le_bytes)?;
        let [weeks, _] = self.array()?;
        if !(1..=RATE_BASELINE_WEEKS_MAX).contains(&weeks) {
            return None;
        }
        let mut baseline = Baseline::new(weeks, open);
        baseline.closed = closed;
        let levels = self.take(WEEK * usize::from(weeks))?;
        for (place, level) in baseline.hours.iter_mut().zip(levels) {
            *place = Level(*level);
        }
        Some((id, group, baseline))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::UnixMillis;
    use crate::policy::rates::laws::learned;
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn filled(terms: &Arc<Terms>, streams: &[(u64, Vec<u8>)]) -> Ledger {
        let mut ledger = Ledger::new(1, NOW);
        for (id, levels) in streams {
            let mut baseline = Baseline::new(1, 472_222);
            baseline.closed = levels.len() as u16;
            for (place, level) in baseline.hours.iter_mut().zip(levels) {
                *place = Level(*level);
            }
            ledger.restore(SeriesId(*id, *id), terms, baseline);
        }
        ledger.restored();
        ledger
    }

    fn bytes(ledger: &Ledger) -> Vec<u8> {
        pieces(ledger).flatten().collect()
    }

    fn streams() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
        let levels = proptest::collection::vec(any::<u8>(), WEEK);
        proptest::collection::vec((any::<u64>(), levels), 0..6)
    }

    #[test]
    fn what_is_damaged_is_counted_and_the_rest_is_read() {
        let terms = Arc::new(learned("r", 50, 1));
        let streams: Vec<_> = (0..2_000).map(|id| (id, vec![id as u8; WEEK])).collect();
        let mut bytes = bytes(&filled(&terms, &streams));
        bytes[100] ^= 1;
        let mut ledger = Ledger::new(1, NOW);
        let read = read(&bytes, std::slice::from_ref(&terms), &mut ledger).unwrap();
        assert_eq!((read.restored, read.lost, read.foreign), (976, 1_024, 0));
    }

    #[test]
    fn an_hour_that_is_not_yet_is_taken_for_this_one() {
        let terms = Arc::new(learned("r", 50, 1));
        let mut ledger = Ledger::new(1, NOW);
        ledger.restore(SeriesId(1, 1), &terms, Baseline::new(1, u32::MAX));
        let hour = NOW.0 / 3_600_000;
        assert_eq!(
            i64::from(ledger.series[0].baseline.as_ref().unwrap().open),
            hour
        );
        ledger.publish(UnixMillis(NOW.0 + 86_400_000));
    }

    #[test]
    fn other_rules_other_versions_and_other_files() {
        let terms = Arc::new(learned("r", 50, 1));
        let mut bytes = bytes(&filled(&terms, &[(1, vec![9; WEEK])]));
        let mut ledger = Ledger::new(1, NOW);
        let other = [Arc::new(learned("s", 50, 1))];
        let got = read(&bytes, &other, &mut ledger).unwrap();
        assert_eq!((got.foreign, got.restored, ledger.len()), (1, 0, 0));
        bytes[8] = 2;
        assert_eq!(
            read(&bytes, &other, &mut ledger),
            Err(StoredFault::Version(2))
        );
        bytes[0] = 0;
        assert_eq!(read(&bytes, &other, &mut ledger), Err(StoredFault::NotOurs));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(streams in streams()) {
            let terms = Arc::new(learned("r", 50, 1));
            let ledger = filled(&terms, &streams);
            let stored = bytes(&ledger);
            let mut again = Ledger::new(1, NOW);
            let got = read(&stored, std::slice::from_ref(&terms), &mut again).unwrap();
            prop_assert_eq!((got.restored as usize, got.lost), (ledger.len(), 0));
            prop_assert_eq!(bytes(&again), stored);
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            streams in streams(), at in any::<prop::sample::Index>(), to in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let terms = Arc::new(learned("r", 50, 1));
            let mut stored = bytes(&filled(&terms, &streams));
            let place = at.index(stored.len());
            stored[place] = to;
            stored.truncate(cut.index(stored.len()) + 1);
            let mut again = Ledger::new(1, NOW);
            if let Ok(read) = read(&stored, std::slice::from_ref(&terms), &mut again) {
                prop_assert!(read.restored as usize <= streams.len());
                again.publish(UnixMillis(NOW.0 + 86_400_000));
            }
        }
    }
}
