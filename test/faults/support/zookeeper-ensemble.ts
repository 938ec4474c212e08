/** Three ZooKeepers, each on a host of its own. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findZooKeeper } from '../../../scripts/lib/zookeeper.mjs';
import { HostServer } from './host-server.ts';
import type { Host } from './network.ts';
import { within } from './within.ts';

export class ZooKeeperEnsemble {
  readonly servers: readonly HostServer[];

  private constructor(servers: readonly HostServer[]) {
    this.servers = servers;
  }

  /** Resolves when there is a leader. */
  static async start(hosts: readonly Host[], runFolder: string): Promise<ZooKeeperEnsemble> {
    const servers: HostServer[] = [];
    for (const host of hosts) servers.push(await makeServer(host, { hosts, runFolder }));
    const ensemble = new ZooKeeperEnsemble(servers);
    await Promise.all(servers.map((server) => server.start()));
    await ensemble.leader();
    return ensemble;
  }

  /** As `zookeeper.connect` has it. */
  get connect(): string {
    const addresses = this.servers.map(({ host }) => `${host.address}:${String(clientPort)}`);
    return `${addresses.join(',')}/faults`;
  }

  /** Waits for one to be elected. */
  async leader(): Promise<HostServer> {
    return within(30_000, 'ZooKeeper has a leader', async () => {
      for (const server of this.servers) {
        if (!server.isRunning) continue;
        if (/^Mode: leader$/m.test(await ask(server.host, 'srvr'))) return server;
      }
      return null;
    });
  }
}

const clientPort = 2181;

async function makeServer(
  host: Host,
  given: { readonly hosts: readonly Host[]; readonly runFolder: string },
): Promise<HostServer> {
  const { hosts, runFolder } = given;
  const found = findZooKeeper();
  assert(found !== null, 'ZooKeeper and Java are needed: apt-get install zookeeper');
  const [java, ...options] = found.command;
  assert(java !== undefined);
  const folder = join(runFolder, host.name);
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'myid'), String(hosts.indexOf(host) + 1));
  const config = join(folder, 'zoo.cfg');
  await writeFile(config, configuration(host, hosts, data));
  const small = ['-Dzookeeper.preAllocSize=1024', '-Xlog:disable'];
  return new HostServer(
    {
      name: host.name,
      command: java,
      args: [...small, ...options, config],
      cwd: folder,
      // One alone answers this, too, before it has found others.
      isReady: async () => (await ask(host, 'ruok')) === 'imok',
      startLimitMs: 30_000,
      stopLimitMs: 3000,
    },
    { host, runFolder },
  );
}

/** Short ticks: a session ends at the first tick after its time is over. */
function configuration(host: Host, hosts: readonly Host[], data: string): string {
  return [
    'tickTime=250',
    'initLimit=40',
    'syncLimit=12',
    'maxSessionTimeout=60000',
    `dataDir=${data}`,
    `clientPortAddress=${host.address}`,
    `clientPort=${String(clientPort)}`,
    '4lw.commands.whitelist=ruok,srvr',
    'maxClientCnxns=0',
    ...hosts.map(({ address }, index) => `server.${String(index + 1)}=${address}:2888:3888`),
    '',
  ].join('\n');
}

/** The answer to a four-letter word; empty if there is none. */
function ask({ address }: Host, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: address, port: clientPort }, () => socket.write(word));
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(answer));
  });
}
