/**
 * Every write to the znodes that matter, in the order in which ZooKeeper carried them out: one leader
 * per epoch, epochs that never fall, leaders only from the ISR, one controller per epoch. Throws an
 * AssertionError at the write that breaks a rule.
 */

import assert from 'node:assert/strict';
import type { PartitionState } from '../../../broker/zookeeper/znodes/partition-state.ts';
import { decodePartitionState } from '../../../broker/zookeeper/znodes/partition-state.ts';
import { decodeControllerEpoch } from '../../../broker/zookeeper/znodes/controller.ts';
import { decodeTopicAssignment } from '../../../broker/zookeeper/znodes/topic-assignment.ts';

const TOPIC = /^\/brokers\/topics\/([^/]+)$/;
const STATE = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/;

interface Entry {
  readonly atMs: number;
  readonly state: PartitionState;
}

/** A replica that the controller has just let into the ISR. */
export interface Join {
  readonly leader: number;
  readonly joined: number;
}

export class StateHistory {
  readonly #nowMs: () => number;
  readonly #note: (text: string) => void;
  readonly #entries = new Map<string, Entry[]>();
  readonly #replicas = new Map<string, readonly number[]>();
  readonly #moving = new Set<string>();
  /** Who waits for a replica to join. */
  #onJoin: ((join: Join) => void)[] = [];
  #controllerEpoch = 0;

  constructor(nowMs: () => number, note: (text: string) => void) {
    this.#nowMs = nowMs;
    this.#note = note;
  }

  wrote(path: string, data: Buffer | null, isRemoved: boolean): void {
    if (path === '/controller_epoch') this.#controllerWrote(data);
    const topic = TOPIC.exec(path)?.[1];
    if (topic !== undefined && !isRemoved) this.#assigned(topic, data);
    const found = STATE.exec(path);
    if (found === null) return;
    const key = `${String(found[1])}-${String(found[2])}`;
    if (isRemoved) this.#entries.delete(key);
    else this.#stateWritten(key, decodePartitionState(data, path));
  }

  /** Who leads, and in which epoch; -1 where there is no such partition. */
  termOf(topic: string, partition: number): { readonly leader: number; readonly epoch: number } {
    const state = this.#last(topic, partition);
    return { leader: state?.leader ?? -1, epoch: state?.leaderEpoch ?? -1 };
  }

  /** Every partition has a leader, all of its replicas in the ISR, and none that comes or goes. */
  get isSettled(): boolean {
    for (const [key, entries] of this.#entries) {
      const state = entries.at(-1)?.state;
      const replicas = this.#replicas.get(key)?.length ?? 0;
      if (state === undefined || state.leader < 0 || state.isr.length !== replicas) return false;
      if (this.#moving.has(key)) return false;
    }
    return true;
  }

  /** The next in any partition. */
  nextJoin(): Promise<Join> {
    return new Promise((resolve) => this.#onJoin.push(resolve));
  }

  /** As the topic is assigned now. */
  replicasOf(key: string): readonly number[] {
    return this.#replicas.get(key) ?? [];
  }

  /** Wherever it has a replica, this is in sync. */
  isComplete(brokerId: number): boolean {
    return [...this.#entries].every(([key, entries]) => {
      const isReplica = this.#replicas.get(key)?.includes(brokerId) === true;
      return !isReplica || entries.at(-1)?.state.isr.includes(brokerId) === true;
    });
  }

  /** Each partition has another replica in sync. */
  canSpare(brokerId: number): boolean {
    return [...this.#entries.values()].every(
      (entries) => entries.at(-1)?.state.isr.some((id) => id !== brokerId) === true,
    );
  }

  /** The largest ISR that the partition had at any moment since then. */
  mostInSyncSince(topic: string, partition: number, sinceMs: number): number {
    let most = 0;
    const entries = this.#entries.get(`${topic}-${String(partition)}`) ?? [];
    for (const { atMs, state } of [...entries].reverse()) {
      most = Math.max(most, state.isr.length);
      if (atMs < sinceMs) break;
    }
    return most;
  }

  #last(topic: string, partition: number): PartitionState | undefined {
    return this.#entries.get(`${topic}-${String(partition)}`)?.at(-1)?.state;
  }

  #assigned(topic: string, data: Buffer | null): void {
    const assignment = decodeTopicAssignment(data, topic);
    for (const [partition, replicas] of assignment.partitions) {
      const key = `${topic}-${String(partition)}`;
      this.#replicas.set(key, replicas);
      const { addingReplicas, removingReplicas } = assignment;
      if (addingReplicas.has(partition) || removingReplicas.has(partition)) this.#moving.add(key);
      else this.#moving.delete(key);
    }
  }

  #controllerWrote(data: Buffer | null): void {
    const epoch = decodeControllerEpoch(data, '/controller_epoch');
    this.#note(`controller epoch ${String(epoch)}`);
    assert(epoch > this.#controllerEpoch || epoch === 0, 'the controller epoch did not rise');
    this.#controllerEpoch = epoch;
  }

  #stateWritten(key: string, state: PartitionState): void {
    const entries = this.#entries.get(key) ?? [];
    this.#entries.set(key, entries);
    const before = entries.at(-1)?.state;
    this.#note(`state of ${key} ${JSON.stringify(state)}`);
    assert(state.isr.length > 0, `${key} has an empty ISR`);
    assert.equal(new Set(state.isr).size, state.isr.length, `${key} has one replica twice`);
    assert(state.leader === -1 || state.isr.includes(state.leader), `${key}: leader not in ISR`);
    if (before !== undefined) checkChange(key, before, state);
    entries.push({ atMs: this.#nowMs(), state });
    const joined = state.isr.find((id) => before?.isr.includes(id) === false);
    if (joined === undefined || before?.leaderEpoch !== state.leaderEpoch) return;
    for (const tell of this.#onJoin.splice(0)) tell({ leader: state.leader, joined });
  }
}

function checkChange(key: string, before: PartitionState, after: PartitionState): void {
  const change = `${key}: from ${JSON.stringify(before)} to ${JSON.stringify(after)}`;
  assert(after.leaderEpoch >= before.leaderEpoch, `the leader epoch fell, ${change}`);
  assert(after.controllerEpoch >= before.controllerEpoch, `an old controller wrote, ${change}`);
  if (after.leader !== before.leader) {
    assert(after.leaderEpoch > before.leaderEpoch, `two leaders in one epoch, ${change}`);
  }
  const clean = [...before.isr, ...before.eligible];
  const isClean = after.leader === -1 || clean.includes(after.leader);
  assert(isClean, `an unclean election, ${change}`);
}
