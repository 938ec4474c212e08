/**
 * The cluster of the quickstart: local mode with the resources of operator/examples in a folder of its own, and
 * the checks that are made of it. Imports dist/, so the build comes first.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { parseDocument } from 'yaml';

import { silentLogger } from '../../dist/broker/platform/logger.js';
import { systemTimers } from '../../dist/broker/platform/timers.js';
import { kafkaClusters, kafkaTopics } from '../../dist/operator/kube/resources.js';
import { startLocalCluster } from '../../dist/operator/local/local-cluster.js';
import { checkRecords } from '../../dist/operator/local/quickstart-check.js';
import { tail } from './command.mjs';
import { seconds } from './output.mjs';
import { repository } from './repository.mjs';

const topic = 'orders';
const recordCount = 10_000;
const readyLimitMs = 180_000;
const recordsLimitMs = 60_000;
const deletionLimitMs = 60_000;
const stopLimitMs = 40_000;

/** Kafka looks for what to delete every five minutes and keeps it for one more: too long to watch. */
const quickDeletion = {
  'log.retention.check.interval.ms': 5000,
  'log.segment.delete.delay.ms': 5000,
};

export class Demo {
  /** One check after the other, counted. */
  tally = { passed: 0, failed: 0, skipped: 0 };

  #data;
  #folder;
  #zookeeperCommand;
  #startedAt = Date.now();
  #cluster = null;
  #bootstrapServers = '';
  #leaders = new Map();
  /** Conditions as they are told: `KafkaCluster demo` to {status, reason, message} of Ready. */
  #ready = new Map();
  #podsNotReady = new Set();
  #waiters = new Set();
  #stopping = null;

  /** @param {{data: string, zookeeperCommand: readonly string[] | null}} options null: the embedded store */
  constructor({ data, zookeeperCommand }) {
    this.#data = data;
    this.#folder = join(data, 'resources');
    this.#zookeeperCommand = zookeeperCommand;
  }

  /** Starts the cluster and checks it. Never throws: what went wrong is printed and counted. */
  async show() {
    const steps = [
      ['the resources are applied', () => this.#start()],
      ['KafkaCluster and KafkaTopics are Ready', () => this.#becomeReady()],
      [`${recordCount} records went through every broker`, () => this.#exchangeRecords()],
      ['the records are in segment files', () => this.#findSegments()],
    ];
    for (const [what, step] of steps) if (!(await this.#check(what, step))) return;
  }

  /** What to try next. */
  explain() {
    const file = (name) => join(this.#folder, name);
    const pids = this.#brokerPids();
    const [victim = ['a broker', 'PID']] = pids;
    const lines = [
      '',
      `Bootstrap address:  ${this.#bootstrapServers}`,
      `Resources:          ${this.#folder} (saving a file there is "kubectl apply")`,
      `Logs:               ${join(this.#data, 'logs')}`,
      'Segment files:',
      ...this.#segmentFolders().map((folder) => `  ${folder}`),
      '',
      'Try:',
      `- Set retention.time of ${topic} to 10s in ${file('topics.yaml')}, save, and watch the segments go:`,
      `    watch -n 1 ls -l ${this.#segmentFolders()[0] ?? ''}`,
      `- Kill ${victim[0]} and see it come back with its records: kill -9 ${victim[1]}`,
      `- Use it: kcat -b ${this.#bootstrapServers} -C -t ${topic} -o beginning -e -q | wc -l`,
      '',
      'Ctrl-C stops everything; the next start finds the records again.',
    ];
    console.log(lines.join('\n'));
  }

  /** Idempotent. Counts what is left running as a failure. */
  stop() {
    this.#stopping ??= this.#check('everything stopped', async () => {
      if (this.#cluster === null) return;
      const pids = this.#brokerPids();
      await this.#within(stopLimitMs, 'the pods to end', this.#cluster.stop());
      const left = pids.filter(([, pid]) => existsSync(`/proc/${pid}`));
      if (left.length > 0) throw new Error(`still running: ${left.join('; ')}`);
    });
    return this.#stopping;
  }

  async #check(what, step) {
    try {
      await step();
      this.tally.passed++;
      this.#say(`ok: ${what}`);
      return true;
    } catch (error) {
      this.tally.failed++;
      this.#say(`FAILED: ${what}: ${error.message}`);
      this.#showLogs();
      return false;
    }
  }

  async #start() {
    this.#writeResources();
    const broker = [process.execPath, join(repository, 'dist', 'broker', 'main.js'), 'broker'];
    const starting = startLocalCluster({
      folder: this.#folder,
      dataFolder: this.#data,
      brokerCommand: broker,
      zookeeperCommand: this.#zookeeperCommand,
      logger: silentLogger,
      onEvent: (event) => this.#onEvent(event),
    });
    this.#cluster = await this.#within(30_000, 'the operator to start', starting);
  }

  /** Those that are there already stay: they may have been edited. */
  #writeResources() {
    mkdirSync(this.#folder, { recursive: true });
    const examples = join(repository, 'operator', 'examples');
    for (const name of readdirSync(examples).filter((each) => each.endsWith('.yaml'))) {
      const file = join(this.#folder, name);
      if (existsSync(file)) continue;
      copyFileSync(join(examples, name), file);
      this.#adapt(file);
    }
  }

  #adapt(file) {
    const document = parseDocument(readFileSync(file, 'utf8').split(/^---$/m)[0]);
    if (document.get('kind') !== 'KafkaCluster') return;
    for (const [key, value] of Object.entries(quickDeletion))
      document.setIn(['spec', 'config', key], value);
    if (this.#zookeeperCommand === null) {
      document.setIn(['spec', 'broker', 'replicas'], 1);
      document.setIn(['spec', 'zookeeper'], { external: { connect: 'local:' } });
    }
    writeFileSync(file, document.toString());
  }

  #onEvent(event) {
    switch (event.type) {
      case 'condition':
        this.#onCondition(event);
        break;
      case 'pod-started':
        this.#podsNotReady.add(event.pod);
        this.#say(`pod ${event.pod} started`);
        break;
      case 'pod-ready':
        this.#podsNotReady.delete(event.pod);
        this.#say(`pod ${event.pod} is ready`);
        break;
      case 'pod-stopped':
        this.#podsNotReady.delete(event.pod);
        this.#say(`pod ${event.pod} stopped`);
        break;
      case 'pod-restarting':
        this.#podsNotReady.add(event.pod);
        this.#say(`pod ${event.pod} restarts: ${event.message}`);
        break;
      default:
        this.#say(event.message);
    }
  }

  #onCondition({ kind, name, condition, status, reason, message }) {
    if (condition !== 'Ready') return;
    this.#ready.set(`${kind} ${name}`, { status, reason, message });
    this.#say(`${kind} ${name}: Ready=${status} ${reason}${message === '' ? '' : ` (${message})`}`);
    for (const waiter of this.#waiters) waiter();
  }

  async #becomeReady() {
    const lists = await Promise.all(
      [kafkaClusters, kafkaTopics].map((kind) => this.#cluster.kube.list(kind, {})),
    );
    const names = lists
      .flatMap(({ items }) => items)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    if (names.length === 0) throw new Error(`there are no resources in ${this.#folder}`);
    const waiting = () => names.filter((name) => this.#ready.get(name)?.status !== 'True');
    const told = () =>
      waiting().map((name) => `${name} (${this.#ready.get(name)?.message || 'nothing said yet'})`);
    await this.#within(
      readyLimitMs,
      () => `Ready=True of ${told().join(', ')}`,
      this.#until(() => waiting().length === 0),
    );
    const [cluster] = lists[0].items;
    const { status } = await this.#cluster.kube.get(kafkaClusters, cluster.metadata);
    this.#bootstrapServers = this.#cluster.resolve(
      status.listeners[0].bootstrapServers,
      cluster.metadata.namespace,
    );
  }

  async #exchangeRecords() {
    const { leaders, consumedCounts } = await checkRecords({
      bootstrapServers: this.#bootstrapServers,
      topic,
      recordCount,
      runId: String(this.#startedAt),
      limitMs: recordsLimitMs,
      timers: systemTimers,
      onProgress: (line) => this.#say(line),
    });
    this.#leaders = leaders;
    const brokers = new Set(leaders.values());
    const perPartition = [...consumedCounts].sort(([one], [other]) => one - other);
    for (const [partition, count] of perPartition)
      this.#say(`  partition ${partition} on broker ${leaders.get(partition)}: ${count} records`);
    const expected = this.#zookeeperCommand === null ? 1 : 3;
    if (brokers.size < expected || consumedCounts.size < leaders.size)
      throw new Error(`only brokers ${[...brokers].join(', ')} led a partition with records`);
  }

  #findSegments() {
    const folders = this.#segmentFolders();
    if (folders.length < this.#leaders.size)
      throw new Error(`only these were found: ${folders.join(', ')}`);
    for (const folder of folders) this.#say(`  ${relative(process.cwd(), folder)}`);
  }

  #segmentFolders() {
    return readdirSync(this.#data, { recursive: true })
      .filter((name) => new RegExp(`/${topic}-\\d+/\\d+\\.log$`).test(name))
      .map((name) => join(this.#data, name, '..'))
      .sort();
  }

  /** @returns {[string, number][]} pod and process: a pod's process writes to that pod's log */
  #brokerPids() {
    const logs = join(this.#data, 'logs');
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        const output = linkOf(`/proc/${pid}/fd/1`);
        if (!output.startsWith(logs)) return [];
        return [[output.split('/').at(-2), Number(pid)]];
      })
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** The ends of the logs of what is not ready, or of all of them if everything is. */
  #showLogs() {
    const logs = join(this.#data, 'logs');
    if (!existsSync(logs)) return;
    const files = readdirSync(logs, { recursive: true }).filter((name) => name.endsWith('.log'));
    const suspects = files.filter((name) =>
      [...this.#podsNotReady].some((pod) => name.includes(`/${pod}/`)),
    );
    for (const name of suspects.length > 0 ? suspects : files) {
      console.log(`--- the end of ${join(logs, name)}`);
      console.log(tail(readFileSync(join(logs, name), 'utf8'), 15));
    }
  }

  #until(holds) {
    return new Promise((resolve) => {
      const waiter = () => {
        if (!holds()) return;
        this.#waiters.delete(waiter);
        resolve();
      };
      this.#waiters.add(waiter);
      waiter();
    });
  }

  async #within(limitMs, what, work) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        const awaited = typeof what === 'string' ? what : what();
        reject(new Error(`waited ${limitMs / 1000} s for ${awaited}`));
      }, limitMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #say(line) {
    console.log(`${seconds(this.#startedAt).padStart(7)}  ${line}`);
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
