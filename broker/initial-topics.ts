/** KAFKA_CREATE_TOPICS: topics that a broker makes after its start, where they are not there yet. */

import type { TopicToCreate } from './config/create-topics.ts';
import { errorName } from './model/error-codes.ts';
import { KafkaError } from './model/kafka-error.ts';
import type { Logger } from './platform/logger.ts';
import type { MetadataCache } from './server/metadata-cache.ts';
import type { TopicService } from './server/topic-service.ts';

interface InitialTopicsPorts {
  readonly metadata: Pick<MetadataCache, 'topic'>;
  readonly topics: Pick<TopicService, 'create'>;
  readonly logger: Logger;
  /** Aborts when the broker stops. */
  readonly signal: AbortSignal;
}

/** Never rejects: one that cannot be made is logged, and the others go on. */
export async function createInitialTopics(
  wanted: readonly TopicToCreate[],
  { metadata, topics, logger, signal }: InitialTopicsPorts,
): Promise<void> {
  for (const { name, partitions, replicationFactor, config } of wanted) {
    const topic = {
      name,
      partitionCount: partitions,
      replicationFactor,
      assignment: null,
      config,
    };
    if (signal.aborted) return;
    try {
      if (metadata.topic(name) !== undefined) continue;
      await topics.create(topic, { validateOnly: false });
      logger.info({ topic: name }, 'topic created as KAFKA_CREATE_TOPICS says');
    } catch (error) {
      // Expected where the cluster has too few brokers, or others a policy: code and reason say it all.
      const reason =
        error instanceof KafkaError
          ? { code: errorName(error.code), reason: error.message }
          : { err: error };
      logger.error({ ...reason, topic: name }, 'a topic of KAFKA_CREATE_TOPICS is not created');
    }
  }
}
