/** A producer that writes record after record with acks=all, and knows when each was acknowledged. */

import { setTimeout as sleep } from 'node:timers/promises';

import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;
const intervalMs = 10;

export class SteadyWriter {
  /** In milliseconds of performance.now(), per partition. */
  #times;
  #producer;
  #topic;
  #isStopped = false;
  #done;
  /** What a send ended with after all its retries. */
  failures = [];

  /** @param {string} bootstrap @param {{topic: string, partitions: readonly number[]}} target */
  static async start(bootstrap, { topic, partitions }) {
    const retry = { initialRetryTime: 20, maxRetryTime: 100, retries: 1000 };
    const brokers = bootstrap.split(',');
    const limits = { connectionTimeout: 1000, requestTimeout: 30_000 };
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry, ...limits });
    const writer = new SteadyWriter();
    writer.#topic = topic;
    writer.#producer = kafka.producer({ retry, metadataMaxAge: 60_000 });
    writer.#times = new Map(partitions.map((partition) => [partition, []]));
    await writer.#producer.connect();
    writer.#done = Promise.all(partitions.map((partition) => writer.#write(partition)));
    return writer;
  }

  /** Milliseconds until the first acknowledgement of a partition since then. */
  async firstSince(partition, since) {
    for (;;) {
      const found = this.#times.get(partition).find((time) => time > since);
      if (found !== undefined) return found - since;
      await sleep(5);
    }
  }

  /** The longest time since then without an acknowledgement, in any partition. */
  longestGapMs(since) {
    const gaps = [...this.#times.values()].map((all) => {
      const times = [since, ...all.filter((time) => time > since)];
      return Math.max(0, ...times.slice(1).map((time, index) => time - times[index]));
    });
    return Math.max(...gaps);
  }

  get count() {
    return [...this.#times.values()].reduce((sum, times) => sum + times.length, 0);
  }

  async stop() {
    this.#isStopped = true;
    await this.#done;
    await this.#producer.disconnect();
  }

  async #write(partition) {
    const value = Buffer.alloc(1024);
    while (!this.#isStopped) {
      try {
        const messages = [{ partition, value }];
        await this.#producer.send({ topic: this.#topic, acks: -1, timeout: 10_000, messages });
        this.#times.get(partition).push(performance.now());
      } catch (error) {
        this.failures.push(error.message);
      }
      await sleep(intervalMs);
    }
  }
}
