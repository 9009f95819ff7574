import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of the consumer group that reads while the load runs. Loads the trust file again when the file has changed. */
final class GroupReader extends Thread {
  private static final Duration POLL = Duration.ofMillis(250);
  private static final long RETRY_MS = 500;

  private final Settings settings;
  private final Profile profile;
  private final Recorder recorder;
  private volatile boolean isFinishing;
  private boolean hasRead;
  private int clients;

  GroupReader(Settings settings, Profile profile, Recorder recorder) {
    super("reader " + profile.name);
    this.settings = settings;
    this.profile = profile;
    this.recorder = recorder;
    setDaemon(true);
  }

  /** Returns at once. */
  void finish() {
    isFinishing = true;
  }

  @Override
  public void run() {
    if (!Reachable.await(profile, settings, recorder, () -> isFinishing)) return;
    String because = "start";
    while (!isFinishing) {
      String trust = profile.trustVersion();
      if (trust != null) {
        try {
          readUntilTrustChanges(trust, because);
          because = "trust file changed";
          continue;
        } catch (Exception | OutOfMemoryError e) {
          recorder.failure("reader-failed", "reader-" + profile.name + "-" + clients, e);
          because = "fatal error";
        }
      }
      Threads.pause(RETRY_MS);
    }
  }

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
      while (!isFinishing) {
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
