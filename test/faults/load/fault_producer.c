/*
 * Writes with acks=all to every partition of a topic, by an idempotent producer and by a plain one, until standard
 * input ends: BOOTSTRAP TOPIC PARTITIONS ROUND_MS. As FaultProducer.java: every ROUND_MS each producer writes one
 * record to each partition, whose value is PRODUCER:PARTITION:NUMBER, and each report is a line,
 * `ack PARTITION OFFSET VALUE` or `failed VALUE ERROR`.
 */

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_LIMIT_MS 60000

static void report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque) {
  (void)producer;
  (void)opaque;
  int length = (int)message->len;
  const char *value = message->payload;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
    printf("ack %d %lld %.*s\n", (int)message->partition, (long long)message->offset, length, value);
  else
    printf("failed %.*s %s\n", length, value, rd_kafka_err2str(message->err));
}

/* After a fatal error every record is given up: what stands behind it is told here only. */
static void on_error(rd_kafka_t *producer, int error, const char *reason, void *opaque) {
  (void)opaque;
  char why[512];
  if (error != RD_KAFKA_RESP_ERR__FATAL) return;
  rd_kafka_fatal_error(producer, why, sizeof why);
  printf("failed %s:?:? %s: %s\n", rd_kafka_name(producer), reason, why);
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
  char error[256];
  if (rd_kafka_conf_set(conf, key, value, error, sizeof error) == RD_KAFKA_CONF_OK) return;
  fprintf(stderr, "%s\n", error);
  exit(2);
}

static rd_kafka_t *make_producer(const char *bootstrap, int is_idempotent) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap);
  set(conf, "acks", "all");
  set(conf, "enable.idempotence", is_idempotent ? "true" : "false");
  set(conf, "max.in.flight", is_idempotent ? "5" : "1");
  set(conf, "linger.ms", "2");
  set(conf, "request.timeout.ms", "3000");
  set(conf, "message.timeout.ms", "180000");
  set(conf, "message.send.max.retries", "1000000");
  set(conf, "retry.backoff.ms", "100");
  set(conf, "reconnect.backoff.max.ms", "200");
  set(conf, "socket.timeout.ms", "10000");
  set(conf, "log_level", "2");
  rd_kafka_conf_set_dr_msg_cb(conf, report);
  rd_kafka_conf_set_error_cb(conf, on_error);
  char error[256];
  rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (producer != NULL) return producer;
  fprintf(stderr, "%s\n", error);
  exit(2);
}

static void write_round(rd_kafka_t *producer, const char *name, const char *topic, int partitions, long number) {
  for (int partition = 0; partition < partitions; partition++) {
    char value[80];
    int length = snprintf(value, sizeof value, "%s:%d:%ld", name, partition, number);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE(value, length),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) printf("failed %s %s\n", value, rd_kafka_err2str(error));
  }
}

static int input_ended(int limit_ms) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  char ignored[64];
  return poll(&input, 1, limit_ms) > 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int partitions = atoi(argv[3]);
  int round_ms = atoi(argv[4]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char *names[] = {"librdkafka-idempotent", "librdkafka-plain"};
  rd_kafka_t *producers[] = {make_producer(argv[1], 1), make_producer(argv[1], 0)};
  for (long number = 0; !input_ended(round_ms); number++)
    for (int index = 0; index < 2; index++) {
      write_round(producers[index], names[index], argv[2], partitions, number);
      rd_kafka_poll(producers[index], 0);
    }
  for (int index = 0; index < 2; index++) {
    if (rd_kafka_flush(producers[index], FLUSH_LIMIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
      printf("failed %s:?:? not flushed\n", names[index]);
    rd_kafka_destroy(producers[index]);
  }
  return 0;
}
