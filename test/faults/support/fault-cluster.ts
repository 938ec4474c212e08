/** Three ZooKeepers and three brokers as processes, each on a host of its own. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrThrow } from '../../support/child.ts';
import { ClusterState } from './cluster-state.ts';
import { brokerPort, brokerProgram, engine, sessionTimeoutMs } from './engine.ts';
import { HostServer } from './host-server.ts';
import { TestNetwork } from './network.ts';
import { empty, makeRunFolder, note, putAway } from './run-folder.mjs';
import { within } from './within.ts';
import { ZooKeeperEnsemble } from './zookeeper-ensemble.ts';

export const brokerIds = [1, 2, 3] as const;
export const zooKeeperHosts = ['zk1', 'zk2', 'zk3'] as const;

export interface FaultClusterOptions {
  /** Each broker's log directory is a file system of its own of that size. */
  readonly diskSizeMb?: number;
}

export class FaultCluster {
  readonly network: TestNetwork;
  readonly zookeeper: ZooKeeperEnsemble;
  readonly state: ClusterState;
  readonly #brokers = new Map<number, HostServer>();
  /** All files of the run are below it. */
  readonly folder: string;
  readonly #isFolderOwn: boolean;

  private constructor(parts: {
    readonly network: TestNetwork;
    readonly zookeeper: ZooKeeperEnsemble;
    readonly folder: string;
    readonly isFolderOwn: boolean;
  }) {
    this.network = parts.network;
    this.zookeeper = parts.zookeeper;
    this.state = new ClusterState(parts.zookeeper.connect);
    this.folder = parts.folder;
    this.#isFolderOwn = parts.isFolderOwn;
  }

  /** Resolves when every broker is ready and there is a controller. */
  static async start(options: FaultClusterOptions = {}): Promise<FaultCluster> {
    const given = process.env.ODRADEK_FAULTS_FOLDER;
    const folder = given ?? makeRunFolder();
    // Of a scenario before that was ended from outside.
    empty(folder);
    try {
      const names = [...zooKeeperHosts, ...brokerIds.map(hostOf)];
      const canCut = process.env.ODRADEK_FAULTS_HOSTS === 'namespaces';
      const network = await TestNetwork.make(names, { runFolder: folder, canCut });
      const hosts = zooKeeperHosts.map((name) => network.host(name));
      const zookeeper = await ZooKeeperEnsemble.start(hosts, folder);
      const parts = { network, zookeeper, folder, isFolderOwn: given === undefined };
      const cluster = new FaultCluster(parts);
      for (const id of brokerIds) await cluster.#addBroker(id, options);
      // One first: it makes the nodes that all need.
      await cluster.broker(1).start();
      await Promise.all([cluster.broker(2).start(), cluster.broker(3).start()]);
      return cluster;
    } catch (error) {
      if (given === undefined) putAway(folder);
      else empty(folder);
      throw error;
    }
  }

  get brokers(): readonly HostServer[] {
    return [...this.#brokers.values()];
  }

  get bootstrap(): string {
    return this.brokers.map(({ host }) => `${host.address}:${String(brokerPort)}`).join(',');
  }

  broker(id: number): HostServer {
    const broker = this.#brokers.get(id);
    assert(broker !== undefined, `there is a broker ${String(id)}`);
    return broker;
  }

  logDir(id: number): string {
    return join(this.folder, hostOf(id), 'logs');
  }

  others(id: number): readonly number[] {
    return brokerIds.filter((each) => each !== id);
  }

  async controllerId(): Promise<number> {
    return within(30_000, 'there is a controller', () => this.state.controllerId());
  }

  async controllerOtherThan(id: number): Promise<number> {
    return within(30_000, `broker ${String(id)} is not the controller`, async () => {
      const controller = await this.state.controllerId();
      return controller === id ? null : controller;
    });
  }

  /** Resolves when another term has begun. */
  async controllerOfAnotherSession(id: string | null): Promise<void> {
    await within(30_000, 'another term has begun', async () => {
      const session = await this.state.controllerSession();
      return session !== null && session !== id;
    });
  }

  /** Of a partition that has one. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    return within(30_000, `${topic}-${String(partition)} has a leader`, async () => {
      const all = await this.state.partitions(topic);
      const leader = all.find((each) => each.partition === partition)?.leader ?? -1;
      return leader >= 0 ? leader : null;
    });
  }

  /** Resolves when other brokers have been elected in its place. */
  async leadsNothing(id: number, topic: string): Promise<void> {
    await within(30_000, `broker ${String(id)} leads nothing of ${topic}`, async () => {
      const all = await this.state.partitions(topic);
      return all.every(({ leader }) => leader >= 0 && leader !== id);
    });
  }

  /** Starts again what a fault has ended. */
  async revive(id: number): Promise<void> {
    const broker = this.broker(id);
    if (broker.isRunning) return;
    // What is left of a process that ended by itself.
    await broker.kill();
    // Apache Kafka does not start while its old session lasts.
    if (engine === 'kafka')
      await within(
        sessionTimeoutMs * 5,
        `the session of broker ${String(id)} is over`,
        async () => {
          const registered = await this.state.brokerIds();
          return !registered.includes(id);
        },
      );
    await broker.start();
  }

  /** Resolves when all brokers are registered and every replica is in sync. */
  async isWhole(limitMs = 60_000): Promise<void> {
    await within(limitMs, 'every replica is in sync', async () => {
      const registered = await this.state.brokerIds();
      if (registered.length < brokerIds.length) return false;
      for (const topic of await this.state.topics()) {
        const partitions = await this.state.partitions(topic);
        if (partitions.some(({ isr, leader }) => isr.length < brokerIds.length || leader < 0))
          return false;
      }
      return true;
    });
  }

  /** What every server has printed, as files in a folder that stays. */
  async keepLogs(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const server of [...this.zookeeper.servers, ...this.brokers])
      await writeFile(join(folder, `${server.host.name}.log`), server.log);
  }

  async stop(): Promise<void> {
    const servers = [...this.brokers, ...this.zookeeper.servers];
    await Promise.all(servers.map((server) => server.kill()));
    await this.network.remove();
    if (this.#isFolderOwn) putAway(this.folder);
    else empty(this.folder);
  }

  async #addBroker(id: number, { diskSizeMb }: FaultClusterOptions): Promise<void> {
    const host = this.network.host(hostOf(id));
    const folder = join(this.folder, host.name);
    const logDir = this.logDir(id);
    await mkdir(logDir, { recursive: true });
    if (diskSizeMb !== undefined) {
      note(this.folder, 'mounts', logDir);
      const args = ['-t', 'tmpfs', '-o', `size=${String(diskSizeMb)}m`, 'tmpfs', logDir];
      await runOrThrow({ command: 'mount', args });
    }
    const zookeeperConnect = this.zookeeper.connect;
    const { address } = host;
    const program = await brokerProgram({ id, address, folder, logDir, zookeeperConnect });
    this.#brokers.set(id, new HostServer(program, { host, runFolder: this.folder }));
  }
}

export function hostOf(brokerId: number): string {
  return `broker${String(brokerId)}`;
}
