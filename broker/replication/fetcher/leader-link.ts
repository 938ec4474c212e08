/**
 * What a follower asks its leader, over one connection: fetches, ends of epochs, ends of logs. The
 * versions are the newest that both sides have, bounded by inter.broker.protocol.version. Answers are
 * by partition key; errors of single partitions are theirs to look at, a lost connection rejects.
 */

import { toSaturatedOffset } from '../../model/offsets.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { fetch as fetchApi } from '../../protocol/messages/fetch.ts';
import { listOffsets } from '../../protocol/messages/list-offsets.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts';
import type { Api } from '../../protocol/schema/api.ts';
import type { FetchRequest, FetchResponse } from './fetch-session.ts';
import type { LeaderConnection, ReplicationVersions } from './fetcher-options.ts';

/** From there on a fetch tells where the logs part; before, a follower has to ask. */
const DIVERGING_EPOCH_SINCE = 12;
const TOPIC_IDS_SINCE = 13;

const LATEST = -1n;
const EARLIEST = -2n;

export interface EpochQuestion extends TopicPartition {
  readonly currentLeaderEpoch: number;
  readonly leaderEpoch: number;
}

export interface EpochAnswer {
  readonly errorCode: number;
  /** -1, as the offset: the leader does not know. */
  readonly epoch: number;
  readonly endOffset: number;
}

export interface OffsetQuestion extends TopicPartition {
  readonly currentLeaderEpoch: number;
}

export interface OffsetAnswer {
  readonly errorCode: number;
  readonly offset: number;
}

interface LinkOptions {
  /** Of the follower. */
  readonly brokerId: number;
  readonly connection: LeaderConnection;
  readonly newest: ReplicationVersions;
}

export class LeaderLink {
  readonly #brokerId: number;
  readonly #connection: LeaderConnection;
  readonly #versions: ReplicationVersions;

  private constructor({ brokerId, connection }: LinkOptions, versions: ReplicationVersions) {
    this.#brokerId = brokerId;
    this.#connection = connection;
    this.#versions = versions;
  }

  /** Asks for the versions. Rejects where the leader has none of them, and closes the connection. */
  static async open({ brokerId, connection, newest }: LinkOptions): Promise<LeaderLink> {
    const agree = async (api: Api, versionMax: number): Promise<number> => {
      const version = await connection.commonVersion(api, versionMax);
      if (version === null)
        throw new Error(`the leader serves no version of ${api.name} up to ${String(versionMax)}`);
      return version;
    };
    try {
      return new LeaderLink(
        { brokerId, connection, newest },
        {
          fetch: await agree(fetchApi, newest.fetch),
          offsetForLeaderEpoch: await agree(offsetForLeaderEpoch, newest.offsetForLeaderEpoch),
          listOffsets: await agree(listOffsets, newest.listOffsets),
        },
      );
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#connection.ended;
  }

  /** The leader tells with a fetch where the logs part. */
  get comparesOnFetch(): boolean {
    return this.#versions.fetch >= DIVERGING_EPOCH_SINCE;
  }

  get takesTopicIds(): boolean {
    return this.#versions.fetch >= TOPIC_IDS_SINCE;
  }

  fetch(
    request: Omit<FetchRequest, 'replicaId' | 'replicaState'>,
    { brokerEpoch, usesIds }: { readonly brokerEpoch: number; readonly usesIds: boolean },
  ): Promise<FetchResponse> {
    const { fetch: newest } = this.#versions;
    const version = usesIds ? newest : Math.min(newest, TOPIC_IDS_SINCE - 1);
    // Which of the two is written depends on the version.
    const replicaState = { replicaId: this.#brokerId, replicaEpoch: BigInt(brokerEpoch) };
    return this.#connection.send(fetchApi, version, {
      ...request,
      ...(version < 15
        ? { replicaId: this.#brokerId, replicaState: fetchApi.request.initial.replicaState }
        : { replicaId: -1, replicaState }),
    });
  }

  async epochEnds(questions: readonly EpochQuestion[]): Promise<ReadonlyMap<string, EpochAnswer>> {
    const answer = await this.#connection.send(
      offsetForLeaderEpoch,
      this.#versions.offsetForLeaderEpoch,
      {
        replicaId: this.#brokerId,
        topics: [...byTopic(questions)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => ({
            partition,
            currentLeaderEpoch,
            leaderEpoch,
          })),
        })),
      },
    );
    return new Map(
      answer.topics.flatMap(({ topic, partitions }) =>
        partitions.map((it): [string, EpochAnswer] => [
          partitionKey(topic, it.partition),
          {
            errorCode: it.errorCode,
            epoch: it.leaderEpoch,
            endOffset: toSaturatedOffset(it.endOffset),
          },
        ]),
      ),
    );
  }

  endOffsets(questions: readonly OffsetQuestion[]): Promise<ReadonlyMap<string, OffsetAnswer>> {
    return this.#offsets(questions, LATEST);
  }

  startOffsets(questions: readonly OffsetQuestion[]): Promise<ReadonlyMap<string, OffsetAnswer>> {
    return this.#offsets(questions, EARLIEST);
  }

  close(): void {
    this.#connection.close();
  }

  async #offsets(
    questions: readonly OffsetQuestion[],
    timestamp: bigint,
  ): Promise<ReadonlyMap<string, OffsetAnswer>> {
    const answer = await this.#connection.send(listOffsets, this.#versions.listOffsets, {
      replicaId: this.#brokerId,
      isolationLevel: 0,
      topics: [...byTopic(questions)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition: partitionIndex, currentLeaderEpoch }) => ({
          partitionIndex,
          currentLeaderEpoch,
          timestamp,
        })),
      })),
    });
    return new Map(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map((it): [string, OffsetAnswer] => [
          partitionKey(name, it.partitionIndex),
          { errorCode: it.errorCode, offset: toSaturatedOffset(it.offset) },
        ]),
      ),
    );
  }
}

function byTopic<T extends TopicPartition>(questions: readonly T[]): ReadonlyMap<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const question of questions) {
    const known = topics.get(question.topic);
    if (known === undefined) topics.set(question.topic, [question]);
    else known.push(question);
  }
  return topics;
}
