import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes topics with all that a log may hold, and tells exactly what can be read: {@code BOOTSTRAP}, and a
 * command on each line of standard input:
 *
 * <ul>
 *   <li>{@code write TOPIC KIND COUNT NAME}: KIND is one of those of {@link #write}; NAME makes the values
 *       (and the transactional id) differ from those of other writes. Prints {@code wrote TOPIC RECORDS}.
 *   <li>{@code read TOPIC}: prints {@code bounds TOPIC-PARTITION BEGINNING END STABLE}, for every record
 *       {@code record TOPIC-PARTITION OFFSET KEY TIMESTAMP TYPE HASH}, the hash being that of value and headers, and
 *       {@code committed TOPIC-PARTITION OFFSET} for every record that a read_committed consumer sees.
 *   <li>{@code group TOPIC GROUP COUNT}: reads COUNT records in the group and commits just behind them. Prints
 *       {@code grouped TOPIC-PARTITION OFFSET} for each.
 * </ul>
 */
public final class TakeoverClient {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long LIMIT_SECONDS = 30;
  private static final long FIRST_TIME = 1_600_000_000_000L;
  private static final int PER_TRANSACTION = 20;
  private static final int KEYS = 40;

  private final String bootstrap;

  private TakeoverClient(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  public static void main(String[] args) throws Exception {
    TakeoverClient client = new TakeoverClient(args[0]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "write":
          client.write(words[1], words[2], Integer.parseInt(words[3]), words[4]);
          break;
        case "read":
          client.read(words[1]);
          break;
        case "group":
          client.group(words[1], words[2], Integer.parseInt(words[3]));
          break;
        default:
          throw new IllegalArgumentException(line);
      }
    }
    // A producer may have a transaction open, which it must not end.
    System.exit(0);
  }

  // Writing.

  private void write(String topic, String kind, int count, String name) throws Exception {
    switch (kind) {
      case "mixed":
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
          sendAll(producer(Map.of("compression.type", codec)), topic, count, name + "-" + codec, true);
        }
        break;
      case "old":
        // What formats 0 and 1 can hold: no headers, no producer ids, no zstd.
        for (String codec : List.of("none", "gzip", "snappy", "lz4")) {
          Map<String, Object> settings = Map.of("compression.type", codec, "enable.idempotence", "false");
          sendAll(producer(settings), topic, count, name + "-" + codec, false);
        }
        break;
      case "keyed":
        sendKeyed(topic, count, name);
        break;
      case "transactions":
        sendTransactions(topic, count, name, false);
        break;
      case "open":
        sendTransactions(topic, count, name, true);
        break;
      default:
        throw new IllegalArgumentException(kind);
    }
    System.out.println("wrote " + topic);
  }

  private void sendAll(KafkaProducer<byte[], byte[]> producer, String topic, int count, String name, boolean hasHeaders)
      throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      byte[] key = index % 7 == 0 ? null : bytes("key-" + index % 11);
      byte[] value = index % 13 == 5 ? null : bytes(name + "-" + index + "-" + "x".repeat(index % 200));
      // Not all rising.
      long time = FIRST_TIME + index * 1000L - (index % 3) * 2500L;
      List<Header> headers = hasHeaders ? headers(index) : List.of();
      sent.add(producer.send(new ProducerRecord<>(topic, null, time, key, value, headers)));
    }
    producer.close();
    for (Future<RecordMetadata> future : sent) get(future);
  }

  private static List<Header> headers(int index) {
    List<Header> headers = new ArrayList<>();
    for (int count = 0; count < index % 3; count++) {
      headers.add(new RecordHeader("header " + count, index % 5 == 0 ? null : bytes("of " + index)));
    }
    return headers;
  }

  /** Keys again and again, and the end of some. */
  private void sendKeyed(String topic, int count, String name) throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (int codec = 0; codec < 2; codec++) {
      KafkaProducer<byte[], byte[]> producer = producer(Map.of("compression.type", codec == 0 ? "none" : "lz4"));
      for (int index = 0; index < count; index++) {
        int key = index % KEYS;
        byte[] value = key % 10 == 3 && index > count / 2 ? null : bytes(name + "-" + codec + "-" + index + "x".repeat(200));
        sent.add(producer.send(new ProducerRecord<>(topic, null, bytes("key-" + key), value)));
      }
      producer.close();
    }
    for (Future<RecordMetadata> future : sent) get(future);
  }

  /** In turn committed and aborted; the only one, or the last, stays open if asked for. */
  private void sendTransactions(String topic, int count, String name, boolean staysOpen) throws Exception {
    Map<String, Object> settings = new HashMap<>(Map.of("transactional.id", "takeover-" + name));
    // Longer than a test: who takes the folder over finds it open.
    settings.put("transaction.timeout.ms", "600000");
    KafkaProducer<byte[], byte[]> producer = producer(settings);
    producer.initTransactions();
    for (int transaction = 0; transaction < count; transaction++) {
      producer.beginTransaction();
      for (int index = 0; index < PER_TRANSACTION; index++) {
        String value = name + "-" + transaction + "-" + index;
        producer.send(new ProducerRecord<>(topic, bytes("key-" + index), bytes(value)));
      }
      producer.flush();
      if (staysOpen && transaction == count - 1) return;
      if (transaction % 2 == 0) producer.commitTransaction();
      else producer.abortTransaction();
    }
    producer.close();
  }

  // Reading.

  private void read(String topic) throws Exception {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      List<TopicPartition> partitions = partitions(consumer, topic);
      Map<TopicPartition, Long> stable = consumer.endOffsets(partitions);
      try (KafkaConsumer<byte[], byte[]> uncommitted = consumer(Map.of())) {
        Map<TopicPartition, Long> beginnings = uncommitted.beginningOffsets(partitions);
        Map<TopicPartition, Long> ends = uncommitted.endOffsets(partitions);
        for (TopicPartition partition : partitions) {
          List<Long> bounds = List.of(beginnings.get(partition), ends.get(partition), stable.get(partition));
          print("bounds", partition, bounds.stream().map(String::valueOf).collect(Collectors.joining(" ")));
        }
        readTo(uncommitted, ends, record -> print("record", at(record), record.offset() + " " + describe(record)));
      }
      readTo(consumer, stable, record -> print("committed", at(record), String.valueOf(record.offset())));
    }
  }

  private interface Told {
    void tell(ConsumerRecord<byte[], byte[]> record) throws Exception;
  }

  /** To where the partitions end: by position, because the last offsets may be those of no record. */
  private static void readTo(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends, Told told)
      throws Exception {
    consumer.assign(ends.keySet());
    consumer.seekToBeginning(ends.keySet());
    Map<TopicPartition, Integer> counts = new HashMap<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        counts.merge(at(record), 1, Integer::sum);
        told.tell(record);
      }
      if (System.nanoTime() > deadline) throw new AssertionError("read " + counts + ", wanted up to " + ends);
    }
  }

  private static String describe(ConsumerRecord<byte[], byte[]> record) throws Exception {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(content);
    put(out, record.value());
    for (Header header : record.headers()) {
      put(out, bytes(header.key()));
      put(out, header.value());
    }
    StringBuilder hash = new StringBuilder();
    for (byte part : MessageDigest.getInstance("SHA-1").digest(content.toByteArray())) {
      hash.append(String.format("%02x", part));
    }
    String key = record.key() == null ? "(none)" : new String(record.key(), StandardCharsets.UTF_8);
    return key + " " + record.timestamp() + " " + record.timestampType() + " " + hash;
  }

  private static void put(DataOutputStream out, byte[] data) throws IOException {
    out.writeInt(data == null ? -1 : data.length);
    if (data != null) out.write(data);
  }

  private void group(String topic, String group, int count) throws Exception {
    Map<String, Object> settings = Map.of("group.id", group, "max.poll.records", "1", "auto.offset.reset", "earliest");
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings)) {
      consumer.subscribe(List.of(topic));
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      Map<TopicPartition, OffsetAndMetadata> behind = new HashMap<>();
      for (int seen = 0; seen < count;) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          print("grouped", at(record), String.valueOf(record.offset()));
          behind.put(at(record), new OffsetAndMetadata(record.offset() + 1));
          seen++;
        }
        if (System.nanoTime() > deadline) throw new AssertionError(seen + " records in the group");
      }
      consumer.commitSync(behind);
    }
  }

  // Helpers.

  private static TopicPartition at(ConsumerRecord<byte[], byte[]> record) {
    return new TopicPartition(record.topic(), record.partition());
  }

  private static void print(String what, TopicPartition partition, String more) {
    System.out.println(what + " " + partition + " " + more);
  }

  private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topic) {
    Collection<Integer> numbers =
        consumer.partitionsFor(topic).stream().map(partition -> partition.partition()).collect(Collectors.toCollection(TreeSet::new));
    return numbers.stream().map(number -> new TopicPartition(topic, number)).collect(Collectors.toList());
  }

  private KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "5"));
    settings.put("batch.size", "4096");
    settings.putAll(more);
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", "false"));
    // A consumer that closes waits for the fetch under way, which at the end of a log would take its time.
    settings.put("fetch.max.wait.ms", "10");
    settings.putAll(more);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
