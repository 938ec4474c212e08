/**
 * What a replica is told to be, and for which leader epoch. Owner: the partition.
 *
 * Invariant: the leader epoch never goes back.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { PartitionState } from './partition-state.ts';

/** The client did not say which epoch it knows. */
export const NO_EPOCH = -1;

export class ReplicaRole {
  readonly #brokerId: number;
  readonly #folder: string;
  /** Null before the first state, and while the replica is stopped. */
  #state: PartitionState | null = null;
  /** Its disk is gone. */
  #hasFailed = false;
  /** Of the last state, also of one from before a stop. */
  #leaderEpoch = -1;
  #isLeader = false;
  #tenure = 0;

  constructor(brokerId: number, folder: string) {
    this.#brokerId = brokerId;
    this.#folder = folder;
  }

  get state(): PartitionState | null {
    return this.#state;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** -1: none was ever told. */
  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Another number means that this broker has not led all the time since. */
  get tenure(): number {
    return this.#tenure;
  }

  /** Whether a state of that epoch is an old one. After a stop the same epoch may come again. */
  hasPassed(leaderEpoch: number): boolean {
    return this.#state === null
      ? leaderEpoch < this.#leaderEpoch
      : leaderEpoch <= this.#leaderEpoch;
  }

  apply(state: PartitionState): void {
    assert(state.leaderEpoch >= this.#leaderEpoch, 'the leader epoch went back');
    this.#state = state;
    this.#leaderEpoch = state.leaderEpoch;
    this.#lead(state.leader === this.#brokerId);
  }

  stop(): void {
    this.#state = null;
    this.#lead(false);
  }

  fail(): void {
    this.#hasFailed = true;
    this.stop();
  }

  /** Throws NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, KAFKA_STORAGE_ERROR. */
  requireReplica(currentLeaderEpoch: number): PartitionState {
    if (this.#hasFailed) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${this.#folder} is offline`);
    }
    const state = this.#state;
    if (state === null) throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    if (currentLeaderEpoch !== NO_EPOCH) {
      if (currentLeaderEpoch < state.leaderEpoch) {
        throw new KafkaError(ErrorCodes.FENCED_LEADER_EPOCH);
      }
      if (currentLeaderEpoch > state.leaderEpoch) {
        throw new KafkaError(ErrorCodes.UNKNOWN_LEADER_EPOCH);
      }
    }
    return state;
  }

  #lead(isLeader: boolean): void {
    if (isLeader !== this.#isLeader) this.#tenure += 1;
    this.#isLeader = isLeader;
  }
}
