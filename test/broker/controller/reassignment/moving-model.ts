/** What befalls a cluster while replicas move, and what has to hold whatever befalls it. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { errorCodeOf } from '../../../../broker/model/kafka-error.ts';
import { paths } from '../../../../broker/zookeeper/paths.ts';
import type { ControllerCluster, FakeBroker } from '../cluster-fixture.ts';
import { json } from '../cluster-fixture.ts';
import type { WrittenPlacement } from './moving-replicas.ts';
import {
  catchUp,
  leaveIsr,
  placementOf,
  reassign,
  removedFrom,
  stateOf,
} from './moving-replicas.ts';

export const IDS = [1, 2, 3, 4];

type Command =
  | { readonly kind: 'reassign'; readonly target: readonly number[] }
  | { readonly kind: 'znode'; readonly target: readonly number[] }
  | {
      readonly kind: 'interrupted';
      readonly target: readonly number[] | null;
      readonly steps: number;
    }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'depose' }
  /** Of those that it can befall. */
  | { readonly kind: 'kill' | 'start' | 'catchUp' | 'fallBehind'; readonly index: number };

/** Commands that may end a reassignment whoever is in sync. */
const REQUESTS: readonly Command['kind'][] = ['reassign', 'cancel', 'interrupted', 'znode'];
const index = fc.nat(3);
export const target = fc.shuffledSubarray(IDS, { minLength: 1, maxLength: 2 });
export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reassign'), target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('znode'), target }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('interrupted'),
      target: fc.option(target),
      steps: fc.nat(60),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'cancel', 'cancel', 'depose') }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('kill', 'kill', 'kill', 'start', 'start', 'fallBehind'),
      index,
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('catchUp'), index }) },
);

/** The cluster beside what is known of it: who has which records, and where replicas have to end. */
export class Model {
  readonly #cluster: ControllerCluster;
  readonly #brokers: readonly FakeBroker[];
  /** By broker: how many of the acknowledged records it has. */
  readonly #held = new Map<number, number>();
  readonly #removals = new Map<number, number>();
  #acknowledged = 0;
  #leaderEpoch = 0;
  /** Where the replicas have to be in the end. */
  #wanted: readonly number[];

  constructor(
    cluster: ControllerCluster,
    brokers: readonly FakeBroker[],
    replicas: readonly number[],
  ) {
    this.#cluster = cluster;
    this.#brokers = brokers;
    this.#wanted = replicas;
  }

  async run(step: Command): Promise<void> {
    const before = await this.#placement();
    switch (step.kind) {
      case 'reassign':
        await this.#reassign(step.target);
        break;
      case 'cancel':
        await this.#reassign(null);
        break;
      case 'interrupted':
        await this.#interrupted(step.target, step.steps);
        break;
      case 'znode':
        await this.#znode(step.target);
        break;
      case 'depose':
        await this.#cluster.session.remove(paths.controller, -1);
        break;
      case 'kill':
        await this.#kill(step.index);
        break;
      case 'start':
        await this.start(this.#pick(this.#ids(false), step.index) ?? 1);
        break;
      case 'catchUp':
        await this.catchUp(this.#pick(await this.#lagging(), step.index) ?? 1);
        break;
      case 'fallBehind':
        await this.#fallBehind(step.index);
        break;
    }
    await this.#cluster.settle();
    await this.check();
    if (!REQUESTS.includes(step.kind)) await this.#checkEnd(before);
  }

  async start(brokerId: number): Promise<void> {
    const broker = this.#broker(brokerId);
    if (broker.session === null) await this.#cluster.join(broker);
  }

  /** A replica gets all that the leader has, and into the ISR. */
  async catchUp(brokerId: number): Promise<void> {
    const { leader, isr } = await stateOf(this.#cluster, 'orders');
    const placement = await this.#placement();
    const isDue = placement.replicas.includes(brokerId) && !isr.includes(brokerId);
    if (!isDue || leader === -1) return;
    const before = this.#held.get(brokerId);
    this.#held.set(brokerId, this.#held.get(leader) ?? 0);
    const ids = { topic: 'orders', ids: [brokerId] };
    const code = await catchUp(this.#cluster, this.#broker(leader), ids);
    if (code !== ErrorCodes.NONE) this.#held.set(brokerId, before ?? 0);
  }

  async check(): Promise<void> {
    const placement = await this.#placement();
    const { replicas, adding, removing } = placement;
    assert.equal(new Set(replicas).size, replicas.length);
    assert([...adding, ...removing].every((it) => replicas.includes(it)));
    assert(!adding.some((it) => removing.includes(it)));
    assert.deepEqual(
      replicas.filter((it) => !removing.includes(it)),
      this.#wanted,
    );
    const { leader, isr, leaderEpoch } = await stateOf(this.#cluster, 'orders');
    assert(leaderEpoch >= this.#leaderEpoch);
    this.#leaderEpoch = leaderEpoch;
    assert(isr.length > 0);
    assert(isr.every((it) => replicas.includes(it)));
    this.#noteRemovals();
    for (const member of isr) assert.equal(this.#held.get(member) ?? 0, this.#acknowledged);
    if (leader === -1) return;
    assert(isr.includes(leader));
    assert(this.#broker(leader).session !== null);
    this.#acknowledged += 1;
    for (const member of isr) this.#held.set(member, this.#acknowledged);
  }

  /** Everybody is there and catches up: then nothing is on the move any more. */
  async finish(): Promise<void> {
    for (const brokerId of IDS) await this.start(brokerId);
    await this.#cluster.settle();
    await this.check();
    for (const brokerId of IDS) {
      await this.catchUp(brokerId);
      await this.#cluster.settle();
      await this.check();
    }
    const settled = { replicas: this.#wanted, adding: [], removing: [] };
    assert.deepEqual(await this.#placement(), settled);
    assert.deepEqual(await this.#cluster.controller.reassignments(null), []);
    assert.equal(await this.#cluster.session.exists(paths.reassignPartitions), null);
    const { isr } = await stateOf(this.#cluster, 'orders');
    assert.deepEqual([...isr].sort(), [...this.#wanted].sort());
  }

  /** What ended by itself ended with all of the target in sync. */
  async #checkEnd(before: WrittenPlacement): Promise<void> {
    if (!isMoving(before) || isMoving(await this.#placement())) return;
    const { isr } = await stateOf(this.#cluster, 'orders');
    assert.deepEqual([...isr].sort(), [...this.#wanted].sort());
  }

  #pick(ids: readonly number[], index: number): number | undefined {
    return ids[index % Math.max(ids.length, 1)];
  }

  #ids(isAlive: boolean): readonly number[] {
    return this.#brokers
      .filter(({ session }) => (session !== null) === isAlive)
      .map((broker) => broker.id);
  }

  async #lagging(): Promise<readonly number[]> {
    const { isr } = await stateOf(this.#cluster, 'orders');
    const alive = this.#ids(true);
    const { replicas } = await this.#placement();
    return replicas.filter((it) => alive.includes(it) && !isr.includes(it));
  }

  async #kill(index: number): Promise<void> {
    const alive = this.#ids(true);
    if (alive.length < 2) return;
    const { replicas } = await this.#placement();
    const killed = this.#pick(
      replicas.filter((it) => alive.includes(it)),
      index,
    );
    if (killed !== undefined) await this.#cluster.leave(this.#broker(killed));
  }

  async #reassign(replicas: readonly number[] | null): Promise<void> {
    const origin = originOf(await this.#placement());
    const { errorCode } = await reassign(this.#cluster, 'orders', replicas);
    if (errorCode === ErrorCodes.NONE) this.#wanted = replicas ?? origin;
  }

  /** /controller is taken away while the request is carried out: it may be made or not. */
  async #interrupted(replicas: readonly number[] | null, steps: number): Promise<void> {
    const asked = replicas ?? originOf(await this.#placement());
    const request = { topic: 'orders', partition: 0, replicas };
    const answer = this.#cluster.controller
      .reassign([request], { mayResize: true })
      .then(([outcome]) => outcome?.errorCode)
      .catch(errorCodeOf);
    for (let count = 0; count < steps; count += 1) await Promise.resolve();
    await this.#cluster.session.remove(paths.controller, -1);
    await this.#cluster.settle();
    const code = await answer;
    await this.#settledOn(asked);
    if (code === ErrorCodes.NONE) assert.deepEqual(this.#wanted, asked);
  }

  async #znode(replicas: readonly number[]): Promise<void> {
    if ((await this.#cluster.session.exists(paths.reassignPartitions)) !== null) return;
    const partitions = [{ topic: 'orders', partition: 0, replicas }];
    const data = json({ version: 1, partitions });
    await this.#cluster.session.create(paths.reassignPartitions, data);
    await this.#cluster.settle();
    await this.#settledOn(replicas);
  }

  /** It was asked for, and may have been refused: then all is as it was. */
  async #settledOn(asked: readonly number[]): Promise<void> {
    const { replicas, removing } = await this.#placement();
    const going = replicas.filter((it) => !removing.includes(it));
    if (String(going) === String(asked)) this.#wanted = asked;
  }

  async #fallBehind(index: number): Promise<void> {
    const { leader, isr } = await stateOf(this.#cluster, 'orders');
    const left = this.#pick(
      isr.filter((it) => it !== leader),
      index,
    );
    if (leader === -1 || left === undefined) return;
    await leaveIsr(this.#cluster, this.#broker(leader), { topic: 'orders', id: left });
  }

  /** Who was told to remove its replica has nothing any more. */
  #noteRemovals(): void {
    for (const broker of this.#brokers) {
      const count = removedFrom(broker, 'orders').length;
      if (count > (this.#removals.get(broker.id) ?? 0)) this.#held.delete(broker.id);
      this.#removals.set(broker.id, count);
    }
  }

  async #placement(): Promise<WrittenPlacement> {
    const placement = await placementOf(this.#cluster, 'orders');
    assert(placement !== null);
    return placement;
  }

  #broker(brokerId: number): FakeBroker {
    const broker = this.#brokers.find((it) => it.id === brokerId);
    assert(broker !== undefined);
    return broker;
  }
}

function originOf({ replicas, adding }: WrittenPlacement): readonly number[] {
  return replicas.filter((it) => !adding.includes(it));
}

function isMoving({ adding, removing }: WrittenPlacement): boolean {
  return adding.length + removing.length > 0;
}
