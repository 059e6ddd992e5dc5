import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.common.protocol.Errors;

/**
 * Provokes the errors a broker can answer with, one by one, and tells the exception that the Java client makes
 * of each and its code. Run directly and through a gateway, both runs must tell the same.
 *
 * The job names topics and groups that were prepared: see behaviour/transparency/clients.rs.
 */
public final class Faults {
    private static final int AT_ONCE = 6;

    /** What a case does; it must throw. */
    interface Case {
        void provoke() throws Exception;
    }

    final JsonNode job;
    final Map<String, Case> cases = new LinkedHashMap<>();

    private Faults(JsonNode job) {
        this.job = job;
        switch (job.get("part").asText()) {
            case "producer" -> new ProducerFaults(this).add();
            case "consumer" -> new ConsumerFaults(this).add();
            case "admin" -> new AdminFaults(this).add();
            default -> throw new IllegalArgumentException("no such part");
        }
    }

    /** Settings of a client, with more of them given as pairs. */
    Properties config(String... more) {
        Properties config = Job.config(job);
        for (int i = 0; i < more.length; i += 2)
            config.put(more[i], more[i + 1]);
        return config;
    }

    /** A prepared topic or name. */
    String name(String of) {
        return job.get("names").get(of).asText();
    }

    /** A name of this run alone. */
    String own(String stem) {
        return stem + "-" + name("run");
    }

    public static void main(String[] args) throws Exception {
        Faults faults = new Faults(Job.read());
        var pool = Executors.newFixedThreadPool(AT_ONCE);
        Map<String, Future<ObjectNode>> told = new LinkedHashMap<>();
        faults.cases.forEach((name, provoke) -> told.put(name, pool.submit(tell(name, provoke))));
        for (Future<ObjectNode> one : told.values())
            System.out.println(one.get());
        System.out.flush();
        System.exit(0); // consumers that were fenced leave threads behind
    }

    private static Callable<ObjectNode> tell(String name, Case provoke) {
        return () -> {
            ObjectNode told = Job.JSON.createObjectNode().put("case", name);
            long from = System.nanoTime();
            try {
                provoke.provoke();
                told.put("class", "none");
            } catch (Throwable thrown) {
                Throwable e = thrown instanceof ExecutionException && thrown.getCause() != null ? thrown.getCause() : thrown;
                told.put("class", e.getClass().getName()).put("code", Errors.forException(e).code());
                told.put("message", String.valueOf(e.getMessage()));
            }
            return told.put("ms", (System.nanoTime() - from) / 1_000_000);
        };
    }
}
