import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Asks Kafka's AdminClient, twice a second, what it knows of all partitions and of the quorum: the questions of kafka-topics --describe and
 * kafka-metadata-quorum describe. Reports each answer as an event "health", with the partitions that are not fully in sync; a question
 * without an answer is an event "health-unknown". It judges nothing.
 */
final class HealthWatcher extends Worker {
  private static final long EVERY_MS = 500;
  private static final String MIN_ISR = "min.insync.replicas";

  private final Profile profile;
  private Admin admin;

  HealthWatcher(Settings settings, Profile profile, Recorder recorder) {
    super("health by " + profile.name, settings, recorder);
    this.profile = profile;
  }

  @Override
  public void run() {
    while (!isFinishing()) {
      long asked = Recorder.now();
      try {
        if (admin == null) admin = connect();
        recorder.event("health", answer(asked));
      } catch (ExecutionException | RuntimeException | InterruptedException e) {
        Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
        recorder.event("health-unknown", Map.of("asked", asked, "error", Recorder.nameOf(cause), "message", String.valueOf(cause.getMessage())));
        disconnect();
      }
      Threads.pause(Math.max(1, EVERY_MS - (Recorder.now() - asked) / 1000));
    }
    disconnect();
  }

  private Map<String, Object> answer(long asked) throws ExecutionException, InterruptedException {
    List<String> names = new ArrayList<>(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get());
    Map<String, TopicDescription> topics = admin.describeTopics(names).allTopicNames().get();
    Map<String, Integer> minimums = minimums(names);
    int checked = 0;
    List<Map<String, Object>> behind = new ArrayList<>();
    for (TopicDescription topic : topics.values()) {
      for (TopicPartitionInfo each : topic.partitions()) {
        checked++;
        if (each.isr().size() >= each.replicas().size()) continue;
        Map<String, Object> partition = new LinkedHashMap<>();
        partition.put("topic", topic.name());
        partition.put("partition", each.partition());
        partition.put("minimum", minimums.get(topic.name()));
        partition.put("replicas", ids(each.replicas()));
        partition.put("isr", ids(each.isr()));
        behind.add(partition);
      }
    }
    QuorumInfo quorum = admin.describeMetadataQuorum().quorumInfo().get();
    List<Map<String, Object>> voters = new ArrayList<>();
    for (QuorumInfo.ReplicaState voter : quorum.voters()) {
      Map<String, Object> state = new LinkedHashMap<>();
      state.put("id", voter.replicaId());
      state.put("endOffset", voter.logEndOffset());
      state.put("lastFetch", voter.lastFetchTimestamp().orElse(-1));
      voters.add(state);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("asked", asked);
    answer.put("checked", checked);
    answer.put("behind", behind);
    answer.put("leader", quorum.leaderId());
    answer.put("committed", quorum.highWatermark());
    answer.put("voters", voters);
    return answer;
  }

  private Map<String, Integer> minimums(List<String> names) throws ExecutionException, InterruptedException {
    List<ConfigResource> resources = new ArrayList<>();
    for (String name : names) resources.add(new ConfigResource(ConfigResource.Type.TOPIC, name));
    Map<String, Integer> minimums = new LinkedHashMap<>();
    for (Map.Entry<ConfigResource, Config> entry : admin.describeConfigs(resources).all().get().entrySet()) {
      minimums.put(entry.getKey().name(), Integer.valueOf(entry.getValue().get(MIN_ISR).value()));
    }
    return minimums;
  }

  private static List<Integer> ids(List<Node> nodes) {
    List<Integer> ids = new ArrayList<>();
    for (Node node : nodes) ids.add(node.id());
    return ids;
  }

  /** A node that does not answer costs two seconds, and is asked again only after ten. */
  private Admin connect() {
    Properties properties = profile.client();
    properties.put("client.id", "health-watcher");
    properties.put("request.timeout.ms", "2000");
    properties.put("default.api.timeout.ms", "8000");
    properties.put("socket.connection.setup.timeout.ms", "2000");
    properties.put("reconnect.backoff.ms", "500");
    properties.put("reconnect.backoff.max.ms", "10000");
    properties.keySet().removeAll(List.of("acks", "enable.idempotence"));
    return Admin.create(properties);
  }

  private void disconnect() {
    if (admin != null) admin.close(Duration.ZERO);
    admin = null;
  }
}
