/**
 * FindCoordinator: which broker coordinates a group: the leader of the group's partition of
 * __consumer_offsets, which is made on demand. Versions and errors: see messages/find-coordinator.ts.
 * Transactions have no coordinator yet: COORDINATOR_NOT_AVAILABLE with a message that says so.
 */

import { CONSUMER_OFFSETS } from '../../cluster/topic-name.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts';
import type { ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { MetadataCache } from '../metadata-cache.ts';
import type { TopicService } from '../topic-service.ts';

export interface FindCoordinatorPorts {
  readonly metadata: MetadataCache;
  readonly topics: TopicService;
  readonly partitionFor: (groupId: string) => number;
  readonly authorizer: Authorizer;
}

type Coordinator = ResponseOf<typeof findCoordinator>['coordinators'][number];

const GROUP = 0;
const TRANSACTION = 1;
const BATCHED_SINCE = 4;

export function findCoordinatorHandler(ports: FindCoordinatorPorts): ApiHandler {
  return serve(findCoordinator, [0, 6], (context, request) => {
    const keys = context.apiVersion >= BATCHED_SINCE ? request.coordinatorKeys : [request.key];
    const coordinators = keys.map((key) => find(ports, context, { key, type: request.keyType }));
    const [only] = coordinators;
    const first = only ?? failure('', ErrorCodes.INVALID_REQUEST, null);
    if (context.apiVersion >= BATCHED_SINCE) {
      return { ...NO_SINGLE, throttleTimeMs: 0, coordinators };
    }
    return { ...first, throttleTimeMs: 0, coordinators: [] };
  });
}

const NO_SINGLE = { errorCode: 0, errorMessage: null, nodeId: 0, host: '', port: 0 };

function find(
  ports: FindCoordinatorPorts,
  context: RequestContext,
  { key, type }: { key: string; type: number },
): Coordinator {
  if (type === TRANSACTION) {
    if (!ports.authorizer.authorize(context, 'DESCRIBE', { type: 'TRANSACTIONAL_ID', name: key })) {
      return failure(key, ErrorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, null);
    }
    const message = 'This version of the broker has no transaction coordinator yet.';
    return failure(key, ErrorCodes.COORDINATOR_NOT_AVAILABLE, message);
  }
  if (type !== GROUP) return failure(key, ErrorCodes.INVALID_REQUEST, null);
  if (!ports.authorizer.authorize(context, 'DESCRIBE', { type: 'GROUP', name: key })) {
    return failure(key, ErrorCodes.GROUP_AUTHORIZATION_FAILED, null);
  }
  return groupCoordinator(ports, context, key);
}

function groupCoordinator(
  { metadata, topics, partitionFor }: FindCoordinatorPorts,
  { listenerName }: RequestContext,
  key: string,
): Coordinator {
  const topic = metadata.topic(CONSUMER_OFFSETS);
  if (topic === undefined) {
    topics.createOnDemand(CONSUMER_OFFSETS);
    return failure(key, ErrorCodes.COORDINATOR_NOT_AVAILABLE, null);
  }
  const leader = topic.partitions.get(partitionFor(key))?.leader ?? -1;
  const endpoint = metadata.endpoint(leader, listenerName);
  if (endpoint === undefined) return failure(key, ErrorCodes.COORDINATOR_NOT_AVAILABLE, null);
  const { host, port } = endpoint;
  return { key, nodeId: leader, host, port, errorCode: ErrorCodes.NONE, errorMessage: null };
}

function failure(key: string, errorCode: number, errorMessage: string | null): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage };
}
