/** Who fetches, and how: what holds for all partitions of a request. */

import type { RequestContext } from '../../model/request-context.ts';
import type { fetch } from '../../protocol/messages/fetch.ts';
import type { RequestOf } from '../../protocol/schema/api.ts';

export type FetchRequest = RequestOf<typeof fetch>;

const READ_COMMITTED = 1;
const RACK_VERSION = 11;
const TOPIC_ID_VERSION = 13;
const REPLICA_STATE_VERSION = 15;

export interface FetchAsker {
  readonly context: RequestContext;
  /** Below 0: a consumer. */
  readonly replicaId: number;
  readonly isFollower: boolean;
  /** Of the follower's present life; -1 where it does not say. */
  readonly brokerEpoch: number;
  readonly committedOnly: boolean;
  /** Topics are named by id. */
  readonly usesTopicIds: boolean;
  /** Null where the asker knows nothing of replicas in racks; empty where it has no rack. */
  readonly rack: string | null;
}

export function askerOf(context: RequestContext, request: FetchRequest): FetchAsker {
  const { apiVersion } = context;
  // Kafka 3.5 moved it (KIP-903); the old field then reads -1, as a consumer's.
  const { replicaId, replicaEpoch } =
    apiVersion >= REPLICA_STATE_VERSION
      ? request.replicaState
      : { replicaId: request.replicaId, replicaEpoch: -1n };
  const isFollower = replicaId >= 0;
  return {
    context,
    replicaId,
    isFollower,
    brokerEpoch: Number(replicaEpoch),
    committedOnly: !isFollower && request.isolationLevel === READ_COMMITTED,
    usesTopicIds: apiVersion >= TOPIC_ID_VERSION,
    rack: isFollower || apiVersion < RACK_VERSION ? null : request.rackId,
  };
}
