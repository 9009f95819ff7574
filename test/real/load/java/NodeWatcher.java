import java.io.IOException;
import java.util.StringJoiner;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.MetadataResponseData;

/**
 * Asks one node, again and again, what it leads by its own account: a controller the quorum, a broker partitions of the topic. The account
 * that another node gives of it is not asked for, because nodes keep naming a leader that has died.
 *
 * What a node leads is recorded as "5" (the quorum, epoch 5) or "0:5 3:7" (partition 0, epoch 5, and partition 3, epoch 7).
 */
final class NodeWatcher extends Worker {
  private static final long EVERY_MS = 250;

  private final Settings.Node node;
  private Wire wire;
  private int protocol;

  NodeWatcher(Settings settings, Settings.Node node, Recorder recorder) {
    super("watcher of node " + node.id(), settings, recorder);
    this.node = node;
  }

  @Override
  public void run() {
    while (!isFinishing()) {
      long asked = Recorder.now();
      String leads = "";
      String failure = "";
      try {
        if (wire == null) wire = Wire.connect(node.address(), settings.watchProtocols.get(protocol), settings);
        leads = node.isController() ? quorum() : partitions();
      } catch (IOException | RuntimeException e) {
        failure = Recorder.nameOf(e);
        disconnect();
        protocol = (protocol + 1) % settings.watchProtocols.size();
      }
      recorder.views.add(node.id(), node.isController() ? "controller" : "broker", asked, Recorder.now(), leads, failure);
      Threads.pause(Math.max(1, EVERY_MS - (Recorder.now() - asked) / 1000));
    }
    disconnect();
  }

  private String quorum() throws IOException {
    DescribeQuorumResponseData answer = wire.quorum();
    if (answer.errorCode() != 0) return "";
    DescribeQuorumResponseData.PartitionData partition = answer.topics().get(0).partitions().get(0);
    return partition.errorCode() == 0 && partition.leaderId() == node.id() ? String.valueOf(partition.leaderEpoch()) : "";
  }

  private String partitions() throws IOException {
    MetadataResponseData answer = wire.metadata(settings.topic);
    Reachable.checkAdvertised(answer);
    StringJoiner leads = new StringJoiner(" ");
    for (MetadataResponseData.MetadataResponseTopic topic : answer.topics()) {
      for (MetadataResponseData.MetadataResponsePartition partition : topic.partitions()) {
        if (partition.leaderId() == node.id()) leads.add(partition.partitionIndex() + ":" + partition.leaderEpoch());
      }
    }
    return leads.toString();
  }

  private void disconnect() {
    try {
      if (wire != null) wire.close();
    } catch (IOException e) {
      // It is of no use either way.
    }
    wire = null;
  }
}
