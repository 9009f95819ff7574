import java.nio.charset.StandardCharsets;

/** Content of a message: which producer sent it, its number there, and when: "tls 42 1795823761000000". */
record Numbered(String writer, long number, long sent) {
  byte[] bytes() {
    return (writer + " " + number + " " + sent).getBytes(StandardCharsets.UTF_8);
  }

  static Numbered of(byte[] bytes) {
    String[] words = new String(bytes, StandardCharsets.UTF_8).split(" ");
    return new Numbered(words[0], Long.parseLong(words[1]), Long.parseLong(words[2]));
  }
}
