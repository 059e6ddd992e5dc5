//! What a request makes of each topic that it names, for rules that look at it.
//!
//! Owns: the fields of CreateTopics, CreatePartitions and both AlterConfigs that say so. Refuses: what a broker
//! makes of them. Stays true: -1, Kafka's "as the broker has it", is one partition and one copy; where brokers
//! are assigned by hand, the numbers are those of the assignment, as the broker sees them.

use crate::chunk::{TopicChange, TopicSetting, TopicShape};
use crate::kafka::messages::value::{Struct, Value};

const CREATE_TOPICS: i16 = 19;
const ALTER_CONFIGS: i16 = 33;
const CREATE_PARTITIONS: i16 = 37;
const INCREMENTAL_ALTER_CONFIGS: i16 = 44;

/// `AlterConfigOp.OpType` of KIP-339.
const SET: i64 = 0;
const DELETE: i64 = 1;

/// The shape of one topic in a request of this API; none where the API makes nothing of it.
pub(super) fn shape(api_key: i16, element: &Value) -> Option<TopicShape> {
    let Value::Struct(topic) = element else {
        return None;
    };
    match api_key {
        CREATE_TOPICS => Some(made(topic)),
        CREATE_PARTITIONS => Some(grown(topic)),
        ALTER_CONFIGS | INCREMENTAL_ALTER_CONFIGS => Some(TopicShape {
            settings: settings(topic, api_key == INCREMENTAL_ALTER_CONFIGS),
            ..changed()
        }),
        _ => None,
    }
}

fn changed() -> TopicShape {
    TopicShape {
        change: TopicChange::Changed,
        partitions: None,
        copies: None,
        settings: Vec::new(),
    }
}

fn made(topic: &Struct) -> TopicShape {
    let by_hand = topic.array("Assignments").len();
    let (partitions, copies) = match by_hand {
        0 => {
            let copies = or_one(topic.int("ReplicationFactor"));
            (or_one(topic.int("NumPartitions")), Some((copies, copies)))
        }
        count => (count as u64, assigned(topic)),
    };
    TopicShape {
        change: TopicChange::Made,
        partitions: Some(partitions),
        copies,
        settings: settings(topic, false),
    }
}

fn grown(topic: &Struct) -> TopicShape {
    TopicShape {
        partitions: Some(or_one(topic.int("Count"))),
        copies: assigned(topic),
        ..changed()
    }
}

/// Fewest and most brokers of the assignments made by hand.
fn assigned(topic: &Struct) -> Option<(u64, u64)> {
    let brokers = |it: &Struct| it.array("BrokerIds").len() as u64;
    let counts = || topic.structs("Assignments").map(brokers);
    counts().min().zip(counts().max())
}

fn or_one(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(1)
}

fn settings(topic: &Struct, by_operation: bool) -> Vec<TopicSetting> {
    let setting = |config: &Struct| {
        let operation = match by_operation {
            true => config.int("ConfigOperation"),
            false => SET,
        };
        let given = config.text("Value");
        // Without a value it goes back to what the broker has.
        if operation == DELETE || (operation == SET && given.is_none()) {
            return None;
        }
        Some(TopicSetting {
            name: config.text("Name").unwrap_or_default().to_owned(),
            value: given.filter(|_| operation == SET).map(str::to_owned),
        })
    };
    topic.structs("Configs").filter_map(setting).collect()
}
