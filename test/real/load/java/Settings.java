import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;

/**
 * What the caller wants, from a file of Java properties:
 *
 * <pre>
 *   folder=/tmp/record
 *   topic=load                   is created if it does not exist: 3 replicas, min.insync.replicas=2
 *   partitions=12
 *   rate=300                     messages a second, of each producer
 *   limit.ms=600000              end of the load, if "stop" does not come before
 *   finish.ms=60000              for each of: the producers' last messages, the reader at the end
 *   profile.tls.KEY=VALUE        a property of Kafka's clients, for the profile "tls"
 *   node.1000=controller 127.0.0.2:9093
 *   node.0=broker 127.0.0.5:9092
 *   watch.protocols=SASL_SSL,SASL_PLAINTEXT
 *   watch.user=admin
 *   watch.password=...
 *   health.profile=tls           the profile by which Kafka's AdminClient is asked; without it, it is not asked
 * </pre>
 */
final class Settings {
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1;

    InvalidException(String message) {
      super(message);
    }
  }

  record Node(int id, boolean isController, String address) {}

  final Path folder;
  final String topic;
  final int partitions;
  final int rate;
  final long limitMs;
  final long finishMs;
  final List<Profile> profiles = new ArrayList<>();
  final List<Node> nodes = new ArrayList<>();
  final List<String> watchProtocols;
  final String user;
  final String password;
  /** Null if Kafka's AdminClient is not asked. */
  final Profile health;

  static Settings load(Path file) throws InvalidException, IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    return new Settings(properties);
  }

  private Settings(Properties all) throws InvalidException {
    folder = Path.of(required(all, "folder"));
    topic = required(all, "topic");
    partitions = number(all, "partitions");
    rate = number(all, "rate");
    limitMs = number(all, "limit.ms");
    finishMs = number(all, "finish.ms");
    watchProtocols = List.of(required(all, "watch.protocols").split(","));
    user = all.getProperty("watch.user", "");
    password = all.getProperty("watch.password", "");
    TreeSet<String> names = new TreeSet<>();
    for (String key : new TreeSet<>(all.stringPropertyNames())) {
      String[] parts = key.split("\\.", 3);
      if (parts[0].equals("profile") && parts.length == 3) names.add(parts[1]);
      if (parts[0].equals("node") && parts.length == 2) {
        String[] words = all.getProperty(key).split(" ");
        nodes.add(new Node(Integer.parseInt(parts[1]), words[0].equals("controller"), words[1]));
      }
    }
    for (String name : names) profiles.add(Profile.of(name, all));
    String wanted = all.getProperty("health.profile");
    health = wanted == null ? null : Profile.of(wanted, all);
    if (profiles.isEmpty()) throw new InvalidException("no profile: set profile.NAME.bootstrap.servers");
  }

  private static String required(Properties all, String key) throws InvalidException {
    String value = all.getProperty(key);
    if (value == null) throw new InvalidException(key + " is missing");
    return value;
  }

  private static int number(Properties all, String key) throws InvalidException {
    try {
      return Integer.parseInt(required(all, key));
    } catch (NumberFormatException e) {
      throw new InvalidException(key + " is no whole number");
    }
  }
}
