/** Three brokers on one ZooKeeper, each of which may be Apache Kafka or ours. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { paths } from '../../../broker/zookeeper/paths.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { openZooKeeper } from '../../../broker/zookeeper/zookeeper-session.ts';
import type { ZooKeeperServer } from '../../support/zookeeper-server.ts';
import { startZooKeeper } from '../../support/zookeeper-server.ts';
import { until } from '../support/until.ts';
import type { ClusterView } from './cluster-view.ts';
import { isUnderReplicated, namesOf, viewOf } from './cluster-view.ts';
import { Member } from './member.ts';
import type { Program } from './program.ts';

const brokerIds = [1, 2, 3] as const;

interface Parts {
  readonly folder: string;
  readonly zookeeper: ZooKeeperServer;
  /** Of the test itself. */
  readonly session: ZooKeeperSession;
  readonly members: readonly Member[];
}

export class MixedCluster {
  readonly members: readonly Member[];
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.members = parts.members;
    this.#parts = parts;
  }

  /** Does not start the brokers. */
  static async create(): Promise<MixedCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'odradek-mixed-'));
    const zookeeper = await startZooKeeper();
    const zookeeperConnect = `${zookeeper.connect}/mixed`;
    const session = await openZooKeeper({
      connect: zookeeperConnect,
      sessionTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
      logger: silentLogger,
      timers: systemTimers,
    })();
    const members: Member[] = [];
    for (const id of brokerIds) {
      const own = join(folder, `broker-${String(id)}`);
      members.push(await Member.create({ id, folder: own, zookeeperConnect }));
    }
    return new MixedCluster({ folder, zookeeper, session, members });
  }

  /** Removed with the cluster. */
  get folder(): string {
    return this.#parts.folder;
  }

  get bootstrap(): string {
    return this.members.map(({ address }) => address).join(',');
  }

  member(id: number): Member {
    const member = this.members.find((each) => each.id === id);
    assert(member !== undefined, `there is a broker ${String(id)}`);
    return member;
  }

  /** Such as `2.8.1, 2.8.1, odradek`. */
  get makeUp(): string {
    return this.members.map(({ program }) => program).join(', ');
  }

  get programs(): ReadonlySet<Program> {
    return new Set(this.members.map(({ program }) => program));
  }

  views(): Promise<readonly ClusterView[]> {
    return Promise.all(this.members.map(({ address }) => viewOf(address)));
  }

  /** Until every broker says that all are there, and that every replica of `topics` and of the others is in sync. */
  async settled(topics: readonly string[] = []): Promise<void> {
    let last = '';
    const isSettled = async (): Promise<boolean> => {
      const views = await this.views().catch((error: unknown) => String(error));
      if (typeof views === 'string') {
        last = views;
        return false;
      }
      const troubles = views.flatMap((view) => troublesOf(view, topics));
      last = troubles.join('; ');
      return troubles.length === 0;
    };
    try {
      await until('no partition is under-replicated', isSettled);
    } catch (cause) {
      throw new Error(`${this.makeUp}: ${last}`, { cause });
    }
  }

  /** By its node in ZooKeeper; null: there is none just now. */
  async controllerId(): Promise<number | null> {
    const node = await this.#parts.session.get(paths.controller);
    if (node === null) return null;
    const found = /"brokerid":(\d+)/.exec(node.data?.toString() ?? '');
    assert(found !== null, `${paths.controller} names a broker`);
    return Number(found[1]);
  }

  /** As if the session of the controller were over. */
  async deleteController(): Promise<void> {
    await this.#parts.session.remove(paths.controller, -1);
  }

  /** The controller has ended the deletion of a topic: its wish is the last node to go. */
  async hasNoNodes(topic: string): Promise<boolean> {
    const { session } = this.#parts;
    for (const folder of [paths.topics, paths.deleteTopics])
      if ((await session.exists(`${folder}/${topic}`)) !== null) return false;
    return true;
  }

  /** One after the other, then what they depend on. */
  async stop(): Promise<void> {
    const { folder, zookeeper, session } = this.#parts;
    for (const member of this.members) await member.kill();
    await session.close();
    await zookeeper.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function troublesOf(view: ClusterView, topics: readonly string[]): readonly string[] {
  const missing = topics.filter((topic) => !view.topics.includes(topic));
  return [
    ...(view.brokerIds.length < brokerIds.length ? [`brokers ${view.brokerIds.join(',')}`] : []),
    ...(view.controllerId < 0 ? ['no controller'] : []),
    ...missing.map((topic) => `no topic ${topic}`),
    ...namesOf(view.partitions.filter(isUnderReplicated)),
  ];
}
