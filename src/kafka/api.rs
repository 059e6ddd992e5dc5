//! The one table of what the gateway does with each API.
//!
//! Owns: per API key, the versions understood, where its messages turn flexible, and the
//! treatment. Refuses: whatever is not in it, by (key, version): a newer version may carry an
//! address or a topic id that nobody here judges. Stays true: ApiVersions never offers more than
//! this table, and a test pins every line against kafka-protocol.
//!
//! Where the upper versions end, and why:
//!
//! | API | ends at | the next one |
//! | --- | --- | --- |
//! | OffsetCommit, OffsetFetch | 9 | 10 names topics by id (KIP-848) |
//! | AddPartitionsToTxn | 3 | 4 is for brokers only (KIP-890) |
//! | InitProducerId | 5 | 6 is two-phase commit (KIP-939) |
//! | ConsumerGroupHeartbeat | 0 | 1 has a topic pattern that the broker evaluates (KIP-848) |

/// Records towards the broker.
pub const PRODUCE: i16 = 0;
/// Records from the broker.
pub const FETCH: i16 = 1;
/// Offsets by timestamp.
pub const LIST_OFFSETS: i16 = 2;
/// Brokers, topics, leaders.
pub const METADATA: i16 = 3;
/// A group's progress, written.
pub const OFFSET_COMMIT: i16 = 8;
/// A group's progress, read.
pub const OFFSET_FETCH: i16 = 9;
/// Which broker looks after a group or a transactional id.
pub const FIND_COORDINATOR: i16 = 10;
/// Entering a group.
pub const JOIN_GROUP: i16 = 11;
/// Staying in a group.
pub const HEARTBEAT: i16 = 12;
/// Leaving a group.
pub const LEAVE_GROUP: i16 = 13;
/// A group's assignment.
pub const SYNC_GROUP: i16 = 14;
/// Choosing a login mechanism.
pub const SASL_HANDSHAKE: i16 = 17;
/// What the server speaks.
pub const API_VERSIONS: i16 = 18;
/// A producer id and epoch.
pub const INIT_PRODUCER_ID: i16 = 22;
/// Where an epoch's log ends.
pub const OFFSET_FOR_LEADER_EPOCH: i16 = 23;
/// Partitions enter a transaction.
pub const ADD_PARTITIONS_TO_TXN: i16 = 24;
/// A group's offsets enter a transaction.
pub const ADD_OFFSETS_TO_TXN: i16 = 25;
/// A transaction ends.
pub const END_TXN: i16 = 26;
/// A group's offsets, inside a transaction.
pub const TXN_OFFSET_COMMIT: i16 = 28;
/// One step of a login.
pub const SASL_AUTHENTICATE: i16 = 36;
/// Brokers, for admin clients.
pub const DESCRIBE_CLUSTER: i16 = 60;
/// Membership of a group of the new protocol (KIP-848).
pub const CONSUMER_GROUP_HEARTBEAT: i16 = 68;

/// Membership of a share group (KIP-932).
pub const SHARE_GROUP_HEARTBEAT: i16 = 76;
/// Records from the broker, for a share group.
pub const SHARE_FETCH: i16 = 78;
/// What became of a share group's records.
pub const SHARE_ACKNOWLEDGE: i16 = 79;

/// A first flexible version that never comes.
const NEVER: i16 = i16::MAX;

/// What is done with a request and its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// Both pass as they are.
    Relay,
    /// The records in it are walked, scanned and judged.
    Inspect,
    /// The request passes; addresses in its reply are replaced.
    Rewrite,
    /// The gateway answers by itself; the broker never sees it.
    Answer,
    /// An error of the right shape; the broker never sees it.
    Refuse,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// Number on the wire.
    pub key: i16,
    /// Kafka's name for it.
    pub name: &'static str,
    /// Oldest version understood.
    pub min: i16,
    /// Newest version understood.
    pub max: i16,
    /// Oldest version offered when the broker offers it too: below `min` only where clients read
    /// a meaning into it (older librdkafka turns compression off without Produce v0,
    /// KAFKA-18659). A request between the two is refused with UNSUPPORTED_VERSION.
    pub advertised_min: i16,
    /// First version with compact types and tagged fields (KIP-482).
    pub flexible: i16,
    /// What is done with it.
    pub treatment: Treatment,
    /// Whether it may be sent by a client that has not logged in.
    pub before_login: bool,
}

impl Api {
    /// Whether the gateway understands this version.
    pub fn understands(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

const fn api(
    key: i16,
    name: &'static str,
    (min, max): (i16, i16),
    flexible: i16,
    treatment: Treatment,
) -> Api {
    let before_login = matches!(key, SASL_HANDSHAKE | API_VERSIONS | SASL_AUTHENTICATE);
    let advertised_min = if key == PRODUCE { 0 } else { min };
    Api {
        key,
        name,
        min,
        max,
        advertised_min,
        flexible,
        treatment,
        before_login,
    }
}

use Treatment::{Answer, Inspect, Relay, Rewrite};

/// The table, in the order of keys.
#[rustfmt::skip]
pub const TABLE: &[Api] = &[
    //  key                       name                      versions  flexible  treatment
    api(PRODUCE,                  "Produce",                (3, 13),  9,        Inspect),
    api(FETCH,                    "Fetch",                  (4, 18),  12,       Inspect),
    api(LIST_OFFSETS,             "ListOffsets",            (1, 10),  6,        Relay),
    api(METADATA,                 "Metadata",               (0, 13),  9,        Rewrite),
    api(OFFSET_COMMIT,            "OffsetCommit",           (2, 9),   8,        Relay),
    api(OFFSET_FETCH,             "OffsetFetch",            (1, 9),   6,        Relay),
    api(FIND_COORDINATOR,         "FindCoordinator",        (0, 6),   3,        Rewrite),
    api(JOIN_GROUP,               "JoinGroup",              (0, 9),   6,        Relay),
    api(HEARTBEAT,                "Heartbeat",              (0, 4),   4,        Relay),
    api(LEAVE_GROUP,              "LeaveGroup",             (0, 5),   4,        Relay),
    api(SYNC_GROUP,               "SyncGroup",              (0, 5),   4,        Relay),
    api(SASL_HANDSHAKE,           "SaslHandshake",          (0, 1),   NEVER,    Answer),
    api(API_VERSIONS,             "ApiVersions",            (0, 4),   3,        Answer),
    api(INIT_PRODUCER_ID,         "InitProducerId",         (0, 5),   2,        Relay),
    api(OFFSET_FOR_LEADER_EPOCH,  "OffsetForLeaderEpoch",   (2, 4),   4,        Relay),
    api(ADD_PARTITIONS_TO_TXN,    "AddPartitionsToTxn",     (0, 3),   3,        Relay),
    api(ADD_OFFSETS_TO_TXN,       "AddOffsetsToTxn",        (0, 4),   3,        Relay),
    api(END_TXN,                  "EndTxn",                 (0, 5),   3,        Relay),
    api(TXN_OFFSET_COMMIT,        "TxnOffsetCommit",        (0, 5),   3,        Relay),
    api(SASL_AUTHENTICATE,        "SaslAuthenticate",       (0, 2),   2,        Answer),
    api(DESCRIBE_CLUSTER,         "DescribeCluster",        (0, 2),   0,        Rewrite),
    api(CONSUMER_GROUP_HEARTBEAT, "ConsumerGroupHeartbeat", (0, 0),   0,        Relay),
    api(SHARE_GROUP_HEARTBEAT,    "ShareGroupHeartbeat",    (1, 1),   0,        Relay),
    api(SHARE_FETCH,              "ShareFetch",             (1, 2),   0,        Inspect),
    api(SHARE_ACKNOWLEDGE,        "ShareAcknowledge",       (1, 2),   0,        Relay),
];

/// The table's line for a key; `None` when the gateway does not know it.
pub fn lookup(key: i16) -> Option<&'static Api> {
    let at = TABLE.binary_search_by_key(&key, |api| api.key).ok()?;
    TABLE.get(at)
}

/// What is done with a request of this key and version: the table's word, and `Refuse` for
/// whatever the table does not understand.
pub fn treatment(key: i16, version: i16) -> Treatment {
    match lookup(key) {
        Some(api) if api.understands(version) => api.treatment,
        _ => Treatment::Refuse,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use kafka_protocol::messages::ApiKey;

    #[test]
    fn every_line_agrees_with_kafka_protocol() {
        for api in TABLE {
            let known = ApiKey::try_from(api.key).unwrap();
            assert_eq!(api.name, format!("{known:?}"));
            let valid = known.valid_versions();
            // kafka-protocol does not know ShareFetch and ShareAcknowledge 2 (KIP-1206, KIP-1222)
            let max = if [SHARE_FETCH, SHARE_ACKNOWLEDGE].contains(&api.key) {
                2
            } else {
                valid.max
            };
            assert!(valid.min <= api.min && api.max <= max, "{}", api.name);
            for version in api.min..=api.max.min(valid.max) {
                let flexible = known.request_header_version(version) == 2;
                assert_eq!(version >= api.flexible, flexible, "{} v{version}", api.name);
            }
        }
    }

    #[test]
    fn keys_are_in_order_and_found() {
        assert!(TABLE.is_sorted_by(|a, b| a.key < b.key));
        for api in TABLE {
            assert_eq!(lookup(api.key), Some(api));
        }
        assert_eq!(lookup(19), None);
        assert_eq!(lookup(-1), None);
    }

    /// The versions where a newer message would carry what nobody here judges. Raising one of
    /// these is a decision, not a clean-up.
    #[test]
    fn versions_that_would_leak_stay_out() {
        for (key, version) in [
            (PRODUCE, 14),
            (FETCH, 19),
            (OFFSET_COMMIT, 10),
            (OFFSET_FETCH, 10),
            (ADD_PARTITIONS_TO_TXN, 4),
            (END_TXN, 6),
            (TXN_OFFSET_COMMIT, 6),
            (SHARE_FETCH, 3),
            (INIT_PRODUCER_ID, 6),
            (CONSUMER_GROUP_HEARTBEAT, 1),
            (PRODUCE, 2),
            (71, 0),
            (19, 7),
        ] {
            assert_eq!(
                treatment(key, version),
                Treatment::Refuse,
                "{key} v{version}"
            );
        }
        assert_eq!(treatment(METADATA, 13), Treatment::Rewrite);
    }

    #[test]
    fn only_the_login_itself_comes_before_the_login() {
        let early: Vec<_> = TABLE
            .iter()
            .filter(|api| api.before_login)
            .map(|a| a.name)
            .collect();
        assert_eq!(early, ["SaslHandshake", "ApiVersions", "SaslAuthenticate"]);
    }

    /// Readers of `docs/limits.md` learn from it what their clients may use.
    #[test]
    fn the_documented_table_is_this_one() {
        let line = |api: &Api| {
            let versions = match api.min == api.max {
                true => api.min.to_string(),
                false => format!("{} to {}", api.min, api.max),
            };
            let treatment = match api.treatment {
                Treatment::Relay => "passed as it is",
                Treatment::Inspect => "records inspected",
                Treatment::Rewrite => "addresses in the reply replaced",
                Treatment::Answer => "answered by the gateway",
                Treatment::Refuse => "refused",
            };
            format!("| {} | {} | {versions} | {treatment} |", api.key, api.name)
        };
        let head = "| key | API | versions | |\n| --- | --- | --- | --- |\n";
        let text = include_str!("../../docs/limits.md");
        let (_, rest) = text.split_once(head).unwrap();
        let documented: Vec<_> = rest.lines().take_while(|l| l.starts_with('|')).collect();
        let lines: Vec<_> = TABLE.iter().map(line).collect();
        assert_eq!(documented, lines);
    }
}
