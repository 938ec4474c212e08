/**
 * OffsetFetch: positions of groups. Groups and topics that may not be seen are answered here; the
 * rest is the group coordinator's. Versions and errors: see messages/offset-fetch.ts.
 */

import type { GroupCoordinator } from '../../coordinator/runtime/group-coordinator.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface OffsetFetchPorts {
  readonly groups: GroupCoordinator;
  readonly authorizer: Authorizer;
}

type OffsetFetchRequest = RequestOf<typeof offsetFetch>;
type OffsetFetchResponse = ResponseOf<typeof offsetFetch>;
type Topics = OffsetFetchRequest['topics'];
type ResponseTopics = OffsetFetchResponse['topics'];

const BATCHED_SINCE = 8;

export function offsetFetchHandler(ports: OffsetFetchPorts): ApiHandler {
  return serve(offsetFetch, [1, 9], (context, request) =>
    context.apiVersion >= BATCHED_SINCE
      ? fetchGroups(ports, context, request)
      : fetchOne(ports, context, request),
  );
}

async function fetchOne(
  ports: OffsetFetchPorts,
  context: RequestContext,
  request: OffsetFetchRequest,
): Promise<OffsetFetchResponse> {
  if (!maySeeGroup(ports, context, request.groupId)) {
    const errorCode = ErrorCodes.GROUP_AUTHORIZATION_FAILED;
    return { throttleTimeMs: 0, topics: [], errorCode, groups: [] };
  }
  const topics = visibleTopics(ports, context, request.topics);
  const answer = await ports.groups.offsetFetch(context, { ...request, topics });
  return { ...answer, topics: visible(ports, context, answer.topics) };
}

async function fetchGroups(
  ports: OffsetFetchPorts,
  context: RequestContext,
  request: OffsetFetchRequest,
): Promise<OffsetFetchResponse> {
  const allowed = request.groups.filter(({ groupId }) => maySeeGroup(ports, context, groupId));
  const answer = await ports.groups.offsetFetch(context, {
    ...request,
    groups: allowed.map((it) => ({ ...it, topics: visibleTopics(ports, context, it.topics) })),
  });
  const refused = request.groups
    .filter((group) => !allowed.includes(group))
    .map(({ groupId }) => ({
      groupId,
      topics: [],
      errorCode: ErrorCodes.GROUP_AUTHORIZATION_FAILED,
    }));
  const groups = answer.groups.map((group) => ({
    ...group,
    topics: visible(ports, context, group.topics),
  }));
  return { ...answer, groups: [...groups, ...refused] };
}

function maySeeGroup(ports: OffsetFetchPorts, context: RequestContext, groupId: string): boolean {
  return ports.authorizer.authorize(context, 'DESCRIBE', { type: 'GROUP', name: groupId });
}

function maySeeTopic(ports: OffsetFetchPorts, context: RequestContext, topic: string): boolean {
  return ports.authorizer.authorize(context, 'DESCRIBE', { type: 'TOPIC', name: topic });
}

/** Null, which asks for all topics, stays null. */
function visibleTopics(ports: OffsetFetchPorts, context: RequestContext, topics: Topics): Topics {
  return topics?.filter(({ name }) => maySeeTopic(ports, context, name)) ?? null;
}

function visible(
  ports: OffsetFetchPorts,
  context: RequestContext,
  topics: ResponseTopics,
): ResponseTopics {
  return topics.filter(({ name }) => maySeeTopic(ports, context, name));
}
