/** A kafkajs consumer in a group, which remembers what it was assigned and what it has read. */

import { once, EventEmitter } from 'node:events';
import type { Consumer, EachMessagePayload } from 'kafkajs';
import { kafkaJs } from './kafkajs-client.ts';

export class GroupMember {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #messages: EachMessagePayload[] = [];
  #partitions: readonly number[] = [];

  constructor(bootstrap: string, place: { readonly topic: string; readonly group: string }) {
    this.#topic = place.topic;
    // Rebalances are noticed by the heartbeat, and a poll should not hold one up for long.
    const pace = { heartbeatInterval: 200, maxWaitTimeInMs: 200 };
    this.#consumer = kafkaJs(bootstrap).consumer({ groupId: place.group, ...pace });
  }

  /** Those of the topic that it was assigned last. */
  get partitions(): readonly number[] {
    return this.#partitions;
  }

  get messages(): readonly EachMessagePayload[] {
    return this.#messages;
  }

  /** Resolves when it has joined. */
  async start(): Promise<void> {
    const joined = new EventEmitter();
    this.#consumer.on('consumer.group_join', ({ payload }) => {
      this.#partitions = [...(payload.memberAssignment[this.#topic] ?? [])].sort();
      joined.emit('first');
    });
    this.#consumer.on('consumer.crash', ({ payload }) => joined.emit('error', payload.error));
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: this.#topic, fromBeginning: true });
    const first = once(joined, 'first');
    void this.#consumer.run({
      eachMessage: (payload) => {
        this.#messages.push(payload);
        return Promise.resolve();
      },
    });
    await first;
    joined.on('error', () => undefined);
  }

  /** Commits and leaves. */
  async stop(): Promise<void> {
    await this.#consumer.disconnect();
  }
}
