//! Requests of admin clients, refused item by item. None is in the table yet: a client that asks
//! first never sends them, and one that does not hears what it asked for being refused.

use super::{Refusal, each};
use kafka_protocol::messages::*;

/// `None` for an API that is not here, or a body that does not decode.
pub(super) fn refuse(refusal: &Refusal<'_>, api: ApiKey) -> Option<Vec<u8>> {
    match api {
        ApiKey::CreateTopics => create_topics(refusal),
        ApiKey::DeleteTopics => delete_topics(refusal),
        ApiKey::CreatePartitions => create_partitions(refusal),
        ApiKey::DeleteRecords => delete_records(refusal),
        ApiKey::DescribeTopicPartitions => describe_topic_partitions(refusal),
        ApiKey::DescribeProducers => describe_producers(refusal),
        ApiKey::AlterReplicaLogDirs => alter_replica_log_dirs(refusal),
        ApiKey::DescribeConfigs => describe_configs(refusal),
        ApiKey::AlterConfigs => alter_configs(refusal),
        ApiKey::IncrementalAlterConfigs => incremental_alter_configs(refusal),
        ApiKey::CreateAcls => create_acls(refusal),
        ApiKey::DeleteAcls => delete_acls(refusal),
        ApiKey::AlterClientQuotas => alter_client_quotas(refusal),
        ApiKey::AlterUserScramCredentials => alter_user_scram_credentials(refusal),
        ApiKey::DescribeGroups => describe_groups(refusal),
        ApiKey::ConsumerGroupDescribe => consumer_group_describe(refusal),
        ApiKey::DeleteGroups => delete_groups(refusal),
        ApiKey::DescribeTransactions => describe_transactions(refusal),
        _ => None,
    }
}

fn create_topics(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use create_topics_response::CreatableTopicResult;
    refusal.answer(|asked: CreateTopicsRequest| {
        CreateTopicsResponse::default().with_topics(each(asked.topics, |topic| {
            CreatableTopicResult::default()
                .with_name(topic.name)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

/// By name up to version 5, by name or id since 6.
fn delete_topics(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use delete_topics_response::DeletableTopicResult;
    let result = || {
        DeletableTopicResult::default()
            .with_error_code(refusal.error)
            .with_error_message(refusal.text_since(5))
    };
    refusal.answer(|asked: DeleteTopicsRequest| {
        let mut results = each(asked.topic_names, |name| result().with_name(Some(name)));
        results.extend(
            asked
                .topics
                .into_iter()
                .map(|topic| result().with_name(topic.name).with_topic_id(topic.topic_id)),
        );
        DeleteTopicsResponse::default().with_responses(results)
    })
}

fn create_partitions(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use create_partitions_response::CreatePartitionsTopicResult;
    refusal.answer(|asked: CreatePartitionsRequest| {
        CreatePartitionsResponse::default().with_results(each(asked.topics, |topic| {
            CreatePartitionsTopicResult::default()
                .with_name(topic.name)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn delete_records(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
    refusal.answer(|asked: DeleteRecordsRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partitions, |partition| {
                DeleteRecordsPartitionResult::default()
                    .with_partition_index(partition.partition_index)
                    .with_low_watermark(-1)
                    .with_error_code(refusal.error)
            });
            DeleteRecordsTopicResult::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        DeleteRecordsResponse::default().with_topics(topics)
    })
}

fn describe_topic_partitions(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
    refusal.answer(|asked: DescribeTopicPartitionsRequest| {
        DescribeTopicPartitionsResponse::default().with_topics(each(asked.topics, |topic| {
            DescribeTopicPartitionsResponseTopic::default()
                .with_name(Some(topic.name))
                .with_error_code(refusal.error)
        }))
    })
}

fn describe_producers(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use describe_producers_response::{PartitionResponse, TopicResponse};
    refusal.answer(|asked: DescribeProducersRequest| {
        let topics = each(asked.topics, |topic| {
            let partitions = each(topic.partition_indexes, |index| {
                PartitionResponse::default()
                    .with_partition_index(index)
                    .with_error_code(refusal.error)
                    .with_error_message(Some(refusal.text()))
            });
            TopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        DescribeProducersResponse::default().with_topics(topics)
    })
}

fn alter_replica_log_dirs(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use alter_replica_log_dirs_response::{
        AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
    };
    refusal.answer(|asked: AlterReplicaLogDirsRequest| {
        let topics = asked.dirs.into_iter().flat_map(|dir| dir.topics).collect();
        let results = each(
            topics,
            |topic: alter_replica_log_dirs_request::AlterReplicaLogDirTopic| {
                let partitions = each(topic.partitions, |index| {
                    AlterReplicaLogDirPartitionResult::default()
                        .with_partition_index(index)
                        .with_error_code(refusal.error)
                });
                AlterReplicaLogDirTopicResult::default()
                    .with_topic_name(topic.name)
                    .with_partitions(partitions)
            },
        );
        AlterReplicaLogDirsResponse::default().with_results(results)
    })
}

fn describe_configs(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use describe_configs_response::DescribeConfigsResult;
    refusal.answer(|asked: DescribeConfigsRequest| {
        DescribeConfigsResponse::default().with_results(each(asked.resources, |resource| {
            DescribeConfigsResult::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn alter_configs(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use alter_configs_response::AlterConfigsResourceResponse;
    refusal.answer(|asked: AlterConfigsRequest| {
        AlterConfigsResponse::default().with_responses(each(asked.resources, |resource| {
            AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn incremental_alter_configs(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use incremental_alter_configs_response::AlterConfigsResourceResponse;
    refusal.answer(|asked: IncrementalAlterConfigsRequest| {
        IncrementalAlterConfigsResponse::default().with_responses(each(
            asked.resources,
            |resource| {
                AlterConfigsResourceResponse::default()
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name)
                    .with_error_code(refusal.error)
                    .with_error_message(Some(refusal.text()))
            },
        ))
    })
}

fn create_acls(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use create_acls_response::AclCreationResult;
    refusal.answer(|asked: CreateAclsRequest| {
        CreateAclsResponse::default().with_results(each(asked.creations, |_| {
            AclCreationResult::default()
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn delete_acls(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use delete_acls_response::DeleteAclsFilterResult;
    refusal.answer(|asked: DeleteAclsRequest| {
        DeleteAclsResponse::default().with_filter_results(each(asked.filters, |_| {
            DeleteAclsFilterResult::default()
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn alter_client_quotas(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use alter_client_quotas_response::{EntityData, EntryData};
    refusal.answer(|asked: AlterClientQuotasRequest| {
        AlterClientQuotasResponse::default().with_entries(each(asked.entries, |entry| {
            let entity = each(entry.entity, |entity| {
                EntityData::default()
                    .with_entity_type(entity.entity_type)
                    .with_entity_name(entity.entity_name)
            });
            EntryData::default()
                .with_entity(entity)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn alter_user_scram_credentials(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
    refusal.answer(|asked: AlterUserScramCredentialsRequest| {
        let deleted = asked.deletions.into_iter().map(|deletion| deletion.name);
        let upserted = asked.upsertions.into_iter().map(|upsertion| upsertion.name);
        let results = deleted.chain(upserted).map(|user| {
            AlterUserScramCredentialsResult::default()
                .with_user(user)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        });
        AlterUserScramCredentialsResponse::default().with_results(results.collect())
    })
}

fn describe_groups(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use describe_groups_response::DescribedGroup;
    refusal.answer(|asked: DescribeGroupsRequest| {
        DescribeGroupsResponse::default().with_groups(each(asked.groups, |group| {
            DescribedGroup::default()
                .with_group_id(group)
                .with_error_code(refusal.error)
                .with_error_message(refusal.text_since(6))
        }))
    })
}

fn consumer_group_describe(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use consumer_group_describe_response::DescribedGroup;
    refusal.answer(|asked: ConsumerGroupDescribeRequest| {
        ConsumerGroupDescribeResponse::default().with_groups(each(asked.group_ids, |group| {
            DescribedGroup::default()
                .with_group_id(group)
                .with_error_code(refusal.error)
                .with_error_message(Some(refusal.text()))
        }))
    })
}

fn delete_groups(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use delete_groups_response::DeletableGroupResult;
    refusal.answer(|asked: DeleteGroupsRequest| {
        DeleteGroupsResponse::default().with_results(each(asked.groups_names, |group| {
            DeletableGroupResult::default()
                .with_group_id(group)
                .with_error_code(refusal.error)
        }))
    })
}

fn describe_transactions(refusal: &Refusal<'_>) -> Option<Vec<u8>> {
    use describe_transactions_response::TransactionState;
    refusal.answer(|asked: DescribeTransactionsRequest| {
        DescribeTransactionsResponse::default().with_transaction_states(each(
            asked.transactional_ids,
            |id| {
                TransactionState::default()
                    .with_transactional_id(id)
                    .with_error_code(refusal.error)
            },
        ))
    })
}
