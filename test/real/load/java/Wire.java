import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.message.SaslAuthenticateRequestData;
import org.apache.kafka.common.message.SaslAuthenticateResponseData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.message.SaslHandshakeResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * A connection to one node that asks this very node. Kafka's AdminClient chooses the node itself, and has been seen to ask a node for
 * minutes that no longer led. Certificates are not verified: who leads does not depend on them, and every address is on this machine.
 */
final class Wire implements AutoCloseable {
  private static final int LIMIT_MS = 2_000;
  /** A TLS alert that is read as a length is larger than this. */
  private static final int MAX_ANSWER = 4_000_000;

  private final Socket socket;
  private final DataInputStream in;
  private int correlation;

  /** Address is HOST:PORT; the protocol is one of Kafka's names. */
  static Wire connect(String address, String protocol, Settings settings) throws IOException {
    int colon = address.lastIndexOf(':');
    InetSocketAddress target = new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    if (target.isUnresolved() || !target.getAddress().isLoopbackAddress()) throw new IOException(address + " is no loopback address");
    Socket plain = new Socket();
    try {
      plain.setTcpNoDelay(true);
      plain.setSoTimeout(LIMIT_MS);
      plain.connect(target, LIMIT_MS);
      Socket socket = protocol.endsWith("SSL") ? encrypted(plain) : plain;
      Wire wire = new Wire(socket);
      if (protocol.startsWith("SASL_")) wire.logIn(settings.user, settings.password);
      return wire;
    } catch (IOException | RuntimeException e) {
      plain.close();
      throw e;
    }
  }

  private Wire(Socket socket) throws IOException {
    this.socket = socket;
    in = new DataInputStream(socket.getInputStream());
  }

  MetadataResponseData metadata(String topic) throws IOException {
    MetadataRequestData.MetadataRequestTopic wanted = new MetadataRequestData.MetadataRequestTopic().setName(topic);
    MetadataRequestData request = new MetadataRequestData().setTopics(List.of(wanted)).setAllowAutoTopicCreation(false);
    return new MetadataResponseData(ask(ApiKeys.METADATA, (short) 9, request), (short) 9);
  }

  DescribeQuorumResponseData quorum() throws IOException {
    DescribeQuorumRequestData.TopicData topic = new DescribeQuorumRequestData.TopicData()
        .setTopicName("__cluster_metadata")
        .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(0)));
    DescribeQuorumRequestData request = new DescribeQuorumRequestData().setTopics(List.of(topic));
    return new DescribeQuorumResponseData(ask(ApiKeys.DESCRIBE_QUORUM, (short) 1, request), (short) 1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private void logIn(String user, String password) throws IOException {
    SaslHandshakeRequestData handshake = new SaslHandshakeRequestData().setMechanism("PLAIN");
    short refused = new SaslHandshakeResponseData(ask(ApiKeys.SASL_HANDSHAKE, (short) 1, handshake), (short) 1).errorCode();
    if (refused != 0) throw new IOException("SASL PLAIN is refused with code " + refused);
    byte[] login = ("\0" + user + "\0" + password).getBytes(StandardCharsets.UTF_8);
    SaslAuthenticateRequestData request = new SaslAuthenticateRequestData().setAuthBytes(login);
    short code = new SaslAuthenticateResponseData(ask(ApiKeys.SASL_AUTHENTICATE, (short) 1, request), (short) 1).errorCode();
    if (code != 0) throw new IOException("the login is refused with code " + code);
  }

  private ByteBufferAccessor ask(ApiKeys api, short version, Message body) throws IOException {
    RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(version)
        .setCorrelationId(++correlation).setClientId("load-watcher");
    short headerVersion = api.requestHeaderVersion(version);
    ObjectSerializationCache headerCache = new ObjectSerializationCache();
    ObjectSerializationCache bodyCache = new ObjectSerializationCache();
    int size = header.size(headerCache, headerVersion) + body.size(bodyCache, version);
    ByteBuffer out = ByteBuffer.allocate(4 + size).putInt(size);
    ByteBufferAccessor writable = new ByteBufferAccessor(out);
    header.write(writable, headerCache, headerVersion);
    body.write(writable, bodyCache, version);
    socket.getOutputStream().write(out.array());
    socket.getOutputStream().flush();
    int length = in.readInt();
    if (length < 4 || length > MAX_ANSWER) throw new IOException("no answer of Kafka, another protocol");
    byte[] answer = new byte[length];
    in.readFully(answer);
    ByteBufferAccessor readable = new ByteBufferAccessor(ByteBuffer.wrap(answer));
    new ResponseHeaderData(readable, api.responseHeaderVersion(version));
    return readable;
  }

  private static Socket encrypted(Socket plain) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new AnyCertificate()}, null);
      Socket socket = context.getSocketFactory().createSocket(plain, null, plain.getPort(), true);
      socket.setSoTimeout(LIMIT_MS);
      return socket;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static final class AnyCertificate implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
