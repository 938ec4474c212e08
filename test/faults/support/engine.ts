/**
 * Which broker the faults meet: ours from dist/, or, so that the faults and the verifier are proven themselves,
 * Apache Kafka 3.9.1: `--engine kafka`. `--program PATH` is our broker of another build.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerOptions } from '../../support/server-process.ts';
import { classArchive, jarsOf, smallJvm } from '../../interop/support/java.ts';

export const engine = engineOf(process.env.ODRADEK_ENGINE);

export const sessionTimeoutMs = 6000;
/** A follower that is that long behind leaves the in-sync set. */
export const replicaLagMaxMs = 5000;
export const brokerPort = 9092;
const httpPort = 9180;

export interface BrokerPlace {
  readonly id: number;
  readonly address: string;
  /** For its configuration. */
  readonly folder: string;
  readonly logDir: string;
  readonly zookeeperConnect: string;
}

/** Writes its configuration, too. */
export async function brokerProgram(place: BrokerPlace): Promise<ServerOptions> {
  await mkdir(place.folder, { recursive: true });
  const file = join(place.folder, 'server.properties');
  const properties =
    engine === 'kafka' ? propertiesOf(place) : { ...propertiesOf(place), ...http(place) };
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(file, lines.join(''));
  const common = { name: `broker ${String(place.id)}`, cwd: place.folder };
  return engine === 'kafka'
    ? { ...common, ...kafka(file, place) }
    : { ...common, ...ours(file, place) };
}

function engineOf(given: string | undefined): 'odradek' | 'kafka' {
  if (given === undefined || given === '' || given === 'odradek') return 'odradek';
  if (given === 'kafka') return 'kafka';
  throw new Error(`--engine ${given}: it can be odradek or kafka`);
}

/** Three copies, two of which must have it; times short enough for a test, as far as they are no part of it. */
function propertiesOf(place: BrokerPlace): Readonly<Record<string, string>> {
  return {
    'broker.id': String(place.id),
    listeners: `PLAINTEXT://${place.address}:${String(brokerPort)}`,
    'log.dirs': place.logDir,
    'zookeeper.connect': place.zookeeperConnect,
    'zookeeper.session.timeout.ms': String(sessionTimeoutMs),
    'zookeeper.connection.timeout.ms': '30000',
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
    'offsets.topic.num.partitions': '3',
    'offsets.topic.replication.factor': '3',
    'transaction.state.log.num.partitions': '3',
    'transaction.state.log.replication.factor': '3',
    'transaction.state.log.min.isr': '2',
    'replica.lag.time.max.ms': String(replicaLagMaxMs),
    'replica.socket.timeout.ms': '3000',
    'controller.socket.timeout.ms': '3000',
    'request.timeout.ms': '5000',
    'socket.connection.setup.timeout.ms': '2000',
    'socket.connection.setup.timeout.max.ms': '4000',
    'group.initial.rebalance.delay.ms': '0',
    'log.segment.bytes': '1048576',
    'log.index.size.max.bytes': '262144',
    'log.cleaner.dedupe.buffer.size': '8388608',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

function http({ address }: BrokerPlace): Readonly<Record<string, string>> {
  return { 'odradek.http.host': address, 'odradek.http.port': String(httpPort) };
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

type Program = Omit<ServerOptions, 'name' | 'cwd'>;

function ours(file: string, { address }: BrokerPlace): Program {
  return {
    command: process.env.ODRADEK_PROGRAM ?? join(repository, 'dist', 'broker', 'main.js'),
    args: ['broker', file],
    isReady: () => answersReady(`http://${address}:${String(httpPort)}/readyz`),
    startLimitMs: 30_000,
    stopLimitMs: 20_000,
  };
}

function kafka(file: string, { id }: BrokerPlace): Program {
  const log4j = fileURLToPath(
    new URL('../../interop/support/broker-log4j.properties', import.meta.url),
  );
  const jars = jarsOf('3.9.1');
  const options = [...smallJvm, classArchive(join(jars, 'broker'))];
  return {
    command: 'java',
    args: [
      '-Xmx320m',
      ...options,
      `-Dlog4j.configuration=file:${log4j}`,
      '-cp',
      join(jars, '*'),
      'kafka.Kafka',
      file,
    ],
    isReady: (log) => log.includes(`[KafkaServer id=${String(id)}] started`),
    startLimitMs: 90_000,
    stopLimitMs: 30_000,
  };
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    return answer.ok;
  } catch {
    return false;
  }
}
