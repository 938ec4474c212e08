/**
 * DescribeConfigs: effective values of topics and of this broker, with where they come from.
 * Versions and errors: see messages/describe-configs.ts.
 */

import type { ConfigEntry } from '../../config/resolve.ts';
import { ConfigSources, ConfigTypeCodes } from '../../config/resolve.ts';
import type { ConfigStore } from '../../config-store/config-store.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { describeConfigs } from '../../protocol/messages/describe-configs.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import { ResourceTypes } from '../config-resource.ts';
import type { MetadataCache } from '../metadata-cache.ts';

export interface DescribeConfigsPorts {
  readonly brokerId: number;
  readonly configs: ConfigStore;
  readonly metadata: MetadataCache;
  readonly authorizer: Authorizer;
}

type DescribeConfigsRequest = RequestOf<typeof describeConfigs>;
type Resource = DescribeConfigsRequest['resources'][number];
type Result = ResponseOf<typeof describeConfigs>['results'][number];

const UNKNOWN_TYPE_CODE = 0;

export function describeConfigsHandler(ports: DescribeConfigsPorts): ApiHandler {
  return serve(describeConfigs, [0, 4], async (context, request) => ({
    throttleTimeMs: 0,
    results: await Promise.all(
      request.resources.map((it) => describe(ports, context, { resource: it, request })),
    ),
  }));
}

async function describe(
  ports: DescribeConfigsPorts,
  context: RequestContext,
  { resource, request }: { resource: Resource; request: DescribeConfigsRequest },
): Promise<Result> {
  const { resourceType, resourceName } = resource;
  try {
    const wanted = resource.configurationKeys;
    const all = await entriesOf(ports, context, resource);
    const entries = all.filter(({ name }) => wanted === null || wanted.includes(name));
    const configs = entries.map((entry) => row(entry, request));
    return { errorCode: ErrorCodes.NONE, errorMessage: null, resourceType, resourceName, configs };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const { message: errorMessage } = error;
    return { errorCode: errorCodeOf(error), errorMessage, resourceType, resourceName, configs: [] };
  }
}

async function entriesOf(
  ports: DescribeConfigsPorts,
  context: RequestContext,
  { resourceType, resourceName }: Resource,
): Promise<readonly ConfigEntry[]> {
  const { authorizer, configs, metadata } = ports;
  switch (resourceType) {
    case ResourceTypes.TOPIC:
      if (
        !authorizer.authorize(context, 'DESCRIBE_CONFIGS', { type: 'TOPIC', name: resourceName })
      ) {
        throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
      }
      if (metadata.topic(resourceName) === undefined) {
        throw new KafkaError(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
      }
      return configs.describeTopicAfresh(resourceName);
    case ResourceTypes.BROKER:
      if (!authorizer.authorize(context, 'DESCRIBE_CONFIGS', clusterResource)) {
        throw new KafkaError(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED);
      }
      if (resourceName === '') return configs.describeBrokerDefaults();
      if (resourceName === String(ports.brokerId)) return configs.describeBroker();
      throw new KafkaError(
        ErrorCodes.INVALID_REQUEST,
        `Unexpected broker id, expected ${String(ports.brokerId)} or empty string, but received ${resourceName}`,
      );
    default:
      throw new KafkaError(
        ErrorCodes.INVALID_REQUEST,
        `Unsupported resource type: ${String(resourceType)}`,
      );
  }
}

function row(entry: ConfigEntry, request: DescribeConfigsRequest): Result['configs'][number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    isDefault: entry.source === 'DEFAULT_CONFIG',
    configSource: ConfigSources[entry.source],
    isSensitive: entry.sensitive,
    synonyms: request.includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({
          name,
          value,
          source: ConfigSources[source],
        }))
      : [],
    configType: entry.type === null ? UNKNOWN_TYPE_CODE : ConfigTypeCodes[entry.type],
    documentation: request.includeDocumentation ? entry.documentation : null,
  };
}
