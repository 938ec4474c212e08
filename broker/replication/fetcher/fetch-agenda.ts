/**
 * What a fetcher has to do: which partitions the next fetch asks for, which are compared first, and
 * which wait. Looks only at partitions of which something has changed, so that a busy partition among
 * thousands of quiet ones costs no more than itself. Owner: a fetcher.
 *
 * Invariant: a partition is asked for, to be compared, waits until a time, waits for its own writes,
 * or is parked until it is removed.
 */

import type { Clock } from '../../platform/clock.ts';
import type { ReplicationThrottle } from '../throttle/replication-throttle.ts';
import type { FetcherSettings } from './fetcher-options.ts';
import type { FetchSession } from './fetch-session.ts';
import type { FollowedPartition } from './followed-partition.ts';
import { backoffAfter } from './partition-trouble.ts';

/** How soon a throttled replica looks again. */
const THROTTLE_MS = 100;
/** The same for one whose log is being written, or repaired. */
const WRITE_MS = 100;
/** What changes unasked (log starts by retention, topic configuration) reaches the leader so late. */
const SWEEP_MS = 1000;

interface AgendaOptions {
  readonly session: FetchSession;
  readonly settings: () => FetcherSettings;
  readonly throttle: ReplicationThrottle;
  readonly clock: Clock;
}

export class FetchAgenda {
  readonly #options: AgendaOptions;
  readonly #partitions = new Map<string, FollowedPartition>();
  readonly #touched = new Set<FollowedPartition>();
  readonly #toCompare = new Set<FollowedPartition>();
  /** With when they are looked at again. */
  readonly #delayed = new Map<FollowedPartition, number>();
  #sweptMs: number;

  constructor(options: AgendaOptions) {
    this.#options = options;
    this.#sweptMs = options.clock.monotonicMs();
  }

  get size(): number {
    return this.#partitions.size;
  }

  /** Something is to be asked of the leader now. */
  get hasWork(): boolean {
    return this.#toCompare.size > 0 || this.#options.session.size > 0;
  }

  get toCompareCount(): number {
    return this.#toCompare.size;
  }

  get partitions(): Iterable<FollowedPartition> {
    return this.#partitions.values();
  }

  get(key: string): FollowedPartition | undefined {
    return this.#partitions.get(key);
  }

  add(followed: FollowedPartition): void {
    this.#partitions.set(followed.key, followed);
    this.touch(followed);
  }

  remove(followed: FollowedPartition): void {
    if (this.#partitions.get(followed.key) !== followed) return;
    this.#partitions.delete(followed.key);
    this.#touched.delete(followed);
    this.#toCompare.delete(followed);
    this.#delayed.delete(followed);
    this.#options.session.forget(followed.key);
  }

  /** Something of it has changed: `update` looks at it. */
  touch(followed: FollowedPartition): void {
    this.#touched.add(followed);
  }

  /** The connection is another one: the leader may be another version, and knows of no session. */
  restart(): void {
    for (const followed of this.#partitions.values()) {
      if (followed.stage === 'fetch') followed.stage = 'compare';
      this.touch(followed);
    }
  }

  /** Puts every partition that was touched, or has waited long enough, in its place. */
  update(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [followed, dueMs] of this.#delayed) {
      if (dueMs <= nowMs) this.#touched.add(followed);
    }
    if (nowMs - this.#sweptMs >= SWEEP_MS) {
      this.#sweptMs = nowMs;
      for (const followed of this.#partitions.values()) this.#touched.add(followed);
    }
    for (const followed of this.#touched) this.#place(followed, nowMs);
    this.#touched.clear();
  }

  /** Partitions that are to be compared; whoever takes them touches them afterwards. */
  takeToCompare(): readonly FollowedPartition[] {
    const taken = [...this.#toCompare];
    this.#toCompare.clear();
    return taken;
  }

  /** Null: nothing waits for a time. */
  nextDueMs(): number | null {
    let dueMs: number | null = null;
    for (const atMs of this.#delayed.values()) dueMs = Math.min(dueMs ?? Infinity, atMs);
    return dueMs;
  }

  #place(followed: FollowedPartition, nowMs: number): void {
    const { session, settings } = this.#options;
    this.#delayed.delete(followed);
    this.#toCompare.delete(followed);
    this.#noteWait(followed, nowMs);
    followed.isAskedFor = false;
    if (followed.stage === 'fetch' && followed.notBeforeMs <= nowMs && followed.isWritten) {
      followed.isAskedFor = true;
      session.want(followed.key, followed.wanted(settings().partitionBytesMax));
      return;
    }
    session.forget(followed.key);
    if (followed.stage === 'parked') return;
    if (followed.notBeforeMs > nowMs) this.#delayed.set(followed, followed.notBeforeMs);
    else if (followed.stage !== 'fetch') this.#toCompare.add(followed);
    // Its end is told, but that of a repair after a failed write is not.
    else this.#delayed.set(followed, nowMs + WRITE_MS);
  }

  #noteWait(followed: FollowedPartition, nowMs: number): void {
    const { settings, throttle } = this.#options;
    if (followed.mustWait) {
      followed.mustWait = false;
      followed.notBeforeMs = nowMs + backoffAfter(followed.failureCount, settings().backoffMs);
    } else if (followed.notBeforeMs <= nowMs && !followed.isInSync) {
      const { topic, partition } = followed.name;
      if (throttle.isExceeded() && throttle.isThrottled(topic, partition)) {
        followed.notBeforeMs = nowMs + THROTTLE_MS;
      }
    }
  }
}
