//! The table itself: which versions are understood, and what is done with them.
//!
//! Owns: every line, and what is refused on purpose. Refuses: whatever is in neither list. Stays
//! true: each API and version that the newest Kafka offers to clients is in one of the lists; a
//! behaviour test asks a broker.
//!
//! Why some end before Kafka does:
//!
//! | API | ends at | the next one |
//! | --- | --- | --- |
//! | InitProducerId | 5 | 6 is two-phase commit, unstable (KIP-939) |
//! | AddPartitionsToTxn | 3 | 4 is for brokers only (KIP-890) |
//!
//! What each newer version brought that had to be judged: Produce 10, Fetch 16, ShareFetch and
//! ShareAcknowledge tell brokers' addresses (KIP-951, KIP-932); Produce 13, Fetch 13, OffsetCommit
//! and OffsetFetch 10, DeleteTopics and TxnOffsetCommit 6 name topics by id (KIP-516, KIP-848,
//! KIP-1319); Produce 12, EndTxn and TxnOffsetCommit 5 are transactions v2 (KIP-890);
//! ConsumerGroupHeartbeat 1 may have a topic pattern that the broker evaluates (KIP-848).

use super::keys::*;
use super::{Api, Condition, Refused, Treatment, api};
use Condition::{OwnLogin, Telemetry};
use Treatment::{Answer, Inspect, Relay, Rewrite};

/// The table, in the order of keys.
#[rustfmt::skip]
pub const TABLE: &[Api] = &[
    //  key                             versions  treatment
    api(PRODUCE,                                   (3, 13),   Inspect),
    api(FETCH,                                     (4, 18),   Inspect),
    api(LIST_OFFSETS,                              (1, 11),   Relay),
    api(METADATA,                                  (0, 13),   Rewrite),
    api(OFFSET_COMMIT,                             (2, 10),   Relay),
    api(OFFSET_FETCH,                              (1, 10),   Relay),
    api(FIND_COORDINATOR,                          (0, 6),    Rewrite),
    api(JOIN_GROUP,                                (0, 9),    Relay),
    api(HEARTBEAT,                                 (0, 4),    Relay),
    api(LEAVE_GROUP,                               (0, 5),    Relay),
    api(SYNC_GROUP,                                (0, 5),    Relay),
    api(DESCRIBE_GROUPS,                           (0, 6),    Relay),
    api(LIST_GROUPS,                               (0, 5),    Relay),
    api(SASL_HANDSHAKE,                            (0, 1),    Answer),
    api(API_VERSIONS,                              (0, 5),    Answer),
    api(CREATE_TOPICS,                             (2, 7),    Relay),
    api(DELETE_TOPICS,                             (1, 6),    Relay),
    api(DELETE_RECORDS,                            (0, 2),    Relay),
    api(INIT_PRODUCER_ID,                          (0, 5),    Relay),
    api(OFFSET_FOR_LEADER_EPOCH,                   (2, 4),    Relay),
    api(ADD_PARTITIONS_TO_TXN,                     (0, 3),    Relay),
    api(ADD_OFFSETS_TO_TXN,                        (0, 4),    Relay),
    api(END_TXN,                                   (0, 5),    Relay),
    api(TXN_OFFSET_COMMIT,                         (0, 6),    Relay),
    api(DESCRIBE_ACLS,                             (1, 3),    Relay),
    api(CREATE_ACLS,                               (1, 3),    Relay),
    api(DELETE_ACLS,                               (1, 3),    Relay),
    api(DESCRIBE_CONFIGS,                          (1, 4),    Rewrite),
    api(ALTER_CONFIGS,                             (0, 2),    Relay),
    api(ALTER_REPLICA_LOG_DIRS,                    (1, 2),    Relay),
    api(DESCRIBE_LOG_DIRS,                         (1, 5),    Relay),
    api(SASL_AUTHENTICATE,                         (0, 2),    Answer),
    api(CREATE_PARTITIONS,                         (0, 3),    Relay),
    api(CREATE_DELEGATION_TOKEN,                   (1, 3),    Relay).only(OwnLogin),
    api(RENEW_DELEGATION_TOKEN,                    (1, 2),    Relay).only(OwnLogin),
    api(EXPIRE_DELEGATION_TOKEN,                   (1, 2),    Relay).only(OwnLogin),
    api(DESCRIBE_DELEGATION_TOKEN,                 (1, 3),    Relay).only(OwnLogin),
    api(DELETE_GROUPS,                             (0, 3),    Relay),
    api(ELECT_LEADERS,                             (0, 2),    Relay),
    api(INCREMENTAL_ALTER_CONFIGS,                 (0, 1),    Relay),
    api(ALTER_PARTITION_REASSIGNMENTS,             (0, 1),    Relay),
    api(LIST_PARTITION_REASSIGNMENTS,              (0, 0),    Relay),
    api(OFFSET_DELETE,                             (0, 0),    Relay),
    api(DESCRIBE_CLIENT_QUOTAS,                    (0, 1),    Relay),
    api(ALTER_CLIENT_QUOTAS,                       (0, 1),    Relay),
    api(DESCRIBE_USER_SCRAM_CREDENTIALS,           (0, 0),    Relay),
    api(ALTER_USER_SCRAM_CREDENTIALS,              (0, 0),    Relay),
    api(DESCRIBE_QUORUM,                           (0, 2),    Rewrite),
    api(UPDATE_FEATURES,                           (0, 2),    Relay),
    api(DESCRIBE_CLUSTER,                          (0, 2),    Rewrite),
    api(DESCRIBE_PRODUCERS,                        (0, 0),    Relay),
    api(UNREGISTER_BROKER,                         (0, 0),    Relay),
    api(DESCRIBE_TRANSACTIONS,                     (0, 0),    Relay),
    api(LIST_TRANSACTIONS,                         (0, 2),    Relay),
    api(CONSUMER_GROUP_HEARTBEAT,                  (0, 1),    Relay),
    api(CONSUMER_GROUP_DESCRIBE,                   (0, 1),    Relay),
    api(GET_TELEMETRY_SUBSCRIPTIONS,               (0, 0),    Relay).only(Telemetry),
    api(PUSH_TELEMETRY,                            (0, 0),    Relay).only(Telemetry),
    api(LIST_CONFIG_RESOURCES,                     (0, 1),    Relay),
    api(DESCRIBE_TOPIC_PARTITIONS,                 (0, 0),    Relay),
    api(SHARE_GROUP_HEARTBEAT,                     (1, 1),    Relay),
    api(SHARE_GROUP_DESCRIBE,                      (1, 1),    Relay),
    api(SHARE_FETCH,                               (1, 2),    Inspect),
    api(SHARE_ACKNOWLEDGE,                         (1, 2),    Rewrite),
    api(REMOVE_RAFT_VOTER,                         (0, 0),    Relay),
    api(STREAMS_GROUP_HEARTBEAT,                   (0, 1),    Relay),
    api(STREAMS_GROUP_DESCRIBE,                    (0, 1),    Relay),
    api(DESCRIBE_SHARE_GROUP_OFFSETS,              (0, 1),    Relay),
    api(ALTER_SHARE_GROUP_OFFSETS,                 (0, 0),    Relay),
    api(DELETE_SHARE_GROUP_OFFSETS,                (0, 0),    Relay),
    api(STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE, (0, 0),    Relay),
    api(UNREGISTER_CONTROLLER,                     (0, 0),    Relay),
];

/// What brokers offer and the gateway never passes, and why; in the order of keys.
#[rustfmt::skip]
pub const REFUSED: &[Refused] = &[
    refused(INIT_PRODUCER_ID,               (6, 6), "two-phase commit: not stable in Kafka (KIP-939)"),
    refused(ADD_PARTITIONS_TO_TXN,          (4, 5), "sent by brokers only (KIP-890)"),
    refused(WRITE_TXN_MARKERS,              (1, 2), "sent by brokers only"),
    refused(ADD_RAFT_VOTER,                 (0, 1), "names addresses of a controller; talk to the cluster itself"),
    refused(INITIALIZE_SHARE_GROUP_STATE,   (0, 0), "sent by brokers only (KIP-932)"),
    refused(READ_SHARE_GROUP_STATE,         (0, 0), "sent by brokers only (KIP-932)"),
    refused(WRITE_SHARE_GROUP_STATE,        (0, 1), "sent by brokers only (KIP-932)"),
    refused(DELETE_SHARE_GROUP_STATE,       (0, 0), "sent by brokers only (KIP-932)"),
    refused(READ_SHARE_GROUP_STATE_SUMMARY, (0, 1), "sent by brokers only (KIP-932)"),
];

const fn refused(key: i16, versions: (i16, i16), reason: &'static str) -> Refused {
    Refused {
        key,
        versions,
        reason,
    }
}
