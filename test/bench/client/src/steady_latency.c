/*
 * A producer at a steady pace, and if asked a consumer of the same partition, each with percentiles of the
 * latency that its records saw; rdkafka_performance has averages only.
 *
 *   steady_latency BOOTSTRAP TOPIC BYTES_PER_SECOND RECORD_SIZE WARM_SECONDS SECONDS WITH_CONSUMER NAME=VALUE...
 *
 * Partition 0, acks=1. Produce latency: from the call that hands a record to librdkafka to its delivery report.
 * Fetch latency: from that same call to the record's arrival at the consumer. Records of the first WARM_SECONDS
 * are not counted. Ends after SECONDS of counting, or at SIGTERM, with one line of JSON; times are in
 * microseconds.
 */

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rdkafka.h"

#define TICK_US 1000
#define ARGUMENTS 8

struct series {
  uint32_t *values;
  size_t count, room;
};

static volatile sig_atomic_t is_ending = 0;
static struct series produced, fetched;
static int64_t counted_from_us;
static size_t failed;

static void end(int signal) {
  (void)signal;
  is_ending = 1;
}

static int64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void give_up(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* `sent_us` stands for the record: those of the warm-up are left out, whenever they arrive. */
static void note(struct series *series, int64_t sent_us) {
  if (sent_us < counted_from_us) return;
  if (series->count == series->room) {
    series->room = series->room == 0 ? 1 << 16 : series->room * 2;
    series->values = realloc(series->values, series->room * sizeof(*series->values));
    if (series->values == NULL) give_up("out of memory");
  }
  series->values[series->count++] = (uint32_t)(now_us() - sent_us);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  if (message->err) failed++;
  else note(&produced, (int64_t)(intptr_t)message->_private);
}

static rd_kafka_t *client_of(rd_kafka_type_t type, const char *bootstrap, char **settings, int count) {
  char problem[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  const char *common[][2] = {{"bootstrap.servers", bootstrap}, {"socket.nagle.disable", "true"}};
  for (int i = 0; i < 2; i++)
    if (rd_kafka_conf_set(conf, common[i][0], common[i][1], problem, sizeof(problem))) give_up(problem);
  for (int i = 0; i < count; i++) {
    char *value = strchr(settings[i], '=');
    if (value == NULL) give_up(settings[i]);
    *value = 0;
    int is_wrong = rd_kafka_conf_set(conf, settings[i], value + 1, problem, sizeof(problem));
    *value = '=';
    if (is_wrong) give_up(problem);
  }
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t *client = rd_kafka_new(type, conf, problem, sizeof(problem));
  if (client == NULL) give_up(problem);
  return client;
}

struct consumer {
  rd_kafka_t *client;
  rd_kafka_topic_t *topic;
  volatile int is_ending;
};

static void *consume(void *argument) {
  struct consumer *consumer = argument;
  while (!consumer->is_ending) {
    rd_kafka_message_t *message = rd_kafka_consume(consumer->topic, 0, 100);
    if (message == NULL) continue;
    if (!message->err && message->len >= sizeof(int64_t)) {
      int64_t sent_us;
      memcpy(&sent_us, message->payload, sizeof(sent_us));
      note(&fetched, sent_us);
    }
    rd_kafka_message_destroy(message);
  }
  return NULL;
}

static int compare(const void *one, const void *other) {
  uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
  return left < right ? -1 : left > right;
}

static void print_series(const char *name, struct series *series) {
  size_t count = series->count;
  qsort(series->values, count, sizeof(*series->values), compare);
  printf(",\"%s\":{\"count\":%zu", name, count);
  const char *names[] = {"p50", "p99", "p999", "max"};
  const double parts[] = {0.5, 0.99, 0.999, 1};
  for (int i = 0; i < 4 && count > 0; i++) {
    size_t at = (size_t)(parts[i] * (double)count);
    printf(",\"%s\":%u", names[i], series->values[at < count ? at : count - 1]);
  }
  printf("}");
}

/* One record more each time the pace allows it; never waits for the broker. */
static void produce(rd_kafka_t *client, rd_kafka_topic_t *topic, double rate, size_t size, int64_t end_us) {
  char *payload = malloc(size);
  if (payload == NULL) give_up("out of memory");
  for (size_t i = 0; i < size; i++) payload[i] = (char)(i * 31 + i / 7);
  int64_t start_us = now_us();
  uint64_t sent = 0;
  while (!is_ending) {
    int64_t now = now_us();
    if (now >= end_us) break;
    uint64_t due = (uint64_t)((double)(now - start_us) * rate / 1e6);
    for (; sent < due; sent++) {
      int64_t sent_us = now_us();
      memcpy(payload, &sent_us, sizeof(sent_us));
      void *mark = (void *)(intptr_t)sent_us;
      if (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, payload, size, NULL, 0, mark) == -1) failed++;
    }
    rd_kafka_poll(client, 0);
    struct timespec pause = {0, TICK_US * 1000L};
    nanosleep(&pause, NULL);
  }
  rd_kafka_flush(client, 60000);
  free(payload);
}

int main(int count, char **arguments) {
  if (count < ARGUMENTS) give_up("see the head of the source for the arguments");
  const char *bootstrap = arguments[1], *name = arguments[2];
  double bytes_per_second = atof(arguments[3]);
  size_t size = (size_t)atol(arguments[4]);
  double warm_seconds = atof(arguments[5]), seconds = atof(arguments[6]);
  int with_consumer = atoi(arguments[7]);
  if (size < sizeof(int64_t) || bytes_per_second <= 0) give_up("a record has 8 bytes at least");
  signal(SIGTERM, end);
  signal(SIGINT, end);

  int settings = count - ARGUMENTS;
  rd_kafka_t *producer = client_of(RD_KAFKA_PRODUCER, bootstrap, arguments + ARGUMENTS, settings);
  rd_kafka_topic_conf_t *topic_conf = rd_kafka_topic_conf_new();
  char problem[512];
  if (rd_kafka_topic_conf_set(topic_conf, "acks", "1", problem, sizeof(problem))) give_up(problem);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, name, topic_conf);

  struct consumer consumer = {NULL, NULL, 0};
  pthread_t thread;
  if (with_consumer) {
    consumer.client = client_of(RD_KAFKA_CONSUMER, bootstrap, NULL, 0);
    consumer.topic = rd_kafka_topic_new(consumer.client, name, NULL);
    if (rd_kafka_consume_start(consumer.topic, 0, RD_KAFKA_OFFSET_END)) give_up("consuming does not start");
    if (pthread_create(&thread, NULL, consume, &consumer)) give_up("no thread");
  }

  int64_t start_us = now_us();
  counted_from_us = start_us + (int64_t)(warm_seconds * 1e6);
  int64_t end_us = counted_from_us + (int64_t)(seconds * 1e6);
  produce(producer, topic, bytes_per_second / (double)size, size, end_us);
  double counted_ms = (double)(now_us() - counted_from_us) / 1000;
  if (with_consumer) {
    struct timespec pause = {1, 0};
    nanosleep(&pause, NULL);
    consumer.is_ending = 1;
    pthread_join(thread, NULL);
  }
  failed += (size_t)rd_kafka_outq_len(producer);
  printf("{\"failed\":%zu,\"counted_ms\":%.0f", failed, counted_ms);
  print_series("produce", &produced);
  if (with_consumer) print_series("fetch", &fetched);
  printf("}\n");
  return 0;
}
