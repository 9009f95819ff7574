import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A member of the consumer group that reads while the load runs. Loads the trust file again when the file has changed, and starts again when
 * it has failed and the cluster speaks its protocol.
 */
final class GroupReader extends Worker {
  private static final Duration POLL = Duration.ofMillis(250);
  private static final long RETRY_MS = 500;

  private final Profile profile;
  private boolean hasRead;
  private int clients;

  GroupReader(Settings settings, Profile profile, Recorder recorder) {
    super("reader " + profile.name, settings, recorder);
    this.profile = profile;
  }

  @Override
  public void run() {
    String because = "start";
    while (Reachable.await(profile, settings, recorder, this::isFinishing)) {
      try {
        readUntilTrustChanges(profile.trustVersion(), because);
        because = "trust file changed";
      } catch (Exception | OutOfMemoryError e) {
        recorder.failure("reader-failed", "reader-" + profile.name + "-" + clients, e);
        because = "fatal error";
        Threads.pause(RETRY_MS);
      }
    }
  }

  @SuppressWarnings("deprecation") // Kafka 3.9 has no other close with a limit.
  private void readUntilTrustChanges(String trust, String because) {
    String id = "reader-" + profile.name + "-" + ++clients;
    Properties properties = new Properties();
    properties.put("group.id", settings.topic + "-live");
    properties.put("auto.offset.reset", "earliest");
    properties.putAll(profile.client());
    properties.put("client.id", id);
    properties.keySet().removeAll(List.of("acks", "enable.idempotence"));
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    Connections connections = new Connections(id, consumer::metrics, recorder);
    try {
      recorder.event("client", Map.of("client", id, "because", because, "trust", trust));
      consumer.subscribe(List.of(settings.topic));
      while (!isFinishing()) {
        for (ConsumerRecord<byte[], byte[]> found : consumer.poll(POLL)) {
          Numbered message = Numbered.of(found.value());
          if (!hasRead) recorder.event("first-read", Map.of("client", id));
          hasRead = true;
          recorder.live.add(message.writer(), message.number(), found.partition(), found.offset(), message.sent(), Recorder.now());
        }
        connections.reportNowAndThen();
        String now = profile.trustVersion();
        if (now != null && !now.equals(trust)) return;
      }
    } finally {
      connections.report();
      consumer.close(Duration.ofSeconds(5));
    }
  }
}
