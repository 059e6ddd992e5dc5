//! Requests of producers and consumers, refused item by item.

use super::{Refusal, each};
use kafka_protocol::messages::*;

/// `None` for an API that is not here, or a body that does not decode.
pub(super) fn refuse(refusal: &Refusal<'_>, api: ApiKey) -> Option<Vec<u8>> {
    match api {
        ApiKey::Fetch => fetch(refusal),
        ApiKey::ListOffsets => list_offsets(refusal),
        ApiKey::Metadata => metadata(refusal),
        ApiKey::OffsetForLeaderEpoch => offset_for_leader_epoch(refusal),
        ApiKey::FindCoordinator => find_coordinator(refusal),
        ApiKey::OffsetCommit => offset_commit(refusal),
        ApiKey::OffsetFetch => offset_fetch(refusal),
        ApiKey::AddPartitionsToTxn => add_partitions_to_txn(refusal),
        ApiKey::TxnOffsetCommit => txn_offset_commit(refusal),
        _ => None,
    }
}

/// Per partition, since clients show no other error of a Fetch to anybody. An incremental fetch
/// that names nothing gets the error of the session, where the version has one.
fn fetch(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use fetch_response::{FetchableTopicResponse, PartitionData};
    refusal.answer(|asked: FetchRequest| {
        let nothing_named = asked.topics.is_empty() && refusal.version() >= 7;
        let error = if nothing_named { refusal.error } else { 0 };
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                PartitionData::default()
                    .with_partition_index(partition.partition)
                    .with_error_code(refusal.error)
                    .with_high_watermark(-1)
                    .with_records(Some(Default::default())) // empty: some clients fail on null
            });
            FetchableTopicResponse::default()
                .with_topic(topic.topic)
                .with_topic_id(topic.topic_id)
                .with_partitions(partitions)
        });
        FetchResponse::default()
            .with_error_code(error)
            .with_responses(topics)
    })
}

fn list_offsets(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
    refusal.answer(|asked: ListOffsetsRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(refusal.error)
            });
            ListOffsetsTopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        ListOffsetsResponse::default().with_topics(topics)
    })
}

/// Names no broker: a client that is refused here learns no address.
fn metadata(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use metadata_response::MetadataResponseTopic;
    refusal.answer(|asked: MetadataRequest| {
        let topics = each(asked.topics.unwrap_or_default(), |topic| {
            MetadataResponseTopic::default()
                .with_error_code(refusal.error)
                .with_name(topic.name)
                .with_topic_id(topic.topic_id)
        });
        let error = if refusal.version() >= 13 {
            refusal.error
        } else {
            0
        };
        MetadataResponse::default()
            .with_topics(topics)
            .with_error_code(error)
    })
}

fn offset_for_leader_epoch(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
    refusal.answer(|asked: OffsetForLeaderEpochRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                EpochEndOffset::default()
                    .with_partition(partition.partition)
                    .with_error_code(refusal.error)
            });
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic)
                .with_partitions(partitions)
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics)
    })
}

/// One coordinator up to version 3, one per key since 4 (KIP-699); node −1 is "none".
fn find_coordinator(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use find_coordinator_response::Coordinator;
    refusal.answer(|asked: FindCoordinatorRequest| {
        if refusal.version() < 4 {
            return FindCoordinatorResponse::default()
                .with_error_code(refusal.error)
                .with_error_message(refusal.text_since(1))
                .with_node_id((-1).into())
                .with_port(-1);
        }
        let coordinators = each(asked.coordinator_keys, |key| {
            Coordinator::default()
                .with_key(key)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
                .with_node_id((-1).into())
                .with_port(-1)
        });
        FindCoordinatorResponse::default().with_coordinators(coordinators)
    })
}

fn offset_commit(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
    refusal.answer(|asked: OffsetCommitRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                OffsetCommitResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(refusal.error)
            });
            OffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        OffsetCommitResponse::default().with_topics(topics)
    })
}

/// Per partition in version 1, once in 2 to 7, per group since 8 (KIP-709).
fn offset_fetch(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
    };
    refusal.answer(|asked: OffsetFetchRequest| match refusal.version() {
        ..2 => {
            let topics = each(asked.topics.unwrap_or_default(), |topic| {
                let partitions = each(topic.partition_indexes, |index| {
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(index)
                        .with_committed_offset(-1)
                        .with_error_code(refusal.error)
                });
                OffsetFetchResponseTopic::default()
                    .with_name(topic.name)
                    .with_partitions(partitions)
            });
            OffsetFetchResponse::default().with_topics(topics)
        }
        2..8 => OffsetFetchResponse::default().with_error_code(refusal.error),
        _ => OffsetFetchResponse::default().with_groups(each(asked.groups, |group| {
            OffsetFetchResponseGroup::default()
                .with_group_id(group.group_id)
                .with_error_code(refusal.error)
        })),
    })
}

/// Versions 0 to 3; later ones have one error for all.
fn add_partitions_to_txn(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use add_partitions_to_txn_response::{
        AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
    };
    refusal.answer(|asked: AddPartitionsToTxnRequest| {
        let topics = each(asked.v3_and_below_topics, |topic| {
            let partitions = each(topic.partitions, |index| {
                AddPartitionsToTxnPartitionResult::default()
                    .with_partition_index(index)
                    .with_partition_error_code(refusal.error)
            });
            AddPartitionsToTxnTopicResult::default()
                .with_name(topic.name)
                .with_results_by_partition(partitions)
        });
        AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics)
    })
}

fn txn_offset_commit(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use txn_offset_commit_response::{
        TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
    };
    refusal.answer(|asked: TxnOffsetCommitRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(refusal.error)
            });
            TxnOffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        TxnOffsetCommitResponse::default().with_topics(topics)
    })
}
