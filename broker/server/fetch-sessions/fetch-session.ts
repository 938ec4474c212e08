/**
 * What a broker remembers of one client between its fetches (KIP-227), so that requests name only the
 * partitions of which something else is asked than before, and answers only those with something new.
 *
 * Each request of a session carries the epoch after that of the one before. So a request that is sent
 * twice is noticed, and of two that are served at once only the later one is answered from the session.
 */

import type { SessionPartitions } from './session-partitions.ts';

/** Epochs of requests. 0: a full fetch that wants a new session; -1: a full fetch without one. */
export const INITIAL_EPOCH = 0;
export const FINAL_EPOCH = -1;
const EPOCH_MAX = 0x7fffffff;

/** The epoch after the largest is 1: 0 asks for another session. */
export function nextEpoch(epoch: number): number {
  return epoch === EPOCH_MAX ? 1 : epoch + 1;
}

export interface SessionOptions {
  readonly id: number;
  /** A follower's: consumers never take its place. */
  readonly isPrivileged: boolean;
  readonly usesTopicIds: boolean;
  readonly partitions: SessionPartitions;
}

export class FetchSession {
  /** Never 0. */
  readonly id: number;
  readonly isPrivileged: boolean;
  readonly usesTopicIds: boolean;
  readonly partitions: SessionPartitions;
  #epoch = nextEpoch(INITIAL_EPOCH);

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.isPrivileged = options.isPrivileged;
    this.usesTopicIds = options.usesTopicIds;
    this.partitions = options.partitions;
  }

  /** That of the next request. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A request of the present epoch is served. Returns the epoch that lasts while it is the latest. */
  advance(): number {
    this.#epoch = nextEpoch(this.#epoch);
    return this.#epoch;
  }
}
