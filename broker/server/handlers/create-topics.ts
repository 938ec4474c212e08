/**
 * CreateTopics: by the controller only; answered when this broker knows the leaders of all
 * partitions, or REQUEST_TIMED_OUT. Versions and errors: see messages/create-topics.ts.
 */

import type { ConfigEntry } from '../../config/resolve.ts';
import { ConfigSources } from '../../config/resolve.ts';
import type { CreatedTopic, NewTopic } from '../../controller/topic-admin.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { createTopics } from '../../protocol/messages/create-topics.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import { ZERO_UUID } from '../../protocol/wire/uuid.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { TopicService } from '../topic-service.ts';

export interface CreateTopicsPorts {
  readonly topics: TopicService;
  readonly isController: () => boolean;
  readonly describeTopic: (topic: string) => readonly ConfigEntry[];
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type CreateTopicsRequest = RequestOf<typeof createTopics>;
type RequestedTopic = CreateTopicsRequest['topics'][number];
type TopicResponse = ResponseOf<typeof createTopics>['topics'][number];

export function createTopicsHandler(ports: CreateTopicsPorts): ApiHandler {
  return serve(createTopics, [0, 7], async (context, request) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      unique(request.topics).map((topic) => createOne(ports, context, { topic, request })),
    ),
  }));
}

/** A name that is there twice is answered once, and refused. */
function unique(topics: readonly RequestedTopic[]): RequestedTopic[] {
  return [...new Map(topics.map((topic) => [topic.name, topic])).values()];
}

async function createOne(
  ports: CreateTopicsPorts,
  context: RequestContext,
  { topic, request }: { topic: RequestedTopic; request: CreateTopicsRequest },
): Promise<TopicResponse> {
  try {
    if (!ports.isController()) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
    checkAllowed(ports.authorizer, context, topic.name);
    if (request.topics.filter(({ name }) => name === topic.name).length > 1) {
      throw new KafkaError(
        ErrorCodes.INVALID_REQUEST,
        `Create topics request from client ${context.clientId ?? ''} contains multiple entries for the following topics: ${topic.name}`,
      );
    }
    const { validateOnly, timeoutMs } = request;
    const created = await ports.topics.create(newTopic(topic), { validateOnly });
    if (!validateOnly) await waitForLeaders(ports, topic.name, { created, timeoutMs });
    return response(topic.name, { created, configs: ports.describeTopic(topic.name) });
  } catch (error) {
    return failed(ports.logger, topic.name, error);
  }
}

function checkAllowed(authorizer: Authorizer, context: RequestContext, topic: string): void {
  const isAllowed =
    authorizer.authorize(context, 'CREATE', clusterResource) ||
    authorizer.authorize(context, 'CREATE', { type: 'TOPIC', name: topic });
  if (!isAllowed) throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
}

function newTopic(topic: RequestedTopic): NewTopic {
  const { name, numPartitions, replicationFactor, assignments } = topic;
  if (assignments.length > 0 && (numPartitions !== -1 || replicationFactor !== -1)) {
    throw new KafkaError(
      ErrorCodes.INVALID_REQUEST,
      'Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at the same time.',
    );
  }
  const config = new Map<string, string>();
  for (const { name: key, value } of topic.configs) {
    if (value === null) {
      throw new KafkaError(
        ErrorCodes.INVALID_CONFIG,
        `Null value not supported for topic configs: ${key}`,
      );
    }
    config.set(key, value);
  }
  const assignment =
    assignments.length === 0
      ? null
      : new Map(assignments.map(({ partitionIndex, brokerIds }) => [partitionIndex, brokerIds]));
  if (assignment !== null && assignment.size < assignments.length) {
    throw new KafkaError(ErrorCodes.INVALID_REPLICA_ASSIGNMENT, 'A partition is assigned twice');
  }
  return { name, partitionCount: numPartitions, replicationFactor, assignment, config };
}

async function waitForLeaders(
  { topics }: CreateTopicsPorts,
  topic: string,
  { created, timeoutMs }: { created: CreatedTopic; timeoutMs: number },
): Promise<void> {
  const { partitionCount } = created;
  if (await topics.waitForLeaders(topic, { partitionCount, timeoutMs })) return;
  throw new KafkaError(
    ErrorCodes.REQUEST_TIMED_OUT,
    'Timed out waiting for the topic; it will be created all the same.',
  );
}

function response(
  name: string,
  { created, configs }: { created: CreatedTopic; configs: readonly ConfigEntry[] },
): TopicResponse {
  return {
    name,
    topicId: created.topicId,
    errorCode: ErrorCodes.NONE,
    errorMessage: null,
    topicConfigErrorCode: ErrorCodes.NONE,
    numPartitions: created.partitionCount,
    replicationFactor: created.replicationFactor,
    configs: configs.map((entry) => ({
      name: entry.name,
      value: entry.value,
      readOnly: entry.readOnly,
      configSource: ConfigSources[entry.source],
      isSensitive: entry.sensitive,
    })),
  };
}

function failed(logger: Logger, name: string, error: unknown): TopicResponse {
  const errorCode = errorCodeOf(error);
  if (errorCode === ErrorCodes.UNKNOWN_SERVER_ERROR && !(error instanceof KafkaError)) {
    logger.error({ err: error, topic: name }, 'topic could not be created');
  }
  return {
    name,
    topicId: ZERO_UUID,
    errorCode,
    errorMessage: error instanceof KafkaError ? error.message : null,
    topicConfigErrorCode: ErrorCodes.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
