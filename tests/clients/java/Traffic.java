import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Makes the Java client say as much as it can: every codec, transactions, groups of every kind, and
 * every call of the administrator ({@link Administrator}). What fails is told and does not stop it:
 * an answer that says no is traffic too.
 */
final class Traffic {
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final Duration POLL = Duration.ofMillis(300);

    private final JsonNode job;
    private final String topic;

    private Traffic(JsonNode job) {
        this.job = job;
        this.topic = job.get("topic").asText();
    }

    public static void main(String[] args) throws Exception {
        JsonNode job = Job.read();
        Traffic traffic = new Traffic(job);
        try (Administrator admin = new Administrator(Job.config(job), traffic.topic)) {
            attempt("topics", admin::topics);
            for (String codec : CODECS) attempt(codec, () -> traffic.produce(codec));
            attempt("transactions", traffic::transactions);
            attempt("administration during a transaction", admin::transactions);
            attempt("classic group", () -> traffic.group("classic"));
            attempt("group", () -> traffic.group("consumer"));
            attempt("pattern", traffic::pattern);
            attempt("settings", admin::settings);
            attempt("share group", traffic::share);
            attempt("groups", admin::groups);
            attempt("cluster", admin::cluster);
            attempt("deletions", admin::deletions);
        }
        System.out.println("{\"done\": true}");
    }

    /** A step that may fail. */
    interface Step {
        void run() throws Exception;
    }

    static void attempt(String name, Step step) {
        try {
            step.run();
        } catch (Exception e) {
            System.err.println(name + ": " + e);
        }
    }

    private Properties client(String... more) {
        Properties config = Job.config(job);
        config.put("client.id", "traffic");
        config.put("request.timeout.ms", "10000");
        for (int i = 0; i < more.length; i += 2) config.put(more[i], more[i + 1]);
        return config;
    }

    private KafkaProducer<String, String> producer(String... more) {
        return new KafkaProducer<>(client(more), new StringSerializer(), new StringSerializer());
    }

    private void produce(String codec) throws Exception {
        try (KafkaProducer<String, String> producer =
                 producer("compression.type", codec, "linger.ms", "30", "enable.idempotence", "true")) {
            for (int i = 0; i < 12; i++) {
                JsonNode values = job.get("values");
                producer.send(record("key " + i / 4, values.get(i % values.size()).asText().repeat(1 + i)));
            }
            producer.send(record(null, null)).get();
        }
        try (KafkaProducer<String, String> producer =
                 producer("compression.type", codec, "acks", "1", "enable.idempotence", "false")) {
            producer.send(record(null, codec)).get();
        }
    }

    private ProducerRecord<String, String> record(String key, String value) {
        ProducerRecord<String, String> record = new ProducerRecord<>(topic, key, value);
        record.headers().add("trace", "00-1".getBytes(StandardCharsets.UTF_8)).add("trace", null);
        return record;
    }

    private void transactions() throws Exception {
        try (KafkaProducer<String, String> producer = producer("transactional.id", "traffic", "linger.ms", "20");
             Consumer<String, String> consumer = consumer("classic", "transactions")) {
            producer.initTransactions();
            for (boolean commit : new boolean[] {true, false}) {
                producer.beginTransaction();
                producer.send(record("transaction", String.valueOf(commit))).get();
                consumer.subscribe(List.of(topic));
                consumer.poll(POLL);
                Map<TopicPartition, OffsetAndMetadata> read =
                    Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1, "as far as this"));
                producer.sendOffsetsToTransaction(read, consumer.groupMetadata());
                if (commit) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
    }

    private Consumer<String, String> consumer(String protocol, String group) {
        Properties config = client("group.protocol", protocol, "group.id", group, "auto.offset.reset", "earliest",
            "enable.auto.commit", "false", "isolation.level", "read_committed", "client.rack", "rack-1");
        if (protocol.equals("classic")) config.put("heartbeat.interval.ms", "200");
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private void group(String protocol) {
        try (Consumer<String, String> first = consumer(protocol, protocol);
             Consumer<String, String> second = consumer(protocol, protocol)) {
            for (Consumer<String, String> each : List.of(first, second)) each.subscribe(List.of(topic));
            for (int i = 0; i < 8; i++) {
                first.poll(POLL);
                second.poll(POLL);
            }
            for (Consumer<String, String> each : List.of(first, second)) {
                Collection<TopicPartition> owned = each.assignment();
                each.commitSync();
                each.committed(Set.copyOf(owned));
                each.endOffsets(owned);
                each.beginningOffsets(owned);
                each.listTopics();
                each.partitionsFor(topic);
            }
        }
    }

    private void pattern() {
        try (Consumer<String, String> consumer = consumer("consumer", "pattern")) {
            consumer.subscribe(new SubscriptionPattern(topic + ".*"));
            for (int i = 0; i < 5; i++) consumer.poll(POLL);
        }
        try (Consumer<String, String> consumer = consumer("classic", "classic-pattern")) {
            consumer.subscribe(Pattern.compile(topic + ".*"));
            for (int i = 0; i < 3; i++) consumer.poll(POLL);
            consumer.commitSync();
        }
    }

    private void share() {
        Properties config = client("group.id", "share", "share.acknowledgement.mode", "explicit");
        try (KafkaShareConsumer<String, String> consumer =
                 new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            AcknowledgeType[] types =
                {AcknowledgeType.ACCEPT, AcknowledgeType.RELEASE, AcknowledgeType.REJECT, AcknowledgeType.ACCEPT};
            int n = 0;
            // A member is given its partitions with a later heartbeat.
            for (int i = 0; i < 100 && n < 8; i++) {
                for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                    consumer.acknowledge(record, types[n++ % types.length]);
                }
                consumer.commitSync();
            }
        }
    }
}
