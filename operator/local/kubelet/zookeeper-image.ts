/**
 * ZooKeeper's official image on this machine: from the ZOO_* environment that its entry point reads
 * to a zoo.cfg and a myid. All addresses are told apart by the pod's own, because the servers share
 * one machine: each listens there and nowhere else.
 */

import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ImageProgram } from './image.ts';

/** The environment variables that become lines of zoo.cfg, with what the image takes by default. */
const settings: Readonly<Record<string, readonly [variable: string, value: string]>> = {
  tickTime: ['ZOO_TICK_TIME', '2000'],
  initLimit: ['ZOO_INIT_LIMIT', '5'],
  syncLimit: ['ZOO_SYNC_LIMIT', '2'],
  'autopurge.snapRetainCount': ['ZOO_AUTOPURGE_SNAPRETAINCOUNT', '3'],
  'autopurge.purgeInterval': ['ZOO_AUTOPURGE_PURGEINTERVAL', '0'],
  maxClientCnxns: ['ZOO_MAX_CLIENT_CNXNS', '60'],
  standaloneEnabled: ['ZOO_STANDALONE_ENABLED', 'true'],
  'admin.enableServer': ['ZOO_ADMINSERVER_ENABLED', 'true'],
};

/** `command` starts a server of the configuration file whose path is appended. */
export function zookeeperImage(command: readonly string[]): ImageProgram {
  return {
    // Brokers end their sessions and hand over before it goes.
    stopRank: 1,
    async start({ env, folder, podAddress, localPath }) {
      const dataFolder = env.get('ZOO_DATA_DIR') ?? localPath('/data');
      const logFolder = env.get('ZOO_DATA_LOG_DIR') ?? localPath('/datalog');
      await mkdir(dataFolder, { recursive: true });
      await mkdir(logFolder, { recursive: true });
      await writeOnce(join(dataFolder, 'myid'), env.get('ZOO_MY_ID') ?? '1');
      const file = join(folder, 'zoo.cfg');
      await writeFile(file, zooConfig(env, { dataFolder, logFolder, podAddress }));
      return { argv: [...command, file], env };
    },
  };
}

export function zooConfig(
  env: ReadonlyMap<string, string>,
  at: { readonly dataFolder: string; readonly logFolder: string; readonly podAddress: string },
): string {
  const servers = env.get('ZOO_SERVERS') ?? `server.1=${at.podAddress}:2888:3888;2181`;
  const lines = [
    `dataDir=${at.dataFolder}`,
    `dataLogDir=${at.logFolder}`,
    ...Object.entries(settings).map(
      ([key, [variable, value]]) => `${key}=${env.get(variable) ?? value}`,
    ),
    ...optional('4lw.commands.whitelist', env.get('ZOO_4LW_COMMANDS_WHITELIST')),
    ...(env.get('ZOO_CFG_EXTRA') ?? '').split(/[\n ]+/).filter((line) => line !== ''),
    // Last, so that it holds whatever stands above: the servers of a cluster share this machine.
    'quorumListenOnAllIPs=false',
    `admin.serverAddress=${at.podAddress}`,
    ...servers
      .split(/[\n ,]+/)
      .filter((line) => line !== '')
      .map(withClientAddress),
  ];
  return `${withoutRepeats(lines).join('\n')}\n`;
}

/** `server.1=h:2888:3888;2181` listens for clients on every address unless one stands before 2181. */
function withClientAddress(server: string): string {
  const match = /^(server\.\d+=([^:;|]+):[^;]*;)(\d+)$/.exec(server);
  if (match === null) return server;
  const [, start = '', host = '', port = ''] = match;
  return `${start}${host}:${port}`;
}

/** The last line of a key counts. */
function withoutRepeats(lines: readonly string[]): readonly string[] {
  const keyOf = (line: string): string => line.slice(0, line.indexOf('='));
  const last = new Map(lines.map((line) => [keyOf(line), line]));
  return [...last.values()];
}

function optional(key: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${key}=${value}`];
}

async function writeOnce(file: string, text: string): Promise<void> {
  try {
    await access(file);
  } catch {
    await writeFile(file, `${text}\n`);
  }
}
