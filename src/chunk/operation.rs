//! What a principal can ask of a cluster, by the names that rules use.
//!
//! Owns: the list of operations, what kind each is, and whether it can name topics. Refuses: numbers
//! on the wire and versions; the fronts map theirs to these. Stays true: a name never changes its
//! meaning, because rules and the audit are written in it.

/// What kind of thing an operation is: it decides how much of it the audit keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Records move; every chunk is recorded by its own entries.
    Records,
    /// Clients do it all the time by themselves: too many to be recorded one by one.
    Routine,
    /// Somebody looks at the cluster.
    Read,
    /// Somebody changes the cluster: recorded whenever it passes.
    Change,
}

macro_rules! operations {
    ($( $(#[$doc:meta])* $variant:ident $name:literal $nature:ident $topics:ident ),* $(,)?) => {
        /// Something a principal asks for. Its name is Kafka's name of the API in snake case; what
        /// is one thing to a rule has one name, whichever of several APIs carries it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $( $(#[$doc])* $variant, )*
        }

        impl Operation {
            /// Every operation, in a fixed order.
            pub const ALL: &'static [Operation] = &[$( Operation::$variant ),*];

            /// The name used in rules, summaries and the audit.
            pub fn name(self) -> &'static str {
                match self { $( Operation::$variant => $name, )* }
            }

            /// What kind of thing it is.
            pub fn nature(self) -> Nature {
                match self { $( Operation::$variant => Nature::$nature, )* }
            }

            /// Whether it can name topics, so that `topics` of a rule can match it.
            pub fn names_topics(self) -> bool {
                match self { $( Operation::$variant => operations!(@ $topics), )* }
            }
        }
    };
    (@ topics) => { true };
    (@ no_topics) => { false };
}

operations! {
    /// Records go towards the broker.
    Produce "produce" Records topics,
    /// Records come from the broker, for a consumer or a member of a share group.
    Fetch "fetch" Records topics,
    /// Offsets are looked up by time.
    ListOffsets "list_offsets" Routine topics,
    /// Brokers, topics and leaders are looked up.
    Metadata "metadata" Routine topics,
    /// A group's progress is written.
    OffsetCommit "offset_commit" Routine topics,
    /// A group's progress is read.
    OffsetFetch "offset_fetch" Routine topics,
    /// The broker that looks after a group or a transaction is looked up.
    FindCoordinator "find_coordinator" Routine no_topics,
    /// A member enters a group.
    JoinGroup "join_group" Routine no_topics,
    /// A member stays in a group.
    Heartbeat "heartbeat" Routine no_topics,
    /// A member leaves a group.
    LeaveGroup "leave_group" Routine no_topics,
    /// A member takes its share of a group's work.
    SyncGroup "sync_group" Routine no_topics,
    /// A producer gets its id.
    InitProducerId "init_producer_id" Routine no_topics,
    /// The end of a leader's epoch is looked up.
    OffsetForLeaderEpoch "offset_for_leader_epoch" Routine topics,
    /// Partitions enter a transaction.
    AddPartitionsToTxn "add_partitions_to_txn" Routine topics,
    /// A group's offsets enter a transaction.
    AddOffsetsToTxn "add_offsets_to_txn" Routine no_topics,
    /// A transaction is committed or aborted.
    EndTxn "end_txn" Routine no_topics,
    /// A group's progress is written inside a transaction.
    TxnOffsetCommit "txn_offset_commit" Routine topics,
    /// A member enters or stays in a group of the newer protocol.
    ConsumerGroupHeartbeat "consumer_group_heartbeat" Routine topics,
    /// A member enters or stays in a share group.
    ShareGroupHeartbeat "share_group_heartbeat" Routine topics,
    /// Records of a share group are acknowledged.
    ShareAcknowledge "share_acknowledge" Routine topics,
    /// A member enters or stays in a streams group.
    StreamsGroupHeartbeat "streams_group_heartbeat" Routine topics,
    /// A member of a streams group describes its topology.
    StreamsGroupTopologyDescriptionUpdate
        "streams_group_topology_description_update" Routine no_topics,
    /// A client asks which metrics it is to send.
    GetTelemetrySubscriptions "get_telemetry_subscriptions" Routine no_topics,
    /// A client sends its metrics.
    PushTelemetry "push_telemetry" Routine no_topics,
    /// The cluster's brokers are listed.
    DescribeCluster "describe_cluster" Routine no_topics,
    /// Partitions of topics are listed, page by page.
    DescribeTopicPartitions "describe_topic_partitions" Routine topics,
    /// Classic groups are described.
    DescribeGroups "describe_groups" Read no_topics,
    /// Groups are listed.
    ListGroups "list_groups" Read no_topics,
    /// Access rules of the cluster are listed.
    DescribeAcls "describe_acls" Read no_topics,
    /// Settings are read.
    DescribeConfigs "describe_configs" Read topics,
    /// Directories of logs are listed.
    DescribeLogDirs "describe_log_dirs" Read topics,
    /// Delegation tokens are listed.
    DescribeDelegationToken "describe_delegation_token" Read no_topics,
    /// Moves of partitions under way are listed.
    ListPartitionReassignments "list_partition_reassignments" Read topics,
    /// Quotas of clients are listed.
    DescribeClientQuotas "describe_client_quotas" Read no_topics,
    /// SCRAM users are listed.
    DescribeUserScramCredentials "describe_user_scram_credentials" Read no_topics,
    /// The controllers' quorum is described.
    DescribeQuorum "describe_quorum" Read no_topics,
    /// Producers of partitions are listed.
    DescribeProducers "describe_producers" Read topics,
    /// Transactions are described.
    DescribeTransactions "describe_transactions" Read topics,
    /// Transactions are listed.
    ListTransactions "list_transactions" Read no_topics,
    /// Groups of the newer protocol are described.
    ConsumerGroupDescribe "consumer_group_describe" Read no_topics,
    /// Share groups are described.
    ShareGroupDescribe "share_group_describe" Read no_topics,
    /// Streams groups are described.
    StreamsGroupDescribe "streams_group_describe" Read no_topics,
    /// A share group's progress is read.
    DescribeShareGroupOffsets "describe_share_group_offsets" Read topics,
    /// What has settings is listed.
    ListConfigResources "list_config_resources" Read topics,
    /// Topics are made.
    CreateTopics "create_topics" Change topics,
    /// Topics are deleted.
    DeleteTopics "delete_topics" Change topics,
    /// The oldest records of partitions are deleted.
    DeleteRecords "delete_records" Change topics,
    /// Topics get more partitions.
    CreatePartitions "create_partitions" Change topics,
    /// Settings are changed, one by one or all at once.
    AlterConfigs "alter_configs" Change topics,
    /// Replicas move to other directories.
    AlterReplicaLogDirs "alter_replica_log_dirs" Change topics,
    /// Partitions get other leaders.
    ElectLeaders "elect_leaders" Change topics,
    /// Partitions move to other brokers.
    AlterPartitionReassignments "alter_partition_reassignments" Change topics,
    /// Groups are deleted.
    DeleteGroups "delete_groups" Change no_topics,
    /// A group's progress is deleted.
    OffsetDelete "offset_delete" Change topics,
    /// A share group's progress is set.
    AlterShareGroupOffsets "alter_share_group_offsets" Change topics,
    /// A share group's progress is deleted.
    DeleteShareGroupOffsets "delete_share_group_offsets" Change topics,
    /// Access rules are added to the cluster's.
    CreateAcls "create_acls" Change no_topics,
    /// Access rules are removed from the cluster's.
    DeleteAcls "delete_acls" Change no_topics,
    /// A delegation token is made.
    CreateDelegationToken "create_delegation_token" Change no_topics,
    /// A delegation token lives longer.
    RenewDelegationToken "renew_delegation_token" Change no_topics,
    /// A delegation token ends.
    ExpireDelegationToken "expire_delegation_token" Change no_topics,
    /// Quotas of clients are changed.
    AlterClientQuotas "alter_client_quotas" Change no_topics,
    /// SCRAM users are made, changed or deleted.
    AlterUserScramCredentials "alter_user_scram_credentials" Change no_topics,
    /// Features of the cluster are switched.
    UpdateFeatures "update_features" Change no_topics,
    /// A broker is struck off.
    UnregisterBroker "unregister_broker" Change no_topics,
    /// A controller joins the quorum.
    AddRaftVoter "add_raft_voter" Change no_topics,
    /// A controller leaves the quorum.
    RemoveRaftVoter "remove_raft_voter" Change no_topics,
    /// A controller is struck off.
    UnregisterController "unregister_controller" Change no_topics,
}

impl Operation {
    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Operation> {
        Operation::ALL.iter().copied().find(|it| it.name() == name)
    }

    /// Whether it moves records, so that a rule can look into them.
    pub fn carries_records(self) -> bool {
        self.nature() == Nature::Records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_own_name_alone() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(operation.name().chars().all(plain), "{}", operation.name());
        }
        for none in ["", "Produce", "share_fetch", "incremental_alter_configs"] {
            assert_eq!(Operation::from_name(none), None, "{none}");
        }
    }

    #[test]
    fn only_produce_and_fetch_carry_records() {
        let carrying: Vec<_> = Operation::ALL
            .iter()
            .filter(|it| it.carries_records())
            .collect();
        assert_eq!(carrying, [&Operation::Produce, &Operation::Fetch]);
    }
}
