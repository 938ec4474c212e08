/** What ZooKeeper says of the cluster, asked by a session of its own for each question. */

import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { partitionsPath, partitionStatePath, paths } from '../../../broker/zookeeper/paths.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { openZooKeeper } from '../../../broker/zookeeper/zookeeper-session.ts';

export interface PartitionState {
  readonly partition: number;
  /** -1: none. */
  readonly leader: number;
  readonly isr: readonly number[];
}

export class ClusterState {
  readonly #connect: string;

  constructor(connect: string) {
    this.#connect = connect;
  }

  /** Null: there is none just now. */
  controllerId(): Promise<number | null> {
    return this.#ask(async (session) => {
      const node = await session.get(paths.controller);
      return node === null ? null : numberOf(parse(node.data), 'brokerid');
    });
  }

  /** The session that the present term lasts as long as; null: there is none. */
  controllerSession(): Promise<string | null> {
    return this.#ask(async (session) => {
      const stat = await session.exists(paths.controller);
      return stat?.ephemeralOwner ?? null;
    });
  }

  brokerIds(): Promise<readonly number[]> {
    return this.#ask(async (session) => {
      const names = await session.children(paths.brokerIds);
      return (names ?? []).map(Number).sort();
    });
  }

  partitions(topic: string): Promise<readonly PartitionState[]> {
    return this.#ask(async (session) => {
      const names = (await session.children(partitionsPath(topic))) ?? [];
      const numbers = names.map(Number).sort((one, other) => one - other);
      return Promise.all(numbers.map((partition) => readPartition(session, topic, partition)));
    });
  }

  /** Every topic, those that the cluster made for itself included. */
  topics(): Promise<readonly string[]> {
    return this.#ask(async (session) => (await session.children(paths.topics)) ?? []);
  }

  /** As an administrator does in despair; false if there was none. */
  deleteController(): Promise<boolean> {
    return this.#ask(async (session) => {
      if ((await session.exists(paths.controller)) === null) return false;
      await session.remove(paths.controller, -1);
      return true;
    });
  }

  async #ask<T>(question: (session: ZooKeeperSession) => Promise<T>): Promise<T> {
    const times = { sessionTimeoutMs: 10_000, connectTimeoutMs: 5000 };
    const common = { logger: silentLogger, timers: systemTimers };
    const session = await openZooKeeper({ connect: this.#connect, ...times, ...common })();
    try {
      return await question(session);
    } finally {
      await session.close();
    }
  }
}

async function readPartition(
  session: ZooKeeperSession,
  topic: string,
  partition: number,
): Promise<PartitionState> {
  const node = await session.get(partitionStatePath(topic, partition));
  if (node === null) return { partition, leader: -1, isr: [] };
  const state = parse(node.data);
  const isr = state['isr'];
  return {
    partition,
    leader: numberOf(state, 'leader'),
    isr: Array.isArray(isr) ? isr.map(Number) : [],
  };
}

function parse(data: Buffer | null): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(data?.toString('utf8') ?? 'null');
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function numberOf(record: Readonly<Record<string, unknown>>, key: string): number {
  const value = record[key];
  if (typeof value !== 'number') throw new Error(`${key} is missing in ${JSON.stringify(record)}`);
  return value;
}
