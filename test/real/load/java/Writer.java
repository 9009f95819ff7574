import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends numbered messages to all partitions in turn, at a fixed rate, with an idempotent producer and acks=all unless the profile says
 * otherwise. Starts when the cluster first answers in the profile's protocol. As the README tells clients to, it loads the trust file again
 * when the file has changed: a new producer takes over, and the old one finishes what it has.
 */
final class Writer extends Worker {
  private static final long TICK_NANOS = 10_000_000;
  /** What a stalled machine did not send in time is sent late, but a producer that was blocked for a minute does not flood the cluster. */
  private static final long CATCH_UP_NANOS = 1_000_000_000;
  private static final long TRUST_CHECK_NANOS = 250_000_000;
  private static final long RETRY_MS = 500;
  /** A cluster under load may miss some attempts. */
  private static final long UNREACHABLE_NANOS = 10_000_000_000L;

  private final Profile profile;
  private final Producer.Counts counts = new Producer.Counts();
  private long sent;
  private int clients;
  private Producer current;
  /** Why the next client is created. */
  private String because = "start";
  private final List<Thread> retiring = new ArrayList<>();

  Writer(Settings settings, Profile profile, Recorder recorder) {
    super("writer " + profile.name, settings, recorder);
    this.profile = profile;
  }

  @Override
  public void run() {
    if (!Reachable.await(profile, settings, recorder, this::isFinishing)) {
      end();
      return;
    }
    long interval = 1_000_000_000L / settings.rate;
    long due = System.nanoTime();
    long checked = 0;
    while (!isFinishing()) {
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
      for (; due <= System.nanoTime() && !isFinishing() && !current.hasDied(); due += interval) {
        if (sent == 0) recorder.event("sending", Map.of("writer", profile.name));
        current.send(sent++);
      }
      LockSupport.parkNanos(Math.max(TICK_NANOS, due - System.nanoTime()));
    }
    // After a cut-over the producer of the previous protocol has nothing to wait for.
    long end = System.nanoTime() + UNREACHABLE_NANOS;
    boolean canFinish = Reachable.await(profile, settings, recorder, () -> System.nanoTime() > end);
    if (current != null) retire(current, canFinish ? Duration.ofMillis(settings.finishMs) : Duration.ZERO);
    // Messages that they finish are to be counted.
    retiring.forEach(Threads::join);
    end();
  }

  private void end() {
    recorder.event("writer-end", Map.of("writer", profile.name, "sent", sent, "acked", counts.acked.get(), "failed", counts.failed.get()));
  }

  /**
   * Creates the first client, and another one if there is a reason. After its network thread has died there is no client until the cluster
   * speaks the protocol again.
   */
  private void renewClient() {
    String trust = profile.trustVersion();
    Producer old = current;
    if (old != null) {
      old.reportNowAndThen();
      String reason = old.reasonToRenew(trust);
      if (reason == null) return;
      because = reason;
      if (old.hasDied()) {
        retire(old, Duration.ZERO);
        old = null;
        current = null;
      }
    }
    if (trust == null || (old == null && !Reachable.isReachable(profile, settings))) return;
    try {
      current = new Producer("writer-" + profile.name + "-" + ++clients, profile, trust, counts, settings, recorder);
    } catch (RuntimeException e) {
      recorder.failure("client-refused", "writer-" + profile.name, e);
      return;
    }
    recorder.event("client", Map.of("client", current.id, "because", because, "trust", trust));
    if (old != null) retire(old, Duration.ofMillis(settings.finishMs));
  }

  /** What the client has not sent yet must not delay the next one. */
  private void retire(Producer client, Duration limit) {
    retiring.add(Threads.start("close " + client.id, () -> client.close(limit)));
  }
}
