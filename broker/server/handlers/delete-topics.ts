/**
 * DeleteTopics: by the controller only; answered when this broker's metadata shows the topics no
 * more, or REQUEST_TIMED_OUT. Versions and errors: see messages/delete-topics.ts.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { deleteTopics } from '../../protocol/messages/delete-topics.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import { ZERO_UUID } from '../../protocol/wire/uuid.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { MetadataCache } from '../metadata-cache.ts';
import type { TopicService } from '../topic-service.ts';

export interface DeleteTopicsPorts {
  readonly topics: TopicService;
  readonly metadata: MetadataCache;
  readonly isController: () => boolean;
  readonly deletionEnabled: () => boolean;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type DeleteTopicsRequest = RequestOf<typeof deleteTopics>;
type TopicResponse = ResponseOf<typeof deleteTopics>['responses'][number];

interface Wanted {
  readonly name: string | null;
  readonly topicId: string;
}

export function deleteTopicsHandler(ports: DeleteTopicsPorts): ApiHandler {
  return serve(deleteTopics, [0, 6], async (context, request) => ({
    throttleTimeMs: 0,
    responses: await Promise.all(
      wantedTopics(context, request).map((wanted) =>
        deleteOne(ports, context, { wanted, request }),
      ),
    ),
  }));
}

function wantedTopics({ apiVersion }: RequestContext, request: DeleteTopicsRequest): Wanted[] {
  if (apiVersion >= 6) return [...request.topics];
  return request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
}

async function deleteOne(
  ports: DeleteTopicsPorts,
  context: RequestContext,
  { wanted, request }: { wanted: Wanted; request: DeleteTopicsRequest },
): Promise<TopicResponse> {
  try {
    const { name, topicId } = resolve(ports, context, wanted);
    await ports.topics.remove(name);
    if (!(await ports.topics.waitUntilGone(name, request.timeoutMs))) {
      throw new KafkaError(ErrorCodes.REQUEST_TIMED_OUT);
    }
    return { name, topicId, errorCode: ErrorCodes.NONE, errorMessage: null };
  } catch (error) {
    if (!(error instanceof KafkaError)) {
      ports.logger.error({ err: error, ...wanted }, 'topic could not be deleted');
    }
    const errorMessage = error instanceof KafkaError ? error.message : null;
    return { ...wanted, errorCode: errorCodeOf(error), errorMessage };
  }
}

function resolve(
  ports: DeleteTopicsPorts,
  context: RequestContext,
  wanted: Wanted,
): { readonly name: string; readonly topicId: string } {
  if (!ports.isController()) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
  const { image } = ports.metadata;
  const topic =
    wanted.name === null ? image.topicById(wanted.topicId) : image.topics.get(wanted.name);
  const name = wanted.name ?? topic?.name;
  if (name === undefined) throw new KafkaError(ErrorCodes.UNKNOWN_TOPIC_ID);
  if (!ports.authorizer.authorize(context, 'DELETE', { type: 'TOPIC', name })) {
    throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
  }
  if (!ports.deletionEnabled()) {
    throw new KafkaError(ErrorCodes.TOPIC_DELETION_DISABLED, 'delete.topic.enable is false');
  }
  // One whose deletion has begun is gone for clients, while its znode still stands.
  if (topic === undefined) throw new KafkaError(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  return { name, topicId: topic.topicId ?? ZERO_UUID };
}
