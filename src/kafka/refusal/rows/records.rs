//! What producers and consumers ask beside the records themselves.

use crate::chunk::Operation;
use crate::kafka::error::{
    CLUSTER_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
};
use crate::kafka::refusal::row::{Code, Denial, Each, Names, Row, Tells, each, row, tells};

const BY_NAME: Names = Names::Topic("Name", "");
const BY_NAME_OR_ID: Names = Names::Topic("Name", "TopicId");
const NAME: &[(&str, &str)] = &[("Name", "Name")];

const PARTITION: Each =
    each("Partitions", "Partitions").echo(&[("PartitionIndex", "PartitionIndex")]);
const PARTITIONS: &[Each] = &[PARTITION.code("ErrorCode", "")];

/// Empty records are the default; some clients fail on null.
const FETCHED: &[Each] = &[each("Topics", "Responses")
    .names(Names::Topic("Topic", "TopicId"))
    .echo(&[("Topic", "Topic"), ("TopicId", "TopicId")])
    .inner(&[each("Partitions", "Partitions")
        .echo(&[("Partition", "PartitionIndex")])
        .set(&[("HighWatermark", -1)])
        .code("ErrorCode", "")])];

const LISTED: &[Each] = &[each("Topics", "Topics")
    .names(BY_NAME)
    .echo(NAME)
    .inner(PARTITIONS)];

const DESCRIBED: &[Each] = &[each("Topics", "Topics")
    .names(BY_NAME_OR_ID)
    .echo(&[("Name", "Name"), ("TopicId", "TopicId")])
    .code("ErrorCode", "")];

const TOPICS_TOLD: &[Tells] = &[tells(&["Topics"], BY_NAME_OR_ID)];

const EPOCHS: &[Each] = &[each("Topics", "Topics")
    .names(Names::Topic("Topic", ""))
    .echo(&[("Topic", "Topic")])
    .inner(&[each("Partitions", "Partitions")
        .echo(&[("Partition", "Partition")])
        .code("ErrorCode", "")])];

/// Kafka's own names in versions up to 3, and for brokers since 4 (KIP-890).
const ENTERED: &[Each] = &[
    each("V3AndBelowTopics", "ResultsByTopicV3AndBelow")
        .names(BY_NAME)
        .echo(NAME)
        .inner(&[ENTERED_PARTITION]),
    each("Transactions", "ResultsByTransaction")
        .echo(&[("TransactionalId", "TransactionalId")])
        .inner(&[each("Topics", "TopicResults")
            .names(BY_NAME)
            .echo(NAME)
            .inner(&[ENTERED_PARTITION])]),
];
const ENTERED_PARTITION: Each = each("Partitions", "ResultsByPartition")
    .echo(&[("", "PartitionIndex")])
    .code("PartitionErrorCode", "");

const COMMITTED: &[Each] = &[each("Topics", "Topics")
    .names(BY_NAME_OR_ID)
    .echo(&[("Name", "Name"), ("TopicId", "TopicId")])
    .inner(PARTITIONS)];

/// Flat up to version 7, by group since 8 (KIP-709). A group has a code of its own, which a refusal
/// of the whole uses.
const READ: &[Each] = &[
    each("Topics", "Topics")
        .names(BY_NAME)
        .echo(NAME)
        .inner(&[each("PartitionIndexes", "Partitions")
            .echo(&[("", "PartitionIndex")])
            .set(NO_OFFSET)
            .code("ErrorCode", "")]),
    each("Groups", "Groups")
        .echo(&[("GroupId", "GroupId")])
        .code("ErrorCode", "")
        .inner(&[each("Topics", "Topics")
            .names(BY_NAME_OR_ID)
            .echo(&[("Name", "Name"), ("TopicId", "TopicId")])
            .inner(&[each("PartitionIndexes", "Partitions")
                .echo(&[("", "PartitionIndex")])
                .set(NO_OFFSET)
                .code("ErrorCode", "")])]),
];
const NO_OFFSET: &[(&str, i64)] = &[("CommittedOffset", -1)];

const READ_TOLD: &[Tells] = &[
    tells(&["Topics"], BY_NAME),
    tells(&["Groups", "Topics"], BY_NAME_OR_ID),
];

pub(super) const ROWS: &[Row] = &[
    // Item by item: clients show no error of a whole Fetch to anybody.
    row(1, Operation::Fetch, TOPIC_AUTHORIZATION_FAILED)
        .items(FETCHED)
        .by_item(),
    row(2, Operation::ListOffsets, TOPIC_AUTHORIZATION_FAILED).items(LISTED),
    // A reply without brokers is no reply to Java: what is left of the request goes on, if only for
    // the brokers.
    row(3, Operation::Metadata, TOPIC_AUTHORIZATION_FAILED)
        .items(DESCRIBED)
        .by_item()
        .goes_on_empty()
        .empty_is_all_until(0)
        .tells(TOPICS_TOLD),
    row(
        23,
        Operation::OffsetForLeaderEpoch,
        TOPIC_AUTHORIZATION_FAILED,
    )
    .items(EPOCHS),
    row(
        75,
        Operation::DescribeTopicPartitions,
        TOPIC_AUTHORIZATION_FAILED,
    )
    .items(&[each("Topics", "Topics")
        .names(BY_NAME)
        .echo(NAME)
        .code("ErrorCode", "")])
    .empty_is_all_until(i16::MAX)
    .tells(TOPICS_TOLD),
    row(8, Operation::OffsetCommit, TOPIC_AUTHORIZATION_FAILED).items(COMMITTED),
    row(9, Operation::OffsetFetch, GROUP_AUTHORIZATION_FAILED)
        .items(READ)
        .tells(READ_TOLD),
    // A transaction takes all partitions of a request or none: the others are answered
    // OPERATION_NOT_ATTEMPTED, as a broker's authorizer has it.
    row(
        24,
        Operation::AddPartitionsToTxn,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    )
    .items(ENTERED)
    .denial(Denial::Together),
    row(
        25,
        Operation::AddOffsetsToTxn,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ),
    row(26, Operation::EndTxn, TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    row(
        28,
        Operation::TxnOffsetCommit,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    )
    .items(COMMITTED),
    row(22, Operation::InitProducerId, CLUSTER_AUTHORIZATION_FAILED).code(Code::ByTransactionalId),
    row(
        71,
        Operation::GetTelemetrySubscriptions,
        CLUSTER_AUTHORIZATION_FAILED,
    ),
    row(72, Operation::PushTelemetry, CLUSTER_AUTHORIZATION_FAILED),
];
