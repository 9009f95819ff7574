import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/** One way to reach the cluster: properties of Kafka's clients, and the trust file that they load when they are created. */
final class Profile {
  /** Without TLS there is no file that could change. */
  private static final String NO_FILE = "no trust file";

  final String name;
  private final Properties client;

  private Profile(String name, Properties client) {
    this.name = name;
    this.client = client;
  }

  static Profile of(String name, Properties all) throws Settings.InvalidException {
    Properties client = new Properties();
    String prefix = "profile." + name + ".";
    for (String key : all.stringPropertyNames()) {
      if (key.startsWith(prefix)) client.setProperty(key.substring(prefix.length()), all.getProperty(key));
    }
    if (client.getProperty("bootstrap.servers") == null) throw new Settings.InvalidException(prefix + "bootstrap.servers is missing");
    return new Profile(name, client);
  }

  Properties client() {
    Properties copy = new Properties();
    copy.putAll(client);
    return copy;
  }

  List<String> bootstrap() {
    return List.of(client.getProperty("bootstrap.servers").split(","));
  }

  String protocol() {
    return client.getProperty("security.protocol", "PLAINTEXT");
  }

  /** Digest of the trust file. Null while the file does not exist or is just being replaced. */
  String trustVersion() {
    String location = client.getProperty("ssl.truststore.location");
    if (location == null) return NO_FILE;
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(Path.of(location)));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (IOException e) {
      return null;
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
