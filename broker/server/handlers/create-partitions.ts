/**
 * CreatePartitions: more partitions for a topic; by the controller only. Versions and errors: see
 * messages/create-partitions.ts.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { createPartitions } from '../../protocol/messages/create-partitions.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { TopicService } from '../topic-service.ts';

export interface CreatePartitionsPorts {
  readonly topics: TopicService;
  readonly isController: () => boolean;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type CreatePartitionsRequest = RequestOf<typeof createPartitions>;
type RequestedTopic = CreatePartitionsRequest['topics'][number];
type Result = ResponseOf<typeof createPartitions>['results'][number];

export function createPartitionsHandler(ports: CreatePartitionsPorts): ApiHandler {
  return serve(createPartitions, [0, 3], async (context, request) => ({
    throttleTimeMs: 0,
    results: await Promise.all(
      request.topics.map((topic) => createOne(ports, context, { topic, request })),
    ),
  }));
}

async function createOne(
  { topics, isController, authorizer, logger }: CreatePartitionsPorts,
  context: RequestContext,
  { topic, request }: { topic: RequestedTopic; request: CreatePartitionsRequest },
): Promise<Result> {
  const { name, count } = topic;
  try {
    if (!isController()) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
    if (!authorizer.authorize(context, 'ALTER', { type: 'TOPIC', name })) {
      throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
    }
    if (request.topics.filter((it) => it.name === name).length > 1) {
      throw new KafkaError(ErrorCodes.INVALID_REQUEST, `Duplicate topic ${name} in the request.`);
    }
    const { validateOnly, timeoutMs } = request;
    const assignment = topic.assignments?.map(({ brokerIds }) => brokerIds) ?? null;
    await topics.addPartitions({ name, count, assignment }, { validateOnly });
    if (!validateOnly) await requireLeaders(topics, topic, timeoutMs);
    return { name, errorCode: ErrorCodes.NONE, errorMessage: null };
  } catch (error) {
    if (!(error instanceof KafkaError)) {
      logger.error({ err: error, topic: name }, 'partitions could not be added');
    }
    const errorMessage = error instanceof KafkaError ? error.message : null;
    return { name, errorCode: errorCodeOf(error), errorMessage };
  }
}

async function requireLeaders(
  topics: TopicService,
  { name, count }: RequestedTopic,
  timeoutMs: number,
): Promise<void> {
  const options = { partitionCount: count, timeoutMs };
  if (await topics.waitForLeaders(name, options)) return;
  throw new KafkaError(ErrorCodes.REQUEST_TIMED_OUT);
}
