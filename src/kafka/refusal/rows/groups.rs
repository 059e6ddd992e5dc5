//! What groups of all kinds ask and are asked.

use crate::chunk::Operation;
use crate::kafka::error::{
    GROUP_AUTHORIZATION_FAILED, POLICY_VIOLATION, TOPIC_AUTHORIZATION_FAILED,
};
use crate::kafka::refusal::row::{Code, Denial, Each, Names, Other, Row, each, other, row, tells};

const BY_NAME: Names = Names::Topic("TopicName", "");
const TOPIC_NAME: &[(&str, &str)] = &[("TopicName", "TopicName")];
const GROUP: Other = other("group", &[], "GroupId");

/// One coordinator up to version 3, one for each key since 4 (KIP-699); node -1 is "none".
const NO_NODE: &[(&str, i64)] = &[("NodeId", -1), ("Port", -1)];

/// Groups that are described one by one; classic ones have a message since version 6.
const fn described(asked: &'static str) -> Each {
    each(asked, "Groups")
        .echo(&[("", "GroupId")])
        .code("ErrorCode", "ErrorMessage")
}

const SHARE_PARTITIONS: &[Each] = &[each("Partitions", "Partitions")
    .echo(&[("PartitionIndex", "PartitionIndex")])
    .code("ErrorCode", "ErrorMessage")];

/// The reply names its group by a code of its own, which a refusal of the whole uses.
const SHARE_OFFSETS: &[Each] = &[each("Groups", "Groups")
    .echo(&[("GroupId", "GroupId")])
    .code("ErrorCode", "ErrorMessage")
    .inner(&[each("Topics", "Topics")
        .names(BY_NAME)
        .echo(TOPIC_NAME)
        .inner(&[each("Partitions", "Partitions")
            .echo(&[("", "PartitionIndex")])
            .code("ErrorCode", "ErrorMessage")])])];

pub(super) const ROWS: &[Row] = &[
    row(10, Operation::FindCoordinator, GROUP_AUTHORIZATION_FAILED)
        .code(Code::ByKeyType)
        .set(NO_NODE)
        .items(&[each("CoordinatorKeys", "Coordinators")
            .echo(&[("", "Key")])
            .set(NO_NODE)
            .code("ErrorCode", "ErrorMessage")]),
    row(11, Operation::JoinGroup, GROUP_AUTHORIZATION_FAILED),
    row(12, Operation::Heartbeat, GROUP_AUTHORIZATION_FAILED),
    row(13, Operation::LeaveGroup, GROUP_AUTHORIZATION_FAILED),
    row(14, Operation::SyncGroup, GROUP_AUTHORIZATION_FAILED),
    row(15, Operation::DescribeGroups, GROUP_AUTHORIZATION_FAILED).items(&[described("Groups")]),
    row(16, Operation::ListGroups, GROUP_AUTHORIZATION_FAILED),
    row(42, Operation::DeleteGroups, GROUP_AUTHORIZATION_FAILED)
        .items(&[each("GroupsNames", "Results")
            .echo(&[("", "GroupId")])
            .code("ErrorCode", "ErrorMessage")])
        .others(&[other("group", &["GroupsNames"], "")]),
    row(47, Operation::OffsetDelete, GROUP_AUTHORIZATION_FAILED)
        .items(&[each("Topics", "Topics")
            .names(Names::Topic("Name", ""))
            .echo(&[("Name", "Name")])
            .inner(&[each("Partitions", "Partitions")
                .echo(&[("PartitionIndex", "PartitionIndex")])
                .code("ErrorCode", "")])])
        .others(&[GROUP]),
    // A member is told of its group alone: who may not use one of its topics does not enter, as a
    // broker's authorizer has it.
    row(
        68,
        Operation::ConsumerGroupHeartbeat,
        GROUP_AUTHORIZATION_FAILED,
    )
    .denial(Denial::Whole),
    row(
        69,
        Operation::ConsumerGroupDescribe,
        GROUP_AUTHORIZATION_FAILED,
    )
    .items(&[described("GroupIds")]),
    row(
        76,
        Operation::ShareGroupHeartbeat,
        GROUP_AUTHORIZATION_FAILED,
    )
    .denial(Denial::Whole),
    row(
        77,
        Operation::ShareGroupDescribe,
        GROUP_AUTHORIZATION_FAILED,
    )
    .items(&[described("GroupIds")]),
    // Refused as one: its reply has records, which are inspected elsewhere.
    row(78, Operation::Fetch, TOPIC_AUTHORIZATION_FAILED),
    // What is left goes on even when it is nothing: the broker counts the requests of the session.
    row(79, Operation::ShareAcknowledge, GROUP_AUTHORIZATION_FAILED)
        .items(&[each("Topics", "Responses")
            .names(Names::Topic("", "TopicId"))
            .echo(&[("TopicId", "TopicId")])
            .inner(SHARE_PARTITIONS)])
        .goes_on_empty(),
    row(
        88,
        Operation::StreamsGroupHeartbeat,
        GROUP_AUTHORIZATION_FAILED,
    )
    .denial(Denial::Whole),
    row(
        89,
        Operation::StreamsGroupDescribe,
        GROUP_AUTHORIZATION_FAILED,
    )
    .items(&[described("GroupIds")]),
    row(
        90,
        Operation::DescribeShareGroupOffsets,
        GROUP_AUTHORIZATION_FAILED,
    )
    .items(SHARE_OFFSETS)
    .tells(&[tells(&["Groups", "Topics"], BY_NAME)]),
    row(91, Operation::AlterShareGroupOffsets, POLICY_VIOLATION)
        .items(&[each("Topics", "Responses")
            .names(BY_NAME)
            .echo(TOPIC_NAME)
            .inner(SHARE_PARTITIONS)])
        .topic_code(POLICY_VIOLATION)
        .others(&[GROUP]),
    row(92, Operation::DeleteShareGroupOffsets, POLICY_VIOLATION)
        .items(&[each("Topics", "Responses")
            .names(BY_NAME)
            .echo(TOPIC_NAME)
            .code("ErrorCode", "ErrorMessage")])
        .topic_code(POLICY_VIOLATION)
        .others(&[GROUP]),
    row(
        93,
        Operation::StreamsGroupTopologyDescriptionUpdate,
        GROUP_AUTHORIZATION_FAILED,
    ),
];
