import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateDelegationTokenOptions;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Every call of the administrator's client, for {@link Traffic}. No call carries a credential. */
final class Administrator implements AutoCloseable {
    private static final List<String> GROUPS = List.of("classic", "consumer", "nobody");

    private final Admin admin;
    private final String topic;
    private final TopicPartition first;

    Administrator(Properties config, String topic) {
        config.put("client.id", "administrator");
        this.admin = Admin.create(config);
        this.topic = topic;
        this.first = new TopicPartition(topic, 0);
    }

    @Override
    public void close() {
        admin.close();
    }

    private interface Call {
        KafkaFuture<?> make() throws Exception;
    }

    private static void ask(String name, Call call) {
        Traffic.attempt(name, () -> call.make().get());
    }

    void topics() {
        NewTopic wanted = new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "3600000"));
        ask("create", () -> admin.createTopics(List.of(wanted, new NewTopic(topic + "-other", 1, (short) 1))).all());
        ask("create again", () -> admin.createTopics(List.of(wanted)).all());
        ask("list", () -> admin.listTopics().names());
        ask("describe", () -> admin.describeTopics(List.of(topic, "no-such-topic")).allTopicNames());
        ask("describe by id", () -> admin.describeTopics(
            TopicCollection.ofTopicIds(List.of(Uuid.ONE_UUID))).allTopicIds());
        ask("partitions", () -> admin.createPartitions(Map.of(topic + "-other", NewPartitions.increaseTo(2))).all());
    }

    void transactions() {
        ask("list transactions", () -> admin.listTransactions().all());
        ask("describe transactions", () -> admin.describeTransactions(List.of("traffic")).all());
        ask("describe producers", () -> admin.describeProducers(List.of(first)).all());
        ask("fence", () -> admin.fenceProducers(List.of("traffic")).all());
        ask("offsets", () -> admin.listOffsets(Map.of(first, OffsetSpec.latest(),
            new TopicPartition(topic, 1), OffsetSpec.maxTimestamp())).all());
    }

    void settings() {
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "share");
        ConfigResource named = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        AlterConfigOp earliest = set("share.auto.offset.reset", "earliest");
        ask("alter group", () -> admin.incrementalAlterConfigs(Map.of(group, List.of(earliest))).all());
        ask("alter topic", () -> admin.incrementalAlterConfigs(
            Map.of(named, List.of(set("cleanup.policy", "delete"), set("no.such", "thing")))).all());
        ask("describe settings", () -> admin.describeConfigs(List.of(named, group,
            new ConfigResource(ConfigResource.Type.BROKER, "1")),
            new DescribeConfigsOptions().includeSynonyms(true)).all());
        ask("resources", () -> admin.listConfigResources().all());
        AclBinding binding = new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, topic, PatternType.PREFIXED),
            new AccessControlEntry("User:sample", "*", AclOperation.READ, AclPermissionType.ALLOW));
        ask("create ACLs", () -> admin.createAcls(List.of(binding)).all());
        ask("ACLs", () -> admin.describeAcls(AclBindingFilter.ANY).values());
        ask("delete ACLs", () -> admin.deleteAcls(List.of(binding.toFilter())).all());
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "sample"));
        ask("alter quotas", () -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity,
            List.of(new ClientQuotaAlteration.Op("consumer_byte_rate", 1e9))))).all());
        ask("quotas", () -> admin.describeClientQuotas(ClientQuotaFilter.all()).entities());
        ask("SCRAM users", () -> admin.describeUserScramCredentials().all());
        ask("delete SCRAM user", () -> admin.alterUserScramCredentials(
            List.of(new UserScramCredentialDeletion("sample", ScramMechanism.SCRAM_SHA_256))).all());
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    void groups() {
        ask("groups", () -> admin.listGroups().all());
        ask("describe groups", () -> admin.describeConsumerGroups(GROUPS).all());
        ask("describe classic groups", () -> admin.describeClassicGroups(GROUPS).all());
        ask("describe share groups", () -> admin.describeShareGroups(List.of("share", "nobody")).all());
        ask("describe streams groups", () -> admin.describeStreamsGroups(List.of("nobody")).all());
        for (String group : GROUPS) {
            ask("offsets of a group", () -> admin.listConsumerGroupOffsets(group).all());
            ask("alter them", () -> admin.alterConsumerGroupOffsets(group, Map.of(first, new OffsetAndMetadata(1))).all());
            ask("delete some", () -> admin.deleteConsumerGroupOffsets(group, Set.of(first)).all());
        }
        ask("share offsets", () -> admin.listShareGroupOffsets(Map.of("share",
            new org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec())).all());
        ask("alter share offsets", () -> admin.alterShareGroupOffsets("share", Map.of(first, 0L)).all());
        ask("delete share offsets", () -> admin.deleteShareGroupOffsets("share", Set.of(topic)).all());
        ask("delete groups", () -> admin.deleteConsumerGroups(GROUPS).all());
        ask("delete share groups", () -> admin.deleteShareGroups(List.of("share")).all());
    }

    void cluster() {
        ask("cluster", () -> admin.describeCluster(
            new DescribeClusterOptions().includeAuthorizedOperations(true).includeFencedBrokers(true)).nodes());
        ask("features", () -> admin.describeFeatures().featureMetadata());
        ask("update features", () -> admin.updateFeatures(Map.of("no.such.version",
            new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)),
            new UpdateFeaturesOptions().validateOnly(true)).all());
        ask("quorum", () -> admin.describeMetadataQuorum().quorumInfo());
        ask("log directories", () -> admin.describeLogDirs(List.of(1)).allDescriptions());
        ask("move a replica", () -> admin.alterReplicaLogDirs(
            Map.of(new TopicPartitionReplica(topic, 0, 1), "/no/such/directory")).all());
        ask("where replicas are", () -> admin.describeReplicaLogDirs(
            List.of(new TopicPartitionReplica(topic, 0, 1))).all());
        ask("reassign", () -> admin.alterPartitionReassignments(
            Map.of(first, Optional.of(new NewPartitionReassignment(List.of(1))))).all());
        ask("reassignments", () -> admin.listPartitionReassignments().reassignments());
        ask("elect", () -> admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).all());
        ask("unregister", () -> admin.unregisterBroker(77).all());
        ask("add a voter", () -> admin.addRaftVoter(9, Uuid.ONE_UUID, Set.of()).all());
        ask("remove a voter", () -> admin.removeRaftVoter(9, Uuid.ONE_UUID).all());
        // Refused on a connection without a login, so that no token is made.
        ask("a token", () -> admin.createDelegationToken(new CreateDelegationTokenOptions()).delegationToken());
        ask("tokens", () -> admin.describeDelegationToken().delegationTokens());
    }

    void deletions() {
        ask("delete records", () -> admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(1))).all());
        Collection<String> both = List.of(topic, topic + "-other", "no-such-topic");
        ask("delete topics", () -> admin.deleteTopics(both).all());
    }
}
