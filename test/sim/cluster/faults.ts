/**
 * The faults that a simulated cluster meets, one after the other and several at once, each with its end.
 *
 * What the guarantees allow sets the limit: of the brokers that hold a partition only one at a time
 * loses what it had not synced, only while another one is in sync, and no other one does until it is in
 * sync again. Everything else may happen to any number of brokers at any time.
 */

import { decodeController } from '../../../broker/zookeeper/znodes/controller.ts';
import type { HostNetwork } from '../../support/sim/host-network.ts';
import type { Scheduler } from '../../support/sim/scheduler.ts';
import type { ZooKeeperTwin } from '../../support/sim/zookeeper-twin.ts';
import { ZOOKEEPER } from '../../support/sim/zookeeper-twin.ts';
import type { FaultKind, Scenario } from './scenario.ts';
import type { SimulatedBroker } from './simulated-broker.ts';
import type { StateHistory } from './state-history.ts';

const CLIENT = 'client';

export interface FaultWorld {
  readonly scheduler: Scheduler;
  readonly network: HostNetwork;
  readonly zookeeper: ZooKeeperTwin;
  readonly brokers: readonly SimulatedBroker[];
  readonly history: StateHistory;
  readonly scenario: Scenario;
}

export class Faults {
  readonly #world: FaultWorld;
  readonly #running = new Set<Promise<void>>();
  readonly #happened: string[] = [];
  /** Has lost what it had not synced, and is not known to be complete again. */
  #incomplete: SimulatedBroker | null = null;
  #isOver = false;

  constructor(world: FaultWorld) {
    this.#world = world;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get happened(): readonly string[] {
    return this.#happened;
  }

  /** Resolves when the time of faults is over, and everything is as it should be again. */
  async run(): Promise<void> {
    const { scheduler, scenario } = this.#world;
    const endMs = scheduler.nowMs + scenario.faultyMs;
    while (scheduler.nowMs < endMs) {
      await scheduler.pause(scheduler.random.integer(scenario.faultGapMs));
      const kind = this.#oneOf(scenario.faults);
      const fault = this.#happen(kind).catch((error: unknown) => scheduler.defect(error));
      this.#running.add(fault);
      void fault.finally(() => this.#running.delete(fault));
    }
    await Promise.all(this.#running);
    this.#isOver = true;
    this.#heal();
  }

  #heal(): void {
    const { brokers, network, scheduler } = this.#world;
    scheduler.trace.note('everything is healed');
    network.openAll();
    for (const broker of brokers) {
      broker.thaw();
      broker.start();
    }
  }

  async #happen(kind: FaultKind): Promise<void> {
    const broker = this.#oneOf(this.#world.brokers);
    switch (kind) {
      case 'kill':
        return this.#kill(broker);
      case 'lose power':
        return this.#losePower(broker);
      case 'restart':
        return this.#restart(broker);
      case 'stop process':
        return this.#freeze(broker);
      case 'expire session':
        return this.#do(`session of ${broker.host} expires`, () =>
          this.#world.zookeeper.expire(broker.host),
        );
      case 'cut ZooKeeper':
        return this.#do(`${broker.host} loses its connection to ZooKeeper`, () =>
          this.#world.zookeeper.cut(broker.host),
        );
      case 'delete controller':
        return this.#deleteController();
      case 'silence':
        return this.#silence(broker);
      case 'isolate':
        return this.#isolate(broker);
      case 'slow link':
        return this.#slowLink(broker);
      case 'interrupt a join':
        return this.#interruptJoin();
      case 'cut':
        return this.#cut(broker);
      case 'jump clock':
        return this.#jump(broker);
      case 'slow disk':
        return this.#slow(broker);
    }
  }

  async #kill(broker: SimulatedBroker): Promise<void> {
    this.#say(`kill ${broker.host}`);
    broker.kill();
    await this.#while(8000);
    broker.start();
  }

  async #losePower(broker: SimulatedBroker): Promise<void> {
    if (!this.#mayLose(broker)) return;
    this.#say(`${broker.host} loses power`);
    this.#incomplete = broker;
    broker.kill(this.#world.scheduler.random);
    await this.#while(8000);
    broker.start();
  }

  /** Whether every partition that it holds is complete elsewhere, and will be. */
  #mayLose(broker: SimulatedBroker): boolean {
    const { history } = this.#world;
    const before = this.#incomplete;
    if (before !== null && !(before.isRunning && history.isComplete(before.id))) return false;
    this.#incomplete = null;
    return history.canSpare(broker.id);
  }

  async #restart(broker: SimulatedBroker): Promise<void> {
    if (!broker.isRunning || broker.isStopped) return;
    this.#say(`restart ${broker.host}`);
    await broker.stop();
    await this.#while(500);
    broker.start();
  }

  async #freeze(broker: SimulatedBroker): Promise<void> {
    if (!broker.freeze()) return;
    this.#say(`${broker.host} is stopped`);
    await this.#while(12_000);
    this.#say(`${broker.host} goes on`);
    broker.thaw();
  }

  async #deleteController(): Promise<void> {
    this.#say('delete /controller');
    const { observer } = this.#world.zookeeper;
    if ((await observer.exists('/controller')) === null) return;
    await observer.remove('/controller', -1).catch(() => undefined);
  }

  /** One way or both, between two hosts. */
  async #silence(broker: SimulatedBroker): Promise<void> {
    const { network, scheduler } = this.#world;
    const other = this.#oneOf(this.#hostsBut(broker.host));
    const pairs: (readonly [string, string])[] = [];
    const way = scheduler.random.integer(3);
    if (way < 2) pairs.push([broker.host, other]);
    if (way > 0) pairs.push([other, broker.host]);
    await this.#silent(pairs);
    if (scheduler.random.integer(2) === 0) network.cut(broker.host, other);
  }

  /** A broker from some or all of the others. */
  async #isolate(broker: SimulatedBroker): Promise<void> {
    const { random } = this.#world.scheduler;
    const others = this.#hostsBut(broker.host).filter(() => random.integer(4) > 0);
    await this.#silent(
      others.flatMap((other) => [
        [broker.host, other],
        [other, broker.host],
      ]),
    );
  }

  async #silent(pairs: readonly (readonly [string, string])[]): Promise<void> {
    const { network } = this.#world;
    const text = pairs.map((pair) => pair.join('>')).join(' ');
    this.#say(`silent: ${text}`);
    for (const [from, to] of pairs) network.silence(from, to);
    await this.#while(10_000);
    this.#say(`heard again: ${text}`);
    for (const [from, to] of pairs) network.open(from, to);
  }

  /** To another host: what goes the other way is as fast as ever. */
  async #slowLink(broker: SimulatedBroker): Promise<void> {
    const { network, scheduler } = this.#world;
    const other = this.#oneOf(this.#hostsBut(broker.host));
    const byMs = 50 + scheduler.random.integer(2000);
    this.#say(`${broker.host}>${other} is slower by up to ${String(byMs)} ms`);
    network.slowDown(broker.host, other, byMs);
    await this.#while(10_000);
    network.slowDown(broker.host, other, 0);
  }

  /** A leader hears nothing of the replica that the controller has let into the ISR, and dies. */
  async #interruptJoin(): Promise<void> {
    const { history, scheduler, zookeeper, brokers, network } = this.#world;
    const join = await Promise.race([history.nextJoin(), scheduler.pause(8000)]);
    const node = await zookeeper.observer.get('/controller');
    const leader = brokers.find(({ id }) => id === join?.leader);
    if (leader === undefined || node === null) return;
    const { brokerId } = decodeController(node.data, '/controller');
    const silent = [brokerId, join?.joined].map((id) => `broker-${String(id)}`);
    this.#say(`${leader.host} does not hear of a join: silent ${silent.join(' ')}`);
    for (const host of silent) network.silence(host, leader.host);
    await this.#while(4000);
    this.#say(`kill ${leader.host}`);
    leader.kill();
    for (const host of silent) network.open(host, leader.host);
    await this.#while(8000);
    leader.start();
  }

  #cut(broker: SimulatedBroker): Promise<void> {
    const other = this.#oneOf(this.#hostsBut(broker.host).filter((host) => host !== ZOOKEEPER));
    return this.#do(`connections between ${broker.host} and ${other} are cut`, () =>
      this.#world.network.cut(broker.host, other),
    );
  }

  #jump(broker: SimulatedBroker): Promise<void> {
    const { random } = this.#world.scheduler;
    const byMs = (random.integer(2) === 0 ? -1 : 1) * random.integer(600_000);
    return this.#do(`clock of ${broker.host} jumps by ${String(byMs)} ms`, () => {
      broker.clockErrorMs += byMs;
    });
  }

  async #slow(broker: SimulatedBroker): Promise<void> {
    this.#say(`disk of ${broker.host} is slow`);
    const before = broker.diskMs;
    broker.diskMs = 20 + this.#world.scheduler.random.integer(300);
    await this.#while(4000);
    broker.diskMs = Math.min(before, 2);
  }

  #do(text: string, action: () => void): Promise<void> {
    this.#say(text);
    action();
    return Promise.resolve();
  }

  #hostsBut(host: string): readonly string[] {
    const hosts = this.#world.brokers.map((broker) => broker.host);
    return [...hosts, ZOOKEEPER, CLIENT].filter((other) => other !== host);
  }

  /** As long as a fault goes on: short ones are as likely as long ones. */
  #while(longestMs: number): Promise<void> {
    const { scheduler } = this.#world;
    return scheduler.pause(scheduler.random.integer(1 + scheduler.random.integer(longestMs)));
  }

  #say(text: string): void {
    const { trace, nowMs } = this.#world.scheduler;
    this.#happened.push(`${String(nowMs - 1_700_000_000_000)} ${text}`);
    trace.note(`FAULT ${text}`);
  }

  #oneOf<T>(list: readonly T[]): T {
    const chosen = list[this.#world.scheduler.random.integer(list.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }
}
