/**
 * OffsetCommit: positions of a group. Topics that may not be read, or that do not exist, are answered
 * here; the rest is the group coordinator's. Versions and errors: see messages/offset-commit.ts.
 */

import type { GroupCoordinator } from '../../coordinator/runtime/group-coordinator.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { offsetCommit } from '../../protocol/messages/offset-commit.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { MetadataCache } from '../metadata-cache.ts';

export interface OffsetCommitPorts {
  readonly groups: GroupCoordinator;
  readonly metadata: MetadataCache;
  readonly authorizer: Authorizer;
}

type RequestTopic = RequestOf<typeof offsetCommit>['topics'][number];
type ResponseTopic = ResponseOf<typeof offsetCommit>['topics'][number];

export function offsetCommitHandler(ports: OffsetCommitPorts): ApiHandler {
  return serve(offsetCommit, [1, 9], async (context, request) => {
    const { groupId } = request;
    if (!ports.authorizer.authorize(context, 'READ', { type: 'GROUP', name: groupId })) {
      const topics = request.topics.map((it) => refuse(it, ErrorCodes.GROUP_AUTHORIZATION_FAILED));
      return { throttleTimeMs: 0, topics };
    }
    const known = request.topics.map((topic) => knownPartitions(ports, context, topic));
    const topics = known.map((it) => it.accepted).filter(({ partitions }) => partitions.length > 0);
    const answer = await ports.groups.offsetCommit(context, { ...request, topics });
    const refused = known.map((it) => it.refused).filter(({ partitions }) => partitions.length > 0);
    return { ...answer, topics: merge([...answer.topics, ...refused]) };
  });
}

function knownPartitions(
  { metadata, authorizer }: OffsetCommitPorts,
  context: RequestContext,
  topic: RequestTopic,
): { readonly accepted: RequestTopic; readonly refused: ResponseTopic } {
  const none = { ...topic, partitions: [] };
  if (!authorizer.authorize(context, 'READ', { type: 'TOPIC', name: topic.name })) {
    return { accepted: none, refused: refuse(topic, ErrorCodes.TOPIC_AUTHORIZATION_FAILED) };
  }
  const known = metadata.topic(topic.name)?.partitions;
  const isKnown = (index: number): boolean => known?.has(index) ?? false;
  const accepted = topic.partitions.filter(({ partitionIndex }) => isKnown(partitionIndex));
  const unknown = topic.partitions.filter(({ partitionIndex }) => !isKnown(partitionIndex));
  return {
    accepted: { ...topic, partitions: accepted },
    refused: refuse({ ...topic, partitions: unknown }, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION),
  };
}

function refuse({ name, partitions }: RequestTopic, errorCode: ErrorCode): ResponseTopic {
  return {
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  };
}

/** One entry per topic, as it was asked for. */
function merge(topics: readonly ResponseTopic[]): ResponseTopic[] {
  const merged = new Map<string, ResponseTopic>();
  for (const topic of topics) {
    const before = merged.get(topic.name)?.partitions ?? [];
    merged.set(topic.name, { name: topic.name, partitions: [...before, ...topic.partitions] });
  }
  return [...merged.values()];
}
