import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What an administrator can be told, and whoever logs in badly. */
final class AdminFaults {
    private final Faults faults;

    AdminFaults(Faults faults) {
        this.faults = faults;
    }

    /** What an administrator asks. */
    interface Ask {
        Object of(Admin admin) throws Exception;
    }

    void add() {
        topics();
        configs();
        groups();
        others();
        logins();
    }

    private void ask(String name, Ask ask) {
        faults.cases.put(name, () -> {
            try (var admin = Admin.create(faults.config("default.api.timeout.ms", "60000", "request.timeout.ms", "30000"))) {
                ask.of(admin);
            }
        });
    }

    private void topics() {
        create("topic: exists", new NewTopic(faults.name("plain"), 1, (short) 1));
        create("topic: no partitions", new NewTopic(faults.own("a"), 0, (short) 1));
        create("topic: more replicas than brokers", new NewTopic(faults.own("b"), 1, (short) 9));
        create("topic: a name it cannot have", new NewTopic("a b", 1, (short) 1));
        create("topic: a setting it cannot have", new NewTopic(faults.own("c"), 1, (short) 1).configs(Map.of("retention.ms", "soon")));
        create("topic: a setting nobody knows", new NewTopic(faults.own("d"), 1, (short) 1).configs(Map.of("colour", "blue")));
        create("topic: against the broker's policy", new NewTopic("against-" + faults.own("policy"), 1, (short) 1));
        create("topic: replicas on brokers nobody has", new NewTopic(faults.own("e"), Map.of(0, List.of(77))));
        ask("topic: fewer partitions", a -> a.createPartitions(Map.of(faults.name("wide"), NewPartitions.increaseTo(1))).all().get());
        ask("topic: as many partitions", a -> a.createPartitions(Map.of(faults.name("wide"), NewPartitions.increaseTo(3))).all().get());
        ask("topic: partitions of a missing one", a -> a.createPartitions(Map.of(faults.own("missing"), NewPartitions.increaseTo(3))).all().get());
        ask("topic: delete a missing one", a -> a.deleteTopics(List.of(faults.own("missing"))).all().get());
        ask("topic: delete an unknown id", a -> a.deleteTopics(TopicCollection.ofTopicIds(List.of(new Uuid(7, 7)))).all().get());
        ask("topic: describe a missing one", a -> a.describeTopics(List.of(faults.own("missing"))).allTopicNames().get());
        ask("topic: describe an unknown id", a -> a.describeTopics(TopicCollection.ofTopicIds(List.of(new Uuid(7, 7)))).allTopicIds().get());
        ask("topic: describe one not allowed", a -> a.describeTopics(List.of(faults.name("denied"))).allTopicNames().get());
        ask("topic: delete records past the end", a -> a.deleteRecords(Map.of(plain(), RecordsToDelete.beforeOffset(1_000_000))).all().get());
        ask("topic: offsets of a missing partition", a -> a.listOffsets(Map.of(new TopicPartition(faults.name("plain"), 99), OffsetSpec.latest())).all().get());
        ask("topic: producers of a partition not allowed", a -> a.describeProducers(List.of(new TopicPartition(faults.name("denied"), 0))).all().get());
    }

    private void create(String name, NewTopic topic) {
        ask(name, a -> a.createTopics(List.of(topic)).all().get());
    }

    private TopicPartition plain() {
        return new TopicPartition(faults.name("plain"), 0);
    }

    private void configs() {
        ask("config: describe of a missing topic", a -> a.describeConfigs(List.of(topic(faults.own("missing")))).all().get());
        ask("config: a value it cannot have", a -> alter(a, topic(faults.name("plain")), "retention.ms", "soon"));
        ask("config: a name nobody knows", a -> alter(a, topic(faults.name("plain")), "colour", "blue"));
        ask("config: of a missing topic", a -> alter(a, topic(faults.own("missing")), "retention.ms", "1000"));
        ask("config: of a topic not allowed", a -> alter(a, topic(faults.name("denied")), "retention.ms", "1000"));
        ask("config: of a broker, read-only", a -> alter(a, new ConfigResource(ConfigResource.Type.BROKER, "1"), "log.dirs", "/nowhere"));
    }

    private static ConfigResource topic(String name) {
        return new ConfigResource(ConfigResource.Type.TOPIC, name);
    }

    private static Object alter(Admin admin, ConfigResource of, String key, String value) throws Exception {
        var set = new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
        return admin.incrementalAlterConfigs(Map.of(of, List.of(set))).all().get();
    }

    private void groups() {
        ask("groups: describe a missing one", a -> a.describeConsumerGroups(List.of(faults.own("nobody"))).all().get());
        ask("groups: describe one not allowed", a -> a.describeConsumerGroups(List.of(faults.name("denied"))).all().get());
        ask("groups: delete a missing one", a -> a.deleteConsumerGroups(List.of(faults.own("nobody"))).all().get());
        ask("groups: offsets of one not allowed", a -> a.listConsumerGroupOffsets(faults.name("denied")).all().get());
        ask("groups: delete offsets of a missing one", a -> a.deleteConsumerGroupOffsets(faults.own("nobody"), Set.of(plain())).all().get());
        member("groups: delete one with members", (a, g) -> a.deleteConsumerGroups(List.of(g)).all().get());
        member("groups: delete offsets it reads", (a, g) -> a.deleteConsumerGroupOffsets(g, Set.of(plain())).all().get());
        member("groups: alter offsets it reads", (a, g) -> a.alterConsumerGroupOffsets(g, Map.of(plain(), new OffsetAndMetadata(0))).all().get());
    }

    /** What is asked about a group that has a member. */
    interface AskOfGroup {
        Object of(Admin admin, String group) throws Exception;
    }

    private void member(String name, AskOfGroup ask) {
        ask(name, admin -> {
            String group = faults.own(name.replaceAll("[^a-z]+", "-"));
            var config = faults.config("group.id", group, "auto.offset.reset", "earliest");
            try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of(faults.name("plain")));
                for (int i = 0; i < 450 && consumer.assignment().isEmpty(); i++)
                    consumer.poll(Duration.ofMillis(100));
                return ask.of(admin, group);
            }
        });
    }

    private void others() {
        ask("transactions: describe a missing one", a -> a.describeTransactions(List.of(faults.own("nobody"))).all().get());
        ask("transactions: fence one not allowed", a -> a.fenceProducers(List.of(faults.name("denied"))).all().get());
        ask("leaders: elect where none is needed", a -> a.electLeaders(ElectionType.PREFERRED, Set.of(plain())).all().get());
        ask("leaders: elect for a missing topic", a -> a.electLeaders(ElectionType.PREFERRED, Set.of(new TopicPartition(faults.own("missing"), 0))).all().get());
        ask("replicas: nothing to cancel", a -> reassign(a, Optional.empty()));
        ask("replicas: on brokers nobody has", a -> reassign(a, Optional.of(new NewPartitionReassignment(List.of(77)))));
        ask("credentials: delete a missing one", a -> a.alterUserScramCredentials(List.of(new UserScramCredentialDeletion(faults.own("nobody"), ScramMechanism.SCRAM_SHA_256))).all().get());
        ask("credentials: describe a missing one", a -> a.describeUserScramCredentials(List.of(faults.own("nobody"))).description(faults.own("nobody")).get());
    }

    private Object reassign(Admin admin, Optional<NewPartitionReassignment> to) throws Exception {
        return admin.alterPartitionReassignments(Map.of(plain(), to)).all().get();
    }

    private void logins() {
        for (String how : new String[] {"wrong", "mechanism"})
            faults.cases.put("login: " + how, () -> {
                var config = faults.config("default.api.timeout.ms", "60000", "request.timeout.ms", "30000");
                faults.job.get("logins").get(how).fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().asText()));
                try (var admin = Admin.create(config)) {
                    admin.describeCluster().nodes().get();
                }
            });
    }
}
