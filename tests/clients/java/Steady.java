import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * An idempotent producer that sends numbered values to every partition of a topic until its standard input
 * ends, and then tells which were acknowledged, partition by partition in the order of the answers.
 */
public final class Steady {
    public static void main(String[] args) throws Exception {
        JsonNode job = Job.read();
        Properties config = Job.config(job);
        config.put("acks", "all");
        config.put("enable.idempotence", "true");
        config.put("linger.ms", "5");
        config.put("retry.backoff.ms", "50");
        ObjectNode told = Job.JSON.createObjectNode();
        ObjectNode acked = told.putObject("acked");
        ArrayNode errors = told.putArray("errors");
        int partitions = job.get("partitions").asInt();
        for (int p = 0; p < partitions; p++)
            acked.putArray(String.valueOf(p));
        Thread end = new Thread(Job::awaitEnd);
        end.start();
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (long number = 0; end.isAlive(); number++) {
                for (int p = 0; p < partitions; p++) {
                    int partition = p;
                    String value = partition + "-" + number;
                    producer.send(new ProducerRecord<>(job.get("topic").asText(), partition, null, value), (done, e) -> {
                        synchronized (told) {
                            if (e == null)
                                ((ArrayNode) acked.get(String.valueOf(partition))).add(value);
                            else
                                errors.add(e.toString());
                        }
                    });
                }
                if (number == 0) {
                    producer.flush();
                    System.out.println("begun");
                }
                Thread.sleep(5);
            }
        }
        System.out.println(told);
    }
}
