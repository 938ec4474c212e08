/** A consumer group that reads everything for as long as the rolling goes on, and commits. */

import type { Consumer } from 'kafkajs';
import type { LedgerRecord } from '../../support/ledger.ts';
import { kafkaJs } from '../support/kafkajs-client.ts';

export class GroupReader {
  readonly #consumer: Consumer;
  /** By topic, each place once: a group may read what it has not committed again. */
  readonly #read = new Map<string, Map<string, LedgerRecord>>();
  /** Errors after which the consumer did not go on by itself. */
  readonly crashes: string[] = [];

  private constructor(bootstrap: string, groupId: string) {
    const retry = { initialRetryTime: 50, maxRetryTime: 300, retries: 1000 };
    const pace = { heartbeatInterval: 500, maxWaitTimeInMs: 100, metadataMaxAge: 2000 };
    this.#consumer = kafkaJs(bootstrap, { retry }).consumer({ groupId, ...pace, retry });
  }

  static async start(
    bootstrap: string,
    { group, topics }: { readonly group: string; readonly topics: readonly string[] },
  ): Promise<GroupReader> {
    const reader = new GroupReader(bootstrap, group);
    const consumer = reader.#consumer;
    for (const topic of topics) reader.#read.set(topic, new Map());
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reader.crashes.push(payload.error.message);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 500,
      eachMessage: ({ topic, partition, message }) => {
        const value = message.value?.toString() ?? '';
        const record = { partition, offset: Number(message.offset), value };
        reader.#read.get(topic)?.set(`${String(partition)}/${message.offset}`, record);
        return Promise.resolve();
      },
    });
    return reader;
  }

  count(topic: string): number {
    return this.#read.get(topic)?.size ?? 0;
  }

  records(topic: string): readonly LedgerRecord[] {
    return [...(this.#read.get(topic)?.values() ?? [])];
  }

  /** Commits and leaves. */
  async stop(): Promise<void> {
    await this.#consumer.disconnect();
  }
}
