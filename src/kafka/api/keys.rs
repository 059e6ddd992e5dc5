//! Every API that brokers serve on their listeners, by its number.
//!
//! Owns: the numbers. Refuses: the APIs between controllers. Stays true: a test holds each against
//! the table of layouts, which comes from Kafka's own definitions.

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
/// Groups and their members.
pub const DESCRIBE_GROUPS: i16 = 15;
/// All groups.
pub const LIST_GROUPS: i16 = 16;
/// Choosing a login mechanism.
pub const SASL_HANDSHAKE: i16 = 17;
/// What the server speaks.
pub const API_VERSIONS: i16 = 18;
/// New topics.
pub const CREATE_TOPICS: i16 = 19;
/// Topics and their records, gone.
pub const DELETE_TOPICS: i16 = 20;
/// Records before an offset, gone.
pub const DELETE_RECORDS: i16 = 21;
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
/// The end of a transaction, from its coordinator to leaders.
pub const WRITE_TXN_MARKERS: i16 = 27;
/// A group's offsets, inside a transaction.
pub const TXN_OFFSET_COMMIT: i16 = 28;
/// Who may do what.
pub const DESCRIBE_ACLS: i16 = 29;
/// Somebody may do something.
pub const CREATE_ACLS: i16 = 30;
/// Somebody may no longer do something.
pub const DELETE_ACLS: i16 = 31;
/// Settings of topics, brokers and groups.
pub const DESCRIBE_CONFIGS: i16 = 32;
/// All settings of something, replaced.
pub const ALTER_CONFIGS: i16 = 33;
/// Replicas move between a broker's disks.
pub const ALTER_REPLICA_LOG_DIRS: i16 = 34;
/// A broker's disks.
pub const DESCRIBE_LOG_DIRS: i16 = 35;
/// One step of a login.
pub const SASL_AUTHENTICATE: i16 = 36;
/// More partitions.
pub const CREATE_PARTITIONS: i16 = 37;
/// A secret that logs in as its owner.
pub const CREATE_DELEGATION_TOKEN: i16 = 38;
/// Such a secret lives longer.
pub const RENEW_DELEGATION_TOKEN: i16 = 39;
/// Such a secret ends.
pub const EXPIRE_DELEGATION_TOKEN: i16 = 40;
/// Such secrets, shown to their owner.
pub const DESCRIBE_DELEGATION_TOKEN: i16 = 41;
/// Groups and their progress, gone.
pub const DELETE_GROUPS: i16 = 42;
/// Leaders are chosen anew.
pub const ELECT_LEADERS: i16 = 43;
/// Some settings, changed.
pub const INCREMENTAL_ALTER_CONFIGS: i16 = 44;
/// Partitions move between brokers.
pub const ALTER_PARTITION_REASSIGNMENTS: i16 = 45;
/// Partitions that are moving.
pub const LIST_PARTITION_REASSIGNMENTS: i16 = 46;
/// A group's progress in some topics, gone.
pub const OFFSET_DELETE: i16 = 47;
/// Quotas.
pub const DESCRIBE_CLIENT_QUOTAS: i16 = 48;
/// Quotas, changed.
pub const ALTER_CLIENT_QUOTAS: i16 = 49;
/// Who may log in by SCRAM; no secrets.
pub const DESCRIBE_USER_SCRAM_CREDENTIALS: i16 = 50;
/// SCRAM credentials, changed.
pub const ALTER_USER_SCRAM_CREDENTIALS: i16 = 51;
/// The quorum's controllers and how far each is.
pub const DESCRIBE_QUORUM: i16 = 55;
/// Levels of features, cluster-wide.
pub const UPDATE_FEATURES: i16 = 57;
/// Brokers, for admin clients.
pub const DESCRIBE_CLUSTER: i16 = 60;
/// Producers that write to a partition.
pub const DESCRIBE_PRODUCERS: i16 = 61;
/// A dead broker is forgotten.
pub const UNREGISTER_BROKER: i16 = 64;
/// Transactions and their partitions.
pub const DESCRIBE_TRANSACTIONS: i16 = 65;
/// All transactions.
pub const LIST_TRANSACTIONS: i16 = 66;
/// Membership of a group of the new protocol (KIP-848).
pub const CONSUMER_GROUP_HEARTBEAT: i16 = 68;
/// Such groups and their members.
pub const CONSUMER_GROUP_DESCRIBE: i16 = 69;
/// Which metrics the broker wants of a client (KIP-714).
pub const GET_TELEMETRY_SUBSCRIPTIONS: i16 = 71;
/// A client's metrics.
pub const PUSH_TELEMETRY: i16 = 72;
/// What has settings of its own.
pub const LIST_CONFIG_RESOURCES: i16 = 74;
/// Topics and partitions, page by page (KIP-966).
pub const DESCRIBE_TOPIC_PARTITIONS: i16 = 75;
/// Membership of a share group (KIP-932).
pub const SHARE_GROUP_HEARTBEAT: i16 = 76;
/// Share groups and their members.
pub const SHARE_GROUP_DESCRIBE: i16 = 77;
/// Records from the broker, to a share group.
pub const SHARE_FETCH: i16 = 78;
/// What became of such records.
pub const SHARE_ACKNOWLEDGE: i16 = 79;
/// A controller joins the quorum.
pub const ADD_RAFT_VOTER: i16 = 80;
/// A controller leaves the quorum.
pub const REMOVE_RAFT_VOTER: i16 = 81;
/// A share group's state, begun.
pub const INITIALIZE_SHARE_GROUP_STATE: i16 = 83;
/// A share group's state, read.
pub const READ_SHARE_GROUP_STATE: i16 = 84;
/// A share group's state, written.
pub const WRITE_SHARE_GROUP_STATE: i16 = 85;
/// A share group's state, gone.
pub const DELETE_SHARE_GROUP_STATE: i16 = 86;
/// A share group's state, in brief.
pub const READ_SHARE_GROUP_STATE_SUMMARY: i16 = 87;
/// Membership of a streams group (KIP-1071).
pub const STREAMS_GROUP_HEARTBEAT: i16 = 88;
/// Streams groups and their members.
pub const STREAMS_GROUP_DESCRIBE: i16 = 89;
/// A share group's progress.
pub const DESCRIBE_SHARE_GROUP_OFFSETS: i16 = 90;
/// A share group's progress, changed.
pub const ALTER_SHARE_GROUP_OFFSETS: i16 = 91;
/// A share group's progress, gone.
pub const DELETE_SHARE_GROUP_OFFSETS: i16 = 92;
/// A streams application's plan.
pub const STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE: i16 = 93;
/// A dead controller is forgotten.
pub const UNREGISTER_CONTROLLER: i16 = 94;
