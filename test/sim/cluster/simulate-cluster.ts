/**
 * One life of a simulated cluster: it starts, is written to and read from while faults happen, is
 * healed, and is looked through. The same seed lives the same life, to the last step.
 */

import assert from 'node:assert/strict';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { HostNetwork } from '../../support/sim/host-network.ts';
import { Scheduler } from '../../support/sim/scheduler.ts';
import { ZooKeeperTwin } from '../../support/sim/zookeeper-twin.ts';
import { Admin } from './admin.ts';
import { Churn, makeTopic } from './churn.ts';
import type { ClientWorld } from './client.ts';
import { ClusterClient } from './client.ts';
import { Consumer } from './consumer.ts';
import { Faults } from './faults.ts';
import { GroupLedger } from './group-ledger.ts';
import { GroupMember } from './group-member.ts';
import { PartitionLedger } from './partition-ledger.ts';
import { Producer } from './producer.ts';
import { checkReplicas, countCopies } from './replica-logs.ts';
import type { Scenario } from './scenario.ts';
import { scenarioFor } from './scenario.ts';
import { SimulatedBroker } from './simulated-broker.ts';
import { StateHistory } from './state-history.ts';

const TOPIC = 'orders';
const TURNS_MAX = 3_000_000;
/** Of simulated time, after which a healed cluster has to be in order. */
const RECOVERY_MS_MAX = 120_000;
const SESSION_TIMEOUT_MS = 6000;

export interface Outcome {
  readonly hash: string;
  readonly acknowledgedCount: number;
  /** Positions of the group that were acknowledged. */
  readonly commitCount: number;
  readonly faults: readonly string[];
  readonly steps: number;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly replicationFactor: number;
  /** Lines of the trace that a failure shows. */
  readonly tail?: number;
}

/** Rejects with what failed; its message has the seed, the faults and the end of the trace. */
export async function simulateCluster(options: SimulationOptions): Promise<Outcome> {
  const { seed, replicationFactor, tail = Number(process.env['ODRADEK_TAIL'] ?? 60) } = options;
  const scheduler = new Scheduler(seed);
  const scenario = scenarioFor(scheduler.random, replicationFactor);
  const simulation = await ClusterSimulation.open(scheduler, scenario);
  try {
    await scheduler.run(simulation.live(), TURNS_MAX);
    return {
      hash: scheduler.trace.hash,
      acknowledgedCount: simulation.acknowledgedCount,
      commitCount: simulation.commitCount,
      faults: simulation.faults.happened,
      steps: scheduler.turns,
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      [
        `seed ${String(seed)} with ${String(replicationFactor)} replicas fails: ${reason}`,
        `to see it again: npm run test:sim -- cluster --seed ${String(seed)} --seeds 1 ` +
          `--replicas ${String(replicationFactor)}`,
        JSON.stringify(scenario),
        'faults:',
        ...simulation.faults.happened,
        'the end of the trace:',
        ...scheduler.trace.tail(tail),
      ].join('\n'),
      { cause },
    );
  }
}

class ClusterSimulation {
  readonly faults: Faults;
  readonly #scheduler: Scheduler;
  readonly #scenario: Scenario;
  readonly #history: StateHistory;
  readonly #brokers: readonly SimulatedBroker[];
  readonly #clients: ClientWorld;
  readonly #ledgers: readonly PartitionLedger[];
  readonly #group = new GroupLedger('group');
  readonly #observer: ZooKeeperSession;
  #isOver = false;

  private constructor(world: {
    readonly scheduler: Scheduler;
    readonly scenario: Scenario;
    readonly network: HostNetwork;
    readonly zookeeper: ZooKeeperTwin;
    readonly history: StateHistory;
  }) {
    const { scheduler, scenario, network, history } = world;
    this.#scheduler = scheduler;
    this.#scenario = scenario;
    this.#history = history;
    this.#observer = world.zookeeper.observer;
    const { brokerCount, hasSlowDisk, partitionCount } = scenario;
    const properties = propertiesFor(scenario);
    this.#brokers = Array.from(
      { length: brokerCount },
      (_, id) => new SimulatedBroker(id, { ...world, properties, hasSlowDisk }),
    );
    this.#clients = { scheduler, network, brokerCount };
    this.#ledgers = Array.from(
      { length: partitionCount },
      (_, partition) => new PartitionLedger(`${TOPIC}-${String(partition)}`),
    );
    this.faults = new Faults({ ...world, brokers: this.#brokers });
  }

  static async open(scheduler: Scheduler, scenario: Scenario): Promise<ClusterSimulation> {
    const network = new HostNetwork(scheduler);
    const history = new StateHistory(
      () => scheduler.nowMs,
      (text) => scheduler.trace.note(text),
    );
    const zookeeper = await ZooKeeperTwin.open({
      scheduler,
      network,
      timeoutMs: SESSION_TIMEOUT_MS,
      onWrite: (path, data, isRemoved) => {
        try {
          history.wrote(path, data, isRemoved);
        } catch (error) {
          scheduler.defect(error);
        }
      },
    });
    return new ClusterSimulation({ scheduler, scenario, network, zookeeper, history });
  }

  get commitCount(): number {
    return this.#group.commitCount;
  }

  get acknowledgedCount(): number {
    return this.#ledgers.reduce((sum, ledger) => sum + ledger.acknowledgedCount, 0);
  }

  async live(): Promise<void> {
    for (const broker of this.#brokers) broker.start();
    const admin = new ClusterClient('admin', this.#clients);
    const scenario = this.#scenario;
    await makeTopic(admin, { topic: TOPIC, scenario }, scenario.partitionCount);
    const admins = scenario.hasAdmin ? [this.#admin(admin)] : [];
    const all = [
      ...this.#producers(),
      ...this.#consumers(),
      ...this.#members(),
      ...this.#churns(),
      ...admins,
    ];
    const running = all.map((one) =>
      one.run().catch((error: unknown) => this.#scheduler.defect(error)),
    );
    await this.faults.run();
    await this.#within('all is acknowledged and in sync', async () => {
      await this.#allInSync();
      this.#isOver = true;
      await Promise.all(running);
      await this.#readAll();
      if (scenario.memberCount > 0) await this.#member('last').checkAllAtLast();
    });
    await this.#allInSync();
    // Until followers know the last high watermark.
    await this.#scheduler.pause(2000);
    await checkReplicas({
      brokers: this.#brokers,
      partitions: this.#ledgers.map(({ name }) => name),
      replicasOf: (partition) => this.#history.replicasOf(partition),
    });
    admin.close();
    await this.#within('all brokers stop', async () => {
      await Promise.all(this.#brokers.map((broker) => broker.stop()));
    });
    for (const { host, files } of this.#brokers) {
      assert.equal(files.openCount, 0, `${host} left a descriptor open`);
    }
  }

  #producers(): readonly Producer[] {
    const { idempotentCount, plainCount, minInSync, thinkMs } = this.#scenario;
    const isOver = (): boolean => this.#isOver;
    return this.#ledgers.flatMap((ledger, partition) =>
      Array.from({ length: idempotentCount + plainCount }, (_, index) => {
        const isIdempotent = index < idempotentCount;
        const name = `${isIdempotent ? 'idempotent' : 'plain'}-${String(index)}-${String(partition)}`;
        return new Producer({
          ...{ name, topic: TOPIC, partition, isIdempotent, minInSync, thinkMs, ledger, isOver },
          client: new ClusterClient(name, this.#clients),
          history: this.#history,
          copies: (end) => countCopies(this.#brokers, ledger.name, end),
          scheduler: this.#scheduler,
        });
      }),
    );
  }

  #admin(client: ClusterClient): Admin {
    const isOver = (): boolean => this.#isOver || this.faults.isOver;
    const parts = { topic: TOPIC, scenario: this.#scenario, scheduler: this.#scheduler };
    return new Admin({ ...parts, client, isOver });
  }

  #members(): readonly GroupMember[] {
    return Array.from({ length: this.#scenario.memberCount }, (_, index) =>
      this.#member(`member-${String(index)}`),
    );
  }

  #member(name: string): GroupMember {
    return new GroupMember({
      topic: TOPIC,
      partitionCount: this.#scenario.partitionCount,
      client: new ClusterClient(name, this.#clients),
      ledger: this.#group,
      history: this.#history,
      scheduler: this.#scheduler,
      isOver: () => this.#isOver,
    });
  }

  #churns(): readonly Churn[] {
    return Array.from(
      { length: this.#scenario.churnCount },
      (_, index) =>
        new Churn({
          topic: `churn-${String(index)}`,
          scenario: this.#scenario,
          clients: this.#clients,
          scheduler: this.#scheduler,
          history: this.#history,
          observer: this.#observer,
          copies: (end) => countCopies(this.#brokers, `churn-${String(index)}-0`, end),
          isOver: () => this.#isOver,
        }),
    );
  }

  #consumers(): readonly Consumer[] {
    return this.#ledgers.map((ledger, partition) => this.#consumer(ledger, partition));
  }

  #consumer(ledger: PartitionLedger, partition: number): Consumer {
    return new Consumer({
      topic: TOPIC,
      partition,
      ledger,
      client: new ClusterClient(`consumer-${String(partition)}`, this.#clients),
      history: this.#history,
      scheduler: this.#scheduler,
      isOver: () => this.#isOver,
    });
  }

  async #readAll(): Promise<void> {
    for (const [partition, ledger] of this.#ledgers.entries()) {
      const values = await this.#consumer(ledger, partition).readAllAtLast();
      this.#scheduler.trace.note(`${ledger.name} has ${String(values.length)} records`);
      ledger.checkAll(values);
    }
  }

  /** Every partition of the topic has a leader, and all of its replicas in the ISR. */
  async #allInSync(): Promise<void> {
    const isFine = (): boolean =>
      this.#history.isSettled && this.#brokers.every(({ isRunning }) => isRunning);
    while (!isFine()) await this.#scheduler.pause(100);
  }

  /** A healed cluster that does not come to this is a failure. */
  async #within(what: string, work: () => Promise<void>): Promise<void> {
    let isDone = false;
    this.#scheduler.after(RECOVERY_MS_MAX, this.#scheduler.world, () => {
      if (!isDone) this.#scheduler.defect(new Error(`it never comes to this: ${what}`));
    });
    await work();
    isDone = true;
  }
}

function propertiesFor(scenario: Scenario): Readonly<Record<string, string>> {
  return {
    // Small segments, so that rolls and recovery of several are among what happens.
    'log.segment.bytes': '4000',
    'log.index.interval.bytes': '300',
    'log.flush.scheduler.interval.ms': '1000',
    'min.insync.replicas': String(scenario.minInSync),
    'default.replication.factor': String(scenario.replicationFactor),
    'offsets.topic.replication.factor': String(scenario.replicationFactor),
    'offsets.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '100',
    'offsets.commit.timeout.ms': '3000',
    'replica.lag.time.max.ms': '3000',
    'replica.socket.timeout.ms': '3000',
    'replica.fetch.wait.max.ms': '500',
    'controller.socket.timeout.ms': '3000',
    'unclean.leader.election.enable': 'false',
    'zookeeper.session.timeout.ms': String(SESSION_TIMEOUT_MS),
  };
}
