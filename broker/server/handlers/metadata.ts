/**
 * Metadata: brokers, controller, topics and leaders, from memory. Versions and errors: see
 * messages/metadata.ts. A topic that is missing may be made on demand; it is then answered with
 * LEADER_NOT_AVAILABLE, and clients ask again.
 *
 * Until the controller has told this broker what there is, the answer waits: clients take a topic that
 * is not in it for deleted. Apache Kafka's broker answers with an empty cluster. When that takes too
 * long the connection is closed, so that clients ask another broker; only who asks for no topic gets
 * an answer all the same.
 */

import type { PartitionImage, TopicImage } from '../../cluster/cluster-image.ts';
import { isInternalTopic, topicNameProblem } from '../../cluster/topic-name.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { metadata } from '../../protocol/messages/metadata.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import { ZERO_UUID } from '../../protocol/wire/uuid.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { MetadataCache } from '../metadata-cache.ts';
import type { TopicService } from '../topic-service.ts';

export interface MetadataPorts {
  readonly metadata: MetadataCache;
  readonly topics: Pick<TopicService, 'mayCreateOnDemand' | 'createOnDemand'>;
  readonly clusterId: () => string;
  readonly authorizer: Authorizer;
}

type MetadataRequest = RequestOf<typeof metadata>;
type MetadataResponse = ResponseOf<typeof metadata>;
type TopicResponse = MetadataResponse['topics'][number];
type PartitionResponse = TopicResponse['partitions'][number];

const NOT_ASKED = -0x80000000;
/** Short: the client could ask another broker meanwhile. */
const PICTURE_WAIT_MS = 1000;

export function metadataHandler(ports: MetadataPorts): ApiHandler {
  const cache = ports.metadata;
  return serve(metadata, [0, 12], (context, request) => {
    if (cache.isWhole) return answer(ports, context, request);
    return cache
      .waitUntil(() => cache.isWhole, PICTURE_WAIT_MS)
      .then((isWhole) => {
        if (isWhole || asksForNone(context, request)) return answer(ports, context, request);
        throw new ProtocolError('the controller has not told this broker of any topic yet');
      });
  });
}

function answer(
  ports: MetadataPorts,
  context: RequestContext,
  request: MetadataRequest,
): MetadataResponse {
  const { image } = ports.metadata;
  return {
    throttleTimeMs: 0,
    brokers: ports.metadata.brokersOn(context.listenerName).map(({ broker, endpoint }) => ({
      nodeId: broker.id,
      host: endpoint.host,
      port: endpoint.port,
      rack: broker.rack,
    })),
    clusterId: ports.clusterId(),
    controllerId: image.controllerId,
    topics: topicsOf(ports, context, request),
    clusterAuthorizedOperations: NOT_ASKED,
  };
}

/** Version 0 cannot. */
function asksForNone({ apiVersion }: RequestContext, { topics }: MetadataRequest): boolean {
  return apiVersion > 0 && topics?.length === 0;
}

function topicsOf(
  ports: MetadataPorts,
  context: RequestContext,
  request: MetadataRequest,
): TopicResponse[] {
  const { image } = ports.metadata;
  // Version 0 has no null: there an empty list asks for all.
  if (request.topics === null || (context.apiVersion === 0 && request.topics.length === 0)) {
    return [...image.topics.values()]
      .filter(({ name }) => isAllowed(ports, context, name))
      .map((topic) => found(ports, context, topic));
  }
  return request.topics.map(({ name, topicId }) => {
    if (name !== null) return byName(ports, context, { name, request });
    const topic = image.topicById(topicId);
    if (topic === undefined) return missing(null, topicId, ErrorCodes.UNKNOWN_TOPIC_ID);
    if (!isAllowed(ports, context, topic.name)) {
      return missing(null, topicId, ErrorCodes.UNKNOWN_TOPIC_ID);
    }
    return found(ports, context, topic);
  });
}

function byName(
  ports: MetadataPorts,
  context: RequestContext,
  { name, request }: { name: string; request: MetadataRequest },
): TopicResponse {
  if (!isAllowed(ports, context, name)) {
    return missing(name, ZERO_UUID, ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
  }
  const topic = ports.metadata.image.topics.get(name);
  if (topic !== undefined) return found(ports, context, topic);
  if (topicNameProblem(name) !== null) {
    return missing(name, ZERO_UUID, ErrorCodes.INVALID_TOPIC_EXCEPTION);
  }
  if (!request.allowAutoTopicCreation || !ports.topics.mayCreateOnDemand(name)) {
    return missing(name, ZERO_UUID, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  }
  if (!ports.authorizer.authorize(context, 'CREATE', { type: 'TOPIC', name })) {
    return missing(name, ZERO_UUID, ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
  }
  ports.topics.createOnDemand(name);
  return missing(name, ZERO_UUID, ErrorCodes.LEADER_NOT_AVAILABLE);
}

function isAllowed(ports: MetadataPorts, context: RequestContext, topic: string): boolean {
  return ports.authorizer.authorize(context, 'DESCRIBE', { type: 'TOPIC', name: topic });
}

function found(
  { metadata: cache }: MetadataPorts,
  { apiVersion, listenerName }: RequestContext,
  topic: TopicImage,
): TopicResponse {
  const partitions = [...topic.partitions].map(([index, state]): PartitionResponse => ({
    errorCode: partitionError(cache, state, { apiVersion, listenerName }),
    partitionIndex: index,
    leaderId: state.leader,
    leaderEpoch: state.leaderEpoch,
    replicaNodes: state.replicas,
    isrNodes: state.isr,
    offlineReplicas: state.offlineReplicas,
  }));
  return {
    errorCode: ErrorCodes.NONE,
    name: topic.name,
    topicId: topic.topicId ?? ZERO_UUID,
    isInternal: isInternalTopic(topic.name),
    partitions,
    topicAuthorizedOperations: NOT_ASKED,
  };
}

/** LISTENER_NOT_FOUND (version 6 and later): the leader lives, but not on the client's listener. */
function partitionError(
  cache: MetadataCache,
  { leader }: PartitionImage,
  { apiVersion, listenerName }: Pick<RequestContext, 'apiVersion' | 'listenerName'>,
): ErrorCode {
  if (!cache.image.isAlive(leader)) return ErrorCodes.LEADER_NOT_AVAILABLE;
  if (cache.endpoint(leader, listenerName) !== undefined) return ErrorCodes.NONE;
  return apiVersion >= 6 ? ErrorCodes.LISTENER_NOT_FOUND : ErrorCodes.LEADER_NOT_AVAILABLE;
}

function missing(name: string | null, topicId: string, errorCode: ErrorCode): TopicResponse {
  return {
    errorCode,
    name,
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: NOT_ASKED,
  };
}
