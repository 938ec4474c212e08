/**
 * The answer to a fetch. That of a session holds only the partitions with something new; all others
 * hold every partition of the request.
 */

import type { AbortedTransaction } from '../../log/partition-log.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { Logger } from '../../platform/logger.ts';
import type { fetch } from '../../protocol/messages/fetch.ts';
import type { ResponseOf } from '../../protocol/schema/api.ts';
import type { PartitionFetchResult } from '../../replication/purgatory/fetch-purgatory.ts';
import type { FetchSession } from '../fetch-sessions/fetch-session.ts';
import type { SessionPartition } from '../fetch-sessions/session-partition.ts';
import type { FetchAsker, FetchRequest } from './fetch-asker.ts';
import type { FetchReading } from './fetch-reader.ts';
import type { CurrentLeader, LeaderHintPorts } from './leader-hints.ts';
import { LeaderHints, NO_LEADER } from './leader-hints.ts';

export interface FetchAnswerPorts extends LeaderHintPorts {
  readonly logger: Logger;
}

export type FetchResponse = ResponseOf<typeof fetch>;
type TopicAnswer = FetchResponse['responses'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

interface GrowingTopic extends TopicAnswer {
  readonly partitions: PartitionAnswer[];
}

/** From this version on there is a field for it. */
const CURRENT_LEADER_VERSION = 12;

type DivergingEpoch = PartitionAnswer['divergingEpoch'];

const NO_DIVERGENCE: DivergingEpoch = { epoch: -1, endOffset: -1n };
const NO_SNAPSHOT: PartitionAnswer['snapshotId'] = { endOffset: -1n, epoch: -1 };

/** No partitions: a session that is not continued, or an error of the whole request. */
export function emptyAnswer(errorCode: ErrorCode, sessionId = 0): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId, responses: [], nodeEndpoints: [] };
}

export class FetchAnswer {
  readonly #ports: FetchAnswerPorts;
  readonly #asker: FetchAsker;
  /** Null as long as nobody has to be sent elsewhere. */
  #hints: LeaderHints | null = null;
  #size = 0;

  constructor(ports: FetchAnswerPorts, asker: FetchAsker) {
    this.#ports = ports;
    this.#asker = asker;
  }

  /** Bytes of records in it. */
  get size(): number {
    return this.#size;
  }

  full(request: FetchRequest, reading: FetchReading): FetchResponse {
    let place = 0;
    const responses = request.topics.map(({ topic, topicId, partitions }) => {
      const name = this.#asker.usesTopicIds ? this.#nameOf(topicId) : topic;
      const answers: PartitionAnswer[] = [];
      for (const { partition } of partitions) {
        const answer = this.#partition(reading, place, { topic: name, index: partition });
        place += 1;
        if (answer !== null) answers.push(answer);
      }
      return { topic, topicId, partitions: answers };
    });
    return this.#whole(responses);
  }

  /** Also notes in the session what the client is told, and in which order it is read next time. */
  incremental(
    session: FetchSession,
    fetches: readonly SessionPartition[],
    reading: FetchReading,
  ): FetchResponse {
    const responses: GrowingTopic[] = [];
    let place = -1;
    for (const item of fetches) {
      place += 1;
      const result = reading.results[place];
      const isElsewhere = (reading.preferredReplicas?.[place] ?? -1) !== -1;
      if (result === undefined || (!item.tell(result) && !isElsewhere)) continue;
      if (result.payload.length > 0) session.partitions.moveToEnd(item);
      const topic = item.topic ?? '';
      const answer = this.#partition(reading, place, { topic, index: item.index });
      if (answer !== null) topicOf(responses, topic, item.topicId).partitions.push(answer);
    }
    return { ...this.#whole(responses), sessionId: session.id };
  }

  #nameOf(topicId: string): string {
    return this.#ports.metadata.image.topicById(topicId)?.name ?? '';
  }

  #whole(responses: readonly TopicAnswer[]): FetchResponse {
    const nodeEndpoints = this.#hints?.endpoints ?? [];
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCodes.NONE,
      sessionId: 0,
      responses,
      nodeEndpoints,
    };
  }

  #partition(
    { results, preferredReplicas }: FetchReading,
    place: number,
    { topic, index }: { readonly topic: string; readonly index: number },
  ): PartitionAnswer | null {
    const result = results[place];
    if (result === undefined) return null;
    for (const part of result.payload)
      this.#size += Buffer.isBuffer(part) ? part.length : part.size;
    if (result.defect !== null) {
      const partition = index;
      this.#ports.logger.error({ err: result.defect, topic, partition }, 'fetch failed');
    }
    return {
      partitionIndex: index,
      errorCode: result.errorCode,
      highWatermark: BigInt(result.highWatermark),
      lastStableOffset: BigInt(result.lastStableOffset),
      logStartOffset: BigInt(result.logStartOffset),
      divergingEpoch: divergingEpoch(result),
      currentLeader: this.#leaderFor(result, topic, index),
      snapshotId: NO_SNAPSHOT,
      abortedTransactions: result.abortedTransactions?.map(abortedTransaction) ?? null,
      preferredReadReplica: preferredReplicas?.[place] ?? -1,
      records: result.payload,
    };
  }

  #leaderFor({ errorCode }: PartitionFetchResult, topic: string, index: number): CurrentLeader {
    const isMisled =
      errorCode === ErrorCodes.NOT_LEADER_OR_FOLLOWER ||
      errorCode === ErrorCodes.FENCED_LEADER_EPOCH;
    const { apiVersion, listenerName } = this.#asker.context;
    if (!isMisled || apiVersion < CURRENT_LEADER_VERSION) return NO_LEADER;
    this.#hints ??= new LeaderHints(this.#ports, listenerName);
    return this.#hints.leaderOf(topic, index);
  }
}

/** Only neighbours share a topic's entry: the order is that in which the partitions were read. */
function topicOf(responses: GrowingTopic[], topic: string, topicId: string): GrowingTopic {
  const last = responses.at(-1);
  if (last !== undefined && last.topic === topic && last.topicId === topicId) return last;
  const added: GrowingTopic = { topic, topicId, partitions: [] };
  responses.push(added);
  return added;
}

function divergingEpoch({ divergingEpoch: end }: PartitionFetchResult): DivergingEpoch {
  return end === null ? NO_DIVERGENCE : { epoch: end.epoch, endOffset: BigInt(end.endOffset) };
}

function abortedTransaction({ producerId, firstOffset }: AbortedTransaction): {
  producerId: bigint;
  firstOffset: bigint;
} {
  return { producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) };
}
