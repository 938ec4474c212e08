/**
 * The follower's half of an incremental fetch session (KIP-227): after a full fetch only what changed
 * is named, and the leader answers only with what is new. Owner: a fetcher, one for each connection.
 *
 * Invariant: what is wanted is what the leader's session holds as soon as the request built last has
 * been answered. A leader that has forgotten the session, or keeps none, gets full fetches.
 */

import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { fetch } from '../../protocol/messages/fetch.ts';
import { ZERO_UUID } from '../../protocol/wire/uuid.ts';

export type FetchRequest = RequestOf<typeof fetch>;
export type FetchResponse = ResponseOf<typeof fetch>;
export type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

export interface WantedFetch {
  readonly topic: string;
  /** Null where the topic has none. */
  readonly topicId: string | null;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly offset: number;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: number;
  readonly bytesMax: number;
}

type SessionPart = Pick<
  FetchRequest,
  'sessionId' | 'sessionEpoch' | 'topics' | 'forgottenTopicsData'
>;

const FULL_EPOCH = 0;
const EPOCH_MAX = 0x7fffffff;

export class FetchSession {
  readonly #wanted = new Map<string, WantedFetch>();
  /** Changed since the last request, or to be forgotten: what the leader's session holds of them. */
  readonly #changed = new Map<string, WantedFetch | null>();
  /** Partitions that are wanted, of each topic that has an id. */
  readonly #topics = new Map<string, { readonly topic: string; count: number }>();
  #withoutIdCount = 0;
  #usesIds = false;
  /** 0: there is none. */
  #id = 0;
  #epoch = FULL_EPOCH;

  /** Partitions that are wanted. */
  get size(): number {
    return this.#wanted.size;
  }

  /** Topics can be named by their ids. */
  get allHaveIds(): boolean {
    return this.#withoutIdCount === 0;
  }

  /** Undefined where nothing of it is wanted any more. */
  topicOf(topicId: string): string | undefined {
    return this.#topics.get(topicId)?.topic;
  }

  wanted(key: string): WantedFetch | undefined {
    return this.#wanted.get(key);
  }

  want(key: string, fetch: WantedFetch): void {
    const before = this.#wanted.get(key);
    if (before !== undefined && areSame(before, fetch)) return;
    if (!this.#changed.has(key)) this.#changed.set(key, before ?? null);
    this.#count(before, -1);
    this.#count(fetch, 1);
    this.#wanted.set(key, fetch);
  }

  forget(key: string): void {
    const before = this.#wanted.get(key);
    if (before === undefined) return;
    if (!this.#changed.has(key)) this.#changed.set(key, before);
    this.#count(before, -1);
    this.#wanted.delete(key);
  }

  /** The next request: full, or what changed since the last one. */
  next(usesIds: boolean): SessionPart {
    if (usesIds !== this.#usesIds) this.restart();
    this.#usesIds = usesIds;
    const isFull = this.#epoch === FULL_EPOCH;
    const changed = new Map(this.#changed);
    this.#changed.clear();
    const named: WantedFetch[] = [];
    const forgotten: WantedFetch[] = [];
    if (isFull) named.push(...this.#wanted.values());
    else {
      for (const [key, before] of changed) {
        const wanted = this.#wanted.get(key);
        if (wanted !== undefined) named.push(wanted);
        // A topic made anew under the same name is another one.
        const isGone = wanted === undefined || wanted.topicId !== before?.topicId;
        if (isGone && before !== null) forgotten.push(before);
      }
    }
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: byTopic(named, requestPartition),
      forgottenTopicsData: byTopic(forgotten, ({ partition }) => partition),
    };
  }

  /** After an answer without an error of its own. */
  noteAnswer(sessionId: number): void {
    if (sessionId === 0) this.reset();
    else if (this.#epoch === FULL_EPOCH || sessionId !== this.#id) {
      this.#id = sessionId;
      this.#epoch = 1;
    } else this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
  }

  /** The next request is a full one, and ends the session that there is. */
  restart(): void {
    this.#epoch = FULL_EPOCH;
  }

  /** The same where the leader has none, or is another one. */
  reset(): void {
    this.#id = 0;
    this.#epoch = FULL_EPOCH;
  }

  #count(fetch: WantedFetch | undefined, by: number): void {
    if (fetch === undefined) return;
    const { topic, topicId } = fetch;
    if (topicId === null) {
      this.#withoutIdCount += by;
      return;
    }
    const known = this.#topics.get(topicId) ?? { topic, count: 0 };
    known.count += by;
    if (known.count === 0) this.#topics.delete(topicId);
    else this.#topics.set(topicId, known);
  }
}

function areSame(a: WantedFetch, b: WantedFetch): boolean {
  return (
    a.offset === b.offset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.logStartOffset === b.logStartOffset &&
    a.bytesMax === b.bytesMax &&
    a.topicId === b.topicId
  );
}

function requestPartition(
  wanted: WantedFetch,
): FetchRequest['topics'][number]['partitions'][number] {
  return {
    partition: wanted.partition,
    currentLeaderEpoch: wanted.currentLeaderEpoch,
    fetchOffset: BigInt(wanted.offset),
    lastFetchedEpoch: wanted.lastFetchedEpoch,
    logStartOffset: BigInt(wanted.logStartOffset),
    partitionMaxBytes: wanted.bytesMax,
    replicaDirectoryId: ZERO_UUID,
  };
}

/** In the order in which the topics come first. */
function byTopic<T>(
  fetches: readonly WantedFetch[],
  partitionOf: (fetch: WantedFetch) => T,
): { readonly topic: string; readonly topicId: string; readonly partitions: T[] }[] {
  const topics = new Map<string, { topic: string; topicId: string; partitions: T[] }>();
  for (const fetch of fetches) {
    const topicId = fetch.topicId ?? ZERO_UUID;
    const key = `${topicId} ${fetch.topic}`;
    let entry = topics.get(key);
    if (entry === undefined) {
      entry = { topic: fetch.topic, topicId, partitions: [] };
      topics.set(key, entry);
    }
    entry.partitions.push(partitionOf(fetch));
  }
  return [...topics.values()];
}
