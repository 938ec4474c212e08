/** The two brokers, with the same settings: ours on its embedded store, Apache Kafka's on a ZooKeeper. */

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { findZooKeeper } from '../../scripts/lib/zookeeper.mjs';
import { jarFolder } from '../interop/maven/fetch.mjs';
import { freePort, host, Server } from './server.mjs';

/** What a topic may hold, so that a long run fits on the disk and writes into recycled page-cache pages. */
export const retainedBytes = 1_000_000_000;
const segmentBytes = 64 * 1024 * 1024;

/** Version 0, correlation id 1, client id "bench". */
const apiVersionsRequest = Buffer.from('0000000f00120000000000010005' + '62656e6368', 'hex');

/**
 * @typedef {object} BrokerKind
 * @property {string} name
 * @property {(folder: string, port: number) => Promise<{command: readonly string[], properties: Record<string, string>}>} prepare
 */

/**
 * @param {object} options
 * @param {string} options.main dist/broker/main.js, or that of another build
 * @param {readonly string[]} [options.nodeOptions]
 * @returns {BrokerKind}
 */
export function odradek({ main, nodeOptions = [] }) {
  return {
    name: 'Odradek',
    prepare: async (folder) => ({
      command: [
        process.execPath,
        ...nodeOptions,
        main,
        'broker',
        join(folder, 'server.properties'),
      ],
      // Without the port for health and metrics: it may be taken.
      properties: { 'zookeeper.connect': 'local:', 'odradek.http.port': '' },
    }),
  };
}

/** @param {{zookeeper: string}} options @returns {BrokerKind} */
export function apacheKafka({ zookeeper }) {
  let count = 0;
  return {
    name: 'Apache Kafka 3.9.1',
    prepare: async (folder) => {
      const log4j = join(folder, 'log4j.properties');
      writeFileSync(log4j, 'log4j.rootLogger=OFF\n');
      count += 1;
      return {
        command: [
          'java',
          // As kafka-server-start.sh has it.
          ...['-Xmx1G', '-Xms1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
          ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
          ...['-Djava.awt.headless=true', `-Dlog4j.configuration=file:${log4j}`],
          ...['-cp', join(jarFolder('kafka-3.9.1'), '*'), 'kafka.Kafka'],
          join(folder, 'server.properties'),
        ],
        properties: { 'zookeeper.connect': `${zookeeper}/bench-${count}` },
      };
    },
  };
}

export class RunningBroker {
  #server;
  #logDir;

  constructor({ kind, server, port, logDir, readyMs }) {
    this.name = kind.name;
    this.bootstrap = `${host}:${port}`;
    this.readyMs = readyMs;
    /** Payload bytes produced to it and consumed from it. */
    this.movedBytes = 0;
    this.#server = server;
    this.#logDir = logDir;
  }

  /** @param {{kind: BrokerKind, folder: string, cpu: number}} options folder: a new one */
  static async start({ kind, folder, cpu }) {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const logDir = join(folder, 'logs');
    const { command, properties } = await kind.prepare(folder);
    writeProperties(join(folder, 'server.properties'), { ...common(port, logDir), ...properties });
    const startedAt = performance.now();
    const server = new Server({ name: kind.name, cpu, command });
    await server.ready(port, apiVersionsRequest);
    return new RunningBroker({
      kind,
      server,
      port,
      logDir,
      readyMs: performance.now() - startedAt,
    });
  }

  cpuSeconds() {
    return this.#server.cpuSeconds();
  }

  memory() {
    return this.#server.memory();
  }

  /** Until retention has brought the topic back to its size: its pages are free for the next run then. */
  async settle(topic) {
    for (let tries = 0; tries < 40; tries++) {
      if (sizeOf(join(this.#logDir, `${topic}-0`)) <= retainedBytes + segmentBytes) break;
      await sleep(100);
    }
    await sleep(200);
  }

  stop() {
    return this.#server.stop();
  }
}

function sizeOf(folder) {
  if (!existsSync(folder)) return 0;
  let size = 0;
  for (const name of readdirSync(folder))
    size += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return size;
}

function common(port, logDir) {
  return {
    'broker.id': '1',
    listeners: `PLAINTEXT://${host}:${port}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'log.dirs': logDir,
    'num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'log.retention.bytes': String(retainedBytes),
    'log.segment.bytes': String(segmentBytes),
    'log.initial.task.delay.ms': '300',
    'log.retention.check.interval.ms': '300',
    'log.segment.delete.delay.ms': '100',
  };
}

function writeProperties(file, properties) {
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(file, lines.join(''));
}

/** @param {{folder: string, cpu: number}} options @returns {Promise<{connect: string, stop: () => Promise<void>}>} */
export async function startZooKeeper({ folder, cpu }) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'zoo.cfg');
  writeProperties(config, {
    tickTime: '2000',
    dataDir: join(folder, 'data'),
    clientPortAddress: host,
    clientPort: String(port),
    '4lw.commands.whitelist': 'ruok',
    'admin.enableServer': 'false',
  });
  const command = [...findZooKeeper().command, config];
  const server = new Server({ name: 'ZooKeeper', cpu, command });
  await server.ready(port, 'ruok');
  return { connect: `${host}:${port}`, stop: () => server.stop() };
}
