import java.util.Map;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.CreateTopicPolicy;

/** A broker's own policy, so that the tests meet POLICY_VIOLATION from somebody other than the gateway. */
public class TopicPolicy implements CreateTopicPolicy {
    @Override
    public void validate(RequestMetadata request) {
        if (request.topic().startsWith("against-policy"))
            throw new PolicyViolationException("this broker wants no topic named " + request.topic());
    }

    @Override
    public void configure(Map<String, ?> settings) {
    }

    @Override
    public void close() {
    }
}
