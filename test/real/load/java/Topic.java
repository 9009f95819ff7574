import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;

/** Creates the topic unless it exists, by the first profile that works. */
final class Topic {
  private static final short REPLICAS = 3;
  private static final Map<String, String> CONFIG = Map.of("min.insync.replicas", "2", "retention.ms", "-1");
  private static final long RETRY_MS = 500;

  static void ensure(Settings settings, Recorder recorder) {
    long end = System.nanoTime() + settings.limitMs * 1_000_000;
    while (System.nanoTime() < end) {
      for (Profile profile : settings.profiles) {
        if (profile.trustVersion() != null && Reachable.isReachable(profile, settings) && create(settings, profile, recorder)) return;
      }
      Threads.pause(RETRY_MS);
    }
  }

  private static boolean create(Settings settings, Profile profile, Recorder recorder) {
    Properties properties = new Properties();
    properties.put("default.api.timeout.ms", "15000");
    properties.put("request.timeout.ms", "10000");
    properties.putAll(profile.client());
    properties.keySet().removeAll(List.of("acks", "enable.idempotence"));
    try (Admin admin = Admin.create(properties)) {
      admin.createTopics(List.of(new NewTopic(settings.topic, settings.partitions, REPLICAS).configs(CONFIG))).all().get();
      recorder.event("topic", Map.of("topic", settings.topic, "profile", profile.name));
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TopicExistsException) return true;
      recorder.failure("topic-failed", profile.name, e.getCause());
    } catch (Exception e) {
      recorder.failure("topic-failed", profile.name, e);
    }
    return false;
  }

  private Topic() {}
}
