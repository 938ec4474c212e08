import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes with acks=all to every partition of a topic, by an idempotent producer and by a plain one, until standard
 * input ends: {@code BOOTSTRAP TOPIC PARTITIONS ROUND_MS}. Every ROUND_MS each producer writes one record to each
 * partition. The value is {@code PRODUCER:PARTITION:NUMBER}. Prints {@code ack PARTITION OFFSET VALUE} for each that
 * was acknowledged, and {@code failed VALUE ERROR} for each that was given up.
 */
public final class FaultProducer {
  private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  public static void main(String[] args) throws Exception {
    int partitions = Integer.parseInt(args[2]);
    long roundMs = Long.parseLong(args[3]);
    Map<String, KafkaProducer<String, String>> producers =
        Map.of("java-idempotent", producer(args[0], true), "java-plain", producer(args[0], false));
    Thread[] threads =
        producers.entrySet().stream()
            .map(entry -> new Thread(() -> write(entry.getKey(), entry.getValue(), args[1], partitions, roundMs)))
            .toArray(Thread[]::new);
    for (Thread thread : threads) thread.start();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (input.readLine() != null) continue;
    for (Thread thread : threads) thread.interrupt();
    for (Thread thread : threads) thread.join();
    for (KafkaProducer<String, String> producer : producers.values()) {
      producer.flush();
      producer.close();
    }
    OUT.flush();
    System.exit(0);
  }

  private static void write(
      String name, KafkaProducer<String, String> producer, String topic, int partitions, long roundMs) {
    try {
      for (long number = 0; !Thread.currentThread().isInterrupted(); number++) {
        for (int partition = 0; partition < partitions; partition++) {
          String value = name + ":" + partition + ":" + number;
          producer.send(
              new ProducerRecord<>(topic, partition, null, value),
              (metadata, error) -> {
                synchronized (OUT) {
                  if (error == null) OUT.println("ack " + metadata.partition() + " " + metadata.offset() + " " + value);
                  else OUT.println("failed " + value + " " + error);
                  OUT.flush();
                }
              });
        }
        TimeUnit.MILLISECONDS.sleep(roundMs);
      }
    } catch (InterruptedException | org.apache.kafka.common.errors.InterruptException end) {
      // Told to stop; what is on its way is flushed.
    }
  }

  private static KafkaProducer<String, String> producer(String bootstrap, boolean isIdempotent) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("acks", "all");
    settings.put("enable.idempotence", String.valueOf(isIdempotent));
    settings.put("max.in.flight.requests.per.connection", isIdempotent ? "5" : "1");
    settings.put("linger.ms", "2");
    settings.put("buffer.memory", "8388608");
    settings.put("request.timeout.ms", "3000");
    settings.put("delivery.timeout.ms", "180000");
    settings.put("max.block.ms", "120000");
    settings.put("retry.backoff.max.ms", "200");
    settings.put("reconnect.backoff.max.ms", "200");
    settings.put("socket.connection.setup.timeout.ms", "2000");
    settings.put("socket.connection.setup.timeout.max.ms", "3000");
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }
}
