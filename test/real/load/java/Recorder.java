import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;

/** What was seen, as files that other programs read, and events on standard output. Times are microseconds since 1970. */
final class Recorder {
  private static final long FLUSH_MS = 200;
  private static final ObjectMapper JSON = new ObjectMapper();
  /** The clock of the machine may jump. Spans of time must not, so it is read once. */
  private static final long EPOCH_MICROS = System.currentTimeMillis() * 1000;
  private static final long EPOCH_NANOS = System.nanoTime();

  /** A table with a line of column names. Safe for several threads. */
  static final class Table {
    private final BufferedWriter out;

    private Table(Path file, String columns) throws IOException {
      out = Files.newBufferedWriter(file);
      out.write(columns + "\n");
    }

    synchronized void add(Object... cells) {
      try {
        for (int i = 0; i < cells.length; i++) {
          if (i > 0) out.write(',');
          out.write(String.valueOf(cells[i]));
        }
        out.write('\n');
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    private synchronized void flush() throws IOException {
      out.flush();
    }
  }

  final Table sends;
  final Table live;
  final Table views;
  final Table read;
  private final List<Table> tables;

  Recorder(Path folder) throws IOException {
    sends = new Table(folder.resolve("sends.csv"), "writer,number,partition,offset,sent,done,error");
    live = new Table(folder.resolve("live.csv"), "writer,number,partition,offset,sent,read");
    views = new Table(folder.resolve("views.csv"), "node,role,asked,answered,leads,failure");
    read = new Table(folder.resolve("read.csv"), "writer,number,partition,offset");
    tables = List.of(sends, live, views, read);
    Thread flusher = new Thread(this::flushNowAndThen, "record");
    flusher.setDaemon(true);
    flusher.start();
  }

  static long now() {
    return EPOCH_MICROS + (System.nanoTime() - EPOCH_NANOS) / 1000;
  }

  /** Reports to the caller while the load runs. */
  synchronized void event(String name, Map<String, ?> details) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("event", name);
    all.put("at", now());
    all.putAll(details);
    try {
      System.out.println(JSON.writeValueAsString(all));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  void failure(String name, String client, Throwable error) {
    event(name, Map.of("client", client, "error", nameOf(error), "message", String.valueOf(error.getMessage())));
  }

  /** The class of an error; of its cause if the class itself says nothing. */
  static String nameOf(Throwable error) {
    Class<?> kind = error.getClass();
    boolean isWrapper = kind == KafkaException.class || kind == ExecutionException.class;
    return isWrapper && error.getCause() != null ? nameOf(error.getCause()) : kind.getSimpleName();
  }

  void close() throws IOException {
    for (Table table : tables) table.flush();
  }

  private void flushNowAndThen() {
    try {
      while (true) {
        Thread.sleep(FLUSH_MS);
        close();
      }
    } catch (InterruptedException | IOException e) {
      System.err.println("load: the record cannot be written: " + e.getMessage());
      Runtime.getRuntime().halt(1);
    }
  }
}
