//! kafka-protocol is the oracle: what the table describes, it decodes to the last byte and encodes
//! back to the same bytes, and so does the tree.
#![allow(clippy::unwrap_used)]

use super::samples::{Sample, sample};
use super::value::{Struct, Value};
use super::*;
use crate::kafka::reader::Malformed;
use crate::kafka::topic::TopicId;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, Message as _, Request};
use proptest::prelude::*;

/// Calls a generic function for every request that kafka-protocol knows.
macro_rules! every_request {
    ($call:ident $(, $argument:expr)*) => {
        every_request!(@ $call ($($argument),*)
            ProduceRequest FetchRequest ListOffsetsRequest MetadataRequest OffsetCommitRequest
            OffsetFetchRequest FindCoordinatorRequest JoinGroupRequest HeartbeatRequest
            LeaveGroupRequest SyncGroupRequest DescribeGroupsRequest ListGroupsRequest
            SaslHandshakeRequest ApiVersionsRequest CreateTopicsRequest DeleteTopicsRequest
            DeleteRecordsRequest InitProducerIdRequest OffsetForLeaderEpochRequest
            AddPartitionsToTxnRequest AddOffsetsToTxnRequest EndTxnRequest WriteTxnMarkersRequest
            TxnOffsetCommitRequest DescribeAclsRequest CreateAclsRequest DeleteAclsRequest
            DescribeConfigsRequest AlterConfigsRequest AlterReplicaLogDirsRequest
            DescribeLogDirsRequest SaslAuthenticateRequest CreatePartitionsRequest
            CreateDelegationTokenRequest RenewDelegationTokenRequest ExpireDelegationTokenRequest
            DescribeDelegationTokenRequest DeleteGroupsRequest ElectLeadersRequest
            IncrementalAlterConfigsRequest AlterPartitionReassignmentsRequest
            ListPartitionReassignmentsRequest OffsetDeleteRequest DescribeClientQuotasRequest
            AlterClientQuotasRequest DescribeUserScramCredentialsRequest
            AlterUserScramCredentialsRequest DescribeQuorumRequest UpdateFeaturesRequest
            DescribeClusterRequest DescribeProducersRequest UnregisterBrokerRequest
            DescribeTransactionsRequest ListTransactionsRequest ConsumerGroupHeartbeatRequest
            ConsumerGroupDescribeRequest GetTelemetrySubscriptionsRequest PushTelemetryRequest
            ListConfigResourcesRequest DescribeTopicPartitionsRequest ShareGroupHeartbeatRequest
            ShareGroupDescribeRequest ShareFetchRequest ShareAcknowledgeRequest
            AddRaftVoterRequest RemoveRaftVoterRequest InitializeShareGroupStateRequest
            ReadShareGroupStateRequest WriteShareGroupStateRequest DeleteShareGroupStateRequest
            ReadShareGroupStateSummaryRequest DescribeShareGroupOffsetsRequest
            AlterShareGroupOffsetsRequest DeleteShareGroupOffsetsRequest)
    };
    (@ $call:ident $arguments:tt $($request:ident)*) => {
        [$(every_request!(@@ $call $request $arguments)),*]
    };
    (@@ $call:ident $request:ident ($($argument:expr),*)) => { $call::<$request>($($argument),*) };
}

/// Both sides of one API, in every version that the table and kafka-protocol both know.
fn agrees<R>(seed: u64) -> i16
where
    R: Request + Decodable + Encodable,
    R::Response: Decodable + Encodable,
{
    let pair = pair(R::KEY).unwrap();
    for (valid, message) in [
        (R::VERSIONS, &pair.request),
        (<R::Response>::VERSIONS, &pair.response),
    ] {
        assert_eq!(valid.min, message.versions.0, "{}", message.name);
    }
    let newest = R::VERSIONS.max.min(<R::Response>::VERSIONS.max);
    for version in R::VERSIONS.min..=newest {
        let flexible = R::header_version(version) == 2;
        assert_eq!(pair.request.is_flexible(version), flexible, "{}", R::KEY);
        same_bytes::<R>(&pair.request, version, seed);
        same_bytes::<R::Response>(&pair.response, version, seed);
    }
    R::KEY
}

/// What a sample of ours says, kafka-protocol reads and writes again, and the tree does so too.
fn same_bytes<M: Decodable + Encodable>(message: &'static Message, version: i16, seed: u64) {
    let name = format!("{} v{version}", message.name);
    let sample = Sample::of(message, version, seed, false);
    let mut rest = Bytes::copy_from_slice(&sample);
    let theirs = M::decode(&mut rest, version).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(rest.is_empty(), "{name} leaves bytes");
    let mut back = BytesMut::new();
    theirs.encode(&mut back, version).unwrap();
    assert_eq!(back, sample, "{name}");
    let tree = decode(message, version, &back).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(encode(message, version, &tree), back, "{name}");
    let checked = check(message, version, &back).unwrap();
    assert!(!checked.unknown_tags, "{name}");
}

/// Every message of the table, in every version.
fn every_message() -> impl Iterator<Item = (&'static Message, i16)> {
    let pairs = table::BY_KEY.iter().flatten();
    let messages = pairs.flat_map(|pair| [&pair.request, &pair.response]);
    messages.flat_map(|message| {
        (message.versions.0..=message.versions.1).map(move |version| (message, version))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_table_is_what_kafka_protocol_reads(seed in any::<u64>()) {
        let keys = every_request!(agrees, seed);
        // Streams groups and UnregisterController are newer than kafka-protocol 0.18.
        let known = |key: i16| keys.contains(&key) || [88, 89, 93, 94].contains(&key);
        let missing: Vec<_> = (0..100).filter(|key| pair(*key).is_some() && !known(*key)).collect();
        prop_assert!(missing.is_empty(), "no test for {missing:?}");
    }

    #[test]
    fn unknown_tags_are_noticed_and_stripped(seed in any::<u64>()) {
        for (message, version) in every_message() {
            let plain = sample(message, version, seed);
            let tagged = Sample::of(message, version, seed, true);
            let checked = check(message, version, &tagged).unwrap();
            prop_assert_eq!(checked.unknown_tags, message.is_flexible(version));
            let mut stripped = Vec::new();
            strip(message, version, &tagged, &mut stripped).unwrap();
            prop_assert_eq!(&stripped, &plain, "{} v{}", message.name, version);
            let tree = decode(message, version, &tagged).unwrap();
            prop_assert_eq!(&tree, &decode(message, version, &plain).unwrap());
            prop_assert_eq!(&encode(message, version, &tree), &plain);
        }
    }

    #[test]
    fn walk_copy_and_tree_agree_on_damaged_bytes(
        seed in any::<u64>(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        for (message, version) in every_message() {
            let mut bytes = Sample::of(message, version, seed, seed % 2 == 0);
            if bytes.is_empty() {
                continue;
            }
            let at = at.index(bytes.len());
            bytes[at] = byte;
            agree_on(message, version, &bytes);
            bytes.truncate(at);
            agree_on(message, version, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        for (message, version) in every_message() {
            agree_on(message, version, &bytes);
        }
    }
}

/// The three walks say the same of these bytes; the tree may refuse a string that is not UTF-8.
fn agree_on(message: &'static Message, version: i16, bytes: &[u8]) {
    let checked = check(message, version, bytes);
    let mut copied = Vec::new();
    let copy = strip(message, version, bytes, &mut copied);
    assert_eq!(checked.map(drop), copy);
    assert!(copied.len() <= bytes.len());
    match decode(message, version, bytes) {
        Ok(tree) => {
            let again = encode(message, version, &tree);
            assert!(checked.is_ok() && check(message, version, &again).is_ok());
            let read = decode(message, version, &again).unwrap();
            assert_eq!(encode(message, version, &read), again);
        }
        Err(refused) if checked.is_ok() => assert_eq!(refused.what, "string is not UTF-8"),
        Err(refused) => assert!(refused.at <= bytes.len()),
    }
}

/// A count or length that claims everything, at every place of a valid message.
#[test]
fn claims_that_the_bytes_cannot_hold_are_refused() {
    for (message, version) in every_message() {
        let sample = sample(message, version, 7);
        let mut refused = 0;
        for at in 0..sample.len() {
            for claim in [
                &[0x7f, 0xff, 0xff, 0xff][..],
                &[0xff, 0xff, 0xff, 0xff, 0x0f],
            ] {
                let mut hostile = sample[..at].to_vec();
                hostile.extend_from_slice(claim);
                hostile.extend_from_slice(&sample[at..]);
                refused += usize::from(decode(message, version, &hostile).is_err());
            }
        }
        assert!(
            refused > 0 || sample.is_empty(),
            "{} v{version}",
            message.name
        );
    }
}

/// What the walks rely on.
#[test]
fn the_table_is_well_formed() {
    fn depth(fields: &'static [Field]) -> usize {
        let first_tag = fields.iter().position(|field| field.tag.is_some());
        let (plain, tagged) = fields.split_at(first_tag.unwrap_or(fields.len()));
        assert!(plain.iter().all(|field| field.tag.is_none()));
        for (number, field) in tagged.iter().enumerate() {
            assert_eq!(field.tag, Some(number as u32), "{}", field.name);
        }
        for field in fields {
            assert!(!matches!(field.kind, Kind::Array(Kind::Array(_))));
            let same = fields.iter().filter(|other| other.name == field.name);
            assert_eq!(same.count(), 1, "{}", field.name);
        }
        let inside = fields.iter().filter_map(Field::fields);
        1 + inside.map(depth).max().unwrap_or(0)
    }
    for (message, _) in every_message() {
        assert!(depth(message.fields) <= 8, "{}", message.name);
        assert!(message.versions.0 <= message.versions.1);
    }
}

#[test]
fn tags_come_once_and_in_order() {
    let message = request(1, 12).unwrap(); // Fetch
    let body = |tags: &[u8]| {
        let mut body = vec![0; 4 + 4 + 4 + 4 + 1 + 4 + 4];
        body.extend_from_slice(&[1, 1, 1]); // no topics, nothing forgotten, empty rack
        body.extend_from_slice(tags);
        check(message, 12, &body).map(|checked| checked.unknown_tags)
    };
    let refused = |what| Err::<bool, _>(what);
    let what = |tags: &[u8]| body(tags).map_err(|malformed: Malformed| malformed.what);
    assert_eq!(what(&[1, 0, 3, 3, b'i', b'd']), Ok(false), "cluster id");
    assert_eq!(what(&[1, 9, 0]), Ok(true));
    let other_size = refused("a tagged field of another size");
    assert_eq!(what(&[1, 0, 4, 3, b'i', b'd', 0]), other_size);
    let order = refused("tagged fields out of order");
    assert_eq!(what(&[2, 9, 0, 0, 1, 0]), order);
    assert_eq!(what(&[2, 9, 0, 9, 0]), order);
}

#[test]
fn null_is_refused_where_kafka_refuses_it() {
    let metadata = |version| check(request(3, version).unwrap(), version, &[0xff; 4]);
    assert_eq!(metadata(0).unwrap_err().what, "null where none may be");
    assert!(metadata(1).is_ok(), "all topics");
}

#[test]
fn a_tree_is_bounded() {
    let message = request(75, 0).unwrap(); // DescribeTopicPartitions
    let topics = crate::limits::MESSAGE_VALUES_MAX / 2 + 1;
    let mut body = Vec::new();
    let mut out = crate::kafka::writer::Writer::new(&mut body);
    out.array_len(true, Some(topics));
    (0..topics).for_each(|_| out.raw(&[1, 0]));
    out.raw(&[0, 0, 0, 0, 0xff, 0]);
    assert!(check(message, 0, &body).is_ok());
    assert_eq!(
        decode(message, 0, &body).unwrap_err().what,
        "too many values"
    );
    let some = check_some(message, 0, &body, topics - 1);
    assert_eq!(some.unwrap_err().what, "too many elements");
}

#[test]
fn a_reply_is_built_from_defaults() {
    let message = response(20, 6).unwrap(); // DeleteTopics
    let mut reply = message.defaults();
    let mut topic = reply.element("Responses");
    assert!(topic.is_null("Name") || topic.text("Name") == Some(""));
    assert_eq!(topic.i32("NoSuchField"), 0);
    assert!(topic.set("Name", "orders"));
    assert!(topic.set("TopicId", TopicId([7; 16])));
    assert!(topic.set("ErrorCode", 29i16));
    assert!(!topic.set("NoSuchField", 1i16));
    assert!(reply.push("Responses", topic));
    assert!(!reply.push("ThrottleTimeMs", ()));
    let bytes = encode(message, 6, &reply);
    let mut rest = &bytes[..];
    let theirs = DeleteTopicsResponse::decode(&mut rest, 6).unwrap();
    let only = &theirs.responses[0];
    assert_eq!(only.name.as_ref().unwrap().as_str(), "orders");
    assert_eq!((only.error_code, &only.error_message), (29, &None));
    assert_eq!(only.topic_id.as_bytes(), &[7; 16]);
    let read = decode(message, 6, &bytes).unwrap();
    assert_eq!(read, reply);
    let codes: Vec<_> = read
        .structs("Responses")
        .map(|topic| topic.i16("ErrorCode"))
        .collect();
    assert_eq!(codes, [29]);
}

/// Kafka's defaults, as kafka-protocol has them, for both messages of every API.
fn same_defaults<R>() -> i16
where
    R: Request + Decodable + Encodable + Default,
    R::Response: Decodable + Encodable + Default,
{
    let pair = pair(R::KEY).unwrap();
    let newest = R::VERSIONS.max.min(<R::Response>::VERSIONS.max);
    let mut theirs = BytesMut::new();
    R::default().encode(&mut theirs, newest).unwrap();
    let ours = encode(&pair.request, newest, &pair.request.defaults());
    assert_eq!(ours, theirs, "{} v{newest}", pair.request.name);
    theirs.clear();
    <R::Response>::default()
        .encode(&mut theirs, newest)
        .unwrap();
    let ours = encode(&pair.response, newest, &pair.response.defaults());
    assert_eq!(ours, theirs, "{} v{newest}", pair.response.name);
    R::KEY
}

#[test]
fn defaults_are_those_of_kafka_protocol() {
    every_request!(same_defaults);
}

#[test]
fn topic_ids_are_found_wherever_they_stand() {
    let message = request(1, 17).unwrap(); // Fetch
    let mut body = message.defaults();
    for (array, id) in [("Topics", 1), ("Topics", 0), ("ForgottenTopicsData", 2)] {
        let mut topic = body.element(array);
        topic.set("TopicId", TopicId([id; 16]));
        if array == "Topics" {
            let mut partition = topic.element("Partitions");
            partition.set("ReplicaDirectoryId", [9; 16]);
            topic.push("Partitions", partition);
        }
        body.push(array, topic);
    }
    let mut found = Vec::new();
    let bytes = encode(message, 17, &body);
    topic_ids(message, 17, &bytes, &mut |id| found.push(id)).unwrap();
    assert_eq!(found, [TopicId([1; 16]), TopicId([2; 16])]);
}

#[test]
fn a_pattern_that_the_broker_evaluates_is_seen() {
    let message = request(68, 1).unwrap(); // ConsumerGroupHeartbeat
    for (pattern, seen) in [
        (Value::Null, false),
        ("".into(), false),
        ("a.*".into(), true),
    ] {
        let mut body = message.defaults();
        body.set("SubscribedTopicRegex", pattern);
        let bytes = encode(message, 1, &body);
        assert_eq!(has_topic_regex(message, 1, &bytes), Ok(seen));
    }
    let message = request(88, 0).unwrap(); // StreamsGroupHeartbeat
    let mut body = message.defaults();
    let mut topology = body.element("Topology");
    let mut part: Struct = topology.element("Subtopologies");
    part.push("SourceTopicRegex", "orders.*");
    topology.push("Subtopologies", part);
    body.set("Topology", topology);
    let bytes = encode(message, 0, &body);
    assert_eq!(has_topic_regex(message, 0, &bytes), Ok(true));
}
