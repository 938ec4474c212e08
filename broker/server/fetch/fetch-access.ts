/**
 * What of a fetch is served: whether the asker may read a topic, and which replica it means. Made for
 * one request, as it remembers the answer for the topic before: partitions come topic by topic.
 */

import type { ClusterImage } from '../../cluster/cluster-image.ts';
import type { TopicConfig } from '../../config/topic-config.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { Partition } from '../../replication/partition.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { FetchAsker } from './fetch-asker.ts';

export interface FetchAccessPorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly topicConfig: (topic: string) => TopicConfig;
  readonly metadata: { readonly image: Pick<ClusterImage, 'topicById'> };
  readonly authorizer: Authorizer;
}

/** Older consumers are told, rather than given records that they cannot decompress (KIP-110). */
const ZSTD_VERSION = 10;

export class FetchAccess {
  readonly #ports: FetchAccessPorts;
  readonly #asker: FetchAsker;
  #topic: string | null = null;
  #refusal: ErrorCode = ErrorCodes.UNKNOWN_TOPIC_ID;

  constructor(ports: FetchAccessPorts, asker: FetchAsker) {
    this.#ports = ports;
    this.#asker = asker;
  }

  /** Null where no topic has that id. */
  nameOf(topicId: string): string | null {
    return this.#ports.metadata.image.topicById(topicId)?.name ?? null;
  }

  /** NONE: the asker may read the topic. Null: a topic that is not known by the id it was named by. */
  refusalOf(topic: string | null): ErrorCode {
    if (topic === null) return ErrorCodes.UNKNOWN_TOPIC_ID;
    if (topic === this.#topic) return this.#refusal;
    this.#topic = topic;
    this.#refusal = this.#decide(topic);
    return this.#refusal;
  }

  /** The replica, or why there is none for the asker. To be asked for after `refusalOf`. */
  locate(topic: string, partition: number, topicId: string): Partition | ErrorCode {
    const replica = this.#ports.replicas.get(topic, partition);
    if (!this.#asker.usesTopicIds) {
      return replica ?? this.#ports.missingReplicaCode(topic, partition);
    }
    if (replica !== undefined) {
      const known = replica.log.topicId;
      return known === null || known === topicId ? replica : ErrorCodes.INCONSISTENT_TOPIC_ID;
    }
    // A session goes on with the name: by now that may be another topic's, or nobody's.
    if (this.nameOf(topicId) !== topic) return ErrorCodes.UNKNOWN_TOPIC_ID;
    return this.#ports.missingReplicaCode(topic, partition);
  }

  #decide(topic: string): ErrorCode {
    const { authorizer, topicConfig } = this.#ports;
    const { context, isFollower } = this.#asker;
    const isAllowed = isFollower
      ? authorizer.authorize(context, 'CLUSTER_ACTION', clusterResource)
      : authorizer.authorize(context, 'READ', { type: 'TOPIC', name: topic });
    if (!isAllowed) return ErrorCodes.TOPIC_AUTHORIZATION_FAILED;
    const isReadable =
      context.apiVersion >= ZSTD_VERSION || topicConfig(topic).compression?.codec !== 'zstd';
    return isReadable ? ErrorCodes.NONE : ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE;
  }
}
