/**
 * The command line of move-store.ts: `odradek move-store --to HOST:PORT[/chroot] FOLDER`, where the
 * folder may be given by the server.properties that names it. Text for people on standard output.
 */

import { buildBrokerConfig } from './config/broker-config.ts';
import { parseServerProperties } from './config/properties-file.ts';
import type { MovedStore } from './move-store.ts';
import { moveStore } from './move-store.ts';
import type { Logger } from './platform/logger.ts';
import type { Platform } from './platform/platform.ts';
import { parseConnectString } from './zookeeper/connect-string.ts';

export const MOVE_STORE_USAGE =
  'odradek move-store --to HOST:PORT[,HOST:PORT][/chroot] <server.properties | folder of log.dirs>';

const SESSION_TIMEOUT_MS = 18_000;

export interface MoveStoreArguments {
  readonly target: string;
  /** A folder of log.dirs, the first, or a file of properties. */
  readonly place: string;
}

/** Null: the arguments make no sense. */
export function parseMoveStore(args: readonly string[]): MoveStoreArguments | null {
  const rest = [...args];
  let target = '';
  let place = '';
  while (rest.length > 0) {
    const argument = rest.shift() ?? '';
    if (argument === '--to') target = rest.shift() ?? '';
    else if (argument.startsWith('-') || place !== '') return null;
    else place = argument;
  }
  return target === '' || place === '' ? null : { target, place };
}

/** What to tell the user. Rejects with an Error that says why not, or a ConfigError. */
export async function runMoveStore(
  { target, place }: MoveStoreArguments,
  platform: Pick<Platform, 'fileSystem' | 'timers'> & { readonly logger: Logger },
): Promise<string> {
  const { fileSystem, timers, logger } = platform;
  const { servers, chroot } = parseConnectString(target);
  const connect = `${servers}${chroot}`;
  const logDirs = await logDirsOf(place, fileSystem);
  const [folder = '.'] = logDirs;
  // Loaded only here: the package is compiled at install, and a local broker does without it.
  const { openZooKeeper } = await import('./zookeeper/zookeeper-session.ts');
  const times = { sessionTimeoutMs: SESSION_TIMEOUT_MS, connectTimeoutMs: SESSION_TIMEOUT_MS };
  const openSession = openZooKeeper({ connect, ...times, logger, timers });
  const moved = await moveStore({ folder, target: connect, openSession, fileSystem });
  return report(moved, { connect, folder, logDirs });
}

async function logDirsOf(
  place: string,
  fileSystem: Platform['fileSystem'],
): Promise<readonly string[]> {
  const stat = await fileSystem.stat(place);
  if (stat === null) throw new Error(`There is no file or folder ${place}`);
  if (stat.isFolder) return [place];
  const text = (await fileSystem.readFile(place)).toString('utf8');
  return buildBrokerConfig(parseServerProperties(text)).logDirs;
}

function report(
  { clusterId, brokerId, nodeCount }: MovedStore,
  to: {
    readonly connect: string;
    readonly folder: string;
    readonly logDirs: readonly string[];
  },
): string {
  const what =
    nodeCount === null
      ? `Cluster ${clusterId} has been moved to ${to.connect} before: nothing was changed.`
      : `Moved cluster ${clusterId}, ${String(nodeCount)} nodes, to ${to.connect}.`;
  return [
    what,
    'Start this broker, or one of Apache Kafka 2.8 to 3.9, with',
    `  zookeeper.connect=${to.connect}`,
    ...(brokerId === null ? [] : [`  broker.id=${String(brokerId)}`]),
    `  log.dirs=${to.logDirs.join(',')}`,
    'and give Apache Kafka offsets.topic.replication.factor=1 while it is the only broker.',
    `The embedded store is kept as ${to.folder}/.odradek-store.moved; no broker uses it.`,
    '',
  ].join('\n');
}
