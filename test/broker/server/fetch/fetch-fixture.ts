/** The fetch handler on partitions that are only numbers, without logs and without waiting. */

import assert from 'node:assert/strict';
import type { PartitionImage } from '../../../../broker/cluster/cluster-image.ts';
import { buildBrokerConfig } from '../../../../broker/config/broker-config.ts';
import { buildTopicConfig } from '../../../../broker/config/topic-config.ts';
import type { ErrorCode } from '../../../../broker/model/error-codes.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../../broker/model/kafka-error.ts';
import type { RequestContext } from '../../../../broker/model/request-context.ts';
import { fetch } from '../../../../broker/protocol/messages/fetch.ts';
import type { RequestOf, ResponseOf } from '../../../../broker/protocol/schema/api.ts';
import type { Quota } from '../../../../broker/quota/quota.ts';
import type { Partition } from '../../../../broker/replication/partition.ts';
import type {
  FetchLimits,
  PartitionFetch,
  PartitionFetchResult,
} from '../../../../broker/replication/purgatory/fetch-purgatory.ts';
import type { Authorizer } from '../../../../broker/security/authorizer.ts';
import type { FetchPorts } from '../../../../broker/server/handlers/fetch.ts';
import { fetchHandler } from '../../../../broker/server/handlers/fetch.ts';
import { FetchSessions } from '../../../../broker/server/fetch-sessions/fetch-sessions.ts';
import { replicaSelectorFor } from '../../../../broker/server/fetch/replica-selector.ts';
import { MetadataCache } from '../../../../broker/server/metadata-cache.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { resultOf } from '../fetch-sessions/requests-of-sessions.ts';

const THIS_BROKER = 1;
const LISTENER = 'INTERNAL';

/** Its records are one byte each: the offset. */
export class FakeReplica {
  highWatermark = 0;
  lastStableOffset = 0;
  errorCode: ErrorCode = ErrorCodes.NONE;
  isLeader = true;
  leaderEpoch = 5;
  followers: readonly number[] = [];
  readonly log: { readonly topicId: string | null; logStartOffset: number };
  readonly state = { leader: THIS_BROKER, leaderEpoch: 5 };

  constructor(topicId: string | null = null) {
    this.log = { topicId, logStartOffset: 0 };
  }

  append(count: number): void {
    this.highWatermark += count;
    this.lastStableOffset = this.highWatermark;
  }

  requireLeader(epoch: number): void {
    if (epoch >= 0 && epoch < this.leaderEpoch)
      throw new KafkaError(ErrorCodes.FENCED_LEADER_EPOCH);
  }

  followersWith(): readonly number[] {
    return this.followers;
  }

  read({ offset }: PartitionFetch): PartitionFetchResult {
    const { errorCode, highWatermark, lastStableOffset } = this;
    if (errorCode !== ErrorCodes.NONE) return failure(errorCode);
    const { logStartOffset } = this.log;
    if (offset > highWatermark || offset < logStartOffset) {
      return { ...failure(ErrorCodes.OFFSET_OUT_OF_RANGE), highWatermark, logStartOffset };
    }
    const records = Buffer.from(
      Array.from({ length: highWatermark - offset }, (_, at) => offset + at),
    );
    const payload = records.length === 0 ? [] : [records];
    return resultOf({ highWatermark, lastStableOffset, logStartOffset, payload });
  }
}

function failure(errorCode: ErrorCode): PartitionFetchResult {
  return resultOf({ errorCode, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 });
}

export interface FixtureOptions {
  readonly slotCount?: number;
  readonly selector?: boolean;
  readonly authorizer?: Authorizer;
  readonly quota?: Quota;
}

type FetchRequest = RequestOf<typeof fetch>;
type FetchResponse = ResponseOf<typeof fetch>;

export class FetchFixture {
  readonly metadata = new MetadataCache(new ManualTime());
  readonly logger = new CollectingLogger();
  readonly fetched = { value: 0 };
  readonly replicated = { value: 0 };
  /** What the purgatory was asked, and within which limits. */
  readonly reads: { readonly fetches: readonly PartitionFetch[]; readonly limits: FetchLimits }[] =
    [];
  /** Awaited before each read. */
  beforeRead: () => Promise<void> = () => Promise.resolve();
  readonly #replicas = new Map<string, FakeReplica>();
  readonly #handler;
  readonly sessions: FetchSessions;

  constructor(options: FixtureOptions = {}) {
    let nextId = 1000;
    this.sessions = new FetchSessions({
      slotCount: options.slotCount ?? 100,
      clock: new ManualTime(),
      random: { integer: () => nextId++ },
    });
    this.#handler = fetchHandler(this.#ports(options));
  }

  add(topic: string, partition: number, replica = new FakeReplica()): FakeReplica {
    this.#replicas.set(`${topic}-${String(partition)}`, replica);
    return replica;
  }

  remove(topic: string, partition: number): void {
    this.#replicas.delete(`${topic}-${String(partition)}`);
  }

  /** As UpdateMetadata tells it: brokers by id with their racks, and one partition. */
  announce(options: {
    readonly racks?: Readonly<Record<number, string>>;
    readonly partition?: {
      topic: string;
      topicId?: string;
      partition: number;
    } & Partial<PartitionImage>;
  }): void {
    const { racks = {}, partition } = options;
    this.metadata.apply({
      controllerId: 1,
      brokers: Object.entries(racks).map(([id, rack]) => ({
        id: Number(id),
        epoch: 1,
        rack,
        endpoints: new Map([
          [
            LISTENER,
            { host: `host-${id}`, port: 9000 + Number(id), securityProtocol: 'PLAINTEXT' },
          ],
        ]),
      })),
      partitions:
        partition === undefined
          ? []
          : [
              {
                ...partition,
                topicId: partition.topicId ?? null,
                state: { ...image, ...partition },
              },
            ],
    });
  }

  async send(version: number, request: FetchRequest): Promise<FetchResponse> {
    const context: RequestContext = { ...contextOfTests, apiVersion: version };
    const answer = await this.#handler.handle(context, request);
    assert(isResponse(answer), 'a fetch is always answered');
    return answer;
  }

  #ports(options: FixtureOptions): FetchPorts {
    const config = buildBrokerConfig(new Map([['zookeeper.connect', 'local:']]));
    const selector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';
    const ports = { brokerId: THIS_BROKER, metadata: this.metadata };
    return {
      replicas: { get: (topic, partition) => this.#get(topic, partition) },
      missingReplicaCode: (topic, partition) =>
        this.metadata.image.partition(topic, partition) === undefined
          ? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION
          : ErrorCodes.NOT_LEADER_OR_FOLLOWER,
      topicConfig: () => buildTopicConfig(new Map(), config.layers),
      metadata: this.metadata,
      authorizer: options.authorizer ?? { authorize: () => true },
      logger: this.logger,
      purgatory: { fetch: (fetches, limits) => this.#read(fetches, limits) },
      replicaSelector: replicaSelectorFor(options.selector === true ? selector : null, ports),
      fetchMaxBytes: 1_000_000,
      signalFor: () => new AbortController().signal,
      fetchSessions: this.sessions,
      quota: options.quota ?? { throttleTimeMs: () => 0 },
      fetched: this.fetched,
      replicated: this.replicated,
    };
  }

  #get(topic: string, partition: number): Partition | undefined {
    const replica: unknown = this.#replicas.get(`${topic}-${String(partition)}`);
    // The handler uses no more of a partition than the fake has.
    return replica as Partition | undefined;
  }

  async #read(
    fetches: readonly PartitionFetch[],
    limits: FetchLimits,
  ): Promise<readonly PartitionFetchResult[]> {
    this.reads.push({ fetches: [...fetches], limits });
    await this.beforeRead();
    return fetches.map((asked) => {
      const replica: unknown = asked.partition;
      return replica instanceof FakeReplica ? replica.read(asked) : failure(asked.missingCode);
    });
  }
}

const image: PartitionImage = {
  leader: THIS_BROKER,
  leaderEpoch: 5,
  isr: [],
  replicas: [],
  partitionEpoch: 0,
  offlineReplicas: [],
  controllerEpoch: 1,
};

const contextOfTests: RequestContext = {
  apiKey: fetch.key,
  apiVersion: 12,
  correlationId: 1,
  clientId: 'test',
  listenerName: LISTENER,
  securityProtocol: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  clientAddress: '127.0.0.1',
  connectionId: 1,
};

function isResponse(answer: unknown): answer is FetchResponse {
  return typeof answer === 'object' && answer !== null && 'responses' in answer;
}
