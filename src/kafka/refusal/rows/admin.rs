//! What is asked about topics and settings by those who look after them.

use crate::chunk::Operation;
use crate::kafka::error::{
    CLUSTER_AUTHORIZATION_FAILED, POLICY_VIOLATION, TOPIC_AUTHORIZATION_FAILED,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
};
use crate::kafka::refusal::row::{Denial, Each, Names, Other, Row, each, other, row, tells};

const BY_NAME: Names = Names::Topic("Name", "");
const NAME: &[(&str, &str)] = &[("Name", "Name")];
const VALIDATED: Other = other("validate only", &[], "ValidateOnly");

/// Resources with settings; what they are stays with the answer.
const fn resources(told: &'static str) -> Each {
    each("Resources", told)
        .names(Names::Resource)
        .echo(&[
            ("ResourceType", "ResourceType"),
            ("ResourceName", "ResourceName"),
        ])
        .code("ErrorCode", "ErrorMessage")
}

const ALTERED: &[Each] = &[resources("Responses")];

pub(super) const ROWS: &[Row] = &[
    row(19, Operation::CreateTopics, POLICY_VIOLATION)
        .items(&[each("Topics", "Topics")
            .names(BY_NAME)
            .echo(NAME)
            .code("ErrorCode", "ErrorMessage")])
        .topic_code(POLICY_VIOLATION)
        .others(&[other("validate only", &[], "validateOnly")]),
    // By name up to version 5, by name or id since 6; the message came with 5.
    row(20, Operation::DeleteTopics, POLICY_VIOLATION)
        .items(&[
            each("TopicNames", "Responses")
                .names(Names::Topic("", ""))
                .echo(&[("", "Name")])
                .code("ErrorCode", "ErrorMessage"),
            each("Topics", "Responses")
                .names(Names::Topic("Name", "TopicId"))
                .echo(&[("Name", "Name"), ("TopicId", "TopicId")])
                .code("ErrorCode", "ErrorMessage"),
        ])
        .topic_code(POLICY_VIOLATION),
    // The reply has no message.
    row(21, Operation::DeleteRecords, TOPIC_AUTHORIZATION_FAILED).items(&[each(
        "Topics", "Topics",
    )
    .names(BY_NAME)
    .echo(NAME)
    .inner(&[each("Partitions", "Partitions")
        .echo(&[("PartitionIndex", "PartitionIndex")])
        .set(&[("LowWatermark", -1)])
        .code("ErrorCode", "")])]),
    row(37, Operation::CreatePartitions, POLICY_VIOLATION)
        .items(&[each("Topics", "Results")
            .names(BY_NAME)
            .echo(NAME)
            .code("ErrorCode", "ErrorMessage")])
        .topic_code(POLICY_VIOLATION)
        .others(&[VALIDATED]),
    row(32, Operation::DescribeConfigs, CLUSTER_AUTHORIZATION_FAILED)
        .items(&[resources("Results")]),
    row(33, Operation::AlterConfigs, POLICY_VIOLATION)
        .items(ALTERED)
        .topic_code(POLICY_VIOLATION)
        .others(&[VALIDATED]),
    row(44, Operation::AlterConfigs, POLICY_VIOLATION)
        .items(ALTERED)
        .topic_code(POLICY_VIOLATION)
        .others(&[VALIDATED]),
    row(
        74,
        Operation::ListConfigResources,
        CLUSTER_AUTHORIZATION_FAILED,
    )
    .tells(&[tells(&["ConfigResources"], Names::Resource)]),
    row(
        34,
        Operation::AlterReplicaLogDirs,
        CLUSTER_AUTHORIZATION_FAILED,
    )
    .items(&[each("Dirs", "").inner(&[each("Topics", "Results")
        .names(BY_NAME)
        .echo(&[("Name", "TopicName")])
        .inner(&[each("Partitions", "Partitions")
            .echo(&[("", "PartitionIndex")])
            .code("ErrorCode", "")])])]),
    // Up to version 2 an empty reply is how a broker says no.
    row(35, Operation::DescribeLogDirs, CLUSTER_AUTHORIZATION_FAILED)
        .denial(Denial::Whole)
        .tells(&[tells(&["Results", "Topics"], BY_NAME)]),
    // The reply's own code came with version 1.
    row(43, Operation::ElectLeaders, POLICY_VIOLATION)
        .items(&[each("TopicPartitions", "ReplicaElectionResults")
            .names(Names::Topic("Topic", ""))
            .echo(&[("Topic", "Topic")])
            .inner(&[each("Partitions", "PartitionResult")
                .echo(&[("", "PartitionId")])
                .code("ErrorCode", "ErrorMessage")])])
        .topic_code(POLICY_VIOLATION),
    row(45, Operation::AlterPartitionReassignments, POLICY_VIOLATION)
        .items(&[each("Topics", "Responses")
            .names(BY_NAME)
            .echo(NAME)
            .inner(&[each("Partitions", "Partitions")
                .echo(&[("PartitionIndex", "PartitionIndex")])
                .code("ErrorCode", "ErrorMessage")])])
        .topic_code(POLICY_VIOLATION),
    row(
        46,
        Operation::ListPartitionReassignments,
        CLUSTER_AUTHORIZATION_FAILED,
    )
    .denial(Denial::Whole)
    .tells(&[tells(&["Topics"], BY_NAME)]),
    row(61, Operation::DescribeProducers, TOPIC_AUTHORIZATION_FAILED).items(&[each(
        "Topics", "Topics",
    )
    .names(BY_NAME)
    .echo(NAME)
    .inner(&[each("PartitionIndexes", "Partitions")
        .echo(&[("", "PartitionIndex")])
        .code("ErrorCode", "ErrorMessage")])]),
    row(
        65,
        Operation::DescribeTransactions,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    )
    .items(&[each("TransactionalIds", "TransactionStates")
        .echo(&[("", "TransactionalId")])
        .code("ErrorCode", "")])
    .tells(&[tells(
        &["TransactionStates", "Topics"],
        Names::Topic("Topic", ""),
    )]),
    row(
        66,
        Operation::ListTransactions,
        TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ),
];
