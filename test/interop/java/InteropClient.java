import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;

/**
 * What applications do with the Java client, in any version since 2.8:
 *
 * <ul>
 *   <li>{@code walk BOOTSTRAP TOPIC}: each step of an application's life with a new topic. Prints {@code ok STEP}
 *       or {@code FAILED STEP: why}, and goes on.
 *   <li>{@code produce BOOTSTRAP TOPIC}: reads lines {@code CODEC:KEY:VALUE} and writes each with a producer of
 *       that compression, idempotent, acks=all.
 *   <li>{@code consume BOOTSTRAP TOPIC GROUP COUNT}: prints {@code KEY:VALUE} of each record, and commits.
 * </ul>
 */
public final class InteropClient {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long LIMIT_SECONDS = 30;
  private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
  private static final int PER_CODEC = 100;
  /** Records of a walk are this far apart; their first is at {@link #FIRST_TIME}. */
  private static final long STEP_MS = 1000;
  private static final long FIRST_TIME = 1_600_000_000_000L;

  private final String bootstrap;
  private final String topic;
  private boolean hasFailed;

  private InteropClient(String bootstrap, String topic) {
    this.bootstrap = bootstrap;
    this.topic = topic;
  }

  public static void main(String[] args) throws Exception {
    InteropClient client = new InteropClient(args[1], args[2]);
    switch (args[0]) {
      case "walk":
        client.walk();
        break;
      case "produce":
        client.produceLines(new String(System.in.readAllBytes(), "UTF-8").split("\n"));
        break;
      case "consume":
        client.consumeLines(args[3], Integer.parseInt(args[4]));
        break;
      default:
        throw new IllegalArgumentException(args[0]);
    }
    System.exit(client.hasFailed ? 1 : 0);
  }

  private void walk() throws Exception {
    try (Admin admin = Admin.create(settings())) {
      step("describeCluster", () -> describeCluster(admin));
      step("createTopics", () -> createTopic(admin));
      step("describeTopics", () -> describeTopic(admin));
      step("describeConfigs, incrementalAlterConfigs", () -> changeConfig(admin));
      for (String codec : CODECS) step("send " + codec, () -> sendRun(codec));
      step("read what was sent, in order", this::readAll);
      step("beginningOffsets, endOffsets", this::bounds);
      step("offsetsForTimes", this::byTime);
      step("seek", this::seek);
      step("commit and resume", this::commitAndResume);
      step("listConsumerGroups, describeConsumerGroups, listConsumerGroupOffsets", () -> groups(admin));
      step("deleteTopics", () -> deleteTopic(admin));
    }
  }

  // Steps. Each throws if something is not as it should be.

  private void describeCluster(Admin admin) throws Exception {
    DescribeClusterResult cluster = admin.describeCluster();
    int brokers = get(cluster.nodes()).size();
    expect(bootstrap.split(",").length, brokers, "brokers");
    expect(true, get(cluster.clusterId()).length() > 0, "there is a cluster id");
    expect(true, get(cluster.nodes()).contains(get(cluster.controller())), "the controller is a broker");
  }

  private void createTopic(Admin admin) throws Exception {
    NewTopic created = new NewTopic(topic, Optional.of(2), Optional.empty());
    // The times of the records are long past.
    created.configs(Map.of("retention.ms", "-1"));
    get(admin.createTopics(List.of(created)).all());
    expectFailure(TopicExistsException.class, admin.createTopics(List.of(created)).all());
  }

  private void describeTopic(Admin admin) throws Exception {
    TopicDescription described = until(() -> describe(admin), topics -> true);
    expect(2, described.partitions().size(), "partitions");
    described.partitions().forEach(partition -> {
      expect(List.of(partition.leader()), partition.replicas(), "replicas");
      expect(List.of(partition.leader()), partition.isr(), "replicas in sync");
    });
    until(() -> get(admin.listTopics().names()), names -> names.contains(topic));
  }

  private void changeConfig(Admin admin) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Map<String, ConfigEntry> created = until(() -> config(admin, resource), entries -> true);
    expect("-1", created.get("retention.ms").value(), "the value of the creation");
    String key = "max.message.bytes";
    expect(ConfigEntry.ConfigSource.DEFAULT_CONFIG, created.get(key).source(), "source");
    AlterConfigOp set = new AlterConfigOp(new ConfigEntry(key, "200000"), AlterConfigOp.OpType.SET);
    get(admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all());
    ConfigEntry changed = until(() -> config(admin, resource).get(key), entry -> entry.value().equals("200000"));
    expect(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, changed.source(), "source");
  }

  /** To both partitions in turn; the records of partition 0 have times of their own. */
  private void sendRun(String codec) throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    int run = CODECS.indexOf(codec);
    try (KafkaProducer<String, String> producer = producer(codec)) {
      for (int index = 0; index < PER_CODEC; index++) {
        long time = FIRST_TIME + (run * PER_CODEC + index) * STEP_MS;
        sent.add(producer.send(new ProducerRecord<>(topic, index % 2, time, "key", codec + "-" + index)));
      }
    }
    for (int index = 0; index < PER_CODEC; index++) {
      RecordMetadata metadata = get(sent.get(index));
      expect((long) (run * PER_CODEC + index) / 2, metadata.offset(), "offset of record " + index);
    }
  }

  private void readAll() throws Exception {
    try (KafkaConsumer<String, String> consumer = consumer("walk-" + topic)) {
      consumer.assign(partitions());
      consumer.seekToBeginning(partitions());
      Map<Integer, List<String>> seen = new HashMap<>();
      for (ConsumerRecord<String, String> record : poll(consumer, total())) {
        expect((long) seen.computeIfAbsent(record.partition(), key -> new ArrayList<>()).size(), record.offset(), "offset");
        seen.get(record.partition()).add(record.value());
      }
      for (int partition = 0; partition < 2; partition++) {
        List<String> expected = new ArrayList<>();
        for (String codec : CODECS) {
          for (int index = partition; index < PER_CODEC; index += 2) expected.add(codec + "-" + index);
        }
        expect(expected, seen.get(partition), "values of partition " + partition);
      }
    }
  }

  private void bounds() throws Exception {
    try (KafkaConsumer<String, String> consumer = consumer("walk-" + topic)) {
      for (TopicPartition partition : partitions()) {
        expect(0L, consumer.beginningOffsets(partitions()).get(partition), "beginning of " + partition);
        expect((long) total() / 2, consumer.endOffsets(partitions()).get(partition), "end of " + partition);
      }
    }
  }

  private void byTime() throws Exception {
    TopicPartition partition = partitions().get(0);
    try (KafkaConsumer<String, String> consumer = consumer("walk-" + topic)) {
      // The record with the offset n of partition 0 is the 2n-th.
      for (long offset : List.of(0L, 1L, 37L, 120L, 249L)) {
        long time = FIRST_TIME + 2 * offset * STEP_MS;
        OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, time - 1)).get(partition);
        expect(offset, found.offset(), "offset of the first record since " + (time - 1));
        expect(time, found.timestamp(), "its time");
      }
      expect(null, consumer.offsetsForTimes(Map.of(partition, FIRST_TIME * 2)).get(partition), "in the future");
    }
  }

  private void seek() throws Exception {
    TopicPartition partition = partitions().get(1);
    try (KafkaConsumer<String, String> consumer = consumer("walk-" + topic)) {
      consumer.assign(List.of(partition));
      for (long offset : List.of(200L, 3L, 77L)) {
        consumer.seek(partition, offset);
        expect(offset, poll(consumer, 1).get(0).offset(), "the first offset after a seek");
      }
    }
  }

  private void commitAndResume() throws Exception {
    String group = "resumed-" + topic;
    TopicPartition partition = partitions().get(0);
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.subscribe(List.of(topic));
      poll(consumer, total());
      consumer.commitSync(Map.of(partition, new OffsetAndMetadata(240, "before the end")));
    }
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
      expect(240L, committed.offset(), "the committed offset");
      expect("before the end", committed.metadata(), "its metadata");
      consumer.subscribe(List.of(topic));
      // The other partition has no offset, so it begins at its beginning.
      List<ConsumerRecord<String, String>> records = poll(consumer, 10 + total() / 2);
      Supplier<Long> first = () -> records.stream().filter(record -> record.partition() == 0).findFirst().get().offset();
      expect(240L, first.get(), "the first offset of the second consumer");
      expect(10L, records.stream().filter(record -> record.partition() == 0).count(), "records of partition 0");
    }
  }

  private void groups(Admin admin) throws Exception {
    String group = "resumed-" + topic;
    boolean isListed = get(admin.listConsumerGroups().all()).stream().anyMatch(listing -> listing.groupId().equals(group));
    expect(true, isListed, "the group is listed");
    expect("EMPTY", get(admin.describeConsumerGroups(List.of(group)).all()).get(group).state().name(), "state");
    Map<TopicPartition, OffsetAndMetadata> offsets =
        get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    expect(240L, offsets.get(partitions().get(0)).offset(), "offset by the admin client");
  }

  private void deleteTopic(Admin admin) throws Exception {
    get(admin.deleteTopics(List.of(topic)).all());
    until(() -> get(admin.listTopics().names()), names -> !names.contains(topic));
    expectFailure(UnknownTopicOrPartitionException.class, admin.deleteTopics(List.of(topic)).all());
  }

  // The two that other clients are mixed with.

  private void produceLines(String[] lines) throws Exception {
    Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (String line : lines) {
      String[] parts = line.split(":");
      KafkaProducer<String, String> producer = producers.computeIfAbsent(parts[0], this::producer);
      sent.add(producer.send(new ProducerRecord<>(topic, parts[1], parts[2])));
    }
    for (KafkaProducer<String, String> producer : producers.values()) producer.close();
    for (Future<RecordMetadata> future : sent) get(future);
    System.out.println(sent.size() + " acknowledged");
  }

  private void consumeLines(String group, int count) {
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.subscribe(List.of(topic));
      for (ConsumerRecord<String, String> record : poll(consumer, count)) {
        System.out.println(record.key() + ":" + record.value());
      }
      consumer.commitSync();
    }
  }

  // Helpers.

  private interface Step {
    void run() throws Exception;
  }

  private interface Asked<T> {
    T get() throws Exception;
  }

  private interface Wanted<T> {
    boolean test(T value);
  }

  private void step(String name, Step step) {
    try {
      step.run();
      System.out.println("ok " + name);
    } catch (Throwable failure) {
      hasFailed = true;
      System.out.println("FAILED " + name + ": " + failure);
      failure.printStackTrace();
    }
  }

  /** No name of this method is in every version. */
  @SuppressWarnings("unchecked")
  private TopicDescription describe(Admin admin) throws Exception {
    DescribeTopicsResult result = admin.describeTopics(List.of(topic));
    boolean isOld = AppInfoParser.getVersion().startsWith("2.");
    Object future = result.getClass().getMethod(isOld ? "all" : "allTopicNames").invoke(result);
    return get((Future<Map<String, TopicDescription>>) future).get(topic);
  }

  private Map<String, ConfigEntry> config(Admin admin, ConfigResource resource) throws Exception {
    Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
    Map<String, ConfigEntry> entries = new HashMap<>();
    config.entries().forEach(entry -> entries.put(entry.name(), entry));
    return entries;
  }

  private List<TopicPartition> partitions() {
    return List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
  }

  private static int total() {
    return CODECS.size() * PER_CODEC;
  }

  private KafkaProducer<String, String> producer(String codec) {
    Map<String, Object> settings = settings();
    settings.putAll(Map.of("acks", "all", "enable.idempotence", "true", "compression.type", codec, "linger.ms", "5"));
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer(String group) {
    Map<String, Object> settings = settings();
    settings.putAll(Map.of("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  private Map<String, Object> settings() {
    return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "client.id", "interop-java"));
  }

  /** At least {@code count} records. */
  private static List<ConsumerRecord<String, String>> poll(KafkaConsumer<String, String> consumer, int count) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (records.size() < count) {
      consumer.poll(POLL).forEach(records::add);
      if (System.nanoTime() > deadline) throw new AssertionError(records.size() + " records of " + count);
    }
    return records;
  }

  /** Brokers hear of topics and changes one after another, a moment after they are accepted. */
  private static <T> T until(Asked<T> asked, Wanted<T> wanted) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (true) {
      boolean isLate = System.nanoTime() > deadline;
      try {
        T value = asked.get();
        if (wanted.test(value)) return value;
        if (isLate) throw new AssertionError("still " + value);
      } catch (ExecutionException failure) {
        if (isLate || !(failure.getCause() instanceof UnknownTopicOrPartitionException)) throw failure;
      }
      Thread.sleep(20);
    }
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private static void expectFailure(Class<? extends Exception> expected, Future<?> future) throws Exception {
    try {
      get(future);
    } catch (ExecutionException failure) {
      expect(expected, failure.getCause().getClass(), "failure");
      return;
    }
    throw new AssertionError("no " + expected.getSimpleName());
  }

  private static void expect(Object expected, Object actual, String what) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }
  }
}
