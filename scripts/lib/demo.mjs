/**
 * The cluster of the quickstart: local mode with the resources of operator/examples in a folder of its own, and
 * the checks that are made of it. Imports dist/, so the build comes first.
 */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

import { silentLogger } from '../../dist/broker/platform/logger.js';
import { systemTimers } from '../../dist/broker/platform/timers.js';
import { kafkaClusters, kafkaTopics } from '../../dist/operator/kube/resources.js';
import { startLocalCluster } from '../../dist/operator/local/local-cluster.js';
import { checkRecords } from '../../dist/operator/local/quickstart-check.js';
import { DemoFiles } from './demo-files.mjs';
import { seconds } from './output.mjs';
import { repository } from './repository.mjs';
import { polled, within } from './waiting.mjs';

const topic = 'orders';
const recordCount = 10_000;
const startLimitMs = 30_000;
const readyLimitMs = 180_000;
const recordsLimitMs = 60_000;
const deletionLimitMs = 60_000;
const stopLimitMs = 40_000;

export class Demo {
  /** One for each check. */
  tally = { passed: 0, failed: 0, skipped: 0 };

  #data;
  #files;
  #zookeeperCommand;
  #startedAt = Date.now();
  #cluster = null;
  #bootstrapServers = '';
  /** Condition Ready as it was told last: `KafkaCluster demo` to {status, message}. */
  #ready = new Map();
  #podsNotReady = new Set();
  #waiters = new Set();
  #stopping = null;

  /** @param {{data: string, zookeeperCommand: readonly string[] | null}} options null: the embedded store */
  constructor({ data, zookeeperCommand }) {
    this.#data = data;
    this.#files = new DemoFiles(data);
    this.#zookeeperCommand = zookeeperCommand;
  }

  /**
   * Starts the cluster and checks it, up to the first check that fails. Never throws: what went wrong is printed
   * and counted. With `isScratch` its records may be deleted in the end.
   */
  async show({ isScratch }) {
    const steps = [
      ['the KafkaCluster is Ready', () => this.#startCluster()],
      ['the KafkaTopics are Ready', () => this.#becomeReady(kafkaTopics)],
      [`${recordCount} records went through every broker`, () => this.#exchangeRecords()],
      ['the records are in segment files', () => this.#findSegments()],
    ];
    if (isScratch) steps.push(['a shorter retention deletes them', () => this.#shortenRetention()]);
    for (const [what, step] of steps) if (!(await this.#check(what, step))) return;
  }

  /** What to try next. */
  explain() {
    const { resources, logs } = this.#files;
    const folders = this.#files.partitionFolders(topic);
    const [victim] = this.#files.processes().filter(({ pod }) => pod.includes('-broker-'));
    const lines = [
      '',
      `Bootstrap address:  ${this.#bootstrapServers}`,
      `Resources:          ${resources} (saving a file there is "kubectl apply")`,
      `Logs:               ${logs}`,
      'Segment files:',
      ...folders.map((folder) => `  ${folder}`),
      '',
      'Try:',
      `- Set the retention.time of ${topic} to 10s in ${join(resources, 'topics.yaml')} and watch its segments go:`,
      `    watch -n 1 ls -l ${folders[0]}`,
      `- Kill ${victim?.pod} and see it come back with its records:`,
      `    kill -9 ${victim?.pid}`,
      '- Read the records with any client of Kafka:',
      `    kcat -b ${this.#bootstrapServers} -C -t ${topic} -o beginning -e -q | wc -l`,
      '',
      'Ctrl-C stops everything; the next start finds the records again.',
    ];
    console.log(lines.join('\n'));
  }

  /** Idempotent. What is left running is a failure. */
  stop() {
    this.#stopping ??= this.#check('everything is stopped', async () => {
      const processes = this.#files.processes();
      await within(stopLimitMs, 'the pods to end', this.#cluster?.stop() ?? Promise.resolve());
      const left = processes.filter(({ pid }) => existsSync(`/proc/${pid}`));
      if (left.length > 0)
        throw new Error(
          `${left.map(({ pod, pid }) => `${pod} (process ${pid})`).join(', ')} still runs`,
        );
    });
    return this.#stopping;
  }

  async #check(what, step) {
    try {
      await step();
    } catch (error) {
      this.tally.failed++;
      this.#say(`FAILED: ${what}: ${error.message}`);
      console.log(this.#files.logTails([...this.#podsNotReady]));
      return false;
    }
    this.tally.passed++;
    this.#say(`ok: ${what}`);
    return true;
  }

  async #startCluster() {
    this.#files.writeResources({ isEmbedded: this.#zookeeperCommand === null });
    const starting = startLocalCluster({
      folder: this.#files.resources,
      dataFolder: this.#data,
      brokerCommand: [join(repository, 'dist', 'broker', 'main.js'), 'broker'],
      zookeeperCommand: this.#zookeeperCommand,
      logger: silentLogger,
      onEvent: (event) => this.#onEvent(event),
    });
    this.#cluster = await within(startLimitMs, 'the operator to start', starting);
    const [cluster] = await this.#becomeReady(kafkaClusters);
    const address = cluster.status.listeners[0].bootstrapServers;
    this.#bootstrapServers = this.#cluster.resolve(address, cluster.metadata.namespace);
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
    const perPartition = [...consumedCounts].sort(([one], [other]) => one - other);
    for (const [partition, count] of perPartition)
      this.#say(`  partition ${partition} on broker ${leaders.get(partition)}: ${count} records`);
    const brokers = new Set(perPartition.map(([partition]) => leaders.get(partition)));
    const expectedCount = this.#zookeeperCommand === null ? 1 : 3;
    if (brokers.size < expectedCount)
      throw new Error(`all went through broker ${[...brokers].join(' and ')}`);
  }

  #findSegments() {
    const folders = this.#files.partitionFolders(topic);
    if (folders.length === 0) throw new Error(`there is none of ${topic} below ${this.#data}`);
    for (const folder of folders) this.#say(`  ${relative(this.#data, folder)}`);
  }

  /** Retention goes by segment: its records are deleted when its file has gone. */
  async #shortenRetention() {
    const before = this.#files.segmentFiles(topic);
    this.#files.setRetentionTime('1s');
    const left = () => before.filter((file) => existsSync(file));
    const what = () => `${left().join(', ')} to be deleted`;
    await polled(() => left().length === 0, deletionLimitMs, what);
  }

  /** Resolves with all objects of the kind. */
  async #becomeReady(kind) {
    const listed = async () => (await this.#cluster.kube.list(kind, {})).items;
    const names = (await listed()).map((object) => `${object.kind} ${object.metadata.name}`);
    if (names.length === 0) throw new Error(`there is no ${kind.kind} in ${this.#files.resources}`);
    const waiting = () => names.filter((name) => this.#ready.get(name)?.status !== 'True');
    const told = (name) => `${name} (${this.#ready.get(name)?.message || 'nothing said yet'})`;
    const what = () => `Ready=True of ${waiting().map(told).join(', ')}`;
    await within(
      readyLimitMs,
      what,
      this.#until(() => waiting().length === 0),
    );
    return listed();
  }

  #onEvent(event) {
    if (event.type === 'condition') this.#onCondition(event);
    else if (event.pod === undefined) this.#say(event.message);
    else this.#onPod(event);
  }

  #onPod({ type, pod, message }) {
    const isUnderWay = type === 'pod-started' || type === 'pod-restarting';
    if (isUnderWay) this.#podsNotReady.add(pod);
    else this.#podsNotReady.delete(pod);
    this.#say(`${type.replace('-', ` ${pod} `)}${message === undefined ? '' : `: ${message}`}`);
  }

  #onCondition({ kind, name, condition, status, reason, message }) {
    if (condition !== 'Ready') return;
    this.#ready.set(`${kind} ${name}`, { status, message });
    this.#say(`${kind} ${name}: Ready=${status} ${reason}${message === '' ? '' : ` (${message})`}`);
    for (const waiter of this.#waiters) waiter();
  }

  /** For what conditions tell. */
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

  #say(line) {
    console.log(`${seconds(this.#startedAt).padStart(7)}  ${line}`);
  }
}
