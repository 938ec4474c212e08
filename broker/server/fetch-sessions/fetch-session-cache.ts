/**
 * The fetch sessions of a broker: at most `slotCount`. When all are taken, a new one takes the place
 * of, in this order, the one that nobody has used for longest, if that is more than two minutes; the
 * least valuable of those that may be replaced, if it is worth less than the new one. A follower's
 * session is worth more than any consumer's; of two of a kind, that with more partitions is.
 *
 * A session may be replaced by any other once it is older than two minutes, so that new ones cannot
 * push each other out in a circle; a consumer's may be replaced by a follower's at any age.
 *
 * Invariants: `#sessions` is in the order of use, the least recently used first; the worth of a
 * session is that of its last use.
 */

import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { FetchSession } from './fetch-session.ts';
import type { SessionPartitions } from './session-partitions.ts';

const EVICTION_MS = 120_000;
const ID_MAX = 0x7fffffff;

export interface FetchSessionCacheOptions {
  /** 0: there are no sessions. */
  readonly slotCount: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Pick<Random, 'integer'>;
}

export interface NewSession {
  readonly isPrivileged: boolean;
  readonly usesTopicIds: boolean;
  readonly partitionCount: number;
  /** Called only if there is a slot. */
  readonly partitions: () => SessionPartitions;
}

interface Slot {
  readonly session: FetchSession;
  readonly createdMs: number;
  usedMs: number;
  /** Partitions at the last use. */
  partitionCount: number;
  /** Older than the two minutes at the last use. */
  isReplaceable: boolean;
}

type Worth = Pick<NewSession, 'isPrivileged' | 'partitionCount'>;

export class FetchSessionCache {
  readonly #options: FetchSessionCacheOptions;
  readonly #sessions = new Map<number, Slot>();
  /** What makes room for a new session next; undefined: to be looked for. */
  #leastForConsumer: Slot | null | undefined;
  #leastForFollower: Slot | null | undefined;
  #partitionCount = 0;
  #evictedCount = 0;

  constructor(options: FetchSessionCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Of all sessions. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Sessions that had to make room, so far. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id)?.session;
  }

  /** Null if there is no slot for it. */
  create(wanted: NewSession): FetchSession | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#sessions.size >= this.#options.slotCount && !this.#evictFor(wanted, nowMs)) {
      return null;
    }
    const { isPrivileged, usesTopicIds } = wanted;
    const partitions = wanted.partitions();
    const session = new FetchSession({ id: this.#newId(), isPrivileged, usesTopicIds, partitions });
    this.#sessions.set(session.id, {
      session,
      createdMs: nowMs,
      usedMs: nowMs,
      partitionCount: partitions.size,
      isReplaceable: false,
    });
    this.#partitionCount += partitions.size;
    this.#forgetLeast();
    return session;
  }

  /** The session is used, and may have other partitions than before. */
  touch(session: FetchSession): void {
    const slot = this.#sessions.get(session.id);
    if (slot === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, slot);
    slot.usedMs = nowMs;
    const { size } = session.partitions;
    const isReplaceable = nowMs - slot.createdMs > EVICTION_MS;
    if (size === slot.partitionCount && isReplaceable === slot.isReplaceable) return;
    this.#partitionCount += size - slot.partitionCount;
    slot.partitionCount = size;
    slot.isReplaceable = isReplaceable;
    this.#forgetLeast();
  }

  remove(id: number): void {
    const slot = this.#sessions.get(id);
    if (slot === undefined) return;
    this.#sessions.delete(id);
    this.#partitionCount -= slot.partitionCount;
    this.#forgetLeast();
  }

  #evictFor(wanted: Worth, nowMs: number): boolean {
    const { value: oldest } = this.#sessions.values().next();
    if (oldest === undefined) return false;
    const isUnused = nowMs - oldest.usedMs > EVICTION_MS;
    const victim = isUnused ? oldest : this.#leastFor(wanted.isPrivileged);
    if (victim === null || (!isUnused && !isWorthLess(worthOf(victim), wanted))) return false;
    this.remove(victim.session.id);
    this.#evictedCount += 1;
    return true;
  }

  /** Looked for only when sessions came, went or changed: clients without a slot ask all the time. */
  #leastFor(isPrivileged: boolean): Slot | null {
    const known = isPrivileged ? this.#leastForFollower : this.#leastForConsumer;
    if (known !== undefined) return known;
    const least = this.#findLeast(isPrivileged);
    if (isPrivileged) this.#leastForFollower = least;
    else this.#leastForConsumer = least;
    return least;
  }

  #findLeast(forFollower: boolean): Slot | null {
    let least: Slot | null = null;
    for (const slot of this.#sessions.values()) {
      if (!slot.isReplaceable && !(forFollower && !slot.session.isPrivileged)) continue;
      if (least === null || isWorthLess(worthOf(slot), worthOf(least))) least = slot;
    }
    return least;
  }

  #forgetLeast(): void {
    this.#leastForConsumer = undefined;
    this.#leastForFollower = undefined;
  }

  #newId(): number {
    for (;;) {
      const id = 1 + this.#options.random.integer(ID_MAX);
      if (!this.#sessions.has(id)) return id;
    }
  }
}

function worthOf({ session, partitionCount }: Slot): Worth {
  return { isPrivileged: session.isPrivileged, partitionCount };
}

function isWorthLess(one: Worth, other: Worth): boolean {
  if (one.isPrivileged !== other.isPrivileged) return other.isPrivileged;
  return one.partitionCount < other.partitionCount;
}
