/**
 * One broker as a process, on a port and a folder of its own that stay the same when it is started again.
 * It is ours from dist/, or, to check the tests themselves, one of Apache Kafka's: ODRADEK_UNDER_TEST=3.9.1.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { classArchive, jarsOf, smallJvm } from './java.ts';
import { ServerProcess } from '../../support/server-process.ts';

export type ApacheVersion = '2.8.1' | '3.9.1';

export interface BrokerOptions {
  readonly id: number;
  /** Its files go below it. */
  readonly folder: string;
  /** As the property zookeeper.connect has it. */
  readonly zookeeperConnect: string;
  readonly properties: Readonly<Record<string, string>>;
}

export class BrokerUnderTest extends ServerProcess {
  readonly id: number;
  readonly address: string;
  readonly logDir: string;

  private constructor(id: number, address: string, logDir: string, process: ServerProcessOptions) {
    super(process);
    this.id = id;
    this.address = address;
    this.logDir = logDir;
  }

  /** Does not start it. */
  static async create(options: BrokerOptions): Promise<BrokerUnderTest> {
    const { id, folder } = options;
    const address = `127.0.0.1:${String(await freePort())}`;
    const httpPort = await freePort();
    const logDir = join(folder, 'logs');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'server.properties');
    await writeFile(file, serverProperties(options, { address, logDir, httpPort }));
    const program = apacheVersion === null ? ours(file, httpPort) : apache(apacheVersion, file, id);
    const name = `broker ${String(id)}`;
    return new BrokerUnderTest(id, address, logDir, { name, cwd: repository, ...program });
  }

  /** Apache Kafka does not start again before its old session is over. */
  override async kill(): Promise<void> {
    await super.kill();
    if (apacheVersion !== null) await sleep(sessionTimeoutMs + 2000);
  }
}

const sessionTimeoutMs = 6000;

type ServerProcessOptions = ConstructorParameters<typeof ServerProcess>[0];

/** Which version of Apache Kafka stands in for our broker; null: none does. */
export const apacheVersion = underTest(process.env.ODRADEK_UNDER_TEST);

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** `--broker FILE`: main.js of another build. */
export const ourProgram =
  process.env.ODRADEK_BROKER ?? join(repository, 'dist', 'broker', 'main.js');

function underTest(given: string | undefined): ApacheVersion | null {
  if (given === undefined || given === '' || given === 'odradek') return null;
  if (given === '2.8.1' || given === '3.9.1') return given;
  throw new Error(`ODRADEK_UNDER_TEST is ${given}; it can be odradek, 2.8.1 or 3.9.1`);
}

/** A small offsets topic and small segments: so that the logs roll within a test. */
function serverProperties(
  { id, zookeeperConnect, properties }: BrokerOptions,
  own: { readonly address: string; readonly logDir: string; readonly httpPort: number },
): string {
  const replication = { ...replicationOfApache, ...httpOfOurs(own.httpPort) };
  const all = {
    'broker.id': String(id),
    listeners: `PLAINTEXT://${own.address}`,
    'advertised.listeners': `PLAINTEXT://${own.address}`,
    'log.dirs': own.logDir,
    'zookeeper.connect': zookeeperConnect,
    'zookeeper.session.timeout.ms': String(sessionTimeoutMs),
    'offsets.topic.num.partitions': '5',
    'group.initial.rebalance.delay.ms': '0',
    'log.segment.bytes': '262144',
    ...replication,
    ...properties,
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** One copy is enough of one that only stands in; ours makes three where there are three brokers. */
const replicationOfApache: Readonly<Record<string, string>> =
  apacheVersion === null
    ? {}
    : {
        'offsets.topic.replication.factor': '1',
        'transaction.state.log.replication.factor': '1',
        'transaction.state.log.min.isr': '1',
      };

function httpOfOurs(port: number): Readonly<Record<string, string>> {
  if (apacheVersion !== null) return {};
  return { 'odradek.http.host': '127.0.0.1', 'odradek.http.port': String(port) };
}

/** Our broker, ready when its /readyz says so. */
export function ours(file: string, httpPort: number): Omit<ServerProcessOptions, 'name' | 'cwd'> {
  return {
    command: ourProgram,
    args: ['broker', file],
    isReady: () => answersReady(httpPort),
    startLimitMs: 20_000,
    stopLimitMs: 12_000,
  };
}

/** Apache Kafka's. */
export function apache(
  version: ApacheVersion,
  file: string,
  id: number,
): Omit<ServerProcessOptions, 'name' | 'cwd'> {
  const log4j = fileURLToPath(new URL('broker-log4j.properties', import.meta.url));
  const archive = classArchive(join(jarsOf(version), 'broker'));
  const options = ['-Xmx512m', ...smallJvm, archive, `-Dlog4j.configuration=file:${log4j}`];
  return {
    command: 'java',
    args: [...options, '-cp', join(jarsOf(version), '*'), 'kafka.Kafka', file],
    isReady: (log) => log.includes(`[KafkaServer id=${String(id)}] started`),
    startLimitMs: 60_000,
    stopLimitMs: 20_000,
  };
}

async function answersReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
    return answer.ok;
  } catch {
    return false;
  }
}
