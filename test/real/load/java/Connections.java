import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** Reports how many connections a client has opened and lost so far, whenever the numbers have changed. */
final class Connections {
  private static final long EVERY_NANOS = 1_000_000_000;

  private final String client;
  private final Supplier<? extends Map<MetricName, ? extends Metric>> metrics;
  private final Recorder recorder;
  private long reportedNanos = System.nanoTime();
  private String reported = "";

  Connections(String client, Supplier<? extends Map<MetricName, ? extends Metric>> metrics, Recorder recorder) {
    this.client = client;
    this.metrics = metrics;
    this.recorder = recorder;
  }

  void reportNowAndThen() {
    if (System.nanoTime() - reportedNanos > EVERY_NANOS) report();
  }

  void report() {
    reportedNanos = System.nanoTime();
    Map<String, Long> totals = Map.of(
        "opened", total("connection-creation-total"),
        "closed", total("connection-close-total"),
        "refused", total("failed-authentication-total"),
        "retries", total("record-retry-total"));
    String text = new java.util.TreeMap<>(totals).toString();
    if (text.equals(reported)) return;
    reported = text;
    java.util.Map<String, Object> details = new java.util.LinkedHashMap<>(totals);
    details.put("client", client);
    recorder.event("connections", details);
  }

  /** Those of the whole client; Kafka has some of them for each topic, too. */
  private long total(String name) {
    for (Map.Entry<MetricName, ? extends Metric> entry : metrics.get().entrySet()) {
      MetricName metric = entry.getKey();
      if (!metric.name().equals(name) || metric.tags().size() != 1) continue;
      if (entry.getValue().metricValue() instanceof Number number) return number.longValue();
    }
    return 0;
  }
}
