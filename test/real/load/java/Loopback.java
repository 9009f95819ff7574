import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The load must not reach another machine. Names resolve through a hosts file only (the JDK asks no DNS if it has one), and every address in
 * it must be a loopback address. So must every address that the settings name and every address that a broker advertises.
 */
final class Loopback {
  static void checkHostsFile() throws Settings.InvalidException, IOException {
    String file = System.getProperty("jdk.net.hosts.file");
    if (file == null) throw new Settings.InvalidException("-Djdk.net.hosts.file is missing: names must not be resolved by DNS");
    for (String line : Files.readAllLines(Path.of(file))) {
      String address = line.replaceAll("#.*", "").trim().split("\\s+")[0];
      if (!address.isEmpty()) checkHost(address);
    }
  }

  /** Each is HOST:PORT. */
  static void checkAddresses(List<String> addresses) throws Settings.InvalidException {
    for (String address : addresses) checkHost(address.substring(0, address.lastIndexOf(':')));
  }

  static void checkHost(String host) throws Settings.InvalidException {
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        if (!address.isLoopbackAddress()) throw new Settings.InvalidException(host + " is no loopback address");
      }
    } catch (UnknownHostException e) {
      throw new Settings.InvalidException(host + " is not in the hosts file");
    }
  }

  private Loopback() {}
}
