/**
 * IncrementalAlterConfigs and AlterConfigs: of topics, and of brokers as far as their keys can change
 * at run time. Versions and errors: see the messages.
 */

import type { ConfigOperation } from '../../config-store/alterations.ts';
import type { AlterOptions, ConfigStore } from '../../config-store/config-store.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { alterConfigs } from '../../protocol/messages/alter-configs.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import { ResourceTypes } from '../config-resource.ts';

export interface AlterConfigsPorts {
  readonly configs: ConfigStore;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type Alteration = RequestOf<typeof incrementalAlterConfigs>['resources'][number]['configs'][number];
type Result = ResponseOf<typeof incrementalAlterConfigs>['responses'][number];

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

const OPERATIONS = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const;

export function incrementalAlterConfigsHandler(ports: AlterConfigsPorts): ApiHandler {
  return serve(incrementalAlterConfigs, [0, 1], async (context, request) => ({
    throttleTimeMs: 0,
    responses: await Promise.all(
      request.resources.map((resource) =>
        answer(ports, resource, async () => {
          checkOnce(resource, request.resources);
          checkAllowed(ports, context, resource);
          await alter(ports.configs, resource, {
            operations: resource.configs.map(operationOf),
            validateOnly: request.validateOnly,
          });
        }),
      ),
    ),
  }));
}

export function alterConfigsHandler(ports: AlterConfigsPorts): ApiHandler {
  return serve(alterConfigs, [0, 2], async (context, request) => ({
    throttleTimeMs: 0,
    responses: await Promise.all(
      request.resources.map((resource) =>
        answer(ports, resource, async () => {
          checkOnce(resource, request.resources);
          checkAllowed(ports, context, resource);
          const config = new Map<string, string>();
          for (const { name, value } of resource.configs) config.set(name, required(name, value));
          const options = { validateOnly: request.validateOnly };
          await replace(ports.configs, resource, { config, ...options });
        }),
      ),
    ),
  }));
}

async function answer(
  { logger }: AlterConfigsPorts,
  { resourceType, resourceName }: Resource,
  action: () => Promise<void>,
): Promise<Result> {
  try {
    await action();
    return { errorCode: ErrorCodes.NONE, errorMessage: null, resourceType, resourceName };
  } catch (error) {
    if (!(error instanceof KafkaError)) logger.error({ err: error }, 'alter configs failed');
    const errorMessage = error instanceof KafkaError ? error.message : null;
    return { errorCode: errorCodeOf(error), errorMessage, resourceType, resourceName };
  }
}

function checkOnce(resource: Resource, all: readonly Resource[]): void {
  const same = all.filter(
    (it) => it.resourceType === resource.resourceType && it.resourceName === resource.resourceName,
  );
  if (same.length > 1) {
    throw new KafkaError(ErrorCodes.INVALID_REQUEST, 'Each resource must appear at most once');
  }
}

function checkAllowed(
  { authorizer }: AlterConfigsPorts,
  context: RequestContext,
  { resourceType, resourceName }: Resource,
): void {
  if (resourceType === ResourceTypes.TOPIC) {
    const topic = { type: 'TOPIC', name: resourceName } as const;
    if (authorizer.authorize(context, 'ALTER_CONFIGS', topic)) return;
    throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
  }
  if (authorizer.authorize(context, 'ALTER_CONFIGS', clusterResource)) return;
  throw new KafkaError(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED);
}

function alter(
  configs: ConfigStore,
  { resourceType, resourceName }: Resource,
  { operations, ...options }: AlterOptions & { readonly operations: readonly ConfigOperation[] },
): Promise<void> {
  if (resourceType === ResourceTypes.TOPIC) {
    return configs.alterTopic(resourceName, operations, options);
  }
  if (resourceType === ResourceTypes.BROKER) {
    return configs.alterBroker(brokerIdOf(resourceName), operations, options);
  }
  throw unsupported(resourceType);
}

function replace(
  configs: ConfigStore,
  { resourceType, resourceName }: Resource,
  { config, ...options }: AlterOptions & { readonly config: ReadonlyMap<string, string> },
): Promise<void> {
  if (resourceType !== ResourceTypes.TOPIC) throw unsupported(resourceType);
  return configs.replaceTopic(resourceName, config, options);
}

function brokerIdOf(name: string): number | null {
  if (name === '') return null;
  if (/^\d{1,10}$/.test(name)) return Number(name);
  throw new KafkaError(
    ErrorCodes.INVALID_REQUEST,
    `Broker id must be an integer, but it is: ${name}`,
  );
}

function operationOf({ name, configOperation, value }: Alteration): ConfigOperation {
  const operation = OPERATIONS[configOperation];
  if (operation === undefined) {
    throw new KafkaError(ErrorCodes.INVALID_REQUEST, `Unknown operation for ${name}`);
  }
  return { key: name, operation, value: operation === 'DELETE' ? null : required(name, value) };
}

function required(name: string, value: string | null): string {
  if (value !== null) return value;
  throw new KafkaError(ErrorCodes.INVALID_REQUEST, `Null value not supported for : ${name}`);
}

function unsupported(resourceType: number): KafkaError {
  return new KafkaError(
    ErrorCodes.INVALID_REQUEST,
    `Configurations of resource type ${String(resourceType)} cannot be altered`,
  );
}
