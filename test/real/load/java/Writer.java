import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends numbered messages to all partitions in turn, at a fixed rate, with an idempotent producer and acks=all unless the profile says
 * otherwise. Starts when the cluster first answers in the profile's protocol. As the README tells clients to, it loads the trust file again
 * when the file has changed: a new producer takes over, and the old one finishes what it has.
 */
final class Writer extends Thread {
  private static final long TICK_NANOS = 10_000_000;
  /** What a stalled machine did not send in time is sent late, but a producer that was blocked for a minute does not flood the cluster. */
  private static final long CATCH_UP_NANOS = 1_000_000_000;
  private static final long TRUST_CHECK_NANOS = 250_000_000;
  private static final long RETRY_MS = 500;

  private final Settings settings;
  private final Profile profile;
  private final Recorder recorder;
  private final AtomicLong acked = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private volatile boolean isFinishing;
  private long sent;
  private int clients;
  private Client current;

  Writer(Settings settings, Profile profile, Recorder recorder) {
    super("writer " + profile.name);
    this.settings = settings;
    this.profile = profile;
    this.recorder = recorder;
    setDaemon(true);
  }

  /** One producer, and whether it can go on. */
  private final class Client {
    final String id = "writer-" + profile.name + "-" + ++clients;
    final String trust;
    final AtomicBoolean isBroken = new AtomicBoolean();
    final KafkaProducer<byte[], byte[]> producer;
    final Thread network;
    final Connections connections;

    Client(String trust) {
      this.trust = trust;
      Properties properties = new Properties();
      properties.put("acks", "all");
      properties.putAll(profile.client());
      properties.put("client.id", id);
      producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
      network = Threads.named("kafka-producer-network-thread | " + id);
      connections = new Connections(id, producer::metrics, recorder);
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
        if (acked.getAndIncrement() == 0) recorder.event("first-ack", Map.of("writer", profile.name));
        return;
      }
      if (failed.getAndIncrement() == 0) recorder.failure("first-failure", id, error);
      if (!(error instanceof RetriableException)) isBroken.set(true);
    }

    /** The network thread dies of an OutOfMemoryError, for example if it takes TLS for the length of a message. */
    boolean hasDied() {
      return network != null && !network.isAlive();
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

  /** Returns at once. */
  void finish() {
    isFinishing = true;
  }

  @Override
  public void run() {
    if (!Reachable.await(profile, settings, recorder, () -> isFinishing)) {
      end();
      return;
    }
    long interval = 1_000_000_000L / settings.rate;
    long due = System.nanoTime();
    long checked = 0;
    while (!isFinishing) {
      if (current == null || System.nanoTime() - checked > TRUST_CHECK_NANOS) {
        renewClient();
        checked = System.nanoTime();
        if (current == null) {
          Threads.pause(RETRY_MS);
          due = System.nanoTime();
          continue;
        }
      }
      due = Math.max(due, System.nanoTime() - CATCH_UP_NANOS);
      for (; due <= System.nanoTime() && !isFinishing; due += interval) {
        if (sent == 0) recorder.event("sending", Map.of("writer", profile.name));
        current.send(sent++);
      }
      LockSupport.parkNanos(Math.max(TICK_NANOS, due - System.nanoTime()));
    }
    if (current != null) current.close(Duration.ofMillis(settings.finishMs));
    end();
  }

  private void end() {
    recorder.event("writer-end", Map.of("writer", profile.name, "sent", sent, "acked", acked.get(), "failed", failed.get()));
  }

  /** Creates the first client, and another one if the trust file has changed or the client cannot go on. */
  private void renewClient() {
    String trust = profile.trustVersion();
    String because = current == null ? "start"
        : current.hasDied() ? "network thread died"
        : current.isBroken.get() ? "fatal error"
        : trust != null && !trust.equals(current.trust) ? "trust file changed" : null;
    if (current != null) current.connections.reportNowAndThen();
    if (because == null || trust == null) return;
    Client old = current;
    try {
      current = new Client(trust);
    } catch (RuntimeException e) {
      recorder.failure("client-refused", "writer-" + profile.name, e);
      return;
    }
    recorder.event("client", Map.of("client", current.id, "because", because, "trust", trust));
    if (old != null) Threads.start("close " + old.id, () -> old.close(Duration.ofMillis(old.hasDied() ? 0 : settings.finishMs)));
  }
}
