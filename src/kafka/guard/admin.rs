//! Requests of admin clients whose refusal names what they asked for.
//!
//! Owns: their layouts in every version that kafka-protocol decodes. Refuses: nothing by itself.
//! Stays true: fields stand in the order of the wire (Kafka's message definitions).

use super::Kind::{Bytes, Fixed, Numbers, Optional, String, Strings, Structs};
use super::{Message, all, message, since, until};

/// In the order of keys.
pub(super) const REQUESTS: &[Message] = &[
    // DescribeGroups
    message(
        15,
        0,
        6,
        5,
        &[
            all("groups", Strings),
            since(3, "include authorized operations", Fixed(1)),
        ],
    ),
    // CreateTopics
    message(
        19,
        2,
        7,
        5,
        &[
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all("num partitions", Fixed(4)),
                    all("replication factor", Fixed(2)),
                    all(
                        "assignments",
                        Structs(&[
                            all("partition index", Fixed(4)),
                            all("broker ids", Numbers(4)),
                        ]),
                    ),
                    all(
                        "configs",
                        Structs(&[all("name", String), all("value", String)]),
                    ),
                ]),
            ),
            all("timeout ms", Fixed(4)),
            all("validate only", Fixed(1)),
        ],
    ),
    // DeleteTopics
    message(
        20,
        1,
        6,
        4,
        &[
            since(
                6,
                "topics",
                Structs(&[all("name", String), all("topic id", Fixed(16))]),
            ),
            until(5, "topic names", Strings),
            all("timeout ms", Fixed(4)),
        ],
    ),
    // DeleteRecords
    message(
        21,
        0,
        2,
        2,
        &[
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all(
                        "partitions",
                        Structs(&[all("partition index", Fixed(4)), all("offset", Fixed(8))]),
                    ),
                ]),
            ),
            all("timeout ms", Fixed(4)),
        ],
    ),
    // CreateAcls
    message(
        30,
        1,
        3,
        2,
        &[all(
            "creations",
            Structs(&[
                all("resource type", Fixed(1)),
                all("resource name", String),
                all("resource pattern type", Fixed(1)),
                all("principal", String),
                all("host", String),
                all("operation", Fixed(1)),
                all("permission type", Fixed(1)),
            ]),
        )],
    ),
    // DeleteAcls
    message(
        31,
        1,
        3,
        2,
        &[all(
            "filters",
            Structs(&[
                all("resource type filter", Fixed(1)),
                all("resource name filter", String),
                all("pattern type filter", Fixed(1)),
                all("principal filter", String),
                all("host filter", String),
                all("operation", Fixed(1)),
                all("permission type", Fixed(1)),
            ]),
        )],
    ),
    // DescribeConfigs
    message(
        32,
        1,
        4,
        4,
        &[
            all(
                "resources",
                Structs(&[
                    all("resource type", Fixed(1)),
                    all("resource name", String),
                    all("configuration keys", Strings),
                ]),
            ),
            all("include synonyms", Fixed(1)),
            since(3, "include documentation", Fixed(1)),
        ],
    ),
    // AlterConfigs
    message(
        33,
        0,
        2,
        2,
        &[
            all(
                "resources",
                Structs(&[
                    all("resource type", Fixed(1)),
                    all("resource name", String),
                    all(
                        "configs",
                        Structs(&[all("name", String), all("value", String)]),
                    ),
                ]),
            ),
            all("validate only", Fixed(1)),
        ],
    ),
    // AlterReplicaLogDirs
    message(
        34,
        1,
        2,
        2,
        &[all(
            "dirs",
            Structs(&[
                all("path", String),
                all(
                    "topics",
                    Structs(&[all("name", String), all("partitions", Numbers(4))]),
                ),
            ]),
        )],
    ),
    // CreatePartitions
    message(
        37,
        0,
        3,
        2,
        &[
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all("count", Fixed(4)),
                    all("assignments", Structs(&[all("broker ids", Numbers(4))])),
                ]),
            ),
            all("timeout ms", Fixed(4)),
            all("validate only", Fixed(1)),
        ],
    ),
    // DeleteGroups
    message(42, 0, 2, 2, &[all("groups names", Strings)]),
    // IncrementalAlterConfigs
    message(
        44,
        0,
        1,
        1,
        &[
            all(
                "resources",
                Structs(&[
                    all("resource type", Fixed(1)),
                    all("resource name", String),
                    all(
                        "configs",
                        Structs(&[
                            all("name", String),
                            all("config operation", Fixed(1)),
                            all("value", String),
                        ]),
                    ),
                ]),
            ),
            all("validate only", Fixed(1)),
        ],
    ),
    // AlterClientQuotas
    message(
        49,
        0,
        1,
        1,
        &[
            all(
                "entries",
                Structs(&[
                    all(
                        "entity",
                        Structs(&[all("entity type", String), all("entity name", String)]),
                    ),
                    all(
                        "ops",
                        Structs(&[
                            all("key", String),
                            all("value", Fixed(8)),
                            all("remove", Fixed(1)),
                        ]),
                    ),
                ]),
            ),
            all("validate only", Fixed(1)),
        ],
    ),
    // AlterUserScramCredentials
    message(
        51,
        0,
        0,
        0,
        &[
            all(
                "deletions",
                Structs(&[all("name", String), all("mechanism", Fixed(1))]),
            ),
            all(
                "upsertions",
                Structs(&[
                    all("name", String),
                    all("mechanism", Fixed(1)),
                    all("iterations", Fixed(4)),
                    all("salt", Bytes),
                    all("salted password", Bytes),
                ]),
            ),
        ],
    ),
    // DescribeProducers
    message(
        61,
        0,
        0,
        0,
        &[all(
            "topics",
            Structs(&[all("name", String), all("partition indexes", Numbers(4))]),
        )],
    ),
    // DescribeTransactions
    message(65, 0, 0, 0, &[all("transactional ids", Strings)]),
    // ConsumerGroupDescribe
    message(
        69,
        0,
        1,
        0,
        &[
            all("group ids", Strings),
            all("include authorized operations", Fixed(1)),
        ],
    ),
    // DescribeTopicPartitions
    message(
        75,
        0,
        0,
        0,
        &[
            all("topics", Structs(&[all("name", String)])),
            all("response partition limit", Fixed(4)),
            all(
                "cursor",
                Optional(&[all("topic name", String), all("partition index", Fixed(4))]),
            ),
        ],
    ),
];
