/** DescribeCluster: cluster id, controller, live brokers. Versions: see messages/describe-cluster.ts. */

import { ErrorCodes } from '../../model/error-codes.ts';
import { describeCluster } from '../../protocol/messages/describe-cluster.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';
import type { MetadataCache } from '../metadata-cache.ts';

export interface DescribeClusterPorts {
  readonly metadata: MetadataCache;
  readonly clusterId: () => string;
  readonly authorizer: Authorizer;
}

const NOT_ASKED = -0x80000000;
const BROKERS = 1;

export function describeClusterHandler(ports: DescribeClusterPorts): ApiHandler {
  return serve(describeCluster, [0, 1], (context, { endpointType }) => {
    const base = {
      throttleTimeMs: 0,
      errorCode: ErrorCodes.NONE,
      errorMessage: null,
      endpointType: BROKERS,
      clusterId: ports.clusterId(),
      controllerId: ports.metadata.image.controllerId,
      brokers: [],
      clusterAuthorizedOperations: NOT_ASKED,
    };
    if (endpointType !== BROKERS) {
      const errorMessage =
        'Only endpoints of brokers can be described: there are no KRaft controllers.';
      return { ...base, errorCode: ErrorCodes.INVALID_REQUEST, errorMessage };
    }
    if (!ports.authorizer.authorize(context, 'DESCRIBE', clusterResource)) {
      return { ...base, errorCode: ErrorCodes.CLUSTER_AUTHORIZATION_FAILED };
    }
    const brokers = ports.metadata.brokersOn(context.listenerName);
    return {
      ...base,
      brokers: brokers.map(({ broker, endpoint }) => ({
        brokerId: broker.id,
        host: endpoint.host,
        port: endpoint.port,
        rack: broker.rack,
      })),
    };
  });
}
