/**
 * Fetch: record batches from the logs that this broker leads, as file spans. Versions and errors: see
 * messages/fetch.ts; topic ids (version 13 and later) are not served yet.
 *
 * Fetch sessions are refused as the protocol allows: every answer has session id 0, so that clients
 * send full requests; a session id that was never given is FETCH_SESSION_ID_NOT_FOUND.
 */

import type { AbortedTransaction } from '../../log/partition-log.ts';
import type { TopicConfig } from '../../config/topic-config.ts';
import type { Count } from '../../metrics/metrics.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { toSaturatedOffset } from '../../model/offsets.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { fetch } from '../../protocol/messages/fetch.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Quota } from '../../quota/quota.ts';
import type {
  FetchPurgatory,
  PartitionFetch,
  PartitionFetchResult,
} from '../../replication/fetch-purgatory.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface FetchPorts {
  readonly brokerId: number;
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly topicConfig: (topic: string) => TopicConfig;
  readonly purgatory: FetchPurgatory;
  readonly fetchMaxBytes: number;
  readonly authorizer: Authorizer;
  readonly quota: Quota;
  /** Bytes of records that were sent. */
  readonly fetched: Count;
  readonly logger: Logger;
  /** Aborts when the client has gone or the broker stops. */
  readonly signalFor: (connectionId: number) => AbortSignal;
}

type FetchRequest = RequestOf<typeof fetch>;
type FetchResponse = ResponseOf<typeof fetch>;
type PartitionData = FetchResponse['responses'][number]['partitions'][number];

const READ_COMMITTED = 1;
/** Older consumers are told, rather than given records that they cannot decompress (KIP-110). */
const ZSTD_VERSION = 10;

export function fetchHandler(ports: FetchPorts): ApiHandler {
  return serve(fetch, [4, 12], async (context, request) => {
    if (request.sessionId !== 0) return refusal(ErrorCodes.FETCH_SESSION_ID_NOT_FOUND);
    const results = await ports.purgatory.fetch(
      fetchesOf(ports, context, request),
      {
        maxWaitMs: request.maxWaitMs,
        minBytes: request.minBytes,
        maxBytes: Math.min(request.maxBytes, ports.fetchMaxBytes),
      },
      ports.signalFor(context.connectionId),
    );
    return respond(ports, context, { request, results });
  });
}

function fetchesOf(
  { replicas, missingReplicaCode, topicConfig, authorizer }: FetchPorts,
  context: RequestContext,
  request: FetchRequest,
): PartitionFetch[] {
  const isFollower = request.replicaId >= 0;
  return request.topics.flatMap(({ topic, partitions }) => {
    const isAllowed = isFollower
      ? authorizer.authorize(context, 'CLUSTER_ACTION', { type: 'CLUSTER', name: 'kafka-cluster' })
      : authorizer.authorize(context, 'READ', { type: 'TOPIC', name: topic });
    const isReadable =
      context.apiVersion >= ZSTD_VERSION || topicConfig(topic).compression?.codec !== 'zstd';
    // Followers come with replication; until then only the leader's copy exists.
    const isServed = isAllowed && !isFollower && isReadable;
    const refusedCode = refusalOf({ isAllowed, isFollower });
    return partitions.map((item) => ({
      partition: isServed ? (replicas.get(topic, item.partition) ?? null) : null,
      missingCode: isServed ? missingReplicaCode(topic, item.partition) : refusedCode,
      offset: toSaturatedOffset(item.fetchOffset),
      maxBytes: item.partitionMaxBytes,
      currentLeaderEpoch: item.currentLeaderEpoch,
      committedOnly: request.isolationLevel === READ_COMMITTED,
    }));
  });
}

function refusalOf(facts: {
  readonly isAllowed: boolean;
  readonly isFollower: boolean;
}): ErrorCode {
  if (!facts.isAllowed) return ErrorCodes.TOPIC_AUTHORIZATION_FAILED;
  return facts.isFollower
    ? ErrorCodes.NOT_LEADER_OR_FOLLOWER
    : ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE;
}

function respond(
  { quota, fetched, logger }: FetchPorts,
  context: RequestContext,
  { request, results }: { request: FetchRequest; results: readonly PartitionFetchResult[] },
): FetchResponse {
  let place = 0;
  let size = 0;
  const responses = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.flatMap(({ partition }) => {
      const result = results[place];
      place += 1;
      if (result === undefined) return [];
      for (const part of result.payload) size += Buffer.isBuffer(part) ? part.length : part.size;
      if (result.defect !== null) {
        logger.error({ err: result.defect, topic, partition }, 'fetch failed');
      }
      return [partitionData(partition, result)];
    }),
  }));
  fetched.value += size;
  const throttleTimeMs = quota.throttleTimeMs(context, { kind: 'fetch', amount: size });
  return { ...refusal(ErrorCodes.NONE), throttleTimeMs, responses };
}

function partitionData(partitionIndex: number, result: PartitionFetchResult): PartitionData {
  return {
    partitionIndex,
    errorCode: result.errorCode,
    highWatermark: BigInt(result.highWatermark),
    lastStableOffset: BigInt(result.lastStableOffset),
    logStartOffset: BigInt(result.logStartOffset),
    divergingEpoch: { epoch: -1, endOffset: -1n },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1n, epoch: -1 },
    abortedTransactions: result.abortedTransactions?.map(abortedTransaction) ?? null,
    preferredReadReplica: -1,
    records: result.payload,
  };
}

function abortedTransaction({ producerId, firstOffset }: AbortedTransaction): {
  producerId: bigint;
  firstOffset: bigint;
} {
  return { producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) };
}

function refusal(errorCode: number): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [], nodeEndpoints: [] };
}
