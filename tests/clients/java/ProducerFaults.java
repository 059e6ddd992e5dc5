import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/** What a producer can be told. */
final class ProducerFaults {
    private static final long HOUR_MS = 3_600_000;
    private final Faults faults;

    ProducerFaults(Faults faults) {
        this.faults = faults;
    }

    void add() {
        var cases = faults.cases;
        cases.put("produce: too large", () -> send(record("small", "k", "x".repeat(5_000))));
        cases.put("produce: too large, compressed", () -> send(record("small", "k", noise(5_000)), "compression.type", "zstd"));
        cases.put("produce: not allowed", () -> send(record("denied", "k", "v")));
        cases.put("produce: no key in a compacted topic", () -> send(record("compacted", null, "v")));
        cases.put("produce: from the future", () -> send(stamped(System.currentTimeMillis() + HOUR_MS)));
        cases.put("produce: from the past", () -> send(stamped(System.currentTimeMillis() - HOUR_MS)));
        cases.put("produce: no such topic", () -> send(new ProducerRecord<>(faults.own("missing"), "v"), "max.block.ms", "2000"));
        cases.put("produce: no such partition", () -> send(new ProducerRecord<>(faults.name("plain"), 99, "k", "v"), "max.block.ms", "2000"));
        cases.put("produce: a name no topic can have", () -> send(new ProducerRecord<>("a b", "v")));
        cases.put("produce: acks=1, too large", () -> send(record("small", "k", "x".repeat(5_000)), "acks", "1", "enable.idempotence", "false"));
        cases.put("transaction: id not allowed", () -> begin(faults.name("denied")).close());
        cases.put("transaction: longer than brokers allow", () -> begin(faults.own("long"), "transaction.timeout.ms", "3600000").close());
        cases.put("transaction: fenced", () -> fenced(faults.own("fenced"), false));
        cases.put("transaction: fenced while it aborts", () -> fenced(faults.own("fenced-abort"), true));
        cases.put("transaction: topic not allowed", this::deniedTopic);
        cases.put("transaction: offsets of a group it is not in", this::foreignOffsets);
        cases.put("transaction: offsets of a group not allowed", this::deniedGroup);
    }

    private ProducerRecord<String, String> record(String topic, String key, String value) {
        return new ProducerRecord<>(faults.name(topic), key, value);
    }

    private ProducerRecord<String, String> stamped(long timestamp) {
        return new ProducerRecord<>(faults.name("punctual"), 0, timestamp, "k", "v");
    }

    private KafkaProducer<String, String> producer(String... more) {
        Properties config = faults.config("max.block.ms", "40000", "delivery.timeout.ms", "40000", "request.timeout.ms", "30000");
        for (int i = 0; i < more.length; i += 2)
            config.put(more[i], more[i + 1]);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    private void send(ProducerRecord<String, String> record, String... more) throws Exception {
        try (var producer = producer(more)) {
            producer.send(record).get();
        }
    }

    private KafkaProducer<String, String> begin(String id, String... more) {
        String[] all = new String[more.length + 2];
        System.arraycopy(more, 0, all, 2, more.length);
        all[0] = "transactional.id";
        all[1] = id;
        var producer = producer(all);
        producer.initTransactions();
        producer.beginTransaction();
        return producer;
    }

    private void fenced(String id, boolean abort) throws Exception {
        try (var first = begin(id)) {
            first.send(record("plain", "k", "first")).get();
            begin(id).close();
            if (abort)
                first.abortTransaction();
            else
                first.commitTransaction();
        }
    }

    private void deniedTopic() throws Exception {
        try (var producer = begin(faults.own("denied-topic"))) {
            producer.send(record("denied", "k", "v")).get();
        }
    }

    private void foreignOffsets() {
        try (var producer = begin(faults.own("foreign"))) {
            var nobody = new ConsumerGroupMetadata(faults.own("empty-group"), 7, "nobody", Optional.empty());
            producer.sendOffsetsToTransaction(offset(), nobody);
        }
    }

    private void deniedGroup() {
        try (var producer = begin(faults.own("foreign-denied"))) {
            producer.sendOffsetsToTransaction(offset(), new ConsumerGroupMetadata(faults.name("denied")));
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> offset() {
        return Map.of(new TopicPartition(faults.name("plain"), 0), new OffsetAndMetadata(0));
    }

    private static String noise(int length) {
        var random = new java.util.Random(7);
        var text = new StringBuilder();
        while (text.length() < length)
            text.append((char) ('!' + random.nextInt(90)));
        return text.toString();
    }
}
