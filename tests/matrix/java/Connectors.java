// A source and a sink for a Connect worker: the source sends the records of a file, the sink keeps
// what it is given in one, a line of JSON a record.

package lockgate.matrix;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

public final class Connectors {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ConfigDef ANY = new ConfigDef();

    private Connectors() {
    }

    private static List<Map<String, String>> numbered(Map<String, String> settings, int tasks) {
        List<Map<String, String>> all = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            Map<String, String> one = new HashMap<>(settings);
            one.put("task", Integer.toString(task));
            all.add(one);
        }
        return all;
    }

    public static final class Source extends SourceConnector {
        private Map<String, String> settings;

        @Override
        public void start(Map<String, String> settings) {
            this.settings = settings;
        }

        @Override
        public Class<? extends Task> taskClass() {
            return Sender.class;
        }

        @Override
        public List<Map<String, String>> taskConfigs(int most) {
            return numbered(settings, 1);
        }

        @Override
        public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> settings) {
            return ExactlyOnceSupport.SUPPORTED;
        }

        @Override
        public ConnectorTransactionBoundaries canDefineTransactionBoundaries(Map<String, String> settings) {
            return ConnectorTransactionBoundaries.SUPPORTED;
        }

        @Override
        public void stop() {
        }

        @Override
        public ConfigDef config() {
            return ANY;
        }

        @Override
        public String version() {
            return "1";
        }
    }

    public static final class Sender extends SourceTask {
        private Map<String, String> settings;
        private boolean sent;

        @Override
        public void start(Map<String, String> settings) {
            this.settings = settings;
            Map<String, Object> before = context.offsetStorageReader().offset(Map.of("file", settings.get("file")));
            sent = before != null;
        }

        @Override
        public List<SourceRecord> poll() throws InterruptedException {
            if (sent) {
                Thread.sleep(100);
                return null;
            }
            sent = true;
            List<SourceRecord> records = new ArrayList<>();
            try {
                for (String line : Files.readAllLines(Path.of(settings.get("file")))) records.add(record(JSON.readTree(line)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            if ("true".equals(settings.get("aborts"))) context.transactionContext().abortTransaction(records.get(records.size() - 1));
            return records;
        }

        private SourceRecord record(JsonNode told) {
            ConnectHeaders headers = new ConnectHeaders();
            for (JsonNode header : told.get("headers")) headers.add(header.get(0).asText(), text(header.get(1)), Schema.OPTIONAL_STRING_SCHEMA);
            return new SourceRecord(Map.of("file", settings.get("file")), Map.of("sent", 1L), settings.get("to"), 0,
                Schema.OPTIONAL_STRING_SCHEMA, text(told.get("key")), Schema.OPTIONAL_STRING_SCHEMA, text(told.get("value")),
                null, headers);
        }

        private static String text(JsonNode node) {
            return node.isNull() ? null : node.asText();
        }

        @Override
        public void stop() {
        }

        @Override
        public String version() {
            return "1";
        }
    }

    public static final class Sink extends SinkConnector {
        private Map<String, String> settings;

        @Override
        public void start(Map<String, String> settings) {
            this.settings = settings;
        }

        @Override
        public Class<? extends Task> taskClass() {
            return Keeper.class;
        }

        @Override
        public List<Map<String, String>> taskConfigs(int most) {
            return numbered(settings, most);
        }

        @Override
        public void stop() {
        }

        @Override
        public ConfigDef config() {
            return ANY;
        }

        @Override
        public String version() {
            return "1";
        }
    }

    /** Keeps no more than it is to keep, and commits no further; says in a file what it owns. */
    public static final class Keeper extends SinkTask {
        private Path file;
        private Path owned;
        private int left;
        private final TreeSet<Integer> partitions = new TreeSet<>();
        private final Map<TopicPartition, OffsetAndMetadata> kept = new HashMap<>();

        @Override
        public void start(Map<String, String> settings) {
            file = Path.of(settings.get("file"));
            owned = Path.of(settings.get("file") + ".owned." + settings.get("task"));
            left = Integer.parseInt(settings.get("count"));
        }

        @Override
        public void open(Collection<TopicPartition> opened) {
            opened.forEach(each -> partitions.add(each.partition()));
            write(owned, partitions.toString(), StandardOpenOption.TRUNCATE_EXISTING);
        }

        @Override
        public void close(Collection<TopicPartition> closed) {
            closed.forEach(each -> partitions.remove(each.partition()));
            write(owned, partitions.toString(), StandardOpenOption.TRUNCATE_EXISTING);
        }

        @Override
        public void put(Collection<SinkRecord> records) {
            StringBuilder lines = new StringBuilder();
            for (SinkRecord record : records) {
                if (left == 0) break;
                left--;
                kept.put(new TopicPartition(record.topic(), record.kafkaPartition()), new OffsetAndMetadata(record.kafkaOffset() + 1));
                lines.append(shown(record)).append('\n');
            }
            if (lines.length() > 0) write(file, lines.toString(), StandardOpenOption.APPEND);
        }

        @Override
        public Map<TopicPartition, OffsetAndMetadata> preCommit(Map<TopicPartition, OffsetAndMetadata> current) {
            return kept;
        }

        private static String shown(SinkRecord record) {
            ObjectNode shown = JSON.createObjectNode();
            shown.put("topic", record.topic()).put("key", (String) record.key()).put("value", (String) record.value());
            ArrayNode headers = shown.putArray("headers");
            record.headers().forEach(header -> headers.addArray().add(header.key()).add((String) header.value()));
            return shown.toString();
        }

        private static void write(Path to, String text, StandardOpenOption how) {
            try {
                Files.writeString(to, text, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void stop() {
        }

        @Override
        public String version() {
            return "1";
        }
    }
}
