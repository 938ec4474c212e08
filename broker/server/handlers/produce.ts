/**
 * Produce: record batches into the logs that this broker leads. Versions and errors: see
 * messages/produce.ts. Everything up to the append happens in one turn, so that the batches of all
 * requests of one read are written together. The exception are batches that have to be decompressed
 * or compressed first (recompress.ts): until that is done, later batches of the partition wait too, so
 * that the log has batches in the order in which they came.
 */

import type { TopicConfig } from '../../config/topic-config.ts';
import type { AppendBatches, AppendResult } from '../../log/partition-log.ts';
import type { Count } from '../../metrics/metrics.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { produce } from '../../protocol/messages/produce.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Quota } from '../../quota/quota.ts';
import type { ProduceLimits } from '../../records/produce-limits.ts';
import { validateProduced } from '../../records/validate.ts';
import type { Appended } from '../../replication/leader/commit-waits.ts';
import type { Partition } from '../../replication/partition.ts';
import type { CommitPurgatory } from '../../replication/purgatory/commit-purgatory.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import { AppendOrder } from '../append-order.ts';
import { BatchPreparation } from '../batch-preparation.ts';

export interface ProducePorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly topicConfig: (topic: string) => TopicConfig;
  readonly isInternal: (topic: string) => boolean;
  readonly authorizer: Authorizer;
  readonly quota: Quota;
  readonly commitPurgatory: CommitPurgatory;
  /** Bytes that were appended. */
  readonly produced: Count;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'soon'>;
  readonly logger: Logger;
}

type ProduceResponse = ResponseOf<typeof produce>;
type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];

const ACKS = new Set([-1, 0, 1]);
const ALL_REPLICAS = -1;
/** Broker-internal names that clients of Kafka have to use to be let in. */
const ADMIN_CLIENT_ID = '__admin_client';

/** What became of one partition's batch: an append under way, or an answer already. */
type Begun = BegunAppend | { readonly index: number; readonly failure: KafkaError };

interface BegunAppend extends Appended {
  readonly index: number;
  readonly failure: null;
  readonly replica: Partition;
  readonly append: AppendResult;
  readonly size: number;
}

export function produceHandler(ports: ProducePorts): ApiHandler {
  const order = new AppendOrder();
  const preparation = new BatchPreparation(ports.timers);
  // Once: a copy for every request was a tenth of the CPU of small ones.
  const shared: ProductionPorts = { ...ports, order, preparation };
  return serve(produce, [3, 10], (context, request) =>
    new Production(shared, context, request).run(),
  );
}

interface ProductionPorts extends ProducePorts {
  /** Of all requests. */
  readonly order: AppendOrder;
  readonly preparation: BatchPreparation;
}

class Production {
  readonly #ports: ProductionPorts;
  readonly #context: RequestContext;
  readonly #request: RequestOf<typeof produce>;
  #size = 0;
  /** Of the monotonic clock, set by the first append that has to wait for other replicas. */
  #deadlineMs: number | null = null;

  constructor(ports: ProductionPorts, context: RequestContext, request: RequestOf<typeof produce>) {
    this.#ports = ports;
    this.#context = context;
    this.#request = request;
  }

  async run(): Promise<ProduceResponse | null> {
    const { topicData } = this.#request;
    const begun: (Begun | Promise<Begun>)[][] = [];
    for (const topic of topicData) {
      begun.push(topic.partitionData.map((it) => this.#begin(topic.name, it.index, it.records)));
    }
    const responses: { name: string; partitionResponses: PartitionResponse[] }[] = [];
    for (const [place, topic] of topicData.entries()) {
      const partitionResponses: PartitionResponse[] = [];
      for (const item of begun[place] ?? []) {
        partitionResponses.push(await this.#finish(item instanceof Promise ? await item : item));
      }
      responses.push({ name: topic.name, partitionResponses });
    }
    if (this.#request.acks === 0) return this.#answerNothing(responses);
    const throttleTimeMs = this.#ports.quota.throttleTimeMs(this.#context, {
      kind: 'produce',
      amount: this.#size,
    });
    return { responses, throttleTimeMs, nodeEndpoints: [] };
  }

  #begin(topic: string, index: number, records: Buffer | null): Begun | Promise<Begun> {
    try {
      this.#check(topic);
      const replica = this.#ports.replicas.get(topic, index);
      if (replica === undefined) throw new KafkaError(this.#ports.missingReplicaCode(topic, index));
      replica.requireLeader();
      const buffer = records ?? Buffer.alloc(0);
      this.#size += buffer.length;
      const config = this.#ports.topicConfig(topic);
      const limits = this.#limits(config);
      const ready = { buffer, headers: validateProduced(buffer, limits) };
      const append = (batches: AppendBatches): Begun => {
        checkTransaction(batches, replica);
        const { length: size } = batches.buffer;
        const allReplicas = this.#request.acks === ALL_REPLICAS;
        const { minInsyncReplicas: minInSyncReplicas } = config;
        const result = replica.append(batches, { allReplicas, minInSyncReplicas });
        return {
          index,
          failure: null,
          replica,
          append: result,
          size,
          endOffset: result.lastOffset + 1,
          tenure: replica.tenure,
          minInSyncReplicas,
        };
      };
      const preparation = this.#ports.preparation.begin(ready, limits);
      const begun = this.#ports.order.run(replica, { ready, preparation, append });
      if (!(begun instanceof Promise)) return begun;
      return begun.catch((error: unknown) => this.#failed(index, error));
    } catch (error) {
      return this.#failed(index, error);
    }
  }

  #check(topic: string): void {
    const { authorizer, isInternal } = this.#ports;
    if (!ACKS.has(this.#request.acks)) throw new KafkaError(ErrorCodes.INVALID_REQUIRED_ACKS);
    if (!authorizer.authorize(this.#context, 'WRITE', { type: 'TOPIC', name: topic })) {
      throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
    }
    if (isInternal(topic) && this.#context.clientId !== ADMIN_CLIENT_ID) {
      throw new KafkaError(
        ErrorCodes.INVALID_TOPIC_EXCEPTION,
        `cannot append to internal topic ${topic}`,
      );
    }
  }

  #limits(config: TopicConfig): ProduceLimits {
    return {
      produceVersion: this.#context.apiVersion,
      batchSizeMax: config.maxMessageBytes,
      compacted: config.compacts,
      timestampType: config.messageTimestampType === 'LogAppendTime' ? 'append' : 'create',
      timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
      timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
      nowMs: this.#ports.clock.nowMs(),
      compression: config.compression,
    };
  }

  async #finish(begun: Begun): Promise<PartitionResponse> {
    const { index } = begun;
    if (begun.failure !== null) return response(index, begun.failure.code, begun.failure);
    const { append } = begun;
    try {
      await append.written;
    } catch (error) {
      const { failure } = this.#failed(index, error);
      return response(index, failure.code, failure);
    }
    this.#ports.produced.value += begun.size;
    const outcome = this.#outcome(begun);
    return {
      ...response(index, outcome instanceof Promise ? await outcome : outcome, null),
      baseOffset: BigInt(append.baseOffset),
      logAppendTimeMs: BigInt(append.logAppendTimeMs),
      logStartOffset: BigInt(append.logStartOffset),
    };
  }

  /** Of what is written here; with acks=all of what all in-sync replicas have. */
  #outcome(begun: BegunAppend): ErrorCode | Promise<ErrorCode> {
    if (this.#request.acks !== ALL_REPLICAS) return ErrorCodes.NONE;
    const known = begun.replica.commitOutcome(begun);
    if (known !== null) return known;
    const { clock, commitPurgatory } = this.#ports;
    this.#deadlineMs ??= clock.monotonicMs() + this.#request.timeoutMs;
    return commitPurgatory.wait(begun.replica.commits, begun, this.#deadlineMs);
  }

  #failed(index: number, error: unknown): { index: number; failure: KafkaError } {
    if (error instanceof KafkaError) return { index, failure: error };
    this.#ports.logger.error({ err: error, index }, 'produce failed');
    return { index, failure: new KafkaError(errorCodeOf(error)) };
  }

  /** A client that wants no answers learns of a failure only by losing its connection. */
  #answerNothing(responses: ProduceResponse['responses']): null {
    const failed = responses.some(({ partitionResponses }) =>
      partitionResponses.some(({ errorCode }) => errorCode !== ErrorCodes.NONE),
    );
    if (failed) throw new ProtocolError('a produce request with acks=0 failed');
    return null;
  }
}

/**
 * A partition takes records of a transaction that its coordinator knows it to be a part of (KIP-890),
 * and this broker has no coordinator yet: so only those of a transaction that is open in the log. Else
 * nobody would ever end it, and everything behind it would stay unstable for ever.
 */
function checkTransaction({ headers }: AppendBatches, { log }: Partition): void {
  for (const { isTransactional, producerId, producerEpoch } of headers) {
    if (!isTransactional || log.transactions.hasOpen(producerId, producerEpoch)) continue;
    throw new KafkaError(
      ErrorCodes.INVALID_TXN_STATE,
      `the partition was not added to the transaction of producer ${String(producerId)}`,
    );
  }
}

function response(
  index: number,
  errorCode: ErrorCode,
  failure: KafkaError | null,
): PartitionResponse {
  return {
    index,
    errorCode,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
    recordErrors: [],
    errorMessage: failure === null ? null : failure.message,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  };
}
