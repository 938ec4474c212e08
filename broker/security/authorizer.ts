/**
 * Who may do what. Every handler asks before it acts, so that a real authorizer can be put in here
 * without touching them. Names are Kafka's (AclOperation, ResourceType).
 */

import type { RequestContext } from '../model/request-context.ts';

export type Operation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE';

export type ResourceType = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID' | 'DELEGATION_TOKEN';

export interface Resource {
  readonly type: ResourceType;
  readonly name: string;
}

/** The one resource of type CLUSTER. */
export const clusterResource: Resource = { type: 'CLUSTER', name: 'kafka-cluster' };

export interface Authorizer {
  /** True: allowed. Called on the path of every request: it answers from memory. */
  authorize(context: RequestContext, operation: Operation, resource: Resource): boolean;
}

/** Lets everybody do everything, as Kafka does without `authorizer.class.name`. */
export const allowAll: Authorizer = { authorize: () => true };
