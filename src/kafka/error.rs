//! The Kafka error codes that the gateway itself sends or acts on.
//!
//! Owns: their names and numbers, as in Kafka's `Errors.java`. Refuses: codes the gateway never
//! uses. Stays true: a test compares each with kafka-protocol's own list.

/// No error.
pub const NONE: i16 = 0;
/// The server failed in a way that it does not name.
pub const UNKNOWN_SERVER_ERROR: i16 = -1;
/// The offset is outside what the broker holds.
pub const OFFSET_OUT_OF_RANGE: i16 = 1;
/// The batch's checksum does not fit, or its bytes are not a record batch.
pub const CORRUPT_MESSAGE: i16 = 2;
/// No such topic or partition here.
pub const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
/// "Not written": the most widely retried code, and what a wait ends with.
pub const NOT_LEADER_OR_FOLLOWER: i16 = 6;
/// The request was not done in time; it may have landed.
pub const REQUEST_TIMED_OUT: i16 = 7;
/// The batch is bigger than the broker (or the gateway after masking) takes.
pub const MESSAGE_TOO_LARGE: i16 = 10;
/// The coordinator is loading its state: try again.
pub const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
/// No coordinator can be reached: try again.
pub const COORDINATOR_NOT_AVAILABLE: i16 = 15;
/// Another broker is the coordinator.
pub const NOT_COORDINATOR: i16 = 16;
/// The leader has the batch, too few replicas do; it may stay or go.
pub const NOT_ENOUGH_REPLICAS_AFTER_APPEND: i16 = 20;
/// The principal may not use the topic.
pub const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
/// The principal may not use the group.
pub const GROUP_AUTHORIZATION_FAILED: i16 = 30;
/// The principal may not do this to the cluster.
pub const CLUSTER_AUTHORIZATION_FAILED: i16 = 31;
/// The SASL mechanism is not offered.
pub const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
/// The request does not fit the state of the login.
pub const ILLEGAL_SASL_STATE: i16 = 34;
/// The API key or its version is not offered.
pub const UNSUPPORTED_VERSION: i16 = 35;
/// The request contradicts itself.
pub const INVALID_REQUEST: i16 = 42;
/// A rule says no; the message says which.
pub const POLICY_VIOLATION: i16 = 44;
/// The sequence number leaves a gap.
pub const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
/// The broker has this very batch already.
pub const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;
/// The principal may not use the transactional id.
pub const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: i16 = 53;
/// Another part of the same request was denied, so nothing was done.
pub const OPERATION_NOT_ATTEMPTED: i16 = 55;
/// The broker's disk failed.
pub const KAFKA_STORAGE_ERROR: i16 = 56;
/// The login failed; clients treat it as final.
pub const SASL_AUTHENTICATION_FAILED: i16 = 58;
/// The principal may not use delegation tokens.
pub const DELEGATION_TOKEN_AUTHORIZATION_FAILED: i16 = 65;
/// The fetch session is not known.
pub const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
/// The fetch session's epoch is not the expected one.
pub const INVALID_FETCH_SESSION_EPOCH: i16 = 71;
/// The codec is not accepted.
pub const UNSUPPORTED_COMPRESSION_TYPE: i16 = 76;
/// A record does not fit the topic.
pub const INVALID_RECORD: i16 = 87;
/// No topic has this id.
pub const UNKNOWN_TOPIC_ID: i16 = 100;
/// The topic pattern is not accepted (KIP-848).
pub const INVALID_REGULAR_EXPRESSION: i16 = 128;
/// The client must start from its bootstrap addresses (KIP-1102).
pub const REBOOTSTRAP_REQUIRED: i16 = 129;

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::ResponseError as E;

    #[test]
    fn the_numbers_are_kafkas() {
        let pairs = [
            (UNKNOWN_SERVER_ERROR, E::UnknownServerError),
            (OFFSET_OUT_OF_RANGE, E::OffsetOutOfRange),
            (CORRUPT_MESSAGE, E::CorruptMessage),
            (UNKNOWN_TOPIC_OR_PARTITION, E::UnknownTopicOrPartition),
            (NOT_LEADER_OR_FOLLOWER, E::NotLeaderOrFollower),
            (REQUEST_TIMED_OUT, E::RequestTimedOut),
            (MESSAGE_TOO_LARGE, E::MessageTooLarge),
            (COORDINATOR_LOAD_IN_PROGRESS, E::CoordinatorLoadInProgress),
            (COORDINATOR_NOT_AVAILABLE, E::CoordinatorNotAvailable),
            (NOT_COORDINATOR, E::NotCoordinator),
            (
                NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                E::NotEnoughReplicasAfterAppend,
            ),
            (TOPIC_AUTHORIZATION_FAILED, E::TopicAuthorizationFailed),
            (GROUP_AUTHORIZATION_FAILED, E::GroupAuthorizationFailed),
            (CLUSTER_AUTHORIZATION_FAILED, E::ClusterAuthorizationFailed),
            (UNSUPPORTED_SASL_MECHANISM, E::UnsupportedSaslMechanism),
            (ILLEGAL_SASL_STATE, E::IllegalSaslState),
            (UNSUPPORTED_VERSION, E::UnsupportedVersion),
            (INVALID_REQUEST, E::InvalidRequest),
            (POLICY_VIOLATION, E::PolicyViolation),
            (OUT_OF_ORDER_SEQUENCE_NUMBER, E::OutOfOrderSequenceNumber),
            (
                TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                E::TransactionalIdAuthorizationFailed,
            ),
            (OPERATION_NOT_ATTEMPTED, E::OperationNotAttempted),
            (
                DELEGATION_TOKEN_AUTHORIZATION_FAILED,
                E::DelegationTokenAuthorizationFailed,
            ),
            (INVALID_REGULAR_EXPRESSION, E::InvalidRegularExpression),
            (KAFKA_STORAGE_ERROR, E::KafkaStorageError),
            (SASL_AUTHENTICATION_FAILED, E::SaslAuthenticationFailed),
            (FETCH_SESSION_ID_NOT_FOUND, E::FetchSessionIdNotFound),
            (INVALID_FETCH_SESSION_EPOCH, E::InvalidFetchSessionEpoch),
            (UNSUPPORTED_COMPRESSION_TYPE, E::UnsupportedCompressionType),
            (INVALID_RECORD, E::InvalidRecord),
            (UNKNOWN_TOPIC_ID, E::UnknownTopicId),
            (INVALID_REGULAR_EXPRESSION, E::InvalidRegularExpression),
            (REBOOTSTRAP_REQUIRED, E::RebootstrapRequired),
        ];
        for (code, named) in pairs {
            assert_eq!(code, named.code(), "{named:?}");
        }
    }
}
