import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Properties;

/** What a Java client of the tests is told on standard input: one line of JSON, its settings under `config`. */
final class Job {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

    private Job() {
    }

    static JsonNode read() throws IOException {
        return JSON.readTree(INPUT.readLine());
    }

    /** Returns when standard input has ended. */
    static void awaitEnd() {
        try {
            while (INPUT.readLine() != null) {
                continue;
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Properties config(JsonNode job) {
        Properties config = new Properties();
        job.get("config").fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().asText()));
        return config;
    }
}
