// Kafka Streams with exactly_once_v2, told on standard input what to do: a line of JSON a step, a
// line of JSON an answer. A step is an application of its own: it copies, reads, shares or repartitions.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

public class Streams {
    private static final ObjectMapper JSON = new ObjectMapper();
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
                answer.put("ok", false).put("error", e.getClass().getSimpleName() + ": " + e.getMessage());
            }
            System.out.write((JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
            System.out.flush();
        }
        System.exit(0);
    }

    private static void step(JsonNode step, ObjectNode answer) throws Exception {
        switch (step.get("do").asText()) {
            case "copy": copy(step); break;
            case "consume": consume(step, answer); break;
            case "rebalance": rebalance(step, answer); break;
            case "repartition": repartition(step); break;
            default: throw new IllegalArgumentException("no such step: " + step.get("do"));
        }
    }

    private static Properties settings(String application) {
        Properties settings = new Properties();
        settings.put("application.id", application);
        settings.put("bootstrap.servers", job.get("bootstrap").asText());
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("state.dir", System.getProperty("java.io.tmpdir") + "/" + System.nanoTime());
        // A step ends by closing, which commits: so a step is one transaction.
        settings.put("commit.interval.ms", 30000);
        settings.put("producer.transaction.timeout.ms", 60000);
        settings.put("auto.offset.reset", "earliest");
        settings.put("replication.factor", 1);
        settings.put("consumer.session.timeout.ms", 6000);
        settings.put("consumer.heartbeat.interval.ms", 300);
        settings.put("consumer.max.poll.records", 1);
        settings.put("producer.max.request.size", 16 << 20);
        settings.put("producer.linger.ms", 0);
        settings.put("default.key.serde", Serdes.BytesSerde.class);
        settings.put("default.value.serde", Serdes.BytesSerde.class);
        JsonNode login = job.get("login");
        if (login != null && !login.isNull()) {
            settings.put("security.protocol", "SASL_PLAINTEXT");
            settings.put("sasl.mechanism", "PLAIN");
            settings.put("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required "
                + "username=\"token\" password=\"" + login.get("token").asText() + "\";");
        }
        return settings;
    }

    /** An application that may fail, and says so. */
    private static final class Application implements AutoCloseable {
        private final KafkaStreams streams;
        private volatile Throwable failure;

        Application(Topology topology, Properties settings) {
            streams = new KafkaStreams(topology, settings);
            streams.setUncaughtExceptionHandler(error -> {
                failure = error.getCause() == null ? error : error.getCause();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
        }

        /** Until there, or until it has failed. */
        void await(long end, BooleanSupplier there) throws Exception {
            while (!there.getAsBoolean() && failure == null && System.currentTimeMillis() < end) Thread.sleep(20);
        }

        boolean stopped() {
            return streams.state() == KafkaStreams.State.ERROR;
        }

        TreeSet<Integer> owned() {
            TreeSet<Integer> owned = new TreeSet<>();
            streams.metadataForLocalThreads().forEach(thread -> thread.activeTasks()
                .forEach(task -> task.topicPartitions().forEach(partition -> owned.add(partition.partition()))));
            return owned;
        }

        @Override
        public void close() {
            streams.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(Duration.ofSeconds(20)));
        }
    }

    private static final class Meant extends RuntimeException {
        Meant() {
            super("meant to fail");
        }
    }

    /** Hands on what it gets, and counts. */
    private static final class Copy implements Processor<Bytes, Bytes, Bytes, Bytes> {
        private final CountDownLatch left;
        private final boolean fails;
        private ProcessorContext<Bytes, Bytes> context;

        Copy(CountDownLatch left, boolean fails) {
            this.left = left;
            this.fails = fails;
        }

        @Override
        public void init(ProcessorContext<Bytes, Bytes> context) {
            this.context = context;
        }

        @Override
        public void process(Record<Bytes, Bytes> record) {
            context.forward(record);
            left.countDown();
            if (fails && left.getCount() == 0) {
                // What is aborted has to be in the log first; only the harness sees into the log.
                try {
                    Thread.sleep(1000);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                throw new Meant();
            }
        }
    }

    private static void copy(JsonNode step) throws Exception {
        CountDownLatch left = new CountDownLatch(step.get("count").asInt());
        boolean fails = step.get("fails").asBoolean();
        Properties settings = settings(step.get("group").asText());
        settings.put("producer.compression.type", step.get("codec").asText());
        Topology topology = new Topology();
        topology.addSource("in", step.get("from").asText());
        topology.addProcessor("copy", () -> new Copy(left, fails), "in");
        topology.addSink("out", step.get("topic").asText(), "copy");
        long end = System.currentTimeMillis() + 25000;
        try (Application application = new Application(topology, settings)) {
            if (fails) {
                application.await(end, () -> false);
                while (!application.stopped() && System.currentTimeMillis() < end) Thread.sleep(20);
                if (application.failure instanceof Meant) return;
            } else {
                application.await(end, () -> left.getCount() == 0);
            }
            if (application.failure != null) throw new IllegalStateException(application.failure);
            if (!fails && !left.await(0, TimeUnit.MILLISECONDS))
                throw new IllegalStateException("the application got too little");
        }
    }

    /** Keeps what it gets, and commits after the last that is wanted: one more is one too many. */
    private static final class Keep implements Processor<Bytes, Bytes, Void, Void> {
        private final List<ObjectNode> kept;
        private final int count;
        private ProcessorContext<Void, Void> context;

        Keep(List<ObjectNode> kept, int count) {
            this.kept = kept;
            this.count = count;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            this.context = context;
        }

        @Override
        public void process(Record<Bytes, Bytes> record) {
            ObjectNode shown = JSON.createObjectNode();
            shown.put("topic", context.recordMetadata().map(m -> m.topic()).orElse(null));
            shown.put("key", text(record.key())).put("value", text(record.value()));
            ArrayNode headers = shown.putArray("headers");
            for (Header header : record.headers()) {
                headers.addArray().add(header.key()).add(header.value() == null ? null : text(Bytes.wrap(header.value())));
            }
            synchronized (kept) {
                if (kept.size() >= count) throw new Meant();
                kept.add(shown);
                if (kept.size() == count) context.commit();
            }
        }
    }

    private static String text(Bytes bytes) {
        return bytes == null ? null : new String(bytes.get(), StandardCharsets.UTF_8);
    }

    private static void consume(JsonNode step, ObjectNode answer) throws Exception {
        List<ObjectNode> kept = new ArrayList<>();
        List<String> topics = new ArrayList<>();
        step.get("topics").forEach(topic -> topics.add(topic.asText()));
        int count = step.get("count").asInt();
        Topology topology = new Topology();
        topology.addSource("in", topics.toArray(new String[0]));
        topology.addProcessor("keep", () -> new Keep(kept, count), "in");
        try (Application application = new Application(topology, settings(step.get("group").asText()))) {
            application.await(deadline(step), () -> {
                synchronized (kept) {
                    return kept.size() >= count;
                }
            });
            if (application.failure != null && !(application.failure instanceof Meant))
                throw new IllegalStateException(application.failure);
        }
        synchronized (kept) {
            answer.putArray("records").addAll(kept);
        }
    }

    private static long deadline(JsonNode step) {
        return System.currentTimeMillis() + step.get("seconds").asLong() * 1000;
    }

    /** One instance takes all, shares with a second one, and takes all again when that one leaves. */
    private static void rebalance(JsonNode step, ObjectNode answer) throws Exception {
        long end = deadline(step);
        int all = step.get("partitions").asInt();
        ArrayNode history = answer.putArray("history");
        try (Application first = member(step)) {
            first.await(end, () -> first.owned().size() == all);
            moment(history, first);
            try (Application second = member(step)) {
                first.await(end, () -> first.owned().size() == all / 2 && second.owned().size() == all / 2);
                moment(history, first, second);
            }
            first.await(end, () -> first.owned().size() == all);
            moment(history, first);
        }
    }

    private static Application member(JsonNode step) {
        Topology topology = new Topology();
        topology.addSource("in", step.get("topic").asText());
        topology.addProcessor("keep", () -> new Keep(new ArrayList<>(), Integer.MAX_VALUE), "in");
        return new Application(topology, settings(step.get("group").asText()));
    }

    private static void moment(ArrayNode history, Application... members) {
        ArrayNode moment = history.addArray();
        for (Application member : members) {
            ArrayNode owned = moment.addArray();
            member.owned().forEach(owned::add);
        }
    }

    /** Lets Streams create a topic of its own: GROUP-NAME-repartition. */
    private static void repartition(JsonNode step) throws Exception {
        StreamsBuilder builder = new StreamsBuilder();
        builder.<Bytes, Bytes>stream(step.get("from").asText())
            .repartition(Repartitioned.<Bytes, Bytes>as(step.get("name").asText())
                .withNumberOfPartitions(step.get("partitions").asInt()))
            .foreach((key, value) -> { });
        try (Application application = new Application(builder.build(), settings(step.get("group").asText()))) {
            application.await(System.currentTimeMillis() + 25000,
                () -> application.streams.state() == KafkaStreams.State.RUNNING);
            if (application.failure != null) throw new IllegalStateException(application.failure);
        }
    }
}
