import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.message.MetadataResponseData;

/**
 * Waits until the cluster speaks the protocol of a profile, because clients would fill their buffers for minutes before that. Kafka's
 * clients follow the addresses that brokers advertise, so no client is created before these addresses were checked, either.
 */
final class Reachable {
  private static final long RETRY_MS = 500;

  /** Returns false if it is given up. */
  static boolean await(Profile profile, Settings settings, Recorder recorder, BooleanSupplier isGivenUp) {
    while (!isGivenUp.getAsBoolean()) {
      if (profile.trustVersion() != null && isReachable(profile, settings)) {
        recorder.event("reachable", Map.of("profile", profile.name));
        return true;
      }
      Threads.pause(RETRY_MS);
    }
    return false;
  }

  static boolean isReachable(Profile profile, Settings settings) {
    for (String address : profile.bootstrap()) {
      try (Wire wire = Wire.connect(address, profile.protocol(), settings)) {
        checkAdvertised(wire.metadata(settings.topic));
        return true;
      } catch (java.io.IOException e) {
        // The next address may answer.
      }
    }
    return false;
  }

  /** Ends the process if a broker advertises an address on another machine. */
  static void checkAdvertised(MetadataResponseData metadata) {
    for (MetadataResponseData.MetadataResponseBroker broker : metadata.brokers()) {
      try {
        Loopback.checkHost(broker.host());
      } catch (Settings.InvalidException e) {
        System.err.println("load: broker " + broker.nodeId() + " advertises an address that must not be followed: " + e.getMessage());
        Runtime.getRuntime().halt(2);
      }
    }
  }

  private Reachable() {}
}
