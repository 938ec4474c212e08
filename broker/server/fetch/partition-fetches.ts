/** What the purgatory is to read for a request: one object for each partition, in their order. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { toSaturatedOffset } from '../../model/offsets.ts';
import type { Follower } from '../../replication/leader/follower-fetch.ts';
import type { Partition } from '../../replication/partition.ts';
import type { PartitionFetch } from '../../replication/purgatory/fetch-purgatory.ts';
import type { FetchSession } from '../fetch-sessions/fetch-session.ts';
import type { FetchPartition, SessionPartition } from '../fetch-sessions/session-partition.ts';
import type { FetchAccess } from './fetch-access.ts';
import type { FetchAsker, FetchRequest } from './fetch-asker.ts';

/** Of a full fetch: what the request names. */
export function requestedFetches(
  access: FetchAccess,
  asker: FetchAsker,
  request: FetchRequest,
): PartitionFetch[] {
  const fetches: PartitionFetch[] = [];
  for (const { topic, topicId, partitions } of request.topics) {
    const name = asker.usesTopicIds ? access.nameOf(topicId) : topic;
    for (const asked of partitions) {
      const found = locate(access, name, { index: asked.partition, topicId });
      fetches.push({
        partition: typeof found === 'number' ? null : found,
        missingCode: typeof found === 'number' ? found : ErrorCodes.NONE,
        offset: toSaturatedOffset(asked.fetchOffset),
        maxBytes: asked.partitionMaxBytes,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        committedOnly: asker.committedOnly,
        follower: asker.isFollower ? followerOf(asker, asked) : null,
        clientRack: asker.rack,
      });
    }
  }
  return fetches;
}

/** Of an incremental fetch: what the session holds. The result stays as it is, the session goes on. */
export function sessionFetches(
  access: FetchAccess,
  asker: FetchAsker,
  { partitions }: Pick<FetchSession, 'partitions'>,
): readonly SessionPartition[] {
  const fetches: SessionPartition[] = [];
  for (const item of partitions) {
    // An id that is not known yet may be known by now.
    item.topic ??= access.nameOf(item.topicId);
    item.prepare(locate(access, item.topic, item), asker);
    fetches.push(item);
  }
  return fetches;
}

function followerOf(
  { replicaId, brokerEpoch }: FetchAsker,
  { logStartOffset, lastFetchedEpoch }: FetchPartition,
): Follower {
  return {
    replicaId,
    brokerEpoch,
    logStartOffset: toSaturatedOffset(logStartOffset),
    lastFetchedEpoch,
  };
}

function locate(
  access: FetchAccess,
  topic: string | null,
  { index, topicId }: { readonly index: number; readonly topicId: string },
): Partition | ErrorCode {
  const refusal = access.refusalOf(topic);
  if (topic === null || refusal !== ErrorCodes.NONE) return refusal;
  return access.locate(topic, index, topicId);
}
