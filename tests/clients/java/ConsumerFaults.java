import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What a consumer can be told. */
final class ConsumerFaults {
    private static final Duration STEP = Duration.ofMillis(100);
    private static final long LIMIT_MS = 45_000;
    private static final String RANGE = "org.apache.kafka.clients.consumer.RangeAssignor";
    private static final String STICKY = "org.apache.kafka.clients.consumer.StickyAssignor";
    private final Faults faults;

    ConsumerFaults(Faults faults) {
        this.faults = faults;
    }

    void add() {
        var cases = faults.cases;
        cases.put("consume: offset out of range", this::outOfRange);
        cases.put("consume: topic not allowed", () -> read(faults.name("denied")));
        cases.put("consume: a name no topic can have", () -> subscribe(faults.own("invalid"), "a b"));
        cases.put("consume: partitions of a name no topic can have", () -> {
            try (var consumer = consumer(faults.own("partitions"))) {
                consumer.partitionsFor("a b");
            }
        });
        cases.put("group: not allowed", () -> subscribe(faults.name("denied"), faults.name("plain")));
        cases.put("group: session too short", () -> subscribe(faults.own("short"), faults.name("plain"), "session.timeout.ms", "1000", "heartbeat.interval.ms", "300"));
        cases.put("group: no protocol in common", this::inconsistent);
        cases.put("group: instance fenced", this::fencedInstance);
        cases.put("group: removed, then commits", this::removed);
        cases.put("group: commit without being in it", this::foreignCommit);
        cases.put("group: unknown assignor of the new protocol", () -> subscribe(faults.own("assignor"), faults.name("plain"), "group.protocol", "consumer", "group.remote.assignor", "nonsense"));
        cases.put("group: not allowed, new protocol", () -> subscribe(faults.name("denied"), faults.name("plain"), "group.protocol", "consumer"));
        cases.put("group: instance taken, new protocol", this::instanceTaken);
    }

    private KafkaConsumer<String, String> consumer(String group, String... more) {
        Properties config = faults.config("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false", "allow.auto.create.topics", "false", "default.api.timeout.ms", "60000");
        for (int i = 0; i < more.length; i += 2)
            config.put(more[i], more[i + 1]);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    /** Polls until it throws, or for long. */
    private static void poll(KafkaConsumer<String, String> consumer) {
        long end = System.currentTimeMillis() + LIMIT_MS;
        while (System.currentTimeMillis() < end)
            consumer.poll(STEP);
    }

    private static void join(KafkaConsumer<String, String> consumer) {
        long end = System.currentTimeMillis() + LIMIT_MS;
        while (consumer.assignment().isEmpty() && System.currentTimeMillis() < end)
            consumer.poll(STEP);
    }

    private void outOfRange() {
        try (var consumer = consumer(faults.own("range"), "auto.offset.reset", "none")) {
            var partition = new TopicPartition(faults.name("plain"), 0);
            consumer.assign(List.of(partition));
            consumer.seek(partition, 1_000_000);
            poll(consumer);
        }
    }

    private void read(String topic) {
        try (var consumer = consumer(faults.own("read"))) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            poll(consumer);
        }
    }

    private void subscribe(String group, String topic, String... more) {
        var consumer = consumer(group, more);
        consumer.subscribe(List.of(topic));
        poll(consumer);
    }

    private void inconsistent() {
        String group = faults.own("inconsistent");
        try (var first = consumer(group, "partition.assignment.strategy", RANGE)) {
            first.subscribe(List.of(faults.name("plain")));
            join(first);
            subscribe(group, faults.name("plain"), "partition.assignment.strategy", STICKY);
        }
    }

    private void fencedInstance() {
        String group = faults.own("instance");
        var first = consumer(group, "group.instance.id", "one");
        first.subscribe(List.of(faults.name("plain")));
        join(first);
        var second = consumer(group, "group.instance.id", "one");
        second.subscribe(List.of(faults.name("plain")));
        second.poll(STEP);
        long end = System.currentTimeMillis() + LIMIT_MS;
        while (System.currentTimeMillis() < end) {
            second.poll(STEP);
            first.poll(STEP);
        }
    }

    private void removed() throws Exception {
        String group = faults.own("removed");
        var consumer = consumer(group);
        consumer.subscribe(List.of(faults.name("plain")));
        join(consumer);
        try (var admin = Admin.create(faults.config())) {
            admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions()).all().get();
        }
        consumer.commitSync(Map.of(new TopicPartition(faults.name("plain"), 0), new OffsetAndMetadata(0)));
    }

    /** A group that has members takes no commit of somebody who only assigned partitions to itself. */
    private void foreignCommit() {
        String group = faults.own("foreign");
        try (var member = consumer(group); var other = consumer(group)) {
            member.subscribe(List.of(faults.name("plain")));
            join(member);
            other.assign(List.of(new TopicPartition(faults.name("plain"), 0)));
            other.commitSync(Map.of(new TopicPartition(faults.name("plain"), 0), new OffsetAndMetadata(0)));
        }
    }

    private void instanceTaken() {
        String[] more = {"group.protocol", "consumer", "group.instance.id", "one"};
        try (var first = consumer(faults.own("instance-new"), more)) {
            first.subscribe(List.of(faults.name("plain")));
            join(first);
            subscribe(faults.own("instance-new"), faults.name("plain"), more);
        }
    }
}
