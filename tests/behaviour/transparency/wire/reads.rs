//! Fetches past what there is, and members that a group does not know.

use super::{Ask, Case, compare};
use crate::Outcome;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest, SyncGroupRequest,
    TopicName,
};
use lockgate_tests::requests::{fetch_request, text};

const READS: &[(&str, Ask)] = &[
    ("a Fetch past the end", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 0, 1_000_000))
    }),
    ("a Fetch before the beginning", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 0, -5))
    }),
    ("a Fetch of a partition nobody has", |c| {
        c.fetch(&fetch_request(&c.topic.clone(), 99, 0))
    }),
    ("a Fetch of a topic nobody has", |c| {
        c.fetch(&fetch_request(&format!("plain-{}", c.run), 0, 0))
    }),
    ("a Fetch by an epoch to come", |c| {
        let mut request = fetch_request(&c.topic, 0, 0);
        request.topics[0].partitions[0].current_leader_epoch = 99;
        c.fetch(&request)
    }),
    ("a Fetch in a session nobody has", |c| {
        let request = fetch_request(&c.topic, 0, 0);
        c.fetch(&request.with_session_id(77).with_session_epoch(3))
    }),
    ("a Fetch in a session of another epoch", |c| {
        let request = fetch_request(&c.topic, 0, 0).with_session_epoch(0);
        let session = c.wire.call(&request, 12)?.session_id;
        c.fetch(&request.with_session_id(session).with_session_epoch(9))
    }),
    ("a heartbeat of a member nobody knows", |c| {
        let request = HeartbeatRequest::default()
            .with_group_id(c.group())
            .with_generation_id(1)
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("a heartbeat of another generation", |c| {
        let member = join(c)?;
        let request = HeartbeatRequest::default()
            .with_group_id(c.group())
            .with_generation_id(99)
            .with_member_id(text(&member));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("a sync of a member nobody knows", |c| {
        let request = SyncGroupRequest::default()
            .with_group_id(c.group())
            .with_generation_id(1)
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 4)?.error_code])
    }),
    ("the leave of a member nobody knows", |c| {
        let request = LeaveGroupRequest::default()
            .with_group_id(c.group())
            .with_member_id(text("nobody"));
        Ok(vec![c.wire.call(&request, 2)?.error_code])
    }),
    ("a join without a protocol", |c| {
        let request = JoinGroupRequest::default()
            .with_group_id(c.group())
            .with_session_timeout_ms(10_000)
            .with_rebalance_timeout_ms(10_000);
        Ok(vec![c.wire.call(&request, 7)?.error_code])
    }),
    ("a commit of a member nobody knows", |c| {
        join(c)?;
        commit(c, 1, "nobody", "")
    }),
    ("a commit of another generation", |c| {
        let member = join(c)?;
        commit(c, 99, &member, "")
    }),
    ("a commit with more to say than brokers keep", |c| {
        commit(c, -1, "", &"m".repeat(5_000))
    }),
];

/// Joins the group of this case as its first member; the member's id.
pub fn join(case: &mut Case) -> anyhow::Result<String> {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let mut request = JoinGroupRequest::default()
        .with_group_id(case.group())
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(10_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let told = case.wire.call(&request, 7)?;
    request.member_id = told.member_id.clone();
    case.wire.call(&request, 7)?;
    Ok(told.member_id.to_string())
}

pub fn commit(
    case: &mut Case,
    generation: i32,
    member: &str,
    more: &str,
) -> anyhow::Result<Vec<i16>> {
    let part = OffsetCommitRequestPartition::default()
        .with_committed_offset(0)
        .with_committed_metadata(Some(text(more)));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(TopicName(text(&case.topic)))
        .with_partitions(vec![part]);
    let request = OffsetCommitRequest::default()
        .with_group_id(case.group())
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(text(member))
        .with_topics(vec![topic]);
    let told = case.wire.call(&request, 8)?;
    let parts = told.topics.iter().flat_map(|t| &t.partitions);
    Ok(parts.map(|p| p.error_code).collect())
}

#[test]
fn what_is_said_of_fetches_and_groups() -> Outcome {
    compare(READS, &[])
}
