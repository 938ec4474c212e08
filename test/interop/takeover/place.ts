/**
 * Where a broker lives: its folders, its chroot in ZooKeeper, its address. Brokers of several makes
 * run on it, one after the other; a copy is made of a place where none runs.
 *
 * Ephemeral nodes are not copied: a copy is like the place after the sessions of its broker are over.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { openZooKeeper } from '../../../broker/zookeeper/zookeeper-session.ts';
import { runOrThrow } from '../../support/child.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { ApacheVersion } from '../support/broker-under-test.ts';
import { apache, ours } from '../support/broker-under-test.ts';
import { freePort } from '../support/free-port.ts';

export type Program = 'odradek' | ApacheVersion;

export interface PlaceOptions {
  /** All its files are below it. */
  readonly folder: string;
  readonly brokerId: number;
  readonly logDirs: readonly string[];
  readonly zookeeperConnect: string;
}

export class Place {
  readonly options: PlaceOptions;
  readonly address: string;
  readonly #httpPort: number;

  private constructor(options: PlaceOptions, address: string, httpPort: number) {
    this.options = options;
    this.address = address;
    this.#httpPort = httpPort;
  }

  static async create(options: PlaceOptions): Promise<Place> {
    await mkdir(options.folder, { recursive: true });
    const port = await freePort();
    return new Place(options, `127.0.0.1:${String(port)}`, await freePort());
  }

  get logDirs(): readonly string[] {
    return this.options.logDirs.map((name) => join(this.options.folder, name));
  }

  /** Not started. */
  async broker(program: Program, options: readonly string[] = []): Promise<ServerProcess> {
    const { folder, brokerId } = this.options;
    const file = join(folder, `${program}.properties`);
    await writeFile(file, this.#properties(program));
    const run =
      program === 'odradek' ? ours(file, this.#httpPort) : apache(program, file, brokerId);
    const args = [...run.args, ...options];
    return new ServerProcess({ name: `${program} on ${folder}`, cwd: folder, ...run, args });
  }

  async start(program: Program): Promise<ServerProcess> {
    const broker = await this.broker(program);
    await broker.start();
    return broker;
  }

  /** The same folders, taken for those of another broker or cluster. */
  as(changes: Pick<PlaceOptions, 'brokerId'> | Pick<PlaceOptions, 'zookeeperConnect'>): Place {
    return new Place({ ...this.options, ...changes }, this.address, this.#httpPort);
  }

  /** The same folders elsewhere. */
  async copy(changes: Partial<PlaceOptions> & { readonly folder: string }): Promise<Place> {
    const copy = await Place.create({ ...this.options, ...changes });
    for (const name of this.options.logDirs) {
      const from = join(this.options.folder, name);
      // Of an index that is in use most is a hole.
      await runOrThrow({
        command: 'cp',
        args: ['-a', '--sparse=always', from, copy.options.folder],
      });
    }
    return copy;
  }

  #properties(program: Program): string {
    const all = {
      'broker.id': String(this.options.brokerId),
      listeners: `PLAINTEXT://${this.address}`,
      'log.dirs': this.logDirs.join(','),
      'zookeeper.connect': this.options.zookeeperConnect,
      'zookeeper.session.timeout.ms': '6000',
      'auto.create.topics.enable': 'false',
      'offsets.topic.num.partitions': '3',
      'group.initial.rebalance.delay.ms': '0',
      'log.cleaner.backoff.ms': '200',
      'log.retention.ms': '-1',
      ...oneReplica,
      ...(program === 'odradek' ? httpOfOurs(this.#httpPort) : {}),
    };
    return Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  }
}

const oneReplica = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '3',
};

function httpOfOurs(port: number): Readonly<Record<string, string>> {
  return { 'odradek.http.host': '127.0.0.1', 'odradek.http.port': String(port) };
}

/** Everything that lasts, from one `host:port/chroot` to another. */
export async function copyNodes(from: string, to: string): Promise<void> {
  const [source, target] = [await openSession(from), await openSession(to)];
  try {
    await copyBelow('/', source, target);
  } finally {
    await source.close();
    await target.close();
  }
}

function openSession(connect: string): Promise<ZooKeeperSession> {
  const times = { sessionTimeoutMs: 10_000, connectTimeoutMs: 10_000 };
  return openZooKeeper({ connect, ...times, logger: silentLogger, timers: systemTimers })();
}

async function copyBelow(
  folder: string,
  source: ZooKeeperSession,
  target: ZooKeeperSession,
): Promise<void> {
  for (const name of (await source.children(folder)) ?? []) {
    const path = folder === '/' ? `/${name}` : `${folder}/${name}`;
    const node = await source.get(path);
    if (node === null || node.stat.ephemeralOwner !== null) continue;
    await target.create(path, node.data);
    await copyBelow(path, source, target);
  }
}
