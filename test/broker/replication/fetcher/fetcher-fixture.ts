/** A follower on a real log, its fetchers on manual time, and a leader that the test plays. */

import assert from 'node:assert/strict';
import type { LogConfig } from '../../../../broker/log/log-config.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import type { TopicPartition } from '../../../../broker/model/topic-partition.ts';
import { fetch as fetchApi } from '../../../../broker/protocol/messages/fetch.ts';
import type { Api } from '../../../../broker/protocol/schema/api.ts';
import { patchBatch, readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { FetcherManager } from '../../../../broker/replication/fetcher/fetcher-manager.ts';
import type {
  FetcherSettings,
  LeaderConnection,
  ReplicationVersions,
} from '../../../../broker/replication/fetcher/fetcher-options.ts';
import type {
  FetchedPartition,
  FetchRequest,
  FetchResponse,
} from '../../../../broker/replication/fetcher/fetch-session.ts';
import { Replica } from '../../../../broker/replication/replica.ts';
import { ConnectionError } from '../../../../broker/client/broker-connection.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';
import { ManualTime, settled } from '../../../support/manual-time.ts';
import { batchOf, LogFixture } from '../../log/log-fixture.ts';

const FOLLOWER = 1;
export const LEADER = 2;

/** A replica that only follows. */
export class FollowingReplica extends Replica {
  /** As the replica manager does before it lets a fetcher follow. */
  becomeFollower(leaderEpoch: number, leader = LEADER): void {
    const replicas = [FOLLOWER, leader];
    this.role.apply({ leader, leaderEpoch, isr: replicas, replicas, partitionEpoch: 0 });
    this.roleChanged();
  }

  protected committedEnd(writtenEndOffset: number): number {
    return writtenEndOffset;
  }

  protected onAdvanced(): void {
    // Nobody waits.
  }
}

/** A request that has arrived at the leader and waits for its answer. */
export interface Asked {
  readonly api: string;
  readonly version: number;
  readonly request: unknown;
  readonly answer: (response: unknown) => Promise<void>;
}

/** All connections to one broker; requests arrive in the order in which they are sent. */
class FakeLeader {
  versions: ReplicationVersions = { fetch: 17, offsetForLeaderEpoch: 4, listOffsets: 9 };
  connectionCount = 0;
  refusesConnections = false;
  /** Takes connections, and answers nothing on them. */
  isMute = false;
  /** Answers at once; undefined leaves the request to the test. */
  onRequest: (asked: { readonly api: string; readonly request: unknown }) => unknown = () =>
    undefined;
  readonly #asked: Asked[] = [];
  readonly #arrivals: ((asked: Asked) => void)[] = [];
  readonly #open = new Set<FakeConnection>();

  /** The next request, also one that has yet to come. */
  async next(): Promise<Asked> {
    const asked = this.#asked.shift();
    if (asked !== undefined) return asked;
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }

  /** The next one is a fetch. */
  async fetch(): Promise<Asked & { readonly request: FetchRequest }> {
    const asked = await this.next();
    assert.equal(asked.api, 'Fetch');
    // The fetcher sends what the schema says.
    return { ...asked, request: asked.request as FetchRequest };
  }

  /** What has arrived and nobody has taken. */
  get waiting(): readonly Asked[] {
    return this.#asked;
  }

  get openCount(): number {
    return [...this.#open].filter(({ ended }) => !ended).length;
  }

  connect(): Promise<LeaderConnection> {
    if (this.refusesConnections) return Promise.reject(new ConnectionError('refused'));
    this.connectionCount += 1;
    const connection = new FakeConnection(this);
    this.#open.add(connection);
    return Promise.resolve(connection);
  }

  /** All connections are lost; what was asked has no answer. */
  cut(): void {
    for (const connection of this.#open) connection.end(new ConnectionError('lost'));
    this.#open.clear();
    this.#asked.length = 0;
  }

  arrive(asked: Asked): void {
    const arrival = this.#arrivals.shift();
    if (arrival === undefined) this.#asked.push(asked);
    else arrival(asked);
  }
}

class FakeConnection implements LeaderConnection {
  readonly #leader: FakeLeader;
  readonly #pending = new Set<(error: Error) => void>();
  ended = false;

  constructor(leader: FakeLeader) {
    this.#leader = leader;
  }

  commonVersion(api: Pick<Api, 'key'>, versionMax: number): Promise<number | null> {
    if (this.#leader.isMute) return new Promise((_, reject) => this.#pending.add(reject));
    const { fetch, offsetForLeaderEpoch, listOffsets } = this.#leader.versions;
    const served = new Map([
      [1, fetch],
      [23, offsetForLeaderEpoch],
      [2, listOffsets],
    ]).get(api.key);
    return Promise.resolve(served === undefined ? null : Math.min(served, versionMax));
  }

  send<Req, Res>(api: Api<Req, Res>, version: number, request: Req): Promise<Res> {
    if (this.ended) return Promise.reject(new ConnectionError('closed'));
    const given = this.#leader.onRequest({ api: api.name, request });
    // Reason for the casts: the test answers with what the schema of that API says.
    if (given !== undefined) return Promise.resolve(given as Res);
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const answer = async (response: unknown): Promise<void> => {
        this.#pending.delete(reject);
        resolve(response as Res);
        await quiet();
      };
      this.#leader.arrive({ api: api.name, version, request, answer });
    });
  }

  close(): void {
    this.end(new ConnectionError('closed'));
  }

  end(error: Error): void {
    this.ended = true;
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }
}

/** Everything that can go on without time has done so. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settled();
}

const SETTINGS: FetcherSettings = {
  fetchersPerLeader: 1,
  waitMsMax: 500,
  bytesMin: 1,
  partitionBytesMax: 1000,
  responseBytesMax: 10_000,
  backoffMs: 1000,
};

export class FetcherFixture {
  readonly time = new ManualTime();
  readonly leader = new FakeLeader();
  readonly logger = new CollectingLogger();
  readonly saved: TopicPartition[] = [];
  readonly logs = new LogFixture();
  readonly throttle = { isThrottled: false, isExceeded: false, recorded: 0 };
  settings = SETTINGS;
  hasAddress = true;
  port = 9092;
  /** Ports that were connected to. */
  readonly connectedTo: number[] = [];
  saveOffsets: () => Promise<void> = () => Promise.resolve();
  readonly #addressWaits: (() => void)[] = [];

  readonly manager = new FetcherManager({
    brokerId: FOLLOWER,
    brokerEpoch: () => 77,
    settings: () => this.settings,
    versions: {
      fetch: 15,
      offsetForLeaderEpoch: 4,
      listOffsets: 7,
    },
    addressOf: () => (this.hasAddress ? { host: 'leader', port: this.port } : undefined),
    whenAddressKnown: () => new Promise<void>((resolve) => this.#addressWaits.push(resolve)),
    connect: ({ port }) => {
      this.connectedTo.push(port);
      return this.leader.connect();
    },
    saveOffsets: async (partition) => {
      this.saved.push(partition);
      await this.saveOffsets();
    },
    throttle: {
      isThrottled: () => this.throttle.isThrottled,
      isExceeded: () => this.throttle.isExceeded,
      record: (bytes) => (this.throttle.recorded += bytes),
    },
    clock: this.time,
    timers: this.time,
    logger: this.logger,
  });

  appear(): void {
    this.hasAddress = true;
    for (const resolve of this.#addressWaits.splice(0)) resolve();
  }

  /** A replica whose log has batches of these epochs, and that follows in `leaderEpoch`. */
  async replica(
    options: {
      readonly partition?: number;
      readonly epochs?: readonly number[];
      readonly leaderEpoch?: number;
      readonly highWatermark?: number;
      readonly topicId?: string | null;
      readonly config?: Partial<LogConfig>;
    } = {},
  ): Promise<FollowingReplica> {
    const { partition = 0, epochs = [], leaderEpoch = 5, topicId = TOPIC_ID } = options;
    const folder = `/data/topic-${String(partition)}`;
    await this.logs.fileSystem.makeFolder(folder);
    const log = await this.logs.open(options.config ?? {}, { partition, folder });
    if (topicId !== null) await log.assignTopicId(topicId);
    for (const [offset, epoch] of epochs.entries()) await appendTo(log, { offset, epoch });
    const { highWatermark = 0 } = options;
    const replica = new FollowingReplica({
      topic: 'topic',
      index: partition,
      brokerId: FOLLOWER,
      log,
      highWatermark,
    });
    replica.becomeFollower(leaderEpoch);
    return replica;
  }

  async follow(replica: FollowingReplica, leaderEpoch = 5, leaderId = LEADER): Promise<void> {
    this.manager.follow(replica, { leaderId, leaderEpoch });
    await quiet();
  }
}

export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAABQ';

async function appendTo(
  log: PartitionLog,
  { offset, epoch }: { readonly offset: number; readonly epoch: number },
): Promise<void> {
  await log.appendAsFollower(stamped({ offset, epoch })).written;
}

/** A batch as a leader of that epoch has stored it; `tag` tells its values from others. */
export function stamped(options: {
  readonly offset: number;
  readonly epoch: number;
  readonly count?: number;
  readonly tag?: string;
}): ReturnType<typeof batchOf> {
  const { offset, epoch, count = 1, tag = `e${String(epoch)}-` } = options;
  const { buffer } = batchOf({ count, tag });
  patchBatch(buffer, 0, { baseOffset: offset, partitionLeaderEpoch: epoch });
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

/** An answer to a fetch; partitions by index. */
export function answerOf(
  partitions: Readonly<Record<number, Partial<FetchedPartition>>>,
  rest: Partial<FetchResponse> & { readonly usesIds?: boolean } = {},
): FetchResponse {
  const { usesIds = true, ...other } = rest;
  const { initial } = fetchApi.response;
  return {
    ...initial,
    sessionId: 9,
    responses: [
      {
        topic: usesIds ? '' : 'topic',
        topicId: usesIds ? TOPIC_ID : '',
        partitions: Object.entries(partitions).map(([index, data]) => ({
          ...PARTITION,
          partitionIndex: Number(index),
          ...data,
        })),
      },
    ],
    ...other,
  };
}

const PARTITION: FetchedPartition = {
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: 0n,
  lastStableOffset: -1n,
  logStartOffset: 0n,
  divergingEpoch: { epoch: -1, endOffset: -1n },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: -1n, epoch: -1 },
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: [],
};

/** The partitions of a fetch by index; only one topic is asked for. */
export function partitionsOf(
  request: FetchRequest,
): ReadonlyMap<number, FetchRequest['topics'][number]['partitions'][number]> {
  return new Map(
    request.topics.flatMap(({ partitions }) => partitions).map((it) => [it.partition, it]),
  );
}
