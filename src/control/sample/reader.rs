//! One broker's share of a sample.
//!
//! Owns: its connection, and how far each partition is. Refuses: to ask again where a broker refused. Stays
//! true: every round brings some partition forward, or is one of the few that may bring none; a batch is
//! told once.

use super::slices::{From, advance, slices};
use super::{Deaf, Sampled, fault};
use crate::control::broker_link::{CLIENT_ID, Link, LinkFault};
use crate::control::brokers::ClusterSource;
use crate::control::discovery::{DiscoveryFault, ask_versions, opened, spoken};
use crate::kafka::api::{FETCH, LIST_OFFSETS};
use crate::kafka::batch;
use crate::kafka::error::NONE;
use crate::kafka::sampling::{
    self, Bounds, EARLIEST, FETCH_VERSIONS, LATEST, LIST_OFFSETS_VERSIONS, Offset, Read, Wanted,
};
use crate::limits::{
    FRAME_BYTES_MAX, SAMPLE_FETCH_BYTES_MAX, SAMPLE_FETCH_WAIT_MS, SAMPLE_PARTITION_BYTES_MAX,
    SAMPLE_PARTITIONS_AT_ONCE, SAMPLE_ROUNDS_WITHOUT_RECORDS,
};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Reads from one broker.
pub(super) struct Reader {
    /// Where it is; none when the cluster names a leader that it does not list.
    pub(super) address: Option<String>,
    pub(super) source: ClusterSource,
    pub(super) records: u32,
    pub(super) from: From,
    pub(super) to: mpsc::Sender<Sampled>,
}

/// Topic and partition.
type Of = (Arc<str>, i32);
/// What is still to be read of each partition.
type Left = BTreeMap<Of, VecDeque<Range<i64>>>;

/// The connection and what is spoken on it.
struct Talk {
    link: Link,
    offsets: i16,
    fetch: i16,
}

impl Reader {
    pub(super) async fn run(self, broker: i32, partitions: Vec<Of>) -> Result<(), Deaf> {
        let mut rest = partitions.as_slice();
        let mut talk = match self.talk().await {
            Ok(talk) => talk,
            Err(why) => return self.lost(broker, rest.iter(), &why).await,
        };
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(SAMPLE_PARTITIONS_AT_ONCE));
            let mut left = Left::new();
            let read = self.read(&mut talk, now, &mut left).await;
            match read {
                Ok(Ok(())) => rest = later,
                Ok(Err(deaf)) => return Err(deaf),
                Err(why) => {
                    let not_read = left.keys().chain(later);
                    return self.lost(broker, not_read, &why.into()).await;
                }
            }
        }
        Ok(())
    }

    async fn talk(&self) -> Result<Talk, DiscoveryFault> {
        let address = self.address.as_ref().ok_or(DiscoveryFault::BadAddress)?;
        let mut link = opened(address, &self.source).await?;
        let offered = ask_versions(&mut link).await?;
        Ok(Talk {
            link,
            offsets: spoken(&offered, LIST_OFFSETS, LIST_OFFSETS_VERSIONS, "ListOffsets")?,
            fetch: spoken(&offered, FETCH, FETCH_VERSIONS, "Fetch")?,
        })
    }

    /// The broker is of no more use for these.
    async fn lost<'p>(
        &self,
        broker: i32,
        partitions: impl Iterator<Item = &'p Of>,
        why: &DiscoveryFault,
    ) -> Result<(), Deaf> {
        let address = self.address.as_deref().unwrap_or("no address");
        for (topic, partition) in partitions {
            let what = format!(
                "partition {partition} was not read from broker {broker} ({address}): {why}"
            );
            fault(&self.to, topic, what).await?;
        }
        Ok(())
    }

    /// Reads some partitions to the end of their samples; `left` are those of which more is to come.
    async fn read(
        &self,
        talk: &mut Talk,
        partitions: &[Of],
        left: &mut Left,
    ) -> Result<Result<(), Deaf>, LinkFault> {
        left.extend(partitions.iter().cloned().map(|of| (of, VecDeque::new())));
        let firsts = talk.offsets(partitions, EARLIEST).await?;
        let ends = talk.offsets(partitions, LATEST).await?;
        if let Err(deaf) = self.begin(left, &firsts, &ends).await {
            return Ok(Err(deaf));
        }
        let mut without = 0;
        while !left.is_empty() {
            if without == SAMPLE_ROUNDS_WITHOUT_RECORDS {
                return Ok(self.fail(left, "the broker sends no records").await);
            }
            let (reads, frame) = talk.fetch(left).await?;
            without += 1;
            for read in reads {
                match self.take(left, read, &frame).await {
                    Ok(true) => without = 0,
                    Ok(false) => {}
                    Err(deaf) => return Ok(Err(deaf)),
                }
            }
        }
        Ok(Ok(()))
    }

    /// Knows now what is to be read of each; those that are empty are done.
    async fn begin(&self, left: &mut Left, firsts: &Told, ends: &Told) -> Result<(), Deaf> {
        let all: Vec<Of> = left.keys().cloned().collect();
        for of in all {
            match (firsts.get(&of), ends.get(&of)) {
                (Some(Ok(first)), Some(Ok(end))) => {
                    let slices = slices(*first, *end, self.records, self.from);
                    left.insert(of.clone(), slices);
                    self.settle(left, &of).await?;
                }
                (Some(Err(error)), _) | (_, Some(Err(error))) => {
                    self.refused(left, &of, *error).await?;
                }
                _ => {
                    let what = format!("the broker says nothing of partition {}", of.1);
                    left.remove(&of);
                    fault(&self.to, &of.0, what).await?;
                }
            }
        }
        Ok(())
    }

    /// Tells one partition's records; whether there were any.
    async fn take(&self, left: &mut Left, read: Read, frame: &[u8]) -> Result<bool, Deaf> {
        let of = (Arc::from(read.of.0), read.of.1);
        let Some(slices) = left.get_mut(&of) else {
            return Ok(false);
        };
        if read.error != NONE {
            self.refused(left, &of, read.error).await?;
            return Ok(true);
        }
        let records = frame.get(read.records).unwrap_or_default();
        let Some(slice) = slices.front().cloned() else {
            return Ok(false);
        };
        let cut = cut(records, &slice);
        let Some(reached) = cut.reached else {
            return match cut.unknown {
                true => {
                    left.remove(&of);
                    let what = format!("partition {} holds what is no record batch", of.1);
                    fault(&self.to, &of.0, what).await.map(|()| true)
                }
                false => Ok(false),
            };
        };
        advance(slices, reached);
        let batches = records.get(..cut.bytes).unwrap_or_default().to_vec();
        let topic = Arc::clone(&of.0);
        let told = self.to.send(Sampled::Records { topic, batches });
        told.await.map_err(|_| Deaf)?;
        self.settle(left, &of).await?;
        Ok(true)
    }

    /// A partition of which nothing is left is whole.
    async fn settle(&self, left: &mut Left, of: &Of) -> Result<(), Deaf> {
        if left.get(of).is_some_and(|slices| !slices.is_empty()) {
            return Ok(());
        }
        left.remove(of);
        let topic = Arc::clone(&of.0);
        self.to
            .send(Sampled::Whole { topic })
            .await
            .map_err(|_| Deaf)
    }

    async fn refused(&self, left: &mut Left, of: &Of, error: i16) -> Result<(), Deaf> {
        left.remove(of);
        let what = format!(
            "partition {}: the broker answers with Kafka's error {error}",
            of.1
        );
        fault(&self.to, &of.0, what).await
    }

    async fn fail(&self, left: &mut Left, why: &str) -> Result<(), Deaf> {
        for (topic, partition) in std::mem::take(left).into_keys() {
            let what = format!("partition {partition} was not read to its end: {why}");
            fault(&self.to, &topic, what).await?;
        }
        Ok(())
    }
}

/// What was said of partitions: an offset, or Kafka's error code.
type Told = BTreeMap<Of, Result<i64, i16>>;

impl Talk {
    async fn offsets(&mut self, of: &[Of], at: i64) -> Result<Told, LinkFault> {
        let version = self.offsets;
        let mut wanted = Wanted::new();
        for (topic, partition) in of {
            let list: &mut Vec<i32> = wanted.entry(&**topic).or_default();
            list.push(*partition);
        }
        let request = |id| sampling::offsets_request(version, id, CLIENT_ID, &wanted, at);
        let reply = self.link.ask_up_to(FRAME_BYTES_MAX, request).await?;
        let told = sampling::offsets(version, &reply)?;
        let keyed = |((topic, partition), offset): Offset| ((Arc::from(topic), partition), offset);
        Ok(told.into_iter().map(keyed).collect())
    }

    /// The next records of all of them, and the frame they lie in.
    async fn fetch(&mut self, left: &Left) -> Result<(Vec<Read>, Vec<u8>), LinkFault> {
        let version = self.fetch;
        let mut wanted = Wanted::new();
        for ((topic, partition), slices) in left {
            let list: &mut Vec<(i32, i64)> = wanted.entry(&**topic).or_default();
            list.extend(slices.front().map(|slice| (*partition, slice.start)));
        }
        let bounds = Bounds {
            bytes: SAMPLE_FETCH_BYTES_MAX,
            partition_bytes: SAMPLE_PARTITION_BYTES_MAX,
            wait_ms: SAMPLE_FETCH_WAIT_MS,
        };
        let request = |id| sampling::fetch_request(version, id, CLIENT_ID, &wanted, bounds);
        let reply = self.link.ask_up_to(FRAME_BYTES_MAX, request).await?;
        let (reads, error) = sampling::fetched(version, &reply)?;
        // A reply that refuses everything names no partition: rounds without records end it.
        tracing::debug!(error, partitions = reads.len(), "records came");
        Ok((reads, reply))
    }
}

/// What a record set has for a slice.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cut {
    /// Bytes in front that are whole batches and begin before the slice's end.
    bytes: usize,
    /// One past the last offset of them; none when there is no whole batch.
    reached: Option<i64>,
    /// What comes first is of a format that cannot be walked.
    unknown: bool,
}

fn cut(records: &[u8], slice: &Range<i64>) -> Cut {
    let mut cut = Cut::default();
    for found in batch::batches(records) {
        match found {
            Ok(batch) => {
                let first = batch.header.base_offset;
                let last = first.saturating_add(i64::from(batch.header.last_offset_delta.max(0)));
                if cut.reached.is_some() && first >= slice.end {
                    // The slice is over, though its last batch ended before it did.
                    cut.reached = cut.reached.max(Some(slice.end));
                    break;
                }
                cut.bytes = batch.span.end;
                // Whatever the batch claims, the next fetch begins behind where this one did.
                cut.reached = Some(last.saturating_add(1).max(slice.start + 1));
            }
            Err(batch::BatchFault::Partial { .. }) => break,
            Err(_) => {
                cut.unknown = cut.reached.is_none();
                break;
            }
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::{HEADER_BYTES, LENGTH_FROM};

    fn batch(base: i64, records: i32) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&base.to_be_bytes());
        bytes[8..12].copy_from_slice(&((HEADER_BYTES - LENGTH_FROM) as i32).to_be_bytes());
        bytes[16] = 2;
        bytes[23..27].copy_from_slice(&(records - 1).to_be_bytes());
        bytes
    }

    #[test]
    fn batches_past_a_slice_are_left_out_and_a_partial_one_too() {
        let all = [batch(8, 4), batch(12, 2), batch(14, 5)].concat();
        let at = |bytes: usize, reached| Cut {
            bytes,
            reached: Some(reached),
            unknown: false,
        };
        assert_eq!(cut(&all, &(10..11)), at(61, 12));
        assert_eq!(cut(&all, &(10..14)), at(122, 14));
        assert_eq!(cut(&all, &(10..90)), at(183, 19));
        assert_eq!(cut(&all[..182], &(10..90)), at(122, 14));
        assert_eq!(cut(&all[..60], &(10..90)), Cut::default());
    }

    #[test]
    fn an_offset_that_stands_still_does_not_hold_the_reader() {
        assert_eq!(cut(&batch(-7, 1), &(10..90)).reached, Some(11));
        let mut old = batch(0, 1);
        old[16] = 1;
        assert!(cut(&old, &(0..9)).unknown);
    }
}
