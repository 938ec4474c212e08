/**
 * An admin that makes a topic, has it written to and read, deletes it, waits until it is gone, and makes
 * it again under the same name. Nothing of an earlier topic ever shows in a later one.
 */

import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { deleteTopics } from '../../../broker/protocol/messages/delete-topics.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { newTopic } from '../../support/requests.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ClientWorld } from './client.ts';
import { ClusterClient } from './client.ts';
import { Consumer } from './consumer.ts';
import { PartitionLedger } from './partition-ledger.ts';
import { Producer } from './producer.ts';
import type { Scenario } from './scenario.ts';
import type { StateHistory } from './state-history.ts';

const CREATE_VERSION = 7;
const DELETE_VERSION = 5;
const TIMEOUT_MS = 3000;
const ROUNDS = 4;

export interface ChurnOptions {
  readonly topic: string;
  readonly scenario: Scenario;
  readonly clients: ClientWorld;
  readonly scheduler: Scheduler;
  readonly history: StateHistory;
  readonly observer: ZooKeeperSession;
  /** How many brokers have everything before that offset. */
  readonly copies: (endOffset: number) => Promise<number>;
  readonly isOver: () => boolean;
}

export class Churn {
  readonly #options: ChurnOptions;
  /** For the life of one topic: of the next one it would know leader epochs that are too high. */
  #client: ClusterClient;
  #acknowledgedCount = 0;

  constructor(options: ChurnOptions) {
    this.#options = options;
    this.#client = this.#newClient();
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  /** Until it is over; the topic is gone then. */
  async run(): Promise<void> {
    const { scheduler, isOver } = this.#options;
    for (let life = 1; !isOver(); life += 1) {
      this.#client = this.#newClient();
      await makeTopic(this.#client, this.#options);
      await this.#use(life);
      await this.#delete();
      await scheduler.pause(scheduler.random.integer(500));
    }
  }

  #newClient(): ClusterClient {
    return new ClusterClient(this.#options.topic, this.#options.clients);
  }

  async #use(life: number): Promise<void> {
    const { topic, scheduler, history, scenario, copies } = this.#options;
    const ledger = new PartitionLedger(`life ${String(life)} of ${topic}-0`);
    const common = { topic, partition: 0, client: this.#client, ledger, history, scheduler };
    let rounds = scheduler.random.integer(ROUNDS);
    await new Producer({
      ...common,
      name: `${topic}.${String(life)}`,
      isIdempotent: true,
      copies,
      minInSync: scenario.minInSync,
      thinkMs: 100,
      isOver: () => (rounds -= 1) < 0,
    }).run();
    this.#acknowledgedCount += ledger.acknowledgedCount;
    ledger.checkAll(await new Consumer({ ...common, isOver: () => false }).readAllAtLast());
  }

  async #delete(): Promise<void> {
    const { topic, observer, scheduler } = this.#options;
    const path = `/brokers/topics/${topic}`;
    for (let attempt = 0; (await observer.exists(path)) !== null; attempt += 1) {
      const answer = await this.#client.ask(null, deleteTopics, DELETE_VERSION, {
        ...deleteTopics.request.initial,
        topicNames: [topic],
        timeoutMs: TIMEOUT_MS,
      });
      scheduler.trace.note(`delete ${topic}: ${String(answer?.responses[0]?.errorCode)}`);
      await this.#client.backOff(attempt);
    }
  }
}

/** Until it is there. */
export async function makeTopic(
  client: ClusterClient,
  { topic, scenario }: { readonly topic: string; readonly scenario: Scenario },
  numPartitions = 1,
): Promise<void> {
  const { replicationFactor } = scenario;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await client.ask(null, createTopics, CREATE_VERSION, {
      topics: [newTopic(topic, { numPartitions, replicationFactor })],
      timeoutMs: TIMEOUT_MS,
      validateOnly: false,
    });
    const code = answer?.topics[0]?.errorCode;
    if (code === ErrorCodes.NONE || code === ErrorCodes.TOPIC_ALREADY_EXISTS) return;
    await client.backOff(attempt);
  }
}
