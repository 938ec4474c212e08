/**
 * An admin that moves leaders and replicas of a topic about while it is in use: preferred elections, and
 * reassignments to other brokers, given up now and then. What it asks for may be refused or get lost;
 * in the end everything is where the cluster says it is.
 */

import { errorName } from '../../../broker/model/error-codes.ts';
import { alterPartitionReassignments } from '../../../broker/protocol/messages/alter-partition-reassignments.ts';
import { electLeaders } from '../../../broker/protocol/messages/elect-leaders.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ClusterClient } from './client.ts';
import type { Scenario } from './scenario.ts';

const ELECT_VERSION = 2;
const REASSIGN_VERSION = 0;
const TIMEOUT_MS = 3000;
const PREFERRED = 0;

export interface AdminOptions {
  readonly topic: string;
  readonly scenario: Scenario;
  readonly client: ClusterClient;
  readonly scheduler: Scheduler;
  readonly isOver: () => boolean;
}

export class Admin {
  readonly #options: AdminOptions;

  constructor(options: AdminOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { scheduler, isOver } = this.#options;
    while (!isOver()) {
      await scheduler.pause(scheduler.random.integer(4000));
      if (isOver()) return;
      if (scheduler.random.integer(2) === 0) await this.#elect();
      else await this.#reassign();
    }
  }

  async #elect(): Promise<void> {
    const { client, topic, scenario, scheduler } = this.#options;
    const partitions = Array.from({ length: scenario.partitionCount }, (_, index) => index);
    const answer = await client.ask(null, electLeaders, ELECT_VERSION, {
      electionType: PREFERRED,
      topicPartitions: [{ topic, partitions }],
      timeoutMs: TIMEOUT_MS,
    });
    scheduler.trace.note(`admin elects: ${errorName(answer?.errorCode ?? -1)}`);
  }

  async #reassign(): Promise<void> {
    const { client, topic, scenario, scheduler } = this.#options;
    const partitionIndex = scheduler.random.integer(scenario.partitionCount);
    const replicas = scheduler.random.integer(5) === 0 ? null : this.#newReplicas();
    const answer = await client.ask(null, alterPartitionReassignments, REASSIGN_VERSION, {
      ...alterPartitionReassignments.request.initial,
      timeoutMs: TIMEOUT_MS,
      topics: [{ name: topic, partitions: [{ partitionIndex, replicas }] }],
    });
    const code = answer?.responses[0]?.partitions[0]?.errorCode ?? answer?.errorCode ?? -1;
    scheduler.trace.note(
      `admin moves ${topic}-${String(partitionIndex)} to ${JSON.stringify(replicas)}: ${errorName(code)}`,
    );
  }

  /** As many as before, in any order. */
  #newReplicas(): readonly number[] {
    const { scenario, scheduler } = this.#options;
    const left = Array.from({ length: scenario.brokerCount }, (_, id) => id);
    return Array.from({ length: scenario.replicationFactor }, () => {
      const [chosen = 0] = left.splice(scheduler.random.integer(left.length), 1);
      return chosen;
    });
  }
}
