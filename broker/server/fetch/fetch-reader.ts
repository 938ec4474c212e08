/**
 * Reads the partitions of a fetch: through the purgatory, but for those that the consumer should
 * rather read from a replica in its rack. Such a consumer is told so at once; what else it asked for
 * comes along as far as it is there.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf } from '../../model/kafka-error.ts';
import type { Partition } from '../../replication/partition.ts';
import type {
  FetchLimits,
  FetchPurgatory,
  PartitionFetch,
  PartitionFetchResult,
} from '../../replication/purgatory/fetch-purgatory.ts';
import type { FetchAsker, FetchRequest } from './fetch-asker.ts';
import type { ReplicaSelector } from './replica-selector.ts';

export interface FetchReaderPorts {
  readonly purgatory: Pick<FetchPurgatory, 'fetch'>;
  /** Null: consumers read from leaders. */
  readonly replicaSelector: ReplicaSelector | null;
  readonly fetchMaxBytes: number;
  /** Aborts when the client has gone or the broker stops. */
  readonly signalFor: (connectionId: number) => AbortSignal;
}

export interface FetchReading {
  readonly results: readonly PartitionFetchResult[];
  /** By place: the broker to read from, -1 for this one. Null: for all of them this one. */
  readonly preferredReplicas: readonly number[] | null;
}

const NO_PREFERENCE = -1;

export async function readFetches(
  ports: FetchReaderPorts,
  asker: FetchAsker,
  { request, fetches }: { request: FetchRequest; fetches: readonly PartitionFetch[] },
): Promise<FetchReading> {
  const limits = limitsOf(ports, request);
  const signal = ports.signalFor(asker.context.connectionId);
  const preferred = preferredReplicas(ports.replicaSelector, asker, fetches);
  if (preferred === null) {
    const results = await ports.purgatory.fetch(fetches, limits, signal);
    return { results, preferredReplicas: null };
  }
  const isReadHere = (place: number): boolean => preferred[place] === NO_PREFERENCE;
  const read = await ports.purgatory.fetch(
    fetches.filter((_fetch, place) => isReadHere(place)),
    { ...limits, maxWaitMs: 0 },
    signal,
  );
  const left = read.values();
  const results = fetches.flatMap((fetch, place) => {
    if (fetch.partition !== null && !isReadHere(place)) return [unread(fetch.partition, asker)];
    const { value } = left.next();
    return value === undefined ? [] : [value];
  });
  return { results, preferredReplicas: preferred };
}

function limitsOf({ fetchMaxBytes }: FetchReaderPorts, request: FetchRequest): FetchLimits {
  const maxBytes = Math.min(request.maxBytes, fetchMaxBytes);
  // What can never be had need not be waited for.
  return { maxWaitMs: request.maxWaitMs, minBytes: Math.min(request.minBytes, maxBytes), maxBytes };
}

function preferredReplicas(
  selector: ReplicaSelector | null,
  { rack, context: { listenerName } }: FetchAsker,
  fetches: readonly PartitionFetch[],
): readonly number[] | null {
  if (selector === null || rack === null || rack === '') return null;
  const preferred = fetches.map((fetch) => {
    const { partition, offset } = fetch;
    if (partition === null || leaderProblem(partition, fetch) !== ErrorCodes.NONE) {
      return NO_PREFERENCE;
    }
    return selector.select(partition, { rack, listenerName, offset }) ?? NO_PREFERENCE;
  });
  return preferred.some((id) => id !== NO_PREFERENCE) ? preferred : null;
}

/** Followers do not send consumers on, and an error is told before anything else. */
function leaderProblem(partition: Partition, { currentLeaderEpoch }: PartitionFetch): ErrorCode {
  if (!partition.isLeader) return ErrorCodes.NOT_LEADER_OR_FOLLOWER;
  try {
    partition.requireLeader(currentLeaderEpoch);
    return ErrorCodes.NONE;
  } catch (error) {
    return errorCodeOf(error);
  }
}

function unread(partition: Partition, { committedOnly }: FetchAsker): PartitionFetchResult {
  return {
    errorCode: ErrorCodes.NONE,
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.log.logStartOffset,
    payload: [],
    abortedTransactions: committedOnly ? [] : null,
    divergingEpoch: null,
    defect: null,
  };
}
