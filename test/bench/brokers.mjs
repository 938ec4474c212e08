/** The two brokers, with the same settings: ours on its embedded store, Apache Kafka's on a ZooKeeper. */

import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
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
        'env',
        ...variablesOf(main),
        process.execPath,
        ...flagsOf(main),
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

/** What the program's first line sets, unless the user has set it. */
function variablesOf(main) {
  const [firstLine] = readFileSync(main, 'utf8').split('\n', 1);
  const threads = /\bUV_THREADPOOL_SIZE=\D*(\d+)/.exec(firstLine)?.[1];
  const chosen = process.env.UV_THREADPOOL_SIZE ?? threads;
  return chosen === undefined ? [] : [`UV_THREADPOOL_SIZE=${chosen}`];
}

/** V8's flags as the program's first line has them, also where it must run with others beside. */
function flagsOf(main) {
  const [firstLine] = readFileSync(main, 'utf8').split('\n', 1);
  return /^#!.*\bnode((?: -\S+)+)/.exec(firstLine)?.[1].trim().split(' ') ?? [];
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
  #parts;

  constructor(parts) {
    this.name = parts.kind.name;
    this.bootstrap = `${host}:${parts.port}`;
    this.port = parts.port;
    this.readyMs = 0;
    /** Payload bytes produced to it and consumed from it. */
    this.movedBytes = 0;
    this.#parts = parts;
  }

  /**
   * @param {object} options
   * @param {BrokerKind} options.kind
   * @param {string} options.folder a new one
   * @param {number} options.cpu
   * @param {Record<string, string>} [options.properties] beside, or instead of, the common ones
   */
  static async start({ kind, folder, cpu, properties = {} }) {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const logDir = join(folder, 'logs');
    const prepared = await kind.prepare(folder);
    const all = { ...common(port, logDir), ...properties, ...prepared.properties };
    writeProperties(join(folder, 'server.properties'), all);
    const { command } = prepared;
    const logDirs = all['log.dirs'].split(',');
    const broker = new RunningBroker({ kind, cpu, port, command, logDirs });
    await broker.startAgain();
    return broker;
  }

  /** On the folder that it had, after a stop or a kill. */
  async startAgain() {
    const { kind, cpu, port, command } = this.#parts;
    const startedAt = performance.now();
    this.#server = new Server({ name: kind.name, cpu, command });
    await this.#server.ready(port, apiVersionsRequest);
    this.readyMs = performance.now() - startedAt;
  }

  cpuSeconds() {
    return this.#server.cpuSeconds();
  }

  memory() {
    return this.#server.memory();
  }

  diskReadBytes() {
    return this.#server.diskReadBytes();
  }

  /** In whichever of its log.dirs the partition lies. */
  folderOf(topic, partition = 0) {
    const folders = this.#parts.logDirs.map((logDir) => join(logDir, `${topic}-${partition}`));
    return folders.find((folder) => existsSync(folder)) ?? null;
  }

  /** Until retention has brought the topic back to its size: its pages are free for the next run then. */
  async settle(topic) {
    for (let tries = 0; tries < 40; tries++) {
      if (sizeOf(this.folderOf(topic)) <= retainedBytes + segmentBytes) break;
      await sleep(100);
    }
    await sleep(200);
  }

  stop() {
    return this.#server.stop();
  }

  kill() {
    return this.#server.kill();
  }
}

function sizeOf(folder) {
  if (folder === null) return 0;
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
