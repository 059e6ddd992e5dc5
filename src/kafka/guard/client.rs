//! Requests of producers and consumers whose refusal names what they asked for.
//!
//! Owns: their layouts in every version that kafka-protocol decodes. Refuses: nothing by itself.
//! Stays true: fields stand in the order of the wire (Kafka's message definitions).

use super::Kind::{Fixed, Numbers, String, Strings, Struct, Structs};
use super::{Message, all, between, message, since, tagged, until};

/// In the order of keys.
pub(super) const REQUESTS: &[Message] = &[
    // Fetch
    message(
        1,
        4,
        18,
        12,
        &[
            until(14, "replica id", Fixed(4)),
            all("max wait ms", Fixed(4)),
            all("min bytes", Fixed(4)),
            all("max bytes", Fixed(4)),
            all("isolation level", Fixed(1)),
            since(7, "session id", Fixed(4)),
            since(7, "session epoch", Fixed(4)),
            all(
                "topics",
                Structs(&[
                    until(12, "topic", String),
                    since(13, "topic id", Fixed(16)),
                    all(
                        "partitions",
                        Structs(&[
                            all("partition", Fixed(4)),
                            since(9, "current leader epoch", Fixed(4)),
                            all("fetch offset", Fixed(8)),
                            since(12, "last fetched epoch", Fixed(4)),
                            since(5, "log start offset", Fixed(8)),
                            all("partition max bytes", Fixed(4)),
                            tagged(0, 17, "replica directory id", Fixed(16)),
                            tagged(1, 18, "high watermark", Fixed(8)),
                        ]),
                    ),
                ]),
            ),
            since(
                7,
                "forgotten topics data",
                Structs(&[
                    until(12, "topic", String),
                    since(13, "topic id", Fixed(16)),
                    all("partitions", Numbers(4)),
                ]),
            ),
            since(11, "rack id", String),
            tagged(
                1,
                15,
                "replica state",
                Struct(&[all("replica id", Fixed(4)), all("replica epoch", Fixed(8))]),
            ),
            tagged(0, 4, "cluster id", String),
        ],
    ),
    // ListOffsets
    message(
        2,
        1,
        10,
        6,
        &[
            all("replica id", Fixed(4)),
            since(2, "isolation level", Fixed(1)),
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all(
                        "partitions",
                        Structs(&[
                            all("partition index", Fixed(4)),
                            since(4, "current leader epoch", Fixed(4)),
                            all("timestamp", Fixed(8)),
                        ]),
                    ),
                ]),
            ),
            since(10, "timeout ms", Fixed(4)),
        ],
    ),
    // Metadata
    message(
        3,
        0,
        13,
        9,
        &[
            all(
                "topics",
                Structs(&[since(10, "topic id", Fixed(16)), all("name", String)]),
            ),
            since(4, "allow auto topic creation", Fixed(1)),
            between(8, 10, "include cluster authorized operations", Fixed(1)),
            since(8, "include topic authorized operations", Fixed(1)),
        ],
    ),
    // OffsetCommit
    message(
        8,
        2,
        9,
        8,
        &[
            all("group id", String),
            all("generation id or member epoch", Fixed(4)),
            all("member id", String),
            since(7, "group instance id", String),
            until(4, "retention time ms", Fixed(8)),
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all(
                        "partitions",
                        Structs(&[
                            all("partition index", Fixed(4)),
                            all("committed offset", Fixed(8)),
                            since(6, "committed leader epoch", Fixed(4)),
                            all("committed metadata", String),
                        ]),
                    ),
                ]),
            ),
        ],
    ),
    // OffsetFetch
    message(
        9,
        1,
        9,
        6,
        &[
            until(7, "group id", String),
            until(
                7,
                "topics",
                Structs(&[all("name", String), all("partition indexes", Numbers(4))]),
            ),
            since(
                8,
                "groups",
                Structs(&[
                    all("group id", String),
                    since(9, "member id", String),
                    since(9, "member epoch", Fixed(4)),
                    all(
                        "topics",
                        Structs(&[all("name", String), all("partition indexes", Numbers(4))]),
                    ),
                ]),
            ),
            since(7, "require stable", Fixed(1)),
        ],
    ),
    // FindCoordinator
    message(
        10,
        0,
        6,
        3,
        &[
            until(3, "key", String),
            since(1, "key type", Fixed(1)),
            since(4, "coordinator keys", Strings),
        ],
    ),
    // AddPartitionsToTxn
    message(
        24,
        0,
        5,
        3,
        &[
            since(
                4,
                "transactions",
                Structs(&[
                    all("transactional id", String),
                    all("producer id", Fixed(8)),
                    all("producer epoch", Fixed(2)),
                    all("verify only", Fixed(1)),
                    all(
                        "topics",
                        Structs(&[all("name", String), all("partitions", Numbers(4))]),
                    ),
                ]),
            ),
            until(3, "v3 and below transactional id", String),
            until(3, "v3 and below producer id", Fixed(8)),
            until(3, "v3 and below producer epoch", Fixed(2)),
            until(
                3,
                "v3 and below topics",
                Structs(&[all("name", String), all("partitions", Numbers(4))]),
            ),
        ],
    ),
    // TxnOffsetCommit
    message(
        28,
        0,
        5,
        3,
        &[
            all("transactional id", String),
            all("group id", String),
            all("producer id", Fixed(8)),
            all("producer epoch", Fixed(2)),
            since(3, "generation id", Fixed(4)),
            since(3, "member id", String),
            since(3, "group instance id", String),
            all(
                "topics",
                Structs(&[
                    all("name", String),
                    all(
                        "partitions",
                        Structs(&[
                            all("partition index", Fixed(4)),
                            all("committed offset", Fixed(8)),
                            since(2, "committed leader epoch", Fixed(4)),
                            all("committed metadata", String),
                        ]),
                    ),
                ]),
            ),
        ],
    ),
    // OffsetForLeaderEpoch
    message(
        23,
        2,
        4,
        4,
        &[
            since(3, "replica id", Fixed(4)),
            all(
                "topics",
                Structs(&[
                    all("topic", String),
                    all(
                        "partitions",
                        Structs(&[
                            all("partition", Fixed(4)),
                            all("current leader epoch", Fixed(4)),
                            all("leader epoch", Fixed(4)),
                        ]),
                    ),
                ]),
            ),
        ],
    ),
];
