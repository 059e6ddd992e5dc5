//! Sequences, epochs and transactions that do not fit.

use super::{Ask, Case, compare};
use crate::Outcome;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, TopicName, TransactionalId,
};
use lockgate_tests::batch::Batch;
use lockgate_tests::names;
use lockgate_tests::requests::{producer_id, text};

const SEQUENCES: &[(&str, Ask)] = &[
    ("a gap in the sequence", |c| sequence(c, &[0, 7])),
    ("a sequence that goes back", |c| {
        sequence(c, &[0, 1, 2, 3, 4, 5, 6, 0])
    }),
    ("a sequence repeated", |c| sequence(c, &[0, 0])),
    ("a transactional batch outside one", |c| {
        let (id, epoch) = producer_id(&mut c.wire, None)?;
        let mut batch = Batch::values(&["t"]).producer(id, epoch, 0);
        batch.transactional = true;
        c.produce(batch.encode()?)
    }),
    ("the end of a transaction that never began", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id, epoch)
    }),
    ("the end of a transaction of another epoch", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id, epoch + 5)
    }),
    ("the end of a transaction of another producer", |c| {
        let (identity, id, epoch) = transactional(c)?;
        end(c, &identity, id + 1, epoch)
    }),
    ("the end of a transaction nobody knows", |c| {
        transactional(c)?; // wakes the coordinator
        end(c, &format!("nobody-{}", c.run), 7, 0)
    }),
    ("a transaction with a topic nobody has", |c| {
        let (identity, id, epoch) = transactional(c)?;
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(&format!("missing-{}", c.run))))
            .with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(&identity)))
            .with_v3_and_below_producer_id(id.into())
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![topic]);
        let told = c.wire.call(&request, 3)?;
        let results = told.results_by_topic_v3_and_below.iter();
        let parts = results.flat_map(|t| &t.results_by_partition);
        Ok(parts.map(|p| p.partition_error_code).collect())
    }),
];

/// Batches of one new producer with these sequence numbers; the last one's answer.
fn sequence(case: &mut Case, sequences: &[i32]) -> anyhow::Result<Vec<i16>> {
    let (id, epoch) = producer_id(&mut case.wire, None)?;
    let mut last = Vec::new();
    for sequence in sequences {
        let batch = Batch::values(&["s"]).producer(id, epoch, *sequence);
        last = case.produce(batch.encode()?)?;
    }
    Ok(last)
}

fn transactional(case: &mut Case) -> anyhow::Result<(String, i64, i16)> {
    let identity = names::unique(&case.run);
    let asked = FindCoordinatorRequest::default()
        .with_key_type(1)
        .with_coordinator_keys(vec![text(&identity)]);
    case.wire.call(&asked, 4)?;
    let (id, epoch) = producer_id(&mut case.wire, Some(&identity))?;
    Ok((identity, id, epoch))
}

fn end(case: &mut Case, identity: &str, id: i64, epoch: i16) -> anyhow::Result<Vec<i16>> {
    let request = EndTxnRequest::default()
        .with_transactional_id(TransactionalId(text(identity)))
        .with_producer_id(id.into())
        .with_producer_epoch(epoch)
        .with_committed(true);
    Ok(vec![case.wire.call(&request, 3)?.error_code])
}

#[test]
fn what_is_said_of_sequences_and_transactions() -> Outcome {
    compare(SEQUENCES, &[])
}
