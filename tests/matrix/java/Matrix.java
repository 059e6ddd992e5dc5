// kafka-clients, told on standard input what to do: a line of JSON a step, a line of JSON an answer.
// One source for the newest client and for 2.8: only what both have is used.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Matrix {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LARGE = 16 << 20;
    private static JsonNode job;

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 20);
        job = JSON.readTree(in.readLine());
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                step(JSON.readTree(line), answer);
                answer.put("ok", true);
            } catch (Exception e) {
                Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
                answer.put("ok", false).put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
            }
            System.out.write((JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
            System.out.flush();
        }
    }

    private static void step(JsonNode step, ObjectNode answer) throws Exception {
        switch (step.get("do").asText()) {
            case "produce": produce(step); break;
            case "consume": consume(step, answer); break;
            case "rebalance": rebalance(step, answer); break;
            default: admin(step, answer);
        }
    }

    private static Map<String, Object> settings() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", job.get("bootstrap").asText());
        settings.put("request.timeout.ms", 15000);
        JsonNode login = job.get("login");
        if (login != null && !login.isNull()) {
            settings.put("security.protocol", "SASL_PLAINTEXT");
            settings.put("sasl.mechanism", "PLAIN");
            settings.put("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required "
                + "username=\"token\" password=\"" + login.get("token").asText() + "\";");
        }
        return settings;
    }

    private static void produce(JsonNode step) throws Exception {
        Map<String, Object> settings = settings();
        settings.put("acks", step.get("acks").asText());
        settings.put("compression.type", step.get("codec").asText());
        settings.put("enable.idempotence", step.get("idempotent").asBoolean());
        settings.put("linger.ms", 20);
        settings.put("delivery.timeout.ms", 20000);
        settings.put("max.block.ms", 20000);
        settings.put("max.request.size", LARGE);
        JsonNode transaction = step.get("transaction");
        boolean transactional = transaction != null && !transaction.isNull();
        if (transactional) settings.put("transactional.id", transaction.get("id").asText());
        try (KafkaProducer<String, String> producer =
                 new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (JsonNode record : step.get("records")) sent.add(producer.send(record(step, record)));
            producer.flush();
            for (Future<RecordMetadata> each : sent) each.get();
            if (transactional && transaction.get("commit").asBoolean()) producer.commitTransaction();
            else if (transactional) producer.abortTransaction();
        }
    }

    private static ProducerRecord<String, String> record(JsonNode step, JsonNode record) {
        ProducerRecord<String, String> made =
            new ProducerRecord<>(step.get("topic").asText(), text(record.get("key")), text(record.get("value")));
        for (JsonNode header : record.get("headers")) {
            String value = text(header.get(1));
            made.headers().add(header.get(0).asText(), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        }
        return made;
    }

    private static String text(JsonNode node) {
        return node.isNull() ? null : node.asText();
    }

    private static KafkaConsumer<String, String> consumer(JsonNode step) {
        Map<String, Object> settings = settings();
        settings.put("group.id", step.get("group").asText());
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("isolation.level", "read_committed");
        settings.put("session.timeout.ms", 10000);
        settings.put("heartbeat.interval.ms", 300);
        settings.put("max.poll.records", 1);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private static void consume(JsonNode step, ObjectNode answer) {
        ArrayNode records = answer.putArray("records");
        long end = deadline(step);
        List<String> topics = new ArrayList<>();
        step.get("topics").forEach(topic -> topics.add(topic.asText()));
        try (KafkaConsumer<String, String> consumer = consumer(step)) {
            consumer.subscribe(topics);
            Map<TopicPartition, OffsetAndMetadata> read = new HashMap<>();
            while (records.size() < step.get("count").asInt() && System.currentTimeMillis() < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    records.add(shown(record));
                    read.put(new TopicPartition(record.topic(), record.partition()),
                        new OffsetAndMetadata(record.offset() + 1));
                }
            }
            consumer.commitSync(read);
        }
    }

    private static ObjectNode shown(ConsumerRecord<String, String> record) {
        ObjectNode shown = JSON.createObjectNode();
        shown.put("topic", record.topic()).put("key", record.key()).put("value", record.value());
        ArrayNode headers = shown.putArray("headers");
        for (Header header : record.headers()) {
            byte[] value = header.value();
            headers.addArray().add(header.key()).add(value == null ? null : new String(value, StandardCharsets.UTF_8));
        }
        return shown;
    }

    private static long deadline(JsonNode step) {
        return System.currentTimeMillis() + step.get("seconds").asLong() * 1000;
    }

    /** One member takes all, shares with a second one, and takes all again when that one leaves. */
    private static void rebalance(JsonNode step, ObjectNode answer) {
        long end = deadline(step);
        int all = step.get("partitions").asInt();
        ArrayNode history = answer.putArray("history");
        try (KafkaConsumer<String, String> first = consumer(step)) {
            first.subscribe(List.of(step.get("topic").asText()));
            until(end, all, 0, first, null, history);
            try (KafkaConsumer<String, String> second = consumer(step)) {
                second.subscribe(List.of(step.get("topic").asText()));
                until(end, all / 2, all / 2, first, second, history);
            }
            until(end, all, 0, first, null, history);
        }
    }

    private static void until(long end, int one, int other, KafkaConsumer<String, String> first,
                              KafkaConsumer<String, String> second, ArrayNode history) {
        while (true) {
            first.poll(Duration.ofMillis(50));
            if (second != null) second.poll(Duration.ofMillis(50));
            boolean there = first.assignment().size() == one && (second == null || second.assignment().size() == other);
            if (there || System.currentTimeMillis() > end) break;
        }
        ArrayNode moment = history.addArray();
        owned(first, moment.addArray());
        if (second != null) owned(second, moment.addArray());
    }

    private static void owned(KafkaConsumer<String, String> consumer, ArrayNode to) {
        TreeSet<Integer> partitions = new TreeSet<>();
        consumer.assignment().forEach(partition -> partitions.add(partition.partition()));
        partitions.forEach(to::add);
    }

    private static void admin(JsonNode step, ObjectNode answer) throws Exception {
        String topic = step.get("topic").asText();
        try (Admin admin = Admin.create(settings())) {
            switch (step.get("do").asText()) {
                case "create":
                    NewTopic wanted = new NewTopic(topic, Optional.of(step.get("partitions").asInt()), Optional.empty());
                    wanted.configs(Map.of("retention.ms", step.get("retention").asText()));
                    admin.createTopics(List.of(wanted)).all().get();
                    break;
                case "describe":
                    // The name of this method differs between the versions; the oldest's is deprecated.
                    answer.put("partitions", described(admin, topic));
                    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
                    answer.put("retention", admin.describeConfigs(List.of(resource)).all().get()
                        .get(resource).get("retention.ms").value());
                    break;
                case "delete":
                    admin.deleteTopics(List.of(topic)).all().get();
                    break;
                default:
                    throw new IllegalArgumentException("no such step: " + step.get("do"));
            }
        }
    }

    private static int described(Admin admin, String topic) throws Exception {
        Object result = admin.describeTopics(List.of(topic));
        Map<?, ?> all;
        try {
            all = (Map<?, ?>) ((org.apache.kafka.common.KafkaFuture<?>)
                result.getClass().getMethod("allTopicNames").invoke(result)).get();
        } catch (NoSuchMethodException before31) {
            all = (Map<?, ?>) ((org.apache.kafka.common.KafkaFuture<?>)
                result.getClass().getMethod("all").invoke(result)).get();
        }
        return ((org.apache.kafka.clients.admin.TopicDescription) all.get(topic)).partitions().size();
    }
}
