/**
 * What the quickstart shows of a cluster: records produced by a client of the world, kafkajs, to every
 * partition of a topic and consumed again by a consumer group, each exactly once, in the order of its
 * partition.
 */

import type { Admin, Consumer, EachBatchPayload, Producer } from 'kafkajs';
import { Kafka, Partitioners, logLevel } from 'kafkajs';

import type { Timer, Timers } from '../../broker/platform/timers.ts';

export interface RecordCheckOptions {
  /** Such as `127.4.0.2:9092`. */
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly recordCount: number;
  /** Tells these records from those of an earlier run. */
  readonly runId: string;
  /** For each of the steps: connecting, producing, consuming. */
  readonly limitMs: number;
  readonly timers: Timers;
  /** One line each, as it goes. */
  readonly onProgress: (line: string) => void;
}

export interface RecordCheck {
  /** Partition to the id of the broker that leads it. */
  readonly leaders: ReadonlyMap<number, number>;
  /** Partition to how many records of this run were consumed from it. */
  readonly consumedCounts: ReadonlyMap<number, number>;
}

/** Throws an Error that says which step failed, with the last that kafkajs had to say. */
export async function checkRecords(options: RecordCheckOptions): Promise<RecordCheck> {
  const said: string[] = [];
  const kafka = new Kafka({
    clientId: 'odradek-quickstart',
    brokers: options.bootstrapServers.split(','),
    connectionTimeout: 5000,
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ log }) => {
        said.push(`${log.message} ${typeof log['error'] === 'string' ? log['error'] : ''}`.trim());
        said.splice(0, said.length - 5);
      },
  });
  try {
    const leaders = await leadersOf(kafka.admin(), options);
    await produce(kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }), options);
    const groupId = `quickstart-${options.runId}`;
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 500 });
    return { leaders, consumedCounts: await consume(consumer, options) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error([message, ...said.map((line) => `kafkajs: ${line}`)].join('\n'), {
      cause: error,
    });
  }
}

async function leadersOf(
  admin: Admin,
  options: RecordCheckOptions,
): Promise<ReadonlyMap<number, number>> {
  const { topic } = options;
  const asked = async (): Promise<ReadonlyMap<number, number>> => {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics.flatMap((each) => each.partitions);
    return new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  };
  try {
    return await within(`the metadata of topic ${topic}`, options, asked());
  } finally {
    await admin.disconnect();
  }
}

/** Keys spread the records over the partitions; the value is the number of the record. */
async function produce(producer: Producer, options: RecordCheckOptions): Promise<void> {
  const { topic, recordCount, runId, onProgress } = options;
  const sent = async (): Promise<void> => {
    await producer.connect();
    const batchCount = 500;
    for (let first = 0; first < recordCount; first += batchCount) {
      const count = Math.min(batchCount, recordCount - first);
      const messages = Array.from({ length: count }, (_, index) => ({
        key: `${runId}-${String(first + index)}`,
        value: String(first + index),
      }));
      await producer.send({ topic, messages, acks: -1 });
    }
  };
  try {
    await within(`${String(recordCount)} records to be acknowledged`, options, sent());
  } finally {
    await producer.disconnect();
  }
  onProgress(`${String(recordCount)} records produced to ${topic}, acks=all`);
}

async function consume(
  consumer: Consumer,
  options: RecordCheckOptions,
): Promise<ReadonlyMap<number, number>> {
  const { topic, recordCount, runId, onProgress } = options;
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  const all = new Promise<void>((resolve, reject) => {
    const take = ({ batch }: EachBatchPayload): Promise<void> => {
      for (const { key } of batch.messages) {
        const name = String(key);
        if (!name.startsWith(`${runId}-`)) continue;
        if (seen.has(name)) reject(new Error(`record ${name} was consumed twice`));
        seen.add(name);
        counts.set(batch.partition, (counts.get(batch.partition) ?? 0) + 1);
      }
      if (seen.size === recordCount) resolve();
      return Promise.resolve();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer
      .connect()
      .then(() => consumer.subscribe({ topics: [topic], fromBeginning: true }))
      .then(() => consumer.run({ eachBatch: take }))
      .catch(reject);
  });
  try {
    await within(
      () => `${String(recordCount)} records to be consumed; ${String(seen.size)} were`,
      options,
      all,
    );
  } finally {
    await consumer.disconnect();
  }
  onProgress(`${String(recordCount)} records consumed by a group, each once`);
  return counts;
}

function within<T>(
  what: string | (() => string),
  { limitMs, timers }: RecordCheckOptions,
  work: Promise<T>,
): Promise<T> {
  let timer: Timer | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = timers.after(limitMs, () => {
      const awaited = typeof what === 'string' ? what : what();
      reject(new Error(`waited ${String(limitMs / 1000)} s for ${awaited}`));
    });
  });
  return Promise.race([work, late]).finally(() => timer?.cancel());
}
