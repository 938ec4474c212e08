/** kafkajs, in this process: one record at a time for each partition, each awaited. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import { kafkaJs } from '../../interop/support/kafkajs-client.ts';
import type { LoadListener, LoadSource, LoadTarget } from './load-source.ts';

const pauseMs = 20;

export function startKafkaJsLoad(
  kind: { readonly isIdempotent: boolean; readonly partitions: readonly number[] },
  target: LoadTarget,
  listener: LoadListener,
): LoadSource {
  const writer = new KafkaJsWriter(kind.isIdempotent, target, listener);
  const done = writer.run(kind.partitions);
  return {
    stop: async () => {
      writer.isStopped = true;
      await done;
    },
    kill: () => {
      // Its sends still fail for a while, which is nobody's business any more.
      writer.isSilent = true;
      writer.isStopped = true;
      writer.disconnect().catch(() => undefined);
      done.catch(() => undefined);
    },
  };
}

class KafkaJsWriter {
  isStopped = false;
  isSilent = false;
  readonly #name: string;
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #listener: LoadListener;

  constructor(isIdempotent: boolean, { bootstrap, topic }: LoadTarget, listener: LoadListener) {
    this.#name = `kafkajs-${isIdempotent ? 'idempotent' : 'plain'}`;
    this.#topic = topic;
    this.#listener = listener;
    const retry = { initialRetryTime: 50, maxRetryTime: 300, retries: 1000 };
    const kafka = kafkaJs(bootstrap, { connectionTimeout: 1000, requestTimeout: 4000, retry });
    this.#producer = kafka.producer({ idempotent: isIdempotent, metadataMaxAge: 5000, retry });
  }

  async run(partitions: readonly number[]): Promise<void> {
    await this.#producer.connect();
    try {
      await Promise.all(partitions.map((partition) => this.#write(partition)));
    } finally {
      await this.disconnect();
    }
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect();
  }

  async #write(partition: number): Promise<void> {
    for (let number = 0; !this.isStopped; number++) {
      const value = `${this.#name}:${String(partition)}:${String(number)}`;
      await this.#send(partition, value);
      await sleep(pauseMs);
    }
  }

  async #send(partition: number, value: string): Promise<void> {
    try {
      const [written] = await this.#producer.send({
        topic: this.#topic,
        acks: -1,
        timeout: 3000,
        messages: [{ partition, value }],
      });
      const offset = Number(written?.baseOffset ?? written?.offset ?? -1);
      if (!this.isSilent) this.#listener.acknowledged({ partition, offset, value });
    } catch (error) {
      if (!this.isSilent) this.#listener.failed(value, String(error));
    }
  }
}
