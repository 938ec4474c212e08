/** kafkajs with a ledger: produces to every partition without a pause, and reads all of it back. */

import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { Producer } from 'kafkajs';

import { Ledger } from '../../support/ledger.ts';
import type { LedgerRecord } from '../../support/ledger.ts';

const batchCount = 5;
/** A broker that restarts is away for seconds: asked again often, and for long. */
const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 200 };

export interface LedgerClientOptions {
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly partitionCount: number;
}

export class LedgerClient {
  readonly ledger = new Ledger();
  readonly kafka: Kafka;
  readonly #options: LedgerClientOptions;
  readonly #producer: Producer;
  #isEnding = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: LedgerClientOptions) {
    this.#options = options;
    this.kafka = new Kafka({
      clientId: 'ledger',
      brokers: options.bootstrapServers.split(','),
      logLevel: logLevel.NOTHING,
      retry,
    });
    // Idempotent: a batch that was written and never acknowledged is not written again.
    const createPartitioner = Partitioners.DefaultPartitioner;
    this.#producer = this.kafka.producer({ idempotent: true, createPartitioner });
  }

  /** One batch after the other in each partition, until `stop`. A failure is thrown by `stop`. */
  async start(): Promise<void> {
    await this.#producer.connect();
    this.#running = Promise.all(this.#partitions().map((each) => this.#produceTo(each)));
    this.#running.catch(() => undefined);
  }

  /** Resolves once `count` records more are acknowledged in each partition. */
  goesOn(count: number): Promise<void> {
    const failed = this.#running.then(() => Promise.reject(new Error('the producer has ended')));
    return Promise.race([this.ledger.grows(this.#partitions(), count), failed]);
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    try {
      await this.#running;
    } finally {
      await this.#producer.disconnect();
    }
  }

  async controllerId(): Promise<number | null> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      return (await admin.describeCluster()).controller;
    } finally {
      await admin.disconnect();
    }
  }

  /** Every record of the topic, by a consumer group that begins at the beginning. */
  async readAll(): Promise<readonly LedgerRecord[]> {
    const ends = await this.#ends();
    const consumer = this.kafka.consumer({ groupId: 'ledger', maxWaitTimeInMs: 100 });
    const records: LedgerRecord[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true });
    try {
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        consumer
          .run({
            eachBatch: ({ batch: { partition, messages } }) => {
              for (const { offset, value } of messages) {
                records.push({ partition, offset: Number(offset), value: String(value) });
                if (ends.get(partition) === Number(offset) + 1) ends.delete(partition);
              }
              if (ends.size === 0) resolve();
              return Promise.resolve();
            },
          })
          .catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
    return records;
  }

  #partitions(): readonly number[] {
    return Array.from({ length: this.#options.partitionCount }, (_, index) => index);
  }

  async #produceTo(partition: number): Promise<void> {
    const { topic } = this.#options;
    for (let first = 0; !this.#isEnding; first += batchCount) {
      const values = Array.from(
        { length: batchCount },
        (_, index) => `${String(partition)}-${String(first + index)}`,
      );
      const messages = values.map((value) => ({ partition, value }));
      const [answer] = await this.#producer.send({ topic, messages, acks: -1 });
      const baseOffset = Number(answer?.baseOffset);
      this.ledger.acknowledge(
        values.map((value, index) => ({ partition, offset: baseOffset + index, value })),
      );
    }
  }

  /** High watermarks by partition, of those that are not empty. */
  async #ends(): Promise<Map<number, number>> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const offsets = await admin.fetchTopicOffsets(this.#options.topic);
      return new Map(
        offsets.flatMap(({ partition, high }) => (high === '0' ? [] : [[partition, Number(high)]])),
      );
    } finally {
      await admin.disconnect();
    }
  }
}
