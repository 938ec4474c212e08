/**
 * Which session a fetch belongs to (KIP-227), by the session id and epoch of the request:
 *
 *     id    epoch
 *     any   0      a full fetch; a session is opened for it if there is a slot; session `id` is closed
 *     any   -1     a full fetch without a session; session `id` is closed
 *     id    next   an incremental fetch: of the session's partitions, as the request changes them
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { fetch } from '../../protocol/messages/fetch.ts';
import type { RequestOf } from '../../protocol/schema/api.ts';
import type { PartitionFetchResult } from '../../replication/purgatory/fetch-purgatory.ts';
import type { FetchSessionCacheOptions } from './fetch-session-cache.ts';
import { FetchSessionCache } from './fetch-session-cache.ts';
import type { FetchSession } from './fetch-session.ts';
import { FINAL_EPOCH, INITIAL_EPOCH } from './fetch-session.ts';
import { SessionPartitions } from './session-partitions.ts';

type FetchRequest = RequestOf<typeof fetch>;

export type OpenedFetch =
  | { readonly kind: 'refused'; readonly errorCode: ErrorCode }
  /** What is fetched is what the request names. */
  | { readonly kind: 'full'; readonly wantsSession: boolean }
  /** What is fetched is what the session holds. `epoch`: while the session has it, nobody asked again. */
  | { readonly kind: 'incremental'; readonly session: FetchSession; readonly epoch: number };

export class FetchSessions {
  readonly #cache: FetchSessionCache;

  constructor(options: FetchSessionCacheOptions) {
    this.#cache = new FetchSessionCache(options);
  }

  get cache(): Pick<FetchSessionCache, 'size' | 'partitionCount' | 'evictedCount'> {
    return this.#cache;
  }

  open(request: FetchRequest, usesTopicIds: boolean): OpenedFetch {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#cache.remove(sessionId);
      return { kind: 'full', wantsSession: sessionEpoch === INITIAL_EPOCH };
    }
    const session = this.#cache.get(sessionId);
    if (session === undefined) return refused(ErrorCodes.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== sessionEpoch) return refused(ErrorCodes.INVALID_FETCH_SESSION_EPOCH);
    if (session.usesTopicIds !== usesTopicIds) {
      return refused(ErrorCodes.FETCH_SESSION_TOPIC_ID_ERROR);
    }
    change(session.partitions, request);
    if (session.partitions.size === 0) {
      // Nothing is left to ask for: the client is told by the session id 0 of the answer.
      this.#cache.remove(sessionId);
      return { kind: 'full', wantsSession: false };
    }
    this.#cache.touch(session);
    return { kind: 'incremental', session, epoch: session.advance() };
  }

  /** The id of a session for what a full fetch was answered, in the order of the request; 0: none. */
  keep(
    request: FetchRequest,
    results: readonly PartitionFetchResult[],
    kind: { readonly isPrivileged: boolean; readonly usesTopicIds: boolean },
  ): number {
    if (results.length === 0) return 0;
    const session = this.#cache.create({
      ...kind,
      partitionCount: results.length,
      partitions: () => partitionsOf(request, results, kind.usesTopicIds),
    });
    return session?.id ?? 0;
  }
}

function refused(errorCode: ErrorCode): OpenedFetch {
  return { kind: 'refused', errorCode };
}

function change(partitions: SessionPartitions, request: FetchRequest): void {
  for (const topic of request.topics) {
    for (const asked of topic.partitions) partitions.put(topic, asked);
  }
  for (const topic of request.forgottenTopicsData) {
    for (const index of topic.partitions) partitions.remove(topic, index);
  }
}

function partitionsOf(
  request: FetchRequest,
  results: readonly PartitionFetchResult[],
  usesTopicIds: boolean,
): SessionPartitions {
  const partitions = new SessionPartitions({ usesTopicIds });
  let place = 0;
  for (const topic of request.topics) {
    for (const asked of topic.partitions) {
      const result = results[place];
      place += 1;
      const partition = partitions.put(topic, asked);
      if (result !== undefined) partition.tell(result);
    }
  }
  return partitions;
}
