import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * An administrator who asks a cluster all it will tell about its machines, and prints what each question came
 * to: `fine`, or the exception's class.
 */
public final class Look {
    /** A question. */
    interface Ask {
        KafkaFuture<?> of(Admin admin);
    }

    public static void main(String[] args) throws Exception {
        var job = Job.read();
        String topic = job.get("topic").asText();
        var partition = new TopicPartition(topic, 0);
        Map<String, Ask> asks = new LinkedHashMap<>();
        asks.put("nodes", a -> a.describeCluster().nodes());
        asks.put("fenced nodes", a -> a.describeCluster(new DescribeClusterOptions().includeFencedBrokers(true)).nodes());
        asks.put("quorum", a -> a.describeMetadataQuorum().quorumInfo());
        asks.put("configs of a broker", a -> a.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, "1"))).all());
        asks.put("configs of a topic", a -> a.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, topic))).all());
        asks.put("features", a -> a.describeFeatures().featureMetadata());
        asks.put("topics", a -> a.listTopics().names());
        asks.put("topic", a -> a.describeTopics(List.of(topic)).allTopicNames());
        asks.put("groups", a -> a.listGroups().all());
        asks.put("group", a -> a.describeConsumerGroups(List.of(job.get("group").asText())).all());
        asks.put("producers", a -> a.describeProducers(List.of(partition)).all());
        asks.put("transactions", a -> a.listTransactions().all());
        asks.put("log directories", a -> a.describeLogDirs(List.of(1, 2, 3)).allDescriptions());
        asks.put("reassignments", a -> a.listPartitionReassignments().reassignments());
        asks.put("credentials", a -> a.describeUserScramCredentials().all());
        asks.put("acls", a -> a.describeAcls(org.apache.kafka.common.acl.AclBindingFilter.ANY).values());
        asks.put("quotas", a -> a.describeClientQuotas(org.apache.kafka.common.quota.ClientQuotaFilter.all()).entities());
        asks.put("elect", a -> a.electLeaders(ElectionType.PREFERRED, Set.of(partition)).all());
        asks.put("unregister", a -> a.unregisterBroker(99).all());
        var config = Job.config(job);
        config.put("default.api.timeout.ms", "30000");
        config.put("request.timeout.ms", "20000");
        var told = Job.JSON.createObjectNode();
        try (var admin = Admin.create(config)) {
            Map<String, KafkaFuture<?>> answers = new LinkedHashMap<>();
            asks.forEach((name, ask) -> answers.put(name, ask.of(admin)));
            for (var answer : answers.entrySet())
                try {
                    answer.getValue().get(30, TimeUnit.SECONDS);
                    told.put(answer.getKey(), "fine");
                } catch (Exception e) {
                    told.put(answer.getKey(), String.valueOf(e.getCause() == null ? e : e.getCause()));
                }
        }
        System.out.println(told);
    }
}
