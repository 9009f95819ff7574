import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One producer: sends messages, records what becomes of each, and knows whether it can go on. */
final class Producer {
  /** Of all producers of a profile. */
  static final class Counts {
    final AtomicLong acked = new AtomicLong();
    final AtomicLong failed = new AtomicLong();
  }

  private static final int MAX_BLOCK_MS = 10_000;

  final String id;
  private final Profile profile;
  private final String trust;
  private final Counts counts;
  private final Settings settings;
  private final Recorder recorder;
  private final AtomicBoolean isBroken = new AtomicBoolean();
  private final KafkaProducer<byte[], byte[]> producer;
  private final Thread network;
  private final Connections connections;

  /** Fails if the trust file cannot be loaded. */
  Producer(String id, Profile profile, String trust, Counts counts, Settings settings, Recorder recorder) {
    this.id = id;
    this.profile = profile;
    this.trust = trust;
    this.counts = counts;
    this.settings = settings;
    this.recorder = recorder;
    Properties properties = new Properties();
    properties.put("acks", "all");
    // A send waits so long for the first metadata, also after the network thread has died meanwhile.
    properties.put("max.block.ms", MAX_BLOCK_MS);
    properties.putAll(profile.client());
    properties.put("client.id", id);
    producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    network = Threads.named("kafka-producer-network-thread | " + id);
    connections = new Connections(id, producer::metrics, recorder);
  }

  void reportNowAndThen() {
    connections.reportNowAndThen();
  }

  void send(long number) {
    long at = Recorder.now();
    int partition = (int) (number % settings.partitions);
    byte[] value = new Numbered(profile.name, number, at).bytes();
    try {
      producer.send(new ProducerRecord<>(settings.topic, partition, null, value),
          (metadata, error) -> done(number, partition, at, error == null ? metadata.offset() : -1, error));
    } catch (RuntimeException e) {
      done(number, partition, at, -1, e);
    }
  }

  private void done(long number, int partition, long at, long offset, Exception error) {
    String name = error == null ? "" : Recorder.nameOf(error);
    recorder.sends.add(profile.name, number, partition, offset, at, Recorder.now(), name);
    if (error == null) {
      if (counts.acked.getAndIncrement() == 0) recorder.event("first-ack", Map.of("writer", profile.name));
      return;
    }
    if (counts.failed.getAndIncrement() == 0) recorder.failure("first-failure", id, error);
    if (!(error instanceof RetriableException)) isBroken.set(true);
  }

  /** The network thread dies of an OutOfMemoryError, for example if it takes TLS for the length of a message. */
  boolean hasDied() {
    return network != null && !network.isAlive();
  }

  /** Null if there is none. */
  String reasonToRenew(String trustNow) {
    if (hasDied()) return "network thread died";
    if (isBroken.get()) return "fatal error";
    return trustNow == null || trustNow.equals(trust) ? null : "trust file changed";
  }

  void close(Duration limit) {
    connections.report();
    try {
      producer.close(limit);
    } catch (RuntimeException e) {
      recorder.failure("close-failed", id, e);
    }
  }
}
