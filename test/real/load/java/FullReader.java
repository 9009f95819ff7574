import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads everything that the topic holds, and records the range of offsets of each partition, so that an incomplete read cannot be taken for
 * a complete one. Tries the profiles in turn, because after a cut-over only one of them works.
 */
final class FullReader {
  private static final Duration POLL = Duration.ofMillis(250);
  private static final long ATTEMPT_MS = 20_000;
  private static final long RETRY_MS = 500;

  static void read(Settings settings, Recorder recorder) {
    long end = System.nanoTime() + settings.finishMs * 1_000_000;
    while (System.nanoTime() < end) {
      for (Profile profile : settings.profiles) {
        if (!Reachable.isReachable(profile, settings)) continue;
        try {
          read(settings, profile, recorder);
          return;
        } catch (Exception | OutOfMemoryError e) {
          recorder.failure("full-read-failed", "full-reader-" + profile.name, e);
        }
      }
      Threads.pause(RETRY_MS);
    }
  }

  private static void read(Settings settings, Profile profile, Recorder recorder) {
    Properties properties = new Properties();
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "none");
    properties.put("default.api.timeout.ms", "15000");
    properties.putAll(profile.client());
    properties.put("client.id", "full-reader-" + profile.name);
    properties.keySet().removeAll(List.of("acks", "enable.idempotence"));
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(settings.topic)) partitions.add(new TopicPartition(info.topic(), info.partition()));
      if (partitions.size() != settings.partitions) throw new IllegalStateException("topic has " + partitions.size() + " partitions");
      Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      List<Object[]> found = new ArrayList<>();
      long deadline = System.nanoTime() + ATTEMPT_MS * 1_000_000;
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        if (System.nanoTime() > deadline) throw new IllegalStateException("no progress before the end of the log");
        for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
          Numbered message = Numbered.of(each.value());
          found.add(new Object[] {message.writer(), message.number(), each.partition(), each.offset()});
          deadline = System.nanoTime() + ATTEMPT_MS * 1_000_000;
        }
      }
      found.forEach(recorder.read::add);
      Map<Integer, long[]> ranges = new TreeMap<>();
      for (TopicPartition p : partitions) ranges.put(p.partition(), new long[] {begins.get(p), ends.get(p)});
      Map<String, Object> details = new HashMap<>();
      details.put("profile", profile.name);
      details.put("messages", found.size());
      details.put("offsets", ranges);
      recorder.event("full-read", details);
    }
  }

  private FullReader() {}
}
