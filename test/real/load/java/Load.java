import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Puts a Kafka cluster under load and records what its clients see. A judge reads the record later; this program judges nothing.
 *
 * <pre>
 *   java -Djdk.net.hosts.file=HOSTS -cp KAFKA_JARS:CLASSES Load SETTINGS
 *
 *   Writer        an idempotent producer for each profile: numbered messages at a fixed rate
 *   GroupReader   a consumer for each profile, all in one group
 *   NodeWatcher   asks each node four times a second what it leads
 *   HealthWatcher asks Kafka's AdminClient about all partitions and the quorum, if a profile is named for it
 *   FullReader    reads the topic from its beginning when everything else has ended
 *
 *   sends.csv     each message that a producer has finished: acknowledged, or failed with an error
 *   live.csv      each message that the group has read
 *   views.csv     what each node answered
 *   read.csv      each message that the reader at the end has found
 *   stdout        events, one JSON object a line
 * </pre>
 *
 * A line "stop" on standard input ends the load and starts the reader. The end of standard input ends the process at once, so that it
 * never outlives the test. A time limit holds for the load, another one for what comes after it. Every address is a loopback address.
 */
public final class Load {
  private static final int EXIT_INVALID = 2;
  static final int EXIT_ABANDONED = 3;
  private static final int EXIT_OVERDUE = 4;

  public static void main(String[] args) throws Exception {
    Settings settings;
    try {
      settings = Settings.load(Path.of(args[0]));
      Loopback.checkHostsFile();
      for (Profile profile : settings.profiles) Loopback.checkAddresses(profile.bootstrap());
      for (Settings.Node node : settings.nodes) Loopback.checkAddresses(List.of(node.address()));
    } catch (Settings.InvalidException e) {
      System.err.println("load: " + e.getMessage());
      System.exit(EXIT_INVALID);
      return;
    }
    CountDownLatch stop = listen();
    run(settings, stop);
    System.exit(0);
  }

  private static void run(Settings settings, CountDownLatch stop) throws Exception {
    Recorder recorder = new Recorder(settings.folder);
    Topic.ensure(settings, recorder);
    List<NodeWatcher> watchers = new ArrayList<>();
    for (Settings.Node node : settings.nodes) watchers.add(new NodeWatcher(settings, node, recorder));
    HealthWatcher health = settings.health == null ? null : new HealthWatcher(settings, settings.health, recorder);
    List<Writer> writers = new ArrayList<>();
    List<GroupReader> readers = new ArrayList<>();
    for (Profile profile : settings.profiles) {
      writers.add(new Writer(settings, profile, recorder));
      readers.add(new GroupReader(settings, profile, recorder));
    }
    watchers.forEach(Thread::start);
    if (health != null) health.start();
    readers.forEach(Thread::start);
    writers.forEach(Thread::start);

    boolean isAsked = stop.await(settings.limitMs, TimeUnit.MILLISECONDS);
    haltAfter(settings.finishMs * 3);
    recorder.event("stopping", Map.of("because", isAsked ? "stop" : "limit"));
    for (Writer writer : writers) writer.finish();
    for (Writer writer : writers) writer.join();
    for (GroupReader reader : readers) reader.finish();
    for (NodeWatcher watcher : watchers) watcher.finish();
    if (health != null) health.finish();
    for (GroupReader reader : readers) reader.join();
    FullReader.read(settings, recorder);
    recorder.close();
    recorder.event("end", Map.of());
  }

  /** Counts down at "stop". */
  private static CountDownLatch listen() {
    CountDownLatch stop = new CountDownLatch(1);
    Thread thread = new Thread(() -> {
      try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (line.equals("stop")) stop.countDown();
        }
      } catch (Exception e) {
        // A broken standard input is one that has ended.
      }
      Runtime.getRuntime().halt(EXIT_ABANDONED);
    }, "standard input");
    thread.setDaemon(true);
    thread.start();
    return stop;
  }

  /** Clients can hang in close(). The record has no event "end" then. */
  private static void haltAfter(long ms) {
    Thread thread = new Thread(() -> {
      try {
        Thread.sleep(ms);
      } catch (InterruptedException e) {
        return;
      }
      Runtime.getRuntime().halt(EXIT_OVERDUE);
    }, "time limit");
    thread.setDaemon(true);
    thread.start();
  }

  private Load() {}
}
